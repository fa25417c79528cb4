/* Signing, verifying and the pack in one file. */
#include "packfolder.h"

#include "base/base64.h"
#include "base/hash.h"
#include "base/time.h"
#include "pack/note.h"

struct signing {
    struct arena arena;
    struct pack_folder_made made;
    struct sign_secret key;
    struct sign_public pub;
    struct pack_files files;
    struct pack_keys keys;
    int64_t now_ns;
};

static void begin(struct signing *s) {
    char path[256];
    struct buf note;
    arena_init(&s->arena, PACK_ARENA_MAX);
    packfolder_make(&s->arena, &s->made);
    snprintf(path, sizeof path, "%s/key", s->made.top);
    assert_int_equal(sign_key_open(path, &s->key, &s->pub, NULL), 0);
    s->now_ns = time_now_ns();
    assert_int_equal(pack_files_read(&s->arena, s->made.dir, &s->files, NULL), 0);
    buf_init(&note, PACK_NOTE_BYTES_MAX);
    assert_int_equal(pack_note_sign(&s->files, STR(LESSON), 1, s->now_ns, &s->key, &s->pub, &note, NULL), 0);
    packfolder_write(&s->made, PACK_NOTE_FILE, buf_str(&note));
    buf_done(&note);
    assert_int_equal(pack_files_read(&s->arena, s->made.dir, &s->files, NULL), 0);
    s->keys = (struct pack_keys){.file = "keys", .n = 1, .at = arena_zalloc(&s->arena, sizeof *s->keys.at)};
    s->keys.at[0] = (struct pack_key){.pub = s->pub, .who = STR("A"), .because = STR("lost"), .revoked_ns = TIME_NONE};
}
static void end(struct signing *s) {
    packfolder_remove(&s->made);
    arena_done(&s->arena);
}
static void refused(struct signing *s, const char *says) {
    struct pack_signed who;
    struct diag d = {0};
    int e = pack_files_read(&s->arena, s->made.dir, &s->files, &d);
    if (e == 0)
        e = pack_verify(&s->arena, &s->files, &s->keys, s->now_ns, &who, &d);
    if (e >= 0 || !strstr(d.text, says))
        fail_msg("%d: '%s' does not say '%s'", e, d.text, says);
}

static void a_signed_pack_is_believed(void **state UNUSED) {
    struct signing s;
    struct pack_signed who;
    begin(&s);
    assert_int_equal(pack_verify(&s.arena, &s.files, &s.keys, s.now_ns, &who, NULL), 0);
    assert_str(who.key->who, "A");
    assert_str(who.note.id, LESSON);
    assert_int_equal(who.note.version, 1);
    assert_int_equal(who.note.n, s.files.n);
    end(&s);
}

static void what_was_changed_added_or_taken_away_is_refused(void **state UNUSED) {
    struct signing s;
    char path[256];
    begin(&s);
    packfolder_change(&s.arena, &s.made, "replay.yml", "tries: 9640", "tries: 9641");
    refused(&s, "replay.yml' was changed");
    packfolder_change(&s.arena, &s.made, "replay.yml", "tries: 9641", "tries: 9640");
    packfolder_change(&s.arena, &s.made, "story.en.md", "\n", "\n ");
    refused(&s, "story.en.md' was changed");
    packfolder_change(&s.arena, &s.made, "story.en.md", "\n ", "\n");
    snprintf(path, sizeof path, "%s/rules", s.made.dir);
    assert_int_equal(mkdir(path, 0755), 0);
    packfolder_write(&s.made, "rules/more.yml", STR("title: x\n"));
    refused(&s, "was not there when the pack was signed");
    snprintf(path, sizeof path, "%s/rules/more.yml", s.made.dir);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/controls.yml", s.made.dir);
    assert_int_equal(unlink(path), 0);
    refused(&s, "lacks controls.yml");
    end(&s);
}

static void keys_that_are_unknown_or_revoked_are_refused(void **state UNUSED) {
    struct signing s;
    struct pack_signed who;
    begin(&s);
    s.keys.at[0].revoked_ns = s.now_ns + NS_PER_DAY; /* what came before stays */
    assert_int_equal(pack_verify(&s.arena, &s.files, &s.keys, s.now_ns, &who, NULL), 0);
    s.keys.at[0].revoked_ns = s.now_ns - NS_PER_DAY;
    refused(&s, "was revoked");
    s.keys.at[0].revoked_ns = s.now_ns; /* signed at that very moment, or said to be */
    refused(&s, "was revoked");
    s.keys.at[0].revoked_ns = s.now_ns + NS_PER_DAY; /* it bears an old date and comes now: who stole the key chose the date */
    assert_int_equal(pack_verify(&s.arena, &s.files, &s.keys, s.now_ns + 2 * NS_PER_DAY, &who, NULL), -ERR_REFUSED);
    s.keys.at[0].revoked_ns = TIME_NONE;
    s.now_ns -= 2 * NS_PER_DAY;
    refused(&s, "still to come");
    s.now_ns += 2 * NS_PER_DAY;
    s.keys.n = 0;
    refused(&s, "nobody here trusts");
    s.keys.n = 1;
    snprintf(s.keys.at[0].pub.fingerprint, sizeof s.keys.at[0].pub.fingerprint, "%s", s.pub.fingerprint);
    s.keys.at[0].pub.bytes[0] ^= 1; /* another key under the same fingerprint */
    refused(&s, "is not valid");
    end(&s);
}

/* The note is right, the pack says it is another one. */
static void a_note_of_another_pack_is_refused(void **state UNUSED) {
    struct signing s;
    struct buf note;
    begin(&s);
    buf_init(&note, PACK_NOTE_BYTES_MAX);
    assert_int_equal(pack_note_sign(&s.files, STR("nisc-2012-1"), 1, s.now_ns, &s.key, &s.pub, &note, NULL), 0);
    packfolder_write(&s.made, PACK_NOTE_FILE, buf_str(&note));
    refused(&s, "says otherwise");
    buf_clear(&note);
    assert_int_equal(pack_note_sign(&s.files, STR(LESSON), 2, s.now_ns, &s.key, &s.pub, &note, NULL), 0);
    packfolder_write(&s.made, PACK_NOTE_FILE, buf_str(&note));
    refused(&s, "says otherwise");
    buf_clear(&note); /* an order of the room is no pack */
    assert_int_equal(sign_note(&s.key, &s.pub, SIGN_ORDER, STR("pack " LESSON), &note), 0);
    packfolder_write(&s.made, PACK_NOTE_FILE, buf_str(&note));
    refused(&s, "no pack");
    buf_done(&note);
    end(&s);
}

static void write_single(struct signing *s, struct str bytes, char path[256]) {
    snprintf(path, 256, "%s/one.kizuki", s->made.top);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    assert_int_equal(fclose(f), 0);
}

static void one_file_holds_the_same_pack(void **state UNUSED) {
    struct signing s;
    struct pack_files one;
    struct pack_signed who;
    struct buf out;
    char path[256];
    begin(&s);
    buf_init(&out, 2 * PACK_BYTES_MAX);
    assert_int_equal(pack_files_write(&s.files, &out), 0);
    write_single(&s, buf_str(&out), path);
    assert_int_equal(pack_files_read(&s.arena, path, &one, NULL), 0);
    assert_int_equal(one.n, s.files.n);
    for (size_t i = 0; i < one.n; i++)
        assert_true(str_eq(one.at[i].path, s.files.at[i].path) && str_eq(one.at[i].bytes, s.files.at[i].bytes));
    assert_int_equal(pack_verify(&s.arena, &one, &s.keys, s.now_ns, &who, NULL), 0);
    buf_done(&out);
    end(&s);
}

/* Cut at any place, with bytes behind it, with any bit changed: never believed. */
static void one_file_that_was_touched_is_refused(void **state UNUSED) {
    struct signing s;
    struct buf out;
    char path[256];
    begin(&s);
    buf_init(&out, 2 * PACK_BYTES_MAX);
    assert_int_equal(pack_files_write(&s.files, &out), 0);
    for (size_t i = 0; i < 400; i++) {
        struct pack_files one;
        struct pack_signed who;
        struct diag d = {0};
        struct arena a;
        size_t at = i < 200 ? out.n * i / 200 : hash_mix(i, 7) % (out.n * 8);
        arena_init(&a, PACK_ARENA_MAX);
        if (i >= 200)
            out.p[at / 8] ^= (char) (1 << at % 8);
        write_single(&s, i < 200 ? str_to(buf_str(&out), at) : buf_str(&out), path);
        int e = pack_files_read(&a, path, &one, &d);
        if (e == 0)
            e = pack_verify(&a, &one, &s.keys, s.now_ns, &who, &d);
        if (e >= 0 || !d.text[0])
            fail_msg("%s %zu was believed", i < 200 ? "cut at byte" : "changed bit", at);
        if (i >= 200)
            out.p[at / 8] ^= (char) (1 << at % 8);
        arena_done(&a);
    }
    buf_done(&out);
    end(&s);
}

static const struct {
    const char *what, *from, *to, *says;
} NOTES[] = {
    {"a path upwards", " story.ja.md", " ../story.ja.md", "no pack has"},
    {"a path from the root", " story.ja.md", " /etc/passwd", "no pack has"},
    {"a program", " story.ja.md", " install.sh", "no pack has"},
    {"a path in the rules upwards", " story.ja.md", " rules/../../x.yml", "no pack has"},
    {"a file twice", "story.en.md", "story.ja.md", "stands twice"},
    {"more bytes than there are", " pack.yml\n", "0 pack.yml\n", "ends before"},
    {"2^63 bytes", " pack.yml\n", "999999999999999999 pack.yml\n", "more bytes"},
    {"bytes below nothing", "file ", "file -", "SHA-256"},
    {"no id", "pack " LESSON, "pack ", "plain name"},
    {"an id that is a path", "pack " LESSON, "pack ../../x", "plain name"},
    {"a version of its own", "version 1", "version 1e9", "number from 1"},
    {"no time", "signed 2", "signed x2", "no time"},
    {"another kind of note", "kizuki/pack/1", "kizuki/pack/2", "no pack"},
};

static void lists_of_files_that_lie_are_refused(void **state UNUSED) {
    struct signing s;
    struct buf whole;
    begin(&s);
    buf_init(&whole, 2 * PACK_BYTES_MAX);
    assert_int_equal(pack_files_write(&s.files, &whole), 0);
    for (size_t i = 0; i < ARRAY_SIZE(NOTES); i++) {
        struct buf out;
        struct pack_files one;
        struct diag d = {0};
        char path[256];
        ptrdiff_t at = str_find(buf_str(&whole), str_of(NOTES[i].from), 0);
        assert_true(at >= 0);
        buf_init(&out, 2 * PACK_BYTES_MAX);
        buf_add(&out, str_to(buf_str(&whole), (size_t) at));
        buf_add_z(&out, NOTES[i].to);
        buf_add(&out, str_from(buf_str(&whole), (size_t) at + strlen(NOTES[i].from)));
        write_single(&s, buf_str(&out), path);
        buf_done(&out);
        if (pack_files_read(&s.arena, path, &one, &d) >= 0)
            fail_msg("%s was let in", NOTES[i].what);
        if (!strstr(d.text, NOTES[i].says))
            fail_msg("%s: '%s' does not say '%s'", NOTES[i].what, d.text, NOTES[i].says);
    }
    buf_done(&whole);
    end(&s);
}

static void keys_are_read_and_bad_rows_told(void **state UNUSED) {
    struct signing s;
    struct pack_keys k;
    char path[256], base64[64], text[1024];
    static const struct {
        const char *row, *says; /* NULL: fine */
    } rows[] = {
        {"who: A}", NULL},
        {"who: A, revoked_from: \"2026-12-01T00:00:00+09:00\", because: lost}", NULL},
        {"who: A, revoked_from: \"2026-12-01\", because: lost}", "zone"},
        {"who: A, revoked_from: \"2026-12-01T00:00:00+09:00\"}", "because"},
        {"colour: red}", "colour"},
        {"because: x}", "'who' is missing"},
    };
    begin(&s);
    base64_encode(s.pub.bytes, sizeof s.pub.bytes, base64);
    snprintf(path, sizeof path, "%s/keys.yml", s.made.top);
    assert_int_equal(pack_keys_load(&s.arena, path, &k, NULL), 0);
    assert_int_equal(k.n, 0);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct diag d = {0};
        snprintf(text, sizeof text, "keys:\n  - {key: \"kizuki-ed25519-public:%s\", %s\n", base64, rows[i].row);
        assert_int_equal(file_write_atomic(path, str_of(text), 0600, NULL), 0);
        int e = pack_keys_load(&s.arena, path, &k, &d);
        if (!rows[i].says) {
            assert_int_equal(e, 0);
            assert_int_equal(k.n, 1);
            assert_string_equal(k.at[0].pub.fingerprint, s.pub.fingerprint);
        } else if (e >= 0 || !strstr(d.text, rows[i].says) || d.line != 2) {
            fail_msg("row %zu: '%s' does not say '%s'", i, d.text, rows[i].says);
        }
    }
    end(&s);
}

UNIT_GROUP(pack_note, cmocka_unit_test(a_signed_pack_is_believed), cmocka_unit_test(what_was_changed_added_or_taken_away_is_refused),
           cmocka_unit_test(keys_that_are_unknown_or_revoked_are_refused), cmocka_unit_test(a_note_of_another_pack_is_refused),
           cmocka_unit_test(one_file_holds_the_same_pack), cmocka_unit_test(one_file_that_was_touched_is_refused),
           cmocka_unit_test(lists_of_files_that_lie_are_refused), cmocka_unit_test(keys_are_read_and_bad_rows_told))

#include "unit.h"

#include "base/mem.h"
#include "indicator/scan.h"
#include "indicator/set.h"

#include <unistd.h>

/* A book of one import, kept in a folder of its own. */
struct bed {
    char dir[64];
    struct indicator_book book;
    struct indicator_set *set;
    struct event_names *names;
    struct indicator_fields *fields;
};

static void bed_import(struct bed *b, const char *text) {
    struct indicator_reading o = {.name = STR("file"), .format = -1, .tlp = -1, .confidence = -1, .valid_until_ns = TIME_NONE, .source = STR("me")};
    struct indicator_importing x = {.name = STR("file"), .by = STR("me"), .at_ns = NS_PER_S};
    struct indicator_list l;
    uint32_t id;
    indicator_list_init(&l);
    assert_int_equal(indicator_read(&o, str_of(text), &l, &x.format, NULL), 0);
    x.list = &l;
    assert_int_equal(indicator_book_add(b->dir, &b->book, &x, &id, NULL), 0);
    indicator_list_done(&l);
    indicator_book_done(&b->book);
    assert_int_equal(indicator_book_load(b->dir, &b->book, NULL), 0);
}

static void bed_make(struct bed *b) {
    *b = (struct bed){.names = event_names_new()};
    snprintf(b->dir, sizeof b->dir, "/tmp/kizuki-indicator-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    assert_int_equal(indicator_book_load(b->dir, &b->book, NULL), 0);
    b->fields = indicator_fields_new(b->names);
    assert_non_null(b->fields);
    event_names_freeze(b->names);
}

static void bed_end(struct bed *b) {
    char command[128];
    indicator_set_unref(b->set);
    indicator_fields_free(b->fields);
    event_names_free(b->names);
    indicator_book_done(&b->book);
    for (int i = 1; i < 10; i++) {
        snprintf(command, sizeof command, "%s/%08d.import", b->dir, i);
        (void) unlink(command);
    }
    static const char *const others[] = {"next", "changed"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        snprintf(command, sizeof command, "%s/%s", b->dir, others[i]);
        (void) unlink(command);
    }
    assert_int_equal(rmdir(b->dir), 0);
}

/* The values that hit in an event of one field, joined by commas; a second field may stand behind "|". */
static struct str hits(const struct bed *b, struct arena *a, const char *field, const char *value, const char *field2, const char *value2, int64_t t) {
    struct raw_record raw = {.bytes = STR("")};
    struct indicator_hit hit[INDICATOR_HITS_MAX];
    struct event ev;
    struct str out = STR("");
    unsigned n;
    event_begin(&ev, a, b->names, &raw);
    assert_int_equal(event_add(&ev, event_names_find(b->names, str_of(field)), str_of(value)), 0);
    if (field2)
        assert_int_equal(event_add(&ev, event_names_find(b->names, str_of(field2)), str_of(value2)), 0);
    if (strcmp(field, "message") == 0)
        ev.flags |= EVENT_UNPARSED;
    assert_int_equal(indicator_set_match(b->set, b->fields, &ev, t, hit, &n), 0);
    for (unsigned i = 0; i < n; i++)
        out = arena_printf(a, "%.*s%s%.*s", STR_ARG(out), i ? "," : "", STR_ARG(hit[i].entry->value));
    return out;
}

static const char list[] = "value,until\n"
                           "45.67.89.10,\n45.68.0.0/20,\n45.69.1.0/24,\n2a02:26f0::/48,\n2a02:26f1::7,\nbad-domain.com,\nhttps://sub.other.com/gate.php?x=1,\n"
                           "spam@mailer.org,\n0123456789abcdef0123456789abcdef,\nended.com,2026-01-01\n";

static void values_hit_in_fields_and_prose(void **state) {
    static const struct {
        const char *field, *value, *want;
    } rows[] = {
        {"source.ip", "45.67.89.10", "45.67.89.10"}, {"source.ip", "45.67.89.101", ""}, {"destination.ip", "45.68.15.255", "45.68.0.0/20"}, {"destination.ip", "45.68.16.0", ""},
        {"destination.ip", "45.69.1.77", "45.69.1.0/24"}, {"source.ip", "2a02:26f0:0:1::9", "2a02:26f0::/48"}, {"source.ip", "2A02:26F1:0::7", "2a02:26f1::7"}, {"source.ip", "2a02:26f1::8", ""},
        {"dns.question.name", "bad-domain.com", "bad-domain.com"}, {"dns.question.name", "a.b.Bad-Domain.com.", "bad-domain.com"}, {"dns.question.name", "xbad-domain.com", ""}, {"dns.question.name", "bad-domain.com.evil.org", ""},
        {"url.original", "http://www.bad-domain.com/x", "bad-domain.com"}, {"url.original", "http://sub.other.com/gate.php?x=1", "https://sub.other.com/gate.php?x=1"},
        {"url.original", "https://sub.other.com:443/gate.php?x=1#z", "https://sub.other.com/gate.php?x=1"}, {"url.original", "http://sub.other.com/gate.php?x=12", ""}, {"url.original", "http://sub.other.com/", ""},
        {"email.from.address", "\"Spam\" <Spam@Mailer.org>", "spam@mailer.org"}, {"email.from.address", "notspam@mailer.org", ""}, {"email.from.address", "x@mailer.org", ""},
        {"Hashes", "SHA1=0000,MD5=0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcdef"}, {"file.hash.md5", "0123456789abcdef0123456789abcdef0", ""},
        {"message", "DROP SRC=45.67.89.10 DST=10.0.0.1 (see bad-domain.com).", "45.67.89.10,bad-domain.com"}, {"message", "v 145.67.89.10 45.67.89.10.1", ""}, {"message", "12:34:56 2a02:26f0::1", "2a02:26f0::/48"},
        {"message", "45.67.89.1-45.67.89.10", "45.67.89.10"}, {"dns.question.name", "ended.com", ""},
    };
    struct bed b;
    (void) state;
    bed_make(&b);
    bed_import(&b, list);
    assert_int_equal(indicator_set_new(&b.book, NULL, 0, &b.set), 0);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena a;
        arena_init(&a, 1 << 20);
        struct str got = hits(&b, &a, rows[i].field, rows[i].value, NULL, NULL, time_days_from_civil(2026, 11, 21) * NS_PER_DAY);
        if (!str_eq_z(got, rows[i].want))
            fail_msg("%s '%s' hits '%.*s', not '%s'", rows[i].field, rows[i].value, STR_ARG(got), rows[i].want);
        /* what hits is never passed over by the gate, nor by a filter */
        if (got.n)
            assert_true(indicator_set_may(b.set, str_of(rows[i].value)));
        arena_done(&a);
    }
    bed_end(&b);
}

static void what_has_ended_hits_before_its_end(void **state) {
    struct bed b;
    struct arena a;
    (void) state;
    bed_make(&b);
    arena_init(&a, 1 << 20);
    bed_import(&b, list);
    assert_int_equal(indicator_set_new(&b.book, NULL, 0, &b.set), 0);
    assert_str(hits(&b, &a, "url.domain", "www.ended.com", NULL, NULL, time_days_from_civil(2025, 12, 31) * NS_PER_DAY), "ended.com");
    assert_str(hits(&b, &a, "url.domain", "www.ended.com", NULL, NULL, time_days_from_civil(2026, 1, 1) * NS_PER_DAY), "");
    assert_str(hits(&b, &a, "url.domain", "www.ended.com", NULL, NULL, TIME_NONE), "ended.com");
    arena_done(&a);
    bed_end(&b);
}

static void values_that_belong_together_hit_together(void **state) {
    struct bed b;
    struct arena a;
    (void) state;
    bed_make(&b);
    arena_init(&a, 1 << 20);
    bed_import(&b, "{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"pattern\":\"[domain-name:value='cdn.com' AND ipv4-addr:value='45.67.89.10']\"},"
                   "{\"type\":\"indicator\",\"pattern\":\"[file:hashes.MD5='0123456789abcdef0123456789abcdef' AND file:hashes.'SHA-1'='0123456789abcdef0123456789abcdef01234567']\"}]}");
    assert_int_equal(indicator_set_new(&b.book, NULL, 0, &b.set), 0);
    assert_str(hits(&b, &a, "url.domain", "cdn.com", NULL, NULL, 0), "");
    assert_str(hits(&b, &a, "url.domain", "cdn.com", "destination.ip", "45.67.89.11", 0), "");
    assert_str(hits(&b, &a, "url.domain", "cdn.com", "destination.ip", "45.67.89.10", 0), "cdn.com,45.67.89.10");
    assert_str(hits(&b, &a, "file.hash.md5", "0123456789abcdef0123456789abcdef", NULL, NULL, 0), "0123456789abcdef0123456789abcdef"); /* names of one file */
    bed_import(&b, "cdn.com\n"); /* somebody else says it alone */
    b.set = indicator_set_unref(b.set);
    assert_int_equal(indicator_set_new(&b.book, NULL, 0, &b.set), 0);
    assert_str(hits(&b, &a, "url.domain", "cdn.com", NULL, NULL, 0), "cdn.com");
    b.set = indicator_set_unref(b.set);
    assert_int_equal(indicator_set_new(&b.book, (const uint32_t[]){1}, 1, &b.set), 0); /* of the first import alone */
    assert_str(hits(&b, &a, "url.domain", "cdn.com", NULL, NULL, 0), "");
    arena_done(&a);
    bed_end(&b);
}

static void damaged_imports_are_not_dropped_in_silence(void **state) {
    struct bed b;
    struct diag d = {0};
    char path[128];
    (void) state;
    bed_make(&b);
    bed_import(&b, "45.67.89.10\n");
    snprintf(path, sizeof path, "%s/00000002.import", b.dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("{\"name\":\"x\",\"format\":\"text\"}\n{\"kind\":\"ipv4-addr\"}\n", f);
    fclose(f);
    struct indicator_book again;
    assert_int_equal(indicator_book_load(b.dir, &again, &d), -ERR_CORRUPT);
    assert_int_equal(d.line, 2);
    bed_end(&b);
}

struct keys {
    uint64_t at[4096];
    size_t n;
    const uint64_t *wanted;
    size_t n_wanted;
};
static int note_wanted(void *ctx, uint64_t key, struct str token UNUSED) {
    struct keys *k = ctx;
    for (size_t i = 0; i < k->n_wanted; i++)
        if (k->wanted[i] == key && k->n < ARRAY_SIZE(k->at))
            k->at[k->n++] = key;
    return 0;
}

/* Texts put together by chance of pieces that are wanted, nearly wanted and not wanted: behind the gate the same wanted keys come,
 * in the same order, and a field that is refused as a whole has none. */
static void the_gate_passes_over_nothing_that_is_wanted(void **state UNUSED) {
    static const char *const pieces[] = {"45.67.89.12", "45.67.1.1", "45.68.89.12", "045.67.89.12", "45.67", "10.0.0.1-45.67.89.12", "2001:db8::7", "::1", ":", ".", "-", "_", " ",
                                         "evil.example", "EVIL.Example", "a.b.evil.example", "notevil.examplf", "x.io", "ab.c", "/", "\\", "不正な", "、", "e",
                                         "0123456789abcdef0123456789ABCDEF", "0123456789abcdef0123456789abcdee", "999.1.2.3", "1.2.3.4.5", "@"};
    const struct str texts[] = {STR("evil.example"), STR("x.io"), STR("0123456789abcdef0123456789abcdef")};
    static struct indicator_gate gate;
    uint64_t wanted[8];
    size_t n = 0;
    struct ip ip;
    uint32_t x = 7;
    memset(&gate, 0, sizeof gate);
    assert_int_equal(ip_parse(STR("45.67.89.12"), &ip), 0);
    indicator_gate_add_net(&gate, &ip);
    wanted[n++] = indicator_key_of_net(&ip, 32);
    wanted[n++] = indicator_key_of_net(&ip, 16);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        indicator_gate_add_text(&gate, texts[i]);
        wanted[n++] = indicator_key_of_text(texts[i]);
    }
    size_t hits = 0, refused = 0;
    for (int round = 0; round < 20000; round++) {
        char text[512];
        size_t at = 0, k = 1 + round % 6;
        if (round == 10000) { /* and with addresses of the other kind */
            assert_int_equal(ip_parse(STR("2001:db8::7"), &ip), 0);
            indicator_gate_add_net(&gate, &ip);
            wanted[n++] = indicator_key_of_net(&ip, 64);
        }
        for (size_t i = 0; i < k; i++) {
            x = x * 1664525 + 1013904223;
            const char *p = pieces[(x >> 8) % ARRAY_SIZE(pieces)];
            at += (size_t) snprintf(text + at, sizeof text - at, "%s", p);
        }
        struct keys all = {.wanted = wanted, .n_wanted = n}, some = all;
        assert_int_equal(indicator_scan(str_n(text, at), note_wanted, &all), 0);
        assert_int_equal(indicator_scan_for(str_n(text, at), &gate, note_wanted, &some), 0);
        if (all.n != some.n || memcmp(all.at, some.at, all.n * sizeof all.at[0]) != 0)
            fail_msg("'%s': %zu keys, behind the gate %zu", text, all.n, some.n);
        if (indicator_gate_refuses(&gate, str_n(text, at))) {
            assert_int_equal(all.n, 0);
            refused++;
        }
        hits += all.n;
    }
    assert_true(hits > 5000 && refused > 20);
}

UNIT_GROUP(indicator_set, cmocka_unit_test(the_gate_passes_over_nothing_that_is_wanted), cmocka_unit_test(values_hit_in_fields_and_prose), cmocka_unit_test(what_has_ended_hits_before_its_end),
           cmocka_unit_test(values_that_belong_together_hit_together), cmocka_unit_test(damaged_imports_are_not_dropped_in_silence))

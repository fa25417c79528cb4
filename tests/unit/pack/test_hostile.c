/* Packs somebody made to do harm, a row each: refused with a sentence, and where a file is at fault with its place. */
#include "packfolder.h"

#include <fcntl.h>

typedef void make_fn(const struct pack_folder_made *m);

static void at(char dst[256], const struct pack_folder_made *m, const char *name) {
    snprintf(dst, 256, "%s/%s", m->dir, name);
}
static void empty_file(const struct pack_folder_made *m, const char *name) {
    packfolder_write(m, name, STR("#\n"));
}
static void put_aside(const struct pack_folder_made *m, const char *name) {
    char path[256];
    at(path, m, name);
    assert_int_equal(unlink(path), 0);
}
static void make_dir(const struct pack_folder_made *m, const char *name) {
    char path[256];
    at(path, m, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

/* ---- what lies in the folder ---- */

static void link_out(const struct pack_folder_made *m) {
    char path[256];
    at(path, m, "story.ja.md");
    put_aside(m, "story.ja.md");
    assert_int_equal(symlink("/etc/passwd", path), 0);
}
static void link_inside(const struct pack_folder_made *m) {
    char path[256];
    at(path, m, "story.ja.md");
    put_aside(m, "story.ja.md");
    assert_int_equal(symlink("story.en.md", path), 0);
}
static void linked_folder(const struct pack_folder_made *m) {
    char path[256];
    at(path, m, "rules");
    assert_int_equal(symlink("/etc", path), 0);
}
static void pipe_that_waits(const struct pack_folder_made *m) {
    char path[256];
    at(path, m, "playbook.yml");
    put_aside(m, "playbook.yml");
    assert_int_equal(mkfifo(path, 0644), 0);
}
static void folder_as_file(const struct pack_folder_made *m) {
    put_aside(m, "controls.yml");
    make_dir(m, "controls.yml");
}
static void program(const struct pack_folder_made *m) {
    packfolder_write(m, "install.sh", STR("#!/bin/sh\nid\n"));
}
static void query(const struct pack_folder_made *m) {
    packfolder_write(m, "schema.sql", STR("DROP TABLE finding;\n"));
}
static void hidden_folder(const struct pack_folder_made *m) {
    make_dir(m, ".git");
}
static void folder_in_rules(const struct pack_folder_made *m) {
    make_dir(m, "rules");
    make_dir(m, "rules/more");
}
static void program_in_rules(const struct pack_folder_made *m) {
    make_dir(m, "rules");
    empty_file(m, "rules/a.yml.so");
}
static void device_among_the_rules(const struct pack_folder_made *m) {
    make_dir(m, "rules");
    empty_file(m, "rules/nul.yml");
}
static void composed_twin(const struct pack_folder_made *m) { /* GA as one character, and as KA with a mark */
    make_dir(m, "rules");
    empty_file(m, "rules/\xe3\x81\x8c.yml");
    empty_file(m, "rules/\xe3\x81\x8b\xe3\x82\x99.yml");
}
static void stream_of_a_file(const struct pack_folder_made *m) {
    make_dir(m, "rules");
    empty_file(m, "rules/a.yml:b.yml");
}
static void capital_twin(const struct pack_folder_made *m) {
    empty_file(m, "Pack.yml");
}
static void name_with_newline(const struct pack_folder_made *m) {
    empty_file(m, "story\n.md");
}
static void name_no_text(const struct pack_folder_made *m) {
    empty_file(m, "story\xff.md");
}
static void name_like_an_option(const struct pack_folder_made *m) {
    empty_file(m, "--data=x");
}
static void many_files(const struct pack_folder_made *m) {
    make_dir(m, "rules");
    for (int i = 0; i < PACK_FILES_MAX; i++) {
        char name[64];
        snprintf(name, sizeof name, "rules/r%d.yml", i);
        empty_file(m, name);
    }
}
static void many_bytes(const struct pack_folder_made *m) {
    static char text[PACK_YAML_BYTES_MAX - 1];
    make_dir(m, "rules");
    memset(text, '#', sizeof text);
    for (int i = 0; i < 18; i++) {
        char name[64];
        snprintf(name, sizeof name, "rules/r%d.yml", i);
        packfolder_write(m, name, str_n(text, sizeof text));
    }
}
static void sparse_terabyte(const struct pack_folder_made *m) {
    char path[256];
    at(path, m, "playbook.yml");
    if (truncate(path, (off_t) 1 << 40) < 0) /* a file system that has no such files */
        assert_int_equal(truncate(path, (off_t) 1 << 30), 0);
}
static void long_story(const struct pack_folder_made *m) {
    static char text[PACK_STORY_BYTES_MAX + 1];
    memset(text, 'a', sizeof text);
    packfolder_write(m, "story.en.md", str_n(text, sizeof text));
}
static void no_story(const struct pack_folder_made *m) {
    put_aside(m, "story.en.md");
}
static void nothing_played(const struct pack_folder_made *m) {
    put_aside(m, "replay.yml");
}

/* ---- bombs of YAML ---- */

static void write_text(const struct pack_folder_made *m, const char *name, struct buf *text) {
    assert_int_equal(buf_error(text), 0);
    packfolder_write(m, name, buf_str(text));
    buf_done(text);
}
static void laughs(const struct pack_folder_made *m) { /* 10^9 words in 400 bytes */
    struct buf b;
    buf_init(&b, 65536);
    buf_add_z(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++) {
        buf_printf(&b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_printf(&b, "%s*a%d", k ? ", " : "", i - 1);
        buf_add_z(&b, "]\n");
    }
    write_text(m, "controls.yml", &b);
}
static void quiet_laughs(const struct pack_folder_made *m) { /* few enough for the reader of YAML, too many for a pack */
    struct buf b;
    buf_init(&b, 65536);
    buf_add_z(&b, "a: &a [");
    for (int i = 0; i < 300; i++)
        buf_add_z(&b, i ? ", x" : "x");
    buf_add_z(&b, "]\nb: [");
    for (int i = 0; i < 100; i++)
        buf_add_z(&b, i ? ", *a" : "*a");
    buf_add_z(&b, "]\n");
    write_text(m, "controls.yml", &b);
}
static void nested(const struct pack_folder_made *m, const char *name, int depth) {
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_z(&b, "a: ");
    for (int i = 0; i < depth; i++)
        buf_add_byte(&b, '[');
    for (int i = 0; i < depth; i++)
        buf_add_byte(&b, ']');
    buf_add_byte(&b, '\n');
    write_text(m, name, &b);
}
static void deep(const struct pack_folder_made *m) {
    nested(m, "playbook.yml", PACK_DEPTH_MAX + 4);
}
static void very_deep(const struct pack_folder_made *m) {
    nested(m, "playbook.yml", 100000);
}
static void wide(const struct pack_folder_made *m) {
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_z(&b, "a: [");
    for (int i = 0; i < PACK_NODES_MAX; i++)
        buf_add_z(&b, "1,");
    buf_add_z(&b, "1]\n");
    write_text(m, "playbook.yml", &b);
}
static void utf16(const struct pack_folder_made *m) {
    packfolder_write(m, "controls.yml", STR("\xff\xfe"
                                            "a\0:\0 \0b\0\n\0"));
}
static void zero_byte(const struct pack_folder_made *m) {
    packfolder_write(m, "story.ja.md", STR("# a\n\0b\n"));
}

static void write_rule(const struct pack_folder_made *m, const char *title) {
    char text[512];
    make_dir(m, "rules");
    snprintf(text, sizeof text, "title: \"%s\"\nlogsource:\n  category: process_creation\ndetection:\n  a:\n    CommandLine|contains: \"\\u202e\\e\"\n  condition: a\n", title);
    packfolder_write(m, "rules/a.yml", str_of(text));
}
static void turned_rule(const struct pack_folder_made *m) {
    write_rule(m, "\\u202Eexe.doc");
}

static const struct {
    const char *what;
    make_fn *make; /* or: */
    const char *file, *from, *to;
    const char *says;
    bool placed; /* with line and column */
} ROWS[] = {
    {"a link to somebody's file", link_out, .says = "is a link"},
    {"a link to its own file", link_inside, .says = "is a link"},
    {"a folder that is a link", linked_folder, .says = "no file of a pack"},
    {"a pipe nobody writes to", pipe_that_waits, .says = "is no file"},
    {"a folder with a file's name", folder_as_file, .says = "is no file"},
    {"a program", program, .says = "no file of a pack"},
    {"SQL", query, .says = "no file of a pack"},
    {"a hidden folder", hidden_folder, .says = "no file of a pack"},
    {"a folder among the rules", folder_in_rules, .says = "no file of a pack"},
    {"a program among the rules", program_in_rules, .says = "no file of a pack"},
    {"a rule that is a device elsewhere", device_among_the_rules, .says = "no file of a pack"},
    {"two spellings of one name", composed_twin, .says = "no file of a pack"},
    {"a second stream of a file", stream_of_a_file, .says = "no file of a pack"},
    {"a second pack.yml where letters' size does not count", capital_twin, .says = "no file of a pack"},
    {"a name with a line break", name_with_newline, .says = "other than plain letters"},
    {"a name that is no text", name_no_text, .says = "other than plain letters"},
    {"a name like an option", name_like_an_option, .says = "no file of a pack"},
    {"too many files", many_files, .says = "holds more than"},
    {"too many bytes together", many_bytes, .says = "bytes together"},
    {"a terabyte of nothing", sparse_terabyte, .says = "at most"},
    {"a story without end", long_story, .says = "at most"},
    {"a missing story", no_story, .says = "has no story.en.md"},
    {"expectations of nothing", nothing_played, .says = "replay.yml is missing"},

    {"aliases that multiply", laughs, .says = "aliases", .placed = true},
    {"aliases that multiply quietly", quiet_laughs, .says = "aliases", .placed = true},
    {"brackets in brackets", deep, .says = "deep", .placed = true},
    {"a hundred thousand brackets", very_deep, .says = "deep", .placed = true},
    {"a list without end", wide, .says = "values", .placed = true},
    {"UTF-16", utf16, .says = "UTF-8", .placed = true},
    {"a zero byte", zero_byte, .says = "U+0000", .placed = true},
    {"colours for the terminal", .file = "story.ja.md", .from = "\n", .to = "\n\033[2J", .says = "U+001B", .placed = true},
    {"writing turned around", .file = "pack.yml", .from = "version: 1", .to = "version: 1 # \xe2\x80\xae", .says = "U+202E", .placed = true},
    {"colours for the terminal, written as YAML writes them", .file = "pack.yml", .from = "title:\n  ja: ", .to = "title:\n  ja: \"\\e[31m\" #", .says = "U+001B", .placed = true},
    {"writing turned around in a key", .file = "playbook.yml", .from = "id:", .to = "\"\\u202eid\": a\nid:", .says = "U+202E", .placed = true},
    {"words that nobody sees", .file = "controls.yml", .from = "controls:", .to = "\"a\\u200Bb\": a\ncontrols:", .says = "U+200B", .placed = true},
    {"a rule whose title turns", turned_rule, .says = "U+202E", .placed = true},
    {"bytes that are no text", .file = "story.en.md", .from = "\n", .to = "\n\xc0\xaf", .says = "no UTF-8", .placed = true},
    {"a key that stands twice", .file = "pack.yml", .from = "version: 1", .to = "version: 1\nversion: 2", .says = "version", .placed = true},
    {"a second document", .file = "controls.yml", .from = "controls:", .to = "--- {}\n---\ncontrols:", .says = "second document", .placed = true},
    {"bytes in YAML", .file = "pack.yml", .from = "version: 1", .to = "version: !!binary aGk=", .says = "binary", .placed = true},
    {"an object of a language", .file = "pack.yml", .from = "version: 1", .to = "version: !!python/object/apply:os.system [id]", .says = "a list", .placed = true},
    {"a merge key", .file = "pack.yml", .from = "version: 1", .to = "version: 1\n<<: {id: other}", .says = "'<<' means another thing", .placed = true},
    {"a merge key deep inside", .file = "replay.yml", .from = "actors:\n", .to = "actors:\n  - {<<: {id: z}, kind: noise, host: h}\n", .says = "'<<' means another thing", .placed = true},
    {"a version in the sixties", .file = "pack.yml", .from = "version: 1", .to = "version: 1:0", .says = "whole number", .placed = true},
    {"a line break of another script", .file = "pack.yml", .from = "version: 1", .to = "version: 1 # a\xe2\x80\xa8x: y", .says = "U+2028", .placed = true},
    {"letters that are tags", .file = "story.en.md", .from = "\n", .to = "\n\xf3\xa0\x81\x81", .says = "U+E0041", .placed = true},
    {"an id with a letter of another script", .file = "pack.yml", .from = "id: nisc-", .to = "id: nis\xd1\x81-", .says = "plain name", .placed = true},
    {"an alias of what follows", .file = "pack.yml", .from = "version: 1", .to = "version: *later", .says = "later", .placed = true},
    {"nothing but a word", .file = "controls.yml", .from = "controls:", .to = "x\n...\n---\ncontrols:", .says = "mapping", .placed = true},

    {"a command in the head", .file = "pack.yml", .from = "version: 1", .to = "version: 1\nrun: [/bin/sh, -c, id]", .says = "'run' is no key", .placed = true},
    {"the id of another pack", .file = "pack.yml", .from = "id: nisc-2014-2-account-list", .to = "id: nisc-2012-1", .says = "name of its folder", .placed = true},
    {"an id that is a path", .file = "pack.yml", .from = "id: nisc-2014-2-account-list", .to = "id: ../../etc", .says = "plain name", .placed = true},
    {"a version of twenty digits", .file = "pack.yml", .from = "version: 1", .to = "version: 99999999999999999999", .says = "whole number", .placed = true},
    {"an infinite version", .file = "pack.yml", .from = "version: 1", .to = "version: .inf", .says = "whole number", .placed = true},
    {"a version below nothing", .file = "pack.yml", .from = "version: 1", .to = "version: -1", .says = "less than 1", .placed = true},
    {"a rule outside", .file = "pack.yml", .from = "rules: [login/]", .to = "rules: [../../../etc/]", .says = "may not stand here", .placed = true},
    {"a rule at the root", .file = "pack.yml", .from = "rules: [login/]", .to = "rules: [/etc/passwd]", .says = "may not stand here", .placed = true},
    {"an address that is a program", .file = "pack.yml", .from = "  last_checked: 2026-11-22", .to = "  last_checked: 2026-11-22\n  url: \"javascript:alert(1)\"", .says = "https://", .placed = true},
    {"a day that is none", .file = "pack.yml", .from = "2026-11-22", .to = "2026-13-40", .says = "no date", .placed = true},
    {"a lesson that stands twice", .file = "pack.yml", .from = "- id: all-services", .to = "- id: look-often", .says = "stands twice", .placed = true},
    {"a TLP of one's own", .file = "pack.yml", .from = "tlp: CLEAR", .to = "tlp: PUBLIC", .says = "none of CLEAR", .placed = true},
    {"a question that is SQL", .file = "controls.yml", .from = "rule: list_attack", .to = "rule: \"x'; DROP TABLE finding; --\"", .says = "no query", .placed = true},
    {"a question with a list", .file = "controls.yml", .from = "rule: list_attack", .to = "rule: [a, b]", .says = "no query", .placed = true},
    {"a question that answers itself", .file = "controls.yml", .from = "attested: true", .to = "attested: yes-always", .says = "attested: true", .placed = true},
    {"a story without chapters", .file = "story.en.md", .from = "\n## For managers", .to = "\nFor managers", .says = "three depths", .placed = true},

    {"10^308 attempts", .file = "replay.yml", .from = "tries: 9640", .to = "tries: 1e308", .says = "'tries' wants a number", .placed = true},
    {"a thousand million attempts", .file = "replay.yml", .from = "tries: 9640", .to = "tries: 1000000000", .says = "'tries' wants a number", .placed = true},
    {"a thousand million messages an hour", .file = "replay.yml", .from = "actors:\n", .to = "actors:\n  - {id: z, kind: noise, host: auth-01, per_hour: 1e9}\n", .says = "'per_hour' wants a number", .placed = true},
    {"a source with a secret key", .file = "replay.yml", .from = "host: auth-01}", .to = "host: auth-01, run: [id]}", .says = "unknown key 'run'", .placed = true},
    {"a clock for all eternity", .file = "replay.yml", .from = "actors:\n", .to = "actors:\n  - {id: z, kind: clock, host: auth-01, off: 9223372036854775807y}\n", .says = "'off' wants a span", .placed = true},
    {"attempts that are no number", .file = "replay.yml", .from = "tries: 9640", .to = "tries: nan", .says = "'tries' wants a number", .placed = true},
    {"a list of all the world", .file = "replay.yml", .from = "list_size: 4812", .to = "list_size: 2000000", .says = "more than 2000000 items", .placed = true},
    {"people without number", .file = "replay.yml", .from = "per_hour: 340", .to = "per_hour: 9999999", .says = "at most 20000000 are played", .placed = true},
    {"five hundred years, which are more than a number holds", .file = "replay.yml", .from = "start: 2026-11-23T01:40:00+09:00\nend: 2026-11-23T02:38:00+09:00", .to = "start: 1679-01-01T00:00:00+09:00\nend: 2261-01-01T00:00:00+09:00", .says = "from 1970", .placed = true},
    {"an attack that ends in another age", .file = "replay.yml", .from = "until: 2026-11-23T02:14:30+09:00", .to = "until: 2260-01-01T00:00:00Z", .says = "from 1970", .placed = true},
    {"three hundred years", .file = "replay.yml", .from = "end: 2026-11-23T02:38:00+09:00", .to = "end: 2226-11-23T02:38:00+09:00", .says = "at most 400 days", .placed = true},
    {"more addresses than there are", .file = "replay.yml", .from = "n: 37}", .to = "n: 100000}", .says = "fewer addresses", .placed = true},
    {"millions of names", .file = "replay.yml", .from = "members: {n: 12000}", .to = "members: {n: 2000000}", .says = "more than 2000000 items", .placed = true},
    {"pages without end", .file = "replay.yml", .from = "works: 3, accounts: members, addresses: bots, agents: tool, curve: ramp,\n     looks: 2,", .to = "works: 4000, accounts: members, addresses: bots, agents: tool, curve: ramp,\n     looks: 4000,", .says = "'looks' times 'pages'", .placed = true},
    {"an attack before the story", .file = "replay.yml", .from = "from: 2026-11-23T02:03:08+09:00", .to = "from: 1700-01-01T00:00:00+09:00", .says = "outside the story", .placed = true},
    {"a generator that runs something", .file = "replay.yml", .from = "kind: visitors", .to = "kind: exec", .says = "kinds of actors", .placed = true},
    {"a product that is a path", .file = "replay.yml", .from = "product: login_event", .to = "product: ../../bin/sh", .says = "products are", .placed = true},

    {"a wait of thirty years", .file = "expect.yml", .from = "within_s: 60", .to = "within_s: 999999999", .says = "more than 31536000", .placed = true},
    {"an address with a command behind it", .file = "expect.yml", .from = "blocked: 192.0.2.7", .to = "blocked: \"192.0.2.7; rm -rf /\"", .says = "an address like", .placed = true},
    {"nothing that must not happen", .file = "expect.yml", .from = "must_not:\n  - {blocked: 192.0.2.7, because: 400 members sign in from it}", .to = "", .says = "'must_not' is missing", .placed = true},
};

static void check_folder(struct arena *a, const char *dir, int *ret_code, struct diag *d) {
    struct pack_files f;
    struct pack_checked c;
    *d = (struct diag){0};
    *ret_code = pack_files_read(a, dir, &f, d);
    if (*ret_code == 0)
        *ret_code = pack_check(a, &f, SCHEMAS, NULL, &c, d);
}

static void the_shipped_lesson_passes(void **state UNUSED) {
    struct arena a;
    struct pack_folder_made m;
    struct diag d;
    int e;
    arena_init(&a, PACK_ARENA_MAX);
    packfolder_make(&a, &m);
    check_folder(&a, m.dir, &e, &d);
    if (e < 0)
        fail_msg("%s:%u:%u: %s", d.file, d.line, d.column, d.text);
    packfolder_remove(&m);
    arena_done(&a);
}

/* What a rule looks for may be just what no person should read. */
static void a_rule_looks_for_any_bytes(void **state UNUSED) {
    struct arena a;
    struct pack_folder_made m;
    struct diag d;
    int e;
    arena_init(&a, PACK_ARENA_MAX);
    packfolder_make(&a, &m);
    write_rule(&m, "Names that turn");
    check_folder(&a, m.dir, &e, &d);
    packfolder_remove(&m);
    arena_done(&a);
    if (e < 0)
        fail_msg("%s:%u:%u: %s", d.file, d.line, d.column, d.text);
}

static void each_hostile_pack_is_refused_with_a_sentence(void **state UNUSED) {
    assert_true(ARRAY_SIZE(ROWS) >= 40);
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        struct arena a;
        struct pack_folder_made m;
        struct diag d;
        int e;
        arena_init(&a, PACK_ARENA_MAX);
        packfolder_make(&a, &m);
        if (ROWS[i].make)
            ROWS[i].make(&m);
        else
            packfolder_change(&a, &m, ROWS[i].file, ROWS[i].from, ROWS[i].to);
        check_folder(&a, m.dir, &e, &d);
        packfolder_remove(&m);
        arena_done(&a);
        if (e >= 0)
            fail_msg("%s: was let in", ROWS[i].what);
        if (!strstr(d.text, ROWS[i].says))
            fail_msg("%s: '%s' does not say '%s'", ROWS[i].what, d.text, ROWS[i].says);
        if (ROWS[i].placed && (!d.file[0] || !d.line || !d.column))
            fail_msg("%s: '%s' has no place (%s:%u:%u)", ROWS[i].what, d.text, d.file, d.line, d.column);
    }
}

/* The path is whatever somebody types: a device, a program, nothing. */
static void what_is_no_pack_is_refused(void **state UNUSED) {
    static const char *const paths[] = {"/dev/zero", "/dev/null", "/etc/passwd", "packs", "packs/" LESSON "/pack.yml", "/nowhere", "", "/proc/self/mem"};
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct arena a;
        struct diag d;
        int e;
        arena_init(&a, PACK_ARENA_MAX);
        check_folder(&a, paths[i], &e, &d);
        if (e >= 0 || !d.text[0])
            fail_msg("'%s' was taken for a pack", paths[i]);
        arena_done(&a);
    }
}

UNIT_GROUP(pack_hostile, cmocka_unit_test(the_shipped_lesson_passes), cmocka_unit_test(a_rule_looks_for_any_bytes), cmocka_unit_test(each_hostile_pack_is_refused_with_a_sentence),
           cmocka_unit_test(what_is_no_pack_is_refused))

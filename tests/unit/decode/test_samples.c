/* content/events/samples: every line of every file against the event that stands beside it. */
#include "fixture.h"

#include "base/file.h"

#include <dirent.h>

#define SAMPLES "content/events/samples"
enum { FILE_MAX = 4 << 20 };

static struct fixture f;
static int files;

static bool updating(void) {
    const char *v = getenv("KIZUKI_UPDATE_SAMPLES");
    return v && *v;
}

/* The next record of a file: a line, or in the export format the lines up to an empty one. */
static bool next_record(struct str *text, bool export, struct str *ret) {
    struct str line;
    if (!text->p || text->n == 0)
        return false;
    if (!export)
        return str_split(text, '\n', ret);
    const char *from = text->p;
    while (str_split(text, '\n', &line) && line.n) {
    }
    *ret = str_n(from, (size_t) (line.p + line.n - from));
    return ret->n > 0;
}

static void decode_all(struct str text, bool export, struct buf *out) {
    struct event_time_state time = {0};
    struct str record;
    f.rec.flags = RAW_BACKFILL | (export ? RAW_JOURNAL : 0);
    f.rec.pos = (struct event_pos){.stream = 1};
    while (next_record(&text, export, &record)) {
        f.rec.pos.n++;
        struct event *ev = fixture_decode(&f, record);
        event_settle_time(&time, ev);
        event_write_json(ev, out);
        buf_add_byte(out, '\n');
    }
    assert_int_equal(buf_error(out), 0);
}

static void compare(const char *path, struct str got, struct str want) {
    struct str a, b;
    for (unsigned line = 1; str_split(&got, '\n', &a); line++) {
        if (!str_split(&want, '\n', &b))
            b = STR("<nothing>");
        if (!str_eq(a, b)) {
            print_error("%s:%u\n got  %.*s\n want %.*s\n", path, line, STR_ARG(a), STR_ARG(b));
            fail();
        }
    }
    assert_true(want.p == NULL);
}

static void check_file(const char *path) {
    struct arena a;
    struct str text, want;
    struct buf out;
    char expected[1024];
    bool export = str_ends(str_of(path), STR(".export"));
    snprintf(expected, sizeof expected, "%.*s.ndjson", (int) (strrchr(path, '.') - path), path);
    arena_init(&a, 2 * FILE_MAX);
    buf_init(&out, FILE_MAX);
    assert_int_equal(file_read(&a, path, FILE_MAX, &text, NULL), 0);
    decode_all(text, export, &out);
    if (updating()) {
        assert_int_equal(file_write_atomic(expected, buf_str(&out), 0644, NULL), 0);
    } else {
        if (file_read(&a, expected, FILE_MAX, &want, NULL) < 0)
            fail_msg("%s is missing; KIZUKI_UPDATE_SAMPLES=1 writes it", expected);
        compare(path, buf_str(&out), want);
    }
    buf_done(&out);
    arena_done(&a);
    files++;
}

static void each_entry(const char *dir, void (*fn)(const char *path)) {
    struct dirent **list;
    int n = scandir(dir, &list, NULL, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        char path[768];
        snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
        if (list[i]->d_name[0] != '.')
            fn(path);
        free(list[i]);
    }
    free(list);
}

static void check_entry(const char *path) {
    if (str_ends(str_of(path), STR(".log")) || str_ends(str_of(path), STR(".export")))
        check_file(path);
}

static void check_folder(const char *path) {
    if (!str_ends(str_of(path), STR(".md")))
        each_entry(path, check_entry);
}

static void samples_give_the_events_beside_them(void **state UNUSED) {
    fixture_start(&f);
    files = 0;
    each_entry(SAMPLES, check_folder);
    assert_true(files >= 20);
    fixture_stop(&f);
}

UNIT_GROUP(decode_samples, cmocka_unit_test(samples_give_the_events_beside_them))

#include "unit.h"

#include "app/common/late.h"
#include "base/file.h"
#include "base/le.h"
#include "base/limits.h"
#include "base/time.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char dir[64], file[96], records[96];
    struct late_job job;
    struct late_result result;
};

static int setup(void **state) {
    static struct fixture f;
    f = (struct fixture){.dir = "/tmp/kizuki-late-XXXXXX"};
    setenv("KIZUKI_CONTENT", "content", 1); /* tests run in the source folder */
    assert_non_null(mkdtemp(f.dir));
    snprintf(f.file, sizeof f.file, "%s/sent", f.dir);
    snprintf(f.records, sizeof f.records, "%s/records", f.dir);
    f.job = (struct late_job){.path = f.file, .name = "sent.csv", .folder = f.dir, .records = f.records, .source = STR("hosting"),
                              .columns = STR_NULL, .service = STR(""), .offset_min = LATE_NO_OFFSET, .keep = true};
    *state = &f;
    return 0;
}
static int remove_one(const char *path, const struct stat *st UNUSED, int type UNUSED, struct FTW *at UNUSED) {
    return remove(path);
}
static int teardown(void **state) {
    struct fixture *f = *state;
    return nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* What is told about, and the records as one text, '|' behind each; columns in front in brackets. */
static const char *prepared(struct fixture *f, const char *name, struct str bytes, int want) {
    static char text[1 << 16];
    struct arena a;
    struct str records = STR("");
    struct diag d = {0};
    size_t n = 0;
    assert_int_equal(file_write_atomic(f->file, bytes, 0600, NULL), 0);
    f->job.name = name;
    int r = late_prepare(&f->job, &f->result, &d);
    if (r != want)
        fail_msg("%d: %s", r, d.text);
    arena_init(&a, 1 << 20);
    text[0] = 0;
    if (r == 0)
        assert_int_equal(file_read(&a, f->records, 1 << 18, &records, NULL), 0);
    for (size_t at = 0; at < records.n;) {
        size_t length = le_get(records.p + at, 4), columns = (unsigned char) records.p[at + 4];
        n += (size_t) snprintf(text + n, sizeof text - n, "%.*s%.*s|", (int) columns, records.p + at + LATE_HEAD_BYTES, (int) length,
                               records.p + at + LATE_HEAD_BYTES + columns);
        at += LATE_HEAD_BYTES + columns + length;
    }
    arena_done(&a);
    return text;
}

/* All of it is on disk: the sensor then keeps what was seen. */
static void seen(struct fixture *f) {
    char fresh[4200];
    snprintf(fresh, sizeof fresh, "%s.new", f->result.seen);
    assert_int_equal(rename(fresh, f->result.seen), 0);
    late_result_done(&f->result);
}

static void a_line_is_taken_as_often_as_the_file_with_the_most_of_it(void **state) {
    struct fixture *f = *state;
    assert_string_equal(prepared(f, "a.log", STR("one\ntwo\ntwo\n\nthree"), 0), "one|two|two|three|");
    assert_int_equal(f->result.records, 4);
    seen(f);
    assert_string_equal(prepared(f, "a.log", STR("one\ntwo\ntwo\n\nthree"), 0), "");
    assert_int_equal(f->result.repeated, 4);
    seen(f);
    assert_string_equal(prepared(f, "b.log", STR("three\ntwo\ntwo\ntwo\nfour\n"), 0), "two|four|");
    seen(f);
    f->job.source = STR("other"); /* of a source of its own nothing was seen */
    assert_string_equal(prepared(f, "a.log", STR("one\n"), 0), "one|");
    seen(f);
}

static void a_table_becomes_events_with_their_zone(void **state) {
    struct fixture *f = *state;
    const char *got = prepared(f, "t.csv", STR("日時,接続元IPアドレス,会員ID,結果,備考\r\n"
                                               "令和7年5月1日 03:00:01,198.51.100.7,m1,失敗,\"a, b\"\r\n"
                                               "いつか,198.51.100.7,m2,失敗,\r\n"
                                               "2025-05-01T03:00:03Z,198.51.100.8,m3,成功,\r\n"), 0);
    assert_non_null(strstr(got, "\"@timestamp\":\"2025-05-01T03:00:01.000+09:00\""));
    assert_non_null(strstr(got, "\"source.ip\":\"198.51.100.7\""));
    assert_non_null(strstr(got, "a, b"));
    assert_int_equal(f->result.records, 2);
    assert_int_equal(f->result.refused, 1);
    assert_non_null(strstr(buf_z(&f->result.refusals), "3")); /* the row */
    assert_int_equal(f->result.last_ns - f->result.first_ns, 9 * NS_PER_HOUR + 2 * NS_PER_S);
    seen(f);
}

static void a_w3c_log_keeps_its_columns(void **state) {
    struct fixture *f = *state;
    assert_string_equal(prepared(f, "u_ex.log", STR("#Fields: c-ip date\r\n192.0.2.1 2026-11-22\r\n#Fields: date\r\n2026-11-23\r\n"), 0),
                        "#KA#Fields: c-ip date|#KA192.0.2.1 2026-11-22|#A#Fields: date|#A2026-11-23|");
    seen(f);
}

static void what_cannot_be_read_is_refused_with_a_sentence(void **state) {
    struct fixture *f = *state;
    (void) prepared(f, "x.zip", STR("PK\x03\x04 and no archive"), -ERR_PARSE);
    late_result_done(&f->result);
    f->job.columns = STR("1=@timestamp,9=source.ip"); /* of which there are two */
    (void) prepared(f, "t.csv", STR("a,b\n1,2\n"), -ERR_PARSE);
    late_result_done(&f->result);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
UNIT_GROUP(app_late, T(a_line_is_taken_as_often_as_the_file_with_the_most_of_it), T(a_table_becomes_events_with_their_zone),
           T(a_w3c_log_keeps_its_columns), T(what_cannot_be_read_is_refused_with_a_sentence))

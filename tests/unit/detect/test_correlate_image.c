/* Every test of correlations once more, with the correlator ended and read back between its events;
 * and images that are not what was written. */
#include "correlate_bed.h"
#include "torture.h"

#include "base/image.h"
#include "base/mem.h"

int unit_detect_correlate(void);
int unit_detect_correlate_measures(void);
int unit_detect_correlate_past(void);
int unit_detect_correlate_period(void);
int unit_detect_correlate_image(void);

static int restarts_begin(void **state UNUSED) {
    bed_restarts = true;
    return 0;
}
static int restarts_end(void **state UNUSED) {
    bed_restarts = false;
    return 0;
}

static const char rules[] = BED_RULE("a") BED_RULE(
    "b") "title: many\nname: many\nid: many\ncorrelation: {type: event_count, rules: [a], "
         "group-by: [source.ip], "
         "timespan: 1h, condition: {gte: 3}}\nkizuki: {collect: [user.name]}\n---\n"
         "title: names\nname: names\nid: names\ncorrelation: {type: value_count, rules: [a], "
         "group-by: [source.ip], "
         "timespan: 1h, condition: {gte: 3, field: user.name}}\n---\n"
         "title: both\nname: both\nid: both\ncorrelation: {type: temporal_ordered, rules: [a, b], "
         "group-by: [source.ip], timespan: 1h}\n---\n"
         "title: new\nname: new\nid: new\ncorrelation: {type: first_seen, rules: [b], group-by: "
         "[source.ip, user.name], "
         "timespan: 1d}\n";

static struct buf an_image(struct bed *b) {
    struct image x;
    char fields[64];
    bed_open(b, rules, NULL);
    for (int i = 0; i < 60; i++) {
        snprintf(fields, sizeof fields, "source.ip=%d user.name=u%d", i % 3, i % 7);
        bed_event(b, i, i % 5 ? "a" : "b", fields);
    }
    image_write(&x, NULL, NULL, 1 << 20);
    assert_int_equal(correlate_image(b->c, &x), 0);
    return x.out;
}

static int read_it(struct bed *b, struct str bytes) {
    struct finding_sink sink = {.ctx = b, .put = NULL};
    struct correlate *c;
    struct image x;
    int r = correlate_new(b->plan, &sink, NULL, &c);
    if (r < 0)
        return r;
    image_read(&x, bytes);
    r = correlate_image(c, &x);
    if (r == 0)
        r = image_end(&x);
    correlate_free(c);
    return r;
}

/* What is cut off or changed is refused or read; it is never more than freed afterwards. */
static void a_damaged_image_is_refused(void **state UNUSED) {
    struct bed b;
    struct buf whole = an_image(&b);
    assert_int_equal(read_it(&b, buf_str(&whole)), 0);
    for (size_t n = 0; n < whole.n; n++) {
        char *exact = mem_alloc(n + 1); /* so that reading behind it is seen */
        memcpy(exact, whole.p, n);
        assert_int_equal(read_it(&b, str_n(exact, n)), -ERR_CORRUPT);
        mem_free(exact);
    }
    unsigned refused = 0;
    for (size_t i = 0; i < whole.n; i++)
        for (unsigned bit = 0; bit < 8; bit += 7) {
            whole.p[i] ^= (char) (1 << bit);
            int r = read_it(&b, buf_str(&whole));
            assert_true(r == 0 || r == -ERR_CORRUPT);
            refused += r < 0;
            whole.p[i] ^= (char) (1 << bit);
        }
    assert_true(refused > whole.n / 8);
    buf_done(&whole);
    bed_close(&b);
}

/* More values than are listed: the list, its index and the hashes beyond it go on. */
static void goes_on_with_long_lists(void **state UNUSED) {
    struct bed whole, cut;
    char fields[64];
    bed_open(&whole, rules, NULL);
    bed_open(&cut, rules, NULL);
    for (int i = 0; i < 3000; i++) {
        snprintf(fields, sizeof fields, "source.ip=1 user.name=u%d", i * 7919 % 1700);
        cut.restarts = i == 100 || i == 900 || i == 1400 || i == 2500;
        bed_event(&whole, i, "a", fields);
        bed_try_event(&cut, i, "a", fields);
    }
    bed_flush(&whole);
    bed_flush(&cut);
    assert_true(str_find(buf_str(&whole.lines), STR("of 1700"), 0) > 0);
    assert_true(str_eq(buf_str(&whole.lines), buf_str(&cut.lines)));
    bed_close(&whole);
    bed_close(&cut);
}

static struct bed torture_bed;
static struct buf torture_bytes;
static int read_tortured(void *ctx UNUSED) {
    return read_it(&torture_bed, buf_str(&torture_bytes));
}
static void survives_the_end_of_memory(void **state UNUSED) {
    torture_bytes = an_image(&torture_bed);
    assert_true(torture(read_tortured, NULL) > 20);
    buf_done(&torture_bytes);
    bed_close(&torture_bed);
}

UNIT_GROUP(detect_image, cmocka_unit_test(a_damaged_image_is_refused),
           cmocka_unit_test(goes_on_with_long_lists), cmocka_unit_test(survives_the_end_of_memory))

int unit_detect_correlate_image(void) {
    static char names[UNIT_TESTS_MAX][96];
    size_t from = unit_n;
    unit_detect_correlate();
    unit_detect_correlate_measures();
    unit_detect_correlate_past();
    unit_detect_correlate_period();
    size_t n = from;
    for (size_t i = from; i < unit_n; i++) {
        ASSERT(!unit_all[i].setup_func && !unit_all[i].teardown_func);
        if (strstr(unit_all[i].name, "survives_the_end_of_memory"))
            continue; /* its bed is never restarted; a restart without memory is our own test */
        snprintf(names[n], sizeof names[n], "restarted: %s", unit_all[i].name);
        unit_all[n] = unit_all[i];
        unit_all[n].name = names[n];
        unit_all[n].setup_func = restarts_begin;
        unit_all[n++].teardown_func = restarts_end;
    }
    unit_n = n;
    return unit_detect_image();
}

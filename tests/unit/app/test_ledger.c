#include "unit.h"

#include "app/sensor/ledger.h"
#include "base/image.h"
#include "base/mem.h"
#include "base/text.h"

#define T0 (1795000000ll * NS_PER_S) /* some second */

static void count(struct ledger *l, uint32_t source, int64_t at_ns, const char *text,
                  unsigned flags) {
    struct raw_record rec = {
        .bytes = str_of(text), .arrival_ns = at_ns, .source = source, .flags = flags};
    assert_int_equal(ledger_count(l, &rec), 0);
}

static void lines_are_counted_and_what_is_no_line_is_not(void **state UNUSED) {
    struct ledger l = {0};
    count(&l, 2, T0, "abc", 0);
    count(&l, 2, T0 + 5, "", RAW_BACKFILL);
    count(&l, 2, T0 + 9, "x", RAW_PIECE_LAST);
    count(&l, 2, T0 + 7, "x", RAW_TRUNCATED);
    count(&l, 2, T0 + 99, "tick", RAW_TICK);
    count(&l, 2, T0 + 99, "source", RAW_SOURCE);
    count(&l, 2, T0 + 99, "state", RAW_STATE);
    assert_int_equal(l.n, 3);
    assert_int_equal(l.rows[1].lines, 0);
    const struct ledger_row *r = &l.rows[2];
    assert_int_equal(r->lines, 4);
    assert_int_equal(r->bytes, 5);
    assert_int_equal(r->backfill, 1);
    assert_int_equal(r->oversize, 1);
    assert_int_equal(r->truncated, 1);
    assert_int_equal(r->first_ns, T0);
    assert_int_equal(r->last_ns, T0 + 9);
    ledger_done(&l);
}

static void slots_are_the_last_day_by_half_hours(void **state UNUSED) {
    struct ledger l = {0};
    const int64_t half = 1800 * NS_PER_S;
    count(&l, 0, T0, "a", 0);
    count(&l, 0, T0 + half, "a", 0);
    count(&l, 0, T0, "late", 0);
    assert_int_equal(l.rows[0].slots[LEDGER_SLOTS - 1], 1);
    assert_int_equal(l.rows[0].slots[LEDGER_SLOTS - 2], 2);
    count(&l, 0, T0 + 48 * half, "a", 0); /* the first slot has left the window */
    assert_int_equal(l.rows[0].slots[0], 1);
    count(&l, 0, T0, "older than a day", 0);
    assert_int_equal(l.rows[0].slots[0], 1);
    count(&l, 0, T0 + 1000 * half, "a", 0);
    for (int i = 0; i < LEDGER_SLOTS - 1; i++)
        assert_int_equal(l.rows[0].slots[i], 0);
    assert_int_equal(l.rows[0].slots[LEDGER_SLOTS - 1], 1);
    assert_int_equal(l.rows[0].lines, 6);
    ledger_done(&l);
}

/* However many sources there are and whatever they are called: each page fits a frame, and all of
 * them together tell every source once, then begin anew. */
static void pages_fit_frames_and_tell_all(void **state UNUSED) {
    enum { N = 3000 };
    struct source *sources = mem_zalloc(N * sizeof *sources);
    bool *told = mem_zalloc(N * sizeof *told);
    struct ledger l = {0};
    struct ledger_page page = {0};
    int pages = 0;
    int64_t n = 0;
    assert_non_null(sources);
    assert_non_null(told);
    for (uint32_t i = 1; i < N; i++) {
        sources[i] = (struct source){
            .id = i, .name = STR("\x01\x02 name \"of\" a sender"), .path = STR("/var/log/x")};
        count(&l, i, T0, "line", 0);
    }
    do {
        struct jsonw w;
        struct buf b;
        struct arena a;
        struct json_value *v;
        int64_t from, total, id;
        buf_init(&b, FRAME_BYTES_MAX);
        arena_init(&a, 256 << 20);
        jsonw_init(&w, &b);
        ledger_write(&l, sources, N, NULL, 0, NULL, NULL, T0, &page, &w);
        assert_int_equal(buf_error(&b), 0);
        assert_int_equal(json_parse(&a, buf_str(&b), &v, NULL), 0);
        assert_true(json_get_i64(v, "from", &from) && json_get_i64(v, "total", &total));
        assert_int_equal(from, n);
        assert_int_equal(total, N - 1);
        for (const struct json_value *x = json_get_array(v, "sources")->first; x;
             x = x->next, n++) {
            assert_true(json_get_i64(x, "id", &id));
            assert_false(told[id]);
            told[id] = true;
        }
        assert_true(pages == 0 ? n > 500 : n > from);
        arena_done(&a);
        buf_done(&b);
        pages++;
    } while (page.next);
    assert_int_equal(n, N - 1);
    assert_true(pages > 1);
    assert_int_equal(page.before, 0);
    ledger_done(&l);
    mem_free(told);
    mem_free(sources);
}

static void the_usual_encoding_has_hysteresis(void **state UNUSED) {
    struct ledger_row r = {0};
    struct engine_source seen = {.cp932 = 19};
    assert_int_equal(ledger_usual_encoding(&r, 0, &seen), 0); /* too few */
    seen.cp932 = 20;
    assert_int_equal(ledger_usual_encoding(&r, 0, &seen), TEXT_CP932);
    seen.euc_jp = 99; /* many, and not enough to change it */
    assert_int_equal(ledger_usual_encoding(&r, TEXT_CP932, &seen), 0);
    seen.cp932 += 100; /* and then it goes on as before: the count begins again */
    assert_int_equal(ledger_usual_encoding(&r, TEXT_CP932, &seen), 0);
    seen.euc_jp += 99;
    assert_int_equal(ledger_usual_encoding(&r, TEXT_CP932, &seen), 0);
    seen.euc_jp += 1;
    assert_int_equal(ledger_usual_encoding(&r, TEXT_CP932, &seen), TEXT_EUC_JP);
    struct ledger_row mixed = {0};
    seen = (struct engine_source){.cp932 = 60, .euc_jp = 20};
    assert_int_equal(ledger_usual_encoding(&mixed, 0, &seen), 0); /* whose lines are of both kinds has none */
}

static const struct clock_host *clock_of(struct clocks *c, uint32_t source, const char *host) {
    const struct clock_source *s = clocks_of(c, source);
    for (size_t i = 0; s && i < s->n; i++)
        if (str_eq_z(s->at[i].host, host))
            return &s->at[i];
    return NULL;
}

/* One relay, many machines: each has its own clock, in the latest batch's words, over a restart, and no more than are kept. */
static void each_machine_behind_a_source_has_its_clock(void **state UNUSED) {
    struct clocks c = {0}, back = {0};
    struct clock_batch b;
    struct arena kept;
    char name[32];
    arena_init(&kept, 1 << 20);
    clock_batch_init(&b);
    for (int batch = 0; batch < 2; batch++) {
        for (int i = 0; i < 100; i++) {
            assert_int_equal(clock_batch_note(&b, &kept, 7, STR("fw-1"), (batch ? 3600 : 1) * NS_PER_S, T0 + batch), 0);
            assert_int_equal(clock_batch_note(&b, &kept, 7, STR("fw-2"), -i * NS_PER_MS, T0 + batch), 0);
            assert_int_equal(clock_batch_note(&b, &kept, 9, STR("fw-1"), 5, T0 + batch), 0);
            assert_int_equal(clock_batch_note(&b, &kept, 9, STR(""), 1, T0), 0);
        }
        assert_int_equal(clocks_add(&c, &b), 0);
        clock_batch_clear(&b);
        arena_reset(&kept);
    }
    assert_int_equal(clocks_of(&c, 7)->n, 2);
    assert_int_equal(clocks_of(&c, 9)->n, 1);
    assert_null(clocks_of(&c, 8));
    assert_null(clocks_of(&c, 100));
    assert_true(clock_of(&c, 7, "fw-1")->skew_ns == 3600 * NS_PER_S && clock_of(&c, 7, "fw-1")->at_ns == T0 + 1);
    assert_true(clock_of(&c, 7, "fw-2")->skew_ns == -99 * NS_PER_MS && clock_of(&c, 9, "fw-1")->skew_ns == 5);
    clocks_of(&c, 7)->at[0].told_ms = 3600000;

    struct image x;
    image_write(&x, NULL, NULL, 1 << 20);
    clocks_image(&c, &x);
    assert_int_equal(image_end(&x), 0);
    struct image in;
    image_read(&in, buf_str(&x.out));
    clocks_image(&back, &in);
    assert_int_equal(image_end(&in), 0);
    image_done(&in);
    image_done(&x);
    assert_true(back.n == c.n && clocks_of(&back, 7)->n == 2 && clocks_of(&back, 7)->at[0].told_ms == 3600000);
    assert_true(clock_of(&back, 7, "fw-1")->skew_ns == 3600 * NS_PER_S && clock_of(&back, 9, "fw-1")->at_ns == T0 + 1);

    for (int i = 0; i < CLOCK_HOSTS_MAX; i++) { /* forged names push out what was heard longest ago, and that is counted */
        snprintf(name, sizeof name, "forged-%d", i);
        assert_int_equal(clocks_note(&c, 7, str_of(name), i, T0 + 10 + i), 0);
        assert_int_equal(clocks_note(&c, 7, STR("fw-2"), 0, T0 + 10 + i), 0);
    }
    assert_true(clocks_of(&c, 7)->n == CLOCK_HOSTS_MAX && clocks_of(&c, 7)->forgotten == 2);
    assert_true(clock_of(&c, 7, "fw-2") && !clock_of(&c, 7, "fw-1"));
    clock_batch_done(&b);
    arena_done(&kept);
    clocks_done(&c);
    clocks_done(&back);
}

/* The row of the message: the worst clock first, and a full one stays within what is kept free for it. */
static void a_row_tells_the_worst_clock_first(void **state UNUSED) {
    struct source sources[2] = {{0}, {.id = 1, .name = STR("relay"), .kind = STR("syslog")}};
    struct ledger l = {0};
    struct clocks c = {0};
    struct ledger_page page = {0};
    char name[CLOCK_HOST_BYTES_MAX + 1];
    count(&l, 1, T0, "line", 0);
    for (int i = 0; i < CLOCK_HOSTS_MAX; i++) {
        memset(name, 1, sizeof name - 1); /* all escapes */
        name[0] = (char) ('0' + i / 10);
        name[1] = (char) ('0' + i % 10);
        assert_int_equal(clocks_note(&c, 1, str_n(name, sizeof name - 1), (i % 2 ? -1 : 1) * i * NS_PER_S, T0), 0);
    }
    struct jsonw w;
    struct buf b;
    struct arena a;
    struct json_value *v;
    int64_t ms, last = INT64_MAX, n = 0;
    buf_init(&b, FRAME_BYTES_MAX);
    arena_init(&a, 16 << 20);
    jsonw_init(&w, &b);
    ledger_write(&l, sources, 2, NULL, 0, &c, NULL, T0, &page, &w);
    assert_int_equal(buf_error(&b), 0);
    assert_in_range(buf_str(&b).n, CLOCK_HOSTS_MAX * 6 * (CLOCK_HOST_BYTES_MAX - 2), CLOCK_HOSTS_MAX * LEDGER_CLOCK_BYTES);
    assert_int_equal(json_parse(&a, buf_str(&b), &v, NULL), 0);
    for (const struct json_value *x = json_get_array(json_get_array(v, "sources")->first, "clocks")->first; x; x = x->next, n++) {
        assert_true(json_get_i64(x, "skew_ms", &ms));
        assert_true((ms < 0 ? -ms : ms) < last);
        last = ms < 0 ? -ms : ms;
    }
    assert_int_equal(n, CLOCK_HOSTS_MAX);
    arena_done(&a);
    buf_done(&b);
    clocks_done(&c);
    ledger_done(&l);
}

UNIT_GROUP(app_ledger, cmocka_unit_test(each_machine_behind_a_source_has_its_clock), cmocka_unit_test(a_row_tells_the_worst_clock_first),
           cmocka_unit_test(the_usual_encoding_has_hysteresis), cmocka_unit_test(lines_are_counted_and_what_is_no_line_is_not),
           cmocka_unit_test(slots_are_the_last_day_by_half_hours),
           cmocka_unit_test(pages_fit_frames_and_tell_all))

#include "unit.h"

#include "app/sensor/ledger.h"
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
        ledger_write(&l, sources, N, NULL, 0, NULL, T0, &page, &w);
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

UNIT_GROUP(app_ledger, cmocka_unit_test(the_usual_encoding_has_hysteresis), cmocka_unit_test(lines_are_counted_and_what_is_no_line_is_not),
           cmocka_unit_test(slots_are_the_last_day_by_half_hours),
           cmocka_unit_test(pages_fit_frames_and_tell_all))

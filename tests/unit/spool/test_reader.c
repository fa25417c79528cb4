#include "helpers.h"

static int next_lines(struct spool_reader *r, struct spool_batch *b, uint64_t *at) {
    int k = spool_reader_next(r, b, NULL, NULL);
    for (size_t i = 0; k == 1 && i < b->n; i++, ++*at) {
        assert_int_equal(b->records[i].pos.n, *at);
        assert_true(is_line(&b->records[i], *at));
        volatile char slack = b->records[i].bytes.p[b->records[i].bytes.n + 63];
        (void) slack;
    }
    return k;
}

/* A reader beside the writer sees each record once it is committed, across segments, and never
 * before. */
static void follows_the_writer(void **state) {
    struct spool *s = open_spool(*state, 3000);
    struct spool_reader *r = NULL;
    struct spool_batch b;
    uint64_t at = 1;
    spool_batch_init(&b);
    assert_int_equal(spool_reader_open(*state, &r, NULL), 0);
    assert_int_equal(spool_reader_next(r, &b, NULL, NULL), 0);
    for (uint64_t i = 1; i < 400; i++) {
        assert_int_equal(put_line(s, i), 0);
        assert_int_equal(next_lines(r, &b, &at), 0);
        if (i % 5)
            continue;
        assert_int_equal(spool_commit(s, NULL), 0);
        while (next_lines(r, &b, &at) == 1)
            ;
        assert_int_equal(at, i + 1);
        assert_int_equal(spool_reader_at(r), at);
    }
    spool_batch_done(&b);
    spool_reader_free(r);
    spool_close(s);
}

/* Bytes behind the last mark may be replaced by a writer that starts again. */
static void looks_anew_at_what_was_not_committed(void **state) {
    struct arena a;
    struct spool *s = open_spool(*state, 0);
    struct spool_reader *r = NULL;
    struct spool_batch b;
    uint64_t at = 1;
    arena_init(&a, 1 << 20);
    spool_batch_init(&b);
    put_lines(s, 1, 11, 10);
    size_t acknowledged = read_file(&a, *state, "00000001.seg").n;
    put_lines(s, 11, 31, 20);
    spool_close(s);
    struct str whole = read_file(&a, *state, "00000001.seg");
    write_file(*state, "00000001.seg", str_to(whole, whole.n - 32 - 8));
    assert_int_equal(spool_reader_open(*state, &r, NULL), 0);
    while (next_lines(r, &b, &at) == 1)
        ;
    assert_int_equal(at, 11);
    write_file(*state, "00000001.seg", str_to(whole, acknowledged));
    s = open_spool(*state, 0);
    struct raw_record other = {.bytes = STR("other")};
    assert_int_equal(spool_put(s, &other, NULL), 0);
    assert_int_equal(spool_commit(s, NULL), 0);
    assert_int_equal(spool_reader_next(r, &b, NULL, NULL), 1);
    assert_int_equal(b.n, 1);
    assert_int_equal(b.records[0].pos.n, 11);
    assert_str(b.records[0].bytes, "other");
    spool_batch_done(&b);
    spool_reader_free(r);
    spool_close(s);
    arena_done(&a);
}

static void finds_any_record(void **state) {
    struct spool *s = open_spool(*state, 200000);
    struct spool_reader *r = NULL;
    struct arena a;
    struct raw_record rec;
    struct diag d;
    arena_init(&a, 1 << 20);
    uint64_t n = 20000, lines = 0;
    for (uint64_t i = 1; i < n; i++) {
        assert_int_equal(put_line(s, i), 0);
        if (i % 1000 == 0)
            assert_int_equal(spool_commit(s, NULL), 0);
    }
    assert_int_equal(spool_commit(s, NULL), 0);
    assert_true(spool_found(s)->segments == 1);
    assert_int_equal(spool_reader_open(*state, &r, NULL), 0);
    for (uint64_t i = 1; i < n; i = i * 5 / 4 + 1, lines++) {
        uint64_t want = lines % 2 ? n - i : i;
        assert_int_equal(spool_reader_get(r, want, &a, &rec, NULL), 0);
        assert_true(is_line(&rec, want));
    }
    assert_int_equal(spool_reader_get(r, n, &a, &rec, &d), -ENOENT);
    assert_non_null(strstr(d.text, "is not there"));
    put_lines(s, n, n + 1, 1);
    assert_int_equal(spool_reader_get(r, n, &a, &rec, NULL), 0);
    spool_reader_free(r);
    spool_close(s);
    arena_done(&a);
}

/* A whole segment in the middle is gone; retention took the first one. */
static void tells_of_missing_segments(void **state) {
    char path[300];
    struct spool *s = open_spool(*state, 3000);
    struct spool_reader *r = NULL;
    struct spool_batch b;
    struct spool_gap gap = {0};
    struct diag d;
    put_lines(s, 1, 400, 5);
    spool_close(s);
    (void) snprintf(path, sizeof path, "%s/00000003.seg", (char *) *state);
    assert_int_equal(unlink(path), 0);
    (void) snprintf(path, sizeof path, "%s/00000001.seg", (char *) *state);
    assert_int_equal(unlink(path), 0);
    spool_batch_init(&b);
    assert_int_equal(spool_reader_open(*state, &r, NULL), 0);
    uint64_t at = spool_reader_at(r), first = at;
    assert_true(first > 1);
    int k;
    while ((k = next_lines(r, &b, &at)) == 1)
        ;
    assert_int_equal(k, -ERR_CORRUPT); /* next_lines asked without a gap */
    at = spool_reader_at(r);
    while ((k = next_lines(r, &b, &at)) == 1)
        ;
    assert_int_equal(k, 0);
    assert_int_equal(at, 400);
    assert_int_equal(spool_reader_seek(r, 1, &d), -ENOENT);
    assert_non_null(strstr(d.text, "no longer kept"));
    assert_int_equal(spool_reader_seek(r, first, &d), 0);
    while ((k = spool_reader_next(r, &b, &gap, &d)) == 1)
        ;
    assert_int_equal(k, -ERR_CORRUPT);
    assert_int_equal(gap.segment, 2);
    assert_true(gap.to_number > gap.from_number);
    assert_int_equal(spool_reader_at(r), gap.to_number);
    spool_batch_done(&b);
    spool_reader_free(r);
}

/* Everything that arrived at a time or later, and no more than the segment it falls in beside it. */
static void stands_before_a_time(void **state) {
    enum { SEGMENTS = 6 };
    uint64_t first[SEGMENTS + 1] = {0};
    struct spool_reader *r = NULL;
    struct spool_batch b;
    char path[300];
    test_now = 1000; /* each segment is made at the time of its first line */
    struct spool *s = open_spool(*state, 3000);
    for (uint64_t i = 1; i <= 400; i++) {
        test_now = (int64_t) i * 1000;
        put_lines(s, i, i + 1, 1);
        for (unsigned k = 1; k <= SEGMENTS; k++) {
            (void) snprintf(path, sizeof path, "%s/%08u.seg", (char *) *state, k);
            if (!first[k] && access(path, F_OK) == 0)
                first[k] = i;
        }
    }
    spool_close(s);
    assert_true(first[SEGMENTS] > first[2] && first[2] > 1);
    spool_batch_init(&b);
    assert_int_equal(spool_reader_open(*state, &r, NULL), 0);
    for (uint64_t want = 1; want < first[SEGMENTS]; want += 7) {
        assert_int_equal(spool_reader_seek_time(r, (int64_t) want * 1000, NULL), 0);
        uint64_t at = spool_reader_at(r), segment = 1;
        while (first[segment + 1] && first[segment + 1] < want)
            segment++;
        assert_true(at <= want && (segment == 1 || at >= first[segment] - 1));
        assert_int_equal(spool_reader_next(r, &b, NULL, NULL), 1);
        assert_int_equal(b.records[0].pos.n, at);
    }
    spool_batch_done(&b);
    spool_reader_free(r);
}

/* What was handed out is found again by its place; anything else that is named is not. Reading goes on from any of them. */
static void takes_records_by_their_place(void **state) {
    struct spool *s = open_spool(*state, 3000);
    struct spool_reader *r = NULL;
    struct spool_part part;
    struct spool_batch b, one;
    struct diag d;
    uint64_t behind, n;
    spool_batch_init(&b);
    spool_batch_init(&one);
    put_lines(s, 1, 200, 10);
    assert_int_equal(spool_reader_open(*state, &r, NULL), 0);
    assert_int_equal(spool_reader_enter(r, 2, &part, NULL), 0);
    assert_int_equal(spool_reader_next(r, &b, NULL, NULL), 1);
    assert_true(b.n > 4 && part.closed);
    for (size_t i = 0; i < b.n; i++) {
        n = b.records[i].pos.n;
        assert_int_equal(spool_reader_take(r, b.offsets[i], n, &one, &behind, NULL), 0);
        assert_true(one.n == 1 && is_line(&one.records[0], n) && one.records[0].arrival_ns == b.records[i].arrival_ns);
        assert_true(i + 1 == b.n || (behind <= b.offsets[i + 1] && behind > b.offsets[i]));
        assert_int_equal(spool_reader_take(r, b.offsets[i], n + 1, &one, &behind, &d), -ERR_CORRUPT);
        assert_int_equal(spool_reader_take(r, b.offsets[i] + 8, n, &one, &behind, &d), -ERR_CORRUPT);
        assert_int_equal(spool_reader_take(r, b.offsets[i] + 1, n, &one, &behind, &d), -ERR_CORRUPT);
    }
    assert_int_equal(spool_reader_take(r, 0, part.first, &one, &behind, &d), -ERR_CORRUPT);
    assert_int_equal(spool_reader_take(r, 1 << 30, part.first, &one, &behind, &d), -ERR_CORRUPT);
    assert_non_null(strstr(d.text, "cannot be read at byte"));
    n = b.records[3].pos.n;
    spool_reader_go_on(r, b.offsets[3], n);
    assert_int_equal(next_lines(r, &b, &n), 1);
    assert_int_equal(spool_reader_in(r), 2);
    spool_batch_done(&b);
    spool_batch_done(&one);
    spool_reader_free(r);
    spool_close(s);
}

UNIT_GROUP(spool_reader, folder_test(stands_before_a_time), folder_test(follows_the_writer),
           folder_test(looks_anew_at_what_was_not_committed), folder_test(finds_any_record),
           folder_test(tells_of_missing_segments), folder_test(takes_records_by_their_place))

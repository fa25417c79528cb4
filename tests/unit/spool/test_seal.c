#include "helpers.h"

#include "base/sign.h"
#include "spool/file.h"
#include "spool/seal.h"
#include "spool/verify.h"
#include "torture.h"

enum { LINES = 3000, SEGMENT = 20000 };

static struct sign_secret key;
static struct sign_public pub;

static void open_key(const char *dir) {
    char path[300];
    snprintf(path, sizeof path, "%s/key", dir);
    assert_int_equal(sign_key_open(path, &key, &pub, NULL), 0);
}

static struct spool_sealer *open_sealer(const char *dir) {
    struct spool_seal_options o = {.key = &key, .pub = &pub, .clock.now_ns = test_clock_now};
    struct spool_sealer *s = NULL;
    struct diag d = {0};
    if (spool_sealer_open(dir, &o, &s, &d) < 0)
        print_error("%s\n", d.text);
    assert_non_null(s);
    return s;
}

static int seal_all(const char *dir) {
    struct spool_sealer *s = open_sealer(dir);
    struct spool_sealed done;
    int n = 0;
    while (spool_sealer_step(s, &done, NULL) == 1)
        n++;
    spool_sealer_close(s);
    return n;
}

/* What verifying said, in short. */
struct said {
    struct spool_fault at[64];
    size_t n;
    struct spool_verified all;
};
static void on_fault(void *ctx, const struct spool_fault *f) {
    struct said *s = ctx;
    assert_true(s->n < 64);
    s->at[s->n] = *f;
    s->at[s->n++].why = "";
}
static struct said verify(const char *dir, struct str elsewhere) {
    static struct said s;
    s = (struct said){0};
    struct spool_verify_options o = {.key = &pub, .fault = on_fault, .ctx = &s};
    o.elsewhere = &elsewhere;
    o.n_elsewhere = elsewhere.p != NULL;
    assert_int_equal(spool_verify(dir, &o, &s.all, NULL), 0);
    return s;
}

static void assert_all_lines(const char *dir, uint64_t last) {
    struct spool_reader *r = NULL;
    struct spool_batch b;
    uint64_t at = 1;
    spool_batch_init(&b);
    assert_int_equal(spool_reader_open(dir, &r, NULL), 0);
    while (spool_reader_next(r, &b, NULL, NULL) == 1)
        for (size_t i = 0; i < b.n; i++, at++)
            assert_true(b.records[i].pos.n == at && is_line(&b.records[i], at));
    assert_int_equal(at, last + 1);
    spool_batch_done(&b);
    spool_reader_free(r);
}

static struct spool *fill(const char *dir) {
    struct spool *s = open_spool(dir, SEGMENT);
    open_key(dir);
    put_lines(s, 1, LINES, 17);
    return s;
}

static void sealed_is_read_like_plain(void **state) {
    struct spool *s = fill(*state);
    uint32_t segments = verify(*state, STR_NULL).all.segments;
    assert_true(segments > 5);
    assert_int_equal(seal_all(*state), (int) segments - 1);
    assert_int_equal(seal_all(*state), 0);
    char path[300];
    snprintf(path, sizeof path, "%s/00000001.seg", (char *) *state);
    assert_int_equal(access(path, F_OK), -1);
    assert_all_lines(*state, LINES - 1);
    /* the writer goes on, and so does the sealer */
    put_lines(s, LINES, 2 * LINES, 17);
    spool_close(s);
    assert_true(seal_all(*state) > 5);
    assert_all_lines(*state, 2 * LINES - 1);
    struct said said = verify(*state, STR_NULL);
    assert_int_equal(said.n, 0);
    assert_int_equal(said.all.faults, 0);
    assert_int_equal(said.all.last, 2 * LINES - 1);
    assert_true(said.all.newest.size > LINES && said.all.newest.segment > segments);
}

/* A reader that stands in a segment while it is sealed goes on. */
static void readers_do_not_notice(void **state) {
    struct spool *s = fill(*state);
    struct spool_reader *r = NULL;
    struct spool_batch b;
    uint64_t at = 1;
    spool_batch_init(&b);
    assert_int_equal(spool_reader_open(*state, &r, NULL), 0);
    assert_int_equal(spool_reader_seek(r, 100, NULL), 0);
    assert_int_equal(spool_reader_next(r, &b, NULL, NULL), 1);
    at = 100 + b.n;
    assert_true(seal_all(*state) > 5);
    while (spool_reader_next(r, &b, NULL, NULL) == 1)
        for (size_t i = 0; i < b.n; i++, at++)
            assert_true(is_line(&b.records[i], at));
    assert_int_equal(at, LINES);
    struct arena a;
    struct raw_record rec;
    arena_init(&a, 1 << 20);
    for (uint64_t n = 1; n < LINES; n += 397) {
        assert_int_equal(spool_reader_get(r, n, &a, &rec, NULL), 0);
        assert_true(is_line(&rec, n));
    }
    arena_done(&a);
    spool_batch_done(&b);
    spool_reader_free(r);
    spool_close(s);
}

/* ---- what somebody may have done to it ---- */

static struct str file_at(struct arena *a, const char *dir, const char *name) {
    struct str s = read_file(a, dir, name);
    return arena_dup(a, s);
}

static struct spool_fault assert_one(struct said s, enum spool_fault_kind kind, uint32_t segment) {
    for (size_t i = 0; i < s.n; i++)
        if (s.at[i].kind == kind && (s.at[i].segment == segment || !segment))
            return s.at[i];
    for (size_t i = 0; i < s.n; i++)
        print_error("said: kind %d segment %u records %llu to %llu\n", s.at[i].kind,
                    s.at[i].segment, (unsigned long long) s.at[i].from,
                    (unsigned long long) s.at[i].to);
    fail_msg("fault %d of segment %u was not said", kind, segment);
    return (struct spool_fault){0};
}

/* Pieces are as large as the table says: spools sealed by others stay readable. */
static void pieces_of_any_size_are_read(void **state) {
    enum { BYTES = 2500000, PART = 70001 };
    static const struct {
        size_t piece;
        bool good;
    } rows[] = {{SPOOL_PIECE_BYTES_MIN, true}, {SPOOL_PIECE_BYTES, true}, {SPOOL_PIECE_BYTES_MAX, true}, {SPOOL_PIECE_BYTES_MIN / 2, false},
                {300000, false}, {2 * (size_t) SPOOL_PIECE_BYTES_MAX, false}};
    char plain_path[300], packed_path[300], *bytes = mem_alloc(BYTES), *part = mem_alloc(PART);
    for (uint32_t i = 0, x = 7; i < BYTES; i++, x = x * 1103515245 + 12345)
        bytes[i] = (char) (x >> 28);
    write_file(*state, "plain", str_n(bytes, BYTES));
    snprintf(plain_path, sizeof plain_path, "%s/plain", (char *) *state);
    snprintf(packed_path, sizeof packed_path, "%s/packed", (char *) *state);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct spool_file plain = spool_file_plain(open(plain_path, O_RDONLY | O_CLOEXEC)), f;
        int fd = open(packed_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_int_equal(spool_file_compress(&plain, fd, 1, rows[i].piece), 0);
        spool_file_close(&plain);
        assert_int_equal(spool_file_sealed(fd, &f), rows[i].good ? 0 : -ERR_CORRUPT);
        if (!rows[i].good)
            continue;
        assert_int_equal(spool_file_size(&f), BYTES);
        for (uint64_t at = 0, turn = 0; turn < 60; turn++, at = at * 3 + 65537 * turn) {
            ssize_t n = spool_file_read(&f, part, PART, at %= BYTES);
            assert_int_equal(n, MIN(BYTES - at, (uint64_t) PART));
            assert_memory_equal(part, bytes + at, (size_t) n);
        }
        assert_int_equal(spool_file_damaged(&f), 0);
        spool_file_close(&f);
    }
    mem_free(part);
    mem_free(bytes);
}

/* Every bit of a sealed segment that is flipped is found and its segment named. */
static void a_flipped_bit_is_named(void **state) {
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    spool_close(fill(*state));
    assert_true(seal_all(*state) > 5);
    struct str whole = file_at(&a, *state, "00000003.seg.zst");
    char *p = arena_alloc(&a, whole.n);
    const size_t step = torture_all() ? 397 : 1979; /* its end is tried bit by bit */
    for (size_t bit = 0; bit < whole.n * 8; bit += bit < whole.n * 8 - 512 ? step : 1) {
        memcpy(p, whole.p, whole.n);
        p[bit / 8] ^= (char) (1 << bit % 8);
        write_file(*state, "00000003.seg.zst", str_n(p, whole.n));
        struct said s = verify(*state, STR_NULL);
        if (s.all.faults == 0)
            fail_msg("bit %zu of segment 3 was flipped and nothing said", bit);
        assert_int_equal(s.at[0].segment, 3);
    }
    write_file(*state, "00000003.seg.zst", whole);
    assert_int_equal(verify(*state, STR_NULL).all.faults, 0);
    arena_done(&a);
}

/* Written again by somebody who knows the format, with every checksum right. */
static void rewrite(const char *dir, const char *name, uint64_t change, uint64_t drop) {
    struct arena a;
    struct buf out;
    char path[300];
    struct spool_file f;
    struct spool_header head;
    arena_init(&a, (size_t) 64 << 20);
    buf_init(&out, (size_t) 64 << 20);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(spool_file_sealed(open(path, O_RDONLY | O_CLOEXEC), &f), 0);
    char *bytes = arena_alloc(&a, (size_t) spool_file_size(&f));
    size_t n = (size_t) spool_file_read(&f, bytes, (size_t) spool_file_size(&f), 0), at = 64;
    spool_file_close(&f);
    assert_int_equal(spool_header_decode(bytes, n, &head), 0);
    buf_add(&out, str_n(bytes, 64));
    uint64_t shift = 0;
    while (at < n) {
        struct spool_frame frame;
        assert_int_equal(spool_frame_decode(bytes + at, n - at, spool_frame_seed(&head), &frame), 1);
        at += frame.size;
        if (frame.type != SPOOL_MARK && frame.rec.pos.n == drop) {
            shift = 1;
            continue;
        }
        if (frame.type != SPOOL_MARK && frame.rec.pos.n == change)
            ((char *) (uintptr_t) frame.rec.bytes.p)[0] ^= 1;
        frame.rec.pos.n -= shift;
        assert_int_equal(
            spool_frame_encode(&out, spool_frame_seed(&head), frame.type, &frame.rec), 0);
    }
    write_file(dir, "forged", buf_str(&out));
    char forged[300];
    snprintf(forged, sizeof forged, "%s/forged", dir);
    struct spool_file plain = spool_file_plain(open(forged, O_RDONLY | O_CLOEXEC));
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(spool_file_compress(&plain, fd, 3, SPOOL_PIECE_BYTES_MAX), 0);
    close(fd);
    spool_file_close(&plain);
    assert_int_equal(unlink(forged), 0);
    buf_done(&out);
    arena_done(&a);
}

static void a_rewritten_record_is_placed(void **state) {
    spool_close(fill(*state));
    assert_true(seal_all(*state) > 5);
    rewrite(*state, "00000003.seg.zst", 1000, 0);
    struct said s = verify(*state, STR_NULL);
    assert_one(s, SPOOL_REPACKED, 3);
    struct spool_fault f = assert_one(s, SPOOL_CHANGED, 3);
    assert_int_equal(s.all.faults, 2);
    assert_true(f.from <= 1000 && 1000 < f.to && f.to - f.from <= 256);
}

static void a_removed_record_is_placed(void **state) {
    spool_close(fill(*state));
    assert_true(seal_all(*state) > 5);
    rewrite(*state, "00000003.seg.zst", 0, 1000);
    struct said s = verify(*state, STR_NULL);
    assert_true(s.all.faults >= 1);
    struct spool_fault f = assert_one(s, SPOOL_CHANGED, 0);
    assert_true(f.from <= 1000 && 1000 < f.to);
}

static void swapped_and_missing_segments_are_named(void **state) {
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    spool_close(fill(*state));
    assert_true(seal_all(*state) > 5);
    struct str two = file_at(&a, *state, "00000002.seg.zst"),
               three = file_at(&a, *state, "00000003.seg.zst");
    write_file(*state, "00000002.seg.zst", three);
    write_file(*state, "00000003.seg.zst", two);
    struct said s = verify(*state, STR_NULL);
    assert_one(s, SPOOL_FOREIGN, 2);
    assert_one(s, SPOOL_FOREIGN, 3);
    write_file(*state, "00000002.seg.zst", two);
    char path[300];
    snprintf(path, sizeof path, "%s/00000003.seg.zst", (char *) *state);
    assert_int_equal(unlink(path), 0);
    s = verify(*state, STR_NULL);
    assert_int_equal(s.all.faults, 2); /* the file, and the records that were in it */
    assert_one(s, SPOOL_MISSING, 3);
    assert_one(s, SPOOL_MISSING, 4);
    write_file(*state, "00000003.seg.zst", three);
    assert_int_equal(verify(*state, STR_NULL).all.faults, 0);
    arena_done(&a);
}

/* All that came after a segment is removed, checkpoints too: only a checkpoint kept elsewhere knows. */
static void a_cut_tail_is_known_elsewhere(void **state) {
    struct arena a;
    char path[300];
    arena_init(&a, (size_t) 64 << 20);
    spool_close(fill(*state));
    assert_true(seal_all(*state) > 5);
    struct said s = verify(*state, STR_NULL);
    uint32_t newest = s.all.newest.segment, segments = s.all.segments;
    uint64_t size = s.all.newest.size;
    snprintf(path, sizeof path, "%08u.checkpoint", newest);
    struct str elsewhere = file_at(&a, *state, path);
    for (uint32_t i = 3; i <= segments; i++) {
        static const char *const ends[] = {"seg", "seg.zst", "checkpoint"};
        for (size_t k = 0; k < ARRAY_SIZE(ends); k++) {
            snprintf(path, sizeof path, "%s/%08u.%s", (char *) *state, i, ends[k]);
            (void) unlink(path);
        }
    }
    assert_int_equal(verify(*state, STR_NULL).all.faults, 0);
    s = verify(*state, elsewhere);
    assert_one(s, SPOOL_CUT, 0);
    assert_int_equal(s.at[0].to, size + 1);
    assert_int_equal(s.all.faults, 1);
    arena_done(&a);
}

static void forged_checkpoints_are_refused(void **state) {
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    spool_close(fill(*state));
    assert_true(seal_all(*state) > 5);
    struct str c = file_at(&a, *state, "00000002.checkpoint");
    char *p = arena_alloc(&a, c.n);
    memcpy(p, c.p, c.n);
    ptrdiff_t at = str_find(c, STR("segment 2"), 0);
    assert_true(at > 0);
    p[at + 8] = '3';
    write_file(*state, "00000002.checkpoint", str_n(p, c.n));
    struct said s = verify(*state, STR_NULL);
    assert_one(s, SPOOL_BAD_CHECKPOINT, 2);
    assert_one(s, SPOOL_NO_CHECKPOINT, 2);
    write_file(*state, "00000002.checkpoint", c);
    /* another key: nothing it says counts */
    struct sign_public mine = pub;
    char path[300];
    snprintf(path, sizeof path, "%s/key", (char *) *state);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/key.pub", (char *) *state);
    assert_int_equal(unlink(path), 0);
    open_key(*state);
    assert_memory_not_equal(&mine, &pub, sizeof pub);
    assert_one(verify(*state, STR_NULL), SPOOL_BAD_CHECKPOINT, 1);
    struct spool_seal_options o = {.key = &key, .pub = &pub};
    struct spool_sealer *sealer = NULL;
    assert_int_equal(spool_sealer_open(*state, &o, &sealer, NULL), -ERR_REFUSED);
    arena_done(&a);
}

/* Damage that was there when a segment was sealed is a loss, not a broken seal; the same damage later is. */
static void earlier_loss_is_told_apart(void **state) {
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    spool_close(fill(*state));
    struct str two = file_at(&a, *state, "00000002.seg");
    char *p = arena_alloc(&a, two.n);
    memcpy(p, two.p, two.n);
    p[two.n / 2] ^= 1;
    write_file(*state, "00000002.seg", str_n(p, two.n));
    assert_true(seal_all(*state) > 5);
    struct said s = verify(*state, STR_NULL);
    assert_int_equal(s.all.faults, 0);
    assert_int_equal(s.n, 1);
    assert_one(s, SPOOL_LOST, 2);
    assert_true(s.at[0].to > s.at[0].from && s.at[0].to_at > s.at[0].from_at);
    /* nothing is sealed twice, and going on from there works */
    assert_int_equal(seal_all(*state), 0);
    arena_done(&a);
}

/* What a sealer killed between two steps leaves behind. */
static void goes_on_after_each_step(void **state) {
    struct arena a;
    char path[300];
    arena_init(&a, (size_t) 64 << 20);
    struct spool *w = fill(*state);
    struct str one = file_at(&a, *state, "00000001.seg");
    struct spool_sealer *s = open_sealer(*state);
    struct spool_sealed done;
    assert_int_equal(spool_sealer_step(s, &done, NULL), 1);
    assert_true(done.packed_bytes < done.bytes && done.checkpoint.segment == 1);
    spool_sealer_close(s);
    /* killed before the plain one was removed */
    write_file(*state, "00000001.seg", one);
    s = open_sealer(*state);
    assert_int_equal(spool_sealer_step(s, &done, NULL), 1);
    assert_int_equal(done.checkpoint.segment, 1);
    assert_int_equal(spool_sealer_step(s, &done, NULL), 1);
    assert_int_equal(done.checkpoint.segment, 2);
    spool_sealer_close(s);
    /* killed while packing: a torn temporary file; and nodes were written that no checkpoint covers yet */
    write_file(*state, "sealed.tmp", STR("torn"));
    struct str tree = file_at(&a, *state, "tree");
    char *longer = arena_alloc(&a, tree.n + 77);
    memcpy(longer, tree.p, tree.n);
    memset(longer + tree.n, 7, 77);
    write_file(*state, "tree", str_n(longer, tree.n + 77));
    assert_true(seal_all(*state) > 4);
    assert_int_equal(verify(*state, STR_NULL).all.faults, 0);
    assert_all_lines(*state, LINES - 1);
    /* a tree that does not fit what was sealed stops the sealer aloud */
    tree = file_at(&a, *state, "tree");
    memcpy(longer = arena_alloc(&a, tree.n), tree.p, tree.n);
    longer[tree.n - 1] ^= 1;
    write_file(*state, "tree", str_n(longer, tree.n));
    struct spool_seal_options o = {.key = &key, .pub = &pub};
    struct diag d = {0};
    assert_int_equal(spool_sealer_open(*state, &o, &s, &d), -ERR_CORRUPT);
    assert_non_null(strstr(d.text, "kizuki verify"));
    assert_one(verify(*state, STR_NULL), SPOOL_BAD_TREE, 0);
    /* two at once are refused */
    write_file(*state, "tree", tree);
    s = open_sealer(*state);
    struct spool_sealer *second = NULL;
    assert_int_equal(spool_sealer_open(*state, &o, &second, NULL), -EBUSY);
    spool_sealer_close(s);
    spool_close(w);
    snprintf(path, sizeof path, "%s/00000001.seg", (char *) *state);
    assert_int_equal(access(path, F_OK), -1);
    arena_done(&a);
}

static int one_round(void *ctx) {
    struct spool_seal_options o = {.key = &key, .pub = &pub, .clock.now_ns = test_clock_now};
    struct spool_sealer *s = NULL;
    struct spool_sealed done;
    struct spool_verified all;
    struct said said = {0};
    struct spool_verify_options v = {.key = &pub, .fault = on_fault, .ctx = &said};
    int r = spool_sealer_open(ctx, &o, &s, NULL);
    if (r == 0)
        r = spool_sealer_step(s, &done, NULL);
    spool_sealer_close(s);
    if (r < 0)
        return r;
    r = spool_verify(ctx, &v, &all, NULL);
    return r;
}

static void survives_the_end_of_memory(void **state) {
    spool_close(fill(*state));
    assert_true(torture(one_round, *state) > 10);
    assert_true(seal_all(*state) >= 0);
    assert_int_equal(verify(*state, STR_NULL).all.faults, 0);
    assert_all_lines(*state, LINES - 1);
}

UNIT_GROUP(spool_seal, folder_test(sealed_is_read_like_plain), folder_test(pieces_of_any_size_are_read), folder_test(readers_do_not_notice),
           folder_test(a_flipped_bit_is_named), folder_test(a_rewritten_record_is_placed),
           folder_test(a_removed_record_is_placed),
           folder_test(swapped_and_missing_segments_are_named),
           folder_test(a_cut_tail_is_known_elsewhere), folder_test(forged_checkpoints_are_refused),
           folder_test(earlier_loss_is_told_apart), folder_test(goes_on_after_each_step),
           folder_test(survives_the_end_of_memory))

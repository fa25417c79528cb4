#include "unit.h"

#include "base/image.h"
#include "base/mem.h"

#include <sys/stat.h>
#include <unistd.h>

struct thing {
    uint64_t u;
    int64_t i;
    uint32_t w;
    bool b;
    double d;
    size_t n;
    char raw[3];
    struct str s;
};
static void thing(struct image *x, struct thing *t) {
    image_u64(x, &t->u);
    image_i64(x, &t->i);
    image_u32(x, &t->w);
    image_bool(x, &t->b);
    image_double(x, &t->d);
    image_size(x, &t->n, 1000);
    image_raw(x, t->raw, sizeof t->raw);
    image_str(x, &t->s, 8);
}

static const struct thing things[] = {
    {0},
    {UINT64_MAX, INT64_MIN, UINT32_MAX, true, -0.5, 1000, "abc", {"12345678", 8}},
    {127, INT64_MAX, 128, false, 1e300, 1, "xyz", {"a", 1}},
    {(uint64_t) 1 << 63, -1, 1, true, 0, 0, "", {"", 0}},
};

static int gather(void *ctx, struct str bytes) {
    buf_add(ctx, bytes);
    return buf_error(ctx);
}

static void comes_back_as_it_was(void **state UNUSED) {
    struct image x;
    struct buf b;
    buf_init(&b, 1 << 20);
    image_write(&x, gather, &b, 1 << 20);
    for (size_t i = 0; i < ARRAY_SIZE(things); i++) {
        struct thing t = things[i];
        thing(&x, &t);
        assert_memory_equal(&t, &things[i], sizeof t); /* writing changes nothing */
    }
    assert_int_equal(image_end(&x), 0);
    image_done(&x);
    image_read(&x, buf_str(&b));
    for (size_t i = 0; i < ARRAY_SIZE(things); i++) {
        struct thing t = {.u = 9, .b = true, .n = 7}, want = things[i];
        thing(&x, &t);
        assert_true(str_eq(t.s, want.s));
        t.s = want.s;
        assert_true(t.u == want.u && t.i == want.i && t.w == want.w && t.b == want.b &&
                    t.n == want.n);
        assert_memory_equal(&t.d, &want.d, sizeof t.d);
        assert_memory_equal(t.raw, want.raw, sizeof t.raw);
    }
    assert_int_equal(image_left(&x), 0);
    assert_int_equal(image_end(&x), 0);
    buf_done(&b);
}

static void read_one(struct str bytes, void (*one)(struct image *x), int want) {
    struct image x;
    image_read(&x, bytes);
    one(&x);
    assert_int_equal(image_end(&x), want);
}
static void a_u64(struct image *x) {
    uint64_t v = 5;
    image_u64(x, &v);
    if (x->error)
        assert_int_equal(v, 0);
}
static void a_u32(struct image *x) {
    uint32_t v;
    image_u32(x, &v);
}
static void a_bool(struct image *x) {
    bool v;
    image_bool(x, &v);
}
static void a_count(struct image *x) {
    uint32_t v;
    image_count(x, &v, 3);
}
static void a_str(struct image *x) {
    struct str s = STR_NULL;
    image_str(x, &s, 100);
    if (x->error)
        assert_int_equal(s.n, 0);
}

static void what_cannot_have_been_written_is_refused(void **state UNUSED) {
    read_one(STR(""), a_u64, -ERR_CORRUPT);
    read_one(STR("\x80"), a_u64, -ERR_CORRUPT);
    read_one(STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), a_u64, 0);
    read_one(STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), a_u64, -ERR_CORRUPT); /* 2^64 */
    read_one(STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x01"), a_u64, -ERR_CORRUPT);
    read_one(STR("\x01\x01"), a_u64, -ERR_CORRUPT); /* something left */
    read_one(STR("\x80\x80\x80\x80\x10"), a_u32, -ERR_CORRUPT);
    read_one(STR("\x02"), a_bool, -ERR_CORRUPT);
    read_one(STR("\x03"), a_count, 0);
    read_one(STR("\x04"), a_count, -ERR_CORRUPT);
    read_one(STR("\x02"
                 "a"),
             a_str, -ERR_CORRUPT);
    read_one(STR("\x02"
                 "ab"),
             a_str, 0);
}

static int full_disk(void *ctx UNUSED, struct str bytes UNUSED) {
    return -ENOSPC;
}
static void the_sinks_refusal_is_the_images(void **state UNUSED) {
    struct image x;
    uint64_t v = 1;
    image_write(&x, full_disk, NULL, 1 << 20);
    for (int i = 0; i < 1000000; i++)
        image_u64(&x, &v);
    assert_int_equal(image_end(&x), -ENOSPC);
    image_done(&x);
}

struct many {
    uint64_t n, sum;
    int code;
};
static void many(void *ctx, struct image *x) {
    struct many *m = ctx;
    image_u64(x, &m->n);
    m->sum = 0;
    for (uint64_t i = 0; i < m->n && !x->error; i++) {
        uint64_t v = i * i;
        image_u64(x, &v);
        m->sum += v;
    }
    if (m->code)
        image_fail(x, m->code);
}

static void a_file_is_whole_or_refused(void **state UNUSED) {
    char dir[] = "/tmp/kizuki-image-XXXXXX", path[64];
    struct many out = {.n = 300000}, in = {0}, bad = {.n = 5, .code = -ENOMEM};
    struct diag d;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/x", dir);
    assert_int_equal(image_file_read(path, many, &in, &d), -ENOENT);
    assert_int_equal(image_file_write(path, many, &out, &d), 0);
    assert_int_equal(image_file_read(path, many, &in, &d), 0);
    assert_true(in.n == out.n && in.sum == out.sum);
    assert_int_equal(image_file_write(path, many, &bad, &d), -ENOMEM);
    in.n = 0;
    assert_int_equal(image_file_read(path, many, &in, &d), 0); /* still the one before */
    assert_int_equal(in.n, out.n);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    off_t cuts[] = {st.st_size - 1, st.st_size / 2, 21, 19, 0};
    for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
        in.sum = 7;
        assert_int_equal(truncate(path, cuts[i]), 0);
        assert_int_equal(image_file_read(path, many, &in, &d), -ERR_CORRUPT);
        assert_int_equal(in.sum, 7); /* nothing of it was looked at */
    }
    unlink(path);
    rmdir(dir);
}

UNIT_GROUP(base_image, cmocka_unit_test(a_file_is_whole_or_refused),
           cmocka_unit_test(comes_back_as_it_was),
           cmocka_unit_test(what_cannot_have_been_written_is_refused),
           cmocka_unit_test(the_sinks_refusal_is_the_images))

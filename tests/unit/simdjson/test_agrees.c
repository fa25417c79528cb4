/* json_walk against simdjson, which was written by others: the same texts are JSON, and the same
 * leaves stand in them, under every code this processor runs. Texts are the JSON test suite,
 * Windows events, and these with bytes changed, taken out and doubled.
 *
 * Where the two differ on purpose is counted: simdjson refuses numbers no double or 64-bit integer
 * holds (ours stay text) and lone surrogates (ours read as U+FFFD); ours refuses more than 64
 * levels. */
#include "testdata.h"

#include "base/json.h"
#include "base/json_index.h"
#include "base/mem.h"
#include "intake/reader.h"

typedef void yard_leaf(void *ctx, const char *path, size_t n_path, char kind, const char *text,
                       size_t n);
int yard_walk(const char *p, size_t n, yard_leaf *leaf, void *ctx);
const char *yard_error(int code);
int yard_is_about_numbers(int code);
int yard_is_about_strings(int code);

static struct { unsigned alike, refused, on_purpose; } seen;

/* Leaves as one text; a number as the value it has. */
static void add(struct buf *b, struct str path, char kind, struct str text) {
    buf_add(b, path);
    buf_add_byte(b, kind);
    buf_add(b, text);
    buf_add_byte(b, '\n');
}
static void theirs(void *ctx, const char *path, size_t n_path, char kind, const char *text,
                   size_t n) {
    char z[64];
    int64_t i;
    uint64_t u;
    double d;
    struct str value = str_n(text, n);
    memcpy(&i, text, kind == 'i' ? 8 : 0);
    memcpy(&u, text, kind == 'u' ? 8 : 0);
    memcpy(&d, text, kind == 'd' ? 8 : 0);
    if (kind == 'i')
        value = str_n(z, (size_t) snprintf(z, sizeof z, "%.17g", (double) i));
    else if (kind == 'u')
        value = str_n(z, (size_t) snprintf(z, sizeof z, "%.17g", (double) u));
    else if (kind == 'd')
        value = str_n(z, (size_t) snprintf(z, sizeof z, "%.17g", d));
    bool number = kind == 'i' || kind == 'u' || kind == 'd';
    if (number && str_eq_z(value, "-0"))
        value = STR("0");
    add(ctx, str_n(path, n_path), number ? 'n' : kind, value);
}
static int ours(void *ctx, struct str path, enum json_type type, struct str text) {
    char z[64], *copy;
    struct str value = text;
    if (type == JSON_NUMBER) {
        copy = str_dup(text);
        assert_non_null(copy);
        value = str_n(z, (size_t) snprintf(z, sizeof z, "%.17g", strtod(copy, NULL)));
        mem_free(copy);
        if (str_eq_z(value, "-0"))
            value = STR("0");
    }
    add(ctx, path,
        type == JSON_STRING   ? 's'
        : type == JSON_NUMBER ? 'n'
        : type >= JSON_ARRAY  ? 'e'
                              : 'w',
        value);
    return 0;
}

static void compare(struct str text, const char *name) {
    static const char *const codes[] = {"avx512", "avx2", "sse2", "plain"};
    struct buf a, b;
    struct arena arena;
    struct diag d = {0};
    buf_init(&a, (size_t) 64 << 20);
    arena_init(&arena, (size_t) 64 << 20);
    int they = yard_walk(text.p, text.n, theirs, &a);
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (!json_index_use(codes[i]))
            continue;
        buf_init(&b, (size_t) 64 << 20);
        int we = json_walk(&arena, text, NULL, ours, &b, &d);
        if ((they && we == 0 && (yard_is_about_numbers(they) || yard_is_about_strings(they))) ||
            we == -ERR_LIMIT) {
            seen.on_purpose++;
        } else if ((they == 0) != (we == 0) || (we == 0 && !str_eq(buf_str(&a), buf_str(&b)))) {
            print_error("%s, %s: simdjson says '%s', we say '%s'\n%.*s\n", name, codes[i],
                        yard_error(they), we ? d.text : "fine", (int) MIN(text.n, (size_t) 2000),
                        text.p);
            fail();
        } else {
            seen.alike++;
            seen.refused += we != 0;
        }
        buf_done(&b);
    }
    buf_done(&a);
    arena_done(&arena);
}

static uint64_t seed = 3;
static size_t next_random(size_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t) (seed >> 33) % below;
}

/* The text with one byte changed, taken out, or a piece doubled. */
static void compare_changed(struct str text, const char *name) {
    static const char bytes[] = "\"\\{}[]:,0e-.tn u\x01\n\x80\xc3\xff/";
    char *copy = malloc(text.n * 2 + 1);
    assert_non_null(copy);
    size_t at = next_random(text.n), n = text.n, more;
    memcpy(copy, text.p, text.n);
    switch (next_random(3)) {
    case 0:
        copy[at] = bytes[next_random(sizeof bytes - 1)];
        break;
    case 1:
        memmove(copy + at, copy + at + 1, n - at - 1);
        n--;
        break;
    default:
        more = next_random(20);
        more = MIN(more, n - at);
        memmove(copy + at + more, copy + at, n - at);
        n += more;
        break;
    }
    compare(str_n(copy, n), name);
    free(copy);
}

static void suite_file(const char *name, struct str text, void *ctx UNUSED) {
    compare(text, name);
    for (int i = 0; i < 20 && text.n && text.n < 10000; i++)
        compare_changed(text, name);
}

static void events_of(const char *file, unsigned every) {
    char path[PATH_MAX];
    struct intake_reader_options o = {.arrival_ns = 1};
    struct intake_reader *r;
    struct intake_batch b;
    struct diag d;
    uint64_t n = 0;
    snprintf(path, sizeof path, "%s/events/%s", testdata_or_skip(), file);
    assert_int_equal(intake_reader_open(path, &o, &r, &d), 0);
    intake_batch_init(&b);
    while (intake_reader_next(r, &b, &d) > 0)
        for (size_t i = 0; i < b.n; i++) {
            if (n++ % every)
                continue;
            compare(b.records[i].bytes, file);
            for (int k = 0; k < 4; k++)
                compare_changed(b.records[i].bytes, file);
        }
    assert_true(n > 2000);
    intake_batch_done(&b);
    intake_reader_free(r);
}

static void says_what_simdjson_says(void **state UNUSED) {
    char dir[PATH_MAX];
    const char *usual = json_index_code();
    snprintf(dir, sizeof dir, "%s/json-test-suite/test_parsing", testdata_or_skip());
    assert_true(testdata_each(dir, suite_file, NULL) > 300);
    events_of("windows-40k.ndjson.zst", 20);
    events_of("process-creation-2410.ndjson.zst", 2);
    print_message("# alike %u, of these %u refused by both; %u differ on purpose\n", seen.alike,
                  seen.refused, seen.on_purpose);
    assert_true(seen.alike > 20000 && seen.refused > 5000);
    assert_true(json_index_use(usual));
}

UNIT_GROUP(json_simdjson, cmocka_unit_test(says_what_simdjson_says))
int unit_json_simdjson(void);
UNIT_MAIN(unit_json_simdjson)

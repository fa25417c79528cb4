/* Every code this processor can run finds the same, and what a byte-by-byte reader finds. */
#include "testdata.h"
#include "unit.h"

#include "base/json.h"
#include "base/json_cursor.h"
#include "base/utf8.h"

static const char *const codes[] = {"avx512", "avx2", "sse2", "plain"};
static const char *before;

static int keep_choice(void **state UNUSED) {
    before = json_index_code();
    return 0;
}
static int restore_choice(void **state UNUSED) {
    return json_index_use(before) ? 0 : -1;
}

/* Runs fn under every code there is here; says which is not. */
static void under_every_code(void fn(void *ctx), void *ctx) {
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (json_index_use(codes[i]))
            fn(ctx);
        else
            print_message("# %s: not on this processor\n", codes[i]);
    }
}

static uint64_t seed;
static uint32_t next_random(uint32_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (seed >> 33) % below;
}

/* A heap copy without a byte to spare, so that ASan sees a read past the end. */
static struct str tight(struct str s) {
    char *p = malloc(s.n ? s.n : 1);
    assert_non_null(p);
    memcpy(p, s.p, s.n);
    return str_n(p, s.n);
}

struct oracle {
    uint32_t at[8192], n;
    size_t bad_at;
};
static bool is_hex(struct str s, size_t i) {
    char c = i < s.n ? ascii_lower(s.p[i]) : 0;
    return ascii_digit(c) || (c >= 'a' && c <= 'f');
}
static void fault(struct oracle *o, size_t at, bool is) {
    if (is)
        o->bad_at = MIN(o->bad_at, at);
}
static void look_byte_by_byte(struct str s, struct oracle *o) {
    bool in_string = false;
    *o = (struct oracle){.bad_at = SIZE_MAX};
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char) s.p[i];
        unsigned n = utf8_length(s.p + i, s.p + s.n);
        fault(o, i, n == 0 || (in_string && c < 0x20));
        if (c == '\\' && i + 1 < s.n && (unsigned char) s.p[i + 1] < 0x80) {
            char e = s.p[i + 1];
            fault(o, i + 1, !e || !strchr("\"\\/bfnrtu", e));
            for (size_t k = 2; k < 6 && e == 'u'; k++)
                fault(o, i + 1, !is_hex(s, i + k));
            i += 2;
            continue;
        }
        fault(o, i + 1, c == '\\' && i + 1 < s.n);
        if (c == '"' && o->bad_at == SIZE_MAX)
            o->at[o->n++] = (uint32_t) i;
        in_string ^= c == '"';
        i += n ? n : 1;
    }
}

static void index_agrees(void *ctx) {
    struct str s = tight(*(struct str *) ctx);
    static struct oracle o;
    static struct json_index ix;
    uint32_t n = 0;
    look_byte_by_byte(s, &o);
    json_index_begin(&ix, s);
    do {
        for (uint32_t i = 0; i < ix.n; i++)
            assert_int_equal(ix.at[i], o.at[n + i]);
        for (size_t i = ix.from; i < ix.done; i++) {
            size_t bit = i - ix.from;
            assert_int_equal(ix.backslash[bit / 64] >> bit % 64 & 1, s.p[i] == '\\');
        }
        n += ix.n;
    } while (json_index_more(&ix, ix.n));
    assert_int_equal(ix.bad_at, o.bad_at);
    assert_int_equal(n, o.n);
    free((void *) (uintptr_t) s.p);
}

/* Texts of the bytes that matter, at lengths around the blocks. */
static void finds_quotes_and_faults_like_a_reader_of_bytes(void **state UNUSED) {
    static const char *const pieces[] = {"\"",
                                         "\\",
                                         "\\\\",
                                         "\\\"",
                                         "a",
                                         " ",
                                         "{",
                                         ":",
                                         "\\n",
                                         "\\u00e9",
                                         "\\u12",
                                         "\t",
                                         "\x01",
                                         "\\x",
                                         "\xc2\xae",
                                         "\xe3\x81\x82",
                                         "0123456789abcdef",
                                         "\\\\\\\\\\\\\\\\\\\\",
                                         "\x7f",
                                         "\xf0\x9f\x98\x80",
                                         "\xff",
                                         "\n"};
    char text[600];
    seed = 7;
    for (unsigned round = 0; round < 20000; round++) {
        size_t n = 0, want = next_random(260);
        /* few rounds with bad pieces, or all would be bad */
        uint32_t kinds = round % 4 == 0 ? ARRAY_SIZE(pieces) : 10;
        while (n < want) {
            const char *z = pieces[next_random(kinds)];
            if (kinds == 10 && z == pieces[1])
                continue;
            memcpy(text + n, z, strlen(z));
            n += strlen(z);
        }
        struct str s = str_n(text, n);
        under_every_code(index_agrees, &s);
    }
}

/* Longer than the index holds: it is looked at in parts. */
static void long_texts_come_in_parts(void **state UNUSED) {
    static char text[200000];
    seed = 11;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = next_random(40) ? 'x' : '"';
    struct str s = str_n(text, 150000);
    for (unsigned k = 0; k < 3; k++, s.n += 7777) {
        struct json_index ix;
        uint32_t n = 0;
        json_index_begin(&ix, s);
        assert_true(ix.done < s.n);
        do
            for (uint32_t i = 0; i < ix.n; i++, n++)
                assert_int_equal(text[ix.at[i]], '"');
        while (json_index_more(&ix, ix.n));
        uint32_t want = 0;
        for (size_t i = 0; i < s.n; i++)
            want += text[i] == '"';
        assert_int_equal(n, want);
    }
}

static bool utf8_by_sequence(struct str s) {
    for (size_t i = 0; i < s.n;) {
        unsigned n = utf8_length(s.p + i, s.p + s.n);
        if (!n)
            return false;
        i += n;
    }
    return true;
}
static void utf8_agrees(void *ctx) {
    char block[100];
    /* every sequence of up to four bytes of these, at places around the ends of blocks */
    static const unsigned char bytes[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                          0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
                                          0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff};
    const size_t *at = ctx;
    enum { N = ARRAY_SIZE(bytes) };
    for (uint32_t k = 0; k < N * N * N * N; k++) {
        memset(block, 'a', sizeof block);
        for (uint32_t i = 0, v = k; i < 4; i++, v /= N)
            block[*at + i] = (char) bytes[v % N];
        struct str s = str_n(block, k % 3 ? sizeof block : *at + 4);
        assert_int_equal(json_index_utf8(s), utf8_by_sequence(s));
    }
}
static void utf8_is_checked_like_the_rfc(void **state UNUSED) {
    static const size_t places[] = {29, 61};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        under_every_code(utf8_agrees, (void *) (uintptr_t) &places[i]);
}

struct walked {
    struct buf leaves;
};
static int note(void *ctx, struct str path, enum json_type type, struct str text) {
    struct buf *b = ctx;
    buf_add(b, path);
    buf_add_byte(b, (char) type);
    buf_add(b, text);
    buf_add_byte(b, '\n');
    return 0;
}

struct checked {
    const char *name;
    struct str text;
    struct buf first;
    bool any;
    int want;
};
/* json_parse and json_walk of one text agree, and the leaves are those of the code before. */
static void walk_agrees(void *ctx) {
    struct checked *c = ctx;
    struct arena a;
    struct buf b;
    struct diag d = {0};
    struct str s = tight(c->text);
    arena_init(&a, (size_t) 64 << 20);
    buf_init(&b, (size_t) 64 << 20);
    int r = json_walk(&a, s, NULL, note, &b, &d);
    if (r != c->want || (r < 0 && !strstr(d.text, " at byte "))) {
        print_error("%s: %d, wanted %d: %s (%s)\n", c->name, r, c->want, d.text, json_index_code());
        fail();
    }
    if (!c->any)
        buf_add(&c->first, buf_str(&b));
    else if (r == 0)
        assert_true(str_eq(buf_str(&c->first), buf_str(&b)));
    c->any = true;
    buf_done(&b);
    arena_done(&a);
    free((void *) (uintptr_t) s.p);
}
static void walk_text(const char *name, struct str text, void *ctx UNUSED) {
    struct checked c = {.name = name, .text = text};
    struct arena a;
    struct json_value *v;
    arena_init(&a, (size_t) 64 << 20);
    buf_init(&c.first, (size_t) 64 << 20);
    c.want = json_parse(&a, text, &v, NULL);
    under_every_code(walk_agrees, &c);
    buf_done(&c.first);
    arena_done(&a);
}
static void every_code_agrees_with_the_json_test_suite(void **state UNUSED) {
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s/json-test-suite/test_parsing", testdata_or_skip());
    assert_true(testdata_each(dir, walk_text, NULL) > 300);
}

/* One byte of a text with everything in it changed to each of these. */
static void one_wrong_byte_is_found_by_every_code(void **state UNUSED) {
    static const char text[] =
        "{\"a\\\\\":{\"b "
        "c\":[1,-2.5e+7,true,false,null,{},[]],\"\\u00e9\\\"\":\"x\\n\\ud83d\\ude00\\/\"},"
        "\"\xe3\x81\x82\":\"C:\\\\Windows\\\\System32\\\\\", \"z\" : [ {\"k\":\"v\"} , \"\" ] }";
    static const char wrong[] = "\"\\{}[]:, 0e-tnu\x01\n\x80\xe3\xff"
                                "a";
    char copy[sizeof text];
    walk_text("whole", STR(text), NULL);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        for (size_t k = 0; k < sizeof wrong - 1; k++) {
            memcpy(copy, text, sizeof text);
            copy[i] = wrong[k];
            walk_text(copy, str_n(copy, sizeof text - 1), NULL);
        }
        walk_text("cut", str_n(text, i), NULL);
    }
}

static void unescape_agrees(void *ctx) {
    struct str s = tight(*(struct str *) ctx);
    static struct str first, first_small;
    static char texts[2][1024];
    struct arena a;
    bool high, is_high = false;
    arena_init(&a, 1 << 20);
    struct str text = json_unescape(&a, s), small = json_unescape_lower(&a, s, &high);
    assert_int_equal(text.n, small.n);
    for (size_t i = 0; i < text.n; i++) {
        assert_int_equal(small.p[i], ascii_lower(text.p[i]));
        is_high |= (unsigned char) text.p[i] >= 0x80;
    }
    assert_int_equal(high, is_high);
    if (strcmp(json_index_code(), codes[0]) != 0 && first.p)
        assert_true(str_eq(text, first) && str_eq(small, first_small));
    memcpy(texts[0], text.p, text.n);
    memcpy(texts[1], small.p, small.n);
    first = str_n(texts[0], text.n);
    first_small = str_n(texts[1], small.n);
    if (strcmp(json_index_code(), "plain") == 0)
        first = STR_NULL; /* the next text */
    arena_done(&a);
    free((void *) (uintptr_t) s.p);
}
static void strings_mean_the_same_to_every_code(void **state UNUSED) {
    static const char *const pieces[] = {
        "a", "Z", "C:", "\\\\", "\\\"", "\\/", "0123456789abcdef", "\\n", "\\r", "\\t", "\\b", "\\f",
        "\\u00C9", "\xc3\x89"};
    static const uint32_t without[] = {7 /* letters behind a backslash */, 12 /* u */, ARRAY_SIZE(pieces)};
    char text[700];
    seed = 5;
    for (unsigned round = 0; round < 3000; round++) {
        size_t n = 0, want = next_random(300);
        uint32_t kinds = without[round % 3];
        while (n < want) {
            const char *z = pieces[next_random(kinds)];
            memcpy(text + n, z, strlen(z));
            n += strlen(z);
        }
        struct str s = str_n(text, n);
        under_every_code(unescape_agrees, &s);
    }
}

static void extents(void **state UNUSED) {
    static const struct {
        const char *text;
        size_t n;
    } rows[] = {
        {"", 0},           {"  ", 2},         {"{\"a\":\"}\\\"\"} x", 11},
        {" [1,[2]] 3", 8}, {"\"a\\\\\"b", 5}, {"12,", 2},
        {"true,", 4},      {"{", 1},          {"{\"", 2},
        {"}x", 0},         {"-", 1},          {"{\"\\", 3},
        {"[{]}]", 4},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct str s = tight(str_of(rows[i].text));
        assert_int_equal(json_extent(s), rows[i].n);
        free((void *) (uintptr_t) s.p);
    }
    assert_int_equal(json_extent((struct str){0}), 0);
}

#define KEEPING(f) cmocka_unit_test_setup_teardown(f, keep_choice, restore_choice)
UNIT_GROUP(base_json_index, KEEPING(finds_quotes_and_faults_like_a_reader_of_bytes),
           KEEPING(long_texts_come_in_parts), KEEPING(utf8_is_checked_like_the_rfc),
           KEEPING(every_code_agrees_with_the_json_test_suite),
           KEEPING(one_wrong_byte_is_found_by_every_code),
           KEEPING(strings_mean_the_same_to_every_code), cmocka_unit_test(extents))

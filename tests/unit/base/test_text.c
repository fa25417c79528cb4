#include "testdata.h"
#include "torture.h"
#include "unit.h"

#include "base/buf.h"
#include "base/text.h"
#include "base/utf8.h"

#include <iconv.h>

static struct arena arena;
static int arena_up(void **state UNUSED) {
    arena_init(&arena, (size_t) 256 << 20);
    return 0;
}
static int arena_down(void **state UNUSED) {
    arena_done(&arena);
    return 0;
}

/* UTF-8 to another encoding by the C library: the other side of the tables. .p NULL when it cannot.
 */
static struct str encode(struct str s, const char *to) {
    size_t cap = s.n * 4 + 16, left = s.n, room = cap;
    char *out = arena_alloc(&arena, cap), *op = out, *ip = (char *) (uintptr_t) s.p;
    iconv_t cd = iconv_open(to, "UTF-8");
    assert_true(cd != (iconv_t) -1);
    size_t r = iconv(cd, &ip, &left, &op, &room);
    if (r != (size_t) -1)
        r = iconv(cd, NULL, NULL, &op, &room);
    iconv_close(cd);
    return r == (size_t) -1 ? STR_NULL : str_n(out, cap - room);
}

static void assert_reads(struct str bytes, const char *want, enum text_encoding e, int hint) {
    enum text_encoding used;
    struct str got = text_to_utf8(&arena, bytes, hint, &used);
    if (!str_eq_z(got, want) || used != e) {
        print_error("'%.*s' (%s) is not '%s' (%s)\n", STR_ARG(got), text_encoding_to_string(used),
                    want, text_encoding_to_string(e));
        fail();
    }
}

/* Lines as they stand in logs: mixed with ASCII, short, kanji only, kana only, half-width. */
static const char *const sentences[] = {
    "認証に失敗しました",
    "2026-11-23 02:03:08 ログイン失敗 user=tanaka ip=192.0.2.1",
    "[エラー] データベースに接続できません (code=500)",
    "警告: ディスクの空き容量が少なくなっています。",
    "ユーザー「山田太郎」がログインしました",
    "東京都千代田区霞が関",
    "髙橋 﨑山 ①② ㈱ ～",
    "株式会社",
    "終了",
    "はい",
    "行動計画の給与明細を印刷",
    "パスワードが違います。残り３回",
    "ＡＢＣ全角",
    "業務システム起動完了",
    "重要情報漏洩",
    "障害発生",
    "氏名",
};

static void tells_japanese_encodings_apart(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
        struct str u = str_of(sentences[i]), b;
        assert_reads(u, u.p, TEXT_UTF8, -1);
        assert_reads(encode(u, "CP932"), u.p, TEXT_CP932, -1);
        b = encode(u, "EUC-JP-MS");
        if (i != 6) /* ① ㈱ lie elsewhere in EUC-JP-MS's plane; looked at below */
            assert_reads(b, u.p, TEXT_EUC_JP, -1);
        b = encode(u, "ISO-2022-JP");
        if (b.p)
            assert_reads(b, u.p, TEXT_ISO_2022_JP, -1);
        b = encode(u, "UTF-16LE");
        assert_reads(b, u.p, TEXT_UTF16LE, TEXT_UTF16LE);
        assert_reads(encode(u, "UTF-16BE"), u.p, TEXT_UTF16BE, TEXT_UTF16BE);
    }
}

static void short_pieces_are_told_apart_too(void **state UNUSED) {
    /* Every piece of 2 to 8 characters of every sentence: where it stands alone on a line, how
     * often is it read as what it was written in? */
    unsigned all[2] = {0}, good[2] = {0};
    static const char *const encodings[] = {"CP932", "EUC-JP-MS"};
    static const enum text_encoding want[] = {TEXT_CP932, TEXT_EUC_JP};
    for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
        struct str s = str_of(sentences[i]);
        for (size_t from = 0; from < s.n; from += utf8_length(s.p + from, s.p + s.n)) {
            size_t to = from;
            for (int k = 1; to < s.n && k <= 8; k++) {
                to += utf8_length(s.p + to, s.p + s.n);
                struct str piece = str_n(s.p + from, to - from);
                if (k < 2 || text_is_ascii(piece))
                    continue;
                for (int e = 0; e < 2; e++) {
                    enum text_encoding used;
                    struct str b = encode(piece, encodings[e]);
                    struct str got = text_to_utf8(&arena, b, -1, &used);
                    all[e]++;
                    good[e] += used == want[e] && str_eq(got, piece);
                }
            }
        }
    }
    print_message("# CP932 %u of %u, EUC-JP %u of %u\n", good[0], all[0], good[1], all[1]);
    assert_true(good[0] * 100 >= all[0] * 98);
    assert_true(good[1] * 100 >= all[1] * 95);
}

static void half_width_words_are_cp932(void **state UNUSED) {
    static const char *const words[] = {"ﾊﾟｽﾜｰﾄﾞ", "ｴﾗｰ",       "ﾃｽﾄ",         "ﾃﾞｰﾀﾍﾞｰｽ",
                                        "ﾀﾅｶ ﾀﾛｳ", "ｼｽﾃﾑ ｷﾄﾞｳ", "ﾛｸﾞｲﾝ ｼｯﾊﾟｲ", "ｶﾌﾞｼｷｶﾞｲｼｬ",
                                        "ﾕｰｻﾞｰ",   "ｻｰﾊﾞｰ"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        assert_reads(encode(str_of(words[i]), "CP932"), words[i], TEXT_CP932, -1);
}

/* The built-in tables say what the C library says, for every pair of bytes. */
static void tables_agree_with_iconv(void **state UNUSED) {
    iconv_t cd = iconv_open("UTF-8", "CP932");
    unsigned known = 0;
    for (unsigned a = 0x80; a < 0x100; a++)
        for (unsigned b = 0; b < 0x100; b++) {
            char in[2] = {(char) a, (char) b}, out[16], *ip = in, *op = out;
            size_t left = 2, room = sizeof out;
            enum text_encoding used;
            struct arena_mark m = arena_mark(&arena);
            iconv(cd, NULL, NULL, NULL, NULL);
            bool ok = iconv(cd, &ip, &left, &op, &room) != (size_t) -1 && left == 0;
            struct str got = text_to_utf8(&arena, str_n(in, 2), TEXT_CP932, &used);
            if (a == 0x80 || a == 0xa0 || a > 0xfc)
                ok = false; /* glibc gives C1 controls and private characters for these single bytes
                             */
            if (ok && b < 0x80 && a >= 0xa1 && a <= 0xdf)
                ok = true;
            if (used == TEXT_CP932) {
                if (!ok || !str_eq(got, str_n(out, sizeof out - room)))
                    fail_msg("%02x%02x", a, b);
                known++;
            } else if (ok) {
                fail_msg("%02x%02x is not read", a, b);
            }
            arena_rewind(&arena, m);
        }
    iconv_close(cd);
    assert_true(known > 15000);
}

static void every_byte_sequence_gives_valid_utf8(void **state UNUSED) {
    uint64_t x = 88172645463325252ull;
    for (int i = 0; i < 200000; i++) {
        char z[12];
        enum text_encoding used;
        struct arena_mark m = arena_mark(&arena);
        for (size_t k = 0; k < sizeof z; k++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            z[k] = (char) (x >> 32);
        }
        struct str s =
            text_to_utf8(&arena, str_n(z, (size_t) (x % 13)), (int) (x >> 20) % 9 - 1, &used);
        assert_non_null(s.p);
        assert_true(text_is_utf8(s));
        arena_rewind(&arena, m);
    }
}

static void broken_lines_stay_readable(void **state UNUSED) {
    assert_reads(STR("user=\xff\xfe ok"), "user=\xef\xbf\xbd\xef\xbf\xbd ok", TEXT_BROKEN, -1);
    assert_reads(STR("あ\xe3\x81"), "あ\xef\xbf\xbd\xef\xbf\xbd", TEXT_BROKEN, -1);
    /* Cut in the middle of a character of another encoding. */
    struct str s = encode(str_of("認証に失敗しました"), "CP932");
    assert_reads(str_to(s, s.n - 1), "認証に失敗しまし\xef\xbf\xbd", TEXT_BROKEN, -1);
}

static void ascii_and_utf8_are_not_copied(void **state UNUSED) {
    enum text_encoding used;
    struct str s = STR("plain\x1b[31m\0 text");
    assert_ptr_equal(text_to_utf8(&arena, s, -1, &used).p, s.p);
    assert_int_equal(used, TEXT_ASCII);
    assert_ptr_equal(text_to_utf8(&arena, s, TEXT_CP932, &used).p, s.p);
    assert_int_equal(used, TEXT_ASCII);
    s = STR("日本");
    assert_ptr_equal(text_to_utf8(&arena, s, -1, &used).p, s.p);
    assert_int_equal(used, TEXT_UTF8);
    assert_non_null(text_to_utf8(&arena, STR_NULL, -1, &used).p);
}

static void detects_utf16_by_mark_and_by_zeros(void **state UNUSED) {
    assert_reads(STR("\xff\xfe\x42\x30"), "あ", TEXT_UTF16LE, -1);
    assert_reads(STR("\xfe\xff\x30\x42"), "あ", TEXT_UTF16BE, -1);
    assert_reads(STR("a\0b\0c\0\x42\x30"), "abcあ", TEXT_UTF16LE, -1);
    assert_reads(STR("\0a\0b\0c\x30\x42"), "abcあ", TEXT_UTF16BE, -1);
    assert_reads(STR("\xff\xfe\x3d\xd8\x00\xde"), "\xf0\x9f\x98\x80", TEXT_UTF16LE, -1);
}

static void names_of_encodings(void **state UNUSED) {
    assert_int_equal(text_encoding_from_string(STR("Shift_JIS")), TEXT_CP932);
    assert_int_equal(text_encoding_from_string(STR("sjis")), TEXT_CP932);
    assert_int_equal(text_encoding_from_string(STR("EUC-JP")), TEXT_EUC_JP);
    assert_true(text_encoding_from_string(STR("broken")) < 0);
    assert_true(text_encoding_from_string(STR("klingon")) < 0);
    for (int e = 0; e < TEXT_BROKEN; e++)
        assert_int_equal(
            text_encoding_from_string(str_of(text_encoding_to_string((enum text_encoding) e))), e);
}

static void folds_width_case_and_compatibility(void **state UNUSED) {
    static const char *const rows[][2] = {
        {"Plain ASCII", "plain ascii"},
        {"ＡＢＣ１２３", "abc123"},
        {"ﾊﾟｽﾜｰﾄﾞ", "パスワード"},
        {"㈱", "(株)"},
        {"Straße", "strasse"},
        {"\xf0\x9d\x90\x80", "a"},
        {"①", "1"},
        {"が", "が"},
        {"か\xe3\x82\x99", "が"},
        {"\xff", "\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_str(text_fold(&arena, str_of(rows[i][0])), rows[i][1]);
    struct str same = STR("nothing to do");
    assert_ptr_equal(text_fold(&arena, same).p, same.p);
}

/* Rows of equal writings; what stands in one row is found by each other of it, and by no other row. */
static void folds_writings_of_one_thing(void **state UNUSED) {
    static const char *const rows[][4] = {
        {"行動計画", "⾏動計画"},              /* a Kangxi radical, as the survey's own file has it */
        {"成長", "成⻑"},                      /* a radical that NFKC leaves alone */
        {"ウィルス対策", "ウイルス対策", "ｳｲﾙｽ対策", "ヴィールス対策"},
        {"サーバの改ざん", "サーバーの改竄", "ｻｰﾊﾞｰの改ざん"},
        {"SoC", "SOC", "ＳｏＣ", "soc"},
        {"ファイアウォール", "ファイヤーウォール", "ﾌｧｲﾔｰｳｫｰﾙ"},
        {"髙橋", "高橋"},
        {"192.0.2.1−3", "192.0.2.1-3", "１９２．０．２．１‐３"},
        {"サーバーー", "サーバ"}, /* replaced again until nothing is left to replace */
        {"取り扱い", "取扱"},
        {"サバ"},
        {"ビル"},
        {"ビール"},
    };
    struct str all[ARRAY_SIZE(rows)];
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        all[i] = text_fold(&arena, str_of(rows[i][0]));
        for (size_t k = 1; k < ARRAY_SIZE(rows[i]) && rows[i][k]; k++)
            assert_true(str_eq(text_fold(&arena, str_of(rows[i][k])), all[i]));
        for (size_t k = 0; k < i; k++)
            assert_false(str_eq(all[k], all[i]));
    }
    assert_str(text_normal(&arena, STR("サーバー")), "サーバー");
}

/* The short way gives what the long way gives. A character the short way does not know is put behind, and its own
 * form taken off again: what joins the character before it would show. */
static void the_short_way_is_the_long_way(void **state UNUSED) {
    static const char other[] = "\u00e9"; /* its own normal form, and not known to the short way */
    for (uint32_t c = 0x80; c < 0x10000; c++) {
        char z[16] = "aK";
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        struct arena_mark m = arena_mark(&arena);
        size_t n = 2 + utf8_encode(c, z + 2);
        z[n++] = 'Z';
        n += utf8_encode(c, z + n);
        memcpy(z + n, other, 2);
        struct str quick = text_normal(&arena, str_n(z, n)), slow = text_normal(&arena, str_n(z, n + 2));
        if (!str_eq(quick, str_to(slow, slow.n - 2)))
            fail_msg("U+%04X", c);
        arena_rewind(&arena, m);
    }
}

/* Where letters with case and compatibility forms stand, each; elsewhere (CJK, private use) some.
 */
static uint32_t next_code_point(uint32_t c) {
    bool dense = c < 0x3400 || (c >= 0xa640 && c < 0xac00) || (c >= 0xf900 && c < 0x11000) ||
                 (c >= 0x1d400 && c < 0x1f200) || (c >= 0x2f800 && c < 0x2fa20);
    return c + (dense ? 1 : 61);
}

static void lowering_changes_letters_only(void **state UNUSED) {
    static const char *const rows[][2] = {
        {"ABC xyz", "abc xyz"},
        {"ÄRGER Привет", "ärger привет"},
        {"ＡＢＣ", "ａｂｃ"},
        {"xˣˢ①", "xˣˢ①"},
        {"ȺȺ", "ⱥⱥ"},
        {"\xff\xc3"
         "A",
         "\xff\xc3"
         "a"},
        {"行動計画", "行動計画"},
        {"\xe2\x84\xaa\xc4\xb0", "\xe2\x84\xaa\xc4\xb0"}, /* a letter beyond ASCII stays there */
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_str(text_lower(&arena, str_of(rows[i][0])), rows[i][1]);
}

static void folding_twice_is_folding_once(void **state UNUSED) {
    for (uint32_t c = 0x80; c < 0x110000; c = next_code_point(c)) {
        char z[8] = "k";
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        struct arena_mark m = arena_mark(&arena);
        size_t n = 1 + utf8_encode(c, z + 1);
        struct str once = text_fold(&arena, str_n(z, n)), twice = text_fold(&arena, once);
        if (!str_eq(once, twice))
            fail_msg("U+%04X", c);
        arena_rewind(&arena, m);
    }
}

static void measures_columns(void **state UNUSED) {
    assert_int_equal(text_width(STR("abc")), 3);
    assert_int_equal(text_width(STR("日本")), 4);
    assert_int_equal(text_width(STR("ﾊﾟ")), 2);
    assert_int_equal(text_width(STR("か\xe3\x82\x99")), 2);
    assert_int_equal(text_width(STR("a\0\n")), 1);
    assert_int_equal(text_width(STR("\xff\xff")), 2);
}

static void wide_line(struct str line, unsigned *seen, unsigned *narrow) {
    char z[4];
    if (line.n == 0 || line.p[0] == '#' || line.n < 6)
        return;
    unsigned long from = strtoul(line.p, NULL, 16), to = from;
    ptrdiff_t semi = str_find_byte(line, ';', 0), dots = str_find(line, STR(".."), 0);
    if (semi < 0 || semi + 1 >= (ptrdiff_t) line.n)
        return;
    if (dots > 0 && dots < semi)
        to = strtoul(line.p + dots + 2, NULL, 16);
    char kind = *str_trim(str_from(line, (size_t) semi + 1)).p;
    for (unsigned long c = from; c <= to && (kind == 'W' || kind == 'F');
         c += 1 + (to - from) / 8) {
        unsigned n = utf8_encode((uint32_t) c, z);
        (*seen)++;
        narrow[0] += text_width(str_n(z, n)) == 1;
    }
}

static void wide_is_what_unicode_calls_wide(void **state UNUSED) {
    char path[PATH_MAX];
    struct str text, line;
    unsigned seen = 0, narrow = 0;
    snprintf(path, sizeof path, "%s/unicode/EastAsianWidth.txt", testdata_or_skip());
    assert_int_equal(file_read(&arena, path, 8 << 20, &text, NULL), 0);
    while (str_split(&text, '\n', &line))
        wide_line(line, &seen, &narrow);
    /* The library is a version or two of Unicode behind the file: its newest emoji are narrow. */
    assert_true(seen > 500);
    assert_true(narrow * 50 < seen);
}

static void escapes_what_could_deceive_a_terminal(void **state UNUSED) {
    struct buf b;
    buf_init(&b, 1000);
    text_escape_controls(&b, STR("a\x1b[31m\n\t\0\x7f日本\xc2\x9b\xe2\x80\xae\xff"
                                 "b"));
    assert_str(buf_str(&b), "a\\x1b[31m\\x0a\\x09\\x00\\x7f日本\\u{009b}\\u{202e}\\xffb");
    buf_clear(&b);
    text_escape_controls(&b, STR_NULL);
    assert_int_equal(b.n, 0);
    buf_done(&b);
}

/* Pieces that are a guess where nothing is known of who writes are none where it is. */
static void who_usually_writes_one_is_read_so(void **state UNUSED) {
    static const char *const encodings[] = {"CP932", "EUC-JP-MS"};
    static const enum text_encoding want[] = {TEXT_CP932, TEXT_EUC_JP};
    unsigned guessed_wrong = 0;
    for (size_t i = 0; i < ARRAY_SIZE(sentences); i++)
        for (size_t e = 0; e < 2; e++)
            for (size_t from = 0, n = 3; from + n <= strlen(sentences[i]); from++) {
                struct str piece = str_n(sentences[i] + from, n);
                struct str b = text_is_utf8(piece) && !text_is_ascii(piece) ? encode(piece, encodings[e]) : STR_NULL;
                if (!b.p || text_is_utf8(b) || text_detect(b) == TEXT_UTF16LE || text_detect(b) == TEXT_UTF16BE)
                    continue;
                guessed_wrong += text_detect(b) != want[e];
                assert_int_equal(text_detect_usual(b, (int) want[e]), want[e]);
            }
    assert_true(guessed_wrong > 0);
    assert_int_equal(text_detect_usual(STR("\xe5\xb1\xb1"), TEXT_CP932), TEXT_UTF8);
    assert_int_equal(text_detect_usual(STR("\x95\x5c"), TEXT_EUC_JP), TEXT_CP932); /* cannot be the usual one */
    assert_int_equal(text_detect_usual(STR("abc"), TEXT_CP932), TEXT_ASCII);
}

#define WITH_ARENA(f) cmocka_unit_test_setup_teardown(f, arena_up, arena_down)
UNIT_GROUP(base_text, WITH_ARENA(tells_japanese_encodings_apart),
           WITH_ARENA(short_pieces_are_told_apart_too), WITH_ARENA(who_usually_writes_one_is_read_so), WITH_ARENA(half_width_words_are_cp932),
           WITH_ARENA(tables_agree_with_iconv), WITH_ARENA(every_byte_sequence_gives_valid_utf8),
           WITH_ARENA(broken_lines_stay_readable), WITH_ARENA(ascii_and_utf8_are_not_copied),
           WITH_ARENA(detects_utf16_by_mark_and_by_zeros), WITH_ARENA(names_of_encodings),
           WITH_ARENA(folds_width_case_and_compatibility),
           WITH_ARENA(lowering_changes_letters_only), WITH_ARENA(folding_twice_is_folding_once),
           WITH_ARENA(folds_writings_of_one_thing), WITH_ARENA(the_short_way_is_the_long_way),
           WITH_ARENA(measures_columns), WITH_ARENA(wide_is_what_unicode_calls_wide),
           WITH_ARENA(escapes_what_could_deceive_a_terminal))

/* Places below a prefecture, by their form. See anon_forms.h.
 *
 * Up to four kanji (or a name in kana that is known) before 市, 区, 町, 村 or 郡, and "Minato-ku", "Yokohama City" in English. There is no list of the
 * 1,700 municipalities: their names change, a village of a lesson stands in none, and what is hidden needlessly costs a word while what is missed
 * tells whose case it was. So the form decides, less the words that only look like it (NOT_PLACES, NOT_AFTER): a test counts those in all stories. */
#include "pack/anon_forms.h"

enum { KANJI_MOST = 4 };

/* "都市": the last two characters are a word of their own. */
static const char *const NOT_PLACES[] = {
    "都市", "同市", "当市", "各市", "本市", "他市", "両市", "全市", "朝市", "闇市", "地区", "学区", "校区", "管区", "特区", "挙区", "街区", "工区", "教区", "海区", "各区", "同区", "当区", "全区", "他区", "市区",
    "下町", "港町", "前町", "場町", "同町", "当町", "各町", "他町", "市町", "農村", "漁村", "山村", "寒村", "町村", "同村", "当村", "各村", "他村", "同郡", "当郡", "各郡", "何区", "何市", "何町", "何村", "区市", "郡市", "選区"};
/* "株式市場", "営業区分", "町工場": what follows makes it another word. */
static const char *const NOT_AFTER[] = {"場", "販", "況", "価", "街", "分", "間", "別", "画", "域", "切", "工", "落", "並", "医", "長会", "村"};
static const char *const ENDS[] = {"市", "区", "町", "村", "郡"};
/* Municipalities whose name is in kana; hiragana before 市 is a particle otherwise. */
static const char *const KANA[] = {"つくば", "つくばみらい", "さいたま", "いわき", "うるま", "えびの", "かすみがうら", "かほく", "さくら", "みどり", "みやま", "みよし", "ひたちなか", "ふじみ野", "つがる", "にかほ", "むつ", "いなべ", "たつの", "あきる野",
                                   "あま", "あわら", "うきは", "おいらせ", "かつらぎ", "さぬき", "東かがわ", "ときがわ", "まんのう", "みなかみ", "南アルプス", "ニセコ", "せたな", "むかわ", "えりも"};

/* Bytes of a kanji at p, 0 for anything else. */
static size_t kanji(struct str s, size_t i) {
    if (i + 2 >= s.n)
        return 0;
    unsigned char a = (unsigned char) s.p[i], b = (unsigned char) s.p[i + 1], c = (unsigned char) s.p[i + 2];
    unsigned code = (unsigned) (a & 15) << 12 | (unsigned) (b & 63) << 6 | (c & 63);
    return (a & 0xf0) == 0xe0 && ((code >= 0x4e00 && code <= 0x9fff) || code == 0x3005 || code == 0x30f6) ? 3 : 0; /* 々, ヶ */
}

static bool one_of(struct str s, size_t i, const char *const *z, size_t n, size_t *ret) {
    for (size_t k = 0; k < n; k++)
        if (i <= s.n && str_starts(str_from(s, i), str_of(z[k]))) {
            *ret = strlen(z[k]);
            return true;
        }
    return false;
}

/* The ending at e, of a name from i on: no other word. */
static bool is_place(struct str s, size_t i, size_t e, size_t end_n) {
    size_t n;
    return e > i && !one_of(s, e - 3 >= i ? e - 3 : i, NOT_PLACES, ARRAY_SIZE(NOT_PLACES), &n) && !one_of(s, e + end_n, NOT_AFTER, ARRAY_SIZE(NOT_AFTER), &n);
}

static size_t japanese(struct str s, size_t i) {
    size_t n, e = i, best = 0;
    if (one_of(s, i, KANA, ARRAY_SIZE(KANA), &n) && one_of(s, i + n, ENDS, ARRAY_SIZE(ENDS), &e))
        return n + e;
    for (unsigned k = 0; k <= KANJI_MOST && !best; k++) {
        /* one kanji before 村 is a family: Kimura, Nakamura */
        if (k && one_of(s, e, ENDS, ARRAY_SIZE(ENDS), &n) && is_place(s, i, e, n) && !(k == 1 && str_starts(str_from(s, e), STR("村"))))
            best = e + n - i;
        n = kanji(s, e);
        if (!n)
            break;
        e += n;
    }
    return best;
}

/* "Minato-ku", "Yokohama City". */
static size_t english(struct str s, size_t i) {
    static const char *const ends[] = {"-shi", "-ku", "-cho", "-machi", "-mura", "-gun", " City", " Ward", " Town", " Village"};
    static const char *const words[] = {"The ", "This ", "That ", "Our ", "Your ", "Each ", "Every ", "Any ", "Their "};
    size_t k = i, n;
    if (i >= s.n || s.p[i] < 'A' || s.p[i] > 'Z' || one_of(s, i, words, ARRAY_SIZE(words), &n))
        return 0;
    while (k < s.n && ((s.p[k] | 32) >= 'a' && (s.p[k] | 32) <= 'z'))
        k++;
    return k - i >= 3 && one_of(s, k, ends, ARRAY_SIZE(ends), &n) && (k + n >= s.n || !anon_word_byte(s.p[k + n])) ? k + n - i : 0;
}

size_t anon_place_at(struct str s, size_t i) {
    size_t all = 0, n;
    while ((n = japanese(s, i + all)) > 0) /* 横浜市中区 is one place */
        all += n;
    return all ? all : english(s, i);
}

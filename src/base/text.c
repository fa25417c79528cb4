/* Encodings of Japanese logs.
 *
 * Each decoder is a function that reads one character at a time from tables made at build time
 * (tools/gen_jis.c); the same loop converts, checks and weighs. CP932 and EUC-JP are told apart by
 * decoding the line as both and comparing what stands there: kana and JIS level 1 kanji cost
 * nothing, what is rare in logs costs points. No state is kept, so any thread may call. */
#include "base/text.h"

#include "base/buf.h"
#include "base/jis_tables.h" /* made by tools/gen_jis.c */
#include "base/swar.h"
#include "base/utf8.h"

#include <errno.h>
#include <limits.h>

#define ESC '\x1b'

static const struct {
    const char *name;
    enum text_encoding encoding;
} names[] = {
    /* The first name of each is the one that is shown. */
    {"ascii", TEXT_ASCII},
    {"utf-8", TEXT_UTF8},
    {"cp932", TEXT_CP932},
    {"euc-jp", TEXT_EUC_JP},
    {"iso-2022-jp", TEXT_ISO_2022_JP},
    {"utf-16le", TEXT_UTF16LE},
    {"utf-16be", TEXT_UTF16BE},
    {"broken", TEXT_BROKEN},
    {"us-ascii", TEXT_ASCII},
    {"utf8", TEXT_UTF8},
    {"sjis", TEXT_CP932},
    {"shift_jis", TEXT_CP932},
    {"shift-jis", TEXT_CP932},
    {"windows-31j", TEXT_CP932},
    {"ms932", TEXT_CP932},
    {"eucjp", TEXT_EUC_JP},
    {"jis", TEXT_ISO_2022_JP},
};

const char *text_encoding_to_string(enum text_encoding e) {
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].encoding == e)
            return names[i].name;
    return "broken";
}

int text_encoding_from_string(struct str s) {
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].encoding != TEXT_BROKEN && str_eq_icase(s, str_of(names[i].name)))
            return (int) names[i].encoding;
    return -EINVAL;
}

/* ---- Decoders: one character ---- */

/* What the weighing wants to know of a character. */
enum kind { KIND_COMMON, KIND_RARE, KIND_VERY_RARE, KIND_HALF_KANA };

struct one {
    uint32_t c;
    unsigned n; /* bytes read; 0 = the bytes are no character here */
    enum kind kind;
};

struct decoder {
    const unsigned char *p, *end;
    unsigned set; /* ISO-2022-JP: the character set that was designated last */
};

static enum kind kind_of_row(unsigned row) {
    if (row <= 5 || (row >= 16 && row <= 47))
        return KIND_COMMON; /* punctuation, letters, kana, level 1 kanji */
    if ((row >= 6 && row <= 8) || row == 13 || (row >= 48 && row <= 84))
        return KIND_RARE; /* Greek, Cyrillic, lines, circled digits, level 2 kanji */
    return KIND_VERY_RARE;
}

/* Row and cell of JIS X 0208, from 1, through Microsoft's arrangement of the same plane. */
static struct one jisx0208(unsigned row, unsigned cell, unsigned n) {
    struct one bad = {0};
    if (row < 1 || row > 94 || cell < 1 || cell > 94)
        return bad;
    unsigned lead = (row - 1) / 2 + (row <= 62 ? 0x81 : 0xc1);
    unsigned trail = row % 2 ? cell + (cell <= 63 ? 0x3f : 0x40) : cell + 0x9e;
    uint32_t c = cp932_table[lead - 0x81][trail - 0x40];
    return c ? (struct one){.c = c, .n = n, .kind = kind_of_row(row)} : bad;
}

static struct one next_cp932(struct decoder *d) {
    struct one bad = {0};
    unsigned a = d->p[0], b;
    if (a < 0x80)
        return (struct one){.c = a, .n = 1};
    if (a >= 0xa1 && a <= 0xdf)
        return (struct one){.c = 0xff61 + (a - 0xa1), .n = 1, .kind = KIND_HALF_KANA};
    if (a == 0x80 || a == 0xa0 || a > 0xfc || d->end - d->p < 2)
        return bad;
    b = d->p[1];
    if (b < 0x40 || b > 0xfc)
        return bad;
    uint32_t c = cp932_table[a - 0x81][b - 0x40];
    if (!c)
        return bad;
    unsigned row = (a - (a < 0xa0 ? 0x81 : 0xc1)) * 2 + (b >= 0x9f ? 2 : 1);
    return (struct one){.c = c, .n = 2, .kind = a >= 0xf0 ? KIND_VERY_RARE : kind_of_row(row)};
}

static bool gr(unsigned c) {
    return c >= 0xa1 && c <= 0xfe;
}

static struct one next_euc_jp(struct decoder *d) {
    struct one bad = {0};
    unsigned a = d->p[0];
    size_t left = (size_t) (d->end - d->p);
    if (a < 0x80)
        return (struct one){.c = a, .n = 1};
    if (a == 0x8e && left >= 2 && d->p[1] >= 0xa1 && d->p[1] <= 0xdf)
        return (struct one){.c = 0xff61 + (d->p[1] - 0xa1u), .n = 2, .kind = KIND_HALF_KANA};
    if (a == 0x8f && left >= 3 && gr(d->p[1]) && gr(d->p[2])) {
        uint32_t c = jisx0212_table[d->p[1] - 0xa1][d->p[2] - 0xa1];
        return c ? (struct one){.c = c, .n = 3, .kind = KIND_VERY_RARE} : bad;
    }
    if (!gr(a) || left < 2 || !gr(d->p[1]))
        return bad;
    return jisx0208(a - 0xa0, d->p[1] - 0xa0u, 2);
}

/* ISO-2022-JP: escape sequences choose the set of the bytes that follow. */
enum { SET_ASCII, SET_ROMAN, SET_KANA, SET_0208, SET_0212 };
static const struct {
    char bytes[5];
    unsigned set;
} designations[] = {
    {"\x1b(B", SET_ASCII}, {"\x1b(J", SET_ROMAN}, {"\x1b(I", SET_KANA},
    {"\x1b$@", SET_0208},  {"\x1b$B", SET_0208},  {"\x1b$(D", SET_0212},
};

static unsigned designation(struct decoder *d) {
    struct str rest = str_n((const char *) d->p, (size_t) (d->end - d->p));
    for (size_t i = 0; i < ARRAY_SIZE(designations); i++) {
        struct str s = str_of(designations[i].bytes);
        if (str_starts(rest, s)) {
            d->set = designations[i].set;
            return (unsigned) s.n;
        }
    }
    return 0;
}

static struct one next_iso_2022_jp(struct decoder *d) {
    struct one bad = {0};
    unsigned a = d->p[0], n = a == ESC ? designation(d) : 0;
    if (n) /* no character of its own */
        return (struct one){.c = UINT32_MAX, .n = n};
    if (a >= 0x80)
        return bad;
    /* Control characters mean themselves in every set. The yen sign of JIS Roman stands where paths
     * have a backslash, and is read as one, as CP932 does. */
    if (a <= 0x20 || a == 0x7f || d->set == SET_ASCII || d->set == SET_ROMAN)
        return (struct one){.c = a, .n = 1};
    if (d->set == SET_KANA)
        return a <= 0x5f ? (struct one){.c = 0xff61 + (a - 0x21), .n = 1} : bad;
    if (d->end - d->p < 2 || d->p[1] < 0x21 || d->p[1] > 0x7e)
        return bad;
    if (d->set == SET_0208)
        return jisx0208(a - 0x20, d->p[1] - 0x20u, 2);
    uint32_t c = jisx0212_table[a - 0x21][d->p[1] - 0x21];
    return c ? (struct one){.c = c, .n = 2} : bad;
}

static struct one next_utf16(struct decoder *d, bool big) {
    struct one bad = {0};
    size_t left = (size_t) (d->end - d->p);
    const unsigned char *p = d->p;
    if (left < 2)
        return bad;
    uint32_t c = big ? p[0] << 8 | p[1] : p[1] << 8 | p[0];
    if (c < 0xd800 || c > 0xdfff)
        return (struct one){.c = c, .n = 2};
    if (c > 0xdbff || left < 4)
        return bad;
    uint32_t low = big ? p[2] << 8 | p[3] : p[3] << 8 | p[2];
    if (low < 0xdc00 || low > 0xdfff)
        return bad;
    return (struct one){.c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00), .n = 4};
}

static struct one next_utf16le(struct decoder *d) {
    return next_utf16(d, false);
}
static struct one next_utf16be(struct decoder *d) {
    return next_utf16(d, true);
}

static struct one next_utf8(struct decoder *d) {
    unsigned n = utf8_length((const char *) d->p, (const char *) d->end);
    return (struct one){.c = n ? utf8_decode((const char *) d->p, n) : 0, .n = n};
}

typedef struct one next_fn(struct decoder *d);
static next_fn *const decoders[TEXT_ENCODING_MAX_] = {
    [TEXT_ASCII] = next_utf8,
    [TEXT_UTF8] = next_utf8,
    [TEXT_CP932] = next_cp932,
    [TEXT_EUC_JP] = next_euc_jp,
    [TEXT_ISO_2022_JP] = next_iso_2022_jp,
    [TEXT_UTF16LE] = next_utf16le,
    [TEXT_UTF16BE] = next_utf16be,
    [TEXT_BROKEN] = next_utf8,
};

static struct decoder decoder_of(struct str s) {
    const unsigned char *p = (const unsigned char *) (s.p ? s.p : "");
    return (struct decoder){.p = p, .end = p + s.n};
}

static bool decodes(struct str s, enum text_encoding e) {
    struct decoder d = decoder_of(s);
    while (d.p < d.end) {
        struct one x = decoders[e](&d);
        if (!x.n)
            return false;
        d.p += x.n;
    }
    return true;
}

/* ---- Detection ---- */

bool text_is_ascii(struct str s) {
    const char *p = s.p, *end = s.n ? s.p + s.n : s.p;
    for (; end - p >= 8; p += 8)
        if (swar_load(p) & SWAR_HIGHS)
            return false;
    for (; p < end; p++)
        if ((unsigned char) *p >= 0x80)
            return false;
    return true;
}

bool text_is_utf8(struct str s) {
    const char *p = s.p, *end = s.n ? s.p + s.n : s.p;
    while (p < end) {
        if (end - p >= 8 && !(swar_load(p) & SWAR_HIGHS)) {
            p += 8;
            continue;
        }
        unsigned n = utf8_length(p, end);
        if (!n)
            return false;
        p += n;
    }
    return true;
}

/* UTF-16 shows itself by its mark, or by zeros on one side: at least a quarter of the units are
 * ASCII and hardly a unit ends the other way round (U+4E00 does). */
static int detect_utf16(struct str s) {
    size_t zeros[2] = {0};
    int e;
    if (s.n < 4 || s.n % 2)
        return -1;
    if (str_starts(s, STR("\xff\xfe")) || str_starts(s, STR("\xfe\xff"))) {
        e = s.p[0] == '\xff' ? TEXT_UTF16LE : TEXT_UTF16BE;
        return decodes(s, (enum text_encoding) e) ? e : -1;
    }
    for (size_t i = 0; i < s.n; i++)
        zeros[i & 1] += s.p[i] == 0;
    e = zeros[1] > zeros[0] ? TEXT_UTF16LE : TEXT_UTF16BE;
    if (MAX(zeros[0], zeros[1]) * 8 < s.n || MIN(zeros[0], zeros[1]) * 16 > s.n)
        return -1;
    return decodes(s, (enum text_encoding) e) ? e : -1;
}

static bool has_designation(struct str s) {
    struct decoder d = decoder_of(s);
    for (ptrdiff_t at = 0; (at = str_find_byte(s, ESC, (size_t) at)) >= 0; at++) {
        d.p = (const unsigned char *) s.p + at;
        if (designation(&d) && d.set != SET_ASCII)
            return true;
    }
    return false;
}

enum {
    COST_RARE = 3,
    COST_VERY_RARE = 5,
    COST_KANA = 1,          /* half-width katakana, in a word that could be one */
    COST_KANA_VOICED = -4,  /* a voice mark where it belongs: kanji taken for kana rarely have it */
    COST_KANA_MISPLACED = 4 /* a mark that stands where no word has it, or punctuation */
};

/* Half-width katakana words follow rules that bytes of kanji taken for them break: voice marks
 * stand behind certain kana only, small kana and the long mark never begin a word. */
static long kana_cost(uint32_t c, uint32_t before) {
    bool starts = before < 0xff66 || before > 0xff9f;
    if (c == 0xff9e) /* voiced: behind u, ka…to, ha…ho */
        return before == 0xff73 || (before >= 0xff76 && before <= 0xff84) ||
                       (before >= 0xff8a && before <= 0xff8e)
                   ? COST_KANA_VOICED
                   : COST_KANA_MISPLACED;
    if (c == 0xff9f) /* half-voiced: behind ha…ho */
        return before >= 0xff8a && before <= 0xff8e ? COST_KANA_VOICED : COST_KANA_MISPLACED;
    if (c >= 0xff67 && c <= 0xff70) /* small kana and the long mark */
        return starts ? COST_KANA_MISPLACED : COST_KANA;
    return c < 0xff66 ? COST_KANA_MISPLACED : COST_KANA;
}

/* Points of implausibility of s read as e; LONG_MAX when it cannot be read so. */
static long cost_of(struct str s, enum text_encoding e) {
    struct decoder d = decoder_of(s);
    long cost = 0;
    uint32_t before = 0;
    while (d.p < d.end) {
        struct one x = decoders[e](&d);
        if (!x.n)
            return LONG_MAX;
        if (x.kind == KIND_HALF_KANA)
            cost += kana_cost(x.c, before);
        else
            cost += x.kind == KIND_RARE ? COST_RARE : x.kind == KIND_VERY_RARE ? COST_VERY_RARE : 0;
        before = x.c;
        d.p += x.n;
    }
    return cost;
}

static enum text_encoding detect_japanese(struct str s) {
    long cp932 = cost_of(s, TEXT_CP932), euc = cost_of(s, TEXT_EUC_JP);
    if (cp932 == LONG_MAX && euc == LONG_MAX)
        return TEXT_BROKEN;
    return euc < cp932 ? TEXT_EUC_JP : TEXT_CP932;
}

/* Bits of what is in s that is not plain text. */
enum { HAS_HIGH = 1, HAS_NUL = 2, HAS_ESC = 4 };
static unsigned look(struct str s) {
    const char *p = s.p, *end = s.n ? s.p + s.n : s.p;
    unsigned has = 0;
    for (; end - p >= 8; p += 8) {
        uint64_t v = swar_load(p);
        uint64_t nul = swar_zero(v), esc = swar_equal(v, ESC);
        if (!((v & SWAR_HIGHS) | nul | esc))
            continue;
        has |= (v & SWAR_HIGHS ? HAS_HIGH : 0) | (nul ? HAS_NUL : 0) | (esc ? HAS_ESC : 0);
    }
    for (; p < end; p++)
        has |= ((unsigned char) *p >= 0x80 ? HAS_HIGH : 0) | (*p == 0 ? HAS_NUL : 0) |
               (*p == ESC ? HAS_ESC : 0);
    return has;
}

enum text_encoding text_detect(struct str s) {
    unsigned has = look(s);
    int e;
    if (!has)
        return TEXT_ASCII;
    if ((has & (HAS_NUL | HAS_HIGH)) && (e = detect_utf16(s)) >= 0)
        return (enum text_encoding) e;
    if (!(has & HAS_HIGH)) {
        bool iso = (has & HAS_ESC) && has_designation(s) && decodes(s, TEXT_ISO_2022_JP);
        return iso ? TEXT_ISO_2022_JP : TEXT_ASCII;
    }
    return text_is_utf8(s) ? TEXT_UTF8 : detect_japanese(s);
}

static bool is_japanese_8bit(int e) {
    return e == TEXT_CP932 || e == TEXT_EUC_JP;
}

enum text_encoding text_detect_usual(struct str s, int usual) {
    enum text_encoding e = text_detect(s);
    if (is_japanese_8bit(e) && is_japanese_8bit(usual) && (int) e != usual && decodes(s, (enum text_encoding) usual))
        return (enum text_encoding) usual;
    return e;
}

/* ---- Conversion ---- */

/* Reads s as e; each byte that is none is U+FFFD. *ret_bad counts them. */
static struct str convert(struct arena *a, struct str s, enum text_encoding e, size_t *ret_bad) {
    struct decoder d = decoder_of(s);
    size_t n = 0, bad = 0;
    char z[4];
    /* Two passes: the result's length first, then the result, so that the arena holds nothing else.
     */
    char *out = NULL;
    for (int pass = 0; pass < 2; pass++) {
        d = decoder_of(s);
        n = bad = 0;
        while (d.p < d.end) {
            struct one x = decoders[e](&d);
            bad += x.n == 0;
            d.p += x.n ? x.n : 1;
            if (x.n && x.c == UINT32_MAX)
                continue;
            unsigned m = utf8_encode(x.n ? x.c : 0xfffd, z);
            if (out)
                memcpy(out + n, z, m);
            n += m;
        }
        if (pass == 0 && !(out = arena_alloc(a, n + 1)))
            return STR_NULL;
    }
    out[n] = 0;
    *ret_bad = bad;
    return str_n(out, n);
}

static struct str without_mark(struct str s) {
    return str_starts(s, STR("\xff\xfe")) || str_starts(s, STR("\xfe\xff")) ? str_from(s, 2) : s;
}

/* How to read what fits nothing: a line cut in the middle of a character is still read in its
 * encoding, the rest as UTF-8. */
static enum text_encoding encoding_of_broken(struct str s) {
    for (size_t cut = 1; cut <= 3 && cut < s.n; cut++)
        if (text_is_utf8(str_to(s, s.n - cut)) && !text_is_ascii(str_to(s, s.n - cut)))
            return TEXT_UTF8;
    for (size_t cut = 1; cut <= 2 && cut < s.n; cut++) {
        struct str front = str_to(s, s.n - cut);
        enum text_encoding e = text_is_ascii(front) ? TEXT_BROKEN : detect_japanese(front);
        if (e != TEXT_BROKEN)
            return e;
    }
    return TEXT_UTF8;
}

struct str text_repair(struct arena *a, struct str s) {
    size_t bad;
    if (text_is_utf8(s))
        return s.p ? s : STR("");
    return convert(a, s, TEXT_UTF8, &bad);
}

/* The encoding s is read in. */
static enum text_encoding choose(struct str s, int hint) {
    if (hint < 0 || hint >= TEXT_BROKEN || !decodes(s, (enum text_encoding) hint))
        return text_detect(s);
    switch (hint) {
    case TEXT_ASCII:
    case TEXT_UTF8:
        return text_is_ascii(s) ? TEXT_ASCII : TEXT_UTF8;
    case TEXT_CP932:
    case TEXT_EUC_JP:
        return text_is_ascii(s) ? TEXT_ASCII : (enum text_encoding) hint;
    default:
        return (enum text_encoding) hint;
    }
}

struct str text_to_utf8(struct arena *a, struct str s, int hint, enum text_encoding *ret_used) {
    enum text_encoding e = choose(s, hint);
    size_t bad;
    *ret_used = e;
    switch (e) {
    case TEXT_ASCII:
    case TEXT_UTF8:
        return s.p ? s : STR("");
    case TEXT_BROKEN:
        e = encoding_of_broken(s);
        break;
    case TEXT_UTF16LE:
    case TEXT_UTF16BE:
        s = without_mark(s);
        break;
    default:
        break;
    }
    return convert(a, s, e, &bad);
}

/* ---- Showing ---- */

static bool hidden(uint32_t c) {
    return (c >= 0x80 && c <= 0x9f) ||                  /* C1 */
           c == 0x061c || c == 0x200e || c == 0x200f || /* direction marks */
           (c >= 0x202a && c <= 0x202e) ||              /* embedding and override */
           (c >= 0x2066 && c <= 0x2069) ||              /* isolates */
           c == 0x2028 || c == 0x2029;                  /* line and paragraph separator */
}

void text_escape_controls(struct buf *out, struct str utf8) {
    const char *p = utf8.p, *end = utf8.n ? utf8.p + utf8.n : utf8.p, *from = p;
    while (p < end) {
        unsigned n = utf8_length(p, end);
        uint32_t c = n ? utf8_decode(p, n) : 0;
        if (n && c >= 0x20 && c != 0x7f && !hidden(c)) {
            p += n;
            continue;
        }
        buf_add(out, str_n(from, (size_t) (p - from)));
        if (n > 1)
            buf_printf(out, "\\u{%04x}", c);
        else
            buf_printf(out, "\\x%02x", (unsigned char) *p);
        p += n ? n : 1;
        from = p;
    }
    buf_add(out, str_n(from, (size_t) (p - from)));
}

struct str text_first(struct str utf8, size_t max) {
    size_t n = MIN(utf8.n, max);
    while (n && n < utf8.n && ((unsigned char) utf8.p[n] & 0xc0) == 0x80)
        n--;
    return str_to(utf8, n);
}

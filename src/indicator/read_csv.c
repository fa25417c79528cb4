/* Tables: comma, semicolon, tab or bar between columns, "…" around a field with "" for a quote in it (RFC 4180), blank
 * lines and lines of '#' passed over. Which column holds what is said by o->columns, else by headings that people use
 * (English, Japanese, MISP's export), else by what stands in the columns of the first rows. */
#include "base/limits.h"
#include "base/text.h"
#include "indicator/read_priv.h"

enum column { VALUE, TYPE, SOURCE, CONFIDENCE, TLP, FIRST, LAST, UNTIL, NOTE, ID, TO_IDS, COLUMN_MAX_ };
enum { GUESS_ROWS = 20 };

static const char *const column_words[COLUMN_MAX_] = {"value", "type", "source", "confidence", "tlp", "first", "last", "until", "note", "id", "to_ids"};

struct table {
    char sep;
    int at[COLUMN_MAX_]; /* number from 0, -1: there is none */
    bool heading;        /* the first row is one */
};
struct row {
    struct str cell[INDICATOR_COLUMNS_MAX];
    unsigned n, line;
};

static const struct {
    const char *word;
    enum column is;
} headings[] = {
    {"indicator", VALUE}, {"indicator_value", VALUE}, {"indicatorvalue", VALUE}, {"ioc", VALUE}, {"ioc_value", VALUE}, {"observable", VALUE},
    {"ip", VALUE}, {"ip address", VALUE}, {"ip_address", VALUE}, {"dst_ip", VALUE}, {"ipアドレス", VALUE}, {"domain", VALUE}, {"hostname", VALUE},
    {"ドメイン", VALUE}, {"ドメイン名", VALUE}, {"url", VALUE}, {"hash", VALUE}, {"md5", VALUE}, {"sha1", VALUE}, {"sha256", VALUE},
    {"ハッシュ", VALUE}, {"ハッシュ値", VALUE}, {"値", VALUE}, {"痕跡", VALUE}, {"痕跡情報", VALUE}, {"インジケータ", VALUE}, {"インディケータ", VALUE},
    {"kind", TYPE}, {"indicator_type", TYPE}, {"indicatortype", TYPE}, {"ioc_type", TYPE}, {"種別", TYPE}, {"種類", TYPE}, {"タイプ", TYPE},
    {"provider", SOURCE}, {"feed", SOURCE}, {"reporter", SOURCE}, {"org", SOURCE}, {"出所", SOURCE}, {"情報源", SOURCE}, {"提供元", SOURCE}, {"提供者", SOURCE},
    {"confidence_level", CONFIDENCE}, {"確度", CONFIDENCE}, {"信頼度", CONFIDENCE}, {"tlplevel", TLP}, {"共有範囲", TLP},
    {"first_seen", FIRST}, {"firstseen", FIRST}, {"first seen", FIRST}, {"first_seen_utc", FIRST}, {"初認", FIRST}, {"初回確認", FIRST}, {"初回確認日", FIRST}, {"初観測", FIRST},
    {"last_seen", LAST}, {"lastseen", LAST}, {"last seen", LAST}, {"最終確認", LAST}, {"最終確認日", LAST},
    {"valid_until", UNTIL}, {"expires", UNTIL}, {"expiry", UNTIL}, {"expiration", UNTIL}, {"expirationtime", UNTIL}, {"有効期限", UNTIL}, {"期限", UNTIL},
    {"comment", NOTE}, {"description", NOTE}, {"remarks", NOTE}, {"tags", NOTE}, {"threat", NOTE}, {"malware", NOTE}, {"備考", NOTE}, {"説明", NOTE}, {"コメント", NOTE}, {"摘要", NOTE},
    {"uuid", ID}};


/* ---- rows ---- */

/* From the opening quote on; *at behind the closing one. Copied only where a quote stands in it. */
static struct str quoted(struct reading *r, struct str text, size_t *at, unsigned *line) {
    size_t from = *at + 1, i = from, doubled = 0;
    for (; i < text.n; i++) {
        *line += text.p[i] == '\n';
        if (text.p[i] != '"')
            continue;
        if (i + 1 >= text.n || text.p[i + 1] != '"')
            break;
        doubled++;
        i++;
    }
    *at = i + 1;
    if (!doubled)
        return str_n(text.p + from, MIN(i, text.n) - from);
    char *dst = arena_alloc(&r->row, i - from + 1);
    size_t n = 0;
    for (size_t k = from; dst && k < MIN(i, text.n); k++) {
        k += text.p[k] == '"';
        dst[n++] = text.p[k];
    }
    return str_n(dst, n);
}

/* The next row of cells; 0 at the end. Cells of quotes are in the row's arena. */
static int next_row(struct reading *r, struct str text, size_t *at, unsigned *line, char sep, struct row *ret) {
    ret->n = 0;
    ret->line = *line;
    if (*at >= text.n)
        return 0;
    for (;;) {
        struct str cell;
        while (*at < text.n && (text.p[*at] == ' ' || (text.p[*at] == '\t' && sep != '\t')))
            ++*at;
        if (*at < text.n && text.p[*at] == '"') {
            /* A quote that is never closed ends with the line's maximum, not with the file. */
            struct str rest = str_n(text.p, MIN(text.n, *at + LINE_BYTES_MAX));
            cell = quoted(r, rest, at, line);
            if (!cell.p)
                return -ENOMEM;
            while (*at < text.n && text.p[*at] != sep && text.p[*at] != '\n')
                ++*at;
        } else {
            size_t from = *at;
            while (*at < text.n && text.p[*at] != sep && text.p[*at] != '\n')
                ++*at;
            cell = str_trim(str_n(text.p + from, *at - from));
        }
        if (ret->n < INDICATOR_COLUMNS_MAX)
            ret->cell[ret->n++] = cell;
        if (*at >= text.n || text.p[*at] == '\n')
            break;
        ++*at;
    }
    *line += *at < text.n;
    ++*at;
    return 1;
}

static bool is_blank(const struct row *w) {
    return !w->n || (w->n == 1 && !w->cell[0].n) || (w->cell[0].n && w->cell[0].p[0] == '#');
}

/* ---- which column is which ---- */

static int heading_of(struct str cell) {
    struct str c = str_trim(cell);
    if (c.n && c.p[0] == '#')
        c = str_trim(str_from(c, 1));
    for (size_t i = 0; i < ARRAY_SIZE(headings); i++)
        if (str_eq_icase(c, str_of(headings[i].word)))
            return (int) headings[i].is;
    for (int i = 0; i < COLUMN_MAX_; i++)
        if (str_eq_icase(c, str_of(column_words[i])))
            return i;
    return -1;
}

static bool is_value(struct arena *a, struct str cell) {
    enum indicator_why why;
    const char *detail;
    struct str value;
    return cell.n && indicator_value_read(a, cell, -1, &value, &why, &detail) >= 0;
}

static bool read_headings(const struct row *w, struct table *t) {
    unsigned known = 0;
    for (unsigned i = 0; i < w->n; i++) {
        int h = heading_of(w->cell[i]);
        if (h >= 0 && t->at[h] < 0) {
            t->at[h] = (int) i;
            known++;
        }
    }
    t->heading = known > 0 && t->at[VALUE] >= 0;
    return t->heading;
}

static char find_separator(struct str text, struct reading *r) {
    static const char seps[] = ",\t;|";
    char best = 0;
    unsigned most = 1;
    for (size_t i = 0; i < sizeof seps - 1; i++) {
        size_t at = 0;
        unsigned line = 1;
        struct row w;
        while (next_row(r, text, &at, &line, seps[i], &w) > 0 && is_blank(&w) && heading_of(w.cell[0]) < 0)
            arena_reset(&r->row);
        if (w.n > most) {
            most = w.n;
            best = seps[i];
        }
        arena_reset(&r->row);
    }
    return best;
}

static void guess_value(struct reading *r, struct str text, struct table *t) {
    unsigned hits[INDICATOR_COLUMNS_MAX] = {0}, line = 1, rows = 0;
    size_t at = 0;
    struct row w;
    while (rows < GUESS_ROWS && next_row(r, text, &at, &line, t->sep, &w) > 0) {
        rows += !is_blank(&w);
        for (unsigned i = 0; !is_blank(&w) && i < w.n; i++)
            hits[i] += is_value(&r->row, w.cell[i]);
        arena_reset(&r->row);
    }
    for (int i = 0; i < INDICATOR_COLUMNS_MAX; i++)
        if (hits[i] && hits[i] * 2 >= rows && (t->at[VALUE] < 0 || hits[i] > hits[t->at[VALUE]]))
            t->at[VALUE] = i;
}

static void table_init(struct table *t, char sep) {
    *t = (struct table){.sep = sep};
    for (int i = 0; i < COLUMN_MAX_; i++)
        t->at[i] = -1;
}

static int find_table(struct reading *r, struct str text, struct table *t) {
    size_t at = 0;
    unsigned line = 1;
    struct row w;
    table_init(t, find_separator(text, r));
    if (!t->sep)
        t->sep = ',';
    while (next_row(r, text, &at, &line, t->sep, &w) > 0 && is_blank(&w) && heading_of(w.cell[0]) < 0)
        arena_reset(&r->row);
    if (w.n && !read_headings(&w, t))
        guess_value(r, text, t);
    arena_reset(&r->row);
    return t->at[VALUE] >= 0;
}

bool read_csv_is(struct str text) {
    struct reading r = {0};
    struct table t;
    arena_init(&r.row, 16 << 20);
    char sep = find_separator(text, &r);
    bool found = sep && find_table(&r, text, &t);
    arena_done(&r.row);
    return found;
}

/* "value=2,note=Comment" */
static int read_mapping(struct reading *r, struct str text, struct table *t) {
    size_t at = 0;
    unsigned line = 1;
    struct row first;
    struct str rest = r->o->columns, pair, name;
    char sep = find_separator(text, r);
    table_init(t, sep ? sep : ',');
    IGNORE(next_row(r, text, &at, &line, t->sep, &first));
    while (str_split(&rest, ',', &pair)) {
        uint64_t number = 0;
        int is = -1;
        if (!str_split(&pair, '=', &name) || !pair.p)
            return diag_set(r->err, -EINVAL, "columns are written like value=2,note=Comment");
        for (int i = 0; i < COLUMN_MAX_; i++)
            if (str_eq_z(str_trim(name), column_words[i]))
                is = i;
        if (is < 0)
            return diag_set(r->err, -EINVAL, "no column is called '%.*s': value, type, source, confidence, tlp, first, last, until, note, id",
                            (int) MIN(name.n, 40u), name.p);
        pair = str_trim(pair);
        if (str_to_u64(pair, &number) < 0)
            for (unsigned i = 0; i < first.n; i++)
                if (str_eq_icase(str_trim(first.cell[i]), pair)) {
                    number = i + 1;
                    t->heading = true;
                }
        if (!number || number > INDICATOR_COLUMNS_MAX)
            return diag_set(r->err, -EINVAL, "the file has no column '%.*s'", (int) MIN(pair.n, 40u), pair.p);
        t->at[is] = (int) number - 1;
    }
    t->heading = t->heading || (t->at[VALUE] >= 0 && (unsigned) t->at[VALUE] < first.n && heading_of(first.cell[t->at[VALUE]]) >= 0);
    arena_reset(&r->row);
    return t->at[VALUE] >= 0 ? 0 : diag_set(r->err, -EINVAL, "columns do not say which one holds the value: value=1");
}

/* ---- reading ---- */

static struct str cell_of(const struct table *t, const struct row *w, enum column c) {
    return t->at[c] >= 0 && (unsigned) t->at[c] < w->n ? str_trim(w->cell[t->at[c]]) : STR("");
}

static int kind_of(struct str s) {
    static const struct {
        const char *word;
        int kind;
    } words[] = {{"md5", INDICATOR_MD5}, {"sha1", INDICATOR_SHA1}, {"sha-1", INDICATOR_SHA1}, {"sha256", INDICATOR_SHA256},
                 {"sha-256", INDICATOR_SHA256}, {"sha512", INDICATOR_SHA512}, {"sha-512", INDICATOR_SHA512}};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq_icase(s, str_of(words[i].word)))
            return words[i].kind;
    return -1;
}

static int one_row(struct reading *r, const struct table *t, const struct row *w) {
    struct indicator x = reading_draft(r);
    struct str value = cell_of(t, w, VALUE), tlp = cell_of(t, w, TLP), source = cell_of(t, w, SOURCE), id = cell_of(t, w, ID);
    struct str to_ids = cell_of(t, w, TO_IDS);
    int label = tlp.n ? indicator_tlp_from_string(tlp) : -1, confidence = reading_confidence(cell_of(t, w, CONFIDENCE));
    if (!value.n)
        return 0;
    if (to_ids.n && (str_eq_z(to_ids, "0") || str_eq_icase(to_ids, STR("false"))))
        return reading_refuse(r, INDICATOR_NOT_MEANT, value, "to_ids", w->line);
    if (tlp.n && label < 0) /* what was meant to be kept close must not go out as something else */
        x.tlp = INDICATOR_TLP_RED;
    else if (label >= 0)
        x.tlp = (enum indicator_tlp) label;
    x.source = source.n ? source : x.source;
    x.confidence = confidence >= 0 ? confidence : x.confidence;
    x.note = cell_of(t, w, NOTE);
    x.first_ns = reading_time(cell_of(t, w, FIRST));
    x.last_ns = reading_time(cell_of(t, w, LAST));
    int64_t until = reading_time(cell_of(t, w, UNTIL));
    x.valid_until_ns = until != TIME_NONE ? until : x.valid_until_ns;
    x.id = id.n ? id : arena_printf(&r->row, "line %u", w->line);
    int e = reading_take(r, &x, value, kind_of(cell_of(t, w, TYPE)), w->line);
    return MIN(e, 0);
}

int read_csv(struct reading *r, struct str text) {
    struct table t;
    struct row w;
    size_t at = 0;
    unsigned line = 1;
    bool heading = false; /* has been passed */
    int e = r->o->columns.n ? read_mapping(r, text, &t) : 0;
    if (e < 0)
        return e;
    if (!r->o->columns.n && !find_table(r, text, &t))
        return diag_set(r->err, -ERR_PARSE, "no column of this table holds addresses, names, URLs or hashes; say which one: value=2");
    while (e == 0 && (e = next_row(r, text, &at, &line, t.sep, &w)) > 0) {
        bool is_heading = t.heading && !heading && (!is_blank(&w) || (w.n > 1 && heading_of(w.cell[0]) >= 0));
        heading |= is_heading;
        e = is_heading || is_blank(&w) ? 0 : one_row(r, &t, &w);
        arena_reset(&r->row);
    }
    return e;
}

/* See read.h: what a file is, and what all readers share. */
#include "indicator/read.h"

#include "base/limits.h"
#include "base/text.h"
#include "indicator/read_priv.h"

static const char *const formats[INDICATOR_FORMAT_MAX_] = {"stix", "misp", "csv", "text"};

const char *indicator_format_to_string(enum indicator_format f) {
    return formats[f];
}

int indicator_format_from_string(struct str s) {
    for (int i = 0; i < INDICATOR_FORMAT_MAX_; i++)
        if (str_eq_icase(s, str_of(formats[i])))
            return i;
    return -EINVAL;
}

/* ---- what readers share ---- */

struct indicator reading_draft(const struct reading *r) {
    const struct indicator_reading *o = r->o;
    return (struct indicator){.tlp = o->tlp < 0 ? INDICATOR_TLP_AMBER : (enum indicator_tlp) o->tlp, .confidence = o->confidence,
                              .source = o->source.n ? o->source : o->name, .first_ns = TIME_NONE, .last_ns = TIME_NONE,
                              .valid_until_ns = o->valid_until_ns, .id = STR(""), .note = STR("")};
}

int reading_refuse(struct reading *r, enum indicator_why why, struct str value, const char *detail, unsigned line) {
    return indicator_list_refuse(r->list, why, value, str_of(detail ? detail : ""), line);
}

int reading_take(struct reading *r, const struct indicator *draft, struct str raw, int kind, unsigned line) {
    struct indicator x = *draft;
    enum indicator_why why;
    const char *detail;
    struct str list;
    int k = indicator_value_read(&r->row, raw, kind, &x.value, &why, &detail);
    if (k < 0)
        return reading_refuse(r, why, raw, detail, line);
    x.kind = (enum indicator_kind) k;
    if (r->o->allow && indicator_allow_refuses(r->o->allow, x.kind, x.value, &why, &list))
        return indicator_list_refuse(r->list, why, x.value, list, line);
    int e = indicator_list_add(r->list, &x);
    return e < 0 ? e : 1;
}

static int64_t date_of(struct str s) {
    struct time_civil c = {0};
    uint64_t n[3];
    struct str rest = s, piece;
    char sep = s.n > 4 && s.p[4] == '/' ? '/' : '-';
    for (int i = 0; i < 3; i++)
        if (!str_split(&rest, sep, &piece) || piece.n > 4 || str_to_u64(piece, &n[i]) < 0)
            return TIME_NONE;
    c.year = (int) n[0];
    c.month = (int) n[1];
    c.day = (int) n[2];
    return rest.p || c.year < 1000 ? TIME_NONE : time_from_civil(&c, 0);
}

int64_t reading_time(struct str s) {
    int64_t t;
    uint64_t epoch;
    int offset;
    s = str_trim(s);
    if (!s.n)
        return TIME_NONE;
    if (str_to_u64(s, &epoch) == 0) /* MISP: seconds, as text; 0 means nothing */
        return epoch > 0 && epoch < 9000000000u ? (int64_t) epoch * NS_PER_S : TIME_NONE;
    if (time_parse_iso(s, &t, &offset) > 0)
        return t;
    return date_of(s);
}

int reading_confidence(struct str s) {
    static const struct {
        const char *word;
        int value;
    } words[] = {{"high", 85}, {"medium", 50}, {"med", 50}, {"low", 15}, {"none", 0}, {"高", 85}, {"中", 50}, {"低", 15}};
    uint64_t n;
    s = str_trim(s);
    if (s.n && s.p[s.n - 1] == '%')
        s.n--;
    if (str_to_u64(s, &n) == 0 && n <= 100)
        return (int) n;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq_icase(s, str_of(words[i].word)))
            return words[i].value;
    return -1;
}

/* ---- the file ---- */

static struct str without_mark(struct str s) {
    return str_starts(s, STR("\xef\xbb\xbf")) ? str_from(s, 3) : s;
}

static bool is_stix(const struct json_value *doc) {
    struct str type;
    return doc->type == JSON_OBJECT && ((json_get_str(doc, "type", &type) && (str_eq_z(type, "bundle") || str_eq_z(type, "indicator"))) ||
                                        json_get_array(doc, "objects"));
}

static int read_json(struct reading *r, struct str text, enum indicator_format *ret) {
    struct json_value *doc;
    int e = json_parse(&r->arena, text, &doc, r->err);
    if (e < 0) {
        IGNORE(diag_prefix(r->err, "no JSON"));
        return e;
    }
    int format = r->o->format >= 0 ? r->o->format : is_stix(doc) ? INDICATOR_STIX : read_misp_is(doc) ? INDICATOR_MISP : -1;
    if (format < 0)
        return diag_set(r->err, -ERR_PARSE, "JSON, but neither a STIX bundle (type: bundle) nor an event of MISP (Event)");
    *ret = (enum indicator_format) format;
    return format == INDICATOR_STIX ? read_stix(r, doc) : read_misp(r, doc);
}

static int read_lines(struct reading *r, struct str text, enum indicator_format *ret) {
    int format = r->o->format;
    if (format < 0)
        format = r->o->columns.n || read_csv_is(text) ? INDICATOR_CSV : INDICATOR_TEXT;
    *ret = (enum indicator_format) format;
    return format == INDICATOR_CSV ? read_csv(r, text) : read_text(r, text);
}

static int read_all(struct reading *r, struct str bytes, enum indicator_format *ret) {
    enum text_encoding used;
    struct str text = text_to_utf8(&r->arena, bytes, -1, &used);
    if (!text.p)
        return -ENOMEM;
    text = without_mark(text);
    struct str trimmed = str_trim(text);
    int format = r->o->format;
    bool json = format < 0 ? trimmed.n && (trimmed.p[0] == '{' || (trimmed.p[0] == '[' && trimmed.p[trimmed.n - 1] == ']' && json_check(trimmed, NULL) == 0))
                           : format == INDICATOR_STIX || format == INDICATOR_MISP;
    return json ? read_json(r, trimmed, ret) : read_lines(r, text, ret);
}

int indicator_read(const struct indicator_reading *o, struct str bytes, struct indicator_list *ret,
                   enum indicator_format *ret_format, struct diag *reterr) {
    struct reading r = {.o = o, .list = ret, .err = reterr};
    if (bytes.n > INDICATOR_FILE_BYTES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "larger than %zu MB; send it in parts", INDICATOR_FILE_BYTES_MAX >> 20);
    arena_init(&r.arena, INDICATOR_NODES_BYTES_MAX);
    arena_init(&r.row, 16 << 20);
    int e = read_all(&r, bytes, ret_format);
    if (e >= 0)
        e = indicator_list_unite(ret);
    if (e == -ENOMEM)
        diag_set(reterr, e, "out of memory");
    else if (e == -ERR_LIMIT && (!reterr || !reterr->text[0]))
        diag_set(reterr, e, "more than %d indicators", INDICATORS_MAX);
    arena_done(&r.arena);
    arena_done(&r.row);
    return MIN(e, 0);
}

/* The reader: which values a lane's fields have in this event, and these made ready for comparison,
 * each at most once an event however many lanes and rules ask. */
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "detect/match_priv.h"

_Static_assert(JSON_NULL == 0 && JSON_ARRAY == 5 && JSON_OBJECT == 6, "value_is_null");

/* --- the values of an event --- */

/* @timestamp for rules that ask for it, where the decoder kept only the instant. */
static int add_timestamp(struct detect_matcher *m, bool *ret_added) {
    *ret_added = false;
    int64_t t = m->ev->timestamp_ns != TIME_NONE ? m->ev->timestamp_ns : m->ev->time_ns;
    if (!m->plan->uses_timestamp || t == TIME_NONE || event_find(m->ev, EVENT_F_TIMESTAMP, NULL))
        return 0;
    char *z = arena_alloc(&m->arena, TIME_ISO_CAP);
    if (!z)
        return -ENOMEM;
    m->extra[VALUE_TIMESTAMP] = (struct event_field){
        .id = EVENT_F_TIMESTAMP, .type = JSON_STRING, .value = str_of(time_format_iso(t, 3, z))};
    *ret_added = true;
    return 0;
}

static void new_epoch(struct detect_matcher *m) {
    if (++m->epoch < UINT32_C(1) << 31)
        return;
    const struct detect_plan *p = m->plan;
    memset(m->prepared, 0, VALUES_MAX * sizeof *m->prepared);
    memset(m->folded, 0, VALUES_MAX * sizeof *m->folded);
    memset(m->memo, 0, p->n_atoms * sizeof *m->memo);
    memset(m->chosen, 0, p->n_rules * sizeof *m->chosen);
    m->epoch = 1;
}

int values_begin(struct detect_matcher *m, const struct event *ev) {
    m->ev = ev;
    new_epoch(m);
    arena_reset(&m->arena);
    m->no_memory = false;
    bool has_timestamp;
    int r = add_timestamp(m, &has_timestamp);
    if (r < 0)
        return r;
    m->shape = shape_of(m, has_timestamp);
    return m->shape ? 0 : -ENOMEM;
}

int values_enter_lane(struct detect_matcher *m, const struct lane *l) {
    m->here = shape_lane(m, m->shape, l);
    return m->here ? 0 : -ENOMEM;
}

/* --- the whole line, for keywords --- */

static bool looks_like_json(struct str s) {
    s = str_trim(s);
    return s.n && (s.p[0] == '{' || s.p[0] == '[');
}

static bool read_hex4(struct str s, size_t i, uint32_t *ret) {
    uint32_t v = 0;
    if (i + 4 > s.n)
        return false;
    for (size_t k = i; k < i + 4; k++) {
        char c = ascii_lower(s.p[k]);
        if (!ascii_digit(c) && !(c >= 'a' && c <= 'f'))
            return false;
        v = v << 4 | (uint32_t) (ascii_digit(c) ? c - '0' : c - 'a' + 10);
    }
    *ret = v;
    return true;
}

/* One JSON escape at s.p[i] == '\\': writes what it means, returns how much was read. */
static size_t unescape_one(struct str s, size_t i, char *to, size_t *n) {
    static const char from[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    char c = i + 1 < s.n ? s.p[i + 1] : 0;
    const char *at = c ? strchr(from, c) : NULL;
    uint32_t u, low;
    if (at) {
        to[(*n)++] = means[at - from];
        return 2;
    }
    if (c != 'u' || !read_hex4(s, i + 2, &u)) {
        to[(*n)++] = '\\';
        return 1;
    }
    size_t used = 6;
    if (u >= 0xd800 && u < 0xdc00 && i + 7 < s.n && s.p[i + 6] == '\\' && s.p[i + 7] == 'u' &&
        read_hex4(s, i + 8, &low) && low >= 0xdc00 && low < 0xe000) {
        u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
        used = 12;
    }
    *n += utf8_encode(u >= 0xd800 && u < 0xe000 ? 0xfffd : u, to + *n);
    return used;
}

/* A JSON line as its strings mean it: a keyword with a backslash is written once in a rule and
 * twice in JSON. Never longer than it was. */
static int unescape(struct arena *a, struct str s, struct str *ret) {
    char *to = arena_alloc(a, s.n + 1);
    size_t n = 0;
    if (!to)
        return -ENOMEM;
    for (size_t i = 0; i < s.n;) {
        if (s.p[i] == '\\')
            i += unescape_one(s, i, to, &n);
        else
            to[n++] = s.p[i++];
    }
    *ret = str_n(to, n);
    return 0;
}

/* Without raw bytes (an event made by hand, a journal entry): all values, a line each. */
static int join_values(struct detect_matcher *m, struct str *ret) {
    size_t n = 0;
    for (uint32_t i = 0; i < m->ev->n; i++)
        n += m->ev->fields[i].value.n + 1; /* never more when unescaped */
    char *to = arena_alloc(&m->arena, n + 1);
    if (!to)
        return -ENOMEM;
    n = 0;
    for (uint32_t i = 0; i < m->ev->n; i++) {
        struct str v = value_text(m, VALUE_FIELDS + i);
        if (v.n)
            memcpy(to + n, v.p, v.n);
        n += v.n;
        to[n++] = '\n';
    }
    *ret = str_n(to, n);
    return 0;
}

/* Where the line stands: what the decoder kept as the original, else the raw bytes. */
const struct line_source *line_look(struct detect_matcher *m) {
    struct line_source *s = &m->line;
    const struct raw_record *raw = m->ev->raw;
    if (s->epoch == m->epoch)
        return s;
    *s = (struct line_source){.epoch = m->epoch, .bytes = event_get(m->ev, EVENT_F_EVENT_ORIGINAL)};
    if (!s->bytes.n && raw && !(raw->flags & RAW_JOURNAL)) {
        s->bytes = raw->bytes;
        s->is_raw = true;
    }
    if (!s->bytes.n) {
        s->is_raw = false;
        if (join_values(m, &s->bytes) < 0) {
            m->no_memory = true;
            s->bytes = STR("");
        }
        s->high = m->kernel->look(s->bytes.p, s->bytes.n) & KERNEL_HIGH;
        return s;
    }
    /* The decoder has seen each byte: JSON has no NUL or ESC. */
    if (raw && (m->ev->flags & EVENT_JSON_LINE) && s->bytes.p == raw->bytes.p && s->bytes.n == raw->bytes.n) {
        s->is_json = true;
        s->high = m->ev->flags & EVENT_LINE_HIGH;
        s->is_opaque = m->ev->flags & EVENT_LINE_U;
        return s;
    }
    unsigned seen = m->kernel->look(s->bytes.p, s->bytes.n);
    s->high = seen & KERNEL_HIGH;
    s->is_json = looks_like_json(s->bytes);
    /* encodings that do not keep ASCII as it is; an escape behind which may be any letter */
    s->is_opaque = (seen & KERNEL_OPAQUE) || ((seen & KERNEL_U) && s->is_json);
    return s;
}

static int read_line(struct detect_matcher *m, struct str *ret) {
    const struct line_source *s = line_look(m);
    *ret = s->bytes;
    if (s->is_raw) {
        enum text_encoding used;
        *ret = text_to_utf8(&m->arena, s->bytes, -1, &used);
        if (!ret->p)
            return -ENOMEM;
    }
    if (s->is_json && str_find_byte(*ret, '\\', 0) >= 0)
        return unescape(&m->arena, *ret, ret);
    return 0;
}

void line_make(struct detect_matcher *m) {
    struct str line;
    if (m->line.ready == m->epoch)
        return;
    if (read_line(m, &line) < 0) {
        m->no_memory = true;
        line = STR("");
    }
    m->extra[VALUE_LINE] = (struct event_field){.type = JSON_STRING, .value = line};
    m->line.ready = m->epoch;
}

/* --- values made ready --- */

struct str value_text(struct detect_matcher *m, uint32_t value) {
    const struct event_field *f = value_at(m, value);
    struct prepared *p = &m->prepared[value];
    if (LIKELY(!f->escaped))
        return f->value;
    (void) value_prepare(m, value);
    if (!p->is_text) {
        p->text = json_unescape(&m->arena, f->value);
        p->is_text = true;
        if (!p->text.p) {
            m->no_memory = true;
            p->text = STR("");
        }
    }
    return p->text;
}

const struct prepared *value_make_ready(struct detect_matcher *m, uint32_t value) {
    struct prepared *p = &m->prepared[value];
    *p = (struct prepared){.epoch = m->epoch, .lowered = STR("")};
    const struct event_field *f = value_at(m, value);
    if (f->escaped) {
        struct str s = json_unescape_lower(&m->arena, f->value, &p->high);
        m->no_memory |= !s.p;
        p->lowered = s.p ? s : STR("");
        return p;
    }
    struct str raw = f->value;
    char *to = arena_alloc(&m->arena, raw.n + 1);
    if (!to) {
        m->no_memory = true;
        return p;
    }
    p->high = m->kernel->lower(to, raw.p, raw.n);
    p->lowered = str_n(to, raw.n);
    return p;
}

struct str value_folded(struct detect_matcher *m, uint32_t value) {
    struct prepared *p = &m->prepared[value];
    (void) value_prepare(m, value);
    if (!p->is_folded) {
        p->folded = p->high ? text_lower(&m->arena, value_text(m, value)) : p->lowered;
        p->is_folded = true;
        if (!p->folded.p) {
            m->no_memory = true;
            p->folded = STR("");
        }
    }
    return p->folded;
}

static struct str or_empty(struct detect_matcher *m, struct str s) {
    m->no_memory |= !s.p;
    return s.p ? s : STR("");
}

struct str value_normal(struct detect_matcher *m, uint32_t value) {
    struct folded *f = &m->folded[value];
    if (f->normal_epoch != m->epoch) {
        bool high = value_prepare(m, value)->high;
        f->normal = high ? or_empty(m, text_normal(&m->arena, value_text(m, value))) : value_prepare(m, value)->lowered;
        f->normal_epoch = m->epoch;
    }
    return f->normal;
}

struct str value_variants(struct detect_matcher *m, uint32_t value) {
    struct folded *f = &m->folded[value];
    if (f->variants_epoch != m->epoch) {
        f->variants = or_empty(m, text_variants(&m->arena, value_normal(m, value)));
        f->variants_epoch = m->epoch;
    }
    return f->variants;
}

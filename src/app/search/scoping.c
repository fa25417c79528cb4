/* See scoping.h. */
#include "app/search/scoping.h"

#include "base/csv.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"

#include <limits.h>
#include <stdlib.h>

enum {
    FIELDS_MAX = 4,
    NEEDS_MAX = 4,
    JOINS_MAX = 3,
    PIECES_MAX = 48,      /* stretches in which a log is looked for, */
    PIECE_MINUTES = 10,   /* not shorter than this: a log that is quiet for a minute is not missing */
    VALUES_MAX = 500000,  /* distinct values: about 80 MB */
    ROWS_MAX = 300000,    /* events that wait to be joined, and as many events of each join */
    VALUES_TOLD = 500,
    VALUE_BYTES_MAX = 300,
    KEY_BYTES_MAX = 40,
    LIST_BYTES_MAX = 200 * 1024 * 1024,
};
#define MEMORY_BYTES_MAX ((size_t) 512 << 20)
enum state { RUNNING, DONE, STOPPED, FAILED };
static const char *const state_names[] = {"running", "done", "stopped", "failed"};

struct fields {
    struct str at[FIELDS_MAX];
    size_t n;
};
struct need {
    struct search *search;
    uint64_t found, pieces[PIECES_MAX];
    int64_t first_ns, last_ns;
};
struct known { /* what a join's log said at a moment */
    struct str by, gives[FIELDS_MAX];
    int64_t t;
    bool ends;
};
struct join {
    struct search *search, *ends;
    struct str by, of;
    struct fields gives;
    int64_t holds_ns;
    const struct join *via; /* `by` and `of` are what this one gives; NULL: fields of the events */
    bool must;
    struct known *at;
    size_t n, cap;
    uint64_t others;
};
struct row { /* an event of the question that waits for its joins */
    int64_t t;
    uint64_t record;
    struct str of[JOINS_MAX], count[FIELDS_MAX], instead[FIELDS_MAX], also[FIELDS_MAX];
};
struct seen {
    uint64_t n, record;
    int64_t first_ns, last_ns;
    bool open;
};
struct scoping {
    char key[KEY_BYTES_MAX + 1], folder[PATH_MAX];
    enum state state;
    struct arena texts; /* the question's */
    struct arena arena; /* what was found */
    struct scan *scan;
    struct search *search; /* the question alone */
    int64_t from_ns, to_ns, begun_ns, ended_ns, first_ns, last_ns;
    struct fields count, instead, also;
    size_t pieces;
    bool fold;
    struct need needs[NEEDS_MAX];
    struct join joins[JOINS_MAX];
    size_t n_needs, n_joins, n_rows, rows_cap;
    struct row *rows;
    struct map values, also_values[FIELDS_MAX];
    uint64_t found, without, unjoined, others, open;
    char list[KEY_BYTES_MAX + 16], list_sum[2 * SHA256_BYTES + 1];
    uint64_t list_bytes;
    struct diag why;
};

struct scoping *scoping_free(struct scoping *s) {
    if (!s)
        return NULL;
    scan_free(s->scan);
    search_free(s->search);
    for (size_t i = 0; i < s->n_needs; i++)
        search_free(s->needs[i].search);
    for (size_t i = 0; i < s->n_joins; i++) {
        search_free(s->joins[i].search);
        search_free(s->joins[i].ends);
        mem_free(s->joins[i].at);
    }
    map_done(&s->values);
    for (size_t i = 0; i < FIELDS_MAX; i++)
        map_done(&s->also_values[i]);
    mem_free(s->rows);
    arena_done(&s->texts);
    arena_done(&s->arena);
    mem_free(s);
    return NULL;
}

bool scoping_is(const struct scoping *s, struct str key) {
    return s && str_eq_z(key, s->key);
}

bool scoping_is_running(const struct scoping *s) {
    return s && s->state == RUNNING;
}

/* ---- values ---- */

/* The first value of a field, whoever named it; empty: none. */
static struct str value_of(const struct event *ev, struct str name) {
    uint32_t id = event_names_find(ev->names, name);
    for (uint32_t i = 0; i < ev->n; i++)
        if (ev->fields[i].id ? ev->fields[i].id == id : str_eq(ev->fields[i].name, name))
            return ev->fields[i].value;
    return STR("");
}

static struct str kept(struct scoping *s, struct str v, int *ret) {
    size_t n = MIN(v.n, (size_t) VALUE_BYTES_MAX);
    while (n < v.n && n && ((unsigned char) v.p[n] & 0xc0) == 0x80)
        n--;
    char *to = n ? arena_alloc(&s->arena, n) : NULL;
    if (n && !to) {
        *ret = -ENOMEM;
        return STR("");
    }
    for (size_t i = 0; i < n; i++)
        to[i] = (char) (v.p[i] == '\x1f' ? ' ' : s->fold && v.p[i] >= 'A' && v.p[i] <= 'Z' ? v.p[i] | 0x20 : v.p[i]);
    return n ? str_n(to, n) : STR("");
}

static int read_fields(struct scoping *s, const struct event *ev, const struct fields *f, struct str *dst) {
    int r = 0;
    for (size_t i = 0; i < f->n; i++)
        dst[i] = kept(s, value_of(ev, f->at[i]), &r);
    return r;
}

/* ---- counting ---- */

static int note(struct scoping *s, const struct row *row) {
    bool open = !row->count[0].n && s->instead.n;
    const struct str *v = open ? row->instead : row->count;
    size_t n = open ? s->instead.n : s->count.n;
    char key[FIELDS_MAX * (VALUE_BYTES_MAX + 1)];
    size_t at = 0;
    union map_value *x;
    bool is_new;
    if (!v[0].n) {
        s->without++;
        return 0;
    }
    if (open)
        key[at++] = '?';
    for (size_t i = 0; i < n; i++) {
        memcpy(key + at, v[i].p ? v[i].p : "", v[i].n);
        at += v[i].n;
        key[at++] = '\x1f';
    }
    int r = map_add(&s->values, str_n(key, at), &x, &is_new);
    if (r == -ERR_LIMIT) {
        s->others++;
        return 0;
    }
    if (r < 0 || (is_new && !(x->ptr = arena_zalloc(&s->arena, sizeof(struct seen)))))
        return -ENOMEM;
    struct seen *seen = x->ptr;
    if (is_new || row->t < seen->first_ns) {
        seen->first_ns = row->t;
        seen->record = row->record;
    }
    if (is_new) {
        seen->last_ns = row->t;
        seen->open = open;
        s->open += open;
    }
    seen->last_ns = MAX(seen->last_ns, row->t);
    seen->n++;
    for (size_t i = 0; i < s->also.n; i++)
        if (row->also[i].n && (r = map_add(&s->also_values[i], row->also[i], &x, NULL)) < 0 && r != -ERR_LIMIT)
            return r;
    return 0;
}

static int take_row(struct scoping *s, const struct event *ev, uint64_t record, int64_t t) {
    struct row row = {.t = t, .record = record};
    int r = read_fields(s, ev, &s->count, row.count);
    if (r == 0)
        r = read_fields(s, ev, &s->instead, row.instead);
    if (r == 0)
        r = read_fields(s, ev, &s->also, row.also);
    for (size_t i = 0; r == 0 && i < s->n_joins; i++)
        row.of[i] = kept(s, value_of(ev, s->joins[i].via ? s->joins[i].via->of : s->joins[i].of), &r);
    s->found++;
    s->first_ns = s->first_ns == TIME_NONE ? t : MIN(s->first_ns, t);
    s->last_ns = s->last_ns == TIME_NONE ? t : MAX(s->last_ns, t);
    if (r < 0 || !s->n_joins)
        return r < 0 ? r : note(s, &row);
    if (s->n_rows == ROWS_MAX) {
        s->others++;
        return 0;
    }
    if ((r = mem_grow((void **) &s->rows, &s->rows_cap, s->n_rows + 1, ROWS_MAX, sizeof *s->rows)) < 0)
        return r;
    s->rows[s->n_rows++] = row;
    return 0;
}

static int take_known(struct scoping *s, struct join *j, const struct event *ev, int64_t t, bool ends) {
    struct known k = {.t = t, .ends = ends};
    int r = 0;
    k.by = kept(s, value_of(ev, j->via ? j->via->of : j->by), &r);
    if (r == 0)
        r = read_fields(s, ev, &j->gives, k.gives);
    if (r < 0 || !k.by.n)
        return r;
    if (j->n == ROWS_MAX) {
        j->others++;
        return 0;
    }
    if ((r = mem_grow((void **) &j->at, &j->cap, j->n + 1, ROWS_MAX, sizeof *j->at)) < 0)
        return r;
    j->at[j->n++] = k;
    return 0;
}

static void take_need(struct scoping *s, struct need *n, int64_t t) {
    n->found++;
    n->first_ns = n->first_ns == TIME_NONE ? t : MIN(n->first_ns, t);
    n->last_ns = n->last_ns == TIME_NONE ? t : MAX(n->last_ns, t);
    size_t piece = (size_t) ((double) (t - s->from_ns) / (double) (s->to_ns - s->from_ns) * (double) s->pieces);
    n->pieces[MIN(piece, s->pieces - 1)]++;
}

/* 1: this part of the question fits, and *ev is the event whole. */
static int fits(struct search *x, const struct raw_record *rec, int64_t *ret_t, const struct event **ev) {
    int r = x ? search_test(x, rec, ret_t) : 0;
    if (r != 1 || !ev)
        return r;
    r = search_event(x, rec, ev);
    return r < 0 ? r : 1;
}

static int found(void *ctx, struct search *whole UNUSED, const struct raw_record *rec, int64_t time_ns UNUSED) {
    struct scoping *s = ctx;
    const struct event *ev;
    int64_t t;
    int r = fits(s->search, rec, &t, &ev);
    if (r == 1)
        r = take_row(s, ev, rec->pos.n, t);
    for (size_t i = 0; r >= 0 && i < s->n_joins; i++) {
        struct join *j = &s->joins[i];
        if ((r = fits(j->search, rec, &t, &ev)) == 1)
            r = take_known(s, j, ev, t, false);
        if (r >= 0 && (r = fits(j->ends, rec, &t, &ev)) == 1)
            r = take_known(s, j, ev, t, true);
    }
    for (size_t i = 0; r >= 0 && i < s->n_needs; i++)
        if ((r = fits(s->needs[i].search, rec, &t, NULL)) == 1)
            take_need(s, &s->needs[i], t);
    return MIN(r, 0);
}

/* ---- joining ---- */

static int by_key_and_time(const void *pa, const void *pb) {
    const struct known *a = pa, *b = pb;
    int c = str_cmp(a->by, b->by);
    return c ? c : a->t != b->t ? (a->t < b->t ? -1 : 1) : (int) a->ends - (int) b->ends;
}

/* The latest that was known of it at t; NULL: nothing, or it had ended. */
static const struct known *known_at(const struct join *j, struct str of, int64_t t) {
    size_t lo = 0, hi = j->n;
    while (lo < hi) { /* the first behind (of, t) */
        size_t mid = (lo + hi) / 2;
        int c = str_cmp(j->at[mid].by, of);
        if (c < 0 || (c == 0 && j->at[mid].t <= t))
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct known *k = lo ? &j->at[lo - 1] : NULL;
    return k && str_eq(k->by, of) && !k->ends && t - k->t <= j->holds_ns ? k : NULL;
}

static void stand_in(const struct join *j, const struct known *k, const struct fields *f, struct str *values) {
    for (size_t i = 0; i < f->n; i++)
        for (size_t g = 0; g < j->gives.n; g++)
            if (str_eq(f->at[i], j->gives.at[g]))
                values[i] = k ? k->gives[g] : STR("");
}

/* What an earlier join says of a value at t, in its field `name`; empty: nothing. */
static struct str through(const struct join *via, struct str value, struct str name, int64_t t) {
    const struct known *k = value.n ? known_at(via, value, t) : NULL;
    for (size_t i = 0; k && i < via->gives.n; i++)
        if (str_eq(via->gives.at[i], name))
            return k->gives[i];
    return STR("");
}

static int join_all(struct scoping *s) {
    int r = 0;
    for (size_t i = 0; i < s->n_joins; i++) {
        struct join *j = &s->joins[i];
        for (size_t k = 0; j->via && k < j->n; k++)
            j->at[k].by = through(j->via, j->at[k].by, j->by, j->at[k].t);
        if (s->joins[i].n)
            qsort(s->joins[i].at, s->joins[i].n, sizeof *s->joins[i].at, by_key_and_time);
    }
    for (size_t i = 0; r == 0 && i < s->n_rows; i++) {
        struct row *row = &s->rows[i];
        bool counts = true;
        for (size_t k = 0; k < s->n_joins; k++) {
            const struct join *j = &s->joins[k];
            struct str of = j->via ? through(j->via, row->of[k], j->of, row->t) : row->of[k];
            const struct known *known = of.n ? known_at(j, of, row->t) : NULL;
            counts &= known || !j->must;
            stand_in(j, known, &s->count, row->count);
            stand_in(j, known, &s->instead, row->instead);
            stand_in(j, known, &s->also, row->also);
        }
        s->unjoined += !counts;
        if (counts)
            r = note(s, row);
    }
    return r;
}

/* ---- the list ---- */

struct told {
    struct str value; /* fields, each ended by \x1f; open ones begin with ? */
    const struct seen *seen;
};

static int earliest(const void *pa, const void *pb) {
    const struct told *a = pa, *b = pb;
    if (a->seen->first_ns != b->seen->first_ns)
        return a->seen->first_ns < b->seen->first_ns ? -1 : 1;
    return str_cmp(a->value, b->value);
}

static struct told *in_order(const struct scoping *s) {
    struct told *all = mem_zalloc_array(s->values.n + 1, sizeof *all);
    size_t n = 0;
    for (struct map_slot *x = NULL; all && (x = map_next(&s->values, x));)
        all[n++] = (struct told){x->key, x->value.ptr};
    if (n)
        qsort(all, n, sizeof *all, earliest);
    return all;
}

/* The next field of a value. */
static bool next_field(struct str *rest, struct str *ret) {
    ptrdiff_t at = rest->n ? str_find(*rest, STR("\x1f"), 0) : -1;
    if (at < 0)
        return false;
    *ret = str_to(*rest, (size_t) at);
    *rest = str_from(*rest, (size_t) at + 1);
    return true;
}

static void list_head(const struct scoping *s, struct buf *out) {
    static const char *const others[] = {"joined", "events", "first (UTC)", "last (UTC)", "first record"};
    buf_add_z(out, CSV_MARK);
    for (size_t i = 0; i < s->count.n; i++)
        csv_cell(out, i == 0, s->count.at[i]);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        csv_cell(out, false, str_of(others[i]));
    csv_end_row(out);
}

static void list_row(const struct scoping *s, const struct told *x, struct buf *out) {
    char text[TIME_ISO_CAP], n[24];
    struct str rest = str_from(x->value, x->seen->open), v;
    size_t i = 0;
    for (; next_field(&rest, &v); i++)
        csv_cell(out, i == 0, v);
    for (; i < s->count.n; i++)
        csv_cell(out, false, STR(""));
    csv_cell(out, false, x->seen->open ? STR("no") : STR("yes"));
    snprintf(n, sizeof n, "%llu", (unsigned long long) x->seen->n);
    csv_cell(out, false, str_of(n));
    time_format_iso(x->seen->first_ns, 3, text);
    csv_cell(out, false, str_of(text));
    time_format_iso(x->seen->last_ns, 3, text);
    csv_cell(out, false, str_of(text));
    snprintf(n, sizeof n, "%llu", (unsigned long long) x->seen->record);
    csv_cell(out, false, str_of(n));
    csv_end_row(out);
}

static int write_list(struct scoping *s) {
    struct told *all = in_order(s);
    char path[PATH_MAX + sizeof s->list];
    uint8_t sum[SHA256_BYTES];
    struct buf b;
    if (!all)
        return -ENOMEM;
    buf_init(&b, LIST_BYTES_MAX);
    list_head(s, &b);
    for (size_t i = 0; i < s->values.n; i++)
        list_row(s, &all[i], &b);
    mem_free(all);
    snprintf(s->list, sizeof s->list, "scope-%s.csv", s->key);
    snprintf(path, sizeof path, "%s/%s", s->folder, s->list);
    int r = buf_error(&b);
    if (r == 0)
        r = file_write_atomic(path, buf_str(&b), 0600, &s->why);
    sha256_of(buf_str(&b), sum);
    hex_encode(sum, sizeof sum, s->list_sum);
    s->list_bytes = b.n;
    buf_done(&b);
    return r;
}

/* ---- the question ---- */

static int bad(struct diag *err, const char *what) {
    return diag_set(err, -ERR_PARSE, "a scope's '%s' is missing or makes no sense", what);
}

static int read_names(struct scoping *s, const struct json_value *q, const char *key, bool wanted, struct fields *ret, struct diag *err) {
    const struct json_value *list = json_get_array(q, key);
    if (!list)
        return wanted ? bad(err, key) : 0;
    for (const struct json_value *v = list->first; v; v = v->next) {
        if (ret->n == FIELDS_MAX || v->type != JSON_STRING || !v->text.n)
            return bad(err, key);
        if (!(ret->at[ret->n++] = arena_dup(&s->texts, v->text)).p)
            return -ENOMEM;
    }
    return wanted && !ret->n ? bad(err, key) : 0;
}

/* A part of the question as a search of its own, over the same records as the scan. */
static int make_part(struct scoping *s, struct str query, int64_t from_ns, struct search **ret, struct diag *err) {
    struct search_options o = *search_bounds(scan_search(s->scan));
    o.query = arena_dup(&s->texts, query);
    o.from_ns = from_ns;
    o.to_ns = s->to_ns;
    return o.query.p ? search_new(&o, ret, err) : -ENOMEM;
}

static int make_join(struct scoping *s, const struct json_value *v, struct diag *err) {
    struct join *j = &s->joins[s->n_joins++];
    struct str query, ends, by, of;
    if (!json_get_str(v, "query", &query) || !json_get_str(v, "by", &by) || !json_get_str(v, "of", &of))
        return bad(err, "joins");
    (void) json_get_bool(v, "must", &j->must);
    j->by = arena_dup(&s->texts, by);
    j->of = arena_dup(&s->texts, of);
    int64_t seconds = 0;
    (void) json_get_i64(v, "holds_s", &seconds);
    j->holds_ns = seconds * NS_PER_S;
    int r = j->by.p && j->of.p ? read_names(s, v, "gives", true, &j->gives, err) : -ENOMEM;
    for (struct join *m = s->joins; r == 0 && m < j && !j->via; m++)
        for (size_t g = 0; g < m->gives.n; g++)
            if (str_eq(m->gives.at[g], j->by) && str_eq(j->of, j->by))
                j->via = m;
    if (r == 0)
        r = make_part(s, query, s->from_ns - j->holds_ns, &j->search, err);
    if (r == 0 && json_get_str(v, "ends", &ends))
        r = make_part(s, ends, s->from_ns - j->holds_ns, &j->ends, err);
    return r;
}

static int make_parts(struct scoping *s, const struct json_value *q, struct str query, struct diag *err) {
    const struct json_value *needs = json_get_array(q, "needs"), *joins = json_get_array(q, "joins");
    int r = make_part(s, query, s->from_ns, &s->search, err);
    for (const struct json_value *v = needs ? needs->first : NULL; r == 0 && v; v = v->next) {
        struct need *n = &s->needs[s->n_needs++];
        n->first_ns = n->last_ns = TIME_NONE;
        r = make_part(s, v->text, s->from_ns, &n->search, err);
    }
    for (const struct json_value *v = joins ? joins->first : NULL; r == 0 && v; v = v->next)
        r = make_join(s, v, err);
    return r;
}

static void add_or(struct buf *b, struct str query) {
    buf_add_z(b, b->n ? " or (" : "(");
    buf_add(b, query);
    buf_add_byte(b, ')');
}

/* All of it as one query, so that the spool is read once; *ret_before: how far back it looks for joins. */
static int whole_query(struct scoping *s, const struct json_value *q, struct str query, struct str *ret, int64_t *ret_before, struct diag *err) {
    const struct json_value *needs = json_get_array(q, "needs"), *joins = json_get_array(q, "joins");
    struct str part;
    struct buf b;
    int64_t holds;
    *ret_before = 0;
    if ((needs && needs->n > NEEDS_MAX) || (joins && joins->n > JOINS_MAX))
        return bad(err, needs && needs->n > NEEDS_MAX ? "needs" : "joins");
    buf_init(&b, 256 * 1024);
    add_or(&b, query);
    for (const struct json_value *v = needs ? needs->first : NULL; v; v = v->next) {
        if (v->type != JSON_STRING)
            return buf_done(&b), bad(err, "needs");
        add_or(&b, v->text);
    }
    for (const struct json_value *v = joins ? joins->first : NULL; v; v = v->next) {
        if (!json_get_str(v, "query", &part) || !json_get_i64(v, "holds_s", &holds) || holds < 1 || holds > 400 * 86400)
            return buf_done(&b), bad(err, "joins");
        add_or(&b, part);
        if (json_get_str(v, "ends", &part))
            add_or(&b, part);
        *ret_before = MAX(*ret_before, holds * NS_PER_S);
    }
    *ret = arena_dup(&s->texts, buf_str(&b));
    int r = buf_error(&b);
    buf_done(&b);
    return r < 0 ? r : ret->p ? 0 : -ENOMEM;
}

static int make(struct scoping *s, const struct scan_options *like, const struct json_value *q, struct diag *err) {
    struct scan_options o = *like;
    struct str query, whole;
    int64_t from, to, before = 0;
    if (!json_get_str(q, "query", &query))
        return bad(err, "query");
    if (!json_get_i64(q, "from_ms", &from) || !json_get_i64(q, "to_ms", &to) || from >= to || from < 0 || to > INT64_C(9000000000000))
        return bad(err, "from_ms and to_ms");
    s->from_ns = from * NS_PER_MS;
    s->to_ns = to * NS_PER_MS;
    s->pieces = (size_t) MAX(MIN((to - from) / (PIECE_MINUTES * 60000), (int64_t) PIECES_MAX), (int64_t) 1);
    (void) json_get_bool(q, "fold", &s->fold);
    int r = read_names(s, q, "count", true, &s->count, err);
    if (r == 0)
        r = read_names(s, q, "or", false, &s->instead, err);
    if (r == 0)
        r = read_names(s, q, "also", false, &s->also, err);
    if (r == 0)
        r = whole_query(s, q, query, &whole, &before, err);
    if (r < 0)
        return r;
    o.query = whole;
    o.rule = STR("");
    o.indicators = NULL;
    o.newest_first = false;
    o.from_ns = s->from_ns - before;
    o.to_ns = s->to_ns;
    o.spool_dir = arena_printf(&s->texts, "%s", like->spool_dir).p;
    o.filter_dir = like->filter_dir ? arena_printf(&s->texts, "%s", like->filter_dir).p : NULL;
    if (!o.spool_dir || (like->filter_dir && !o.filter_dir))
        return -ENOMEM;
    r = scan_new(&o, &s->scan, err);
    return r < 0 ? r : make_parts(s, q, query, err);
}

int scoping_new(const struct scan_options *like, const struct json_value *question, const char *folder, struct scoping **ret, struct diag *reterr) {
    struct scoping *s = mem_zalloc(sizeof *s);
    struct str key = STR("");
    if (!s)
        return diag_set(reterr, -ENOMEM, "out of memory");
    arena_init(&s->texts, 4 << 20);
    arena_init(&s->arena, MEMORY_BYTES_MAX);
    map_init(&s->values, VALUES_MAX, 0);
    for (size_t i = 0; i < FIELDS_MAX; i++)
        map_init(&s->also_values[i], VALUES_MAX, 0);
    s->first_ns = s->last_ns = TIME_NONE;
    s->begun_ns = time_monotonic_ns();
    snprintf(s->folder, sizeof s->folder, "%s", folder);
    bool good = json_get_str(question, "key", &key) && key.n && key.n <= KEY_BYTES_MAX;
    for (size_t i = 0; good && i < key.n; i++)
        good = (key.p[i] >= '0' && key.p[i] <= '9') || (key.p[i] >= 'a' && key.p[i] <= 'z') || key.p[i] == '-';
    snprintf(s->key, sizeof s->key, "%.*s", STR_ARG(key));
    int r = good ? make(s, like, question, reterr) : bad(reterr, "key");
    if (r < 0)
        scoping_free(s);
    else
        *ret = s;
    return r;
}

/* ---- its life ---- */

static void end(struct scoping *s, enum state state) {
    int r = state == DONE ? join_all(s) : 0;
    if (state == DONE && r == 0)
        r = write_list(s);
    if (r < 0 && !s->why.text[0])
        diag_set(&s->why, r, "the count cannot be ended: %s", err_word(r));
    s->state = r < 0 ? FAILED : state;
    s->ended_ns = time_monotonic_ns();
}

void scoping_stop(struct scoping *s) {
    if (s->state == RUNNING)
        end(s, STOPPED);
}

void scoping_step(struct scoping *s) {
    if (s->state != RUNNING)
        return;
    int r = scan_step(s->scan, found, s, &s->why);
    if (r <= 0)
        end(s, r < 0 ? FAILED : DONE);
}

/* ---- telling ---- */

static void write_progress(const struct scoping *s, struct jsonw *w) {
    const struct scan_progress *p = scan_progress(s->scan);
    int64_t took = (s->state == RUNNING ? time_monotonic_ns() : s->ended_ns) - s->begun_ns;
    jsonw_key(w, STR("progress"));
    jsonw_object(w);
    jsonw_ku64(w, "bytes", p->bytes);
    jsonw_ku64(w, "bytes_done", p->bytes_done);
    jsonw_ku64(w, "records", p->records);
    jsonw_ku64(w, "lost", p->lost);
    jsonw_kdouble(w, "took_s", (double) (took / NS_PER_MS) / 1000);
    jsonw_end(w);
}

/* Stretches without a single one. */
static void write_empty(const struct scoping *s, const struct need *n, struct jsonw *w) {
    int64_t piece = (s->to_ns - s->from_ns) / (int64_t) s->pieces;
    jsonw_key(w, STR("empty"));
    jsonw_array(w);
    for (size_t i = 0; i < s->pieces; i++) {
        size_t begin = i;
        while (i < s->pieces && !n->pieces[i])
            i++;
        if (i == begin)
            continue;
        jsonw_object(w);
        jsonw_ktime(w, "from", s->from_ns + (int64_t) begin * piece);
        jsonw_ktime(w, "to", i == s->pieces ? s->to_ns : s->from_ns + (int64_t) i * piece);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void write_needs(const struct scoping *s, struct jsonw *w) {
    jsonw_key(w, STR("needs"));
    jsonw_array(w);
    for (size_t i = 0; i < s->n_needs; i++) {
        jsonw_object(w);
        jsonw_ku64(w, "found", s->needs[i].found);
        jsonw_ktime(w, "first_at", s->needs[i].first_ns);
        jsonw_ktime(w, "last_at", s->needs[i].last_ns);
        write_empty(s, &s->needs[i], w);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static int write_values(const struct scoping *s, struct jsonw *w) {
    struct told *all = in_order(s);
    if (!all)
        return -ENOMEM;
    jsonw_key(w, STR("values"));
    jsonw_array(w);
    for (size_t i = 0; i < MIN(s->values.n, (size_t) VALUES_TOLD); i++) {
        struct str rest = str_from(all[i].value, all[i].seen->open), v;
        jsonw_object(w);
        jsonw_key(w, STR("value"));
        jsonw_array(w);
        while (next_field(&rest, &v))
            jsonw_str(w, v);
        jsonw_end(w);
        jsonw_kbool(w, "open", all[i].seen->open);
        jsonw_ku64(w, "n", all[i].seen->n);
        jsonw_ku64(w, "record", all[i].seen->record);
        jsonw_ktime(w, "first_at", all[i].seen->first_ns);
        jsonw_ktime(w, "last_at", all[i].seen->last_ns);
        jsonw_end(w);
    }
    jsonw_end(w);
    mem_free(all);
    return 0;
}

int scoping_write(struct scoping *s, struct jsonw *w) {
    uint64_t cut = s->others;
    for (size_t i = 0; i < s->n_joins; i++)
        cut += s->joins[i].others;
    jsonw_kz(w, "state", state_names[s->state]);
    jsonw_kz(w, "why", s->state == FAILED ? s->why.text : NULL);
    jsonw_ku64(w, "found", s->found);
    jsonw_ku64(w, "distinct", s->values.n);
    jsonw_kbool(w, "at_least", cut > 0);
    jsonw_ku64(w, "open", s->open);
    jsonw_ku64(w, "without", s->without);
    jsonw_ku64(w, "unjoined", s->unjoined);
    jsonw_ktime(w, "first_at", s->first_ns);
    jsonw_ktime(w, "last_at", s->last_ns);
    jsonw_ktime(w, "kept_since", scan_progress(s->scan)->begins_ns);
    write_progress(s, w);
    jsonw_key(w, STR("also"));
    jsonw_array(w);
    for (size_t i = 0; i < s->also.n; i++)
        jsonw_u64(w, s->also_values[i].n);
    jsonw_end(w);
    write_needs(s, w);
    jsonw_key(w, STR("list"));
    if (s->state == DONE) {
        jsonw_object(w);
        jsonw_kz(w, "name", s->list);
        jsonw_ku64(w, "bytes", s->list_bytes);
        jsonw_kz(w, "sha256", s->list_sum);
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    if (s->state == RUNNING && s->n_joins) /* nothing is joined yet */
        return 0;
    return write_values(s, w);
}

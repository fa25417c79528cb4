/* See past.h. */
#include "app/search/past.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "indicator/set.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    VALUES_MAX = 5000,    /* distinct values of one kind; the rest is counted together */
    VALUES_TOLD = 200,
    PART_VALUES_MAX = 1000, /* the same of one part */
    PART_VALUES_TOLD = 50,
    MAILS_TOLD = 500,
    COUNTED_MAX = 500000, /* events whose values are looked at: each is decoded whole */
    VALUE_BYTES_TOLD = 200,
    KEPT_BYTES_MAX = 16 * 1024 * 1024,
};
enum state { RUNNING, DONE, STOPPED, FAILED, STATE_MAX_ };
static const char *const state_names[STATE_MAX_] = {"running", "done", "stopped", "failed"};
enum of { HOST, ACCOUNT, INDICATOR, CLIENT, RECIPIENT, MAIL, OF_MAX_ };
static const struct {
    const char *name, *field; /* field NULL: not one value of one field */
    bool all, part;           /* told of the whole hunt, of a part */
} ofs[OF_MAX_] = {
    [HOST] = {"hosts", NULL, true, true},
    [ACCOUNT] = {"accounts", "user.name", true, true},
    [INDICATOR] = {"indicators", NULL, true, false},
    [CLIENT] = {"clients", "source.ip", false, true},
    [RECIPIENT] = {"recipients", "email.to.address", false, true},
    [MAIL] = {"mails", "email.local_id", false, true},
};

struct seen {
    uint64_t n, record; /* record: of the first */
    int64_t first_ns, last_ns;
    int tlp; /* of an indicator; -1: it is none */
};
/* What is counted, of the whole hunt or of a part. */
struct tally {
    char name[PAST_KEY_BYTES_MAX + 1]; /* of the part */
    char *query;
    uint64_t found;
    int64_t first_ns, last_ns;
    struct map values[OF_MAX_];
    uint64_t others[OF_MAX_];
};
struct past {
    char key[PAST_KEY_BYTES_MAX + 1], path[PATH_MAX], spec[2 * SHA256_BYTES + 1];
    enum state state;
    uint32_t import;
    struct scan *scan; /* NULL: it ended in an earlier life */
    char *query, *rule, *spool_dir, *filter_dir;
    uint64_t from_record, bytes_before, records_before, lost_before, counted, first_record, kept_at;
    int64_t begun_ns, took_before_ns, begins_ns;
    bool resumed;
    struct tally all;
    struct tally *parts; /* n_parts of them */
    size_t n_parts;
    struct arena arena; /* of values */
    struct diag why;
};

static void tally_init(struct tally *t, size_t max) {
    for (int i = 0; i < OF_MAX_; i++)
        map_init(&t->values[i], max, 0);
}

static void tally_done(struct tally *t) {
    for (int i = 0; i < OF_MAX_; i++)
        map_done(&t->values[i]);
    mem_free(t->query);
}

static void tally_clear(struct tally *t) {
    for (int i = 0; i < OF_MAX_; i++)
        map_clear(&t->values[i]);
    memset(t->others, 0, sizeof t->others);
    t->found = 0;
    t->first_ns = t->last_ns = TIME_NONE;
}

struct past *past_free(struct past *p) {
    if (!p)
        return NULL;
    tally_done(&p->all);
    for (size_t i = 0; i < p->n_parts; i++)
        tally_done(&p->parts[i]);
    mem_free(p->parts);
    arena_done(&p->arena);
    scan_free(p->scan);
    mem_free(p->query);
    mem_free(p->rule);
    mem_free(p->spool_dir);
    mem_free(p->filter_dir);
    mem_free(p);
    return NULL;
}

bool past_is(const struct past *p, struct str key) {
    return p && str_eq_z(key, p->key);
}

bool past_is_running(const struct past *p) {
    return p && p->state == RUNNING;
}

/* ---- what is found ---- */

static struct str cut(struct str s) {
    size_t n = MIN(s.n, (size_t) VALUE_BYTES_TOLD);
    while (n < s.n && n && ((unsigned char) s.p[n] & 0xc0) == 0x80)
        n--;
    return str_to(s, n);
}

static struct seen *seen_of(struct past *p, struct tally *t, enum of of, struct str value, int *ret) {
    union map_value *v;
    bool is_new;
    *ret = map_add(&t->values[of], cut(value), &v, &is_new);
    if (*ret == -ERR_LIMIT) {
        t->others[of]++;
        *ret = 0;
        return NULL;
    }
    if (*ret < 0)
        return NULL;
    if (is_new)
        v->ptr = arena_zalloc(&p->arena, sizeof(struct seen));
    struct seen *s = v->ptr;
    if (!s)
        *ret = -ENOMEM;
    else if (is_new)
        *s = (struct seen){.first_ns = INT64_MAX, .last_ns = INT64_MIN, .tlp = -1};
    return s;
}

static int note(struct past *p, struct tally *of_what, enum of of, struct str value, uint64_t record, int64_t t, int tlp) {
    int r = 0;
    struct seen *s = value.n ? seen_of(p, of_what, of, value, &r) : NULL;
    if (!s)
        return r;
    s->n++;
    s->tlp = MAX(s->tlp, tlp);
    if (t < s->first_ns) {
        s->first_ns = t;
        s->record = record;
    }
    s->last_ns = MAX(s->last_ns, t);
    return 0;
}

static int strictest(const struct indicator_entry *e) {
    int t = -1;
    for (uint32_t i = 0; i < e->n; i++)
        t = MAX(t, (int) e->origins[i].tlp);
    return t;
}

static void count(struct tally *t, int64_t time_ns) {
    t->found++;
    t->first_ns = t->first_ns == TIME_NONE ? time_ns : MIN(t->first_ns, time_ns);
    t->last_ns = t->last_ns == TIME_NONE ? time_ns : MAX(t->last_ns, time_ns);
}

/* Each value the event has of what is told. */
static int note_event(struct past *p, struct tally *t, const struct event *ev, const struct raw_record *rec, int64_t time_ns) {
    struct str host = event_get(ev, EVENT_F_HOST_NAME);
    int r = note(p, t, HOST, host.n ? host : scan_source_name(p->scan, rec->source), rec->pos.n, time_ns, -1);
    for (int of = 0; of < OF_MAX_ && r == 0; of++) {
        if (!ofs[of].field || !(t == &p->all ? ofs[of].all : ofs[of].part))
            continue;
        struct str name = str_of(ofs[of].field), value;
        for (uint32_t at = 0; r == 0 && event_next_named(ev, name, &at, &value);)
            r = note(p, t, (enum of) of, value, rec->pos.n, time_ns, -1);
    }
    return r;
}

static int found(void *ctx, struct search *s, const struct raw_record *rec, int64_t time_ns) {
    struct past *p = ctx;
    const struct event *ev;
    unsigned n;
    const struct indicator_hit *hits = search_hits(s, &n);
    int r = 0;
    uint32_t fits = search_parts(s);
    if (p->all.first_ns == TIME_NONE || time_ns < p->all.first_ns)
        p->first_record = rec->pos.n;
    count(&p->all, time_ns);
    for (size_t i = 0; i < p->n_parts; i++)
        if (fits >> i & 1)
            count(&p->parts[i], time_ns);
    for (unsigned i = 0; i < n && r == 0; i++)
        r = note(p, &p->all, INDICATOR, hits[i].entry->value, rec->pos.n, time_ns, strictest(hits[i].entry));
    if (r < 0 || p->counted++ >= COUNTED_MAX)
        return r;
    if ((r = search_event(s, rec, &ev)) < 0)
        return r;
    r = note_event(p, &p->all, ev, rec, time_ns);
    for (size_t i = 0; i < p->n_parts && r == 0; i++)
        if (fits >> i & 1)
            r = note_event(p, &p->parts[i], ev, rec, time_ns);
    return r;
}

/* ---- kept over the program's end ---- */

enum { ALL = 1 << 30 };
static void write_seen(const struct map *m, size_t max, struct jsonw *w);

static void write_tally_kept(const struct tally *t, struct jsonw *w) {
    jsonw_ku64(w, "found", t->found);
    jsonw_ki64(w, "first_ns", t->first_ns);
    jsonw_ki64(w, "last_ns", t->last_ns);
    for (int i = 0; i < OF_MAX_; i++) {
        jsonw_key(w, str_of(ofs[i].name));
        write_seen(&t->values[i], ALL, w);
    }
}

static void write_kept(const struct past *p, struct jsonw *w) {
    const struct scan_progress *s = p->scan ? scan_progress(p->scan) : NULL;
    jsonw_object(w);
    jsonw_kz(w, "spec", p->spec);
    jsonw_kz(w, "state", state_names[p->state]);
    jsonw_kz(w, "why", p->state == FAILED ? p->why.text : "");
    jsonw_ku64(w, "at", s ? s->at : p->from_record);
    jsonw_ku64(w, "bytes", p->bytes_before + (s ? s->bytes_done : 0));
    jsonw_ku64(w, "records", p->records_before + (s ? s->records : 0));
    jsonw_ku64(w, "lost", p->lost_before + (s ? s->lost : 0));
    jsonw_ku64(w, "counted", p->counted);
    jsonw_ku64(w, "first_record", p->first_record);
    jsonw_ki64(w, "begins_ns", s ? s->begins_ns : p->begins_ns);
    jsonw_ki64(w, "took_ns", p->took_before_ns + (s ? time_monotonic_ns() - p->begun_ns : 0));
    write_tally_kept(&p->all, w);
    jsonw_key(w, STR("parts"));
    jsonw_array(w);
    for (size_t i = 0; i < p->n_parts; i++) {
        jsonw_object(w);
        write_tally_kept(&p->parts[i], w);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
}

static int keep(struct past *p) {
    struct jsonw w;
    struct buf b;
    buf_init(&b, KEPT_BYTES_MAX);
    jsonw_init(&w, &b);
    write_kept(p, &w);
    int r = buf_error(&b);
    if (r == 0)
        r = file_write_atomic(p->path, buf_str(&b), 0600, &p->why);
    buf_done(&b);
    return r;
}

static int read_values(struct past *p, struct tally *t, enum of of, const struct json_value *list) {
    int r = 0;
    for (const struct json_value *v = list ? list->first : NULL; v && r == 0; v = v->next) {
        struct str value;
        int64_t n, first, last, record, tlp = -1;
        (void) json_get_i64(v, "tlp_n", &tlp);
        if (!json_get_str(v, "value", &value) || !json_get_i64(v, "n", &n) || !json_get_i64(v, "first_ns", &first) || !json_get_i64(v, "last_ns", &last) ||
            !json_get_i64(v, "record", &record))
            return -ERR_CORRUPT;
        struct seen *s = seen_of(p, t, of, value, &r);
        if (s)
            *s = (struct seen){(uint64_t) n, (uint64_t) record, first, last, tlp >= 0 && tlp <= INDICATOR_TLP_RED ? (int) tlp : -1};
    }
    return r;
}

static int read_tally(struct past *p, struct tally *t, const struct json_value *o) {
    int64_t found;
    int r = json_get_i64(o, "found", &found) && found >= 0 && json_get_i64(o, "first_ns", &t->first_ns) && json_get_i64(o, "last_ns", &t->last_ns) ? 0 : -ERR_CORRUPT;
    t->found = r == 0 ? (uint64_t) found : 0;
    for (int i = 0; i < OF_MAX_ && r == 0; i++)
        r = read_values(p, t, (enum of) i, json_get_array(o, ofs[i].name));
    return r;
}

static int read_kept(struct past *p, const struct json_value *o) {
    struct str spec, state, why = STR("");
    int64_t n[5];
    static const char *const counts[] = {"at", "bytes", "records", "lost", "counted"};
    if (!json_get_str(o, "spec", &spec) || !json_get_str(o, "state", &state))
        return -ERR_CORRUPT;
    if (!str_eq_z(spec, p->spec)) /* the key of another question: it begins anew */
        return -ENOENT;
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
        if (!json_get_i64(o, counts[i], &n[i]) || n[i] < 0)
            return -ERR_CORRUPT;
    int64_t record = 0;
    (void) json_get_i64(o, "first_record", &record);
    if (!json_get_i64(o, "took_ns", &p->took_before_ns) ||
        !json_get_i64(o, "begins_ns", &p->begins_ns))
        return -ERR_CORRUPT;
    for (int i = 0; i < STATE_MAX_; i++)
        if (str_eq_z(state, state_names[i]))
            p->state = (enum state) i;
    (void) json_get_str(o, "why", &why);
    snprintf(p->why.text, sizeof p->why.text, "%.*s", (int) MIN(why.n, sizeof p->why.text - 1), why.p);
    p->from_record = (uint64_t) n[0];
    p->bytes_before = (uint64_t) n[1];
    p->records_before = (uint64_t) n[2];
    p->lost_before = (uint64_t) n[3];
    p->counted = (uint64_t) n[4];
    p->first_record = (uint64_t) record;
    p->resumed = true;
    const struct json_value *parts = json_get_array(o, "parts"), *part = parts ? parts->first : NULL;
    int r = read_tally(p, &p->all, o);
    for (size_t i = 0; i < p->n_parts && r == 0; i++, part = part->next)
        r = part ? read_tally(p, &p->parts[i], part) : -ERR_CORRUPT;
    return r;
}

static void forget_values(struct past *p) {
    tally_clear(&p->all);
    for (size_t i = 0; i < p->n_parts; i++)
        tally_clear(&p->parts[i]);
    arena_reset(&p->arena);
    p->from_record = p->bytes_before = p->records_before = p->lost_before = p->counted = p->first_record = 0;
    p->begins_ns = TIME_NONE;
    p->took_before_ns = 0;
    p->resumed = false;
    p->state = RUNNING;
}

/* What is damaged is no loss: it begins anew. */
static int resume(struct past *p) {
    struct arena a;
    struct str text;
    struct json_value *o;
    arena_init(&a, 4 * (size_t) KEPT_BYTES_MAX);
    int r = file_read(&a, p->path, KEPT_BYTES_MAX, &text, NULL);
    if (r == 0)
        r = json_parse(&a, text, &o, NULL);
    if (r == 0)
        r = o->type == JSON_OBJECT ? read_kept(p, o) : -ERR_CORRUPT;
    if (r < 0)
        forget_values(p);
    arena_done(&a);
    return r == -ENOMEM ? r : 0;
}

/* ---- its life ---- */

static bool key_is_good(struct str key) {
    for (size_t i = 0; i < key.n; i++)
        if (!ascii_digit(key.p[i]) && (key.p[i] < 'a' || key.p[i] > 'z') && key.p[i] != '-')
            return false;
    return key.n && key.n <= PAST_KEY_BYTES_MAX;
}

static void make_spec(struct past *p, const struct past_options *o) {
    uint8_t sum[SHA256_BYTES];
    char head[160];
    struct sha256 h;
    sha256_init(&h);
    snprintf(head, sizeof head, "%u %lld %lld %zu %zu\n", o->import, (long long) o->scan.from_ns, (long long) o->scan.to_ns, o->scan.query.n, o->scan.rule.n);
    sha256_add(&h, str_of(head));
    sha256_add(&h, o->scan.query);
    sha256_add(&h, o->scan.rule);
    for (size_t i = 0; i < o->n_parts; i++) {
        sha256_add(&h, STR("\n"));
        sha256_add(&h, o->parts[i].query);
    }
    sha256_end(&h, sum);
    hex_encode(sum, sizeof sum, p->spec);
}

static int copy_texts(struct past *p, struct scan_options *o) {
    p->query = str_dup(o->query);
    p->rule = str_dup(o->rule);
    p->spool_dir = str_dup(str_of(o->spool_dir));
    p->filter_dir = o->filter_dir ? str_dup(str_of(o->filter_dir)) : NULL;
    if (!p->query || !p->rule || !p->spool_dir || (o->filter_dir && !p->filter_dir))
        return -ENOMEM;
    o->query = str_of(p->query);
    o->rule = str_of(p->rule);
    o->spool_dir = p->spool_dir;
    o->filter_dir = p->filter_dir;
    return 0;
}

/* What fits any of them. */
static int join_parts(struct past *p, const struct past_options *o) {
    struct buf b;
    if (o->n_parts > SEARCH_PARTS_MAX)
        return -ERR_LIMIT;
    p->parts = mem_zalloc_array(o->n_parts, sizeof *p->parts);
    if (!p->parts)
        return -ENOMEM;
    buf_init(&b, SEARCH_QUERY_BYTES_MAX);
    for (; p->n_parts < o->n_parts; p->n_parts++) {
        struct tally *t = &p->parts[p->n_parts];
        const struct past_part *x = &o->parts[p->n_parts];
        tally_init(t, PART_VALUES_MAX);
        snprintf(t->name, sizeof t->name, "%.*s", STR_ARG(x->name));
        if (!(t->query = str_dup(x->query))) {
            p->n_parts++;
            break;
        }
        buf_printf(&b, p->n_parts ? " or (" : "(");
        buf_add(&b, x->query);
        buf_add_z(&b, ")");
    }
    int r = buf_error(&b);
    if (r == 0 && p->n_parts < o->n_parts)
        r = -ENOMEM;
    mem_free(p->query);
    p->query = r == 0 ? str_dup(buf_str(&b)) : NULL;
    buf_done(&b);
    return r < 0 ? r : p->query ? 0 : -ENOMEM;
}

int past_new(const struct past_options *o, struct past **ret, struct diag *reterr) {
    struct past *p = mem_zalloc(sizeof *p);
    struct scan_options scan = o->scan;
    struct str queries[SEARCH_PARTS_MAX];
    if (!p)
        return diag_set(reterr, -ENOMEM, "out of memory");
    tally_init(&p->all, VALUES_MAX);
    arena_init(&p->arena, (size_t) 64 << 20);
    int r = key_is_good(o->key) ? copy_texts(p, &scan) : -EINVAL;
    if (r == 0 && o->n_parts && (r = join_parts(p, o)) == 0)
        scan.query = str_of(p->query);
    for (size_t i = 0; r == 0 && i < o->n_parts; i++)
        queries[i] = str_of(p->parts[i].query);
    scan.parts = queries;
    scan.n_parts = o->n_parts;
    if (r == 0) {
        snprintf(p->key, sizeof p->key, "%.*s", STR_ARG(o->key));
        snprintf(p->path, sizeof p->path, "%.4000s/%s.hunt", o->folder, p->key);
        make_spec(p, o);
        p->import = o->import;
        forget_values(p);
        r = resume(p);
    }
    if (r < 0)
        r = diag_set(reterr, r, "cannot begin the hunt: %s", err_word(r));
    p->begun_ns = time_monotonic_ns();
    scan.newest_first = false;
    scan.from_record = p->from_record;
    if (r == 0 && p->state == RUNNING)
        r = scan_new(&scan, &p->scan, reterr);
    if (r < 0)
        past_free(p);
    else
        *ret = p;
    return r;
}

static void end(struct past *p, enum state state) {
    p->state = state;
    if (keep(p) < 0 && state == DONE)
        p->state = FAILED; /* a result that is gone with the program is none */
}

void past_stop(struct past *p) {
    if (p->state == RUNNING)
        end(p, STOPPED);
}

void past_step(struct past *p) {
    if (p->state != RUNNING)
        return;
    int r = scan_step(p->scan, found, p, &p->why);
    const struct scan_progress *s = scan_progress(p->scan);
    if (r <= 0) {
        end(p, r < 0 ? FAILED : DONE);
    } else if (!s->segment && s->at != p->kept_at) { /* between two segments */
        p->kept_at = s->at;
        IGNORE(keep(p));
    }
}

/* ---- telling ---- */

struct told {
    struct str value;
    const struct seen *seen;
};

static int earliest(const void *pa, const void *pb) {
    const struct told *a = pa, *b = pb;
    if (a->seen->first_ns != b->seen->first_ns)
        return a->seen->first_ns < b->seen->first_ns ? -1 : 1;
    return str_cmp(a->value, b->value);
}

/* max ALL: with nanoseconds, to be read again. */
static void write_seen(const struct map *m, size_t max, struct jsonw *w) {
    bool exact = max == ALL;
    struct told *all = mem_zalloc_array(m->n + 1, sizeof *all);
    size_t n = 0;
    for (struct map_slot *s = NULL; all && (s = map_next(m, s));)
        all[n++] = (struct told){s->key, s->value.ptr};
    if (n)
        qsort(all, n, sizeof *all, earliest);
    jsonw_array(w);
    for (size_t i = 0; i < MIN(n, max); i++) {
        jsonw_object(w);
        jsonw_kstr(w, "value", all[i].value);
        jsonw_ku64(w, "n", all[i].seen->n);
        jsonw_ku64(w, "record", all[i].seen->record);
        if (exact) {
            jsonw_ki64(w, "first_ns", all[i].seen->first_ns);
            jsonw_ki64(w, "last_ns", all[i].seen->last_ns);
            jsonw_ki64(w, "tlp_n", all[i].seen->tlp);
        } else {
            jsonw_ktime(w, "first_at", all[i].seen->first_ns);
            jsonw_ktime(w, "last_at", all[i].seen->last_ns);
            if (all[i].seen->tlp >= 0)
                jsonw_kz(w, "tlp", indicator_tlp_to_string((enum indicator_tlp) all[i].seen->tlp));
        }
        jsonw_end(w);
    }
    jsonw_end(w);
    mem_free(all);
}

static void write_progress(const struct past *p, struct jsonw *w) {
    const struct scan_progress *s = p->scan ? scan_progress(p->scan) : NULL;
    uint64_t bytes = p->bytes_before + (s ? s->bytes : 0), done = p->bytes_before + (s ? s->bytes_done : 0);
    int64_t now = s ? time_monotonic_ns() - p->begun_ns : 0;
    jsonw_key(w, STR("progress"));
    jsonw_object(w);
    jsonw_ku64(w, "bytes", bytes);
    jsonw_ku64(w, "bytes_done", p->state == DONE ? bytes : MIN(done, bytes));
    jsonw_ku64(w, "records", p->records_before + (s ? s->records : 0));
    jsonw_ku64(w, "lost", p->lost_before + (s ? s->lost : 0));
    jsonw_kbool(w, "resumed", p->resumed);
    jsonw_kdouble(w, "took_s", (double) ((p->took_before_ns + now) / NS_PER_MS) / 1000);
    jsonw_key(w, STR("left_s"));
    if (p->state == RUNNING && s && s->bytes_done)
        jsonw_u64(w, (uint64_t) ((double) now / 1e9 * (double) (s->bytes - s->bytes_done) / (double) s->bytes_done) + 1);
    else
        jsonw_null(w);
    jsonw_end(w);
}

static void write_when(const struct tally *t, struct jsonw *w) {
    jsonw_ku64(w, "found", t->found);
    jsonw_ktime(w, "first_at", t->first_ns);
    jsonw_ktime(w, "last_at", t->last_ns);
}

/* Numbers of mails are for asking on, not for people. */
static void write_values(const struct past *p, const struct tally *t, struct jsonw *w) {
    bool whole = t == &p->all;
    for (int i = 0; i < OF_MAX_; i++) {
        if (!(whole ? ofs[i].all : ofs[i].part))
            continue;
        jsonw_key(w, str_of(ofs[i].name));
        jsonw_object(w);
        jsonw_ku64(w, "distinct", t->values[i].n);
        jsonw_kbool(w, "at_least", t->others[i] > 0 || p->counted > COUNTED_MAX);
        jsonw_key(w, STR("values"));
        write_seen(&t->values[i], whole ? VALUES_TOLD : i == MAIL ? MAILS_TOLD : PART_VALUES_TOLD, w);
        jsonw_end(w);
    }
}

int past_write(struct past *p, struct jsonw *w) {
    jsonw_kz(w, "state", state_names[p->state]);
    jsonw_kz(w, "why", p->state == FAILED ? p->why.text : NULL);
    write_when(&p->all, w);
    jsonw_ku64(w, "first_record", p->first_record);
    jsonw_ktime(w, "kept_since", p->scan ? scan_progress(p->scan)->begins_ns : p->begins_ns);
    write_progress(p, w);
    write_values(p, &p->all, w);
    if (!p->n_parts)
        return 0;
    jsonw_key(w, STR("parts"));
    jsonw_array(w);
    for (size_t i = 0; i < p->n_parts; i++) {
        jsonw_object(w);
        jsonw_kz(w, "name", p->parts[i].name);
        write_when(&p->parts[i], w);
        write_values(p, &p->parts[i], w);
        jsonw_end(w);
    }
    jsonw_end(w);
    return 0;
}

void past_forget(const char *folder, const char *begins, const char *ends, int64_t older_ns) {
    DIR *d = opendir(folder);
    struct dirent *e;
    struct stat st;
    while (d && (e = readdir(d)))
        if (str_starts(str_of(e->d_name), str_of(begins)) && str_ends(str_of(e->d_name), str_of(ends)) && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            (int64_t) st.st_mtim.tv_sec * NS_PER_S < older_ns)
            (void) unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
}

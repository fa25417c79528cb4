#include "detect/learn.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "detect/match_priv.h"
#include "detect/statistics.h"

enum {
    KEYS_LOG = 22,
    GRAMS_BYTES_MAX = 65536,
    FIELD_KEYS_MAX = 4096 /* of one field: the rarest levels beyond are not written */
};

/* Field 0 of the place means free: fields are counted from 1. */
struct counted {
    uint32_t field, key;
    uint32_t times;
    uint32_t last; /* value it was counted in: once each */
};
struct field_seen {
    struct str source, name;
    uint64_t values;
    uint32_t n_of_level[STATISTICS_LEVELS], n_levels; /* when written */
};
struct detect_learner {
    struct arena arena;
    struct map names; /* "source\tfield" -> 1 + index into fields */
    struct field_seen *fields;
    size_t n_fields, fields_cap;
    struct counted *at; /* 1 << KEYS_LOG */
    uint32_t n, value;
};

struct detect_learner *detect_learner_new(void) {
    struct detect_learner *l = mem_zalloc(sizeof *l);
    if (!l)
        return NULL;
    arena_init(&l->arena, STATISTICS_BYTES_MAX);
    map_init(&l->names, STATISTICS_FIELDS_MAX, MAP_BORROW);
    l->at = mem_zalloc_array((size_t) 1 << KEYS_LOG, sizeof *l->at);
    return l->at ? l : detect_learner_free(l);
}

struct detect_learner *detect_learner_free(struct detect_learner *l) {
    if (l) {
        map_done(&l->names);
        arena_done(&l->arena);
        mem_free(l->at);
        mem_free(l);
    }
    return NULL;
}

/* --- counting --- */

static struct counted *place_of(struct counted *at, uint32_t field, uint32_t key) {
    uint32_t mask = (1u << KEYS_LOG) - 1;
    uint32_t i = (uint32_t) (hash_mix((uint64_t) field << 32 | key, 1) & mask);
    while (at[i].field && (at[i].field != field || at[i].key != key))
        i = (i + 1) & mask;
    return &at[i];
}

/* What was seen once is forgotten; were it frequent, it would soon be back. */
static int forget(struct detect_learner *l) {
    struct counted *old = l->at;
    struct counted *now = mem_zalloc_array((size_t) 1 << KEYS_LOG, sizeof *now);
    if (!now)
        return -ENOMEM;
    l->n = 0;
    for (size_t i = 0; i < (size_t) 1 << KEYS_LOG; i++) {
        if (old[i].field && old[i].times > 1) {
            *place_of(now, old[i].field, old[i].key) = old[i];
            l->n++;
        }
    }
    mem_free(old);
    l->at = now;
    return 0;
}

static void count(struct detect_learner *l, uint32_t field, unsigned part, struct str text) {
    uint32_t key = statistics_key(part, text);
    struct counted *c = place_of(l->at, field, key);
    if (!c->field) {
        if (l->n >= 7u << (KEYS_LOG - 3))
            return; /* even what was seen twice is too much: what is known already goes on */
        *c = (struct counted){.field = field, .key = key};
        l->n++;
    }
    if (c->last == l->value)
        return;
    c->last = l->value;
    c->times++;
}

static int learn_value(struct detect_learner *l, uint32_t field, struct str v) {
    static const uint8_t lengths[] = {1, 2, 3, 4, 8, 16};
    if (l->n >= 3u << (KEYS_LOG - 2)) {
        int r = forget(l);
        if (r < 0)
            return r;
    }
    l->value++;
    l->fields[field - 1].values++;
    count(l, field, STATISTICS_WHOLE, v);
    count(l, field, STATISTICS_COMPONENT, last_component(v));
    for (size_t i = 0; i < ARRAY_SIZE(lengths) && lengths[i] <= v.n; i++) {
        count(l, field, STATISTICS_FIRST + lengths[i], str_to(v, lengths[i]));
        count(l, field, STATISTICS_LAST + lengths[i], str_from(v, v.n - lengths[i]));
    }
    for (size_t i = 0; i < MIN(v.n, (size_t) GRAMS_BYTES_MAX); i++)
        for (unsigned n = 1; n <= 4 && i + n <= v.n; n++)
            count(l, field, STATISTICS_GRAM + n % 4, str_n(v.p + i, n));
    return 0;
}

/* The number of a lane's field, from 1. */
static int field_of(struct detect_learner *l, const struct lane *lane, struct str name, uint32_t *ret) {
    struct str both = arena_printf(&l->arena, "%.*s/%.*s/%.*s\t%.*s", STR_ARG(lane->source.product),
                                   STR_ARG(lane->source.category), STR_ARG(lane->source.service), STR_ARG(name));
    union map_value *v;
    bool fresh;
    int r = both.p ? map_add(&l->names, both, &v, &fresh) : -ENOMEM;
    if (r < 0)
        return r;
    if (fresh) {
        r = arena_grow(&l->arena, (void **) &l->fields, &l->fields_cap, l->n_fields + 1, sizeof *l->fields);
        if (r < 0)
            return r;
        l->fields[l->n_fields++] =
            (struct field_seen){.source = str_to(both, both.n - name.n - 1), .name = str_from(both, both.n - name.n)};
        v->num = l->n_fields;
    }
    *ret = (uint32_t) v->num;
    return 0;
}

static int learn_lane(struct detect_learner *l, struct detect_matcher *m, const struct lane *lane) {
    int r = values_enter_lane(m, lane);
    for (uint32_t i = 0; r == 0 && i < m->here->n_fields; i++) {
        uint32_t at = m->here->fields[i], field;
        if (!at)
            continue; /* the line */
        struct arena_mark mark = arena_mark(&l->arena);
        size_t known = l->n_fields;
        r = field_of(l, lane, lane->fields[at].name, &field);
        if (r == 0 && known == l->n_fields)
            arena_rewind(&l->arena, mark);
        for (uint32_t v = value_first(m, at); r == 0 && v != VALUE_NONE; v = value_next(m, v))
            if (!value_is_null(value_at(m, v)))
                r = learn_value(l, field, value_prepare(m, v)->lowered);
    }
    return r;
}

int detect_learn(struct detect_learner *l, struct detect_matcher *m, const struct event *ev) {
    int r = values_begin(m, ev);
    if (r == 0)
        r = match_route(m);
    for (uint32_t i = 0; r == 0 && i < m->n_lanes; i++)
        r = learn_lane(l, m, &m->plan->lanes[m->lanes[i]]);
    return r;
}

/* --- writing --- */

struct row {
    const struct detect_learner *l;
    uint32_t field, level, key;
};

static int by_row(const void *pa, const void *pb) {
    const struct row *a = pa, *b = pb;
    if (a->field != b->field) {
        const struct field_seen *x = &a->l->fields[a->field - 1], *y = &b->l->fields[b->field - 1];
        int c = str_cmp(x->source, y->source);
        return c ? c : str_cmp(x->name, y->name);
    }
    if (a->level != b->level)
        return (a->level > b->level) - (a->level < b->level);
    return (a->key > b->key) - (a->key < b->key);
}

/* STATISTICS_LEVELS: too rare. */
static uint32_t level_of(const struct detect_learner *l, const struct counted *c) {
    uint64_t values = l->fields[c->field - 1].values;
    uint32_t level = 0;
    while (level < STATISTICS_LEVELS && (uint64_t) c->times << (level + 1) <= values)
        level++;
    return c->times > 1 ? level : STATISTICS_LEVELS;
}

static void write_key(struct buf *out, uint32_t key) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int shift = 18; shift >= 0; shift -= 6)
        buf_add_byte(out, digits[key >> shift & 63]);
}

static void write_rows(const struct detect_learner *l, const struct row *rows, size_t n, struct buf *out) {
    buf_printf(out, "kizuki-statistics 1\n");
    for (size_t i = 0; i < n; i++) {
        bool new_field = i == 0 || rows[i].field != rows[i - 1].field;
        const struct field_seen *f = &l->fields[rows[i].field - 1];
        if (new_field)
            buf_printf(out, "%s%.*s\t%.*s\t%llu", i ? "\n" : "", STR_ARG(f->source), STR_ARG(f->name),
                     (unsigned long long) f->values);
        if (new_field || rows[i].level != rows[i - 1].level)
            buf_printf(out, "\t%u:", rows[i].level);
        write_key(out, rows[i].key);
    }
    buf_printf(out, "\n");
}

/* As many whole levels of each field as there is room for. */
static void settle_levels(struct detect_learner *l) {
    for (size_t i = 0; i < (size_t) 1 << KEYS_LOG; i++) {
        const struct counted *c = &l->at[i];
        uint32_t level = c->field ? level_of(l, c) : STATISTICS_LEVELS;
        if (level < STATISTICS_LEVELS)
            l->fields[c->field - 1].n_of_level[level]++;
    }
    for (size_t i = 0; i < l->n_fields; i++) {
        struct field_seen *f = &l->fields[i];
        for (uint32_t n = 0; f->n_levels < STATISTICS_LEVELS; f->n_levels++)
            if ((n += f->n_of_level[f->n_levels]) > FIELD_KEYS_MAX)
                break;
    }
}

int detect_learner_write(struct detect_learner *l, struct buf *out) {
    settle_levels(l);
    struct row *rows = mem_zalloc_array(l->n + 1, sizeof *rows);
    size_t n = 0;
    if (!rows)
        return -ENOMEM;
    for (size_t i = 0; i < (size_t) 1 << KEYS_LOG; i++) {
        const struct counted *c = &l->at[i];
        uint32_t level = c->field ? level_of(l, c) : STATISTICS_LEVELS;
        if (c->field && level < l->fields[c->field - 1].n_levels)
            rows[n++] = (struct row){.l = l, .field = c->field, .level = level, .key = c->key};
    }
    if (n)
        qsort(rows, n, sizeof *rows, by_row);
    write_rows(l, rows, n, out);
    mem_free(rows);
    return buf_error(out);
}

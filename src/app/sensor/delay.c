/* See delay.h. A row is a histogram: four steps to each doubling from 1 ms to 12 days, so a percentile is at most a
 * fifth too high. */
#include "app/sensor/delay.h"

#include "base/image.h"
#include "base/limits.h"
#include "base/mem.h"

enum { STEPS = 121, KEY_MAX = 1024, ROWS_MAX = 20000 };

struct delay_row {
    uint64_t n, max_ms;
    uint32_t steps[STEPS];
};

void delays_init(struct delays *d) {
    map_init(&d->rows, ROWS_MAX, 0);
}

void delays_done(struct delays *d) {
    for (struct map_slot *s = NULL; (s = map_next(&d->rows, s));)
        mem_free(s->value.ptr);
    map_done(&d->rows);
}

/* The upper end of a step, in ms. */
static uint64_t end_of(unsigned step) {
    static const double quarter[] = {1, 1.189207115, 1.414213562, 1.681792831};
    return (uint64_t) ((double) ((uint64_t) 1 << (step / 4)) * quarter[step % 4] + 0.999);
}

static struct delay_row *row_of(struct delays *d, struct str rule, struct str source) {
    char key[KEY_MAX];
    union map_value *v;
    bool fresh;
    if (rule.n + source.n + 1 > sizeof key)
        return NULL;
    memcpy(key, rule.p, rule.n);
    key[rule.n] = 0;
    memcpy(key + rule.n + 1, source.p, source.n);
    struct str k = str_n(key, rule.n + 1 + source.n);
    if (map_add(&d->rows, k, &v, &fresh) < 0)
        return NULL;
    if (fresh && !(v->ptr = mem_zalloc(sizeof(struct delay_row)))) {
        map_remove(&d->rows, k);
        return NULL;
    }
    return v->ptr;
}

void delays_hear(struct delays *d, const struct finding *f, const struct raw_record *rec, struct str source,
                 int64_t now_ns) {
    if (f->state != FINDING_OPEN || !rec || rec->flags & (RAW_BACKFILL | RAW_DRILL | RAW_TICK))
        return;
    struct delay_row *row = row_of(d, f->rule_id, source);
    if (!row)
        return;
    /* A line that claims to come from the future has taken no time; its source's clock is judged elsewhere. */
    uint64_t ms = now_ns > f->detected_ns ? (uint64_t) ((now_ns - f->detected_ns) / NS_PER_MS) : 0;
    unsigned step = 0;
    while (step + 1 < STEPS && end_of(step) < ms)
        step++;
    row->n++;
    row->steps[step]++;
    row->max_ms = MAX(row->max_ms, ms);
}

void delays_image(struct delays *d, struct image *x) {
    size_t n = d->rows.n;
    struct map_slot *s = NULL;
    image_size(x, &n, ROWS_MAX);
    for (size_t i = 0; i < n && !x->error; i++) {
        struct delay_row *row, none = {0};
        struct str key = STR_NULL;
        union map_value *v;
        if (!x->reading) {
            s = map_next(&d->rows, s);
            key = s->key;
        }
        image_str(x, &key, KEY_MAX);
        row = x->reading ? NULL : s->value.ptr;
        if (x->reading && !x->error && map_add(&d->rows, key, &v, NULL) == 0)
            row = v->ptr = v->ptr ? v->ptr : mem_zalloc(sizeof *row);
        row = row ? row : &none;
        image_u64(x, &row->n);
        image_u64(x, &row->max_ms);
        for (unsigned k = 0; k < STEPS; k++)
            image_u32(x, &row->steps[k]);
    }
}

static uint64_t percentile(const struct delay_row *row, unsigned percent) {
    uint64_t want = (row->n * percent + 99) / 100, seen = 0;
    for (unsigned i = 0; i < STEPS; i++)
        if ((seen += row->steps[i]) >= want)
            return MIN(end_of(i), row->max_ms);
    return row->max_ms;
}

static int by_key(const void *a, const void *b) {
    return str_cmp((*(struct map_slot *const *) a)->key, (*(struct map_slot *const *) b)->key);
}

void delays_write(const struct delays *d, size_t most, struct jsonw *w) {
    struct map_slot **list = mem_zalloc_array(d->rows.n + 1, sizeof(struct map_slot *)), *s = NULL;
    size_t n = 0;
    while (list && (s = map_next(&d->rows, s)))
        list[n++] = s;
    if (n)
        qsort(list, n, sizeof *list, by_key);
    for (size_t i = 0; i < n && i < most; i++) {
        const struct delay_row *row = list[i]->value.ptr;
        struct str key = list[i]->key;
        size_t cut = (size_t) str_find_byte(key, 0, 0);
        jsonw_object(w);
        jsonw_kstr(w, "rule", str_to(key, cut));
        jsonw_kstr(w, "source", str_from(key, cut + 1));
        jsonw_ku64(w, "n", row->n);
        jsonw_ku64(w, "p50_ms", percentile(row, 50));
        jsonw_ku64(w, "p99_ms", percentile(row, 99));
        jsonw_ku64(w, "max_ms", row->max_ms);
        jsonw_end(w);
    }
    mem_free(list);
}

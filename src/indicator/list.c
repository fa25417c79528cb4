/* See indicator.h: lists. */
#include "base/limits.h"
#include "base/map.h"
#include "indicator/indicator.h"

void indicator_list_init(struct indicator_list *l) {
    *l = (struct indicator_list){0};
    arena_init(&l->arena, INDICATOR_LIST_BYTES_MAX);
}

void indicator_list_done(struct indicator_list *l) {
    arena_done(&l->arena);
    *l = (struct indicator_list){0};
}

/* At most n bytes, never half a character. */
static struct str cut(struct str s, size_t n) {
    if (s.n <= n)
        return s;
    while (n && ((unsigned char) s.p[n] & 0xc0) == 0x80)
        n--;
    return str_to(s, n);
}

int indicator_list_add(struct indicator_list *l, const struct indicator *i) {
    if (l->n >= INDICATORS_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(&l->arena, (void **) &l->at, &l->cap, l->n + 1, sizeof *l->at);
    if (r < 0)
        return r;
    struct indicator x = *i;
    struct str *texts[] = {&x.value, &x.source, &x.id, &x.note};
    const size_t max[] = {INDICATOR_VALUE_BYTES_MAX, INDICATOR_TEXT_BYTES_MAX, INDICATOR_TEXT_BYTES_MAX, INDICATOR_NOTE_BYTES_MAX};
    for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
        *texts[k] = arena_dup(&l->arena, cut(texts[k]->p ? *texts[k] : STR(""), max[k]));
        if (!texts[k]->p)
            return -ENOMEM;
    }
    l->at[l->n++] = x;
    return 0;
}

int indicator_list_refuse(struct indicator_list *l, enum indicator_why why, struct str value, struct str detail,
                          unsigned line) {
    l->refused_total++;
    if (l->n_refused >= INDICATOR_REFUSED_MAX)
        return 0;
    int r = arena_grow(&l->arena, (void **) &l->refused, &l->cap_refused, l->n_refused + 1, sizeof *l->refused);
    if (r < 0)
        return r;
    struct indicator_refused x = {arena_dup(&l->arena, cut(value, INDICATOR_TEXT_BYTES_MAX)),
                                  arena_dup(&l->arena, cut(detail.p ? detail : STR(""), INDICATOR_TEXT_BYTES_MAX)), why, line};
    if (!x.value.p || !x.detail.p)
        return -ENOMEM;
    l->refused[l->n_refused++] = x;
    return 0;
}

static int64_t earlier(int64_t a, int64_t b) {
    return a == TIME_NONE ? b : b == TIME_NONE ? a : MIN(a, b);
}

static void unite(struct indicator *to, const struct indicator *x) {
    to->first_ns = earlier(to->first_ns, x->first_ns);
    to->last_ns = MAX(to->last_ns, x->last_ns); /* TIME_NONE is below all */
    to->valid_until_ns = to->valid_until_ns == TIME_NONE || x->valid_until_ns == TIME_NONE
                             ? TIME_NONE
                             : MAX(to->valid_until_ns, x->valid_until_ns);
    to->confidence = MAX(to->confidence, x->confidence);
    to->tlp = MAX(to->tlp, x->tlp);
    if (!to->note.n)
        to->note = x->note;
}

int indicator_list_unite(struct indicator_list *l) {
    struct map seen;
    struct arena a;
    size_t n = 0;
    int r = 0;
    map_init(&seen, INDICATORS_MAX, 0);
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < l->n; i++) {
        const struct indicator *x = &l->at[i];
        union map_value *v;
        bool is_new;
        arena_reset(&a);
        struct str key = arena_printf(&a, "%d %u %.*s %.*s", (int) x->kind, x->group, STR_ARG(x->value), STR_ARG(x->source));
        if ((r = key.p ? map_add(&seen, key, &v, &is_new) : -ENOMEM) < 0)
            break;
        if (is_new) {
            v->num = n;
            l->at[n++] = *x;
        } else {
            unite(&l->at[v->num], x);
            l->same++;
        }
    }
    if (r == 0)
        l->n = n;
    arena_done(&a);
    map_done(&seen);
    return r;
}

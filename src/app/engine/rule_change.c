/* See rule_change.h. Rules are the same when id and text are; their order does not matter. */
#include "app/engine/rule_change.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

enum { DIFF_LINES_MAX = 2000 };

const char *rule_change_word(enum rule_change_kind k) {
    static const char *const words[] = {"new", "changed", "gone"};
    return words[k];
}

static int add(struct rule_change *c, enum rule_change_kind kind, const struct detect_rule *before,
               const struct detect_rule *after) {
    int r = mem_grow((void **) &c->rows, &c->cap, c->n + 1, 2 * (size_t) RULES_MAX, sizeof *c->rows);
    if (r < 0)
        return r;
    c->rows[c->n++] = (struct rule_change_row){kind, before, after};
    c->n_new += kind == RULE_NEW;
    c->n_changed += kind == RULE_CHANGED;
    c->n_gone += kind == RULE_GONE;
    return map_put(&c->touched, (after ? after : before)->id, c);
}

static const struct detect_rule *find_id(const struct detect_rules *set, struct str id) {
    const struct detect_rule *r = detect_rules_find(set, id);
    return r && str_eq(r->id, id) ? r : NULL;
}

/* Calls fn for the rules a correlation or a filter names, until it returns true. */
static bool each_named(const struct detect_rules *set, const struct detect_rule *rule,
                       bool (*fn)(void *ctx, const struct detect_rule *named), void *ctx) {
    const struct yaml_node *body = rule->kind == DETECT_CORRELATION ? rule->correlation
                                   : rule->kind == DETECT_FILTER    ? rule->detection
                                                                    : NULL;
    const struct yaml_node *list = body ? yaml_get(body, "rules") : NULL;
    for (const struct yaml_node *it = list ? list->kind == YAML_SEQUENCE ? list->first : list : NULL; it;
         it = list->kind == YAML_SEQUENCE ? it->next : NULL) {
        const struct detect_rule *named = it->kind == YAML_SCALAR ? detect_rules_find(set, it->text) : NULL;
        if (named && fn(ctx, named))
            return true;
    }
    return false;
}

static bool is_touched(void *ctx, const struct detect_rule *named) {
    return map_find(&((struct rule_change *) ctx)->touched, named->id) != NULL;
}

static bool touch(void *ctx, const struct detect_rule *named) {
    IGNORE(map_put(&((struct rule_change *) ctx)->touched, named->id, ctx)); /* room: an id each */
    return false;
}

/* What a filter names is judged anew; a filter that names all of them touches all. */
static void touch_filtered(struct rule_change *c, const struct detect_rules *set) {
    for (uint32_t i = 0; i < set->n; i++) {
        const struct detect_rule *f = set->rules[i];
        const struct yaml_node *rules = f->kind == DETECT_FILTER ? yaml_get(f->detection, "rules") : NULL;
        if (f->kind != DETECT_FILTER || !is_touched(c, f))
            continue;
        if (rules && rules->kind == YAML_SCALAR && !detect_rules_find(set, rules->text))
            for (uint32_t k = 0; k < set->n; k++)
                (void) touch(c, set->rules[k]);
        (void) each_named(set, f, touch, c);
    }
}

/* Correlations over correlations: again until nothing new is touched. */
static void touch_correlations(struct rule_change *c, const struct detect_rules *set) {
    bool more = true;
    while (more) {
        more = false;
        for (uint32_t i = 0; i < set->n; i++) {
            const struct detect_rule *r = set->rules[i];
            if (r->kind != DETECT_CORRELATION || is_touched(c, r) || !each_named(set, r, is_touched, c))
                continue;
            (void) touch(c, r);
            more = true;
        }
    }
}

struct needing {
    struct rule_change *c;
    bool more;
};

static bool need(void *ctx, const struct detect_rule *named) {
    struct needing *n = ctx;
    bool fresh = false;
    union map_value *v;
    if (map_add(&n->c->needed, named->id, &v, &fresh) == 0)
        n->more |= fresh;
    return false;
}

/* What correlations look at, and what that looks at: until nothing new is needed. */
static void find_needed(struct rule_change *c, const struct detect_rules *set) {
    struct needing n = {.c = c};
    for (uint32_t i = 0; i < set->n; i++)
        if (is_touched(c, set->rules[i]))
            (void) need(&n, set->rules[i]);
    do {
        n.more = false;
        for (uint32_t i = 0; i < set->n; i++)
            if (set->rules[i]->kind == DETECT_CORRELATION && map_find(&c->needed, set->rules[i]->id))
                (void) each_named(set, set->rules[i], need, &n);
    } while (n.more);
}

int rule_change_find(const struct detect_rules *before, const struct detect_rules *after, struct rule_change *ret) {
    struct rule_change *c = ret;
    int r = 0;
    *c = (struct rule_change){.before = before, .after = after};
    map_init(&c->needed, 2 * (size_t) RULES_MAX, MAP_BORROW);
    map_init(&c->touched, 2 * (size_t) RULES_MAX, MAP_BORROW);
    for (uint32_t i = 0; r == 0 && i < after->n; i++) {
        const struct detect_rule *now = after->rules[i], *was = find_id(before, now->id);
        if (!was)
            r = add(c, RULE_NEW, NULL, now);
        else if (!str_eq(was->text, now->text))
            r = add(c, RULE_CHANGED, was, now);
    }
    for (uint32_t i = 0; r == 0 && i < before->n; i++)
        if (!find_id(after, before->rules[i]->id))
            r = add(c, RULE_GONE, before->rules[i], NULL);
    touch_filtered(c, before);
    touch_filtered(c, after);
    touch_correlations(c, before);
    touch_correlations(c, after);
    find_needed(c, before);
    find_needed(c, after);
    return r;
}

int rule_change_of(const struct detect_rules *set, const struct detect_rule *rule, struct rule_change *ret) {
    *ret = (struct rule_change){.before = set, .after = set};
    map_init(&ret->needed, 2 * (size_t) RULES_MAX, MAP_BORROW);
    map_init(&ret->touched, 2 * (size_t) RULES_MAX, MAP_BORROW);
    int r = map_put(&ret->touched, rule->id, ret);
    touch_correlations(ret, set);
    find_needed(ret, set);
    return r;
}

void rule_change_done(struct rule_change *c) {
    map_done(&c->needed);
    map_done(&c->touched);
    mem_free(c->rows);
}

bool rule_change_wants(void *ctx, const struct detect_rules *set UNUSED, const struct detect_rule *rule) {
    return map_find(&((struct rule_change *) ctx)->needed, rule->id) != NULL;
}

/* ---- lines ---- */

struct lines {
    struct str *at;
    size_t n;
};

static int split(struct str text, struct lines *l) {
    struct str line;
    l->at = mem_zalloc_array(DIFF_LINES_MAX, sizeof *l->at);
    l->n = 0;
    while (l->at && l->n < DIFF_LINES_MAX && str_split(&text, '\n', &line))
        l->at[l->n++] = line;
    return l->at ? 0 : -ENOMEM;
}

static void put(struct buf *out, char mark, struct str line, size_t *left) {
    if (!*left)
        return;
    buf_add_byte(out, mark);
    buf_add(out, line);
    buf_add_byte(out, '\n');
    if (--*left == 0)
        buf_add_z(out, "…\n");
}

/* The longest common subsequence of what lies between the equal ends. */
static void middle(const struct str *a, size_t n, const struct str *b, size_t m, size_t *left, struct buf *out) {
    uint16_t *t = mem_zalloc_array((n + 1) * (m + 1), sizeof *t);
    size_t i = 0, k = 0;
    for (size_t x = n; t && x-- > 0;)
        for (size_t y = m; y-- > 0;)
            t[x * (m + 1) + y] = str_eq(a[x], b[y]) ? (uint16_t) (t[(x + 1) * (m + 1) + y + 1] + 1)
                                                    : MAX(t[(x + 1) * (m + 1) + y], t[x * (m + 1) + y + 1]);
    while (i < n || k < m) {
        if (t && i < n && k < m && str_eq(a[i], b[k])) {
            put(out, ' ', a[i++], left);
            k++;
        } else if (i < n && (k == m || !t || t[(i + 1) * (m + 1) + k] >= t[i * (m + 1) + k + 1])) {
            put(out, '-', a[i++], left);
        } else {
            put(out, '+', b[k++], left);
        }
    }
    mem_free(t);
}

void rule_change_lines(struct str before, struct str after, size_t max_lines, struct buf *out) {
    struct lines a = {0}, b = {0};
    size_t head = 0, tail = 0, left = max_lines;
    if (split(before, &a) == 0 && split(after, &b) == 0) {
        while (head < a.n && head < b.n && str_eq(a.at[head], b.at[head]))
            head++;
        while (tail < a.n - head && tail < b.n - head && str_eq(a.at[a.n - 1 - tail], b.at[b.n - 1 - tail]))
            tail++;
        middle(a.at + head, a.n - head - tail, b.at + head, b.n - head - tail, &left, out);
    }
    mem_free(a.at);
    mem_free(b.at);
}

/* Words of lines, and named things that name others. */
#include "firewall/firewall_priv.h"

#include "base/limits.h"

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

size_t firewall_words(struct arena *a, struct str line, struct str *ret, bool *ret_too_many) {
    size_t n = 0, i = 0;
    *ret_too_many = false;
    while (i < line.n) {
        while (i < line.n && is_blank(line.p[i]))
            i++;
        if (i == line.n)
            break;
        if (n == FIREWALL_WORDS_MAX) {
            *ret_too_many = true;
            return n;
        }
        if (line.p[i] != '"') {
            size_t from = i;
            while (i < line.n && !is_blank(line.p[i]))
                i++;
            ret[n++] = str_n(line.p + from, i - from);
            continue;
        }
        char *copy = arena_alloc(a, line.n - i);
        size_t k = 0;
        for (i++; i < line.n && line.p[i] != '"'; i++) {
            if (line.p[i] == '\\' && i + 1 < line.n)
                i++;
            if (copy)
                copy[k++] = line.p[i];
        }
        i++;
        ret[n++] = copy ? str_n(copy, k) : STR_NULL;
    }
    return n;
}

void names_init(struct names *n, struct arena *a) {
    *n = (struct names){.a = a};
    map_init(&n->by_name, FIREWALL_NAMES_MAX, 0);
}

void names_done(struct names *n) {
    map_done(&n->by_name);
}

struct named *names_find(const struct names *n, struct str name) {
    return map_get(&n->by_name, name);
}

int names_add(struct names *n, struct str name, struct named **ret) {
    if ((*ret = names_find(n, name)))
        return 0;
    struct named *x = arena_zalloc(n->a, sizeof *x);
    int r = x ? map_put(&n->by_name, name, x) : -ENOMEM;
    if (r < 0)
        return r;
    x->name = name;
    *ret = x;
    return 0;
}

int named_line(struct names *n, struct named *x, struct str text, unsigned number) {
    if (x->n == FIREWALL_RULES_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(n->a, (void **) &x->lines, &x->cap, x->n + 1, sizeof *x->lines);
    if (r == 0)
        x->lines[x->n++] = (struct named_line){text, number};
    return r;
}

int named_is(struct names *n, struct named *x, named_line_fn *line, void *ctx, struct spans *ret, bool *ret_odd) {
    struct span *at = NULL;
    size_t used = 0, cap = 0;
    int r = 0;
    if (x->state == NAMED_ASKED)
        *ret_odd = true;
    if (x->state != NAMED_NEW) {
        *ret = x->state == NAMED_KNOWN ? x->is : (struct spans){0};
        *ret_odd = *ret_odd || x->odd;
        return 0;
    }
    x->state = NAMED_ASKED;
    for (size_t i = 0; r == 0 && i < x->n; i++) {
        struct spans one = {0};
        r = line(ctx, &x->lines[i], &one, &x->odd);
        if (r == 0 && used + one.n > FIREWALL_SPACES_MAX)
            r = -ERR_LIMIT;
        if (r == 0 && one.n && (r = arena_grow(n->a, (void **) &at, &cap, used + one.n, sizeof *at)) == 0) {
            memcpy(at + used, one.at, one.n * sizeof *at);
            used += one.n;
        }
    }
    x->is = spans_of(at, used);
    x->state = NAMED_KNOWN;
    *ret = x->is;
    *ret_odd = *ret_odd || x->odd;
    return r;
}

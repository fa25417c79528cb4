/* The kinds, and what all readers build with. */
#include "firewall/firewall_priv.h"

#include "base/limits.h"

static const struct firewall_reader *const readers[FIREWALL_KINDS] = {
    [FIREWALL_NFT] = &FIREWALL_NFT_READER,
    [FIREWALL_IPTABLES] = &FIREWALL_IPTABLES_READER,
    [FIREWALL_FORTIGATE] = &FIREWALL_FORTIGATE_READER,
    [FIREWALL_PANOS] = &FIREWALL_PANOS_READER,
    [FIREWALL_ASA] = &FIREWALL_ASA_READER,
    [FIREWALL_YAMAHA] = &FIREWALL_YAMAHA_READER,
};

const char *firewall_kind_to_string(enum firewall_kind k) {
    return readers[k]->name;
}

int firewall_kind_from_string(struct str s) {
    for (int i = 0; i < FIREWALL_KINDS; i++)
        if (str_eq_z(s, readers[i]->name))
            return i;
    return -EINVAL;
}

int firewall_kind_of(struct str text) {
    for (int i = 0; i < FIREWALL_KINDS; i++)
        if (readers[i]->is(text))
            return i;
    return -EINVAL;
}

int firewall_read(struct arena *a, enum firewall_kind k, struct str text, struct firewall **ret, struct diag *reterr) {
    struct firewall *f = arena_zalloc(a, sizeof *f);
    if (!f)
        return diag_set(reterr, -ENOMEM, "the configuration is too large to be read");
    f->kind = k;
    if (text.n > FIREWALL_BYTES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "the configuration has more than %zu MB", FIREWALL_BYTES_MAX >> 20);
    int r = readers[k]->read(a, text, f, reterr);
    if (r == -ENOMEM)
        return diag_set(reterr, r, "the configuration is too large to be read");
    if (r == 0)
        *ret = f;
    return r;
}

int firewall_add_path(struct arena *a, struct firewall *f, struct str name, enum firewall_verdict otherwise, struct firewall_path **ret) {
    for (size_t i = 0; i < f->n_paths; i++)
        if (str_eq(f->paths[i].name, name)) {
            *ret = &f->paths[i];
            **ret = (struct firewall_path){.name = name, .otherwise = otherwise};
            return 0;
        }
    if (f->n_paths == FIREWALL_PATHS_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(a, (void **) &f->paths, &f->cap_paths, f->n_paths + 1, sizeof *f->paths);
    if (r < 0)
        return r;
    *ret = &f->paths[f->n_paths++];
    **ret = (struct firewall_path){.name = name, .otherwise = otherwise};
    return 0;
}

int firewall_add_rule(struct arena *a, struct firewall_path *p, const struct firewall_rule *x) {
    if (p->n == FIREWALL_RULES_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(a, (void **) &p->rules, &p->cap, p->n + 1, sizeof *p->rules);
    if (r == 0)
        p->rules[p->n++] = *x;
    return r;
}

int firewall_add_forward(struct arena *a, struct firewall *f, struct str text) {
    if (f->n_forwards == FIREWALL_RULES_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(a, (void **) &f->forwards, &f->cap_forwards, f->n_forwards + 1, sizeof *f->forwards);
    if (r == 0)
        f->forwards[f->n_forwards++].text = text;
    return r;
}

int firewall_add_unread(struct arena *a, struct firewall *f, unsigned line, struct str text) {
    if (f->n_unread == FIREWALL_UNREAD_MAX)
        return 0;
    int r = arena_grow(a, (void **) &f->unread, &f->cap_unread, f->n_unread + 1, sizeof *f->unread);
    if (r == 0)
        f->unread[f->n_unread++] = (struct firewall_unread){line, text};
    return r;
}

int firewall_zone(struct arena *a, struct firewall *f, struct str name, u128 *ret) {
    *ret = zone_number(name);
    for (size_t i = 0; i < f->n_zones; i++)
        if (f->zones[i].number == *ret)
            return 0;
    if (f->n_zones == FIREWALL_PATHS_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(a, (void **) &f->zones, &f->cap_zones, f->n_zones + 1, sizeof *f->zones);
    if (r == 0)
        f->zones[f->n_zones++] = (struct firewall_zone){*ret, name};
    return r;
}

struct chain *chain_find(const struct chains *c, struct str table, struct str name) {
    for (size_t i = 0; i < c->n; i++)
        if (str_eq(c->at[i].name, name) && str_eq(c->at[i].table, table))
            return &c->at[i];
    return NULL;
}

int chain_add(struct arena *a, struct chains *c, struct str table, struct str name, struct chain **ret) {
    if ((*ret = chain_find(c, table, name)))
        return 0;
    if (c->n == FIREWALL_PATHS_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(a, (void **) &c->at, &c->cap, c->n + 1, sizeof *c->at);
    if (r < 0)
        return r;
    *ret = &c->at[c->n++];
    **ret = (struct chain){.table = table, .name = name, .otherwise = FIREWALL_ALLOW};
    return 0;
}

int chain_add_rule(struct arena *a, struct chain *c, const struct chain_rule *x) {
    if (c->n == FIREWALL_RULES_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(a, (void **) &c->rules, &c->cap, c->n + 1, sizeof *c->rules);
    if (r == 0)
        c->rules[c->n++] = *x;
    return r;
}

int spans_one(struct arena *a, struct span s, struct spans *ret) {
    struct span *at = arena_alloc(a, sizeof *at);
    if (!at)
        return -ENOMEM;
    *at = s;
    *ret = (struct spans){at, s.lo <= s.hi};
    return 0;
}

int making_narrow(struct arena *a, struct making *m, enum space_dim d, struct spans to) {
    int r = spans_and(a, m->where.dim[d], to, &m->where.dim[d]);
    m->never = m->never || m->where.dim[d].n == 0;
    return r;
}

int making_condition(struct arena *a, struct making *m, struct str what) {
    if (m->condition.n)
        what = arena_printf(a, "%.*s, %.*s", STR_ARG(m->condition), STR_ARG(what));
    m->condition = what;
    return what.p ? 0 : -ENOMEM;
}

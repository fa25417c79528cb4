#include "bed.h"

#include <string.h>

void bed_compare_on(struct bed *b, enum firewall_kind k, struct str was, struct str is, const struct firewall_ground *ground) {
    struct diag d = {0};
    char line[1024];
    arena_init(&b->a, FIREWALL_ARENA_MAX);
    buf_init(&b->told, 1 << 20);
    if (firewall_read(&b->a, k, was, &b->was, &d) < 0 || firewall_read(&b->a, k, is, &b->is, &d) < 0)
        fail_msg("%s", diag_format(&d, line, sizeof line));
    assert_int_equal(firewall_compare(&b->a, b->was, b->is, ground, &b->changes), 0);
    for (size_t i = 0; i < b->changes.n; i++) {
        const struct firewall_change *c = &b->changes.at[i];
        buf_printf(&b->told, "%s %s ", firewall_what_to_string(c->what), firewall_reach_to_string(c->reach));
        if (c->forward.n)
            buf_add(&b->told, c->forward);
        if (c->path)
            buf_printf(&b->told, "%.*s: ", STR_ARG(c->path->name));
        for (size_t s = 0; s < c->spaces.n; s++) {
            buf_add_z(&b->told, s ? "; " : "");
            firewall_write_space(&c->spaces.at[s], b->was, b->is, 4, &b->told);
        }
        buf_add_byte(&b->told, '\n');
    }
}

void bed_compare(struct bed *b, enum firewall_kind k, struct str was, struct str is) {
    static const struct str outside[] = {{"wan*", 4}, {"eth0", 4}}, inside[] = {{"lan*", 4}, {"lo", 2}};
    bed_compare_on(b, k, was, is, &(struct firewall_ground){.outside = outside, .n_outside = 2, .inside = inside, .n_inside = 2});
}

void bed_done(struct bed *b) {
    buf_done(&b->told);
    arena_done(&b->a);
}

void told(enum firewall_kind k, const char *was, const char *is, const char *lines) {
    struct bed b = {0};
    bed_compare(&b, k, str_of(was), str_of(is));
    assert_string_equal(buf_z(&b.told), lines);
    bed_done(&b);
}

static struct buf changed(const char *text, const char *old, const char *new) {
    struct buf b;
    const char *at = strstr(text, old);
    assert_non_null(at);
    buf_init(&b, 1 << 20);
    buf_add(&b, str_n(text, (size_t) (at - text)));
    buf_add_z(&b, new);
    buf_add_z(&b, at + strlen(old));
    return b;
}

void told_with(enum firewall_kind k, const char *text, const char *old, const char *new, const char *lines) {
    struct buf now = changed(text, old, new);
    told(k, text, buf_z(&now), lines);
    buf_done(&now);
}

void told_with_line(enum firewall_kind k, const char *text, const char *old, const char *new, const char *line) {
    struct buf now = changed(text, old, new);
    struct bed b = {0};
    bool found = false;
    bed_compare(&b, k, str_of(text), buf_str(&now));
    struct str all = buf_str(&b.told), one;
    while (str_split(&all, '\n', &one))
        found = found || str_starts(one, str_of(line));
    if (!found)
        fail_msg("no line '%s' in: %s", line, buf_z(&b.told));
    bed_done(&b);
    buf_done(&now);
}

static bool holds(struct spans s, u128 v) {
    struct span one = {v, v};
    return spans_meet(s, (struct spans){&one, 1});
}

bool spaces_hold(const struct spaces *s, const struct packet *p) {
    struct span src, dst, service = span_of_service(p->protocol, p->port, p->port);
    struct ip ip;
    assert_int_equal(ip_parse(str_of(p->src), &ip), 0);
    src = span_of_ips(&ip, &ip);
    assert_int_equal(ip_parse(str_of(p->dst), &ip), 0);
    dst = span_of_ips(&ip, &ip);
    for (size_t i = 0; i < s->n; i++) {
        const struct spans *d = s->at[i].dim;
        if (holds(d[DIM_FROM], zone_number(p->from)) && holds(d[DIM_TO], zone_number(p->to)) && holds(d[DIM_SRC], src.lo) && holds(d[DIM_DST], dst.lo) &&
            holds(d[DIM_SERVICE], service.lo))
            return true;
    }
    return false;
}

uint32_t below(uint64_t *seed, uint32_t n) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (*seed >> 33) % n;
}

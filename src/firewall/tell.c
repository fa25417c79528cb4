/* Spaces in signs everybody reads: "wan > lan: any > 10.1.1.0/24 tcp/22". */
#include "firewall/firewall_priv.h"

#include "base/text.h"

static const char *const whats[FIREWALL_WHATS] = {"opened", "closed", "rule_new", "rule_gone", "forward_new", "forward_gone"};
static const char *const reaches[] = {"inside", "outside", "any"};

const char *firewall_what_to_string(enum firewall_what w) {
    return whats[w];
}

const char *firewall_reach_to_string(enum firewall_reach r) {
    return reaches[r];
}

static struct str zone_name(const struct firewall *f, u128 number) {
    for (size_t i = 0; f && i < f->n_zones; i++)
        if (f->zones[i].number == number)
            return f->zones[i].name;
    return STR_NULL;
}

struct telling {
    const struct firewall *was, *is;
    size_t most;
    struct buf *out;
};

static struct str one_zone(const struct telling *t, u128 number) {
    struct str name = zone_name(t->is, number);
    return name.n ? name : zone_name(t->was, number);
}

/* "wan,lan"; "!lo": all but that one. */
static void write_zones(const struct telling *t, struct spans s) {
    bool but = s.n && s.at[0].lo == 0;
    size_t n = 0;
    if (spans_eq(s, SPANS_ALL[DIM_FROM])) {
        buf_add(t->out, STR("*"));
        return;
    }
    for (size_t i = but; i < s.n; i++) {
        struct str name = one_zone(t, but ? s.at[i].lo - 1 : s.at[i].lo);
        if (n++ == t->most) {
            buf_add(t->out, STR(",…"));
            return;
        }
        buf_add_z(t->out, n > 1 ? "," : "");
        buf_add_z(t->out, but ? "!" : "");
        text_escape_controls(t->out, name.n ? name : STR("?"));
    }
}

static void write_ip(struct buf *out, u128 v) {
    char z[IP_CAP];
    struct ip ip = ip_of_number(v);
    ip_format(&ip, z);
    buf_add_z(out, z);
}

static void write_span(struct buf *out, struct span s) {
    struct ip lo = ip_of_number(s.lo);
    u128 size = s.hi - s.lo;
    write_ip(out, s.lo);
    if (size == 0)
        return;
    if ((size & (size + 1)) == 0 && (s.lo & size) == 0 && lo.version == ip_of_number(s.hi).version) {
        unsigned bits = ip_bits(&lo);
        for (; size; size >>= 1)
            bits--;
        buf_printf(out, "/%u", bits);
        return;
    }
    buf_add_byte(out, '-');
    write_ip(out, s.hi);
}

/* Those of one family. */
static void write_family(const struct telling *t, struct spans s, struct spans family, const char *all, size_t *n) {
    if (spans_cover(s, family)) {
        buf_printf(t->out, "%s%s", (*n)++ ? "," : "", all);
        return;
    }
    for (size_t i = 0; i < s.n; i++)
        for (size_t k = 0; k < family.n; k++) {
            struct span x = {MAX(s.at[i].lo, family.at[k].lo), MIN(s.at[i].hi, family.at[k].hi)};
            if (x.lo > x.hi)
                continue;
            if (*n > t->most)
                return;
            buf_add_z(t->out, *n ? "," : "");
            if ((*n)++ == t->most)
                buf_add(t->out, STR("…"));
            else
                write_span(t->out, x);
        }
}

static void write_addresses(const struct telling *t, struct spans s) {
    size_t n = 0;
    if (spans_eq(s, SPANS_ALL[DIM_SRC])) {
        buf_add(t->out, STR("any"));
        return;
    }
    write_family(t, s, SPANS_V4, "0.0.0.0/0", &n);
    write_family(t, s, SPANS_V6, "::/0", &n);
}

static void write_protocol(struct buf *out, unsigned p) {
    static const struct {
        unsigned number;
        const char *name;
    } names[] = {{1, "icmp"}, {6, "tcp"}, {17, "udp"}, {47, "gre"}, {50, "esp"}, {58, "icmp6"}};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].number == p) {
            buf_add_z(out, names[i].name);
            return;
        }
    buf_printf(out, "ip-%u", p);
}

struct services {
    const struct telling *t;
    size_t n;
};

/* "tcp/22", "tcp/1000-2000", "tcp"; whole protocols in a row: "ip-2…ip-5". */
static void write_service(struct services *s, unsigned lo, unsigned hi) {
    struct buf *out = s->t->out;
    if (s->n > s->t->most)
        return;
    buf_add_z(out, s->n ? "," : "");
    if (s->n++ == s->t->most) {
        buf_add(out, STR("…"));
        return;
    }
    write_protocol(out, lo >> 16);
    if (hi >> 16 != lo >> 16) {
        buf_add(out, STR("…"));
        write_protocol(out, hi >> 16);
    } else if (hi - lo != 65535)
        buf_printf(out, lo == hi ? "/%u" : "/%u-%u", lo & 65535, hi & 65535);
}

static void write_services(const struct telling *t, struct spans all) {
    struct services s = {.t = t};
    if (spans_eq(all, SPANS_ALL[DIM_SERVICE])) {
        buf_add(t->out, STR("any"));
        return;
    }
    for (size_t i = 0; i < all.n; i++) {
        unsigned lo = (unsigned) all.at[i].lo, hi = (unsigned) all.at[i].hi;
        if (lo >> 16 != hi >> 16 && (lo & 65535)) { /* the rest of its protocol, then whole ones, then the first of the last */
            write_service(&s, lo, lo | 65535);
            lo = (lo | 65535) + 1;
        }
        unsigned tail = (hi & 65535) == 65535 || lo >> 16 == hi >> 16 ? hi : (hi & ~65535u) - 1;
        write_service(&s, lo, tail);
        if (tail != hi)
            write_service(&s, tail + 1, hi);
    }
}

void firewall_write_space(const struct space *x, const struct firewall *was, const struct firewall *is, size_t most, struct buf *out) {
    struct telling t = {was, is, most, out};
    if (!spans_eq(x->dim[DIM_FROM], SPANS_ALL[DIM_FROM]) || !spans_eq(x->dim[DIM_TO], SPANS_ALL[DIM_TO])) {
        write_zones(&t, x->dim[DIM_FROM]);
        buf_add(out, STR(" > "));
        write_zones(&t, x->dim[DIM_TO]);
        buf_add(out, STR(": "));
    }
    write_addresses(&t, x->dim[DIM_SRC]);
    buf_add(out, STR(" > "));
    write_addresses(&t, x->dim[DIM_DST]);
    buf_add_byte(out, ' ');
    write_services(&t, x->dim[DIM_SERVICE]);
}

/* What was found, as JSON: the question, candidates with their hops, what is missing, whose clocks were put right. */
#include "trace/trace_priv.h"

static const char *const log_names[FACT_KINDS_] = {[FACT_TRANSLATION] = "nat", [FACT_LEASE] = "dhcp", [FACT_NEIGHBOUR] = "neighbour",
                                                   [FACT_HOLDER] = "assigned", [FACT_PROXY] = "proxy", [FACT_LOGIN] = "login"};

static void write_ip(struct jsonw *w, const char *key, const struct ip *ip) {
    char text[IP_CAP];
    if (ip->version)
        ip_format(ip, text);
    jsonw_kz(w, key, ip->version ? text : NULL);
}

static void write_port(struct jsonw *w, const char *key, uint16_t port) {
    jsonw_key(w, str_of(key));
    if (port)
        jsonw_u64(w, port);
    else
        jsonw_null(w);
}

static void write_text(struct jsonw *w, const char *key, struct str s) {
    jsonw_key(w, str_of(key));
    if (s.n)
        jsonw_str(w, s);
    else
        jsonw_null(w);
}

static void write_evidence(struct jsonw *w, const struct fact *f) {
    const char *basis;
    int64_t clock = trace_clock(f->source, &basis);
    jsonw_kz(w, "log", log_names[f->kind]);
    jsonw_kstr(w, "source", f->source->name);
    jsonw_ku64(w, "n", f->n);
    jsonw_ktime(w, "written", f->own_ns);
    jsonw_ktime(w, "at", trace_when(f));
    jsonw_ki64(w, "clock_ms", clock / NS_PER_MS);
    jsonw_kz(w, "clock_from", basis);
}

static void write_span(struct jsonw *w, const struct span *s, int64_t off_ns) {
    jsonw_ktime(w, "begins", s->begin_ns);
    jsonw_ktime(w, "ends", s->end_ns);
    jsonw_kdouble(w, "off_s", (double) (off_ns / NS_PER_MS) / 1000);
}

static void write_hop(struct jsonw *w, const struct hop *h, const struct path *outer) {
    const struct fact *f = h->s.first;
    jsonw_object(w);
    jsonw_kz(w, "kind", h->proxy ? "proxy" : "translation");
    write_evidence(w, f);
    if (h->s.last != f)
        jsonw_ku64(w, "n_last", h->s.last->n);
    write_ip(w, "outer", h->proxy ? &outer->ip : &f->outer);
    write_port(w, "outer_port", h->proxy ? 0 : f->outer_port);
    write_ip(w, "inner", &f->inner);
    write_port(w, "inner_port", f->inner_port);
    write_ip(w, "destination", &f->dest);
    write_port(w, "destination_port", f->dest_port);
    write_span(w, &h->s.span, h->off_ns);
    jsonw_end(w);
}

static void write_holder(struct jsonw *w, const struct candidate *c) {
    const struct holder *h = &c->holder;
    if (!h->fact)
        return;
    jsonw_object(w);
    jsonw_kz(w, "kind", "machine");
    write_evidence(w, h->fact);
    write_ip(w, "inner", &h->fact->inner);
    write_text(w, "mac", h->mac);
    write_text(w, "host", h->host);
    write_span(w, &h->span, trace_span_distance(&h->span, c->path->from_ns, c->path->to_ns));
    jsonw_end(w);
}

static void write_user(struct jsonw *w, const struct candidate *c) {
    const struct user *u = &c->user;
    if (!u->fact)
        return;
    jsonw_object(w);
    jsonw_kz(w, "kind", "user");
    write_evidence(w, u->fact);
    write_text(w, "user", u->fact->user);
    write_text(w, "at_host", u->fact->at_host);
    write_text(w, "service", u->fact->service);
    write_span(w, &u->span, trace_span_distance(&u->span, c->path->from_ns, c->path->to_ns));
    jsonw_end(w);
}

static void write_reasons(struct jsonw *w, const struct candidate *c) {
    jsonw_key(w, STR("doubts"));
    jsonw_array(w);
    for (unsigned i = 0; i < WHY_MAX_; i++)
        if (c->why & 1u << i)
            jsonw_str(w, str_of(trace_reasons[i].key));
    jsonw_end(w);
}

static void write_candidate(struct jsonw *w, const struct candidate *c) {
    const struct path *p = c->path;
    struct path outer = *p;
    jsonw_object(w);
    jsonw_kz(w, "sure", c->doubt <= DOUBT_CERTAIN ? "certain" : c->doubt <= DOUBT_LIKELY ? "likely" : "possible");
    jsonw_ki64(w, "doubt", c->doubt);
    write_reasons(w, c);
    jsonw_ki64(w, "shift_h", p->shift);
    jsonw_ktime(w, "from", p->from_ns);
    jsonw_ktime(w, "to", p->to_ns);
    write_ip(w, "address", &p->ip);
    write_port(w, "port", p->port);
    write_text(w, "mac", c->holder.mac);
    write_text(w, "host", c->holder.host);
    write_text(w, "user", c->user.fact ? c->user.fact->user : STR_NULL);
    jsonw_key(w, STR("hops"));
    jsonw_array(w);
    for (unsigned i = 0; i < p->n; i++) {
        if (i)
            outer.ip = p->hops[i - 1].s.first->inner;
        write_hop(w, &p->hops[i], &outer);
    }
    write_holder(w, c);
    write_user(w, c);
    jsonw_end(w);
    jsonw_end(w);
}

static void write_question(struct jsonw *w, const struct trace_question *q) {
    jsonw_key(w, STR("question"));
    jsonw_object(w);
    write_ip(w, "address", &q->address);
    write_port(w, "port", q->port);
    jsonw_ktime(w, "from", q->at_ns);
    jsonw_ktime(w, "to", q->at_ns + q->width_ns);
    jsonw_ki64(w, "error_s", q->error_ns / NS_PER_S);
    jsonw_kbool(w, "zone_told", q->zone_told);
    jsonw_ki64(w, "zone_min", q->zone_min);
    write_ip(w, "destination", &q->destination);
    write_port(w, "destination_port", q->destination_port);
    jsonw_end(w);
}

static void write_gaps(struct jsonw *w, const struct trace *t) {
    jsonw_key(w, STR("missing"));
    jsonw_array(w);
    for (size_t i = 0; i < t->n_gaps; i++) {
        const struct gap *g = &t->gaps[i];
        jsonw_object(w);
        jsonw_kz(w, "log", g->log);
        jsonw_kz(w, "why", g->why);
        write_text(w, "about", g->about);
        write_text(w, "source", g->source);
        jsonw_ktime(w, "from", g->from_ns);
        jsonw_ktime(w, "to", g->to_ns);
        jsonw_end(w);
    }
    jsonw_end(w);
}

int trace_write(struct trace *t, struct jsonw *w) {
    write_question(w, &t->q);
    jsonw_key(w, STR("candidates"));
    jsonw_array(w);
    for (size_t i = 0; i < t->n_candidates; i++)
        write_candidate(w, &t->candidates[i]);
    jsonw_end(w);
    write_gaps(w, t);
    jsonw_ku64(w, "events", t->n_facts);
    jsonw_ku64(w, "events_lost", t->facts_lost);
    return buf_error(w->out);
}

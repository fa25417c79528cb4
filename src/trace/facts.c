/* One event reduced to what tracing asks for. Which fields mean what stands in docs/decoders.md ("Words for tracing an
 * address"); Windows events keep the names their shipper gave them, so those are tried one after another. */
#include "trace/trace_priv.h"

#include "base/mem.h"

#include <stdlib.h>

#define CLOCK_FLOOR_NS (2 * NS_PER_S)

static struct str field(const struct event *ev, const char *name) {
    struct str want = str_of(name);
    uint32_t id = event_names_find(ev->names, want);
    if (id)
        return event_get(ev, id);
    for (uint32_t i = 0; i < ev->n; i++)
        if (!ev->fields[i].id && str_eq(ev->fields[i].name, want))
            return ev->fields[i].value;
    return STR_NULL;
}

static bool has(const struct event *ev, const char *name, const char *value) {
    uint32_t id = event_names_find(ev->names, str_of(name));
    for (const struct event_field *f = event_find(ev, id, NULL); f; f = event_find(ev, id, f))
        if (str_eq_z(f->value, value))
            return true;
    return false;
}

static struct str windows(const struct event *ev, const char *name) {
    static const char *const prefixes[] = {"", "winlog.event_data.", "Event.EventData.", "EventData."};
    char full[96];
    struct str v = STR_NULL;
    for (size_t i = 0; !v.n && i < ARRAY_SIZE(prefixes); i++) {
        snprintf(full, sizeof full, "%s%s", prefixes[i], name);
        v = field(ev, full);
    }
    return v;
}

static bool read_ip(struct str s, struct ip *ret) {
    *ret = (struct ip){0};
    return s.n && ip_parse(s, ret) == 0;
}

static uint16_t read_port(struct str s) {
    int64_t v;
    return s.n && str_to_i64(s, &v) == 0 && v > 0 && v < 65536 ? (uint16_t) v : 0;
}

static int64_t read_time(struct str s) {
    int64_t t;
    int offset;
    return s.n && time_parse_iso(s, &t, &offset) > 0 ? t : TIME_NONE;
}

/* The transport's "192.0.2.1:514", "[2001:db8::1]:514". */
static void read_peer(struct str s, struct ip *ret) {
    ptrdiff_t colon = -1, other;
    for (ptrdiff_t at = -1; (other = str_find(s, STR(":"), (size_t) (at + 1))) >= 0; at = other)
        colon = other;
    if (s.n && s.p[0] == '[') {
        ptrdiff_t end = str_find(s, STR("]"), 0);
        s = end > 0 ? str_n(s.p + 1, (size_t) end - 1) : s;
    } else if (colon > 0) {
        s = str_to(s, (size_t) colon);
    }
    (void) read_ip(s, ret);
}

/* ---- whose name means a person ---- */

static bool is_person(struct str name) {
    static const char *const nobody[] = {"-", "SYSTEM", "ANONYMOUS LOGON", "LOCAL SERVICE", "NETWORK SERVICE", "N/A", "unknown"};
    if (!name.n || name.p[name.n - 1] == '$' || str_starts(name, STR("DWM-")) || str_starts(name, STR("UMFD-")))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(nobody); i++)
        if (str_eq_icase(name, str_of(nobody[i])))
            return false;
    return true;
}

/* ---- what happened to it ---- */

static enum fact_phase phase_of(const struct event *ev) {
    struct str action = event_get(ev, EVENT_F_EVENT_ACTION);
    if (str_ends(action, STR("-closing")))
        return PHASE_CLOSING;
    if (has(ev, "event.type", "end") || str_ends(action, STR("-delete")) || str_ends(action, STR("-block-release")))
        return PHASE_END;
    if (has(ev, "event.type", "start") || str_ends(action, STR("-create")) || str_ends(action, STR("-block-allocate")))
        return PHASE_START;
    return PHASE_POINT;
}

/* A record about the whole of something says when that began, or how long it took. */
static void set_whole(struct fact *f, const struct event *ev) {
    int64_t ns, begin = read_time(field(ev, "event.start"));
    if (begin == TIME_NONE && str_to_i64(event_get(ev, EVENT_F_EVENT_DURATION), &ns) == 0 && ns >= 0 && ns < 100 * NS_PER_DAY &&
        f->phase != PHASE_START)
        begin = f->own_ns - ns;
    if (begin == TIME_NONE || begin > f->own_ns)
        return;
    f->phase = PHASE_WHOLE;
    f->begin_ns = begin;
}

/* Who published a service: whoever asks for the public address and port is led to the machine behind it. The far end is then the
 * source. */
static bool is_published(struct fact *f, const struct event *ev) {
    struct ip inner;
    if (!read_ip(field(ev, "destination.nat.ip"), &inner) || !f->dest.version || ip_eq(&inner, &f->dest))
        return false;
    uint16_t inner_port = read_port(field(ev, "destination.nat.port"));
    struct ip far = f->inner;
    uint16_t far_port = f->inner_port;
    f->outer = f->dest;
    f->outer_port = f->outer_last = f->dest_port;
    f->inner = inner;
    f->inner_port = inner_port ? inner_port : f->dest_port;
    f->dest = far;
    f->dest_port = far_port;
    f->kind = FACT_TRANSLATION;
    set_whole(f, ev);
    return true;
}

static bool is_translation(struct fact *f, const struct event *ev) {
    if (!read_ip(field(ev, "source.nat.ip"), &f->outer) || !f->inner.version)
        return false;
    f->outer_port = read_port(field(ev, "source.nat.port"));
    f->outer_last = f->outer_port;
    uint16_t first = read_port(field(ev, "flow.nat_port_first")), last = read_port(field(ev, "flow.nat_port_last"));
    if (first && last >= first) {
        f->outer_port = first;
        f->outer_last = last;
    } else if (!f->outer_port && ip_eq(&f->outer, &f->inner)) {
        return false;
    }
    if (!f->outer_port) /* one address for one: ports stay */
        f->outer_port = f->outer_last = f->inner_port;
    if (ip_eq(&f->outer, &f->inner) && f->outer_port == f->inner_port)
        return false;
    f->kind = FACT_TRANSLATION;
    set_whole(f, ev);
    return true;
}

static bool is_lease(struct fact *f, const struct event *ev) {
    static const struct {
        const char *action;
        enum fact_kind kind;
        enum fact_phase phase;
    } rows[] = {{"dhcp-assign", FACT_LEASE, PHASE_START}, {"dhcp-renew", FACT_LEASE, PHASE_POINT}, {"dhcp-release", FACT_LEASE, PHASE_END},
                {"neighbour-seen", FACT_NEIGHBOUR, PHASE_POINT}};
    struct str action = event_get(ev, EVENT_F_EVENT_ACTION);
    int64_t seconds;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!str_eq_z(action, rows[i].action) || !read_ip(field(ev, "client.ip"), &f->inner))
            continue;
        f->kind = rows[i].kind;
        f->phase = rows[i].phase;
        f->mac = field(ev, "client.mac");
        f->host = field(ev, "client.domain");
        if (str_to_i64(field(ev, "dhcp.lease_seconds"), &seconds) == 0 && seconds > 0 && seconds < 366 * 86400)
            f->lease_ns = seconds * NS_PER_S;
        return true;
    }
    return false;
}

/* Security log of Windows: who signed in where, and from which address. */
static bool is_windows_logon(struct fact *f, const struct event *ev) {
    static const struct {
        const char *id;
        enum fact_phase phase;
        bool here; /* may be at the machine itself */
    } rows[] = {{"4624", PHASE_START, true}, {"4768", PHASE_POINT, false}, {"4769", PHASE_POINT, false}, {"4634", PHASE_END, true},
                {"4647", PHASE_END, true}, {"4778", PHASE_START, true}, {"4779", PHASE_END, true}};
    static const char *const at_screen[] = {"2", "7", "10", "11"};
    static const char *const ids[] = {"EventID", "winlog.event_id", "Event.System.EventID", "System.EventID", "event.code"};
    static const char *const computers[] = {"Computer", "winlog.computer_name", "Event.System.Computer", "System.Computer", "host.name"};
    struct str id = STR_NULL, type, at;
    for (size_t i = 0; !id.n && i < ARRAY_SIZE(ids); i++)
        id = field(ev, ids[i]);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!str_eq_z(id, rows[i].id))
            continue;
        struct str user = windows(ev, "TargetUserName");
        f->user = user.n ? user : windows(ev, "AccountName");
        if (!is_person(f->user))
            return false;
        ptrdiff_t realm = str_find(f->user, STR("@"), 0);
        f->user = realm > 0 ? str_to(f->user, (size_t) realm) : f->user;
        f->kind = FACT_LOGIN;
        f->phase = rows[i].phase;
        at = STR_NULL;
        for (size_t k = 0; !at.n && k < ARRAY_SIZE(computers); k++)
            at = field(ev, computers[k]);
        f->at_host = at;
        type = windows(ev, "LogonType");
        for (size_t k = 0; k < ARRAY_SIZE(at_screen); k++)
            f->signs_in_at |= rows[i].here && str_eq_z(type, at_screen[k]);
        f->signs_in_at |= rows[i].phase == PHASE_END && rows[i].here;
        struct str ip = windows(ev, "IpAddress");
        (void) read_ip(ip.n ? ip : windows(ev, "ClientAddress"), &f->inner);
        return true;
    }
    return false;
}

static bool is_proxy(struct fact *f, const struct event *ev) {
    if (!f->inner.version || !f->dest.version || !has(ev, "event.category", "web") || !event_get(ev, EVENT_F_HTTP_METHOD).n)
        return false;
    f->kind = FACT_PROXY;
    f->phase = PHASE_POINT;
    set_whole(f, ev);
    return true;
}

/* An address that was given to a user (VPN, PPP, what a firewall knows of its users), or a machine at a port of the
 * network (RADIUS). */
static bool is_holder(struct fact *f, const struct event *ev) {
    struct ip client;
    bool known = read_ip(field(ev, "client.ip"), &client);
    f->mac = field(ev, "client.mac");
    if (!f->user.n || (!known && !f->mac.n))
        return false;
    f->inner = client;
    f->host = field(ev, "client.domain");
    f->kind = FACT_HOLDER;
    return true;
}

static bool is_login(struct fact *f, const struct event *ev) {
    bool session = has(ev, "event.category", "session");
    if (!f->user.n || !(session || has(ev, "event.category", "authentication")) || has(ev, "event.outcome", "failure") ||
        has(ev, "event.type", "info"))
        return false;
    f->kind = FACT_LOGIN;
    f->at_host = event_get(ev, EVENT_F_HOST_NAME);
    f->signs_in_at = session && !f->inner.version;
    return true;
}

static bool classify(struct fact *f, const struct event *ev) {
    struct str user = event_get(ev, EVENT_F_USER_NAME);
    f->user = is_person(user) ? user : STR_NULL;
    f->phase = phase_of(ev);
    f->service = event_get(ev, EVENT_F_SERVICE_NAME);
    (void) read_ip(event_get(ev, EVENT_F_SOURCE_IP), &f->inner);
    f->inner_port = read_port(event_get(ev, EVENT_F_SOURCE_PORT));
    (void) read_ip(event_get(ev, EVENT_F_DESTINATION_IP), &f->dest);
    f->dest_port = read_port(event_get(ev, EVENT_F_DESTINATION_PORT));
    if (!read_ip(event_get(ev, EVENT_F_HOST_IP), &f->sender))
        read_peer(ev->raw->peer, &f->sender);
    f->at_host = event_get(ev, EVENT_F_HOST_NAME);
    return is_translation(f, ev) || is_published(f, ev) || is_lease(f, ev) || is_windows_logon(f, ev) || is_proxy(f, ev) || is_holder(f, ev) || is_login(f, ev);
}

/* ---- clocks ---- */

/* host "": the source as a whole. */
static int find_source(struct trace *t, struct str name, struct str host, struct trace_source **ret) {
    char key[512];
    union map_value *v;
    bool fresh;
    name = str_to(name, 255);
    host = str_to(host, 255);
    memcpy(key, name.p, name.n);
    key[name.n] = 0;
    if (host.n)
        memcpy(key + name.n + 1, host.p, host.n);
    int r = map_add(&t->sources, str_n(key, name.n + 1 + host.n), &v, &fresh);
    if (r < 0)
        return r;
    if (fresh) {
        struct trace_source *s = arena_zalloc(&t->arena, sizeof *s);
        if (!s)
            return -ENOMEM;
        s->name = arena_dup(&t->arena, name);
        if (!s->name.p)
            return -ENOMEM;
        s->whole = s;
        v->ptr = s;
        if (host.n && (r = find_source(t, name, STR(""), &s->whole)) < 0)
            s->whole = s;
    }
    union map_value *again = map_find(&t->sources, str_n(key, name.n + 1 + host.n)); /* the map may have grown */
    *ret = again ? again->ptr : NULL;
    return *ret ? 0 : r == -ENOMEM ? r : -ERR_LIMIT;
}

/* What the ledger of sources says of a clock; only the sensor itself can write such events. */
static int take_ledger(struct trace *t, const struct event *ev, int64_t time_ns) {
    struct trace_source *s;
    double skew;
    struct str name = field(ev, "kizuki.ledger.source");
    if (!name.n || str_to_double(field(ev, "kizuki.ledger.skew_s"), &skew) < 0 || skew < -1e9 || skew > 1e9)
        return 0;
    int r = find_source(t, name, field(ev, "kizuki.ledger.host"), &s);
    if (r < 0)
        return r == -ERR_LIMIT ? 0 : r;
    if (time_ns <= t->q.at_ns + NS_PER_DAY && (!s->ledger_known || time_ns >= s->ledger_at_ns)) {
        s->ledger_known = true;
        s->ledger_ns = (int64_t) (skew * 1e9);
        s->ledger_at_ns = time_ns;
    }
    return 0;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

/* The machine's own lines say it best, to the second; of lines read from files later only the ledger may know. What is
 * below two seconds is transport and whole seconds, and no clock. The ledger tells of each machine where lines name one; a word
 * about the source as a whole is of one that names none, or from before it told them apart. */
int64_t trace_clock(const struct trace_source *s, const char **ret_basis) {
    const struct trace_source *said = s->ledger_known ? s : s->whole;
    int64_t sorted[ARRAY_SIZE(s->differences)], clock = said->ledger_ns;
    if (ret_basis)
        *ret_basis = s->n_differences ? "measured" : said->ledger_known ? "ledger" : "unknown";
    if (s->n_differences) {
        memcpy(sorted, s->differences, s->n_differences * sizeof *sorted);
        qsort(sorted, s->n_differences, sizeof *sorted, by_size);
        clock = sorted[s->n_differences / 2];
    }
    return clock > -CLOCK_FLOOR_NS && clock < CLOCK_FLOOR_NS ? 0 : clock;
}

int64_t trace_when(const struct fact *f) {
    return f->own_ns - trace_clock(f->source, NULL);
}

/* ---- taking ---- */

static int copy(struct trace *t, struct str *s) {
    if (!s->n) {
        *s = STR("");
        return 0;
    }
    *s = arena_dup(&t->arena, str_to(*s, 256));
    return s->p ? 0 : -ENOMEM;
}

static int keep(struct trace *t, struct fact *f) {
    struct str *texts[] = {&f->user, &f->host, &f->mac, &f->at_host, &f->service};
    if (t->n_facts >= TRACE_FACTS_MAX) {
        t->facts_lost++;
        return 0;
    }
    int r = arena_grow(&t->arena, (void **) &t->facts, &t->facts_cap, t->n_facts + 1, sizeof *t->facts);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
        r = copy(t, texts[i]);
    if (r == 0)
        t->facts[t->n_facts++] = *f;
    return r;
}

static int beat(struct trace *t, const struct fact *f) {
    if (t->n_beats >= TRACE_BEATS_MAX)
        return 0;
    int r = arena_grow(&t->arena, (void **) &t->beats, &t->beats_cap, t->n_beats + 1, sizeof *t->beats);
    if (r == 0)
        t->beats[t->n_beats++] = (struct beat){f->source, trace_when(f)};
    return r;
}

static int first_time(struct trace *t, uint64_t n, bool *ret) {
    char key[sizeof n];
    union map_value *v;
    memcpy(key, &n, sizeof n);
    int r = map_add(&t->seen, str_n(key, sizeof key), &v, ret);
    if (r == -ERR_LIMIT) {
        t->facts_lost++;
        *ret = false;
        r = 0;
    }
    return r;
}

int trace_fact_read(struct trace *t, const struct event *ev, struct str source, uint64_t n, int64_t time_ns) {
    struct fact f = {.n = n};
    bool live = ev->raw && !(ev->raw->flags & RAW_BACKFILL), fresh = true;
    if (str_eq_z(event_get(ev, EVENT_F_EVENT_DATASET), "kizuki.ledger"))
        return take_ledger(t, ev, time_ns);
    f.own_ns = ev->timestamp_ns != TIME_NONE ? ev->timestamp_ns : time_ns;
    if (!classify(&f, ev))
        return 0;
    int r = find_source(t, source, event_get(ev, EVENT_F_HOST_NAME), &f.source);
    if (r < 0)
        return r == -ERR_LIMIT ? 0 : r;
    if (live && ev->timestamp_ns != TIME_NONE && f.source->n_differences < ARRAY_SIZE(f.source->differences))
        f.source->differences[f.source->n_differences++] = ev->timestamp_ns - ev->raw->arrival_ns;
    if (t->round == ROUND_LEASES)
        return f.kind == FACT_LEASE ? beat(t, &f) : 0;
    if (t->round == ROUND_ADDRESS) {
        t->nat_heard += f.kind == FACT_TRANSLATION && ip_eq(&f.outer, &t->q.address);
        return 0;
    }
    r = first_time(t, n, &fresh);
    return r == 0 && fresh ? keep(t, &f) : r;
}

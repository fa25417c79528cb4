/* See set.h. What is in no network of the set and ends like none of its texts, which is nearly everything, is passed over
 * without making keys (scan.h, indicator_gate: 16 KB). Keys lie in one open table, beside it a bit for each key's low bits,
 * so that most of the rest costs one look at a table that stays in the processor's cache. */
#include "indicator/set.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "indicator/scan.h"

enum { BITS_LOG_MIN = 12, BITS_LOG_MAX = 24, BITS_EACH_LOG = 5 };

struct slot {
    uint64_t key;
    uint32_t first; /* 1 + index of the first row under it; 0: free */
};
struct row {
    uint32_t entry, next; /* next: 1 + index */
    struct ip_prefix net; /* of networks and addresses */
};
struct indicator_set {
    unsigned refs; /* atomic */
    struct arena arena;
    struct indicator_entry *entries;
    struct row *rows;
    size_t n, n_keys;
    uint64_t *keys;
    struct slot *slots;
    uint32_t slots_mask, bits_mask;
    uint64_t *bits;
    struct indicator_gate gate;
    bool urls, emails;
};

/* ---- making ---- */

struct indicator_set *indicator_set_ref(struct indicator_set *s) {
    if (s)
        __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
    return s;
}

struct indicator_set *indicator_set_unref(struct indicator_set *s) {
    if (s && __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        arena_done(&s->arena);
        mem_free(s->slots);
        mem_free(s->bits);
        mem_free(s->keys);
        mem_free(s);
    }
    return NULL;
}

size_t indicator_set_count(const struct indicator_set *s) {
    return s->n;
}

const uint64_t *indicator_set_keys(const struct indicator_set *s, size_t *ret_n) {
    *ret_n = s->n_keys;
    return s->keys;
}

static unsigned stored_bits(const struct ip_prefix *p) {
    static const uint8_t of[2][4] = {{32, 24, 16, 16}, {128, 64, 48, 32}};
    for (int i = 0; i < 4; i++)
        if (p->bits >= of[p->ip.version == 6][i])
            return of[p->ip.version == 6][i];
    return of[p->ip.version == 6][3];
}

/* Each key that is made also opens the gate. */
static uint64_t text_key(struct indicator_set *s, struct str text) {
    indicator_gate_add_text(&s->gate, text);
    return indicator_key_of_text(text);
}

static uint64_t net_key(struct indicator_set *s, const struct ip *ip, unsigned bits) {
    indicator_gate_add_net(&s->gate, ip);
    return indicator_key_of_net(ip, bits);
}

static uint64_t key_of_host(struct indicator_set *s, struct str host, struct ip_prefix *ret) {
    struct ip ip;
    if (ip_parse(host, &ip) < 0)
        return text_key(s, host);
    *ret = ip_prefix_of(&ip, ip_bits(&ip));
    return net_key(s, &ip, ip_bits(&ip));
}

static uint64_t key_of(struct indicator_set *s, const struct indicator_entry *e, struct row *row) {
    struct ip_prefix p;
    ptrdiff_t at;
    switch (e->kind) {
    case INDICATOR_IPV4:
    case INDICATOR_IPV6:
        if (ip_prefix_parse(e->value, &row->net) < 0)
            return text_key(s, e->value);
        return net_key(s, &row->net.ip, stored_bits(&row->net));
    case INDICATOR_URL:
        return key_of_host(s, indicator_url_host(e->value), &p);
    case INDICATOR_EMAIL:
        at = str_find_byte(e->value, '@', 0);
        return text_key(s, str_from(e->value, (size_t) at + 1));
    default:
        return text_key(s, e->value);
    }
}

static bool wanted(const struct indicator_origin *o, const uint32_t *imports, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (o->import == imports[i])
            return true;
    return n == 0;
}

static int copy_origins(struct indicator_set *s, const struct indicator_entry *from, struct indicator_entry *to, const uint32_t *imports, size_t n) {
    to->origins = arena_alloc(&s->arena, from->n * sizeof *to->origins);
    if (!to->origins)
        return -ENOMEM;
    for (uint32_t i = 0; i < from->n; i++) {
        struct indicator_origin o = from->origins[i];
        if (!wanted(&o, imports, n))
            continue;
        o.source = arena_dup(&s->arena, o.source);
        o.note = arena_dup(&s->arena, o.note);
        o.id = arena_dup(&s->arena, o.id);
        if (!o.source.p || !o.note.p || !o.id.p)
            return -ENOMEM;
        to->origins[to->n++] = o;
    }
    return 0;
}

static int copy_entries(struct indicator_set *s, const struct indicator_book *b, const uint32_t *imports, size_t n) {
    s->entries = arena_alloc(&s->arena, (b->n + 1) * sizeof *s->entries);
    s->rows = arena_zalloc(&s->arena, (b->n + 1) * sizeof *s->rows);
    if (!s->entries || !s->rows)
        return -ENOMEM;
    for (size_t i = 0; i < b->n; i++) {
        const struct indicator_entry *from = &b->entries[i];
        bool any = false;
        for (uint32_t k = 0; k < from->n && !any; k++)
            any = wanted(&from->origins[k], imports, n);
        if (!any)
            continue;
        struct indicator_entry *to = &s->entries[s->n];
        *to = (struct indicator_entry){.kind = from->kind, .value = arena_dup(&s->arena, from->value)};
        if (!to->value.p || copy_origins(s, from, to, imports, n) < 0)
            return -ENOMEM;
        s->urls |= to->kind == INDICATOR_URL;
        s->emails |= to->kind == INDICATOR_EMAIL;
        s->n++;
    }
    return 0;
}

static struct slot *slot_of(const struct indicator_set *s, uint64_t key) {
    for (uint32_t i = (uint32_t) (key >> 32) & s->slots_mask;; i = (i + 1) & s->slots_mask)
        if (!s->slots[i].first || s->slots[i].key == key)
            return &s->slots[i];
}

static int by_value(const void *pa, const void *pb) {
    uint64_t a = *(const uint64_t *) pa, b = *(const uint64_t *) pb;
    return (a > b) - (a < b);
}

static int make_table(struct indicator_set *s) {
    unsigned slots = 4, bits = BITS_LOG_MIN;
    while (((size_t) 1 << slots) < 2 * s->n)
        slots++;
    while (bits < BITS_LOG_MAX && ((size_t) 1 << bits) < s->n << BITS_EACH_LOG)
        bits++;
    s->slots_mask = (uint32_t) (((size_t) 1 << slots) - 1);
    s->bits_mask = (uint32_t) (((size_t) 1 << bits) - 1);
    s->slots = mem_zalloc_array((size_t) 1 << slots, sizeof *s->slots);
    s->bits = mem_zalloc_array(((size_t) 1 << bits) / 64, sizeof *s->bits);
    s->keys = mem_zalloc_array(s->n + 1, sizeof *s->keys);
    if (!s->slots || !s->bits || !s->keys)
        return -ENOMEM;
    for (size_t i = 0; i < s->n; i++) {
        uint64_t key = key_of(s, &s->entries[i], &s->rows[i]);
        struct slot *slot = slot_of(s, key);
        if (!slot->first)
            s->keys[s->n_keys++] = key;
        s->rows[i].entry = (uint32_t) i;
        s->rows[i].next = slot->first;
        *slot = (struct slot){key, (uint32_t) i + 1};
        s->bits[((uint32_t) key & s->bits_mask) / 64] |= (uint64_t) 1 << (key & 63);
    }
    if (s->n_keys)
        qsort(s->keys, s->n_keys, sizeof *s->keys, by_value);
    return 0;
}

int indicator_set_new(const struct indicator_book *book, const uint32_t *imports, size_t n_imports, struct indicator_set **ret) {
    CLEANUP(indicator_set_unrefp) struct indicator_set *s = mem_zalloc(sizeof *s);
    if (!s)
        return -ENOMEM;
    s->refs = 1;
    arena_init(&s->arena, INDICATOR_LIST_BYTES_MAX);
    int r = copy_entries(s, book, imports, n_imports);
    if (r == 0)
        r = make_table(s);
    if (r == 0)
        *ret = TAKE_PTR(s);
    return r;
}

int indicator_set_of_list(const struct indicator_list *l, struct indicator_set **ret) {
    struct indicator_book b;
    int r = indicator_book_of_list(l, &b);
    if (r < 0)
        return r;
    r = indicator_set_new(&b, NULL, 0, ret);
    indicator_book_done(&b);
    return r;
}

/* ---- texts ---- */

static inline bool has_bit(const struct indicator_set *s, uint64_t key) {
    return s->bits[((uint32_t) key & s->bits_mask) / 64] >> (key & 63) & 1;
}

static int may(void *ctx, uint64_t key, struct str token UNUSED) {
    const struct indicator_set *s = ctx;
    return has_bit(s, key) && slot_of(s, key)->first ? -EEXIST : 0;
}

bool indicator_set_may(const struct indicator_set *s, struct str text) {
    return indicator_scan_for(text, &s->gate, may, (void *) (uintptr_t) s) < 0;
}

/* ---- fields ---- */

/* Whose values are looked at. Names other products use are those that rules hunt with (content/fields). `unparsed`: of
 * lines that no decoder knew only; what one knew stands in its fields. */
static const struct {
    const char *name;
    bool unparsed;
} looked_at[] = {
    {"source.ip", false}, {"destination.ip", false}, {"client.ip", false}, {"server.ip", false}, {"source.nat.ip", false}, {"destination.nat.ip", false},
    {"network.forwarded_ip", false}, {"dns.resolved_ip", false}, {"dns.question.name", false}, {"dns.answers.data", false}, {"source.domain", false}, {"destination.domain", false},
    {"destination.address", false}, {"source.address", false}, {"server.domain", false}, {"client.domain", false}, {"url.original", false}, {"url.full", false}, {"url.domain", false},
    {"http.request.referrer", false}, {"tls.client.server_name", false}, {"file.hash.md5", false}, {"file.hash.sha1", false},
    {"file.hash.sha256", false}, {"file.hash.sha512", false}, {"process.hash.md5", false}, {"process.hash.sha1", false}, {"process.hash.sha256", false},
    {"process.hash.sha512", false}, {"dll.hash.md5", false}, {"dll.hash.sha1", false}, {"dll.hash.sha256", false}, {"hash.md5", false}, {"hash.sha1", false}, {"hash.sha256", false},
    {"email.from.address", false}, {"email.sender.address", false}, {"email.to.address", false}, {"email.reply_to.address", false},
    {"Hashes", false}, {"Hash", false}, {"DestinationIp", false}, {"SourceIp", false}, {"DestinationHostname", false}, {"QueryName", false}, {"QueryResults", false},
    {"DestAddress", false}, {"SourceAddress", false}, {"IpAddress", false}, {"ClientIP", false}, {"sourceIPAddress", false}, {"message", true}};

enum { LOOK_ALWAYS = 1, LOOK_UNPARSED = 2 };
struct indicator_fields {
    uint32_t n;
    uint8_t of[]; /* when it is looked at */
};

struct indicator_fields *indicator_fields_new(struct event_names *names) {
    uint32_t ids[ARRAY_SIZE(looked_at)], n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(looked_at); i++) {
        int id = event_names_intern(names, str_of(looked_at[i].name));
        if (id < 0)
            return NULL;
        ids[i] = (uint32_t) id;
        n = MAX(n, (uint32_t) id + 1);
    }
    struct indicator_fields *f = mem_zalloc(sizeof *f + n);
    for (size_t i = 0; f && i < ARRAY_SIZE(looked_at); i++)
        f->of[ids[i]] = looked_at[i].unparsed ? LOOK_UNPARSED : LOOK_ALWAYS;
    if (f)
        f->n = n;
    return f;
}

struct indicator_fields *indicator_fields_free(struct indicator_fields *f) {
    mem_free(f);
    return NULL;
}

/* ---- matching ---- */

struct looking {
    const struct indicator_set *s;
    struct str text; /* the value that is looked at */
    uint32_t field;
    int64_t time_ns;
    struct indicator_hit *hits;
    unsigned n;
};

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ascii_digit(c);
}

/* The URL around a token that is its host: from the scheme, or from the host where there is none, to where URLs end. */
static bool url_is(struct str text, struct str token, struct str want) {
    char a[INDICATOR_VALUE_BYTES_MAX + 8], b[INDICATOR_VALUE_BYTES_MAX + 8];
    size_t from = (size_t) (token.p - text.p), end = from + token.n;
    if (from && text.p[from - 1] != '/' && text.p[from - 1] != '@' && text.p[from - 1] != '[' && is_word(text.p[from - 1]))
        return false;
    bool bracket = from && text.p[from - 1] == '[';
    from -= bracket;
    while (end < text.n && (unsigned char) text.p[end] > ' ' && !strchr("\"'<>`", text.p[end]))
        end++;
    struct str url = str_n(text.p + from, end - from), x = indicator_url_compared(want, a, sizeof a);
    bool https = from >= 8 && str_eq_icase(str_n(text.p + from - 8, 8), STR("https://"));
    bool http = from >= 7 && str_eq_icase(str_n(text.p + from - 7, 7), STR("http://"));
    url = https ? str_n(url.p - 8, url.n + 8) : http ? str_n(url.p - 7, url.n + 7) : url;
    struct str y = indicator_url_compared(url, b, sizeof b);
    while (y.n > x.n && y.n && strchr(".,;)]", y.p[y.n - 1])) /* the end of a sentence */
        y.n--;
    return x.n && str_eq(x, y);
}

static bool email_is(struct str text, struct str token, struct str want) {
    ptrdiff_t at = str_find_byte(want, '@', 0);
    size_t from = (size_t) (token.p - text.p), local = (size_t) at;
    return at > 0 && from > local && text.p[from - 1] == '@' && str_eq_icase(str_n(text.p + from - 1 - local, local), str_to(want, local)) &&
           (from - 1 == local || !is_word(text.p[from - 2 - local]));
}

static bool value_is(const struct looking *l, const struct row *row, const struct indicator_entry *e, struct str token) {
    struct ip ip;
    switch (e->kind) {
    case INDICATOR_IPV4:
    case INDICATOR_IPV6:
        return ip_parse(token, &ip) == 0 && ip_prefix_contains(&row->net, &ip);
    case INDICATOR_URL:
        return url_is(l->text, token, e->value);
    case INDICATOR_EMAIL:
        return email_is(l->text, token, e->value);
    default:
        return str_eq_icase(token, e->value);
    }
}

static void note_hit(struct looking *l, const struct indicator_entry *e) {
    const struct indicator_origin *o = indicator_entry_holds(e, l->time_ns);
    for (unsigned i = 0; i < l->n; i++)
        if (l->hits[i].entry == e)
            return;
    if (o && l->n < INDICATOR_HITS_MAX)
        l->hits[l->n++] = (struct indicator_hit){e, o, l->field};
}

static int look(void *ctx, uint64_t key, struct str token) {
    struct looking *l = ctx;
    if (LIKELY(!has_bit(l->s, key)))
        return 0;
    for (uint32_t i = slot_of(l->s, key)->first; i; i = l->s->rows[i - 1].next) {
        const struct row *row = &l->s->rows[i - 1];
        if (value_is(l, row, &l->s->entries[row->entry], token))
            note_hit(l, &l->s->entries[row->entry]);
    }
    return 0;
}

static bool hit_by_group(const struct looking *l, const struct indicator_origin *o) {
    unsigned n = 0;
    for (unsigned i = 0; i < l->n; i++)
        for (uint32_t k = 0; k < l->hits[i].entry->n; k++)
            n += l->hits[i].entry->origins[k].group == o->group;
    return n >= o->group_n;
}

/* The surest origin that holds and whose companions are there; NULL: none. */
static const struct indicator_origin *settled(const struct looking *l, const struct indicator_entry *e) {
    const struct indicator_origin *best = NULL;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct indicator_origin *o = &e->origins[i];
        bool over = l->time_ns != TIME_NONE && o->valid_until_ns != TIME_NONE && o->valid_until_ns <= l->time_ns;
        if (!over && (!o->group || hit_by_group(l, o)) && (!best || o->confidence > best->confidence))
            best = o;
    }
    return best;
}

static unsigned settle(struct looking *l) {
    const struct indicator_origin *origin[INDICATOR_HITS_MAX];
    unsigned n = 0;
    for (unsigned i = 0; i < l->n; i++)
        origin[i] = settled(l, l->hits[i].entry);
    for (unsigned i = 0; i < l->n; i++)
        if (origin[i])
            l->hits[n++] = (struct indicator_hit){l->hits[i].entry, origin[i], l->hits[i].field};
    return n;
}

int indicator_set_match(const struct indicator_set *s, const struct indicator_fields *f, const struct event *ev, int64_t time_ns,
                        struct indicator_hit ret[INDICATOR_HITS_MAX], unsigned *ret_n) {
    struct looking l = {.s = s, .time_ns = time_ns, .hits = ret};
    const unsigned looks = ev->flags & EVENT_UNPARSED ? LOOK_ALWAYS | LOOK_UNPARSED : LOOK_ALWAYS;
    const struct event_field *end = ev->fields + ev->n;
    for (const struct event_field *field = ev->fields; field < end; field++) {
        if (LIKELY(field->id >= f->n || !(f->of[field->id] & looks)))
            continue;
        l.text = field->value;
        if (indicator_gate_refuses(&s->gate, l.text))
            continue;
        if (field->escaped && memchr(l.text.p, '\\', l.text.n)) {
            l.text = json_unescape(ev->arena, l.text);
            if (!l.text.p)
                return -ENOMEM;
        }
        l.field = field->id;
        IGNORE(indicator_scan_for(l.text, &s->gate, look, &l));
    }
    *ret_n = l.n ? settle(&l) : 0;
    return 0;
}

static int add(struct event *ev, enum event_field_id id, struct str s) {
    return s.n ? event_add(ev, id, s) : 0;
}

int indicator_set_mark(const struct indicator_set *s, const struct indicator_fields *f, struct event *ev, int64_t time_ns) {
    struct indicator_hit hits[INDICATOR_HITS_MAX];
    unsigned n;
    int r = indicator_set_match(s, f, ev, time_ns, hits, &n);
    for (unsigned i = 0; i < n && r == 0; i++) {
        const struct indicator_origin *o = hits[i].origin;
        const struct {
            enum event_field_id id;
            struct str value;
        } rows[] = {{EVENT_F_INDICATOR_VALUE, hits[i].entry->value},
                    {EVENT_F_INDICATOR_KIND, str_of(indicator_kind_to_string(hits[i].entry->kind))},
                    {EVENT_F_INDICATOR_FIELD, event_names_get(ev->names, hits[i].field)},
                    {EVENT_F_INDICATOR_SOURCE, o->source},
                    {EVENT_F_INDICATOR_TLP, str_of(indicator_tlp_to_string(o->tlp))},
                    {EVENT_F_INDICATOR_CONFIDENCE, o->confidence < 0 ? STR("") : arena_printf(ev->arena, "%d", o->confidence)},
                    {EVENT_F_INDICATOR_NOTE, o->note},
                    {EVENT_F_INDICATOR_IMPORT, arena_printf(ev->arena, "%u", o->import)}};
        for (size_t k = 0; k < ARRAY_SIZE(rows) && r == 0; k++)
            r = add(ev, rows[k].id, rows[k].value);
    }
    return r < 0 ? r : n > 0;
}

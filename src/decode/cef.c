/* CEF (ArcSight) and LEEF (QRadar): a header of fields parted by '|', then key=value pairs.
 *
 *   CEF:0|Vendor|Product|Version|Class|Name|Severity|src=192.0.2.1 msg=a value with spaces \= and \n
 *   LEEF:1.0|Vendor|Product|Version|EventID|src=192.0.2.1<TAB>usrName=sato
 *   LEEF:2.0|Vendor|Product|Version|EventID|^|src=192.0.2.1^usrName=sato
 *
 * In CEF a value ends where the next key begins: a word of key letters behind a space and in front of
 * an unescaped '='. Vendors forget to escape '=' in addresses of pages, whose word before it is none of
 * key letters. Of two equal keys the first counts: what comes later may be words of an attacker's.
 *
 * A severity is a number from 0 to 10 (event.severity) and one of four words (log.level), whichever of
 * the two the vendor writes. What has no ECS name is kept under cef. and leef.
 *
 * Products use the same keys for different things: which of shost, dhost and dvchost is the machine an alarm is about is
 * the product's own choice. A decoder file with json: true may be found by cef.vendor and cef.product; it sees the header
 * (cef.vendor, .product, .version, .code, .name, .severity) and every pair (cef.KEY, leef.KEY), and what it fills counts. */
#include "base/json.h"
#include "decode/recipe_priv.h"

enum { KEY_MAX = 64, PAIRS_MAX = 512 };
enum cef_kind { TEXT, NUMBER, ADDRESS, LOWER, OUTCOME, TIME, DIRECTION, HASH, COUNT_OF, LEVEL, SEEN };

struct cef_row {
    const char *key, *field;
    enum cef_kind kind;
};

/* Sorted by bytes. SEEN: looked at elsewhere. */
static const struct cef_row cef_rows[] = {
    {"act", "event.action", TEXT},
    {"app", "network.protocol", LOWER},
    {"categoryBehavior", "", SEEN},
    {"categoryOutcome", "event.outcome", OUTCOME},
    {"cnt", "", COUNT_OF},
    {"destinationDnsDomain", "destination.registered_domain", TEXT},
    {"destinationTranslatedAddress", "destination.nat.ip", ADDRESS},
    {"destinationTranslatedPort", "destination.nat.port", NUMBER},
    {"deviceDirection", "network.direction", DIRECTION},
    {"deviceExternalId", "observer.serial_number", TEXT},
    {"deviceInboundInterface", "observer.ingress.interface.name", TEXT},
    {"deviceOutboundInterface", "observer.egress.interface.name", TEXT},
    {"deviceProcessName", "process.name", TEXT},
    {"dhost", "destination.domain", TEXT},
    {"dmac", "destination.mac", TEXT},
    {"dntdom", "destination.user.domain", TEXT},
    {"dpt", "destination.port", NUMBER},
    {"dst", "destination.ip", ADDRESS},
    {"duid", "destination.user.id", TEXT},
    {"duser", "destination.user.name", TEXT},
    {"dvc", "observer.ip", ADDRESS},
    {"dvchost", "observer.hostname", TEXT},
    {"end", "", TIME},
    {"externalId", "event.id", TEXT},
    {"fileHash", "file.hash.", HASH},
    {"filePath", "file.path", TEXT},
    {"fname", "file.name", TEXT},
    {"fsize", "file.size", NUMBER},
    {"in", "source.bytes", NUMBER},
    {"msg", "event.reason", TEXT},
    {"out", "destination.bytes", NUMBER},
    {"outcome", "event.outcome", OUTCOME},
    {"proto", "network.transport", LOWER},
    {"reason", "event.reason", TEXT},
    {"request", "url.original", TEXT},
    {"requestClientApplication", "user_agent.original", TEXT},
    {"requestContext", "http.request.referrer", TEXT},
    {"requestMethod", "http.request.method", TEXT},
    {"rt", "", TIME},
    {"shost", "source.domain", TEXT},
    {"smac", "source.mac", TEXT},
    {"sntdom", "user.domain", TEXT},
    {"sourceTranslatedAddress", "source.nat.ip", ADDRESS},
    {"sourceTranslatedPort", "source.nat.port", NUMBER},
    {"spid", "process.pid", NUMBER},
    {"sproc", "process.name", TEXT},
    {"spt", "source.port", NUMBER},
    {"src", "source.ip", ADDRESS},
    {"start", "", TIME},
    {"suid", "user.id", TEXT},
    {"suser", "source.user.name", TEXT},
};
static const struct cef_row leef_rows[] = {
    {"accountName", "user.target.name", TEXT},
    {"action", "event.action", TEXT},
    {"devTime", "", TIME},
    {"domain", "user.domain", TEXT},
    {"dst", "destination.ip", ADDRESS},
    {"dstBytes", "destination.bytes", NUMBER},
    {"dstMAC", "destination.mac", TEXT},
    {"dstPort", "destination.port", NUMBER},
    {"dstPostNAT", "destination.nat.ip", ADDRESS},
    {"dstPostNATPort", "destination.nat.port", NUMBER},
    {"identHostName", "host.name", TEXT},
    {"policy", "rule.name", TEXT},
    {"proto", "network.transport", LOWER},
    {"reason", "event.reason", TEXT},
    {"resource", "service.name", TEXT},
    {"sev", "", LEVEL},
    {"src", "source.ip", ADDRESS},
    {"srcBytes", "source.bytes", NUMBER},
    {"srcMAC", "source.mac", TEXT},
    {"srcPort", "source.port", NUMBER},
    {"srcPostNAT", "source.nat.ip", ADDRESS},
    {"srcPostNATPort", "source.nat.port", NUMBER},
    {"url", "url.original", TEXT},
    {"usrName", "user.name", TEXT},
};

static int compare_row(const void *key, const void *row) {
    const struct str *k = key;
    return str_cmp(*k, str_of(((const struct cef_row *) row)->key));
}

struct cef {
    struct decode_job *j;
    bool leef;
    uint64_t seen; /* by row */
    struct str source_user, target_user, behaviour;
    struct str time;
    int time_rank;
    struct str reason_text; /* `msg`, unless there is a reason */
    bool known;                   /* a decoder file knows the product */
    struct recipe_values *values; /* pairs are noted here for decoder files; NULL: they go into the event */
};

bool cef_recognise(const struct decode_job *j, struct str text) {
    (void) j;
    return STARTS(text, "CEF:") || STARTS(text, "LEEF:");
}

/* `\x` stands for x, \n and \r for line ends. */
static struct str unescape(struct decode_job *j, struct str s) {
    if (!s.n || !memchr(s.p, '\\', s.n))
        return s;
    char *p = arena_alloc(j->ev->arena, s.n);
    size_t n = 0;
    if (!p) {
        j->err = -ENOMEM;
        return s;
    }
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\\' && i + 1 < s.n) {
            c = s.p[++i];
            c = c == 'n' ? '\n' : c == 'r' ? '\r' : c;
        }
        p[n++] = c;
    }
    return str_n(p, n);
}

static struct str value_text(const struct cef *c, struct str raw) {
    struct str s = c->j->plain ? raw : job_text(c->j, raw);
    return c->leef ? s : unescape(c->j, s);
}

/* A header field up to an unescaped '|'. False: the line ends first. */
static bool take_field(struct str *s, struct str *ret) {
    size_t i = 0;
    while (i < s->n && s->p[i] != '|')
        i += s->p[i] == '\\' ? 2 : 1;
    if (i >= s->n)
        return false;
    *ret = str_to(*s, i);
    *s = str_from(*s, i + 1);
    return true;
}

static void put_name(struct cef *c, const char *field, uint8_t type, struct str value) {
    struct decode_job *j = c->j;
    uint32_t id = event_names_find(j->d->names, str_of(field));
    uint32_t at = 0;
    struct str have;
    if (id && id < EVENT_F_WELL_KNOWN_MAX_ ? j->ev->first[id] != 0 : c->known && event_next_named(j->ev, str_of(field), &at, &have))
        return; /* a decoder file, the header, or an earlier key */
    if (id == EVENT_F_HOST_NAME)
        j->host_put = true;
    put_named(j, str_of(field), type, value);
}

/* 0-10 and its word; words of the vendor's are given the highest number they stand for. */
static void put_severity(struct cef *c, struct str s) {
    static const struct {
        const char *word, *level, *number;
    } words[] = {{"low", "low", "3"}, {"medium", "medium", "6"}, {"high", "high", "8"}, {"very-high", "very-high", "10"},
                 {"very high", "very-high", "10"}, {"critical", "very-high", "10"}};
    uint64_t v;
    s = str_trim(s);
    if (str_to_u64(s, &v) == 0 && v <= 10) {
        put_name(c, "event.severity", JSON_NUMBER, s);
        put_name(c, "log.level", JSON_STRING, v <= 3 ? STR("low") : v <= 6 ? STR("medium") : v <= 8 ? STR("high") : STR("very-high"));
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (s.n == strlen(words[i].word) && str_eq_icase(s, str_of(words[i].word))) {
            put_name(c, "event.severity", JSON_NUMBER, str_of(words[i].number));
            put_name(c, "log.level", JSON_STRING, str_of(words[i].level));
        }
}

static void put_address(struct cef *c, const char *field, struct str s) {
    struct ip ip;
    char z[IP_CAP];
    struct decode_job *j = c->j;
    if (strcmp(field, "source.ip") == 0) {
        put_source(j, s);
    } else if (ip_parse(s, &ip) == 0) {
        struct str text = arena_dup(j->ev->arena, str_n(z, ip_format(&ip, z)));
        j->err = text.p ? j->err : -ENOMEM;
        put_name(c, field, JSON_STRING, text);
    }
}

static void put_outcome(struct cef *c, struct str s) {
    static const struct {
        const char *word, *outcome;
    } words[] = {{"success", "success"}, {"/success", "success"}, {"succeeded", "success"}, {"successful", "success"},
                 {"ok", "success"}, {"failure", "failure"}, {"/failure", "failure"}, {"failed", "failure"},
                 {"fail", "failure"}, {"error", "failure"}, {"denied", "failure"}};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (s.n == strlen(words[i].word) && str_eq_icase(s, str_of(words[i].word)))
            put_name(c, "event.outcome", JSON_STRING, str_of(words[i].outcome));
}

static void put_lower(struct cef *c, const char *field, struct str s) {
    char *p = arena_alloc(c->j->ev->arena, s.n + 1);
    if (!p) {
        c->j->err = -ENOMEM;
        return;
    }
    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_lower(s.p[i]);
    put_name(c, field, JSON_STRING, str_n(p, s.n));
}

/* The best of the times: when the event was seen, then when it began, then when it ended. */
static void note_time(struct cef *c, const char *key, struct str s) {
    int rank = strcmp(key, "end") == 0 ? 1 : strcmp(key, "start") == 0 ? 2 : 3;
    if (rank > c->time_rank) {
        c->time = s;
        c->time_rank = rank;
    }
}

static void put_hash(struct cef *c, struct str s) {
    const char *field = s.n == 32 ? "file.hash.md5" : s.n == 40 ? "file.hash.sha1" : s.n == 64 ? "file.hash.sha256" : NULL;
    if (field)
        put_lower(c, field, s);
}

static void put_row(struct cef *c, const struct cef_row *row, struct str s) {
    switch (row->kind) {
    case NUMBER:
        if (json_is_number(s))
            put_name(c, row->field, JSON_NUMBER, s);
        return;
    case ADDRESS:
        put_address(c, row->field, s);
        return;
    case LOWER:
        put_lower(c, row->field, s);
        return;
    case OUTCOME:
        put_outcome(c, s);
        return;
    case TIME:
        note_time(c, row->key, s);
        return;
    case DIRECTION:
        put_name(c, row->field, JSON_STRING, str_eq(s, STR("0")) ? STR("inbound") : str_eq(s, STR("1")) ? STR("outbound") : s);
        return;
    case HASH:
        put_hash(c, s);
        return;
    case COUNT_OF:
        if (s.n <= 6 && all_digits(s) && s.p[0] != '0' && !str_eq(s, STR("1")))
            put_number(c->j, EVENT_F_COUNT, s);
        return;
    case LEVEL:
        put_severity(c, s);
        return;
    case SEEN:
        c->behaviour = s;
        return;
    case TEXT:
        break;
    }
    if (strcmp(row->key, "msg") == 0) { /* a reason is better */
        c->reason_text = s;
        return;
    }
    if (strcmp(row->key, "suser") == 0)
        c->source_user = s;
    if (strcmp(row->key, "duser") == 0)
        c->target_user = s;
    put_name(c, row->field, JSON_STRING, s);
}

/* The slot decoder files have for it, if any. */
static void note(struct cef *c, struct str name, struct str value) {
    const struct decode_set *set = c->j->d->set;
    const union map_value *slot = map_find(&set->json_slots, name);
    if (!slot)
        slot = map_find(&set->json_aliases, name);
    if (slot)
        recipe_note(c->values, (unsigned) slot->num, value);
}

static void put_pair(struct cef *c, struct str key, struct str raw) {
    const struct cef_row *rows = c->leef ? leef_rows : cef_rows;
    size_t n = c->leef ? ARRAY_SIZE(leef_rows) : ARRAY_SIZE(cef_rows);
    const struct cef_row *row = bsearch(&key, rows, n, sizeof *rows, compare_row);
    struct str value = value_text(c, raw);
    char z[16 + KEY_MAX];
    if (!value.n)
        return;
    size_t prefix = c->leef ? 5 : 4;
    memcpy(z, c->leef ? "leef." : "cef.", prefix);
    memcpy(z + prefix, key.p, key.n);
    if (c->values) {
        note(c, str_n(z, prefix + key.n), value);
        return;
    }
    if (row) {
        uint64_t bit = UINT64_C(1) << (row - rows);
        if (!(c->seen & bit))
            put_row(c, row, value);
        c->seen |= bit;
        return;
    }
    put_named(c->j, str_n(z, prefix + key.n), JSON_STRING, value);
}
_Static_assert(ARRAY_SIZE(cef_rows) <= 64 && ARRAY_SIZE(leef_rows) <= 64, "a bit each");

static bool is_key_byte(char c) {
    return ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_' || c == '.' || c == '-' ||
           c == '[' || c == ']';
}

/* Where the key in front of the '=' at `eq` begins; eq itself: that is none. */
static size_t key_start(struct str s, size_t from, size_t eq) {
    size_t i = eq;
    while (i > from && is_key_byte(s.p[i - 1]))
        i--;
    return i < eq && eq - i <= KEY_MAX && (i == 0 || s.p[i - 1] == ' ') ? i : eq;
}

static void read_cef_pairs(struct cef *c, struct str s) {
    struct str key = STR_NULL;
    size_t value = 0, n = 0;
    for (size_t i = 0; i < s.n && n < PAIRS_MAX; i++) {
        if (s.p[i] == '\\') {
            i++;
            continue;
        }
        size_t start = s.p[i] == '=' ? key_start(s, value, i) : i;
        if (s.p[i] != '=' || start == i)
            continue;
        if (key.n) {
            put_pair(c, key, str_n(s.p + value, start - value - (start > value)));
            n++;
        }
        key = str_n(s.p + start, i - start);
        value = i + 1;
    }
    if (key.n)
        put_pair(c, key, str_trim(str_from(s, value)));
}

static void read_leef_pairs(struct cef *c, struct str s, char between) {
    struct str pair;
    size_t n = 0;
    while (n++ < PAIRS_MAX && str_split(&s, between, &pair)) {
        ptrdiff_t eq = str_find_byte(pair, '=', 0);
        struct str key = eq > 0 ? str_trim(str_to(pair, (size_t) eq)) : STR("");
        if (key.n && key.n <= KEY_MAX)
            put_pair(c, key, str_from(pair, (size_t) eq + 1));
    }
}

/* "^", "x5E", "0x09"; a TAB when there is none. */
static char read_delimiter(struct str s) {
    if (s.n > 1 && s.p[0] == '0' && ascii_lower(s.p[1]) == 'x')
        s = str_from(s, 1);
    if (s.n >= 2 && s.n <= 3 && ascii_lower(s.p[0]) == 'x') {
        unsigned v = 0;
        for (size_t i = 1; i < s.n; i++) {
            char l = ascii_lower(s.p[i]);
            v = v * 16 + (unsigned) (ascii_digit(l) ? l - '0' : l - 'a' + 10);
        }
        return (char) v;
    }
    return s.n == 1 ? s.p[0] : '\t';
}

/* Milliseconds, or "Nov 23 2026 02:03:08.123 JST", whose zone's name means nothing certain. */
static void settle_time(struct cef *c) {
    struct when when = {.t_ns = TIME_NONE};
    if (!c->time.n)
        return;
    if (all_digits(c->time) ? when_epoch(c->time, &when) : when_any(c->time, &when, c->j) > 0)
        c->j->when = when;
}

static void settle(struct cef *c) {
    struct decode_job *j = c->j;
    struct str who = c->target_user.n ? c->target_user : c->source_user;
    bool login = STARTS(c->behaviour, "/Authentication/Verify");
    settle_time(c);
    if (c->reason_text.n)
        put_name(c, "event.reason", JSON_STRING, c->reason_text);
    if (who.n)
        put_name(c, "user.name", JSON_STRING, login || !c->source_user.n ? who : c->source_user);
    if (!login)
        return;
    put_name(c, "event.category", JSON_STRING, STR("authentication"));
    put_name(c, "event.type", JSON_STRING, STR("start"));
    put_name(c, "event.action", JSON_STRING, STR("login"));
    put_name(c, "service.name", JSON_STRING,
             j->src->service.n ? j->src->service : event_get(j->ev, EVENT_F_EVENT_MODULE));
}

/* What a decoder file knows of this product comes first: a field is filled once. */
static void ask_recipes(struct cef *c, const struct str *header, size_t n, struct str pairs, struct str delimiter) {
    static const char *const names[] = {"cef.vendor", "cef.product", "cef.version", "cef.code", "cef.name", "cef.severity"};
    const struct decode_set *set = c->j->d->set;
    struct recipe_values v;
    if (!set || !map_find(&set->json_slots, STR("cef.vendor")))
        return;
    recipe_values_begin(&v);
    c->values = &v;
    for (size_t i = 1; i < n && i <= ARRAY_SIZE(names); i++)
        note(c, str_of(names[i - 1]), value_text(c, header[i]));
    if (c->leef)
        read_leef_pairs(c, pairs, read_delimiter(delimiter));
    else
        read_cef_pairs(c, pairs);
    c->values = NULL;
    recipe_json(c->j, &v, NULL, NULL);
    c->known = c->j->decoder.n > 0;
}

enum decode_result cef_decode(struct decode_job *j, struct str text) {
    static const char *const names[] = {"observer.vendor", "observer.product", "observer.version", "event.code",
                                        "cef.name"};
    struct cef c = {.j = j, .leef = STARTS(text, "LEEF:")};
    struct str s = text, f[8], delimiter = STR("");
    size_t n = 0, want = c.leef ? 5 : 7;
    while (n < want && take_field(&s, &f[n]))
        n++;
    if (n == want - 1 && !c.leef) /* a severity, and no extension behind it */
        f[n++] = s, s = STR("");
    if (n < want || f[0].n > 12)
        return DECODE_NOT_MINE;
    if (c.leef && STARTS(f[0], "LEEF:2") && !take_field(&s, &delimiter))
        return DECODE_NOT_MINE;
    ask_recipes(&c, f, n, s, delimiter);
    for (size_t i = 1; i < MIN(n, (size_t) 6); i++)
        if (f[i].n)
            put_name(&c, names[i - 1], JSON_STRING, unescape(j, j->plain ? f[i] : job_text(j, f[i])));
    if (!c.leef)
        put_severity(&c, f[6]);
    if (c.leef)
        read_leef_pairs(&c, s, read_delimiter(delimiter));
    else
        read_cef_pairs(&c, s);
    settle(&c);
    if (!j->decoder.n)
        j->decoder = c.leef ? STR("leef") : STR("cef");
    return DECODE_DONE;
}

#include "room/finding_in.h"

#include "base/hash.h"
#include "base/ip.h"
#include "base/limits.h"

static const struct {
    const char *field;
    enum room_entity kind;
} fields[] = {
    {"source.ip", ENTITY_SOURCE},  {"kizuki.source.net", ENTITY_SOURCE},
    {"user.name", ENTITY_ACCOUNT}, {"service.name", ENTITY_SERVICE},
    {"host.name", ENTITY_HOST},    {"Computer", ENTITY_HOST}, /* Windows' own */
    {"user_agent.original", ENTITY_AGENT},
    {"url.path", ENTITY_PATH},     {"kizuki.session.id", ENTITY_SESSION},
    {"destination.ip", ENTITY_DESTINATION}, {"url.domain", ENTITY_DESTINATION}, {"dns.question.name", ENTITY_DESTINATION},
};

const char *room_entity_to_string(enum room_entity e) {
    static const char *const words[] = {"source", "account", "service", "host",
                                        "agent",  "path",    "session", "destination", "other"};
    ASSERT((unsigned) e < ARRAY_SIZE(words));
    return words[e];
}

static enum room_entity entity_of(struct str field) {
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (str_eq_z(field, fields[i].field))
            return fields[i].kind;
    return ENTITY_OTHER;
}

/* An address and its /64 must meet as one value; what is no address stays as it is written. */
static struct str canonical(struct arena *a, enum room_entity kind, struct str s) {
    struct ip ip;
    struct ip_prefix p;
    char net[IP_PREFIX_CAP];
    if (kind != ENTITY_SOURCE)
        return s;
    if (ip_parse(s, &ip) == 0)
        return arena_dup(a, str_n(net, ip_format_net(&ip, net)));
    if (ip_prefix_parse(s, &p) < 0)
        return s;
    if (p.bits == ip_bits(&p.ip))
        return arena_dup(a, str_n(net, ip_format_net(&p.ip, net)));
    return arena_dup(a, str_n(net, ip_prefix_format(&p, net)));
}

static int64_t time_or_none(const struct json_value *o, const char *key) {
    struct str s;
    int64_t t;
    int offset;
    if (!json_get_str(o, key, &s) || time_parse_iso(s, &t, &offset) != (int) s.n)
        return TIME_NONE;
    return t;
}

static size_t count_values(const struct json_value *root) {
    const struct json_value *group = json_get_object(root, "group");
    const struct json_value *values = json_get_object(root, "values");
    size_t n = group ? group->n : 0;
    for (const struct json_value *v = values ? values->first : NULL; v; v = v->next) {
        const struct json_value *listed = json_get_array(v, "listed");
        n += listed ? listed->n : 0;
    }
    return n;
}

/* RED goes no further up than AMBER+STRICT: a RED case is for its commander alone, so nobody who has the night duty would
 * see it. What is RED of the indicator, its source and note, is kept back on its own page. */
static void read_label(struct str label, struct room_finding *f) {
    if (str_eq_icase(label, STR("amber+strict")) || str_eq_icase(label, STR("red")))
        f->tlp = TLP_AMBER_STRICT;
}

static int read_group(struct arena *a, const struct json_value *root, struct room_finding *f,
                      struct diag *err) {
    const struct json_value *group = json_get_object(root, "group");
    for (const struct json_value *v = group ? group->first : NULL; v; v = v->next) {
        enum room_entity kind = entity_of(v->key);
        if (v->type != JSON_STRING)
            return diag_set(err, -ERR_PARSE, "a group value is no string");
        if (str_eq_z(v->key, "kizuki.indicator.tlp"))
            read_label(v->text, f);
        if (kind == ENTITY_OTHER)
            continue;
        f->values[f->n_values++] = (struct room_value){.kind = kind,
                                                       .is_group = true,
                                                       .value = canonical(a, kind, v->text),
                                                       .n = -1,
                                                       .first_ns = TIME_NONE,
                                                       .spool_n = -1};
    }
    return 0;
}

static int read_listed(struct arena *a, const struct json_value *v, enum room_entity kind,
                       struct room_finding *f, struct diag *err) {
    const struct json_value *at;
    struct room_value x = {.kind = kind, .n = -1, .spool_n = -1};
    struct str value;
    if (!json_get_str(v, "value", &value))
        return diag_set(err, -ERR_PARSE, "a listed value is no string");
    x.value = canonical(a, kind, value);
    if (!json_get_i64(v, "count", &x.n) || x.n < 0)
        x.n = -1;
    x.first_ns = time_or_none(v, "first");
    at = json_get_object(v, "at");
    if (!at || !json_get_i64(at, "spool", &x.spool_n))
        x.spool_n = -1;
    if (!x.value.p)
        return diag_set(err, -ENOMEM, "memory has run out");
    f->values[f->n_values++] = x;
    return 0;
}

static int read_values(struct arena *a, const struct json_value *root, struct room_finding *f,
                       struct diag *err) {
    const struct json_value *values = json_get_object(root, "values");
    for (const struct json_value *v = values ? values->first : NULL; v; v = v->next) {
        const struct json_value *listed = json_get_array(v, "listed");
        enum room_entity kind = entity_of(v->key);
        int64_t distinct = 0;
        bool more = false;
        if (!listed || listed->n > FINDING_COLLECT_MAX)
            return diag_set(err, -ERR_PARSE, "values without a list of at most %d",
                            FINDING_COLLECT_MAX);
        (void) json_get_bool(v, "at_least", &more);
        if (!json_get_i64(v, "distinct", &distinct) || distinct < 0)
            return diag_set(err, -ERR_PARSE, "values without their number");
        f->told[kind].told = true;
        f->told[kind].n = MAX(f->told[kind].n, distinct);
        f->told[kind].cut |= more || distinct > (int64_t) listed->n;
        for (const struct json_value *l = kind == ENTITY_OTHER ? NULL : listed->first; l;
             l = l->next) {
            int e = read_listed(a, l, kind, f, err);
            if (e < 0)
                return e;
        }
    }
    return 0;
}

static bool is_id(struct str s) {
    uint8_t bytes[FINDING_ID_CHARS / 2];
    if (s.n != FINDING_ID_CHARS || hex_decode(s, bytes, sizeof bytes) < 0)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'F')
            return false;
    return true;
}

static int read_state(struct str s) {
    for (int i = 0; i < FINDING_STATE_MAX_; i++)
        if (str_eq_z(s, finding_state_to_string((enum finding_state) i)))
            return i;
    return -EINVAL;
}

static int read_head(const struct json_value *root, struct room_finding *f, struct diag *err) {
    const struct json_value *rule = json_get_object(root, "rule");
    struct str level, state;
    if (!json_get_str(root, "id", &f->id) || !is_id(f->id))
        return diag_set(err, -ERR_PARSE, "no id of %d hex digits", FINDING_ID_CHARS);
    if (!rule || !json_get_str(rule, "id", &f->rule_id) || f->rule_id.n == 0)
        return diag_set(err, -ERR_PARSE, "no rule id");
    (void) json_get_str(rule, "title", &f->rule_title);
    (void) json_get_str(rule, "kind", &f->kind);
    (void) json_get_str(rule, "propose", &f->propose);
    if (!json_get_str(root, "level", &level) || rule_level_from_string(level) < 0)
        return diag_set(err, -ERR_PARSE, "no level");
    if (!json_get_str(root, "state", &state) || read_state(state) < 0)
        return diag_set(err, -ERR_PARSE, "no state");
    f->level = (enum rule_level) rule_level_from_string(level);
    f->state = (enum finding_state) read_state(state);
    if (!json_get_i64(root, "revision", &f->revision) || f->revision < 1 ||
        !json_get_i64(root, "count", &f->count) || f->count < 0)
        return diag_set(err, -ERR_PARSE, "no revision or count");
    f->first_ns = time_or_none(root, "first");
    f->last_ns = time_or_none(root, "last");
    f->detected_ns = time_or_none(root, "detected");
    if (f->first_ns == TIME_NONE || f->last_ns == TIME_NONE || f->detected_ns == TIME_NONE)
        return diag_set(err, -ERR_PARSE, "no times");
    return 0;
}

int room_finding_read(struct arena *a, const struct json_value *root, struct room_finding *ret,
                      struct diag *reterr) {
    struct room_finding f = {.tlp = TLP_AMBER};
    if (root->type != JSON_OBJECT)
        return diag_set(reterr, -ERR_PARSE, "a finding is an object");
    int e = read_head(root, &f, reterr);
    if (e < 0)
        return e;
    size_t n = count_values(root);
    f.values = arena_alloc(a, (n + 1) * sizeof *f.values);
    if (!f.values)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    e = read_group(a, root, &f, reterr);
    if (e == 0)
        e = read_values(a, root, &f, reterr);
    if (e < 0)
        return e;
    f.measures = json_get_object(root, "measures");
    const struct json_value *evidence = json_get_array(root, "evidence");
    f.evidence_n = evidence ? evidence->n : 0;
    (void) json_get_bool(root, "drill", &f.drill);
    (void) json_get_bool(root, "at_least", &f.at_least);
    (void) json_get_bool(root, "watched", &f.watched);
    *ret = f;
    return 0;
}

int room_finding_parse(struct arena *a, struct str json, struct room_finding *ret,
                       struct diag *reterr) {
    struct json_value *root;
    int e = json_parse(a, json, &root, reterr);
    return e < 0 ? e : room_finding_read(a, root, ret, reterr);
}

struct str room_finding_one(const struct room_finding *f, enum room_entity kind) {
    struct str one = STR_NULL;
    for (size_t i = 0; i < f->n_values; i++) {
        const struct room_value *v = &f->values[i];
        if (v->kind != kind)
            continue;
        if (v->is_group)
            return v->value;
        if (one.p && !str_eq(one, v->value))
            return STR_NULL;
        one = v->value;
    }
    return one;
}

bool room_finding_by_source(const struct room_finding *f) {
    for (size_t i = 0; i < f->n_values; i++)
        if (f->values[i].kind == ENTITY_SOURCE && f->values[i].is_group)
            return true;
    return false;
}

bool room_finding_measure(const struct room_finding *f, const char *name, double *ret) {
    const struct json_value *v = f->measures ? json_get(f->measures, name) : NULL;
    return v && v->type == JSON_NUMBER && str_to_double(v->text, ret) == 0;
}

/* Kinds of rule the room knows (kizuki.kind). `way` is the ATT&CK technique whose attacks the kind
 * tells of: what came of guessing belongs to the guessing. What a service suffers without an attack is one
 * trouble, whether machines or people say so. */
static const struct {
    const char *name, *way;
    enum { KIND_TRY, KIND_SUCCESS, KIND_TROUBLE } is;
} kinds[] = {
    {"list_attack", "t1110", KIND_TRY},
    {"spraying", "t1110", KIND_TRY},
    {"dictionary_attack", "t1110", KIND_TRY},
    {"brute_force", "t1110", KIND_TRY},
    {"burst", "t1110", KIND_TRY},
    {"slow", "t1110", KIND_TRY},
    {"cross_service", "t1110", KIND_TRY},
    {"success_after", "t1110", KIND_SUCCESS},
    {"access_after", "t1110", KIND_SUCCESS},
    {"resource_caution", "trouble", KIND_TROUBLE},
    {"resource_warning", "trouble", KIND_TROUBLE},
    {"resource_danger", "trouble", KIND_TROUBLE},
    {"exhaustion", "trouble", KIND_TROUBLE},
    {"precursor", "trouble", KIND_TROUBLE},
    {"enquiries", "trouble", KIND_TROUBLE},
};

static size_t find_kind(struct str kind) {
    size_t i = 0;
    while (i < ARRAY_SIZE(kinds) && !str_eq_z(kind, kinds[i].name))
        i++;
    return i;
}

bool room_kind_is_try(struct str kind) {
    size_t i = find_kind(kind);
    return i < ARRAY_SIZE(kinds) && kinds[i].is == KIND_TRY;
}

bool room_kind_is_success(struct str kind) {
    size_t i = find_kind(kind);
    return i < ARRAY_SIZE(kinds) && kinds[i].is == KIND_SUCCESS;
}

static void add_way(struct room_finding *f, struct str way) {
    for (size_t i = 0; i < f->n_ways; i++)
        if (str_eq(f->ways[i], way))
            return;
    if (way.n && f->n_ways < ROOM_WAYS_MAX)
        f->ways[f->n_ways++] = way;
}

/* "attack.t1110.004" says t1110; tactics, groups and software say nothing about the way. */
static struct str technique_of(struct str tag) {
    static const char prefix[] = "attack.";
    size_t n = 1;
    if (!str_starts(tag, STR("attack.t")))
        return STR("");
    tag = str_from(tag, sizeof prefix - 1);
    while (n < tag.n && tag.p[n] >= '0' && tag.p[n] <= '9')
        n++;
    return n == 5 && (n == tag.n || tag.p[n] == '.') ? str_n(tag.p, n) : STR("");
}

void room_finding_set_ways(struct room_finding *f, const struct json_value *tags) {
    size_t i = find_kind(f->kind);
    f->n_ways = 0;
    if (i < ARRAY_SIZE(kinds)) {
        add_way(f, str_of(kinds[i].way));
        return;
    }
    for (const struct json_value *v = tags ? tags->first : NULL; v; v = v->next)
        if (v->type == JSON_STRING)
            add_way(f, technique_of(v->text));
    if (f->n_ways == 0)
        add_way(f, f->kind.n ? f->kind : f->rule_id);
}

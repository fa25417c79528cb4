/* See overlay.h. Data: exceptions in the order of their rules; for each rule of the set the exceptions that
 * name it, as a list through `next`. Suppression: (rule, group) -> the finding told last. */
#include "app/engine/overlay.h"

#include "base/image.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "detect/rule.h"
#include "event/record.h"

enum { OVERLAY_ARENA_MAX = 64 * 1024 * 1024, GROUPS_MAX = 262144, KEY_BYTES_MAX = 4096 };
#define NONE UINT32_MAX

struct link { /* one exception of one rule */
    uint32_t exception, next;
};
struct told { /* of one rule and group */
    char id[FINDING_ID_CHARS + 1];
    uint32_t suppression;
    int64_t until_ns;
    uint64_t held_back;
};

struct overlay {
    struct arena arena, scratch;
    const struct detect_rules *set;
    struct overlay_exception *exceptions;
    size_t n_exceptions, exceptions_cap, n_whole;
    uint32_t *exception_of; /* by rule: its number, NONE for an ordinary rule */
    uint32_t *first;        /* by rule: into links */
    struct link *links;
    size_t n_links, links_cap;
    struct overlay_suppression *suppressions;
    size_t n_suppressions, suppressions_cap;
    uint32_t *suppression_of; /* by rule */
    struct map groups;        /* -> struct told */
    struct map muted;         /* id of a finding held back -> 1 */
    struct detect_matcher *matcher;
    const struct event_names *names;
    bool ignore_until;
};

/* ---- reading ---- */

static const struct yaml_node *exception_node(const struct detect_rule *rule) {
    return rule->kizuki ? yaml_get(rule->kizuki, "exception") : NULL;
}

static int add_link(struct overlay *o, uint32_t rule, uint32_t exception) {
    int r = arena_grow(&o->arena, (void **) &o->links, &o->links_cap, o->n_links + 1, sizeof *o->links);
    if (r == 0) {
        o->links[o->n_links] = (struct link){exception, o->first[rule]};
        o->first[rule] = (uint32_t) o->n_links++;
    }
    return r;
}

static int read_targets(struct overlay *o, const struct yaml_node *n, struct overlay_exception *x) {
    const struct yaml_node *list = yaml_get(n, "rules");
    uint32_t *targets = arena_alloc(&o->arena, ((list && list->kind == YAML_SEQUENCE ? list->n : 1) + 1) * sizeof *targets);
    if (!targets)
        return -ENOMEM;
    for (const struct yaml_node *it = list ? list->kind == YAML_SEQUENCE ? list->first : list : NULL; it;
         it = list->kind == YAML_SEQUENCE ? it->next : NULL) {
        const struct detect_rule *to = it->kind == YAML_SCALAR ? detect_rules_find(o->set, it->text) : NULL;
        if (to && to->kind != DETECT_FILTER && !exception_node(to))
            targets[x->n_targets++] = to->index;
    }
    x->targets = targets;
    return 0;
}

static int read_exception(struct overlay *o, const struct detect_rule *rule, struct overlay_exception *x,
                          struct diag *why) {
    const struct yaml_node *n = exception_node(rule);
    struct str until;
    int offset;
    *x = (struct overlay_exception){.rule = rule, .until_ns = TIME_NONE, .last_ns = TIME_NONE};
    if (n->kind != YAML_MAPPING || rule->kind != DETECT_DETECTION)
        return yaml_error(why, -ERR_PARSE, rule->file.p, n, "an exception is a detection with 'exception: {rules, owner, until, reason}'");
    (void) yaml_get_str(n, "reason", &x->reason);
    if (!yaml_get_str(n, "owner", &x->owner) || !x->owner.n)
        return yaml_error(why, -ERR_PARSE, rule->file.p, n, "an exception has an owner; add 'owner: NAME'");
    if (!yaml_get_str(n, "until", &until) || time_parse_iso(until, &x->until_ns, &offset) != (int) until.n)
        return yaml_error(why, -ERR_PARSE, rule->file.p, n, "an exception ends; add 'until: 2027-01-31T00:00:00Z'");
    (void) yaml_get_bool(n, "whole", &x->whole);
    if (read_targets(o, n, x) < 0)
        return -ENOMEM;
    if (!x->n_targets)
        return yaml_error(why, -ERR_PARSE, rule->file.p, n, "none of its rules is loaded; correct 'rules' or remove it");
    return 0;
}

static int read_exceptions(struct overlay *o, struct detect_rules *set, struct diag *reterr) {
    for (uint32_t i = 0; i < set->n; i++) {
        struct overlay_exception x;
        struct diag why = {0};
        if (!exception_node(set->rules[i]) || set->rules[i]->refused)
            continue;
        int r = read_exception(o, set->rules[i], &x, &why);
        if (r == 0 && o->n_exceptions >= RULE_EXCEPTIONS_MAX)
            r = diag_set(&why, -ERR_LIMIT, "more than %d exceptions", RULE_EXCEPTIONS_MAX);
        o->exception_of[i] = (uint32_t) o->n_exceptions; /* a refused one is no rule either */
        if (r < 0 && (r == -ENOMEM || detect_rules_refuse(set, set->rules[i], &why) < 0))
            return diag_set(reterr, -ENOMEM, "out of memory");
        if (r < 0)
            continue;
        r = arena_grow(&o->arena, (void **) &o->exceptions, &o->exceptions_cap, o->n_exceptions + 1, sizeof x);
        for (uint32_t k = 0; r == 0 && k < x.n_targets; k++)
            r = add_link(o, x.targets[k], (uint32_t) o->n_exceptions);
        if (r < 0)
            return diag_set(reterr, r, "out of memory");
        o->exceptions[o->n_exceptions++] = x;
        o->n_whole += x.whole;
    }
    return 0;
}

static int read_suppression(struct overlay *o, const char *path, const struct yaml_node *n, struct diag *reterr) {
    struct overlay_suppression s = {0};
    struct str rule, span;
    if (n->kind != YAML_MAPPING || !yaml_get_str(n, "rule", &rule) || !yaml_get_str(n, "for", &span) ||
        time_parse_span(span, &s.for_ns) < 0 || s.for_ns <= 0)
        return yaml_error(reterr, -ERR_PARSE, path, n, "a suppression names a rule and how long: {rule: ID, for: 24h}");
    (void) yaml_get_str(n, "owner", &s.owner);
    (void) yaml_get_str(n, "reason", &s.reason);
    s.rule = detect_rules_find(o->set, rule);
    if (!s.rule)
        return 0; /* its rule has gone; the row says so where rows are listed */
    if (o->n_suppressions >= RULE_EXCEPTIONS_MAX ||
        arena_grow(&o->arena, (void **) &o->suppressions, &o->suppressions_cap, o->n_suppressions + 1, sizeof s) < 0)
        return diag_set(reterr, -ERR_LIMIT, "more than %d suppressions", RULE_EXCEPTIONS_MAX);
    s.owner = arena_dup(&o->arena, s.owner);
    s.reason = arena_dup(&o->arena, s.reason);
    o->suppression_of[s.rule->index] = (uint32_t) o->n_suppressions;
    o->suppressions[o->n_suppressions++] = s;
    return 0;
}

static int read_suppressions(struct overlay *o, const char *path, struct diag *reterr) {
    struct yaml_doc *doc = NULL;
    int r = yaml_parse_file(&o->arena, path, &doc, reterr);
    if (r < 0 || !doc || !doc->root || doc->root->kind != YAML_MAPPING)
        return r;
    const struct yaml_node *list = yaml_get(doc->root, "suppressions");
    for (const struct yaml_node *n = list && list->kind == YAML_SEQUENCE ? list->first : NULL; r == 0 && n; n = n->next)
        r = read_suppression(o, path, n, reterr);
    return r;
}

int overlay_new(struct detect_rules *set, const struct overlay_options *opt, struct overlay **ret,
                struct diag *reterr) {
    struct overlay *o = mem_zalloc(sizeof *o);
    if (!o)
        return diag_set(reterr, -ENOMEM, "out of memory");
    o->set = set;
    o->ignore_until = opt->ignore_until;
    arena_init(&o->arena, OVERLAY_ARENA_MAX);
    arena_init(&o->scratch, OVERLAY_ARENA_MAX);
    map_init(&o->groups, GROUPS_MAX, 0);
    map_init(&o->muted, GROUPS_MAX, 0);
    size_t bytes = ((size_t) set->n + 1) * sizeof(uint32_t);
    o->exception_of = arena_alloc(&o->arena, bytes);
    o->first = arena_alloc(&o->arena, bytes);
    o->suppression_of = arena_alloc(&o->arena, bytes);
    int r = o->exception_of && o->first && o->suppression_of ? 0 : diag_set(reterr, -ENOMEM, "out of memory");
    if (r == 0) {
        memset(o->exception_of, 0xff, bytes);
        memset(o->first, 0xff, bytes);
        memset(o->suppression_of, 0xff, bytes);
        r = read_exceptions(o, set, reterr);
    }
    if (r == 0 && opt->suppress_path)
        r = read_suppressions(o, opt->suppress_path, reterr);
    if (r < 0)
        overlay_free(o);
    else
        *ret = o;
    return r;
}

struct overlay *overlay_free(struct overlay *o) {
    if (!o)
        return NULL;
    for (struct map_slot *s = NULL; (s = map_next(&o->groups, s));)
        mem_free(s->value.ptr);
    map_done(&o->groups);
    map_done(&o->muted);
    detect_matcher_free(o->matcher);
    arena_done(&o->arena);
    arena_done(&o->scratch);
    mem_free(o);
    return NULL;
}

int overlay_use(struct overlay *o, struct detect_plan *plan, const struct event_names *names) {
    o->names = names;
    if (o->n_exceptions)
        o->matcher = detect_matcher_new(plan);
    return o->n_exceptions && !o->matcher ? -ENOMEM : 0;
}

bool overlay_is_exception(const struct overlay *o, uint32_t rule) {
    return o->exception_of[rule] != NONE;
}

/* ---- events ---- */

static bool in_force(const struct overlay *o, const struct overlay_exception *x, int64_t t) {
    return o->ignore_until || t < x->until_ns;
}

static bool has_hit(const uint32_t *hits, uint32_t n, uint32_t rule) {
    for (uint32_t i = 0; i < n; i++)
        if (hits[i] == rule)
            return true;
    return false;
}

/* The exception that hides this hit, NONE. */
static uint32_t hidden_by(const struct overlay *o, int64_t t, const uint32_t *hits, uint32_t n, uint32_t rule) {
    for (uint32_t at = o->first[rule]; at != NONE; at = o->links[at].next) {
        const struct overlay_exception *x = &o->exceptions[o->links[at].exception];
        if (in_force(o, x, t) && (x->whole || has_hit(hits, n, x->rule->index)))
            return o->links[at].exception;
    }
    return NONE;
}

static void count_hidden(struct overlay_exception *x, uint64_t *what, int64_t t) {
    (*what)++;
    x->last_ns = MAX(x->last_ns, t);
}

uint32_t overlay_hits(struct overlay *o, int64_t time_ns, uint32_t *hits, uint32_t n, bool drill) {
    uint32_t kept[64], *out = kept, left = 0;
    bool any = false;
    for (uint32_t i = 0; o->n_exceptions && i < n && !any; i++)
        any = o->exception_of[hits[i]] != NONE || (o->n_whole && o->first[hits[i]] != NONE);
    if (!any)
        return n;
    if (n > ARRAY_SIZE(kept)) {
        arena_reset(&o->scratch);
        out = arena_alloc(&o->scratch, n * sizeof *out);
        if (!out) /* an exception that cannot be applied hides nothing */
            return n;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t x = o->exception_of[hits[i]] == NONE ? hidden_by(o, time_ns, hits, n, hits[i]) : NONE;
        if (x != NONE && !drill)
            count_hidden(&o->exceptions[x], &o->exceptions[x].hidden_events, time_ns);
        if (x == NONE && o->exception_of[hits[i]] == NONE)
            out[left++] = hits[i];
    }
    memcpy(hits, out, left * sizeof *hits);
    return left;
}

/* ---- findings ---- */

/* The exceptions of a correlation look at an event made of the finding's group. */
static uint32_t group_hidden_by(struct overlay *o, const struct finding *f, uint32_t rule) {
    struct raw_record rec = {.arrival_ns = f->detected_ns};
    struct event ev;
    const uint32_t *hits;
    uint32_t n = 0;
    arena_reset(&o->scratch);
    event_begin(&ev, &o->scratch, o->names, &rec);
    ev.time_ns = f->detected_ns;
    for (uint32_t i = 0; i < f->n_group; i++)
        if (event_add_named(&ev, f->group[i].name, JSON_STRING, f->group[i].value) < 0)
            return NONE;
    if (detect_match_exhaustive(o->matcher, &ev, &hits, &n) < 0)
        return NONE;
    return hidden_by(o, f->detected_ns, hits, n, rule);
}

static int make_key(const struct finding *f, char *key, size_t *ret_n) {
    size_t n = 0;
    struct str parts[2];
    for (uint32_t i = 0; i <= f->n_group; i++) {
        parts[0] = i ? f->group[i - 1].name : f->rule_id;
        parts[1] = i ? f->group[i - 1].value : STR("");
        for (int k = 0; k < 2; k++) {
            if (n + parts[k].n + 9 > KEY_BYTES_MAX)
                return -ERR_LIMIT;
            n += (size_t) snprintf(key + n, 9, "%08zx", parts[k].n); /* lengths: no two groups share a key */
            memcpy(key + n, parts[k].p, parts[k].n);
            n += parts[k].n;
        }
    }
    *ret_n = n;
    return 0;
}

static struct told *told_of(struct overlay *o, const struct finding *f, uint32_t suppression) {
    char key[KEY_BYTES_MAX];
    union map_value *v;
    bool fresh;
    size_t n;
    if (make_key(f, key, &n) < 0 || map_add(&o->groups, str_n(key, n), &v, &fresh) < 0)
        return NULL; /* no room to remember: told, not held back */
    if (fresh) {
        struct told *t = mem_zalloc(sizeof *t);
        if (!t) {
            map_remove(&o->groups, str_n(key, n));
            return NULL;
        }
        t->suppression = suppression;
        t->until_ns = INT64_MIN;
        v->ptr = t;
    }
    return v->ptr;
}

static int suppress(struct overlay *o, const struct finding *f, bool first, uint32_t which,
                    uint64_t *ret_held_back) {
    struct str id = str_of(f->id);
    if (!first) {
        bool muted = map_find(&o->muted, id) != NULL;
        if (muted && f->state == FINDING_END)
            map_remove(&o->muted, id);
        return !muted;
    }
    struct told *t = f->n_group ? told_of(o, f, which) : NULL;
    if (!t)
        return 1;
    if (f->detected_ns < t->until_ns && (f->state == FINDING_END || map_put(&o->muted, id, o) == 0)) {
        t->held_back++;
        o->suppressions[which].held_back++;
        return 0;
    }
    memcpy(t->id, f->id, sizeof t->id);
    t->until_ns = f->detected_ns + o->suppressions[which].for_ns;
    *ret_held_back = t->held_back;
    t->held_back = 0;
    return 1;
}

int overlay_finding(struct overlay *o, const struct finding *f, bool first, uint64_t *ret_held_back) {
    *ret_held_back = 0;
    if (!o->n_exceptions && !o->n_suppressions)
        return 1;
    const struct detect_rule *rule = detect_rules_find(o->set, f->rule_id);
    if (!rule)
        return 1;
    if (rule->kind == DETECT_CORRELATION && o->first[rule->index] != NONE) {
        uint32_t x = group_hidden_by(o, f, rule->index);
        if (x != NONE && first && !f->drill)
            count_hidden(&o->exceptions[x], &o->exceptions[x].hidden_findings, f->detected_ns);
        if (x != NONE)
            return 0;
    }
    uint32_t s = o->suppression_of[rule->index];
    return s == NONE || f->drill ? 1 : suppress(o, f, first, s, ret_held_back);
}

static const struct overlay_exception *same_exception(const struct overlay *o, struct str id) {
    for (size_t i = 0; i < o->n_exceptions; i++)
        if (str_eq(o->exceptions[i].rule->id, id))
            return &o->exceptions[i];
    return NULL;
}

static const struct overlay_suppression *same_suppression(const struct overlay *o, struct str id) {
    for (size_t i = 0; i < o->n_suppressions; i++)
        if (str_eq(o->suppressions[i].rule->id, id))
            return &o->suppressions[i];
    return NULL;
}

void overlay_hand_over(struct overlay *from, struct overlay *to) {
    for (size_t i = 0; i < to->n_exceptions; i++) {
        struct overlay_exception *x = &to->exceptions[i];
        const struct overlay_exception *was = same_exception(from, x->rule->id);
        x->hidden_events = was ? was->hidden_events : 0;
        x->hidden_findings = was ? was->hidden_findings : 0;
        x->last_ns = was ? was->last_ns : TIME_NONE;
    }
    for (size_t i = 0; i < to->n_suppressions; i++) {
        const struct overlay_suppression *was = same_suppression(from, to->suppressions[i].rule->id);
        to->suppressions[i].held_back = was ? was->held_back : 0;
    }
    /* What `to` held back while nobody listened was told or held back by `from`: its memory is the right one,
     * as far as its rules are still held back. */
    for (struct map_slot *s = NULL; (s = map_next(&from->groups, s));) {
        struct told *t = s->value.ptr, *mine;
        const struct overlay_suppression *now = same_suppression(to, from->suppressions[t->suppression].rule->id);
        union map_value *v;
        bool fresh;
        if (!now || map_add(&to->groups, s->key, &v, &fresh) < 0)
            continue;
        if (fresh && !(v->ptr = mem_zalloc(sizeof *mine))) {
            map_remove(&to->groups, s->key);
            continue;
        }
        mine = v->ptr;
        *mine = *t;
        mine->suppression = (uint32_t) (now - to->suppressions);
    }
    map_clear(&to->muted);
    for (struct map_slot *s = NULL; (s = map_next(&from->muted, s));)
        IGNORE(map_put(&to->muted, s->key, to));
}

const struct overlay_exception *overlay_exceptions(const struct overlay *o, size_t *ret_n) {
    *ret_n = o->n_exceptions;
    return o->exceptions;
}

const struct overlay_suppression *overlay_suppressions(const struct overlay *o, size_t *ret_n) {
    *ret_n = o->n_suppressions;
    return o->suppressions;
}

/* ---- image ---- */

static void told_image(struct image *x, struct told *t, size_t n_suppressions) {
    image_raw(x, t->id, sizeof t->id);
    t->id[sizeof t->id - 1] = 0;
    image_count(x, &t->suppression, n_suppressions ? (uint32_t) n_suppressions - 1 : 0);
    image_i64(x, &t->until_ns);
    image_u64(x, &t->held_back);
}

static void groups_image(struct overlay *o, struct image *x) {
    size_t n = o->groups.n;
    image_size(x, &n, GROUPS_MAX);
    for (struct map_slot *s = NULL; !x->reading && (s = map_next(&o->groups, s));) {
        image_str(x, &s->key, KEY_BYTES_MAX);
        told_image(x, s->value.ptr, o->n_suppressions);
    }
    for (size_t i = 0; x->reading && i < n && !x->error; i++) {
        struct str key;
        union map_value *v;
        image_str(x, &key, KEY_BYTES_MAX);
        struct told *t = x->error ? NULL : mem_zalloc(sizeof *t);
        bool fresh = false;
        if (!t || map_add(&o->groups, key, &v, &fresh) < 0 || !fresh) {
            mem_free(t);
            image_fail(x, t ? -ERR_CORRUPT : -ENOMEM);
            return;
        }
        v->ptr = t;
        told_image(x, t, o->n_suppressions);
    }
}

static void muted_image(struct overlay *o, struct image *x) {
    size_t n = o->muted.n;
    image_size(x, &n, GROUPS_MAX);
    for (struct map_slot *s = NULL; !x->reading && (s = map_next(&o->muted, s));)
        image_str(x, &s->key, FINDING_ID_CHARS);
    for (size_t i = 0; x->reading && i < n && !x->error; i++) {
        struct str id;
        image_str(x, &id, FINDING_ID_CHARS);
        if (!x->error && map_put(&o->muted, id, o) < 0)
            image_fail(x, -ENOMEM);
    }
}

void overlay_image(struct overlay *o, struct image *x) {
    for (size_t i = 0; i < o->n_exceptions; i++) {
        image_u64(x, &o->exceptions[i].hidden_events);
        image_u64(x, &o->exceptions[i].hidden_findings);
        image_i64(x, &o->exceptions[i].last_ns);
    }
    for (size_t i = 0; i < o->n_suppressions; i++)
        image_u64(x, &o->suppressions[i].held_back);
    groups_image(o, x);
    muted_image(o, x);
}

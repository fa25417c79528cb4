/* See alike.h. How alike two are is counted here; what is written of them: alike_view.c. */
#include "room/alike_priv.h"

#include "room/finding_in.h"
#include "room/readiness_priv.h"
#include "room/report.h"

#include <math.h>
#include <string.h>

/* How much a sign of each kind is worth before its rarity. A lesson's factor is what its authors call the cause, so half of what a rule said. */
static const double WORTH[SIGN_MAX_] = {[SIGN_KIND] = 3, [SIGN_RULE] = 2, [SIGN_WAY] = 2, [SIGN_LOG] = 1, [SIGN_ABOUT] = 2, [SIGN_ACT] = 0.5, [SIGN_SERVICE] = 1};
#define HALF 0.5

static void add(struct signs *s, enum sign_what what, struct str value, double share) {
    if (!value.n)
        return;
    for (size_t i = 0; i < s->n; i++)
        if (s->list[i].what == what && str_eq(s->list[i].value, value)) {
            s->list[i].worth = MAX(s->list[i].worth, WORTH[what] * share);
            return;
        }
    if (s->n < SIGNS_MAX)
        s->list[s->n++] = (struct sign){what, value, WORTH[what] * share};
}

/* ---- of rules and logs ---- */

static void add_kind(struct alike *x, struct signs *s, struct str kind, struct str rule_id, double share) {
    struct room_finding f = {.kind = kind, .rule_id = rule_id};
    const struct json_value *rule = rule_id.n ? room_rule_find(x->r, rule_id) : NULL;
    add(s, SIGN_KIND, kind, share);
    room_finding_set_ways(&f, rule ? json_get_array(rule, "tags") : NULL);
    for (size_t i = 0; i < f.n_ways; i++)
        if (!str_eq(f.ways[i], kind) && !str_eq(f.ways[i], rule_id))
            add(s, SIGN_WAY, f.ways[i], share);
}

static struct str member(const struct json_value *v, const char *key) {
    struct str s;
    return v && json_get_str(v, key, &s) ? s : STR("");
}

static const struct json_value *items(const struct json_value *of, const char *key) {
    const struct json_value *list = of ? json_get_array(of, key) : NULL;
    return list ? list->first : NULL;
}

static const struct json_value *reported(struct alike *x, enum room_report_kind kind) {
    const struct json_value *root = x->r->reports[kind].root;
    return root && root->type == JSON_ARRAY ? root->first : NULL;
}

/* A rule that says so; its tags tell the way. */
struct str room_rule_of_kind(struct alike *x, struct str kind) {
    for (const struct json_value *v = reported(x, REPORT_RULES); v; v = v->next)
        if (str_eq(member(v, "kind"), kind) && items(v, "tags"))
            return member(v, "id");
    return STR("");
}

/* Kinds a sensor can say, of rules in the files a lesson leans on. */
static void add_rule_files(struct alike *x, struct signs *s, const struct json_value *pack) {
    char part[160];
    for (const struct json_value *at = items(pack, "rules"); at; at = at->next) {
        snprintf(part, sizeof part, "/rules/%.*s", STR_ARG(at->text));
        for (const struct json_value *v = reported(x, REPORT_RULES); v; v = v->next)
            if (str_find(member(v, "file"), str_of(part), 0) >= 0 && member(v, "kind").n)
                add_kind(x, s, member(v, "kind"), member(v, "id"), HALF);
    }
}

static struct str log_of(struct str product) {
    const char *kind = room_log_of_product(product);
    return kind ? str_of(kind) : STR("");
}

/* ---- of a lesson ---- */

static void signs_of_pack(struct alike *x, const struct readiness_pack *p, struct signs *s) {
    const struct json_value *pack = json_get(p->root, "pack"), *expect = json_get(p->root, "expect"), *noticed;
    *s = (struct signs){0};
    expect = expect && expect->type == JSON_OBJECT ? expect : NULL;
    noticed = items(expect, "noticed");
    for (const struct json_value *v = noticed; v; v = v->next) {
        const struct json_value *rule = member(v, "rule").n ? room_rule_find(x->r, member(v, "rule")) : NULL;
        struct str kind = member(v, "kind").n ? member(v, "kind") : member(rule, "kind");
        add_kind(x, s, kind, rule ? member(rule, "id") : room_rule_of_kind(x, kind), 1);
        add(s, SIGN_RULE, rule ? member(rule, "id") : STR(""), 1);
    }
    for (const struct json_value *v = items(expect, "proposed"); v; v = v->next)
        add(s, SIGN_ACT, member(v, "action"), 1);
    for (const struct json_value *v = items(p->root, "traced"); v; v = v->next)
        add(s, SIGN_LOG, log_of(v->text), 1);
    for (const struct json_value *v = items(p->root, "about"); v; v = v->next)
        add(s, SIGN_ABOUT, v->text, 1);
    for (const struct json_value *v = items(pack, "factor"); v; v = v->next) {
        struct str rule = room_rule_of_kind(x, v->text);
        if (rule.n)
            add_kind(x, s, v->text, rule, HALF);
        else
            add(s, SIGN_KIND, v->text, HALF); /* what people may say of a case, and no rule can */
    }
    if (!noticed)
        add_rule_files(x, s, pack);
}

/* ---- of a case ---- */

static int add_column(struct alike *x, struct signs *s, enum sign_what what, const char *sql, int64_t incident) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, x->err, sql, "i", incident);
    while (e == 0 && (e = sql_step(st, x->err)) == 1) {
        struct str v = arena_dup(&x->arena, sql_str(st, 0));
        e = v.p ? 0 : -ENOMEM;
        add(s, what, v.p ? v : STR(""), 1);
    }
    return e;
}

static int add_findings(struct alike *x, struct signs *s, int64_t incident) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, x->err, "SELECT kind, rule_id FROM finding WHERE incident_id = ?1 AND drill <> 2 GROUP BY 1, 2 UNION SELECT kind, '' FROM incident WHERE id = ?1", "i",
                      incident);
    while (e == 0 && (e = sql_step(st, x->err)) == 1) {
        struct str kind = arena_dup(&x->arena, sql_str(st, 0)), rule = arena_dup(&x->arena, sql_str(st, 1));
        e = kind.p && rule.p ? 0 : -ENOMEM;
        if (e == 0) {
            add_kind(x, s, kind, rule.n ? rule : room_rule_of_kind(x, kind), 1);
            add(s, SIGN_RULE, rule, 1);
        }
    }
    return e;
}

/* Kinds of the logs its services write, and of those of the hosts its findings name. */
static int add_logs(struct alike *x, struct signs *s, int64_t incident) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, x->err, "SELECT DISTINCT v.value FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id WHERE f.incident_id = ?1 AND v.kind IN ('service', 'host') LIMIT 40",
                      "i", incident);
    while (e == 0 && (e = sql_step(st, x->err)) == 1) {
        for (const struct json_value *v = reported(x, REPORT_SOURCES); v; v = v->next)
            if (str_eq(sql_str(st, 0), member(v, "service")) || str_eq(sql_str(st, 0), member(v, "host")))
                add(s, SIGN_LOG, log_of(member(v, "decoder")), 1);
        e = 0;
    }
    return e;
}

int room_signs_of_case(struct alike *x, int64_t incident, struct signs *s) {
    static const struct {
        enum sign_what what;
        const char *sql;
    } columns[] = {
        {SIGN_ABOUT, "SELECT DISTINCT kind FROM person_report WHERE incident_id = ?1"},
        {SIGN_ABOUT, "SELECT DISTINCT json_extract(json, '$.group.\"kizuki.report.kind\"') FROM finding WHERE incident_id = ?1 AND kind = 'enquiries'"},
        {SIGN_SERVICE, "SELECT DISTINCT v.value FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id WHERE f.incident_id = ?1 AND v.kind = 'service' LIMIT 10"},
        {SIGN_SERVICE, "SELECT DISTINCT service FROM person_report WHERE incident_id = ?1 LIMIT 10"},
        {SIGN_ACT, "SELECT DISTINCT kind FROM action WHERE incident_id = ?1 UNION SELECT kind FROM deed WHERE incident_id = ?1 UNION SELECT 'decide_' || kind FROM decision WHERE incident_id = ?1"},
    };
    *s = (struct signs){0};
    int e = add_findings(x, s, incident);
    for (size_t i = 0; e == 0 && i < ARRAY_SIZE(columns); i++)
        e = add_column(x, s, columns[i].what, columns[i].sql, incident);
    return e < 0 ? e : add_logs(x, s, incident);
}

/* ---- how alike ---- */

static double rarity(const struct alike *x, const struct sign *s) {
    size_t n = 0;
    for (size_t i = 0; i < x->n_packs; i++)
        for (size_t k = 0; k < x->packs[i].n; k++)
            if (x->packs[i].list[k].what == s->what && str_eq(x->packs[i].list[k].value, s->value)) {
                n++;
                break;
            }
    return log(1 + (double) (x->n_packs + 1) / (double) (n + 1));
}

/* What the other side cannot know says neither yes nor no: causes no rule speaks of; ids of rules and names of services for a lesson; and a log of the
 * lesson that need not have come here. What a lesson only names as its cause counts whole in its length and half in what is shared. */
static bool has(const struct signs *s, const struct sign *one) {
    for (size_t i = 0; i < s->n; i++)
        if (s->list[i].what == one->what && str_eq(s->list[i].value, one->value))
            return true;
    return false;
}

enum side { CASE_BESIDE_CASE, CASE_BESIDE_PACK, PACK };
static double length(struct alike *x, const struct signs *s, enum side side) {
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct sign *one = &s->list[i];
        bool known = one->what == SIGN_RULE || one->what == SIGN_SERVICE ? side == CASE_BESIDE_CASE
                     : one->what == SIGN_LOG                             ? side != PACK
                     : one->what == SIGN_KIND && side == PACK            ? one->worth > WORTH[SIGN_KIND] * HALF || has(&x->own, one) || room_rule_of_kind(x, one->value).n
                                                                         : true;
        double whole = one->weight * WORTH[one->what] / one->worth;
        sum += known ? whole * whole : 0;
    }
    return sqrt(sum);
}

static void weigh(struct alike *x, struct signs *s, enum side side) {
    for (size_t i = 0; i < s->n; i++)
        s->list[i].weight = s->list[i].worth * rarity(x, &s->list[i]);
    s->length = length(x, s, side);
}

static double cosine(const struct signs *a, double a_length, const struct signs *b) {
    double sum = 0;
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (a->list[i].what == b->list[k].what && str_eq(a->list[i].value, b->list[k].value))
                sum += a->list[i].weight * b->list[k].weight;
    return a_length > 0 && b->length > 0 ? sum / (a_length * b->length) : 0;
}

/* Kept when among the most alike so far; equals stand in the order they came. */
static void offer(struct alike *x, const struct alike_one *one) {
    size_t at = x->n;
    while (at && x->best[at - 1].score < one->score)
        at--;
    if (one->score < ALIKE_LEAST || at >= ALIKE_MOST)
        return;
    x->n = MIN(x->n + 1, ALIKE_MOST);
    memmove(&x->best[at + 1], &x->best[at], (x->n - at - 1) * sizeof *x->best);
    x->best[at] = *one;
}

/* Closed cases by what their rules said; the newest that share a kind or rule are looked at whole. */
#define CLOSED                                                                                                                                \
    "SELECT i.id FROM incident i WHERE i.state = 'closed' AND i.id <> ?1 AND i.drill = 0 AND i.merged_into IS NULL AND "                     \
    "NOT EXISTS (SELECT 1 FROM false_alarm a WHERE a.incident_id = i.id AND a.undone_at IS NULL) AND (i.kind IN (SELECT kind FROM incident "  \
    "WHERE id = ?1 AND kind <> '') OR EXISTS (SELECT 1 FROM finding f WHERE f.incident_id = i.id AND f.kind <> '' AND f.kind IN "             \
    "(SELECT kind FROM finding WHERE incident_id = ?1))) ORDER BY i.closed_at DESC, i.id DESC LIMIT ?2"

static int look_at_cases(struct alike *x, int64_t incident, const struct room_actor *who) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, x->err, CLOSED, "ii", incident, (int64_t) ALIKE_CASES_LOOKED_AT);
    while (e == 0 && (e = sql_step(st, x->err)) == 1) {
        struct alike_one one = {.incident = sql_i64(st, 0)};
        e = room_may_read(x->r, who, OBJECT_INCIDENT, one.incident, x->err);
        if (e <= 0)
            continue;
        if ((e = room_signs_of_case(x, one.incident, &one.signs)) < 0)
            break;
        weigh(x, &one.signs, CASE_BESIDE_CASE);
        one.score = cosine(&x->own, x->own.length, &one.signs);
        offer(x, &one);
    }
    return MIN(e, 0);
}

int room_alike_find(struct alike *x, int64_t incident, const struct room_actor *who) {
    const struct room_readiness *lib = &x->r->readiness;
    x->packs = arena_zalloc(&x->arena, (lib->n_packs + 1) * sizeof *x->packs);
    int e = x->packs ? 0 : -ENOMEM;
    for (size_t i = 0; e == 0 && i < lib->n_packs; i++)
        signs_of_pack(x, &lib->packs[i], &x->packs[x->n_packs++]);
    if (e == 0)
        e = room_signs_of_case(x, incident, &x->own);
    if (e < 0)
        return e;
    weigh(x, &x->own, CASE_BESIDE_CASE);
    for (size_t i = 0; i < x->n_packs; i++) {
        weigh(x, &x->packs[i], PACK);
        struct alike_one one = {.pack = &lib->packs[i], .signs = x->packs[i], .score = cosine(&x->own, length(x, &x->own, CASE_BESIDE_PACK), &x->packs[i])};
        offer(x, &one);
    }
    return look_at_cases(x, incident, who);
}

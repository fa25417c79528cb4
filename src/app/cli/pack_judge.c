/* What a replay left in the room's database, as rows for src/pack/judge.c. Read only, after all programs have ended. */
#include "app/cli/pack_judge.h"

#include "app/cli/command.h"
#include "app/cli/pack_hunt.h"
#include "app/common/pack_digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/sql.h"
#include "base/time.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the case is about: findings that accuse a source where there are any, without those about what came afterwards, as the pages count. */
#define OF_THE_CASE                                                                                                                     \
    "f.incident_id = ?1 AND f.kind NOT IN ('success_after','access_after') AND (f.by_source OR NOT EXISTS (SELECT 1 FROM finding g WHERE " \
    "g.incident_id = ?1 AND g.by_source AND g.kind NOT IN ('success_after','access_after')))"

enum { NO_VALUE = -1 }; /* the statement has none; ids begin at 1 */
struct reading {
    struct arena *a;
    struct sql *db;
    struct diag *err;
};

static int one_number(struct reading *r, const char *text, int64_t value, int64_t *ret) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, r->err, text, value == NO_VALUE ? "" : "i", value);
    if (e == 0)
        e = sql_step(st, r->err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return e < 0 ? e : 0;
}

static int read_words(struct reading *r, const char *text, int64_t value, struct str **ret, size_t *ret_n) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    size_t cap = 0;
    int more, e = sql_query(r->db, &st, r->err, text, value == NO_VALUE ? "" : "i", value);
    while (e == 0 && (more = sql_step(st, r->err)) != 0) {
        e = more < 0 ? more : arena_grow(r->a, (void **) ret, &cap, *ret_n + 1, sizeof **ret);
        if (e == 0)
            (*ret)[(*ret_n)++] = arena_dup(r->a, sql_str(st, 0));
    }
    return e;
}

static int read_findings(struct reading *r, struct pack_played *p) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct pack_played_finding *list = NULL;
    size_t cap = 0;
    int more, e = sql_query(r->db, &st, r->err,
                            "SELECT f.id, f.kind, f.rule_id, coalesce(f.incident_id, 0), f.detected_at, (SELECT count(*) FROM finding_value v WHERE "
                            "v.finding_id = f.id AND v.kind = 'account') FROM finding f ORDER BY f.detected_at, f.id",
                            "");
    while (e == 0 && (more = sql_step(st, r->err)) != 0) {
        struct str *services = NULL;
        size_t n = 0;
        e = more < 0 ? more : arena_grow(r->a, (void **) &list, &cap, p->n_findings + 1, sizeof *list);
        if (e == 0)
            e = read_words(r, "SELECT value FROM finding_value WHERE finding_id = ?1 AND kind = 'service'", sql_i64(st, 0), &services, &n);
        if (e == 0)
            list[p->n_findings++] = (struct pack_played_finding){.kind = arena_dup(r->a, sql_str(st, 1)), .rule = arena_dup(r->a, sql_str(st, 2)),
                                                                .services = services, .n_services = n, .accounts = sql_i64(st, 5),
                                                                .incident = sql_i64(st, 3), .at_ns = sql_i64(st, 4)};
    }
    p->findings = list;
    return e;
}

static int read_actions(struct reading *r, struct pack_played *p) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct pack_played_action *list = NULL;
    size_t cap = 0;
    int more, e = sql_query(r->db, &st, r->err, "SELECT kind, created_at, id FROM action UNION ALL SELECT 'decide_' || kind, created_at, id FROM decision ORDER BY 2, 3", "");
    while (e == 0 && (more = sql_step(st, r->err)) != 0) {
        e = more < 0 ? more : arena_grow(r->a, (void **) &list, &cap, p->n_actions + 1, sizeof *list);
        if (e == 0)
            list[p->n_actions++] = (struct pack_played_action){arena_dup(r->a, sql_str(st, 0)), sql_i64(st, 1)};
    }
    p->actions = list;
    return e;
}

/* What the sensor reported last of its rules and sources; without a report nothing is explained. */
static const struct json_value *read_report(struct reading *r, const char *kind, int *e) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str name = str_of(kind), text;
    struct json_value *v = NULL;
    *e = sql_query(r->db, &st, r->err, "SELECT json FROM report WHERE kind = ?1", "s", &name);
    if (*e == 0)
        *e = sql_step(st, r->err);
    if (*e == 1 && (text = arena_dup(r->a, sql_str(st, 0))).p && (*e = json_parse(r->a, text, &v, r->err)) == 0)
        return v;
    return NULL;
}

static int read_rules(struct reading *r, struct pack_played *p) {
    struct pack_played_rule *list = NULL;
    size_t cap = 0;
    int e;
    const struct json_value *rules = read_report(r, "rules", &e);
    for (const struct json_value *v = rules ? rules->first : NULL; v && e == 0; v = v->next) {
        e = arena_grow(r->a, (void **) &list, &cap, p->n_rules + 1, sizeof *list);
        if (e < 0)
            break;
        struct pack_played_rule *rule = &list[p->n_rules++];
        *rule = (struct pack_played_rule){0};
        IGNORE(json_get_str(v, "id", &rule->id));
        IGNORE(json_get_str(v, "kind", &rule->kind));
    }
    p->rules = list;
    return MIN(e, 0);
}

static int read_sources(struct reading *r, struct pack_played *p) {
    struct pack_played_source *list = NULL;
    struct str kind;
    size_t cap = 0;
    int e;
    const struct json_value *sources = read_report(r, "sources", &e);
    for (const struct json_value *v = sources ? sources->first : NULL; v && e == 0; v = v->next) {
        if (!json_get_str(v, "kind", &kind) || !str_starts(kind, STR("replay")))
            continue;
        e = arena_grow(r->a, (void **) &list, &cap, p->n_sources_of_lines + 1, sizeof *list);
        if (e < 0)
            break;
        struct pack_played_source *s = &list[p->n_sources_of_lines++];
        *s = (struct pack_played_source){0};
        IGNORE(json_get_str(v, "name", &s->name));
        IGNORE(json_get_str(v, "host", &s->host));
        IGNORE(json_get_i64(v, "lines", &s->lines));
        IGNORE(json_get_i64(v, "skew_ms", &s->skew_ms));
        IGNORE(json_get_bool(v, "silent", &s->silent));
    }
    p->sources_of_lines = list;
    return MIN(e, 0);
}

/* Times of the case with most findings; procedures and calls of all. */
static int read_people(struct reading *r, int64_t incident, struct pack_played *p) {
    struct case_times t;
    int64_t calls = 0;
    int e = incident ? case_times_read(r->db, incident, true, r->a, &t, r->err) : 0;
    for (int i = 0; i < CASE_TIME_MAX_; i++)
        p->times[i] = incident && e == 0 ? t.at_ns[i] : TIME_NONE;
    if (e == 0)
        e = one_number(r, "SELECT coalesce(sum(deviations), 0) FROM run", NO_VALUE, &p->departures);
    if (e == 0)
        e = one_number(r, "SELECT count(*) FROM call", NO_VALUE, &calls);
    p->drill = calls > 0;
    return e;
}

static int read_played(struct reading *r, struct pack_played *p) {
    int64_t incident = 0;
    struct str *blocked = NULL;
    int e = read_findings(r, p);
    if (e < 0 || (e = read_actions(r, p)) < 0 || (e = read_rules(r, p)) < 0 || (e = read_sources(r, p)) < 0 ||
        (e = read_words(r, "SELECT DISTINCT address FROM action_address WHERE state IN ('in_force','sent','dry_run','blocked')", NO_VALUE, &blocked,
                        &p->n_blocked)) < 0 ||
        (e = one_number(r, "SELECT count(*) FROM incident WHERE merged_into IS NULL", NO_VALUE, &p->incidents)) < 0 ||
        (e = one_number(r, "SELECT incident_id FROM finding WHERE incident_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1", NO_VALUE,
                        &incident)) < 0 ||
        (e = read_people(r, incident, p)) < 0 || (e = one_number(r, "SELECT count(*) FROM account WHERE incident_id = ?1", incident, &p->accounts_stolen)) < 0 ||
        (e = one_number(r, "SELECT count(DISTINCT c.address) FROM action_address c JOIN action a ON a.id = c.action_id WHERE a.incident_id = ?1", incident,
                        &p->sources)) < 0 ||
        (e = one_number(r, "SELECT max((SELECT coalesce(max(t.n), 0) FROM finding f JOIN finding_told t ON t.finding_id = f.id AND t.kind = 'account' "
                           "WHERE " OF_THE_CASE "), (SELECT count(DISTINCT v.value) FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id AND "
                           "v.kind = 'account' WHERE " OF_THE_CASE "))",
                        incident, &p->accounts_tried)) < 0)
        return e;
    p->blocked = blocked;
    return 0;
}

static int read_yaml(struct arena *a, const char *path, const struct yaml_node **ret, struct diag *err) {
    struct yaml_doc *docs = NULL;
    int e = yaml_parse_file(a, path, &docs, err);
    *ret = docs ? docs->root : NULL;
    return e;
}

int pack_judge_keep(struct arena *a, const struct pack *p, const char *to, struct str says, int failed, struct diag *reterr) {
    char path[PATH_MAX];
    struct str digest, packs = str_of(p->folder);
    struct buf out;
    struct jsonw w;
    while (packs.n && packs.p[packs.n - 1] != '/')
        packs.n--;
    const char *dir = arena_dup(a, str_to(packs, packs.n ? packs.n - 1 : 0)).p;
    int e = dir ? pack_digest(a, dir, p->id, &digest) : -ENOMEM;
    if (e < 0)
        return e;
    snprintf(path, sizeof path, "%.3000s/room/replays", to);
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        return diag_set(reterr, -errno, "cannot make '%s'; --record names the data folder of a Kizuki that has run", path);
    snprintf(path, sizeof path, "%.3000s/room/replays/%.*s.json", to, STR_ARG(p->id));
    buf_init(&out, 1024 * 1024);
    jsonw_init(&w, &out);
    jsonw_object(&w);
    jsonw_kstr(&w, "pack", p->id);
    jsonw_kstr(&w, "digest", digest);
    jsonw_ktime(&w, "at", time_now_ns());
    jsonw_ki64(&w, "failed", failed);
    jsonw_kstr(&w, "says", says);
    jsonw_end(&w);
    e = buf_error(&out);
    if (e == 0)
        e = file_write_atomic(path, buf_str(&out), 0644, reterr);
    buf_done(&out);
    return e;
}

int pack_judge_folder(struct arena *a, const struct pack *p, const char *data, uint64_t seed, struct buf *says, struct diag *reterr) {
    CLEANUP(sql_closep) struct sql *db = NULL;
    const struct yaml_node *expect, *head;
    struct pack_played played = {0};
    struct reading r = {.a = a, .err = reterr};
    struct buf out;
    char path[PATH_MAX];
    int64_t first_ns;
    const char *expect_file = pack_file(a, p, "expect.yml"), *head_file = pack_file(a, p, "pack.yml"), *story = pack_file(a, p, "replay.yml");
    if (!expect_file || !head_file || !story)
        return diag_set(reterr, -ENOMEM, "out of memory");
    if (access(expect_file, F_OK) < 0) {
        printf("nothing is judged: %s is not there\n", expect_file);
        return 0;
    }
    snprintf(path, sizeof path, "%.4000s/room/room.db", data);
    int e = access(path, F_OK) < 0 ? diag_set(reterr, -errno, "the replay left no '%s'", path) : 0;
    if (e < 0 || (e = read_yaml(a, expect_file, &expect, reterr)) < 0 || (e = read_yaml(a, head_file, &head, reterr)) < 0 ||
        (e = pack_first_trace(story, seed, expect, &first_ns, reterr)) < 0 || (e = sql_open(path, &db, reterr)) < 0)
        return e;
    r.db = db;
    if ((e = read_played(&r, &played)) < 0 || (e = pack_hunt_all(a, expect, data, &played, reterr)) < 0 ||
        (e = pack_count_all(a, expect, data, &played, reterr)) < 0 ||
        (e = pack_judge_traces(a, expect, story, seed, data, &played, reterr)) < 0)
        return e;
    buf_init(&out, 256 * 1024);
    e = pack_judge(expect, head, &played, first_ns, &out, reterr);
    if (e >= 0 && file_write_all(1, buf_str(&out)) < 0)
        e = diag_set(reterr, -EIO, "cannot write the judgement");
    if (says)
        buf_add(says, buf_str(&out));
    buf_done(&out);
    return e;
}

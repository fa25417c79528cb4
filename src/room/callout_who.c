/* A callout as it is stored, who did not answer, and what the pages are told of it. */
#include "room/callout.h"
#include "room/callout_priv.h"

int callout_load(struct room *r, int64_t id, struct arena *a, struct callout_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT c.incident_id, c.level, c.started_at, c.next_at, c.every_min, c.purpose, c.state, c.question, c.chain, i.person_at IS NOT NULL, c.text "
                      "FROM callout c LEFT JOIN incident i ON i.id = c.incident_id WHERE c.id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no callout %lld", (long long) id);
    *ret = (struct callout_row){.id = id, .incident = sql_i64(st, 0), .level = sql_i64(st, 1), .started_ns = sql_i64(st, 2),
                                .next_ns = sql_is_null(st, 3) ? TIME_NONE : sql_i64(st, 3), .every_min = sql_i64(st, 4),
                                .question = arena_dup(a, sql_str(st, 7)), .chain = arena_dup(a, sql_str(st, 8)), .taken = sql_i64(st, 9) == 1, .text = arena_dup(a, sql_str(st, 10))};
    snprintf(ret->purpose, sizeof ret->purpose, "%.*s", STR_ARG(sql_str(st, 5)));
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 6)));
    return ret->chain.p && ret->question.p && ret->text.p ? 0 : diag_set(err, -ENOMEM, "memory has run out");
}

/* ---- silence ---- */

/* They have written something into the case since: they are there, by whichever way they came. */
static int has_acted(struct room *r, int64_t incident, struct str person_key, int64_t since, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t account = 0;
    char by[ROOM_BY_CAP];
    int e = room_duty_account(r, r->duty, person_key, &account, err);
    if (e < 0 || !account)
        return e;
    struct room_actor who = {.person = account};
    e = sql_query(r->db, &st, err, "SELECT 1 FROM timeline WHERE incident_id = ?1 AND by = ?2 AND created_at >= ?3 LIMIT 1", "izi", incident,
                  room_actor_format(&who, by), since);
    return e < 0 ? e : sql_step(st, err);
}

int room_callout_silent(struct room *r, int64_t incident, enum duty_kind kind, struct arena *a, struct duty_answer *x, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t now = room_now(r);
    int e = sql_query(r->db, &st, reterr,
                      "SELECT c.person, max(coalesce(o.ended_at, ?3) - c.at), min(c.at) FROM callout o JOIN call c ON c.callout_id = o.id WHERE o.incident_id = ?1 "
                      "AND o.purpose = 'decide' AND o.kind <> ?2 AND o.started_at >= ?4 AND c.answered_at IS NULL AND NOT EXISTS (SELECT 1 FROM callout p JOIN "
                      "call b ON b.callout_id = p.id WHERE p.incident_id = ?1 AND b.person = c.person AND b.answered_at >= c.at) GROUP BY c.person",
                      "izii", incident, duty_kind_to_string(kind), now, now - CALLOUT_SILENT_NS);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        struct str key = room_duty_name(a, sql_str(st, 0)).key;
        int64_t minutes = sql_i64(st, 1) / NS_PER_MIN;
        struct duty_who *w = NULL;
        for (size_t i = 0; i < x->n[DUTY_DECIDES]; i++)
            if (str_eq(x->who[DUTY_DECIDES][i].who.key, key))
                w = &x->who[DUTY_DECIDES][i];
        e = w && minutes > 0 ? has_acted(r, incident, key, sql_i64(st, 2), reterr) : 1;
        if (e == 0)
            w->silent_min = (int) MIN(minutes, (int64_t) 24 * 60);
        e = MIN(e, 0);
    }
    if (e == 0)
        duty_authority_silent(x);
    return MIN(e, 0);
}

/* ---- pages ---- */

enum { SHOWN_MAX = 50 };

static int write_calls(struct room *r, int64_t id, struct jsonw *w, int64_t *ret_people, int64_t *ret_reached, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT person, way, address, level, at, answered_at, answered_by, answer FROM call WHERE callout_id = ?1 ORDER BY answered_at IS NOT NULL, "
                      "level DESC, id LIMIT 2500",
                      "i", id);
    jsonw_key(w, STR("calls"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        bool answered = !sql_is_null(st, 5);
        *ret_people += sql_i64(st, 3) == 0;
        *ret_reached += sql_i64(st, 3) == 0 && answered;
        jsonw_object(w);
        jsonw_kstr(w, "person", sql_str(st, 0));
        jsonw_kstr(w, "way", sql_str(st, 1));
        jsonw_kstr(w, "address", sql_str(st, 2));
        jsonw_ki64(w, "level", sql_i64(st, 3));
        jsonw_ktime(w, "at", sql_i64(st, 4));
        jsonw_ktime(w, "answered", answered ? sql_i64(st, 5) : TIME_NONE);
        jsonw_key(w, STR("answered_by"));
        if (answered)
            room_by_text(r, w, NULL, sql_str(st, 6));
        else
            jsonw_null(w);
        jsonw_kstr(w, "answer", sql_str(st, 7));
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    return e;
}

int room_callouts_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int n = 0;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, incident_id, purpose, kind, service, grp, text, question, state, level, started_at, next_at, ended_at, version FROM callout "
                      "WHERE incident_id = ?1 OR (?1 = 0 AND state IN ('calling', 'nobody')) ORDER BY id DESC",
                      "i", incident);
    jsonw_object(w);
    jsonw_key(w, STR("callouts"));
    jsonw_array(w);
    while (e == 0 && n < SHOWN_MAX && (e = sql_step(st, reterr)) == 1) {
        int64_t people = 0, reached = 0;
        e = room_may_read(r, who, OBJECT_CALLOUT, sql_i64(st, 0), reterr);
        if (e != 1)
            continue;
        n++;
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_key(w, STR("incident_id"));
        sql_is_null(st, 1) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, 1));
        jsonw_kstr(w, "purpose", sql_str(st, 2));
        jsonw_kstr(w, "kind", sql_str(st, 3));
        jsonw_kstr(w, "service", sql_str(st, 4));
        jsonw_kstr(w, "group", sql_str(st, 5));
        jsonw_kstr(w, "text", sql_str(st, 6));
        jsonw_kstr(w, "question", sql_str(st, 7));
        jsonw_kstr(w, "state", sql_str(st, 8));
        jsonw_ki64(w, "level", sql_i64(st, 9));
        jsonw_ktime(w, "started", sql_i64(st, 10));
        jsonw_ktime(w, "next", sql_is_null(st, 11) ? TIME_NONE : sql_i64(st, 11));
        jsonw_ktime(w, "ended", sql_is_null(st, 12) ? TIME_NONE : sql_i64(st, 12));
        jsonw_ki64(w, "version", sql_i64(st, 13));
        e = write_calls(r, sql_i64(st, 0), w, &people, &reached, reterr);
        jsonw_ki64(w, "people", people);
        jsonw_ki64(w, "reached", reached);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}

/* Everybody on duty now. */
static int on_duty(struct room *r, struct arena *a, struct str *names, size_t cap, size_t *ret_n, struct diag *err) {
    const struct room_duty *d;
    struct duty_slot on[DUTY_ORDERS];
    *ret_n = 0;
    if (room_duty_get(r, &d, NULL) < 0)
        return 0; /* nobody wrote down who is on duty: the first page asks */
    for (size_t g = 0; g < d->n_groups; g++) {
        size_t n = 0;
        int e = duty_roster_at(a, &d->roster, room_duty_name(a, d->groups[g]).key, room_now(r), NS_PER_DAY, on, &n, err);
        if (e < 0)
            return e;
        for (size_t i = 0; i < n && *ret_n < cap; i++)
            if (on[i].who.text.n)
                names[(*ret_n)++] = on[i].who.text;
    }
    return 0;
}

int room_callout_on_duty(struct room *r, int64_t incident, struct str text, struct diag *reterr) {
    struct str names[64];
    size_t n = 0;
    int64_t callout;
    struct arena a;
    arena_init(&a, (size_t) 16 << 20);
    int e = on_duty(r, &a, names, ARRAY_SIZE(names), &n, reterr);
    struct room_callout c = {.incident = incident, .purpose = "all", .kind = STR(""), .service = STR(""), .group = STR(""), .people = names, .n_people = n,
                             .text = text, .question = STR("")};
    if (e == 0 && n)
        e = room_callout_start(r, &room_system, &c, &callout, reterr);
    arena_done(&a);
    return e == -ENOENT ? 0 : e;
}

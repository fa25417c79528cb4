/* Both sides of stopping a service, from what is written down and counted: what stops with it and what people do meanwhile; what goes on when it
 * is not stopped. Names and numbers only: weighing them is for who decides, and what somebody wrote about the risks stands beside them. */
#include "room/decision.h"

#include "room/directory.h"
#include "room/incident_priv.h"
#include "room/register_priv.h"

#define SIDES_LISTED_MAX 20 /* names of a list that somebody reads before he decides */

/* By the name logs use, else by what people call it. NULL: it is in no register. */
static const struct directory_system *find_system(const struct room *r, const struct room_directory *d, struct str service) {
    const struct room_words *title = service.n ? room_policy_title(r->policy, service) : NULL;
    const struct str names[] = {service, title ? title->ja : STR_NULL, title ? title->en : STR_NULL};
    const struct directory_system *s = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(names) && !s; i++)
        s = names[i].n ? room_directory_system(d, names[i]) : NULL;
    return s;
}

/* What stands on the service stops with it. */
static int write_stops(struct room_directory *d, const struct directory_system *s, struct jsonw *w, struct diag *err) {
    const struct directory_stop *stops = NULL;
    size_t n = 0;
    int e = s ? room_directory_stops(d, &s, 1, &stops, &n, err) : 0;
    jsonw_kbool(w, "known", s != NULL);
    jsonw_kstr(w, "importance", s ? s->importance : STR(""));
    jsonw_key(w, STR("stops"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < MIN(n, (size_t) SIDES_LISTED_MAX + 1); i++)
        if (stops[i].depth > 0)
            jsonw_str(w, stops[i].system->name);
    jsonw_end(w);
    return e;
}

/* The alternatives of the register: by which name, how long it takes, when it was exercised. */
static int write_instead(struct room *r, struct str service, struct jsonw *w, struct diag *err) {
    struct register_rows rows;
    int e = register_rows_load(r, STR("alternatives"), &rows, err);
    size_t n = 0;
    jsonw_key(w, STR("instead"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && service.n && i < rows.n && n < SIDES_LISTED_MAX; i++) {
        const struct json_value *v = rows.at[i]->values;
        if (!rows.at[i]->active || !str_eq(register_value(v, STR("service")), service))
            continue;
        n++;
        jsonw_object(w);
        jsonw_kstr(w, "name", rows.at[i]->name);
        jsonw_kstr(w, "minutes", register_value(v, STR("minutes")));
        jsonw_kstr(w, "exercised", register_value(v, STR("exercised")));
        jsonw_end(w);
    }
    jsonw_end(w);
    if (e == 0)
        register_rows_done(&rows);
    return e;
}

/* Accounts that were probably entered, how many of them just now, and what is in force against it already. */
static int write_goes_on(struct room *r, int64_t incident, struct str rule, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    static const char *const figures[] = {"accounts", "accounts_hour", "accounts_minutes"};
    int64_t now = room_now(r);
    int e = sql_query(r->db, &st, err,
                      "SELECT count(*), coalesce(sum(success_at > ?2), 0), coalesce(sum(success_at > ?3), 0), (SELECT count(*) FROM action WHERE incident_id = ?1 AND "
                      "state = 'in_force') + (SELECT count(*) FROM deed WHERE incident_id = ?1 AND state = 'in_force'), (SELECT rule_title FROM finding WHERE "
                      "incident_id = ?1 AND rule_id = ?4 LIMIT 1) FROM account WHERE incident_id = ?1",
                      "iiis", incident, now - NS_PER_HOUR, now - 10 * NS_PER_MIN, &rule);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : -ENOENT;
    for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
        jsonw_ki64(w, figures[i], sql_i64(st, (int) i));
    jsonw_ki64(w, "in_force", sql_i64(st, 3));
    if (rule.n) {
        room_rule_ref(r, w, "criterion", rule, sql_is_null(st, 4) ? STR("") : sql_str(st, 4));
    } else {
        jsonw_key(w, STR("criterion"));
        jsonw_null(w);
    }
    return 0;
}

int room_decision_stop_write(struct room *r, struct room_directory *d, struct str service, struct jsonw *w, struct diag *reterr) {
    const struct directory_system *s = find_system(r, d, service);
    int e = write_stops(d, s, w, reterr);
    return e == 0 ? write_instead(r, s ? s->name : service, w, reterr) : e;
}

int room_decision_sides_write(struct room *r, int64_t incident, struct str service, struct str rule, struct jsonw *w, struct diag *reterr) {
    CLEANUP(room_directory_closep) struct room_directory *d = NULL;
    int e = room_directory_open(r, &d, reterr);
    jsonw_object(w);
    jsonw_key(w, STR("stop"));
    jsonw_object(w);
    if (e == 0)
        e = room_decision_stop_write(r, d, service, w, reterr);
    jsonw_end(w);
    jsonw_key(w, STR("go_on"));
    jsonw_object(w);
    if (e == 0)
        e = write_goes_on(r, incident, rule, w, reterr);
    jsonw_end(w);
    jsonw_end(w);
    return e;
}

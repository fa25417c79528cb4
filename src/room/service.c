/* Registered services, and which of them are watched for the sources of a case (F-019). */
#include "room/service.h"

#include "room/incident_priv.h"

static int put_service(struct room *r, const struct room_actor *by, struct str name,
                       struct diag *err) {
    struct room_write w = {
        .by = by, .verb = VERB_CREATE, .object = OBJECT_SERVICE, .tlp = TLP_AMBER};
    struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT (SELECT 1 FROM service WHERE name = ?1), count(*) FROM service", "s",
                      &name);
    if (e == 0)
        e = sql_step(st, err);
    bool skip = e < 0 || sql_i64(st, 0) == 1 || sql_i64(st, 1) >= ROOM_SERVICES_MAX;
    sql_end(st);
    if (skip)
        return MIN(e, 0);
    return room_write(r, &w, NULL, err, "INSERT INTO service(name) VALUES (?1)", "s", &name);
}

int room_services_put(struct room *r, const struct room_actor *by, const struct room_finding *f,
                      struct diag *reterr) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < f->n_values; i++)
        if (f->values[i].kind == ENTITY_SERVICE && f->values[i].value.n)
            e = put_service(r, by, f->values[i].value, reterr);
    return e;
}

int room_services_register(struct room *r, struct diag *reterr) {
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    for (size_t i = 0; e == 0 && i < r->policy->n_services; i++)
        e = put_service(r, &room_system, r->policy->services[i].name, reterr);
    return room_end(r, e, reterr);
}

int room_watch_put(struct room *r, const struct room_actor *by, int64_t incident,
                   struct diag *reterr) {
    struct room_write w = {.by = by,
                           .verb = VERB_CREATE,
                           .object = OBJECT_WATCH,
                           .tlp = TLP_AMBER,
                           .incident = incident};
    int64_t services[ROOM_SERVICES_MAX], n = 0, now = room_now(r);
    struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id FROM service WHERE id NOT IN "
                      "(SELECT service_id FROM watch WHERE incident_id = ?1) ORDER BY id LIMIT ?2",
                      "ii", incident, (int64_t) ROOM_SERVICES_MAX);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1)
        services[n++] = sql_i64(st, 0);
    sql_end(st);
    for (int64_t i = 0; e == 0 && i < n; i++)
        e = room_write(r, &w, NULL, reterr,
                       "INSERT INTO watch(incident_id, service_id, since_at) VALUES (?1, ?2, ?3)",
                       "iii", incident, services[i], now);
    if (e < 0 || n == 0)
        return e;
    char params[48];
    int len = snprintf(params, sizeof params, "{\"n\":%lld}", (long long) n);
    struct room_entry x = {.incident = incident,
                           .at_ns = now,
                           .until_ns = TIME_NONE,
                           .lane = "system",
                           .kind = "action",
                           .key = "event.watch_set",
                           .params = str_n(params, (size_t) len),
                           .precision_s = -1};
    return room_timeline_put(r, by, &x, NULL, reterr);
}

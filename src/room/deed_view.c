/* Lasting acts and their drivers as the pages read them. */
#include "base/limits.h"
#include "room/deed_priv.h"

enum { LIST_MAX = 500 };

static void driver_row(const struct room_driver *d, struct jsonw *w) {
    static const char *const texts[] = {"template", "title_ja", "title_en", "proven", "tried"};
    struct json_value *v = NULL;
    struct arena a;
    arena_init(&a, (size_t) 16 << 20);
    if (d->json)
        IGNORE(json_parse(&a, str_of(d->json), &v, NULL));
    jsonw_object(w);
    jsonw_kz(w, "name", d->name);
    jsonw_kbool(w, "connected", d->connected);
    jsonw_kbool(w, "dry_run", !v || d->dry_run);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct str s = STR("");
        if (v)
            (void) json_get_str(v, texts[i], &s);
        jsonw_kstr(w, texts[i], s);
    }
    for (int i = 0; i < 2; i++) {
        const struct json_value *list = v ? json_get_array(v, i ? "targets" : "kinds") : NULL;
        jsonw_key(w, i ? STR("targets") : STR("kinds"));
        jsonw_array(w);
        for (const struct json_value *it = list ? list->first : NULL; it; it = it->next)
            if (it->type == JSON_STRING)
                jsonw_str(w, it->text);
        jsonw_end(w);
    }
    bool any = false;
    if (v)
        (void) json_get_bool(v, "any_target", &any);
    jsonw_kbool(w, "any_target", any);
    jsonw_end(w);
    arena_done(&a);
}

void room_drivers_write(struct room *r, struct jsonw *w) {
    jsonw_object(w);
    jsonw_key(w, STR("drivers"));
    jsonw_array(w);
    for (size_t i = 0; i < ROOM_DRIVERS_MAX; i++)
        if (r->drivers[i].name[0])
            driver_row(&r->drivers[i], w);
    jsonw_end(w);
    jsonw_end(w);
}

static void when(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_ktime(w, key, sql_is_null(st, column) ? TIME_NONE : sql_i64(st, column));
}

/* Of a proposal in its case, once a batch. */
static int write_radius(struct room *r, struct sql_stmt *st, bool wanted, struct jsonw *w, struct diag *err) {
    jsonw_key(w, STR("radius"));
    if (wanted && str_eq_z(sql_str(st, 7), "proposed") && sql_i64(st, 33))
        return room_deed_radius_write(r, sql_i64(st, 0), sql_i64(st, 2), sql_str(st, 4), sql_str(st, 3), w, err);
    jsonw_null(w);
    return 0;
}

static int write_row(struct room *r, struct sql_stmt *st, const struct room_actor *who, bool of_case, struct jsonw *w, int *n,
                     struct diag *err) {
    static const char *const words[] = {"batch", "kind", "driver", "target", "state", "reason", "why", "kept"};
    const struct room_deed_kind *k = room_deed_kind(sql_str(st, 4));
    struct str state = sql_str(st, 7);
    struct room_row row;
    bool open = str_eq_z(state, "proposed"), again = str_eq_z(state, "refused") || str_eq_z(state, "rejected");
    bool force = str_eq_z(state, "in_force") || str_eq_z(state, "unsure") || str_eq_z(state, "sent");
    int e = room_row_load(r, OBJECT_DEED, sql_i64(st, 0), &row, err);
    if (e < 0 || !room_may(who, VERB_READ, &row))
        return e;
    ++*n;
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    jsonw_ki64(w, "incident_id", sql_i64(st, 2));
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        jsonw_kstr(w, words[i], sql_str(st, (int) i + 3));
    jsonw_kz(w, "act_ja", k->ja);
    jsonw_kz(w, "act_en", k->en);
    jsonw_kbool(w, "gate", k->gate);
    jsonw_kbool(w, "care", k->care);
    jsonw_key(w, STR("params"));
    jsonw_raw(w, sql_str(st, 11));
    jsonw_ki64(w, "minutes", sql_i64(st, 12));
    when(w, "created", st, 13);
    when(w, "decided_at", st, 14);
    room_by_text(r, w, "decided_by", sql_str(st, 15));
    when(w, "in_force_from", st, 16);
    when(w, "until", st, 17);
    when(w, "ended", st, 18);
    jsonw_key(w, STR("seen"));
    sql_is_null(st, 19) ? jsonw_null(w) : jsonw_bool(w, sql_i64(st, 19) != 0);
    when(w, "looked", st, 20);
    when(w, "told_at", st, 21);
    jsonw_kstr(w, "told_how", sql_str(st, 22));
    room_by_text(r, w, "told_by", sql_str(st, 23));
    jsonw_kbool(w, "bounced", sql_i64(st, 24) != 0);
    when(w, "identified_at", st, 25);
    jsonw_kstr(w, "identified_how", sql_str(st, 26));
    room_by_text(r, w, "identified_by", sql_str(st, 27));
    jsonw_kstr(w, "kept_before", k->gate ? sql_str(st, 28) : STR(""));
    jsonw_key(w, STR("step"));
    if (sql_is_null(st, 29)) {
        jsonw_null(w);
    } else {
        jsonw_object(w);
        jsonw_ki64(w, "run", sql_i64(st, 29));
        jsonw_ki64(w, "task", sql_i64(st, 30));
        jsonw_kstr(w, "ja", sql_str(st, 31));
        jsonw_kstr(w, "en", sql_str(st, 32));
        jsonw_end(w);
    }
    e = write_radius(r, st, of_case, w, err);
    jsonw_key(w, STR("may"));
    jsonw_object(w);
    jsonw_kbool(w, "approve", (open || again) && room_may(who, VERB_APPROVE, &row));
    jsonw_kbool(w, "reject", open && room_may(who, VERB_REJECT, &row));
    jsonw_kbool(w, "undo", force && room_may(who, VERB_UNDO, &row));
    jsonw_kbool(w, "care", k->care && room_may(who, VERB_CHANGE, &row));
    jsonw_end(w);
    jsonw_end(w);
    return e;
}

/* How far the care for frozen accounts is, of those cases that may be seen. */
static int write_care(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *err) {
    static const char *const names[] = {"frozen", "told", "bounced", "identified", "reopened"};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t sums[ARRAY_SIZE(names)] = {0};
    int e = sql_query(r->db, &st, err,
                      "SELECT count(*), count(told_at), coalesce(sum(bounced), 0), count(identified_at), "
                      "coalesce(sum(state = 'undone'), 0), max(id) FROM deed WHERE kind = 'account_freeze' AND in_force_at IS NOT NULL "
                      "AND (?1 = 0 OR incident_id = ?1) GROUP BY incident_id",
                      "i", incident);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        e = room_may_read(r, who, OBJECT_DEED, sql_i64(st, ARRAY_SIZE(names)), err);
        for (size_t i = 0; e == 1 && i < ARRAY_SIZE(names); i++)
            sums[i] += sql_i64(st, (int) i);
    }
    jsonw_key(w, STR("care"));
    jsonw_object(w);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        jsonw_ki64(w, names[i], sums[i]);
    jsonw_end(w);
    return MIN(e, 0);
}

int room_deeds_write(struct room *r, int64_t incident, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int n = 0; /* of those the reader may see */
    int e = sql_query(r->db, &st, reterr,
                      "SELECT d.id, d.version, d.incident_id, d.batch, d.kind, d.driver, d.target, d.state, d.reason, d.why, d.kept, d.params, d.minutes, "
                      "d.created_at, d.decided_at, d.decided_by, d.in_force_at, d.until_at, d.ended_at, d.seen, d.looked_at, d.told_at, d.told_how, "
                      "d.told_by, d.bounced, d.identified_at, d.identified_how, d.identified_by, (SELECT e.evidence FROM task e WHERE e.incident_id = "
                      "d.incident_id AND e.kind = 'evidence' AND e.state = 'done' AND e.evidence <> '' ORDER BY e.id DESC LIMIT 1), t.run_id, t.id, "
                      "t.words_ja, t.words_en, d.id = (SELECT min(f.id) FROM deed f WHERE f.batch = d.batch) FROM deed d LEFT JOIN task t ON t.id = d.task_id WHERE ?1 = 0 OR d.incident_id = ?1 "
                      "ORDER BY d.state IN ('proposed','sent','in_force','undoing','unsure') DESC, d.id DESC",
                      "i", incident);
    jsonw_object(w);
    jsonw_key(w, STR("deeds"));
    jsonw_array(w);
    while (e == 0 && n < LIST_MAX && (e = sql_step(st, reterr)) == 1)
        e = write_row(r, st, who, incident != 0, w, &n, reterr);
    jsonw_end(w);
    if (e == 0)
        e = write_care(r, incident, who, w, reterr);
    jsonw_end(w);
    return e;
}

/* Actions as the pages read them. */
#include "room/action_priv.h"
#include "room/scope.h"

#define ACTION_COLUMNS                                                                             \
    "a.id, a.kind, a.state, a.incident_id, a.minutes, a.rule_id, a.rule_title, a.rule_kind, "      \
    "a.created_at, a.due_at, a.decided_at, a.decided_by, a.in_force_at, a.until_at, "              \
    "a.checked_at, "                                                                               \
    "a.tries_after, a.packets, a.bytes, a.dry_run, a.why_key, a.why_params, a.tlp, a.version"

static void opt_i64(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_key(w, str_of(key));
    sql_is_null(st, column) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, column));
}

static void opt_time(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_ktime(w, key, sql_is_null(st, column) ? TIME_NONE : sql_i64(st, column));
}

static void opt_str(struct jsonw *w, const char *key, struct sql_stmt *st, int column) {
    jsonw_key(w, str_of(key));
    sql_is_null(st, column) ? jsonw_null(w) : jsonw_str(w, sql_str(st, column));
}

struct sums {
    int64_t tries, n;
};

static int write_addresses(struct room *r, int64_t action, struct jsonw *w, struct sums *sums,
                           struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e =
        sql_query(r->db, &st, err,
                  "SELECT address, tries, accounts, good, shared, partner, state, reason, until_at "
                  "FROM action_address WHERE action_id = ?1 ORDER BY address",
                  "i", action);
    jsonw_key(w, STR("addresses"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        jsonw_object(w);
        jsonw_kstr(w, "address", sql_str(st, 0));
        jsonw_kstr(w, "net", sql_str(st, 0));
        opt_i64(w, "tries", st, 1);
        opt_i64(w, "accounts", st, 2);
        opt_i64(w, "good_accounts_7d", st, 3);
        opt_str(w, "shared", st, 4);
        opt_str(w, "partner", st, 5);
        jsonw_kstr(w, "state", sql_str(st, 6));
        opt_str(w, "reason", st, 7);
        opt_time(w, "until", st, 8);
        jsonw_end(w);
        sums->n++;
        sums->tries += sql_i64(st, 1);
        e = 0;
    }
    jsonw_end(w);
    return e;
}

/* Both figures are of now: tries from these addresses, accounts of the whole case as its scope has
 * them. What one address tried is a part of that and no number of the action. */
static void write_reason(struct room *r, struct sql_stmt *st, const struct sums *sums,
                         const struct room_count *accounts, struct jsonw *w) {
    jsonw_key(w, STR("reason"));
    jsonw_object(w);
    jsonw_kz(w, "key", "action.reason");
    jsonw_key(w, STR("params"));
    jsonw_object(w);
    room_rule_params(r, w, "rule", sql_str(st, 5), sql_str(st, 6));
    opt_str(w, "kind", st, 7);
    jsonw_ki64(w, "tries", sums->tries);
    jsonw_ki64(w, "accounts", accounts->n);
    jsonw_kbool(w, "at_least", accounts->at_least);
    jsonw_end(w);
    jsonw_end(w);
}

static void write_effect(struct sql_stmt *st, struct jsonw *w) {
    jsonw_key(w, STR("effect"));
    if (sql_is_null(st, 14)) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    opt_time(w, "checked_at", st, 14);
    jsonw_ki64(w, "tries_after", sql_i64(st, 15));
    opt_i64(w, "packets_dropped", st, 16);
    opt_i64(w, "bytes_dropped", st, 17);
    jsonw_end(w);
}

static int write_may(struct room *r, int64_t id, const struct room_actor *who, struct str state,
                     struct jsonw *w, struct diag *err) {
    struct room_row row;
    bool open = str_eq_z(state, "proposed") || str_eq_z(state, "dry_run");
    bool force = str_eq_z(state, "in_force");
    int e = room_row_load(r, OBJECT_ACTION, id, &row, err);
    jsonw_key(w, STR("may"));
    jsonw_object(w);
    jsonw_kbool(w, "approve", e == 0 && open && room_may(who, VERB_APPROVE, &row));
    jsonw_kbool(w, "reject", e == 0 && open && room_may(who, VERB_REJECT, &row));
    jsonw_kbool(w, "undo", e == 0 && force && room_may(who, VERB_UNDO, &row));
    jsonw_kbool(w, "extend", e == 0 && force && room_may(who, VERB_EXTEND, &row));
    jsonw_end(w);
    return e;
}

static int write_action(struct room *r, struct sql_stmt *st, const struct room_actor *who,
                        struct jsonw *w, struct diag *err) {
    struct sums sums = {0};
    struct room_numbers numbers = {0};
    bool in_force = str_eq_z(sql_str(st, 2), "in_force");
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_kstr(w, "kind", sql_str(st, 1));
    jsonw_kstr(w, "state", sql_str(st, 2));
    jsonw_ki64(w, "incident_id", sql_i64(st, 3));
    int e = write_addresses(r, sql_i64(st, 0), w, &sums, err);
    jsonw_ki64(w, "minutes", sql_i64(st, 4));
    if (e == 0)
        e = room_numbers(r, sql_i64(st, 3), &numbers, err);
    write_reason(r, st, &sums, &numbers.counts.tried, w);
    room_rule_ref(r, w, "rule", sql_str(st, 5), sql_str(st, 6));
    opt_time(w, "created", st, 8);
    opt_time(w, "due", st, 9);
    opt_time(w, "decided_at", st, 10);
    room_by_text(r, w, "decided_by", sql_str(st, 11));
    opt_time(w, "in_force_from", st, 12);
    opt_time(w, "until", st, 13);
    jsonw_ktime(w, "undo_until", in_force && !sql_is_null(st, 13) ? sql_i64(st, 13) : TIME_NONE);
    write_effect(st, w);
    jsonw_kbool(w, "dry_run", sql_i64(st, 18) || room_hand_state(r).dry_run);
    jsonw_key(w, STR("why_proposed"));
    if (sql_is_null(st, 19))
        jsonw_null(w);
    else
        room_text_raw(w, NULL, sql_str(st, 19), sql_str(st, 20));
    if (e == 0)
        e = write_may(r, sql_i64(st, 0), who, sql_str(st, 2), w, err);
    jsonw_kstr(w, "tlp", sql_str(st, 21));
    jsonw_kz(w, "info_class", "response");
    jsonw_ki64(w, "version", sql_i64(st, 22));
    jsonw_end(w);
    return e;
}

int room_action_write(struct room *r, int64_t id, const struct room_actor *who, struct jsonw *w,
                      struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " ACTION_COLUMNS " FROM action a WHERE a.id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no action %lld", (long long) id);
    return write_action(r, st, who, w, reterr);
}

int room_actions_write(struct room *r, int64_t incident, const struct room_actor *who,
                       struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    /* two texts, so that each has an index: what was ever done is a hundred times what is in force */
    int e = incident ? sql_query(r->db, &st, reterr,
                                 "SELECT " ACTION_COLUMNS " FROM action a WHERE a.incident_id = ?1 ORDER BY a.id DESC", "i", incident)
                     : sql_query(r->db, &st, reterr,
                                 "SELECT " ACTION_COLUMNS " FROM action a WHERE a.state IN ('approved', 'sent', 'in_force') "
                                 "ORDER BY a.id DESC", "");
    int n = 0; /* of those the reader may see */
    jsonw_object(w);
    jsonw_key(w, STR("actions"));
    jsonw_array(w);
    while (e == 0 && n < 200 && (e = sql_step(st, reterr)) == 1) {
        struct room_row row;
        e = room_row_load(r, OBJECT_ACTION, sql_i64(st, 0), &row, reterr);
        if (e == 0 && room_may(who, VERB_READ, &row)) {
            e = write_action(r, st, who, w, reterr);
            n++;
        }
    }
    jsonw_end(w);
    jsonw_end(w);
    return e;
}

/* What a case's page shows of money, other means, experts and the attacker. See means.h. */
#include "room/directory.h"
#include "room/authority.h"
#include "room/incident_priv.h"
#include "room/means.h"
#include "room/register_priv.h"
#include "room/slip.h"

static struct str value(const struct register_row *row, const char *field) {
    struct str s = STR("");
    (void) json_get_str(row->values, field, &s);
    return s;
}

static int write_rows(struct room *r, int64_t incident, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    static const char *const texts[] = {"kind", "name", "state", "why"}, *const ids[] = {"decision", "campaign", "back_campaign"}, *const times[] = {"asked", "done", "back"};
    int64_t spent = 0, asked = 0;
    int e = sql_query(r->db, &st, err,
                      "SELECT m.id, m.version, m.kind, m.name, m.state, m.why, m.decision_id, m.campaign_id, m.back_campaign_id, m.asked_at, m.done_at, m.back_at, m.yen, m.doc, m.created_by, "
                      "coalesce(min(g.acknowledged_at, h.acknowledged_at), g.acknowledged_at, h.acknowledged_at), g.state FROM means m LEFT JOIN message g ON g.id = m.message_id LEFT JOIN message h ON h.id = "
                      "json_extract(m.doc, '$.sms') WHERE m.incident_id = ?1 ORDER BY m.id DESC LIMIT ?2",
                      "ii", incident, (int64_t) MEANS_LISTED_MAX);
    jsonw_key(w, STR("rows"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        bool money = str_eq_z(sql_str(st, 2), "spend"), waits = str_eq_z(sql_str(st, 4), "asked");
        spent += money && !waits && !str_eq_z(sql_str(st, 4), "refused") ? sql_i64(st, 12) : 0;
        asked += money && waits ? sql_i64(st, 12) : 0;
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ki64(w, "version", sql_i64(st, 1));
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
            jsonw_kstr(w, texts[i], sql_str(st, (int) i + 2));
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
            jsonw_key(w, str_of(ids[i]));
            sql_is_null(st, (int) i + 6) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, (int) i + 6));
        }
        for (size_t i = 0; i < ARRAY_SIZE(times); i++)
            room_time_or_null(w, times[i], st, (int) i + 9);
        jsonw_ki64(w, "yen", sql_i64(st, 12));
        jsonw_key(w, STR("doc"));
        jsonw_raw(w, sql_str(st, 13));
        room_by_text(r, w, "by", sql_str(st, 14));
        room_time_or_null(w, "acknowledged", st, 15);
        jsonw_kstr(w, "message", sql_str(st, 16));
        jsonw_ki64(w, "waited_s", ((sql_is_null(st, 10) ? room_now(r) : sql_i64(st, 10)) - sql_i64(st, 9)) / NS_PER_S);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_ki64(w, "spent", spent);
    jsonw_ki64(w, "asked", asked);
    return MIN(e, 0);
}

/* Rows of a register with these fields, as texts. */
static int write_register(struct room *r, const char *key, const char *kind, const char *const *fields, size_t n, struct jsonw *w, struct diag *err) {
    struct register_rows rows;
    int e = register_rows_load(r, str_of(kind), &rows, err);
    jsonw_key(w, str_of(key));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < rows.n && i < MEANS_LISTED_MAX; i++) {
        if (!rows.at[i]->active)
            continue;
        jsonw_object(w);
        jsonw_kstr(w, "name", rows.at[i]->name);
        for (size_t k = 0; k < n; k++)
            jsonw_kstr(w, fields[k], value(rows.at[i], fields[k]));
        jsonw_end(w);
    }
    jsonw_end(w);
    if (e == 0)
        register_rows_done(&rows);
    return e;
}

/* Services nobody wrote an alternative for: told before the night, while there is time to think of one. */
static int write_without(struct room *r, const struct room_directory *d, struct jsonw *w, struct diag *err) {
    const struct directory_system *const *all;
    size_t n = room_directory_systems(d, &all);
    struct register_rows rows;
    int e = register_rows_load(r, STR("alternatives"), &rows, err);
    jsonw_key(w, STR("without"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < n && i < MEANS_LISTED_MAX; i++) {
        bool there = false;
        for (size_t k = 0; k < rows.n; k++)
            there |= rows.at[k]->active && str_eq(value(rows.at[k], "service"), all[i]->name);
        if (all[i]->is_service && !there)
            jsonw_str(w, all[i]->name);
    }
    jsonw_end(w);
    if (e == 0)
        register_rows_done(&rows);
    return e;
}

/* Whoever can be called for the case's service first, then by whether they answer now. */
static void write_vendors(struct room *r, const struct room_directory *d, struct str service, struct jsonw *w) {
    const struct directory_contract *const *all;
    size_t n = room_directory_contracts(d, &all);
    jsonw_key(w, STR("vendors"));
    jsonw_array(w);
    for (int pass = 0; pass < 2 * REACH_UNKNOWN + 2; pass++)
        for (size_t i = 0; i < n && i < MEANS_LISTED_MAX; i++) {
            struct str phone = STR(""), lines = all[i]->systems, line;
            int64_t change = TIME_NONE;
            bool ours = false;
            enum directory_reach reach = room_directory_contract_at(d, all[i], room_now(r), &phone, &change);
            while (service.n && lines.n && str_split(&lines, '\n', &line))
                ours |= str_eq(str_trim(line), service);
            if (!all[i]->active || !all[i]->calls.n || pass != (int) reach + (ours ? 0 : REACH_UNKNOWN + 1))
                continue;
            jsonw_object(w);
            jsonw_kstr(w, "name", all[i]->name);
            jsonw_kstr(w, "supplier", all[i]->supplier);
            jsonw_kstr(w, "calls", all[i]->calls);
            jsonw_kbool(w, "ours", ours);
            jsonw_kz(w, "reach", directory_reach_to_string(reach));
            jsonw_kstr(w, "phone", phone);
            jsonw_ktime(w, "change", change);
            jsonw_kstr(w, "mail", all[i]->mail);
            jsonw_kstr(w, "scope", all[i]->scope);
            jsonw_kstr(w, "cost", all[i]->cost);
            jsonw_end(w);
        }
    jsonw_end(w);
}

int room_means_write(struct room *r, int64_t incident, const struct room_actor *who UNUSED, struct jsonw *w, struct diag *reterr) {
    static const char *const approvals[] = {"contract", "service", "ceiling", "until", "by"}, *const policies[] = {"subject", "text", "by", "on"},
                             *const alternatives[] = {"service", "criterion", "instruction", "branches", "needs", "minutes", "exercised"};
    struct room_directory *d = NULL;
    struct str service = STR("");
    struct arena a;
    arena_init(&a, 1 << 20);
    jsonw_object(w);
    int e = write_rows(r, incident, w, reterr);
    if (e == 0)
        e = write_register(r, "approvals", "approvals", approvals, ARRAY_SIZE(approvals), w, reterr);
    if (e == 0)
        e = write_register(r, "policies", "policies", policies, ARRAY_SIZE(policies), w, reterr);
    if (e == 0)
        e = write_register(r, "alternatives", "alternatives", alternatives, ARRAY_SIZE(alternatives), w, reterr);
    if (e == 0)
        e = room_authority_service(r, incident, &a, &service, reterr);
    if (e == 0)
        e = room_directory_open(r, &d, reterr);
    if (e == 0)
        e = write_without(r, d, w, reterr);
    if (e == 0)
        write_vendors(r, d, service, w);
    jsonw_kstr(w, "service", service);
    jsonw_end(w);
    room_directory_close(d);
    arena_done(&a);
    return e;
}

/* Accounts that were probably stolen, and what was looked at with them (F-021). */
#include "room/account.h"

#include "room/incident_priv.h"

static int account_known(struct room *r, int64_t incident, struct str name, struct str service,
                         bool *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    /* a finding that names no service adds nothing to an account that is known with one */
    int e = sql_query(
        r->db, &st, err,
        "SELECT 1 FROM account WHERE incident_id = ?1 AND name = ?2 AND (service = ?3 OR ?3 = '')",
        "iss", incident, &name, &service);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1;
    return e < 0 ? e : 0;
}

int room_accounts_put(struct room *r, const struct room_actor *by, int64_t incident,
                      int64_t finding, const struct room_finding *f, struct diag *reterr) {
    struct room_write w = {.by = by,
                           .verb = VERB_CREATE,
                           .object = OBJECT_ACCOUNT,
                           .tlp = TLP_AMBER,
                           .incident = incident};
    struct str none = STR("");
    struct str service = room_finding_one(f, ENTITY_SERVICE),
               source = room_finding_one(f, ENTITY_SOURCE);
    int e = 0;
    /* rules that only ask to look (below high) accuse nobody */
    if (!room_kind_is_success(f->kind) || f->level < LEVEL_HIGH)
        return 0;
    for (size_t i = 0; e == 0 && i < f->n_values; i++) {
        const struct room_value *v = &f->values[i];
        bool known = false;
        if (v->kind != ENTITY_ACCOUNT)
            continue;
        e = account_known(r, incident, v->value, service.n ? service : none, &known, reterr);
        if (e < 0 || known)
            continue;
        int64_t at = v->first_ns != TIME_NONE ? v->first_ns : f->detected_ns;
        e = room_write(r, &w, NULL, reterr,
                       "INSERT INTO account(incident_id, name, service, source, success_at, "
                       "finding_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                       "isssii", incident, &v->value, service.n ? &service : &none,
                       source.n ? &source : &none, at, finding);
    }
    return e;
}

/* The pages opened with an account: those of findings that name it, or of findings of the source it
 * was entered from that name no account, from the entry on. Two accounts of one source share what
 * was seen later: better one too many than a page kept quiet. */
static const char pages_sql[] =
    "SELECT p.value, sum(coalesce(p.n, 1)), min(p.spool_n) FROM finding f CROSS JOIN finding_value p ON "
    "p.finding_id = f.id AND p.kind = 'path' WHERE f.incident_id = ?1 AND f.kind = 'access_after' "
    "AND (p.first_at IS NULL OR ?4 = 0 OR p.first_at >= ?4) AND (EXISTS (SELECT 1 FROM "
    "finding_value a WHERE a.finding_id = f.id AND a.kind = 'account' AND a.value = ?2) OR (NOT "
    "EXISTS (SELECT 1 FROM finding_value a WHERE a.finding_id = f.id AND a.kind = 'account') AND "
    "EXISTS (SELECT 1 FROM finding_value s WHERE s.finding_id = f.id AND s.kind = 'source' AND "
    "s.value = ?3))) GROUP BY p.value ORDER BY min(p.first_at), p.value LIMIT 200";

void room_words_write(struct jsonw *w, const char *one, const char *both,
                      const struct room_words *words) {
    bool none = !words || (!words->ja.p && !words->en.p);
    jsonw_key(w, str_of(one));
    none ? jsonw_null(w) : jsonw_str(w, words->ja.p ? words->ja : words->en);
    jsonw_key(w, str_of(both));
    if (none) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    jsonw_key(w, STR("ja"));
    words->ja.p ? jsonw_str(w, words->ja) : jsonw_null(w);
    jsonw_key(w, STR("en"));
    words->en.p ? jsonw_str(w, words->en) : jsonw_null(w);
    jsonw_end(w);
}

static int write_pages(struct room *r, int64_t incident, struct sql_stmt *account, struct jsonw *w,
                       struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str name = sql_str(account, 1), service = sql_str(account, 2),
               source = sql_str(account, 3);
    int e = sql_query(r->db, &st, err, pages_sql, "issi", incident, &name, &source,
                      sql_i64(account, 4));
    jsonw_key(w, STR("pages"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        struct str path = sql_str(st, 0);
        jsonw_object(w);
        jsonw_kstr(w, "path", path);
        room_words_write(w, "kind", "kinds", room_policy_page(r->policy, service, path));
        jsonw_ki64(w, "n", sql_i64(st, 1));
        jsonw_key(w, STR("positions"));
        jsonw_array(w);
        if (!sql_is_null(st, 2))
            jsonw_i64(w, sql_i64(st, 2));
        jsonw_end(w);
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    return e;
}

static int write_positions(struct room *r, int64_t incident, struct str name, struct jsonw *w,
                           struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, err,
        "SELECT DISTINCT v.spool_n FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id "
        "WHERE f.incident_id = ?1 AND f.kind IN ('success_after','access_after') AND v.kind = "
        "'account' AND v.value = ?2 AND v.spool_n IS NOT NULL ORDER BY 1 LIMIT 50",
        "is", incident, &name);
    jsonw_key(w, STR("positions"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        jsonw_i64(w, sql_i64(st, 0));
        e = 0;
    }
    jsonw_end(w);
    return e;
}

/* Failed tries on one account: within one rule no event is counted twice, so the rule that saw most
 * says it. An account that no list names was not tried and failed, where the lists are whole. */
static int tries_of(struct room *r, int64_t incident, struct str name, struct jsonw *w,
                    struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_numbers numbers;
    int e = room_numbers(r, incident, &numbers, err);
    if (e == 0)
        e = sql_query(
            r->db, &st, err,
            "SELECT max(n) FROM (SELECT sum(v.n) AS n FROM finding_value v JOIN finding f "
            "ON f.id = v.finding_id WHERE f.incident_id = ?1 AND v.kind = 'account' "
            "AND v.value = ?2 AND v.n IS NOT NULL AND f.kind NOT IN "
            "('success_after','access_after') GROUP BY f.rule_id)",
            "is", incident, &name);
    if (e == 0)
        e = sql_step(st, err);
    jsonw_key(w, STR("tried"));
    if (e == 1 && (!sql_is_null(st, 0) || !numbers.counts.tried.at_least))
        jsonw_i64(w, sql_i64(st, 0));
    else
        jsonw_null(w);
    return e < 0 ? e : 0;
}

int room_accounts_pages(struct room *r, int64_t incident, room_page_fn *f, void *ctx,
                        struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(
        r->db, &st, reterr,
        "SELECT id, name, service, source, success_at FROM account WHERE incident_id = ?1 "
        "ORDER BY id LIMIT 200",
        "i", incident);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        CLEANUP(sql_endp) struct sql_stmt *page = NULL;
        struct str name = sql_str(st, 1), source = sql_str(st, 3);
        e = sql_query(r->db, &page, reterr, pages_sql, "issi", incident, &name, &source,
                      sql_i64(st, 4));
        while (e == 0 && (e = sql_step(page, reterr)) == 1) {
            f(ctx, sql_i64(st, 0), sql_str(st, 2), sql_str(page, 0));
            e = 0;
        }
    }
    return e;
}

static void opt_str(struct jsonw *w, const char *key, struct str s) {
    jsonw_key(w, str_of(key));
    s.n ? jsonw_str(w, s) : jsonw_null(w);
}

static int write_account(struct room *r, int64_t incident, struct sql_stmt *st, struct jsonw *w,
                         struct diag *err) {
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_kstr(w, "name", sql_str(st, 1));
    opt_str(w, "service", sql_str(st, 2));
    opt_str(w, "source", sql_str(st, 3));
    jsonw_ktime(w, "success_at", sql_is_null(st, 4) ? TIME_NONE : sql_i64(st, 4));
    int e = tries_of(r, incident, sql_str(st, 1), w, err);
    if (e == 0)
        e = write_pages(r, incident, st, w, err);
    if (e == 0)
        e = write_positions(r, incident, sql_str(st, 1), w, err);
    jsonw_kstr(w, "tlp", sql_str(st, 5));
    jsonw_kz(w, "info_class", "personal");
    jsonw_ki64(w, "version", sql_i64(st, 6));
    jsonw_end(w);
    return e;
}

int room_accounts_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_numbers numbers;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, name, service, source, success_at, tlp, version FROM "
                      "account WHERE incident_id = ?1 ORDER BY success_at DESC, id DESC LIMIT 1000",
                      "i", incident);
    jsonw_object(w);
    jsonw_key(w, STR("accounts"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1)
        e = write_account(r, incident, st, w, reterr);
    jsonw_end(w);
    if (e == 0)
        e = room_numbers(r, incident, &numbers, reterr);
    if (e == 0)
        room_count_write(w, "tried", &numbers.counts.tried);
    jsonw_end(w);
    return e;
}

/* Reports of people as pages are shown them. */
#include "room/person_report.h"

#include "base/hash.h"
#include "room/slip.h"

enum { STEP_S = 600, STEPS = 144 };

static void write_words(struct jsonw *w, const char *key, const struct room_words *x) {
    jsonw_key(w, str_of(key));
    jsonw_object(w);
    jsonw_kstr(w, "ja", x->ja);
    jsonw_kstr(w, "en", x->en);
    jsonw_end(w);
}

void room_report_kinds_write(const struct room *r, struct jsonw *w) {
    static const char *const langs[] = {"ja", "en"};
    jsonw_object(w);
    jsonw_key(w, STR("kinds"));
    jsonw_array(w);
    for (size_t i = 0; r->report_kinds && i < r->report_kinds->n; i++) {
        const struct room_reported_kind *k = &r->report_kinds->at[i];
        jsonw_object(w);
        jsonw_kstr(w, "id", k->id);
        jsonw_kstr(w, "icon", k->icon);
        jsonw_kz(w, "level", rule_level_to_string(k->level));
        write_words(w, "title", &k->title);
        write_words(w, "hint", &k->hint);
        jsonw_key(w, STR("now"));
        jsonw_object(w);
        for (size_t l = 0; l < ARRAY_SIZE(langs); l++) {
            jsonw_key(w, str_of(langs[l]));
            jsonw_array(w);
            for (size_t a = 0; a < k->n_now[l]; a++) {
                jsonw_object(w);
                jsonw_kstr(w, "do", k->now[l][a].what);
                jsonw_kstr(w, "more", k->now[l][a].more);
                jsonw_end(w);
            }
            jsonw_end(w);
        }
        jsonw_end(w);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
}

#define COLUMNS                                                                                                                                                      \
    "p.id, p.version, p.number, p.kind, p.service, p.text, p.contact, p.caller, p.channel, p.lang, p.photo, p.state, p.why, p.created_at, p.created_by, p.taken_at, " \
    "p.taken_by, p.ended_at, p.incident_id, i.number, (SELECT count(*) FROM slip_note n WHERE n.of = 'person_report' AND n.of_id = p.id AND n.kind = 'added') "      \
    "FROM person_report p LEFT JOIN incident i ON i.id = p.incident_id "

/* An open object with all but the notes. */
static void write_head(struct room *r, struct jsonw *w, struct sql_stmt *st) {
    static const char *const texts[] = {"number", "kind", "service", "text", "contact", "caller", "channel", "lang", "photo", "state", "why"};
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        jsonw_kstr(w, texts[i], sql_str(st, (int) i + 2));
    jsonw_ktime(w, "at", sql_i64(st, 13));
    jsonw_key(w, STR("by"));
    if (str_starts(sql_str(st, 14), STR("person:")))
        room_by_text(r, w, NULL, sql_str(st, 14));
    else
        jsonw_null(w);
    jsonw_ktime(w, "taken", sql_is_null(st, 15) ? TIME_NONE : sql_i64(st, 15));
    room_by_text(r, w, "taken_by", sql_str(st, 16));
    jsonw_ktime(w, "ended", sql_is_null(st, 17) ? TIME_NONE : sql_i64(st, 17));
    slip_case_write(w, st, 18);
    jsonw_ki64(w, "added", sql_i64(st, 20));
}

int room_reports_write(struct room *r, const struct room_actor *who, struct str state, int64_t incident, int64_t before, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str of = state.n ? state : STR("open");
    int64_t fresh = 0;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT " COLUMNS "WHERE (?1 = 'all' OR p.state = ?1 OR (?1 = 'open' AND p.state IN ('new', 'taken'))) AND (?2 = 0 OR p.incident_id = ?2) AND "
                      "(?3 = 0 OR p.id < ?3) ORDER BY p.id DESC",
                      "sii", &of, incident, before), n = 0;
    jsonw_object(w);
    jsonw_key(w, STR("reports"));
    jsonw_array(w);
    while (e >= 0 && n < REPORT_LISTED_MAX && (e = sql_step(st, reterr)) == 1) {
        e = room_may_read(r, who, OBJECT_PERSON_REPORT, sql_i64(st, 0), reterr);
        if (e != 1)
            continue;
        n++; /* of those the reader may see */
        fresh += str_eq_z(sql_str(st, 11), "new");
        write_head(r, w, st);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_ki64(w, "new", fresh);
    jsonw_end(w);
    return MIN(e, 0);
}

int room_report_write_one(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS "WHERE p.id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "there is no such report");
    write_head(r, w, st);
    e = slip_notes_write(r, OBJECT_PERSON_REPORT, id, w, reterr);
    jsonw_end(w);
    return e;
}

int room_report_photo(struct room *r, int64_t id, struct str digest, struct arena *a, struct room_photo *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    int e = sql_query(r->db, &st, reterr,
                      "SELECT type, bytes FROM report_photo WHERE digest = ?2 AND (EXISTS (SELECT 1 FROM person_report WHERE id = ?1 AND photo = ?2) OR EXISTS "
                      "(SELECT 1 FROM slip_note WHERE of = 'person_report' AND of_id = ?1 AND photo = ?2))",
                      "is", id, &digest);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "there is no such photo");
    ret->type = str_eq_z(sql_str(st, 0), "image/png") ? "image/png" : "image/jpeg";
    ret->bytes = arena_dup(a, sql_str(st, 1));
    if (!ret->bytes.p)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    sha256_of(ret->bytes, sum); /* the chain has the digest */
    hex_encode(sum, sizeof sum, hex);
    return str_eq_z(digest, hex) ? 0 : diag_set(reterr, -ERR_CORRUPT, "the photo is not the one that was sent");
}

static int count_kind(struct room *r, struct str kind, int64_t from_ns, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t counts[STEPS] = {0};
    int e = sql_query(r->db, &st, err,
                      "SELECT (p.created_at - ?2) / ?3 AS step, count(*) FROM person_report p LEFT JOIN incident i ON i.id = p.incident_id WHERE p.kind = ?1 AND "
                      "p.created_at >= ?2 AND coalesce(i.need_to_know, 0) = 0 GROUP BY step",
                      "sii", &kind, from_ns, (int64_t) STEP_S * NS_PER_S);
    while (e >= 0 && (e = sql_step(st, err)) == 1)
        if (sql_i64(st, 0) >= 0 && sql_i64(st, 0) < STEPS)
            counts[sql_i64(st, 0)] = sql_i64(st, 1);
    jsonw_object(w);
    jsonw_kstr(w, "kind", kind);
    jsonw_key(w, STR("counts"));
    jsonw_array(w);
    for (size_t i = 0; i < STEPS; i++)
        jsonw_i64(w, counts[i]);
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}

int room_report_counts_write(struct room *r, struct jsonw *w, struct diag *reterr) {
    int64_t step = (int64_t) STEP_S * NS_PER_S, from = (room_now(r) / step + 1 - STEPS) * step;
    int e = 0;
    jsonw_object(w);
    jsonw_ki64(w, "step_s", STEP_S);
    jsonw_ktime(w, "from", from);
    jsonw_key(w, STR("kinds"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && r->report_kinds && i < r->report_kinds->n; i++)
        e = count_kind(r, r->report_kinds->at[i].id, from, w, reterr);
    jsonw_end(w);
    jsonw_end(w);
    return e;
}

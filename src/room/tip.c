#include "room/tip.h"

#include "base/text.h"
#include "room/callout.h"
#include "room/campaign.h"
#include "room/incident.h"
#include "room/message.h"
#include "room/register_priv.h"
#include "room/slip.h"

static const char *const FROM[] = {"nco", "ministry", "jpcert", "police", "hosting", "isp", "partner", "other"};

/* ---- calling ---- */

/* What leaves by SMS and mail: of a slip that was told to few, its number only. */
static int call_duty(struct room *r, int64_t id, const char *number, struct str sender, struct str text, enum room_tlp tlp, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_TIP, .id = id, .version = ROOM_ANY_VERSION, .quiet = true};
    char told[600];
    int64_t callout = 0;
    bool few = tlp > TLP_AMBER;
    struct str shown = few ? STR("") : text_first(text, 300);
    snprintf(told, sizeof told, "外からの知らせ A tip from outside %s %.*s %.*s", number, few ? 0 : (int) MIN(sender.n, 100u), sender.p, STR_ARG(shown));
    struct room_callout x = {.purpose = "take", .kind = STR(""), .service = STR(""), .group = STR(""), .text = str_of(told), .question = STR("")};
    int e = room_callout_start(r, &room_system, &x, &callout, err);
    if (e == -ENOENT || e == -ERR_UNSUPPORTED) /* nobody is written down: the first page asks */
        return 0;
    return e < 0 ? e : room_write(r, &w, NULL, err, "UPDATE tip SET callout_id = ?2, called_at = coalesce(called_at, ?3) WHERE id = ?1", "iii", id, callout, room_now(r));
}

/* Somebody has it: nobody is called any more. */
static int end_calls(struct room *r, int64_t id, struct diag *err) {
    struct sql_stmt *st = NULL;
    int64_t callout = 0;
    int e = sql_query(r->db, &st, err, "SELECT c.id FROM tip t JOIN callout c ON c.id = t.callout_id AND c.state = 'calling' WHERE t.id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        callout = sql_i64(st, 0);
    sql_end(st);
    return e < 0 ? e : callout ? room_callout_taken(r, callout, err) : 0;
}

/* ---- entering ---- */

static int check_new(struct room *r, const struct room_tip_new *x, struct diag *err) {
    bool known = false;
    for (size_t i = 0; i < ARRAY_SIZE(FROM); i++)
        known |= str_eq_z(x->from, FROM[i]);
    if (!known)
        return diag_set(err, -EINVAL, "from");
    if (!str_trim(x->text).n || x->text.n > TIP_TEXT_MAX)
        return diag_set(err, -EINVAL, "text");
    if (x->sender.n > TIP_LINE_MAX || x->contact.n > TIP_LINE_MAX)
        return diag_set(err, -EINVAL, "a line is longer than %d bytes", TIP_LINE_MAX);
    return x->received_ns > room_now(r) ? diag_set(err, -EINVAL, "received") : 0;
}

static int put(struct room *r, const struct room_actor *by, const struct room_tip_new *x, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_TIP, .tlp = x->tlp, .owner = by->person};
    struct str from = x->from, sender = x->sender, contact = x->contact, text = x->text;
    char number[16];
    int e = slip_number(r, 'T', "SELECT max(CAST(substr(number, 8) AS INTEGER)) FROM tip WHERE substr(number, 1, 7) = ?1", number, err);
    if (e == 0)
        e = room_write(r, &w, ret_id, err,
                       "INSERT INTO tip(number, form, from_kind, sender, contact, channel, text, received_at, state, match_state) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'new', 'waiting')",
                       "zzssszsi", number, x->info ? "info" : "tip", &from, &sender, &contact, x->channel, &text, x->received_ns);
    if (e == 0)
        e = call_duty(r, *ret_id, number, sender, text, x->tlp, err);
    room_changed(r, "tip", *ret_id);
    room_changed(r, "now", 0);
    return e;
}

int room_tip_add(struct room *r, const struct room_actor *by, const struct room_tip_new *x, int64_t *ret_id, struct diag *reterr) {
    int e = check_new(r, x, reterr);
    if (e == 0)
        e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, put(r, by, x, ret_id, reterr), reterr);
}

/* ---- who handles it ---- */

int room_tip_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str to, struct str why, struct diag *reterr) {
    static const struct slip_table t = {.object = OBJECT_TIP, .name = "tip", .text_max = TIP_TEXT_MAX, .ended = end_calls, 
                                        .set = SLIP_SET("tip"), .keep = SLIP_KEEP("tip")};
    return slip_change(r, by, &t, id, version, to, why, reterr);
}

struct told {
    int64_t received_ns;
    enum room_tlp tlp;
    struct buf params;
};

static int load_told(struct room *r, int64_t id, struct told *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct jsonw w;
    int e = sql_query(r->db, &st, err, "SELECT received_at, tlp, number, from_kind, sender, form FROM tip WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "there is no such tip");
    int tlp = room_tlp_from_string(sql_str(st, 1));
    ret->received_ns = sql_i64(st, 0);
    ret->tlp = tlp < 0 ? TLP_RED : (enum room_tlp) tlp;
    jsonw_init(&w, &ret->params);
    jsonw_object(&w);
    jsonw_kstr(&w, "number", sql_str(st, 2));
    jsonw_kstr(&w, "from", sql_str(st, 3));
    jsonw_kstr(&w, "sender", sql_str(st, 4));
    jsonw_kstr(&w, "form", sql_str(st, 5));
    jsonw_end(&w);
    return buf_error(&ret->params);
}

static int join(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t *incident, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_TIP, .id = id, .version = version};
    struct told told = {0};
    char ref[40], name[ROOM_BY_CAP];
    snprintf(ref, sizeof ref, "tip:%lld", (long long) id);
    buf_init(&told.params, 65536);
    int e = load_told(r, id, &told, err);
    if (e == 0)
        e = slip_is_loose(r, OBJECT_TIP, id, version, err);
    struct slip_case c = {.title_key = "title.tip", .params = buf_str(&told.params), .kind = STR("tip"), .level = LEVEL_HIGH, .first_ns = told.received_ns};
    if (e == 0)
        e = slip_case_find(r, by, &c, incident, err);
    if (e == 0 && told.tlp > TLP_AMBER)
        e = room_incident_raise_tlp(r, &room_system, *incident, told.tlp, err);
    if (e == 0)
        e = room_write(r, &w, NULL, err,
                       "UPDATE tip SET incident_id = ?2, state = 'case', taken_at = coalesce(taken_at, ?3), taken_by = coalesce(taken_by, ?4), ended_at = ?3, ended_by = ?4 "
                       "WHERE id = ?1",
                       "iiiz", id, *incident, room_now(r), room_actor_format(by, name));
    struct room_entry x = {.incident = *incident, .at_ns = told.received_ns, .until_ns = TIME_NONE, .lane = "ciso_csirt", .kind = "contact", .key = "event.tip_attached",
                           .params = buf_str(&told.params), .ref = str_of(ref), .precision_s = -1};
    if (e == 0)
        e = room_timeline_put(r, by, &x, NULL, err);
    if (e == 0)
        e = room_ledger_person(r, by, *incident, err);
    if (e == 0)
        e = end_calls(r, id, err);
    buf_done(&told.params);
    room_changed(r, "tip", id);
    room_changed(r, "incident", *incident);
    room_changed(r, "now", 0);
    return e;
}

int room_tip_join(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t *incident, struct diag *reterr) {
    if (r->in_tx)
        return join(r, by, id, version, incident, reterr);
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, join(r, by, id, version, incident, reterr), reterr);
}

/* ---- answering, asking ---- */

struct slip_head {
    int64_t incident;
    char number[16], sender[TIP_LINE_MAX + 1];
};

static int load_head(struct room *r, int64_t id, struct slip_head *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT coalesce(incident_id, 0), number, sender FROM tip WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "there is no such tip");
    ret->incident = sql_i64(st, 0);
    snprintf(ret->number, sizeof ret->number, "%.*s", STR_ARG(sql_str(st, 1)));
    snprintf(ret->sender, sizeof ret->sender, "%.*s", STR_ARG(sql_str(st, 2)));
    return 0;
}

static int reply(struct room *r, const struct room_actor *by, int64_t id, struct str way, struct str address, struct str text, struct diag *err) {
    struct slip_head head;
    char subject[64];
    int64_t message = 0;
    int e = load_head(r, id, &head, err);
    snprintf(subject, sizeof subject, "お知らせへの返信 Re: your notice [%s]", e == 0 ? head.number : "");
    struct room_message_new m = {.way = way, .address = address, .who = str_of(head.sender), .subject = str_of(subject), .text = text, .incident = head.incident, .reply_to = STR("")};
    if (e == 0 && way.n)
        e = room_message_add(r, by, &m, &message, err);
    struct slip_note n = {.of = OBJECT_TIP, .of_id = id, .kind = "replied", .text = text, .message = message};
    if (e == 0)
        e = slip_note_put(r, by, &n, NULL, err);
    room_changed(r, "tip", id);
    return e;
}

int room_tip_reply(struct room *r, const struct room_actor *by, int64_t id, struct str way, struct str address, struct str text, struct diag *reterr) {
    if (!str_trim(text).n || text.n > TIP_TEXT_MAX)
        return diag_set(reterr, -EINVAL, "text");
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, reply(r, by, id, way, address, text, reterr), reterr);
}

/* The systems asked about, each with who answers for it. */
static int asked_systems(struct room *r, const int64_t *systems, size_t n, struct arena *a, struct room_campaign_target *at, size_t *ret_n, struct diag *err) {
    struct register_rows rows;
    int e = register_rows_load(r, STR("systems"), &rows, err);
    *ret_n = 0;
    for (size_t i = 0; e == 0 && i < rows.n; i++) {
        struct str who = STR("");
        bool asked = false;
        for (size_t k = 0; k < n; k++)
            asked |= rows.at[i]->id == systems[k];
        if (!asked || !json_get_str(rows.at[i]->values, "responsible", &who) || !who.n)
            continue;
        struct room_campaign_target *t = &at[(*ret_n)++];
        *t = (struct room_campaign_target){.name = arena_dup(a, rows.at[i]->name), .person = arena_dup(a, who), .what = STR("")};
        t->ref = t->name;
        e = t->name.p && t->person.p ? 0 : diag_set(err, -ENOMEM, "memory has run out");
    }
    register_rows_done(&rows);
    return e < 0 ? e : *ret_n ? 0 : diag_set(err, -EINVAL, "systems");
}

static int ask(struct room *r, const struct room_actor *by, int64_t id, const struct room_campaign_target *at, size_t n, struct str text, struct diag *err) {
    struct slip_head head;
    int64_t campaign;
    struct buf told;
    buf_init(&told, TIP_TEXT_MAX + 256);
    int e = load_head(r, id, &head, err);
    if (e == 0)
        buf_printf(&told, "[%s] %.*s", head.number, (int) MIN(text.n, (size_t) TIP_ASK_MAX), text.p);
    struct room_campaign_new x = {.incident = head.incident, .kind = STR("applies"), .title = STR(""), .text = buf_str(&told), .origin = str_of(head.number), .targets = at, .n_targets = n};
    if (e == 0)
        e = room_campaign_start(r, by, &x, &campaign, err);
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_TIP, .id = id, .version = ROOM_ANY_VERSION};
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE tip SET campaign_id = ?2, asked_at = coalesce(asked_at, ?3) WHERE id = ?1", "iii", id, campaign, room_now(r));
    struct slip_note note = {.of = OBJECT_TIP, .of_id = id, .kind = "asked", .text = text};
    if (e == 0)
        e = slip_note_put(r, by, &note, NULL, err);
    buf_done(&told);
    room_changed(r, "tip", id);
    return e;
}

int room_tip_ask(struct room *r, const struct room_actor *by, int64_t id, const int64_t *systems, size_t n, struct str text, struct diag *reterr) {
    struct room_campaign_target at[TIP_SYSTEMS_MAX];
    struct arena a;
    size_t n_at = 0;
    if (n > TIP_SYSTEMS_MAX || !str_trim(text).n || text.n > TIP_ASK_MAX)
        return diag_set(reterr, -EINVAL, n > TIP_SYSTEMS_MAX ? "systems" : "text");
    arena_init(&a, 1 << 20);
    int e = asked_systems(r, systems, n, &a, at, &n_at, reterr);
    if (e == 0)
        e = room_begin(r, reterr);
    if (e == 0)
        e = room_end(r, ask(r, by, id, at, n_at, text, reterr), reterr);
    arena_done(&a);
    return e;
}

/* ---- matching ---- */

int room_tip_due(struct room *r, struct arena *a, struct room_tip_due *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT id, number, CASE sender WHEN '' THEN from_kind ELSE sender END, text, tlp FROM tip WHERE match_state = 'waiting' ORDER BY id LIMIT 1",
                      "");
    if (e == 0)
        e = sql_step(st, reterr);
    if (e != 1)
        return e;
    int tlp = room_tlp_from_string(sql_str(st, 4));
    *ret = (struct room_tip_due){.id = sql_i64(st, 0), .until_ns = room_now(r) + 365 * NS_PER_DAY, .number = arena_dup(a, sql_str(st, 1)), .source = arena_dup(a, sql_str(st, 2)),
                                 .text = arena_dup(a, sql_str(st, 3)), .tlp = tlp < 0 ? TLP_RED : (enum room_tlp) tlp};
    return ret->number.p && ret->source.p && ret->text.p ? 1 : diag_set(reterr, -ENOMEM, "memory has run out");
}

static struct room_write of_tip(int64_t id) {
    return (struct room_write){.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_TIP, .id = id, .version = ROOM_ANY_VERSION, .quiet = true};
}

int room_tip_drawn(struct room *r, int64_t id, int64_t import, const struct json_value *answer, struct diag *reterr) {
    const struct json_value *sample = answer ? json_get_array(answer, "sample") : NULL;
    struct room_write w = of_tip(id);
    struct str kind, value, json;
    int64_t fresh = 0, known = 0, refused = 0, n = 0;
    struct buf b;
    struct jsonw j;
    if (answer) {
        IGNORE(json_get_i64(answer, "new", &fresh));
        IGNORE(json_get_i64(answer, "known", &known));
        IGNORE(json_get_i64(answer, "refused_total", &refused));
    }
    buf_init(&b, 1 << 20);
    jsonw_init(&j, &b);
    jsonw_array(&j);
    for (const struct json_value *v = sample ? sample->first : NULL; v && n < TIP_INDICATORS_SHOWN; v = v->next)
        if (json_get_str(v, "kind", &kind) && json_get_str(v, "value", &value)) {
            jsonw_object(&j);
            jsonw_kstr(&j, "kind", kind);
            jsonw_kstr(&j, "value", value);
            jsonw_end(&j);
            n++;
        }
    jsonw_end(&j);
    json = buf_str(&b);
    int e = buf_error(&b);
    if (e == 0)
        e = room_begin(r, reterr);
    if (e == 0)
        e = room_end(r, room_write(r, &w, NULL, reterr,
                                   "UPDATE tip SET match_state = ?2, import_id = nullif(?3, 0), indicators = ?4, indicators_n = ?5, refused_n = ?6, matched_at = CASE WHEN ?3 = 0 "
                                   "THEN ?7 END WHERE id = ?1",
                                   "izisiii", id, import ? "hunting" : "none", import, &json, fresh + known, refused, room_now(r)),
                     reterr);
    buf_done(&b);
    return e;
}

/* The hunt that was begun for its import (past.c) has ended. */
static int take_hunts(struct room *r, struct diag *err) {
    for (int i = 0; i < 20; i++) {
        struct sql_stmt *st = NULL;
        int64_t id = 0, hunt = 0;
        int e = sql_query(r->db, &st, err,
                          "SELECT t.id, h.id FROM tip t JOIN hunt h ON json_extract(h.result, '$.kind') = 'indicators' AND json_extract(h.result, '$.import') = t.import_id AND "
                          "h.state <> 'running' WHERE t.match_state = 'hunting' ORDER BY h.id DESC LIMIT 1",
                          "");
        if (e == 0)
            e = sql_step(st, err);
        if (e == 1) {
            id = sql_i64(st, 0);
            hunt = sql_i64(st, 1);
        }
        sql_end(st);
        if (e <= 0)
            return e;
        struct room_write w = of_tip(id);
        e = room_begin(r, err);
        if (e == 0)
            e = room_end(r, room_write(r, &w, NULL, err,
                                       "UPDATE tip SET (match_state, found, first_at, last_at) = (SELECT state, found, first_at, last_at FROM hunt WHERE id = ?2), hunt_id = ?2, "
                                       "matched_at = ?3 WHERE id = ?1",
                                       "iii", id, hunt, room_now(r)),
                         err);
        room_changed(r, "tip", id);
        if (e < 0)
            return e;
    }
    return 0;
}

/* ---- nobody has taken it ---- */

static int call_again(struct room *r, struct diag *err) {
    struct sql_stmt *st = NULL;
    struct arena a;
    int64_t id = 0;
    char number[16] = "";
    struct str sender = STR(""), text = STR("");
    int tlp = TLP_RED;
    int e = sql_query(r->db, &st, err,
                      "SELECT t.id, t.number, t.sender, t.text, t.tlp FROM tip t LEFT JOIN callout c ON c.id = t.callout_id WHERE t.state = 'new' AND (c.id IS NULL AND "
                      "t.tried_at < ?1 OR c.state <> 'calling' AND c.ended_at <= ?1) ORDER BY t.id LIMIT 1",
                      "i", room_now(r) - TIP_AGAIN_MINUTES * NS_PER_MIN);
    arena_init(&a, 1 << 20);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        id = sql_i64(st, 0);
        snprintf(number, sizeof number, "%.*s", STR_ARG(sql_str(st, 1)));
        sender = arena_dup(&a, sql_str(st, 2));
        text = arena_dup(&a, sql_str(st, 3));
        tlp = room_tlp_from_string(sql_str(st, 4));
    }
    sql_end(st);
    if (e == 1 && (e = room_begin(r, err)) == 0) {
        struct room_write w = of_tip(id);
        e = room_write(r, &w, NULL, err, "UPDATE tip SET tried_at = ?2 WHERE id = ?1", "ii", id, room_now(r));
        if (e == 0)
            e = call_duty(r, id, number, sender, text, tlp < 0 ? TLP_RED : (enum room_tlp) tlp, err);
        room_changed(r, "tip", id);
        e = room_end(r, e, err);
    }
    arena_done(&a);
    return MIN(e, 0);
}

int room_tips_tick(struct room *r, struct diag *reterr) {
    int e = take_hunts(r, reterr);
    return e == 0 ? call_again(r, reterr) : e;
}

#include "room/mail_report.h"

#include "base/limits.h"
#include "base/text.h"
#include "room/incident_priv.h"
#include "room/hunt_mail.h"
#include "room/message.h"
#include "room/outgoing.h"
#include "room/write.h"

enum { LIST_MAX = 200 };

static const char answer_text[] =
    "怪しいメールのご報告を受け取りました。受付番号は R-%lld です。\n"
    "\n"
    "してください:\n"
    "・リンクや添付を開いた、情報を入力した場合は、すぐに電話で担当へ知らせてください。\n"
    "・開いた端末はネットワークから切り離し、電源は切らないでください。\n"
    "しないでください:\n"
    "・リンクや添付を(もう一度)開くこと、差出人に返信すること、転送で広めること、メールを消すこと。\n"
    "\n"
    "Thank you for reporting a suspicious mail. Its number is R-%lld.\n"
    "Do: if you opened a link or an attachment, or typed something in, call the people in charge now; disconnect that\n"
    "machine from the network and leave it switched on.\n"
    "Do not: open links or attachments (again), answer the sender, forward it to others, delete it.\n"
    "\n"
    "(自動で送っています / sent by a machine)\n";

/* Names of what was attached, a line; the bytes are not kept. */
static struct str names_of_files(struct arena *a, const struct json_value *mail) {
    const struct json_value *files = json_get_array(mail, "files");
    struct str all = STR(""), name;
    for (const struct json_value *v = files ? files->first : NULL; v && all.p; v = v->next)
        if (json_get_str(v, "name", &name))
            all = arena_printf(a, "%.*s%s[%.*s]", STR_ARG(all), all.n ? " " : "", STR_ARG(text_first(name, 200)));
    return all.p ? all : STR("");
}

static int answers_request(struct room *r, const struct json_value *mail, bool human, struct diag *err) {
    struct outgoing_mail x = {.human = human};
    struct arena a;
    if (!json_get_str(mail, "subject", &x.subject) || !json_get_str(mail, "from_address", &x.from) || !json_get_str(mail, "text", &x.text))
        return 0;
    x.in_reply_to = STR("");
    (void) json_get_str(mail, "in_reply_to", &x.in_reply_to);
    arena_init(&a, 1 << 20);
    x.files = names_of_files(&a, mail);
    int e = room_outgoing_answered(r, &x, err);
    arena_done(&a);
    return e;
}

/* An answer to one of our own messages, or a machine's word about one: 1 when it was that. */
static int about_ours(struct room *r, const struct json_value *report, const struct json_value *mail, struct diag *err) {
    struct str id;
    bool human = false, machine = false;
    IGNORE(json_get_bool(report, "answer", &human));
    IGNORE(json_get_bool(mail, "report", &machine));
    int asked = machine ? 0 : answers_request(r, mail, human, err);
    if (asked != 0)
        return asked;
    if (human && json_get_str(mail, "in_reply_to", &id) && id.n) {
        int e = room_message_answered(r, id, false, err);
        return e == 0 ? 1 : e == -ENOENT ? 0 : e;
    }
    const struct json_value *inner = machine ? json_get_array(mail, "inner") : NULL;
    for (const struct json_value *m = inner ? inner->first : NULL; m; m = m->next)
        if (json_get_str(m, "message_id", &id) && id.n) {
            int e = room_message_answered(r, id, true, err);
            if (e != -ENOENT)
                return e == 0 ? 1 : e;
        }
    return 0;
}

static int one_i64(struct room *r, int64_t *ret, struct diag *err, const char *sql, struct str *text, int64_t n) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, sql, "si", text, n);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

static int answer(struct room *r, int64_t number, struct str reporter, struct str subject, struct str message_id, struct str way, struct diag *err) {
    char text[4096], title[700];
    int64_t lately, id;
    int e = one_i64(r, &lately, err, "SELECT count(*) FROM message WHERE address = ?1 AND reply_to <> '' AND created_at > ?2", &reporter, room_now(r) - NS_PER_HOUR);
    if (e < 0 || lately >= ROOM_MAIL_ANSWERS_AN_HOUR)
        return e;
    snprintf(text, sizeof text, answer_text, (long long) number, (long long) number);
    struct str shown = text_first(subject, 300);
    snprintf(title, sizeof title, "Re: %.*s [R-%lld]", STR_ARG(shown), (long long) number);
    for (char *p = title; *p; p++)
        if ((unsigned char) *p < ' ' || *p == 0x7f)
            *p = ' ';
    struct room_message_new m = {.way = way, .address = reporter, .who = reporter, .subject = str_of(title), .text = str_of(text), .reply_to = message_id.n ? message_id : STR("unknown")};
    return room_message_add(r, &room_system, &m, &id, err);
}

struct report {
    struct str key, same, json, reporter, subject, title, message_id;
    const struct json_value *suspect;
    bool answer;
};

static int add(struct room *r, const struct report *x, struct str way, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CREATE, .object = OBJECT_MAIL, .tlp = TLP_AMBER};
    struct str key = x->key, same = x->same, json = x->json, reporter = x->reporter, title = x->title;
    int64_t first, id;
    int e = one_i64(r, &first, err, "SELECT id FROM mail_report WHERE same = ?1 AND folded_into IS NULL AND created_at > ?2", &same, room_now(r) - 30 * NS_PER_DAY);
    if (e == 0)
        e = room_write(r, &w, &id, err, "INSERT INTO mail_report(key, same, reporter, subject, doc, folded_into) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", "sssssI", &key, &same,
                       &reporter, &title, &json, first ? &first : NULL);
    if (e == 0 && !first)
        e = room_hunt_mail_begin(r, id, reporter, x->suspect, err);
    if (e == 0 && x->answer && way.n)
        e = answer(r, first ? first : id, reporter, x->subject, x->message_id, way, err);
    if (e == 0)
        room_changed(r, "mail_report", id);
    return e;
}

int room_mail_take(struct room *r, const struct json_value *report, struct str json, struct str way, struct diag *reterr) {
    const struct json_value *mail = json_get_object(report, "mail"), *inner = mail ? json_get_array(mail, "inner") : NULL, *suspect = inner && inner->first ? inner->first : mail;
    struct report x = {.json = json, .suspect = suspect};
    int64_t known;
    if (!mail || !json_get_str(report, "key", &x.key) || !json_get_str(report, "same", &x.same) || !json_get_bool(report, "answer", &x.answer) ||
        !json_get_str(mail, "from_address", &x.reporter) || !json_get_str(mail, "subject", &x.subject) || !json_get_str(mail, "message_id", &x.message_id) ||
        !json_get_str(suspect, "subject", &x.title))
        return diag_set(reterr, -ERR_PARSE, "no report of a mail");
    int e = one_i64(r, &known, reterr, "SELECT id FROM mail_report WHERE key = ?1 AND ?2 = 0", &x.key, 0);
    if (e < 0 || known)
        return e;
    if ((e = about_ours(r, report, mail, reterr)) != 0)
        return MIN(e, 0);
    if ((e = room_begin(r, reterr)) < 0)
        return e;
    return room_end(r, add(r, &x, way, reterr), reterr);
}

/* ---- on a case ---- */

#define SUSPECT "coalesce(json_extract(doc, '$.mail.inner[0]'), json_extract(doc, '$.mail'))"

struct told {
    int64_t at_ns;
    struct buf params; /* of the texts: n, subject, from, reports */
};

static int load_told(struct room *r, int64_t id, struct told *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct jsonw w;
    int e = sql_query(r->db, &st, err,
                      "SELECT created_at, subject, json_extract(" SUSPECT ", '$.from_address'), folded_into, (SELECT count(*) FROM mail_report o WHERE o.folded_into = ?1) "
                      "FROM mail_report WHERE id = ?1",
                      "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "there is no such report");
    if (!sql_is_null(st, 3))
        return diag_set(err, -EINVAL, "the report is part of report %lld", (long long) sql_i64(st, 3));
    ret->at_ns = sql_i64(st, 0);
    jsonw_init(&w, &ret->params);
    jsonw_object(&w);
    jsonw_ki64(&w, "report", id);
    jsonw_kstr(&w, "subject", sql_str(st, 1));
    jsonw_kstr(&w, "from", sql_str(st, 2));
    jsonw_ki64(&w, "n", sql_i64(st, 4) + 1);
    jsonw_end(&w);
    return buf_error(&ret->params);
}

static int is_open(struct room *r, int64_t incident, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT state FROM incident WHERE id = ?1", "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "there is no such case");
    return str_eq_z(sql_str(st, 0), "open") ? 0 : diag_set(err, -EBUSY, "closed");
}

static int attach(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t *incident, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_MAIL, .id = id, .version = version};
    struct told told = {0};
    char ref[40], detail[48];
    snprintf(ref, sizeof ref, "mail:%lld", (long long) id);
    buf_init(&told.params, 65536);
    int e = load_told(r, id, &told, err);
    if (e == 0)
        e = *incident ? is_open(r, *incident, err) : room_incident_open_told(r, by, "title.mail_report", buf_str(&told.params), told.at_ns, incident, err);
    snprintf(detail, sizeof detail, "{\"incident\":%lld}", (long long) *incident);
    w.detail = str_of(detail);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE mail_report SET incident_id = ?2 WHERE id = ?1", "ii", id, *incident);
    struct room_entry x = {.incident = *incident, .at_ns = told.at_ns, .until_ns = TIME_NONE, .lane = "ciso_csirt", .kind = "notice", .key = "event.mail_attached",
                           .params = buf_str(&told.params), .ref = str_of(ref), .precision_s = -1};
    if (e == 0)
        e = room_timeline_put(r, by, &x, NULL, err);
    if (e == 0)
        e = room_ledger_person(r, by, *incident, err);
    buf_done(&told.params);
    room_changed(r, "mail_report", id);
    room_changed(r, "incident", *incident);
    return e;
}

int room_mail_attach(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t *incident, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, attach(r, by, id, version, incident, reterr), reterr);
}

/* ---- shown ---- */

static void write_case(struct jsonw *w, struct sql_stmt *st, int column) {
    jsonw_key(w, STR("incident"));
    if (sql_is_null(st, column)) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, column));
    jsonw_kstr(w, "number", sql_str(st, column + 1));
    jsonw_end(w);
}

static void write_head(struct jsonw *w, struct sql_stmt *st) {
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_kstr(w, "subject", sql_str(st, 1));
    jsonw_kstr(w, "reporter", sql_str(st, 2));
    jsonw_ktime(w, "at", sql_i64(st, 3));
    jsonw_ki64(w, "others", sql_i64(st, 4));
    jsonw_kbool(w, "forwarded", sql_i64(st, 5) > 0);
    jsonw_kstr(w, "from", sql_str(st, 6));
    write_case(w, st, 7);
    jsonw_end(w);
}

int room_mails_write(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, subject, reporter, created_at, (SELECT count(*) FROM mail_report o WHERE o.folded_into = m.id), json_array_length(doc, '$.mail.inner'), "
                      "json_extract(" SUSPECT ", '$.from_address'), incident_id, (SELECT number FROM incident i WHERE i.id = incident_id) "
                      "FROM mail_report m WHERE folded_into IS NULL ORDER BY id DESC",
                      ""), n = 0;
    jsonw_object(w);
    jsonw_key(w, STR("reports"));
    jsonw_array(w);
    while (e >= 0 && n < LIST_MAX && (e = sql_step(st, reterr)) == 1) {
        e = room_may_read(r, who, OBJECT_MAIL, sql_i64(st, 0), reterr);
        if (e == 1) {
            write_head(w, st);
            n++; /* of those the reader may see */
        }
    }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}

int room_mail_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, reporter, created_at, doc, version, incident_id, (SELECT number FROM incident i WHERE i.id = incident_id) FROM mail_report WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "there is no such report");
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 4));
    write_case(w, st, 5);
    jsonw_kstr(w, "reporter", sql_str(st, 1));
    jsonw_ktime(w, "at", sql_i64(st, 2));
    jsonw_key(w, STR("report"));
    jsonw_raw(w, sql_str(st, 3));
    jsonw_key(w, STR("others"));
    jsonw_array(w);
    CLEANUP(sql_endp) struct sql_stmt *more = NULL;
    e = sql_query(r->db, &more, reterr, "SELECT reporter, created_at FROM mail_report WHERE folded_into = ?1 ORDER BY id LIMIT 1000", "i", id);
    while (e >= 0 && (e = sql_step(more, reterr)) == 1) {
        jsonw_object(w);
        jsonw_kstr(w, "reporter", sql_str(more, 0));
        jsonw_ktime(w, "at", sql_i64(more, 1));
        jsonw_end(w);
    }
    jsonw_end(w);
    if (e >= 0)
        e = room_hunt_mail_write(r, id, w, reterr);
    jsonw_end(w);
    return MIN(e, 0);
}

#include "room/info_report.h"

#include "room/form_case.h"
#include "room/slip.h"

#define FORM "ci-information" /* content/forms and content/obligations */

static const char *const KINDS[] = {"incident", "near_miss", "sign"};
/* In order; each has a column of its time. */
static const struct {
    const char *name, *set;
} STAGES[] = {
    {"draft", NULL},
    {"sent", "UPDATE info_report SET stage = 'sent', sent_at = ?2 WHERE id = ?1"},
    {"received", "UPDATE info_report SET stage = 'received', received_at = ?2 WHERE id = ?1"},
    {"forwarded", "UPDATE info_report SET stage = 'forwarded', forwarded_at = ?2 WHERE id = ?1"},
    {"closed", "UPDATE info_report SET stage = 'closed', closed_at = ?2 WHERE id = ?1"},
};

static int stage_of(struct str s) {
    for (size_t i = 0; i < ARRAY_SIZE(STAGES); i++)
        if (str_eq_z(s, STAGES[i].name))
            return (int) i;
    return -1;
}

static int check(struct room *r, const struct room_info_new *x, struct diag *err) {
    bool known = false;
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
        known |= str_eq_z(x->kind, KINDS[i]);
    if (!known)
        return diag_set(err, -EINVAL, "kind");
    if (!str_trim(x->subject).n || x->subject.n > INFO_LINE_MAX)
        return diag_set(err, -EINVAL, "subject");
    if (x->text.n > INFO_TEXT_MAX || x->to.n > INFO_LINE_MAX)
        return diag_set(err, -EINVAL, "text");
    return x->aware_ns > room_now(r) ? diag_set(err, -EINVAL, "aware") : 0;
}

static int put(struct room *r, const struct room_actor *by, const struct room_info_new *x, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_INFO, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    struct str kind = x->kind, subject = x->subject, text = x->text, to = x->to;
    char number[16];
    int e = x->follows ? room_may_read(r, by, OBJECT_INFO, x->follows, err) : 1;
    if (e == 1 && x->incident)
        e = room_may_read(r, by, OBJECT_INCIDENT, x->incident, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no such row");
    e = slip_number(r, 'J', "SELECT max(CAST(substr(number, 8) AS INTEGER)) FROM info_report WHERE substr(number, 1, 7) = ?1", number, err);
    if (e == 0)
        e = room_write(r, &w, ret_id, err,
                       "INSERT INTO info_report(number, kind, subject, text, addressee, aware_at, incident_id, follows_id, part, stage) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'draft')",
                       "zssssiIIz", number, &kind, &subject, &text, &to, x->aware_ns, x->incident ? &x->incident : NULL, x->follows ? &x->follows : NULL,
                       !x->follows ? "first" : x->final ? "final" : "follow_up");
    room_changed(r, "info_report", *ret_id);
    return e;
}

int room_info_add(struct room *r, const struct room_actor *by, const struct room_info_new *x, int64_t *ret_id, struct diag *reterr) {
    int e = check(r, x, reterr);
    if (e == 0)
        e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, put(r, by, x, ret_id, reterr), reterr);
}

struct standing {
    int64_t incident, last_ns;
    int stage;
    bool first;
    char number[16], to[INFO_LINE_MAX + 1];
};

static int load(struct room *r, int64_t id, struct standing *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT stage, coalesce(incident_id, 0), coalesce(forwarded_at, received_at, sent_at, aware_at), number, part = 'first', addressee FROM info_report WHERE id = ?1", "i",
                      id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "there is no such report");
    *ret = (struct standing){.incident = sql_i64(st, 1), .last_ns = sql_i64(st, 2), .stage = stage_of(sql_str(st, 0)), .first = sql_i64(st, 4) != 0};
    snprintf(ret->to, sizeof ret->to, "%.*s", STR_ARG(sql_str(st, 5)));
    snprintf(ret->number, sizeof ret->number, "%.*s", STR_ARG(sql_str(st, 3)));
    return 0;
}

static int note_sent(struct room *r, const struct room_actor *by, const struct standing *s, int64_t id, const char *stage, int64_t at_ns, struct diag *err) {
    char params[80], ref[40];
    int n = snprintf(params, sizeof params, "{\"number\":\"%s\",\"stage\":\"%s\"}", s->number, stage);
    snprintf(ref, sizeof ref, "info:%lld", (long long) id);
    struct room_entry x = {.incident = s->incident, .at_ns = at_ns, .until_ns = TIME_NONE, .lane = "ciso_csirt", .kind = "contact", .key = "event.info_stage",
                           .params = str_n(params, (size_t) n), .ref = str_of(ref), .precision_s = -1};
    return s->incident ? room_timeline_put(r, by, &x, NULL, err) : 0;
}

/* What the form said is sealed as it is sent. An office without that form tells its words. */
static int submit(struct room *r, const struct room_actor *by, const struct standing *s, int64_t id, int64_t at_ns, struct str how, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_INFO, .id = id, .version = ROOM_ANY_VERSION, .quiet = true};
    struct room_submission x = {.incident = s->incident, .at_ns = at_ns, .form = STR(FORM), .obligation = STR(FORM), .report = s->first ? STR("first") : STR("follow-up"),
                                .to = str_of(s->to), .how = how, .note = str_of(s->number)};
    int64_t submission;
    if (!s->incident || !room_form_find(r, x.form, NULL, NULL))
        return 0;
    int e = room_submission_add(r, by, &x, &submission, err);
    return e < 0 ? e : room_write(r, &w, NULL, err, "UPDATE info_report SET submission_id = ?2 WHERE id = ?1", "ii", id, submission);
}

static int move(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str stage, int64_t at_ns, struct str how, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_INFO, .id = id, .version = version};
    struct standing s = {0};
    char kind[24];
    int to = stage_of(stage), e = load(r, id, &s, err);
    if (e == 0 && to < 1)
        e = diag_set(err, -EINVAL, "stage");
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, err, STAGES[to].set, "ii", id, at_ns); /* another version is refused first */
    if (e == 0 && to != s.stage + 1)
        e = diag_set(err, -EBUSY, "%s", STAGES[s.stage].name);
    if (e == 0 && (at_ns < s.last_ns || at_ns > room_now(r)))
        e = diag_set(err, -EINVAL, "at");
    snprintf(kind, sizeof kind, "stage_%s", STAGES[to].name);
    struct slip_note n = {.of = OBJECT_INFO, .of_id = id, .kind = kind, .text = how, .at_ns = at_ns};
    if (e == 0)
        e = slip_note_put(r, by, &n, NULL, err);
    if (e == 0 && str_eq_z(stage, "sent"))
        e = submit(r, by, &s, id, at_ns, how, err);
    if (e == 0)
        e = note_sent(r, by, &s, id, STAGES[to].name, at_ns, err);
    room_changed(r, "info_report", id);
    return e;
}

int room_info_stage(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str stage, int64_t at_ns, struct str how, struct diag *reterr) {
    if (how.n > INFO_TEXT_MAX)
        return diag_set(reterr, -EINVAL, "how");
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, move(r, by, id, version, stage, at_ns == TIME_NONE ? room_now(r) : at_ns, how, reterr), reterr);
}

static int edit(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_info_new *x, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_INFO, .id = id, .version = version};
    struct str kind = x->kind, subject = x->subject, text = x->text, to = x->to;
    struct standing s = {0};
    int e = load(r, id, &s, err);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE info_report SET kind = ?2, subject = ?3, text = ?4, addressee = ?5, aware_at = ?6 WHERE id = ?1", "issssi", id, &kind, &subject,
                       &text, &to, x->aware_ns);
    room_changed(r, "info_report", id);
    return e == 0 && s.stage > 0 ? diag_set(err, -EBUSY, "%s", STAGES[s.stage].name) : e;
}

int room_info_edit(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_info_new *x, struct diag *reterr) {
    int e = check(r, x, reterr);
    if (e == 0)
        e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, edit(r, by, id, version, x, reterr), reterr);
}

/* ---- shown ---- */

#define COLUMNS                                                                                                                                                    \
    "p.id, p.version, p.number, p.kind, p.subject, p.text, p.addressee, p.stage, p.aware_at, p.sent_at, p.received_at, p.forwarded_at, p.closed_at, p.incident_id, " \
    "i.number, f.id, f.number, p.created_by, p.part FROM info_report p LEFT JOIN incident i ON i.id = p.incident_id LEFT JOIN info_report f ON f.id = p.follows_id "

static void write_head(struct room *r, struct jsonw *w, struct sql_stmt *st) {
    static const char *const texts[] = {"number", "kind", "subject", "text", "to", "stage"}, *const times[] = {"aware", "sent", "received", "forwarded", "closed"};
    /* how long it lay: with the operator, on the way, at the ministry, at the office; of the last one until now */
    static const char *const spent[] = {"operator_s", "way_s", "ministry_s", "office_s"};
    int64_t at[5];
    bool running = true;
    jsonw_object(w);
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        jsonw_kstr(w, texts[i], sql_str(st, (int) i + 2));
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        at[i] = sql_is_null(st, (int) i + 8) ? TIME_NONE : sql_i64(st, (int) i + 8);
        jsonw_ktime(w, times[i], at[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(spent); i++) {
        jsonw_key(w, str_of(spent[i]));
        if (at[i + 1] != TIME_NONE)
            jsonw_i64(w, (at[i + 1] - at[i]) / NS_PER_S);
        else if (running && at[i] != TIME_NONE)
            jsonw_i64(w, (room_now(r) - at[i]) / NS_PER_S);
        else
            jsonw_null(w);
        running &= at[i + 1] != TIME_NONE;
    }
    slip_case_write(w, st, 13);
    jsonw_key(w, STR("follows"));
    if (sql_is_null(st, 15)) {
        jsonw_null(w);
    } else {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 15));
        jsonw_kstr(w, "number", sql_str(st, 16));
        jsonw_end(w);
    }
    room_by_text(r, w, "by", sql_str(st, 17));
    jsonw_kstr(w, "part", sql_str(st, 18));
}

int room_infos_write(struct room *r, const struct room_actor *who, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS "ORDER BY p.id DESC LIMIT ?1", "i", (int64_t) INFO_LISTED_MAX);
    jsonw_object(w);
    jsonw_key(w, STR("infos"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        e = room_may_read(r, who, OBJECT_INFO, sql_i64(st, 0), reterr);
        if (e != 1)
            continue;
        write_head(r, w, st);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}

/* ---- what a supplement says otherwise ---- */

static int read_doc(struct room *r, const char *sql, int64_t id, struct arena *a, const struct json_value **ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct json_value *doc = NULL;
    int e = sql_query(r->db, &st, err, sql, "i", id);
    *ret = NULL;
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0 || sql_is_null(st, 0))
        return MIN(e, 0);
    struct str text = arena_dup(a, sql_str(st, 0));
    e = text.p ? json_parse(a, text, &doc, err) : -ENOMEM;
    *ret = e == 0 ? json_get_array(doc, "fields") : NULL;
    return e;
}

static int current_doc(struct room *r, int64_t incident, struct arena *a, const struct json_value **ret, struct diag *err) {
    struct json_value *doc = NULL;
    struct buf b;
    int64_t number;
    buf_init(&b, 4 << 20);
    int e = room_form_doc(r, incident, STR(FORM), &b, &number, err);
    struct str text = e == 0 ? arena_dup(a, buf_str(&b)) : STR_NULL;
    buf_done(&b);
    if (e == 0)
        e = text.p ? json_parse(a, text, &doc, err) : -ENOMEM;
    *ret = e == 0 ? json_get_array(doc, "fields") : NULL;
    return e;
}

static struct str said_of(const struct json_value *fields, struct str cell, struct str item) {
    struct str c, i, text = STR("");
    for (const struct json_value *v = fields ? fields->first : NULL; v; v = v->next)
        if (json_get_str(v, "cell", &c) && json_get_str(v, "item", &i) && str_eq(c, cell) && str_eq(i, item) && json_get_str(v, "text", &text))
            return text;
    return STR("");
}

static void write_changes(struct jsonw *w, const struct json_value *was, const struct json_value *is) {
    struct str cell, item, text;
    jsonw_key(w, STR("changes"));
    jsonw_array(w);
    for (const struct json_value *v = is ? is->first : NULL; v && was; v = v->next) {
        if (!json_get_str(v, "cell", &cell) || !json_get_str(v, "item", &item) || !json_get_str(v, "text", &text) || str_eq(said_of(was, cell, item), text))
            continue;
        jsonw_object(w);
        jsonw_kstr(w, "item", item);
        jsonw_kstr(w, "was", said_of(was, cell, item));
        jsonw_kstr(w, "is", text);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static int changes(struct room *r, int64_t id, int64_t incident, struct jsonw *w, struct diag *err) {
    /* before it: the last that was sent of this case and form, or before its own submission */
    static const char was_sql[] = "SELECT s.doc FROM info_report p JOIN submission s ON s.incident_id = p.incident_id AND s.form = '" FORM "' AND s.id < "
                                  "coalesce(p.submission_id, 9223372036854775807) WHERE p.id = ?1 ORDER BY s.id DESC LIMIT 1";
    static const char is_sql[] = "SELECT s.doc FROM info_report p JOIN submission s ON s.id = p.submission_id WHERE p.id = ?1";
    const struct json_value *was = NULL, *is = NULL;
    struct arena a;
    arena_init(&a, (size_t) 16 << 20);
    int e = incident ? read_doc(r, was_sql, id, &a, &was, err) : 0;
    if (e == 0 && was)
        e = read_doc(r, is_sql, id, &a, &is, err);
    if (e == 0 && was && !is && room_form_find(r, STR(FORM), NULL, NULL))
        e = current_doc(r, incident, &a, &is, err);
    write_changes(w, was, is);
    arena_done(&a);
    return e;
}

int room_info_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " COLUMNS "WHERE p.id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "there is no such report");
    write_head(r, w, st);
    e = changes(r, id, sql_is_null(st, 13) ? 0 : sql_i64(st, 13), w, reterr);
    if (e == 0)
        e = slip_notes_write(r, OBJECT_INFO, id, w, reterr);
    jsonw_end(w);
    return e;
}

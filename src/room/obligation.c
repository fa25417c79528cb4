/* See obligation.h. */
#include "room/obligation.h"

#include "room/callout.h"
#include "room/datafile.h"
#include "room/duty_priv.h"
#include "room/incident_priv.h"
#include "room/policy.h"

/* ---- the files ---- */

int room_obligation_put(struct room *r, const struct room_actor *by, struct str source, const char *file, const char *origin, int64_t *ret_id,
                        struct diag *reterr) {
    struct room_datafile x = {.kind = "obligation", .origin = origin, .source = source, .file = file && file[0] ? str_of(file) : STR_NULL};
    struct law l;
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    int e = law_parse(&a, source, file ? file : "", &r->facts, &l, reterr);
    if (e == 0) {
        x.key = l.key;
        x.title = l.title;
        e = room_datafile_put(r, by, &x, ret_id, reterr);
    }
    arena_done(&a);
    r->laws.read = false;
    return e;
}

struct law_list {
    struct room *r;
    struct law *at;
    int64_t *ids, *numbers;
    size_t cap, cap_ids, cap_numbers;
};

/* What cannot be read any more (a fact it names is gone) is left out: its version stays, and can be mended. */
static int take_law(void *ctx, int64_t id, int64_t number, struct str source, struct diag *reterr UNUSED) {
    struct law_list *x = ctx;
    struct room_laws *l = &x->r->laws;
    struct law law;
    struct str text = arena_dup(&l->arena, source);
    if (!text.p || arena_grow(&l->arena, (void **) &x->at, &x->cap, l->n + 1, sizeof *x->at) < 0 ||
        arena_grow(&l->arena, (void **) &x->ids, &x->cap_ids, l->n + 1, sizeof *x->ids) < 0 ||
        arena_grow(&l->arena, (void **) &x->numbers, &x->cap_numbers, l->n + 1, sizeof *x->numbers) < 0)
        return -ENOMEM;
    if (law_parse(&l->arena, text, "", &x->r->facts, &law, NULL) < 0)
        return 0;
    x->at[l->n] = law;
    x->ids[l->n] = id;
    x->numbers[l->n++] = number;
    return 0;
}

int room_laws(struct room *r, const struct room_laws **ret, struct diag *reterr) {
    struct law_list x = {.r = r};
    *ret = &r->laws;
    if (r->laws.read)
        return 0;
    arena_done(&r->laws.arena);
    r->laws = (struct room_laws){0};
    arena_init(&r->laws.arena, (size_t) 256 << 20);
    int e = room_datafiles_each(r, "obligation", take_law, &x, reterr);
    r->laws.at = x.at;
    r->laws.ids = x.ids;
    r->laws.numbers = x.numbers;
    r->laws.read = e == 0;
    return e;
}

void room_laws_done(struct room *r) {
    arena_done(&r->laws.arena);
}

static const struct law *law_of(const struct room_laws *laws, struct str key, struct str report, const struct law_report **ret) {
    *ret = NULL;
    for (size_t i = 0; i < laws->n; i++)
        for (size_t p = 0; str_eq(laws->at[i].key, key) && p < laws->at[i].n_reports; p++)
            if (str_eq(laws->at[i].reports[p].name, report)) {
                *ret = &laws->at[i].reports[p];
                return &laws->at[i];
            }
    return NULL;
}

static bool in_force(const struct room *r, const struct law *l) {
    int32_t today = calendar_day_of(room_now(r));
    return today >= l->from_day && today < l->until_day;
}

/* ---- rows ---- */

struct due_row {
    int64_t id, version, due_ns, warn_ns, from_ns;
    enum obligation_said said;
    char state[12], by[ROOM_BY_CAP];
    struct str why;
};

static int find_row(struct room *r, struct arena *a, int64_t incident, struct str key, struct str report, struct due_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *ret = (struct due_row){.due_ns = TIME_NONE, .warn_ns = TIME_NONE, .from_ns = TIME_NONE, .why = STR("")};
    int e = sql_query(r->db, &st, err,
                      "SELECT id, version, due_at, warn_at, from_at, said, state, why, updated_by FROM obligation WHERE incident_id = ?1 AND key = ?2 AND "
                      "report = ?3",
                      "iss", incident, &key, &report);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e;
    int64_t *const times[] = {&ret->due_ns, &ret->warn_ns, &ret->from_ns};
    for (int i = 0; i < 3; i++)
        *times[i] = sql_is_null(st, 2 + i) ? TIME_NONE : sql_i64(st, 2 + i);
    ret->id = sql_i64(st, 0);
    ret->version = sql_i64(st, 1);
    ret->said = (enum obligation_said) sql_i64(st, 5);
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 6)));
    snprintf(ret->by, sizeof ret->by, "%.*s", STR_ARG(sql_str(st, 8)));
    ret->why = a ? arena_dup(a, sql_str(st, 7)) : STR("");
    return ret->why.p ? 0 : -ENOMEM;
}

/* "to_do", "submitted", "received", or "none" where it does not apply. */
static int state_of(struct room *r, int64_t incident, struct str key, struct str report, bool applies, const char **ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT count(*), count(receipt_at) FROM submission WHERE incident_id = ?1 AND obligation = ?2 AND report = ?3", "iss",
                      incident, &key, &report);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        *ret = sql_i64(st, 1) ? "received" : sql_i64(st, 0) ? "submitted" : applies ? "to_do" : "none";
    return MIN(e, 0);
}

struct judged {
    struct law_answer answer; /* of the duty and of the report together */
    struct law_clock clock;
    bool applies;
};

static struct judged judge(const struct room *r, const struct law *l, const struct law_report *p, const struct room_fact *facts, enum obligation_said said) {
    struct law_answer a = law_judge(l->when, &r->facts, facts), b = law_judge(p->when, &r->facts, facts);
    struct judged j = {.answer = a.truth == LAW_FALSE ? a : b.truth == LAW_FALSE ? b : a.truth == LAW_UNDECIDED ? a : b};
    j.answer.unconfirmed = a.unconfirmed || b.unconfirmed;
    j.clock = law_clock_of(p, &r->facts, facts, r->calendar);
    j.applies = said == SAID_APPLIES || (said == SAID_NOTHING && j.answer.truth == LAW_TRUE && !l->may);
    return j;
}

static const int64_t *time_or_null(const int64_t *t) {
    return *t == TIME_NONE ? NULL : t;
}

static int refresh_one(struct room *r, int64_t incident, const struct law *l, const struct law_report *p, const struct room_fact *facts, struct diag *err) {
    struct due_row row;
    const char *state = "none";
    int e = find_row(r, NULL, incident, l->key, p->name, &row, err);
    struct judged j = judge(r, l, p, facts, row.said);
    if (e == 0)
        e = state_of(r, incident, l->key, p->name, j.applies, &state, err);
    bool same = row.id && strcmp(state, row.state) == 0 && row.due_ns == j.clock.due_ns && row.warn_ns == j.clock.warn_ns && row.from_ns == j.clock.from_ns;
    if (e < 0 || same || (!row.id && strcmp(state, "none") == 0))
        return e;
    struct room_write w = {.by = &room_system, .verb = row.id ? VERB_CHANGE : VERB_CREATE, .object = OBJECT_OBLIGATION, .id = row.id,
                           .version = ROOM_ANY_VERSION, .tlp = TLP_AMBER, .incident = incident, .quiet = row.id != 0};
    const int64_t *due = time_or_null(&j.clock.due_ns), *warn = time_or_null(&j.clock.warn_ns), *from = time_or_null(&j.clock.from_ns);
    if (row.id) /* another end is spoken of anew */
        return room_write(r, &w, NULL, err,
                          "UPDATE obligation SET state = ?2, due_at = ?3, warn_at = ?4, from_at = ?5, warned_at = CASE WHEN due_at IS ?3 THEN warned_at END "
                          "WHERE id = ?1",
                          "izIII", row.id, state, due, warn, from);
    return room_write(r, &w, NULL, err, "INSERT INTO obligation(incident_id, key, report, state, due_at, warn_at, from_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                      "isszIII", incident, &l->key, &p->name, state, due, warn, from);
}

int room_obligations_refresh(struct room *r, int64_t incident, struct diag *reterr) {
    const struct room_laws *laws;
    struct room_fact *facts;
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    int e = room_laws(r, &laws, reterr);
    if (e == 0)
        e = room_facts_get(r, &a, incident, &facts, reterr);
    for (size_t i = 0; e == 0 && i < laws->n; i++)
        for (size_t p = 0; e == 0 && in_force(r, &laws->at[i]) && p < laws->at[i].n_reports; p++)
            e = refresh_one(r, incident, &laws->at[i], &laws->at[i].reports[p], facts, reterr);
    arena_done(&a);
    room_changed(r, "incident", incident);
    room_changed(r, "now", 0);
    return e;
}

static int next_case(struct room *r, int64_t after, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT min(f.incident_id) FROM fact f JOIN incident i ON i.id = f.incident_id WHERE i.state = 'open' AND f.incident_id > ?1",
                      "i", after);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 && !sql_is_null(st, 0) ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

int room_obligations_changed(struct room *r, struct diag *reterr) {
    int64_t id = 0;
    r->laws.read = false;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    for (e = next_case(r, 0, &id, reterr); e == 0 && id; e = e == 0 ? next_case(r, id, &id, reterr) : e)
        e = room_obligations_refresh(r, id, reterr);
    return room_end(r, e, reterr);
}

/* ---- a person's own judgement ---- */

static int say(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, struct str key, struct str report,
               enum obligation_said said, struct str why, struct diag *err) {
    const struct room_laws *laws;
    struct due_row row;
    const struct law_report *p;
    int e = room_laws(r, &laws, err);
    if (e == 0 && !law_of(laws, key, report, &p))
        e = diag_set(err, -ENOENT, "there is no such report");
    if (e == 0 && said != SAID_NOTHING && !str_trim(why).n)
        e = diag_set(err, -EINVAL, "why");
    if (e == 0)
        e = find_row(r, NULL, incident, key, report, &row, err);
    if (e < 0)
        return e;
    struct room_write w = {.by = by, .verb = row.id ? VERB_CHANGE : VERB_CREATE, .object = OBJECT_OBLIGATION, .id = row.id, .version = version, .tlp = TLP_AMBER, .incident = incident,
                           .owner = by->person};
    e = row.id ? room_write(r, &w, NULL, err, "UPDATE obligation SET said = ?2, why = ?3 WHERE id = ?1", "iis", row.id, (int64_t) said, &why)
               : room_write(r, &w, NULL, err, "INSERT INTO obligation(incident_id, key, report, state, said, why) VALUES (?1, ?2, ?3, 'none', ?4, ?5)", "issis",
                            incident, &key, &report, (int64_t) said, &why);
    if (e == 0)
        e = room_ledger_person(r, by, incident, err);
    return e == 0 ? room_obligations_refresh(r, incident, err) : e;
}

int room_obligation_say(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, struct str key, struct str report,
                        enum obligation_said said, struct str why, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, say(r, by, incident, version, key, report, said, why, reterr), reterr);
}

/* ---- pages ---- */

static void write_wants(struct jsonw *w, const char *member, const struct fact_spec *s) {
    jsonw_key(w, str_of(member));
    if (!s) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    jsonw_kstr(w, "name", s->name);
    fact_words_write(w, "titles", &s->title);
    jsonw_end(w);
}

static const char *verdict_of(const struct judged *j) {
    return j->answer.truth == LAW_TRUE ? "applies" : j->answer.truth == LAW_FALSE ? "not" : "undecided";
}

static int write_report(struct room *r, struct arena *a, int64_t incident, const struct law *l, const struct law_report *p, const struct room_fact *facts,
                        struct jsonw *w, struct diag *err) {
    static const char *const said[] = {NULL, "applies", "not"};
    struct due_row row;
    const char *state = "none";
    int e = find_row(r, a, incident, l->key, p->name, &row, err);
    struct judged j = judge(r, l, p, facts, row.said);
    if (e == 0)
        e = state_of(r, incident, l->key, p->name, j.applies, &state, err);
    jsonw_object(w);
    jsonw_kstr(w, "name", p->name);
    fact_words_write(w, "titles", &p->title);
    fact_words_write(w, "note", &p->note);
    jsonw_key(w, STR("forms"));
    jsonw_array(w);
    for (size_t i = 0; i < p->n_forms; i++)
        jsonw_str(w, p->forms[i]);
    jsonw_end(w);
    jsonw_kz(w, "verdict", verdict_of(&j));
    jsonw_kbool(w, "unconfirmed", j.answer.unconfirmed);
    write_wants(w, "wants", j.answer.truth == LAW_UNDECIDED ? j.answer.wants : NULL);
    jsonw_kz(w, "said", said[row.said]);
    jsonw_kstr(w, "why", row.why);
    room_by_text(r, w, "said_by", row.said ? str_of(row.by) : STR(""));
    jsonw_ki64(w, "version", row.version);
    jsonw_kz(w, "state", state);
    if (j.clock.due)
        fact_words_write(w, "words", &j.clock.due->words);
    else
        fact_words_write(w, "words", &(struct fact_words){STR(""), STR("")});
    jsonw_ktime(w, "from", j.clock.from_ns);
    jsonw_ktime(w, "due", j.clock.due_ns);
    jsonw_ktime(w, "warn", j.clock.warn_ns);
    write_wants(w, "clock_wants", j.clock.wants);
    jsonw_end(w);
    return e;
}

static int write_law(struct room *r, struct arena *a, int64_t incident, const struct law *l, int64_t number, const struct room_fact *facts, struct jsonw *w,
                     struct diag *err) {
    int e = 0;
    jsonw_object(w);
    jsonw_kstr(w, "key", l->key);
    fact_words_write(w, "titles", &l->title);
    fact_words_write(w, "to", &l->to);
    fact_words_write(w, "basis", &l->basis);
    fact_words_write(w, "note", &l->note);
    jsonw_kstr(w, "url", l->url);
    jsonw_kstr(w, "as_of", l->as_of);
    jsonw_kz(w, "confidence", law_confidence_to_string(l->confidence));
    jsonw_kbool(w, "may", l->may);
    jsonw_ki64(w, "number", number);
    jsonw_key(w, STR("reports"));
    jsonw_array(w);
    for (size_t p = 0; e == 0 && p < l->n_reports; p++)
        e = write_report(r, a, incident, l, &l->reports[p], facts, w, err);
    jsonw_end(w);
    jsonw_end(w);
    return e;
}

int room_obligations_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    const struct room_laws *laws;
    struct room_fact *facts;
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    int e = room_laws(r, &laws, reterr);
    if (e == 0)
        e = room_facts_get(r, &a, incident, &facts, reterr);
    jsonw_key(w, STR("obligations"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < laws->n; i++)
        if (in_force(r, &laws->at[i]))
            e = write_law(r, &a, incident, &laws->at[i], laws->numbers[i], facts, w, reterr);
    jsonw_end(w);
    arena_done(&a);
    return e;
}

static struct room_words words_of(const struct fact_words *x) {
    return (struct room_words){.ja = x->ja.n ? x->ja : STR_NULL, .en = x->en.n ? x->en : STR_NULL};
}

int room_obligation_words(struct room *r, int64_t id, struct room_words *ret_title, struct room_words *ret_to, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct law_report *p;
    const struct room_laws *laws;
    int e = room_laws(r, &laws, reterr);
    if (e == 0)
        e = sql_query(r->db, &st, reterr, "SELECT key, report FROM obligation WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    const struct law *l = e == 1 ? law_of(laws, sql_str(st, 0), sql_str(st, 1), &p) : NULL;
    if (l) {
        *ret_title = words_of(&p->title);
        *ret_to = words_of(&l->to);
    }
    return MIN(e, 0);
}

/* ---- near the end ---- */

struct nearing {
    int64_t id, incident;
    char text[300];
};

static int find_nearing(struct room *r, struct nearing *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct room_laws *laws;
    char due[32];
    int e = room_laws(r, &laws, err);
    if (e == 0)
        e = sql_query(r->db, &st, err,
                      "SELECT o.id, o.incident_id, o.key, o.report, o.due_at, i.number FROM obligation o JOIN incident i ON i.id = o.incident_id WHERE o.state = "
                      "'to_do' AND o.warn_at <= ?1 AND o.warned_at IS NULL AND i.state = 'open' ORDER BY o.due_at LIMIT 1",
                      "i", room_now(r));
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e;
    const struct law_report *p;
    struct str title = law_of(laws, sql_str(st, 2), sql_str(st, 3), &p) ? (p->title.ja.n ? p->title.ja : p->title.en) : sql_str(st, 3);
    struct time_civil c;
    time_to_civil(sql_i64(st, 4), TIME_JST_OFFSET_MIN, &c);
    snprintf(due, sizeof due, "%d/%d %02d:%02d", c.month, c.day, c.hour, c.minute);
    *ret = (struct nearing){.id = sql_i64(st, 0), .incident = sql_i64(st, 1)};
    snprintf(ret->text, sizeof ret->text, "%.*s %.*s %s", STR_ARG(sql_str(st, 5)), (int) MIN(title.n, 200u), title.p, due);
    return 1;
}

int room_obligations_tick(struct room *r, struct diag *reterr) {
    struct nearing x;
    int e = find_nearing(r, &x, reterr);
    if (e <= 0)
        return e;
    e = room_callout_on_duty(r, x.incident, str_of(x.text), reterr);
    if (e == 0)
        e = room_begin(r, reterr);
    if (e < 0)
        return e;
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_OBLIGATION, .id = x.id, .version = ROOM_ANY_VERSION, .quiet = true};
    return room_end(r, room_write(r, &w, NULL, reterr, "UPDATE obligation SET warned_at = ?2 WHERE id = ?1", "ii", x.id, room_now(r)), reterr);
}

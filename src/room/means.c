/* See means.h: rows and their steps. */
#include "room/means.h"

#include "base/text.h"
#include "room/campaign.h"
#include "room/decision.h"
#include "room/directory.h"
#include "room/incident_priv.h"
#include "room/message.h"
#include "room/register_priv.h"
#include "room/run.h"

#define MEANS_SMS_BYTES 210 /* of 70 characters, what one SMS holds beside the link */

static int no_memory(struct diag *err) {
    return diag_set(err, -ENOMEM, "memory has run out");
}

struct means_row {
    int64_t id, incident, decision, campaign, last_ns, yen;
    char kind[12], state[12];
    struct str name, doc; /* in the arena */
};

static int load(struct room *r, int64_t id, struct arena *a, struct means_row *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT incident_id, decision_id, campaign_id, coalesce(back_at, done_at, asked_at), yen, kind, state, name, doc FROM means WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "no row %lld", (long long) id);
    *ret = (struct means_row){.id = id, .incident = sql_i64(st, 0), .decision = sql_i64(st, 1), .campaign = sql_i64(st, 2), .last_ns = sql_i64(st, 3), .yen = sql_i64(st, 4),
                              .name = arena_dup(a, sql_str(st, 7)), .doc = arena_dup(a, sql_str(st, 8))};
    snprintf(ret->kind, sizeof ret->kind, "%.*s", STR_ARG(sql_str(st, 5)));
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 6)));
    return ret->name.p && ret->doc.p ? 0 : no_memory(err);
}

static int note(struct room *r, const struct room_actor *by, const struct means_row *m, int64_t at_ns, const char *state, struct str words, int64_t yen, struct diag *err) {
    struct buf params;
    struct jsonw w;
    char ref[40], key[40];
    snprintf(key, sizeof key, "event.means_%s", m->kind);
    buf_init(&params, 65536);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "what", m->name);
    jsonw_kz(&w, "state", state);
    jsonw_kstr(&w, "words", words);
    jsonw_ki64(&w, "yen", yen);
    jsonw_kz(&w, "name", by->name);
    jsonw_end(&w);
    int len = snprintf(ref, sizeof ref, "means:%lld", (long long) m->id);
    struct room_entry x = {.incident = m->incident, .at_ns = at_ns, .until_ns = TIME_NONE, .lane = strcmp(m->kind, "switch") == 0 ? "business" : "executive", .kind = "action", .key = key, .ref = str_n(ref, (size_t) len), .precision_s = -1};
    return room_timeline_entry(r, by, &x, &params, err);
}

/* ---- registers ---- */

static struct str value(const struct register_row *row, const char *field) {
    struct str s = STR("");
    if (row)
        (void) json_get_str(row->values, field, &s);
    return s;
}

static struct register_row *find_row(struct register_rows *rows, struct str name) {
    struct register_row *row = register_rows_find(rows, name);
    return row && row->active ? row : NULL;
}


/* "500,000円", "５０万", "1億2,000万円", "50万5千": what stands before a unit counts so many times. < 0: no number; "1.5億" is none, for a point is
 * easily a comma of thousands. */
static int64_t yen_of(struct arena *a, struct str s) {
    static const struct {
        const char *word;
        int64_t times;
    } units[] = {{"億", 100000000}, {"万", 10000}, {"千", 1000}};
    struct str f = text_fold(a, s);
    int64_t whole = 0, part = 0;
    bool any = false;
    for (size_t i = 0; f.p && i < f.n && whole < MEANS_YEN_MAX; i++) {
        if (f.p[i] == '.' && any && i + 1 < f.n && ascii_digit(f.p[i + 1]))
            return -1;
        if (ascii_digit(f.p[i]) && part < MEANS_YEN_MAX) {
            part = part * 10 + (f.p[i] - '0');
            any = true;
        }
        for (size_t u = 0; u < ARRAY_SIZE(units); u++)
            if (str_starts(str_from(f, i), str_of(units[u].word))) {
                int64_t more = str_starts(str_from(f, i + 3), STR("万")) ? 10000 : 1; /* 千万 */
                whole += MIN(part, MEANS_YEN_MAX / (units[u].times * more)) * units[u].times * more;
                part = 0;
                i += more > 1 ? 5 : 2;
                break;
            }
    }
    return any ? MIN(whole + part, MEANS_YEN_MAX) : -1;
}

/* ---- spending ---- */

struct approval {
    struct str name;
    int64_t ceiling, spent;
};

/* The approval that covers it: of the contract, of the case's service, of everything; the first that has room for it, else the widest. */
static int approval_for(struct room *r, const struct room_means_new *x, struct str service, struct arena *a, struct approval *ret, struct diag *err) {
    struct register_rows rows;
    char today[16];
    struct time_civil c;
    int e = register_rows_load(r, STR("approvals"), &rows, err);
    if (e < 0)
        return e;
    time_to_civil(room_now(r), TIME_JST_OFFSET_MIN, &c);
    snprintf(today, sizeof today, "%04d-%02d-%02d", c.year, c.month, c.day);
    *ret = (struct approval){.name = STR(""), .ceiling = -1};
    for (size_t i = 0; e == 0 && i < rows.n; i++) {
        CLEANUP(sql_endp) struct sql_stmt *st = NULL;
        const struct register_row *row = rows.at[i];
        struct str of = value(row, "contract"), serves = value(row, "service"), until = value(row, "until");
        int64_t ceiling = yen_of(a, value(row, "ceiling"));
        if (!row->active || ceiling < 0 || (of.n && !str_eq(of, x->of)) || (serves.n && !str_eq(serves, service)) || (until.n && str_cmp(until, str_of(today)) < 0))
            continue;
        e = sql_query(r->db, &st, err, "SELECT coalesce(sum(yen), 0) FROM means WHERE incident_id = ?1 AND kind = 'spend' AND state IN ('within','settled') AND json_extract(doc, '$.approval') = ?2",
                      "is", x->incident, &row->name);
        if (e == 0)
            e = sql_step(st, err);
        if (e < 0)
            break;
        int64_t spent = sql_i64(st, 0);
        e = 0;
        if (ret->ceiling < 0 || ceiling - spent > ret->ceiling - ret->spent)
            *ret = (struct approval){arena_dup(a, row->name), ceiling, spent};
    }
    register_rows_done(&rows);
    return e < 0 ? e : ret->name.p ? 0 : no_memory(err);
}

struct adding {
    const char *state;
    enum duty_kind decide; /* DUTY_KIND_MAX_: nothing to decide */
    struct str risk, extra; /* extra: members of the doc, JSON */
    int64_t campaign, message;
    bool back_campaign;
    struct str instruction;
};

static int add_spend(struct room *r, const struct room_means_new *x, struct arena *a, struct adding *y, struct diag *err) {
    struct approval p;
    struct str service = STR("");
    if (x->yen < 1 || x->yen > MEANS_YEN_MAX)
        return diag_set(err, -EINVAL, "yen");
    int e = room_authority_service(r, x->incident, a, &service, err);
    if (e == 0)
        e = approval_for(r, x, service, a, &p, err);
    if (e < 0)
        return e;
    bool within = p.ceiling >= 0 && p.spent + x->yen <= p.ceiling;
    struct buf b;
    struct jsonw w;
    buf_init(&b, 16384);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kstr(&w, "contract", x->of);
    jsonw_kstr(&w, "approval", within ? p.name : STR("")); /* what was decided does not use it up */
    jsonw_ki64(&w, "ceiling", MAX(p.ceiling, (int64_t) 0));
    jsonw_ki64(&w, "before", p.spent);
    jsonw_end(&w);
    y->extra = arena_dup(a, buf_str(&b));
    buf_done(&b);
    y->state = within ? "within" : "asked";
    y->decide = within ? DUTY_KIND_MAX_ : DUTY_SPEND;
    y->risk = arena_printf(a, "%.*s: %lld JPY (%.*s %lld / %lld)", STR_ARG(x->name), (long long) x->yen, STR_ARG(p.name), (long long) p.spent, (long long) MAX(p.ceiling, (int64_t) 0));
    return y->extra.p && y->risk.p ? 0 : no_memory(err);
}

/* ---- other means ---- */

/* The branches that switch, each with who answers for it; none written: whoever answers for the service. */
static int branches(struct room *r, const struct register_row *row, struct arena *a, struct room_campaign_target *at, size_t cap, size_t *n, struct diag *err) {
    struct str list = value(row, "branches"), line;
    struct room_directory *d = NULL;
    int e = room_directory_open(r, &d, err);
    while (e == 0 && list.n && *n < cap && str_split(&list, '\n', &line)) {
        const struct directory_organisation *o = room_directory_organisation(d, str_trim(line));
        const struct directory_person *const *people = NULL;
        size_t n_people = 0;
        if (!str_trim(line).n)
            continue;
        if (o)
            e = room_directory_members(d, o, &people, &n_people, err);
        at[*n] = (struct room_campaign_target){.ref = STR(""), .name = arena_dup(a, str_trim(line)), .person = n_people ? arena_dup(a, people[0]->name) : STR(""), .what = value(row, "instruction")};
        if (e == 0 && (!at[*n].name.p || !at[*n].person.p))
            e = no_memory(err);
        ++*n;
    }
    if (e == 0 && *n == 0) {
        const struct directory_system *s = room_directory_system(d, value(row, "service"));
        at[(*n)++] = (struct room_campaign_target){.ref = STR(""), .name = value(row, "service").n ? value(row, "service") : row->name,
                                                   .person = s && s->responsible_name.n ? arena_dup(a, s->responsible_name) : STR(""), .what = value(row, "instruction")};
    }
    room_directory_close(d);
    return e;
}

/* Every line of the instruction is a task, in order, due within the minutes the switch takes. */
static int put_tasks(struct room *r, const struct room_actor *by, int64_t incident, const struct register_row *row, struct arena *a, struct diag *err) {
    struct str list = value(row, "instruction"), line;
    int64_t minutes = yen_of(a, value(row, "minutes")), id;
    int e = 0;
    for (size_t n = 0; e == 0 && list.n && n < MEANS_STEPS_MAX && str_split(&list, '\n', &line); n++) {
        struct room_task_edit t = {.text = str_trim(line), .lane = "business", .set_due = minutes > 0, .due_ns = room_now(r) + MAX(minutes, (int64_t) 0) * NS_PER_MIN,
                                   .key = arena_printf(a, "switch:%lld:%zu", (long long) row->id, n)};
        if (t.text.n)
            e = t.key.p ? room_task_put(r, by, incident, 0, 0, &t, &id, err) : no_memory(err);
    }
    return e;
}

static int add_switch(struct room *r, const struct room_actor *by, const struct room_means_new *x, struct arena *a, struct adding *y, struct diag *err) {
    struct room_campaign_target *at = arena_alloc(a, 200 * sizeof *at);
    struct register_rows rows;
    size_t n = 0;
    int e = at ? register_rows_load(r, STR("alternatives"), &rows, err) : no_memory(err);
    if (e < 0)
        return e;
    struct register_row *row = find_row(&rows, x->name);
    if (!row || !value(row, "instruction").n)
        e = diag_set(err, row ? -EINVAL : -ENOENT, row ? "instruction" : "name");
    if (e == 0)
        e = branches(r, row, a, at, 200, &n, err);
    struct room_campaign_new c = {.incident = x->incident, .kind = STR("switch_over"), .title = STR(""), .text = e == 0 ? arena_printf(a, "%.*s", STR_ARG(x->name)) : STR(""), .origin = STR("alternatives"),
                                  .targets = at, .n_targets = n};
    if (e == 0)
        e = room_campaign_start(r, by, &c, &y->campaign, err);
    if (e == 0)
        e = put_tasks(r, by, x->incident, row, a, err);
    if (e == 0) {
        struct buf b;
        struct jsonw w;
        buf_init(&b, 65536);
        jsonw_init(&w, &b);
        jsonw_object(&w);
        jsonw_kstr(&w, "service", value(row, "service"));
        jsonw_kstr(&w, "needs", value(row, "needs"));
        jsonw_kstr(&w, "minutes", value(row, "minutes"));
        jsonw_end(&w);
        y->extra = arena_dup(a, buf_str(&b));
        buf_done(&b);
        e = y->extra.p ? 0 : no_memory(err);
    }
    register_rows_done(&rows);
    y->state = "instructed";
    return e;
}

/* ---- experts ---- */

static const struct directory_contract *contract_of(const struct room_directory *d, struct str name) {
    const struct directory_contract *const *all;
    size_t n = room_directory_contracts(d, &all);
    for (size_t i = 0; i < n; i++)
        if (all[i]->active && str_eq(all[i]->name, name))
            return all[i];
    return NULL;
}

/* By mail, and to the mobile that is read at night: whichever is acknowledged first counts (the second message's id stands in the doc). */
static int ask_vendor(struct room *r, const struct room_actor *by, const struct room_means_new *x, const struct directory_contract *c, struct arena *a, struct adding *y, struct diag *err) {
    struct room_message_new mail = {.way = STR("mail"), .address = c->mail, .who = c->supplier, .subject = c->name, .text = x->of, .incident = x->incident, .ask = true}, sms = mail;
    int64_t second = 0;
    int e = c->mail.n && !r->replay ? room_message_add(r, by, &mail, &y->message, err) : 0;
    sms.way = STR("sms");
    sms.address = c->mobile;
    sms.text = arena_printf(a, "緊急の依頼です / Urgent: %.*s\n%.*s\n{{link}}", STR_ARG(c->name), STR_ARG(text_first(x->of, MEANS_SMS_BYTES)));
    if (e == 0 && c->mobile.n && !r->replay)
        e = sms.text.p ? room_message_add(r, by, &sms, y->message ? &second : &y->message, err) : no_memory(err);
    if (e == 0 && second) {
        y->extra = arena_printf(a, "%.*s,\"sms\":%lld}", (int) y->extra.n - 1, y->extra.p, (long long) second);
        e = y->extra.p ? 0 : no_memory(err);
    }
    return e;
}

static int add_vendor(struct room *r, const struct room_actor *by, const struct room_means_new *x, struct arena *a, struct adding *y, struct diag *err) {
    struct room_directory *d = NULL;
    struct str phone = STR("");
    int e = room_directory_open(r, &d, err);
    const struct directory_contract *c = e == 0 ? contract_of(d, x->name) : NULL;
    if (e == 0 && !c)
        e = diag_set(err, -ENOENT, "name");
    if (e == 0 && !str_trim(x->of).n)
        e = diag_set(err, -EINVAL, "of");
    if (e == 0) {
        enum directory_reach reach = room_directory_contract_at(d, c, room_now(r), &phone, NULL);
        struct buf b;
        struct jsonw w;
        buf_init(&b, 65536);
        jsonw_init(&w, &b);
        jsonw_object(&w);
        jsonw_kstr(&w, "supplier", c->supplier);
        jsonw_kz(&w, "reach", directory_reach_to_string(reach));
        jsonw_kstr(&w, "phone", phone);
        jsonw_kstr(&w, "asked", x->of);
        jsonw_end(&w);
        y->extra = arena_dup(a, buf_str(&b));
        buf_done(&b);
        e = y->extra.p ? ask_vendor(r, by, x, c, a, y, err) : no_memory(err);
    }
    room_directory_close(d);
    y->state = "asked";
    return e;
}

/* ---- the attacker ---- */

static int add_ransom(const struct room_means_new *x, struct arena *a, struct adding *y, struct diag *err) {
    struct buf b;
    struct jsonw w;
    if (x->n_contacts > MEANS_CONTACTS_MAX)
        return diag_set(err, -EINVAL, "contacts");
    buf_init(&b, 65536);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_key(&w, STR("contacts"));
    jsonw_array(&w);
    for (size_t i = 0; i < x->n_contacts; i++)
        jsonw_str(&w, x->contacts[i]);
    jsonw_end(&w);
    jsonw_key(&w, STR("advice"));
    jsonw_object(&w);
    jsonw_end(&w);
    jsonw_end(&w);
    y->extra = buf_error(&b) ? STR_NULL : arena_dup(a, buf_str(&b));
    buf_done(&b);
    y->state = "asked";
    y->decide = DUTY_RANSOM;
    y->risk = x->name;
    return y->extra.p ? 0 : no_memory(err);
}

static int add(struct room *r, const struct room_actor *by, const struct room_means_new *x, struct arena *a, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_MEANS, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    struct adding y = {.decide = DUTY_KIND_MAX_, .extra = STR("{}")};
    struct str name = str_trim(x->name);
    int64_t now = room_now(r), decision = 0;
    int e = strcmp(x->kind, "spend") == 0    ? add_spend(r, x, a, &y, err)
            : strcmp(x->kind, "switch") == 0 ? add_switch(r, by, x, a, &y, err)
            : strcmp(x->kind, "vendor") == 0 ? add_vendor(r, by, x, a, &y, err)
                                             : add_ransom(x, a, &y, err);
    struct room_decision_new d = {.incident = x->incident, .kind = y.decide, .service = STR(""), .rule_id = STR(""), .risk_do = y.risk, .risk_go_on = STR("")};
    if (e == 0 && y.decide != DUTY_KIND_MAX_)
        e = room_decision_propose(r, by, &d, &decision, err);
    if (e == 0)
        e = room_write(r, &w, ret_id, err,
                       "INSERT INTO means(incident_id, kind, name, state, yen, decision_id, campaign_id, message_id, asked_at, doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                       "izsziIIIis", x->incident, x->kind, &name, y.state, x->yen, decision ? &decision : NULL, y.campaign ? &y.campaign : NULL, y.message ? &y.message : NULL, now, &y.extra);
    struct means_row m = {.id = *ret_id, .incident = x->incident, .name = name};
    snprintf(m.kind, sizeof m.kind, "%s", x->kind);
    return e < 0 ? e : note(r, by, &m, now, y.state, x->of.p ? x->of : STR(""), x->yen, err);
}

int room_means_add(struct room *r, const struct room_actor *by, const struct room_means_new *x, int64_t *ret_id, struct diag *reterr) {
    struct arena a;
    if (!str_trim(x->name).n || x->name.n > 300)
        return diag_set(reterr, -EINVAL, "name");
    if (x->of.n > MEANS_TEXT_MAX)
        return diag_set(reterr, -EINVAL, "of");
    arena_init(&a, (size_t) 16 << 20);
    int e = room_begin(r, reterr);
    if (e == 0)
        e = room_end(r, add(r, by, x, &a, ret_id, reterr), reterr);
    arena_done(&a);
    return e;
}

/* ---- steps ---- */

static const struct {
    const char *kind, *from, *to;
    const char *column; /* of its time */
} STEPS[] = {
    {"spend", "within", "settled", "done_at"},   {"spend", "approved", "settled", "done_at"}, {"switch", "instructed", "switched", "done_at"},
    {"switch", "switched", "back_asked", NULL},  {"switch", "back_asked", "back", "back_at"}, {"vendor", "asked", "answered", "done_at"},
    {"vendor", "asked", "none", "done_at"},      {"ransom", "asked", "advice", NULL},
};

/* A look at sanctions is one of the four, and no advice is not the same as none was asked for. */
static int advise(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_means_step *x, struct diag *err) {
    static const char *const whats[] = {"legal", "police", "insurer", "sanctions"};
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_MEANS, .id = id, .version = version};
    char path[40];
    bool known = false;
    for (size_t i = 0; i < ARRAY_SIZE(whats); i++)
        known |= str_eq_z(x->what, whats[i]);
    if (!known || !str_trim(x->words).n)
        return diag_set(err, -EINVAL, known ? "words" : "what");
    snprintf(path, sizeof path, "$.advice.%.*s", (int) x->what.n, x->what.p);
    return room_write(r, &w, NULL, err, "UPDATE means SET doc = json_set(doc, ?2, json_object('said', ?3, 'by', ?4, 'at', ?5)) WHERE id = ?1", "izszi", id, path, &x->words, by->name,
                      x->at_ns == TIME_NONE ? room_now(r) : x->at_ns);
}

static int ask_back(struct room *r, const struct room_actor *by, const struct means_row *m, struct arena *a, int64_t *ret, struct diag *err) {
    struct room_campaign_target *at = arena_alloc(a, 200 * sizeof *at);
    struct register_rows rows;
    size_t n = 0;
    int e = at ? register_rows_load(r, STR("alternatives"), &rows, err) : no_memory(err);
    if (e < 0)
        return e;
    struct register_row *row = find_row(&rows, m->name);
    if (row)
        e = branches(r, row, a, at, 200, &n, err);
    for (size_t i = 0; i < n; i++)
        at[i].what = STR(""); /* the instruction was to switch over */
    struct room_campaign_new c = {.incident = m->incident, .kind = STR("switch_back"), .title = STR(""), .text = m->name, .origin = STR("alternatives"), .targets = at, .n_targets = n};
    if (e == 0 && n)
        e = room_campaign_start(r, by, &c, ret, err);
    register_rows_done(&rows);
    return e;
}

static int step(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_means_step *x, struct arena *a, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_MEANS, .id = id, .version = version};
    int64_t at = x->at_ns == TIME_NONE ? room_now(r) : x->at_ns, back = 0;
    struct means_row m;
    size_t i = 0;
    int e = load(r, id, a, &m, err);
    if (e < 0)
        return e;
    if (strcmp(m.kind, "ransom") == 0 && str_eq_z(x->to, "advice"))
        return advise(r, by, id, version, x, err);
    while (i < ARRAY_SIZE(STEPS) && (strcmp(STEPS[i].kind, m.kind) != 0 || strcmp(STEPS[i].from, m.state) != 0 || !str_eq_z(x->to, STEPS[i].to)))
        i++;
    struct str to = x->to;
    int64_t yen = str_eq_z(to, "settled") && x->yen >= 0 ? x->yen : m.yen;
    bool back_at = i < ARRAY_SIZE(STEPS) && STEPS[i].column && strcmp(STEPS[i].column, "back_at") == 0, done_at = i < ARRAY_SIZE(STEPS) && STEPS[i].column && !back_at;
    e = room_write(r, &w, NULL, err, "UPDATE means SET state = ?2, done_at = CASE WHEN ?3 THEN ?5 ELSE done_at END, back_at = CASE WHEN ?4 THEN ?5 ELSE back_at END, yen = ?6 WHERE id = ?1",
                   "isiiii", id, i < ARRAY_SIZE(STEPS) ? &to : &(struct str){m.state, strlen(m.state)}, (int64_t) done_at, (int64_t) back_at, at, yen); /* another version is refused first */
    if (e == 0 && i == ARRAY_SIZE(STEPS))
        e = diag_set(err, -EBUSY, "%s", m.state);
    if (e == 0 && (at < m.last_ns || at > room_now(r)))
        e = diag_set(err, -EINVAL, "at");
    if (e == 0 && yen > MEANS_YEN_MAX)
        e = diag_set(err, -EINVAL, "yen");
    if (e == 0 && str_eq_z(to, "back_asked"))
        e = ask_back(r, by, &m, a, &back, err);
    struct room_write quiet = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_MEANS, .id = id, .version = ROOM_ANY_VERSION, .quiet = true};
    if (e == 0 && back)
        e = room_write(r, &quiet, NULL, err, "UPDATE means SET back_campaign_id = ?2 WHERE id = ?1", "ii", id, back);
    return e < 0 ? e : note(r, by, &m, at, STEPS[i].to, x->words.p ? x->words : STR(""), yen, err);
}

int room_means_step(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_means_step *x, struct diag *reterr) {
    struct arena a;
    if (x->words.n > MEANS_TEXT_MAX)
        return diag_set(reterr, -EINVAL, "words");
    arena_init(&a, (size_t) 16 << 20);
    int e = room_begin(r, reterr);
    if (e == 0)
        e = room_end(r, step(r, by, id, version, x, &a, reterr), reterr);
    arena_done(&a);
    return e;
}

/* ---- decided ---- */

int room_means_may_decide(struct room *r, int64_t decision, bool go_on, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char missing[80] = "";
    if (go_on) /* not to pay, not to speak: may be decided at once */
        return 0;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT a.value FROM means m, json_each('[\"legal\",\"police\",\"insurer\",\"sanctions\"]') a WHERE m.decision_id = ?1 AND m.kind = 'ransom' AND json_extract(m.doc, "
                      "'$.advice.' || a.value) IS NULL",
                      "i", decision);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        size_t n = strlen(missing);
        snprintf(missing + n, sizeof missing - n, "%s%.*s", n ? " " : "", STR_ARG(sql_str(st, 0)));
    }
    return e < 0 ? e : missing[0] ? diag_set(reterr, -EPERM, "%s", missing) : 0;
}

int room_means_decided(struct room *r, const struct room_actor *by, int64_t decision, bool go_on, int64_t at_ns, struct str why, struct diag *reterr) {
    struct sql_stmt *st = NULL;
    struct means_row m;
    struct arena a;
    int64_t ids[20];
    size_t n = 0;
    int e = sql_query(r->db, &st, reterr, "SELECT id FROM means WHERE decision_id = ?1 AND state = 'asked' ORDER BY id LIMIT 20", "i", decision);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1)
        ids[n++] = sql_i64(st, 0);
    sql_end(st);
    arena_init(&a, (size_t) 4 << 20);
    for (size_t i = 0; e == 0 && i < n; i++) {
        struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_MEANS, .id = ids[i], .version = ROOM_ANY_VERSION};
        e = load(r, ids[i], &a, &m, reterr);
        const char *to = go_on ? "refused" : strcmp(m.kind, "ransom") == 0 ? "allowed" : "approved";
        if (e == 0)
            e = room_write(r, &w, NULL, reterr, "UPDATE means SET state = ?2, done_at = ?3, why = ?4 WHERE id = ?1", "izis", ids[i], to, at_ns, &why);
        if (e == 0)
            e = note(r, by, &m, at_ns, to, why, m.yen, reterr);
    }
    arena_done(&a);
    return e;
}

int room_means_forbids(struct room *r, struct str address, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str at = str_trim(address);
    if (!at.n)
        return 0;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT 1 FROM means m, json_each(m.doc, '$.contacts') c WHERE m.kind = 'ransom' AND m.state <> 'allowed' AND lower(trim(c.value)) = lower(?1) LIMIT 1", "s", &at);
    if (e == 0)
        e = sql_step(st, reterr);
    return e;
}

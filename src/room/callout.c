/* See callout.h. The chain (a level a name) is laid down when a callout begins, so that what happened can be read from it. */
#include "room/callout.h"

#include "room/authority.h"
#include "room/callout_priv.h"
#include "room/incident_priv.h"
#include "room/message.h"
#include "room/reach.h"

struct chain {
    struct arena *a;
    struct str at[CALLOUT_LEVELS_MAX]; /* one person a level */
    size_t levels;
    struct str passed; /* who did not answer before and comes last for it */
};

static bool named(const struct chain *c, struct str name) {
    for (size_t l = 0; l < c->levels; l++)
        if (str_eq(c->at[l], name))
            return true;
    return false;
}

/* Alone on a level of its own. */
static void add_level(struct chain *c, struct str name) {
    if (name.n && c->levels < CALLOUT_LEVELS_MAX && !named(c, name))
        c->at[c->levels++] = name;
}

static int pass_over(struct chain *c, struct str name, struct diag *err) {
    c->passed = arena_printf(c->a, "%.*s%s%.*s", STR_ARG(c->passed), c->passed.n ? ", " : "", STR_ARG(name));
    return c->passed.p ? 0 : diag_set(err, -ENOMEM, "memory has run out");
}

static int chain_decide(struct room *r, const struct room_callout *x, struct str service, enum duty_kind kind, struct chain *c, struct diag *err) {
    struct duty_answer *answer = arena_alloc(c->a, sizeof *answer);
    const struct room_duty *d;
    int e = room_duty_get(r, &d, err);
    if (e == 0 && !answer)
        e = diag_set(err, -ENOMEM, "memory has run out");
    if (e == 0)
        e = duty_authority_ask(c->a, &d->authority, room_duty_name(c->a, service).key, kind, room_now(r), answer, err);
    if (e == 0 && x->incident && strcmp(x->purpose, "decide") == 0)
        e = room_callout_silent(r, x->incident, kind, c->a, answer, err);
    for (int silent = 0; e == 0 && silent < 2; silent++) /* who slept through a call of this case is called last */
        for (size_t i = 0; e == 0 && i < answer->n[DUTY_DECIDES]; i++) {
            const struct duty_who *w = &answer->who[DUTY_DECIDES][i];
            if ((w->silent_min >= CALLOUT_MINUTES) != silent)
                continue;
            if (silent && c->levels > 0)
                e = pass_over(c, w->who.text, err);
            add_level(c, w->who.text);
        }
    for (int v = DUTY_ASKED; e == 0 && v < DUTY_VERB_MAX_; v++)
        for (size_t i = 0; i < answer->n[v]; i++)
            if (strcmp(x->purpose, "take") == 0 || c->levels > 0)
                add_level(c, answer->who[v][i].who.text);
    return e;
}

static int chain_take(struct room *r, const struct room_callout *x, struct chain *c, struct diag *err) {
    const struct room_duty *d;
    int e = room_duty_get(r, &d, err);
    struct str only = e == 0 ? room_duty_name(c->a, x->group).key : STR("");
    for (unsigned order = 1; e == 0 && order <= DUTY_ORDERS; order++)
        for (size_t g = 0; e == 0 && g < d->n_groups; g++) {
            struct duty_slot on[DUTY_ORDERS];
            size_t n = 0;
            struct str key = room_duty_name(c->a, d->groups[g]).key;
            if (only.n && !str_eq(only, key))
                continue;
            e = duty_roster_at(c->a, &d->roster, key, room_now(r), NS_PER_DAY, on, &n, err);
            for (size_t i = 0; i < n; i++)
                if (on[i].order == order)
                    add_level(c, on[i].who.text);
        }
    return e == 0 ? chain_decide(r, x, x->service, DUTY_STOP, c, err) : e;
}

/* ---- writing ---- */

static int note(struct room *r, const struct room_actor *by, int64_t incident, const char *key, struct buf *params, struct diag *err) {
    struct room_entry entry = {.incident = incident, .at_ns = room_now(r), .until_ns = TIME_NONE, .lane = "ciso_csirt", .kind = "contact", .key = key,
                               .params = buf_str(params), .precision_s = -1};
    int e = buf_error(params);
    return e < 0 || !incident ? e : room_timeline_put(r, by, &entry, NULL, err);
}

static int note_called(struct room *r, int64_t incident, struct str who, int64_t n, int64_t level, struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 4096);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "person", who);
    jsonw_ki64(&w, "n", n);
    jsonw_ki64(&w, "level", level);
    jsonw_end(&w);
    int e = note(r, &room_system, incident, n > 1 ? "event.called_many" : level ? "event.called_next" : "event.called", &params, err);
    buf_done(&params);
    return e;
}

/* Whose turn it would be did not answer before. */
static int note_passed(struct room *r, int64_t incident, struct str who, struct str next, struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 8192);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "person", who);
    jsonw_kstr(&w, "next", next);
    jsonw_end(&w);
    int e = note(r, &room_system, incident, "event.silent_passed", &params, err);
    buf_done(&params);
    return e;
}

static int send(struct room *r, const struct callout_row *c, struct str person, const struct reach *to, int64_t *ret_id, struct diag *err) {
    static const char *const heads[] = {"事案をだれも開いていません。 Nobody has opened the case.", "判断をお願いします。 A decision is wanted.", "お知らせします。 For you to know."};
    const char *head = heads[strcmp(c->purpose, "take") == 0 ? 0 : strcmp(c->purpose, "decide") == 0 ? 1 : 2];
    struct buf text;
    buf_init(&text, 65536);
    buf_printf(&text, "%s\n%.*s\n", head, STR_ARG(c->text));
    if (c->question.n)
        buf_printf(&text, "%.*s\n", STR_ARG(c->question));
    struct room_message_new m = {.way = str_of(to->door), .address = to->address, .who = person, .subject = str_to(c->text, 200), .text = buf_str(&text),
                                 .incident = c->incident, .ask = true};
    int e = buf_error(&text);
    if (e == 0)
        e = room_message_add(r, &room_system, &m, ret_id, err);
    buf_done(&text);
    return e;
}

static int put_call(struct room *r, const struct callout_row *c, struct str person, int64_t level, int64_t turn, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CREATE, .object = OBJECT_CALL, .tlp = TLP_AMBER, .incident = c->incident};
    int64_t message = 0;
    struct reach to = room_reach_way(r, person, turn);
    int e = to.door && !r->replay ? send(r, c, person, &to, &message, err) : 0; /* a demonstration calls nobody */
    if (e == 0)
        e = room_write(r, &w, NULL, err, "INSERT INTO call(callout_id, person, way, address, level, at, message_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                       "iszsiiI", c->id, &person, to.way, &to.address, level, room_now(r), message ? &message : NULL);
    return e;
}

static int call_level(struct room *r, const struct callout_row *c, const struct json_value *chain, int64_t level, struct diag *err) {
    const struct json_value *at = chain->first;
    for (int64_t i = 0; at && i < level % (int64_t) chain->n; i++)
        at = at->next;
    int e = 0;
    int64_t n = 0;
    struct str who = STR("");
    for (const struct json_value *v = at ? at->first : NULL; e == 0 && v; v = v->next, n++) {
        who = n == 0 ? v->text : who;
        e = put_call(r, c, v->text, level, level / (int64_t) chain->n, err);
    }
    return e == 0 ? note_called(r, c->incident, who, n, level, err) : e;
}

static struct room_write of_callout(const struct room_actor *by, int64_t id) {
    return (struct room_write){.by = by, .verb = VERB_CHANGE, .object = OBJECT_CALLOUT, .id = id, .version = ROOM_ANY_VERSION};
}

static int finish(struct room *r, const struct room_actor *by, const struct callout_row *c, const char *state, struct diag *err) {
    struct room_write w = of_callout(by, c->id);
    room_changed(r, "incident", c->incident);
    room_changed(r, "incident", c->incident);
    room_changed(r, "now", 0);
    return room_write(r, &w, NULL, err, "UPDATE callout SET state = ?2, ended_at = ?3, next_at = NULL WHERE id = ?1", "izi", c->id, state, room_now(r));
}

static void write_chain(const struct chain *c, struct jsonw *w) {
    jsonw_array(w);
    for (size_t l = 0; l < c->levels; l++) {
        jsonw_array(w);
        jsonw_str(w, c->at[l]);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static int start(struct room *r, const struct room_actor *by, const struct room_callout *x, struct str chain, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_CALLOUT, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    struct callout_row c = {.incident = x->incident, .text = x->text, .question = x->question};
    snprintf(c.purpose, sizeof c.purpose, "%s", x->purpose);
    struct arena a;
    struct json_value *v;
    int64_t now = room_now(r);
    arena_init(&a, (size_t) 4 << 20);
    int e = json_parse(&a, chain, &v, err);
    if (e == 0)
        e = room_write(r, &w, &c.id, err,
                       "INSERT INTO callout(incident_id, purpose, kind, service, grp, text, question, state, started_at, next_at, every_min, chain) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'calling', ?8, ?9, ?10, ?11)",
                       "Izsssssiiis", x->incident ? &x->incident : NULL, x->purpose, &x->kind, &x->service, &x->group, &x->text, &x->question, now,
                       now + CALLOUT_MINUTES * NS_PER_MIN, (int64_t) CALLOUT_MINUTES, &chain);
    if (e == 0)
        e = call_level(r, &c, v, 0, err);
    room_changed(r, "incident", x->incident);
    room_changed(r, "incident", x->incident);
    room_changed(r, "now", 0);
    arena_done(&a);
    *ret_id = c.id;
    return e;
}

/* Who stands above the first of them, so that nobody has to be named who is awake. */
static int chain_above(struct room *r, const struct room_callout *x, struct chain *c, struct diag *err) {
    int e = 0;
    for (int64_t up = 1; e == 0 && up <= CALLOUT_SUPERIOR_RANKS; up++) {
        struct str *above = NULL;
        size_t n = 0;
        e = room_reach_superiors(r, x->people, 1, up, c->a, &above, &n, err);
        for (size_t i = 0; e == 0 && i < MIN(n, (size_t) CALLOUT_SUPERIORS); i++)
            add_level(c, above[i]);
    }
    return e;
}

static int make_chain(struct room *r, const struct room_callout *x, struct chain *c, struct buf *out, struct diag *err) {
    struct jsonw w;
    int e = 0;
    for (size_t i = 0; i < x->n_people; i++)
        add_level(c, x->people[i]);
    int kind = duty_kind_from_string(x->kind);
    if (strcmp(x->purpose, "take") == 0)
        e = chain_take(r, x, c, err);
    if (e == 0 && strcmp(x->purpose, "decide") == 0)
        e = chain_decide(r, x, x->service, kind < 0 ? DUTY_STOP : (enum duty_kind) kind, c, err);
    if (strcmp(x->purpose, "key") == 0 && x->n_people)
        e = chain_above(r, x, c, err);
    if (e == 0 && !c->levels)
        return diag_set(err, -ENOENT, "nobody is to be called");
    jsonw_init(&w, out);
    write_chain(c, &w);
    return e < 0 ? e : buf_error(out);
}

int room_callout_start(struct room *r, const struct room_actor *by, const struct room_callout *x, int64_t *ret_id, struct diag *reterr) {
    struct arena a;
    struct buf chain;
    struct chain c = {.a = &a};
    bool mine = !r->in_tx;
    arena_init(&a, (size_t) 64 << 20);
    buf_init(&chain, (size_t) 2 << 20);
    int e = x->n_people > CALLOUT_PEOPLE_MAX ? diag_set(reterr, -ERR_LIMIT, "at most %d people at once", CALLOUT_PEOPLE_MAX) : make_chain(r, x, &c, &chain, reterr);
    if (e == 0 && mine)
        e = room_begin(r, reterr);
    if (e == 0) {
        e = c.passed.n ? note_passed(r, x->incident, c.passed, c.at[0], reterr) : 0;
        if (e == 0)
            e = start(r, by, x, buf_str(&chain), ret_id, reterr);
        if (mine)
            e = room_end(r, e, reterr);
    }
    buf_done(&chain);
    arena_done(&a);
    return e;
}

/* ---- answers ---- */

static int note_answer(struct room *r, const struct room_actor *by, const struct callout_row *c, struct str person, struct str answer, struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 16384);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "person", person);
    jsonw_kz(&w, "name", by->name);
    jsonw_kstr(&w, "question", c->question);
    jsonw_kstr(&w, "answer", answer);
    jsonw_ki64(&w, "minutes", (room_now(r) - c->started_ns) / NS_PER_MIN);
    jsonw_end(&w);
    int e = note(r, by, c->incident, "event.answered", &params, err);
    buf_done(&params);
    return e;
}

static int answer(struct room *r, const struct room_actor *by, int64_t id, struct str person, struct str text, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct callout_row c;
    struct arena a;
    char name[ROOM_BY_CAP];
    int64_t call = 0;
    arena_init(&a, (size_t) 4 << 20);
    int e = callout_load(r, id, &a, &c, err);
    if (e == 0)
        e = sql_query(r->db, &st, err, "SELECT id FROM call WHERE callout_id = ?1 AND person = ?2 ORDER BY level DESC LIMIT 1", "is", id, &person);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        call = sql_i64(st, 0);
    if (e == 0)
        e = diag_set(err, -ENOENT, "'%.*s' was not called", (int) MIN(person.n, 100u), person.p);
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_CALL, .id = call, .version = ROOM_ANY_VERSION};
    if (e == 1)
        e = room_write(r, &w, NULL, err, "UPDATE call SET answered_at = coalesce(answered_at, ?2), answered_by = ?3, answer = ?4 WHERE id = ?1", "iizs", call,
                       room_now(r), room_actor_format(by, name), &text);
    if (e == 0)
        e = note_answer(r, by, &c, person, text, err);
    if (e == 0 && strcmp(c.state, "ended") != 0)
        e = finish(r, &room_system, &c, "reached", err);
    room_changed(r, "incident", c.incident);
    arena_done(&a);
    return e;
}

int room_callout_answer(struct room *r, const struct room_actor *by, int64_t id, struct str person, struct str text, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, answer(r, by, id, person, text, reterr), reterr);
}

int room_callout_taken(struct room *r, int64_t id, struct diag *reterr) {
    struct callout_row c;
    struct arena a;
    arena_init(&a, (size_t) 4 << 20);
    int e = callout_load(r, id, &a, &c, reterr);
    if (e == 0)
        e = finish(r, &room_system, &c, "reached", reterr);
    arena_done(&a);
    return e;
}

int room_callout_end(struct room *r, const struct room_actor *by, int64_t id, struct diag *reterr) {
    struct callout_row c;
    struct arena a;
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    arena_init(&a, (size_t) 4 << 20);
    e = callout_load(r, id, &a, &c, reterr);
    if (e == 0)
        e = finish(r, by, &c, "ended", reterr);
    arena_done(&a);
    return room_end(r, e, reterr);
}

/* ---- time ---- */

static int nobody(struct room *r, const struct callout_row *c, struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 256);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_ki64(&w, "minutes", (room_now(r) - c->started_ns) / NS_PER_MIN);
    jsonw_end(&w);
    int e = note(r, &room_system, c->incident, "event.nobody_reached", &params, err);
    buf_done(&params);
    return e == 0 ? finish(r, &room_system, c, "nobody", err) : e;
}

static int next_level(struct room *r, const struct callout_row *c, struct arena *a, struct diag *err) {
    struct room_write w = of_callout(&room_system, c->id);
    struct json_value *chain;
    const struct room_duty *d;
    int64_t level = c->level + 1;
    int e = room_duty_get(r, &d, err); /* numbers as they are now */
    if (e == -ERR_UNSUPPORTED)
        e = 0;
    if (e == 0)
        e = json_parse(a, c->chain, &chain, err);
    if (e == 0 && level >= (int64_t) chain->n * CALLOUT_ROUNDS)
        return nobody(r, c, err);
    if (e == 0)
        e = call_level(r, c, chain, level, err);
    room_changed(r, "incident", c->incident);
    return e < 0 ? e
                 : room_write(r, &w, NULL, err, "UPDATE callout SET level = ?2, next_at = ?3 WHERE id = ?1", "iii", c->id, level,
                              room_now(r) + c->every_min * NS_PER_MIN);
}

/* Somebody opened the case: that is what `take` was for. */
static int step(struct room *r, int64_t id, struct diag *err) {
    struct callout_row c;
    struct arena a;
    int64_t now = room_now(r);
    arena_init(&a, (size_t) 16 << 20);
    int e = callout_load(r, id, &a, &c, err);
    if (e == 0 && strcmp(c.purpose, "take") == 0 && c.taken)
        e = finish(r, &room_system, &c, "reached", err);
    else if (e == 0 && c.next_ns > now + c.every_min * NS_PER_MIN) { /* the clock was set back */
        struct room_write w = of_callout(&room_system, id);
        e = room_write(r, &w, NULL, err, "UPDATE callout SET next_at = ?2 WHERE id = ?1", "ii", id, now + c.every_min * NS_PER_MIN);
    } else if (e == 0 && c.next_ns <= now)
        e = next_level(r, &c, &a, err);
    arena_done(&a);
    return e;
}

static int due(struct room *r, int64_t *ids, size_t *ret_n, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t now = room_now(r);
    int e = sql_query(r->db, &st, err,
                      "SELECT c.id FROM callout c LEFT JOIN incident i ON i.id = c.incident_id WHERE c.state = 'calling' AND (c.next_at <= ?1 OR "
                      "c.next_at > ?1 + c.every_min * ?2 OR (c.purpose = 'take' AND i.person_at IS NOT NULL)) ORDER BY c.id LIMIT ?3",
                      "iii", now, NS_PER_MIN, (int64_t) CALLOUT_OPEN_MAX);
    *ret_n = 0;
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        ids[(*ret_n)++] = sql_i64(st, 0);
        e = 0;
    }
    return e;
}

/* A case of level high or above that nobody opened for five minutes, and for which nobody has been called. */
static int call_for_alarms(struct room *r, struct diag *err) {
    const struct room_duty *d;
    int64_t id = 0, callout;
    struct str text = STR("");
    char title[200] = "";
    struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT i.id, i.number FROM incident i WHERE i.state = 'open' AND i.person_at IS NULL AND i.merged_into IS NULL AND i.level IN ('high', "
                      "'critical') AND i.opened_at <= ?1 AND NOT EXISTS (SELECT 1 FROM callout c WHERE c.incident_id = i.id AND c.purpose = 'take') "
                      "ORDER BY i.id LIMIT 1",
                      "i", room_now(r) - CALLOUT_MINUTES * NS_PER_MIN);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        id = sql_i64(st, 0);
        snprintf(title, sizeof title, "%.*s", STR_ARG(str_to(sql_str(st, 1), sizeof title - 1)));
    }
    sql_end(st);
    if (e <= 0)
        return e;
    if (room_duty_get(r, &d, NULL) < 0 || d->n_groups == 0)
        return 0; /* nobody wrote down who is on duty: the first page asks */
    text = str_of(title);
    struct room_callout x = {.incident = id, .purpose = "take", .kind = STR(""), .service = STR(""), .group = STR(""), .text = text, .question = STR("")};
    e = room_callout_start(r, &room_system, &x, &callout, err);
    return e == -ENOENT ? 0 : e;
}

/* Who acknowledged the message has answered. */
static int take_acknowledged(struct room *r, struct diag *err) {
    for (int i = 0; i < CALLOUT_OPEN_MAX; i++) {
        struct sql_stmt *st = NULL;
        int64_t id = 0;
        char person[304] = "";
        int e = sql_query(r->db, &st, err,
                          "SELECT c.callout_id, c.person FROM message m JOIN call c ON c.message_id = m.id JOIN callout o ON o.id = c.callout_id WHERE m.state = "
                          "'acknowledged' AND c.answered_at IS NULL AND o.state IN ('calling', 'nobody') LIMIT 1",
                          "");
        if (e == 0)
            e = sql_step(st, err);
        if (e == 1) {
            id = sql_i64(st, 0);
            snprintf(person, sizeof person, "%.*s", (int) MIN(sql_str(st, 1).n, sizeof person - 1), sql_str(st, 1).p);
        }
        sql_end(st);
        if (e == 1)
            e = room_callout_answer(r, &room_system, id, str_of(person), STR(""), err);
        else
            return e;
        if (e < 0)
            return e;
    }
    return 0;
}

int room_callouts_tick(struct room *r, struct diag *reterr) {
    int64_t ids[CALLOUT_OPEN_MAX];
    size_t n = 0;
    int e = take_acknowledged(r, reterr);
    if (e == 0)
        e = due(r, ids, &n, reterr);
    for (size_t i = 0; e == 0 && i < n; i++) {
        e = room_begin(r, reterr);
        if (e == 0)
            e = room_end(r, step(r, ids[i], reterr), reterr);
    }
    return e == 0 ? call_for_alarms(r, reterr) : e;
}

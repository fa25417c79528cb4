/* Rounds of a campaign: who is told what, who stands above them, and when the next one is due. */
#include "room/campaign_priv.h"
#include "room/message.h"
#include "room/reach.h"

#define LINES_MAX 60 /* targets one message lists; the page behind the link has the others */
#define OPEN_MAX 100 /* campaigns looked at in one second */

static int no_memory(struct diag *err) {
    return diag_set(err, -ENOMEM, "memory has run out");
}

struct people {
    struct str *at;
    size_t n;
};

/* Each person something is open for, once. Nobody to be told about a thing whose person is not known. */
static int open_people(struct room *r, int64_t campaign, struct arena *a, struct people *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *ret = (struct people){.at = arena_alloc(a, CAMPAIGN_TARGETS_MAX * sizeof *ret->at)};
    int e = ret->at ? sql_query(r->db, &st, err, "SELECT DISTINCT person FROM campaign_target WHERE campaign_id = ?1 AND state = 'open' AND person <> '' ORDER BY person", "i", campaign) : no_memory(err);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        ret->at[ret->n] = arena_dup(a, sql_str(st, 0));
        if (!ret->at[ret->n++].p)
            return no_memory(err);
    }
    return MIN(e, 0);
}

/* What is open for one person (up 0), or, for who stands above, how many of those below have not answered. */
static int add_lines(struct room *r, int64_t campaign, struct str person, struct buf *out, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int n = 0;
    int e = sql_query(r->db, &st, err, "SELECT name, what, n FROM campaign_target WHERE campaign_id = ?1 AND person = ?2 AND state = 'open' ORDER BY id", "is", campaign, &person);
    while (e >= 0 && (e = sql_step(st, err)) == 1)
        if (++n <= LINES_MAX) {
            struct str what = sql_str(st, 1);
            if (!str_eq(sql_str(st, 0), person))
                buf_printf(out, "- %.*s%s\n", STR_ARG(sql_str(st, 0)), what.n ? ":" : "");
            if (what.n)
                buf_printf(out, "  %.*s\n", STR_ARG(what));
        }
    if (n > LINES_MAX)
        buf_printf(out, "ほか %d 件 / and %d more\n", n - LINES_MAX, n - LINES_MAX);
    return MIN(e, 0);
}

static int write_text(struct room *r, const struct campaign_row *c, struct str person, const struct people *below, struct buf *out, struct diag *err) {
    char due[TIME_ISO_CAP];
    int e = 0;
    if (below) {
        buf_printf(out, "次の %zu 人から回答がありません。声をかけてください。\n%zu people below you have not answered; please ask them.\n", below->n, below->n);
        for (size_t i = 0; i < below->n && i < LINES_MAX; i++)
            buf_printf(out, "- %.*s\n", STR_ARG(below->at[i]));
    } else if (c->kind)
        buf_printf(out, "%.*s\n%.*s\n", STR_ARG(c->kind->ask.ja), STR_ARG(c->kind->ask.en));
    if (c->text.n)
        buf_printf(out, "\n%.*s\n", STR_ARG(c->text));
    if (!below)
        e = add_lines(r, c->id, person, out, err);
    buf_printf(out, "\n期限 / due: %s\n", time_format_iso_offset(c->due_ns, TIME_JST_OFFSET_MIN, 0, due));
    if (!below)
        buf_add_z(out, "答える / answer: {{link}}\n");
    return e < 0 ? e : buf_error(out);
}

static int tell_one(struct room *r, const struct campaign_row *c, struct str person, int64_t round, int64_t up, const struct people *below, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CREATE, .object = OBJECT_TOLD, .tlp = TLP_AMBER, .incident = c->incident};
    struct reach to = room_reach_way(r, person, round);
    struct str address = to.address;
    int64_t message = 0;
    struct buf text;
    int e = 0;
    buf_init(&text, 65536);
    if (to.door && !r->replay) { /* a demonstration calls nobody */
        e = write_text(r, c, person, below, &text, err);
        struct room_message_new m = {.way = str_of(to.door), .address = address, .who = person, .subject = c->title, .text = buf_str(&text), .incident = c->incident, .ask = !below};
        if (e == 0)
            e = room_message_add(r, &room_system, &m, &message, err);
    }
    buf_done(&text);
    return e < 0 ? e
                 : room_write(r, &w, NULL, err, "INSERT INTO campaign_told(campaign_id, person, round, up, way, address, at, message_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                              "isiizsiI", c->id, &person, round, up, to.way, &address, room_now(r), message ? &message : NULL);
}

static int tell_superiors(struct room *r, const struct campaign_row *c, const struct people *open, int64_t round, int64_t up, struct arena *a, struct diag *err) {
    struct str *above = NULL;
    size_t n = 0;
    int e = room_reach_superiors(r, open->at, open->n, up, a, &above, &n, err);
    for (size_t i = 0; e == 0 && i < n; i++)
        e = tell_one(r, c, above[i], round, up, open, err);
    return e == 0 && n ? campaign_note(r, &room_system, c, "event.campaign_up", "contact", (int64_t) n, err) : e;
}

int campaign_tell(struct room *r, const struct campaign_row *c, int64_t round, struct diag *err) {
    const struct room_duty *d;
    struct people open;
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    int e = room_duty_get(r, &d, err); /* ways to reach people, as they are now */
    if (e == -ERR_UNSUPPORTED)
        e = 0; /* no calendar: nobody can be reached by itself; the page lists them */
    if (e == 0)
        e = open_people(r, c->id, &a, &open, err);
    for (size_t i = 0; e == 0 && i < open.n; i++)
        e = tell_one(r, c, open.at[i], round, 0, NULL, err);
    if (e == 0 && c->kind && c->kind->up > 0 && round >= c->kind->up && open.n)
        e = tell_superiors(r, c, &open, round, round - c->kind->up + 1, &a, err);
    arena_done(&a);
    return e;
}

/* ---- time ---- */

/* One round, however many times would have passed while nobody looked. */
static int next_round(struct room *r, const struct campaign_row *c, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_CAMPAIGN, .id = c->id, .version = ROOM_ANY_VERSION, .quiet = true};
    int64_t round = c->round + 1, next = room_now(r) + (c->kind ? c->kind->remind_ns : 0);
    bool more = c->kind && c->kind->remind_ns && round < CAMPAIGN_ROUNDS_MAX;
    if (next > c->due_ns && room_now(r) < c->due_ns) /* the day itself is not passed over */
        next = c->due_ns;
    int e = campaign_tell(r, c, round, err);
    room_changed(r, "campaign", c->id);
    return e < 0 ? e : room_write(r, &w, NULL, err, "UPDATE campaign SET round = ?2, next_at = ?3 WHERE id = ?1", "iiI", c->id, round, more ? &next : NULL);
}

static int say_due(struct room *r, const struct campaign_row *c, struct diag *err) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_CAMPAIGN, .id = c->id, .version = ROOM_ANY_VERSION, .quiet = true};
    struct campaign_count n;
    int e = campaign_count(r, c->id, &n, err);
    if (e == 0)
        e = room_write(r, &w, NULL, err, "UPDATE campaign SET due_told = 1 WHERE id = ?1", "i", c->id);
    return e < 0 ? e : campaign_note(r, &room_system, c, "event.campaign_due", "contact", n.targets - n.done, err);
}

static int step(struct room *r, int64_t id, bool round, bool due, struct diag *err) {
    struct campaign_row c;
    struct arena a;
    arena_init(&a, (size_t) 1 << 20);
    int e = campaign_load(r, id, &a, &c, err);
    if (e == 0 && due)
        e = say_due(r, &c, err);
    if (e == 0 && round)
        e = next_round(r, &c, err);
    arena_done(&a);
    return e;
}

int room_campaigns_tick(struct room *r, struct diag *reterr) {
    struct {
        int64_t id;
        bool round, due;
    } list[OPEN_MAX];
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t now = room_now(r);
    size_t n = 0;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT id, next_at IS NOT NULL AND next_at <= ?1, due_told = 0 AND due_at <= ?1 FROM campaign WHERE state = 'running' AND "
                      "(next_at <= ?1 OR (due_told = 0 AND due_at <= ?1)) ORDER BY id LIMIT ?2",
                      "ii", now, (int64_t) OPEN_MAX);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        list[n].id = sql_i64(st, 0);
        list[n].round = sql_i64(st, 1) != 0;
        list[n++].due = sql_i64(st, 2) != 0;
    }
    sql_end(TAKE_PTR(st));
    for (size_t i = 0; e == 0 && i < n; i++) {
        e = room_begin(r, reterr);
        if (e == 0)
            e = room_end(r, step(r, list[i].id, list[i].round, list[i].due, reterr), reterr);
    }
    return e;
}

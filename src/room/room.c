#include "room/grant.h"
#include "room/room.h"

#include "base/limits.h"
#include "base/mem.h"
#include "room/login.h"
#include "room/duty_priv.h"
#include "room/report.h"
#include "room/room_priv.h"
#include "room/schema.h"
#include "room/tables.h"

const struct room_actor room_system = {.role = ROLE_SYSTEM, .name = "system"};
const struct room_actor room_sensor = {.role = ROLE_SENSOR, .name = "sensor"};
const struct room_actor room_hand = {.role = ROLE_HAND, .name = "hand"};

static const char *const tlps[TLP_MAX_] = {[TLP_CLEAR] = "CLEAR",
                                           [TLP_GREEN] = "GREEN",
                                           [TLP_AMBER] = "AMBER",
                                           [TLP_AMBER_STRICT] = "AMBER+STRICT",
                                           [TLP_RED] = "RED"};
static const char *const classes[CLASS_MAX_] = {[CLASS_ATTACK] = "attack",
                                                [CLASS_VICTIM] = "victim",
                                                [CLASS_RESPONSE] = "response",
                                                [CLASS_PERSONAL] = "personal"};
static const char *const roles[ROLE_MAX_] = {
    [ROLE_NOBODY] = "nobody",   [ROLE_ADMINISTRATOR] = "administrator",
    [ROLE_HANDLER] = "handler", [ROLE_AUDITOR] = "auditor",
    [ROLE_COMMANDER] = "commander", [ROLE_APPROVER] = "approver",
    [ROLE_PUBLISHER] = "publisher", [ROLE_REPORTER] = "reporter",
    [ROLE_SUPPLIER] = "supplier", [ROLE_DESK] = "desk",
    [ROLE_SYSTEM] = "system",   [ROLE_SENSOR] = "sensor",
    [ROLE_HAND] = "hand"};

const char *room_tlp_to_string(enum room_tlp t) {
    ASSERT((unsigned) t < TLP_MAX_);
    return tlps[t];
}

int room_tlp_from_string(struct str s) {
    for (int i = 0; i < TLP_MAX_; i++)
        if (str_eq_z(s, tlps[i]))
            return i;
    return -EINVAL;
}

const char *room_class_to_string(enum room_class c) {
    ASSERT((unsigned) c < CLASS_MAX_);
    return classes[c];
}

const char *room_role_to_string(enum room_role r) {
    ASSERT((unsigned) r < ROLE_MAX_);
    return roles[r];
}

int room_role_from_string(struct str s) {
    for (int i = ROLE_ADMINISTRATOR; i <= ROLE_DESK; i++)
        if (str_eq_z(s, roles[i]))
            return i;
    return -EINVAL;
}

const char *room_actor_format(const struct room_actor *a, char dst[ROOM_BY_CAP]) {
    if (a->person)
        snprintf(dst, ROOM_BY_CAP, "person:%lld", (long long) a->person);
    else
        snprintf(dst, ROOM_BY_CAP, "%s", room_role_to_string(a->role));
    return dst;
}

int64_t room_wall(const struct room *r) {
    return r->wall.now_ns(r->wall.ctx);
}

struct sql_effort room_effort(const struct room *r) {
    return sql_effort(r->db);
}

int64_t room_last_write(struct room *r) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    if (sql_query(r->db, &st, NULL, "SELECT max(at) FROM audit", "") == 0 &&
        sql_step(st, NULL) == 1 && !sql_is_null(st, 0))
        return sql_i64(st, 0);
    return TIME_NONE;
}

int64_t room_now(const struct room *r) {
    return r->clock.now_ns(r->clock.ctx);
}

static int64_t wall_now(void *ctx UNUSED) {
    return time_now_ns();
}

int room_open(const struct room_options *o, struct room **ret, struct diag *reterr) {
    CLEANUP(room_closep) struct room *r = mem_zalloc(sizeof *r);
    if (!r)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    r->clock = *o->clock;
    r->wall = o->wall ? *o->wall : (struct port_clock){NULL, wall_now};
    map_init(&r->hand.standing, BLOCK_ADDRESSES_MAX, MAP_BORROW);
    arena_init(&r->hand.arena, (size_t) 64 << 20);
    arena_init(&r->facts_arena, 64 << 20);
    r->policy = o->policy;
    r->replay = o->replay;
    r->watcher = o->watcher;
    r->key = o->key;
    r->public_key = o->public_key;
    r->calendar = o->calendar;
    arena_init(&r->case_rules.arena, 1 << 20);
    room_reports_init(r);
    room_numbers_init(r);
    int e = sql_open(o->path, &r->db, reterr);
    if (e == 0)
        e = room_schema_migrate(r->db, room_now(r), reterr);
    if (e == 0)
        e = room_reports_load(r, reterr);
    if (e < 0)
        return e;
    *ret = TAKE_PTR(r);
    return 0;
}

void room_close(struct room *r) {
    if (!r)
        return;
    room_reports_done(r);
    room_numbers_done(r);
    register_kinds_done(&r->kinds);
    arena_done(&r->facts_arena);
    room_laws_done(r);
    room_forms_done(r);
    room_plans_done(&r->plans);
    room_duty_free(r->duty);
    arena_done(&r->case_rules.arena);
    arena_done(&r->readiness.arena);
    arena_done(&r->readiness.of_packs);
    map_done(&r->hand.standing);
    for (size_t i = 0; i < ARRAY_SIZE(r->drivers); i++)
        mem_free(r->drivers[i].json);
    arena_done(&r->hand.arena);
    IGNORE(room_logins_tick(r, NULL));
    mem_free(r->logins);
    sql_close(r->db);
    mem_free(r);
}

static void add_commander(struct room *r, struct room_row *row, struct diag *err, int *e) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *e = sql_query(r->db, &st, err, "SELECT commander, tlp, need_to_know, owner FROM incident WHERE id = ?1", "i",
                   row->incident);
    if (*e == 0)
        *e = sql_step(st, err);
    if (*e == 1) {
        int tlp = room_tlp_from_string(sql_str(st, 1));
        row->commander = sql_i64(st, 0);
        row->need_to_know = sql_i64(st, 2) != 0;
        row->owner = sql_i64(st, 3); /* who wrote a row of a case does not thereby own the case */
        if (tlp > (int) row->tlp)
            row->tlp = (enum room_tlp) tlp;
    }
    *e = *e < 0 ? *e : room_row_parties(r, row, err);
}

int room_row_load(struct room *r, enum room_object object, int64_t id, struct room_row *ret,
                  struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct room_table *t = room_table_of(object);
    *ret = (struct room_row){.object = object, .id = id, .tlp = TLP_AMBER};
    if (!t || id == 0)
        return 0;
    int e = sql_query(r->db, &st, reterr, t->head, "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no %s %lld", t->name, (long long) id);
    int tlp = room_tlp_from_string(sql_str(st, 1));
    ret->version = sql_i64(st, 0);
    ret->tlp = tlp < 0 ? TLP_RED : (enum room_tlp) tlp;
    ret->info_class = t->info_class;
    ret->owner = sql_i64(st, 3);
    snprintf(ret->updated_by, sizeof ret->updated_by, "%.*s", STR_ARG(sql_str(st, 4)));
    ret->updated_at_ns = sql_i64(st, 5);
    ret->incident = sql_i64(st, 6);
    if (object == OBJECT_PERSON)
        ret->owner = id; /* a person's row is that person's own */
    e = 0;
    if (ret->incident)
        add_commander(r, ret, reterr, &e);
    if (e == 0 && object == OBJECT_TIMELINE)
        e = room_row_lane(r, ret, reterr);
    return e;
}

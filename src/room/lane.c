#include "room/lane.h"

#include "room/room_priv.h"

static const char *const lanes[] = {"attacker", "system",           "ciso_csirt", "it_ops",  "business",
                                    "outsourcer", "public_relations", "executive",  "external"};

const char *room_lane_from_string(struct str s) {
    for (size_t i = 0; i < ARRAY_SIZE(lanes); i++)
        if (str_eq_z(s, lanes[i]))
            return lanes[i];
    return NULL;
}

const char *room_lane_at(size_t i) {
    return i < ARRAY_SIZE(lanes) ? lanes[i] : NULL;
}

bool room_lane_is_own(struct str code) {
    return str_starts(code, STR("own:"));
}

int room_lane_of(struct room *r, int64_t incident, struct str code, char dst[ROOM_LANE_CAP], struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int64_t id = 0;
    bool own = room_lane_is_own(code) && str_to_i64(str_from(code, 4), &id) == 0;
    snprintf(dst, ROOM_LANE_CAP, "%.*s", STR_ARG(code));
    if (!own)
        return room_lane_from_string(code) ? 0 : diag_set(reterr, -EINVAL, "lane");
    int e = sql_query(r->db, &st, reterr, "SELECT 1 FROM lane WHERE id = ?1 AND incident_id = ?2", "ii", id, incident);
    if (e == 0)
        e = sql_step(st, reterr);
    return e < 0 ? e : e == 1 ? 0 : diag_set(reterr, -EINVAL, "lane");
}

static void put(struct room_lane *l, const char *code, const char *base, struct str name) {
    snprintf(l->code, sizeof l->code, "%s", code);
    snprintf(l->base, sizeof l->base, "%s", base);
    snprintf(l->name, sizeof l->name, "%.*s", STR_ARG(name));
}

int room_lanes_list(struct room *r, int64_t incident, struct room_lane dst[ROOM_LANES_MAX], size_t *ret_n, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_lane own[ROOM_LANES_MAX];
    size_t n_own = 0, n = 0;
    int e = sql_query(r->db, &st, reterr, "SELECT id, base, name FROM lane WHERE incident_id = ?1 ORDER BY id LIMIT ?2", "ii", incident,
                      (int64_t) (ROOM_LANES_MAX - ARRAY_SIZE(lanes)));
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        char code[ROOM_LANE_CAP], base[ROOM_LANE_CAP];
        snprintf(code, sizeof code, "own:%lld", (long long) sql_i64(st, 0));
        snprintf(base, sizeof base, "%.*s", STR_ARG(sql_str(st, 1)));
        put(&own[n_own++], code, base, sql_str(st, 2));
        e = 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(lanes); i++) {
        put(&dst[n++], lanes[i], lanes[i], STR(""));
        for (size_t k = 0; k < n_own; k++)
            if (strcmp(own[k].base, lanes[i]) == 0)
                dst[n++] = own[k];
    }
    *ret_n = n;
    return MIN(e, 0);
}

int room_lane_add(struct room *r, const struct room_actor *by, int64_t incident, struct str name, struct str base, int64_t *ret_id,
                  struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_LANE, .tlp = TLP_AMBER, .incident = incident};
    const char *of = room_lane_from_string(base);
    if (!of || strcmp(of, "attacker") == 0 || strcmp(of, "system") == 0)
        return diag_set(reterr, -EINVAL, "base");
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = sql_query(r->db, &st, reterr, "SELECT count(*) FROM lane WHERE incident_id = ?1", "i", incident);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        e = sql_i64(st, 0) >= (int64_t) (ROOM_LANES_MAX - ARRAY_SIZE(lanes)) ? diag_set(reterr, -ENOSPC, "too many lanes") : 0;
    if (e == 0)
        e = room_write(r, &w, ret_id, reterr, "INSERT INTO lane(incident_id, name, base) VALUES (?1, ?2, ?3)", "isz", incident, &name, of);
    room_changed(r, "incident", incident);
    return room_end(r, e, reterr);
}

void room_lane_name_write(const struct room_lane *list, size_t n, struct str code, struct jsonw *w) {
    for (size_t i = 0; i < n; i++)
        if (list[i].name[0] && str_eq_z(code, list[i].code)) {
            jsonw_str(w, str_of(list[i].name));
            return;
        }
    jsonw_null(w);
}

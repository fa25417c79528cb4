/* Registers as the pages read them: what follows for logs, and what somebody has to see to.
 *
 * A system's log is `obtained` only while a source that is attached to it speaks; what was merely written down as obtained is
 * `said`. A contract without log collection makes the systems it covers `not_in_contract`, whatever they say of themselves, unless a
 * source of theirs speaks. not_in_contract and not_watched stay red until they are changed. */
#include "base/limits.h"
#include "room/register_priv.h"
#include "room/report.h"

enum { ENDS_SOON_DAYS = 90 };

static const char *const needs[] = {[NEED_OK] = "ok", [NEED_UNKNOWN] = "unknown", [NEED_SOON] = "soon", [NEED_MUST] = "must"};

/* .p NULL when there is none. */
static struct str value(const struct register_row *row, const char *field) {
    struct str s = STR_NULL;
    (void) json_get_str(row->values, field, &s);
    return s;
}

/* ---- all of them at once ---- */

static int remember_refusal(struct register_judging *j, struct register_row *contract) {
    struct str list = value(contract, "systems"), one;
    if (!contract->active || !str_eq_z(value(contract, "log_collection"), "no"))
        return 0;
    while (str_split(&list, '\n', &one)) {
        struct str key = register_key(&j->contracts.arena, one);
        int e = key.p ? map_put(&j->refused, key, contract) : -ENOMEM;
        if (e < 0)
            return e;
    }
    return 0;
}

int register_judging_begin(struct room *r, struct register_judging *j, struct diag *err) {
    *j = (struct register_judging){.r = r};
    map_init(&j->refused, 8 * ROOM_REGISTER_ROWS_MAX, 0);
    map_init(&j->sources, 2 * SOURCES_MAX, MAP_BORROW);
    int e = register_rows_load(r, STR("systems"), &j->systems, err);
    int e2 = register_rows_load(r, STR("contracts"), &j->contracts, err);
    e = e < 0 ? e : e2;
    if (e == 0)
        e = room_sources_map(r, &j->sources, err);
    for (size_t i = 0; e == 0 && i < j->contracts.n; i++)
        e = remember_refusal(j, j->contracts.at[i]);
    return e;
}

void register_judging_end(struct register_judging *j) {
    map_done(&j->refused);
    map_done(&j->sources);
    register_rows_done(&j->systems);
    register_rows_done(&j->contracts);
}

/* ---- a system ---- */

struct spoken {
    size_t attached, speaking;
};

static struct spoken write_sources(const struct register_judging *j, struct str list, struct jsonw *w) {
    struct spoken s = {0};
    struct str one;
    if (w) {
        jsonw_key(w, STR("sources"));
        jsonw_array(w);
    }
    while (str_split(&list, '\n', &one)) {
        const struct json_value *told = map_get(&j->sources, one);
        const char *state = told ? room_source_state(told) : NULL;
        int64_t id = 0;
        s.attached++;
        s.speaking += state && strcmp(state, "silent") != 0 && strcmp(state, "unknown") != 0;
        if (!w)
            continue;
        jsonw_object(w);
        jsonw_kstr(w, "name", one);
        jsonw_kz(w, "state", state);
        jsonw_ki64(w, "id", told && json_get_i64(told, "id", &id) ? id : 0);
        jsonw_end(w);
    }
    if (w)
        jsonw_end(w);
    return s;
}

static const struct register_row *refusing(struct register_judging *j, const struct register_row *row) {
    struct arena_mark mark = arena_mark(&j->systems.arena);
    struct str key = register_key(&j->systems.arena, row->name);
    const struct register_row *contract = key.p ? map_get(&j->refused, key) : NULL;
    arena_rewind(&j->systems.arena, mark);
    return contract;
}

static enum register_need judge_system(struct register_judging *j, const struct register_row *row, struct jsonw *w) {
    static const struct {
        const char *said, *is;
        enum register_need need;
    } states[] = {{"obtained", "said", NEED_SOON}, {"obtainable", "obtainable", NEED_SOON}, {"not_in_contract", "not_in_contract", NEED_MUST},
                  {"not_watched", "not_watched", NEED_MUST}};
    const struct register_row *contract = refusing(j, row);
    struct str said = value(row, "log");
    const char *is = "unknown";
    enum register_need need = NEED_UNKNOWN;
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (str_eq_z(said, states[i].said)) {
            is = states[i].is;
            need = states[i].need;
        }
    if (contract) {
        is = "not_in_contract";
        need = NEED_MUST;
    }
    if (w) {
        jsonw_key(w, STR("log"));
        jsonw_object(w);
    }
    struct spoken s = write_sources(j, value(row, "sources"), w);
    if (s.speaking) {
        is = s.speaking == s.attached ? "obtained" : "partly";
        need = s.speaking == s.attached ? NEED_OK : NEED_SOON;
    } else if (s.attached && !contract && need != NEED_MUST) {
        is = "silent";
        need = NEED_MUST;
    }
    if (w) {
        jsonw_kz(w, "is", is);
        jsonw_key(w, STR("contract"));
        if (contract)
            jsonw_str(w, contract->name);
        else
            jsonw_null(w);
        jsonw_end(w);
    }
    return need;
}

/* ---- a contract ---- */

/* 2026-11-22 in Japan. */
static int64_t day_of(struct str s) {
    char at[32];
    int64_t t;
    int offset;
    if (s.n != 10)
        return TIME_NONE;
    int n = snprintf(at, sizeof at, "%.*sT00:00:00+09:00", STR_ARG(s));
    return time_parse_iso(str_n(at, (size_t) n), &t, &offset) > 0 ? t : TIME_NONE;
}

static enum register_need judge_contract(const struct register_judging *j, const struct register_row *row, struct jsonw *w) {
    static const char *const checked[] = {"log_collection", "night_response", "vulnerability_policy"},
                             *const written[] = {"sla", "responsibility", "incident_scope", "incident_cost"};
    struct str logs = value(row, "log_collection"), ends = value(row, "ends");
    enum register_need need = str_eq_z(logs, "no") ? NEED_MUST : NEED_OK;
    int64_t begins = day_of(ends), now = room_now(j->r);
    bool over = begins != TIME_NONE && begins + NS_PER_DAY <= now; /* its last day is still within it */
    bool ending = begins != TIME_NONE && !over && begins - ENDS_SOON_DAYS * NS_PER_DAY <= now;
    if (w) {
        jsonw_key(w, STR("gaps"));
        jsonw_array(w);
    }
    for (size_t i = 0; i < ARRAY_SIZE(checked); i++) {
        struct str v = value(row, checked[i]);
        if (str_eq_z(v, "yes"))
            continue;
        if (w)
            jsonw_str(w, str_of(checked[i]));
        need = MAX(need, NEED_SOON);
    }
    for (size_t i = 0; i < ARRAY_SIZE(written); i++)
        if (w && !value(row, written[i]).n)
            jsonw_str(w, str_of(written[i]));
    if (over || ending) {
        if (w)
            jsonw_str(w, over ? STR("over") : STR("ending"));
        need = MAX(need, NEED_SOON);
    }
    if (!w)
        return need;
    jsonw_end(w);
    jsonw_key(w, STR("log"));
    jsonw_object(w);
    jsonw_kz(w, "is", str_eq_z(logs, "yes") ? "in_contract" : str_eq_z(logs, "no") ? "not_in_contract" : "unknown");
    jsonw_end(w);
    return need;
}

enum register_need register_judge(struct register_judging *j, struct str kind, const struct register_row *row, struct jsonw *w) {
    enum register_need need = NEED_OK;
    if (str_eq_z(kind, "systems"))
        need = judge_system(j, row, w);
    else if (str_eq_z(kind, "contracts"))
        need = judge_contract(j, row, w);
    if (!row->active)
        need = NEED_OK;
    if (w)
        jsonw_kz(w, "need", needs[need]);
    return need;
}

/* ---- writing ---- */

static void write_row(struct register_judging *j, struct str kind, const struct register_row *row, struct jsonw *w) {
    jsonw_object(w);
    jsonw_ki64(w, "id", row->id);
    jsonw_ki64(w, "version", row->version);
    jsonw_kstr(w, "register", kind);
    jsonw_kstr(w, "name", row->name);
    jsonw_kbool(w, "active", row->active);
    jsonw_key(w, STR("values"));
    jsonw_value(w, row->values);
    (void) register_judge(j, kind, row, w);
    jsonw_ktime(w, "updated_at", row->updated_at_ns);
    room_by_text((struct room *) (uintptr_t) j->r, w, "updated_by", row->updated_by);
    jsonw_end(w);
}

static struct register_rows *rows_of(struct register_judging *j, struct str kind) {
    return str_eq_z(kind, "contracts") ? &j->contracts : &j->systems;
}

int room_register_write(struct room *r, struct str kind, struct jsonw *w, struct diag *reterr) {
    struct register_judging j;
    int e = register_judging_begin(r, &j, reterr);
    struct register_rows *x = rows_of(&j, kind);
    jsonw_key(w, STR("rows"));
    jsonw_array(w);
    for (int need = NEED_MUST; e == 0 && need >= NEED_OK; need--)
        for (size_t i = 0; i < x->n; i++)
            if ((int) register_judge(&j, kind, x->at[i], NULL) == need)
                write_row(&j, kind, x->at[i], w);
    jsonw_end(w);
    register_judging_end(&j);
    return e;
}

int room_register_write_one(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    struct register_judging j;
    char kind[64];
    int e = room_register_kind(r, id, kind, reterr);
    if (e < 0)
        return e;
    e = register_judging_begin(r, &j, reterr);
    struct register_rows *x = rows_of(&j, str_of(kind));
    for (size_t i = 0; e == 0 && i < x->n; i++)
        if (x->at[i]->id == id)
            write_row(&j, str_of(kind), x->at[i], w);
    register_judging_end(&j);
    return e;
}

int room_register_count(struct room *r, struct str kind, int64_t *ret_n, int64_t *ret_must, struct diag *reterr) {
    struct register_judging j;
    int e = register_judging_begin(r, &j, reterr);
    struct register_rows *x = rows_of(&j, kind);
    *ret_n = *ret_must = 0;
    for (size_t i = 0; e == 0 && i < x->n; i++) {
        *ret_n += x->at[i]->active;
        *ret_must += register_judge(&j, kind, x->at[i], NULL) == NEED_MUST;
    }
    register_judging_end(&j);
    return e;
}

/* Registers as the pages read them: what follows for logs, what somebody has to see to, and what rows name of each other.
 *
 * Which register that is about is data (register_kind.h). A log is `obtained` only while a source that is attached to its row
 * speaks; what was merely written down as obtained is `said`. A row of another register that takes the log (a contract without log
 * collection) keeps those it names `not_in_contract`, whatever they say of themselves, unless a source of theirs speaks. */
#include "base/limits.h"
#include "room/register_priv.h"
#include "room/report.h"

/* ---- all of them at once ---- */

static int remember_refusals(struct register_judging *j, size_t i, struct diag *err) {
    const struct register_log *log = j->all.r->kinds.at[i].log;
    if (!log || !log->refused_register.n)
        return 0;
    struct register_rows *x = register_all_of(&j->all, log->refused_register, err);
    int e = x ? 0 : -EIO;
    for (size_t n = 0; e == 0 && n < x->n; n++) {
        struct register_row *row = x->at[n];
        struct str list = register_value(row->values, log->refused_by), one;
        if (!row->active || !str_eq(register_value(row->values, log->refused_field), log->refused_is))
            continue;
        while (e == 0 && list.n && str_split(&list, '\n', &one)) {
            struct str key = register_key(&x->arena, one);
            e = key.p ? map_put(&j->refused[i], key, row) : -ENOMEM;
        }
    }
    return e;
}

/* Names that rows of another register give: once a rule, not once a row. */
static int remember_named(struct register_judging *j, const struct register_rule *rule, struct diag *err) {
    struct register_rows *x = rule->unless_register.n && j->n_named < ARRAY_SIZE(j->named) ? register_all_of(&j->all, rule->unless_register, err) : NULL;
    if (!rule->unless_register.n)
        return 0;
    if (!x)
        return j->n_named < ARRAY_SIZE(j->named) ? -EIO : diag_set(err, -ERR_LIMIT, "more than %zu needs with unless", ARRAY_SIZE(j->named));
    struct register_named *n = &j->named[j->n_named++];
    int e = 0;
    n->rule = rule;
    map_init(&n->names, 8 * ROOM_REGISTER_ROWS_MAX, 0);
    for (size_t i = 0; e == 0 && i < x->n; i++) {
        struct str list = register_value(x->at[i]->values, rule->unless_field), one;
        while (e == 0 && x->at[i]->active && list.n && str_split(&list, '\n', &one)) {
            struct str key = register_key(&x->arena, one);
            e = key.p ? map_put(&n->names, key, x->at[i]) : -ENOMEM;
        }
    }
    return e;
}

int register_judging_begin(struct room *r, struct register_judging *j, struct diag *err) {
    register_all_begin(&j->all, r);
    j->n_named = 0;
    map_init(&j->sources, 2 * SOURCES_MAX, MAP_BORROW);
    int e = room_sources_map(r, &j->sources, err);
    for (size_t i = 0; i < REGISTER_KINDS_MAX; i++)
        map_init(&j->refused[i], 8 * ROOM_REGISTER_ROWS_MAX, 0);
    for (size_t i = 0; e == 0 && i < r->kinds.n; i++)
        e = remember_refusals(j, i, err);
    for (size_t i = 0; e == 0 && i < r->kinds.n; i++)
        for (size_t k = 0; e == 0 && k < r->kinds.at[i].n_rules; k++)
            e = remember_named(j, &r->kinds.at[i].rules[k], err);
    return e;
}

void register_judging_end(struct register_judging *j) {
    for (size_t i = 0; i < REGISTER_KINDS_MAX; i++)
        map_done(&j->refused[i]);
    for (size_t i = 0; i < j->n_named; i++)
        map_done(&j->named[i].names);
    map_done(&j->sources);
    register_all_end(&j->all);
}

/* ---- a log ---- */

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
    while (list.n && str_split(&list, '\n', &one)) {
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

static const struct register_row *refusing(struct register_judging *j, const struct register_kind *k, const struct register_row *row) {
    struct arena key_arena;
    arena_init(&key_arena, 1 << 16);
    struct str key = register_key(&key_arena, row->name);
    const struct register_row *by = key.p ? map_get(&j->refused[k - j->all.r->kinds.at], key) : NULL;
    arena_done(&key_arena);
    return by;
}

static enum register_need judge_log(struct register_judging *j, const struct register_kind *k, const struct register_row *row, struct jsonw *w) {
    const struct register_row *by = refusing(j, k, row);
    struct str said = register_value(row->values, k->log->said), is = STR("unknown");
    enum register_need need = NEED_UNKNOWN;
    for (size_t i = k->log->n_states; i-- > 0;) /* one without `said` stands last, and gives way */
        if (!k->log->states[i].said.n || str_eq(said, k->log->states[i].said)) {
            is = k->log->states[i].is;
            need = k->log->states[i].need;
        }
    if (by) {
        is = STR("not_in_contract");
        need = NEED_MUST;
    }
    if (w) {
        jsonw_key(w, STR("log"));
        jsonw_object(w);
    }
    if (k->log->sources.n) {
        struct spoken s = write_sources(j, register_value(row->values, k->log->sources), w);
        if (s.speaking) {
            is = s.speaking == s.attached ? STR("obtained") : STR("partly");
            need = s.speaking == s.attached ? NEED_OK : NEED_SOON;
        } else if (s.attached && !by && need != NEED_MUST) {
            is = STR("silent");
            need = NEED_MUST;
        }
    }
    if (!w)
        return need;
    jsonw_kstr(w, "is", is);
    if (k->log->refused_register.n) {
        jsonw_key(w, STR("contract"));
        if (by)
            jsonw_str(w, by->name);
        else
            jsonw_null(w);
    }
    jsonw_end(w);
    return need;
}

/* ---- what has to be seen to ---- */

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

static bool is_named(const struct register_judging *j, const struct register_rule *rule, const struct register_row *row) {
    struct arena a;
    size_t i = 0;
    while (i < j->n_named && j->named[i].rule != rule)
        i++;
    if (i == j->n_named)
        return false;
    arena_init(&a, 1 << 16);
    struct str key = register_key(&a, row->name);
    bool there = key.p && map_get(&j->named[i].names, key);
    arena_done(&a);
    return there;
}

static bool holds(const struct register_rule *rule, const struct register_row *row, int64_t now) {
    struct str v = register_value(row->values, rule->field);
    int64_t day = rule->test == TEST_OVER || rule->test == TEST_ENDING ? day_of(v) : TIME_NONE;
    bool over = day != TIME_NONE && day + NS_PER_DAY <= now; /* its last day is still within it */
    switch (rule->test) {
    case TEST_IS:
        return str_eq(v, rule->value);
    case TEST_NOT:
        return !str_eq(v, rule->value);
    case TEST_EMPTY:
        return !v.n;
    case TEST_OVER:
        return over;
    case TEST_ENDING:
        return day != TIME_NONE && !over && day - rule->days * NS_PER_DAY <= now;
    }
    return false;
}

static enum register_need judge_rules(struct register_judging *j, const struct register_kind *k, const struct register_row *row, struct jsonw *w) {
    enum register_need need = NEED_OK;
    int64_t now = room_now(j->all.r);
    if (w) {
        jsonw_key(w, STR("gaps"));
        jsonw_array(w);
    }
    for (size_t i = 0; i < k->n_rules; i++) {
        if (!holds(&k->rules[i], row, now) || is_named(j, &k->rules[i], row))
            continue;
        need = MAX(need, k->rules[i].need);
        if (w && k->rules[i].gap.n)
            jsonw_str(w, k->rules[i].gap);
    }
    if (w)
        jsonw_end(w);
    return need;
}

enum register_need register_judge(struct register_judging *j, const struct register_kind *k, const struct register_row *row, struct jsonw *w) {
    enum register_need need = NEED_OK;
    if (k && k->n_rules)
        need = judge_rules(j, k, row, w);
    if (k && k->log) {
        enum register_need log = judge_log(j, k, row, w);
        need = MAX(need, log);
    }
    if (!row->active)
        need = NEED_OK;
    if (w)
        jsonw_kz(w, "need", register_need_to_string(need));
    return need;
}

/* ---- writing ---- */

/* What the row names: the page makes links of it, and says what is not there. */
static void write_refs(struct register_judging *j, const struct register_kind *k, const struct register_row *row, struct jsonw *w) {
    jsonw_key(w, STR("refs"));
    jsonw_array(w);
    for (size_t i = 0; k && i < k->n_fields; i++) {
        const struct register_field *f = &k->fields[i];
        struct str list = register_value(row->values, f->name), one;
        struct register_rows *x = f->to.n && list.n ? register_all_of(&j->all, f->to, NULL) : NULL;
        while (x && list.n) {
            if (!f->many || !str_split(&list, '\n', &one)) {
                one = list;
                list = STR("");
            }
            const struct register_row *to = register_rows_find(x, one);
            jsonw_object(w);
            jsonw_kstr(w, "field", f->name);
            jsonw_kstr(w, "register", f->to);
            jsonw_kstr(w, "name", to ? to->name : one);
            jsonw_key(w, STR("id"));
            if (to)
                jsonw_i64(w, to->id);
            else
                jsonw_null(w);
            jsonw_kbool(w, "active", to && to->active);
            jsonw_end(w);
        }
    }
    jsonw_end(w);
}

static void write_row(struct register_judging *j, struct str kind, const struct register_kind *k, const struct register_row *row, struct jsonw *w) {
    jsonw_object(w);
    jsonw_ki64(w, "id", row->id);
    jsonw_ki64(w, "version", row->version);
    jsonw_kstr(w, "register", kind);
    jsonw_kstr(w, "name", row->name);
    jsonw_kbool(w, "active", row->active);
    jsonw_key(w, STR("values"));
    jsonw_value(w, row->values);
    write_refs(j, k, row, w);
    (void) register_judge(j, k, row, w);
    jsonw_ktime(w, "updated_at", row->updated_at_ns);
    room_by_text(j->all.r, w, "updated_by", row->updated_by);
    jsonw_end(w);
}

int room_register_write(struct room *r, struct str kind, struct jsonw *w, struct diag *reterr) {
    struct register_judging j;
    const struct register_kind *k = register_kind_find(&r->kinds, kind);
    int e = register_judging_begin(r, &j, reterr);
    struct register_rows *x = e == 0 ? register_all_of(&j.all, kind, reterr) : NULL;
    if (e == 0 && !x)
        e = -EIO;
    jsonw_key(w, STR("rows"));
    jsonw_array(w);
    for (int need = NEED_MUST; e == 0 && need >= NEED_OK; need--)
        for (size_t i = 0; i < x->n; i++)
            if ((int) register_judge(&j, k, x->at[i], NULL) == need)
                write_row(&j, kind, k, x->at[i], w);
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
    const struct register_kind *k = register_kind_find(&r->kinds, str_of(kind));
    e = register_judging_begin(r, &j, reterr);
    struct register_rows *x = e == 0 ? register_all_of(&j.all, str_of(kind), reterr) : NULL;
    for (size_t i = 0; x && i < x->n; i++)
        if (x->at[i]->id == id)
            write_row(&j, str_of(kind), k, x->at[i], w);
    register_judging_end(&j);
    return e < 0 ? e : x ? 0 : -EIO;
}

int room_register_count(struct room *r, struct str kind, int64_t *ret_n, int64_t *ret_must, struct diag *reterr) {
    struct register_judging j;
    const struct register_kind *k = register_kind_find(&r->kinds, kind);
    int e = register_judging_begin(r, &j, reterr);
    struct register_rows *x = e == 0 ? register_all_of(&j.all, kind, reterr) : NULL;
    *ret_n = *ret_must = 0;
    for (size_t i = 0; x && i < x->n; i++) {
        *ret_n += x->at[i]->active;
        *ret_must += register_judge(&j, k, x->at[i], NULL) == NEED_MUST;
    }
    register_judging_end(&j);
    return e < 0 ? e : x ? 0 : -EIO;
}

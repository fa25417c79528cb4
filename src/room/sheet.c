/* See sheet.h. */
#include "room/sheet.h"

#include "duty/code.h"
#include "room/decision.h"
#include "room/duty_priv.h"

static const char *const outcomes[CODE_MAX_] = {"done", "mistyped", "unknown", "used", "void", "time"};

const char *room_code_to_string(enum room_code c) {
    ASSERT((unsigned) c < CODE_MAX_);
    return outcomes[c];
}

struct line {
    int64_t id, sheet, incident, printed_ns;
    bool used, gone;
    struct str kind, service, verdict, person;
};

/* Everything the line says is under the MAC, so that a code does not pass for another line's. */
static struct str meaning(struct arena *a, const struct line *l) {
    return arena_printf(a, "%lld\n%lld\n%lld\n%.*s\n%.*s\n%.*s\n%.*s", (long long) l->sheet, (long long) l->incident, (long long) l->printed_ns, STR_ARG(l->kind),
                        STR_ARG(l->service), STR_ARG(l->verdict), STR_ARG(l->person));
}

static int key_of(const struct room *r, struct duty_code_key *ret, struct diag *err) {
    if (!r->key)
        return diag_set(err, -ERR_UNSUPPORTED, "there is no key to make codes with");
    duty_code_key_of(str_n((const char *) r->key->bytes, sizeof r->key->bytes), ret);
    return 0;
}

#define LINE_COLUMNS                                                                                                                       \
    "l.id, l.sheet_id, s.incident_id, s.printed_at, l.used_at IS NOT NULL, s.void_at IS NOT NULL, l.kind, l.service, l.verdict, l.person"

static struct line take(struct arena *a, struct sql_stmt *st) {
    return (struct line){.id = sql_i64(st, 0), .sheet = sql_i64(st, 1), .incident = sql_i64(st, 2), .printed_ns = sql_i64(st, 3), .used = sql_i64(st, 4) != 0,
                         .gone = sql_i64(st, 5) != 0, .kind = arena_dup(a, sql_str(st, 6)), .service = arena_dup(a, sql_str(st, 7)),
                         .verdict = arena_dup(a, sql_str(st, 8)), .person = arena_dup(a, sql_str(st, 9))};
}

/* ---- making ---- */

static int put_line(struct room *r, int64_t sheet, int64_t incident, struct str service, enum duty_kind kind, struct str person, struct diag *err) {
    static const char *const verdicts[] = {"do", "go_on"};
    struct room_write w = {.by = &room_system, .verb = VERB_CREATE, .object = OBJECT_SHEET_LINE, .tlp = TLP_AMBER, .incident = incident};
    int e = 0;
    for (size_t v = 0; e == 0 && v < ARRAY_SIZE(verdicts); v++)
        e = room_write(r, &w, NULL, err, "INSERT INTO sheet_line(sheet_id, kind, service, verdict, person) VALUES (?1, ?2, ?3, ?4, ?5)", "izszs", sheet,
                       duty_kind_to_string(kind), &service, verdicts[v], &person);
    return e;
}

/* Who decides a kind at any hour of the next day: shifts change while the sheet lies on the desk. */
static int lines_of(struct room *r, int64_t sheet, int64_t incident, struct str service, enum duty_kind kind, struct arena *a, size_t *n, struct diag *err) {
    struct duty_answer *x = arena_alloc(a, sizeof *x);
    struct str seen[64];
    size_t n_seen = 0;
    int e = x ? 0 : diag_set(err, -ENOMEM, "memory has run out");
    struct str key = room_duty_name(a, service).key;
    for (int hour = 0; e == 0 && hour < 24; hour++) {
        e = duty_authority_ask(a, &r->duty->authority, key, kind, room_now(r) + hour * NS_PER_HOUR, x, err);
        for (size_t i = 0; e == 0 && i < x->n[DUTY_DECIDES]; i++) {
            struct str who = x->who[DUTY_DECIDES][i].who.text;
            bool known = false;
            for (size_t k = 0; k < n_seen; k++)
                known |= str_eq(seen[k], who);
            if (known || n_seen == ARRAY_SIZE(seen) || *n >= SHEET_LINES_MAX)
                continue;
            seen[n_seen++] = who;
            e = put_line(r, sheet, incident, service, kind, who, err);
            *n += 2;
        }
    }
    return e;
}

static int make(struct room *r, const struct room_actor *by, int64_t incident, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_SHEET, .tlp = TLP_AMBER, .incident = incident, .owner = by->person};
    const struct room_duty *d;
    struct str service;
    struct arena a;
    size_t n = 0;
    arena_init(&a, (size_t) 256 << 20);
    int e = room_duty_get(r, &d, err);
    if (e == 0)
        e = room_authority_service(r, incident, &a, &service, err);
    if (e == 0)
        e = room_write(r, &w, ret_id, err, "INSERT INTO sheet(incident_id, printed_at) VALUES (?1, ?2)", "ii", incident, room_now(r));
    for (int k = 0; e == 0 && k < DUTY_KIND_MAX_; k++)
        e = lines_of(r, *ret_id, incident, service, (enum duty_kind) k, &a, &n, err);
    if (e == 0 && n == 0)
        e = diag_set(err, -ENOENT, "nobody may decide anything in the next day");
    arena_done(&a);
    room_changed(r, "incident", incident);
    return e;
}

int room_sheet_make(struct room *r, const struct room_actor *by, int64_t incident, int64_t *ret_id, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, make(r, by, incident, ret_id, reterr), reterr);
}

int room_sheet_void(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_SHEET, .id = id, .version = version};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    return room_end(r, room_write(r, &w, NULL, reterr, "UPDATE sheet SET void_at = ?2 WHERE id = ?1", "ii", id, room_now(r)), reterr);
}

/* ---- typing in ---- */

static int find(struct room *r, uint32_t number, struct arena *a, struct line *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT " LINE_COLUMNS " FROM sheet_line l JOIN sheet s ON s.id = l.sheet_id WHERE l.id = ?1", "i", (int64_t) number);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1)
        *ret = take(a, st);
    return e;
}

static enum room_code judge(struct room *r, const struct line *l, const struct duty_code_key *k, uint32_t number, const char *clean, int64_t at_ns,
                            struct arena *a) {
    struct str m = meaning(a, l);
    if (!m.p || !duty_code_matches(k, number, m, clean))
        return CODE_UNKNOWN;
    if (l->used)
        return CODE_USED;
    if (l->gone)
        return CODE_VOID;
    return at_ns < l->printed_ns - NS_PER_MIN || at_ns > room_now(r) ? CODE_TIME : CODE_DONE; /* a minute: people write no seconds */
}

static int put(struct room *r, const struct room_actor *by, const struct line *l, int64_t at_ns, struct str why, struct diag *err) {
    struct room_write sheet = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_SHEET, .id = l->sheet, .version = ROOM_ANY_VERSION};
    struct room_write line = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_SHEET_LINE, .id = l->id, .version = ROOM_ANY_VERSION};
    int kind = duty_kind_from_string(l->kind);
    struct room_decision_new x = {.incident = l->incident, .kind = (enum duty_kind) kind, .service = l->service, .rule_id = STR(""), .risk_do = STR(""), .risk_go_on = STR("")};
    struct room_decision_made m = {.go_on = str_eq_z(l->verdict, "go_on"), .why = why, .at_ns = at_ns, .person = l->person};
    int64_t id;
    int e = room_write(r, &sheet, NULL, err, "UPDATE sheet SET printed_at = printed_at WHERE id = ?1", "i", l->sheet); /* may this person? */
    if (e == 0)
        e = room_decision_propose(r, by, &x, &id, err);
    if (e == 0)
        e = room_decision_enter(r, by, id, &m, err);
    if (e == 0)
        e = room_write(r, &line, NULL, err, "UPDATE sheet_line SET used_at = ?2, happened_at = ?3, decision_id = ?4 WHERE id = ?1", "iiii", l->id, room_now(r),
                       at_ns, id);
    return e;
}

int room_code_enter(struct room *r, const struct room_actor *by, struct str typed, int64_t at_ns, struct str why, enum room_code *ret, int64_t *ret_incident,
                    struct diag *reterr) {
    char clean[DUTY_CODE_CAP];
    struct duty_code_key key;
    struct arena a;
    struct line l;
    struct room_row row;
    uint32_t number;
    int e = key_of(r, &key, reterr);
    *ret = CODE_MISTYPED;
    if (e < 0 || duty_code_read(typed, &number, clean, reterr) < 0)
        return e;
    arena_init(&a, 1 << 20);
    e = room_begin(r, reterr);
    if (e == 0) {
        e = find(r, number, &a, &l, reterr);
        if (e == 1) /* of a case that is not there for this person */
            e = room_row_load(r, OBJECT_SHEET, l.sheet, &row, reterr) < 0 || room_is_hidden(by, &row) ? 0 : 1;
        *ret = e == 1 ? judge(r, &l, &key, number, clean, at_ns, &a) : CODE_UNKNOWN;
        if (e == 1)
            e = *ret == CODE_DONE ? put(r, by, &l, at_ns, why, reterr) : 0;
        *ret_incident = *ret == CODE_DONE ? l.incident : 0;
        e = room_end(r, e, reterr);
    }
    explicit_bzero(&key, sizeof key);
    arena_done(&a);
    return e;
}

/* ---- pages ---- */

static int write_lines(struct room *r, int64_t sheet, const struct duty_code_key *key, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct arena a;
    int e = sql_query(r->db, &st, err, "SELECT " LINE_COLUMNS ", l.happened_at FROM sheet_line l JOIN sheet s ON s.id = l.sheet_id WHERE s.id = ?1 ORDER BY l.id", "i", sheet);
    arena_init(&a, 1 << 20);
    jsonw_key(w, STR("lines"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        char code[DUTY_CODE_CAP];
        struct line l = take(&a, st);
        struct str m = meaning(&a, &l), phone = r->duty ? room_duty_phone(r->duty, room_duty_name(&a, l.person).key) : STR("");
        e = m.p && l.id <= DUTY_CODE_NUMBER_MAX ? 0 : diag_set(err, -ERR_LIMIT, "no more codes can be made");
        if (e == 0)
            duty_code_make(key, (uint32_t) l.id, m, code);
        jsonw_object(w);
        jsonw_kz(w, "code", e == 0 && !l.gone ? code : "");
        jsonw_kstr(w, "kind", l.kind);
        jsonw_kstr(w, "service", l.service);
        jsonw_kstr(w, "verdict", l.verdict);
        jsonw_kstr(w, "person", l.person);
        jsonw_key(w, STR("phone"));
        phone.n ? jsonw_str(w, phone) : jsonw_null(w);
        jsonw_kbool(w, "used", l.used);
        jsonw_ktime(w, "happened", sql_is_null(st, 10) ? TIME_NONE : sql_i64(st, 10));
        jsonw_end(w);
        arena_reset(&a);
    }
    jsonw_end(w);
    arena_done(&a);
    return e;
}

int room_sheets_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct room_duty *d;
    struct duty_code_key key;
    int e = key_of(r, &key, reterr);
    if (e == 0)
        e = room_duty_get(r, &d, reterr);
    if (e == 0)
        e = sql_query(r->db, &st, reterr, "SELECT id, version, printed_at, void_at FROM sheet WHERE incident_id = ?1 ORDER BY id DESC LIMIT 20", "i", incident);
    jsonw_object(w);
    jsonw_key(w, STR("sheets"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ki64(w, "version", sql_i64(st, 1));
        jsonw_ktime(w, "printed", sql_i64(st, 2));
        jsonw_ktime(w, "void", sql_is_null(st, 3) ? TIME_NONE : sql_i64(st, 3));
        e = write_lines(r, sql_i64(st, 0), &key, w, reterr);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
    explicit_bzero(&key, sizeof key);
    return MIN(e, 0);
}

/* See contact.h. */
#include "room/contact.h"

#include "room/incident_priv.h"
#include "room/promise.h"
#include "room/room_priv.h"

#define FIELDS 10

static const struct room_named *kind_of(const struct room *r, struct str name) {
    for (size_t i = 0; i < r->case_rules.n_contacts; i++)
        if (str_eq(name, r->case_rules.contacts[i].name))
            return &r->case_rules.contacts[i];
    return NULL;
}

static void list(const struct room_contact *x, struct str dst[FIELDS]) {
    const struct str all[FIELDS] = {x->kind, x->outlet, x->person, x->how, x->by, x->asked, x->said, x->material, x->approved, x->promised};
    memcpy(dst, all, sizeof all);
}

static int check(const struct room *r, const struct room_contact *x, bool whole, struct diag *err) {
    struct str all[FIELDS];
    list(x, all);
    for (size_t i = 0; i < FIELDS; i++)
        if (all[i].n > CONTACT_FIELD_BYTES_MAX)
            return diag_set(err, -EINVAL, "too long");
    if ((whole || x->kind.p) && !kind_of(r, x->kind))
        return diag_set(err, -EINVAL, "kind");
    if ((whole || x->outlet.p) && !str_trim(x->outlet).n)
        return diag_set(err, -EINVAL, "outlet");
    if (whole && !str_trim(x->asked).n && !str_trim(x->said).n)
        return diag_set(err, -EINVAL, "said");
    return x->due_ns != TIME_NONE && whole && !str_trim(x->promised).n ? diag_set(err, -EINVAL, "promised") : 0;
}

static int note(struct room *r, const struct room_actor *by, int64_t incident, const struct room_contact *x, struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 65536);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "outlet", x->outlet);
    jsonw_kstr(&w, "person", x->person);
    jsonw_kstr(&w, "by", x->by);
    jsonw_kstr(&w, "material", x->material);
    jsonw_end(&w);
    bool asked = !str_trim(x->said).n;
    struct room_entry entry = {.incident = incident, .at_ns = x->at_ns, .until_ns = TIME_NONE, .lane = "public_relations", .kind = "contact", .key = asked ? "event.contact_asked" : "event.contact_told", .precision_s = 60};
    return room_timeline_entry(r, by, &entry, &params, err);
}

static int promise(struct room *r, int64_t incident, int64_t id, struct str outlet, struct str promised, int64_t due_ns, struct diag *err) {
    struct arena a;
    arena_init(&a, 1 << 16);
    struct str what = arena_printf(&a, "%.*s: %.*s", STR_ARG(outlet), STR_ARG(promised));
    struct room_promise_new x = {.incident = incident, .of = "contact", .of_id = id, .due_ns = due_ns, .what = what};
    int e = what.p ? room_promise_put(r, &room_system, &x, err) : -ENOMEM;
    arena_done(&a);
    return e;
}

static int add(struct room *r, const struct room_actor *by, int64_t incident, const struct room_contact *x, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_CONTACT, .tlp = TLP_AMBER, .incident = incident, .owner = by->person};
    struct str f[FIELDS];
    int64_t due = x->due_ns;
    list(x, f);
    int e = room_write(r, &w, ret_id, err,
                       "INSERT INTO contact(incident_id, kind, outlet, person, how, by_whom, asked, said, material, approved, promised, at, due_at) VALUES "
                       "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                       "issssssssssiI", incident, &f[0], &f[1], &f[2], &f[3], &f[4], &f[5], &f[6], &f[7], &f[8], &f[9], x->at_ns, due == TIME_NONE ? NULL : &due);
    if (e == 0 && due != TIME_NONE)
        e = promise(r, incident, *ret_id, x->outlet, x->promised, due, err);
    return e == 0 ? note(r, by, incident, x, err) : e;
}

int room_contact_add(struct room *r, const struct room_actor *by, int64_t incident, const struct room_contact *x, int64_t *ret_id, struct diag *reterr) {
    int e = check(r, x, true, reterr);
    if (e == 0)
        e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, add(r, by, incident, x, ret_id, reterr), reterr);
}

static const struct str *given(const struct str *s) {
    return s->p ? s : NULL;
}

static int after(struct room *r, const struct room_actor *by, int64_t id, bool answered, bool kept, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct arena a;
    int e = sql_query(r->db, &st, err, "SELECT incident_id, outlet, promised, due_at, kept_at, person, by_whom, material, said FROM contact WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : -ENOENT;
    arena_init(&a, 1 << 18);
    int64_t incident = sql_i64(st, 0), due = sql_is_null(st, 3) ? TIME_NONE : sql_i64(st, 3);
    struct room_contact x = {.outlet = arena_dup(&a, sql_str(st, 1)), .promised = arena_dup(&a, sql_str(st, 2)), .person = arena_dup(&a, sql_str(st, 5)), .by = arena_dup(&a, sql_str(st, 6)),
                             .material = arena_dup(&a, sql_str(st, 7)), .said = arena_dup(&a, sql_str(st, 8)), .at_ns = room_now(r)};
    bool over = !sql_is_null(st, 4);
    sql_end(TAKE_PTR(st));
    e = x.outlet.p && x.promised.p && x.said.p && x.material.p ? 0 : -ENOMEM;
    if (e == 0 && kept)
        e = room_promise_end(r, &room_system, incident, "contact", id, "kept", err);
    else if (e == 0 && due != TIME_NONE && !over)
        e = promise(r, incident, id, x.outlet, x.promised, due, err);
    if (e == 0 && answered)
        e = note(r, by, incident, &x, err);
    room_changed(r, "incident", incident);
    arena_done(&a);
    return e;
}

int room_contact_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_contact *x, bool kept, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_CONTACT, .id = id, .version = version};
    int64_t due = x->due_ns, now = room_now(r);
    int e = check(r, x, false, reterr);
    if (e == 0)
        e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, reterr,
                   "UPDATE contact SET kind = coalesce(?2, kind), outlet = coalesce(?3, outlet), person = coalesce(?4, person), how = coalesce(?5, how), by_whom = coalesce(?6, by_whom), "
                   "asked = coalesce(?7, asked), said = coalesce(?8, said), material = coalesce(?9, material), approved = coalesce(?10, approved), promised = coalesce(?11, promised), "
                   "due_at = coalesce(?12, due_at), kept_at = CASE WHEN ?13 THEN ?14 ELSE kept_at END WHERE id = ?1",
                   "issssssssssIii", id, given(&x->kind), given(&x->outlet), given(&x->person), given(&x->how), given(&x->by), given(&x->asked), given(&x->said), given(&x->material),
                   given(&x->approved), given(&x->promised), due == TIME_NONE ? NULL : &due, (int64_t) kept, now);
    if (e == 0)
        e = after(r, by, id, x->said.n > 0, kept, reterr);
    return room_end(r, e, reterr);
}

int room_contacts_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    static const char *const texts[] = {"kind", "outlet", "person", "how", "by", "asked", "said", "material", "approved", "promised"};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    const struct fact_spec *leak;
    struct room_fact *facts;
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    int e = room_facts_get(r, &a, incident, &facts, reterr);
    if (e == 0)
        e = sql_query(r->db, &st, reterr,
                      "SELECT kind, outlet, person, how, by_whom, asked, said, material, approved, promised, id, version, at, due_at, kept_at, created_by FROM contact WHERE "
                      "incident_id = ?1 ORDER BY at DESC, id DESC LIMIT 500",
                      "i", incident);
    jsonw_object(w);
    jsonw_key(w, STR("contacts"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        struct arena_mark m = arena_mark(&a);
        e = statement_leak(&a, &r->facts, facts, sql_str(st, 6), false, &leak);
        jsonw_object(w);
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
            jsonw_kstr(w, texts[i], sql_str(st, (int) i));
        const struct room_named *kind = kind_of(r, sql_str(st, 0));
        room_words_write(w, "title", "titles", kind ? &kind->title : NULL);
        jsonw_ki64(w, "id", sql_i64(st, 10));
        jsonw_ki64(w, "version", sql_i64(st, 11));
        jsonw_ktime(w, "at", sql_i64(st, 12));
        room_time_or_null(w, "due", st, 13);
        room_time_or_null(w, "kept", st, 14);
        room_by_text(r, w, "written_by", sql_str(st, 15));
        jsonw_key(w, STR("tells"));
        leak ? jsonw_str(w, leak->name) : jsonw_null(w);
        jsonw_end(w);
        arena_rewind(&a, m);
    }
    jsonw_end(w);
    jsonw_key(w, STR("kinds"));
    jsonw_array(w);
    for (size_t i = 0; i < r->case_rules.n_contacts; i++) {
        jsonw_object(w);
        jsonw_kstr(w, "kind", r->case_rules.contacts[i].name);
        room_words_write(w, "title", "titles", &r->case_rules.contacts[i].title);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
    arena_done(&a);
    return MIN(e, 0);
}

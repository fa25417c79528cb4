/* Machines nobody has enrolled: what a rule of kind `new_asset` has seen for the first time becomes a row of the register of machines (content/imports/assets.yml)
 * unless it is there, and stays red until a person says what it is. A name that the register of systems knows is that system's.
 *
 * Never here: noticing (content/rules/net/60_assets.yml) and deciding (people, on the page of registers). */
#include "room/asset.h"

#include "room/fact_spec.h"
#include "room/register_priv.h"

struct seen {
    struct str hardware, address, host, by;
};

/* Of the group, else the first that is listed. */
static struct str value_of(const struct json_value *finding, const char *field) {
    const struct json_value *group = json_get_object(finding, "group"), *values = json_get_object(finding, "values");
    struct str s = STR("");
    if (group && json_get_str(group, field, &s))
        return s;
    const struct json_value *v = values ? json_get_object(values, field) : NULL, *list = v ? json_get_array(v, "listed") : NULL;
    if (list && list->first)
        (void) json_get_str(list->first, "value", &s);
    return s;
}

/* 1: there is a row of this name, or one with this address. */
static int is_known(struct room *r, const struct seen *s, struct str *ret_system, struct arena *a, struct diag *err) {
    struct register_rows rows, systems;
    int e = register_rows_load(r, STR("assets"), &rows, err);
    if (e < 0)
        return e;
    bool there = register_rows_find(&rows, s->hardware.n ? s->hardware : s->address) != NULL;
    for (size_t i = 0; !there && !s->hardware.n && i < rows.n; i++) {
        struct str address = STR("");
        (void) json_get_str(rows.at[i]->values, "address", &address);
        there = str_eq(address, s->address);
    }
    register_rows_done(&rows);
    if (there || !s->host.n)
        return there;
    e = register_rows_load(r, STR("systems"), &systems, err);
    if (e < 0)
        return e;
    const struct register_row *system = register_rows_find(&systems, s->host);
    if (system)
        *ret_system = arena_dup(a, system->name);
    register_rows_done(&systems);
    return 0;
}

static int add(struct room *r, const struct seen *s, struct str system, int64_t at_ns, struct diag *err) {
    char when[FACT_TIME_CAP];
    struct buf b;
    struct jsonw w;
    struct str name = s->hardware.n ? s->hardware : s->address;
    int64_t id = 0;
    buf_init(&b, 8192);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kstr(&w, "name", name);
    jsonw_kz(&w, "state", system.n ? "known" : "unknown");
    const struct {
        const char *field;
        struct str value;
    } rest[] = {{"host", s->host}, {"address", s->address}, {"system", system}, {"seen_at", str_of(fact_time_format(at_ns, 0, when))}, {"seen_by", s->by}};
    for (size_t i = 0; i < ARRAY_SIZE(rest); i++)
        if (rest[i].value.n)
            jsonw_kstr(&w, rest[i].field, rest[i].value);
    jsonw_end(&w);
    int e = buf_error(&b);
    if (e == 0)
        e = register_insert(r, &room_system, STR("assets"), name, buf_str(&b), &id, err);
    room_changed(r, "registers", id);
    buf_done(&b);
    return e == -EEXIST ? 0 : e;
}

int room_asset_seen(struct room *r, const struct room_finding *f, struct str json, struct diag *reterr) {
    struct arena a;
    struct json_value *v;
    struct str system = STR("");
    arena_init(&a, 4 << 20);
    int e = json_parse(&a, json, &v, reterr);
    if (e < 0) {
        arena_done(&a);
        return e;
    }
    struct seen s = {value_of(v, "client.mac"), value_of(v, "client.ip"), value_of(v, "client.domain"), STR("")};
    s.by = s.hardware.n ? STR("ARP, DHCP") : STR("DNS");
    if (!s.address.n)
        s.address = value_of(v, "source.ip");
    if (s.hardware.n || s.address.n)
        e = is_known(r, &s, &system, &a, reterr);
    else
        e = 1; /* nothing to know it by */
    if (e == 0)
        e = add(r, &s, system, f->first_ns, reterr);
    arena_done(&a);
    return MIN(e, 0);
}

/* Facts of a case. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "base/limits.h"
#include "room/fact.h"

int handle_facts(struct call *c) {
    int e = room_facts_write(c->p->room, c->args.id, &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

int handle_fact_versions(struct call *c) {
    struct str name = call_query(c, "name");
    if (!name.p)
        return call_bad(c, "name");
    int e = room_fact_versions_write(c->p->room, c->args.id, name, &c->w, &c->err);
    return e < 0 ? e : 200;
}

static int read_body(struct call *c, struct room_fact_new *x) {
    static const char *const keys[] = {"name", "version", "state", "value", "source", "take", NULL};
    struct str state;
    int e = call_body_only(c, keys), s = -1;
    if (e == 0)
        e = call_body_str(c, "name", 1, FACT_NAME_BYTES_MAX, &x->name);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &x->version);
    if (e == 0)
        e = call_body_str(c, "state", 1, 20, &state);
    if (e == 0 && (s = fact_state_from_string(state)) < 0)
        e = call_bad(c, "state");
    x->state = (enum fact_state) s;
    if (e == 0 && json_get(c->json, "value"))
        e = call_body_str(c, "value", 0, FACT_VALUE_BYTES_MAX, &x->value);
    if (e == 0 && json_get(c->json, "source"))
        e = call_body_str(c, "source", 0, 1000, &x->source);
    if (e == 0 && json_get(c->json, "take") && !json_get_bool(c->json, "take", &x->take))
        e = call_bad(c, "take");
    if (e == 0 && str_starts(x->source, STR("from:"))) /* ours to say */
        e = call_bad(c, "source");
    return e;
}

int handle_fact_put(struct call *c) {
    struct room_fact_new x = {.incident = c->args.id, .value = STR(""), .source = STR("")};
    enum fact_fault fault = FACT_FINE;
    int e = read_body(c, &x);
    if (e == 0)
        e = room_fact_put(c->p->room, &c->who, &x, &fault, &c->err);
    if (fault != FACT_FINE)
        return call_refuse_why(c, 400, "error.fact_value", str_of(fact_fault_to_string(fault)), x.name);
    return e < 0 ? e : handle_facts(c);
}

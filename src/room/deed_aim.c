/* What a step of a playbook would propose as a lasting act, taken from the case: accounts that were probably entered, the site of the service, senders of reported mails, the
 * hosts. Where the case leaves a choice nothing is guessed: a person chooses, and the step follows what was proposed. */
#include "base/limits.h"
#include "room/deed_priv.h"
#include "room/finding_in.h"

static bool lists(const struct json_value *v, const char *member, struct str what) {
    const struct json_value *list = v ? json_get_array(v, member) : NULL;
    for (const struct json_value *it = list ? list->first : NULL; it; it = it->next)
        if (it->type == JSON_STRING && str_eq(it->text, what))
            return true;
    return false;
}

struct aiming {
    struct room *r;
    int64_t incident;
    struct arena *a;
    const struct json_value *driver; /* as it described itself */
    bool any;                        /* it takes any target */
    struct str *targets;
    size_t n;
    struct diag *err;
};

static int take(struct aiming *x, struct str target) {
    struct str s = arena_dup(x->a, target);
    if (s.p)
        x->targets[x->n++] = s;
    return s.p ? 0 : -ENOMEM;
}

/* Values of the case that the driver knows by name, or takes whatever they are. */
static int take_rows(struct aiming *x, const char *sql, const char *kind) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(x->r->db, &st, x->err, sql, "iz", x->incident, kind);
    while (e == 0 && x->n < ROOM_DEED_TARGETS_MAX && (e = sql_step(st, x->err)) == 1)
        e = x->any || lists(x->driver, "targets", sql_str(st, 0)) ? take(x, sql_str(st, 0)) : 0;
    return MIN(e, 0);
}

/* Hosts also by address, where a finding is about a machine of ours that does something outside. */
#define VALUES_OF \
    "SELECT DISTINCT v.value FROM finding f CROSS JOIN finding_value v ON v.finding_id = f.id AND (v.kind = ?2 OR (?2 = 'host' AND v.kind = 'source' AND v.is_group " \
    "AND f.kind IN ('attacks_outward','beacon','miner'))) WHERE f.incident_id = ?1 ORDER BY 1 LIMIT 200"

/* A driver for one site, or one unit: nobody has to say which. */
static int the_one(struct aiming *x) {
    const struct json_value *list = json_get_array(x->driver, "targets");
    return !x->any && list && list->n == 1 && list->first->type == JSON_STRING ? take(x, list->first->text) : 0;
}

static int find_targets(struct aiming *x, enum deed_at at) {
    static const char *const entities[] = {[DEED_AT_SERVICE] = "service", [DEED_AT_HOSTS] = "host", [DEED_AT_SOURCES] = "source", [DEED_AT_THE_ONE] = NULL};
    int e = 0;
    if (at == DEED_AT_ACCOUNTS)
        return take_rows(x, "SELECT DISTINCT name FROM account WHERE incident_id = ?1 AND ?2 IS NULL ORDER BY 1 LIMIT 200", NULL);
    if (at == DEED_AT_SENDERS) /* of the mails people reported; a server compares in small letters */
        return take_rows(x, "SELECT DISTINCT lower(coalesce(json_extract(doc, '$.mail.inner[0].from_address'), json_extract(doc, '$.mail.from_address'))) FROM mail_report WHERE incident_id = ?1 "
                            "AND ?2 IS NULL AND coalesce(json_extract(doc, '$.mail.inner[0].from_address'), json_extract(doc, '$.mail.from_address'), '') LIKE '_%@_%' ORDER BY 1 LIMIT 200", NULL);
    if (at == DEED_AT_NOTHING)
        return 0;
    if (at < ARRAY_SIZE(entities) && entities[at] && (at != DEED_AT_SERVICE || !x->any)) /* a service is no target of its own */
        e = take_rows(x, VALUES_OF, entities[at]);
    return e == 0 && x->n == 0 && (at == DEED_AT_SERVICE || at == DEED_AT_THE_ONE) ? the_one(x) : e;
}

int room_deed_aim(struct room *r, int64_t incident, struct str kind, struct arena *a, struct room_deed_new *ret, const char **ret_means,
                  struct diag *reterr) {
    const struct room_deed_kind *k = room_deed_kind(kind);
    struct aiming x = {.r = r, .incident = incident, .a = a, .err = reterr, .targets = arena_alloc(a, ROOM_DEED_TARGETS_MAX * sizeof(struct str))};
    struct json_value *v = NULL;
    *ret_means = "no_driver";
    if (!x.targets)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    for (size_t i = 0; i < ROOM_DRIVERS_MAX && !x.driver; i++) {
        const struct room_driver *d = &r->drivers[i];
        struct str text = d->json ? arena_dup(a, str_of(d->json)) : STR_NULL; /* it described itself, also when it is away now */
        if (!text.p || json_parse(a, text, &v, NULL) < 0 || !lists(v, "kinds", kind))
            continue;
        x.driver = v;
        (void) json_get_bool(v, "any_target", &x.any);
        ret->driver = arena_dup(a, str_of(d->name));
    }
    if (!x.driver)
        return 1;
    int e = find_targets(&x, k->aim);
    *ret_means = "choose_target";
    if (e < 0 || x.n == 0)
        return e < 0 ? e : 1;
    ret->incident = incident;
    ret->kind = kind;
    ret->minutes = k->minutes;
    ret->params = STR("{}");
    ret->reason = STR("");
    ret->targets = x.targets;
    ret->n_targets = x.n;
    return ret->driver.p ? 0 : -ENOMEM;
}

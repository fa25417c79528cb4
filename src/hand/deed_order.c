/* The text of an order for a driver of lasting acts, read strictly: a key that is not known, a value of another type, a
 * parameter the kind does not have refuses the whole order. */
#include "base/limits.h"
#include "hand/deed_priv.h"

static const char *const type_words[DEED_ORDER_MAX_] = {"apply", "undo", "list"};

static bool bad(struct hand_reason *why, const char *key, const char *wanted) {
    return hand_refuse(why, HAND_BAD_VALUE, "'%s' must be %s", key, wanted);
}

static bool read_id(const struct json_value *root, struct deed_order *o, struct hand_reason *why) {
    bool ok = json_get_str(root, "order_id", &o->id) && o->id.n >= 8 && o->id.n <= HAND_ORDER_ID_MAX;
    for (size_t i = 0; ok && i < o->id.n; i++) {
        char c = ascii_lower(o->id.p[i]);
        ok = ascii_digit(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.';
    }
    return ok ? true : bad(why, "order_id", "8 to 64 letters, digits, '_', '-' or '.'");
}

static bool read_type(const struct json_value *root, struct deed_order *o, struct hand_reason *why) {
    struct str s = STR_NULL;
    (void) json_get_str(root, "type", &s);
    for (int t = 0; t < DEED_ORDER_MAX_; t++)
        if (str_eq_z(s, type_words[t])) {
            o->type = t;
            return true;
        }
    return hand_refuse(why, HAND_UNKNOWN_TYPE, "an order of type '%.*s' is not known", (int) MIN(s.n, 40u), s.p);
}

static bool read_targets(const struct json_value *root, const struct deed_driver *d, struct deed_order *o,
                         struct hand_reason *why) {
    struct str kind = STR_NULL;
    (void) json_get_str(root, "kind", &kind);
    o->kind = deed_kind_find(d, kind);
    if (!o->kind)
        return hand_refuse(why, HAND_UNKNOWN_TYPE, "this driver does no '%.*s'", (int) MIN(kind.n, 60u), kind.p);
    o->targets = json_get_array(root, "targets");
    if (!o->targets || o->targets->n == 0 || o->targets->n > DEED_TARGETS_MAX)
        return bad(why, "targets", "a list of at least one and at most 500 texts");
    for (const struct json_value *it = o->targets->first; it; it = it->next)
        if (it->type != JSON_STRING || it->text.n > 256)
            return bad(why, "targets", "a list of texts");
    return true;
}

static const struct deed_value *param(const struct deed_kind *k, struct str name) {
    for (size_t i = 0; i < k->n_params; i++)
        if (str_eq(k->params[i].name, name))
            return &k->params[i];
    return NULL;
}

static bool read_params(const struct json_value *root, struct deed_order *o, struct hand_reason *why) {
    const struct json_value *given = json_get(root, "params");
    struct diag d = {0};
    if (given && given->type != JSON_OBJECT)
        return bad(why, "params", "an object");
    o->params = given;
    for (const struct json_value *it = given ? given->first : NULL; it; it = it->next) {
        const struct deed_value *v = param(o->kind, it->key);
        if (!v)
            return hand_refuse(why, HAND_UNKNOWN_KEY, "'%.*s' has no parameter '%.*s'", STR_ARG(o->kind->name),
                               (int) MIN(it->key.n, 40u), it->key.p);
        if (it->type != JSON_STRING)
            return hand_refuse(why, HAND_BAD_VALUE, "the parameter '%.*s' must be a text", STR_ARG(v->name));
        if ((it->text.n || !v->optional) && deed_value_check(v, it->text, &d) < 0)
            return hand_refuse(why, HAND_BAD_VALUE, "%s", d.text);
    }
    for (size_t i = 0; i < o->kind->n_params; i++) {
        const struct deed_value *v = &o->kind->params[i];
        bool there = false;
        for (const struct json_value *it = given ? given->first : NULL; it; it = it->next)
            there = there || str_eq(it->key, v->name);
        if (!there && !v->optional && !v->value.p)
            return hand_refuse(why, HAND_BAD_VALUE, "the parameter '%.*s' is missing", STR_ARG(v->name));
    }
    return true;
}

static bool read_rest(const struct json_value *root, struct deed_order *o, struct hand_reason *why) {
    const struct json_value *dry = json_get(root, "dry_run");
    if (!json_get_i64(root, "issued_ms", &o->issued_ms) || !json_get_i64(root, "expires_ms", &o->expires_ms) ||
        o->issued_ms < 0 || o->expires_ms < 0)
        return bad(why, "issued_ms' and 'expires_ms", "times in milliseconds");
    (void) json_get_str(root, "reason", &o->reason);
    (void) json_get_str(root, "incident", &o->incident);
    if (o->reason.n > HAND_ORDER_TEXT_BYTES_MAX || o->incident.n > HAND_ORDER_TEXT_BYTES_MAX)
        return bad(why, "reason", "a text of at most 200 bytes");
    if (dry && dry->type != JSON_TRUE && dry->type != JSON_FALSE)
        return bad(why, "dry_run", "true or false");
    o->dry_run = dry ? dry->type == JSON_TRUE : o->type == DEED_ORDER_APPLY;
    if (o->type == DEED_ORDER_APPLY && (!json_get_i64(root, "minutes", &o->minutes) || o->minutes < 1))
        return bad(why, "minutes", "a whole number, at least 1: every act ends by itself");
    return true;
}

int deed_order_parse(struct arena *a, const struct deed_driver *d, struct str text, struct deed_order *ret,
                     struct hand_reason *why) {
    static const char *const keys[] = {"order_id",  "type",       "driver", "kind",     "targets", "params", "minutes",
                                       "issued_ms", "expires_ms", "reason", "incident", "dry_run", NULL};
    struct json_value *root;
    struct str driver = STR_NULL;
    struct diag err = {0};
    *ret = (struct deed_order){.type = DEED_ORDER_LIST};
    *why = (struct hand_reason){0};
    int e = json_parse(a, text, &root, &err);
    if (e == -ENOMEM)
        return e;
    if (e < 0 || root->type != JSON_OBJECT) {
        hand_refuse(why, HAND_BAD_JSON, "the order is no JSON object");
        return -ERR_REFUSED;
    }
    if (json_only_keys(root, keys, &err) < 0) {
        hand_refuse(why, HAND_UNKNOWN_KEY, "%s", err.text);
        return -ERR_REFUSED;
    }
    if (!read_id(root, ret, why) || !read_type(root, ret, why) || !read_rest(root, ret, why))
        return -ERR_REFUSED;
    if (!json_get_str(root, "driver", &driver) || !str_eq_z(driver, d->name)) {
        hand_refuse(why, HAND_BAD_VALUE, "the order is for another driver than '%s'", d->name);
        return -ERR_REFUSED;
    }
    if (ret->type != DEED_ORDER_LIST && !read_targets(root, d, ret, why))
        return -ERR_REFUSED;
    return ret->type == DEED_ORDER_APPLY && !read_params(root, ret, why) ? -ERR_REFUSED : 0;
}

#include "hand/order.h"

#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"

#include <inttypes.h>

static const char *const type_words[HAND_ORDER_TYPE_MAX_] = {
    [HAND_BLOCK] = "block",
    [HAND_UNBLOCK] = "unblock",
    [HAND_NEVER] = "never",
    [HAND_LIST] = "list",
};

const char *hand_order_type_to_string(enum hand_order_type t) {
    ASSERT((unsigned) t < HAND_ORDER_TYPE_MAX_);
    return type_words[t];
}

struct reading {
    struct arena *a;
    struct hand_order *order;
    struct hand_reason *why;
};

static bool bad(struct reading *r, const char *key, const char *wanted) {
    return hand_refuse(r->why, HAND_BAD_VALUE, "'%s' must be %s", key, wanted);
}

static bool read_id(struct reading *r, const struct json_value *v) {
    bool ok = v->type == JSON_STRING && v->text.n >= 8 && v->text.n <= HAND_ORDER_ID_MAX;
    for (size_t i = 0; ok && i < v->text.n; i++) {
        char c = v->text.p[i];
        ok = ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_' ||
             c == '-' || c == '.';
    }
    if (!ok)
        return bad(r, "order_id", "8 to 64 letters, digits, '_', '-' or '.'");
    r->order->id = v->text;
    return true;
}

static bool read_type(struct reading *r, const struct json_value *v) {
    if (v->type != JSON_STRING)
        return bad(r, "type", "a text");
    for (int t = 0; t < HAND_ORDER_TYPE_MAX_; t++)
        if (str_eq_z(v->text, type_words[t])) {
            r->order->type = (enum hand_order_type) t;
            return true;
        }
    return hand_refuse(r->why, HAND_UNKNOWN_TYPE, "an order of type '%.*s' is not known",
                       (int) MIN(v->text.n, 40u), v->text.p);
}

static bool read_addresses(struct reading *r, const struct json_value *v) {
    size_t i = 0;
    if (v->type != JSON_ARRAY)
        return bad(r, "addresses", "a list of texts");
    if (v->n > HAND_ORDER_ADDRESSES_MAX)
        return hand_refuse(r->why, HAND_TOO_MANY_ADDRESSES,
                           "the order names %u addresses; the most possible is %d", v->n,
                           HAND_ORDER_ADDRESSES_MAX);
    r->order->addresses = arena_zalloc(r->a, MAX(v->n, 1u) * sizeof(struct str));
    if (!r->order->addresses)
        return hand_refuse(r->why, HAND_BAD_VALUE, "no memory for the addresses");
    for (const struct json_value *it = v->first; it; it = it->next) {
        if (it->type != JSON_STRING || it->text.n > 64)
            return bad(r, "addresses", "a list of texts of at most 64 bytes");
        r->order->addresses[i++] = it->text;
    }
    r->order->n_addresses = i;
    return true;
}

static bool read_number(struct reading *r, const struct json_value *v, const char *key,
                        int64_t *ret) {
    if (v->type != JSON_NUMBER || str_to_i64(v->text, ret) < 0 || *ret < 0)
        return bad(r, key, "a whole number, not negative");
    return true;
}
static bool read_minutes(struct reading *r, const struct json_value *v) {
    return read_number(r, v, "minutes", &r->order->minutes);
}
static bool read_issued(struct reading *r, const struct json_value *v) {
    return read_number(r, v, "issued_ms", &r->order->issued_ms);
}
static bool read_expires(struct reading *r, const struct json_value *v) {
    return read_number(r, v, "expires_ms", &r->order->expires_ms);
}

static bool read_text(struct reading *r, const struct json_value *v, const char *key,
                      struct str *ret) {
    if (v->type == JSON_NULL)
        return true;
    if ((v->type != JSON_STRING && v->type != JSON_NUMBER) || v->text.n > HAND_ORDER_TEXT_BYTES_MAX)
        return bad(r, key, "a text of at most 200 bytes");
    *ret = v->text;
    return true;
}
static bool read_reason(struct reading *r, const struct json_value *v) {
    return read_text(r, v, "reason", &r->order->reason);
}
static bool read_rule(struct reading *r, const struct json_value *v) {
    return read_text(r, v, "rule", &r->order->rule);
}
static bool read_incident(struct reading *r, const struct json_value *v) {
    return read_text(r, v, "incident", &r->order->incident);
}

static bool read_dry_run(struct reading *r, const struct json_value *v) {
    if (v->type != JSON_TRUE && v->type != JSON_FALSE)
        return bad(r, "dry_run", "true or false");
    r->order->dry_run = v->type == JSON_TRUE;
    return true;
}

#define IN(type) (1u << (type))
#define IN_ALL (IN(HAND_BLOCK) | IN(HAND_UNBLOCK) | IN(HAND_NEVER) | IN(HAND_LIST))
#define IN_TIMED (IN(HAND_BLOCK) | IN(HAND_NEVER))
#define IN_NAMED (IN_TIMED | IN(HAND_UNBLOCK))
/* The whole protocol: which key, read by whom, which types may and which must carry it. */
static const struct key_row {
    const char *key;
    bool (*read)(struct reading *r, const struct json_value *v);
    unsigned may, must;
} keys[] = {
    {"order_id", read_id, IN_ALL, IN_ALL}, /* first: later refusals can name the order */
    {"type", read_type, IN_ALL, IN_ALL},
    {"issued_ms", read_issued, IN_ALL, IN_ALL},
    {"expires_ms", read_expires, IN_ALL, IN_ALL},
    {"addresses", read_addresses, IN_ALL, IN_NAMED},
    {"minutes", read_minutes, IN_ALL, IN_TIMED},
    {"reason", read_reason, IN_ALL, 0},
    {"rule", read_rule, IN_ALL, 0},
    {"incident", read_incident, IN_ALL, 0},
    {"dry_run", read_dry_run, IN_ALL, 0},
};

static const struct key_row *find_key(struct str key) {
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (str_eq_z(key, keys[i].key))
            return &keys[i];
    return NULL;
}

static bool check_keys(const struct json_value *root, struct hand_reason *why) {
    unsigned seen = 0;
    for (const struct json_value *it = root->first; it; it = it->next) {
        const struct key_row *row = find_key(it->key);
        if (!row)
            return hand_refuse(why, HAND_UNKNOWN_KEY, "the key '%.*s' is not known",
                               (int) MIN(it->key.n, 40u), it->key.p);
        unsigned bit = 1u << (row - keys);
        if (seen & bit)
            return hand_refuse(why, HAND_BAD_VALUE, "the key '%s' stands there twice", row->key);
        seen |= bit;
    }
    return true;
}

static bool read_rows(struct reading *r, const struct json_value *root) {
    bool dry_given = json_get(root, "dry_run") != NULL;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const struct json_value *v = json_get(root, keys[i].key);
        unsigned type = IN(r->order->type); /* rows behind "type" know it */
        if (!v && (i < 2 || keys[i].must & type))
            return hand_refuse(r->why, HAND_BAD_VALUE, "the key '%s' is missing", keys[i].key);
        if (v && !keys[i].read(r, v))
            return false;
    }
    if (!dry_given)
        r->order->dry_run = r->order->type == HAND_BLOCK;
    if (IN(r->order->type) & IN_NAMED && r->order->n_addresses == 0)
        return bad(r, "addresses", "a list with at least one address");
    if (IN(r->order->type) & IN_TIMED && r->order->minutes == 0)
        return bad(r, "minutes", "at least 1");
    return true;
}

int hand_order_parse(struct arena *a, struct str text, struct hand_order *ret,
                     struct hand_reason *why) {
    struct json_value *root;
    struct diag d = {0};
    struct reading r = {.a = a, .order = ret, .why = why};
    *ret = (struct hand_order){.type = HAND_LIST};
    why->code = HAND_ALLOWED;
    why->text[0] = 0;
    int k = json_parse(a, text, &root, &d);
    if (k == -ENOMEM)
        return k;
    if (k < 0 || root->type != JSON_OBJECT) {
        hand_refuse(why, HAND_BAD_JSON, "the order is no JSON object%s%s", k < 0 ? ": " : "",
                    k < 0 ? d.text : "");
        return -ERR_REFUSED;
    }
    const struct json_value *id = json_get(root, "order_id");
    if (id && !read_id(&r, id))
        return -ERR_REFUSED;
    if (!check_keys(root, why) || !read_rows(&r, root))
        return -ERR_REFUSED;
    return 0;
}

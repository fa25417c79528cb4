#include "app/room/limit.h"

#include "base/hash.h"

static const struct {
    double per_second, at_once;
} rates[LIMIT_MAX_] = {
    [LIMIT_REQUEST] = {100, 400},
    [LIMIT_STRANGER] = {1, 30},
    [LIMIT_FORM] = {0.2, 20},
};

static struct str key_of(const struct sockaddr *who) {
    if (who && who->sa_family == AF_INET)
        return str_n((const char *) &((const struct sockaddr_in *) (const void *) who)->sin_addr,
                     4);
    if (who && who->sa_family == AF_INET6)
        return str_n((const char *) &((const struct sockaddr_in6 *) (const void *) who)->sin6_addr,
                     8);
    return STR("?");
}

bool limit_take(struct limit *l, enum limit_kind kind, const struct sockaddr *who, int64_t now_ns,
                int *ret_wait_s) {
    struct limit_slot *s = &l->slots[kind][hash_sip(key_of(who)) % LIMIT_SLOTS];
    if (s->at_ns == 0)
        s->tokens = rates[kind].at_once;
    else
        s->tokens += (double) (now_ns - s->at_ns) / 1e9 * rates[kind].per_second;
    s->tokens = MIN(s->tokens, rates[kind].at_once);
    s->at_ns = now_ns;
    if (ret_wait_s)
        *ret_wait_s = 1 + (int) ((1 - s->tokens) / rates[kind].per_second);
    if (s->tokens < 1)
        return false;
    s->tokens -= 1;
    return true;
}

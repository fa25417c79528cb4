/* Which addresses a way may connect to: public ones; whoever has a mail server at home writes its network under `allow`. */
#include "door/way.h"

static bool is_allowed(const struct door_way *w, const struct ip *address) {
    for (size_t i = 0; i < w->n_allow; i++)
        if (ip_prefix_contains(&w->allow[i], address))
            return true;
    return false;
}

bool door_may_reach(const struct door_way *w, const struct ip *address, const char **ret_why) {
    struct ip inner;
    if (is_allowed(w, address) || (ip_wraps(address, &inner) && is_allowed(w, &inner)))
        return true;
    const char *what = ip_not_public(address);
    if (what)
        *ret_why = what;
    return !what;
}

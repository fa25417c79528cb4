#include "room/policy.h"

#include "base/time.h"

void room_policy_default(struct room_policy *p) {
    *p = (struct room_policy){.window_ns = NS_PER_DAY,
                              .service_window_ns = 30 * NS_PER_MIN,
                              .open_level = LEVEL_HIGH,
                              .open_count = 1000,
                              .person_within_s = 600,
                              .decide_within_s = 300,
                              .mode = BLOCK_PROPOSE,
                              .minutes = 60,
                              .good_accounts_max = 3,
                              .recent_ns = 15 * NS_PER_MIN};
}

const struct room_listed *room_policy_listed(const struct room_policy *p, struct str address) {
    struct ip_prefix want;
    if (ip_prefix_parse(address, &want) < 0)
        return NULL;
    for (size_t i = 0; i < p->n_listed; i++)
        if (ip_prefix_covers(&p->listed[i].prefix, &want) ||
            ip_prefix_covers(&want, &p->listed[i].prefix))
            return &p->listed[i];
    return NULL;
}

static const struct room_policy_service *find_service(const struct room_policy *p,
                                                      struct str name) {
    for (size_t i = 0; i < p->n_services; i++)
        if (str_eq(p->services[i].name, name))
            return &p->services[i];
    return NULL;
}

static const struct room_words *find_page(const struct room_policy_service *s, struct str path) {
    for (size_t i = 0; i < s->n_pages; i++)
        if (str_starts(path, s->pages[i].path))
            return &s->pages[i].shows;
    return NULL;
}

const struct room_words *room_policy_page(const struct room_policy *p, struct str service,
                                          struct str path) {
    const struct room_policy_service *s = find_service(p, service);
    const struct room_words *shows = s ? find_page(s, path) : NULL;
    for (size_t i = 0; !shows && service.n == 0 && i < p->n_services; i++)
        shows = find_page(&p->services[i], path);
    return shows;
}

const struct room_words *room_policy_title(const struct room_policy *p, struct str service) {
    const struct room_policy_service *s = find_service(p, service);
    return s && (s->title.ja.p || s->title.en.p) ? &s->title : NULL;
}

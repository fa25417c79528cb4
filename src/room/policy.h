/* What the operator decided beforehand, as src/app/room fills it in from kizuki.yml. Everything is
 * borrowed and lives as long as the room. */
#pragma once
#include "base/err.h"
#include "base/ip.h"
#include "event/finding.h"

enum room_block_mode {
    BLOCK_PROPOSE, /* a person decides each */
    BLOCK_AUTO,    /* by itself where nothing speaks against it (DESIGN.md 8) */
};
enum room_list { LIST_PARTNER, LIST_SHARED };
struct room_listed {
    enum room_list list;
    struct str name;
    struct ip_prefix prefix;
};
struct room_words { /* .p NULL: not given */
    struct str ja, en;
};
struct room_page {
    struct str path; /* a prefix of url.path */
    struct room_words shows;
};
struct room_policy_service {
    struct str name;
    struct room_words title;
    const struct room_page *pages;
    size_t n_pages;
};
struct room_policy {
    int64_t window_ns; /* a case takes what shares a source or an entered account within it */
    int64_t service_window_ns;  /* and what shares only a service or a host within this */
    enum rule_level open_level; /* a finding of this level opens a case */
    int64_t open_count;         /* or one with this many events behind it */
    int64_t person_within_s, decide_within_s; /* goals of the ledger */
    enum room_block_mode mode;
    int minutes;
    int64_t
        good_accounts_max; /* auto only up to this many accounts that signed in well in 7 days */
    int64_t recent_ns;     /* auto only while it is going on */
    const struct room_listed *listed;
    size_t n_listed;
    const struct room_policy_service *services;
    size_t n_services;
};

void room_policy_default(struct room_policy *p);
/* The first row an address (or /64) touches, or NULL. */
const struct room_listed *room_policy_listed(const struct room_policy *p, struct str address);
/* What a page shows, as configured for the service (any service when it is empty); NULL: not
 * configured. */
const struct room_words *room_policy_page(const struct room_policy *p, struct str service,
                                          struct str path);
const struct room_words *room_policy_title(const struct room_policy *p,
                                           struct str service); /* NULL: none */

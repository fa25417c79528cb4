/* Logins of the operator's own members: what is known of each account's ways in, the judgement of a new one, and "that was not me".
 *
 * Known is what the logs said of logins that succeeded (the sensor tells them, rules with `kizuki: tell:`) and what the caller itself reports, the newest
 * LOGIN_KEPT_MAX of each account. Who may ask is a caller of kizuki.yml (`login:`) with a token, of which only the SHA-256 is kept. Every answer is kept:
 * answers wait in memory and are written together, at the latest with the next tick, so that no login waits for a disk.
 *
 * Not here: whose login was refused (the rules judge that), and who is behind an address. */
#pragma once
#include "base/ip.h"
#include "room/room.h"

struct yaml_node;

enum login_answer { LOGIN_ALLOW, LOGIN_ASK, LOGIN_DENY, LOGIN_ANSWER_MAX_ };
extern const char *const login_answer_words[LOGIN_ANSWER_MAX_];

enum login_reason {
    REASON_NO_HISTORY,
    REASON_NEW_NETWORK,
    REASON_NEW_COUNTRY,
    REASON_NEW_DEVICE,
    REASON_NEW_BROWSER,
    REASON_UNUSUAL_HOUR,
    REASON_TRAVEL,
    REASON_MANY_ACCOUNTS,
    REASON_ATTACKER,
    REASON_DENIED_BEFORE, /* the member said of this network that it was not him */
    REASON_FAILED,        /* it could not be judged */
    REASON_MAX_
};
const char *login_reason_word(enum login_reason r);

#define LOGIN_CALLERS_MAX 16
#define LOGIN_NETWORKS_MAX 4096
struct login_network {
    struct ip_prefix net;
    char country[3]; /* "": not said */
    bool placed;
    double lat, lon;
};
struct login_rules {
    struct login_caller {
        struct str name;
        char hash[65];
    } callers[LOGIN_CALLERS_MAX];
    size_t n_callers;
    enum login_answer on_failure;
    int64_t ask_from, deny_from, points[REASON_MAX_], freeze_minutes;
    bool freeze;       /* "not me" freezes at once; otherwise it is proposed */
    struct str driver; /* by which accounts are frozen; empty: none */
    int offset_min;    /* of the hours people keep */
    struct login_network *networks;
    size_t n_networks;
};
/* node NULL: what holds without configuration, and nobody may ask. Texts and networks in the arena. */
int login_rules_read(struct arena *a, const struct yaml_node *node, const char *file, struct login_rules *ret, struct diag *reterr) MUST_USE;
const struct login_caller *login_rules_caller(const struct login_rules *rules, struct str token);

struct login_try {
    struct str account, service, address, agent, device, country; /* .p NULL: not said */
    int64_t at_ns;
};
struct login_verdict {
    enum login_answer answer;
    int64_t points;
    unsigned reasons; /* bits by login_reason */
};
/* One way in of the past. */
struct login_past {
    int64_t at_ns;
    char net[IP_PREFIX_CAP], country[3], browser[40], device[65];
    bool denied;
    bool placed;
    double lat, lon;
};
/* Pure: `others` is what is known of the address beside this account. */
struct login_address {
    int64_t accounts; /* asked for from it within ten minutes */
    bool attacker;    /* a case of the last day accuses it, or it is blocked */
};
void login_judge(const struct login_rules *rules, const struct login_try *t, const struct login_past *past, size_t n, const struct login_address *about,
                 struct login_verdict *ret);
/* What is known of a try by itself: its network, country and place, browser, device. */
void login_place(const struct login_rules *rules, const struct login_try *t, struct login_past *ret);
/* "Chrome on Windows": what changes with every version is left out. */
void login_browser(struct str agent, char dst[40]);

/* ---- with the database ---- */

#define LOGIN_KEPT_MAX 30
/* Judged within LOGIN_TIME_NS, else as `on_failure` says; never fails. The answer waits to be kept. */
#define LOGIN_TIME_NS (40 * NS_PER_MS)
int64_t room_login_judge(struct room *r, const struct login_rules *rules, const struct login_caller *by, const struct login_try *t, struct login_verdict *ret);
/* Logins that succeeded. In a transaction of its own. */
int room_logins_take(struct room *r, const struct login_rules *rules, const struct login_try *list, size_t n, struct diag *reterr) MUST_USE;
/* Writes the answers that wait; at most one transaction. */
int room_logins_tick(struct room *r, struct diag *reterr) MUST_USE;
/* {"account","logins":[{"id","at","service","address","country","browser","device","denied"}]}, the newest first. */
int room_logins_write(struct room *r, struct str account, struct jsonw *w, struct diag *reterr) MUST_USE;
/* "That was not me": a case, and the account frozen or that proposed. -ENOENT: no such login of this account. Saying it again is no second case. */
struct login_denied {
    int64_t incident, deed; /* deed 0: no driver can freeze accounts */
    char number[24];
    bool frozen; /* the order is on its way; otherwise a person decides */
};
int room_login_denied(struct room *r, const struct login_rules *rules, struct str account, int64_t id, struct login_denied *ret, struct diag *reterr) MUST_USE;

/* The limits file: what the hand never does, whatever the room orders.
 *
 * The file belongs to root (or to the user the hand runs as) and nobody else may write it or
 * replace it: otherwise it is refused and the hand does not start. Every key is optional; unknown
 * keys are refused; no key can raise a limit above the maximum built in (base/limits.h).
 * docs/hand.md has the list. */
#pragma once
#include "base/err.h"
#include "base/ip.h"

#include <sys/types.h>

#define HAND_ROOM_UIDS_MAX 8
#define HAND_NEVER_NAME_CAP 121

struct hand_never {
    struct ip_prefix net;
    int64_t until_ms; /* wall clock; 0 = as long as it stands in the file */
    char name[HAND_NEVER_NAME_CAP];
};

struct hand_limits {
    bool dry_run; /* true: every block order is checked and listed, none reaches the kernel */
    uint32_t prefix4_min, prefix6_min;
    uint32_t minutes_max;
    uint32_t blocks_per_minute, blocks_max;
    uint32_t orders_per_minute, addresses_per_order;
    uint32_t order_life_s; /* between issued_ms and expires_ms */
    uint32_t clock_skew_s; /* how far in the future an order may have been issued */
    uid_t room_uids[HAND_ROOM_UIDS_MAX];
    uint32_t n_room_uids; /* 0 = the caller's default */
    struct hand_never *never;
    size_t n_never;
};

void hand_limits_init(struct hand_limits *l); /* the defaults; dry_run is true */
void hand_limits_done(struct hand_limits *l);
/* Reads the text of a limits file; `file` is the name shown in diags. *ret is set on success only.
 */
int hand_limits_parse(struct str text, const char *file, struct hand_limits *ret,
                      struct diag *reterr) MUST_USE;
/* Opens without following links, checks owner and mode of file and folder, reads, parses. */
int hand_limits_load(const char *path, struct hand_limits *ret, struct diag *reterr) MUST_USE;
/* The default file, commented, with dry_run: true. */
struct str hand_limits_template(void);

/* The same check for any file that carries authority (the room's public key): 0, or -ERR_REFUSED
 * with the sentence what is wrong with its owner or mode. */
int hand_file_trusted(const char *path, struct diag *reterr) MUST_USE;

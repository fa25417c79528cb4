/* Shared by deed.c, deed_order.c and deed_journal.c. */
#pragma once
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/time.h"
#include "hand/deed.h"
#include "hand/hand_priv.h"
#include "hand/journal.h"

enum deed_state { DEED_INTENDED, DEED_IN_FORCE, DEED_LEAVING, DEED_UNSURE, DEED_STATE_MAX_ };
struct deed {
    const struct deed_kind *kind;
    char *target, *params, *kept; /* params and kept: JSON objects */
    int64_t since_ms, until_ms, until_boot_ns;
    enum deed_state state;
    bool effect; /* was seen when it was looked at last */
    int64_t looked_ms, next_ns;
    char why[16]; /* it leaves */
    char boot[40], order_id[HAND_ORDER_ID_MAX + 1];
    char reason[HAND_ORDER_TEXT_BYTES_MAX + 1], incident[HAND_ORDER_TEXT_BYTES_MAX + 1];
};
struct deed_order {
    enum { DEED_ORDER_APPLY, DEED_ORDER_UNDO, DEED_ORDER_LIST, DEED_ORDER_MAX_ } type;
    struct str id, reason, incident;
    const struct deed_kind *kind;
    const struct json_value *targets; /* an array of texts */
    const struct json_value *params;  /* an object or NULL */
    int64_t minutes, issued_ms, expires_ms;
    bool dry_run;
};
struct deeds {
    struct deeds_config cfg;
    struct deed **rows;
    size_t n, cap;
    struct hand_journal journal;
    struct map seen; /* order id -> when it expires */
    int64_t horizon_ms;
    struct hand_rate order_rate, act_rate;
    struct arena arena; /* of one order */
    struct buf out;
    size_t snapshot_bytes;
};

int64_t deeds_wall_ms(const struct deeds *h);
int64_t deeds_boot_ns(const struct deeds *h);
void deeds_note(struct deeds *h, bool bad, const char *fmt, ...) PRINTF_LIKE(3, 4);
struct deed *deeds_find(const struct deeds *h, const struct deed_kind *kind, struct str target);
struct deed *deeds_add(struct deeds *h, const struct deed_kind *kind, struct str target); /* NULL: no memory */
void deeds_remove(struct deeds *h, struct deed *x);
int deed_set_text(char **dst, struct str s) MUST_USE;

/* deed_order.c */
int deed_order_parse(struct arena *a, const struct deed_driver *d, struct str text, struct deed_order *ret,
                     struct hand_reason *why) MUST_USE; /* 0, -ERR_REFUSED, -ENOMEM */
/* deed_journal.c */
int deeds_journal_open(struct deeds *h, struct diag *reterr) MUST_USE;
int deeds_journal_deed(struct deeds *h, const struct deed *x, struct diag *reterr) MUST_USE;
int deeds_journal_gone(struct deeds *h, const struct deed *x, struct diag *reterr) MUST_USE;
int deeds_journal_seen(struct deeds *h, struct str id, int64_t expires_ms, struct diag *reterr) MUST_USE;
extern const char *const deed_state_words[DEED_STATE_MAX_];

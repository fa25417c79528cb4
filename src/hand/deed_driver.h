/* A driver of lasting acts other than blocks of addresses, read from data: closing a site, freezing an account,
 * cutting a network, asking a vendor's HTTP interface.
 *
 * Two files make one driver. The *site file* (DATA/hand/drivers/NAME.yml) belongs to root and says what may be done
 * here: which template, for which targets, with which settings, how often, how long. The *template*
 * (content/drivers/ID.yml) says how it is done: for each kind of action the steps that look beforehand, apply, undo and
 * check the effect. A step runs a named program by argv, asks over HTTP (through curl, by argv), writes or removes one
 * file. docs/hand.md has every key. Both are checked whole when they are read; a value of an order reaches a step only
 * through {{name}}, typed, and escaped for where it stands. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/yaml.h"

#include <sys/types.h>

enum deed_type { /* of a target or parameter; the parser knows what each may hold */
    DEED_NAME,      /* [A-Za-z0-9] first, then these and ._@+:- */
    DEED_WORD,      /* [a-z][a-z0-9_]*: a name nftables takes */
    DEED_ADDRESS,   /* one address or network */
    DEED_ADDRESSES, /* a list of addresses */
    DEED_HOSTS,     /* a list of single addresses, as they are written shortest */
    DEED_NUMBER,
    DEED_HOURS, /* 08:00-17:30 */
    DEED_TEXT,  /* any line; only in the body of an HTTP request */
    DEED_TYPE_MAX_,
};
enum deed_verb { DEED_CHECK, DEED_APPLY, DEED_UNDO, DEED_STANDING, DEED_GONE, DEED_VERB_MAX_ };

struct deed_value { /* a parameter of a kind, a setting, a value kept */
    struct str name;
    enum deed_type type;
    int64_t least, most; /* number: the value; addresses: how many; else bytes */
    bool optional;
    struct str value; /* of a setting; what an order leaves out */
};
enum deed_how { DEED_RUN, DEED_HTTP, DEED_WRITE, DEED_REMOVE };
struct deed_keep {
    struct str name, from; /* HTTP: a path "a.0.b" in the JSON answer; run: what a line of the output begins with */
};
struct deed_pair {
    struct str key, value;
};
struct deed_step {
    enum deed_how how;
    unsigned line; /* in the template */
    struct str program, file, text, method, url, says; /* says: what a refusal means, in words */
    struct str *args;
    size_t n_args;
    struct deed_pair *headers, *equals; /* equals: path in the JSON answer -> text */
    size_t n_headers, n_equals;
    int64_t *status; /* good ones: exit status or HTTP status */
    size_t n_status;
    struct str contains, lacks;
    struct deed_keep *keep;
    size_t n_keep;
    int64_t until_s, within_s; /* tried again until then; how long one try may take */
    int64_t times;             /* it must hold so often in a row: an effect that comes bit by bit */
};
struct deed_kind {
    struct str name;
    struct deed_value target;
    struct deed_value *params;
    size_t n_params;
    bool repeat; /* doing it twice is the same as doing it once */
    struct deed_step *steps[DEED_VERB_MAX_];
    size_t n_steps[DEED_VERB_MAX_];
};
struct deed_program {
    struct str name;
    char *path;
};
struct deed_target { /* a row of `targets` in the site file */
    struct str name;
    struct deed_value *settings;
    size_t n_settings;
};
#define DEED_UIDS_MAX 8
struct deed_driver {
    struct arena arena;
    char name[64];
    struct str id, title_ja, title_en, proven, tried; /* proven, tried: empty when not */
    struct deed_kind *kinds;
    size_t n_kinds;
    struct deed_program *programs;
    size_t n_programs;
    struct deed_value *settings;
    size_t n_settings;
    struct deed_target *targets;
    size_t n_targets;
    bool any_target; /* no `targets` in the site file */
    struct str *never, *read, *write; /* paths for the sandbox */
    size_t n_never, n_read, n_write;
    bool net_admin, keep_root; /* capabilities the runner keeps */
    struct str user;
    bool dry_run;
    int64_t minutes_max, orders_per_minute, per_minute, in_force_max, order_life_s, clock_skew_s;
    uid_t room_uids[DEED_UIDS_MAX];
    size_t n_room_uids;
};

/* `folder` holds the templates. On failure the sentence names file, line and column. */
int deed_driver_load(const char *site_path, const char *templates, struct deed_driver **ret,
                     struct diag *reterr) MUST_USE;
void deed_driver_free(struct deed_driver *d); /* NULL allowed */
const struct deed_kind *deed_kind_find(const struct deed_driver *d, struct str name);
const struct deed_target *deed_target_find(const struct deed_driver *d, struct str name);
/* 0, or -ERR_REFUSED with the sentence why this value is none of the type. */
int deed_value_check(const struct deed_value *type, struct str value, struct diag *reterr) MUST_USE;
/* What {{name}} stands for: the order's values first, then the target's settings, then the driver's. */
struct deed_scope {
    const struct deed_driver *driver;
    const struct deed_kind *kind;
    struct str target;
    const struct json_value *params; /* an object, or NULL */
    struct deed_pair *kept;
    size_t n_kept;
};
enum deed_place { DEED_IN_ARG, DEED_IN_URL, DEED_IN_JSON, DEED_IN_PLAIN };
int deed_expand(struct arena *a, const struct deed_scope *s, struct str text, enum deed_place place, struct str *ret,
                struct diag *reterr) MUST_USE;
/* Carries the steps of a verb out. *kept grows (in the arena). -ERR_REFUSED: an expectation did not hold. */
int deed_steps_run(struct arena *a, struct deed_scope *s, enum deed_verb verb, struct diag *reterr) MUST_USE;

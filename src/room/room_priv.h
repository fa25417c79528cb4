/* Inside src/room only. */
#pragma once
#include "base/map.h"
#include "room/case_rules.h"
#include "room/deed.h"
#include "room/fact_spec.h"
#include "room/form_case.h"
#include "room/may.h"
#include "room/obligation.h"
#include "room/plans.h"
#include "room/policy.h"
#include "room/register_kind.h"
#include "room/room.h"
#include "room/scope.h"
#include "room/write.h"

/* Of readiness.h: what is asked, and how it is answered. */
enum room_cell { CELL_NOTICED, CELL_HANDLED, CELL_PREVENTED, CELL_PRACTISED, CELL_TOLD, CELL_MAX_ };
enum room_answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };
struct measure_row;
struct room_measure {
    struct str name, question[2], remedy[2], step[2], page; /* step: what to do next, short */ /* ja, en */
    const struct measure_row *row;
    enum room_cell cell;
    enum room_answer none; /* when there is nothing to look at */
};
struct readiness_pack {
    struct str id, digest;
    const struct json_value *root;
};
struct room_readiness {
    struct arena arena, of_packs;
    struct room_measure *measures;
    struct readiness_pack *packs;
    size_t n_measures, measures_cap, n_packs;
};

#define ROOM_CHANGES_MAX                                                                           \
    64 /* distinct (kind, id) told after one commit; more collapse into "now" */

struct room_logins;
struct room_run_defaults;
struct scope_spec;
struct room_reported_kinds;
struct room_changed {
    const char *kind;
    int64_t id;
};
struct room_conflict { /* the last -ERR_VERSION */
    int64_t yours, theirs, at_ns;
    char by[ROOM_BY_CAP];
};
struct room_refusal { /* the last -ERR_REFUSED of room_may, recorded when its transaction ended */
    bool set;
    struct room_actor by;
    enum room_verb verb;
    struct room_row row;
};
/* The last refusal for want of authority, kept past its transaction: authority.c. */
struct room_authority_refusal {
    bool set, kept;
    struct room_actor by;
    int64_t incident, from_ns;
    const char *kind, *verdict;
    char service[304], policy[304], who[600];
};
/* What the sensor reported last; kept whole, because pages show it and rules are looked up in it.
 */
struct room_report {
    char *json; /* heap, NULL: never */
    size_t n;
    struct arena arena;
    struct json_value *root; /* in arena */
    int64_t at_ns;
    int64_t stored_ns;
};
enum room_report_kind { REPORT_SOURCES, REPORT_RULES, REPORT_STATS, REPORT_RULE_STATE, REPORT_MAX_ };

/* See scope.h. */
#define ROOM_NUMBERS_KEPT 64
struct room_kept_numbers {
    int64_t incident; /* 0: free */
    bool stale;
    int64_t asked_ns, counted_ns, cost_ns; /* monotonic */
    struct room_counts counts;
    struct buf scope, attacker;
};

/* A driver of lasting acts, as it told us (deed.h). */
struct room_driver {
    char name[64];
    bool connected, listed, dry_run; /* listed: in this connection */
    int64_t asked_ms;
    char *json; /* its last list; heap */
};

struct calendar;
struct room_duty;
struct room {
    struct room_kept_numbers numbers[ROOM_NUMBERS_KEPT];
    struct sql *db;
    struct port_clock clock, wall;
    const struct room_policy *policy;
    struct room_watcher watcher;
    const struct sign_secret *key;
    const struct sign_public *public_key;
    struct room_logins *logins; /* answers that wait to be kept: login_book.c */
    bool in_tx, in_parts, replay;
    unsigned n_changed;
    struct room_changed changed[ROOM_CHANGES_MAX];
    struct room_conflict conflict;
    struct room_refusal refusal;
    struct room_authority_refusal authority_refusal;
    const struct calendar *calendar; /* NULL: rosters and authority are not known */
    struct room_duty *duty;               /* duty_priv.h; NULL: not read yet */
    struct room_report reports[REPORT_MAX_];
    struct buf rules_parts; /* rules arrive in parts */
    int64_t rules_last_part, rules_parts_n;
    struct buf sources_page;          /* sources arrive page by page */
    int64_t sources_n, sources_total; /* rows on the pages so far; how many there are */
    struct register_kinds kinds;      /* what registers are made of; empty until told */
    struct fact_specs facts;          /* fact.h; likewise */
    struct arena facts_arena;
    struct room_laws laws;            /* obligation.h */
    struct room_forms forms;          /* form_case.h */
    struct map rules_by_id;           /* id -> struct json_value of reports[REPORT_RULES] */
    struct {                          /* the hand, as it told us */
        bool connected;
        bool dry_run_known, dry_run;
        bool acted;                  /* when it was last asked, it was not in dry-run */
        int64_t away_ms;             /* wall clock when it was lost last */
        bool list_wanted, list_open; /* open: asked, not yet answered whole */
        int64_t listed_ms;           /* wall clock of the last question */
        int64_t sent[256]; /* rows of orders sent in this connection: not sent again in it */
        size_t sent_n;
        struct map standing; /* during a list: address -> its row */
        struct arena arena;  /* of that */
        struct {
            char address[48];
            int minutes;
        } never[16]; /* to be protected, not sent yet */
        size_t never_n;
    } hand;
    bool sensor_connected;
    struct room_driver drivers[ROOM_DRIVERS_MAX];
    const struct scope_spec *scope_specs; /* room_scopes_use */
    size_t n_scope_specs;
    const struct room_run_defaults *runs; /* NULL: none */
    struct room_case_rules case_rules;    /* all zero: not loaded */
    const struct room_reported_kinds *report_kinds; /* NULL: none */
    struct room_readiness readiness; /* empty until told */
    struct room_plans plans;              /* empty until told */
};

/* A place where a test may want the process to die: between two statements of a write, before and after a commit. In developer builds it does
 * when room_points_left have been passed; elsewhere this is nothing. */
#ifdef KIZUKI_DEVELOPER
void room_point(void);
extern unsigned room_points_left; /* 0: never */
#else
static inline void room_point(void) {
}
#endif
/* The wall clock: what links, sessions and orders end by. */
int64_t room_wall(const struct room *r);

/* Text with a language-neutral key, as the pages want it. */
void room_text(struct jsonw *w, const char *member, const char *key); /* no params */
void room_text_raw(struct jsonw *w, const char *member, struct str key, struct str params_json);
void room_time_or_null(struct jsonw *w, const char *member, struct sql_stmt *st, int column);
/* From three columns: text key, params, plain. */
void room_text_or_plain(struct jsonw *w, const char *member, struct sql_stmt *st, int column);
/* Appends the parts of rule titles: "rule", "rule_ja", "rule_en" (keys prefixed by `name`). */
void room_rule_params(struct room *r, struct jsonw *w, const char *name, struct str rule_id,
                      struct str rule_title);
/* Params NAME, NAME_ja and NAME_en of words that were configured; NAME alone, or null, for what was
 * not. */
void room_words_params(struct jsonw *w, const char *name, const struct room_words *words);
void room_service_params(struct room *r, struct jsonw *w, struct str service);
/* {"id","name","title","titles"} */
void room_rule_ref(struct room *r, struct jsonw *w, const char *member, struct str rule_id,
                   struct str rule_title);
/* {"key":"by.…","params":…} for a stored actor string. */
void room_by_text(struct room *r, struct jsonw *w, const char *member, struct str by);

/* Who decides, who is asked and who is told: for a service, a kind of decision and an instant.
 *
 * Rows that name the service go before rows for every service; among those of one service all that hold at the instant count.
 * A row of the verb decide has an order: who stands behind may decide when those before have not answered for `after_min`
 * minutes. What is lent is a row with two instants, and goes away by itself.
 *
 * Pure, like the roster it resolves groups with. Who may at all is one question (here); whether the person that asks is one of
 * them, and how long the others have been called already, is the caller's. */
#pragma once
#include "duty/roster.h"

#define DUTY_KINDS(X)                                                                              \
    X(STOP, "stop")       /* a service or a site */                                                \
    X(BLOCK, "block")     /* addresses, nets, countries */                                         \
    X(PUBLISH, "publish")                                                                          \
    X(SPEND, "spend")                                                                              \
    X(REOPEN, "reopen")                                                                            \
    X(FREEZE, "freeze")   /* accounts */                                                           \
    X(ISOLATE, "isolate") /* a host */                                                             \
    X(CUT, "cut")         /* outbound traffic */                                                   \
    X(LEVEL, "level")     /* raising the alert level */                                            \
    X(RANSOM, "ransom")   /* paying or speaking with who attacks */                                \
    X(PREVENT, "prevent") /* exchanging or looking into what errs, before it breaks */
enum duty_kind {
#define X(id, name) DUTY_##id,
    DUTY_KINDS(X)
#undef X
        DUTY_KIND_MAX_
};
const char *duty_kind_to_string(enum duty_kind k);
int duty_kind_from_string(struct str s); /* enum or -EINVAL */

enum duty_verb { DUTY_DECIDES, DUTY_ASKED, DUTY_TOLD, DUTY_VERB_MAX_ };
const char *duty_verb_to_string(enum duty_verb v); /* "decide", "ask", "tell" */
int duty_verb_from_string(struct str s);

struct duty_authority_row {
    struct str service; /* as compared; empty: every one */
    unsigned kinds;     /* bits 1 << enum duty_kind */
    enum duty_verb verb;
    struct period when;
    struct duty_name who; /* a person; or */
    struct str group;     /* as compared: whoever is on duty of it, first to third */
    unsigned order;       /* 1 first */
    int after_min;        /* of order > 1: minutes without an answer of those before */
    bool two;             /* another person must agree */
    int64_t from_ns, until_ns; /* lent: only then; TIME_NONE: a row of the table */
    int64_t id;           /* the caller's */
};
struct duty_authority {
    const struct duty_roster *roster;
    const struct duty_authority_row *rows;
    size_t n;
};
#define DUTY_WHO_MAX 32 /* persons of one verb in one answer */
struct duty_who {
    struct duty_name who;
    struct str group; /* through which; empty: by name */
    unsigned order;   /* rank within the answer, from 1 */
    int after_min;    /* decide: minutes of silence of those before, summed up; 0: at once */
    int silent_min;   /* decide: minutes of silence tonight; 0 until the caller says so */
    bool two, lent;
    int64_t until_ns; /* of what is lent; TIME_NONE: not lent */
    int64_t row;
};
struct duty_answer {
    bool told_of;     /* some row speaks of the service (or of every one) and the kind, whatever the hour */
    bool two;         /* any row that decides now wants two */
    struct duty_who who[DUTY_VERB_MAX_][DUTY_WHO_MAX];
    size_t n[DUTY_VERB_MAX_];
};
/* The strings live as long as the rows and the arena. */
int duty_authority_ask(struct arena *a, const struct duty_authority *x, struct str service, enum duty_kind kind, int64_t t_ns,
                       struct duty_answer *ret, struct diag *reterr) MUST_USE;
/* Those who have been silent (silent_min) for as long as the next would wait for them are not waited for again: after_min of all behind them is
 * shortened by that. */
void duty_authority_silent(struct duty_answer *x);
/* The person's place among those who decide, or NULL. */
const struct duty_who *duty_answer_find(const struct duty_answer *x, enum duty_verb v, struct str person_key);

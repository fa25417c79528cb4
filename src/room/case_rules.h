/* content/cases/rules.yml: what counts as nobody acting, what puts one case before another, what stands against closing one, with whom people outside
 * are spoken. Data, so that an operator may see it otherwise; read once, at start. */
#pragma once
#include "event/finding.h"
#include "room/policy.h"
#include "room/room.h"

#define CASE_WORDS_MAX 16

/* Kinds of entries on a timeline, in the order pages offer them. */
enum room_entry_kind { ENTRY_NOTICE, ENTRY_ANALYSIS, ENTRY_DECISION, ENTRY_ACTION, ENTRY_CONTACT, ENTRY_OUTSIDE, ENTRY_FORCE, ENTRY_HANDOVER, ENTRY_MAX_ };
const char *room_entry_kind_to_string(enum room_entry_kind k);
int room_entry_kind_from_string(struct str s); /* enum or -EINVAL */

struct room_gap_rules {
    unsigned by_person, by_machine; /* bits 1 << enum room_entry_kind */
    struct str also[CASE_WORDS_MAX], but_not[CASE_WORDS_MAX], lanes_not[CASE_WORDS_MAX];
    size_t n_also, n_but_not, n_lanes_not;
    bool leave_nights_out;
    int64_t at_least_s[LEVEL_MAX_];
};
#define CASE_KNOWN_MAX 60
enum room_importance { IMPORTANCE_UNKNOWN, IMPORTANCE_LOW, IMPORTANCE_MEDIUM, IMPORTANCE_HIGH, IMPORTANCE_MAX_ }; /* of systems.yml */
enum room_importance room_importance_from_string(struct str s); /* what is none: unknown */
const char *room_importance_to_string(enum room_importance x);
struct room_known_case {
    struct str kinds[CASE_WORDS_MAX], pack; /* pack: of its lesson; .p NULL: none */
    size_t n_kinds;
    struct room_words title;
};
struct room_rank_rules {
    bool set;
    int64_t level[LEVEL_MAX_], importance[IMPORTANCE_MAX_], stolen, unseen, known, false_alarm, false_alarm_rule;
};
#define CASE_NAMED_MAX 40
struct room_named { /* a condition of closing, a kind of people outside */
    struct str name;
    const char *counts; /* SQL of what it counts; NULL: a person says so */
    bool lacks;         /* the number says that something is not there: nothing to count */
    struct room_words title;
};
struct room_case_rules {
    struct room_named closing[CASE_NAMED_MAX], contacts[CASE_NAMED_MAX];
    size_t n_closing, n_contacts;
    struct room_gap_rules gaps;
    struct room_rank_rules rank;
    struct room_known_case known[CASE_KNOWN_MAX];
    size_t n_known;
    struct arena arena;
};
/* Once, after room_open. Without it no gap is told. -ERR_PARSE names file, line and what is wanted. */
int room_case_rules_load(struct room *r, const char *path, struct diag *reterr) MUST_USE;

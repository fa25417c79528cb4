/* content/cases/rules.yml: what counts as nobody acting, and what puts one case before another. Data, so that an operator may see it
 * otherwise; read once, at start. */
#pragma once
#include "event/finding.h"
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
struct room_case_rules {
    struct room_gap_rules gaps;
    struct arena arena;
};
/* Once, after room_open. Without it no gap is told. -ERR_PARSE names file, line and what is wanted. */
int room_case_rules_load(struct room *r, const char *path, struct diag *reterr) MUST_USE;

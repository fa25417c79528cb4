/* What the room makes of a register's rows, read from the same files of content/imports that name the columns (src/table/spec.h has
 * those): which fields name rows of other registers, what somebody has to see to, what becomes of a row's log.
 *
 *   fields:
 *     - {name: parent, kind: ref, to: organisations, acyclic: true}
 *     - {name: systems, kind: refs, to: systems, loose: true}
 *   personal: true                        rows hold personal data (their information class)
 *   needs:                                the worst one that holds is the row's
 *     - {field: sla, empty: true, gap: sla}            gap: the word by which it is told
 *     - {field: log_collection, is: "no", need: must}  need: ok, unknown, soon, must
 *     - {field: night_response, not: "yes", need: soon, gap: night_response}
 *     - {field: ends, ending: 90, need: soon, gap: ending}   within 90 days
 *     - {field: ends, over: true, need: soon, gap: over}
 *     - {field: kind, is: service, unless: {register: alternatives, names: service}, need: soon, gap: no_alternative}
 *                                       and no row in force of that register names this one in that field
 *   log:
 *     said: log                           the field that says it
 *     sources: sources                    names of sources; while one speaks it is obtained, whatever was said
 *     states:
 *       - {said: obtained, is: said, need: soon}
 *       - {is: unknown, need: unknown}    without `said`: none of the others
 *     refused: {register: contracts, by: systems, field: log_collection, is: "no"}
 *                                         such rows of that register take the log from those their list `by` names */
#pragma once
#include "room/room.h"

#define REGISTER_KINDS_MAX 64 /* files of content/imports */

struct register_field {
    struct str name, to; /* to empty: no reference */
    bool many, loose, acyclic;
};
enum register_need { NEED_OK, NEED_UNKNOWN, NEED_SOON, NEED_MUST, NEED_MAX_ };
const char *register_need_to_string(enum register_need n);
enum register_test { TEST_IS, TEST_NOT, TEST_EMPTY, TEST_OVER, TEST_ENDING };
struct register_rule {
    struct str field, gap, value;
    struct str unless_register, unless_field; /* empty: whatever others say */
    enum register_test test;
    int64_t days;
    enum register_need need;
};
struct register_log_state {
    struct str said, is;
    enum register_need need;
};
struct register_log {
    struct str said, sources; /* sources empty: none are attached to rows of this register */
    const struct register_log_state *states;
    size_t n_states;
    struct str refused_register, refused_by, refused_field, refused_is; /* empty: nothing takes it */
};
struct register_kind {
    struct str name, key;
    bool personal;
    const struct register_field *fields;
    size_t n_fields;
    const struct register_rule *rules;
    size_t n_rules;
    const struct register_log *log; /* NULL: nothing is told of logs */
};
struct register_kinds {
    struct arena arena;
    struct register_kind *at;
    size_t n;
};
/* All files of a folder. A reference to a register that is not there is refused. */
int register_kinds_load(struct register_kinds *x, const char *folder, struct diag *reterr) MUST_USE;
void register_kinds_done(struct register_kinds *x);
/* NULL: unknown; then its rows are texts and no more. */
const struct register_kind *register_kind_find(const struct register_kinds *x, struct str name);

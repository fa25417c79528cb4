/* Inside src/room only: a register in memory, for what compares all of its rows. */
#pragma once
#include "base/map.h"
#include "room/register.h"
#include "room/room_priv.h"

struct register_row {
    int64_t id, version, updated_at_ns;
    bool active, met; /* met: a file has it */
    struct str name, json, updated_by;
    struct json_value *values;
};
struct register_rows {
    struct arena arena;
    struct map by_key; /* -> struct register_row */
    struct register_row **at; /* in the order of their ids */
    size_t n, cap;
};
int register_rows_load(struct room *r, struct str kind, struct register_rows *ret, struct diag *err) MUST_USE;
void register_rows_done(struct register_rows *x);
struct register_row *register_rows_find(struct register_rows *x, struct str name);
/* A name as it is compared; .p NULL when memory ends. */
struct str register_key(struct arena *a, struct str name);
/* In the caller's transaction. */
int register_insert(struct room *r, const struct room_actor *by, struct str kind, struct str name, struct str json, int64_t *ret_id,
                    struct diag *err) MUST_USE;
int register_update(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str name, struct str json, bool active,
                    struct diag *err) MUST_USE;
/* register_view.c: what follows for logs. */
enum register_need { NEED_OK, NEED_UNKNOWN, NEED_SOON, NEED_MUST };
struct register_judging {
    const struct room *r;
    struct register_rows systems, contracts;
    struct map sources; /* by name -> what the sensor told */
    struct map refused; /* folded name of a system -> a contract without logs that covers it */
};
int register_judging_begin(struct room *r, struct register_judging *j, struct diag *err) MUST_USE;
void register_judging_end(struct register_judging *j);
/* Writes the members need, log and gaps unless w is NULL. */
enum register_need register_judge(struct register_judging *j, struct str kind, const struct register_row *row, struct jsonw *w);

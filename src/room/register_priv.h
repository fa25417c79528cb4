/* Inside src/room only: a register in memory, for what compares all of its rows. */
#pragma once
#include "base/map.h"
#include "room/register.h"
#include "room/register_kind.h"
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

/* register_ref.c: what rows name of each other. All loaded rows, a register at a time. */
struct register_all {
    struct room *r;
    struct register_rows rows[REGISTER_KINDS_MAX];
    bool loaded[REGISTER_KINDS_MAX];
};
void register_all_begin(struct register_all *x, struct room *r);
void register_all_end(struct register_all *x);
/* NULL with reterr when they cannot be read; of an unknown register an empty one. */
struct register_rows *register_all_of(struct register_all *x, struct str kind, struct diag *err);
/* The text of a field; empty when there is none. */
struct str register_value(const struct json_value *values, struct str field);

/* A row as it is about to be written, of a file or of a form. */
struct register_new {
    struct str name;
    const struct json_value *values; /* fields that are not in it stay as they are */
    const struct register_row *old;  /* NULL: a new one */
    bool whole; /* what is not in values is empty */
    bool bad;
};
enum register_ref_fault { REF_NO_TARGET, REF_LOOP, REF_LOOSE }; /* REF_LOOSE: kept, and said */
const char *register_ref_fault_to_string(enum register_ref_fault f);
const char *register_ref_fault_help(enum register_ref_fault f);
struct register_fault {
    size_t row;
    struct str field, value; /* of a loop the rows on it: A → B → A */
    enum register_ref_fault fault;
};
struct register_faults {
    struct register_fault *at;
    size_t n, cap;
};
/* Marks rows whose references do not hold, until those that remain hold among themselves. */
int register_refs_check(struct register_all *x, struct str kind, struct register_new *rows, size_t n, struct arena *a,
                        struct register_faults *ret, struct diag *err) MUST_USE;
/* Rows that name `was` name `now`. In the caller's transaction. */
int register_refs_rename(struct room *r, const struct room_actor *by, struct str kind, struct str was, struct str now,
                         struct diag *err) MUST_USE;
/* How many rows name each row, kept while rows are taken away. */
struct register_uses {
    struct map counts; /* "register\nkey" -> number */
    struct arena arena;
};
int register_uses_load(struct room *r, struct register_uses *u, struct diag *err) MUST_USE;
void register_uses_done(struct register_uses *u);
uint64_t register_uses_of(struct register_uses *u, struct str kind, struct str name);
/* The row is gone: what it named is named once less. */
void register_uses_gone(struct room *r, struct register_uses *u, struct str kind, const struct register_row *row);
/* It has these values now. */
int register_uses_back(struct room *r, struct register_uses *u, struct str kind, const struct register_row *row, const struct json_value *values) MUST_USE;

/* register_view.c: what follows for logs, and what somebody has to see to. */
struct register_named {
    const struct register_rule *rule;
    struct map names; /* folded */
};
struct register_judging {
    struct register_all all;
    struct map sources; /* by name -> what the sensor told */
    struct map refused[REGISTER_KINDS_MAX]; /* folded name of a row -> the row that takes its log */
    struct register_named named[8]; /* of rules with unless_register */
    size_t n_named;
};
int register_judging_begin(struct room *r, struct register_judging *j, struct diag *err) MUST_USE;
void register_judging_end(struct register_judging *j);
/* Writes the members log, gaps and need unless w is NULL. */
enum register_need register_judge(struct register_judging *j, const struct register_kind *k, const struct register_row *row, struct jsonw *w);

/* What reports of people, tips from outside and reports to the authority share: notes that are kept with them (what was added, said, answered,
 * which stage was reached when) and the case they are joined to. Inside src/room only; all in the caller's transaction. */
#pragma once
#include "room/incident_priv.h"
#include "room/room_priv.h"

struct slip_note {
    enum room_object of; /* PERSON_REPORT, TIP, INFO */
    int64_t of_id;
    const char *kind; /* "added", "said", "taken", "closed", "replied"… */
    struct str text;
    const char *photo;   /* its digest; NULL or "": none */
    int64_t at_ns;       /* 0: now; otherwise when it happened */
    int64_t message;     /* that carried it; 0: none */
    int (*parts)(void *ctx, struct room *r, int64_t id, struct diag *reterr);
    void *parts_ctx;
};
int slip_note_put(struct room *r, const struct room_actor *by, const struct slip_note *n, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* "notes":[{"id","at","by","kind","text","photo","message"}], the oldest first, into an open object. */
int slip_notes_write(struct room *r, enum room_object of, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;

/* "T-2026-0007": the next of this year. sql gives the last number of those that begin with ?1. */
int slip_number(struct room *r, char letter, const char *sql, char dst[16], struct diag *reterr) MUST_USE;

/* What belongs to a case is handled there: -EBUSY. Another version is refused by the write. */
int slip_is_loose(struct room *r, enum room_object of, int64_t id, int64_t version, struct diag *reterr) MUST_USE;

struct slip_table {
    enum room_object object;
    const char *name;      /* of its pages' changes */
    size_t text_max;       /* of a reason */
    const char *set, *keep; /* SLIP_SET and SLIP_KEEP of its table */
    int (*ended)(struct room *r, int64_t id, struct diag *reterr); /* when somebody took or closed it; may be NULL */
};
#define SLIP_SET(table)                                                                                                                              \
    "UPDATE " table " SET state = ?2, why = ?3, taken_at = coalesce(taken_at, ?4), taken_by = coalesce(taken_by, ?5), "                              \
    "ended_at = CASE WHEN ?2 = 'closed' THEN ?4 END, ended_by = CASE WHEN ?2 = 'closed' THEN ?5 END WHERE id = ?1"
#define SLIP_KEEP(table) "UPDATE " table " SET state = state WHERE id = ?1"
/* "taken", "closed" (with why) or "note" (why is what is noted). One that belongs to a case is taken and closed there: -EBUSY. One transaction. */
int slip_change(struct room *r, const struct room_actor *by, const struct slip_table *t, int64_t id, int64_t version, struct str to, struct str why,
                struct diag *reterr) MUST_USE;

struct slip_case {
    const char *title_key;
    struct str params, kind;
    enum rule_level level;
    int64_t first_ns;
};
/* *incident 0: one is opened in the name of `by` and the playbook for its kind is proposed; otherwise it has to be open (-EBUSY) and theirs to
 * read (-ENOENT). */
int slip_case_find(struct room *r, const struct room_actor *by, const struct slip_case *c, int64_t *incident, struct diag *reterr) MUST_USE;
/* {"id","number"} or null under "incident"; columns id and number. */
void slip_case_write(struct jsonw *w, struct sql_stmt *st, int column);

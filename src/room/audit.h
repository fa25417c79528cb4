/* The chain over every write: docs/room.md has the canonical text byte by byte and how to check it
 * by hand.
 *
 * hash = SHA-256 of the lines below, each ended by \n:
 *   kizuki-audit-1, seq, at (ns), by, verb, object, row id or -, version or -, tlp, info_class,
 * detail, hash of the row or -, hash of the chain row before (64 zeros for the first) Whoever owns
 * the file can write a new chain; a head kept elsewhere finds that, and a cut end. */
#pragma once
#include "room/may.h"

#define AUDIT_HASH_CHARS 64

struct room_audit_row {
    int64_t seq, at_ns, row_id, version; /* row_id 0 = none */
    struct str by, verb, object, tlp, info_class, detail, row_hash, prev, hash;
};
/* Appends one row; seq, prev and hash are filled in. In a transaction. */
int room_audit_append(struct room *r, struct room_audit_row *row, struct diag *reterr) MUST_USE;
/* SHA-256 of the row as it stands, hex; empty string when there is no such row. */
int room_audit_row_hash(struct room *r, enum room_object o, int64_t id,
                        char ret[AUDIT_HASH_CHARS + 1], struct diag *reterr) MUST_USE;

enum room_fault_kind { FAULT_CHANGED, FAULT_REMOVED, FAULT_ADDED, FAULT_SWAPPED, FAULT_MAX_ };
#define ROOM_FAULTS_MAX 100
struct room_fault {
    enum room_fault_kind kind;
    bool at_end;   /* the chain goes on no further than before row `seq`, and once did */
    bool in_chain; /* the chain's own row `seq`, else row `row_id` of `object` */
    char object[24];
    int64_t row_id, seq;
};
struct room_verdict {
    int64_t rows, rows_checked, at_ns;
    char head[AUDIT_HASH_CHARS + 1];
    size_t n_faults; /* at most ROOM_FAULTS_MAX are listed */
    struct room_fault faults[ROOM_FAULTS_MAX];
};
/* What was once known of the chain's end, kept elsewhere: rows is the number of its last row, 0
 * where only the head was kept. */
struct room_known {
    int64_t rows;
    char head[AUDIT_HASH_CHARS + 1];
};
/* The end of the chain as it is; rows 0 while it is empty. */
int room_audit_end(struct room *r, struct room_known *ret, struct diag *reterr) MUST_USE;
/* Reads the whole chain, then compares every row of every table with what the chain says last of
 * it. An end that is known (n of them, each may be older than the other) and not in the chain means
 * that rows are missing at the end, however well the rest fits together. 0 also when faults were
 * found. */
int room_audit_verify(struct room *r, const struct room_known *known, size_t n,
                      struct room_verdict *ret, struct diag *reterr) MUST_USE;
void room_verdict_write(const struct room_verdict *v, struct jsonw *w);
/* {"rows":[…],"next_after":…} of rows with seq > after. */
/* Of a need-to-know case who is not named sees nothing; an auditor sees that there is something, and not what. */
int room_audit_list(struct room *r, const struct room_actor *who, int64_t after, int64_t limit, struct jsonw *w,
                    struct diag *reterr) MUST_USE;

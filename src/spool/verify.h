/* Proving a spool: every record is read again, hashed, and held against every checkpoint.
 *
 * What is proved, given a public key that was kept elsewhere: no record before the newest checkpoint was changed,
 * added or removed since it was sealed. Given a checkpoint that was kept elsewhere too: nor was the end cut off since.
 * What is not: that a record was true when it arrived, and anything behind the newest checkpoint.
 *
 * Read-only, beside a running writer and sealer. */
#pragma once
#include "base/sign.h"
#include "spool/checkpoint.h"
#include "spool/spool.h"

enum spool_fault_kind {
    SPOOL_LOST,            /* no fault of the seal: these records were unreadable before they were sealed */
    SPOOL_UNREADABLE,      /* bytes of a segment that no longer are records */
    SPOOL_MISSING,         /* numbers between two segments, or a segment that is not there */
    SPOOL_CHANGED,         /* readable, and not what was sealed */
    SPOOL_CUT,             /* a checkpoint knows of records that are not there */
    SPOOL_FOREIGN,         /* a file that is not the segment its name says, or of another spool */
    SPOOL_BAD_CHECKPOINT,  /* not signed by the key, about another spool, or going backwards */
    SPOOL_NO_CHECKPOINT,   /* a sealed segment without one */
    SPOOL_REPACKED,        /* the compressed file is not the one that was signed for, whatever it holds */
    SPOOL_BAD_TREE,        /* the file "tree" does not fit; it can be made again */
    SPOOL_REMOVED,         /* no fault: removed when its time was over, and the tree still fits; why says by what, and `by` who */
    SPOOL_FAULTS_MAX_,
};
struct spool_fault {
    enum spool_fault_kind kind;
    uint32_t segment;        /* 0 = none in particular */
    uint64_t from, to;       /* records [from, to); 0, 0 = none in particular */
    uint64_t from_at, to_at; /* bytes of the segment, for SPOOL_UNREADABLE and SPOOL_LOST */
    const char *why;         /* more about it, or "" */
    const struct sign_public *by; /* SPOOL_REMOVED: whose note it is, */
    int64_t at_ns;                /* and when it went */
};

struct spool_verify_options {
    const struct sign_public *key;
    /* NULL, or that of the vault whose copy this is: its notes of removals are believed, and nothing else of it. */
    const struct sign_public *vault;
    /* Signed notes that were kept elsewhere. */
    const struct str *elsewhere;
    size_t n_elsewhere;
    void (*fault)(void *ctx, const struct spool_fault *f);
    /* Segments done of all; may be NULL. */
    void (*progress)(void *ctx, uint32_t done, uint32_t all);
    void *ctx;
};
struct spool_verified {
    uint8_t id[SPOOL_ID_BYTES];
    uint32_t segments, checkpoints;
    uint64_t first, last;             /* records that are there */
    uint64_t faults;                  /* all but SPOOL_LOST and SPOOL_REMOVED */
    struct spool_checkpoint newest;   /* size 0: none */
    uint64_t bytes;                   /* of the segments as they were written */
};
/* 0 when the whole could be looked at, whatever was found: ret->faults says whether it holds. */
int spool_verify(const char *dir, const struct spool_verify_options *o, struct spool_verified *ret,
                 struct diag *reterr) MUST_USE;

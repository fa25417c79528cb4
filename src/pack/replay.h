/* replay.yml: what happens when, as generators with a seed; months are a few lines.
 *
 * A generator writes only raw lines as the named product writes them; nothing in it knows a rule. The lines
 * of all actors come out in order of time; the same file and seed give the same bytes.
 *
 *   seed: 1
 *   start: 2026-11-22T23:00:00+09:00     end: 2026-11-23T02:40:00+09:00
 *   sources:                             which log the lines stand in
 *     - {name: auth-members, product: dovecot, service: members, host: auth-01}
 *   addresses:                           pools; a number of different ones out of the prefixes
 *     bots: {from: [198.51.100.0/24, 203.0.113.0/24], n: 37}
 *   accounts:                            pools; made of given names and a number, or of a list
 *     members: {n: 12000}
 *   agents: {browsers: {list: [TEXT…]}}
 *   actors:
 *     - {id: A, kind: visitors, …}       people: sign in, mistype, look at pages
 *     - {id: B, kind: campaign, …}       an attacker walking a list of accounts
 *     - …                                mails, files, metric, calls, noise; silence and clock: what goes wrong with logs
 *
 * Keys of an actor are a table beside its code (replay_NAME.c); `kizuki pack generators` prints them all. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

struct pack_replay;
struct pack_line {
    int64_t at_ns;   /* when it happens, which is when it arrives */
    uint32_t source; /* index into the sources */
    struct str bytes; /* without line end; valid until the next call */
    struct str actor, actor_kind; /* whose act it is */
};

/* seed: 0 takes the file's own. */
int pack_replay_open(const char *path, uint64_t seed, struct pack_replay **ret, struct diag *reterr)
    MUST_USE;
/* The same of a text that is in memory; `shown` is the name in messages. What would take too long or too much memory is refused. */
int pack_replay_read(struct str text, const char *shown, uint64_t seed, struct pack_replay **ret, struct diag *reterr)
    MUST_USE;
struct pack_replay *pack_replay_free(struct pack_replay *r);
DEFINE_CLEANUP(struct pack_replay *, pack_replay_free)
/* 1 and a line, or 0 at the end. */
int pack_replay_next(struct pack_replay *r, struct pack_line *ret) MUST_USE;
/* Tells the story by so much later: lines and the times in them. Before its first line is taken. */
void pack_replay_shift(struct pack_replay *r, int64_t by_ns);
/* Takes the story's silences away: what is missing from a log has happened all the same. */
void pack_replay_hear_all(struct pack_replay *r);
/* What somebody outside wrote down of the nth connection (from 1) of an actor that makes connections, and what it truly was: machine, user and inside
 * address, by the story and not by its lines. -ENOENT: there is no such connection. Texts live in the arena. */
struct pack_slip {
    struct str address, to, machine, user, inside;
    uint32_t port;
    int64_t at_ns;
};
int pack_replay_slip(struct arena *a, const char *path, uint64_t seed, struct str actor, uint32_t nth, struct pack_slip *ret, struct diag *reterr) MUST_USE;
/* The generators and products as their tables say, for people who write a story. */
struct buf;
void pack_replay_describe(struct buf *out);
/* The JSON Schema of replay.yml, from the same tables. */
int pack_replay_schema(struct buf *out) MUST_USE;
int64_t pack_replay_start_ns(const struct pack_replay *r);
int64_t pack_replay_end_ns(const struct pack_replay *r);

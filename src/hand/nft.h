/* The nftables driver: `nft -j -f -`, started by argv, fed JSON, read back.
 *
 * Three parts, so that the process that reads the room's bytes has neither a capability nor the
 * right to start a program: hand/nft.c         what is said to nft and what it answers
 * (libnftables-json(5)); pure text hand/nft_run.c     one run of nft with a time limit
 *   hand/nft_runner.c  a child forked before the sandbox closes; it alone keeps CAP_NET_ADMIN and
 * may execute nft. It takes typed operations over a socket pair, never text, checks each
 *                      (hand_op_sane) and writes the JSON itself.
 *
 * Table inet kizuki: sets v4 and v6 for hosts (hashed), v4net and v6net for networks (intervals),
 * each with timeout and counters; one chain early at prerouting, priority raw - 10, that drops
 * packets whose source is in one of them. Nothing outside this table is ever touched. */
#pragma once
#include "base/buf.h"
#include "hand/driver.h"

#define HAND_NFT_TABLE "kizuki"
#define HAND_NFT_PATH "/usr/sbin/nft"

/* JSON for nft's standard input. Every operation must be sane (ASSERT). */
void hand_nft_prepare_json(struct buf *out);
void hand_nft_block_json(struct buf *out, const struct hand_op *ops, size_t n);
void hand_nft_unblock_json(struct buf *out, const struct hand_op *ops, size_t n);
/* As block, for `nft -c`: works whether or not the table is there. */
void hand_nft_check_json(struct buf *out, const struct hand_op *ops, size_t n);
void hand_nft_clear_json(struct buf *out);
/* Reads `nft -j list table inet kizuki`. */
int hand_nft_parse_listing(struct str json, struct hand_listing *ret, struct diag *reterr) MUST_USE;

struct hand_nft_run {
    const char *path;
    char *const *argv;
    struct str in;
    struct buf *out, *err; /* initialised by the caller with their maxima */
    int64_t limit_ms;
};
/* nft's exit status; -ETIMEDOUT (nft was killed), -errno. The caller ignores SIGPIPE: nft may end
 * before it has read everything. */
int hand_nft_run(const struct hand_nft_run *run, struct diag *reterr) MUST_USE;

/* The privileged child. `enter` (may be NULL) drops its rights and is called in the child first. */
struct hand_runner {
    int fd;
    int pid;
    bool broken; /* the conversation is out of step or over: the hand must be started anew */
};
int hand_runner_start(const char *nft_path, int (*enter)(void *ctx, struct diag *reterr), void *ctx,
                      struct hand_runner *ret, struct diag *reterr) MUST_USE;
void hand_runner_end(struct hand_runner *r);
/* The rows of struct hand_driver; ctx is a struct hand_runner *. */
int hand_runner_prepare(void *ctx, struct diag *reterr);
int hand_runner_block(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr);
int hand_runner_unblock(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr);
int hand_runner_check(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr);
int hand_runner_list(void *ctx, struct hand_listing *ret, struct diag *reterr);
int hand_runner_clear(void *ctx, struct diag *reterr);

/* The privileged child and its parent's side of the socket pair.
 *
 * Request:  struct request, then n × struct hand_op.
 * Answer:   struct answer, then n × struct hand_element.
 * Both sides are one program and one machine, so the structures travel as they lie in memory. The
 * child trusts the parent with nothing but networks and timeouts: it refuses what hand_op_sane
 * refuses. It ends when the parent's end closes. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"
#include "hand/nft.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum verb { VERB_PREPARE, VERB_BLOCK, VERB_UNBLOCK, VERB_CHECK, VERB_LIST, VERB_CLEAR, VERB_MAX_ };
enum { NFT_LIMIT_MS = 10000, ANSWER_LIMIT_MS = 15000, ERR_BYTES_MAX = 65536 };

struct request {
    uint32_t verb, n;
};
struct answer {
    int32_t code;
    uint32_t n;
    uint32_t whole;
    char text[256];
};

/* Whole reads and writes; limit_ms < 0 waits for ever. 1 = done, 0 = the other side is gone. */
static int move_all(int fd, void *p, size_t n, bool out, int64_t limit_ms) {
    int64_t end_ns = time_monotonic_ns() + limit_ms * NS_PER_MS;
    char *at = p;
    while (n) {
        struct pollfd pfd = {.fd = fd, .events = out ? POLLOUT : POLLIN};
        int64_t wait = limit_ms < 0 ? -1 : MAX((end_ns - time_monotonic_ns()) / NS_PER_MS, 0);
        int k = poll(&pfd, 1, (int) wait);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return k < 0 ? -errno : -ETIMEDOUT;
        ssize_t got = out ? send(fd, at, n, MSG_NOSIGNAL) : recv(fd, at, n, 0);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return 0;
        at += got;
        n -= (size_t) got;
    }
    return 1;
}

/* ---- the child ---- */

struct child {
    int fd;
    const char *nft;
    struct buf in, out, err;
    struct hand_op *ops;
};

static int say_what_nft_said(struct child *c, struct diag *d) {
    struct str s = buf_str(&c->err), line;
    /* "internal:0:0-0: Error: Could not process rule: …": the part behind the place says it. */
    (void) str_split(&s, '\n', &line);
    ptrdiff_t at = str_find(line, STR("Error: "), 0);
    if (at >= 0)
        line = str_from(line, (size_t) at + 7);
    line = str_trim(str_to(line, 160));
    return diag_set(d, -EIO, "nft refused: %.*s", STR_ARG(line));
}

static int run_nft(struct child *c, enum verb verb, struct diag *d) {
    static char nft[] = "nft", json[] = "-j", check[] = "-c", file[] = "-f", input[] = "-",
                list[] = "list", table[] = "table", inet[] = "inet", name[] = HAND_NFT_TABLE;
    char *const apply_argv[] = {nft, json, file, input, NULL};
    char *const check_argv[] = {nft, check, json, file, input, NULL};
    char *const list_argv[] = {nft, json, list, table, inet, name, NULL};
    struct hand_nft_run run = {
        .path = c->nft,
        .argv = verb == VERB_LIST    ? list_argv
                : verb == VERB_CHECK ? check_argv
                                     : apply_argv,
        .in = buf_str(&c->in),
        .out = &c->out,
        .err = &c->err,
        .limit_ms = NFT_LIMIT_MS,
    };
    buf_clear(&c->out);
    buf_clear(&c->err);
    int r = buf_error(&c->in) ? buf_error(&c->in) : hand_nft_run(&run, d);
    if (r <= 0)
        return r;
    if (verb == VERB_LIST && str_find(buf_str(&c->err), STR("No such file"), 0) >= 0)
        return 1; /* no table */
    return say_what_nft_said(c, d);
}

static int carry_out(struct child *c, enum verb verb, uint32_t n, struct hand_listing *l,
                     struct diag *d) {
    buf_clear(&c->in);
    for (uint32_t i = 0; i < n; i++)
        if (!hand_op_sane(&c->ops[i]))
            return diag_set(d, -ERR_REFUSED, "the driver refuses this address or time");
    switch (verb) {
    case VERB_PREPARE:
        hand_nft_prepare_json(&c->in);
        break;
    case VERB_BLOCK:
        hand_nft_block_json(&c->in, c->ops, n);
        break;
    case VERB_UNBLOCK:
        hand_nft_unblock_json(&c->in, c->ops, n);
        break;
    case VERB_CHECK:
        hand_nft_check_json(&c->in, c->ops, n);
        break;
    case VERB_CLEAR:
        hand_nft_clear_json(&c->in);
        break;
    case VERB_LIST:
    case VERB_MAX_:
        break;
    }
    int r = run_nft(c, verb, d);
    if (r < 0 || verb != VERB_LIST)
        return r;
    if (r == 1)
        return 0; /* *l is empty and not whole */
    return hand_nft_parse_listing(buf_str(&c->out), l, d);
}

static int serve_one(struct child *c) {
    struct request q;
    struct hand_listing l = {0};
    struct diag d = {0};
    int r = move_all(c->fd, &q, sizeof q, false, -1);
    if (r <= 0)
        return r;
    if (q.verb >= VERB_MAX_ || q.n > BLOCK_ADDRESSES_MAX)
        return -ERR_PARSE;
    r = move_all(c->fd, c->ops, q.n * sizeof *c->ops, false, ANSWER_LIMIT_MS);
    if (r <= 0)
        return r;
    struct answer a = {.code = carry_out(c, (enum verb) q.verb, q.n, &l, &d)};
    a.n = (uint32_t) l.n;
    a.whole = l.whole;
    memcpy(a.text, d.text, MIN(sizeof a.text, sizeof d.text));
    a.text[sizeof a.text - 1] = 0;
    r = move_all(c->fd, &a, sizeof a, true, ANSWER_LIMIT_MS);
    if (r > 0)
        r = move_all(c->fd, l.items, l.n * sizeof *l.items, true, ANSWER_LIMIT_MS);
    hand_listing_done(&l);
    return r;
}

_Noreturn static void be_child(int fd, const char *nft,
                               int (*enter)(void *ctx, struct diag *reterr), void *ctx) {
    struct child c = {.fd = fd, .nft = nft};
    struct diag d = {0};
    struct answer ready = {0};
    /* The terminal's Ctrl-C and the supervisor's TERM are for the parent: a block that has begun is
     * carried through, and we end when the parent is gone. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    (void) prctl(PR_SET_NAME, "kizuki-nft");
    buf_init(&c.in, HAND_NFT_OUT_BYTES_MAX);
    buf_init(&c.out, HAND_NFT_OUT_BYTES_MAX);
    buf_init(&c.err, ERR_BYTES_MAX);
    c.ops = mem_zalloc_array(BLOCK_ADDRESSES_MAX, sizeof *c.ops);
    ready.code = c.ops ? 0 : -ENOMEM;
    if (ready.code == 0 && enter)
        ready.code = enter(ctx, &d);
    memcpy(ready.text, d.text, sizeof ready.text - 1);
    int r = move_all(fd, &ready, sizeof ready, true, ANSWER_LIMIT_MS);
    if (ready.code < 0)
        _exit(1);
    while (r > 0)
        r = serve_one(&c);
    _exit(r < 0);
}

/* ---- the parent ---- */

static int read_answer(struct hand_runner *h, struct answer *a, struct diag *reterr) {
    int r = move_all(h->fd, a, sizeof *a, false, ANSWER_LIMIT_MS);
    h->broken = r <= 0 || a->n > 4 * BLOCK_ADDRESSES_MAX;
    if (h->broken)
        return diag_set(reterr, r < 0 ? r : -EPIPE, "the nft runner does not answer: %s",
                        err_word(r < 0 ? r : -EPIPE));
    a->text[sizeof a->text - 1] = 0;
    return a->code < 0 ? diag_set(reterr, a->code, "%s", a->text) : 0;
}

int hand_runner_start(const char *nft_path, int (*enter)(void *ctx, struct diag *reterr), void *ctx,
                      struct hand_runner *ret, struct diag *reterr) {
    int pair[2];
    struct answer ready;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return diag_set(reterr, -errno, "cannot make a socket pair: %s", err_word(-errno));
    pid_t pid = fork();
    if (pid < 0) {
        int r = -errno;
        close(pair[0]);
        close(pair[1]);
        return diag_set(reterr, r, "cannot start the nft runner: %s", err_word(r));
    }
    if (pid == 0) {
        close(pair[0]);
        be_child(pair[1], nft_path, enter, ctx);
    }
    close(pair[1]);
    struct hand_runner h = {.fd = pair[0], .pid = pid};
    int r = read_answer(&h, &ready, reterr);
    if (r < 0) {
        hand_runner_end(&h);
        return r;
    }
    *ret = h;
    return ready.code; /* what `enter` returned: positive = a weaker sandbox */
}

void hand_runner_end(struct hand_runner *h) {
    close(h->fd);
    while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *h = (struct hand_runner){.fd = -1};
}

static int send_request(struct hand_runner *h, enum verb verb, const struct hand_op *ops, size_t n,
                        struct diag *reterr) {
    struct request q = {.verb = verb, .n = (uint32_t) n};
    struct buf b;
    if (n > BLOCK_ADDRESSES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "too many addresses in one transaction");
    buf_init(&b, sizeof q + n * sizeof *ops);
    buf_add(&b, str_n((const char *) &q, sizeof q));
    if (n)
        buf_add(&b, str_n((const char *) ops, n * sizeof *ops));
    int r = buf_error(&b);
    if (r == 0 && (r = move_all(h->fd, b.p, b.n, true, ANSWER_LIMIT_MS)) <= 0)
        h->broken = true;
    buf_done(&b);
    return r > 0 ? 0
                 : diag_set(reterr, r ? r : -EPIPE, "the nft runner is gone: %s",
                            err_word(r ? r : -EPIPE));
}

static int read_listing(struct hand_runner *h, const struct answer *a, struct hand_listing *ret,
                        struct diag *reterr) {
    struct hand_listing l = {.whole = a->whole, .n = a->n};
    l.items = mem_zalloc_array(l.n + 1, sizeof *l.items);
    int r =
        l.items ? move_all(h->fd, l.items, l.n * sizeof *l.items, false, ANSWER_LIMIT_MS) : -ENOMEM;
    if (r <= 0) {
        h->broken = true; /* the rest of the listing lies in the socket */
        hand_listing_done(&l);
        return diag_set(reterr, r ? r : -EPIPE, "cannot read the nft runner's listing");
    }
    *ret = l;
    return 0;
}

static int ask(struct hand_runner *h, enum verb verb, const struct hand_op *ops, size_t n,
               struct hand_listing *ret, struct diag *reterr) {
    struct answer a;
    if (h->broken)
        return diag_set(reterr, -EPIPE, "the nft runner is gone");
    int r = send_request(h, verb, ops, n, reterr);
    if (r < 0 || (r = read_answer(h, &a, reterr)) < 0)
        return r;
    return ret ? read_listing(h, &a, ret, reterr) : 0;
}

int hand_runner_prepare(void *ctx, struct diag *reterr) {
    return ask(ctx, VERB_PREPARE, NULL, 0, NULL, reterr);
}
int hand_runner_block(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr) {
    return ask(ctx, VERB_BLOCK, ops, n, NULL, reterr);
}
int hand_runner_unblock(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr) {
    return ask(ctx, VERB_UNBLOCK, ops, n, NULL, reterr);
}
int hand_runner_check(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr) {
    return ask(ctx, VERB_CHECK, ops, n, NULL, reterr);
}
int hand_runner_list(void *ctx, struct hand_listing *ret, struct diag *reterr) {
    return ask(ctx, VERB_LIST, NULL, 0, ret, reterr);
}
int hand_runner_clear(void *ctx, struct diag *reterr) {
    return ask(ctx, VERB_CLEAR, NULL, 0, NULL, reterr);
}

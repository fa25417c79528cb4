#include "world.h"

#include <inttypes.h>

static int64_t get_wall(void *ctx) {
    return ((struct world *) ctx)->wall_ms;
}
static int64_t get_boot(void *ctx) {
    return ((struct world *) ctx)->boot_ns;
}
static int get_own(void *ctx, struct ip *dst, size_t cap, size_t *ret_n, struct diag *reterr) {
    struct world *w = ctx;
    *ret_n = w->n_own;
    memcpy(dst, w->own, w->n_own * sizeof *dst);
    return w->own_fails ? diag_set(reterr, -EIO, "own addresses cannot be read") : 0;
}
static void say(void *ctx, void *who, struct str message) {
    struct world *w = ctx;
    buf_add(&w->said, message);
    buf_add_byte(&w->said, '\n');
}
static void note(void *ctx, bool bad, const char *sentence) {
    struct world *w = ctx;
    buf_add_z(&w->noted, sentence);
    buf_add_byte(&w->noted, '\n');
}

/* ---- the pretended kernel ---- */

static void run_out(struct world *w) {
    size_t kept = 0;
    for (size_t i = 0; i < w->n_kernel; i++)
        if (w->kernel[i].ends_ns > w->boot_ns)
            w->kernel[kept++] = w->kernel[i];
    w->n_kernel = kept;
}

static bool same_net(const struct ip_prefix *a, const struct ip_prefix *b) {
    return a->bits == b->bits && ip_eq(&a->ip, &b->ip);
}

static void take_net(struct world *w, const struct ip_prefix *net) {
    for (size_t i = 0; i < w->n_kernel; i++)
        if (same_net(&w->kernel[i].net, net))
            w->kernel[i] = w->kernel[--w->n_kernel];
}

static int k_prepare(void *ctx, struct diag *reterr) {
    ((struct world *) ctx)->table = true;
    return 0;
}

static int k_block(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr) {
    struct world *w = ctx;
    w->runs++;
    if (w->crash_before)
        copy_file(w->journal, w->at_crash);
    if (w->fail_block > 0 && w->fail_block--)
        return diag_set(reterr, -EIO, "nft refused: test");
    if (!w->table)
        return diag_set(reterr, -EIO, "nft refused: No such file or directory");
    for (size_t i = 0; i < n && w->fail_net; i++) {
        struct ip_prefix bad = net_of(w->fail_net);
        if (same_net(&ops[i].net, &bad))
            return diag_set(reterr, -EIO, "nft refused: test");
    }
    for (size_t i = 0; i < n; i++) {
        assert_true(hand_op_sane(&ops[i]));
        take_net(w, &ops[i].net);
        assert_true(w->n_kernel < ARRAY_SIZE(w->kernel));
        w->kernel[w->n_kernel++] = (struct pretended){
            .net = ops[i].net, .ends_ns = w->boot_ns + (ops[i].timeout_ms + 999) / 1000 * NS_PER_S};
    }
    if (w->crash_after)
        copy_file(w->journal, w->at_crash);
    return 0;
}

static int k_unblock(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr) {
    struct world *w = ctx;
    w->runs++;
    if (w->crash_before)
        copy_file(w->journal, w->at_crash);
    for (size_t i = 0; i < n; i++)
        take_net(w, &ops[i].net);
    if (w->crash_after)
        copy_file(w->journal, w->at_crash);
    return 0;
}

static int k_check(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr) {
    ((struct world *) ctx)->runs++;
    return 0;
}

static int k_list(void *ctx, struct hand_listing *ret, struct diag *reterr) {
    struct world *w = ctx;
    run_out(w);
    *ret = (struct hand_listing){.whole = w->table};
    if (!w->table)
        return 0;
    ret->items = mem_zalloc_array(w->n_kernel + 1, sizeof *ret->items);
    if (!ret->items)
        return -ENOMEM;
    for (size_t i = 0; i < w->n_kernel; i++) /* whole seconds, rounded down, as nft says them */
        ret->items[ret->n++] = (struct hand_element){
            .net = w->kernel[i].net,
            .expires_ms = w->kernel[i].ends_ns == INT64_MAX
                              ? -1
                              : (w->kernel[i].ends_ns - w->boot_ns) / NS_PER_S * 1000,
            .packets = 7,
            .bytes = 420};
    return 0;
}

static int k_clear(void *ctx, struct diag *reterr) {
    struct world *w = ctx;
    w->table = false;
    w->n_kernel = 0;
    return 0;
}

static const struct hand_driver pretended_driver = {.name = "pretended",
                                                    .help = "for tests",
                                                    .prepare = k_prepare,
                                                    .block = k_block,
                                                    .unblock = k_unblock,
                                                    .check = k_check,
                                                    .list = k_list,
                                                    .clear = k_clear};

/* ---- the world ---- */

void copy_file(const char *from, const char *to) {
    struct arena a;
    struct str s;
    arena_init(&a, 64 << 20);
    assert_int_equal(file_read(&a, from, 32 << 20, &s, NULL), 0);
    assert_int_equal(file_write_atomic(to, s, 0600, NULL), 0);
    arena_done(&a);
}

void world_init(struct world *w) {
    char path[160];
    memset(w, 0, sizeof *w);
    /* thousands of fsyncs: in memory where there is such a place */
    snprintf(w->dir, sizeof w->dir, "%s/kizuki-hand-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->journal, sizeof w->journal, "%s/blocks.journal", w->dir);
    snprintf(w->at_crash, sizeof w->at_crash, "%s/at_crash", w->dir);
    snprintf(path, sizeof path, "%s/key", w->dir);
    assert_int_equal(sign_key_open(path, &w->key, &w->pub, NULL), 0);
    snprintf(path, sizeof path, "%s/other", w->dir);
    assert_int_equal(sign_key_open(path, &w->other_key, &w->other_pub, NULL), 0);
    buf_init(&w->said, 64 << 20);
    buf_init(&w->noted, 64 << 20);
    w->wall_ms = INT64_C(1795000000000);
    w->boot_ns = 5000 * NS_PER_S;
    w->boot_id = "first-boot";
    hand_limits_init(&w->limits);
    w->limits.dry_run = false;
    assert_int_equal(ip_parse(STR("198.51.100.1"), &w->own[0]), 0);
    assert_int_equal(ip_parse(STR("2001:db8:ffff::1"), &w->own[1]), 0);
    w->n_own = 2;
}

void world_start(struct world *w) {
    struct hand_config cfg = {.journal_path = w->journal,
                              .boot_id = w->boot_id,
                              .room = w->pub,
                              .driver = &pretended_driver,
                              .driver_ctx = w,
                              .clock = {.ctx = w, .wall_ms = get_wall, .boot_ns = get_boot},
                              .ctx = w,
                              .own = get_own,
                              .say = say,
                              .note = note};
    struct diag d = {0};
    struct hand_limits copy = w->limits;
    copy.never = mem_zalloc_array(w->limits.n_never + 1, sizeof *copy.never);
    assert_non_null(copy.never);
    if (w->limits.n_never)
        memcpy(copy.never, w->limits.never, w->limits.n_never * sizeof *copy.never);
    assert_int_equal(hand_new(&cfg, &copy, &w->hand, &d), 0);
    if (hand_start(w->hand, &d) < 0)
        print_error("%s\n", d.text);
    assert_int_equal(d.code, 0);
}

void world_stop(struct world *w) {
    hand_free(w->hand);
    w->hand = NULL;
}

void world_done(struct world *w) {
    static const char *const names[] = {"key",       "key.pub",        "other",
                                        "other.pub", "blocks.journal", "blocks.journal.damaged",
                                        "at_crash",  "limits.yml"};
    world_stop(w);
    buf_done(&w->said);
    buf_done(&w->noted);
    hand_limits_done(&w->limits);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", w->dir, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(w->dir), 0);
}

void world_pass_ms(struct world *w, int64_t ms) {
    w->wall_ms += ms;
    w->boot_ns += ms * NS_PER_MS;
    run_out(w);
}

struct ip_prefix net_of(const char *z) {
    struct ip_prefix net;
    assert_int_equal(ip_prefix_parse(str_of(z), &net), 0);
    return net;
}

int64_t world_left_ms(struct world *w, const char *z) {
    struct ip_prefix net = net_of(z);
    run_out(w);
    for (size_t i = 0; i < w->n_kernel; i++)
        if (same_net(&w->kernel[i].net, &net))
            return (w->kernel[i].ends_ns - w->boot_ns) / NS_PER_MS;
    return -1;
}

bool world_stands(struct world *w, const char *z) {
    return world_left_ms(w, z) >= 0;
}

void world_put(struct world *w, const char *z, int64_t left_ms) {
    w->kernel[w->n_kernel++] =
        (struct pretended){net_of(z), left_ms < 0 ? INT64_MAX : w->boot_ns + left_ms * NS_PER_MS};
}

void world_take(struct world *w, const char *z) {
    struct ip_prefix net = net_of(z);
    take_net(w, &net);
}

static void give(struct world *w, const char *text) {
    struct buf note_text;
    buf_init(&note_text, 1 << 20);
    assert_int_equal(sign_note(&w->key, &w->pub, SIGN_ORDER, str_of(text), &note_text), 0);
    assert_int_equal(hand_take(w->hand, buf_str(&note_text), w), 1);
    buf_done(&note_text);
}

void world_order_text(struct world *w, const char *text) {
    world_forget(w);
    give(w, text);
    hand_flush(w->hand);
}

void world_queue(struct world *w, const char *type, const char *addresses, int minutes,
                 const char *more) {
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_printf(
        &b,
        "{\"order_id\":\"order-%06u\",\"type\":\"%s\",\"addresses\":%s,\"minutes\":%d,"
        "\"reason\":\"list attack\",\"rule\":\"r1\",\"incident\":\"7\",\"issued_ms\":%" PRId64
        ",\"expires_ms\":%" PRId64 "%s}",
        ++w->serial, type, addresses, minutes, w->wall_ms, w->wall_ms + 60000, more);
    give(w, buf_z(&b));
    buf_done(&b);
}

void world_order(struct world *w, const char *type, const char *addresses, int minutes,
                 const char *more) {
    world_forget(w);
    world_queue(w, type, addresses, minutes, more);
    hand_flush(w->hand);
}

void world_block(struct world *w, const char *address, int minutes) {
    char list[128];
    snprintf(list, sizeof list, "[\"%s\"]", address);
    world_order(w, "block", list, minutes, ",\"dry_run\":false");
    assert_said(w, "\"state\":\"blocked\"");
    assert_true(world_stands(w, address));
}

static bool holds(const struct buf *b, const char *piece) {
    return str_find(buf_str(b), str_of(piece), 0) >= 0;
}
bool world_said(const struct world *w, const char *piece) {
    return holds(&w->said, piece);
}
bool world_noted(const struct world *w, const char *piece) {
    return holds(&w->noted, piece);
}
void world_forget(struct world *w) {
    buf_clear(&w->said);
    buf_clear(&w->noted);
}

/* The journal: any file is read to its end, and what comes out of it can be blocked, listed and
 * written again. The first byte chooses between a raw file and lines that are framed rightly here.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"
#include "hand/hand.h"
#include "hand/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t wall_ms(void *ctx) {
    return INT64_C(1795000000000);
}
static int64_t boot_ns(void *ctx) {
    return 5000 * NS_PER_S;
}
static int own(void *ctx, struct ip *dst, size_t cap, size_t *ret_n, struct diag *reterr) {
    *ret_n = 0;
    return 0;
}
static void say(void *ctx, void *who, struct str message) {
    ASSERT(message.n && message.n <= FRAME_BYTES_MAX);
}
static void note(void *ctx, bool bad, const char *sentence) {
    ASSERT(sentence[0]);
}

/* A kernel that takes everything and has nothing: each block of the journal is restored. */
static int fine(void *ctx, struct diag *reterr) {
    return 0;
}
static int take(void *ctx, const struct hand_op *ops, size_t n, struct diag *reterr) {
    for (size_t i = 0; i < n; i++)
        ASSERT(hand_op_sane(&ops[i]));
    return 0;
}
static int list(void *ctx, struct hand_listing *ret, struct diag *reterr) {
    *ret = (struct hand_listing){0};
    return 0;
}
static const struct hand_driver driver = {"fuzz", "", fine, take, take, take, list, fine};

static void start(const char *path) {
    struct hand_config cfg = {.journal_path = path,
                              .boot_id = "boot",
                              .driver = &driver,
                              .clock = {.wall_ms = wall_ms, .boot_ns = boot_ns},
                              .own = own,
                              .say = say,
                              .note = note};
    struct hand_limits limits;
    struct hand *h;
    struct diag d = {0};
    hand_limits_init(&limits);
    limits.dry_run = false;
    ASSERT(hand_new(&cfg, &limits, &h, &d) == 0);
    ASSERT(hand_start(h, &d) == 0);
    hand_tick(h);
    hand_free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char path[64];
    struct str in = str_n((const char *) data, size), line;
    struct buf b;
    if (!path[0]) {
        snprintf(path, sizeof path, "%s/kizuki-fuzz-hand-%d",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int) getpid());
    }
    buf_init(&b, 64 << 20);
    if (size && data[0] % 4 == 0) {
        buf_add(&b, str_from(in, 1));
    } else {
        in = str_from(in, 1);
        while (str_split(&in, '\n', &line))
            if (line.n <= HAND_JOURNAL_RECORD_MAX)
                hand_journal_frame(&b, line);
    }
    FILE *f = fopen(path, "wb");
    ASSERT(f && (b.n == 0 || fwrite(b.p, b.n, 1, f) == 1));
    fclose(f);
    start(path);
    start(path); /* what was written again reads the same way */
    unlink(path);
    char damaged[80];
    snprintf(damaged, sizeof damaged, "%s.damaged", path);
    unlink(damaged);
    buf_done(&b);
    return 0;
}

/* Following files, against a world that moves between any two of its system calls.
 *
 * A writer appends and rotates (rename, dated name, copytruncate with a copy in pieces) in the real
 * file system; the tail of src/intake looks at it through open, stat, fstat and pread, which this
 * file replaces by ones that first let the writer take some steps. The spool is a model: what was
 * put is kept at a commit, which may come after any record, and a kill drops the rest and starts a
 * new tail from the states that were kept. At the end each line must be there exactly once.
 *
 * Each case is made from its seed alone; a failure prints the seed and every step. KIZUKI_SEED runs
 * one case, KIZUKI_TAIL_CASES that many from KIZUKI_TAIL_FIRST on. */
#include "unit.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "intake/tail_priv.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/syscall.h>

enum {
    CASES = 600,
    LINES_MAX = 4000,
    PUTS_MAX = 8192,
    KEYS_MAX = 1024,
    NAMES = 5, /* app.log.1 … */
    COPY_STEPS = 3,
    TRACE_BYTES = 1 << 20,
};

/* ---- the world ---- */

enum rotation { NONE, RENAME, DATED, COPY };

struct world {
    char dir[64];
    uint64_t seed;
    unsigned hurry;     /* steps of the writer for each 1000 system calls of ours */
    unsigned late;      /* percent of copytruncates with lines between copy and truncation */
    int out, copy;      /* descriptors of the writer */
    unsigned lines;     /* written, the last perhaps in part */
    unsigned line_left; /* bytes of the last line not written yet */
    char line[128];
    enum rotation how;
    unsigned step, shift, dates, rotations;
    unsigned budget; /* steps left */
    off_t copied;
    /* copytruncate itself loses what is written between copy and truncation; when we have read it
     * all the same, the copy may be taken for another file: the one exception */
    bool risky[LINES_MAX];
    unsigned content[LINES_MAX]; /* between which two rotations */
    bool late_content[LINES_MAX];
    unsigned contents;
    struct buf trace;
    bool moving; /* the writer may step */
    bool quick;  /* no more new content */
};

static struct world *world; /* the tail's system calls move this one; NULL: none */

static unsigned roll(struct world *w, unsigned n) {
    w->seed ^= w->seed << 13;
    w->seed ^= w->seed >> 7;
    w->seed ^= w->seed << 17;
    return (unsigned) ((w->seed >> 11) % n);
}

#define note(w, ...) buf_printf(&(w)->trace, __VA_ARGS__)

static const char *path_of(struct world *w, const char *name, unsigned no, char path[128]) {
    if (no)
        (void) snprintf(path, 128, "%s/%s%u", w->dir, name, no);
    else
        (void) snprintf(path, 128, "%s/%s", w->dir, name);
    return path;
}

static int open_log(struct world *w) {
    char path[128];
    return openat(AT_FDCWD, path_of(w, "app.log", 0, path),
                  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void write_bytes(struct world *w, unsigned bytes) {
    while (bytes) {
        if (!w->line_left) {
            if (w->lines >= LINES_MAX)
                return;
            /* some lines are long, so that a fingerprint's 256 bytes lie in one or in many */
            (void) snprintf(
                w->line, sizeof w->line, "n=%u %.*s\n", w->lines,
                (int) roll(w, roll(w, 4) ? 12 : 90),
                "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
                "yyyyyyyyyyyy");
            w->line_left = (unsigned) strlen(w->line);
            w->content[w->lines] = w->contents;
            w->risky[w->lines++] = w->how == COPY;
        }
        unsigned n = MIN(bytes, w->line_left);
        size_t len = strlen(w->line);
        assert_int_equal(write(w->out, w->line + len - w->line_left, n), n);
        w->line_left -= n;
        bytes -= n;
    }
}

static void end_line(struct world *w) {
    if (w->line_left)
        write_bytes(w, w->line_left);
}

static bool rename_step(struct world *w, const char *from, unsigned from_no, const char *to,
                        unsigned to_no) {
    char a[128], b[128];
    if (renameat(AT_FDCWD, path_of(w, from, from_no, a), AT_FDCWD, path_of(w, to, to_no, b)) < 0)
        return false;
    note(w, "  rename %s%u %s%u\n", from, from_no, to, to_no);
    return true;
}

/* One name up, as logrotate does it, the oldest first; true: there was one to move. */
static bool shift_step(struct world *w) {
    while (w->shift > 0) {
        unsigned no = w->shift--;
        if (rename_step(w, "app.log.", no, "app.log.", no + 1))
            return true;
    }
    return false;
}

static void copy_step(struct world *w) {
    char path[128], bytes[8192];
    if (w->copy < 0) {
        w->copy = openat(AT_FDCWD, path_of(w, "app.log.", 1, path),
                         O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(w->copy >= 0);
        w->copied = 0;
        note(w, "  create copy\n");
        return;
    }
    int in = openat(AT_FDCWD, path_of(w, "app.log", 0, path), O_RDONLY | O_CLOEXEC);
    struct stat st;
    assert_int_equal(fstatat(in, "", &st, AT_EMPTY_PATH), 0);
    size_t want = roll(w, COPY_STEPS) ? sizeof bytes : 1 + roll(w, 1 + (unsigned) st.st_size);
    ssize_t n = syscall(SYS_pread64, in, bytes, want, w->copied);
    assert_true(n >= 0 && write(w->copy, bytes, (size_t) n) == n);
    (void) close(in);
    w->copied += n;
    note(w, "  copy %zd bytes\n", n);
    if (n == 0) {
        (void) close(w->copy);
        w->copy = -1;
        w->step = 2;
    }
}

static void rotation_step(struct world *w) {
    if (w->step == 0) {
        if (w->how != DATED && shift_step(w))
            return;
        w->step = 1;
        if (w->how == RENAME)
            (void) rename_step(w, "app.log", 0, "app.log.", 1);
        else if (w->how == DATED)
            (void) rename_step(w, "app.log", 0, "app.log-", 20260100 + ++w->dates);
        else
            copy_step(w);
    } else if (w->how == COPY && w->step == 1) {
        copy_step(w);
    } else if (w->how == COPY) {
        if (w->step == 2 && roll(w, 100) < w->late) {
            write_bytes(w, 1 + roll(w, 100));
            end_line(w);
            w->late_content[w->contents] = true;
            w->step = 3;
            note(w, "  late, to line %u\n", w->lines);
            return;
        }
        assert_int_equal(ftruncate(w->out, 0), 0);
        note(w, "  truncate\n");
        w->contents++;
        w->how = NONE;
    } else if (w->step == 1 && roll(w, 2)) { /* the server goes on in the old file for a moment */
        write_bytes(w, 1 + roll(w, 200));
        end_line(w);
        note(w, "  append to the old file, to line %u\n", w->lines);
        w->step = 2;
    } else {
        (void) close(w->out);
        w->out = open_log(w);
        assert_true(w->out >= 0);
        note(w, "  create app.log\n");
        w->contents++;
        w->how = NONE;
    }
}

static void world_step(struct world *w) {
    w->budget -= w->budget > 0;
    if (w->how != NONE) {
        rotation_step(w);
    } else if (w->quick) {
        end_line(w);
    } else if (roll(w, 10) < 7) {
        write_bytes(w, 1 + roll(w, roll(w, 3) ? 120 : 700));
        note(w, "  append, to line %u%s\n", w->lines, w->line_left ? " in part" : "");
    } else {
        end_line(w);
        w->how = (enum rotation)(1 + roll(w, 3));
        w->step = 0;
        w->shift = NAMES + w->rotations++;
    }
}

/* Before each system call of the tail. */
static void world_moves(void) {
    struct world *w = world;
    if (!w || !w->moving)
        return;
    w->moving = false;
    int kept = errno;
    while (w->budget && roll(w, 1000) < w->hurry)
        world_step(w);
    errno = kept;
    w->moving = true;
}

/* The calls the tail looks at the world through. */
int open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    world_moves();
    return (int) syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
int fstat(int fd, struct stat *ret) {
    world_moves();
    return fstatat(fd, "", ret, AT_EMPTY_PATH);
}
int stat(const char *restrict path, struct stat *restrict ret) {
    world_moves();
    return fstatat(AT_FDCWD, path, ret, 0);
}
ssize_t pread(int fd, void *p, size_t n, off_t at) {
    world_moves();
    return syscall(SYS_pread64, fd, p, n, at);
}

/* ---- the spool and the sensor ---- */

struct state {
    uint32_t key;
    uint8_t n;
    char value[RAW_RESUME_BYTES_MAX];
};

struct put {
    int line; /* -1: a state only */
    struct state state;
};

struct sensor {
    struct world *w;
    uv_loop_t *loop;
    struct intake_live *live;
    struct put puts[PUTS_MAX];
    size_t puts_n;
    struct state kept[KEYS_MAX]; /* by key */
    size_t kept_n;
    unsigned seen[LINES_MAX]; /* committed */
    unsigned own_commits; /* the spool commits by itself after one in so many records; 0 never */
    bool dead;
    int64_t slept_ns;
    char pattern[96];
    int told;        /* line */
    unsigned broken; /* records that are no line */
};

static void keep(struct sensor *s, const struct state *st) {
    size_t i = 0;
    while (i < s->kept_n && s->kept[i].key < st->key)
        i++;
    bool there = i < s->kept_n && s->kept[i].key == st->key;
    if (st->n == 0) {
        if (there)
            memmove(s->kept + i, s->kept + i + 1, (--s->kept_n - i) * sizeof *st);
        return;
    }
    if (!there) {
        assert_true(s->kept_n < KEYS_MAX);
        memmove(s->kept + i + 1, s->kept + i, (s->kept_n++ - i) * sizeof *st);
    }
    s->kept[i] = *st;
}

static void commit_all(struct sensor *s) {
    for (size_t i = 0; i < s->puts_n; i++) {
        if (s->puts[i].line >= 0)
            s->seen[s->puts[i].line]++;
        if (s->puts[i].state.key)
            keep(s, &s->puts[i].state);
    }
    if (s->puts_n)
        note(s->w, "commit %zu\n", s->puts_n);
    s->puts_n = 0;
}

static int put(void *ctx, const struct raw_record *rec, struct diag *reterr UNUSED) {
    struct sensor *s = ctx;
    if (s->dead)
        return -EAGAIN;
    assert_true(s->puts_n < PUTS_MAX);
    struct put *p = &s->puts[s->puts_n++];
    *p = (struct put){.line = -1, .state = {.key = rec->resume_key, .n = (uint8_t) rec->resume.n}};
    memcpy(p->state.value, rec->resume.p, rec->resume.n);
    if (!(rec->flags & RAW_STATE)) {
        uint64_t n;
        size_t i = 2;
        while (i < rec->bytes.n && rec->bytes.p[i] != ' ')
            i++;
        bool ours = rec->bytes.n > 2 && memcmp(rec->bytes.p, "n=", 2) == 0 && i < rec->bytes.n &&
                    str_to_u64(str_n(rec->bytes.p + 2, i - 2), &n) == 0 && n < s->w->lines;
        if (!ours)
            note(s->w, "NOT A LINE: '%.*s'\n", STR_ARG(rec->bytes));
        s->broken += !ours;
        p->line = ours ? (int) n : -1;
        if (p->line != s->told + 1)
            note(s->w, "    from line %d of file %u\n", p->line, rec->resume_key / 2);
        s->told = p->line;
    } else {
        note(s->w, "    state %u of file %u%s\n", rec->resume_key % 2, rec->resume_key / 2,
             rec->resume.n ? "" : " forgotten");
    }
    if (s->own_commits && roll(s->w, s->own_commits) == 0)
        commit_all(s);
    return 0;
}
static int commit_put(void *ctx UNUSED, struct diag *reterr UNUSED) {
    return 0; /* the steps of the test commit */
}
static int name_source(void *ctx UNUSED, const struct source *def UNUSED, uint32_t *ret_id,
                       struct diag *reterr UNUSED) {
    *ret_id = 1;
    return 0;
}
static int64_t now(void *ctx) {
    struct sensor *s = ctx;
    return time_now_ns() + s->slept_ns;
}

static struct tail *tail_of(struct sensor *s) {
    struct live_transport *t =
        container_of(live_transports(s->live)->next, struct live_transport, link);
    return container_of(t, struct tail, transport);
}

static void sensor_start(struct sensor *s) {
    struct intake_live_options o = {.loop = s->loop,
                                    .sink = {s, put, commit_put},
                                    .clock = {s, now},
                                    .name_source = name_source,
                                    .ctx = s};
    s->dead = false;
    assert_int_equal(intake_live_new(&o, &s->live), 0);
    for (size_t i = 0; i < s->kept_n; i++) {
        struct raw_record rec = {.source = 1,
                                 .flags = RAW_STATE,
                                 .resume = str_n(s->kept[i].value, s->kept[i].n),
                                 .resume_key = s->kept[i].key};
        assert_int_equal(intake_live_restore(s->live, &rec), 0);
    }
    struct source def = {.name = STR("app"), .kind = STR("file"), .path = str_of(s->pattern)};
    struct intake_tail_options to = {.rescan_ms = 1000};
    assert_int_equal(intake_tail_add(s->live, &def, &to, NULL), 0);
}

/* Nothing that was not committed is left. */
static void sensor_kill(struct sensor *s) {
    s->dead = true;
    s->puts_n = 0;
    intake_live_close(s->live);
    assert_int_equal(uv_run(s->loop, UV_RUN_DEFAULT), 0);
}

static void sensor_look(struct sensor *s, bool names) {
    struct tail *t = tail_of(s);
    note(s->w, "look\n");
    s->told = -2;
    s->w->moving = true;
    tail_look(t, names);
    s->w->moving = false;
}

static void sensor_step(struct sensor *s) {
    struct world *w = s->w;
    unsigned k = roll(w, 100);
    if (k < 55) {
        sensor_look(s, roll(w, 4) != 0);
    } else if (k < 80) {
        commit_all(s);
    } else if (k < 95) {
        note(w, "KILL\n");
        sensor_kill(s);
        sensor_start(s);
    } else {
        note(w, "long quiet\n");
        s->slept_ns += 61 * NS_PER_S;
    }
}

/* ---- cases ---- */

static void remove_files(struct world *w) {
    char path[128];
    (void) unlink(path_of(w, "app.log", 0, path));
    for (unsigned i = 1; i <= NAMES + w->rotations + 1; i++)
        (void) unlink(path_of(w, "app.log.", i, path));
    for (unsigned i = 1; i <= w->dates; i++)
        (void) unlink(path_of(w, "app.log-", 20260100 + i, path));
}

static bool is_wrong(const struct sensor *s, unsigned line) {
    return s->seen[line] == 0  ? !s->w->risky[line]
           : s->seen[line] > 1 ? !s->w->late_content[s->w->content[line]]
                               : false;
}

static bool run_case(uv_loop_t *loop, uint64_t seed, bool tell, unsigned *doubled) {
    static const char *const patterns[] = {"app.log", "app.log", "app.log*", "*"};
    struct world *w = mem_zalloc(sizeof *w);
    struct sensor *s = mem_zalloc(sizeof *s);
    (void) snprintf(w->dir, sizeof w->dir, "/tmp/kizuki-tail-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (int i = 0; i < 8; i++)
        (void) roll(w, 2);
    buf_init(&w->trace, TRACE_BYTES);
    w->copy = -1;
    static const unsigned hurries[] = {0, 10, 60, 200, 400};
    w->hurry = hurries[roll(w, 5)];
    w->late = roll(w, 2) ? 0 : 40;
    s->w = w;
    s->loop = loop;
    s->own_commits = roll(w, 2) ? 0 : 5;
    (void) snprintf(s->pattern, sizeof s->pattern, "%s/%s", w->dir, patterns[roll(w, 4)]);
    note(w, "pattern %s, hurry %u\n", s->pattern, w->hurry);
    w->out = open_log(w);
    world = w;
    sensor_start(s);
    sensor_look(s, true); /* what was rotated away before the first look is not ours */
    commit_all(s);
    w->budget = 10 + roll(w, 50);
    while (w->budget) {
        if (roll(w, 2))
            world_step(w);
        else
            sensor_step(s);
    }
    note(w, "the end\n");
    w->hurry = 0;
    w->quick = true;
    while (w->how != NONE || w->line_left)
        world_step(w);
    for (int i = 0; i < 6; i++) {
        sensor_look(s, true);
        commit_all(s);
    }
    unsigned wrong = s->broken;
    for (unsigned i = 0; i < w->lines; i++) {
        wrong += is_wrong(s, i);
        *doubled += s->seen[i] > 1;
    }
    if (tell && wrong) {
        (void) fputs(buf_z(&w->trace), stderr); /* longer than print_error takes */
        print_error("seed %" PRIu64 ": %u of %u lines did not come once:\n", seed, wrong, w->lines);
        for (unsigned i = 0; i < w->lines; i++)
            if (is_wrong(s, i))
                (void) fprintf(stderr, "%u:%u ", i, s->seen[i]);
    }
    world = NULL;
    sensor_kill(s);
    (void) close(w->out);
    remove_files(w);
    assert_int_equal(rmdir(w->dir), 0);
    buf_done(&w->trace);
    mem_free(w);
    mem_free(s);
    return wrong == 0;
}

static uint64_t number_of(const char *name, uint64_t otherwise) {
    uint64_t v;
    const char *z = getenv(name);
    return z && str_to_u64(str_of(z), &v) == 0 ? v : otherwise;
}

static void each_line_comes_once_whatever_moves(void **state UNUSED) {
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    uint64_t seed = number_of("KIZUKI_SEED", 0), n = number_of("KIZUKI_TAIL_CASES", CASES), bad = 0;
    uint64_t first = number_of("KIZUKI_TAIL_FIRST", 1);
    unsigned doubled = 0;
    if (seed)
        assert_true(run_case(&loop, seed, true, &doubled));
    for (uint64_t i = first; !seed && i < first + n; i++)
        if (!run_case(&loop, i, bad == 0, &doubled))
            bad++;
    if (bad)
        print_error("%" PRIu64 " of %" PRIu64 " cases\n", bad, n);
    if (getenv("KIZUKI_TAIL_CASES"))
        (void) fprintf(stderr, "%u lines doubled by the exception\n", doubled);
    assert_int_equal(bad, 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* ---- cases the writer above does not make ---- */

struct bench {
    uv_loop_t loop;
    struct world w;
    struct sensor s;
};

static struct bench *bench_begin(const char *pattern) {
    struct bench *b = mem_zalloc(sizeof *b);
    (void) snprintf(b->w.dir, sizeof b->w.dir, "/tmp/kizuki-tail-XXXXXX");
    assert_non_null(mkdtemp(b->w.dir));
    assert_int_equal(uv_loop_init(&b->loop), 0);
    buf_init(&b->w.trace, TRACE_BYTES);
    b->w.lines = LINES_MAX;
    b->s.w = &b->w;
    b->s.loop = &b->loop;
    (void) snprintf(b->s.pattern, sizeof b->s.pattern, "%s/%s", b->w.dir, pattern);
    sensor_start(&b->s);
    sensor_look(&b->s, true);
    commit_all(&b->s);
    return b;
}

static void bench_end(struct bench *b) {
    sensor_kill(&b->s);
    b->w.rotations = 1;
    remove_files(&b->w);
    assert_int_equal(rmdir(b->w.dir), 0);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    buf_done(&b->w.trace);
    mem_free(b);
}

/* Appends the lines from `from` up to `to`, each of about 60 bytes. */
static void bench_write(struct bench *b, const char *name, unsigned no, int flags, unsigned from,
                        unsigned to) {
    char path[128];
    int fd = openat(AT_FDCWD, path_of(&b->w, name, no, path),
                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0600);
    assert_true(fd >= 0);
    for (; from < to; from++)
        assert_true(dprintf(fd, "n=%u %.50s\n", from,
                            "in words that are of no meaning to the ones here") > 50);
    (void) close(fd);
}

static void bench_look(struct bench *b, int times) {
    while (times--) {
        sensor_look(&b->s, true);
        commit_all(&b->s);
    }
}

static void assert_seen(const struct bench *b, unsigned from, unsigned to, unsigned times) {
    for (; from < to; from++)
        assert_int_equal(b->s.seen[from], times);
}

/* The copy is there before the original: who grows is the original. */
static void a_copy_that_was_read_first_gives_way_to_its_original(void **state UNUSED) {
    char path[128];
    struct bench *b = bench_begin("app.log*");
    bench_write(b, "app.log.", 1, 0, 0, 10);
    bench_look(b, 1);
    bench_write(b, "app.log", 0, 0, 0, 20);
    bench_look(b, 2);
    assert_seen(b, 0, 20, 1);
    bench_write(b, "app.log", 0, 0, 20, 30);
    sensor_kill(&b->s);
    sensor_start(&b->s);
    bench_look(b, 2);
    assert_seen(b, 0, 30, 1);
    /* and is looked into again when it changes */
    assert_int_equal(truncate(path_of(&b->w, "app.log.", 1, path), 0), 0);
    bench_write(b, "app.log.", 1, 0, 30, 40);
    bench_look(b, 2);
    assert_seen(b, 0, 40, 1);
    bench_end(b);
}

/* Two new files, one the start of the other: the longer one is read, whichever comes first. */
static void of_two_unknown_files_the_longer_one_is_read(void **state UNUSED) {
    for (int copy_first = 0; copy_first < 2; copy_first++) {
        struct bench *b = bench_begin("app.log*");
        bench_write(b, "app.log.", 1, 0, 0, copy_first ? 10 : 20);
        bench_write(b, "app.log", 0, 0, 0, copy_first ? 20 : 10);
        bench_look(b, 3);
        assert_seen(b, 0, 20, 1);
        bench_end(b);
    }
}

/* Undecidable: the copy was made, lines came, were read, and were truncated away, before the copy
 * was seen. It is read again, and that is counted. */
static void a_copy_older_than_what_was_read_is_counted(void **state UNUSED) {
    struct bench *b = bench_begin("app.log");
    bench_write(b, "app.log", 0, 0, 0, 20);
    bench_look(b, 1);
    assert_int_equal(intake_live_counters(b->s.live, 1).again, 0);
    bench_write(b, "app.log", 0, O_TRUNC, 20, 30);
    bench_write(b, "app.log.", 1, 0, 0, 15);
    bench_look(b, 2);
    assert_seen(b, 0, 15, 2);
    assert_seen(b, 15, 30, 1);
    assert_int_equal(intake_live_counters(b->s.live, 1).again, 1);
    bench_end(b);
}

UNIT_GROUP(intake_tail_model, cmocka_unit_test(each_line_comes_once_whatever_moves),
           cmocka_unit_test(a_copy_that_was_read_first_gives_way_to_its_original),
           cmocka_unit_test(of_two_unknown_files_the_longer_one_is_read),
           cmocka_unit_test(a_copy_older_than_what_was_read_is_counted))

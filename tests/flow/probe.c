/* The live intake with a spool and nothing else, for tests that kill it and for measurements.
 *
 *   intake_probe run SPOOL [--tail PATTERN] [--journal FOLDER] [--udp FD] [--listen FD]
 * [--connection FD]
 *                [--rescan MS] [--until LINES]
 *       reads until SIGTERM, or until the spool holds so many lines; "ready" on standard output
 * when it reads intake_probe dump SPOOL one line a record: number, type, flags, source, bytes
 * (escaped) */
#include "base/mem.h"
#include "event/source.h"
#include "intake/live.h"
#include "spool/reader.h"

#include <inttypes.h>
#include <signal.h>

enum { NAMES_MAX = 256 };

struct probe {
    uv_loop_t loop;
    struct spool *spool;
    struct intake_live *live;
    struct intake_syslog_held *held;
    struct source *names[NAMES_MAX];
    uint32_t names_n;
    uint64_t lines, until;
    uv_signal_t term;
    uv_timer_t look;
};

static _Noreturn void give_up(const struct diag *d) {
    fprintf(stderr, "intake_probe: %s\n", d->text);
    exit(1);
}

/* Ids are as in the spool; a name found there keeps its own. */
static int remember(struct probe *p, const struct source *s) {
    struct source *copy = mem_zalloc(sizeof *copy);
    if (!copy || s->id == 0 || s->id >= NAMES_MAX)
        return -ENOMEM;
    copy->id = s->id;
    copy->name = str_of(str_dup(s->name));
    p->names[s->id] = copy;
    p->names_n = MAX(p->names_n, s->id);
    return 0;
}

static int name_source(void *ctx, const struct source *def, uint32_t *ret_id, struct diag *reterr) {
    struct probe *p = ctx;
    struct source s = *def;
    for (uint32_t i = 1; i <= p->names_n; i++)
        if (p->names[i] && str_eq(p->names[i]->name, def->name)) {
            *ret_id = i;
            return 0;
        }
    struct buf b;
    buf_init(&b, 65536);
    s.id = p->names_n + 1;
    int r = remember(p, &s);
    if (r == 0)
        r = source_encode(&s, &b);
    struct raw_record rec = {.source = s.id, .flags = RAW_SOURCE, .bytes = buf_str(&b)};
    if (r == 0)
        r = spool_put(p->spool, &rec, reterr);
    buf_done(&b);
    *ret_id = s.id;
    return r;
}

static int restore(void *ctx, const struct raw_record *rec) {
    struct probe *p = ctx;
    struct source s;
    if (rec->flags & RAW_SOURCE)
        return source_decode(rec->bytes, &s) < 0 ? -ERR_CORRUPT : remember(p, &s);
    return intake_live_restore(p->live, rec);
}

static int put(void *ctx, const struct raw_record *rec, struct diag *reterr) {
    struct probe *p = ctx;
    int r = spool_put(p->spool, rec, reterr);
    p->lines += r == 0 && !(rec->flags & (RAW_STATE | RAW_SOURCE));
    return r;
}
static int commit(void *ctx, struct diag *reterr) {
    struct probe *p = ctx;
    int r = spool_commit(p->spool, reterr);
    if (r == 0 && p->until && p->lines >= p->until)
        uv_stop(&p->loop);
    return r;
}

static void on_term(uv_signal_t *h, int number UNUSED) {
    struct probe *p = h->data;
    uv_stop(&p->loop);
}

static int number(const char *z) {
    uint64_t v;
    return str_to_u64(str_of(z), &v) < 0 || v > INT32_MAX ? -1 : (int) v;
}

static void through(void *ctx UNUSED, uint64_t cookie UNUSED) {}

static int add(struct probe *p, const char *what, const char *value, unsigned rescan_ms,
               struct diag *d) {
    struct intake_tail_options o = {.rescan_ms = rescan_ms};
    struct source def = {.name = str_of(value), .kind = str_of(what + 2), .encoding = -1};
    def.path = def.name;
    if (strcmp(what, "--tail") == 0)
        return intake_tail_add(p->live, &def, &o, d);
    if (strcmp(what, "--journal") == 0)
        return intake_journal_add(p->live, &def, d);
    def.name = STR("syslog");
    if (strcmp(what, "--udp") == 0)
        return intake_syslog_add_udp(p->live, number(value), &def, d);
    if (strcmp(what, "--listen") == 0)
        return intake_syslog_add_listener(p->live, number(value), &def, d);
    if (strcmp(what, "--connection") == 0) {
        int r = p->held ? 0 : intake_syslog_held_new(p->live, &def, through, p, &p->held, d);
        return r < 0 ? r : intake_syslog_held_add(p->held, number(value), d);
    }
    return diag_set(d, -EINVAL, "unknown option '%s'", what);
}

static int run(int argc, char **argv) {
    static struct probe p;
    struct diag d = {0};
    unsigned rescan_ms = 0;
    struct spool_options so = {0};
    /* a small limit makes full disks out of nothing (RLIMIT_FSIZE) */
    (void) signal(SIGXFSZ, SIG_IGN);
    (void) uv_loop_init(&p.loop);
    if (spool_open(argv[0], &so, &p.spool, &d) < 0)
        give_up(&d);
    struct intake_live_options o = {
        .loop = &p.loop, .sink = {&p, put, commit}, .name_source = name_source, .ctx = &p};
    if (intake_live_new(&o, &p.live) < 0 || spool_each(p.spool, restore, &p) < 0)
        return 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rescan") == 0)
            rescan_ms = (unsigned) number(argv[i + 1]);
        else if (strcmp(argv[i], "--until") == 0)
            p.until = (uint64_t) number(argv[i + 1]);
        else if (add(&p, argv[i], argv[i + 1], rescan_ms, &d) < 0)
            give_up(&d);
    }
    p.term.data = &p;
    (void) uv_signal_init(&p.loop, &p.term);
    (void) uv_signal_start(&p.term, on_term, SIGTERM);
    printf("ready\n");
    (void) fflush(stdout);
    (void) uv_run(&p.loop, UV_RUN_DEFAULT);
    fprintf(stderr, "lines %" PRIu64 "\n", p.lines);
    for (uint32_t i = 1; i <= p.names_n; i++) {
        struct intake_counters c = intake_live_counters(p.live, i);
        fprintf(stderr, "source %u lost %" PRIu64 " broken %" PRIu64 " again %" PRIu64 "\n", i,
                c.lost, c.broken, c.again);
    }
    intake_live_close(p.live);
    uv_close((uv_handle_t *) &p.term, NULL);
    (void) uv_run(&p.loop, UV_RUN_DEFAULT);
    ASSERT(uv_loop_close(&p.loop) == 0);
    for (uint32_t i = 1; i <= p.names_n; i++) {
        mem_free((void *) (uintptr_t) p.names[i]->name.p);
        mem_free(p.names[i]);
    }
    spool_close(p.spool);
    return 0;
}

static void print_record(const struct raw_record *r) {
    printf("%" PRIu64 " %s %x %u %u ", r->pos.n,
           r->flags & RAW_SOURCE  ? "source"
           : r->flags & RAW_STATE ? "state"
           : r->flags & RAW_TICK  ? "tick"
                                  : "line",
           r->flags, r->source, r->resume_key);
    for (size_t i = 0; i < r->bytes.n; i++) {
        unsigned char c = (unsigned char) r->bytes.p[i];
        if (c < 32 || c == '\\' || c > 126)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
    putchar('\n');
}

static int dump(const char *dir) {
    struct spool_reader *r = NULL;
    struct spool_batch b;
    struct diag d = {0};
    int k;
    if (spool_reader_open(dir, &r, &d) < 0)
        give_up(&d);
    spool_batch_init(&b);
    while ((k = spool_reader_next(r, &b, NULL, &d)) > 0)
        for (size_t i = 0; i < b.n; i++)
            print_record(&b.records[i]);
    if (k < 0)
        give_up(&d);
    spool_batch_done(&b);
    spool_reader_free(r);
    return 0;
}

int main(int argc, char **argv) {
    if (argc >= 3 && strcmp(argv[1], "run") == 0)
        return run(argc - 2, argv + 2);
    if (argc == 3 && strcmp(argv[1], "dump") == 0)
        return dump(argv[2]);
    fprintf(stderr, "usage: intake_probe run SPOOL [OPTION VALUE]… | dump SPOOL\n");
    return 2;
}

/* How fast lines become events: bench_decode FILE [ROUNDS]. Reads the file once, then decodes it
 * ROUNDS times in batches whose arena stays warm, as the engine does. Prints one JSON object. */
#include "decode/decode.h"
#include "base/time.h"
#include "intake/reader.h"

#include <inttypes.h>
#include <sys/resource.h>

static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double) u.ru_utime.tv_sec + (double) u.ru_stime.tv_sec +
           ((double) u.ru_utime.tv_usec + (double) u.ru_stime.tv_usec) / 1e6;
}

struct totals {
    uint64_t lines, fields, unparsed, logins;
    double cpu_s;
};

static int decode_batch(const struct decoder *port, const struct event_names *names,
                        const struct intake_batch *b, struct arena *a, struct totals *t) {
    double start = cpu_s();
    arena_reset(a);
    for (size_t i = 0; i < b->n; i++) {
        struct event ev;
        event_begin(&ev, a, names, &b->records[i]);
        int r = port->decode(port->ctx, &b->records[i], &ev);
        if (r < 0)
            return r;
        t->fields += ev.n;
        t->unparsed += (ev.flags & EVENT_UNPARSED) != 0;
        t->logins += ev.first[EVENT_F_EVENT_OUTCOME] != 0;
    }
    t->lines += b->n;
    t->cpu_s += cpu_s() - start;
    return 0;
}

static int run(const char *path, struct totals *t, struct diag *diag) {
    CLEANUP(event_names_freep) struct event_names *names = event_names_new();
    CLEANUP(decode_set_unrefp) struct decode_set *set = NULL;
    CLEANUP(decode_freep) struct decode *d = NULL;
    CLEANUP(decode_lane_freep) struct decode_lane *lane = NULL;
    CLEANUP(intake_reader_freep) struct intake_reader *r = NULL;
    struct intake_reader_options o = {.flags = RAW_BACKFILL};
    struct intake_batch b;
    struct arena a;
    const char *decoders = getenv("KIZUKI_DECODERS"); /* without: what is written in C, alone */
    int k = names ? decode_set_load(&decoders, decoders ? 1 : 0, &set, diag) : -ENOMEM;
    if (k == 0)
        k = decode_new(names, NULL, NULL, set, &d, diag);
    if (k == 0)
        k = intake_reader_open(path, &o, &r, diag);
    if (k < 0)
        return k;
    lane = decode_lane_new(d);
    if (!lane)
        return -ENOMEM;
    struct decoder port = decode_lane_port(lane);
    intake_batch_init(&b);
    arena_init(&a, BATCH_ARENA_BYTES_MAX);
    while ((k = intake_reader_next(r, &b, diag)) > 0 && k >= 0)
        if ((k = decode_batch(&port, names, &b, &a, t)) < 0)
            break;
    arena_done(&a);
    intake_batch_done(&b);
    return k;
}

int main(int argc, char **argv) {
    struct totals t = {0};
    struct diag d = {0};
    uint64_t rounds = 1;
    char text[1024];
    if (argc < 2 || (argc > 2 && str_to_u64(str_of(argv[2]), &rounds) < 0))
        return 2;
    for (uint64_t i = 0; i < rounds; i++) {
        if (run(argv[1], &t, &d) < 0) {
            fprintf(stderr, "%s\n", diag_format(&d, text, sizeof text));
            return 1;
        }
    }
    printf("{\"lines\":%" PRIu64 ",\"fields\":%" PRIu64 ",\"unparsed\":%" PRIu64
           ",\"outcomes\":%" PRIu64
           ",\"cpu_s\":%.3f,\"lines_per_cpu_s\":%.0f,\"ns_per_line\":%.0f}\n",
           t.lines, t.fields, t.unparsed, t.logins, t.cpu_s, (double) t.lines / t.cpu_s,
           t.cpu_s / (double) t.lines * 1e9);
    return 0;
}

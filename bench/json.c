/* How fast JSON lines are read: bench_json FILE [SECONDS]. Every leaf of every line is looked at,
 * every string unescaped. Prints one JSON object; `leaf_bytes` and `leaves` make sure that two
 * readers do the same. */
#include "base/json.h"
#include "base/file.h"
#include "base/time.h"

#include <inttypes.h>
#include <sys/resource.h>

struct sums {
    uint64_t leaves, bytes, path_bytes;
};

static int leaf(void *ctx, struct str path, enum json_type type UNUSED, struct str text) {
    struct sums *s = ctx;
    s->leaves++;
    s->bytes += text.n;
    s->path_bytes += path.n;
    return 0;
}

static int raw_leaf(void *ctx, struct str path, enum json_type type, struct str raw,
                    bool escaped UNUSED) {
    return leaf(ctx, path, type, raw);
}

static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double) u.ru_utime.tv_sec + (double) u.ru_stime.tv_sec +
           ((double) u.ru_utime.tv_usec + (double) u.ru_stime.tv_usec) / 1e6;
}

/* One pass; the number of lines that were no JSON. */
static uint64_t pass(struct arena *batch, struct str in, bool raw, struct sums *s,
                     uint64_t *lines) {
    struct str line;
    uint64_t bad = 0;
    size_t since_reset = 0;
    while (str_split(&in, '\n', &line)) {
        if (!line.n)
            continue;
        bad += (raw ? json_walk_raw(batch, line, NULL, raw_leaf, s, NULL)
                    : json_walk(batch, line, NULL, leaf, s, NULL)) < 0;
        ++*lines;
        since_reset += line.n;
        if (since_reset > 262144) { /* as batches do */
            arena_reset(batch);
            since_reset = 0;
        }
    }
    return bad;
}

int main(int argc, char **argv) {
    struct arena a, batch;
    struct str in;
    struct diag d;
    uint64_t lines = 0, seconds = 3, bad = 0;
    struct sums s = {0};
    unsigned passes = 0;
    bool raw = argc > 3 && strcmp(argv[3], "raw") == 0;
    if (argc < 2 || (argc > 2 && str_to_u64(str_of(argv[2]), &seconds) < 0))
        return 2;
    arena_init(&a, (size_t) 4 << 30);
    arena_init(&batch, (size_t) 64 << 20);
    if (file_read(&a, argv[1], (size_t) 2 << 30, &in, &d) < 0) {
        fprintf(stderr, "%s\n", d.text);
        return 1;
    }
    double start = cpu_s(), best = 1e9, last = start;
    do {
        s = (struct sums){0};
        lines = 0;
        bad = pass(&batch, in, raw, &s, &lines);
        double now = cpu_s();
        best = MIN(best, now - last);
        last = now;
        passes++;
    } while (last - start < (double) seconds);
    printf("{\"reader\":\"kizuki%s\",\"lines\":%" PRIu64 ",\"bad\":%" PRIu64 ",\"leaves\":%" PRIu64
           ",\"leaf_bytes\":%" PRIu64 ",\"bytes\":%zu,\"passes\":%u,\"lines_per_cpu_s\":%.0f,"
           "\"gb_per_cpu_s\":%.3f}\n",
           raw ? " raw" : "", lines, bad, s.leaves, s.bytes, in.n, passes, (double) lines / best,
           (double) in.n / best / 1e9);
    arena_done(&a);
    arena_done(&batch);
    return 0;
}

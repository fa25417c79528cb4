/* How fast stored logs are cut into records: bench_reader FILE [BATCH_BYTES]. Prints one JSON
 * object. */
#include "intake/reader.h"
#include "base/time.h"

#include <inttypes.h>
#include <sys/resource.h>

static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double) u.ru_utime.tv_sec + (double) u.ru_stime.tv_sec +
           ((double) u.ru_utime.tv_usec + (double) u.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv) {
    struct intake_reader_options o = {0};
    struct intake_reader *r;
    struct intake_batch b;
    struct intake_progress p;
    struct diag d;
    uint64_t size = 0, sum = 0;
    char text[1024];
    int k;
    if (argc < 2 || (argc > 2 && str_to_u64(str_of(argv[2]), &size) < 0))
        return 2;
    o.batch_bytes = size;
    double start = cpu_s();
    k = intake_reader_open(argv[1], &o, &r, &d);
    intake_batch_init(&b);
    if (k == 0) {
        while ((k = intake_reader_next(r, &b, &d)) > 0)
            for (size_t i = 0; i < b.n; i++)
                sum += b.records[i].bytes.n;
        intake_reader_progress(r, &p);
        intake_reader_free(r);
    }
    intake_batch_done(&b);
    if (k < 0) {
        fprintf(stderr, "%s\n", diag_format(&d, text, sizeof text));
        return 1;
    }
    double used = cpu_s() - start;
    printf("{\"lines\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"line_bytes\":%" PRIu64
           ",\"cpu_s\":%.3f,\"gb_per_cpu_s\":%.2f}\n",
           p.lines, p.content, sum, used, (double) p.content / used / 1e9);
    return 0;
}

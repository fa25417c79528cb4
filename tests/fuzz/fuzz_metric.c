/* Figures of machines: any bytes in any of the forms are read or refused with a sentence; what comes out is one JSON object a line.
 * The first byte says which form; the gather goes on from input to input within one run, as the gate's does. */
#include "intake/metric.h"

#include "base/json.h"

static int check(void *ctx UNUSED, struct str host UNUSED, struct str line) {
    struct diag d = {0};
    ASSERT(json_check(line, &d) == 0 && line.p[0] == '{');
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(metric_gather_freep) struct metric_gather *g = metric_gather_new(NULL);
    struct str in = size ? str_n((const char *) data + 1, size - 1) : STR("");
    int r = 0;
    for (int again = 0; g && again < 2; again++) { /* counters and measurements need a second time */
        struct diag d = {0};
        switch (size ? data[0] % 7 : 0) {
        case 0: r = metric_collectd(g, in, check, NULL, &d); break;
        case 1: r = metric_collectd_json(g, in, check, NULL, &d); break;
        case 2: r = metric_statsd(g, in, STR("h"), check, NULL, &d); break;
        case 3: r = metric_prometheus(g, in, STR("h"), check, NULL, &d); break;
        case 6: r = metric_walk(g, in, STR("h"), check, NULL, &d); break;
        case 4: r = metric_otlp(g, in, false, check, NULL, &d); break;
        default: r = metric_otlp(g, in, true, check, NULL, &d); break;
        }
        ASSERT(r >= 0 || r == -ENOMEM || d.text[0]);
    }
    return 0;
}

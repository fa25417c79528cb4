/* A notification of SNMP: any bytes are read or refused; what is read is one JSON object. */
#include "intake/snmp.h"

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buf line;
    struct diag d = {0};
    size_t inform = 0;
    buf_init(&line, 1 << 20);
    int r = snmp_notification(str_n((const char *) data, size), &line, &inform, &d);
    ASSERT(r == 0 || d.text[0]);
    if (r == 0) {
        ASSERT(json_check(buf_str(&line), &d) == 0);
        ASSERT(inform == 0 || (inform < size && data[inform] == 0xa6));
    }
    buf_done(&line);
    return 0;
}

/* A warning list from anywhere: read, or refused with a sentence. */
#include "indicator/allow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct indicator_allow_options none;
    CLEANUP(indicator_allow_freep) struct indicator_allow *a = NULL;
    struct diag d = {0};
    enum indicator_why why;
    struct str detail;
    if (indicator_allow_new(&none, &a, NULL) < 0)
        return 0;
    int r = indicator_allow_add(a, str_n((const char *) data, size), &d);
    ASSERT(r == 0 || r == -ENOMEM || d.text[0]);
    (void) indicator_allow_refuses(a, INDICATOR_IPV4, STR("45.67.89.0/24"), &why, &detail);
    (void) indicator_allow_refuses(a, INDICATOR_DOMAIN, STR("a.b.evil.com"), &why, &detail);
    (void) indicator_allow_refuses(a, INDICATOR_URL, STR("http://evil.com/"), &why, &detail);
    return 0;
}

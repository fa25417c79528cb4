/* The server's certificate: the operator's own files, or one of ours made at first start. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct certificate {
    struct str chain, key; /* PEM, NUL behind */
};
/* chain and key: the operator's files (both or neither). Ours lies in DIR/tls.crt and DIR/tls.key
 * (0600), EC P-256, for localhost, this machine's names, 127.0.0.1, ::1 and `host`; made anew when
 * it ends within 30 days. */
int certificate_load(struct arena *a, const char *dir, struct str chain, struct str key,
                     const char *host, struct certificate *ret, struct diag *reterr) MUST_USE;

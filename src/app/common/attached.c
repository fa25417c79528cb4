#include "app/common/attached.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

int attached_bytes(const char *folder, struct str digest, struct arena *a, struct str *ret, struct diag *reterr) {
    uint8_t sum[SHA256_BYTES];
    char path[PATH_MAX], hex[2 * SHA256_BYTES + 1];
    for (size_t i = 0; i < digest.n; i++)
        if (!((digest.p[i] >= '0' && digest.p[i] <= '9') || (digest.p[i] >= 'a' && digest.p[i] <= 'f')))
            return diag_set(reterr, -EINVAL, "no sum");
    if (digest.n != 2 * SHA256_BYTES || snprintf(path, sizeof path, "%s/%.*s", folder, STR_ARG(digest)) >= (int) sizeof path)
        return diag_set(reterr, -EINVAL, "no sum");
    int e = file_read(a, path, ATTACHMENT_BYTES_MAX, ret, reterr);
    if (e < 0)
        return e;
    sha256_of(*ret, sum);
    hex_encode(sum, sizeof sum, hex);
    return str_eq_z(digest, hex) ? 0 : diag_set(reterr, -ERR_CORRUPT, "the file %.12s is no longer what it was when it arrived", hex);
}

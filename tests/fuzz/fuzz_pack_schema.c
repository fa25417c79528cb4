/* A schema, a zero byte, a value: loading and checking end with a code; what does not fit has a place. Patterns are ours and not tried: the C
 * library's reader of expressions is not made for strangers'. */
#include "pack/schema.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    ptrdiff_t at = str_find_byte(in, 0, 0);
    struct arena a;
    const struct pack_schema *s;
    struct yaml_doc *doc = NULL;
    struct diag d = {0};
    char path[64];
    if (at < 0 || str_find(in, STR("pattern"), 0) >= 0 || size > 4096)
        return 0;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    ASSERT(fd >= 0 && write(fd, data, (size_t) at) == at);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    arena_init(&a, (size_t) 64 << 20);
    if (pack_schema_load(&a, path, &s, &d) < 0) {
        ASSERT(d.text[0]);
    } else if (yaml_parse(&a, str_from(in, (size_t) at + 1), "v", &doc, NULL) == 0 && doc && doc->root) {
        d = (struct diag){0};
        int e = pack_schema_check(s, "v", doc->root, &d);
        ASSERT(e <= 0 && (e == 0 || d.text[0]));
        ASSERT(e != -ERR_PARSE || (d.line && d.column));
        ASSERT(pack_schema_check(s, "v", doc->root, NULL) == e);
    }
    arena_done(&a);
    close(fd);
    return 0;
}

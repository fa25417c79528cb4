/* See table_import.h. */
#include "app/common/table_import.h"

#include "app/content/content.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "table/match.h"

#include <limits.h>

static int write_document(struct arena *a, const struct table_import *x, const struct table *t, const struct import_spec *s, int64_t today_ns,
                          struct buf *out, struct diag *err) {
    struct import_match m;
    struct jsonw w;
    int r = import_match_table(a, t, s, x->sheet, x->columns, &m, err);
    jsonw_init(&w, out);
    if (r == 0)
        r = import_document_write(a, t, &m, today_ns, &w, err);
    if (r == 0 && buf_error(out))
        r = diag_set(err, -ERR_LIMIT, "'%s' holds more than is taken in at once; split it", x->name);
    return r;
}

int table_import_read(const struct table_import *x, int64_t today_ns, struct buf *out, struct diag *reterr) {
    struct arena a;
    struct import_spec *specs;
    struct table t;
    struct str bytes;
    char folder[PATH_MAX];
    size_t n;
    buf_init(out, TABLE_DOCUMENT_BYTES_MAX);
    arena_init(&a, TABLE_MEMORY_BYTES_MAX);
    snprintf(folder, sizeof folder, "%.4000s/imports", content_dir());
    int r = import_specs_load(&a, folder, &specs, &n, reterr);
    const struct import_spec *s = r == 0 ? import_spec_find(specs, n, x->reg) : NULL;
    if (r == 0 && !s)
        r = diag_set(reterr, -ENOENT, "there is no register '%.*s'", (int) MIN(x->reg.n, 80u), x->reg.p);
    if (r == 0)
        r = file_read(&a, x->path, TABLE_FILE_BYTES_MAX, &bytes, reterr);
    if (r == 0)
        r = table_read(bytes, x->name, &t, reterr);
    if (r == 0) {
        r = write_document(&a, x, &t, s, today_ns, out, reterr);
        table_done(&t);
    }
    arena_done(&a);
    return r;
}

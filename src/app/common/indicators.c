/* See indicators.h. */
#include "app/common/indicators.h"

#include "base/mem.h"

int indicators_dir(const char *data, char dst[4096], struct diag *reterr) {
    int n = snprintf(dst, 4096, "%s/indicators", data);
    return n > 0 && n < 4096 - 64 ? 0 : diag_set(reterr, -ENAMETOOLONG, "the name of the data folder is too long");
}

int indicators_allow(const struct config *c, const char *content, struct indicator_allow **ret, struct diag *reterr) {
    char shipped[4096 + 64], own[4096 + 64], tlds[4096 + 64];
    const char *folders[] = {shipped, own};
    struct indicator_allow_options o = {.folders = folders, .n_folders = 2, .tlds = tlds};
    snprintf(shipped, sizeof shipped, "%.4000s/indicators/lists", content);
    snprintf(tlds, sizeof tlds, "%.4000s/indicators/tlds.txt", content);
    snprintf(own, sizeof own, "%.4000s/indicators/lists", c->data);
    struct str *all = mem_zalloc_array(c->own.n + c->partners.n + 1, sizeof *all);
    if (!all)
        return diag_set(reterr, -ENOMEM, "out of memory");
    if (c->own.n)
        memcpy(all, c->own.p, c->own.n * sizeof *all);
    if (c->partners.n)
        memcpy(all + c->own.n, c->partners.p, c->partners.n * sizeof *all);
    o.own = all;
    o.n_own = c->own.n + c->partners.n;
    int r = indicator_allow_new(&o, ret, reterr);
    mem_free(all);
    return r;
}

int indicators_load(const char *data, const uint32_t *imports, size_t n_imports, struct indicator_set **ret, struct diag *reterr) {
    struct indicator_book b;
    char dir[4096];
    int r = indicators_dir(data, dir, reterr);
    if (r == 0)
        r = indicator_book_load(dir, &b, reterr);
    if (r < 0)
        return r;
    *ret = NULL;
    r = b.n ? indicator_set_new(&b, imports, n_imports, ret) : 0;
    indicator_book_done(&b);
    if (r == 0 && *ret && !indicator_set_count(*ret))
        *ret = indicator_set_unref(*ret);
    return r < 0 ? diag_set(reterr, r, "out of memory") : 0;
}

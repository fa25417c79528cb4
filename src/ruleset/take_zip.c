/* Archives, by libzip (BSD), from memory: the file is read whole first, so that nobody exchanges it
 * between the look at its list and the reading. What an archive says of itself (names, sizes, kinds) is
 * checked before a byte is unpacked, and what comes out is counted against what it said. */
#include "base/file.h"
#include "base/limits.h"
#include "ruleset/take_priv.h"

#include <sys/stat.h>
#include <zip.h>

#define RATIO_FREE_BYTES (1 << 20) /* below this a high ratio harms nobody */

static int zip_code(struct diag *reterr, const char *name, zip_error_t *ze) {
    int code = zip_error_code_zip(ze) == ZIP_ER_MEMORY ? -ENOMEM : -ERR_PARSE;
    return diag_set(reterr, code, "'%s' is no whole ZIP archive: %s", name, zip_error_strerror(ze));
}

static bool is_link(zip_t *z, zip_uint64_t i) {
    zip_uint8_t system;
    zip_uint32_t attributes;
    return zip_file_get_external_attributes(z, i, 0, &system, &attributes) == 0 && system == ZIP_OPSYS_UNIX &&
           S_ISLNK(attributes >> 16);
}

static int add_entry(struct take_list *l, zip_t *z, zip_uint64_t i, uint64_t *total, struct diag *reterr) {
    zip_stat_t st;
    const char *name = zip_get_name(z, i, ZIP_FL_ENC_GUESS);
    if (!name || zip_stat_index(z, i, 0, &st) != 0 || !(st.valid & ZIP_STAT_SIZE) || !(st.valid & ZIP_STAT_COMP_SIZE))
        return diag_set(reterr, -ERR_PARSE, "'%s' has an entry that cannot be read", l->from);
    struct str path = str_of(name);
    if (is_link(z, i))
        return diag_set(reterr, -ERR_REFUSED, "'%s' holds a link ('%.80s'); nothing was taken", l->from, name);
    if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) && st.encryption_method != ZIP_EM_NONE)
        return diag_set(reterr, -ERR_REFUSED, "'%s' is encrypted; unpack it first", l->from);
    if ((st.valid & ZIP_STAT_COMP_METHOD) && st.comp_method != ZIP_CM_STORE && st.comp_method != ZIP_CM_DEFLATE)
        return diag_set(reterr, -ERR_UNSUPPORTED, "'%.80s' in '%s' is packed in an unusual way; pack with deflate", name,
                        l->from);
    if (path.n && path.p[path.n - 1] == '/') /* a folder; its name is judged with those of its files */
        return 0;
    if (st.size > RATIO_FREE_BYTES && st.size / MAX(st.comp_size, (zip_uint64_t) 1) > RULESET_RATIO_MAX)
        return diag_set(reterr, -ERR_LIMIT, "'%.80s' in '%s' would unpack to %llu times its size; nothing was taken",
                        name, l->from, (unsigned long long) (st.size / MAX(st.comp_size, (zip_uint64_t) 1)));
    if (st.size > RULESET_BYTES_MAX || (*total += st.size) > RULESET_BYTES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "'%s' would unpack to more than %zu bytes; nothing was taken", l->from,
                        RULESET_BYTES_MAX);
    return take_add(l, path, i, st.size, reterr);
}

static int read_from_zip(void *ctx, const struct take_entry *e, struct arena *a, struct str *ret,
                         struct diag *reterr) {
    zip_t *z = ctx;
    char *p = arena_alloc(a, e->size + 1);
    zip_file_t *f = p ? zip_fopen_index(z, e->at, 0) : NULL;
    if (!p)
        return diag_set(reterr, -ENOMEM, "out of memory");
    if (!f)
        return diag_set(reterr, -ERR_PARSE, "cannot unpack '%.*s': %s", STR_ARG(e->path), zip_strerror(z));
    /* One byte more than announced is asked for: an entry that unpacks to more is a lie. The end also
     * checks the CRC. */
    zip_int64_t n = zip_fread(f, p, e->size + 1);
    int r = zip_fclose(f);
    if (n < 0 || (uint64_t) n != e->size || r != 0)
        return diag_set(reterr, -ERR_PARSE, "'%.*s' is not what the archive says of it", STR_ARG(e->path));
    *ret = str_n(p, e->size);
    return 0;
}

static int take_opened(zip_t *z, const char *name, ruleset_file_fn *fn, void *ctx, struct diag *reterr) {
    struct take_list l = {.from = name, .read = read_from_zip, .ctx = z};
    zip_int64_t n = zip_get_num_entries(z, 0);
    uint64_t total = 0;
    int r = 0;
    if (n > RULESET_FILES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "'%s' holds more than %d files", name, RULESET_FILES_MAX);
    arena_init(&l.arena, RULESET_BYTES_MAX);
    for (zip_int64_t i = 0; r == 0 && i < n; i++)
        r = add_entry(&l, z, (zip_uint64_t) i, &total, reterr);
    if (r == 0)
        r = take_run(&l, fn, ctx, reterr);
    arena_done(&l.arena);
    return r;
}

int ruleset_take_zip(struct str zip, const char *name, ruleset_file_fn *fn, void *ctx, struct diag *reterr) {
    zip_error_t ze;
    zip_error_init(&ze);
    zip_source_t *source = zip_source_buffer_create(zip.p, zip.n, 0, &ze);
    zip_t *z = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &ze) : NULL;
    if (!z) {
        int r = zip_code(reterr, name, &ze);
        zip_source_free(source);
        zip_error_fini(&ze);
        return r;
    }
    int r = take_opened(z, name, fn, ctx, reterr);
    zip_discard(z);
    zip_error_fini(&ze);
    return r;
}

int take_zip_file(const char *from, ruleset_file_fn *fn, void *ctx, struct diag *reterr) {
    struct arena a;
    struct str zip;
    arena_init(&a, RULESET_ZIP_BYTES_MAX + (64 << 20));
    int r = file_read(&a, from, RULESET_ZIP_BYTES_MAX, &zip, reterr);
    if (r == 0)
        r = ruleset_take_zip(zip, from, fn, ctx, reterr);
    arena_done(&a);
    return r;
}

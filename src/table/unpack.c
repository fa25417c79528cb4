/* See unpack.h. */
#include "table/unpack.h"

#include "base/file.h"
#include "base/limits.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>
#include <zip.h>

#define RATIO_FREE_BYTES (1 << 20) /* below this a high ratio harms nobody */

struct unpacking {
    const char *archive, *folder;
    zip_t *zip;
    uint64_t total;
    struct diag *err;
};

static int check(struct unpacking *u, const zip_stat_t *st) {
    if (!(st->valid & ZIP_STAT_SIZE) || !(st->valid & ZIP_STAT_COMP_SIZE) || !(st->valid & ZIP_STAT_NAME))
        return diag_set(u->err, -ERR_PARSE, "'%s' has an entry that cannot be read", u->archive);
    if ((st->valid & ZIP_STAT_ENCRYPTION_METHOD) && st->encryption_method != ZIP_EM_NONE)
        return diag_set(u->err, -ERR_REFUSED, "'%s' is encrypted; unpack it first", u->archive);
    if ((st->valid & ZIP_STAT_COMP_METHOD) && st->comp_method != ZIP_CM_STORE && st->comp_method != ZIP_CM_DEFLATE)
        return diag_set(u->err, -ERR_UNSUPPORTED, "'%.80s' in '%s' is packed in an unusual way; pack with deflate", st->name, u->archive);
    if (st->size > RATIO_FREE_BYTES && st->size / MAX(st->comp_size, (zip_uint64_t) 1) > LATE_RATIO_MAX)
        return diag_set(u->err, -ERR_LIMIT, "'%.80s' in '%s' would unpack to %llu times its size; nothing was read", st->name, u->archive,
                        (unsigned long long) (st->size / MAX(st->comp_size, (zip_uint64_t) 1)));
    if (st->size > LATE_UNPACKED_BYTES_MAX || (u->total += st->size) > LATE_UNPACKED_BYTES_MAX)
        return diag_set(u->err, -ERR_LIMIT, "'%s' would unpack to more than %llu bytes; nothing was read", u->archive,
                        (unsigned long long) LATE_UNPACKED_BYTES_MAX);
    return 0;
}

static int write_one(struct unpacking *u, zip_uint64_t i, const zip_stat_t *st, int fd) {
    char piece[65536];
    zip_file_t *f = zip_fopen_index(u->zip, i, 0);
    zip_int64_t n = f ? 1 : -1;
    uint64_t done = 0;
    int r = 0;
    while (r == 0 && n > 0) {
        n = zip_fread(f, piece, sizeof piece);
        done += n > 0 ? (uint64_t) n : 0;
        if (n < 0 || done > st->size)
            r = -ERR_PARSE;
        else if (n > 0)
            r = file_write_all(fd, str_n(piece, (size_t) n));
    }
    if (f && zip_fclose(f) != 0 && r == 0)
        r = -ERR_PARSE;
    if (!f || (r == 0 && done != st->size))
        r = -ERR_PARSE;
    return r < 0 ? diag_set(u->err, r, r == -ERR_PARSE ? "'%.80s' in '%s' is not what the archive says of it" : "cannot write '%.80s' of '%s'", st->name,
                            u->archive)
                 : 0;
}

static int take(struct unpacking *u, zip_uint64_t i, table_packed_fn *fn, void *ctx) {
    char path[PATH_MAX];
    zip_stat_t st;
    if (zip_stat_index(u->zip, i, 0, &st) != 0)
        return diag_set(u->err, -ERR_PARSE, "'%s' has an entry that cannot be read", u->archive);
    struct str name = str_of(st.name);
    if (str_ends(name, STR("/")) || str_find(name, STR("__MACOSX/"), 0) >= 0)
        return 0;
    snprintf(path, sizeof path, "%s/part-%llu", u->folder, (unsigned long long) i);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return diag_set(u->err, -errno, "cannot write '%s': %s", path, err_word(-errno));
    int r = write_one(u, i, &st, fd);
    close(fd);
    if (r == 0)
        r = fn(ctx, &(struct table_packed){path, name}, u->err);
    (void) unlink(path);
    return r;
}

int table_unpack(const char *path, const char *name, const char *folder, table_packed_fn *fn, void *ctx, struct diag *reterr) {
    struct unpacking u = {.archive = name, .folder = folder, .err = reterr};
    zip_stat_t st;
    int error = 0, r = 0;
    u.zip = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    if (!u.zip)
        return diag_set(reterr, -ERR_PARSE, "'%s' is no whole ZIP archive", name);
    zip_int64_t n = zip_get_num_entries(u.zip, 0);
    if (n > LATE_FILES_MAX)
        r = diag_set(reterr, -ERR_LIMIT, "'%s' holds more than %d files", name, LATE_FILES_MAX);
    for (zip_int64_t i = 0; r == 0 && i < n; i++) /* all of them are judged before one is unpacked */
        r = zip_stat_index(u.zip, (zip_uint64_t) i, 0, &st) == 0 ? check(&u, &st) : -ERR_PARSE;
    for (zip_int64_t i = 0; r == 0 && i < n; i++)
        r = take(&u, (zip_uint64_t) i, fn, ctx);
    zip_discard(u.zip);
    return r < 0 && reterr && !reterr->text[0] ? diag_set(reterr, r, "'%s' cannot be read", name) : r;
}

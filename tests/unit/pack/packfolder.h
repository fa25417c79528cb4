/* A pack in a folder of its own under /tmp: the shipped lesson, with something changed. */
#pragma once
#include "unit.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "pack/check.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LESSON "nisc-2014-2-account-list"
#define SCHEMAS "content/schemas/pack"

struct pack_folder_made {
    char top[64], dir[128];
};

static inline int packfolder_drop_one(const char *path, const struct stat *st UNUSED, int flag UNUSED, struct FTW *at UNUSED) {
    return remove(path);
}
static inline void packfolder_remove(const struct pack_folder_made *m) {
    assert_int_equal(nftw(m->top, packfolder_drop_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}
static inline void packfolder_write(const struct pack_folder_made *m, const char *name, struct str bytes) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", m->dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    assert_int_equal(fclose(f), 0);
}
static inline void packfolder_make(struct arena *a, struct pack_folder_made *m) {
    struct pack_files f;
    assert_int_equal(pack_files_read(a, "packs/" LESSON, &f, NULL), 0);
    snprintf(m->top, sizeof m->top, "/tmp/kizuki-pack-XXXXXX");
    assert_non_null(mkdtemp(m->top));
    snprintf(m->dir, sizeof m->dir, "%s/" LESSON, m->top);
    assert_int_equal(mkdir(m->dir, 0755), 0);
    for (size_t i = 0; i < f.n; i++)
        packfolder_write(m, f.at[i].path.p, f.at[i].bytes);
}
/* The file with `from` replaced by `to`; from must be there. */
static inline void packfolder_change(struct arena *a, const struct pack_folder_made *m, const char *name, const char *from, const char *to) {
    char path[256];
    struct str old;
    struct buf out;
    snprintf(path, sizeof path, "%s/%s", m->dir, name);
    assert_int_equal(file_read(a, path, PACK_BYTES_MAX, &old, NULL), 0);
    ptrdiff_t at = str_find(old, str_of(from), 0);
    if (at < 0)
        fail_msg("%s has no '%s'", name, from);
    buf_init(&out, PACK_BYTES_MAX);
    buf_add(&out, str_to(old, (size_t) at));
    buf_add_z(&out, to);
    buf_add(&out, str_from(old, (size_t) at + strlen(from)));
    packfolder_write(m, name, buf_str(&out));
    buf_done(&out);
}

/* See published.h. */
#include "app/room/published.h"

#include "app/room/room.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/zip.h"
#include "room/publication.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define ZIP_BYTES_MAX ((size_t) 64 << 20)

struct folder {
    char path[PATH_MAX];
};

static int open_folder(struct program *p, int64_t incident, struct folder *f, struct diag *err) {
    char number[PUBLICATION_FOLDER_CAP];
    int e = room_publication_folder(p->room, incident, number, err);
    if (e < 0)
        return e;
    snprintf(f->path, sizeof f->path, "%.3000s/room/published", p->config->data);
    e = file_make_dir(f->path, 0700, err);
    size_t n = strlen(f->path);
    snprintf(f->path + n, sizeof f->path - n, "/%s", number);
    return e < 0 ? e : file_make_dir(f->path, 0700, err);
}

static int put_file(void *ctx, const char *name, struct str bytes, struct diag *err) {
    const struct folder *f = ctx;
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%.4000s/%.50s", f->path, name);
    return file_write_atomic(path, bytes, 0600, err);
}

void published_write(struct program *p, int64_t incident) {
    struct folder f;
    struct diag d = {0};
    int e = open_folder(p, incident, &f, &d);
    if (e == 0)
        e = room_publication_files(p->room, incident, put_file, &f, &d);
    if (e < 0 && e != -ENOENT)
        log_error("what was published is not in DATA/room/published: %s", d.text);
}

static int add_member(void *ctx, const char *name, struct str bytes, struct diag *err) {
    int e = zip_add(ctx, name, bytes);
    return e < 0 ? diag_set(err, e, "cannot write the archive: %s", err_word(e)) : 0;
}

int published_zip(struct program *p, int64_t incident, struct buf *out, struct diag *reterr) {
    struct folder f;
    struct zip_out z;
    struct arena a;
    struct str bytes;
    int e = open_folder(p, incident, &f, reterr);
    if (e < 0)
        return e;
    size_t n = strlen(f.path);
    snprintf(f.path + n, sizeof f.path - n, ".zip");
    int fd = open(f.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return diag_set(reterr, -errno, "cannot write '%s': %s", f.path, err_word(-errno));
    zip_begin(&z, fd, room_now(p->room));
    e = room_publication_files(p->room, incident, add_member, &z, reterr);
    if (e == 0)
        e = zip_end(&z);
    else
        zip_drop(&z);
    (void) close(fd);
    arena_init(&a, 2 * ZIP_BYTES_MAX);
    if (e == 0)
        e = file_read(&a, f.path, ZIP_BYTES_MAX, &bytes, reterr);
    if (e == 0) {
        buf_add(out, bytes);
        e = buf_error(out);
    }
    (void) unlink(f.path);
    arena_done(&a);
    return e;
}

struct wanted {
    struct str name;
    struct buf *out;
    bool found;
};

static int pick(void *ctx, const char *name, struct str bytes, struct diag *err UNUSED) {
    struct wanted *w = ctx;
    if (!str_eq_z(w->name, name))
        return 0;
    w->found = true;
    buf_add(w->out, bytes);
    return buf_error(w->out);
}

int published_file(struct program *p, int64_t incident, struct str name, struct buf *out, struct diag *reterr) {
    struct wanted w = {.name = name, .out = out};
    int e = room_publication_files(p->room, incident, pick, &w, reterr);
    return e < 0 ? e : w.found ? 0 : diag_set(reterr, -ENOENT, "there is no such file");
}

/* See upload.h. */
#include "app/room/upload.h"

#include "app/common/attached.h"
#include "app/room/room.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/sign.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define FOLDER "/incoming"
enum { UPLOAD_FILE_NAME_MAX = 200 };

const struct upload_kind UPLOAD_RULE_SET = {"application/zip", ".zip", RULESET_ZIP_BYTES_MAX},
                         UPLOAD_PACK = {"application/octet-stream", ".kizuki", PACK_UPLOAD_BYTES_MAX},
                         UPLOAD_TABLE = {"application/octet-stream", "", TABLE_FILE_BYTES_MAX},
                         UPLOAD_INDICATORS = {"application/octet-stream", "", INDICATOR_FILE_BYTES_MAX},
                         UPLOAD_LATE = {"application/octet-stream", "", LATE_UPLOAD_BYTES_MAX},
                         UPLOAD_FORM = {"application/octet-stream", "", FORM_FILE_BYTES_MAX},
                         UPLOAD_ATTACHED = {"application/octet-stream", "", ATTACHMENT_BYTES_MAX, ATTACHED_FOLDER};

static bool path_of(const struct call *c, char *dst) {
    const char *folder = c->route->upload->folder;
    return snprintf(dst, PATH_MAX, "%s%s/%s", c->p->config->data, folder ? folder : FOLDER, c->upload_name) < PATH_MAX;
}

static int empty(const char *data, const char *folder, struct diag *reterr) {
    char dir[PATH_MAX];
    struct dirent *e;
    if (snprintf(dir, sizeof dir, "%s%s", data, folder) >= PATH_MAX)
        return diag_set(reterr, -ENAMETOOLONG, "the name of the data folder is too long");
    int r = file_make_dir(dir, 0700, reterr);
    DIR *d = r == 0 ? opendir(dir) : NULL;
    while (d && (e = readdir(d)))
        if (str_starts(str_of(e->d_name), STR("upload-")))
            (void) unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    return r;
}

int upload_start(const char *data, struct diag *reterr) {
    int r = empty(data, FOLDER, reterr);
    return r < 0 ? r : empty(data, ATTACHED_FOLDER, reterr);
}

int upload_begin(struct call *c) {
    const char *length = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, "Content-Length");
    const char *type = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, "Content-Type");
    const struct upload_kind *kind = c->route->upload;
    char path[PATH_MAX], max[24], random[17], wanted[80];
    uint64_t n = 0;
    c->upload_fd = -1;
    snprintf(wanted, sizeof wanted, "Content-Type: %s", kind->type);
    if (!type || !str_starts(str_of(type), str_of(kind->type)))
        return call_refuse_with(c, 400, "error.bad_body", "what", str_of(wanted));
    snprintf(max, sizeof max, "%zu", kind->bytes_max);
    if (length && (str_to_u64(str_of(length), &n) < 0 || n > kind->bytes_max))
        return call_refuse_with(c, 413, "error.too_large", "max", str_of(max));
    if (c->http->uploading)
        return call_refuse(c, 503, "error.upload_busy");
    sign_random_hex(random, 8);
    snprintf(c->upload_name, sizeof c->upload_name, "upload-%s%s", random, kind->ending);
    c->upload_fd = path_of(c, path) ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (c->upload_fd < 0) {
        log_error("cannot take a file: %s", err_word(-errno));
        return call_refuse(c, 500, errno == ENOSPC ? "error.disk_full" : "error.internal");
    }
    c->http->uploading = c;
    sha256_init(&c->upload_sum);
    return 0;
}

void upload_take(struct call *c, const char *data, size_t n) {
    c->upload_bytes += n;
    c->too_large |= c->upload_bytes > c->route->upload->bytes_max;
    if (c->route->upload->folder)
        sha256_add(&c->upload_sum, str_n(data, n));
    if (!c->too_large && c->upload_error == 0)
        c->upload_error = file_write_all(c->upload_fd, str_n(data, n));
}

static void close_file(struct call *c) {
    if (c->upload_fd >= 0)
        close(c->upload_fd);
    c->upload_fd = -1;
    if (c->http->uploading == c)
        c->http->uploading = NULL;
}

int upload_end(struct call *c) {
    if (c->upload_fd >= 0 && c->route->upload->folder && c->upload_error == 0 && fsync(c->upload_fd) < 0)
        c->upload_error = -errno;
    if (c->upload_fd >= 0)
        close_file(c);
    return c->upload_error;
}

int upload_keep(struct call *c, char ret_digest[65]) {
    char from[PATH_MAX], to[PATH_MAX], dir[PATH_MAX];
    uint8_t sum[SHA256_BYTES];
    sha256_end(&c->upload_sum, sum);
    hex_encode(sum, sizeof sum, ret_digest);
    if (!path_of(c, from) || snprintf(dir, sizeof dir, "%s%s", c->p->config->data, c->route->upload->folder) >= (int) sizeof dir ||
        snprintf(to, sizeof to, "%s/%s", dir, ret_digest) >= (int) sizeof to)
        return diag_set(&c->err, -ENAMETOOLONG, "the name of the data folder is too long");
    if (rename(from, to) < 0) /* over the same bytes, where they are there already */
        return diag_set(&c->err, -errno, "cannot keep the file: %s", err_word(-errno));
    c->upload_given = true;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int e = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return e < 0 ? diag_set(&c->err, e, "cannot keep the file: %s", err_word(e)) : 0;
}

void upload_forget(struct call *c) {
    char path[PATH_MAX];
    close_file(c);
    if (c->upload_name[0] && !c->upload_given && path_of(c, path))
        (void) unlink(path);
}

int upload_describe(struct call *c, const struct upload_word *words, size_t n, struct buf *members, struct str *ret_file) {
    const char *bad = NULL;
    *ret_file = call_query(c, "file");
    if (!ret_file->n || ret_file->n > UPLOAD_FILE_NAME_MAX)
        return call_bad(c, "file");
    if (!c->upload_bytes)
        return call_bad(c, "the file is empty");
    buf_init(members, 64 * 1024);
    buf_printf(members, "\"file\":\"%s\",\"name\":", c->upload_name);
    json_quote(members, *ret_file);
    for (size_t i = 0; !bad && i < n; i++) {
        struct str v = call_query(c, words[i].name);
        if (v.n > words[i].bytes_max)
            bad = words[i].name;
        buf_printf(members, ",\"%s\":", words[i].name);
        json_quote(members, v.p ? v : STR(""));
    }
    if (bad)
        buf_done(members);
    return bad ? call_bad(c, bad) : 0;
}

int upload_ask(struct call *c, const char *type, struct buf *members, int64_t patience_ns, sensor_answer_fn *fn) {
    int e = buf_error(members);
    if (e == 0)
        e = sensor_link_ask_for(c->p, type, buf_str(members), patience_ns, fn, c);
    buf_done(members);
    c->upload_given = e == 0; /* the sensor removes it */
    return e == -EAGAIN ? call_refuse(c, 503, "error.sensor_away") : e;
}

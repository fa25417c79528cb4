#include "app/common/note.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int note_folder(const char *data, char *dst, struct diag *reterr) {
    snprintf(dst, 4096, "%.4000s/notes", data);
    return file_make_dir(dst, 0700, reterr);
}

void note_begin(struct note *n, const char *dataset, const char *action) {
    buf_init(&n->bytes, NOTE_BYTES_MAX);
    jsonw_init(&n->w, &n->bytes);
    jsonw_object(&n->w);
    jsonw_ktime(&n->w, "@timestamp", time_now_ns());
    jsonw_kz(&n->w, "event.module", "kizuki");
    jsonw_kz(&n->w, "event.dataset", dataset);
    jsonw_kz(&n->w, "event.action", action);
}

/* Left by root (a nightly job, an administrator's command), it would be no note the sensor can read. */
static void give_away(const char *path, const char *data) {
    struct stat st;
    if (geteuid() == 0 && stat(data, &st) == 0 && (st.st_uid != 0 || st.st_gid != 0) && chown(path, st.st_uid, st.st_gid) < 0)
        log_warn("'%s' cannot be given to the sensor's account: %s", path, err_word(-errno));
}

int note_leave_at(struct note *n, const char *data, char ret_path[NOTE_PATH_CAP], struct diag *reterr) {
    static _Atomic unsigned left;
    jsonw_end(&n->w);
    int r = buf_error(&n->bytes);
    if (r == 0) {
        snprintf(ret_path, NOTE_PATH_CAP, "%.4000s/notes/%020lld-%ld-%u.json", data, (long long) time_now_ns(), (long) getpid(),
                 atomic_fetch_add(&left, 1));
        r = file_write_atomic(ret_path, buf_str(&n->bytes), 0600, reterr);
        if (r == 0)
            give_away(ret_path, data);
    }
    buf_done(&n->bytes);
    return r;
}

int note_leave(struct note *n, const char *data, struct diag *reterr) {
    char path[NOTE_PATH_CAP];
    return note_leave_at(n, data, path, reterr);
}

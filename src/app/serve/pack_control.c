/* See pack_control.h. */
#include "app/serve/pack_control.h"

#include "base/arena.h"
#include "app/serve/supervisor.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 200, RUN_S_MAX = 3600 }; /* a back-test of 90 days takes as long as there is; not for ever */
enum pack_step { PACK_NONE, PACK_LOOKING, PACK_LOOKED, PACK_INSTALLING, PACK_INSTALLED, PACK_FAILED };

struct pack_control {
    uv_loop_t *loop;
    char exe[PATH_MAX], data[PATH_MAX], file[PATH_MAX], keys[PATH_MAX], by[NAME_MAX_BYTES + 1];
    enum pack_step step;
    uv_process_t process;
    uv_timer_t timer;
    bool runs;
    pack_control_fn *changed;
    void *ctx;
};

const char *pack_control_state(const struct pack_control *c) {
    static const char *const words[] = {"none", "looking", "looked", "installing", "installed", "failed"};
    return words[c ? c->step : PACK_NONE];
}

static void on_closed(uv_handle_t *h) {
    struct pack_control *c = h->data;
    c->runs = false;
    c->changed(c->ctx);
}

static void on_exit_(uv_process_t *p, int64_t status, int signal) {
    struct pack_control *c = p->data;
    uv_timer_stop(&c->timer);
    c->step = status != 0 || signal != 0 ? PACK_FAILED : c->step == PACK_LOOKING ? PACK_LOOKED : PACK_INSTALLED;
    uv_close((uv_handle_t *) p, on_closed);
}

static void on_late(uv_timer_t *t) {
    struct pack_control *c = t->data;
    if (c->runs)
        uv_process_kill(&c->process, SIGTERM);
}

/* Who sent it, for the record: one line of plain letters, or nothing. */
static void read_by(struct pack_control *c) {
    struct arena a;
    struct str text;
    char path[PATH_MAX];
    arena_init(&a, 65536);
    snprintf(path, sizeof path, "%.4000s/incoming/pack.by", c->data);
    c->by[0] = 0;
    if (file_read(&a, path, NAME_MAX_BYTES, &text, NULL) == 0 && text.n && text.p[0] != '-' && str_find_byte(text, '\n', 0) < 0)
        snprintf(c->by, sizeof c->by, "%.*s", STR_ARG(text));
    else
        snprintf(c->by, sizeof c->by, "?");
    arena_done(&a);
}

void pack_control_run(struct pack_control *c, char what) {
    char out[PATH_MAX];
    if (c->runs || (what == 'i' && c->step != PACK_LOOKED))
        return;
    read_by(c);
    snprintf(out, sizeof out, "%.4000s/incoming/pack.out", c->data);
    int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    char *pack = unconst("pack");
    char *keys = access(c->keys, R_OK) == 0 ? unconst("--keys") : NULL; /* beside kizuki.yml; else where the command looks */
    char *look[] = {c->exe, pack, unconst("verify"), c->file, keys, c->keys, NULL};
    char *install[] = {c->exe, pack, unconst("install"), c->file, unconst("--data"), c->data, unconst("--by"), c->by, keys, c->keys, NULL};
    uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = fd}, {.flags = UV_INHERIT_FD, .data.fd = fd}};
    uv_process_options_t o = {.file = c->exe, .args = what == 'i' ? install : look, .stdio = stdio, .stdio_count = 3, .exit_cb = on_exit_};
    c->process.data = c->timer.data = c;
    c->step = what == 'i' ? PACK_INSTALLING : PACK_LOOKING;
    int e = fd < 0 ? fd : uv_spawn(c->loop, &c->process, &o);
    c->runs = fd >= 0;
    if (e < 0) {
        log_error("cannot start kizuki pack: %s", fd < 0 ? err_word(-errno) : uv_strerror(e));
        c->step = PACK_FAILED;
        if (c->runs)
            uv_close((uv_handle_t *) &c->process, on_closed);
    } else {
        uv_timer_start(&c->timer, on_late, RUN_S_MAX * 1000ull, 0);
    }
    if (fd >= 0)
        close(fd);
}

int pack_control_new(uv_loop_t *loop, const char *exe, const char *data, pack_control_fn *changed, void *ctx, struct pack_control **ret, struct diag *reterr) {
    struct pack_control *c = mem_zalloc(sizeof *c);
    if (!c)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    *c = (struct pack_control){.loop = loop, .changed = changed, .ctx = ctx};
    snprintf(c->exe, sizeof c->exe, "%s", exe);
    snprintf(c->data, sizeof c->data, "%s", data);
    snprintf(c->keys, sizeof c->keys, "%.4000s/pack-keys.yml", data);
    snprintf(c->file, sizeof c->file, "%.4000s/incoming/pack.kizuki", data);
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    uv_unref((uv_handle_t *) &c->timer);
    *ret = c;
    return 0;
}

void pack_control_end(struct pack_control *c) {
    if (c && c->runs)
        uv_process_kill(&c->process, SIGTERM);
}

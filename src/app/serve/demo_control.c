/* See demo_control.h. One `kizuki demo` at a time; its process and pipe handles are used again only when both have
 * closed, and what is asked for meanwhile (to clear) waits for that. */
#include "app/serve/demo_control.h"

#include "app/serve/pack_control.h"
#include "app/serve/supervisor.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <limits.h>
#include <signal.h>
#include <sys/socket.h>

enum { OUTPUT_MAX = 8192 };
enum demo_state { DEMO_NONE, DEMO_STARTING, DEMO_RUNNING, DEMO_CLEARING };

struct demo_control {
    struct pack_control *pack;
    uv_loop_t *loop;
    char exe[PATH_MAX + 16], folder[PATH_MAX], https[128];
    enum demo_state state;
    uv_pipe_t room, output;
    uv_process_t process;
    int open_handles; /* of process and output */
    bool clear_after;
    bool failed; /* it ended before it had an address */
    char in[64];
    char said[OUTPUT_MAX]; /* what `kizuki demo` printed */
    size_t said_n;
    char url[512];
};
struct answer {
    uv_write_t req;
    struct buf text;
};

static void on_answered(uv_write_t *req, int status UNUSED) {
    struct answer *a = container_of(req, struct answer, req);
    buf_done(&a->text);
    mem_free(a);
}

static void answer(struct demo_control *c) {
    static const char *const words[] = {"none", "starting", "running", "clearing"};
    struct answer *a = mem_zalloc(sizeof *a);
    struct jsonw w;
    if (!a)
        return;
    buf_init(&a->text, 2048);
    jsonw_init(&w, &a->text);
    jsonw_object(&w);
    jsonw_kz(&w, "state", words[c->state]);
    jsonw_kz(&w, "url", c->state == DEMO_RUNNING ? c->url : NULL);
    jsonw_kbool(&w, "failed", c->failed);
    jsonw_kz(&w, "pack", pack_control_state(c->pack));
    jsonw_end(&w);
    buf_add_byte(&a->text, '\n');
    uv_buf_t b = uv_buf_init(a->text.p, (unsigned) a->text.n);
    if (buf_error(&a->text) || uv_write(&a->req, (uv_stream_t *) &c->room, &b, 1, on_answered) < 0)
        on_answered(&a->req, -1);
}

static void run(struct demo_control *c, bool clear);

static void on_handle_closed(uv_handle_t *h) {
    struct demo_control *c = h->data;
    if (--c->open_handles > 0)
        return;
    c->failed = c->state == DEMO_STARTING;
    c->state = DEMO_NONE;
    c->url[0] = 0;
    if (c->clear_after)
        run(c, true);
    answer(c);
}

static void on_demo_exit(uv_process_t *p, int64_t status UNUSED, int signal UNUSED) {
    struct demo_control *c = p->data;
    uv_close((uv_handle_t *) p, on_handle_closed);
    if (!uv_is_closing((uv_handle_t *) &c->output)) /* nobody prints there any more */
        uv_close((uv_handle_t *) &c->output, on_handle_closed);
}

/* The line that holds the one-time link is the address. */
static void find_url(struct demo_control *c) {
    struct str rest = str_n(c->said, c->said_n), line;
    while (str_split(&rest, '\n', &line)) {
        ptrdiff_t at = str_find(line, STR("https://"), 0);
        if (at < 0 || str_find(line, STR("/signin?"), 0) < 0 || !rest.p)
            continue;
        struct str url = str_trim(str_from(line, (size_t) at));
        if (url.n >= sizeof c->url)
            continue;
        memcpy(c->url, url.p, url.n);
        c->url[url.n] = 0;
        c->state = DEMO_RUNNING;
        answer(c);
        return;
    }
}

static void on_output_alloc(uv_handle_t *h, size_t suggested UNUSED, uv_buf_t *b) {
    struct demo_control *c = h->data;
    if (c->said_n == sizeof c->said)
        c->said_n = 0;
    *b = uv_buf_init(c->said + c->said_n, (unsigned) (sizeof c->said - c->said_n));
}

static void on_output(uv_stream_t *s, ssize_t n, const uv_buf_t *b UNUSED) {
    struct demo_control *c = s->data;
    if (n < 0) {
        if (!uv_is_closing((uv_handle_t *) s))
            uv_close((uv_handle_t *) s, on_handle_closed);
        return;
    }
    c->said_n += (size_t) n;
    if (c->state == DEMO_STARTING)
        find_url(c);
}

static void run(struct demo_control *c, bool clear) {
    char *demo = unconst("demo"), *data = unconst("--data");
    char *start[] = {c->exe, demo, data, c->folder, unconst("--https"), c->https, NULL};
    char *end[] = {c->exe, demo, data, c->folder, unconst("--clear"), NULL};
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *) &c->output},
        {.flags = UV_INHERIT_FD, .data.fd = 2},
    };
    uv_process_options_t o = {.file = c->exe, .args = clear ? end : start, .stdio = stdio,
                              .stdio_count = 3, .exit_cb = on_demo_exit};
    uv_pipe_init(c->loop, &c->output, 0);
    c->process.data = c->output.data = c;
    c->said_n = 0;
    c->clear_after = c->failed = false;
    c->open_handles = 2;
    c->state = clear ? DEMO_CLEARING : DEMO_STARTING;
    int e = uv_spawn(c->loop, &c->process, &o);
    if (e < 0) {
        log_error("cannot start the demonstration: %s", uv_strerror(e));
        uv_close((uv_handle_t *) &c->process, on_handle_closed);
        uv_close((uv_handle_t *) &c->output, on_handle_closed);
        return;
    }
    uv_read_start((uv_stream_t *) &c->output, on_output_alloc, on_output);
}

static void kill_demo(struct demo_control *c) {
    if (c->open_handles && !uv_is_closing((uv_handle_t *) &c->process))
        uv_process_kill(&c->process, SIGTERM);
}

static void on_pack_changed(void *ctx) {
    answer(ctx);
}

static void obey(struct demo_control *c, char what) {
    if (what == 'l' || what == 'i') {
        pack_control_run(c->pack, what);
    } else if (what == 's' && !c->open_handles) {
        run(c, false);
    } else if (what == 'c' && !c->open_handles) {
        run(c, true);
    } else if (what == 'c' && c->state != DEMO_CLEARING) {
        c->clear_after = true;
        c->state = DEMO_CLEARING;
        kill_demo(c);
    }
    answer(c);
}

static void on_room_alloc(uv_handle_t *h, size_t suggested UNUSED, uv_buf_t *b) {
    struct demo_control *c = h->data;
    *b = uv_buf_init(c->in, sizeof c->in);
}

static void on_room(uv_stream_t *s, ssize_t n, const uv_buf_t *b) {
    struct demo_control *c = s->data;
    for (ssize_t i = 0; i < n; i++)
        obey(c, b->base[i]);
    if (n < 0)
        uv_read_stop(s);
}

int demo_control_new(uv_loop_t *loop, const char *data, const char *folder, const char *https_host,
                     struct demo_control **ret, int *ret_room_fd, struct diag *reterr) {
    struct demo_control *c = mem_zalloc(sizeof *c);
    char own[PATH_MAX];
    int pair[2], e = c ? supervisor_own_dir(own, sizeof own) : -ENOMEM;
    if (e == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        e = -errno;
    if (e < 0) {
        mem_free(c);
        return diag_set(reterr, e, "cannot prepare the demonstration: %s", err_word(e));
    }
    c->loop = loop;
    snprintf(c->exe, sizeof c->exe, "%s/kizuki", own);
    snprintf(c->folder, sizeof c->folder, "%s", folder);
    bool v6 = strchr(https_host, ':') != NULL;
    snprintf(c->https, sizeof c->https, "%s%.64s%s:0", v6 ? "[" : "", https_host, v6 ? "]" : "");
    if ((e = pack_control_new(loop, c->exe, data, on_pack_changed, c, &c->pack, reterr)) < 0)
        return e;
    uv_pipe_init(loop, &c->room, 0);
    c->room.data = c;
    e = uv_pipe_open(&c->room, pair[0]);
    if (e == 0)
        e = uv_read_start((uv_stream_t *) &c->room, on_room_alloc, on_room);
    if (e < 0)
        return diag_set(reterr, e, "cannot prepare the demonstration: %s", uv_strerror(e));
    *ret = c;
    *ret_room_fd = pair[1];
    return 0;
}

void demo_control_end(struct demo_control *c) {
    if (c) {
        kill_demo(c);
        pack_control_end(c->pack);
    }
}

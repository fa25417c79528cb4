#include "hand/deed_runner.h"

#include "base/frame.h"
#include "base/limits.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the child */

static int read_kept(struct arena *a, struct deed_scope *s, const struct json_value *kept) {
    s->kept = arena_zalloc(a, DEED_KEPT_MAX * sizeof *s->kept);
    if (!s->kept)
        return -ENOMEM;
    for (const struct json_value *it = kept ? kept->first : NULL; it && s->n_kept < DEED_KEPT_MAX; it = it->next)
        if (it->type == JSON_STRING)
            s->kept[s->n_kept++] = (struct deed_pair){it->key, it->text};
    return 0;
}

/* The other side checked all this; it is the one that read the room's bytes, so it is checked again. */
static int check(const struct deed_scope *s, struct diag *d) {
    const struct json_value *it = s->params ? s->params->first : NULL;
    int e = deed_value_check(&s->kind->target, s->target, d);
    if (e == 0 && !s->driver->any_target && !deed_target_find(s->driver, s->target))
        e = diag_set(d, -ERR_REFUSED, "no target of this driver");
    for (; e == 0 && it; it = it->next) {
        size_t i = 0;
        while (i < s->kind->n_params && !str_eq(s->kind->params[i].name, it->key))
            i++;
        if (i == s->kind->n_params || it->type != JSON_STRING)
            e = diag_set(d, -ERR_REFUSED, "no parameter of this kind");
        else if (it->text.n || !s->kind->params[i].optional)
            e = deed_value_check(&s->kind->params[i], it->text, d);
    }
    for (size_t i = 0; e == 0 && i < s->driver->n_never; i++)
        if (str_eq_icase(s->driver->never[i], s->target))
            e = diag_set(d, -ERR_REFUSED, "never touched");
    return e;
}

static int carry_out(const struct deed_driver *driver, struct arena *a, struct str message, struct deed_scope *s,
                     struct diag *d) {
    struct json_value *root;
    struct str kind = STR_NULL;
    int64_t verb = -1;
    *s = (struct deed_scope){.driver = driver};
    int e = json_parse(a, message, &root, d);
    if (e < 0)
        return e;
    (void) json_get_str(root, "kind", &kind);
    (void) json_get_str(root, "target", &s->target);
    s->kind = deed_kind_find(driver, kind);
    s->params = json_get_object(root, "params");
    if (!json_get_i64(root, "verb", &verb) || verb < 0 || verb >= DEED_VERB_MAX_ || !s->kind)
        return diag_set(d, -ERR_PARSE, "this is no request");
    if (verb == DEED_CHECK || verb == DEED_APPLY) /* what was done by older rules may still be undone */
        e = check(s, d);
    if (e == 0)
        e = deed_value_check(&s->kind->target, s->target, d);
    if (e == 0)
        e = read_kept(a, s, json_get_object(root, "kept"));
    return e == 0 ? deed_steps_run(a, s, (enum deed_verb) verb, d) : e;
}

static int serve_one(const struct deed_driver *driver, int fd, struct arena *a, struct buf *in) {
    struct deed_scope s;
    struct diag d = {0};
    struct buf out;
    struct jsonw w;
    int e = frame_read(fd, in);
    if (e <= 0)
        return e;
    arena_reset(a);
    e = carry_out(driver, a, buf_str(in), &s, &d);
    buf_init(&out, FRAME_BYTES_MAX);
    jsonw_init(&w, &out);
    jsonw_object(&w);
    jsonw_ki64(&w, "code", e);
    jsonw_kz(&w, "text", d.text);
    jsonw_key(&w, STR("kept"));
    jsonw_object(&w);
    for (size_t i = 0; i < s.n_kept; i++) {
        jsonw_key(&w, s.kept[i].key);
        jsonw_str(&w, s.kept[i].value);
    }
    jsonw_end(&w);
    jsonw_end(&w);
    e = buf_error(&out) ? buf_error(&out) : frame_write(fd, buf_str(&out));
    buf_done(&out);
    return e < 0 ? e : 1;
}

_Noreturn static void be_child(const struct deed_driver *driver, int fd, int (*enter)(void *, struct diag *),
                               void *ctx) {
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE};
    struct diag d = {0};
    struct arena a;
    struct buf in;
    char ready[700];
    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) /* what has begun is carried through */
        signal(ignored[i], SIG_IGN);
    (void) prctl(PR_SET_NAME, "kizuki-deed");
    arena_init(&a, DEED_ARENA_MAX);
    buf_init(&in, FRAME_BYTES_MAX);
    int e = enter ? enter(ctx, &d) : 0;
    int n = snprintf(ready, sizeof ready, "%d %s", e, e < 0 ? d.text : "");
    if (frame_write(fd, str_n(ready, (size_t) MIN(n, (int) sizeof ready - 1))) < 0 || e < 0)
        _exit(1);
    while ((e = serve_one(driver, fd, &a, &in)) > 0)
        ;
    _exit(e < 0);
}

/* ---- the parent */

int deed_runner_start(const struct deed_driver *d, int (*enter)(void *ctx, struct diag *reterr), void *ctx,
                      struct deed_runner *ret, struct diag *reterr) {
    int pair[2];
    struct buf in;
    int64_t code = -EPIPE;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return diag_set(reterr, -errno, "cannot make a socket pair: %s", err_word(-errno));
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        be_child(d, pair[1], enter, ctx);
    }
    close(pair[1]);
    *ret = (struct deed_runner){.fd = pair[0], .pid = pid};
    buf_init(&in, FRAME_BYTES_MAX);
    int e = pid < 0 ? -errno : frame_read(pair[0], &in);
    struct str said = buf_str(&in), number = STR_NULL;
    if (e > 0 && str_split(&said, ' ', &number))
        IGNORE(str_to_i64(number, &code));
    if (code < 0)
        diag_set(reterr, (int) code, "cannot start the runner of '%s': %.*s", d->name, STR_ARG(said));
    buf_done(&in);
    if (code < 0)
        deed_runner_end(ret);
    return (int) code;
}

void deed_runner_end(struct deed_runner *r) {
    if (r->fd >= 0)
        close(r->fd);
    while (r->pid > 0 && waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *r = (struct deed_runner){.fd = -1};
}

static int take_answer(struct arena *a, struct str message, struct buf *kept, struct diag *d) {
    struct json_value *root;
    struct str text = STR_NULL;
    struct jsonw w;
    int64_t code;
    int e = json_parse(a, message, &root, d);
    if (e < 0 || !json_get_i64(root, "code", &code))
        return e < 0 ? e : diag_set(d, -ERR_PARSE, "the runner's answer is none");
    (void) json_get_str(root, "text", &text);
    const struct json_value *k = json_get_object(root, "kept");
    if (code == 0 && k) {
        buf_clear(kept);
        jsonw_init(&w, kept);
        jsonw_value(&w, k);
    }
    return code < 0 ? diag_set(d, (int) code, "%.*s", STR_ARG(text)) : 0;
}

int deed_runner_run(void *runner, enum deed_verb verb, struct str kind, struct str target, struct str params,
                    struct buf *kept, struct diag *reterr) {
    struct deed_runner *r = runner;
    struct buf out;
    struct jsonw w;
    struct arena a;
    if (r->broken)
        return diag_set(reterr, -EPIPE, "the runner is gone");
    buf_init(&out, FRAME_BYTES_MAX);
    arena_init(&a, DEED_ARENA_MAX);
    jsonw_init(&w, &out);
    jsonw_object(&w);
    jsonw_ki64(&w, "verb", verb);
    jsonw_kstr(&w, "kind", kind);
    jsonw_kstr(&w, "target", target);
    jsonw_key(&w, STR("params"));
    jsonw_raw(&w, params.n ? params : STR("{}"));
    jsonw_key(&w, STR("kept"));
    jsonw_raw(&w, kept->n ? buf_str(kept) : STR("{}"));
    jsonw_end(&w);
    int e = buf_error(&out) ? buf_error(&out) : frame_write(r->fd, buf_str(&out));
    if (e >= 0) {
        buf_clear(&out);
        e = frame_read(r->fd, &out);
        e = e == 0 ? -EPIPE : e;
    }
    if (e < 0) {
        r->broken = true;
        diag_set(reterr, e, "the runner is gone: %s", err_word(e));
    } else {
        e = take_answer(&a, buf_str(&out), kept, reterr);
    }
    buf_done(&out);
    arena_done(&a);
    return e;
}

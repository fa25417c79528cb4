/* One step after the other: expands its texts, carries it out, holds the answer against what was expected. Runs in the
 * process that may start programs, and never sees an order's bytes: values were typed and checked before. */
#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"
#include "hand/deed_driver.h"
#include "hand/nft.h"

#include <inttypes.h>
#include <unistd.h>

#define ARGS_MAX 64

struct doing {
    struct arena *a;
    struct deed_scope *s;
    const struct deed_step *step;
    struct buf out, err;
    struct str answer; /* a slice of out */
    int64_t status;
    struct diag *d;
};

static const char *program_path(const struct deed_driver *d, struct str name) {
    for (size_t i = 0; i < d->n_programs; i++)
        if (str_eq(d->programs[i].name, name))
            return d->programs[i].path;
    return NULL;
}

static int run_program(struct doing *x, struct str program, char **argv, struct str in) {
    struct hand_nft_run run = {.path = program_path(x->s->driver, program),
                               .argv = argv,
                               .in = in,
                               .out = &x->out,
                               .err = &x->err,
                               .limit_ms = x->step->within_s * 1000};
    buf_clear(&x->out);
    buf_clear(&x->err);
    int e = hand_nft_run(&run, x->d);
    x->status = e;
    x->answer = buf_str(&x->out);
    return MIN(e, 0);
}

static int do_run(struct doing *x) {
    char *argv[ARGS_MAX + 2];
    size_t n = 0;
    struct str in = STR(""), arg;
    int e = 0;
    argv[n++] = arena_dup_z(x->a, x->step->program);
    for (size_t i = 0; e == 0 && i < x->step->n_args && n < ARGS_MAX; i++) {
        e = deed_expand(x->a, x->s, x->step->args[i], DEED_IN_ARG, &arg, x->d);
        argv[n++] = e == 0 ? arena_dup_z(x->a, arg) : NULL;
    }
    argv[n] = NULL;
    if (e == 0)
        e = deed_expand(x->a, x->s, x->step->text, DEED_IN_PLAIN, &in, x->d);
    return e == 0 ? run_program(x, x->step->program, argv, in) : e;
}

/* curl's own file of options: each value in double quotes. */
static void option(struct buf *out, const char *name, struct str v) {
    buf_printf(out, "%s = \"", name);
    for (size_t i = 0; i < v.n; i++) {
        static const char plain[] = "\n\r\t\"\\", letter[] = "nrt\"\\";
        const char *at = v.p[i] ? strchr(plain, v.p[i]) : NULL;
        if (at)
            buf_add_byte(out, '\\');
        buf_add_byte(out, at ? letter[at - plain] : v.p[i]);
    }
    buf_add_z(out, "\"\n");
}

static enum deed_place place_of(struct str body) {
    body = str_trim(body);
    return body.n && (body.p[0] == '{' || body.p[0] == '[') ? DEED_IN_JSON : DEED_IN_URL;
}

static int request(struct doing *x, struct buf *cfg) {
    const struct deed_step *st = x->step;
    struct str v;
    int e = deed_expand(x->a, x->s, st->url, DEED_IN_URL, &v, x->d);
    if (e < 0)
        return e;
    if (!str_starts(v, STR("https://")) && !str_starts(v, STR("http://")))
        return diag_set(x->d, -ERR_PARSE, "'%.*s' is no http address", STR_ARG(v));
    option(cfg, "url", v);
    option(cfg, "request", st->method);
    for (size_t i = 0; e == 0 && i < st->n_headers; i++) {
        struct str line = arena_printf(x->a, "%.*s: %.*s", STR_ARG(st->headers[i].key), STR_ARG(st->headers[i].value));
        e = deed_expand(x->a, x->s, line, DEED_IN_ARG, &v, x->d);
        if (e == 0)
            option(cfg, "header", v);
    }
    if (e == 0 && st->text.n) {
        e = deed_expand(x->a, x->s, st->text, place_of(st->text), &v, x->d);
        if (e == 0)
            option(cfg, "data-raw", v);
    }
    return e < 0 ? e : buf_error(cfg);
}

/* The answer, then its status in the last line (curl's write-out). */
static int do_http(struct doing *x) {
    static char curl[] = "curl", quiet[] = "-q", config[] = "--config", in[] = "-";
    char *argv[] = {curl, quiet, config, in, NULL};
    struct buf cfg;
    buf_init(&cfg, 2 * DEED_TEXT_BYTES_MAX);
    buf_add_z(&cfg, "silent\nshow-error\nproto = \"=http,https\"\nmax-redirs = 0\ngloboff\n");
    buf_printf(&cfg, "max-time = %" PRId64 "\nwrite-out = \"\\n%%{http_code}\"\n", x->step->within_s);
    int e = request(x, &cfg);
    if (e == 0)
        e = run_program(x, STR("curl"), argv, buf_str(&cfg));
    buf_done(&cfg);
    if (e < 0)
        return e;
    if (x->status != 0) {
        struct str why = str_trim(str_to(str_trim(buf_str(&x->err)), 160));
        return diag_set(x->d, -EIO, "the request got no answer: %.*s", STR_ARG(why));
    }
    struct str all = x->answer;
    size_t at = all.n;
    while (at && all.p[at - 1] != '\n')
        at--;
    if (str_to_i64(str_from(all, at), &x->status) < 0)
        return diag_set(x->d, -ERR_PARSE, "curl told no status");
    x->answer = str_to(all, at ? at - 1 : 0);
    return 0;
}

static int do_write(struct doing *x) {
    struct str path, text;
    int e = deed_expand(x->a, x->s, x->step->file, DEED_IN_ARG, &path, x->d);
    if (e == 0)
        e = deed_expand(x->a, x->s, x->step->text, DEED_IN_PLAIN, &text, x->d);
    return e == 0 ? file_write_atomic(arena_dup_z(x->a, path), text, 0644, x->d) : e;
}

static int do_remove(struct doing *x) {
    struct str path;
    int e = deed_expand(x->a, x->s, x->step->file, DEED_IN_ARG, &path, x->d);
    if (e == 0 && unlink(arena_dup_z(x->a, path)) < 0 && errno != ENOENT)
        e = diag_set(x->d, -errno, "cannot remove '%.*s': %s", STR_ARG(path), err_word(-errno));
    return e;
}

static int (*const doers[])(struct doing *x) = {
    [DEED_RUN] = do_run, [DEED_HTTP] = do_http, [DEED_WRITE] = do_write, [DEED_REMOVE] = do_remove};

/* ---- what was expected */

/* "a.0.b": members by name, elements by number. */
static const struct json_value *walk(const struct json_value *v, struct str path) {
    struct str piece;
    while (v && str_split(&path, '.', &piece)) {
        const struct json_value *it = v->first;
        uint64_t k;
        if (v->type == JSON_ARRAY && str_to_u64(piece, &k) == 0)
            while (it && k--)
                it = it->next;
        else
            while (it && (v->type != JSON_OBJECT || !str_eq(it->key, piece)))
                it = it->next;
        v = it;
    }
    return v;
}

static struct str text_at(const struct json_value *v) {
    static const char *const words[] = {[JSON_TRUE] = "true", [JSON_FALSE] = "false", [JSON_NULL] = "null"};
    if (!v || v->type == JSON_ARRAY || v->type == JSON_OBJECT)
        return STR_NULL;
    return v->type == JSON_STRING || v->type == JSON_NUMBER ? v->text : str_of(words[v->type]);
}

static int unlike(struct doing *x, const char *what, struct str which) {
    const struct deed_step *st = x->step;
    struct str said = str_trim(x->answer.n ? x->answer : buf_str(&x->err)), line;
    (void) str_split(&said, '\n', &line);
    line = str_to(line, 160);
    if (st->says.n)
        return diag_set(x->d, -ERR_REFUSED, "%.*s", STR_ARG(st->says));
    return diag_set(x->d, -ERR_REFUSED, "%s %.*s (%.*s, status %" PRId64 "): %.*s", what, STR_ARG(which),
                    STR_ARG(st->how == DEED_HTTP ? st->method : st->program), x->status, STR_ARG(line));
}

static int expect_json(struct doing *x, const struct json_value *root) {
    for (size_t i = 0; i < x->step->n_equals; i++) {
        const struct deed_pair *p = &x->step->equals[i];
        struct str want, got = text_at(walk(root, p->key));
        int e = deed_expand(x->a, x->s, p->value, DEED_IN_ARG, &want, x->d);
        if (e < 0)
            return e;
        if (!got.p || !str_eq(got, want))
            return unlike(x, "the answer does not hold", p->key);
    }
    return 0;
}

static int keep_one(struct doing *x, const struct deed_keep *k, const struct json_value *root) {
    struct str v = STR_NULL, rest = x->answer, line, from;
    if (x->step->how == DEED_HTTP)
        v = text_at(walk(root, k->from));
    else if (deed_expand(x->a, x->s, k->from, DEED_IN_ARG, &from, x->d) == 0)
        while (!v.p && str_split(&rest, '\n', &line))
            if (str_starts(line, from))
                v = str_trim(str_from(line, from.n));
    if (!v.p || !v.n || v.n > DEED_VALUE_BYTES_MAX)
        return unlike(x, "the answer does not hold", k->from);
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char) v.p[i] < 32 || v.p[i] == 127)
            return unlike(x, "the answer holds a control character in", k->from);
    struct deed_pair *kept = x->s->kept;
    for (size_t i = 0; i < x->s->n_kept; i++)
        if (str_eq(kept[i].key, k->name)) {
            kept[i].value = arena_dup(x->a, v);
            return 0;
        }
    if (x->s->n_kept == DEED_KEPT_MAX)
        return diag_set(x->d, -ERR_LIMIT, "too many values are kept");
    kept[x->s->n_kept++] = (struct deed_pair){k->name, arena_dup(x->a, v)};
    return 0;
}

static int expect(struct doing *x) {
    const struct deed_step *st = x->step;
    struct json_value *root = NULL;
    struct str want;
    bool good = false;
    int e = 0;
    if (st->how == DEED_WRITE || st->how == DEED_REMOVE)
        return 0;
    for (size_t i = 0; i < st->n_status; i++)
        good = good || st->status[i] == x->status;
    if (!good)
        return unlike(x, "this is not the answer of a good end", STR(""));
    if (st->contains.n) {
        if ((e = deed_expand(x->a, x->s, st->contains, DEED_IN_ARG, &want, x->d)) < 0)
            return e;
        if (str_find(x->answer, want, 0) < 0)
            return unlike(x, "the answer does not hold", want);
    }
    if (st->lacks.n) {
        if ((e = deed_expand(x->a, x->s, st->lacks, DEED_IN_ARG, &want, x->d)) < 0)
            return e;
        if (str_find(x->answer, want, 0) >= 0)
            return unlike(x, "the answer holds", want);
    }
    if (st->how == DEED_HTTP && (st->n_equals || st->n_keep)) {
        if (json_parse(x->a, x->answer, &root, NULL) < 0)
            return unlike(x, "the answer is no JSON", STR(""));
        e = expect_json(x, root);
    }
    for (size_t i = 0; e == 0 && i < st->n_keep; i++)
        e = keep_one(x, &st->keep[i], root);
    return e;
}

/* Until it holds `times` in a row, or until_s are over. */
static int hold(struct doing *x) {
    int64_t end = time_monotonic_ns() + x->step->until_s * NS_PER_S, held = 0;
    for (;;) {
        struct timespec pause = {.tv_nsec = 300 * NS_PER_MS};
        int e = doers[x->step->how](x);
        if (e == 0)
            e = expect(x);
        held = e == 0 ? held + 1 : 0;
        if (held >= x->step->times || (e < 0 && time_monotonic_ns() >= end))
            return e;
        nanosleep(&pause, NULL);
    }
}

int deed_steps_run(struct arena *a, struct deed_scope *s, enum deed_verb verb, struct diag *reterr) {
    int e = 0;
    for (size_t i = 0; e == 0 && i < s->kind->n_steps[verb]; i++) {
        struct doing x = {.a = a, .s = s, .step = &s->kind->steps[verb][i], .d = reterr};
        buf_init(&x.out, DEED_OUT_BYTES_MAX);
        buf_init(&x.err, DEED_OUT_BYTES_MAX);
        e = hold(&x);
        buf_done(&x.out);
        buf_done(&x.err);
    }
    return e;
}

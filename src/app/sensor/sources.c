/* What the sensor reads: sockets it was given, configured sources, or this machine's usual logs. */
#include "app/sensor/sensor.h"

#include "base/log.h"


#include <sys/socket.h>
#include <sys/stat.h>

/* Without configuration. A journal is read only where no syslog daemon writes the same lines to files. */
static const struct {
    const char *name, *kind, *path, *service;
    bool is_auth_file, unless_auth_file;
} USUAL[] = {
    {"auth.log", "file", "/var/log/auth.log", "", true, false},
    {"secure", "file", "/var/log/secure", "", true, false},
    {"nginx access", "file", "/var/log/nginx/access.log", "web", false, false},
    {"nginx error", "file", "/var/log/nginx/error.log", "web", false, false},
    {"apache access", "file", "/var/log/apache2/access.log", "web", false, false},
    {"apache error", "file", "/var/log/apache2/error.log", "web", false, false},
    {"journal", "journal", "/var/log/journal", "", false, true},
    {"journal (volatile)", "journal", "/run/log/journal", "", false, true},
};

static int name_source(void *ctx, const struct source *def, uint32_t *ret_id, struct diag *reterr) {
    struct sensor *s = ctx;
    return registry_add(&s->registry, s->spool, def, ret_id, reterr);
}

static int restore(void *ctx, const struct raw_record *rec) {
    return intake_live_restore(ctx, rec);
}

static struct source with_defaults(const struct sensor *s) {
    return (struct source){.encoding = -1, .offset_min = s->config->offset_min, .skew_max_ns = 5 * NS_PER_MIN};
}

static int add_one(struct sensor *s, const struct source *def, struct diag *err) {
    if (str_eq_z(def->kind, "journal"))
        return intake_journal_add(s->live, def, err);
    return intake_files_add(s->live, def, &(struct intake_tail_options){0}, err);
}

static bool exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0;
}

/* Below the folder that stands for this machine's root. */
static struct str usual_path(const struct sensor *s, const char *root, const char *path) {
    return arena_printf(&s->config->arena, "%s%s", root, path);
}

static int add_usual(struct sensor *s, const char *root, struct diag *err) {
    bool auth_file = false;
    int n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(USUAL); i++) {
        struct str path = USUAL[i].is_auth_file ? usual_path(s, root, USUAL[i].path) : STR("");
        auth_file |= path.n && exists(path.p);
    }
    for (size_t i = 0; i < ARRAY_SIZE(USUAL); i++) {
        struct source def = with_defaults(s);
        struct diag d = {0};
        def.name = str_of(USUAL[i].name);
        def.kind = str_of(USUAL[i].kind);
        def.path = usual_path(s, root, USUAL[i].path);
        def.service = str_of(USUAL[i].service);
        if (!def.path.p)
            return diag_set(err, -ENOMEM, "out of memory");
        if (!exists(def.path.p) || (USUAL[i].unless_auth_file && auth_file))
            continue;
        if (add_one(s, &def, &d) < 0)
            log_warn("cannot read '%s': %s", def.path.p, d.text);
        else
            n++;
    }
    log_info("%d of this machine's usual logs are read", n);
    return 0;
}

static int add_sockets(struct sensor *s, const int *fds, int n, int held_fd, struct diag *err) {
    struct source def = with_defaults(s);
    def.name = STR("syslog");
    def.kind = STR("syslog");
    for (int i = 0; i < n; i++) {
        int type = 0;
        socklen_t len = sizeof type;
        if (getsockopt(fds[i], SOL_SOCKET, SO_TYPE, &type, &len) < 0)
            return diag_set(err, -errno, "descriptor %d is no socket", fds[i]);
        int r = type == SOCK_DGRAM ? intake_syslog_add_udp(s->live, fds[i], &def, err)
                                   : intake_syslog_add_listener(s->live, fds[i], &def, err);
        if (r < 0)
            return r;
    }
    return held_fd < 0 ? 0 : held_start(s, held_fd, &def, err);
}

int sources_start(struct sensor *s, const int *syslog_fds, int n_syslog_fds, int held_fd, const char *logs_root,
                  struct diag *reterr) {
    struct intake_live_options o = {.loop = &s->loop, .sink = s->sink, .name_source = name_source, .ctx = s};
    int64_t seen = pump_now_ns(s->pump); /* of the state: what was committed behind it is rather later */
    o.since_ns = seen == TIME_NONE ? 0 : seen;
    int r = intake_live_new(&o, &s->live);
    if (r < 0 || (r = spool_each(s->spool, restore, s->live)) < 0)
        return diag_set(reterr, r, "cannot start intake: %s", err_word(r));
    s->messages.live = s->live;
    if ((r = add_sockets(s, syslog_fds, n_syslog_fds, held_fd, reterr)) < 0)
        return r;
    if (!s->config->sources_given)
        return logs_root ? add_usual(s, logs_root, reterr) : 0;
    for (size_t i = 0; r == 0 && i < s->config->n_sources; i++)
        if (!str_starts(s->config->sources[i].kind, STR("replay")))
            r = add_one(s, &s->config->sources[i], reterr);
    return r;
}

/* The folder: a name may be a pattern, rotation makes new ones, and what is not there yet may come. */
static const char *folder_of(const struct sensor *s, const char *kind, struct str path) {
    char *z = arena_dup_z(&s->config->arena, path);
    char *end = z ? strpbrk(z, "*?[") : NULL;
    if (!z || (!end && strcmp(kind, "journal") == 0))
        return z;
    if (end)
        *end = 0;
    char *slash = strrchr(z, '/');
    if (!slash)
        return ".";
    slash[slash == z] = 0;
    return z;
}

size_t sources_paths(const struct sensor *s, const char *logs_root, struct sandbox_path *dst, size_t cap) {
    const struct config *c = s->config;
    size_t n = 0;
    for (size_t i = 0; i < c->n_sources && n < cap; i++) {
        const char *z = folder_of(s, str_eq_z(c->sources[i].kind, "journal") ? "journal" : "file", c->sources[i].path);
        if (z)
            dst[n++] = (struct sandbox_path){z, SANDBOX_READ};
    }
    for (size_t i = 0; !c->sources_given && logs_root && i < ARRAY_SIZE(USUAL) && n < cap; i++) {
        struct str path = usual_path(s, logs_root, USUAL[i].path);
        const char *z = path.n && exists(path.p) ? folder_of(s, USUAL[i].kind, path) : NULL;
        if (z)
            dst[n++] = (struct sandbox_path){z, SANDBOX_READ};
    }
    return n;
}

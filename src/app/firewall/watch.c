#include "app/firewall/watch.h"

#include "app/common/note.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "firewall/firewall.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_CAP = 4600, TOLD_MAX = 50, PAST_MAX = 100, SPACES_SHOWN = 4, ENTRIES_SHOWN = 8, TEXT_SHOWN = 500 };

static const char *path_of(const struct watch *w, const char *name, char dst[PATH_CAP]) {
    snprintf(dst, PATH_CAP, "%.4000s/firewall/%.*s/%s", w->config->data, STR_ARG(w->of->name), name);
    return dst;
}

int watch_begin(struct watch *w, const struct config *c, const struct config_firewall *of, struct diag *reterr) {
    char path[PATH_CAP];
    *w = (struct watch){.config = c, .of = of};
    return file_make_dir(path_of(w, "past", path), 0700, reterr);
}

/* ---- telling ---- */

static void begin(const struct watch *w, struct note *n, const char *action) {
    note_begin(n, "kizuki.firewall", action);
    jsonw_kz(&n->w, "event.kind", "event");
    jsonw_kz(&n->w, "event.category", "configuration");
    jsonw_kstr(&n->w, "host.name", w->of->name);
    jsonw_kz(&n->w, "observer.type", "firewall");
    if (w->of->service.n)
        jsonw_kstr(&n->w, "service.name", w->of->service);
}

static int tell_trouble(const struct watch *w, const char *action, const struct diag *why) {
    struct note n;
    struct diag d = {0};
    begin(w, &n, action);
    jsonw_kz(&n.w, "error.message", why->text);
    if (why->line)
        jsonw_ku64(&n.w, "log.origin.file.line", why->line);
    jsonw_kstr(&n.w, "file.path", w->of->file);
    int r = note_leave(&n, w->config->data, &d);
    if (r < 0)
        log_error("%s", d.text);
    return r;
}

static void rule_words(struct jsonw *j, const char *key, const struct firewall_rule *r, bool decided) {
    struct str s = r ? (r->text.n ? r->text : r->name) : STR_NULL;
    if (s.n)
        jsonw_kstr(j, key, str_to(s, TEXT_SHOWN));
    else if (!r && decided) /* no rule: what becomes of the rest */
        jsonw_kz(j, key, "(default)");
}

struct telling {
    const struct watch *w;
    const struct firewall *was, *is;
    const struct request *request;
    const char *sha256;
};

static int tell_change(const struct telling *t, const struct firewall_change *c, struct diag *err) {
    static const char *const actions[FIREWALL_WHATS] = {
        [FIREWALL_OPENED] = "firewall-opened", [FIREWALL_CLOSED] = "firewall-closed", [FIREWALL_RULE_NEW] = "firewall-rule-new",
        [FIREWALL_RULE_GONE] = "firewall-rule-gone", [FIREWALL_FORWARD_NEW] = "firewall-forward-new", [FIREWALL_FORWARD_GONE] = "firewall-forward-gone",
    };
    bool decided = c->what == FIREWALL_OPENED || c->what == FIREWALL_CLOSED;
    const struct firewall_rule *rule = c->is ? c->is : c->was;
    struct note n;
    struct buf spaces;
    buf_init(&spaces, 1 << 16);
    begin(t->w, &n, actions[c->what]);
    jsonw_kz(&n.w, "observer.product", firewall_kind_to_string(t->is->kind));
    jsonw_kz(&n.w, "kizuki.firewall.reach", firewall_reach_to_string(c->reach));
    if (c->path)
        jsonw_kstr(&n.w, "kizuki.firewall.path", c->path->name);
    for (size_t i = 0; i < c->spaces.n && i < SPACES_SHOWN; i++) {
        buf_add_z(&spaces, i ? "; " : "");
        firewall_write_space(&c->spaces.at[i], t->was, t->is, ENTRIES_SHOWN, &spaces);
    }
    buf_add_z(&spaces, c->spaces.n > SPACES_SHOWN ? "; …" : "");
    jsonw_kstr(&n.w, "kizuki.firewall.lets", c->forward.n ? str_to(c->forward, TEXT_SHOWN) : buf_str(&spaces));
    if (rule && rule->name.n)
        jsonw_kstr(&n.w, "rule.name", str_to(rule->name, TEXT_SHOWN));
    rule_words(&n.w, "kizuki.firewall.before", c->was, decided);
    rule_words(&n.w, "kizuki.firewall.now", c->is, decided);
    if (t->request)
        jsonw_kstr(&n.w, "kizuki.firewall.request", t->request->name);
    jsonw_kz(&n.w, "file.hash.sha256", t->sha256);
    buf_done(&spaces);
    return note_leave(&n, t->w->config->data, err);
}

/* The widest first, so that what is cut off is the least. */
static int tell_changes(const struct telling *t, const struct firewall_changes *c, struct diag *err) {
    size_t told = 0;
    int r = 0;
    for (int reach = FIREWALL_ANY; reach >= FIREWALL_INSIDE; reach--)
        for (size_t i = 0; r == 0 && i < c->n && told < TOLD_MAX; i++)
            if ((int) c->at[i].reach == reach) {
                r = tell_change(t, &c->at[i], err);
                told++;
            }
    if (r == 0 && (c->at_least || told < c->n)) {
        struct note n;
        begin(t->w, &n, "firewall-more");
        jsonw_ku64(&n.w, "kizuki.firewall.changes", c->n);
        jsonw_kbool(&n.w, "kizuki.firewall.at_least", c->at_least);
        r = note_leave(&n, t->w->config->data, err);
    }
    return r;
}

/* Lines of the filter that were left out, as one note; the same ones are not told again. */
static int tell_unread(const struct telling *t, struct diag *err) {
    struct note n;
    const struct firewall *f = t->is;
    if (f->n_unread <= t->was->n_unread)
        return 0;
    begin(t->w, &n, "firewall-unread");
    jsonw_ku64(&n.w, "kizuki.firewall.lines", f->n_unread);
    jsonw_ku64(&n.w, "log.origin.file.line", f->unread[f->n_unread - 1].line);
    jsonw_kstr(&n.w, "kizuki.firewall.now", str_to(f->unread[f->n_unread - 1].text, TEXT_SHOWN));
    return note_leave(&n, t->w->config->data, err);
}

/* ---- comparing ---- */

static int read_text(struct arena *a, const struct watch *w, struct str text, struct firewall **ret, struct diag *err) {
    int kind = w->of->kind.n ? firewall_kind_from_string(w->of->kind) : firewall_kind_of(text);
    if (kind < 0)
        return diag_set(err, -ERR_PARSE, "this is no configuration of a kind that is known; name it with `kind`");
    return firewall_read(a, (enum firewall_kind) kind, text, ret, err);
}

static int ground_of(struct arena *a, const struct watch *w, struct firewall_ground *ret) {
    const struct config_strs *own = &w->config->own;
    struct span *at = arena_alloc(a, (own->n + 1) * sizeof *at);
    struct ip_prefix p;
    size_t n = 0;
    if (!at)
        return -ENOMEM;
    for (size_t i = 0; i < own->n; i++) /* the others are domains */
        if (ip_prefix_parse(own->p[i], &p) >= 0)
            at[n++] = span_of_prefix(&p);
    *ret = (struct firewall_ground){.outside = w->of->outside.p, .inside = w->of->inside.p, .n_outside = w->of->outside.n,
                                    .n_inside = w->of->inside.n, .own = spans_of(at, n)};
    return 0;
}

static int compare(struct arena *a, const struct watch *w, struct telling *t, struct str before, struct diag *err) {
    struct firewall_ground ground;
    struct firewall_changes changes;
    struct firewall *was;
    struct diag old = {0};
    if (read_text(a, w, before, &was, &old) < 0 || was->kind != t->is->kind) { /* another kind of device: nothing to compare with */
        log_warn("'%.*s': the text before cannot be compared with; this one is taken as it is", STR_ARG(w->of->name));
        return 0;
    }
    t->was = was;
    int r = ground_of(a, w, &ground);
    if (r == 0)
        r = firewall_compare(a, was, t->is, &ground, &changes);
    if (r < 0)
        return diag_set(err, r, "two configurations cannot be compared: %s", err_word(r));
    r = tell_changes(t, &changes, err);
    return r < 0 ? r : tell_unread(t, err);
}

/* The oldest go, so that a file rewritten every minute does not fill the disk. */
static void keep_few(const struct watch *w) {
    char path[PATH_CAP], gone[PATH_CAP], oldest[256] = "";
    size_t n = 0;
    DIR *dir = opendir(path_of(w, "past", path));
    for (struct dirent *x; dir && (x = readdir(dir));)
        if (x->d_name[0] != '.') {
            n++;
            if (!oldest[0] || strcmp(x->d_name, oldest) < 0)
                snprintf(oldest, sizeof oldest, "%s", x->d_name);
        }
    if (dir)
        closedir(dir);
    snprintf(gone, sizeof gone, "%.4200s/%s", path, oldest);
    if (n > PAST_MAX && unlink(gone) < 0)
        log_warn("'%s' cannot be removed: %s", gone, err_word(-errno));
}

static int becomes_now(const struct watch *w, struct str text, bool there_was_one, struct diag *err) {
    char now[PATH_CAP], past[PATH_CAP], name[64];
    path_of(w, "now", now);
    snprintf(name, sizeof name, "past/%020lld", (long long) time_now_ns());
    if (there_was_one && rename(now, path_of(w, name, past)) < 0)
        return diag_set(err, -errno, "cannot move '%s' away: %s", now, err_word(-errno));
    keep_few(w);
    return file_write_atomic(now, text, 0600, err);
}

static int taken(struct watch *w, struct arena *a, const struct requests *requests, struct str text, struct diag *err) {
    char path[PATH_CAP], hex[2 * SHA256_BYTES + 1];
    uint8_t hash[SHA256_BYTES];
    struct str before = STR_NULL;
    struct firewall *is;
    struct diag d = {0};
    sha256_of(text, hash);
    hex_encode(hash, sizeof hash, hex);
    struct telling t = {.w = w, .sha256 = hex, .request = requests_find(requests, w->of->name, time_now_ns())};
    int r = file_read(a, path_of(w, "now", path), FIREWALL_BYTES_MAX, &before, err);
    if (r < 0 && r != -ENOENT)
        return r;
    if (r == 0 && str_eq(before, text))
        return 0;
    bool there_was_one = r == 0;
    if (read_text(a, w, text, &is, &d) < 0) {
        r = w->bad ? 0 : tell_trouble(w, "firewall-unreadable", &d);
        w->bad = true;
        return r; /* `now` stays: what comes next is compared with the last one that was understood */
    }
    w->bad = false;
    t.is = is;
    r = there_was_one ? compare(a, w, &t, before, err) : 0;
    if (r == 0)
        log_info("'%.*s': a configuration of %zu paths was read", STR_ARG(w->of->name), is->n_paths);
    return r < 0 ? r : becomes_now(w, text, there_was_one, err);
}

/* A text that ended this program is known by its hash. */
static int guarded(struct watch *w, struct arena *a, const struct requests *requests, struct str text, struct diag *err) {
    char path[PATH_CAP], hex[2 * SHA256_BYTES + 1];
    uint8_t hash[SHA256_BYTES];
    struct str trying;
    struct diag d = {0};
    sha256_of(text, hash);
    hex_encode(hash, sizeof hash, hex);
    path_of(w, "trying", path);
    if (file_read(a, path, 256, &trying, NULL) == 0 && str_eq_z(trying, hex)) {
        IGNORE(diag_set(&d, -ERR_PARSE, "reading this configuration ended the program; it is not read again"));
        int r = w->bad ? 0 : tell_trouble(w, "firewall-unreadable", &d);
        w->bad = true;
        return r;
    }
    int r = file_write_atomic(path, str_of(hex), 0600, err);
    if (r == 0)
        r = taken(w, a, requests, text, err);
    if (unlink(path) < 0 && r == 0)
        r = diag_set(err, -errno, "cannot remove '%s': %s", path, err_word(-errno));
    return r;
}

/* ---- looking ---- */

static bool same(const struct stat *x, const struct stat *y) {
    return x->st_ino == y->st_ino && x->st_size == y->st_size && x->st_mtim.tv_sec == y->st_mtim.tv_sec && x->st_mtim.tv_nsec == y->st_mtim.tv_nsec;
}

int watch_look(struct watch *w, const struct requests *requests, struct diag *reterr) {
    char path[PATH_CAP];
    struct stat st;
    struct str text;
    struct diag d = {0};
    struct arena a;
    snprintf(path, sizeof path, "%.*s", STR_ARG(w->of->file));
    if (stat(path, &st) < 0) {
        IGNORE(diag_set(&d, -errno, "cannot read '%s': %s", path, err_word(-errno)));
        int r = w->missing ? 0 : tell_trouble(w, "firewall-missing", &d);
        w->missing = true;
        return r;
    }
    w->missing = false;
    /* half written: whoever writes it goes on within a second */
    if (same(&st, &w->seen) || time_now_ns() - ((int64_t) st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec) < NS_PER_S)
        return 0;
    arena_init(&a, FIREWALL_ARENA_MAX);
    int r = file_read(&a, path, FIREWALL_BYTES_MAX, &text, &d);
    if (r < 0)
        r = w->bad ? 0 : tell_trouble(w, "firewall-unreadable", &d);
    else
        r = guarded(w, &a, requests, text, reterr);
    if (r == 0)
        w->seen = st;
    arena_done(&a);
    return r;
}

#include "intake/metric_limit.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"

#include <sys/stat.h>

#define LOOK_NS (5 * NS_PER_S)
enum { KEY_BYTES = 2048 };

void metric_limits_init(struct metric_limits *l, const char *path) {
    *l = (struct metric_limits){.path = path};
    map_init(&l->limits, DESIGN_LIMITS_MAX, 0);
}

void metric_limits_done(struct metric_limits *l) {
    map_done(&l->limits);
}

static bool key_of(struct buf *b, struct str host, struct str metric, struct str resource) {
    const struct str parts[] = {host, metric, resource};
    buf_clear(b);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        buf_add(b, parts[i]);
        buf_add_byte(b, 0);
    }
    return !buf_error(b);
}

static void read_line(struct metric_limits *l, struct buf *key, struct str line) {
    struct str host, metric, resource;
    union map_value *v;
    double limit;
    if (!str_split(&line, '\t', &host) || !str_split(&line, '\t', &metric) || !str_split(&line, '\t', &resource) ||
        str_to_double(line, &limit) < 0 || !(limit > 0) || !key_of(key, host, metric, resource) || map_add(&l->limits, buf_str(key), &v, NULL) < 0)
        return;
    memcpy(&v->num, &limit, sizeof v->num);
}

static void look(struct metric_limits *l) {
    struct stat st;
    struct arena a;
    struct str text, line;
    struct buf key;
    int64_t now = time_monotonic_ns();
    if (l->looked_ns && now - l->looked_ns < LOOK_NS)
        return;
    l->looked_ns = now;
    if (stat(l->path, &st) < 0 || (st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec == l->mtime_ns && st.st_ino == l->inode))
        return;
    arena_init(&a, 2 * DESIGN_LIMITS_BYTES_MAX);
    buf_init(&key, KEY_BYTES);
    if (file_read(&a, l->path, DESIGN_LIMITS_BYTES_MAX, &text, NULL) == 0) {
        map_clear(&l->limits);
        while (str_split(&text, '\n', &line))
            read_line(l, &key, line);
        l->mtime_ns = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
        l->inode = st.st_ino;
    }
    buf_done(&key);
    arena_done(&a);
}

bool metric_limit_find(struct metric_limits *l, struct str host, struct str metric, struct str resource, double *ret) {
    const struct str none = STR(""), tries[][2] = {{host, resource}, {host, none}, {none, resource}, {none, none}};
    struct buf key;
    bool found = false;
    if (!l->path)
        return false;
    look(l);
    if (!l->limits.n)
        return false;
    buf_init(&key, KEY_BYTES);
    for (size_t i = 0; !found && i < ARRAY_SIZE(tries); i++) {
        const union map_value *v = key_of(&key, tries[i][0], metric, tries[i][1]) ? map_find(&l->limits, buf_str(&key)) : NULL;
        found = v != NULL;
        if (v)
            memcpy(ret, &v->num, sizeof *ret);
    }
    buf_done(&key);
    return found;
}

/* The walk over leaves: json_cursor with dotted paths and a callback. */
#include "base/json.h"

#include "base/json_cursor.h"

/* The dotted path. `buf` holds the paths of the open containers, each an extension of the one
 * before; plain_n[d] is the length of the path of the container at level d, prefix_n[d] what stands
 * before the keys inside it (with the dot). At the top level a key is the path, and nothing is
 * copied. */
struct path {
    char *buf;
    size_t cap;
    size_t plain_n[JSON_DEPTH_MAX];
    size_t prefix_n[JSON_DEPTH_MAX];
    char first[256];
};

static int path_room(struct path *p, struct arena *a, size_t have, size_t want) {
    if (want <= p->cap)
        return 0;
    size_t cap = MAX(want, p->cap * 2);
    char *fresh = arena_alloc(a, cap);
    if (!fresh)
        return -ENOMEM;
    memcpy(fresh, p->buf, have);
    p->buf = fresh;
    p->cap = cap;
    return 0;
}

/* The path of a member of the container at `level` (the number of open containers). */
static inline int path_of(struct path *p, struct arena *a, unsigned level, bool member,
                          struct str key, struct str *ret) {
    if (level == 0) {
        *ret = STR("");
        return 0;
    }
    if (!member) {
        *ret = str_n(p->buf, p->plain_n[level - 1]);
        return 0;
    }
    size_t prefix = p->prefix_n[level - 1];
    if (prefix == 0) {
        *ret = key;
        return 0;
    }
    /* One byte more than needed: room for the dot when this turns out to be a container. */
    int e = path_room(p, a, prefix, prefix + key.n + 1);
    if (e < 0)
        return e;
    memcpy(p->buf + prefix, key.p, key.n);
    *ret = str_n(p->buf, prefix + key.n);
    return 0;
}

/* A container with this path was opened at `level`. */
static int path_enter(struct path *p, struct arena *a, unsigned level, struct str path) {
    if (path.p != p->buf) {
        int e = path_room(p, a, 0, path.n + 1);
        if (e < 0)
            return e;
        memcpy(p->buf, path.p, path.n);
    }
    p->plain_n[level] = path.n;
    p->prefix_n[level] = path.n;
    if (path.n)
        p->buf[p->prefix_n[level]++] = '.';
    return 0;
}

struct walker {
    struct json_cursor c;
    struct path path;
    struct arena *arena;
    json_leaf_fn *leaf; /* one of the two */
    json_raw_leaf_fn *raw_leaf;
    void *ctx;
};

static int hand_over(struct walker *w, struct str path) {
    const struct json_cursor *c = &w->c;
    struct str text = c->value;
    bool escaped = c->type == JSON_STRING && json_cursor_escaped(c, text);
    if (w->raw_leaf)
        return w->raw_leaf(w->ctx, path, c->type, text, escaped);
    if (escaped)
        text = json_unescape(w->arena, text);
    return text.p ? w->leaf(w->ctx, path, c->type, text) : -ENOMEM;
}

/* A leaf or a container that was opened; `level` is the number of containers around it. */
static int take(struct walker *w, unsigned level, bool member, bool opened) {
    struct str key = STR(""), path;
    if (member) {
        key = w->c.key;
        if (json_cursor_escaped(&w->c, key))
            key = json_unescape(w->arena, key);
    }
    if (!key.p || path_of(&w->path, w->arena, level, member, key, &path) < 0)
        return -ENOMEM;
    return opened ? path_enter(&w->path, w->arena, level, path) : hand_over(w, path);
}

static int walk(struct walker *w, struct arena *a, struct str in, size_t *ret_used, void *ctx,
                struct diag *reterr) {
    struct json_cursor *c = &w->c;
    int r, e;
    w->arena = a;
    w->ctx = ctx;
    w->path.buf = w->path.first;
    w->path.cap = sizeof w->path.first;
    if (ret_used)
        in = str_to(in, json_extent(in));
    json_cursor_begin(c, in);
    for (;;) {
        bool member = c->in_object;
        unsigned level = c->depth;
        r = json_cursor_next(c);
        if (r <= 0)
            break;
        if (r != JSON_CLOSE && (e = take(w, level, member, r == JSON_OPEN)) != 0)
            return e == -ENOMEM ? diag_set(reterr, e, "out of memory while reading JSON") : e;
    }
    if (r == JSON_END) {
        if (ret_used)
            *ret_used = in.n;
        return 0;
    }
    e = json_check(in, reterr);
    return e < 0 ? e : diag_set(reterr, r, "not JSON");
}

int json_walk(struct arena *a, struct str in, size_t *ret_used, json_leaf_fn *leaf, void *ctx,
              struct diag *reterr) {
    struct walker w;
    w.leaf = leaf;
    w.raw_leaf = NULL;
    return walk(&w, a, in, ret_used, ctx, reterr);
}

int json_walk_raw(struct arena *a, struct str in, size_t *ret_used, json_raw_leaf_fn *leaf,
                  void *ctx, struct diag *reterr) {
    struct walker w;
    w.leaf = NULL;
    w.raw_leaf = leaf;
    return walk(&w, a, in, ret_used, ctx, reterr);
}

/* Behind the string that is open at p, or end when it does not end. */
static const char *string_end(const char *p, const char *end) {
    for (; (p = json_plain_end(p, end)) < end; p++) {
        if (*p == '"')
            return p + 1;
        if (*p == '\\' && end - p > 1)
            p++;
    }
    return end;
}

size_t json_extent(struct str in) {
    const char *begin = in.p ? in.p : "", *end = begin + in.n, *p = json_skip_space(begin, end);
    size_t depth = 0;
    if (p < end && (*p == '-' || ascii_digit(*p))) {
        const char *to = json_number_end(p, end);
        return to ? (size_t) (to - begin) : in.n;
    }
    if (p < end && *p != '"' && *p != '{' && *p != '[') { /* a word */
        while (p < end && *p >= 'a' && *p <= 'z')
            p++;
        return (size_t) (p - begin);
    }
    while (p < end) {
        char c = *p++;
        if (c == '"')
            p = string_end(p, end);
        else if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth -= depth > 0;
        if (!depth && (c == '"' || c == '}' || c == ']'))
            break;
    }
    return (size_t) (p - begin);
}

#include "app/firewall/requests.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"

static bool read_line(struct str line, struct request *ret) {
    struct str window, from;
    if (!str_split(&line, '\t', &window) || !str_split(&line, '\t', &ret->filter) || !ret->filter.n || !line.n)
        return false;
    ret->name = line;
    return str_split(&window, ' ', &from) && str_to_i64(from, &ret->from_s) == 0 && str_to_i64(window, &ret->until_s) == 0;
}

int requests_parse(struct arena *a, struct str text, struct requests *ret) {
    size_t cap = 0;
    *ret = (struct requests){0};
    for (struct str line; ret->n < CHANGE_REQUESTS_MAX && str_split(&text, '\n', &line);) {
        int r = arena_grow(a, (void **) &ret->at, &cap, ret->n + 1, sizeof *ret->at);
        if (r < 0)
            return r;
        ret->n += read_line(line, &ret->at[ret->n]);
    }
    return 0;
}

int requests_read(struct arena *a, const char *path, struct requests *ret, struct diag *reterr) {
    struct str text;
    *ret = (struct requests){0};
    int r = file_read(a, path, CHANGE_REQUESTS_BYTES_MAX, &text, reterr);
    if (r == -ENOENT)
        return 0;
    return r < 0 ? r : requests_parse(a, text, ret);
}

const struct request *requests_find(const struct requests *r, struct str filter, int64_t now_ns) {
    for (size_t i = 0; i < r->n; i++) {
        const struct request *x = &r->at[i];
        if ((str_eq_z(x->filter, "*") || str_eq_icase(x->filter, filter)) && now_ns / NS_PER_S >= x->from_s && now_ns / NS_PER_S <= x->until_s)
            return x;
    }
    return NULL;
}

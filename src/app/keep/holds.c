#include "app/keep/holds.h"

#include "base/limits.h"
#include "base/mem.h"

void holds_done(struct holds *h) {
    mem_free(h->at);
    *h = (struct holds){0};
}

static int wrong(struct diag *err, unsigned line) {
    return diag_set_at(err, -ERR_PARSE, "holds", line, 0, "this is no list of what cases hold");
}

int holds_parse(struct str text, struct holds *ret, struct diag *reterr) {
    struct holds h = {0};
    struct str line, record;
    size_t cap = 0;
    uint64_t n;
    int r = 1;
    if (!str_split(&text, '\n', &line) || !str_starts(line, STR(HOLDS_HEAD)) ||
        str_to_i64(str_from(line, sizeof HOLDS_HEAD - 1), &h.written_ns) < 0)
        return wrong(reterr, 1);
    for (unsigned i = 2; r == 1; i++) {
        struct hold x;
        if (!str_split(&text, '\n', &line) || !str_split(&line, ' ', &record)) {
            r = wrong(reterr, i);
        } else if (str_eq_z(record, "end")) {
            r = str_to_u64(line, &n) == 0 && n == h.n && text.n == 0 ? 0 : wrong(reterr, i);
        } else if (str_to_u64(record, &x.record) < 0 || str_to_u64(line, &x.incident) < 0 ||
                   (h.n && h.at[h.n - 1].record > x.record)) {
            r = wrong(reterr, i);
        } else {
            r = mem_grow((void **) &h.at, &cap, h.n + 1, HOLDS_MAX, sizeof x);
            if (r < 0)
                diag_set(reterr, r, "what cases hold is too much: %s", err_word(r));
            else
                h.at[h.n++] = x, r = 1;
        }
    }
    if (r < 0)
        holds_done(&h);
    else
        *ret = h;
    return r;
}

const struct hold *holds_find(const struct holds *h, uint64_t from, uint64_t to) {
    size_t low = 0, high = h->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->at[middle].record < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low < h->n && h->at[low].record <= to ? &h->at[low] : NULL;
}

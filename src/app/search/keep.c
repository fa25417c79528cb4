/* See keep.h. */
#include "app/search/keep.h"

#include "base/mem.h"

#include <stdlib.h>

enum { SLACK_BYTES = 64 }; /* decoders may load past the end of a line */

void search_keep_init(struct search_keep *k, size_t max) {
    *k = (struct search_keep){.max = max};
}

void search_keep_done(struct search_keep *k) {
    for (size_t i = 0; i < k->n; i++)
        mem_free(k->at[i]);
    mem_free(k->at);
    k->at = NULL;
    k->n = 0;
}

static int order(bool by_time, const struct event_pos *a, int64_t a_ns, const struct event_pos *b, int64_t b_ns) {
    bool spool = a->stream == 0;
    if ((by_time || !spool) && a_ns != b_ns)
        return a_ns < b_ns ? -1 : 1;
    if (a->stream != b->stream)
        return a->stream < b->stream ? -1 : 1;
    return (a->n > b->n) - (a->n < b->n);
}

static int by_age(const struct search_keep *k, const struct kept *a, const struct kept *b) {
    return order(k->by_time, &a->rec.pos, a->time_ns, &b->rec.pos, b->time_ns);
}

static struct kept *copy_of(const struct raw_record *rec, int64_t time_ns) {
    struct kept *c = mem_zalloc(sizeof *c + rec->bytes.n + SLACK_BYTES + rec->peer.n + 1);
    if (!c)
        return NULL;
    char *p = (char *) (c + 1), *peer = p + rec->bytes.n + SLACK_BYTES;
    c->rec = *rec;
    c->rec.resume = STR_NULL;
    c->time_ns = time_ns;
    if (rec->bytes.n)
        memcpy(p, rec->bytes.p, rec->bytes.n);
    if (rec->peer.n)
        memcpy(peer, rec->peer.p, rec->peer.n);
    c->rec.bytes = str_n(p, rec->bytes.n);
    c->rec.peer = str_n(peer, rec->peer.n);
    return c;
}

static void sift_down(struct search_keep *k) {
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < k->n; c++)
            if (by_age(k, k->at[c], k->at[least]) < 0)
                least = c;
        if (least == i)
            return;
        struct kept *t = k->at[i];
        k->at[i] = k->at[least];
        k->at[least] = t;
        i = least;
    }
}

static void sift_up(struct search_keep *k, size_t i) {
    while (i && by_age(k, k->at[i], k->at[(i - 1) / 2]) < 0) {
        struct kept *t = k->at[i];
        k->at[i] = k->at[(i - 1) / 2];
        k->at[(i - 1) / 2] = t;
        i = (i - 1) / 2;
    }
}

static void pop_oldest(struct search_keep *k) {
    k->bytes -= k->at[0]->rec.bytes.n + sizeof *k->at[0];
    mem_free(k->at[0]);
    k->at[0] = k->at[--k->n];
    sift_down(k);
}

int search_keep_add(struct search_keep *k, const struct raw_record *rec, int64_t time_ns) {
    bool full = k->n == k->max || (k->bytes_max && k->n && k->bytes + rec->bytes.n > k->bytes_max);
    if (full && order(k->by_time, &rec->pos, time_ns, &k->at[0]->rec.pos, k->at[0]->time_ns) < 0)
        return 0;
    struct kept *c = copy_of(rec, time_ns);
    if (!c || (k->n < k->max && mem_grow((void **) &k->at, &k->cap, k->n + 1, k->max, sizeof *k->at) < 0)) {
        mem_free(c);
        return -ENOMEM;
    }
    while (k->n && (k->n == k->max || (k->bytes_max && k->bytes + rec->bytes.n > k->bytes_max)))
        pop_oldest(k);
    k->bytes += rec->bytes.n + sizeof *c;
    k->at[k->n] = c;
    sift_up(k, k->n++);
    return 0;
}

static int newest_first(const void *a, const void *b, void *keep) {
    return by_age(keep, *(struct kept *const *) b, *(struct kept *const *) a);
}

void search_keep_sort(struct search_keep *k) {
    if (k->n)
        qsort_r(k->at, k->n, sizeof *k->at, newest_first, k);
}

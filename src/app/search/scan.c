/* See scan.h. */
#include "app/search/scan.h"

#include "app/common/copies.h"
#include "app/engine/registry.h"
#include "app/search/filter.h"
#include "app/search/narrow.h"
#include "base/mem.h"
#include "indicator/set.h"
#include "spool/reader.h"

#include <limits.h>
#include <time.h>
#include <unistd.h>

struct part {
    uint32_t segment;
    uint64_t bytes;
    const struct narrow_part *named; /* NULL: all of it is read */
    size_t from, to; /* ranges[from…to): nothing else of it is read; none: all of it */
    int64_t created_ns; /* what arrived from then on stands in it or in newer ones; TIME_NONE: not known */
    bool late;    /* its filter was not yet asked */
    bool asks;    /* much of it is to be read: the index may know better */
    bool skipped; /* since something was asked */
};
/* Of a segment: from the byte where record `n` begins, what lies whole before `end`. Whatever reaches over it does not reach over
 * `behind`. */
struct range {
    uint64_t at, n, end, behind;
};
/* ASK_SHARE: reading a sixteenth of a segment takes as long as the index takes to read its column of it, the first time. */
enum { NAMED_A_STEP = 64, NAMED_COST = 1024, NAMED_SHARE = 4, ASK_SHARE = 16, ASK_STEP = 64 };
struct scan {
    struct scan_options o;
    struct registry registry;
    struct spool_reader *reader;
    struct search *search;
    struct part *parts; /* that are read, in the order they are read */
    size_t n, cap, at;  /* parts[at] is read next */
    struct spool_batch batch;
    struct scan_progress progress;
    bool entered;
    size_t asked_to, asked_n; /* parts before this one were judged, with the index where it knows more; so many the last time */
    struct narrow narrow;
    struct filter filter; /* the one read last */
    struct range *ranges;
    size_t n_ranges, ranges_cap;
    size_t range;     /* of this part that is read */
    uint64_t ranges_done; /* bytes of those before it */
    size_t named;     /* places of this part that were looked at */
    uint64_t behind;  /* byte behind the last of them, */
    uint64_t behind_n; /* and the record that begins there */
    uint8_t maker[FILTER_MAKER_BYTES];
    uint64_t done_before; /* bytes of the parts before this one */
};

static double thread_cpu_s(void) {
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

struct scan *scan_free(struct scan *s) {
    if (!s)
        return NULL;
    spool_batch_done(&s->batch);
    search_free(s->search);
    spool_reader_free(s->reader);
    registry_done(&s->registry);
    narrow_done(&s->narrow);
    filter_done(&s->filter);
    mem_free(s->ranges);
    mem_free(s->parts);
    mem_free(s);
    return NULL;
}

const struct scan_progress *scan_progress(const struct scan *s) {
    return &s->progress;
}

struct search *scan_search(struct scan *s) {
    return s->search;
}

struct str scan_source_name(const struct scan *s, uint32_t source) {
    return source < SOURCES_MAX && s->registry.sources[source].id ? s->registry.sources[source].name : STR("");
}

/* ---- which segments ---- */

static void filter_path(const struct scan *s, uint32_t segment, char dst[PATH_MAX + SPOOL_NAME_CAP]) {
    char name[SPOOL_NAME_CAP];
    snprintf(dst, PATH_MAX + SPOOL_NAME_CAP, "%.*s/%s", PATH_MAX - 8, s->o.filter_dir, filter_name(segment, name));
}

/* Into s->filter. */
static int read_filter(struct scan *s, uint32_t segment) {
    struct filter like = {.segment = segment};
    char path[PATH_MAX + SPOOL_NAME_CAP];
    filter_path(s, segment, path);
    memcpy(like.id, spool_reader_id(s->reader), SPOOL_ID_BYTES);
    memcpy(like.made_by, s->maker, sizeof like.made_by);
    int r = filter_read(path, &s->filter, NULL);
    if (r == -ERR_CORRUPT)
        (void) unlink(path); /* whoever makes filters makes it again */
    return r < 0 ? r : filter_is_like(&s->filter, &like) ? 0 : -ERR_CORRUPT;
}

static bool times_meet(const struct scan_options *o, int64_t min_ns, int64_t max_ns) {
    return (o->from_ns == TIME_NONE || max_ns >= o->from_ns) && (o->to_ns == TIME_NONE || min_ns < o->to_ns);
}

static bool records_meet(const struct scan_options *o, uint64_t first, uint64_t next) {
    return (!o->from_record || next > o->from_record) && (!o->to_record || first < o->to_record);
}

/* Whether picking records is worth it: far fewer than the segment has. */
static bool is_few(const struct narrow_part *p) {
    return p->candidates <= (p->next - p->first) / NAMED_SHARE;
}

/* false: the index does not cover the segment, or nearly all of it fits. */
static bool judge_by_index(const struct scan *s, const struct spool_part *p, struct part *part, bool *wanted) {
    const struct narrow_part *named = narrow_find(&s->narrow, p->segment, p->first);
    if (!named || !is_few(named))
        return false;
    uint64_t rest = p->bytes > named->at ? p->bytes - named->at : 0;
    *wanted = !p->closed || rest || named->candidates;
    if (*wanted) {
        part->named = named;
        part->bytes = MIN(p->bytes, rest + (uint64_t) (named->to - named->from) * NAMED_COST);
    }
    return true;
}

static int add_part(struct scan *s, const struct part *part, bool wanted) {
    s->progress.segments++;
    if (!wanted) {
        s->progress.segments_passed++;
        s->progress.bytes_passed += part->bytes;
        return 0;
    }
    int r = mem_grow((void **) &s->parts, &s->cap, s->n + 1, UINT32_MAX, sizeof *s->parts);
    if (r < 0)
        return r;
    s->parts[s->n++] = *part;
    s->progress.bytes += part->bytes;
    s->progress.segments_indexed += part->named != NULL;
    return 0;
}

/* Pieces in which something may be; false: the segment is passed over. */
static bool may_hold(const struct search *s, const struct filter *f, struct filter_set *ret) {
    const struct indicator_set *set = search_indicators(s);
    size_t n;
    if (!set)
        return filter_may(f, search_condition(s), ret);
    const uint64_t *keys = indicator_set_keys(set, &n);
    return filter_may_keys(f, keys, n, ret);
}

/* Of these pieces in a row: from the first record that begins there. */
static int add_range(struct scan *s, unsigned from, unsigned to) {
    const struct filter *f = &s->filter;
    unsigned next = to;
    while (from < to && !f->pieces[from].at)
        from++;
    while (next < FILTER_PIECES && !f->pieces[next].at)
        next++;
    uint64_t end = to < FILTER_PIECES ? MIN((uint64_t) to << FILTER_PIECE_LOG, f->bytes) : f->bytes;
    if (from == to || f->pieces[from].at >= end)
        return 0;
    int r = mem_grow((void **) &s->ranges, &s->ranges_cap, s->n_ranges + 1, UINT32_MAX, sizeof *s->ranges);
    if (r == 0)
        s->ranges[s->n_ranges++] = (struct range){f->pieces[from].at, f->pieces[from].n, end, next < FILTER_PIECES ? MAX(f->pieces[next].at, end) : f->bytes};
    return r;
}

/* What of the segment is read: these pieces, and those that say which sources there are. */
static int set_ranges(struct scan *s, struct part *part, struct filter_set pieces) {
    const struct filter *f = &s->filter;
    uint64_t wanted = 0;
    int r = 0;
    filter_set_or(&pieces, &f->defining);
    part->from = part->to = s->n_ranges;
    for (unsigned i = 0, to; i < FILTER_PIECES && r == 0; i = to + 1) {
        for (to = i; to < FILTER_PIECES && filter_set_has(&pieces, to);)
            to++;
        if (to > i)
            r = add_range(s, i, to);
    }
    for (size_t i = part->from; i < s->n_ranges; i++)
        wanted += s->ranges[i].end - s->ranges[i].at;
    if (r < 0 || s->n_ranges == part->from || wanted > f->bytes - f->bytes / 4) { /* nearly all: in one go */
        s->n_ranges = part->from;
        return r;
    }
    part->to = s->n_ranges;
    part->bytes = wanted;
    return 0;
}

static int judge_by_filter(struct scan *s, uint32_t segment, struct part *part, bool *wanted) {
    const struct filter *f = &s->filter;
    struct filter_set pieces;
    int r = s->o.filter_dir ? read_filter(s, segment) : -ENOENT;
    if (r < 0)
        return r;
    *wanted = f->min_ns != TIME_NONE && times_meet(&s->o, f->min_ns, f->max_ns) && records_meet(&s->o, f->first, f->next) && may_hold(s->search, f, &pieces);
    if (filter_is_damaged(f)) {
        char path[PATH_MAX + SPOOL_NAME_CAP];
        filter_path(s, segment, path);
        (void) unlink(path);
        return -ERR_CORRUPT;
    }
    part->bytes = f->bytes;
    if (*wanted && !filter_set_all(&pieces) && f->pieces_told)
        r = set_ranges(s, part, pieces);
    part->asks = part->bytes > f->bytes / ASK_SHARE;
    return r;
}

/* Its filter, or all of it is read. */
static int judge_part(struct scan *s, uint32_t segment, struct diag *err) {
    struct part part = {.segment = segment, .created_ns = TIME_NONE, .late = s->o.late, .asks = true};
    struct spool_part p;
    bool wanted = true;
    int r = s->o.late ? -ENOENT : judge_by_filter(s, segment, &part, &wanted);
    if (r == -ENOMEM)
        return diag_set(err, r, "out of memory");
    if (r < 0) {
        r = spool_reader_enter(s->reader, segment, &p, err);
        if (r < 0)
            return r;
        part.bytes = p.bytes;
        part.asks = true;
        wanted = records_meet(&s->o, p.first, UINT64_MAX);
    }
    r = add_part(s, &part, wanted);
    return r < 0 ? diag_set(err, r, "out of memory") : 0;
}

static void skip(struct scan *s, struct part *part) {
    s->progress.segments_passed++;
    s->progress.bytes -= part->bytes;
    s->progress.bytes_passed += part->bytes;
    part->bytes = 0;
    part->skipped = true;
}

static void reads_less(struct scan *s, const struct part *part, uint64_t before) {
    s->progress.bytes -= before - part->bytes;
    s->progress.bytes_passed += before - part->bytes;
}

static int of_index(struct scan *s, struct part *part, struct diag *err) {
    struct spool_part p;
    bool wanted = true;
    uint64_t before = part->bytes;
    int r = spool_reader_enter(s->reader, part->segment, &p, err);
    if (r < 0 || !judge_by_index(s, &p, part, &wanted))
        return r;
    if (part->named && part->bytes > before) { /* its tail is not covered; what the filter says is less */
        part->named = NULL;
        part->bytes = before;
    } else if (part->named) {
        part->from = part->to = 0;
        s->progress.segments_indexed++;
        reads_less(s, part, before);
    } else if (!wanted) {
        skip(s, part);
    }
    return 0;
}

/* Of these parts: those of which much would be read. What fails here is told and costs nothing but time. */
static int ask_index(struct scan *s, size_t from, size_t to, struct diag *err) {
    uint64_t made = narrow_made(spool_reader_id(s->reader), s->o.decoders);
    struct diag *why = &s->progress.index_why;
    uint32_t *segments = mem_alloc((to - from + 1) * sizeof *segments);
    size_t n = 0;
    int r = segments ? 0 : -ENOMEM;
    narrow_done(&s->narrow); /* what was asked before is read by now */
    for (size_t i = from; i < to && r == 0; i++)
        if (s->parts[i].asks && !s->parts[i].skipped)
            segments[n++] = s->parts[i].segment;
    if (n)
        r = narrow_ask(s->o.index, made, s->search, segments, n, &s->narrow, why);
    mem_free(segments);
    if (r <= 0)
        narrow_done(&s->narrow);
    if (r < 0 && !why->code)
        why->code = r;
    r = 0;
    for (size_t i = from; i < to && r == 0 && s->narrow.n_parts; i++)
        if (s->parts[i].asks && !s->parts[i].skipped)
            r = of_index(s, &s->parts[i], err);
    return r;
}

static int plan_parts(struct scan *s, struct diag *err) {
    uint32_t *segments;
    size_t n;
    int r = spool_reader_segments(s->reader, &segments, &n, err);
    if (r < 0)
        return r;
    struct spool_part oldest;
    if (n && (r = spool_reader_enter(s->reader, segments[0], &oldest, err)) == 0)
        s->progress.begins_ns = oldest.created_ns;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = judge_part(s, segments[s->o.newest_first ? n - 1 - i : i], err);
    mem_free(segments);
    if (r == 0 && s->o.index && !s->o.late)
        r = ask_index(s, 0, s->n, err);
    return r;
}

/* What nothing was asked about yet, when it is come to. */
static int judge_late(struct scan *s, struct part *part, struct diag *err) {
    struct part as = *part;
    bool wanted = true;
    uint64_t before = part->bytes;
    part->late = false;
    int r = judge_by_filter(s, part->segment, &as, &wanted);
    if (r == 0 && !wanted)
        skip(s, part);
    if (r == 0 && wanted && as.to > as.from && as.bytes < part->bytes) {
        *part = as;
        part->late = false;
        reads_less(s, part, before);
    }
    return r == -ENOMEM ? diag_set(err, r, "out of memory") : 0;
}

/* Some of the parts that were not begun, each time twice as many, now with the index as well: who wants the newest may have
 * them long before the oldest is asked about. */
static int judge_next(struct scan *s, struct diag *err) {
    int r = 0;
    s->asked_n = s->asked_n ? 2 * s->asked_n : ASK_STEP;
    s->asked_to = MIN(s->n, s->at + s->asked_n);
    for (size_t i = s->at; i < s->asked_to && r == 0; i++)
        if (s->parts[i].late && !s->parts[i].skipped)
            r = judge_late(s, &s->parts[i], err);
    return r < 0 ? r : ask_index(s, s->at, s->asked_to, err);
}

int scan_over_copy(struct scan_options *o, const struct copies *copies, struct str name, struct diag *reterr) {
    const struct copy *x = name.n ? copies_get(copies, name) : NULL;
    if (!name.n)
        return 0;
    if (!x)
        return diag_set(reterr, copies_changed(copies) ? -EBUSY : -ENOENT, "no such Kizuki is kept here");
    o->spool_dir = x->spool;
    o->filter_dir = x->filters;
    o->copy = str_of(x->name);
    o->index = NULL;
    return 0;
}

int scan_new(const struct scan_options *o, struct scan **ret, struct diag *reterr) {
    CLEANUP(scan_freep) struct scan *s = mem_zalloc(sizeof *s);
    if (!s)
        return diag_set(reterr, -ENOMEM, "out of memory");
    double from = thread_cpu_s();
    s->o = *o;
    s->progress.back_to_ns = TIME_NONE;
    spool_batch_init(&s->batch);
    filter_maker(o->decoders, s->maker);
    int r = registry_init(&s->registry, reterr);
    struct search_options q = {.indicators = o->indicators, .rule = o->rule, .query = o->query, .parts = o->parts, .n_parts = o->n_parts, .from_ns = o->from_ns, .to_ns = o->to_ns,
                               .sources = s->registry.sources, .n_sources = SOURCES_MAX,
                               .decoders = o->decoders, .own_decoders = o->own_decoders};
    if (r == 0)
        r = search_new(&q, &s->search, reterr);
    if (r == 0)
        r = spool_reader_open(o->spool_dir, &s->reader, reterr);
    if (r == 0)
        r = plan_parts(s, reterr);
    s->progress.cpu_s = thread_cpu_s() - from;
    if (r == 0)
        *ret = TAKE_PTR(s);
    return r;
}

/* ---- reading ---- */

static int take(struct scan *s, scan_found_fn *found, void *ctx, struct diag *err) {
    for (size_t i = 0; i < s->batch.n; i++) {
        const struct raw_record *rec = &s->batch.records[i];
        int64_t time_ns;
        int r = registry_take(&s->registry, rec);
        if (r == 0 && (rec->flags & (RAW_SOURCE | RAW_STATE)))
            continue;
        s->progress.at = rec->pos.n + 1;
        if (r == 0 && !records_meet(&s->o, rec->pos.n, rec->pos.n + 1))
            continue;
        s->progress.records += !(rec->flags & RAW_TICK);
        if (r == 0)
            r = search_test(s->search, rec, &time_ns);
        if (r > 0) {
            s->progress.found++;
            r = found(ctx, s->search, rec, time_ns);
        }
        if (r < 0)
            return diag_set(err, r, "cannot go on: %s", err_word(r));
    }
    return 0;
}

static int enter(struct scan *s, struct diag *err) {
    struct spool_part p;
    int r = spool_reader_enter(s->reader, s->parts[s->at].segment, &p, err);
    if (r < 0)
        return r;
    s->parts[s->at].created_ns = p.created_ns;
    search_begin_stream(s->search);
    s->entered = true;
    s->named = 0;
    s->behind = SPOOL_HEADER_BYTES;
    s->behind_n = p.first;
    s->progress.segment = p.segment;
    s->progress.at = p.first;
    s->range = s->parts[s->at].from;
    s->ranges_done = 0;
    return 0;
}

/* Some of the records the index named. What it named wrongly it is not believed any more: from there on all is read. */
static int take_named(struct scan *s, scan_found_fn *found, void *ctx, struct diag *err) {
    struct part *part = &s->parts[s->at];
    const struct narrow_part *named = part->named;
    for (unsigned i = 0; i < NAMED_A_STEP && s->named < named->to - named->from; i++) {
        const struct narrow_place *place = &s->narrow.places[named->from + s->named++];
        int r = spool_reader_take(s->reader, place->at, place->n, &s->batch, &s->behind, NULL);
        if (r == -ERR_CORRUPT) {
            part->named = NULL;
            spool_reader_go_on(s->reader, s->behind, s->behind_n);
            return 1;
        }
        if (r < 0)
            return diag_set(err, r, "cannot read the spool: %s", err_word(r));
        s->behind_n = place->n + 1;
        r = take(s, found, ctx, err);
        if (r < 0)
            return r;
    }
    if (s->named == named->to - named->from) {
        spool_reader_go_on(s->reader, named->at, named->next);
        part->named = NULL;
    }
    s->progress.bytes_done = s->done_before + MIN(s->behind, part->bytes);
    return 1;
}

/* Goes to where the next range begins, or on, when a batch went further than that. 1: there it is read on; 0: that was the
 * last. A range that does not begin with the record its filter says is a lie, and the rest is read. */
static int next_range(struct scan *s, bool first) {
    struct part *part = &s->parts[s->at];
    const struct range *r = &s->ranges[s->range];
    uint64_t offset = spool_reader_offset(s->reader), behind;
    if (!first) {
        s->ranges_done += r->end - r->at;
        if (++s->range == part->to)
            return 0;
        r++;
    }
    if (r->at > offset && spool_reader_take(s->reader, r->at, r->n, &s->batch, &behind, NULL) < 0) {
        part->to = part->from;
        return 1;
    }
    if (r->at > offset)
        spool_reader_go_on(s->reader, r->at, r->n);
    spool_reader_stop_at(s->reader, r->end, r->behind);
    return 1;
}

/* Arrival of the oldest of a segment, from its header: read when it is entered. */
static void looked_through(struct scan *s) {
    if (s->o.newest_first && s->parts[s->at].created_ns != TIME_NONE)
        s->progress.back_to_ns = s->parts[s->at].created_ns;
}

static void leave(struct scan *s) {
    looked_through(s);
    s->done_before += s->parts[s->at].bytes;
    s->progress.bytes_done = s->done_before;
    s->progress.segment = 0;
    s->entered = false;
    s->at++;
}

static int step(struct scan *s, scan_found_fn *found, void *ctx, struct diag *err) {
    struct spool_gap gap;
    if (s->at == s->n)
        return 0;
    if (!s->entered && s->o.index && s->o.late && s->at > 0 && s->at >= s->asked_to) {
        int k = judge_next(s, err);
        if (k < 0)
            return k;
    }
    if (!s->entered && s->parts[s->at].late && !s->parts[s->at].skipped) {
        int k = judge_late(s, &s->parts[s->at], err);
        if (k < 0)
            return k;
    }
    if (s->parts[s->at].skipped) {
        s->at++;
        return s->at < s->n;
    }
    int r = s->entered ? 0 : enter(s, err);
    if (r < 0)
        return r;
    struct part *part = &s->parts[s->at];
    if (part->named)
        return take_named(s, found, ctx, err);
    if (part->to > part->from && spool_reader_offset(s->reader) <= SPOOL_HEADER_BYTES)
        IGNORE(next_range(s, true));
    r = spool_reader_next(s->reader, &s->batch, &gap, err);
    bool inside = spool_reader_in(s->reader) == s->parts[s->at].segment;
    if (r == -ERR_CORRUPT) {
        s->progress.lost += gap.to_number > gap.from_number ? gap.to_number - gap.from_number : 0;
        r = 1;
    } else if (r > 0 && inside) {
        r = take(s, found, ctx, err);
        if (r < 0)
            return r;
        uint64_t offset = spool_reader_offset(s->reader);
        bool ranged = part->to > part->from;
        s->progress.bytes_done = s->done_before + MIN(ranged ? s->ranges_done + offset - s->ranges[s->range].at : offset, part->bytes);
        r = !ranged || (s->batch.n && offset < s->ranges[s->range].end) || next_range(s, false);
    }
    if (r < 0)
        return r;
    if (r == 0 || !inside)
        leave(s);
    return s->at < s->n;
}

int scan_step(struct scan *s, scan_found_fn *found, void *ctx, struct diag *reterr) {
    double from = thread_cpu_s();
    int r = step(s, found, ctx, reterr);
    s->progress.cpu_s += thread_cpu_s() - from;
    return r;
}

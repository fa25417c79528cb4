/* See narrow.h. What a row holds and what a condition asks are made by the functions of this file and of index/row.h
 * alone, so that one puts in what the other asks for. */
#include "app/search/narrow.h"

#include "app/search/filter.h"
#include "app/search/whole.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "decode/decode.h"
#include "detect/expr.h"
#include "index/client.h"
#include "index/sql.h"

#include <stdlib.h>

enum { SCHEMA = 1, ASK_MS = 10000, RUNS_MAX = 8, RANGES_MAX = 256 }; /* ASK_MS: of 100,000,000 rows an address takes it 5 s the first time */

uint64_t narrow_made(const uint8_t spool_id[16], const struct decode_set *decoders) {
    uint8_t maker[FILTER_MAKER_BYTES];
    filter_maker(decoders, maker);
    return hash_fast(str_n((const char *) spool_id, 16), hash_fast(str_n((const char *) maker, sizeof maker), SCHEMA));
}

/* ---- rows ---- */

static bool may_be_ip(struct str s) {
    char c = s.n ? ascii_lower(s.p[0]) : 0;
    return s.n >= 2 && s.n < IP_CAP && (ascii_digit(c) || c == ':' || (c >= 'a' && c <= 'f'));
}

static void add_field(struct index_row *row, uint32_t id, struct str value, bool in_line) {
    struct ip ip;
    if (id == EVENT_F_HOST_NAME)
        index_row_host(row, value);
    else if (id == EVENT_F_USER_NAME)
        index_row_user(row, value);
    if (may_be_ip(value) && ip_parse(value, &ip) == 0)
        index_row_ip(row, &ip);
    if (!in_line)
        index_row_text(row, value);
}

void narrow_row(struct index_row *row, const struct whole_folded *e) {
    struct ip ip;
    index_row_text(row, e->line.normal);
    if (e->line.variants.p != e->line.normal.p)
        index_row_text(row, e->line.variants);
    for (uint32_t i = 0; i < e->ev->n; i++) {
        uint32_t id = e->ev->fields[i].id;
        const struct whole_text *f = &e->fields[i];
        if (id == EVENT_F_EVENT_ORIGINAL)
            continue;
        bool named = id == EVENT_F_HOST_NAME || id == EVENT_F_USER_NAME;
        /* what stands in the line was looked at there, but for addresses without dots */
        if (f->in_line && !named && text_is_ascii(f->raw)) {
            if (may_be_ip(f->raw) && str_find_byte(f->raw, ':', 0) >= 0 && ip_parse(f->raw, &ip) == 0)
                index_row_ip(row, &ip);
            continue;
        }
        add_field(row, id, f->normal, f->in_line);
        if (f->variants.p != f->normal.p)
            add_field(row, id, f->variants, f->in_line);
    }
    int64_t t = e->ev->time_ns;
    row->time_s = t / NS_PER_S - (t % NS_PER_S < 0);
    row->source = e->ev->raw->source;
}

/* ---- conditions ---- */

static void text_conds(struct str text, struct index_cond *ret, size_t *n) {
    for (size_t i = 0; i < text.n && *n < RUNS_MAX;) {
        size_t from = i;
        while (i < text.n && (unsigned char) text.p[i] >= 0x80)
            i++;
        if (i > from)
            ret[(*n)++] = (struct index_cond){.kind = INDEX_TEXT, .text = str_n(text.p + from, i - from)};
        else
            i++;
    }
}

/* A whole value or whole words: what may be an address, a digest or a name. */
static bool whole_cond(const struct detect_item *it, struct index_cond *ret) {
    bool exact = it->op == DETECT_OP_EXACT && it->field.n;
    bool words = it->op == DETECT_OP_CONTAINS && it->word_begins && it->word_ends;
    struct ip ip;
    if (!exact && !words)
        return false;
    if (ip_is_dotted_quad(it->text) && ip_parse(it->text, &ip) == 0)
        *ret = (struct index_cond){.kind = INDEX_NET, .net = ip_prefix_of(&ip, 32)};
    else if (index_digest(it->text, &ret->digest))
        ret->kind = INDEX_HASH;
    else if (exact && str_eq(it->field, STR("host.name")))
        *ret = (struct index_cond){.kind = INDEX_HOST, .text = it->text};
    else if (exact && str_eq(it->field, STR("user.name")))
        *ret = (struct index_cond){.kind = INDEX_USER, .text = it->text};
    else
        return false;
    return true;
}

/* 1: *ret says it; 0: the index has no column for it. */
static int item_cond(struct arena *a, const struct detect_item *it, struct index_cond *ret) {
    struct index_cond all[RUNS_MAX + 1] = {{0}};
    size_t n = 0;
    if (str_eq(it->field, STR("@timestamp")) || it->cased || it->unicode || it->number)
        return 0;
    if (it->op == DETECT_OP_CIDR) {
        *ret = (struct index_cond){.kind = INDEX_NET, .net = it->net};
        return 1;
    }
    if (it->op > DETECT_OP_GLOB)
        return 0;
    if (whole_cond(it, &all[0]))
        n = 1;
    else if (it->op == DETECT_OP_GLOB)
        for (uint32_t i = 0; i < it->n_pieces; i++)
            text_conds(it->pieces[i].lit, all, &n);
    else
        text_conds(it->text, all, &n);
    if (!n)
        return 0;
    *ret = all[0];
    if (n > 1) {
        struct index_cond *sub = arena_alloc(a, n * sizeof *sub);
        if (!sub)
            return -ENOMEM;
        memcpy(sub, all, n * sizeof *sub);
        *ret = (struct index_cond){.kind = INDEX_ALL, .n = n, .sub = sub};
    }
    return 1;
}

static int cond_of(struct arena *a, const struct detect_expr *e, struct index_cond *ret) {
    if (e->kind == DETECT_NOT)
        return 0;
    if (e->kind == DETECT_ITEM)
        return item_cond(a, e->item, ret);
    struct index_cond *sub = arena_alloc(a, e->n * sizeof *sub);
    size_t n = 0;
    if (!sub)
        return -ENOMEM;
    for (uint32_t i = 0; i < e->n; i++) {
        int r = cond_of(a, e->sub[i], &sub[n]);
        if (r < 0 || (r == 0 && e->kind == DETECT_OR))
            return r;
        n += r == 1;
    }
    *ret = (struct index_cond){.kind = e->kind == DETECT_AND ? INDEX_ALL : INDEX_ANY, .n = n, .sub = sub};
    return n > 0;
}

/* With the times, when there are some. */
int narrow_condition(struct arena *a, const struct search *s, struct index_cond *ret) {
    const struct search_options *o = search_bounds(s);
    struct index_cond *sub = arena_zalloc(a, 2 * sizeof *sub);
    bool timed = o->from_ns != TIME_NONE || o->to_ns != TIME_NONE;
    int r = sub ? cond_of(a, search_condition(s), &sub[0]) : -ENOMEM;
    if (r < 0 || (r == 0 && !timed))
        return r;
    sub[r] = (struct index_cond){.kind = INDEX_TIME, .from_s = o->from_ns != TIME_NONE ? o->from_ns / NS_PER_S - 1 : INT64_MIN / NS_PER_S,
                                 .to_s = o->to_ns != TIME_NONE ? o->to_ns / NS_PER_S + 1 : INT64_MAX / NS_PER_S};
    *ret = (struct index_cond){.kind = INDEX_ALL, .n = (size_t) r + timed, .sub = sub};
    return 1;
}

/* ---- answers ---- */

void narrow_init(struct narrow *n) {
    *n = (struct narrow){0};
}

void narrow_done(struct narrow *n) {
    mem_free(n->parts);
    mem_free(n->places);
    narrow_init(n);
}

struct row {
    struct index_found f;
};

static int by_place(const void *pa, const void *pb) {
    const struct row *a = pa, *b = pb;
    if (a->f.segment != b->f.segment)
        return a->f.segment < b->f.segment ? -1 : 1;
    bool am = a->f.kind == INDEX_MARK, bm = b->f.kind == INDEX_MARK;
    if (am != bm)
        return am ? -1 : 1;
    return a->f.n < b->f.n ? -1 : a->f.n > b->f.n;
}

/* A mark begins a part; places without one stand in no covered segment. */
static int sort_out(struct narrow *n, const struct row *rows, size_t n_rows) {
    struct narrow_part *part = NULL;
    for (size_t i = 0; i < n_rows; i++) {
        const struct index_found *f = &rows[i].f;
        int r;
        if (f->kind == INDEX_MARK) {
            part = NULL;
            if (f->rough || f->width != f->next - f->n) /* times to be guessed, or a piece is missing */
                continue;
            r = mem_grow((void **) &n->parts, &n->parts_cap, n->n_parts + 1, UINT32_MAX, sizeof *n->parts);
            if (r < 0)
                return r;
            part = &n->parts[n->n_parts++];
            *part = (struct narrow_part){.segment = f->segment, .first = f->n, .next = f->next, .at = f->place, .from = n->n_places, .to = n->n_places};
            continue;
        }
        if (!part || part->segment != f->segment || f->n < part->first || f->n >= part->next ||
            (part->to > part->from && n->places[part->to - 1].n == f->n))
            continue;
        r = mem_grow((void **) &n->places, &n->places_cap, n->n_places + 1, UINT32_MAX, sizeof *n->places);
        if (r < 0)
            return r;
        n->places[n->n_places++] = (struct narrow_place){f->n, f->place};
        part->to = n->n_places;
        part->candidates += f->kind == INDEX_EVENT;
    }
    return 0;
}

static int read_answer(struct narrow *n, struct str answer) {
    size_t count = answer.n / INDEX_FOUND_BYTES;
    struct row *rows = mem_zalloc_array(count + 1, sizeof *rows);
    int r = rows ? answer.n % INDEX_FOUND_BYTES ? -ERR_CORRUPT : 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = index_found_read(answer, i * INDEX_FOUND_BYTES, &rows[i].f);
    if (r == 0) {
        qsort(rows, count, sizeof *rows, by_place);
        r = sort_out(n, rows, count);
    }
    mem_free(rows);
    return r;
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
    return (x > y) - (x < y);
}

/* Segments side by side are one range, and so are those with few others between when there are too many ranges. */
static size_t ranges_of(uint32_t *segments, size_t n, struct index_range ret[RANGES_MAX]) {
    size_t k = RANGES_MAX + 1;
    qsort(segments, n, sizeof *segments, ascending);
    for (uint64_t gap = 1; k > RANGES_MAX; gap *= 2) {
        k = 0;
        for (size_t i = 0; i < n && k <= RANGES_MAX; i++)
            if (k && segments[i] - ret[k - 1].last <= gap)
                ret[k - 1].last = segments[i];
            else if (k++ < RANGES_MAX)
                ret[k - 1] = (struct index_range){segments[i], segments[i]};
    }
    return k;
}

int narrow_ask(struct index_client *c, uint64_t made, const struct search *s, uint32_t *segments, size_t n_segments, struct narrow *n,
               struct diag *reterr) {
    struct index_range ranges[RANGES_MAX];
    size_t n_ranges = ranges_of(segments, n_segments, ranges);
    struct index_cond cond;
    struct arena a;
    struct buf statement, answer;
    arena_init(&a, (size_t) 64 << 20);
    buf_init(&statement, INDEX_STATEMENT_BYTES_MAX);
    buf_init(&answer, INDEX_ANSWER_BYTES_MAX);
    int r = narrow_condition(&a, s, &cond);
    if (r == 1) {
        index_sql_find(&statement, made, &cond, ranges, n_ranges, INDEX_POSITIONS_MAX + 1);
        r = buf_error(&statement) < 0 ? 0 : 1; /* a longer one than the index takes */
    }
    if (r == 1) {
        r = index_client_run(c, buf_str(&statement), STR(""), ASK_MS, &answer, reterr);
        if (r == 0)
            r = answer.n / INDEX_FOUND_BYTES > INDEX_POSITIONS_MAX ? 0 : (r = read_answer(n, buf_str(&answer))) < 0
                    ? diag_set(reterr, r, "what the index answers cannot be read: %s", err_word(r)) : 1;
    }
    buf_done(&statement);
    buf_done(&answer);
    arena_done(&a);
    return r;
}

const struct narrow_part *narrow_find(const struct narrow *n, uint32_t segment, uint64_t first) {
    size_t lo = 0, hi = n->n_parts;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (n->parts[mid].segment < segment)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n->n_parts && n->parts[lo].segment == segment && n->parts[lo].first == first ? &n->parts[lo] : NULL;
}

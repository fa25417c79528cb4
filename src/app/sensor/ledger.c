/* See ledger.h. */
#include "app/sensor/ledger.h"

#include "base/image.h"
#include "base/mem.h"
#include "base/text.h"

enum { HALF_HOUR_S = 1800 };

void ledger_done(struct ledger *l) {
    mem_free(l->rows);
    sequence_done(&l->sequence);
    *l = (struct ledger){0};
}

/* Moves the window so that its newest slot is the half hour `slot`. */
static void turn_to(struct ledger_row *r, int64_t slot) {
    int64_t ahead = slot - r->slot_start;
    if (ahead <= 0)
        return;
    size_t drop = (size_t) MIN(ahead, (int64_t) LEDGER_SLOTS);
    memmove(r->slots, r->slots + drop, (LEDGER_SLOTS - drop) * sizeof r->slots[0]);
    memset(r->slots + (LEDGER_SLOTS - drop), 0, drop * sizeof r->slots[0]);
    r->slot_start = slot;
}

static int have_rows(struct ledger *l, size_t n) {
    int e = mem_grow((void **) &l->rows, &l->cap, n, SOURCES_MAX, sizeof *l->rows);
    for (; e == 0 && l->n < n; l->n++)
        l->rows[l->n] = (struct ledger_row){.first_ns = TIME_NONE, .last_ns = TIME_NONE};
    return e;
}

int ledger_count(struct ledger *l, const struct raw_record *rec) {
    if (rec->flags & (RAW_TICK | RAW_SOURCE | RAW_STATE))
        return 0;
    int e = have_rows(l, (size_t) rec->source + 1);
    if (e < 0)
        return e;
    struct ledger_row *r = &l->rows[rec->source];
    r->lines++;
    r->bytes += rec->bytes.n;
    r->oversize += (rec->flags & RAW_PIECE_LAST) != 0;
    r->truncated += (rec->flags & RAW_TRUNCATED) != 0;
    r->backfill += (rec->flags & RAW_BACKFILL) != 0;
    if (r->first_ns == TIME_NONE)
        r->first_ns = rec->arrival_ns;
    r->last_ns = MAX(r->last_ns, rec->arrival_ns);
    if (!(rec->flags & RAW_BACKFILL)) /* old lines arrive all at once */
        rhythm_arrival(&r->rhythm, rec->arrival_ns, l->offset_min);
    int64_t slot = rec->arrival_ns / NS_PER_S / HALF_HOUR_S;
    turn_to(r, slot);
    int64_t back = r->slot_start - slot;
    if (back < LEDGER_SLOTS)
        r->slots[LEDGER_SLOTS - 1 - back]++;
    return sequence_note(&l->sequence, rec);
}

static void row_image(struct ledger_row *r, struct image *x) {
    uint64_t *counts[] = {&r->lines, &r->bytes, &r->oversize, &r->truncated, &r->backfill};
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
        image_u64(x, counts[i]);
    image_i64(x, &r->first_ns);
    image_i64(x, &r->last_ns);
    image_i64(x, &r->slot_start);
    for (size_t i = 0; i < LEDGER_SLOTS; i++)
        image_u64(x, &r->slots[i]);
    rhythm_image(&r->rhythm, x);
    image_u32(x, &r->told.quiet);
    image_i64(x, &r->told.quiet_from_ns);
    image_u64(x, &r->told.lost);
    image_u64(x, &r->told.unparsed);
    image_i64(x, &r->told.skew_ms);
    image_u64(x, &r->told.cp932);
    image_u64(x, &r->told.euc_jp);
}

void ledger_image(struct ledger *l, struct image *x) {
    size_t n = l->n;
    image_size(x, &n, SOURCES_MAX);
    int e = x->reading ? have_rows(l, n) : 0;
    if (e < 0)
        image_fail(x, e);
    for (size_t i = 0; i < n && !x->error; i++)
        row_image(&l->rows[i], x);
    sequence_image(&l->sequence, x);
}

/* CP932 or EUC-JP, as most of its lines were read; 0: there is nothing to change. It takes twenty lines and four times as many
 * as of the other to be told, a hundred to be changed: one line that looks like the other changes nothing. */
int ledger_usual_encoding(struct ledger_row *r, int usual, const struct engine_source *seen) {
    uint64_t cp932 = seen->cp932 - MIN(r->told.cp932, seen->cp932), euc = seen->euc_jp - MIN(r->told.euc_jp, seen->euc_jp);
    bool euc_more = euc > cp932;
    int now = euc_more ? TEXT_EUC_JP : TEXT_CP932;
    uint64_t most = MAX(cp932, euc), least = MIN(cp932, euc);
    bool enough = most >= (usual ? 100 : 20) && most / 4 >= least;
    if (enough || (usual && now == usual)) { /* counted from here on */
        r->told.cp932 = seen->cp932;
        r->told.euc_jp = seen->euc_jp;
    }
    return enough && now != usual ? now : 0;
}

static int by_error(const void *a, const void *b) {
    const struct clock_host *x = *(const struct clock_host *const *) a, *y = *(const struct clock_host *const *) b;
    int64_t dx = x->skew_ns < 0 ? -x->skew_ns : x->skew_ns, dy = y->skew_ns < 0 ? -y->skew_ns : y->skew_ns;
    return dx != dy ? (dx < dy) - (dx > dy) : str_cmp(x->host, y->host);
}

/* The machines that speak through it, the worst clock first. */
static void write_clocks(const struct clock_source *c, struct jsonw *out) {
    const struct clock_host *sorted[CLOCK_HOSTS_MAX];
    size_t n = c ? c->n : 0;
    for (size_t i = 0; i < n; i++)
        sorted[i] = &c->at[i];
    qsort(sorted, n, sizeof *sorted, by_error);
    jsonw_key(out, STR("clocks"));
    jsonw_array(out);
    for (size_t i = 0; i < n; i++) {
        jsonw_object(out);
        jsonw_kstr(out, "host", sorted[i]->host);
        jsonw_ki64(out, "skew_ms", sorted[i]->skew_ns / NS_PER_MS);
        jsonw_ktime(out, "at", sorted[i]->at_ns);
        jsonw_end(out);
    }
    jsonw_end(out);
    jsonw_ku64(out, "clocks_forgotten", c ? c->forgotten : 0);
}

static void write_row(const struct ledger *l, struct ledger_row *r, const struct source *s,
                      const struct engine_source *seen, const struct clock_source *clocks, struct intake_counters counters,
                      int64_t now_ns, struct jsonw *out) {
    turn_to(r, now_ns / NS_PER_S / HALF_HOUR_S);
    jsonw_object(out);
    jsonw_ku64(out, "id", s->id);
    jsonw_kstr(out, "name", s->name);
    jsonw_kstr(out, "kind", s->kind);
    jsonw_kstr(out, "path", s->path);
    jsonw_kstr(out, "service", s->service);
    jsonw_kstr(out, "host", s->host);
    jsonw_ktime(out, "first_seen", r->first_ns);
    jsonw_ktime(out, "last_seen", r->last_ns);
    jsonw_ku64(out, "lines", r->lines);
    jsonw_ku64(out, "bytes", r->bytes);
    jsonw_ku64(out, "oversize", r->oversize);
    jsonw_ku64(out, "lost", r->truncated + counters.lost);
    jsonw_ku64(out, "broken", counters.broken);
    jsonw_ku64(out, "again", counters.again);
    jsonw_ku64(out, "backfill", r->backfill);
    jsonw_ku64(out, "unparsed", seen ? seen->unparsed : 0);
    jsonw_ku64(out, "broken_text", seen ? seen->broken_text : 0);
    int encoding = s->encoding >= 0 ? s->encoding : s->usual;
    if (s->encoding >= 0 || s->usual)
        jsonw_kz(out, "encoding", text_encoding_to_string((enum text_encoding) encoding));
    jsonw_kbool(out, "encoding_pinned", s->encoding >= 0);
    uint64_t missed = rhythm_missed(&r->rhythm, now_ns, l->offset_min);
    uint32_t interval = rhythm_interval_s(&r->rhythm, now_ns, l->offset_min);
    if (interval)
        jsonw_ku64(out, "interval_s", interval);
    jsonw_kbool(out, "silent", missed >= RHYTHM_MISSED);
    jsonw_ki64(out, "skew_ms", seen ? seen->skew_ns / NS_PER_MS : 0);
    write_clocks(clocks, out);
    if (seen && seen->decoder[0])
        jsonw_kz(out, "decoder", seen->decoder);
    jsonw_key(out, STR("kinds"));
    jsonw_object(out);
    for (int k = 0; seen && k < LOG_KIND_MAX_; k++)
        if (seen->kinds_ns[k])
            jsonw_ktime(out, log_kind_to_string((enum log_kind) k), seen->kinds_ns[k]);
    jsonw_end(out);
    jsonw_ktime(out, "first_event", seen ? seen->first_ns : TIME_NONE);
    jsonw_ktime(out, "last_event", seen ? seen->last_ns : TIME_NONE);
    jsonw_key(out, STR("slots"));
    jsonw_array(out);
    for (int i = 0; i < LEDGER_SLOTS; i++)
        jsonw_u64(out, r->slots[i]);
    jsonw_end(out);
    jsonw_key(out, STR("unparsed_at"));
    jsonw_array(out);
    for (int i = 0; seen && i < 3; i++)
        if (seen->unparsed_at[i])
            jsonw_u64(out, seen->unparsed_at[i]);
    jsonw_end(out);
    jsonw_end(out);
}

/* Canaries come from nowhere, and what the ledger says is said of others. */
bool ledger_shows(const struct source *s) {
    return s->id && !str_eq_z(s->kind, "canary") && !str_eq_z(s->kind, "own");
}

void ledger_write(struct ledger *l, const struct source *sources, size_t n_sources,
                  const struct engine_source *seen, size_t n_seen, struct clocks *clocks,
                  const struct intake_live *live, int64_t now_ns, struct ledger_page *page, struct jsonw *out) {
    struct ledger_row none = {.first_ns = TIME_NONE, .last_ns = TIME_NONE};
    uint64_t total = 0;
    size_t i = page->next;
    jsonw_object(out);
    jsonw_kz(out, "t", "sources");
    jsonw_ktime(out, "at", now_ns);
    jsonw_ku64(out, "from", page->before);
    jsonw_key(out, STR("sources"));
    jsonw_array(out);
    for (; i < n_sources && out->out->n <= LEDGER_BYTES_MAX; i++) {
        struct ledger_row copy = none;
        struct intake_counters counters = {0};
        if (!ledger_shows(&sources[i]))
            continue;
        if (live)
            counters = intake_live_counters(live, (uint32_t) i);
        write_row(l, i < l->n ? &l->rows[i] : &copy, &sources[i], i < n_seen ? &seen[i] : NULL,
                  clocks ? clocks_of(clocks, (uint32_t) i) : NULL, counters, now_ns, out);
        page->before++;
    }
    jsonw_end(out);
    for (size_t k = 0; k < n_sources; k++)
        total += ledger_shows(&sources[k]);
    jsonw_ku64(out, "total", total);
    jsonw_end(out);
    *page = i < n_sources ? (struct ledger_page){i, page->before} : (struct ledger_page){0};
}

/* The ledger of sources: what arrived from each, counted from the spool's own records and kept with
 * the sensor's state, so that a restart counts on. */
#pragma once
#include "app/engine/clocks.h"
#include "app/engine/engine.h"
#include "app/sensor/rhythm.h"
#include "app/sensor/sequence.h"
#include "base/json.h"
#include "base/limits.h"
#include "intake/live.h"

enum {
    LEDGER_SLOTS = 48, /* of half an hour: a day */
    LEDGER_CLOCK_BYTES = 6 * CLOCK_HOST_BYTES_MAX + 96, /* one machine's clock, its name all escapes */
    LEDGER_BYTES_MAX = /* a row's texts, all of them escaped, and its clocks */
        FRAME_BYTES_MAX - 7 * 4 * SOURCE_TEXT_BYTES_MAX - CLOCK_HOSTS_MAX * LEDGER_CLOCK_BYTES,
};
struct ledger_row {
    uint64_t lines, bytes, oversize, truncated, backfill;
    int64_t first_ns, last_ns;    /* arrival */
    int64_t slot_start;           /* half hours since 1970 of the newest slot */
    uint64_t slots[LEDGER_SLOTS]; /* oldest first */
    struct rhythm rhythm;
    struct ledger_told {
        uint32_t quiet;     /* steps of the silence that goes on */
        int64_t quiet_from_ns;
        uint64_t lost;      /* lines */
        uint64_t wiped;     /* files, since the program began: intake counts anew, too */
        uint64_t unparsed;
        int64_t skew_ms;
        uint64_t cp932, euc_jp; /* lines when its usual encoding was looked at last */
    } told; /* in events of the ledger, see ledger_voice.h */
};
struct ledger {
    struct ledger_row *rows; /* by source id */
    size_t n, cap;
    int offset_min; /* of the hours of the week */
    struct sequence sequence; /* numbers logs give their records */
};
void ledger_done(struct ledger *l);
int ledger_count(struct ledger *l, const struct raw_record *rec) MUST_USE;
int ledger_usual_encoding(struct ledger_row *r, int usual, const struct engine_source *seen);
bool ledger_shows(const struct source *s); /* others have no row on the page and are not watched */
struct image;
void ledger_image(struct ledger *l, struct image *x);
/* One page of the {"t":"sources",…} message: as many rows as one frame takes (about a thousand),
 * from *page on, which moves behind them and back to the first after the last. "from" counts the
 * rows of the pages before, "total" all. sources by id; seen: engine_sources; clocks: engine_clocks; live and clocks may be
 * NULL. */
struct ledger_page {
    size_t next;     /* source id */
    uint64_t before; /* rows of the pages before */
};
void ledger_write(struct ledger *l, const struct source *sources, size_t n_sources,
                  const struct engine_source *seen, size_t n_seen, struct clocks *clocks,
                  const struct intake_live *live, int64_t now_ns, struct ledger_page *page, struct jsonw *out);

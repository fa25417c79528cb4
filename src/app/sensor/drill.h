/* A lesson's story told live, as a drill: its lines go the way of real ones at the speed of life, with the times of now, marked in every record
 * (RAW_DRILL). Drills have a correlator of their own, so nothing simulated counts together with what is real; the case it opens is marked, its
 * acts are ordered as dry runs, and messages go only by ways that let drills out. Canaries wait meanwhile. A restart ends it. */
#pragma once
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"

enum { DRILL_HOURS_MAX = 6, DRILL_SOURCES_MAX = REPLAY_SOURCES_MAX, DRILL_LINES_AT_ONCE = 20000 };
struct drill {
    struct pack_replay *story; /* NULL: none is under way */
    char pack[72];
    int64_t started_ns, ends_ns;
    uint64_t lines;
    uint32_t sources[DRILL_SOURCES_MAX];
    bool begun;                /* its first moment has come */
    bool has_line;             /* one waits for its time */
    int64_t line_ns;
    uint32_t line_source;
    struct str line;           /* the story's, until the next is taken */
};
struct sensor;
/* pack: the id of a shipped lesson. -EBUSY while one is under way. */
int drill_begin(struct sensor *s, struct str pack, struct diag *reterr) MUST_USE;
void drill_end(struct sensor *s);
void drill_tick(struct sensor *s);
/* null, or {"pack","started","ends","lines"} */
void drill_write(const struct drill *d, struct jsonw *w);

/* Rules over what the spool holds, to see what they would have said: for drafts, exceptions, suppressions.
 * Nothing is told to anybody. Reads only; any number may run beside a sensor, each in one thread. */
#pragma once
#include "app/engine/engine.h"
#include "base/map.h"

struct backtest_rule {
    struct str id, title;
    uint64_t findings;
    char first[3][240]; /* of the first findings, in words: time and group */
};
/* How far one run, or several in a row, have come, and whether somebody wants them to end: written by one thread, read by
 * another (__atomic). */
struct backtest_watch {
    uint64_t looked, first; /* records; number of the first one, 0 until it was read */
    uint64_t runs;          /* how often everything is read in all */
    bool stop;
    int64_t since_ns;       /* records that arrived before are passed over; 0: none are. Set before it begins */
};
struct backtest {
    struct arena arena;
    struct map by_rule; /* id -> struct backtest_rule * */
    uint64_t events, bytes, findings;
    uint64_t hidden_events, hidden_findings, held_back;
    int64_t first_ns, last_ns; /* arrival; TIME_NONE: nothing stored */
    double wall_s, cpu_s;
    uint32_t rules; /* that were run */
    struct backtest_watch *watch; /* kept by backtest_run; NULL: nobody looks */
};
/* o: as for a running engine (sources are taken from the spool). A folder that is missing holds nothing. */
int backtest_run(const char *spool_dir, const struct engine_options *o, struct backtest *ret,
                 struct diag *reterr) MUST_USE;
void backtest_done(struct backtest *b);
const struct backtest_rule *backtest_rule(const struct backtest *b, struct str id);

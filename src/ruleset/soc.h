/* Canaries through somebody else's watch (an outsourced SOC): simulated lines are put where its sensors read, and the
 * call that has to follow is waited for. DATA/rules/soc.json holds who watches, and each canary with what became of it.
 *
 *   socs: [{name, to, within_s, phone}]     to: file:/PATH (appended), udp:HOST:PORT or tcp:HOST:PORT (syslog)
 *   runs: [{token, soc, rule, title, sent_ms, due_ms, answered_ms, by, note}]   newest last, at most SOC_RUNS_MAX
 *
 * waiting until due; answered in time; late: answered after it was due; none: due and not answered. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum { SOC_RUNS_MAX = 500, SOC_TOKEN_CAP = 16 };
struct soc {
    struct str name, to, phone;
    int64_t within_ns;
};
struct soc_run {
    struct str token, soc, rule, title, by, note;
    int64_t sent_ns, due_ns, answered_ns; /* answered: TIME_NONE until somebody typed it in */
};
struct soc_book {
    struct arena arena;
    struct soc *socs;
    struct soc_run *runs;
    size_t n_socs, n_runs, socs_cap, runs_cap;
};
int soc_load(const char *data, struct soc_book *ret, struct diag *reterr) MUST_USE; /* no file: an empty book */
void soc_done(struct soc_book *b);
/* The rest with the lock of store.h. */
int soc_save(const char *data, const struct soc_book *b, struct diag *reterr) MUST_USE;
int soc_put(struct soc_book *b, const struct soc *s, struct diag *reterr) MUST_USE; /* adds or replaces; texts are borrowed */
/* What was sent to it stays in the book. -ENOENT. */
int soc_drop(struct soc_book *b, struct str name, struct diag *reterr) MUST_USE;
const struct soc *soc_find(const struct soc_book *b, struct str name);
int soc_begin(struct soc_book *b, const struct soc_run *run, struct diag *reterr) MUST_USE;
/* The call that came: -ENOENT for an unknown token, -EEXIST when it was answered before. */
int soc_answer(struct soc_book *b, struct str token, struct str by, struct str note, int64_t now_ns,
               struct diag *reterr) MUST_USE;
const char *soc_run_state(const struct soc_run *r, int64_t now_ns); /* waiting, answered, late, none */

/* Another engine, made ready beside the one that runs: for other rules without losing or repeating an event.
 *
 *   thread      loads the rules, reads the spool up to where the pump stood, telling nobody
 *   main loop   reads the few records since then, in slices, and hands over at one record exactly
 *
 * What the new engine knows when it takes over is what it would know had it run all the time, because findings
 * depend on records and rules alone. So the rules that did not change go on byte for byte, with every open
 * window, and new ones see what is going on already. */
#pragma once
#include "app/engine/engine.h"

struct warm;
struct warm_options {
    const char *spool_dir;
    struct engine_options engine; /* its paths must live until the warm engine was taken or freed */
    uint64_t upto;                /* the thread reads this far */
    int64_t now_ns, open_since;   /* and begins with what can still matter (engine_reach); TIME_NONE: nothing was read */
};
int warm_begin(const struct warm_options *o, struct warm **ret, struct diag *reterr) MUST_USE;
void warm_free(struct warm *w); /* waits for the thread; NULL allowed */
/* 0: the thread is at work, 1: ready, negative: it failed and *reterr says why. */
int warm_state(struct warm *w, struct diag *reterr) MUST_USE;
/* When ready: looks on, for about slice_ns. 1: it stands exactly at `last`, 0: more to do, negative. */
int warm_step(struct warm *w, uint64_t last, int64_t slice_ns, struct diag *reterr) MUST_USE;
/* From now on findings go to the sink, also those that go over from the engine that ran. */
void warm_speak(struct warm *w, struct finding_sink sink);
struct engine *warm_engine(struct warm *w);
/* The parts; the warm engine's sink stays the caller's w, which is freed after the engine. */
void warm_take(struct warm *w, struct engine **ret_engine, struct engine_lane **ret_lane,
               struct engine_batch **ret_batch, struct engine_stream *ret_stream);

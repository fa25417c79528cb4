/* The one way from records to findings, used by hunt (files) and by the sensor (the spool).
 *
 *   lane (a thread each)      records -> decode -> match     any number side by side, each batch whole
 *   engine_consume (ordered)  what matched -> correlate -> finding_sink
 *
 * The same records in the same order give the same findings, byte for byte, whatever the number of lanes
 * and wherever batches are cut: a lane keeps nothing from one batch to the next that could change a result,
 * and clock steps (at most one a second of event time) are taken in the ordered part. */
#pragma once
#include "app/engine/kinds.h"
#include "event/port.h"

struct detect_rule;
struct detect_rules;
struct jsonw;
struct indicator_set;

struct engine_options {
    const char *const *rule_paths; /* NULL: the shipped rules */
    size_t n_rule_paths;
    const char *const *decoder_paths; /* files and folders of decoders beside the shipped ones */
    size_t n_decoder_paths;
    const char *statistics;        /* what events are like, for speed only (detect/statistics.h); NULL: the shipped ones */
    const struct source *sources;  /* index = raw_record.source; [0] is the unknown source */
    size_t n_sources;
    bool parse_only;               /* read, unescape and look up every field a rule can ask for; nothing else */
    bool keep_all;                 /* also fields no rule asks for */
    /* In place of correlations and findings: the place of every event that matched, in order, with its rules (their
     * index in engine_rules). */
    int (*match)(void *ctx, const struct event_pos *pos, const uint32_t *hits, uint32_t n_hits);
    void *match_ctx;
    const char *suppress_path;     /* DATA/rules/suppress.yml (overlay.h); NULL: nothing is held back */
    const char *tightened_path;    /* DATA/rules/tightened.json (tightened.h); NULL: nothing is watched more closely */
    const char *const *watched_paths; /* folders among rule_paths: what their rules find is marked as watched only */
    size_t n_watched_paths;
    bool ignore_until;             /* exceptions hide whatever the day */
    bool indicators;               /* fields that indicators are looked up in are read, so that engine_use_indicators may be called */
    struct indicator_set *indicator_set; /* as if it had been called with it; NULL: none yet */
    /* false: nobody asks for the findings of this rule, nor does a rule that is wanted need it; NULL: all are wanted */
    bool (*wants)(void *ctx, const struct detect_rules *set, const struct detect_rule *rule);
    void *wants_ctx;
};
struct engine_stats {
    uint64_t events, unparsed, findings;
    uint64_t groups_evicted, values_dropped; /* by the limits of correlation state */
    uint32_t rules, rules_refused;           /* without exceptions, which are kept as rules */
    double load_cpu_s;
};
/* What decoding saw of one source. */
struct engine_source {
    uint64_t events, unparsed, broken_text, arrival_basis; /* arrival_basis: its own time was not believed */
    uint64_t cp932, euc_jp;        /* lines that were read so */
    int64_t first_ns, last_ns;     /* event times, TIME_NONE when none */
    int64_t skew_ns;               /* last event's own time minus arrival; 0 for backfill */
    bool skewed;                   /* an event of this batch (of any, in the sums) told it */
    uint64_t unparsed_at[3];       /* positions of the latest unparsed records; 0 = none */
    char decoder[24];              /* what understood its lines last */
    int64_t kinds_ns[LOG_KIND_MAX_]; /* when lines of each kind of log came last (kinds.h); 0: never */
};
struct engine;
struct engine_lane;
struct engine_batch; /* one batch of records and what matched in it */

int engine_new(const struct engine_options *o, struct finding_sink sink, struct engine **ret,
               struct diag *reterr) MUST_USE;
struct engine *engine_free(struct engine *e);
DEFINE_CLEANUP(struct engine *, engine_free)
/* Rules that were refused, each with its diag, in the order of reading. */
void engine_each_refused(const struct engine *e, void (*row)(void *ctx, const struct diag *d), void *ctx);
/* Decoders that were refused, in the order of reading; NULL behind the last. */
const struct diag *engine_decoder_refused(const struct engine *e, size_t i);
/* Refuses a source whose forced decoder does not exist. */
int engine_check_source(const struct engine *e, const struct source *s, struct diag *reterr) MUST_USE;
/* The shipped decoders and those of `more`, later ones taking the place of earlier ones of the same name. */
struct decode_set;
int engine_decoders(const char *const *more, size_t n, struct decode_set **ret, struct diag *reterr) MUST_USE;
const struct detect_rules *engine_rules(const struct engine *e);
/* Sources by id; *ret_n is one more than the highest id seen. Valid until the next consume. */
const struct engine_source *engine_sources(const struct engine *e, size_t *ret_n);
/* The clocks of the machines that speak through them (clocks.h). */
struct clocks *engine_clocks(struct engine *e);
/* The times of one record: its own, ours, and the one it is put at. */
struct engine_times {
    int64_t at_ns, device_ns, arrived_ns; /* device: TIME_NONE where it says none */
    bool live; /* else arrival says when it was read, and nothing of a clock */
};
int engine_times(struct engine_lane *l, const struct raw_record *rec, struct engine_times *ret) MUST_USE;
/* One line as `kizuki rule explain` and the pages show it: decoder, fields, which rules match and why.
 * `only`: this rule alone, also when it is silent; NULL: all that matched or nearly did. */
int engine_explain(struct engine_lane *l, const struct raw_record *rec, const struct detect_rule *only,
                   struct jsonw *out) MUST_USE;
/* The same of an event that is decoded already (a rule's sample); its names are engine_names. */
int engine_explain_event(struct engine_lane *l, const struct event *ev, const struct detect_rule *only,
                         struct jsonw *out) MUST_USE;
const struct event_names *engine_names(const struct engine *e);
size_t engine_tightened(const struct engine *e); /* rules that are judged once more, with smaller numbers */
void engine_get_stats(const struct engine *e, struct engine_stats *ret);

/* Counts one record for detect_learner_write instead of matching it. */
struct detect_learner;
int engine_learn(struct engine_lane *l, const struct raw_record *rec, struct detect_learner *to) MUST_USE;

struct engine_lane *engine_lane_new(struct engine *e);
struct engine_lane *engine_lane_free(struct engine_lane *l);

struct engine_batch *engine_batch_new(void);
struct engine_batch *engine_batch_free(struct engine_batch *b);
/* Decodes and matches; records must stay valid until the batch was consumed. -ENOMEM only. */
int engine_process(struct engine_lane *l, const struct raw_record *records, size_t n,
                   struct engine_batch *b) MUST_USE;
struct correlate_plan;
const struct correlate_plan *engine_correlations(const struct engine *e);
struct overlay;
/* Exceptions and suppressions with what they did so far. */
const struct overlay *engine_overlay(const struct engine *e);
/* Events of the drill under way, or the last one, that matched the rule before exceptions were asked; of a correlation,
 * once the drill has ended: at how many it was true. */
uint64_t engine_drill_hits(const struct engine *e, uint32_t rule);
/* Old logs and what arrives now have correlators of their own, because the time of one must not end what
 * goes on in the other. A tick flagged RAW_BACKFILL says that the old logs have been read: it ends what is
 * open in theirs. Drills (RAW_DRILL) have a third, so that what is simulated and what is real never make one
 * finding; a tick flagged RAW_DRILL ends a drill and all that it left behind. */
enum engine_side { ENGINE_LIVE, ENGINE_BACKFILL, ENGINE_DRILL, ENGINE_SIDES };
/* What the ordered part knows of one stream (a file, the spool) from the batches consumed so far; the caller
 * keeps one for each, ENGINE_STREAM_START at first. */
struct engine_stream {
    int64_t last_ns[ENGINE_SIDES]; /* of the last event with a time: lines without one take it */
    int64_t max_ns[ENGINE_SIDES];  /* the latest so far */
};
#define ENGINE_STREAM_START ((struct engine_stream){{TIME_NONE, TIME_NONE, TIME_NONE}, {TIME_NONE, TIME_NONE, TIME_NONE}})
/* The stream's time at the next thing in the batch, ENGINE_CONSUMED when there is none: the order in which
 * several streams are taken. */
#define ENGINE_CONSUMED INT64_MAX
int64_t engine_peek(const struct engine_batch *b, const struct engine_stream *s);
/* Takes one thing; there must be one. */
int engine_step(struct engine *e, struct engine_batch *b, const struct engine_stream *s) MUST_USE;
/* Takes the rest of the batch and counts it. Called once for every batch, also when nothing is left. */
int engine_consume(struct engine *e, struct engine_batch *b, struct engine_stream *s) MUST_USE;
/* `to` goes on where `from` stands, with its own rules: it has consumed the same records while its sink told
 * nobody. Counts are those of `from`; findings as in correlate_hand_over. `from` is only good for freeing. */
int engine_hand_over(struct engine *from, struct engine *to) MUST_USE;
/* Decoding looks sources up there from now on; no lane may be at work. */
void engine_use_sources(struct engine *e, const struct source *sources, size_t n);
/* From now on events are looked up in this set and say what hit (kizuki.indicator.*; indicator/set.h), as the rules ask for
 * it. A reference is taken; NULL: none. No lane may be at work, and what it worked on has been consumed. */
void engine_use_indicators(struct engine *e, struct indicator_set *set);
/* Ends all findings (end of input). */
int engine_flush(struct engine *e) MUST_USE;

/* What goes on over a restart (base/image.h; each both writes and reads back, between two batches).
 * counts: stats and sources. state: what is open; read back by an engine of the same tag that has consumed nothing,
 * else only good for freeing. With it and the stream, what follows is told as if there had been no restart. */
struct image;
void engine_counts_image(struct engine *e, struct image *x);
void engine_state_image(struct engine *e, struct image *x);
void engine_stream_image(struct engine_stream *s, struct image *x);
/* Of the program's version and the rules: state belongs to it. */
#define ENGINE_TAG_BYTES 32
void engine_tag(const struct engine *e, uint8_t ret[ENGINE_TAG_BYTES]);
/* Where no state can be read back: what arrived before this time cannot change what is live at now_ns, but for
 * findings open then (open_since: engine_open_since of the engine that ended). */
int64_t engine_reach(const struct engine *e, int64_t now_ns, int64_t open_since);
int64_t engine_open_since(const struct engine *e); /* live side; INT64_MAX: nothing is open */
/* Whether events and findings are counted; false while records are consumed that were counted before. */
void engine_set_counting(struct engine *e, bool counting);
/* Where the shipped content/ lies: $KIZUKI_CONTENT, else beside the program, else the installed place. */
const char *engine_content_dir(void);

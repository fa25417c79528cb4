/* A lesson made of a closed case: its files, what stands for names in them, and what is still missing.
 *
 * Files are made once from what the room counted and what people confirmed, with marks (pack/anon.h) round everything that is the case's. They
 * and the rows of pseudonyms are one text that the room keeps; every answer is made of it anew, so that a change of one row shows everywhere. */
#pragma once
#include "app/room/room.h"
#include "event/case_times.h"
#include "pack/anon.h"
#include "room/pack_draft.h"

#define DRAFT_FILES_MAX 10
#define DRAFT_GAPS_MAX 24

struct draft_file {
    const char *path;
    bool ja;         /* which pseudonyms stand in it */
    struct str text; /* marked */
    bool own;        /* a person's words */
};
struct draft_gap { /* what nobody has written down in the case: "cause", "prevention" */
    const char *what;
};
struct draft {
    struct str pack;
    struct draft_file files[DRAFT_FILES_MAX];
    size_t n;
    struct draft_gap gaps[DRAFT_GAPS_MAX];
    size_t n_gaps;
    struct anon anon;
    struct map taken; /* addresses of the case */
};
void draft_done(struct draft *d);
/* From the case. */
int draft_make(struct program *p, struct arena *a, int64_t incident, struct draft *ret, struct diag *reterr) MUST_USE;
/* To and from what the room keeps. */
int draft_to_json(const struct draft *d, struct buf *out) MUST_USE;
int draft_from_json(struct arena *a, struct str doc, struct draft *ret, struct diag *reterr) MUST_USE;
/* One file as it would leave. */
void draft_write_file(const struct draft *d, const struct draft_file *f, struct buf *out);
/* SHA-256 over all of them, in hex. */
int draft_digest(const struct draft *d, char dst[65]) MUST_USE;
/* What of the case and the registers is still in it. -ENOMEM; 0 with *ret_n (0: nothing remains); w: an array of them, or NULL. */
int draft_check(struct program *p, struct arena *a, int64_t incident, const struct draft *d, struct jsonw *w, size_t *ret_n, struct diag *reterr) MUST_USE;

/* The lesson of a case leaves by the command line: {"pack","files":[{"path","text"}]}. -ERR_REFUSED without its provider's approval. */
int draft_leave(struct program *p, int64_t incident, struct buf *out, struct diag *reterr) MUST_USE;

/* ---- inside ---- */
struct draft_words; /* the texts of the pages, in both languages */
struct making {
    struct program *p;
    struct arena *a;
    struct draft *d;
    const struct json_value *c; /* room_case_lesson_write */
    const struct draft_words *words;
    const struct room_fact *facts;
    size_t n_facts;
    int64_t day_one_ns, first_ns, shift_ns; /* shift: from the case's days to the replay's */
    bool failed;                            /* memory */
};
void draft_words_done(struct draft_words *w);
int draft_words_load(struct draft_words **ret, struct diag *reterr) MUST_USE;
/* A text of the pages, filled as they fill it; what comes from the case is marked, times are days of the case. */
void draft_fill(const struct making *m, struct str key, const struct json_value *params, bool ja, struct buf *out);
bool draft_has_text(const struct making *m, struct str key);
/* "第1日 02:03", "day 1, 02:03" */
void draft_when(const struct making *m, int64_t at_ns, bool ja, struct buf *out);
void draft_span(int64_t seconds, bool ja, struct buf *out); /* "2分11秒", "2 min 11 s" */
void draft_marked(struct buf *out, struct str s);
void draft_gap(struct making *m, const char *what);
int64_t draft_i64(const struct json_value *v, const char *key, int64_t otherwise);
struct str draft_str(const struct json_value *v, const char *key);
int64_t draft_time(const struct making *m, enum case_time i); /* TIME_NONE: nobody knows */
const struct json_value *draft_first(const struct making *m, const char *list);
/* A rule of `rules` that everybody has: its title and path are our words, those of somebody's own rule are the case's. */
bool draft_is_shipped(const struct json_value *rule);
/* The files. */
void draft_title(struct making *m, bool ja, struct buf *out);
void draft_three_lines(struct making *m, bool ja, struct buf *out);
void draft_story(struct making *m, bool ja, struct buf *out);
void draft_head(struct making *m, struct buf *out);
void draft_days(struct making *m); /* sets shift_ns */
void draft_replay(struct making *m, struct buf *out);
void draft_expect(struct making *m, struct buf *out);
void draft_controls(struct making *m, struct buf *out);
/* Pools of addresses, names and programs: so many people, so many sources. */
void draft_pools(const struct making *m, int64_t people, int64_t sources, struct buf *out);
long long draft_allow(int64_t ns); /* a third more than it took here */
/* Cases that are no signing in (draft_kinds.c); false: nothing of it can be played. */
bool draft_kinds_fit(const struct making *m);
bool draft_kinds_replay(struct making *m, struct buf *out);
bool draft_kinds_expect(const struct making *m, struct buf *out);
void draft_kinds_controls(const struct making *m, struct buf *out);
void draft_playbook(struct making *m, struct buf *out);
void draft_rules(struct making *m, struct buf *out);

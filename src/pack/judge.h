/* expect.yml held against what a replay did: what had to be noticed, proposed and counted, and what must not have happened.
 *
 * Times count from the first trace: the first line that an actor of `traces` wrote (without that key: any campaign), found in the story itself
 * and not in what rules made of it. What was played is handed over as plain rows; where they come from is the caller's. Nothing that
 * expect.yml asks passes without having been looked at. */
#pragma once
#include "base/buf.h"
#include "base/yaml.h"
#include "event/case_times.h"

struct pack_played_finding {
    struct str kind, rule;      /* rule: its id */
    const struct str *services; /* it names */
    size_t n_services;
    int64_t accounts;           /* different ones it names */
    int64_t incident;           /* 0: in no case */
    int64_t at_ns;
};
struct pack_played_action {
    struct str kind;
    int64_t at_ns;
};
struct pack_played_rule {
    struct str id, kind;
};
struct pack_played_source {
    struct str name, host;
    int64_t lines, skew_ms; /* skew_ms: how far its machine's clock is ahead */
    bool silent;
};
/* Indicators looked for in all that was played. */
struct pack_played_hunt {
    int64_t hits, hosts, first_ns; /* first_ns: TIME_NONE: no hit */
    int64_t records, took_ns;
};
/* A question put to all that was played: how many events fit. */
struct pack_played_count {
    int64_t n, took_ns;
};
/* A slip about a connection, as it was traced; machine, user and inside address as one text. */
struct pack_played_trace {
    struct str slip, truth, found, lacks; /* found: the first candidate; lacks: names of logs that were said to be missing */
    unsigned place;                       /* of the truth among the candidates, from 1; 0: it is not there */
    int64_t took_ns;
};
struct pack_played {
    const struct pack_played_finding *findings;
    size_t n_findings;
    const struct pack_played_action *actions;
    size_t n_actions;
    const struct pack_played_count *counts; /* one for each row of `counted`, in its order */
    size_t n_counts;
    const struct pack_played_trace *traces; /* one for each row of `traced`, in its order */
    size_t n_traces;
    const struct str *blocked; /* addresses that were blocked, or would have been without dry-run */
    size_t n_blocked;
    const struct pack_played_rule *rules; /* that were in use; what a failure is explained by, as are sources */
    size_t n_rules;
    const struct pack_played_source *sources_of_lines;
    size_t n_sources_of_lines;
    int64_t times[CASE_TIME_MAX_]; /* of the case with most findings, what is only tried out among them; TIME_NONE: never. T0 is taken from the story */
    bool drill;           /* people were there: without, nobody can be reached */
    int64_t departures;   /* from the procedure: steps skipped, done otherwise or failed */
    int64_t incidents, accounts_tried, accounts_stolen, sources; /* of the case with most findings */
    const struct pack_played_hunt *hunts; /* in the order of `hunted` */
    size_t n_hunts;
};

/* -ENOENT: nobody of them wrote anything. */
int pack_first_trace(const char *replay, uint64_t seed, const struct yaml_node *expect, int64_t *ret_ns, struct diag *reterr) MUST_USE;
/* One line a demand into out: "ok" or "FAILED", what was asked, what came, and for rows with `figure` "survey: …, here: …" in both languages.
 * Returns how many failed. expect and head are the roots of expect.yml and pack.yml. The last lines are
 * T0 to T7 beside what the survey says of each. */
int pack_judge(const struct yaml_node *expect, const struct yaml_node *head, const struct pack_played *played, int64_t first_ns, struct buf *out,
               struct diag *reterr) MUST_USE;
/* A line for each of T1 to T7, counted from T0: "T1      noticed (気付き): survey: …, here: 12 s after the first trace".
 * people: they were there; without, nobody could decide. */
void pack_times_say(const struct yaml_node *head, const int64_t times[CASE_TIME_MAX_], bool people, struct buf *out);

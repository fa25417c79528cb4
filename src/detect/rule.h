/* Sigma rules as written: what every part of detect reads.
 *
 * A rule set is parsed whole, never changed afterwards, shared by threads through its reference
 * count, and swapped in whole. Everything in it (texts, YAML nodes, condition trees) lives in its
 * arena until the last unref. A rule that cannot be understood is refused with its place and a
 * remedy; the others load.
 *
 * Kinds: a detection judges one event (match.h), a correlation judges several (correlate.h), a
 * filter is added to the detections it names and never fires by itself. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/yaml.h"
#include "event/finding.h"

enum detect_kind { DETECT_DETECTION, DETECT_CORRELATION, DETECT_FILTER };
const char *detect_kind_to_string(enum detect_kind k); /* "detection", "correlation", "filter" */

/* Lower-cased; .p NULL when absent. */
struct detect_logsource {
    struct str category, product, service;
    struct str definition; /* as written */
};
struct detect_strs {
    const struct str *at;
    uint32_t n;
};
struct detect_expr; /* expr.h: the condition with its selections */

struct detect_rule {
    uint32_t index; /* in detect_rules.rules: the identity inside a plan */
    enum detect_kind kind;
    struct str id;    /* the id, or the name or title where the rule has none; never empty */
    struct str name;  /* empty when absent */
    struct str title; /* never empty */
    struct str description, author, status, date, modified;
    enum rule_level level; /* medium when the rule does not say */
    struct detect_logsource logsource;
    struct detect_strs tags, falsepositives, references, fields;
    struct str file; /* as given or found below a given folder */
    unsigned line;   /* of the document's first key */
    struct str text; /* the document's own source, for display */
    bool generate;   /* its own matches are findings; false when only correlations use it */
    bool refused;    /* by detect_rules_refuse: still found, never run */
    const struct yaml_node *doc;       /* the whole document, after `action:` merging */
    const struct yaml_node *detection; /* `detection` or `filter` mapping; NULL for correlations */
    const struct yaml_node *correlation; /* `correlation` mapping; NULL otherwise */
    const struct yaml_node *kizuki;      /* our own key; NULL when absent */
    const struct detect_expr *expr;      /* detections: condition with all filters applied */
};

struct detect_refused {
    struct str title; /* as far as it was readable, else empty */
    struct diag diag; /* file, line, column, sentence with its remedy */
};

struct detect_rules {
    const struct detect_rule *const
        *rules; /* in order of loading; refused ones are not among them */
    uint32_t n;
    const struct detect_refused *const *refused;
    uint32_t n_refused;
};

/* Files, or folders read downwards (*.yml, *.yaml, in byte order of their names; hidden entries
 * skipped). Fails only when memory ends, a given path cannot be read, or RULES_MAX is exceeded. */
int detect_rules_load(const char *const *paths, size_t n_paths, struct detect_rules **ret,
                      struct diag *reterr) MUST_USE;
/* The same, and a text behind them. */
int detect_rules_load_with(const char *const *paths, size_t n_paths, struct str text, const char *file, struct detect_rules **ret,
                           struct diag *reterr) MUST_USE;
/* One text in place of files; `file` is the name shown. */
int detect_rules_load_text(struct str text, const char *file, struct detect_rules **ret,
                           struct diag *reterr) MUST_USE;
struct detect_rules *detect_rules_ref(struct detect_rules *set);
struct detect_rules *detect_rules_unref(struct detect_rules *set); /* NULL allowed, returns NULL */
DEFINE_CLEANUP(struct detect_rules *, detect_rules_unref)

/* For what only a later step can see (a correlation whose condition makes no sense), before the set
 * is shared between threads: the rule is listed as refused and marked. */
int detect_rules_refuse(struct detect_rules *set, const struct detect_rule *rule,
                        const struct diag *why) MUST_USE;

/* By id, else by name; NULL when there is none. Refused rules are found, too, once they had an
 * index. */
const struct detect_rule *detect_rules_find(const struct detect_rules *set, struct str id_or_name);

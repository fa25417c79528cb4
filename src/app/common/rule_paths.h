/* Which rules and decoders are in use: the shipped ones, those of kizuki.yml, every set that is on, the exceptions. */
#pragma once
#include "app/common/config.h"
#include "app/engine/engine.h"
#include "ruleset/store.h"

struct rule_paths {
    struct arena arena;
    const char **p;
    size_t n, cap;
    const char **watched; /* those of them whose rules are only watched */
    size_t n_watched, watched_cap;
    const char **decoders; /* beside the shipped ones: DATA/decoders, if it is there */
    size_t n_decoders;
    const char *suppress; /* DATA/rules/suppress.yml, NULL when there is none */
    const char *tightened; /* DATA/rules/tightened.json, NULL when there is none */
};
/* draft: taken in place of the set of the same name, NULL for none. content: where the shipped rules are. */
int rule_paths_load(const struct config *c, const char *content, const struct ruleset *draft,
                    struct rule_paths *ret, struct diag *reterr) MUST_USE;
void rule_paths_done(struct rule_paths *p);
/* An engine with these rules and decoders for records whose source nobody defined. *p must outlive the options. */
struct engine_options rule_paths_engine(const struct rule_paths *p);

/* Inside src/detect only: the two files that read correlation documents. */
#pragma once
#include "detect/correlate_priv.h"

#define KEY_IS_ALIAS 0x80000000u

/* The id of the field a scalar names. */
int corr_field(const struct corr_reader *r, const struct detect_rule *rule,
               const struct yaml_node *at, uint32_t *ret, struct diag *reterr) MUST_USE;
/* Names of rules -> bits by their place in c->inputs. */
int corr_mask(const struct detect_rule *rule, const struct corr_reader *r,
              const struct plan_corr *c, const struct yaml_node *list, uint32_t *ret,
              struct diag *reterr) MUST_USE;
/* A scalar reads as a list of one. */
const struct yaml_node *corr_first(const struct yaml_node *list);
const struct yaml_node *corr_next(const struct yaml_node *list, const struct yaml_node *it);

int corr_bounds_read(const struct detect_rule *rule, const struct yaml_node *cond,
                     struct corr_bounds *ret, struct diag *reterr) MUST_USE;
/* Has it a number that can only be judged when no further event will come? */
bool corr_bounds_are_late(const struct yaml_node *cond);
/* A condition in words over the names of the correlation's rules. */
int corr_read_words(const struct corr_reader *r, const struct detect_rule *rule,
                    struct plan_corr *c, const struct yaml_node *at, struct diag *reterr) MUST_USE;
/* correlation.attach: {measure: name of a value_count without condition}; adds to c->measures. */
int corr_read_attach(const struct corr_reader *r, const struct detect_rule *rule,
                     struct plan_corr *c, struct diag *reterr) MUST_USE;
/* correlation.measures and the condition over them. */
int corr_read_measures(const struct corr_reader *r, const struct detect_rule *rule,
                       struct plan_corr *c, struct diag *reterr) MUST_USE;
/* kizuki: kind, propose, collect; c NULL for a detection. */
int corr_read_pub(const struct corr_reader *r, const struct detect_rule *rule,
                  const struct plan_corr *c, struct plan_rule *pub, struct diag *reterr) MUST_USE;

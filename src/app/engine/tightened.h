/* What is watched more closely, as the room asked for it: DATA/rules/tightened.json
 *
 *   {"tightenings": [{"id": 3, "services": ["members"], "hosts": [], "kinds": ["list_attack"], "sets": ["own"], "factor": 200,
 *                     "from": "2026-11-23T02:03:00.000Z", "until": "…"}]}
 *
 * Each correlation that tells findings is loaded once more for each factor and kind of target (src/detect/tighten.h). Such a variant looks at every
 * service, so that nothing is cold when a watch begins; what it finds is told only for the services of a watch that was in force when the finding
 * grew, by the time of the events. So a replay tells what was told live. Watches that are over when rules are loaded take no part. */
#pragma once
#include "detect/rule.h"
#include "event/finding.h"

#define TIGHTENED_MAX 64 /* watches read; more are left out */

/* The rules of `paths` and, where the file is there, their variants. A file that cannot be read is an error: a watch must not be lost silently. */
int tightened_load(const char *const *paths, size_t n_paths, const char *file, struct detect_rules **ret, struct diag *reterr) MUST_USE;
/* Names of the rule sets that watches in force switch on; into `to`, each once. */
int tightened_sets(struct arena *a, const char *file, struct str **ret, size_t *ret_n, struct diag *reterr) MUST_USE;
/* When the next one begins or ends, INT64_MAX: never. */
int64_t tightened_next(const char *file, int64_t now_ns);

struct tightened;
int tightened_new(const struct detect_rules *set, struct tightened **ret, struct diag *reterr) MUST_USE;
struct tightened *tightened_free(struct tightened *t);
/* Whether it is told: findings of other rules always. */
bool tightened_tells(const struct tightened *t, const struct finding *f);
size_t tightened_rules(const struct tightened *t); /* variants loaded */

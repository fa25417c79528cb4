/* One rule against one event, both as text: what most tests of matching need. */
#pragma once
#include "unit.h"

#include "base/json.h"
#include "detect/match.h"

struct fire {
    struct detect_rules *rules;
    struct detect_fields *fields;
    struct event_names *names;
    struct detect_plan *plan;
    struct detect_matcher *matcher;
    struct arena arena;
    struct event ev;
    struct raw_record raw;
    uint32_t n;
    const uint32_t *hits;
};
/* `rules` is a whole rule file; `fields` a field file or NULL. Fails the test when anything is
 * refused unless `refused` is non-NULL, which gets the number. */
void fire_begin(struct fire *f, const char *rules, const char *fields, unsigned *refused);
/* The event is a JSON object, or any other text as a line of its own (then only keywords see it).
 * It is matched twice, once with its strings as they stand in the line: the same must come out. */
size_t fire_event(struct fire *f, struct str line);
void fire_end(struct fire *f);

/* A rule `title: t`, logsource category test, with these lines below `detection:` (each indented by
 * two), on one event: does it fire? */
bool fires(const char *detection, const char *json);
/* Why such a rule is refused; "" when it is not. Static storage. */
const char *refusal(const char *detection);

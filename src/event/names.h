/* Field names and their ids. Well-known names (fields.def) have fixed ids from 1; rules and decoders intern
 * more while they load. After event_names_freeze the table is read-only and shared by threads without locks.
 *
 * Spaces in names do not count (Sigma strips them): "Threat Name" of an event is ThreatName. But no name with
 * spaces is one of ours: a well-known field or kizuki.* is only what is written exactly so. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum event_field_id {
    EVENT_F_NONE,
#define FIELD(id, name) EVENT_F_##id,
#include "event/fields.def"
#undef FIELD
    EVENT_F_WELL_KNOWN_MAX_,
};

struct event_names;
struct event_names *event_names_new(void); /* NULL when memory ends */
void event_names_free(struct event_names *n);
DEFINE_CLEANUP(struct event_names *, event_names_free)
/* The id, interning if new; -ERR_LIMIT, or -ERR_REFUSED when frozen and unknown. */
int event_names_intern(struct event_names *n, struct str name) MUST_USE;
/* Whether somebody interned it, that is, can ask events for it; well-known names are found without. */
bool event_names_asked(const struct event_names *n, uint32_t id);
/* The id or 0. */
uint32_t event_names_find(const struct event_names *n, struct str name);
struct str event_names_get(const struct event_names *n, uint32_t id);
uint32_t event_names_count(const struct event_names *n); /* ids are below this */
void event_names_freeze(struct event_names *n);
/* The name of a well-known field without a table. */
const char *event_field_name(enum event_field_id id);

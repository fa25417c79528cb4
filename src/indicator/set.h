/* Indicators made ready for matching: looked up by what a text holds (scan.h), compared exactly.
 *
 * A set never changes once it is made, and is shared between threads by reference. What has ended by the event's own time
 * does not hit; when somebody first saw it does not matter: what was there before anybody knew is what is looked for.
 * A name hits everything below it. A URL hits whatever the scheme; values that are to be there together hit only so. */
#pragma once
#include "event/record.h"
#include "indicator/book.h"

struct indicator_set;
/* All entries of the book, or (n_imports) only what these imports say. Texts are copied. -ENOMEM. */
int indicator_set_new(const struct indicator_book *book, const uint32_t *imports, size_t n_imports, struct indicator_set **ret) MUST_USE;
/* Of a list that is kept nowhere; all of it is import 0. */
int indicator_set_of_list(const struct indicator_list *l, struct indicator_set **ret) MUST_USE;
struct indicator_set *indicator_set_ref(struct indicator_set *s); /* NULL is fine */
struct indicator_set *indicator_set_unref(struct indicator_set *s);
DEFINE_CLEANUP(struct indicator_set *, indicator_set_unref)
size_t indicator_set_count(const struct indicator_set *s);
/* The keys (scan.h) under one of which everything that hits is found; sorted. */
const uint64_t *indicator_set_keys(const struct indicator_set *s, size_t *ret_n);
/* Whether a text may hold one. Never false where a field that is a piece of the text would hit. */
bool indicator_set_may(const struct indicator_set *s, struct str text);

/* Which fields are looked at. Interned before the names are frozen; then read only. */
struct indicator_fields;
struct indicator_fields *indicator_fields_new(struct event_names *names);
struct indicator_fields *indicator_fields_free(struct indicator_fields *f);

struct indicator_hit {
    const struct indicator_entry *entry;   /* of the set */
    const struct indicator_origin *origin; /* that holds at the event's time, the surest of them */
    uint32_t field;                        /* id */
};
/* The distinct values that hit, at most INDICATOR_HITS_MAX; valid as long as the set. Escaped values of a lazy event
 * are read with the event's arena: -ENOMEM. */
int indicator_set_match(const struct indicator_set *s, const struct indicator_fields *f, const struct event *ev, int64_t time_ns,
                        struct indicator_hit ret[INDICATOR_HITS_MAX], unsigned *ret_n) MUST_USE;
/* The same, and says it in the event: kizuki.indicator.value, kind, field, source, tlp, confidence, note, import. 1: it hit. */
int indicator_set_mark(const struct indicator_set *s, const struct indicator_fields *f, struct event *ev, int64_t time_ns) MUST_USE;

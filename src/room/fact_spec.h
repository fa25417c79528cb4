/* Which facts a case may have: content/facts.yml. A name, what it is called in both languages, what kind of value it takes, and what
 * the room can propose for it.
 *
 * Values are kept as text in one canonical form, whatever was typed: numbers in digits, choices by their values (several: one a
 * line), times as an instant in UTC and, behind a slash, how many seconds wide the span is in which it lies
 * ("2026-11-22T17:00:00.000Z/3600"; base/time_written.h says what the width means). Pure: no database. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

#define FACT_NAME_BYTES_MAX 60
enum fact_kind { FACT_TEXT, FACT_LINES, FACT_NUMBER, FACT_TIME, FACT_CHOICE, FACT_CHOICES, FACT_YES_NO, FACT_KIND_MAX_ };
const char *fact_kind_to_string(enum fact_kind k);
struct fact_words { /* .n == 0: that language is missing */
    struct str ja, en;
};
void fact_words_write(struct jsonw *w, const char *member, const struct fact_words *x); /* {"ja","en"}, null where missing */
struct yaml_node;
/* {ja: …, en: …} below `key`; -ERR_PARSE when it is none, or is wanted and absent. */
int fact_words_read(const struct yaml_node *at, const char *key, bool wanted, const char *file, struct fact_words *ret, struct diag *reterr) MUST_USE;
bool fact_is_name(struct str s); /* of small letters, digits, _ and - */
struct fact_choice {
    struct str value;
    struct fact_words title;
};
struct fact_group {
    struct str name;
    struct fact_words title;
};
struct fact_spec {
    struct str name, group, from; /* from: empty: nothing is proposed */
    enum fact_kind kind;
    struct fact_words title, hint, unit;
    uint32_t max;                 /* bytes of its value */
    const struct fact_choice *choices;
    size_t n_choices;
    bool keep;                    /* the same from case to case: what the last one had is proposed */
    bool noted;                   /* its confirmation is a line of the timeline */
};
struct fact_specs {
    const struct fact_spec *at;
    size_t n;
    const struct fact_group *groups;
    size_t n_groups;
};
/* Lives in the arena, with the text. */
int fact_specs_parse(struct arena *a, struct str text, const char *file, struct fact_specs *ret, struct diag *reterr) MUST_USE;
/* fact_from.c: whether `from` is something the room can propose; empty is. */
bool fact_from_known(struct str name);
const struct fact_spec *fact_spec_find(const struct fact_specs *x, struct str name); /* NULL: none */

/* What is wrong with a value. */
enum fact_fault { FACT_FINE, FACT_EMPTY, FACT_TOO_LONG, FACT_NO_CHOICE, FACT_NO_NUMBER, FACT_NO_TIME, FACT_FAULT_MAX_ };
const char *fact_fault_to_string(enum fact_fault f);
/* What a person typed, as it is kept; .p NULL when memory ends. now_ns: for times without a date. */
enum fact_fault fact_value_read(struct arena *a, const struct fact_spec *s, struct str text, int64_t now_ns, struct str *ret);
/* "2026-11-22T17:03:08.000Z", with "/60" behind it where it is not to the second (precision_s 0). */
#define FACT_TIME_CAP 64
const char *fact_time_format(int64_t t_ns, int64_t precision_s, char dst[FACT_TIME_CAP]);
/* *ret_precision_s (may be NULL): 0 to the second. -EINVAL when it is none. */
int fact_time_parse(struct str value, int64_t *ret_ns, int64_t *ret_precision_s) MUST_USE;

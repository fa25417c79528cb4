/* Who is to be told of a case, when, and why: one file of content/obligations a duty. Data, because the law changes; docs/forms.md has
 * the form. Nothing here is legal advice, and what the data does not know it says.
 *
 * A condition over facts is true, false or undecided, and then names the first fact it wants. Pure: no database. */
#pragma once
#include "base/calendar.h"
#include "room/fact.h"

enum law_op { LAW_ALL, LAW_ANY, LAW_NOT, LAW_IS, LAW_HAS, LAW_OVER, LAW_AT_LEAST };
struct law_cond {
    enum law_op op;
    const struct law_cond *kids; /* of all, any, not */
    size_t n_kids;
    size_t fact; /* into the specs */
    const struct str *values;
    size_t n_values;
    int64_t number;
};
enum law_truth { LAW_FALSE, LAW_TRUE, LAW_UNDECIDED };
struct law_answer {
    enum law_truth truth;
    const struct fact_spec *wants; /* of undecided */
    bool unconfirmed;              /* stands on a fact nobody has confirmed */
};
/* What somebody has to see to before the data can be trusted (DOMAIN's ◎ ○ △ ×). */
enum law_confidence { LAW_CONFIRMED, LAW_PARTLY, LAW_SINGLE, LAW_UNVERIFIED, LAW_CONFIDENCE_MAX_ };
const char *law_confidence_to_string(enum law_confidence c);

enum law_unit { LAW_HOURS, LAW_DAYS, LAW_OFFICE_DAYS, LAW_MONTHS };
struct law_span {
    int64_t n; /* 0: no number is known */
    enum law_unit unit;
};
struct law_due {
    const struct law_cond *when; /* NULL: always */
    struct fact_words words;     /* as the law puts it */
    size_t from;                 /* fact; SIZE_MAX: none */
    struct law_span within, warn; /* warn: so long after `from` it is spoken of as near its end */
    bool first_day;              /* the day itself is the first */
    size_t hours;                /* a fact that says within how many hours (a contract's notice period); SIZE_MAX: none */
};
struct law_report {
    struct str name;
    struct fact_words title, note;
    const struct law_cond *when; /* beside the duty's own; NULL: always */
    const struct str *forms;
    size_t n_forms;
    const struct law_due *due; /* the first whose condition holds; undecided counts as holding, so that the earlier one is kept */
    size_t n_due;
};
struct law {
    struct str key, url, as_of; /* as_of: the day the data was read */
    struct fact_words title, to, basis, note;
    enum law_confidence confidence;
    bool may;                /* not a duty: what one may do */
    int32_t from_day, until_day; /* in force from and until; INT32_MIN and INT32_MAX: not bounded */
    const struct law_cond *when; /* NULL: always */
    const struct law_report *reports;
    size_t n_reports;
};
/* Lives in the arena, with the text. */
int law_parse(struct arena *a, struct str text, const char *file, const struct fact_specs *facts, struct law *ret, struct diag *reterr) MUST_USE;

/* The condition below `key` of a mapping; *ret NULL where there is none, which always holds. */
struct yaml_node;
int law_cond_read(struct arena *a, const struct yaml_node *at, const char *key, const char *file, const struct fact_specs *facts, const struct law_cond **ret,
                  struct diag *reterr) MUST_USE;
/* facts[i] belongs to specs->at[i]. NULL cond: true. */
struct law_answer law_judge(const struct law_cond *c, const struct fact_specs *specs, const struct room_fact *facts);
struct law_clock {
    const struct law_due *due;     /* NULL: none is written */
    int64_t from_ns, due_ns, warn_ns; /* TIME_NONE: not known */
    const struct fact_spec *wants; /* without which it cannot be counted */
};
struct law_clock law_clock_of(const struct law_report *r, const struct fact_specs *specs, const struct room_fact *facts, const struct calendar *c);

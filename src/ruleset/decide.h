/* What the operator decided about rules, as files (what it means: app/engine/overlay.h):
 * DATA/rules/exceptions.yml, a document an exception; DATA/rules/suppress.yml, a row a rule. Written by
 * these functions only, with the lock of store.h; read by whoever loads rules. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define EXCEPTION_DAYS_MAX 366 /* nobody remembers longer why something is not looked at */
#define EXCEPTION_ID_CAP 40

struct exception_field {
    struct str name, value; /* name may carry Sigma modifiers: source.ip|cidr */
};
struct exception_made {
    struct str rule; /* its id */
    struct str category, product, service; /* of the rule's log source; all empty for a correlation */
    const struct exception_field *fields;
    size_t n_fields;
    bool whole; /* the rule says nothing at all until then; no fields */
    struct str owner, reason;
    int64_t until_ns;
    char id[EXCEPTION_ID_CAP]; /* empty: given by exception_add */
};
/* "2027-01-31", "2027-01-31T12:00:00+09:00" or a span from now ("30d"); a date ends with its day in Japan. */
int exception_until(struct str text, int64_t now_ns, int64_t *ret, struct diag *reterr) MUST_USE;
/* -EINVAL with a sentence when something is missing. Fills id. */
int exception_check(struct exception_made *x, int64_t now_ns, struct diag *reterr) MUST_USE;
struct buf;
void exception_write(const struct exception_made *x, struct buf *out); /* the YAML document */
int exception_add(const char *data, const struct exception_made *x, struct diag *reterr) MUST_USE;
int exception_remove(const char *data, struct str id, struct diag *reterr) MUST_USE;

struct suppression_made {
    struct str rule, span, owner, reason;
};
/* -EINVAL with a sentence when the span is none, or owner or reason are missing. */
int suppression_check(const struct suppression_made *s, struct diag *reterr) MUST_USE;
void suppression_write(const struct suppression_made *s, struct buf *out); /* a file with this row alone */
/* An older row of the same rule is replaced. */
int suppression_add(const char *data, const struct suppression_made *s, struct diag *reterr) MUST_USE;
int suppression_remove(const char *data, struct str rule, struct diag *reterr) MUST_USE;

/* DATA/rules/tightened.json: what is watched more closely, whole, as the room asked for it (app/engine/tightened.h). 1: it was so already. */
int tightened_write(const char *data, struct str json, struct diag *reterr) MUST_USE;

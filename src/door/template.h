/* Templates of headers, bodies, URLs and arguments: text with {{name}} in it.
 *
 * A value is escaped for the place it stands in, so that what somebody typed can never become structure. Names are those of the
 * message (to, subject, text, id, time, …) and secret.NAME of the way. A name nobody gave a value is refused: half a
 * message is worse than a sentence about it. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "door/way.h"

enum door_place {
    DOOR_IN_JSON,   /* inside the quotes of a JSON string */
    DOOR_IN_FORM,   /* percent-encoded: forms, paths and queries */
    DOOR_IN_XML,
    DOOR_IN_HEADER, /* no control characters */
    DOOR_IN_PLAIN,  /* as it is, no NUL */
};
/* Finds a value; false: there is none. */
typedef bool door_lookup_fn(void *ctx, struct str name, struct str *ret);
int door_template_expand(struct buf *out, struct str template, enum door_place place, door_lookup_fn *lookup, void *ctx,
                         struct diag *reterr) MUST_USE;
/* Syntax and names only. first_variable (may be NULL): where the first one stands, or the length. */
int door_template_check(struct str template, size_t *first_variable, struct diag *reterr) MUST_USE;

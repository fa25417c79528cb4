/* Bodies of forms without a script: multipart/form-data as browsers send it. Bytes of anybody. Parts are slices of the body; at most
 * FORM_PARTS_MAX of them are looked at, the first of a name counts, file names are never used. */
#pragma once
#include "base/err.h"
#include "base/str.h"

#define FORM_PARTS_MAX 32

struct form_part {
    struct str name, value;
    bool file; /* a file was meant, even an empty one */
};
struct form {
    struct form_part parts[FORM_PARTS_MAX];
    size_t n;
};
/* type: the header Content-Type. -ERR_PARSE: it is none, or is cut short. */
int form_read(struct form *f, struct str type, struct str body) MUST_USE;
struct str form_value(const struct form *f, const char *name); /* empty: there is none */

/* A photo that is shown again: JPEG and PNG only, by their bytes. What the camera wrote into it beside the picture (where it was taken, with what,
 * by whom) is taken out in place. Returns its type, *photo shortened; NULL: it is neither, or not whole. */
const char *form_photo_clean(char *bytes, size_t *n);

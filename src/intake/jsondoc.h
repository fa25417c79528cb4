/* JSON that is not a value a line (pretty-printed, one value behind the other, or an array of objects) as NDJSON,
 * so that everything behind the reader treats it like any other log of JSON lines. Private to the reader.
 *
 * White space outside strings is left out; nothing else is changed, and whether it is JSON is for the decoder to
 * say. The elements of an array at the top are values of their own, and so are those of an envelope ({"Records": [ … ]}, as
 * CloudTrail's files have it); what else stands in an envelope is one more. A record's number is that of its value, from 1. */
#pragma once
#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

struct intake_jsondoc;
/* Up to n bytes of the file; 0 at its end; negative for an error. */
typedef ssize_t intake_jsondoc_source(void *ctx, char *dst, size_t n, struct diag *reterr);

/* Told by this many bytes of the file's beginning (a first value that is longer must show it by its line ends). */
enum { INTAKE_JSONDOC_HEAD_BYTES = 32 * 1024 };
/* Whether a file that begins like this may be one at all: then a whole head is worth reading. */
bool intake_jsondoc_begins(struct str head);
bool intake_is_jsondoc(struct str head);
/* `head` is what was read of the file already. */
int intake_jsondoc_new(intake_jsondoc_source *source, void *ctx, struct str head,
                       struct intake_jsondoc **ret) MUST_USE;
struct intake_jsondoc *intake_jsondoc_free(struct intake_jsondoc *d);
/* Up to n bytes of NDJSON; 0 at the end; negative when the source ended in an error, after everything before. */
ssize_t intake_jsondoc_read(struct intake_jsondoc *d, char *dst, size_t n, struct diag *reterr) MUST_USE;

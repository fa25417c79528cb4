/* Windows event logs (EVTX files) as NDJSON, one line a record, so that everything behind the reader treats an event
 * log like any other log of JSON lines. Private to the reader.
 *
 * The shape is that of common converters: {"Event": {"System": {…}, "EventData": {…}}}, attributes under
 * "#attributes", the text of an element that has attributes under "#text", each named Data of EventData under its
 * name, several elements of one name as an array. A record's number is its place in the file, from 1.
 *
 * Damage costs no more than the record or chunk it lies in. What was lost is counted, and told in one sentence when
 * everything that could be read has been handed out. A record that breaks off is handed out as far as it goes, with
 * error.message. */
#pragma once
#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

struct intake_evtx;
/* Up to n bytes of the file; 0 at its end; negative for an error. */
typedef ssize_t intake_evtx_source(void *ctx, char *dst, size_t n, struct diag *reterr);

enum { INTAKE_EVTX_HEAD_BYTES = 8 };
bool intake_is_evtx(struct str head);
/* `head` is what was read of the file already. */
int intake_evtx_new(intake_evtx_source *source, void *ctx, struct str head,
                    struct intake_evtx **ret) MUST_USE;
struct intake_evtx *intake_evtx_free(struct intake_evtx *e);
/* Up to n bytes of NDJSON; 0 at the end; negative when the file is damaged, after everything before. */
ssize_t intake_evtx_read(struct intake_evtx *e, char *dst, size_t n, struct diag *reterr) MUST_USE;

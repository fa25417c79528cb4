/* Writes event logs as Windows does: chunks with checksums, a template for each shape of record, its definition where
 * it is first used and by its offset from then on, EventData as a template inside a value. For tests only. */
#pragma once
#include "base/buf.h"

#include <stdint.h>

struct evtx_make_value {
    const char *name; /* of the Data element; NULL: a Data without a name */
    uint8_t type;     /* EVTX_… of evtx_priv.h */
    struct str bytes; /* as the format has them; a string (0x01) as UTF-8 */
};
struct evtx_make_event {
    const char *provider, *channel, *computer;
    unsigned event_id;
    uint64_t filetime;
    const struct evtx_make_value *data;
    unsigned n_data;
};
struct evtx_make {
    struct buf file;
    size_t chunk; /* where the present chunk begins; 0: none */
    uint64_t next_id, first_id;
    unsigned n_chunks;
    uint32_t template_at, record_at; /* in the chunk: the System template, the last record */
    struct {
        size_t size, attributes; /* where its sizes go; attributes 0: none, or written */
    } open[8];
    unsigned depth;
};
void evtx_make_begin(struct evtx_make *m);
void evtx_make_add(struct evtx_make *m, const struct evtx_make_event *e);
/* The file; valid until evtx_make_done. */
struct str evtx_make_end(struct evtx_make *m);
void evtx_make_done(struct evtx_make *m);

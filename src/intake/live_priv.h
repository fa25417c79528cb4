/* What transports see of struct intake_live. */
#pragma once
#include "base/list.h"
#include "intake/live.h"

/* A transport embeds this and is in the list from its adding to its closing. */
struct live_transport {
    struct list link;
    struct intake_live *live;
    /* All that was put before is on disk. NULL = does not care. */
    void (*committed)(struct live_transport *t);
    /* The disk takes records again: go on reading. */
    void (*go_on)(struct live_transport *t);
    /* Begin to close; the memory is freed in the last close callback. */
    void (*close)(struct live_transport *t);
};
void live_add(struct intake_live *l, struct live_transport *t);
void live_remove(struct live_transport *t);
struct list *live_transports(struct intake_live *l);

uv_loop_t *live_loop(struct intake_live *l);
int64_t live_now(struct intake_live *l);
int64_t live_since(const struct intake_live *l); /* see intake_live_options */
/* True while the disk does not take records: transports that can wait do not read. */
bool live_waits(const struct intake_live *l);
/* -EAGAIN: not taken, stop reading until go_on. Anything else that goes wrong is counted as broken.
 */
int live_put(struct intake_live *l, const struct raw_record *rec) MUST_USE;
int live_name_source(struct intake_live *l, const struct source *def, uint32_t *ret_id,
                     struct diag *reterr) MUST_USE;
struct intake_counters *live_counters(struct intake_live *l, uint32_t source);

/* Room to read into, for the length of one callback; LIVE_BUFFER_BYTES. */
enum { LIVE_BUFFER_BYTES = 256 * 1024 };
char *live_buffer(struct intake_live *l);
/* How many connections there are, over all listeners. */
unsigned *live_connections(struct intake_live *l);
/* A state key no source has used. */
uint32_t live_next_key(struct intake_live *l);

/* What the spool remembered for a source, in order of keys. Stops at the first non-zero value of
 * fn. */
typedef int live_state_fn(void *ctx, uint32_t source, uint32_t key, struct str value);
int live_states(struct intake_live *l, uint32_t source, live_state_fn *fn, void *ctx) MUST_USE;
/* The same over all sources. */
int live_all_states(struct intake_live *l, live_state_fn *fn, void *ctx) MUST_USE;
/* Has the spool keep or (value.n 0) forget a state without a line. */
int live_put_state(struct intake_live *l, uint32_t source, uint32_t key, struct str value) MUST_USE;
/* The same for what is only tidier when it is forgotten: a full disk may keep it. */
void live_forget_state(struct intake_live *l, uint32_t source, uint32_t key);

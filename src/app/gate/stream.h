/* A connection of bytes, in the clear or in TLS, and what the protocols on it (relp.c, syslog_tls.c) see of it. */
#pragma once
#include "app/gate/gate.h"
#include "base/buf.h"
#include "intake/syslog_frame.h"

struct stream;
struct stream_protocol {
    const char *name; /* of the source's kind */
    bool tls;
    /* Takes what it can of the bytes, says how many. `end`: nothing follows. Negative: close. */
    int (*take)(struct stream *s, struct str in, bool end, size_t *ret_used);
    /* Records of stream_put up to the one with this number are on disk. */
    void (*on_disk)(struct stream *s, uint64_t number);
    void (*done)(struct stream *s); /* frees s->own; may be NULL */
};
extern const struct stream_protocol STREAM_PROTOCOLS[STREAM_KIND_MAX_];

struct stream {
    struct gate *g;
    const struct stream_protocol *protocol;
    uint32_t source;
    struct str peer, address;
    char peer_text[GATE_ADDRESS_CAP], address_text[GATE_ADDRESS_CAP];
    void *own; /* the protocol's */
    struct syslog_framing framing;
    uint64_t put; /* records so far */
};
/* Into the batch of this turn. */
int stream_put(struct stream *s, struct str line, uint32_t flags) MUST_USE;
void stream_write(struct stream *s, struct str bytes);
void stream_close_when_written(struct stream *s);

int relp_take(struct stream *s, struct str in, bool end, size_t *ret_used) MUST_USE;
void relp_on_disk(struct stream *s, uint64_t number);
void relp_done(struct stream *s);

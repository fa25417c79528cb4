/* Inside the EVTX reader: the tree a record's binary XML becomes, and what writes it as JSON.
 *
 * Nothing is copied: names and values are slices of the chunk (UTF-16LE for names and texts). Every index and
 * length is checked against the chunk; nodes, values and steps of one record have maxima, so that templates that name
 * themselves end. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

#include <stdint.h>

enum evtx_kind { EVTX_ELEMENT, EVTX_ATTRIBUTE, EVTX_VALUE };
enum evtx_type {
    EVTX_NULL = 0x00,
    EVTX_STRING = 0x01, /* UTF-16LE */
    EVTX_ANSI = 0x02,
    EVTX_I8 = 0x03,
    EVTX_U8 = 0x04,
    EVTX_I16 = 0x05,
    EVTX_U16 = 0x06,
    EVTX_I32 = 0x07,
    EVTX_U32 = 0x08,
    EVTX_I64 = 0x09,
    EVTX_U64 = 0x0a,
    EVTX_F32 = 0x0b,
    EVTX_F64 = 0x0c,
    EVTX_BOOL = 0x0d,
    EVTX_BINARY = 0x0e,
    EVTX_GUID = 0x0f,
    EVTX_SIZE = 0x10,
    EVTX_FILETIME = 0x11,
    EVTX_SYSTEMTIME = 0x12,
    EVTX_SID = 0x13,
    EVTX_HEX32 = 0x14,
    EVTX_HEX64 = 0x15,
    EVTX_XML = 0x21,
    EVTX_ARRAY = 0x80, /* beside another type */
};
/* A slice: bytes, or for names UTF-16 units in bytes. */
struct evtx_bytes {
    const uint8_t *p;
    uint32_t n;
};
struct evtx_node {
    uint8_t kind, type;          /* type: of a value */
    bool item;                   /* a value that is one of an array's */
    uint32_t next, first, last;  /* 0: none; node 0 is the root */
    struct evtx_bytes text;      /* name, or the value */
};
struct evtx_value {
    uint8_t type;
    struct evtx_bytes bytes;
};
struct evtx_record {
    const uint8_t *chunk; /* EVTX_CHUNK_BYTES */
    uint32_t n_nodes, n_values, n_steps;
    struct evtx_node nodes[EVTX_NODES_MAX];
    struct evtx_value values[EVTX_VALUES_MAX];
};

static inline uint32_t evtx_u16(const uint8_t *p) {
    return (uint32_t) p[0] | (uint32_t) p[1] << 8;
}
static inline uint32_t evtx_u32(const uint8_t *p) {
    return evtx_u16(p) | evtx_u16(p + 2) << 16;
}
static inline uint64_t evtx_u64(const uint8_t *p) {
    return evtx_u32(p) | (uint64_t) evtx_u32(p + 4) << 32;
}

/* The tree of the binary XML at chunk[from, to). 0, or -ERR_PARSE: then what was read so far is in the tree. */
int evtx_tree(struct evtx_record *r, const uint8_t *chunk, uint32_t from, uint32_t to) MUST_USE;
/* One line without its end. Values longer than value_bytes_max are cut there (*ret_cut); `error`, if not NULL,
 * becomes error.message. */
void evtx_json(const struct evtx_record *r, size_t value_bytes_max, const char *error,
               struct buf *out, bool *ret_cut);

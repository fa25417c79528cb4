/* What arrives, and what it becomes.
 *
 * raw_record: the bytes with what transport knows. event: the same record decoded, an array of (field id,
 * slice) in its batch's arena. Every slice is valid until the batch ends; whoever keeps an event copies. */
#pragma once
#include "base/arena.h"
#include "base/limits.h"
#include "base/time.h"
#include "event/names.h"

/* Where a record stands, for evidence. stream 0 is the spool and n its record number; in a hunt, stream is
 * 1 + the file's index and n the line number from 1. Ordered by (stream, n) within one run. */
struct event_pos {
    uint32_t stream;
    uint64_t n;
};

enum raw_flags {
    RAW_BACKFILL = 1,  /* existed before we looked: its own time counts, not its arrival */
    RAW_PIECE = 2,     /* a piece of a line longer than LINE_BYTES_MAX; not the last */
    RAW_PIECE_LAST = 4,
    RAW_TRUNCATED = 8, /* bytes were lost before us, and we know it */
    RAW_TICK = 16,     /* a clock tick: no bytes, arrival_ns is the time */
    RAW_JOURNAL = 32,  /* bytes are one entry of the journal export format */
    RAW_DRILL = 64,
    RAW_PIECE_NEXT = 128,  /* with RAW_PIECE: continues the piece before (RAW_PIECE_LAST always does). A
                              continuation is never read as a line of its own: its first bytes are as
                              hostile as any other and could pretend to be one */
    RAW_SOURCE = 256, /* bytes define a source (event/source.h): from here on its id means this */
    RAW_STATE = 512,  /* no line: only `resume` is to be kept */
};

struct raw_record {
    struct str bytes;      /* without line end */
    int64_t arrival_ns;    /* ours */
    struct event_pos pos;
    uint32_t source;       /* index into the source table; 0 = unknown */
    uint32_t flags;
    struct str peer;       /* transport's address "192.0.2.1:514", or the columns of its file (event/columns.h), or empty */
    /* Where the transport goes on once this record is kept, opaque to everybody else (a file offset, a
     * journal cursor). It becomes durable with the record and by the same commit, so that a killed
     * process neither loses nor doubles a line. Kept per (source, resume_key), the latest wins; .p NULL =
     * says nothing, .p set and n 0 = forget the key. */
    struct str resume;
    uint32_t resume_key;
};

/* One way logs reach us, as configured or as found. Lives as long as the program. */
struct source {
    uint32_t id;
    struct str name;          /* unique, shown to people */
    struct str kind;          /* file, syslog, journal, stdin */
    struct str path;          /* file sources */
    struct str decoder;       /* forced decoder, or empty = recognise by content */
    struct str service;       /* service.name for its events when the line names none */
    struct str host;          /* host.name likewise */
    int encoding;             /* enum text_encoding or -1: pinned by the configuration */
    int usual;                /* learnt: TEXT_CP932 or TEXT_EUC_JP, which are easily taken for each other; 0: neither */
    int offset_min;           /* zone of times without one; TIME_JST_OFFSET_MIN unless configured */
    int64_t skew_max_ns;      /* further away from arrival, their time is not believed */
};

struct event_field {
    uint32_t id;     /* 0: name holds it (a name nobody asked for) */
    uint8_t type;    /* enum json_type of what stood there; JSON_STRING for text formats */
    bool escaped;    /* lazy events only: the value stands as between JSON's quotes, with escapes */
    struct str name; /* set only when id == 0 */
    struct str value;
};

enum event_flags {
    EVENT_UNPARSED = 1,    /* no decoder knew the text: only message and event.original say something */
    EVENT_BROKEN_TEXT = 2, /* bytes that fit no encoding; shown as U+FFFD */
    EVENT_TIME_OPEN = 4,   /* backfill without any time: event_settle_time gives it the time of the line before */
    EVENT_JSON_LINE = 8,   /* the record's bytes are one JSON object in UTF-8, by the whole grammar; of these bytes: */
    EVENT_LINE_HIGH = 16,  /* not all are ASCII */
    EVENT_LINE_U = 32,     /* there is a \u escape */
};

struct event {
    struct event_field *fields;
    uint32_t n, cap;
    uint16_t first[EVENT_F_WELL_KNOWN_MAX_]; /* 1 + index of a well-known field's first value; 0 = absent */
    struct arena *arena;
    const struct event_names *names;
    const struct raw_record *raw;
    int64_t timestamp_ns; /* theirs, TIME_NONE when the line has none */
    int64_t time_ns;      /* what windows use; always set after decoding */
    bool keep_all;        /* also keep fields nobody asked for (decode, explain, search) */
    /* Asked for by the reader whose events mostly match nothing: the decoder may leave out fields that nobody
     * asked for (event_names_asked), also well-known ones, and leave strings escaped. Only the matcher takes
     * such an event as it is; for everybody else event_unescape comes first. */
    bool lazy;
    uint32_t way;         /* a number that events of the same keys mostly share; 0: none. Only a hint */
    uint8_t flags;        /* enum event_flags */
    bool dropped_fields;  /* more than EVENT_FIELDS_MAX: shown as error.message */
};

/* Starts an event over raw; the arena must outlive it. */
void event_begin(struct event *ev, struct arena *arena, const struct event_names *names,
                 const struct raw_record *raw);
/* Room for n fields in all, so that they can be appended in place; -ENOMEM, -ERR_LIMIT. */
int event_reserve(struct event *ev, uint32_t n) MUST_USE;
/* Adds a value (repeated ids make a list, in order). -ENOMEM; too many fields set dropped_fields and are
 * skipped. `value` is borrowed, so it must live in the record, the arena or static storage. */
int event_add(struct event *ev, uint32_t id, struct str value);
int event_add_typed(struct event *ev, uint32_t id, uint8_t type, struct str value);
/* By name: uses the id when the table knows it, else keeps the name if keep_all. The name is copied. */
int event_add_named(struct event *ev, struct str name, uint8_t type, struct str value);
/* Takes out every value of a well-known field; the others keep their order. */
void event_forget(struct event *ev, uint32_t id);
/* Gives every escaped value its meaning, in the event's arena; -ENOMEM. */
int event_unescape(struct event *ev) MUST_USE;
/* First value; .p NULL when absent. */
struct str event_get(const struct event *ev, uint32_t id);
/* The value of this name at or behind *at, which goes behind it: fields of names nobody asked for are found, too (keep_all). */
bool event_next_named(const struct event *ev, struct str name, uint32_t *at, struct str *ret);
const struct event_field *event_find(const struct event *ev, uint32_t id, const struct event_field *after);
/* In order of arrival, one per stream (zeroed at the start): an event whose time is open gets the time of the
 * event before it in its stream. Decoding runs in parallel batches and cannot know it. */
struct event_time_state {
    int64_t last_ns;
    bool known;
};
void event_settle_time(struct event_time_state *s, struct event *ev);
/* One JSON object, ECS names nested by dots flattened ("source.ip": …), without a line end. Lists become
 * arrays. Includes @timestamp, event.created, event.original (as UTF-8) and kizuki.position. */
struct buf;
void event_write_json(const struct event *ev, struct buf *out);

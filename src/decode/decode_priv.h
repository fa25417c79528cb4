/* What the decoders share: the job (one record on its way to an event) and the helpers that fill
 * the event.
 *
 * A job is one call of decode; it lives on the stack. Failure is sticky: put() and its kin record
 * -ENOMEM in `err` and the entry returns it, so that decoders read as a list of what stands in the
 * line.
 *
 * Structure is always cut from the raw bytes at ASCII marks, and only then are values made
 * readable: a value from outside (an escape sequence of ISO-2022-JP, the first half of a CP932
 * character) must not be able to swallow the mark behind it. */
#pragma once
#include "base/ip.h"
#include "base/json.h"
#include "base/text.h"
#include "decode/decode.h"
#include "event/columns.h"
#include "event/source.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum decode_result {
    DECODE_DONE,
    DECODE_NOT_MINE, /* nothing was put into the event: another decoder may try */
};

/* A time as the line gives it. */
struct when {
    int64_t t_ns; /* TIME_NONE: no time */
    bool year_known, zone_known;
    struct str zone; /* as the line writes it, "+09:00"; "UTC" for Z */
};

struct recipe;
struct decode_set;

struct decode {
    const struct event_names *names;
    struct decode_set *set;   /* NULL: only what is written in C */
    uint32_t *recipe_ids;     /* by field of the set */
    uint32_t *kept_ids;       /* by slot of a recipe that keeps names, 0: nobody asks for it */
    uint32_t recipe_names;    /* how many names there were then */
    decode_source_fn *source;
    void *source_ctx;
    uint32_t by_first[256]; /* formats that may read a line beginning with this byte, a bit each */
};

/* One thread's working memory. */
struct decode_lane {
    const struct decode *d;
    struct json_keys *keys;
};

struct decode_job {
    const struct decode *d;
    struct json_keys *keys; /* NULL: the caller has no lane */
    const struct raw_record *rec;
    const struct source *src; /* never NULL */
    struct event *ev;
    struct str line; /* what is decoded: the record's bytes, or those made readable as a whole */
    int encoding;    /* enum text_encoding of the line, -1 where unsure */
    bool plain;      /* ASCII or UTF-8: values need no conversion */
    bool whole;      /* no piece and nothing cut off: the end of the line is its end */
    const struct decode_format *forced; /* by the source, or NULL */
    bool host_put;
    bool inner; /* the line stood in another one's value */
    bool not_root; /* the journal says that an ordinary account wrote it */
    struct when when;
    const struct decode_format *program_format; /* who reads that program, if program_known */
    bool program_known;
    struct str program; /* tag of the syslog header, SYSLOG_IDENTIFIER */
    struct str count;   /* "message repeated N times": the digits */
    struct str why;     /* why the decoder that seemed right refused the line */
    struct str decoder; /* name of the innermost decoder that understood it */
    int err;
};

struct decode_format {
    struct str name;
    int order; /* tried by content in this order */
    const char *help;
    const char
        *first; /* recognise is asked only about lines that begin with one of these; NULL: all */
    struct str programs[4]; /* syslog tags whose messages it reads */
    /* A cheap look at the first bytes of a line, or of a message whose program nobody claims. NULL:
     * only when forced or by program. */
    bool (*recognise)(const struct decode_job *j, struct str text);
    enum decode_result (*decode)(struct decode_job *j, struct str text);
    const struct recipe *recipe; /* a decoder written as data; then the three above are NULL */
};

/* STR as a constant for tables. */
#define LIT(lit)                                                                                   \
    { (lit), sizeof(lit) - 1 }
/* Starts with a literal: the length is known, so the compiler compares words instead of calling. */
#define STARTS(s, lit) ((s).n >= sizeof(lit) - 1 && memcmp((s).p, lit, sizeof(lit) - 1) == 0)
#define ENDS(s, lit)                                                                               \
    ((s).n >= sizeof(lit) - 1 &&                                                                   \
     memcmp((s).p + (s).n - (sizeof(lit) - 1), lit, sizeof(lit) - 1) == 0)
/* The same, cutting it off. */
#define CUT_START(s, lit) (STARTS(*(s), lit) && (*(s) = str_from(*(s), sizeof(lit) - 1), true))
#define CUT_END(s, lit) (ENDS(*(s), lit) && ((s)->n -= sizeof(lit) - 1, true))
static inline bool all_digits(struct str s) {
    size_t i = 0;
    while (i < s.n && ascii_digit(s.p[i]))
        i++;
    return i == s.n && i > 0;
}

/* decode.c; the first of those written in C */
const struct decode_format *decode_format_of_program(struct str program); /* NULL: nobody */
/* A line that a shipper put into a value of its own is read as one; where nobody knows it, nothing changes. */
void decode_inner_line(struct decode_job *j, struct str line);
/* The message behind a header: by program, else by content, else the message alone. */
void decode_message(struct decode_job *j, struct str message);

/* value.c */
int job_grow(struct decode_job *j, uint32_t id, uint8_t type, struct str value);
/* Whether a line's own fields may still be added; OWN_FIELDS stay free for what every event has. */
enum { OWN_FIELDS = 16 };
bool has_room(struct decode_job *j);
/* Of an event with url.path and a status (url_template.c). */
void put_url_template(struct decode_job *j);
bool job_room(struct decode_job *j, uint32_t n);           /* n more fields */
struct str job_text(struct decode_job *j, struct str raw); /* as UTF-8 */
void put_source(struct decode_job *j,
                struct str address); /* source.ip and .net, or source.address */
void put_login(struct decode_job *j, bool success, struct str service);
void put_named(struct decode_job *j, struct str name, uint8_t type, struct str value);
void put_error(struct decode_job *j, struct str sentence);
/* Reads "\xNN", "\"", "\\" and the C letters, as nginx and Apache write them. Slice itself if none.
 */
struct str job_unescape(struct decode_job *j, struct str s);

/* For what stands in the way of every line: room for n fields is made once, and the event's
 * counters stay in registers between the fields. False: nothing may be filled (the job has its
 * error). */
struct filler {
    struct event *ev;
    struct event_field *at;
    uint32_t n;
};
static inline bool fill_begin(struct decode_job *j, struct filler *f, uint32_t room) {
    struct event *ev = j->ev;
    if (UNLIKELY(ev->cap - ev->n < room) && !job_room(j, room))
        return false;
    *f = (struct filler){.ev = ev, .at = ev->fields + ev->n, .n = ev->n};
    return true;
}
static inline void fill_typed(struct filler *f, enum event_field_id id, uint8_t type,
                              struct str value) {
    ASSERT(id < EVENT_F_WELL_KNOWN_MAX_);
    *f->at++ = (struct event_field){.id = id, .type = type, .value = value};
    f->n++;
    if (!f->ev->first[id])
        f->ev->first[id] = (uint16_t) f->n;
}
static inline void fill(struct filler *f, enum event_field_id id, struct str value) {
    fill_typed(f, id, JSON_STRING, value);
}
static inline void fill_end(struct filler *f) {
    f->ev->n = f->n;
}
/* Of a well-known id only: an interned one would be written behind ev->first. The check is free where
 * the id is a constant. */
static inline void put_typed(struct decode_job *j, enum event_field_id id, uint8_t type,
                             struct str value) {
    struct event *ev = j->ev;
    ASSERT(id < EVENT_F_WELL_KNOWN_MAX_);
    if (UNLIKELY(ev->n >= ev->cap)) {
        j->err = job_grow(j, id, type, value);
        return;
    }
    ev->fields[ev->n++] = (struct event_field){.id = id, .type = type, .value = value};
    if (!ev->first[id])
        ev->first[id] = (uint16_t) ev->n;
}
/* Of any id, also one that rules or decoders interned. */
static inline void put_any(struct decode_job *j, uint32_t id, uint8_t type, struct str value) {
    if (id < EVENT_F_WELL_KNOWN_MAX_) {
        put_typed(j, id, type, value);
        return;
    }
    int r = event_add_typed(j->ev, id, type, value);
    if (r < 0)
        j->err = r;
}
static inline void put(struct decode_job *j, enum event_field_id id, struct str value) {
    put_typed(j, id, JSON_STRING, value);
}
static inline void put_number(struct decode_job *j, enum event_field_id id, struct str value) {
    put_typed(j, id, JSON_NUMBER, value);
}
/* A value that may hold anything. */
static inline void put_text(struct decode_job *j, enum event_field_id id, struct str raw) {
    put(j, id, LIKELY(j->plain) ? raw : job_text(j, raw));
}

/* when.c: each reads a time at the start of s and returns its length, or 0. */
size_t when_iso(struct str s, struct when *ret,
                const struct decode_job *j); /* 2026-11-23T02:03:08.1+09:00 */
size_t when_bsd(struct str s, struct when *ret, const struct decode_job *j); /* Nov 23 02:03:08 */
size_t when_clf(struct str s, struct when *ret,
                const struct decode_job *j); /* 23/Nov/2026:02:03:08 +0900 */
size_t when_slash(struct str s, struct when *ret,
                  const struct decode_job *j); /* 2026/11/23 02:03:08 */
size_t when_ctime(struct str s, struct when *ret,
                  const struct decode_job *j); /* Mon Nov 23 02:03:08.1 2026 */
size_t when_any(struct str s, struct when *ret, const struct decode_job *j);
bool when_epoch(struct str number, struct when *ret); /* s, ms, us or ns by magnitude */
/* Gives the event its times by the policy of decode.h; returns kizuki.time.basis. */
struct str when_settle(struct decode_job *j);

/* How many bytes stand behind the last space of s. */
static inline size_t last_word(struct str s) {
    size_t n = 0;
#ifdef __SSE2__
    if (LIKELY(s.n >= 16)) {
        __m128i v = _mm_loadu_si128((const __m128i *) (const void *) (s.p + s.n - 16));
        unsigned spaces = (unsigned) _mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')));
        if (LIKELY(spaces))
            return (size_t) __builtin_clz(spaces) - 16;
        n = 16;
    }
#endif
    while (n < s.n && s.p[s.n - n - 1] != ' ')
        n++;
    return n;
}

/* The decoders. */
bool syslog_recognise(const struct decode_job *j, struct str text);
enum decode_result syslog_decode(struct decode_job *j, struct str text);
bool rfc5424_recognise(const struct decode_job *j, struct str text);
enum decode_result rfc5424_decode(struct decode_job *j, struct str text);
enum decode_result journal_decode(struct decode_job *j, struct str text);
bool json_recognise(const struct decode_job *j, struct str text);
enum decode_result json_decode(struct decode_job *j, struct str text);
/* A whole line that begins with '{': what json_decode would make of it if it is JSON and UTF-8, which need not be
 * known before. False: it is not, and the event is as it was. */
bool json_decode_line(struct decode_job *j);
bool access_recognise(const struct decode_job *j, struct str text);
enum decode_result access_decode(struct decode_job *j, struct str text);
bool nginx_error_recognise(const struct decode_job *j, struct str text);
enum decode_result nginx_error_decode(struct decode_job *j, struct str text);
bool apache_error_recognise(const struct decode_job *j, struct str text);
enum decode_result apache_error_decode(struct decode_job *j, struct str text);
bool sshd_recognise(const struct decode_job *j, struct str text);
enum decode_result sshd_decode(struct decode_job *j, struct str text);
bool pam_recognise(const struct decode_job *j, struct str text);
enum decode_result pam_decode(struct decode_job *j, struct str text);
/* "PAM 2 more authentication failures; …", which sshd says when a connection ends. */
enum decode_result pam_summary(struct decode_job *j, struct str text);
enum decode_result sudo_decode(struct decode_job *j, struct str text);
enum decode_result su_decode(struct decode_job *j, struct str text);
enum decode_result cron_decode(struct decode_job *j, struct str text);
bool cef_recognise(const struct decode_job *j, struct str text);
enum decode_result cef_decode(struct decode_job *j, struct str text);

/* PRI of a syslog line, "<0>" to "<191>" without leading zeros; its length or -1. */
int syslog_pri(struct str s, unsigned *ret);
/* "name[pid]: " at the start of a message, if there: puts it and returns what stands behind. */
struct str syslog_take_tag(struct decode_job *j, struct str message);
void put_pri(struct decode_job *j, unsigned pri, struct str digits);

/* RFC 5424, strict. Slices of the line; nil values are empty with .p NULL. */
struct rfc5424 {
    unsigned pri;
    struct str pri_text, version, host, app, procid, msgid;
    struct str sd;      /* all elements with their brackets; empty when nil */
    struct str message; /* .p NULL: none */
    struct when when;
};
/* NULL when valid, else why not. */
const char *rfc5424_parse(struct str line, struct rfc5424 *ret);
/* The next parameter of structured data that rfc5424_parse accepted. *state starts as {0}. An
 * element without parameters is returned once with name.p NULL. */
struct sd_state {
    size_t at;
    struct str id;
};
bool rfc5424_next_param(struct str sd, struct sd_state *state, struct str *ret_id,
                        struct str *ret_name, struct str *ret_value);

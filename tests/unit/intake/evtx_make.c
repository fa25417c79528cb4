#include "evtx_make.h"

#include "base/macros.h"
#include "base/text.h"
#include "base/utf8.h"

#include <zlib.h>

enum { FILE_HEAD = 4096, CHUNK = 65536, CHUNK_HEAD = 512, FILE_BYTES_MAX = 64 << 20 };

static void put16(struct buf *b, unsigned v) {
    buf_add_byte(b, (char) v);
    buf_add_byte(b, (char) (v >> 8));
}
static void put32(struct buf *b, uint32_t v) {
    put16(b, v & 0xffff);
    put16(b, v >> 16);
}
static void put64(struct buf *b, uint64_t v) {
    put32(b, (uint32_t) v);
    put32(b, (uint32_t) (v >> 32));
}
static void set32(struct buf *b, size_t at, uint32_t v) {
    for (int i = 0; i < 4; i++)
        b->p[at + (size_t) i] = (char) (v >> 8 * i);
}
static void zeros(struct buf *b, size_t n) {
    while (n--)
        buf_add_byte(b, 0);
}

/* UTF-16LE of UTF-8 text; returns the units. */
static unsigned put_utf16(struct buf *b, struct str s) {
    const char *p = s.p, *end = s.p + s.n;
    size_t from = b->n;
    while (p < end) {
        unsigned n = utf8_length(p, end);
        uint32_t c = n ? utf8_decode(p, n) : 0xfffd;
        if (c >= 0x10000) {
            put16(b, 0xd800 + ((c - 0x10000) >> 10));
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        put16(b, c);
        p += n ? n : 1;
    }
    return (unsigned) ((b->n - from) / 2);
}

/* In the chunk's own count. */
static uint32_t here(const struct evtx_make *m) {
    return (uint32_t) (m->file.n - m->chunk);
}

static void put_name(struct evtx_make *m, const char *name) {
    struct buf *b = &m->file;
    put32(b, here(m) + 4);
    put32(b, 0); /* no next */
    put16(b, 0); /* hash: readers go without */
    size_t at = b->n;
    put16(b, 0);
    unsigned n = put_utf16(b, str_of(name));
    b->p[at] = (char) n;
    b->p[at + 1] = (char) (n >> 8);
    put16(b, 0);
}

static void end_start(struct evtx_make *m) {
    struct buf *b = &m->file;
    size_t at = m->open[m->depth - 1].attributes;
    if (at)
        set32(b, at, (uint32_t) (b->n - at - 4));
    m->open[m->depth - 1].attributes = 0;
}

static void open_element(struct evtx_make *m, const char *name, bool attributes) {
    struct buf *b = &m->file;
    buf_add_byte(b, (char) (attributes ? 0x41 : 0x01));
    put16(b, 0xffff);
    m->open[m->depth].size = b->n;
    put32(b, 0);
    put_name(m, name);
    m->open[m->depth].attributes = attributes ? b->n : 0;
    m->depth++;
    if (attributes)
        put32(b, 0);
    else
        buf_add_byte(b, 0x02);
}

static void end_attributes(struct evtx_make *m) {
    end_start(m);
    buf_add_byte(&m->file, 0x02);
}

/* 0x04: behind its content, 0x03: it has none */
static void close_element(struct evtx_make *m, char token) {
    struct buf *b = &m->file;
    end_start(m);
    buf_add_byte(b, token);
    size_t at = m->open[--m->depth].size;
    set32(b, at, (uint32_t) (b->n - at - 4));
}

static void attribute(struct evtx_make *m, const char *name, bool more) {
    buf_add_byte(&m->file, (char) (more ? 0x46 : 0x06));
    put_name(m, name);
}

static void text_value(struct evtx_make *m, const char *z) {
    struct buf *b = &m->file;
    buf_add_byte(b, 0x05);
    buf_add_byte(b, 0x01);
    size_t at = b->n;
    put16(b, 0);
    unsigned n = put_utf16(b, str_of(z));
    b->p[at] = (char) n;
    b->p[at + 1] = (char) (n >> 8);
}

static void substitute(struct evtx_make *m, unsigned which, unsigned type) {
    buf_add_byte(&m->file, 0x0e);
    put16(&m->file, which);
    buf_add_byte(&m->file, (char) type);
}

static void simple(struct evtx_make *m, const char *name, unsigned which, unsigned type) {
    open_element(m, name, false);
    substitute(m, which, type);
    close_element(m, 0x04);
}

/* An element with one attribute and nothing inside. */
static void only_attribute(struct evtx_make *m, const char *name, const char *key, unsigned which,
                           unsigned type) {
    open_element(m, name, true);
    attribute(m, key, false);
    substitute(m, which, type);
    close_element(m, 0x03);
}

/* --- the two templates --- */

enum { V_PROVIDER, V_ID, V_TIME, V_RECORD, V_CHANNEL, V_COMPUTER, V_USER, V_DATA, V_MAX };

static void system_definition(struct evtx_make *m) {
    struct buf *b = &m->file;
    buf_add(b, str_n("\x0f\x01\x01\0", 4));
    open_element(m, "Event", true);
    attribute(m, "xmlns", false);
    text_value(m, "http://schemas.microsoft.com/win/2004/08/events/event");
    end_attributes(m);
    open_element(m, "System", false);
    only_attribute(m, "Provider", "Name", V_PROVIDER, 0x01);
    simple(m, "EventID", V_ID, 0x06);
    only_attribute(m, "TimeCreated", "SystemTime", V_TIME, 0x11);
    simple(m, "EventRecordID", V_RECORD, 0x0a);
    simple(m, "Channel", V_CHANNEL, 0x01);
    simple(m, "Computer", V_COMPUTER, 0x01);
    only_attribute(m, "Security", "UserID", V_USER, 0x13);
    close_element(m, 0x04);
    substitute(m, V_DATA, 0x21);
    close_element(m, 0x04);
    buf_add_byte(b, 0);
}

static void data_definition(struct evtx_make *m, const struct evtx_make_event *e) {
    struct buf *b = &m->file;
    buf_add(b, str_n("\x0f\x01\x01\0", 4));
    open_element(m, "EventData", false);
    for (unsigned i = 0; i < e->n_data; i++) {
        open_element(m, "Data", e->data[i].name != NULL);
        if (e->data[i].name) {
            attribute(m, "Name", false);
            text_value(m, e->data[i].name);
            end_attributes(m);
        }
        substitute(m, i, e->data[i].type);
        close_element(m, 0x04);
    }
    close_element(m, 0x04);
    buf_add_byte(b, 0);
}

/* Head of an instance with its definition inline; returns where the definition's size goes. */
static size_t begin_template(struct evtx_make *m) {
    struct buf *b = &m->file;
    buf_add(b, str_n("\x0c\x01", 2));
    put32(b, 1);
    put32(b, here(m) + 4);
    zeros(b, 20); /* next, GUID */
    put32(b, 0);
    return b->n - 4;
}

static void put_values(struct evtx_make *m, const struct evtx_make_value *v, unsigned n) {
    struct buf *b = &m->file;
    put32(b, n);
    size_t head = b->n;
    zeros(b, (size_t) n * 4);
    for (unsigned i = 0; i < n; i++) {
        size_t from = b->n;
        if ((v[i].type & 0x7f) == 0x01)
            put_utf16(b, v[i].bytes);
        else
            buf_add(b, v[i].bytes);
        size_t size = b->n - from;
        ASSERT(size <= UINT16_MAX);
        b->p[head + 4 * i] = (char) size;
        b->p[head + 4 * i + 1] = (char) (size >> 8);
        b->p[head + 4 * i + 2] = (char) v[i].type;
    }
}

/* EventData as a fragment of its own; it is the last value, so it is written where it belongs. */
static void put_data(struct evtx_make *m, const struct evtx_make_event *e) {
    struct buf *b = &m->file;
    buf_add(b, str_n("\x0f\x01\x01\0", 4));
    size_t size = begin_template(m), from = b->n;
    data_definition(m, e);
    set32(b, size, (uint32_t) (b->n - from));
    put_values(m, e->data, e->n_data);
    buf_add_byte(b, 0);
}

static void put_system_values(struct evtx_make *m, const struct evtx_make_event *e) {
    struct buf *b = &m->file;
    char id[2] = {(char) e->event_id, (char) (e->event_id >> 8)}, time[8], record[8];
    static const char local_system[] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
    for (int i = 0; i < 8; i++) {
        time[i] = (char) (e->filetime >> 8 * i);
        record[i] = (char) (m->next_id >> 8 * i);
    }
    const struct evtx_make_value v[V_MAX] = {
        [V_PROVIDER] = {NULL, 0x01, str_of(e->provider)},
        [V_ID] = {NULL, 0x06, str_n(id, 2)},
        [V_TIME] = {NULL, 0x11, str_n(time, 8)},
        [V_RECORD] = {NULL, 0x0a, str_n(record, 8)},
        [V_CHANNEL] = {NULL, 0x01, str_of(e->channel)},
        [V_COMPUTER] = {NULL, 0x01, str_of(e->computer)},
        [V_USER] = {NULL, 0x13, str_n(local_system, sizeof local_system)},
        [V_DATA] = {NULL, 0x21, STR("")},
    };
    size_t head = b->n + 4;
    put_values(m, v, V_MAX);
    size_t from = b->n;
    put_data(m, e);
    size_t size = b->n - from;
    ASSERT(size <= UINT16_MAX);
    b->p[head + 4 * V_DATA] = (char) size;
    b->p[head + 4 * V_DATA + 1] = (char) (size >> 8);
}

/* --- records, chunks, the file --- */

static void begin_chunk(struct evtx_make *m) {
    m->chunk = m->file.n;
    m->template_at = 0;
    m->first_id = m->next_id;
    zeros(&m->file, CHUNK_HEAD);
    m->n_chunks++;
}

static void end_chunk(struct evtx_make *m) {
    struct buf *b = &m->file;
    size_t c = m->chunk;
    uint32_t end = here(m);
    if (!m->n_chunks)
        return;
    zeros(b, CHUNK - end);
    memcpy(b->p + c, "ElfChnk", 8);
    set32(b, c + 8, (uint32_t) m->first_id);
    set32(b, c + 16, (uint32_t) (m->next_id - 1));
    set32(b, c + 24, (uint32_t) m->first_id);
    set32(b, c + 32, (uint32_t) (m->next_id - 1));
    set32(b, c + 40, 128);
    set32(b, c + 44, m->record_at);
    set32(b, c + 48, end);
    const unsigned char *p = (const unsigned char *) b->p + c;
    set32(b, c + 52, (uint32_t) crc32(0, p + CHUNK_HEAD, end - CHUNK_HEAD));
    set32(b, c + 124, (uint32_t) crc32(crc32(0, p, 120), p + 128, CHUNK_HEAD - 128));
}

void evtx_make_begin(struct evtx_make *m) {
    *m = (struct evtx_make){.next_id = 1};
    buf_init(&m->file, FILE_BYTES_MAX);
    zeros(&m->file, FILE_HEAD);
}

static void put_record(struct evtx_make *m, const struct evtx_make_event *e) {
    struct buf *b = &m->file;
    size_t record = b->n;
    m->record_at = here(m);
    buf_add(b, str_n("**\0\0\0\0\0\0", 8));
    put64(b, m->next_id);
    put64(b, e->filetime);
    buf_add(b, str_n("\x0f\x01\x01\0", 4));
    if (m->template_at) {
        buf_add(b, str_n("\x0c\x01", 2));
        put32(b, 1);
        put32(b, m->template_at);
    } else {
        m->template_at = here(m) + 10;
        size_t size = begin_template(m), from = b->n;
        system_definition(m);
        set32(b, size, (uint32_t) (b->n - from));
    }
    put_system_values(m, e);
    buf_add_byte(b, 0);
    zeros(b, (8 - (b->n - record + 4) % 8) % 8);
    uint32_t size = (uint32_t) (b->n - record + 4);
    set32(b, record + 4, size);
    put32(b, size);
    m->next_id++;
}

void evtx_make_add(struct evtx_make *m, const struct evtx_make_event *e) {
    if (!m->n_chunks)
        begin_chunk(m);
    struct evtx_make before = *m;
    put_record(m, e);
    if (here(m) <= CHUNK)
        return;
    m->file.n = before.file.n;
    m->next_id = before.next_id;
    m->template_at = before.template_at;
    m->record_at = before.record_at;
    end_chunk(m);
    begin_chunk(m);
    put_record(m, e);
    ASSERT(here(m) <= CHUNK);
}

struct str evtx_make_end(struct evtx_make *m) {
    struct buf *b = &m->file;
    end_chunk(m);
    ASSERT(!buf_error(b));
    memcpy(b->p, "ElfFile", 8);
    set32(b, 16, m->n_chunks ? m->n_chunks - 1 : 0);
    set32(b, 24, (uint32_t) m->next_id);
    set32(b, 32, 128);
    set32(b, 36, 0x00030002);
    set32(b, 40, (uint32_t) m->n_chunks << 16 | FILE_HEAD);
    set32(b, 124, (uint32_t) crc32(0, (const unsigned char *) b->p, 120));
    return buf_str(b);
}

void evtx_make_done(struct evtx_make *m) {
    buf_done(&m->file);
}

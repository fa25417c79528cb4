#include "base/zip.h"

#include "base/file.h"
#include "base/time.h"

enum {
    HEAD_BYTES = 30,
    ROW_BYTES = 46,
    END_BYTES = 22,
    VERSION = 20,
    UTF8_NAMES = 1 << 11,
    MEMBERS_MAX = 65535,
    CENTRAL_BYTES_MAX = 32 << 20,
};
#define HEAD_MAGIC 0x04034b50u
#define ROW_MAGIC 0x02014b50u
#define END_MAGIC 0x06054b50u

static uint32_t crc32(struct str s) {
    uint32_t c = 0xffffffffu;
    for (size_t i = 0; i < s.n; i++) {
        c ^= (unsigned char) s.p[i];
        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
    }
    return ~c;
}

static void put(struct buf *b, uint64_t v, int n) {
    for (int i = 0; i < n; i++)
        buf_add_byte(b, (char) (v >> 8 * i));
}

void zip_begin(struct zip_out *z, int fd, int64_t when_ns) {
    struct time_civil c;
    time_to_civil(when_ns, 0, &c);
    unsigned year = c.year < 1980 ? 0 : (unsigned) c.year - 1980;
    *z = (struct zip_out){.fd = fd};
    z->when = (uint32_t) (c.second / 2) | (uint32_t) c.minute << 5 | (uint32_t) c.hour << 11 | (uint32_t) c.day << 16 |
              (uint32_t) c.month << 21 | MIN(year, 127u) << 25;
    buf_init(&z->central, CENTRAL_BYTES_MAX);
}

void zip_begin_buf(struct zip_out *z, struct buf *to, int64_t when_ns) {
    zip_begin(z, -1, when_ns);
    z->to = to;
}

static int write_out(struct zip_out *z, struct str bytes) {
    if (!z->to)
        return file_write_all(z->fd, bytes);
    buf_add(z->to, bytes);
    return buf_error(z->to);
}

/* What a member's head and its row in the directory have alike. */
static void put_common(const struct zip_out *z, struct buf *b, struct str name, struct str bytes, uint32_t crc) {
    put(b, VERSION, 2);
    put(b, UTF8_NAMES, 2);
    put(b, 0, 2); /* stored */
    put(b, z->when, 4);
    put(b, crc, 4);
    put(b, bytes.n, 4);
    put(b, bytes.n, 4);
    put(b, name.n, 2);
    put(b, 0, 2);
}

int zip_add(struct zip_out *z, const char *name, struct str bytes) {
    struct str s = str_of(name);
    struct buf head;
    if (z->n == MEMBERS_MAX || z->at + HEAD_BYTES + s.n + bytes.n > UINT32_MAX)
        return -ERR_LIMIT;
    uint32_t crc = crc32(bytes);
    buf_init(&head, HEAD_BYTES + 4096);
    put(&head, HEAD_MAGIC, 4);
    put_common(z, &head, s, bytes, crc);
    buf_add(&head, s);
    put(&z->central, ROW_MAGIC, 4);
    put(&z->central, VERSION | 3 << 8, 2); /* made on Unix */
    put_common(z, &z->central, s, bytes, crc);
    put(&z->central, 0, 2); /* comment, disk, kind of text */
    put(&z->central, 0, 2);
    put(&z->central, 0, 2);
    put(&z->central, 0100644u << 16, 4);
    put(&z->central, z->at, 4);
    buf_add(&z->central, s);
    int r = buf_error(&head) ? buf_error(&head) : buf_error(&z->central);
    if (r == 0)
        r = write_out(z, buf_str(&head));
    if (r == 0)
        r = write_out(z, bytes);
    z->at += head.n + bytes.n;
    z->n++;
    buf_done(&head);
    return r;
}

int zip_end(struct zip_out *z) {
    size_t size = z->central.n;
    put(&z->central, END_MAGIC, 4);
    put(&z->central, 0, 4);
    put(&z->central, z->n, 2);
    put(&z->central, z->n, 2);
    put(&z->central, size, 4);
    put(&z->central, z->at, 4);
    put(&z->central, 0, 2);
    int r = buf_error(&z->central);
    if (r == 0)
        r = write_out(z, buf_str(&z->central));
    zip_drop(z);
    return r;
}

void zip_drop(struct zip_out *z) {
    buf_done(&z->central);
}

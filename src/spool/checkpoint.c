#include "spool/checkpoint.h"

#include "base/base64.h"
#include "base/time.h"

#define ORIGIN "kizuki/spool/"
enum { ORIGIN_CAP = sizeof ORIGIN + 2 * SPOOL_ID_BYTES };

static void origin_of(const uint8_t id[SPOOL_ID_BYTES], char dst[ORIGIN_CAP]) {
    memcpy(dst, ORIGIN, sizeof ORIGIN - 1);
    hex_encode(id, SPOOL_ID_BYTES, dst + sizeof ORIGIN - 1);
}

int spool_checkpoint_write(const struct spool_checkpoint *c, const struct sign_secret *key,
                           const struct sign_public *pub, struct buf *out) {
    char origin[ORIGIN_CAP], root[BASE64_CHARS(SHA256_BYTES) + 1], when[TIME_ISO_CAP],
        packed[2 * SHA256_BYTES + 1];
    struct buf text;
    origin_of(c->id, origin);
    base64_encode(c->root.bytes, sizeof c->root.bytes, root);
    buf_init(&text, CHECKPOINT_BYTES_MAX);
    buf_printf(&text, "%llu\n%s\nsegment %u\nsealed %s", (unsigned long long) c->size, root,
               c->segment, time_format_iso(c->sealed_ns, 3, when));
    if (c->has_packed) {
        hex_encode(c->packed, sizeof c->packed, packed);
        buf_printf(&text, "\npacked %s", packed);
    }
    int r = buf_error(&text);
    if (r == 0)
        r = sign_note(key, pub, origin, buf_str(&text), out);
    buf_done(&text);
    return r;
}

static int read_line(struct str line, struct spool_checkpoint *c) {
    uint64_t v;
    int zone;
    if (str_starts(line, STR("segment "))) {
        if (str_to_u64(str_from(line, 8), &v) < 0 || v == 0 || v > UINT32_MAX)
            return -ERR_PARSE;
        c->segment = (uint32_t) v;
    } else if (str_starts(line, STR("packed "))) {
        c->has_packed = true;
        return hex_decode(str_from(line, 7), c->packed, sizeof c->packed) < 0 ? -ERR_PARSE : 0;
    } else if (str_starts(line, STR("sealed "))) {
        return time_parse_iso(str_from(line, 7), &c->sealed_ns, &zone) < 0 ? -ERR_PARSE : 0;
    }
    return line.n ? 0 : -ERR_PARSE;
}

int spool_checkpoint_read(struct str note, const struct sign_public *key,
                          struct spool_checkpoint *ret, struct diag *reterr) {
    struct spool_checkpoint c = {0};
    struct str text, line;
    char origin[ORIGIN_CAP];
    if (note.n > CHECKPOINT_BYTES_MAX || !str_starts(note, STR(ORIGIN)) || note.n < ORIGIN_CAP ||
        hex_decode(str_to(str_from(note, sizeof ORIGIN - 1), sizeof c.id * 2), c.id, sizeof c.id) <
            0)
        return diag_set(reterr, -ERR_PARSE, "no checkpoint of a spool");
    origin_of(c.id, origin);
    int r = sign_open_note(key, origin, note, &text, reterr);
    if (r < 0)
        return r;
    bool good = str_split(&text, '\n', &line) && str_to_u64(line, &c.size) == 0 &&
                str_split(&text, '\n', &line) &&
                base64_decode(line, c.root.bytes, sizeof c.root.bytes) == 0;
    while (good && str_split(&text, '\n', &line))
        good = read_line(line, &c) == 0;
    if (!good || c.segment == 0)
        return diag_set(reterr, -ERR_PARSE, "a signed note that is no checkpoint");
    *ret = c;
    return 0;
}

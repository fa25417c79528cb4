/* Putting values into the event: the vocabulary shared by all decoders, and making bytes readable.
 */
#include "decode/decode_priv.h"

int job_grow(struct decode_job *j, uint32_t id, uint8_t type, struct str value) {
    int r = event_add_typed(j->ev, id, type, value);
    return r < 0 ? r : j->err;
}

bool job_room(struct decode_job *j, uint32_t n) {
    int r = event_reserve(j->ev, j->ev->n + n);
    if (r == -ERR_LIMIT)
        j->ev->dropped_fields = true;
    else if (r < 0)
        j->err = r;
    return r >= 0;
}

struct str job_text(struct decode_job *j, struct str raw) {
    enum text_encoding used;
    bool shifted = j->encoding == TEXT_ISO_2022_JP && str_find_byte(raw, 0x1b, 0) >= 0;
    if (j->plain || (!shifted && text_is_ascii(raw)))
        return raw;
    bool mark =
        raw.n >= 2 && (memcmp(raw.p, "\xff\xfe", 2) == 0 || memcmp(raw.p, "\xfe\xff", 2) == 0);
    struct str s;
    if (mark) { /* in the middle of a line it is no byte order mark, only bad bytes */
        s = text_repair(j->ev->arena, raw);
        used = TEXT_BROKEN;
    } else {
        s = text_to_utf8(j->ev->arena, raw, j->encoding, &used);
    }
    if (!s.p) {
        j->err = -ENOMEM;
        return STR("");
    }
    if (used == TEXT_BROKEN)
        j->ev->flags |= EVENT_BROKEN_TEXT;
    return s;
}

bool has_room(struct decode_job *j) {
    if (LIKELY(j->ev->n < EVENT_FIELDS_MAX - OWN_FIELDS))
        return true;
    j->ev->dropped_fields = true;
    return false;
}

void put_named(struct decode_job *j, struct str name, uint8_t type, struct str value) {
    if (!has_room(j))
        return;
    int r = event_add_named(j->ev, name, type, value);
    if (r < 0)
        j->err = r;
}

void put_error(struct decode_job *j, struct str sentence) {
    put(j, EVENT_F_PARSE_ERROR, sentence);
}

static struct str dup_text(struct decode_job *j, const char *z, size_t n) {
    struct str s = arena_dup(j->ev->arena, str_n(z, n));
    if (!s.p)
        j->err = -ENOMEM;
    return s;
}

void put_source(struct decode_job *j, struct str address) {
    struct ip ip;
    char z[IP_PREFIX_CAP];
    struct filler f;
    if (LIKELY(ip_is_dotted_quad(address) && fill_begin(j, &f, 2))) {
        fill(&f, EVENT_F_SOURCE_IP, address);
        fill(&f, EVENT_F_SOURCE_NET, address);
        fill_end(&f);
        return;
    }
    ptrdiff_t zone = str_find_byte(address, '%', 0); /* fe80::1%eth0 */
    if (ip_parse(zone < 0 ? address : str_to(address, (size_t) zone), &ip) < 0) {
        if (address.n)
            put_text(j, EVENT_F_SOURCE_ADDRESS, address);
        return;
    }
    put(j, EVENT_F_SOURCE_IP, dup_text(j, z, ip_format(&ip, z)));
    put(j, EVENT_F_SOURCE_NET, dup_text(j, z, ip_format_net(&ip, z)));
}

void put_login(struct decode_job *j, bool success, struct str service) {
    struct filler f;
    if (!fill_begin(j, &f, 6))
        return;
    fill(&f, EVENT_F_EVENT_CATEGORY, STR("authentication"));
    fill(&f, EVENT_F_EVENT_TYPE, STR("start"));
    fill(&f, EVENT_F_EVENT_ACTION, STR("login"));
    fill(&f, EVENT_F_EVENT_OUTCOME, success ? STR("success") : STR("failure"));
    fill(&f, EVENT_F_SERVICE_NAME, j->src->service.n ? j->src->service : service);
    if (j->count.n)
        fill_typed(&f, EVENT_F_COUNT, JSON_NUMBER, j->count);
    fill_end(&f);
}

static int hex_value(char c) {
    if (ascii_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One escape at s[at] == '\\'; the byte and how long the escape is. Unknown ones stand for
 * themselves. */
static size_t unescape_one(struct str s, size_t at, char *ret) {
    static const char letters[] = "n\nr\rt\tv\vb\bf\f";
    char c = at + 1 < s.n ? s.p[at + 1] : 0;
    if (c == 'x' && at + 3 < s.n && hex_value(s.p[at + 2]) >= 0 && hex_value(s.p[at + 3]) >= 0) {
        *ret = (char) (hex_value(s.p[at + 2]) << 4 | hex_value(s.p[at + 3]));
        return 4;
    }
    *ret = c;
    if (c == '"' || c == '\\')
        return 2;
    for (size_t i = 0; i + 1 < sizeof letters; i += 2) {
        if (letters[i] == c) {
            *ret = letters[i + 1];
            return 2;
        }
    }
    *ret = '\\';
    return 1;
}

struct str job_unescape(struct decode_job *j, struct str s) {
    if (LIKELY(!s.n || !memchr(s.p, '\\', s.n)))
        return s;
    char *p = arena_alloc(j->ev->arena, s.n);
    size_t n = 0;
    bool high = false;
    if (!p) {
        j->err = -ENOMEM;
        return s;
    }
    for (size_t at = 0; at < s.n;) {
        if (s.p[at] == '\\')
            at += unescape_one(s, at, &p[n]);
        else
            p[n] = s.p[at++];
        high |= p[n++] < 0;
    }
    struct str out = str_n(p, n);
    if (!high)
        return out;
    /* The bytes may be any encoding: a server escapes them whatever they meant. */
    enum text_encoding used;
    out = text_to_utf8(j->ev->arena, out, j->src->encoding, &used);
    if (!out.p) {
        j->err = -ENOMEM;
        return s;
    }
    if (used == TEXT_BROKEN)
        j->ev->flags |= EVENT_BROKEN_TEXT;
    return out;
}

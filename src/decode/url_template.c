/* kizuki.url.template: which page a request asks for, so that requests of one page count together: the path without its
 * query, numbers as {n}, long identifiers as {id}, what is written to be something else as {x}, and with the name of the
 * site in front where the log says it. An attacker who writes into a path chooses no more than which of these it is.
 *
 * A segment is {n} when it begins with a digit and holds no letter beyond a few (12, 2024-05, 12%27...), {id} when it is
 * long and made of hexadecimal digits and dashes, {x} when it is longer than SEGMENT_MAX or holds anything but letters, digits
 * and . _ - ~ + @ , ; = : and well-formed escapes of letters beyond ASCII. At most SEGMENTS_MAX are looked at, the rest is {x}. */
#include "decode/decode_priv.h"

enum { SEGMENT_MAX = 64, SEGMENTS_MAX = 8, ID_MIN = 16 };

static bool is_letter(char c) {
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}
static bool is_hex(char c) {
    return ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

/* %E3%81%82 and the like: how people's own words look in a path. */
static bool is_far_escape(struct str s, size_t at) {
    return at + 2 < s.n && s.p[at] == '%' && is_hex(s.p[at + 2]) && (ascii_lower(s.p[at + 1]) >= 'a' || s.p[at + 1] >= '8') &&
           is_hex(s.p[at + 1]);
}

static struct str segment_word(struct str s) {
    size_t letters = 0, hex = 0, digits = 0;
    bool odd = s.n > SEGMENT_MAX || str_eq(s, STR("..")) || str_eq(s, STR("."));
    for (size_t i = 0; i < s.n && !odd; i++) {
        char c = s.p[i];
        digits += ascii_digit(c);
        letters += is_letter(c);
        hex += is_hex(c) || c == '-';
        if (is_far_escape(s, i))
            i += 2;
        else
            odd = !is_letter(c) && !ascii_digit(c) && (unsigned char) c < 0x80 && !memchr("._-~+@,;=:", c, 10);
    }
    if (s.n && ascii_digit(s.p[0]) && (odd || letters == 0))
        return STR("{n}");
    if (odd)
        return STR("{x}");
    if (s.n >= ID_MIN && digits > 0 && hex == s.n)
        return STR("{id}");
    return s;
}

/* Most paths are their own template and need no copy. */
static bool is_plain(struct str path) {
    size_t in = 0, segments = 0;
    for (size_t i = 0; i < path.n; i++) {
        char c = path.p[i];
        bool first = i == 0 || path.p[i - 1] == '/';
        if (c == '/') {
            in = 0;
            segments++;
        } else if (++in >= ID_MIN || !(is_letter(c) || c == '_' || c == '-' || (!first && (c == '.' || ascii_digit(c))))) {
            return false;
        }
    }
    return segments <= SEGMENTS_MAX && path.n > 0 && path.p[0] == '/';
}

static size_t append(char *dst, size_t at, struct str s) {
    if (s.n)
        memcpy(dst + at, s.p, s.n);
    return at + s.n;
}

void put_url_template(struct decode_job *j) {
    struct str path = event_get(j->ev, EVENT_F_URL_PATH), site = event_get(j->ev, EVENT_F_URL_DOMAIN);
    ptrdiff_t query = str_find_byte(path, '?', 0);
    if (query >= 0)
        path = str_to(path, (size_t) query);
    if (site.n == 0 && is_plain(path)) {
        put(j, EVENT_F_URL_TEMPLATE, path);
        return;
    }
    site = str_to(site, 253);
    char *z = arena_alloc(j->ev->arena, site.n + SEGMENTS_MAX * (SEGMENT_MAX + 1) + 8);
    if (!z) {
        j->err = -ENOMEM;
        return;
    }
    size_t n = append(z, 0, site);
    for (size_t at = 0, k = 0; at < path.n; k++) {
        at += path.p[at] == '/';
        ptrdiff_t slash = str_find_byte(path, '/', at);
        size_t end = slash < 0 ? path.n : (size_t) slash;
        n = append(z, n, STR("/"));
        if (k == SEGMENTS_MAX - 1 && end < path.n) {
            n = append(z, n, STR("{x}"));
            break;
        }
        n = append(z, n, segment_word(str_n(path.p + at, end - at)));
        at = end;
    }
    put(j, EVENT_F_URL_TEMPLATE, str_n(z, n));
}

/* Transfer encodings. Lenient as mail programs are: what is not in the alphabet is passed over and counted. */
#include "mail/mail_priv.h"

static int base64_value(unsigned char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct str mail_base64(struct mail_reading *r, struct str s, unsigned *odd) {
    char *to = arena_alloc(r->a, s.n / 4 * 3 + 4);
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;
    if (!to) {
        r->error = -ENOMEM;
        return STR("");
    }
    for (size_t i = 0; i < s.n && s.p[i] != '='; i++) {
        int v = base64_value((unsigned char) s.p[i]);
        if (v < 0) {
            *odd += !strchr(" \t\r\n", s.p[i]) || !s.p[i];
            continue;
        }
        bits = bits << 6 | (uint32_t) v;
        if ((have += 6) >= 8) {
            have -= 8;
            to[n++] = (char) (bits >> have & 0xff);
        }
    }
    return str_n(to, n);
}

static int hex_value(char c) {
    c = ascii_lower(c);
    return ascii_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct str mail_quoted(struct mail_reading *r, struct str s, bool words, unsigned *odd) {
    char *to = arena_alloc(r->a, s.n + 1);
    size_t n = 0;
    if (!to) {
        r->error = -ENOMEM;
        return STR("");
    }
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (words && c == '_') {
            to[n++] = ' ';
        } else if (c != '=') {
            to[n++] = c;
        } else if (i + 2 < s.n && hex_value(s.p[i + 1]) >= 0 && hex_value(s.p[i + 2]) >= 0) {
            to[n++] = (char) (hex_value(s.p[i + 1]) << 4 | hex_value(s.p[i + 2]));
            i += 2;
        } else if (i + 1 < s.n && s.p[i + 1] == '\n') {
            i += 1;
        } else if (i + 2 < s.n && s.p[i + 1] == '\r' && s.p[i + 2] == '\n') {
            i += 2;
        } else {
            to[n++] = c;
            ++*odd;
        }
    }
    return str_n(to, n);
}

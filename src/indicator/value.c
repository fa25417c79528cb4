/* See indicator.h: the one form of a value. */
#include "base/limits.h"
#include "base/text.h"
#include "base/utf8.h"
#include "indicator/indicator.h"
#include "indicator/punycode.h"

enum { NET4_BITS_MIN = 16, NET6_BITS_MIN = 32, LABEL_BYTES_MAX = 63, NAME_BYTES_MAX = 253 };

/* ---- what defangs a value ---- */

/* Longer ones first. `spaced`: blanks beside it belong to it ("example (dot) com"). */
static const struct {
    const char *from, *to;
    bool spaced;
} fangs[] = {{"[://]", "://", false}, {"[dot]", ".", true},  {"(dot)", ".", true},  {"{dot}", ".", true},
             {"[.]", ".", false},     {"(.)", ".", false},   {"{.}", ".", false},   {"[at]", "@", true},
             {"(at)", "@", true},     {"{at}", "@", true},   {"[@]", "@", false},   {"(@)", "@", false},
             {"[:]", ":", false},     {"[/]", "/", false},   {"\\.", ".", false}};

static bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ascii_digit(c);
}

/* The ASCII character that a wide one stands for, or 0. A full stop of Japanese text is a dot only between letters
 * of a name. */
static char narrow(uint32_t c, bool between) {
    if (c >= 0xff01 && c <= 0xff5e)
        return (char) (c - 0xfee0);
    if (c == 0x3000)
        return ' ';
    return (c == 0x3002 || c == 0xff61) && between ? '.' : 0;
}

static struct str widths(struct arena *a, struct str s) {
    if (text_is_ascii(s))
        return s;
    char *dst = arena_alloc(a, s.n + 1);
    size_t n = 0;
    if (!dst)
        return STR_NULL;
    for (const char *p = s.p, *end = s.p + s.n; p < end;) {
        unsigned len = utf8_length(p, end);
        uint32_t c = len > 1 ? utf8_decode(p, len) : 0;
        char ascii = c ? narrow(c, n && is_alnum(dst[n - 1]) && p + len < end &&
                                       (is_alnum(p[len]) || (unsigned char) p[len] == 0xef))
                       : 0;
        if (ascii) {
            dst[n++] = ascii;
        } else {
            memcpy(dst + n, p, len ? len : 1);
            n += len ? len : 1;
        }
        p += len ? len : 1;
    }
    return str_n(dst, n);
}

static size_t fang_at(struct str s, const char **ret_to, bool *ret_spaced) {
    for (size_t i = 0; i < ARRAY_SIZE(fangs); i++) {
        size_t n = strlen(fangs[i].from);
        if (s.n >= n && str_eq_icase(str_to(s, n), str_of(fangs[i].from))) {
            *ret_to = fangs[i].to;
            *ret_spaced = fangs[i].spaced;
            return n;
        }
    }
    return 0;
}

static bool ends_scheme(char c) {
    return c == ':' || c == '[' || c == '(' || c == '{';
}

/* hxxp, hXXps, h**p, meow://: what people write for http. The bytes it takes up, or 0. */
static size_t scheme_at(struct str s, const char **ret_to) {
    static const char *const forms[] = {"hxxp", "h**p", "htxp", "hxtp"};
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        if (s.n > 6 && str_eq_icase(str_to(s, 4), str_of(forms[i])) &&
            (ends_scheme(s.p[4]) || (ascii_lower(s.p[4]) == 's' && ends_scheme(s.p[5])))) {
            *ret_to = "http";
            return 4;
        }
    return 0;
}

struct str indicator_refang(struct arena *a, struct str text, bool *ret_changed) {
    struct str s = widths(a, text);
    char *dst = s.p ? arena_alloc(a, s.n + 1) : NULL;
    size_t n = 0;
    *ret_changed = false;
    if (!dst)
        return STR_NULL;
    for (size_t i = 0; i < s.n;) {
        const char *to = NULL;
        bool spaced = false;
        struct str rest = str_from(s, i);
        char c = s.p[i];
        size_t len = c == '[' || c == '(' || c == '{' || c == '\\' ? fang_at(rest, &to, &spaced) : 0;
        if (!len && (c == 'h' || c == 'H') && (!n || !is_alnum(dst[n - 1])))
            len = scheme_at(rest, &to);
        if (!len) {
            dst[n++] = c;
            i++;
            continue;
        }
        *ret_changed = true;
        if (spaced && n > 1 && dst[n - 1] == ' ')
            n--;
        memcpy(dst + n, to, strlen(to));
        n += strlen(to);
        i += len;
        if (spaced && i < s.n && s.p[i] == ' ')
            i++;
    }
    return str_n(dst, n);
}

/* ---- names of domains ---- */

static bool label_is_good(struct str l) {
    if (!l.n || l.n > LABEL_BYTES_MAX || l.p[0] == '-' || l.p[l.n - 1] == '-')
        return false;
    for (size_t i = 0; i < l.n; i++)
        if (!is_alnum(l.p[i]) && l.p[i] != '-' && l.p[i] != '_')
            return false;
    return true;
}

static bool name_is_good(struct str s) {
    struct str rest = s, label, last = STR("");
    unsigned labels = 0;
    while (str_split(&rest, '.', &label)) {
        if (!label_is_good(label))
            return false;
        last = label;
        labels++;
    }
    /* The last label of a name of the Internet is no number; it has letters, or is xn--. */
    return s.n <= NAME_BYTES_MAX && s.p[s.n - 1] != '.' && labels >= 2 && last.n >= 2 && !ascii_digit(last.p[0]);
}

/* The full stop of Japanese text is a dot in a name (RFC 3490, section 3.1). */
static struct str with_dots(struct arena *a, struct str s) {
    char *dst = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; dst && i < s.n;) {
        bool stop = str_starts(str_from(s, i), STR("\xe3\x80\x82"));
        dst[n++] = stop ? '.' : s.p[i];
        i += stop ? 3 : 1;
    }
    return str_n(dst, n);
}

struct str indicator_domain_read(struct arena *a, struct str text) {
    struct str s = text;
    if (s.n && s.p[s.n - 1] == '.')
        s.n--;
    if (!s.n || s.n > 4 * NAME_BYTES_MAX)
        return STR_NULL;
    s = text_normal(a, s);
    if (s.p && !text_is_ascii(s)) {
        s = with_dots(a, s);
        s = s.p ? punycode_name(a, s) : s;
    }
    return s.p && s.n && name_is_good(s) ? s : STR_NULL;
}

/* ---- URLs ---- */

static size_t scheme_length(struct str url) {
    ptrdiff_t at = str_find(url, STR("://"), 0);
    if (at <= 0 || at > 10)
        return 0;
    for (ptrdiff_t i = 0; i < at; i++)
        if (!is_alnum(url.p[i]) && url.p[i] != '+')
            return 0;
    return (size_t) at + 3;
}

struct parts {
    struct str scheme, host, port, rest; /* scheme with its "://"; rest from '/' or '?' on, without fragment */
};

static bool split_url(struct str url, struct parts *ret) {
    size_t n = scheme_length(url);
    struct str s = str_from(url, n);
    size_t end = 0;
    while (end < s.n && s.p[end] != '/' && s.p[end] != '?' && s.p[end] != '#' && s.p[end] != '\\')
        end++;
    struct str authority = str_to(s, end);
    for (size_t i = authority.n; i-- > 0;)
        if (authority.p[i] == '@') {
            authority = str_from(authority, i + 1);
            break;
        }
    *ret = (struct parts){.scheme = str_to(url, n), .host = authority};
    ptrdiff_t close = authority.n && authority.p[0] == '[' ? str_find_byte(authority, ']', 0) : -1;
    ptrdiff_t colon = str_find_byte(authority, ':', close > 0 ? (size_t) close : 0);
    if (colon >= 0) {
        ret->host = str_to(authority, (size_t) colon);
        ret->port = str_from(authority, (size_t) colon + 1);
    }
    if (close > 0)
        ret->host = str_n(authority.p + 1, (size_t) close - 1);
    ptrdiff_t hash = str_find_byte(s, '#', end);
    ret->rest = hash >= 0 ? str_n(s.p + end, (size_t) hash - end) : str_from(s, end);
    return ret->host.n > 0;
}

static bool usual_port(const struct parts *p) {
    return !p->port.n || (str_eq_icase(p->scheme, STR("http://")) && str_eq_z(p->port, "80")) ||
           (str_eq_icase(p->scheme, STR("https://")) && str_eq_z(p->port, "443"));
}

struct str indicator_url_host(struct str url) {
    struct parts p;
    return split_url(url, &p) ? p.host : STR("");
}

struct str indicator_url_compared(struct str url, char *dst, size_t cap) {
    struct parts p;
    size_t n = 0;
    if (!split_url(url, &p) || p.host.n + p.port.n + p.rest.n + 3 > cap)
        return STR("");
    for (size_t i = 0; i < p.host.n; i++)
        dst[n++] = ascii_lower(p.host.p[i]);
    if (!usual_port(&p)) {
        dst[n++] = ':';
        memcpy(dst + n, p.port.p, p.port.n);
        n += p.port.n;
    }
    if (!p.rest.n || p.rest.p[0] != '/')
        dst[n++] = '/';
    memcpy(dst + n, p.rest.p, p.rest.n);
    return str_n(dst, n + p.rest.n);
}

static struct str host_read(struct arena *a, struct str host) {
    struct ip ip;
    if (ip_parse(host, &ip) == 0) {
        char z[IP_CAP];
        size_t n = ip_format(&ip, z);
        return arena_dup(a, str_n(z, n));
    }
    return indicator_domain_read(a, host);
}

static struct str url_read(struct arena *a, struct str s) {
    struct parts p;
    if (s.n > INDICATOR_VALUE_BYTES_MAX || !split_url(s, &p))
        return STR_NULL;
    for (size_t i = 0; i < p.port.n; i++)
        if (!ascii_digit(p.port.p[i]))
            return STR_NULL;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] <= ' ')
            return STR_NULL;
    /* What stood before a fragment is at the end now, and what ends a sentence belongs to no URL there either. */
    while (p.rest.n && strchr("\"'`>),;.", p.rest.p[p.rest.n - 1]))
        p.rest.n--;
    struct str host = host_read(a, p.host);
    struct ip v6;
    /* "192.0.2.1/31" is a network; what was meant by one that is none, nobody knows. */
    uint64_t bits;
    if (!p.scheme.n && host.p && ip_parse(host, &v6) == 0 && p.rest.n > 1 && str_to_u64(str_from(p.rest, 1), &bits) == 0)
        return STR_NULL;
    if (!host.p)
        return STR_NULL;
    bool bracket = ip_parse(host, &v6) == 0 && v6.version == 6;
    char scheme[16] = "";
    for (size_t i = 0; i < p.scheme.n && i < sizeof scheme - 1; i++)
        scheme[i] = ascii_lower(p.scheme.p[i]);
    return arena_printf(a, "%s%s%.*s%s%s%.*s%s%.*s", scheme, bracket ? "[" : "", STR_ARG(host), bracket ? "]" : "",
                        usual_port(&p) ? "" : ":", usual_port(&p) ? 0 : (int) p.port.n, p.port.n ? p.port.p : "",
                        p.rest.n && p.rest.p[0] == '/' ? "" : "/", STR_ARG(p.rest));
}

/* ---- any value ---- */

static int hash_kind(struct str s) {
    static const struct {
        size_t n;
        int kind;
    } rows[] = {{32, INDICATOR_MD5}, {40, INDICATOR_SHA1}, {64, INDICATOR_SHA256}, {128, INDICATOR_SHA512}};
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && (ascii_lower(s.p[i]) < 'a' || ascii_lower(s.p[i]) > 'f'))
            return -1;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].n == s.n)
            return rows[i].kind;
    return -1;
}

static struct str lowered(struct arena *a, struct str s) {
    char *p = arena_dup_z(a, s);
    for (size_t i = 0; p && i < s.n; i++)
        p[i] = ascii_lower(p[i]);
    return str_n(p, p ? s.n : 0);
}

/* Quotes and brackets around it, and what ends a sentence behind it. */
static struct str bare(struct str s) {
    s = str_trim(s);
    while (s.n && strchr("\"'`<([", s.p[0]) && !(s.p[0] == '[' && memchr(s.p, ']', s.n) && s.n > 2 && memchr(s.p, ':', s.n)))
        s = str_from(s, 1);
    while (s.n && strchr("\"'`>),;.", s.p[s.n - 1]))
        s.n--;
    return s;
}

static int read_address(struct arena *a, struct str s, struct str *ret, enum indicator_why *why, const char **detail) {
    struct ip_prefix p;
    char z[IP_PREFIX_CAP];
    int r = ip_prefix_parse(s, &p);
    ptrdiff_t colon = str_find_byte(s, ':', 0);
    uint64_t port;
    if (r < 0 && colon > 0 && memchr(s.p, '.', (size_t) colon) && str_to_u64(str_from(s, (size_t) colon + 1), &port) == 0 && port < 65536)
        r = ip_prefix_parse(str_to(s, (size_t) colon), &p); /* 192.0.2.1:443 */
    if (r < 0 || r == 1) { /* bits behind the prefix: not what its writer meant */
        *detail = r == 1 ? "has bits set behind its prefix" : NULL;
        return -EINVAL;
    }
    if (p.bits < (p.ip.version == 4 ? NET4_BITS_MIN : NET6_BITS_MIN)) {
        *why = INDICATOR_BROAD;
        *detail = p.ip.version == 4 ? "a network larger than /16" : "a network larger than /32";
        return -EINVAL;
    }
    size_t n = p.bits == ip_bits(&p.ip) ? ip_format(&p.ip, z) : ip_prefix_format(&p, z);
    *ret = arena_dup(a, str_n(z, n));
    return p.ip.version == 4 ? INDICATOR_IPV4 : INDICATOR_IPV6;
}

static int read_email(struct arena *a, struct str s, struct str *ret) {
    ptrdiff_t at = -1;
    for (size_t i = s.n; i-- > 0 && at < 0;)
        if (s.p[i] == '@')
            at = (ptrdiff_t) i;
    struct str domain = indicator_domain_read(a, str_from(s, (size_t) at + 1));
    if (at <= 0 || at > 64 || !domain.p)
        return -EINVAL;
    for (ptrdiff_t i = 0; i < at; i++)
        if ((unsigned char) s.p[i] <= ' ' || (unsigned char) s.p[i] >= 0x7f || strchr("<>()\"',;:@", s.p[i]))
            return -EINVAL;
    struct str local = lowered(a, str_to(s, (size_t) at));
    *ret = arena_printf(a, "%.*s@%.*s", STR_ARG(local), STR_ARG(domain));
    return INDICATOR_EMAIL;
}

static int guess(struct arena *a, struct str s, struct str *ret, enum indicator_why *why, const char **detail) {
    int kind = hash_kind(s);
    if (kind >= 0) {
        *ret = lowered(a, s);
        return kind;
    }
    if (scheme_length(s)) {
        *ret = url_read(a, s);
        return ret->p ? INDICATOR_URL : -EINVAL;
    }
    int r = read_address(a, s, ret, why, detail);
    if (r >= 0 || *detail)
        return r;
    if (memchr(s.p, '@', s.n))
        return read_email(a, s, ret);
    *ret = indicator_domain_read(a, s);
    if (ret->p)
        return INDICATOR_DOMAIN;
    *ret = memchr(s.p, '/', s.n) ? url_read(a, s) : STR_NULL;
    return ret->p ? INDICATOR_URL : -EINVAL;
}

static bool is_hash(int kind) {
    return kind >= INDICATOR_MD5;
}

int indicator_value_read(struct arena *a, struct str text, int kind, struct str *ret, enum indicator_why *ret_why,
                         const char **ret_detail) {
    bool changed;
    *ret_why = INDICATOR_UNREADABLE;
    *ret_detail = NULL;
    struct str s = text.n <= 2 * INDICATOR_VALUE_BYTES_MAX ? bare(indicator_refang(a, text, &changed)) : STR("");
    int r = s.n ? guess(a, s, ret, ret_why, ret_detail) : -EINVAL;
    if (r >= 0 && kind >= 0 && (is_hash(kind) || is_hash(r)) && kind != r) {
        *ret_detail = "is not of the kind it is said to be";
        return -EINVAL;
    }
    if (r >= 0 && ret->n > INDICATOR_VALUE_BYTES_MAX)
        r = -EINVAL;
    if (r < 0 && !*ret_detail)
        *ret_detail = "no address, name of a domain, URL, hash or address of mail";
    return r;
}

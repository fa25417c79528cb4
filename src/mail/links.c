/* Where a mail leads. HTML is not rendered: marks are passed over, of A, AREA, FORM, IFRAME and META the address is taken. */
#include "mail/mail_priv.h"

static struct str host_of(struct str url) {
    ptrdiff_t at = str_find(url, STR("://"), 0);
    struct str s = at < 0 ? url : str_from(url, (size_t) at + 3);
    size_t n = 0;
    while (n < s.n && !strchr("/?#\\", s.p[n]) && (unsigned char) s.p[n] > ' ')
        n++;
    s = str_to(s, n);
    for (size_t i = s.n; i > 0; i--) /* https://bank.example.jp@evil.example/ goes to the latter */
        if (s.p[i - 1] == '@') {
            s = str_from(s, i);
            break;
        }
    if (s.n && s.p[0] == '[') {
        ptrdiff_t end = str_find_byte(s, ']', 0);
        return end < 0 ? s : str_to(s, (size_t) end + 1);
    }
    ptrdiff_t colon = str_find_byte(s, ':', 0);
    return colon < 0 ? s : str_to(s, (size_t) colon);
}

static bool looks_like_host(struct str s) {
    ptrdiff_t dot = str_find_byte(s, '.', 0);
    if (dot < 1 || (size_t) dot + 2 > s.n)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && !(ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z') && s.p[i] != '-' && s.p[i] != '.')
            return false;
    return true;
}

/* A text that itself names a place: "https://…" or "www.bank.example.jp". */
static struct str shown_host(struct str shown) {
    struct str s = str_trim(shown);
    bool url = str_eq_icase(str_to(s, 7), STR("http://")) || str_eq_icase(str_to(s, 8), STR("https://"));
    struct str h = host_of(s);
    return (url || h.n == s.n || str_find_byte(s, '/', 0) > 0) && looks_like_host(h) && !memchr(s.p ? s.p : "", ' ', s.n) ? h : STR("");
}

static void add_link(struct mail_reading *r, struct mail_message *m, struct str url, struct str shown) {
    url = str_trim(url);
    if (!url.n || url.p[0] == '#' || str_eq_icase(str_to(url, 4), STR("cid:")) || str_eq_icase(str_to(url, 5), STR("data:")))
        return;
    m->odd += url.n > MAIL_URL_BYTES_MAX;
    url = str_to(url, MAIL_URL_BYTES_MAX);
    for (size_t i = 0; i < m->n_links; i++)
        if (str_eq(m->links[i].url, url) && str_eq(m->links[i].shown, shown))
            return;
    struct mail_link *x = mail_more(r, &m->links, &m->n_links, &m->cap_links, MAIL_LINKS_MAX, sizeof *x, &m->odd);
    if (!x)
        return;
    bool goes = str_find(url, STR("://"), 0) > 0;
    struct str said = shown_host(shown);
    *x = (struct mail_link){.url = url, .shown = shown, .host = goes ? host_of(url) : STR("")};
    x->differs = goes && said.n && !str_eq_icase(said, x->host);
}

void mail_text_links(struct mail_reading *r, struct mail_message *m, struct str s) {
    for (ptrdiff_t at = 0; (at = str_find(s, STR("://"), (size_t) at)) >= 0;) {
        size_t from = (size_t) at, to = (size_t) at + 3;
        while (from > 0 && ((ascii_lower(s.p[from - 1]) >= 'a' && ascii_lower(s.p[from - 1]) <= 'z')) && (size_t) at - from < 6)
            from--;
        while (to < s.n && (unsigned char) s.p[to] > ' ' && (unsigned char) s.p[to] < 0x7f && !strchr("<>\"'`{}|\\^", s.p[to]))
            to++;
        size_t end = to;
        while (end > (size_t) at + 3 && strchr(".,;:!?)]", s.p[end - 1]))
            end--;
        struct str scheme = str_n(s.p + from, (size_t) at - from);
        if (end > (size_t) at + 3 && (str_eq_icase(scheme, STR("http")) || str_eq_icase(scheme, STR("https")) || str_eq_icase(scheme, STR("ftp")) || str_eq_icase(scheme, STR("hxxp")) || str_eq_icase(scheme, STR("hxxps"))))
            add_link(r, m, str_n(s.p + from, end - from), STR(""));
        at = (ptrdiff_t) to;
    }
}

static void add_utf8(char *to, size_t *n, uint32_t c) {
    if (c < 0x80) {
        to[(*n)++] = (char) c;
    } else if (c < 0x800) {
        to[(*n)++] = (char) (0xc0 | c >> 6);
        to[(*n)++] = (char) (0x80 | (c & 63));
    } else if (c < 0x10000) {
        to[(*n)++] = (char) (0xe0 | c >> 12);
        to[(*n)++] = (char) (0x80 | (c >> 6 & 63));
        to[(*n)++] = (char) (0x80 | (c & 63));
    } else {
        to[(*n)++] = (char) (0xf0 | c >> 18);
        to[(*n)++] = (char) (0x80 | (c >> 12 & 63));
        to[(*n)++] = (char) (0x80 | (c >> 6 & 63));
        to[(*n)++] = (char) (0x80 | (c & 63));
    }
}

/* "&amp;" "&#47;" "&#x2f;": never longer than what stands for it. Marks and runs of space are dropped where `text`. */
static struct str plain(struct mail_reading *r, struct str s, bool text, size_t max) {
    static const struct {
        const char *name;
        char c;
    } NAMED[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&nbsp;", ' '}, {"&colon;", ':'}, {"&sol;", '/'}, {"&period;", '.'}, {"&tab;", ' '}, {"&newline;", ' '}};
    char *to = arena_alloc(r->a, s.n + 8);
    size_t n = 0;
    bool in_mark = false;
    if (!to) {
        r->error = -ENOMEM;
        return STR("");
    }
    for (size_t i = 0; i < s.n && n < max; i++) {
        char c = s.p[i];
        if (text && (c == '<' || in_mark)) {
            in_mark = c != '>';
            c = ' ';
            if (in_mark)
                continue;
        } else if (c == '&') {
            struct str rest = str_from(s, i);
            size_t k = 0, used = 0;
            while (k < ARRAY_SIZE(NAMED) && !str_eq_icase(str_to(rest, strlen(NAMED[k].name)), str_of(NAMED[k].name)))
                k++;
            uint32_t v = 0;
            if (k < ARRAY_SIZE(NAMED)) {
                v = (unsigned char) NAMED[k].c;
                used = strlen(NAMED[k].name);
            } else if (rest.n > 3 && rest.p[1] == '#') {
                bool hex = ascii_lower(rest.p[2]) == 'x';
                size_t d = hex ? 3 : 2;
                for (; d < rest.n && d < 12 && v < 0x110000; d++) {
                    char x = ascii_lower(rest.p[d]);
                    unsigned digit = ascii_digit(x) ? (unsigned) (x - '0') : hex && x >= 'a' && x <= 'f' ? (unsigned) (x - 'a' + 10) : 99;
                    if (digit == 99)
                        break;
                    v = v * (hex ? 16 : 10) + digit;
                }
                used = d + (d < rest.n && rest.p[d] == ';');
            }
            if (v >= ' ' && v < 0x110000 && (v < 0xd800 || v > 0xdfff)) {
                add_utf8(to, &n, v);
                i += used - 1;
                continue;
            }
        }
        if (!text && strchr("\t\r\n", c) && c)
            continue; /* browsers drop these from addresses */
        if (text && (c == '\n' || c == '\r' || c == '\t'))
            c = ' ';
        if (text && c == ' ' && n && to[n - 1] == ' ')
            continue;
        to[n++] = c;
    }
    return str_n(to, n);
}

static bool is_mark(struct str s, const char *name) {
    size_t n = strlen(name);
    return s.n > n + 1 && str_eq_icase(str_n(s.p + 1, n), str_of(name)) && (strchr(" \t\r\n/>", s.p[n + 1]) != NULL);
}

/* The value of an attribute of the mark s ("<a href=…>"). */
static bool attribute(struct str s, const char *name, struct str *ret) {
    size_t k = strlen(name);
    for (size_t i = 1; i + k < s.n; i++) {
        if (!strchr(" \t\r\n/\"'", s.p[i - 1]) || !str_eq_icase(str_n(s.p + i, k), str_of(name)))
            continue;
        struct str v = str_trim(str_from(s, i + k));
        if (!v.n || v.p[0] != '=')
            continue;
        v = str_trim(str_from(v, 1));
        if (v.n && (v.p[0] == '"' || v.p[0] == '\'')) {
            ptrdiff_t end = str_find_byte(v, v.p[0], 1);
            *ret = end < 0 ? str_from(v, 1) : str_n(v.p + 1, (size_t) end - 1);
        } else {
            size_t n = 0;
            while (n < v.n && (unsigned char) v.p[n] > ' ' && v.p[n] != '>')
                n++;
            *ret = str_to(v, n);
        }
        return true;
    }
    return false;
}

/* The end of a mark: '>' outside of quotes, or the text's end. */
static size_t mark_end(struct str s, size_t at) {
    char quote = 0;
    for (size_t i = at; i < s.n && i - at < MAIL_HEADER_BYTES_MAX; i++) {
        if (quote ? s.p[i] == quote : (s.p[i] == '"' || s.p[i] == '\''))
            quote = quote ? 0 : s.p[i];
        else if (!quote && s.p[i] == '>')
            return i + 1;
    }
    ptrdiff_t end = str_find_byte(s, '>', at); /* a quote that never ends hides nothing */
    return end < 0 ? s.n : (size_t) end + 1;
}

struct str mail_html(struct mail_reading *r, struct mail_message *m, struct str s) {
    static const struct {
        const char *mark, *attribute;
    } LEADS[] = {{"area", "href"}, {"form", "action"}, {"iframe", "src"}, {"base", "href"}, {"button", "formaction"}};
    struct str v;
    size_t a_from = 0, a_text = 0;
    bool in_a = false;
    for (ptrdiff_t at = 0; (at = str_find_byte(s, '<', (size_t) at)) >= 0 && !r->error && m->n_links < MAIL_LINKS_MAX;) {
        size_t end = mark_end(s, (size_t) at);
        struct str mark = str_n(s.p + at, end - (size_t) at);
        if (is_mark(mark, "/a") && in_a) {
            if (attribute(str_n(s.p + a_from, a_text - a_from), "href", &v))
                add_link(r, m, plain(r, v, false, MAIL_URL_BYTES_MAX), str_trim(plain(r, str_n(s.p + a_text, (size_t) at - a_text), true, MAIL_SHOWN_BYTES_MAX)));
            in_a = false;
        } else if (is_mark(mark, "a")) {
            if (in_a && attribute(str_n(s.p + a_from, a_text - a_from), "href", &v))
                add_link(r, m, plain(r, v, false, MAIL_URL_BYTES_MAX), STR(""));
            in_a = true;
            a_from = (size_t) at;
            a_text = end;
        } else if (is_mark(mark, "meta") && attribute(mark, "content", &v)) {
            mail_text_links(r, m, plain(r, v, false, MAIL_URL_BYTES_MAX));
        }
        for (size_t i = 0; i < ARRAY_SIZE(LEADS); i++)
            if (is_mark(mark, LEADS[i].mark) && attribute(mark, LEADS[i].attribute, &v))
                add_link(r, m, plain(r, v, false, MAIL_URL_BYTES_MAX), STR(""));
        at = (ptrdiff_t) end;
    }
    if (in_a && attribute(str_n(s.p + a_from, a_text - a_from), "href", &v))
        add_link(r, m, plain(r, v, false, MAIL_URL_BYTES_MAX), STR(""));
    struct str text = plain(r, s, true, 4 * MAIL_TEXT_BYTES_MAX);
    mail_text_links(r, m, text);
    return text;
}

/* See http.h. */
#include "index/http.h"

#include "base/limits.h"

/* One line without its CR LF; false when it is not whole. */
static bool take_line(struct str in, size_t *at, struct str *ret) {
    ptrdiff_t end = str_find(in, STR("\r\n"), *at);
    if (end < 0)
        return false;
    *ret = str_n(in.p + *at, (size_t) end - *at);
    *at = (size_t) end + 2;
    return true;
}

static bool has_control(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

static int read_status(struct str line, struct http_head *h) {
    uint64_t status;
    if (!str_starts(line, STR("HTTP/1.")) || line.n < 12 || line.p[8] != ' ' ||
        str_to_u64(str_n(line.p + 9, 3), &status) < 0 || status < 100)
        return -ERR_PARSE;
    h->status = (int) status;
    return 0;
}

static int read_request(struct str line, struct http_head *h) {
    struct str rest = line, method, target;
    if (!str_split(&rest, ' ', &method) || !str_split(&rest, ' ', &target) || !str_starts(rest, STR("HTTP/1.")) ||
        !str_starts(target, STR("/")) || has_control(target))
        return -ERR_PARSE;
    h->post = str_eq_z(method, "POST");
    h->target = target;
    return h->post || str_eq_z(method, "GET") ? 0 : -ERR_PARSE;
}

static int read_field(struct str line, struct http_head *h) {
    ptrdiff_t colon = str_find_byte(line, ':', 0);
    if (colon <= 0 || has_control(line))
        return -ERR_PARSE;
    struct str name = str_to(line, (size_t) colon), value = str_trim(str_from(line, (size_t) colon + 1));
    if (str_eq_icase(name, STR("content-length"))) {
        if (h->has_length || str_to_u64(value, &h->length) < 0)
            return -ERR_PARSE;
        h->has_length = true;
    } else if (str_eq_icase(name, STR("transfer-encoding"))) {
        if (h->chunked || !str_eq_icase(value, STR("chunked")))
            return -ERR_PARSE;
        h->chunked = true;
    } else if (str_eq_icase(name, STR("x-clickhouse-user"))) {
        h->user = value;
    } else if (str_eq_icase(name, STR("x-clickhouse-key"))) {
        h->key = value;
    } else if (str_eq_icase(name, STR("x-clickhouse-database"))) {
        h->database = value;
    }
    return 0;
}

int http_head_parse(struct str in, bool answer, struct http_head *ret) {
    struct http_head h = {.user = STR(""), .key = STR(""), .database = STR(""), .target = STR("")};
    struct str line;
    size_t at = 0;
    int r = 1;
    if (!take_line(in, &at, &line))
        return in.n > INDEX_HTTP_HEAD_BYTES_MAX ? -ERR_PARSE : 0;
    r = answer ? read_status(line, &h) : read_request(line, &h);
    while (r == 0) {
        if (!take_line(in, &at, &line))
            return in.n > INDEX_HTTP_HEAD_BYTES_MAX ? -ERR_PARSE : 0;
        if (!line.n)
            break;
        r = read_field(line, &h);
    }
    if (r < 0 || at > INDEX_HTTP_HEAD_BYTES_MAX || (h.chunked && h.has_length))
        return -ERR_PARSE;
    h.bytes = at;
    *ret = h;
    return 1;
}

static int hex_value(char c) {
    c = ascii_lower(c);
    return ascii_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Each chunk: its size in hex, CR LF, so many bytes, CR LF; one of size 0 and an empty line end the body. */
static int read_chunks(struct str in, struct buf *body) {
    size_t at = 0;
    struct str line;
    for (;;) {
        uint64_t n = 0;
        if (!take_line(in, &at, &line))
            return in.n - at > 64 ? -ERR_PARSE : 0;
        size_t digits = 0;
        while (digits < line.n && hex_value(line.p[digits]) >= 0 && digits < 8)
            n = n << 4 | (uint64_t) hex_value(line.p[digits++]);
        if (!digits || (digits < line.n && line.p[digits] != ';'))
            return -ERR_PARSE;
        if (!n)
            return take_line(in, &at, &line) ? line.n ? -ERR_PARSE : 1 : 0;
        if (in.n - at < n + 2)
            return in.n > body->max ? -ERR_LIMIT : 0;
        buf_add(body, str_n(in.p + at, n));
        at += n;
        if (in.p[at] != '\r' || in.p[at + 1] != '\n')
            return -ERR_PARSE;
        at += 2;
    }
}

int http_body(struct str in, const struct http_head *head, bool closed, struct buf *body) {
    struct str rest = str_from(in, head->bytes);
    size_t before = body->n;
    int r;
    if (head->chunked) {
        r = read_chunks(rest, body);
        if (r == 0) /* it is read anew with more bytes */
            body->n = before;
    } else if (head->has_length) {
        if (head->length > body->max)
            return -ERR_LIMIT;
        r = rest.n >= head->length;
        if (r)
            buf_add(body, str_to(rest, head->length));
    } else { /* a request without a length has no body, an answer ends with its connection */
        r = head->status == 0 || closed;
        if (head->status && r)
            buf_add(body, rest);
    }
    return buf_error(body) < 0 ? buf_error(body) : r == 0 && closed ? -ERR_PARSE : r;
}

static int add_unescaped(struct str s, struct buf *out) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '%') {
            buf_add_byte(out, s.p[i] == '+' ? ' ' : s.p[i]);
            continue;
        }
        if (i + 2 >= s.n || hex_value(s.p[i + 1]) < 0 || hex_value(s.p[i + 2]) < 0)
            return -ERR_PARSE;
        buf_add_byte(out, (char) (hex_value(s.p[i + 1]) << 4 | hex_value(s.p[i + 2])));
        i += 2;
    }
    return buf_error(out) < 0 ? buf_error(out) : 1;
}

int http_parameter(struct str target, const char *name, struct buf *ret) {
    ptrdiff_t mark = str_find_byte(target, '?', 0);
    struct str rest = mark < 0 ? STR("") : str_from(target, (size_t) mark + 1), part;
    size_t n = strlen(name);
    while (str_split(&rest, '&', &part))
        if (part.n > n && part.p[n] == '=' && memcmp(part.p, name, n) == 0)
            return add_unescaped(str_from(part, n + 1), ret);
    return 0;
}

void http_add_escaped(struct buf *out, struct str s) {
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char) s.p[i];
        bool plain = ascii_digit((char) c) || (ascii_lower((char) c) >= 'a' && ascii_lower((char) c) <= 'z');
        if (plain) {
            buf_add_byte(out, (char) c);
        } else {
            char three[3] = {'%', hex[c >> 4], hex[c & 15]};
            buf_add(out, str_n(three, 3));
        }
    }
}

/* Access logs of nginx and Apache: common and combined, with a virtual host in front or more
 * behind.
 *
 *   [VHOST ]ADDRESS IDENT USER [23/Nov/2026:02:03:08 +0900] "REQUEST" STATUS BYTES["REFERRER"
 * "AGENT"…]
 *
 * Anchors: the servers escape quotes in everything a client sends (\x22 or \"), so `[time] "` can
 * stand only where the server wrote it, and the first one is the real one. The address is the word
 * before IDENT, which is "-" or at any rate no address: a Host header that looks like an address
 * cannot take its place.
 *
 * A line with a user is also a login: 401 and 403 are failures, anything below 400 a success.
 * Requests that are no HTTP (TLS to a plain port) keep their text in url.original. */
#include "decode/decode_priv.h"

enum { BRACKET = 28 }; /* "[23/Nov/2026:02:03:08 +0900]" */

static ptrdiff_t find_time(struct str s) {
    for (ptrdiff_t at = str_find_byte(s, '[', 0); at >= 0;
         at = str_find_byte(s, '[', (size_t) at + 1)) {
        const char *p = s.p + at;
        if (s.n - (size_t) at < BRACKET + 2)
            return -1;
        if (p[3] == '/' && p[7] == '/' && p[12] == ':' && p[21] == ' ' && p[27] == ']' &&
            p[28] == ' ' && p[29] == '"')
            return at;
    }
    return -1;
}

bool access_recognise(const struct decode_job *j, struct str text) {
    return text.n > BRACKET && text.p[0] > ' ' && text.p[0] != '[' && find_time(text) > 0;
}

static size_t cp932_quote(struct str s, size_t at) {
    while (at < s.n && s.p[at] != '"') {
        unsigned char c = (unsigned char) s.p[at];
        bool lead = (c >= 0x81 && c <= 0x9f) || (c >= 0xe0 && c <= 0xfc);
        at += (lead || c == '\\') && at + 1 < s.n ? 2 : 1;
    }
    return at;
}

/* The index of the quote that ends the text beginning at `from`; s.n when there is none. The second
 * byte of a CP932 character may be a backslash and then escapes nothing. */
static size_t end_quote(const struct decode_job *j, struct str s, size_t from) {
    if (UNLIKELY(j->encoding == TEXT_CP932))
        return cp932_quote(s, from);
    for (size_t at = from; at < s.n;) {
        const char *q = memchr(s.p + at, '"', s.n - at);
        if (!q)
            return s.n;
        size_t end = (size_t) (q - s.p), n = 0;
        while (end - n > from && s.p[end - n - 1] == '\\')
            n++;
        if (n % 2 == 0)
            return end;
        at = end + 1;
    }
    return s.n;
}

static struct str take_word(struct str *s) {
    const char *space = s->n ? memchr(s->p, ' ', s->n) : NULL;
    struct str word = space ? str_n(s->p, (size_t) (space - s->p)) : *s;
    *s = str_from(*s, word.n + (space != NULL));
    return word;
}

struct client {
    struct str vhost, address, user; /* user.p NULL: none */
};

static bool is_address(struct str s) {
    struct ip ip;
    return ip_is_dotted_quad(s) || ip_parse(s, &ip) == 0;
}

/* What Apache writes with HostnameLookups on, or nginx for a Unix socket. */
static bool is_host(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && !(ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z') &&
            s.p[i] != '.' && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != ':')
            return false;
    return s.n > 0;
}

static bool take_client(struct str head, struct client *ret) {
    *ret = (struct client){0};
    ret->address = take_word(&head);
    struct str rest = head, ident = take_word(&rest);
    if (ident.n > 1 && is_address(ident)) {
        ret->vhost = ret->address;
        ret->address = ident;
        head = rest;
        (void) take_word(&head);
    } else if (is_address(ret->address) || (is_host(ret->address) && str_eq(ident, STR("-")))) {
        head = rest;
    } else {
        return false;
    }
    if (head.n != 1 || head.p[0] != '-')
        ret->user = str_eq(head, STR("\"\"")) ? STR("") : head.n ? head : STR_NULL;
    return true;
}

static bool is_method(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
              s.p[i] == '-' || s.p[i] == '_'))
            return false;
    return s.n > 0 && s.n <= 32;
}

/* "http://host/path" and "/path" */
static void put_target(struct decode_job *j, struct str target) {
    put(j, EVENT_F_URL_ORIGINAL, target);
    if (target.n && target.p[0] != '/') {
        ptrdiff_t scheme = str_find(target, STR("://"), 0);
        if (scheme > 0 && scheme <= 8) {
            struct str host = str_from(target, (size_t) scheme + 3);
            ptrdiff_t slash = str_find_byte(host, '/', 0);
            put(j, EVENT_F_URL_DOMAIN, slash < 0 ? host : str_to(host, (size_t) slash));
            target = slash < 0 ? STR("/") : str_from(host, (size_t) slash);
        }
    }
    ptrdiff_t mark = str_find_byte(target, '?', 0);
    put(j, EVENT_F_URL_PATH, mark < 0 ? target : str_to(target, (size_t) mark));
    if (mark >= 0)
        put(j, EVENT_F_URL_QUERY, str_from(target, (size_t) mark + 1));
}

static void put_request(struct decode_job *j, struct str request) {
    struct str rest = request, method = take_word(&rest);
    if (request.n == 0 || str_eq(request, STR("-")))
        return;
    if (!is_method(method) || rest.n == 0) {
        put(j, EVENT_F_URL_ORIGINAL, job_text(j, request));
        put(j, EVENT_F_EVENT_REASON, STR("malformed request"));
        return;
    }
    put(j, EVENT_F_HTTP_METHOD, method);
    size_t n = rest.n;
    while (n > 0 && rest.p[n - 1] != ' ')
        n--;
    struct str version = str_from(rest, n);
    if (n > 0 && str_starts(version, STR("HTTP/"))) {
        put(j, EVENT_F_HTTP_VERSION, str_from(version, 5));
        rest = str_to(rest, n - 1);
    }
    put_target(j, job_unescape(j, j->plain ? rest : job_text(j, rest)));
}

static void put_quoted(struct decode_job *j, enum event_field_id id, struct str raw) {
    if (raw.n == 0 || (raw.n == 1 && raw.p[0] == '-'))
        return;
    put(j, id, job_unescape(j, j->plain ? raw : job_text(j, raw)));
}

static void put_kind(struct decode_job *j, struct str user, int status) {
    struct str service = j->src->service.n ? j->src->service : STR("web");
    put(j, EVENT_F_EVENT_CATEGORY, STR("web"));
    put(j, EVENT_F_EVENT_TYPE, STR("access"));
    bool failed = status == 401 || status == 403;
    if (user.p && (failed || (status >= 100 && status < 400)))
        put_login(j, !failed, service);
    else
        put(j, EVENT_F_SERVICE_NAME, service);
    if (user.p)
        put(j, EVENT_F_USER_NAME, job_unescape(j, j->plain ? user : job_text(j, user)));
}

/* ` STATUS BYTES "REFERRER" "AGENT"` behind the request. The status, or 0. */
static int put_answer(struct decode_job *j, struct str s) {
    struct str rest = str_from(s, 1), status = take_word(&rest), bytes = take_word(&rest);
    int code = 0;
    if (status.n == 3 && ascii_digit(status.p[0]) && ascii_digit(status.p[1]) &&
        ascii_digit(status.p[2])) {
        code = (status.p[0] - '0') * 100 + (status.p[1] - '0') * 10 + (status.p[2] - '0');
        put_number(j, EVENT_F_HTTP_STATUS, status);
    }
    if (bytes.n && ascii_digit(bytes.p[0]))
        put_number(j, EVENT_F_HTTP_BODY_BYTES, bytes);
    for (int i = 0; i < 2 && rest.n && rest.p[0] == '"'; i++) {
        size_t end = end_quote(j, rest, 1);
        put_quoted(j, i ? EVENT_F_USER_AGENT : EVENT_F_HTTP_REFERRER, str_n(rest.p + 1, end - 1));
        rest = str_from(rest, end + 2);
    }
    return code;
}

enum decode_result access_decode(struct decode_job *j, struct str text) {
    struct when when = {.t_ns = TIME_NONE};
    ptrdiff_t at = find_time(text);
    if (at <= 1 || text.p[at - 1] != ' ')
        return DECODE_NOT_MINE;
    if (when_clf(str_from(text, (size_t) at + 1), &when, j) != BRACKET - 2)
        return DECODE_NOT_MINE;
    size_t from = (size_t) at + BRACKET + 2, end = end_quote(j, text, from);
    if (end == text.n && j->whole)
        return DECODE_NOT_MINE;
    struct client c;
    if (!take_client(str_to(text, (size_t) at - 1), &c))
        return DECODE_NOT_MINE;
    j->when = when;
    if (c.vhost.n) {
        size_t n = c.vhost.n; /* "example.com:443" */
        while (n > 0 && ascii_digit(c.vhost.p[n - 1]))
            n--;
        put_text(j, EVENT_F_URL_DOMAIN,
                 n > 1 && n < c.vhost.n && c.vhost.p[n - 1] == ':' ? str_to(c.vhost, n - 1)
                                                                   : c.vhost);
    }
    put_source(j, c.address);
    put_request(j, str_n(text.p + from, end - from));
    int status = end < text.n ? put_answer(j, str_from(text, end + 1)) : 0;
    put_kind(j, c.user, status);
    return DECODE_DONE;
}

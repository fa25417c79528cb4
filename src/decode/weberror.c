/* Error logs of nginx and Apache. Failed passwords in them are web events (http-auth-error), not
 * logins: the access log has the same try with its status.
 *
 *   2026/11/23 02:03:08 [error] 123#123: *45 user "bob": password mismatch, client: 192.0.2.1,
 * server: … [Mon Nov 23 02:03:08.123456 2026] [auth_basic:error] [pid 9:tid 9] [client
 * 192.0.2.1:5000] AH01617: …
 *
 * Injection: nginx escapes nothing here, neither the name before ", client: " nor the request
 * behind it. When more than one such mark stands in the line and they disagree, no source is taken.
 * Apache writes the client before everything a client can choose. */
#include "decode/decode_priv.h"

static void put_kind(struct decode_job *j, bool auth) {
    struct str level = event_get(j->ev, EVENT_F_LOG_LEVEL);
    bool calm = STARTS(level, "info") || STARTS(level, "notice") || STARTS(level, "debug") ||
                STARTS(level, "trace");
    put(j, EVENT_F_EVENT_CATEGORY, STR("web"));
    put(j, EVENT_F_EVENT_TYPE, calm && !auth ? STR("info") : STR("error"));
    if (auth)
        put(j, EVENT_F_EVENT_ACTION, STR("http-auth-error"));
    put(j, EVENT_F_SERVICE_NAME, j->src->service.n ? j->src->service : STR("web"));
}

static void put_message(struct decode_job *j, struct str m) {
    if (!j->ev->first[EVENT_F_MESSAGE])
        put_text(j, EVENT_F_MESSAGE, m);
}

static size_t digits(struct str s, size_t at) {
    size_t n = 0;
    while (at + n < s.n && ascii_digit(s.p[at + n]))
        n++;
    return n;
}

bool nginx_error_recognise(const struct decode_job *j, struct str text) {
    return text.n > 24 && text.p[4] == '/' && text.p[7] == '/' && text.p[10] == ' ' &&
           text.p[19] == ' ' && text.p[20] == '[';
}

/* Every ", client: X" of the line: X when there is one or all agree. */
static bool find_client(struct str m, struct str *ret, size_t *ret_at) {
    static const struct str mark = {", client: ", 10};
    *ret = STR_NULL;
    for (ptrdiff_t at = str_find(m, mark, 0); at >= 0; at = str_find(m, mark, (size_t) at + 1)) {
        size_t from = (size_t) at + mark.n, n = 0;
        while (from + n < m.n && m.p[from + n] != ',')
            n++;
        struct str one = str_n(m.p + from, n);
        if (ret->p && !str_eq(*ret, one))
            return false;
        if (!ret->p)
            *ret_at = (size_t) at;
        *ret = one;
    }
    return true;
}

/* `user "bob": password mismatch` or `user "bob" was not found in "…"` before the client's mark. */
static struct str nginx_user(struct str m) {
    static const char *const ends[] = {"\": password mismatch", "\" was not found in \""};
    if (!str_starts(m, STR("user \"")))
        return STR_NULL;
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        ptrdiff_t at = str_find(m, str_of(ends[i]), 6);
        if (at >= 0)
            return str_n(m.p + 6, (size_t) at - 6);
    }
    return STR_NULL;
}

static void put_nginx_request(struct decode_job *j, struct str tail) {
    static const struct str mark = {", request: \"", 12};
    ptrdiff_t at = str_find(tail, mark, 0);
    if (at < 0)
        return;
    struct str r = str_from(tail, (size_t) at + mark.n);
    ptrdiff_t end = str_find_byte(r, '"', 0), space;
    r = end < 0 ? r : str_to(r, (size_t) end);
    space = str_find_byte(r, ' ', 0);
    if (space <= 0)
        return;
    put_text(j, EVENT_F_HTTP_METHOD, str_to(r, (size_t) space));
    r = str_from(r, (size_t) space + 1);
    ptrdiff_t version = str_find(r, STR(" HTTP/"), 0);
    put_text(j, EVENT_F_URL_ORIGINAL, version < 0 ? r : str_to(r, (size_t) version));
}

static void put_nginx_message(struct decode_job *j, struct str m) {
    struct str client;
    size_t at = m.n;
    put_message(j, m);
    bool clear = find_client(m, &client, &at);
    struct str user = nginx_user(str_to(m, at));
    put_kind(j, user.p || str_starts(m, STR("no user/password was provided")));
    if (!clear) {
        put_error(j, STR("the line can be read with more than one source address; none is taken"));
        return;
    }
    if (user.p)
        put_text(j, EVENT_F_USER_NAME, user);
    if (client.p) {
        put_source(j, client);
        put_nginx_request(j, str_from(m, at));
    }
}

enum decode_result nginx_error_decode(struct decode_job *j, struct str text) {
    struct when when = {.t_ns = TIME_NONE};
    size_t at = when_slash(text, &when, j);
    if (at == 0 || at + 3 > text.n || text.p[at] != ' ' || text.p[at + 1] != '[')
        return DECODE_NOT_MINE;
    ptrdiff_t close = str_find_byte(text, ']', at);
    if (close < 0 || (size_t) close > at + 10)
        return DECODE_NOT_MINE;
    struct str level = str_n(text.p + at + 2, (size_t) close - at - 2);
    at = (size_t) close + 2;
    size_t pid = digits(text, at), tid = digits(text, at + pid + 1);
    if (!pid || !tid || text.p[at + pid] != '#')
        return DECODE_NOT_MINE;
    j->when = when;
    put(j, EVENT_F_LOG_LEVEL, level);
    put_number(j, EVENT_F_PROCESS_PID, str_n(text.p + at, pid));
    struct str m = str_from(text, at + pid + 1 + tid);
    if (str_starts(m, STR(": ")))
        m = str_from(m, 2);
    if (m.n && m.p[0] == '*') { /* number of the connection */
        size_t n = digits(m, 1);
        if (n && n + 1 < m.n && m.p[n + 1] == ' ')
            m = str_from(m, n + 2);
    }
    put_nginx_message(j, m);
    return DECODE_DONE;
}

/* "[content] " at the start of s, cut off. */
static bool cut_bracket(struct str *s, struct str *ret) {
    ptrdiff_t close = s->n && s->p[0] == '[' ? str_find_byte(*s, ']', 0) : -1;
    if (close < 0)
        return false;
    *ret = str_n(s->p + 1, (size_t) close - 1);
    *s = str_from(*s, (size_t) close + 1);
    if (s->n && s->p[0] == ' ')
        *s = str_from(*s, 1);
    return true;
}

bool apache_error_recognise(const struct decode_job *j, struct str text) {
    return text.n > 28 && text.p[0] == '[' && text.p[4] == ' ' && text.p[8] == ' ' &&
           text.p[11] == ' ' && text.p[14] == ':';
}

/* "192.0.2.1:5000", "2001:db8::1:5000" (2.4) or an address alone (2.2). */
static void put_apache_client(struct decode_job *j, struct str s, bool with_port) {
    size_t n = s.n;
    while (n > 0 && ascii_digit(s.p[n - 1]))
        n--;
    if (with_port && n > 1 && n < s.n && s.p[n - 1] == ':') {
        put_number(j, EVENT_F_SOURCE_PORT, str_from(s, n));
        s = str_to(s, n - 1);
    }
    put_source(j, s);
}

static struct str apache_user(struct str m) {
    static const char *const ends[] = {": authentication failure for ",
                                       " not found: ", ": authorization failure for "};
    if (!str_starts(m, STR("user ")))
        return STR_NULL;
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        ptrdiff_t at = str_find(m, str_of(ends[i]), 5);
        if (at >= 0)
            return str_n(m.p + 5, (size_t) at - 5);
    }
    return STR_NULL;
}

/* "(13)Permission denied: [client …]": what the system said stands before the client. */
static void skip_errno(struct str *s) {
    size_t n = s->n && s->p[0] == '(' ? digits(*s, 1) : 0;
    ptrdiff_t at = n && n + 1 < s->n && s->p[n + 1] == ')' ? str_find(*s, STR(": ["), 0) : -1;
    if (at > 0 && at < 120)
        *s = str_from(*s, (size_t) at + 2);
}

enum decode_result apache_error_decode(struct decode_job *j, struct str text) {
    struct when when = {.t_ns = TIME_NONE};
    struct str s = text, piece, level, client = STR_NULL;
    if (!cut_bracket(&s, &piece) || when_ctime(piece, &when, j) != piece.n ||
        !cut_bracket(&s, &level))
        return DECODE_NOT_MINE;
    j->when = when;
    ptrdiff_t colon = str_find_byte(level, ':', 0);
    bool modern = colon >= 0; /* 2.4 names the module and writes the client's port */
    if (colon > 0)
        put_text(j, EVENT_F_LOG_LOGGER, str_to(level, (size_t) colon));
    put_text(j, EVENT_F_LOG_LEVEL, str_from(level, (size_t) (colon + 1)));
    struct str rest = s;
    if (cut_bracket(&rest, &piece) && str_starts(piece, STR("pid "))) {
        size_t n = digits(piece, 4);
        if (n)
            put_number(j, EVENT_F_PROCESS_PID, str_n(piece.p + 4, n));
        s = rest;
    }
    skip_errno(&s);
    rest = s;
    if (cut_bracket(&rest, &piece) &&
        (str_starts(piece, STR("client ")) || str_starts(piece, STR("remote ")))) {
        client = str_from(piece, 7);
        s = rest;
    }
    put_message(j, s);
    if (s.n > 9 && str_starts(s, STR("AH")) && digits(s, 2) == 5 && s.p[7] == ':') {
        put(j, EVENT_F_EVENT_CODE, str_to(s, 7));
        s = str_from(s, 9);
    }
    struct str user = apache_user(s);
    put_kind(j, user.p != NULL);
    if (user.p)
        put_text(j, EVENT_F_USER_NAME, user);
    if (client.n)
        put_apache_client(j, client, modern);
    return DECODE_DONE;
}

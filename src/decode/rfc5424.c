/* Syslog as RFC 5424 defines it, read strictly:
 *
 *   <PRI>VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP SD [SP MSG]
 *
 * What breaks the grammar is refused as 5424, and the line stands as text with the reason in
 * error.message. One thing is taken more broadly than some readers do: a message without a byte
 * order mark may be in any encoding (MSG-ANY); with the mark it must be UTF-8, and the event says
 * so when it is not. */
#include "decode/decode_priv.h"

static bool is_print(char c) {
    return c > 32 && c < 127;
}

/* A token of printable ASCII and the space behind it; "-" gives a null slice. */
static bool take_header(struct str *s, size_t max, struct str *ret) {
    size_t n = 0;
    while (n < s->n && is_print(s->p[n]))
        n++;
    if (n == 0 || n > max || n == s->n || s->p[n] != ' ')
        return false;
    *ret = n == 1 && s->p[0] == '-' ? STR_NULL : str_n(s->p, n);
    *s = str_from(*s, n + 1);
    return true;
}

/* RFC 3339 with capital T and Z and at most six digits of fraction. */
static bool is_timestamp(struct str s) {
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    size_t at = sizeof shape - 1;
    if (s.n <= at)
        return false;
    for (size_t i = 0; i < at; i++)
        if (shape[i] == 'd' ? !ascii_digit(s.p[i]) : s.p[i] != shape[i])
            return false;
    if (s.p[17] == '6') /* RFC 5424 has no leap second */
        return false;
    if (s.p[at] == '.') {
        size_t from = ++at;
        while (at < s.n && ascii_digit(s.p[at]))
            at++;
        if (at == from || at - from > 6)
            return false;
    }
    if (at + 1 == s.n)
        return s.p[at] == 'Z';
    return s.n == at + 6 && (s.p[at] == '+' || s.p[at] == '-') && s.p[at + 3] == ':';
}

static const char *take_time(struct str *s, struct when *ret) {
    /* Zone and year stand in the text, so no job is needed to read it. */
    static const struct source utc = {.offset_min = 0};
    struct decode_job j = {.src = &utc};
    struct str t;
    *ret = (struct when){.t_ns = TIME_NONE};
    if (!take_header(s, 64, &t))
        return "not RFC 5424: no timestamp";
    if (!t.p)
        return NULL;
    if (!is_timestamp(t) || when_iso(t, ret, &j) != t.n)
        return "not RFC 5424: the timestamp is not RFC 3339 with at most six digits of fraction";
    return NULL;
}

static bool is_sd_name(char c) {
    return is_print(c) && c != '=' && c != ']' && c != '"';
}

static size_t take_sd_name(struct str s, size_t at) {
    size_t n = 0;
    while (at + n < s.n && is_sd_name(s.p[at + n]))
        n++;
    return n >= 1 && n <= 32 ? n : 0;
}

/* `"value"` at s[at]: the index behind it or 0. */
static size_t take_sd_value(struct str s, size_t at) {
    if (at >= s.n || s.p[at] != '"')
        return 0;
    for (at++; at < s.n; at++) {
        char c = s.p[at];
        if (c == '"')
            return at + 1;
        if (c == ']')
            return 0;
        if (c == '\\') {
            at++;
            if (at >= s.n || (s.p[at] != '"' && s.p[at] != '\\' && s.p[at] != ']'))
                return 0;
        }
    }
    return 0;
}

/* One element "[id name="value"…]" at s[at]: the index behind it or 0. */
static size_t take_sd_element(struct str s, size_t at, struct str *ret_id) {
    size_t n = take_sd_name(s, at + 1);
    if (n == 0)
        return 0;
    *ret_id = str_n(s.p + at + 1, n);
    at += 1 + n;
    while (at < s.n && s.p[at] == ' ') {
        n = take_sd_name(s, at + 1);
        at += 1 + n;
        if (n == 0 || at >= s.n || s.p[at] != '=')
            return 0;
        at = take_sd_value(s, at + 1);
        if (at == 0)
            return 0;
    }
    return at < s.n && s.p[at] == ']' ? at + 1 : 0;
}

enum { SD_ELEMENTS_MAX = 64 }; /* an id may stand once only, so all are remembered */

static const char *take_sd(struct str *s, struct str *ret) {
    struct str ids[SD_ELEMENTS_MAX];
    size_t at = 0, n_ids = 0;
    *ret = STR_NULL;
    if (s->n && s->p[0] == '-') {
        *s = str_from(*s, 1);
        return NULL;
    }
    while (at < s->n && s->p[at] == '[') {
        if (n_ids == SD_ELEMENTS_MAX)
            return "not RFC 5424: more than 64 elements of structured data";
        at = take_sd_element(*s, at, &ids[n_ids]);
        if (at == 0)
            return "not RFC 5424: structured data is broken";
        for (size_t i = 0; i < n_ids; i++)
            if (str_eq(ids[i], ids[n_ids]))
                return "not RFC 5424: an element of structured data stands twice";
        n_ids++;
    }
    if (n_ids == 0)
        return "not RFC 5424: no structured data";
    *ret = str_to(*s, at);
    *s = str_from(*s, at);
    return NULL;
}

const char *rfc5424_parse(struct str line, struct rfc5424 *ret) {
    struct str s = line;
    const char *why;
    int n = syslog_pri(s, &ret->pri);
    if (n < 0)
        return "not RFC 5424: no priority";
    ret->pri_text = str_n(s.p + 1, (size_t) n - 2);
    s = str_from(s, (size_t) n);
    if (!s.n || s.p[0] < '1' || s.p[0] > '9' || !take_header(&s, 3, &ret->version))
        return "not RFC 5424: no version";
    for (size_t i = 0; i < ret->version.n; i++)
        if (!ascii_digit(ret->version.p[i]))
            return "not RFC 5424: no version";
    if ((why = take_time(&s, &ret->when)))
        return why;
    if (!take_header(&s, 255, &ret->host) || !take_header(&s, 48, &ret->app) ||
        !take_header(&s, 128, &ret->procid) || !take_header(&s, 32, &ret->msgid))
        return "not RFC 5424: host, program, process or message id is broken";
    if ((why = take_sd(&s, &ret->sd)))
        return why;
    ret->message = STR_NULL;
    if (s.n == 0)
        return NULL;
    if (s.p[0] != ' ')
        return "not RFC 5424: no space before the message";
    ret->message = str_from(s, 1);
    return NULL;
}

bool rfc5424_next_param(struct str sd, struct sd_state *st, struct str *ret_id,
                        struct str *ret_name, struct str *ret_value) {
    *ret_name = *ret_value = STR_NULL;
    if (st->at < sd.n && sd.p[st->at] == ']')
        st->at++;
    if (st->at >= sd.n)
        return false;
    if (sd.p[st->at] == '[') {
        size_t n = take_sd_name(sd, st->at + 1);
        st->id = str_n(sd.p + st->at + 1, n);
        st->at += 1 + n;
        *ret_id = st->id;
        if (sd.p[st->at] == ']')
            return true;
    }
    size_t from = st->at + 1, n = take_sd_name(sd, from);
    size_t end = take_sd_value(sd, from + n + 1);
    ASSERT(n && end); /* the text was accepted before */
    *ret_id = st->id;
    *ret_name = str_n(sd.p + from, n);
    *ret_value = str_n(sd.p + from + n + 2, end - from - n - 3);
    st->at = end;
    return true;
}

static struct str unescape_sd(struct decode_job *j, struct str v) {
    if (!v.n || !memchr(v.p, '\\', v.n))
        return v;
    char *p = arena_alloc(j->ev->arena, v.n);
    size_t n = 0;
    if (!p) {
        j->err = -ENOMEM;
        return v;
    }
    for (size_t i = 0; i < v.n; i++) {
        i += v.p[i] == '\\';
        p[n++] = v.p[i];
    }
    return str_n(p, n);
}

/* NXLog writes a Windows event's fields as parameters (to_syslog_ietf): they are what rules call them. */
static void put_nxlog(struct decode_job *j, struct str name, struct str value) {
    uint32_t id = event_names_find(j->d->names, name);
    if (memchr(name.p, '.', name.n) || (id && id < EVENT_F_WELL_KNOWN_MAX_))
        return; /* one of our names is not a sender's to write so */
    if (id)
        put_any(j, id, JSON_STRING, value);
    else if (j->ev->keep_all)
        put_named(j, name, JSON_STRING, value);
}

static void put_sd(struct decode_job *j, struct str sd) {
    static const struct str head = {"log.syslog.structured_data.", 27};
    struct sd_state st = {0};
    struct str id, name, value;
    while (rfc5424_next_param(sd, &st, &id, &name, &value)) {
        if (name.p && str_starts(id, STR("NXLOG@"))) {
            put_nxlog(j, name, job_text(j, unescape_sd(j, value)));
            continue;
        }
        char z[27 + 32 + 1 + 32];
        size_t n = head.n;
        memcpy(z, head.p, n);
        memcpy(z + n, id.p, id.n);
        n += id.n;
        if (name.p) {
            z[n++] = '.';
            memcpy(z + n, name.p, name.n);
            n += name.n;
        }
        put_named(j, str_n(z, n), JSON_STRING,
                  name.p ? job_text(j, unescape_sd(j, value)) : STR(""));
    }
}

bool rfc5424_recognise(const struct decode_job *j, struct str text) {
    unsigned pri;
    int n = text.n && text.p[0] == '<' ? syslog_pri(text, &pri) : -1;
    if (n < 0)
        return false;
    size_t at = (size_t) n, from = at;
    while (at < text.n && ascii_digit(text.p[at]))
        at++;
    /* A year here is an ISO time of the older form. */
    return at > from && at - from <= 3 && at < text.n && text.p[at] == ' ';
}

enum decode_result rfc5424_decode(struct decode_job *j, struct str text) {
    struct rfc5424 f;
    const char *why = rfc5424_parse(text, &f);
    if (why) {
        if (!rfc5424_recognise(j, text))
            return DECODE_NOT_MINE;
        put_text(j, EVENT_F_MESSAGE, text);
        put_error(j, str_of(why));
        j->ev->flags |= EVENT_UNPARSED;
        j->decoder = STR("unknown");
        return DECODE_DONE;
    }
    j->when = f.when;
    put_pri(j, f.pri, f.pri_text);
    if (f.host.p) {
        put(j, EVENT_F_HOST_NAME, f.host);
        j->host_put = true;
    }
    if (f.procid.n <= 10 && all_digits(f.procid))
        put_number(j, EVENT_F_PROCESS_PID, f.procid);
    else if (f.procid.p)
        put(j, EVENT_F_SYSLOG_PROCID, f.procid);
    if (f.msgid.p)
        put(j, EVENT_F_SYSLOG_MSGID, f.msgid);
    put_sd(j, f.sd);
    if (str_starts(f.message, STR("\xef\xbb\xbf"))) {
        f.message = str_from(f.message, 3);
        if (!j->plain && !text_is_utf8(f.message))
            put_error(j, STR("not RFC 5424: the message has a byte order mark and is not UTF-8"));
    }
    if (f.message.n && f.message.p[0] == ' ') /* rsyslog keeps the space behind the tag */
        f.message = str_from(f.message, 1);
    /* nginx names its host in front of the tag, and a daemon that reads its socket takes the host
     * for the program: the tag then stands in the message. */
    if (f.app.p && str_eq(f.app, f.host))
        f.message = syslog_take_tag(j, f.message);
    if (f.app.p && !j->program.n) {
        put(j, EVENT_F_PROCESS_NAME, f.app);
        j->program = f.app;
    }
    if (f.message.p)
        decode_message(j, f.message);
    if (!j->decoder.n)
        j->decoder = STR("rfc5424");
    return DECODE_DONE;
}

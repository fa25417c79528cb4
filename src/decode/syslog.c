/* The header of RFC 3164 as it is really written: with or without PRI, by the BSD clock or by ISO
 * 8601 (what rsyslog writes by default on Debian 12), with or without a host, with or without a
 * tag. The message behind it goes to the decoder of its program.
 *
 *   <38>Nov 23 02:03:08 host sshd[123]: message
 *   2026-11-23T02:03:08.123456+09:00 host sshd[123]: message
 *
 * A line without PRI that begins with an ISO time must have a tag: application logs begin so, too.
 */
#include "decode/decode_priv.h"

int syslog_pri(struct str s, unsigned *ret) {
    unsigned v = 0;
    size_t at = 1;
    if (s.n < 3 || s.p[0] != '<')
        return -1;
    while (at < s.n && at <= 3 && ascii_digit(s.p[at]))
        v = v * 10 + (unsigned) (s.p[at++] - '0');
    if (at == 1 || at >= s.n || s.p[at] != '>' || v > 191 || (s.p[1] == '0' && at > 2))
        return -1;
    *ret = v;
    return (int) at + 1;
}

void put_pri(struct decode_job *j, unsigned pri, struct str digits) {
    static const char numbers[] = "0 1 2 3 4 5 6 7 8 9 1011121314151617181920212223";
    unsigned facility = pri >> 3, severity = pri & 7;
    put_number(j, EVENT_F_SYSLOG_PRIORITY, digits);
    put_number(j, EVENT_F_SYSLOG_FACILITY, str_n(numbers + 2 * facility, facility < 10 ? 1 : 2));
    put_number(j, EVENT_F_SYSLOG_SEVERITY, str_n(numbers + 2 * severity, 1));
}

static bool looks_like_time(struct str s) {
    if (s.n < 14)
        return false;
    const char *p = s.p;
    if (ascii_digit(p[0]))
        return p[4] == '-' && (p[10] == 'T' || p[10] == ' ');
    return p[0] >= 'A' && p[0] <= 'S' && p[3] == ' ' && (p[6] == ' ' || p[5] == ' ');
}

bool syslog_recognise(const struct decode_job *j, struct str text) {
    unsigned pri;
    return looks_like_time(text) || (text.n && text.p[0] == '<' && syslog_pri(text, &pri) > 0);
}

/* What a program's name is made of: printable ASCII but for the marks behind it. */
static inline bool is_tag_byte(char c) {
    return c > ' ' && c < 127 && c != '[' && c != ':';
}

/* "name[pid]: " or "name: " at the start of s. Returns how much it takes, 0 when there is none. */
static size_t take_tag(struct str s, struct str *ret_name, struct str *ret_pid) {
    const char *p = s.p, *end = p + MIN(s.n, 128);
    *ret_pid = STR_NULL;
    while (p < end && is_tag_byte(*p))
        p++;
    if (p == s.p || p == end || s.p[0] == '{' /* JSON with a space behind its first name */ || (*p == ':' && all_digits(str_n(s.p, (size_t) (p - s.p))))) /* Cisco's sequence number */
        return 0;
    *ret_name = str_n(s.p, (size_t) (p - s.p));
    end = s.p + s.n;
    if (*p == '[') {
        const char *from = ++p;
        while (p < end && *p != ']' && *p > ' ')
            p++;
        if (p == end || *p != ']' || p - from > 128)
            return 0;
        *ret_pid = str_n(from, (size_t) (p - from));
        p++;
        if (p < end && *p == ':')
            p++;
    } else if (*p++ != ':') {
        return 0;
    }
    if (p < end && *p != ' ')
        return 0;
    return (size_t) (p - s.p) + (p < end);
}

static void put_tag(struct decode_job *j, struct str name, struct str pid) {
    j->program = name;
    put(j, EVENT_F_PROCESS_NAME, name);
    if (!pid.n)
        return;
    if (pid.n <= 10 && all_digits(pid))
        put_number(j, EVENT_F_PROCESS_PID, pid);
    else
        put(j, EVENT_F_SYSLOG_PROCID, pid);
}

struct str syslog_take_tag(struct decode_job *j, struct str message) {
    struct str name, pid;
    size_t n = take_tag(message, &name, &pid);
    if (n)
        put_tag(j, name, pid);
    return str_from(message, n);
}

/* "host program[" of lines before in this thread, and what they meant. Most lines of a log share
 * one of a few; like the minute in when.c this is the memory of a pure function and changes no
 * result. A line finds its place by the first bytes of the program, behind a host as long as the
 * last one. */
enum { ORIGIN_MAX = 56, ORIGINS = 16 };
struct origin {
    char text[ORIGIN_MAX];
    uint8_t n, host_n; /* n 0: nothing remembered */
    const struct decode_format *format;
};
static _Thread_local struct origin origins[ORIGINS];
static _Thread_local size_t last_host_n;

static struct origin *place_of(const char *program) {
    uint32_t v;
    memcpy(&v, program, sizeof v);
    return &origins[v * 0x9e3779b1u >> 28];
}

static void remember(struct decode_job *j, struct str line, struct str host) {
    size_t n = host.n + 1 + j->program.n + 1;
    if (n > ORIGIN_MAX || n > line.n || line.p[n - 1] != '[' ||
        j->program.p != line.p + host.n + 1 || line.n < host.n + 1 + sizeof(uint32_t))
        return;
    struct origin *o = place_of(j->program.p);
    memcpy(o->text, line.p, n);
    o->n = (uint8_t) n;
    o->host_n = (uint8_t) host.n;
    o->format = decode_format_of_program(j->program);
    last_host_n = host.n;
}

/* The whole of "host program[pid]: " by memory. False: read it the long way. */
static bool take_remembered(struct decode_job *j, struct str *s) {
    struct filler f;
    if (s->n < last_host_n + 1 + sizeof(uint32_t))
        return false;
    const struct origin *o = place_of(s->p + last_host_n + 1);
    if (!o->n || s->n < o->n + 4u || memcmp(s->p, o->text, o->n) != 0)
        return false;
    const char *pid = s->p + o->n, *p = pid, *end = s->p + s->n - 3;
    while (p < end && ascii_digit(*p))
        p++;
    if (p == pid || p - pid > 10 || memcmp(p, "]: ", 3) != 0 || !fill_begin(j, &f, 3))
        return false;
    j->program = str_n(s->p + o->host_n + 1, o->n - o->host_n - 2u);
    j->program_format = o->format;
    j->program_known = j->host_put = true;
    fill(&f, EVENT_F_HOST_NAME, str_to(*s, o->host_n));
    fill(&f, EVENT_F_PROCESS_NAME, j->program);
    fill_typed(&f, EVENT_F_PROCESS_PID, JSON_NUMBER, str_n(pid, (size_t) (p - pid)));
    fill_end(&f);
    *s = str_from(*s, (size_t) (p + 3 - s->p));
    return true;
}

/* "… INFO module: text" of an application is no host called INFO. */
static bool is_level_word(struct str s) {
    static const struct str words[] = {LIT("TRACE"),    LIT("DEBUG"), LIT("INFO"),    LIT("NOTICE"),
                                       LIT("WARN"),     LIT("FATAL"), LIT("WARNING"), LIT("ERROR"),
                                       LIT("CRITICAL"), LIT("SEVERE")};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (s.n == words[i].n && str_eq_icase(s, words[i]))
            return true;
    return false;
}

static struct str token(struct str s) {
    size_t n = 0;
    while (n < s.n && s.p[n] != ' ')
        n++;
    return str_n(s.p, n);
}

/* "%ASA-6-302013: …", ": %SYS-5-CONFIG_I: …": what Cisco's devices send has no tag, and this is none. */
static bool is_device_text(struct str s) {
    if (STARTS(s, ": "))
        s = str_from(s, 2);
    return s.n > 4 && s.p[0] == '%' && s.p[1] >= 'A' && s.p[1] <= 'Z';
}

/* Host and tag. False: not a syslog line after all (nothing was put). */
static bool take_origin(struct decode_job *j, struct str *s, bool must_have_tag) {
    struct str name, pid, host = token(*s), behind;
    size_t n = 0;
    if (is_device_text(*s)) /* neither host nor tag */
        return true;
    bool is_tag = host.n && host.p[host.n - 1] == ':';
    if (is_tag && (n = take_tag(*s, &name, &pid)) > 0) { /* written without a host */
        if (must_have_tag)
            return false;
        put_tag(j, name, pid);
        *s = str_from(*s, n);
        return true;
    }
    behind = str_from(*s, host.n + 1);
    if (host.n && host.n < 256)
        n = is_device_text(behind) ? 0 : take_tag(behind, &name, &pid);
    if (n == 0 && host.n &&
        str_eq(token(behind), host)) { /* nginx through /dev/log: the host twice */
        behind = str_from(behind, host.n + 1);
        n = take_tag(behind, &name, &pid);
    }
    if (must_have_tag && !is_device_text(behind) && (n == 0 || is_level_word(host)))
        return false;
    struct str line = *s;
    if (host.n && host.n < 256) {
        if (!j->inner || !j->host_put) /* of a line in a shipper's envelope, that one has named the host */
            put_text(j, EVENT_F_HOST_NAME, host);
        j->host_put = true;
        *s = behind;
    }
    if (n) {
        put_tag(j, name, pid);
        *s = str_from(behind, n);
        if (j->plain && host.n && !is_level_word(host))
            remember(j, line, host);
    }
    return true;
}

enum decode_result syslog_decode(struct decode_job *j, struct str text) {
    unsigned pri = 0;
    int pri_n = text.n && text.p[0] == '<' ? syslog_pri(text, &pri) : -1;
    struct str s = pri_n > 0 ? str_from(text, (size_t) pri_n) : text;
    struct when when = {.t_ns = TIME_NONE};
    bool iso = s.n && ascii_digit(s.p[0]);
    size_t n = iso ? when_iso(s, &when, j) : when_bsd(s, &when, j);
    /* Cisco puts a colon behind the time */
    size_t mark = n && n + 1 < s.n && s.p[n] == ':' && s.p[n + 1] == ' ';
    if (n && n < s.n && s.p[n] != ' ' && !mark)
        n = 0;
    if (n == 0) {
        if (pri_n <= 0)
            return DECODE_NOT_MINE;
        when = (struct when){.t_ns = TIME_NONE};
    }
    s = str_from(s, n ? n + 1 + mark : 0);
    if (n) {
        bool may_remember = j->plain && !(j->inner && j->host_put);
        if (!(may_remember && take_remembered(j, &s)) && !take_origin(j, &s, iso && pri_n <= 0))
            return DECODE_NOT_MINE;
    } else if (!is_device_text(s)) {
        s = syslog_take_tag(j, s);
    }
    j->when = when;
    if (pri_n > 0)
        put_pri(j, pri, str_n(text.p + 1, (size_t) pri_n - 2));
    decode_message(j, s);
    if (!j->decoder.n)
        j->decoder = STR("syslog");
    return DECODE_DONE;
}

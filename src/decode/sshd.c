/* Messages of OpenSSH's server, versions 7 to 10 (sshd, and sshd-session since 9.8).
 *
 * Only "Failed …" and "Accepted …" are logins; everything else about the same try (Invalid user,
 * Connection closed by authenticating user, PAM's lines, the summary of a limit) has its own
 * event.action, so that one try is one event. "Failed none" is the probe every client sends first,
 * not a try.
 *
 * Injection: a user name is whatever the attacker typed, up to 100 bytes, with spaces. So the
 * address is never searched for; it is read at an anchor that lies behind the name:
 *
 *   Failed password for invalid user root from 1.2.3.4 from 5.6.7.8 port 22 ssh2
 *                                    `---- user -----'      `------- end of the line
 *
 * A certificate's key id stands behind the address and is the attacker's, too. Where both could be
 * meant and disagree, the event has no source and says so. A line that was cut has no end, hence no
 * login. */
#include "decode/decode_priv.h"

enum {
    MESSAGE_MAX = 4096
}; /* sshd cuts its own messages at 1024; a name tried may stand twice, escaped */

struct peer {
    struct str address, port;
};

/* " port N" at the end of s, cut off; 1 to 5 digits. */
static bool cut_port(struct str *s, struct str *ret_port) {
    static const char word[] = " port ";
    enum { WORD = sizeof word - 1 };
    size_t n = last_word(*s);
    struct str port = str_n(s->p + s->n - n, n);
    if (n > 5 || !all_digits(port) || s->n < n + WORD || memcmp(port.p - WORD, word, WORD) != 0)
        return false;
    *ret_port = port;
    s->n -= n + WORD;
    return true;
}

/* The last word of s, cut off with the space before it. */
static bool cut_word(struct str *s, struct str *ret) {
    size_t n = last_word(*s);
    if (n == 0)
        return false;
    *ret = str_n(s->p + s->n - n, n);
    s->n -= n;
    s->n -= s->n > 0;
    return true;
}

/* "…USER from ADDRESS port N": cuts all but USER off. */
static bool cut_from_peer(struct str *s, struct peer *ret) {
    struct str rest = *s;
    if (!cut_port(&rest, &ret->port) || !cut_word(&rest, &ret->address) || !ENDS(rest, " from"))
        return false;
    s->n = rest.n - 5;
    return true;
}

static void put_peer(struct decode_job *j, const struct peer *p) {
    put_source(j, p->address);
    if (p->port.n)
        put_number(j, EVENT_F_SOURCE_PORT, p->port);
}

/* "[invalid user ]NAME" */
static void put_user(struct decode_job *j, struct str user) {
    if (CUT_START(&user, "invalid user ") || CUT_START(&user, "illegal user "))
        put(j, EVENT_F_LOGIN_USER_KNOWN, STR("false"));
    put_text(j, EVENT_F_USER_NAME, user);
}

static void put_kind(struct decode_job *j, struct str category, struct str type,
                     struct str action) {
    struct filler f;
    if (!fill_begin(j, &f, 4))
        return;
    fill(&f, EVENT_F_EVENT_CATEGORY, category);
    fill(&f, EVENT_F_EVENT_TYPE, type);
    fill(&f, EVENT_F_EVENT_ACTION, action);
    fill(&f, EVENT_F_SERVICE_NAME, j->src->service.n ? j->src->service : STR("ssh"));
    fill_end(&f);
}

static bool is_key_type(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'A' && s.p[i] <= 'Z') && !ascii_digit(s.p[i]) && s.p[i] != '-')
            return false;
    return s.n >= 3;
}

/* What may stand behind " ssh2: ": "RSA SHA256:…", a certificate's "RSA-CERT SHA256:… ID … CA RSA
 * SHA256:…", or what other methods add. */
static bool is_auth_info(struct str info) {
    ptrdiff_t space = str_find_byte(info, ' ', 0);
    struct str type = space < 0 ? info : str_to(info, (size_t) space);
    if (!is_key_type(type))
        return true; /* a Kerberos principal */
    struct str rest = str_from(info, (size_t) (space < 0 ? (ptrdiff_t) info.n : space + 1));
    if (!str_ends(type, STR("-CERT")))
        return str_find_byte(rest, ' ', 0) < 0 || str_find(rest, STR(", client user "), 0) >= 0;
    struct str word;
    return str_find(rest, STR(" ID "), 0) >= 0 && cut_word(&rest, &word) &&
           cut_word(&rest, &word) && is_key_type(word) && str_ends(rest, STR(" CA"));
}

/* The line does not end behind the address: every " ssh2: " that fits is a candidate. Returns how
 * many different readings there are. */
static int find_with_info(struct str s, struct str *ret_user, struct peer *ret_peer) {
    static const struct str mark = {" ssh2: ", 7};
    int n = 0;
    for (ptrdiff_t at = str_find(s, mark, 0); at >= 0; at = str_find(s, mark, (size_t) at + 1)) {
        struct str user = str_to(s, (size_t) at);
        struct peer peer;
        if (!cut_from_peer(&user, &peer) || !is_auth_info(str_from(s, (size_t) at + mark.n)))
            continue;
        *ret_user = user;
        *ret_peer = peer;
        n++;
    }
    return n;
}

/* The fields of one try; peer NULL: not known. */
static void put_try(struct decode_job *j, struct str method, bool accepted, struct str user,
                    const struct peer *peer) {
    struct filler f;
    if (!accepted && str_eq(method, STR("none")))
        put_kind(j, STR("authentication"), STR("info"), STR("login-probe"));
    else
        put_login(j, accepted, STR("ssh"));
    if (peer)
        put_source(j, peer->address);
    if (!fill_begin(j, &f, 4))
        return;
    fill(&f, EVENT_F_SSH_METHOD, method);
    if (peer) {
        if (CUT_START(&user, "invalid user ") || CUT_START(&user, "illegal user "))
            fill(&f, EVENT_F_LOGIN_USER_KNOWN, STR("false"));
        fill(&f, EVENT_F_USER_NAME, j->plain ? user : job_text(j, user));
        fill_typed(&f, EVENT_F_SOURCE_PORT, JSON_NUMBER, peer->port);
    }
    fill_end(&f);
}

/* "METHOD for USER from ADDRESS port N ssh2[: INFO]" */
static enum decode_result decode_try(struct decode_job *j, struct str s, bool accepted) {
    struct str method = STR("password"), user = s;
    struct peer peer;
    int readings = 1;
    if (!CUT_START(&user, "password for ")) {
        ptrdiff_t space = str_find_byte(s, ' ', 0);
        if (space <= 0)
            return DECODE_NOT_MINE;
        method = str_to(s, (size_t) space);
        user = str_from(s, (size_t) space);
        if (!CUT_START(&user, " for "))
            return DECODE_NOT_MINE;
    }
    struct str whole = user;
    (void) CUT_END(&user, " ssh2");
    if (!cut_from_peer(&user, &peer))
        readings = find_with_info(whole, &user, &peer);
    if (readings == 0 || !j->whole)
        return DECODE_NOT_MINE;
    put_try(j, method, accepted, user, readings == 1 ? &peer : NULL);
    if (readings > 1)
        put_error(j, STR("the line can be read with more than one source address; none is taken"));
    return DECODE_DONE;
}

/* How the rest of a message names user and peer. */
enum shape {
    USER_FROM_PEER, /* USER from ADDRESS[ port N][ ssh2] at the end */
    USER_PEER,      /* USER ADDRESS port N at the end */
    PEER,           /* ADDRESS port N at the end, nothing else */
    PEER_FIRST,     /* ADDRESS[ port N] at the start, then anything */
    TEXT_PEER,      /* anything, then from ADDRESS port N at the end */
    PAM_ERROR,      /* REASON for USER from HOST at the end */
    NOT_ALLOWED,    /* USER from HOST not allowed because REASON */
    WRAPPED,        /* HOST (ADDRESS) at the end */
};
struct form {
    struct str start;
    enum shape shape;
    bool unknown; /* the account does not exist */
    struct str category, type, action;
};
#define FORM(start, shape, category, type, action)                                                 \
    { LIT(start), shape, false, LIT(category), LIT(type), LIT(action) }
#define UNKNOWN(start, shape, category, type, action)                                              \
    { LIT(start), shape, true, LIT(category), LIT(type), LIT(action) }
#define AUTH "authentication"
/* The longest of several starts comes first. */
static const struct form forms[] = {
    UNKNOWN("Invalid user ", USER_FROM_PEER, AUTH, "info", "login-unknown-user"),
    UNKNOWN("Illegal user ", USER_FROM_PEER, AUTH, "info", "login-unknown-user"),
    FORM("Connection closed by authenticating user ", USER_PEER, AUTH, "end", "login-abandoned"),
    UNKNOWN("Connection closed by invalid user ", USER_PEER, AUTH, "end", "login-abandoned"),
    FORM("Connection reset by authenticating user ", USER_PEER, AUTH, "end", "login-abandoned"),
    UNKNOWN("Connection reset by invalid user ", USER_PEER, AUTH, "end", "login-abandoned"),
    FORM("Disconnected from authenticating user ", USER_PEER, AUTH, "end", "login-abandoned"),
    UNKNOWN("Disconnected from invalid user ", USER_PEER, AUTH, "end", "login-abandoned"),
    FORM("Disconnected from user ", USER_PEER, "session", "end", "logout"),
    FORM("Connection closed by ", PEER, "network", "end", "connection-closed"),
    FORM("Connection reset by ", PEER, "network", "end", "connection-closed"),
    FORM("Disconnected from ", PEER, "network", "end", "connection-closed"),
    FORM("Received disconnect from ", PEER_FIRST, "network", "end", "connection-closed"),
    FORM("error: Received disconnect from ", PEER_FIRST, "network", "end", "connection-closed"),
    FORM("error: maximum authentication attempts exceeded for ", USER_FROM_PEER, AUTH, "end",
         "login-limit"),
    FORM("maximum authentication attempts exceeded for ", USER_FROM_PEER, AUTH, "end",
         "login-limit"),
    FORM("error: PAM: ", PAM_ERROR, AUTH, "info", "login-pam-error"),
    FORM("User ", NOT_ALLOWED, AUTH, "denied", "login-denied"),
    FORM("Did not receive identification string from ", PEER_FIRST, "network", "info",
         "connection-probe"),
    FORM("Bad protocol version identification ", TEXT_PEER, "network", "info", "connection-probe"),
    FORM("banner exchange: Connection from ", PEER_FIRST, "network", "info", "connection-probe"),
    FORM("error: kex_exchange_identification: Connection from ", PEER_FIRST, "network", "info",
         "connection-probe"),
    FORM("ssh_dispatch_run_fatal: Connection from ", PEER_FIRST, "network", "info",
         "connection-probe"),
    FORM("Magic value check failed ", TEXT_PEER, "network", "info", "connection-probe"),
    FORM("Unable to negotiate with ", PEER_FIRST, "network", "info", "connection-probe"),
    FORM("fatal: Unable to negotiate with ", PEER_FIRST, "network", "info", "connection-probe"),
    FORM("fatal: Timeout before authentication for ", PEER_FIRST, "network", "end",
         "login-timeout"),
    FORM("Timeout before authentication for connection from ", PEER_FIRST, "network", "end",
         "login-timeout"),
    FORM("Connection from ", PEER_FIRST, "network", "start", "connection-opened"),
    FORM("refused connect from ", WRAPPED, "network", "denied", "connection-refused"),
};

/* ADDRESS[ port N] at the start. */
static bool take_first_peer(struct str s, struct peer *ret) {
    size_t n = 0;
    while (n < s.n && s.p[n] != ' ' && s.p[n] != ',')
        n++;
    ret->address = str_to(s, n);
    ret->port = STR_NULL;
    if (n && s.p[n - 1] == ':') /* "192.0.2.1: 11: …" of old versions */
        ret->address.n--;
    s = str_from(s, n);
    if (CUT_START(&s, " port ")) {
        for (n = 0; n < s.n && n < 5 && ascii_digit(s.p[n]);)
            n++;
        ret->port = str_to(s, n);
    }
    return ret->address.n > 0;
}

static bool split_shape(enum shape shape, struct str s, struct str *ret_user, struct peer *ret_peer,
                        struct str *ret_reason) {
    ptrdiff_t at;
    struct peer *peer = ret_peer;
    switch (shape) {
    case USER_FROM_PEER:
        (void) CUT_END(&s, " ssh2");
        if (!cut_from_peer(&s, peer)) { /* before OpenSSH 7.4 without a port */
            if (!cut_word(&s, &peer->address) || !CUT_END(&s, " from"))
                return false;
        }
        *ret_user = s;
        return true;
    case USER_PEER:
        if (!cut_port(&s, &peer->port) || !cut_word(&s, &peer->address))
            return false;
        *ret_user = s;
        return true;
    case PEER:
        return cut_port(&s, &peer->port) ? cut_word(&s, &peer->address) && s.n == 0
                                         : cut_word(&s, &peer->address) && s.n == 0;
    case PEER_FIRST:
        return take_first_peer(s, peer);
    case TEXT_PEER:
        return cut_from_peer(&s, peer);
    case PAM_ERROR:
        at = str_find(s, STR(" for "), 0);
        if (at < 0)
            return false;
        *ret_reason = str_to(s, (size_t) at);
        s = str_from(s, (size_t) at + 5);
        if (!cut_word(&s, &peer->address) || !CUT_END(&s, " from"))
            return false;
        *ret_user = s;
        return true;
    case NOT_ALLOWED:
        at = str_find(s, STR(" not allowed because "), 0);
        if (at < 0)
            return false;
        *ret_reason = str_from(s, (size_t) at + 21);
        s = str_to(s, (size_t) at);
        if (!cut_word(&s, &peer->address) || !CUT_END(&s, " from"))
            return false;
        *ret_user = s;
        return true;
    case WRAPPED:
        if (!CUT_END(&s, ")") || !cut_word(&s, &peer->address))
            return false;
        return CUT_START(&peer->address, "(");
    }
    return false;
}

/* Reads an end anchor: a cut line has none. */
static bool needs_whole(enum shape shape) {
    return shape != PEER_FIRST && shape != NOT_ALLOWED;
}

static enum decode_result decode_form(struct decode_job *j, struct str s) {
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        const struct form *f = &forms[i];
        struct str start = f->start, user = STR_NULL, reason = STR_NULL;
        struct peer peer = {0};
        if (s.n < start.n || s.p[0] != start.p[0] || memcmp(s.p, start.p, start.n) != 0)
            continue;
        if ((needs_whole(f->shape) && !j->whole) ||
            !split_shape(f->shape, str_from(s, start.n), &user, &peer, &reason))
            return DECODE_NOT_MINE;
        put_kind(j, f->category, f->type, f->action);
        if (user.p) {
            if (f->unknown)
                put(j, EVENT_F_LOGIN_USER_KNOWN, STR("false"));
            put_user(j, user);
        }
        if (reason.n)
            put_text(j, EVENT_F_EVENT_REASON, reason);
        put_peer(j, &peer);
        return DECODE_DONE;
    }
    return DECODE_NOT_MINE;
}

enum decode_result sshd_decode(struct decode_job *j, struct str m) {
    if (m.n > MESSAGE_MAX)
        return DECODE_NOT_MINE;
    if (m.n && m.p[m.n - 1] == ']' && !CUT_END(&m, " [preauth]"))
        (void) CUT_END(&m, " [postauth]");
    if (CUT_START(&m, "Failed "))
        return decode_try(j, m, false);
    if (CUT_START(&m, "Accepted "))
        return decode_try(j, m, true);
    if (STARTS(m, "PAM "))
        return pam_summary(j, m);
    return decode_form(j, m);
}

/* What SMTP and HTTP share: one libcurl handle set up so that it can only go where the way leads. */
#include "door/send_priv.h"

#include "base/limits.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool ip_of(const struct sockaddr *a, struct ip *ret) {
    char text[INET6_ADDRSTRLEN];
    const void *p = a->sa_family == AF_INET    ? (const void *) &((const struct sockaddr_in *) (const void *) a)->sin_addr
                    : a->sa_family == AF_INET6 ? (const void *) &((const struct sockaddr_in6 *) (const void *) a)->sin6_addr
                                               : NULL;
    return p && inet_ntop(a->sa_family, p, text, sizeof text) && ip_parse(str_of(text), ret) == 0;
}

/* Asked for the very address that will be connected to. */
static curl_socket_t on_open(void *ctx, curlsocktype purpose UNUSED, struct curl_sockaddr *a) {
    struct door_net *n = ctx;
    struct ip ip;
    char text[IP_CAP] = "?";
    const char *why = "no IP address";
    bool ok = ip_of(&a->addr, &ip);
    if (ok)
        ip_format(&ip, text);
    if (!ok || !door_may_reach(n->w, &ip, &why)) {
        n->refused = true;
        snprintf(n->why_refused, sizeof n->why_refused, "%s, %s", text, why);
        return CURL_SOCKET_BAD;
    }
    snprintf(n->out->address, sizeof n->out->address, "%s", text);
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t on_answer(char *p, size_t size, size_t count, void *ctx) {
    struct door_net *n = ctx;
    buf_add(&n->answer, str_n(p, size * count));
    n->too_much |= buf_error(&n->answer) != 0;
    return n->too_much ? 0 : size * count;
}

/* Answers of a mail server come here only. What we say is not looked at: it holds passwords. */
static int on_said(CURL *h UNUSED, curl_infotype kind, char *p, size_t size, void *ctx) {
    struct door_net *n = ctx;
    if (kind == CURLINFO_HEADER_IN && n->w->kind == DOOR_SMTP && !str_starts(str_n(p, size), STR("221"))) { /* but not its farewell */
        buf_clear(&n->last);
        buf_add(&n->last, str_n(p, MIN(size, (size_t) DOOR_SAID_BYTES_MAX)));
    }
    return 0;
}

int door_net_init(struct door_net *n, const struct door_way *w, struct door_outcome *out) {
    *n = (struct door_net){.h = curl_easy_init(), .w = w, .out = out};
    buf_init(&n->answer, DOOR_ANSWER_BYTES_MAX);
    buf_init(&n->last, DOOR_SAID_BYTES_MAX);
    if (!n->h)
        return -ENOMEM;
    bool bad = false;
#define SET(option, value) bad |= curl_easy_setopt(n->h, option, value) != CURLE_OK
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROXY, "");     /* nothing of the environment decides where we go */
    SET(CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROTOCOLS_STR, w->kind == DOOR_SMTP ? "smtp,smtps" : w->kind == DOOR_IMAP ? "imap,imaps" : "http,https");
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_TIMEOUT_MS, (long) w->timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long) MIN(w->timeout_ms, (int64_t) 15000));
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(CURLOPT_OPENSOCKETDATA, n);
    SET(CURLOPT_WRITEFUNCTION, on_answer);
    SET(CURLOPT_WRITEDATA, n);
    SET(CURLOPT_DEBUGFUNCTION, on_said);
    SET(CURLOPT_DEBUGDATA, n);
    SET(CURLOPT_VERBOSE, 1L);
    SET(CURLOPT_ERRORBUFFER, n->errors);
    SET(CURLOPT_FORBID_REUSE, 1L);
    if (w->ca.n)
        SET(CURLOPT_CAINFO, w->ca.p);
#undef SET
    return bad ? -ENOMEM : 0;
}

void door_net_done(struct door_net *n) {
    if (n->h)
        curl_easy_cleanup(n->h);
    buf_done(&n->answer);
    buf_done(&n->last);
}

/* What each failure means to whoever set the way up. %s is the host. */
static const struct {
    CURLcode code;
    enum door_state state;
    const char *why, *sentence;
} FAILURES[] = {
    {CURLE_COULDNT_RESOLVE_HOST, DOOR_FAILED, "resolve", "the name '%s' is not known to the name server; look at the host in door.yml and at /etc/resolv.conf"},
    {CURLE_COULDNT_CONNECT, DOOR_FAILED, "connect", "'%s' does not take connections there; is it running, and does a firewall let us out?"},
    {CURLE_OPERATION_TIMEDOUT, DOOR_FAILED, "timeout", "'%s' did not answer in time; the limit is `timeout` in door.yml"},
    {CURLE_SSL_CONNECT_ERROR, DOOR_FAILED, "tls", "no TLS with '%s': it speaks none on this port, or none new enough (1.2 is the oldest)"},
    {CURLE_PEER_FAILED_VERIFICATION, DOOR_REFUSED, "certificate", "the certificate of '%s' cannot be believed; if it is one of your own authority, name its file under `ca` in door.yml"},
    {CURLE_SSL_CACERT_BADFILE, DOOR_REFUSED, "ca", "the file under `ca` for '%s' cannot be read as certificates"},
    {CURLE_USE_SSL_FAILED, DOOR_REFUSED, "no_starttls", "'%s' offers no STARTTLS; nothing was sent in the clear. Use its TLS port with `tls: tls`, or write `tls: none`"},
    {CURLE_LOGIN_DENIED, DOOR_REFUSED, "sign_in", "'%s' does not accept user and password of door.yml"},
    {CURLE_WEIRD_SERVER_REPLY, DOOR_FAILED, "protocol", "what answers at '%s' does not speak the protocol of this way"},
    {CURLE_GOT_NOTHING, DOOR_FAILED, "broken", "'%s' closed the connection without an answer"},
    {CURLE_RECV_ERROR, DOOR_FAILED, "broken", "the connection to '%s' broke"},
    {CURLE_SEND_ERROR, DOOR_FAILED, "broken", "the connection to '%s' broke"},
    {CURLE_PARTIAL_FILE, DOOR_FAILED, "broken", "the connection to '%s' broke"},
    {CURLE_UNSUPPORTED_PROTOCOL, DOOR_FAILED, "protocol", "what answers at '%s' speaks a protocol this way does not use"},
    {CURLE_OUT_OF_MEMORY, DOOR_FAILED, "memory", "memory ran out before '%s' was reached"},
};

void door_net_explain(struct door_net *n, CURLcode r, bool maybe) {
    struct door_outcome *o = n->out;
    char host[256];
    snprintf(host, sizeof host, "%.*s:%u", STR_ARG(n->w->host), n->w->port);
    if (n->too_much) {
        door_say(o, maybe ? DOOR_UNKNOWN : DOOR_FAILED, "too_large", "'%s' answers with more than %d KB; the rest was not read", host, DOOR_ANSWER_BYTES_MAX / 1024);
        return;
    }
    if (n->refused && !o->address[0]) {
        door_say(o, DOOR_REFUSED, "private_address", "'%s' leads to %s, and nothing goes there unless its network stands under `allow` of this way", host, n->why_refused);
        return;
    }
    size_t i = 0;
    while (i < ARRAY_SIZE(FAILURES) && FAILURES[i].code != r)
        i++;
    if (maybe) {
        door_say(o, DOOR_UNKNOWN, "no_answer", "everything was handed to '%s', then no answer came: it may have been taken or not", host);
    } else if (i < ARRAY_SIZE(FAILURES)) {
        char fmt[DOOR_SENTENCE_CAP];
        /* the sentences hold exactly one %s */
        const char *at = strstr(FAILURES[i].sentence, "%s");
        snprintf(fmt, sizeof fmt, "%.*s%s%s", (int) (at - FAILURES[i].sentence), FAILURES[i].sentence, host, at + 2);
        door_say(o, FAILURES[i].state, FAILURES[i].why, "%s", fmt);
    } else {
        door_say(o, DOOR_FAILED, "transfer", "sending to '%s' failed: %s", host, curl_easy_strerror(r));
    }
    if (n->errors[0] && (r == CURLE_PEER_FAILED_VERIFICATION || r == CURLE_SSL_CONNECT_ERROR || i == ARRAY_SIZE(FAILURES)))
        door_say_quoted(o, str_of(n->errors));
}

/* Messages of PAM modules, which stand behind the header of the program that called them:
 *
 *   pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob
 * rhost=192.0.2.1  user=bob pam_unix(sshd:session): session opened for user bob(uid=1000) by
 * (uid=0)
 *
 * For a service that reports its own tries (sshd, sudo, su) the failure here is the same try seen
 * again, so it is no login event. For every other service PAM is the only witness and its failure
 * is the login event.
 *
 * Injection: ruser is what the client typed. pam_unix names only users that exist behind rhost, so
 * the last " rhost=" is the real one; other modules may not, and two of them mean that no source is
 * taken. */
#include "decode/decode_priv.h"

struct pam {
    struct str module, service, type, text;
};

/* "pam_MODULE(SERVICE:TYPE): TEXT" */
static bool split(struct str m, struct pam *ret) {
    enum { HEAD_MAX = 200 };
    size_t at = 0, max = MIN(m.n, HEAD_MAX), from;
    while (at < max && m.p[at] != '(' && m.p[at] != ' ')
        at++;
    ret->module = str_to(m, at);
    for (from = ++at; at < max && m.p[at] != ':' && m.p[at] != ' ' && m.p[at] != ')';)
        at++;
    ret->service = str_n(m.p + from, at < max ? at - from : 0);
    for (from = ++at; at < max && m.p[at] != ')' && m.p[at] != ' ';)
        at++;
    if (at >= max || m.p[from - 1] != ':' || m.p[ret->module.n] != '(' ||
        !STARTS(str_from(m, at), "): "))
        return false;
    ret->type = str_n(m.p + from, at - from);
    ret->text = str_from(m, at + 3);
    return STARTS(m, "pam_");
}

/* Services whose own message is the login event, or no login at all. */
static bool reports_itself(struct str service) {
    static const struct str own[] = {LIT("sshd"), LIT("sudo"), LIT("sudo-i"), LIT("su"),
                                     LIT("su-l"), LIT("cron"), LIT("crond"),
                                     LIT("dovecot"), LIT("smtp")};
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        if (str_eq(service, own[i]))
            return true;
    return false;
}

/* The first " key=" from `from` on; -1 when there is none. Keys are told by their "=", which is
 * rarer than anything else in such a line. */
static ptrdiff_t find_key(struct str s, const char *key, size_t key_n, size_t from) {
    for (ptrdiff_t at = str_find_byte(s, '=', from); at >= 0;
         at = str_find_byte(s, '=', (size_t) at + 1))
        if ((size_t) at > key_n + from && s.p[(size_t) at - key_n - 1] == ' ' &&
            memcmp(s.p + (size_t) at - key_n, key, key_n) == 0)
            return at - (ptrdiff_t) key_n - 1;
    return -1;
}
#define FIND_KEY(s, key, from) find_key(s, key, sizeof(key) - 1, from)

/* Who and whence. */
struct remote {
    struct str host, user;
    bool clear; /* false: two places could be meant */
};

/* "… ruser=TYPED rhost=ADDRESS  user=NAME" */
static void find_remote(const struct pam *p, struct remote *ret) {
    struct str t = p->text;
    ptrdiff_t first = FIND_KEY(t, "rhost", 0), last = first;
    *ret = (struct remote){.clear = true};
    if (first < 0)
        return;
    for (ptrdiff_t at = first; at >= 0; at = FIND_KEY(t, "rhost", (size_t) at + 1))
        last = at;
    if (first != last && !str_eq(p->module, STR("pam_unix"))) {
        ret->clear = false;
        return;
    }
    struct str rest = str_from(t, (size_t) last + 7);
    ptrdiff_t space = str_find_byte(rest, ' ', 0);
    ptrdiff_t user = space < 0 ? -1 : FIND_KEY(rest, "user", 0);
    ret->host = space < 0 ? rest : str_to(rest, (size_t) space);
    if (user >= 0) {
        ret->user = str_from(rest, (size_t) user + 6);
        return;
    }
    /* vsftpd and others put the name that was tried into ruser */
    ptrdiff_t typed = FIND_KEY(t, "ruser", 0);
    if (typed >= 0 && typed < last)
        ret->user = str_n(t.p + typed + 7, (size_t) (last - typed - 7));
}

static void put_failure(struct decode_job *j, const struct pam *p) {
    struct remote from = {0};
    if (j->whole)
        find_remote(p, &from);
    if (reports_itself(p->service)) {
        put(j, EVENT_F_EVENT_CATEGORY, STR("authentication"));
        put(j, EVENT_F_EVENT_TYPE, STR("info"));
        put(j, EVENT_F_EVENT_ACTION, STR("pam-auth-failure"));
        put_text(j, EVENT_F_SERVICE_TYPE, p->service);
    } else {
        put_login(j, false, job_text(j, p->service));
    }
    if (!from.clear) {
        put_error(j, STR("the line can be read with more than one source address; none is taken"));
        return;
    }
    if (from.user.n)
        put_text(j, EVENT_F_USER_NAME, from.user);
    if (!j->not_root) /* anybody may write such a line to the journal and name a victim */
        put_source(j, from.host);
}

/* "session opened for user NAME[(uid=N)] by …", "session closed for user NAME" */
static bool put_session(struct decode_job *j, struct str text) {
    struct str user = text;
    bool start = CUT_START(&user, "session opened for user ");
    if (!start && !CUT_START(&user, "session closed for user "))
        return false;
    ptrdiff_t end = str_find_byte(user, '(', 0);
    if (end <= 0 || user.p[end - 1] == ' ' || !STARTS(str_from(user, (size_t) end), "(uid="))
        end = start ? str_find(user, STR(" by "), 0) : -1;
    if (end >= 0)
        user = str_to(user, (size_t) end);
    put(j, EVENT_F_EVENT_CATEGORY, STR("session"));
    put(j, EVENT_F_EVENT_TYPE, start ? STR("start") : STR("end"));
    put(j, EVENT_F_EVENT_ACTION, start ? STR("session-start") : STR("session-end"));
    put_text(j, EVENT_F_USER_NAME, user);
    return true;
}

enum decode_result pam_summary(struct decode_job *j, struct str m) {
    struct pam p = {.module = STR("pam_unix"), .service = STR("sshd"), .text = m};
    ptrdiff_t at = str_find(m, STR(" more authentication failure"), 0);
    if (at < 0 || at > 16)
        return DECODE_NOT_MINE;
    put_failure(j, &p);
    return DECODE_DONE;
}

enum decode_result pam_decode(struct decode_job *j, struct str m) {
    struct pam p;
    if (!split(m, &p))
        return DECODE_NOT_MINE;
    put_text(j, EVENT_F_EVENT_PROVIDER, p.module);
    if (STARTS(p.text, "authentication failure;")) {
        put_failure(j, &p);
        return DECODE_DONE;
    }
    put_text(j, EVENT_F_SERVICE_TYPE, p.service);
    if (put_session(j, p.text))
        return DECODE_DONE;
    put(j, EVENT_F_EVENT_CATEGORY, STR("authentication"));
    put(j, EVENT_F_EVENT_TYPE, STR("info"));
    put(j, EVENT_F_EVENT_ACTION, STR("pam-message"));
    return DECODE_DONE;
}

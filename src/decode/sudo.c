/* sudo, su and cron: somebody on the machine becomes somebody else, or a command runs for a user.
 * These are no logins over the network: they have no source, and their event.action is never
 * "login".
 *
 *   sudo  alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id
 *         alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ;
 * COMMAND=/usr/bin/id su    (to root) alice on pts/0            FAILED SU (to root) alice on pts/0
 * (util-linux) Successful su for root by alice     FAILED su for root by alice (shadow) cron (root)
 * CMD (run-parts /etc/cron.hourly) */
#include "decode/decode_priv.h"

static void put_action(struct decode_job *j, const char *action, const char *outcome) {
    put(j, EVENT_F_EVENT_CATEGORY, STR("process"));
    put(j, EVENT_F_EVENT_TYPE, STR("start"));
    put(j, EVENT_F_EVENT_ACTION, str_of(action));
    if (outcome)
        put(j, EVENT_F_EVENT_OUTCOME, str_of(outcome));
}

static bool cut_key(struct str *s, const char *key) {
    if (!str_starts(*s, str_of(key)))
        return false;
    *s = str_from(*s, strlen(key));
    return true;
}

/* "KEY=value ; KEY=value ; COMMAND=the rest"; returns the first piece without a key: why it was
 * refused. */
static struct str put_sudo_pieces(struct decode_job *j, struct str s) {
    static const struct {
        const char *key;
        enum event_field_id id;
    } keys[] = {{"TTY=", EVENT_F_PROCESS_TTY},
                {"PWD=", EVENT_F_PROCESS_WORKING_DIRECTORY},
                {"USER=", EVENT_F_USER_EFFECTIVE_NAME}};
    struct str reason = STR_NULL;
    while (s.n) {
        if (cut_key(&s, "COMMAND=")) {
            put_text(j, EVENT_F_PROCESS_COMMAND_LINE, s);
            return reason;
        }
        ptrdiff_t end = str_find(s, STR(" ; "), 0);
        struct str piece = end < 0 ? s : str_to(s, (size_t) end);
        size_t i = 0;
        while (i < ARRAY_SIZE(keys) && !cut_key(&piece, keys[i].key))
            i++;
        if (i < ARRAY_SIZE(keys))
            put_text(j, keys[i].id, piece);
        else if (!reason.p)
            reason = piece;
        s = end < 0 ? STR("") : str_from(s, (size_t) end + 3);
    }
    return reason;
}

/* "3 incorrect password attempts": the digits. */
static struct str attempts(struct str reason) {
    size_t n = 0;
    while (n < reason.n && ascii_digit(reason.p[n]))
        n++;
    bool yes = n && n <= 6 && reason.p[0] != '0' &&
               str_starts(str_from(reason, n), STR(" incorrect password attempt"));
    return yes ? str_to(reason, n) : STR_NULL;
}

enum decode_result sudo_decode(struct decode_job *j, struct str m) {
    m = str_trim(m);
    ptrdiff_t colon = str_find(m, STR(" : "), 0);
    if (colon <= 0 || str_find_byte(str_to(m, (size_t) colon), ' ', 0) >= 0)
        return DECODE_NOT_MINE;
    struct str rest = str_from(m, (size_t) colon + 3);
    bool allowed = str_starts(rest, STR("TTY=")) || str_starts(rest, STR("PWD=")) ||
                   str_starts(rest, STR("USER="));
    put_action(j, "sudo", allowed ? "success" : "failure");
    put_text(j, EVENT_F_USER_NAME, str_to(m, (size_t) colon));
    struct str reason = put_sudo_pieces(j, rest);
    if (allowed || !reason.n)
        return DECODE_DONE;
    put(j, EVENT_F_EVENT_CATEGORY, STR("authentication"));
    put_text(j, EVENT_F_EVENT_REASON, reason);
    struct str n = attempts(reason);
    if (n.n)
        put_number(j, EVENT_F_COUNT, n);
    return DECODE_DONE;
}

static bool split_at(struct str s, const char *mark, struct str *ret_before,
                     struct str *ret_behind) {
    ptrdiff_t at = str_find(s, str_of(mark), 0);
    if (at < 0)
        return false;
    *ret_before = str_to(s, (size_t) at);
    *ret_behind = str_from(s, (size_t) at + strlen(mark));
    return true;
}

enum decode_result su_decode(struct decode_job *j, struct str m) {
    struct str target, user, tty = STR_NULL, rest;
    bool failed = cut_key(&m, "FAILED SU ") || cut_key(&m, "FAILED su ");
    if (cut_key(&m, "(to ")) {
        if (!split_at(m, ") ", &target, &rest) || !split_at(rest, " on ", &user, &tty))
            return DECODE_NOT_MINE;
    } else if (cut_key(&m, "Successful su for ") || (failed && cut_key(&m, "for "))) {
        if (!split_at(m, " by ", &target, &user))
            return DECODE_NOT_MINE;
    } else {
        return DECODE_NOT_MINE;
    }
    put_action(j, "su", failed ? "failure" : "success");
    put(j, EVENT_F_EVENT_CATEGORY, STR("authentication"));
    put_text(j, EVENT_F_USER_NAME, user);
    put_text(j, EVENT_F_USER_EFFECTIVE_NAME, target);
    if (tty.n)
        put_text(j, EVENT_F_PROCESS_TTY, tty);
    return DECODE_DONE;
}

enum decode_result cron_decode(struct decode_job *j, struct str m) {
    struct str user, command;
    if (!cut_key(&m, "(") || !split_at(m, ") CMD (", &user, &command) ||
        !str_ends(command, STR(")")))
        return DECODE_NOT_MINE;
    put_action(j, "cron-command", NULL);
    put_text(j, EVENT_F_USER_NAME, user);
    put_text(j, EVENT_F_PROCESS_COMMAND_LINE, str_to(command, command.n - 1));
    return DECODE_DONE;
}

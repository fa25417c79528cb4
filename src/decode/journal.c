/* Entries of systemd's journal in its export format: lines KEY=value, and for values with bytes
 * that do not fit a line KEY, LF, the length as 8 bytes little-endian, the value, LF.
 *
 * Keys with an underscore in front are set by the journal itself and cannot be forged;
 * SYSLOG_IDENTIFIER is what the program claims. Any account can claim to be sshd (`logger -t sshd
 * …`), so what did not come from root is not read as sshd's, and the event says so. */
#include "decode/journal_priv.h"

void journal_take(struct decode_job *j, struct journal_fields *f, struct str key,
                  struct str value) {
    static const struct {
        const char *key;
        size_t at;
    } keys[] = {
#define ROW(key, member) {key, offsetof(struct journal_fields, member)}
        ROW("MESSAGE", message),
        ROW("SYSLOG_IDENTIFIER", identifier),
        ROW("_COMM", comm),
        ROW("_HOSTNAME", hostname),
        ROW("_PID", pid),
        ROW("SYSLOG_PID", syslog_pid),
        ROW("_UID", uid),
        ROW("_SYSTEMD_UNIT", unit),
        ROW("_EXE", exe),
        ROW("PRIORITY", priority),
        ROW("SYSLOG_FACILITY", facility),
        ROW("__REALTIME_TIMESTAMP", realtime),
#undef ROW
    };
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!str_eq_z(key, keys[i].key))
            continue;
        struct str *slot = (struct str *) (void *) ((char *) f + keys[i].at);
        if (!slot->p)
            *slot = str_n(value.p ? value.p : "", value.n);
        f->any = true;
        return;
    }
    char name[9 + 64];
    if (!j->ev->keep_all || key.n > 64)
        return;
    memcpy(name, "journald.", 9);
    memcpy(name + 9, key.p, key.n);
    put_named(j, str_n(name, 9 + key.n), JSON_STRING, job_text(j, value));
}

static void put_digits(struct decode_job *j, enum event_field_id id, struct str s) {
    uint64_t v;
    if (str_to_u64(s, &v) == 0)
        put_number(j, id, s);
}

bool journal_put(struct decode_job *j, const struct journal_fields *f) {
    if (!f->message.p && !f->realtime.p)
        return false;
    (void) when_epoch(f->realtime, &j->when);
    if (f->hostname.n) {
        put_text(j, EVENT_F_HOST_NAME, f->hostname);
        j->host_put = true;
    }
    j->program = f->identifier.n ? f->identifier : f->comm;
    if (j->program.n)
        put_text(j, EVENT_F_PROCESS_NAME, j->program);
    put_digits(j, EVENT_F_PROCESS_PID, f->pid.n ? f->pid : f->syslog_pid);
    put_digits(j, EVENT_F_SYSLOG_SEVERITY, f->priority);
    put_digits(j, EVENT_F_SYSLOG_FACILITY, f->facility);
    if (f->unit.n)
        put_text(j, EVENT_F_SYSTEMD_UNIT, f->unit);
    if (f->exe.n)
        put_named(j, STR("process.executable"), JSON_STRING, job_text(j, f->exe));
    j->not_root = f->uid.n && !str_eq_z(f->uid, "0");
    decode_message(j, f->message);
    if (!j->decoder.n)
        j->decoder = STR("journal");
    return true;
}

/* One field at *at. False at the end or where the format is broken. */
static bool take_field(struct str s, size_t *at, struct str *ret_key, struct str *ret_value) {
    size_t from = *at, end = from;
    while (end < s.n && s.p[end] != '=' && s.p[end] != '\n')
        end++;
    if (end == from || end >= s.n)
        return false;
    *ret_key = str_n(s.p + from, end - from);
    if (s.p[end] == '=') {
        ptrdiff_t line_end = str_find_byte(s, '\n', end);
        size_t to = line_end < 0 ? s.n : (size_t) line_end;
        *ret_value = str_n(s.p + end + 1, to - end - 1);
        *at = MIN(to + 1, s.n);
        return true;
    }
    uint64_t n = 0;
    if (s.n - end < 9)
        return false;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | (unsigned char) s.p[end + 1 + (size_t) i];
    if (n > s.n - end - 9)
        return false;
    *ret_value = str_n(s.p + end + 9, (size_t) n);
    *at = MIN(end + 9 + (size_t) n + 1, s.n);
    return true;
}

enum decode_result journal_decode(struct decode_job *j, struct str text) {
    struct journal_fields f = {0};
    struct str key, value;
    size_t at = 0;
    while (take_field(text, &at, &key, &value))
        journal_take(j, &f, key, value);
    if (!f.any || !journal_put(j, &f))
        return DECODE_NOT_MINE;
    if (at < text.n)
        put_error(j, STR("the journal entry is broken behind its readable part"));
    return DECODE_DONE;
}

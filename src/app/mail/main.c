/* kizuki-mail: reads the mails people report, and nothing else.
 *
 *   door ──> DATA/mail/in ──> work ──> out (JSON, for the room) + DATA/notes (an event, for the rules)
 *                               │ └──> kept (the mail as it came)
 *                               └────> bad  (one that ended this program)
 *
 * Whoever reads hostile mail holds no credential and no incident data: after set-up it may open DATA/mail and DATA/notes, no
 * socket, and start nothing. A mail that ends the program is set aside at the next start instead of ending it again. What
 * is written before a kill is written again after it, under the same name. One thread. */
#include "app/common/note.h"
#include "app/common/sandbox.h"
#include "app/common/supervised.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "mail/mail.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_MS = 300, WAITING_MAX = 1000, NAME_MAX_ = 128, PATH_CAP = 4400, NOTED_MAX = 40 };

static const char *const folders[] = {"in", "work", "out", "kept", "bad"};
static char base[4096];
static const char *data;

static const char *path_of(char dst[PATH_CAP], const char *folder, const char *name, const char *end) {
    snprintf(dst, PATH_CAP, "%s/%s/%s%s", base, folder, name, end);
    return dst;
}

static bool name_ok(const char *z) {
    size_t n = strlen(z);
    for (size_t i = 0; i < n; i++)
        if (!ascii_digit(z[i]) && !(ascii_lower(z[i]) >= 'a' && ascii_lower(z[i]) <= 'z') && !strchr("-_.", z[i]))
            return false;
    return n > 0 && n <= NAME_MAX_ && z[0] != '.' && !strstr(z, ".tmp");
}

/* Three digits of a hash over the mail and who reported it: enough to tell three persons apart, too few to say who among some
 * thousand it was, and another for every mail. */
static void reporter_of(const char *same, struct str address, char dst[4]) {
    uint8_t hash[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    struct sha256 h;
    sha256_init(&h);
    sha256_add(&h, str_of(same));
    sha256_add(&h, STR("\n"));
    sha256_add(&h, address);
    sha256_end(&h, hash);
    hex_encode(hash, sizeof hash, hex);
    snprintf(dst, 4, "%.3s", hex);
}

/* The event rules judge and indicators are matched against: of the suspicious mail, never of who reported it. */
static int leave_note(const struct mail_message *whole, const char *key, struct diag *err) {
    const struct mail_message *m = mail_suspect(whole);
    char same[2 * SHA256_BYTES + 1], reporter[4];
    struct note n;
    mail_same(m, same);
    reporter_of(same, whole->from_address, reporter);
    note_begin(&n, "kizuki.mail", "mail-reported");
    jsonw_kz(&n.w, "event.kind", "event");
    jsonw_kz(&n.w, "kizuki.mail.key", key);
    jsonw_kz(&n.w, "kizuki.mail.same", same);
    jsonw_kz(&n.w, "kizuki.mail.reporter", reporter);
    jsonw_kstr(&n.w, "email.subject", str_to(m->subject, 500));
    jsonw_kstr(&n.w, "email.from.address", str_to(m->from_address, 320));
    jsonw_kstr(&n.w, "email.message_id", str_to(m->message_id, 320));
    jsonw_key(&n.w, STR("url.original"));
    jsonw_array(&n.w);
    for (size_t i = 0; i < m->n_links && i < NOTED_MAX && n.bytes.n < NOTE_BYTES_MAX / 2; i++)
        jsonw_str(&n.w, str_to(m->links[i].url, 1000));
    jsonw_end(&n.w);
    jsonw_key(&n.w, STR("file.hash.sha256"));
    jsonw_array(&n.w);
    for (size_t i = 0; i < m->n_files && i < NOTED_MAX; i++)
        jsonw_str(&n.w, str_of(m->files[i].sha256));
    jsonw_end(&n.w);
    return note_leave(&n, data, err);
}

static int write_out(const struct mail_message *m, const char *name, struct str bytes, struct diag *err) {
    const char *why = NULL;
    char same[2 * SHA256_BYTES + 1], hex[2 * SHA256_BYTES + 1], to[PATH_CAP];
    uint8_t hash[SHA256_BYTES];
    struct buf b;
    struct jsonw w;
    mail_same(mail_suspect(m), same);
    sha256_of(bytes, hash);
    hex_encode(hash, sizeof hash, hex);
    buf_init(&b, MAIL_REPORT_BYTES_MAX);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "key", name);
    jsonw_kz(&w, "same", same);
    jsonw_kz(&w, "sha256", hex);
    jsonw_kbool(&w, "answer", !mail_no_answer(m, &why));
    jsonw_kz(&w, "why", why);
    jsonw_key(&w, STR("mail"));
    mail_write(m, &w);
    jsonw_end(&w);
    int e = buf_error(&b);
    if (e == 0)
        e = file_write_atomic(path_of(to, "out", name, ".json"), buf_str(&b), 0600, err);
    else
        e = diag_set(err, e, "what is in the mail is too much to show");
    buf_done(&b);
    return e;
}

static int read_one(const char *name, struct diag *err) {
    struct arena a;
    struct str bytes;
    struct mail_message *m;
    char from[PATH_CAP];
    arena_init(&a, MAIL_ARENA_MAX);
    int e = file_read(&a, path_of(from, "work", name, ""), MAIL_BYTES_MAX, &bytes, err);
    if (e == 0)
        e = mail_parse(&a, bytes, &m, err);
    if (e == 0)
        e = leave_note(m, name, err);
    if (e == 0)
        e = write_out(m, name, bytes, err);
    arena_done(&a);
    return e;
}

static void move_to(const char *from_folder, const char *to_folder, const char *name) {
    char from[PATH_CAP], to[PATH_CAP];
    if (rename(path_of(from, from_folder, name, ""), path_of(to, to_folder, name, "")) < 0)
        log_error("cannot move '%s' to '%s': %s", from, to, err_word(-errno));
}

/* How many names; each handed over. */
static int each(const char *folder, void (*fn)(const char *name), int max) {
    char path[PATH_CAP];
    snprintf(path, sizeof path, "%s/%s", base, folder);
    DIR *dir = opendir(path);
    int n = 0;
    for (struct dirent *x; dir && n < max && (x = readdir(dir));)
        if (name_ok(x->d_name)) {
            n++;
            if (fn)
                fn(x->d_name);
        }
    if (dir)
        closedir(dir);
    return n;
}

static void set_aside(const char *name) {
    log_error("mail '%s' ended this program while it was read; it is set aside in %s/bad", name, base);
    move_to("work", "bad", name);
}

static void take(const char *name) {
    struct diag d = {0};
    char line[1024];
    move_to("in", "work", name);
    int e = read_one(name, &d);
    if (e < 0)
        log_warn("mail '%s' cannot be read: %s", name, diag_format(&d, line, sizeof line));
    move_to("work", e < 0 ? "bad" : "kept", name);
}

static int set_up(struct diag *err) {
    char path[PATH_CAP], notes[4096];
    snprintf(base, sizeof base, "%.4000s/mail", data);
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        snprintf(path, sizeof path, "%s/%s", base, folders[i]);
        int e = file_make_dir(path, 0700, err);
        if (e < 0)
            return e;
    }
    int e = note_folder(data, notes, err);
    if (e < 0)
        return e;
    /* what is left: its folder, and a place for its notes */
    struct sandbox_path paths[] = {{base, SANDBOX_WRITE}, {notes, SANDBOX_WRITE}, {"/dev/urandom", SANDBOX_READ}};
    e = sandbox_enter(paths, ARRAY_SIZE(paths), SANDBOX_BASIC | SANDBOX_FILES, err);
    if (e > 0)
        log_warn("this kernel has no Landlock: mails are read confined by seccomp only");
    return MIN(e, 0);
}

static volatile sig_atomic_t ending;
static void on_signal(int number UNUSED) {
    ending = 1;
}

int main(int argc, char **argv) {
    struct diag d = {0};
    char line[1024];
    log_set_program("mail");
    supervised_begin();
    if (argc != 3 || strcmp(argv[1], "--data") != 0) {
        fputs("usage: kizuki-mail --data DIR\n", stderr);
        return 2;
    }
    data = argv[2];
    umask(0077);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    if (set_up(&d) < 0) {
        log_error("%s", diag_format(&d, line, sizeof line));
        return 1;
    }
    (void) each("work", set_aside, WAITING_MAX);
    while (!ending) {
        if (each("out", NULL, WAITING_MAX) < WAITING_MAX) /* else the room takes some first */
            (void) each("in", take, 16);
        (void) poll(NULL, 0, LOOK_MS);
    }
    return 0;
}

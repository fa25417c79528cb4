#include "door/box.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "door/send_priv.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

/* The same mail of the same box has the same name: fetched twice it is one file. */
static int put(const struct door_way *w, const char *into, const char *id, struct str bytes, struct diag *err) {
    char path[4400], hex[2 * SHA256_BYTES + 1], plain[48];
    uint8_t hash[SHA256_BYTES];
    size_t n = 0;
    for (const char *p = id; *p && n + 1 < sizeof plain; p++)
        if (ascii_digit(*p) || (ascii_lower(*p) >= 'a' && ascii_lower(*p) <= 'z'))
            plain[n++] = *p;
    plain[n] = 0;
    sha256_of(bytes, hash);
    hex_encode(hash, sizeof hash, hex);
    snprintf(path, sizeof path, "%s/%.*s-%s-%.16s.eml", into, (int) MIN(w->name.n, (size_t) 40), w->name.p, plain, hex);
    return file_write_atomic(path, bytes, 0600, err);
}

static bool ask(struct door_net *n, const char *url, const char *command) {
    buf_clear(&n->answer);
    n->all_out = false;
    CURLcode r = curl_easy_setopt(n->h, CURLOPT_URL, url) || curl_easy_setopt(n->h, CURLOPT_CUSTOMREQUEST, command) ? CURLE_OUT_OF_MEMORY : curl_easy_perform(n->h);
    if (r != CURLE_OK)
        door_net_explain(n, r, false);
    return r == CURLE_OK;
}

size_t door_imap_numbers(struct str answer, uint64_t *dst, size_t cap, size_t *ret_all) {
    size_t n = 0;
    *ret_all = 0;
    for (struct str line, word; str_split(&answer, '\n', &line);) {
        line = str_trim(line);
        if (!str_eq_icase(str_to(line, 8), STR("* SEARCH")))
            continue;
        line = str_from(line, 8);
        while (str_split(&line, ' ', &word)) {
            uint64_t v;
            if (str_to_u64(str_trim(word), &v) < 0 || !v || v > UINT32_MAX)
                continue;
            ++*ret_all;
            if (n < cap)
                dst[n++] = v;
        }
    }
    return n;
}

static void take_imap(const struct door_way *w, const char *into, size_t max, size_t *ret_n, struct door_outcome *out) {
    uint64_t uids[DOOR_BOX_ROUND_MAX];
    struct door_net n;
    struct diag d = {0};
    char box[700], url[800], command[100], id[24];
    size_t all;
    if (door_net_init(&n, w, out) < 0 || curl_easy_setopt(n.h, CURLOPT_USERNAME, w->user.p) || curl_easy_setopt(n.h, CURLOPT_PASSWORD, w->password.p) ||
        curl_easy_setopt(n.h, CURLOPT_FORBID_REUSE, 0L) || curl_easy_setopt(n.h, CURLOPT_USE_SSL, (long) (w->tls == DOOR_TLS_NONE ? CURLUSESSL_NONE : CURLUSESSL_ALL))) {
        door_say(out, DOOR_FAILED, "memory", "memory ran out before the mailbox was looked into");
        door_net_done(&n);
        return;
    }
    buf_done(&n.answer);
    buf_init(&n.answer, MAIL_BYTES_MAX + 65536);
    char *folder = curl_easy_escape(n.h, w->folder.p, (int) w->folder.n);
    snprintf(box, sizeof box, "%s://%.*s:%u/%s", w->tls == DOOR_TLS_FROM_FIRST ? "imaps" : "imap", STR_ARG(w->host), w->port, folder ? folder : "INBOX");
    curl_free(folder);
    bool ok = ask(&n, box, "UID SEARCH UNANSWERED UNDELETED");
    size_t found = ok ? door_imap_numbers(buf_str(&n.answer), uids, DOOR_BOX_ROUND_MAX, &all) : 0;
    for (size_t i = 0; ok && i < found && i < max; i++) {
        snprintf(url, sizeof url, "%s/;UID=%llu", box, (unsigned long long) uids[i]);
        snprintf(id, sizeof id, "%llu", (unsigned long long) uids[i]);
        snprintf(command, sizeof command, "UID STORE %llu +FLAGS.SILENT (\\Answered)", (unsigned long long) uids[i]);
        if (!(ok = ask(&n, url, NULL)))
            break;
        if (put(w, into, id, buf_str(&n.answer), &d) < 0) {
            door_say(out, DOOR_FAILED, "disk", "%s", d.text);
            ok = false;
        } else if ((ok = ask(&n, box, command))) {
            ++*ret_n;
        }
    }
    if (ok)
        door_say(out, DOOR_SENT, "sent", "the mailbox '%.*s' answers; %zu new mails in it", STR_ARG(w->folder), all);
    door_net_done(&n);
}

static int take_file(const struct door_way *w, const char *into, const char *name, struct diag *err) {
    char from[4400], to[4500];
    struct arena a;
    struct str bytes;
    snprintf(from, sizeof from, "%.*s/new/%s", STR_ARG(w->path), name);
    snprintf(to, sizeof to, "%.*s/cur/%s:2,S", STR_ARG(w->path), name);
    arena_init(&a, 2 * MAIL_BYTES_MAX);
    int e = file_read(&a, from, MAIL_BYTES_MAX, &bytes, err);
    if (e == 0)
        e = put(w, into, name, bytes, err);
    if ((e == 0 || e == -ERR_LIMIT) && rename(from, to) < 0)
        e = diag_set(err, -errno, "cannot move '%s' to cur: %s", from, err_word(-errno));
    arena_done(&a);
    return e;
}

static void take_maildir(const struct door_way *w, const char *into, size_t max, size_t *ret_n, struct door_outcome *out) {
    struct diag d = {0};
    char path[4400];
    size_t all = 0;
    int e = 0;
    snprintf(path, sizeof path, "%.*s/new", STR_ARG(w->path));
    DIR *dir = opendir(path);
    if (!dir) {
        door_say(out, DOOR_REFUSED, "maildir", "cannot look into '%s': %s; `path` is the folder that holds new and cur", path, err_word(-errno));
        return;
    }
    for (struct dirent *x; e == 0 && (x = readdir(dir));) {
        if (x->d_name[0] == '.' || strlen(x->d_name) > 200)
            continue;
        all++;
        if (*ret_n < max && (e = take_file(w, into, x->d_name, &d)) == 0)
            ++*ret_n;
    }
    closedir(dir);
    if (e < 0)
        door_say(out, DOOR_FAILED, "maildir", "%s", d.text);
    else
        door_say(out, DOOR_SENT, "sent", "the mailbox '%.*s' can be read; %zu new mails in it", STR_ARG(w->path), all);
}

void door_box_take(const struct door_way *w, const char *into, size_t max, size_t *ret_n, struct door_outcome *out) {
    *ret_n = 0;
    *out = (struct door_outcome){0};
    snprintf(out->by, sizeof out->by, "%.*s", STR_ARG(w->name));
    (w->kind == DOOR_IMAP ? take_imap : take_maildir)(w, into, max, ret_n, out);
}

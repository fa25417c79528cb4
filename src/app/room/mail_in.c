#include "app/room/mail_in.h"

#include "app/room/room.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "room/mail_report.h"

#include <dirent.h>
#include <limits.h>
#include <unistd.h>

enum { A_TURN = 20 };

int mail_in_start(const struct program *p, struct diag *reterr) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.4000s/mail/out", p->config->data);
    return file_make_dir(path, 0700, reterr);
}

/* By the way "mail", where door.yml has one that sends mail. */
static struct str answer_way(const struct program *p, struct arena *a) {
    struct json_value *v;
    struct str name, kind;
    if (!p->door.ways.n || json_parse(a, buf_str(&p->door.ways), &v, NULL) < 0)
        return STR("");
    const struct json_value *ways = json_get_array(v, "ways");
    for (const struct json_value *w = ways ? ways->first : NULL; w; w = w->next)
        if (json_get_str(w, "name", &name) && json_get_str(w, "kind", &kind) && str_eq_z(name, "mail") && str_eq_z(kind, "smtp"))
            return name;
    return STR("");
}

static void take(struct program *p, const char *path) {
    struct diag d = {0};
    struct arena a;
    struct json_value *v;
    struct str text;
    arena_init(&a, 24 * MAIL_REPORT_BYTES_MAX);
    int e = file_read(&a, path, MAIL_REPORT_BYTES_MAX, &text, &d);
    if (e == 0)
        e = json_parse(&a, text, &v, &d);
    if (e == 0)
        e = room_mail_take(p->room, v, text, answer_way(p, &a), &d);
    if (e < 0)
        log_error("cannot take the report '%s': %s", path, d.text[0] ? d.text : err_word(e));
    if ((e == 0 || e == -ERR_PARSE || e == -ERR_LIMIT) && unlink(path) < 0)
        log_error("cannot remove '%s': %s", path, err_word(-errno));
    arena_done(&a);
}

void mail_in_tick(struct program *p) {
    char folder[PATH_MAX], path[PATH_MAX + 300];
    snprintf(folder, sizeof folder, "%.4000s/mail/out", p->config->data);
    if (p->opt.demo || !p->door.ways.n) /* who answers is not known yet: a report waits for the door */
        return;
    DIR *dir = opendir(folder);
    int n = 0;
    for (struct dirent *x; dir && n < A_TURN && (x = readdir(dir));) {
        if (!str_ends(str_of(x->d_name), STR(".json")))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, x->d_name);
        take(p, path);
        n++;
    }
    if (dir)
        closedir(dir);
}

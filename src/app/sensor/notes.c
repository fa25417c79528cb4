/* Notes of our other programs become records of our own source; each file is removed once its record is on disk. What is no
 * note is set aside under another name, so that it is looked at once. */
#include "app/common/note.h"
#include "app/sensor/sensor.h"
#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <stdio.h>

enum { NAME_BYTES = 64 };
struct taken {
    char name[NAME_BYTES];
    uint64_t number; /* of its record */
};
static struct taken taken[NOTES_A_TURN];
static size_t n_taken;

static void path_of(const struct sensor *s, const char *name, char dst[4096 + NAME_BYTES]) {
    snprintf(dst, 4096 + NAME_BYTES, "%.4000s/notes/%s", s->config->data, name);
}

static void remove_kept(const struct sensor *s) {
    char path[4096 + NAME_BYTES];
    size_t left = 0;
    for (size_t i = 0; i < n_taken; i++) {
        path_of(s, taken[i].name, path);
        if (taken[i].number >= spool_durable_next(s->spool))
            taken[left++] = taken[i];
        else if (unlink(path) < 0)
            log_warn("a note that was taken cannot be removed: %s", err_word(-errno));
    }
    n_taken = left;
}

static bool is_taken(const char *name) {
    for (size_t i = 0; i < n_taken; i++)
        if (strcmp(taken[i].name, name) == 0)
            return true;
    return false;
}

static void set_aside(const char *path) {
    char aside[4096 + NAME_BYTES + 8];
    snprintf(aside, sizeof aside, "%s.bad", path);
    log_warn("'%s' is no note; it is set aside", path);
    IGNORE(rename(path, aside));
}

/* False: no more now. */
static bool take(struct sensor *s, const char *name) {
    char path[4096 + NAME_BYTES];
    struct arena a;
    struct str text;
    path_of(s, name, path);
    arena_init(&a, 4 * NOTE_BYTES_MAX);
    int r = file_read(&a, path, NOTE_BYTES_MAX, &text, NULL);
    if (r < 0 || text.n == 0 || text.p[0] != '{' || json_check(text, NULL) < 0) {
        if (r != -ENOENT)
            set_aside(path);
        arena_done(&a);
        return true;
    }
    uint64_t number = spool_next(s->spool);
    r = sensor_say(s, text, time_now_ns());
    if (r == 0) {
        snprintf(taken[n_taken].name, sizeof taken[0].name, "%s", name);
        taken[n_taken++].number = MAX(number, spool_next(s->spool) - 1);
    }
    arena_done(&a);
    return r == 0;
}

void notes_tick(struct sensor *s) {
    char folder[4096];
    if (s->replay || !s->spool)
        return;
    remove_kept(s);
    snprintf(folder, sizeof folder, "%.4000s/notes", s->config->data);
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && n_taken < NOTES_A_TURN && (e = readdir(dir));) {
        struct str name = str_of(e->d_name);
        if (name.n >= NAME_BYTES || !str_ends(name, STR(".json")) || is_taken(e->d_name))
            continue;
        if (!take(s, e->d_name))
            break;
    }
    if (dir)
        closedir(dir);
}

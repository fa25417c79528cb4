/* See datafiles.h. */
#include "app/room/datafiles.h"

#include "app/content/content.h"
#include "app/room/room.h"
#include "base/file.h"
#include "base/log.h"
#include "room/datafile.h"
#include "room/fact.h"
#include "room/form_case.h"
#include "room/obligation.h"
#include "room/publication.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>

typedef int put_fn(struct room *r, const struct room_actor *by, struct str source, const char *file, const char *origin, int64_t *ret_id, struct diag *reterr);

static int is_yml(const struct dirent *e) {
    return e->d_name[0] != '.' && str_ends(str_of(e->d_name), STR(".yml"));
}

static void take(struct program *p, const char *folder, const char *name, put_fn *put) {
    char path[PATH_MAX], line[1024];
    struct diag d = {0};
    struct arena a;
    struct str text;
    int64_t id;
    arena_init(&a, 1 << 20);
    snprintf(path, sizeof path, "%.3000s/%.300s", folder, name);
    int e = file_read(&a, path, DATAFILE_BYTES_MAX, &text, &d);
    if (e == 0)
        e = put(p->room, &room_system, text, name, "shipped", &id, &d);
    if (e < 0)
        log_warn("%s is left out: %s", path, diag_format(&d, line, sizeof line));
    arena_done(&a);
}

static int take_folder(struct program *p, const char *below, put_fn *put, struct diag *err) {
    char folder[PATH_MAX];
    struct dirent **names;
    snprintf(folder, sizeof folder, "%.3000s/%s", content_dir(), below);
    int n = scandir(folder, &names, is_yml, alphasort);
    if (n < 0)
        return diag_set(err, -errno, "cannot read '%s': %s", folder, err_word(-errno));
    for (int i = 0; i < n; i++) {
        take(p, folder, names[i]->d_name, put);
        free(names[i]);
    }
    free(names);
    return 0;
}

int datafiles_load(struct program *p, struct diag *reterr) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.3000s/facts.yml", content_dir());
    int e = room_facts_load(p->room, path, reterr);
    if (e == 0)
        e = take_folder(p, "obligations", room_obligation_put, reterr);
    if (e == 0)
        e = take_folder(p, "forms", room_form_put, reterr);
    if (e == 0)
        e = take_folder(p, "publications", room_statement_put, reterr);
    return e;
}

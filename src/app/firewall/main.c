/* kizuki-firewall: reads configurations of packet filters where they are left, and tells what they let through that they did not before.
 *
 *   files of kizuki.yml's `firewalls` + DATA/change/announced (the room) ──> DATA/firewall (its own) + DATA/notes (events, for the rules)
 *
 * It parses what comes from devices, so it holds nothing worth having: no socket, no credential, no logs, no incident data. What it cannot
 * read is told, once. One thread. */
#include "app/common/note.h"
#include "app/common/sandbox.h"
#include "app/common/supervised.h"
#include "app/firewall/watch.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

enum { LOOK_MS = 1000 };

static struct watch *watches;
static char folders[FIREWALLS_MAX][4096]; /* that hold the files: one written anew is another file */

static int set_up(const struct config *c, struct diag *err) {
    struct sandbox_path paths[FIREWALLS_MAX + 4];
    char own[4096 + 32], notes[4096], change[4096 + 32];
    size_t n = 0;
    snprintf(own, sizeof own, "%.4000s/firewall", c->data);
    snprintf(change, sizeof change, "%.4000s/change", c->data);
    int e = note_folder(c->data, notes, err);
    if (e == 0)
        e = file_make_dir(change, 0700, err);
    for (size_t i = 0; e == 0 && i < c->n_firewalls; i++)
        e = watch_begin(&watches[i], c, &c->firewalls[i], err);
    if (e < 0)
        return e;
    for (size_t i = 0; i < c->n_firewalls; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%.*s", STR_ARG(c->firewalls[i].file));
        snprintf(folders[i], sizeof folders[i], "%s", dirname(file));
        paths[n++] = (struct sandbox_path){folders[i], SANDBOX_READ};
    }
    paths[n++] = (struct sandbox_path){own, SANDBOX_READ | SANDBOX_WRITE};
    paths[n++] = (struct sandbox_path){notes, SANDBOX_WRITE};
    paths[n++] = (struct sandbox_path){change, SANDBOX_READ};
    paths[n++] = (struct sandbox_path){"/dev/urandom", SANDBOX_READ};
    e = sandbox_enter(paths, n, SANDBOX_BASIC | SANDBOX_FILES, err);
    if (e > 0)
        log_warn("this kernel has no Landlock: configurations are read confined by seccomp only");
    return MIN(e, 0);
}

static void look(const struct config *c) {
    char announced[4096 + 32];
    struct requests requests;
    struct arena a;
    struct diag d = {0};
    arena_init(&a, 4 * CHANGE_REQUESTS_BYTES_MAX);
    snprintf(announced, sizeof announced, "%.4000s/change/announced", c->data);
    if (requests_read(&a, announced, &requests, &d) < 0)
        log_warn("announced changes cannot be read: %s", d.text);
    for (size_t i = 0; i < c->n_firewalls; i++)
        if (watch_look(&watches[i], &requests, &d) < 0)
            log_error("%.*s: %s", STR_ARG(c->firewalls[i].name), d.text);
    arena_done(&a);
}

static volatile sig_atomic_t ending;
static void on_signal(int number UNUSED) {
    ending = 1;
}

int main(int argc, char **argv) {
    struct config *c = NULL;
    struct diag d = {0};
    char line[1024];
    log_set_program("firewall");
    supervised_begin();
    bool with_file = argc == 5 && strcmp(argv[3], "--config") == 0;
    if ((argc != 3 && !with_file) || strcmp(argv[1], "--data") != 0) {
        fputs("usage: kizuki-firewall --data DIR [--config FILE]\n", stderr);
        return 2;
    }
    umask(0077);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    int e = config_load(argv[2], with_file ? argv[4] : NULL, &c, &d);
    if (e == 0 && !(watches = mem_zalloc_array(c->n_firewalls + 1, sizeof *watches)))
        e = diag_set(&d, -ENOMEM, "out of memory");
    if (e == 0)
        e = set_up(c, &d);
    if (e < 0)
        log_error("%s", diag_format(&d, line, sizeof line));
    while (e == 0 && !ending) {
        look(c);
        (void) poll(NULL, 0, LOOK_MS);
    }
    mem_free(watches);
    config_free(c);
    return e < 0;
}

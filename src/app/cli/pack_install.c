/* `kizuki pack install | on | watch | off | back | remove`: a lesson from elsewhere, taken in on probation.
 *
 * It comes as a rule set named pack-ID, so what holds for rule sets holds for it: versions, going back, who added it. Its rules are only
 * watched until a person switches them on: what they find is kept and shown, and opens no case, calls nobody and proposes nothing. The
 * lesson itself lies beside them as the one signed file it was (RULESET_PACK_FILE). A version that follows one which is on waits as a draft,
 * so that taking it in does not put out what protects. Signatures are verified here and not in the sensor, which loads no library for that. */
#include "app/cli/command.h"
#include "app/cli/pack_shared.h"
#include "app/cli/rule_act.h"
#include "app/cli/rule_print.h"
#include "app/common/rule_add.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"
#include "pack/note.h"

#include <limits.h>
#include <pthread.h>
#include <pwd.h>
#include <unistd.h>

enum { BACK_TEST_DAYS = 90, TELL_EVERY_MS = 500 };
#define SET_PREFIX "pack-"

struct install_args {
    const char *data, *keys, *by;
};

const char *pack_set_name(struct arena *a, struct str id) {
    size_t cap = sizeof SET_PREFIX + id.n;
    char *name = arena_alloc(a, cap);
    if (name)
        snprintf(name, cap, SET_PREFIX "%.*s", STR_ARG(id));
    for (char *c = name; c && *c; c++) /* a name of a set has none */
        if (*c == '.')
            *c = '_';
    return name;
}

static const char *account(const char *by) {
    const struct passwd *p = by ? NULL : getpwuid(getuid());
    return by ? by : p ? p->pw_name : "?";
}

/* ---- how far the back-test is ---- */

struct telling {
    struct backtest_watch watch;
    pthread_t thread;
    bool runs, through; /* through: atomic */
};

static void *tell(void *ctx) {
    struct telling *t = ctx;
    while (!__atomic_load_n(&t->through, __ATOMIC_ACQUIRE)) {
        fprintf(stderr, "\r%llu records of the last %d days looked at", (unsigned long long) __atomic_load_n(&t->watch.looked, __ATOMIC_RELAXED),
                BACK_TEST_DAYS);
        usleep(TELL_EVERY_MS * 1000);
    }
    fprintf(stderr, "\r%60s\r", "");
    return NULL;
}

static void tell_begin(struct telling *t) {
    *t = (struct telling){.watch.since_ns = time_now_ns() - BACK_TEST_DAYS * NS_PER_DAY};
    t->runs = isatty(2) && pthread_create(&t->thread, NULL, tell, t) == 0;
}

static void tell_end(struct telling *t) {
    __atomic_store_n(&t->through, true, __ATOMIC_RELEASE);
    if (t->runs)
        pthread_join(t->thread, NULL);
}

/* ---- install ---- */

/* The lesson as it came, beside its rules: without it they do not stay. */
static int keep_pack(void *ctx, const struct ruleset *draft, uint64_t passed_over UNUSED, struct diag *err) {
    char path[PATH_MAX];
    struct buf out;
    snprintf(path, sizeof path, "%.4000s/" RULESET_PACK_FILE, draft->dir);
    buf_init(&out, PACK_NOTE_BYTES_MAX + PACK_BYTES_MAX);
    int e = pack_files_write(ctx, &out);
    e = e < 0 ? diag_set(err, e, "cannot write '%s': %s", path, err_word(e)) : file_write_atomic(path, buf_str(&out), 0600, err);
    buf_done(&out);
    return e;
}

/* Its rules as files in a folder of their own: what was judged in memory, not what lies somewhere meanwhile, nor what somebody who was
 * interrupted left there. Names are plain (files.h). */
static int lay_out(struct arena *a, const struct pack_files *f, const char *dir, struct diag *err) {
    int e = ruleset_remove_tree(dir);
    e = e < 0 ? diag_set(err, e, "cannot clear '%s': %s", dir, err_word(e)) : file_make_dir(dir, 0700, err);
    for (size_t i = 0; i < f->n && e == 0; i++) {
        if (!str_starts(f->at[i].path, STR("rules/")))
            continue;
        const char *to = arena_printf(a, "%s/%.*s", dir, STR_ARG(str_from(f->at[i].path, 6))).p;
        e = to ? file_write_atomic(to, f->at[i].bytes, 0600, err) : diag_set(err, -ENOMEM, "out of memory");
    }
    return e;
}

/* Its texts where the room reads them: story, lessons, questions, procedure. Nothing of it acts by lying there. */
static int lay_texts(struct arena *a, const struct config *c, struct str id, const struct pack_files *f, struct diag *err) {
    const char *room = arena_printf(a, "%s/room", c->data).p, *packs = arena_printf(a, "%s/room/packs", c->data).p;
    const char *now = arena_printf(a, "%s/room/packs/.take-%.*s", c->data, STR_ARG(id)).p, *dir = arena_printf(a, "%s/room/packs/%.*s", c->data, STR_ARG(id)).p;
    if (!room || !packs || !now || !dir)
        return diag_set(err, -ENOMEM, "out of memory");
    IGNORE(ruleset_remove_tree(now));
    int e = file_make_dir(room, 0700, err);
    if (e == 0)
        e = file_make_dir(packs, 0700, err);
    if (e == 0)
        e = file_make_dir(now, 0700, err);
    for (size_t i = 0; i < f->n && e == 0; i++) {
        if (str_find_byte(f->at[i].path, '/', 0) >= 0) /* rules are the sensor's */
            continue;
        const char *to = arena_printf(a, "%s/%.*s", now, STR_ARG(f->at[i].path)).p;
        e = to ? file_write_atomic(to, f->at[i].bytes, 0600, err) : diag_set(err, -ENOMEM, "out of memory");
    }
    if (e == 0)
        IGNORE(ruleset_remove_tree(dir));
    return e == 0 && rename(now, dir) < 0 ? diag_set(err, -errno, "cannot put '%s' in place: %s", dir, err_word(-errno)) : e;
}

/* Whether a version of it is on, and not only watched. */
static bool is_on(const char *data, const char *name) {
    struct rulesets all;
    bool on = false;
    if (rulesets_load(data, &all, NULL) == 0) {
        const struct ruleset *s = rulesets_find(&all, str_of(name), false);
        on = s && s->on && !s->watch;
    }
    rulesets_done(&all);
    return on;
}

/* Trying it took a while: whether a version of it is on is asked now, and nobody changes it meanwhile. */
static int put_in_place(struct arena *a, const struct config *c, struct str id, const char *name, const struct pack_files *f, struct diag *err) {
    int lock = rulesets_lock(c->data, err), r = MIN(lock, 0);
    bool waits = r == 0 && is_on(c->data, name);
    if (!waits && r == 0)
        r = ruleset_adopt(c->data, str_of(name), err);
    if (lock >= 0)
        close(lock);
    if (r == 0)
        r = rulesets_tell(c->data, err);
    if (r == 0 && !waits) /* the texts of what is in use stay until the new version is taken */
        r = lay_texts(a, c, id, f, err);
    if (r == 0 && waits)
        printf("the version in use stays on; this one waits: kizuki pack on %.*s takes it\n", STR_ARG(id));
    else if (r == 0)
        printf("its rules are watched only: what they find is kept, nobody is called and nothing is done\n"
               "kizuki pack on %.*s, or the page of lessons, switches them on; kizuki pack remove %.*s takes it away\n",
               STR_ARG(id), STR_ARG(id));
    return r;
}

static int add(struct arena *a, const struct config *c, const struct install_args *o, const struct pack_files *f, const struct ruleset_pack *pack,
               struct str tlp, struct diag *err) {
    const char *name = pack_set_name(a, pack->id), *dir = name ? arena_printf(a, "%s/rules/.take-%s", c->data, name).p : NULL;
    struct telling t;
    struct rule_added added = {0};
    if (!dir)
        return diag_set(err, -ENOMEM, "out of memory");
    struct rule_adding how = {.from = dir, .staging = {.name = str_of(name), .by = str_of(account(o->by)), .licence = tlp, .origin = pack->signer, .pack = pack},
                              .watch = &t.watch, .staged = keep_pack, .ctx = (void *) (uintptr_t) f};
    int r = lay_out(a, f, dir, err);
    tell_begin(&t);
    if (r == 0)
        r = rule_add(c, &how, &added, err);
    tell_end(&t);
    IGNORE(ruleset_remove_tree(dir));
    if (r == 0)
        r = rule_judged_print(&added.judged, &added.draft, false, err);
    if (r == 0)
        r = put_in_place(a, c, pack->id, name, f, err);
    rule_added_done(&added);
    return r;
}

static int install(struct arena *a, const struct install_args *o, const char *named, struct diag *err) {
    char keys_path[PATH_MAX];
    struct pack_files f;
    struct pack_checked c;
    struct pack_brings b;
    struct pack_keys keys;
    struct pack_signed s;
    struct config *config = NULL;
    const char *place = pack_place(a, named);
    int e = place ? 0 : diag_set(err, -ENOMEM, "out of memory");
    if (e < 0 || (e = pack_keys_load(a, o->keys ? o->keys : pack_default_file(keys_path, "pack-keys.yml"), &keys, err)) < 0 ||
        (e = pack_look(a, place, &f, &c, &b, err)) < 0 || (e = pack_verify(a, &f, &keys, time_now_ns(), &s, err)) < 0)
        return e;
    pack_look_done(); /* what follows takes as long as there are logs */
    struct ruleset_pack pack = {.id = c.id, .title_ja = c.title_ja, .title_en = c.title_en, .signer = s.key->who, .key = str_of(s.note.fingerprint),
                                .version = c.version};
    struct str tlp = arena_printf(a, "TLP:%.*s", STR_ARG(c.tlp));
    printf("%.*s version %lld: %.*s / %.*s, signed by %.*s (%s); brings %u rules and %u actions%s%s\n", STR_ARG(c.id), (long long) c.version,
           STR_ARG(c.title_ja), STR_ARG(c.title_en), STR_ARG(s.key->who), s.note.fingerprint, b.rules, b.actions, b.actions ? ": " : "", b.acts);
    e = config_load(o->data, NULL, &config, err);
    if (e == 0)
        e = add(a, config, o, &f, &pack, tlp, err);
    config_free(config);
    return e;
}

static int run_install(void *settings, unsigned n_args UNUSED, char **args) {
    struct arena a;
    struct diag d = {0};
    arena_init(&a, PACK_ARENA_MAX);
    int e = install(&a, settings, args[0], &d);
    arena_done(&a);
    return e < 0 ? command_failed(&d) : 0;
}

/* ---- what a person decides about it ---- */

static int decide(void *settings, enum rule_set_act what, const char *id, const char *done) {
    const struct install_args *o = settings;
    struct config *config = NULL;
    struct arena a;
    struct diag d = {0};
    int lock = -1;
    arena_init(&a, 1 << 20);
    const char *name = pack_set_name(&a, str_of(id));
    int e = name ? config_load(o->data, NULL, &config, &d) : diag_set(&d, -ENOMEM, "out of memory");
    if (e == 0 && (e = lock = rulesets_lock(config->data, &d)) >= 0)
        e = rule_set_act(what, config->data, str_of(name), false, &d);
    if (lock >= 0)
        close(lock);
    if (e == 0 && what == RULE_SET_DROP) {
        const char *texts = strchr(id, '/') ? NULL : arena_printf(&a, "%s/room/packs/%s", config->data, id).p;
        if (texts)
            IGNORE(ruleset_remove_tree(texts));
    }
    if (e == 0)
        printf("%s %s\n", id, done);
    config_free(config);
    arena_done(&a);
    return e < 0 ? command_failed(&d) : 0;
}

static int run_on(void *settings, unsigned n_args UNUSED, char **args) {
    return decide(settings, RULE_SET_ON, args[0], "is on: what its rules find opens cases");
}
static int run_watch(void *settings, unsigned n_args UNUSED, char **args) {
    return decide(settings, RULE_SET_WATCH, args[0], "is watched only");
}
static int run_off(void *settings, unsigned n_args UNUSED, char **args) {
    return decide(settings, RULE_SET_OFF, args[0], "is off");
}
static int run_back(void *settings, unsigned n_args UNUSED, char **args) {
    return decide(settings, RULE_SET_BACK, args[0], "is back at the version before");
}
static int run_remove(void *settings, unsigned n_args UNUSED, char **args) {
    return decide(settings, RULE_SET_DROP, args[0], "is taken away; pack back brings nothing back, pack install does");
}

#define OPTION_DATA {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct install_args, data), .help = "data folder (/var/lib/kizuki as root, ~/.local/share/kizuki else)"}
static const struct cli_option INSTALL_OPTIONS[] = {
    OPTION_DATA,
    {.name = "keys", .kind = CLI_STRING, .value = "FILE", .at = offsetof(struct install_args, keys),
     .help = "whose signatures are believed (pack-keys.yml in /etc/kizuki or ~/.config/kizuki)"},
    {.name = "by", .kind = CLI_STRING, .value = "NAME", .at = offsetof(struct install_args, by), .help = "who takes it in, for the record (your account)"},
    {0}};
static const struct cli_option DECIDE_OPTIONS[] = {OPTION_DATA, {0}};
#define DECIDES(ID, NAME, HELP, RUN)                                                                                                  \
    const struct cli_command ID = {.name = NAME, .args = "ID", .args_min = 1, .args_max = 1, .help = HELP, .options = DECIDE_OPTIONS, \
                                   .size = sizeof(struct install_args), .run = RUN}
const struct cli_command COMMAND_PACK_INSTALL = {
    .name = "pack install", .args = "FILE|DIR", .args_min = 1, .args_max = 1,
    .help = "take a signed lesson in on probation, and show what it would have raised in the last 90 days",
    .text = "It is checked as hostile, and refused unless a key that is believed here signed it. Its rules are only watched\n"
            "until somebody switches them on; its playbook is not offered before. Nothing of it is run.\n",
    .options = INSTALL_OPTIONS, .size = sizeof(struct install_args), .run = run_install};
DECIDES(COMMAND_PACK_ON, "pack on", "switch a lesson that was taken in on, or its version that waits", run_on);
DECIDES(COMMAND_PACK_WATCH, "pack watch", "only watch what its rules find", run_watch);
DECIDES(COMMAND_PACK_OFF, "pack off", "switch its rules off; it is kept", run_off);
DECIDES(COMMAND_PACK_BACK, "pack back", "go back to the version of it that was in use before", run_back);
DECIDES(COMMAND_PACK_REMOVE, "pack remove", "take a lesson away that was taken in", run_remove);

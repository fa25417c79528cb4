/* See rule_paths.h. */
#include "app/common/rule_paths.h"

#include "app/content/content.h"
#include "app/engine/tightened.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATHS_ARENA_MAX = 16 * 1024 * 1024 };

static int add(struct rule_paths *p, const char *folder, const char *below) {
    if (arena_grow(&p->arena, (void **) &p->p, &p->cap, p->n + 1, sizeof *p->p) < 0)
        return -ENOMEM;
    struct str path = arena_printf(&p->arena, "%s%s", folder, below);
    p->p[p->n++] = path.p;
    return path.p ? 0 : -ENOMEM;
}

static int is_folder_name(const struct dirent *e) {
    return e->d_name[0] != '.';
}

/* Rules of the lessons that are shipped: their folder `rules`, where they have one. */
static int add_packs(struct rule_paths *p, const char *packs) {
    struct dirent **names;
    char path[PATH_MAX];
    int r = 0, n = scandir(packs, &names, is_folder_name, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%.3000s/%s/rules", packs, names[i]->d_name);
        if (r == 0 && access(path, R_OK) == 0)
            r = add(p, path, "");
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return r;
}

static bool switched_on(const struct ruleset *s, const struct str *also, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(also[i], s->name))
            return true;
    return s->on;
}

/* The folder that was added last. */
static int note_watched(struct rule_paths *p) {
    if (arena_grow(&p->arena, (void **) &p->watched, &p->watched_cap, p->n_watched + 1, sizeof *p->watched) < 0)
        return -ENOMEM;
    p->watched[p->n_watched++] = p->p[p->n - 1];
    return 0;
}

/* Sets that are on, and those that a closer watch switches on while it lasts. */
static int add_sets(struct rule_paths *p, const char *data, const struct ruleset *draft, struct diag *reterr) {
    struct rulesets all;
    struct str *also = NULL;
    size_t n_also = 0;
    int r = rulesets_load(data, &all, reterr);
    if (r == 0 && p->tightened)
        r = tightened_sets(&p->arena, p->tightened, &also, &n_also, reterr);
    for (size_t i = 0; r == 0 && i < all.n; i++) {
        const struct ruleset *s = &all.at[i];
        if (!s->draft && switched_on(s, also, n_also) && !(draft && str_eq(draft->name, s->name)))
            r = add(p, s->dir, "/files");
        else
            continue;
        if (r == 0 && s->watch)
            r = note_watched(p);
    }
    rulesets_done(&all);
    return r;
}

static int add_decoders(struct rule_paths *p, const char *data) {
    struct str path = arena_printf(&p->arena, "%s/decoders", data);
    p->decoders = arena_zalloc(&p->arena, sizeof *p->decoders);
    if (!path.p || !p->decoders)
        return -ENOMEM;
    p->decoders[0] = path.p;
    p->n_decoders = access(path.p, R_OK) == 0;
    return 0;
}

int rule_paths_load(const struct config *c, const char *content, const struct ruleset *draft,
                    struct rule_paths *ret, struct diag *reterr) {
    struct rule_paths *p = ret;
    char path[PATH_MAX];
    *p = (struct rule_paths){0};
    arena_init(&p->arena, PATHS_ARENA_MAX);
    int r = add(p, content, "/rules");
    if (r == 0)
        r = add_packs(p, packs_dir());
    if (r == 0 && rulesets_path(path, c->data, "tightened.json") == 0 && access(path, F_OK) == 0)
        r = (p->tightened = arena_dup_z(&p->arena, str_of(path))) ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < c->rules.n; i++) {
        struct str one = arena_dup(&p->arena, c->rules.p[i]);
        r = one.p ? add(p, one.p, "") : -ENOMEM;
    }
    if (r == 0)
        r = add_sets(p, c->data, draft, reterr);
    if (r == 0)
        r = add_decoders(p, c->data);
    if (r == 0 && draft)
        r = add(p, draft->dir, "/files");
    if (r == 0 && rulesets_path(path, c->data, "exceptions.yml") == 0 && access(path, F_OK) == 0)
        r = add(p, path, "");
    if (r == 0 && rulesets_path(path, c->data, "suppress.yml") == 0 && access(path, F_OK) == 0) {
        p->suppress = arena_dup_z(&p->arena, str_of(path));
        r = p->suppress ? 0 : -ENOMEM;
    }
    return r == -ENOMEM ? diag_set(reterr, r, "out of memory") : r;
}

void rule_paths_done(struct rule_paths *p) {
    arena_done(&p->arena);
}

struct engine_options rule_paths_engine(const struct rule_paths *p) {
    static const struct source unknown = {.encoding = -1, .offset_min = TIME_JST_OFFSET_MIN};
    return (struct engine_options){.rule_paths = p->p, .n_rule_paths = p->n, .watched_paths = p->watched, .n_watched_paths = p->n_watched,
                                   .decoder_paths = p->decoders, .n_decoder_paths = p->n_decoders,
                                   .suppress_path = p->suppress,
                                   .tightened_path = p->tightened,
                                   .sources = &unknown, .n_sources = 1};
}

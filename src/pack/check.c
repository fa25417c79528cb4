/* See check.h. */
#include "pack/check.h"

#include "base/limits.h"
#include "pack/pack.h"
#include "pack/replay.h"
#include "pack/schema.h"

/* A story is told at three depths; its chapters are those of the surveys. */
static const struct {
    const char *file;
    const char *heads[3];
} STORIES[] = {
    {"story.ja.md", {"\n## 経営層", "\n## 戦略マネジメント層", "\n## 実務者・技術者"}},
    {"story.en.md", {"\n## For executives", "\n## For managers", "\n## For practitioners"}},
};

static int check_stories(const struct pack_files *f, struct diag *err) {
    for (size_t i = 0; i < ARRAY_SIZE(STORIES); i++) {
        const struct pack_file *s = pack_files_find(f, STORIES[i].file);
        for (size_t k = 0; k < ARRAY_SIZE(STORIES[i].heads); k++)
            if (str_find(s->bytes, str_of(STORIES[i].heads[k]), 0) < 0)
                return diag_set_at(err, -ERR_PARSE, s->shown, 1, 1, "the story has no chapter '%s'; it is told at three depths", STORIES[i].heads[k] + 4);
    }
    return 0;
}

static int check_schemas(struct arena *a, const struct pack_files *f, const char *folder, struct diag *err) {
    int e = 0;
    for (size_t i = 0; i < f->n && e == 0; i++) {
        const struct pack_schema *schema;
        const char *path = f->at[i].kind->schema ? arena_printf(a, "%s/%s.json", folder, f->at[i].kind->schema).p : NULL;
        if (!f->at[i].kind->schema)
            continue;
        e = path ? pack_schema_load(a, path, &schema, err) : diag_set(err, -ENOMEM, "out of memory");
        if (e == 0)
            e = pack_schema_check(schema, f->at[i].shown, f->at[i].root, err);
    }
    return e;
}

/* An id of a list stands once. */
static int check_ids(const struct pack_file *f, const char *list, unsigned *ret_n, struct diag *err) {
    const struct yaml_node *v = f ? yaml_get(f->root, list) : NULL;
    struct str id, other;
    *ret_n = v ? v->n : 0;
    for (const struct yaml_node *e = v ? v->first : NULL; e; e = e->next)
        for (const struct yaml_node *o = v->first; o != e; o = o->next)
            if (yaml_get_str(e, "id", &id) && yaml_get_str(o, "id", &other) && str_eq(id, other))
                return yaml_error(err, -ERR_PARSE, f->shown, yaml_get(e, "id"), "'%.*s' stands twice in %s; give one another id", STR_ARG(id), list);
    return 0;
}

static bool has_figure(const struct pack_file *head, struct str id) {
    const struct yaml_node *v = yaml_get(head->root, "figures");
    struct str own;
    for (const struct yaml_node *e = v ? v->first : NULL; e; e = e->next)
        if (yaml_get_str(e, "id", &own) && str_eq(own, id))
            return true;
    return false;
}

static int check_expect(const struct pack_files *f, const struct pack_file *head, struct diag *err) {
    static const char *const lists[] = {"noticed", "proposed", "hunted", "traced", "counted"};
    const struct pack_file *expect = pack_files_find(f, "expect.yml");
    struct str figure;
    if (!expect)
        return 0;
    if (!pack_files_find(f, "replay.yml"))
        return diag_set_at(err, -ERR_REFUSED, expect->shown, 1, 1, "nothing is played that could be expected: replay.yml is missing");
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        const struct yaml_node *v = yaml_get(expect->root, lists[i]);
        for (const struct yaml_node *e = v ? v->first : NULL; e; e = e->next)
            if (yaml_get_str(e, "figure", &figure) && !has_figure(head, figure))
                return yaml_error(err, -ERR_PARSE, expect->shown, yaml_get(e, "figure"), "pack.yml has no figure '%.*s'", STR_ARG(figure));
    }
    return 0;
}

static int check_replay(const struct pack_files *f, struct pack_checked *c, struct diag *err) {
    const struct pack_file *replay = pack_files_find(f, "replay.yml");
    CLEANUP(pack_replay_freep) struct pack_replay *r = NULL;
    c->has_replay = replay;
    c->has_expect = pack_files_find(f, "expect.yml");
    int e = replay ? pack_replay_read(replay->bytes, replay->shown, 0, &r, err) : 0;
    if (e == 0 && replay)
        c->actors = yaml_get(replay->root, "actors")->n;
    return e;
}

static int check_judged(struct arena *a, const struct pack_files *f, const struct pack_judges *j, struct diag *err) {
    int e = 0;
    for (size_t i = 0; j && i < f->n && e == 0; i++) {
        if (str_eq_z(f->at[i].path, "playbook.yml"))
            e = j->playbook(j->ctx, a, &f->at[i], err);
        else if (str_starts(f->at[i].path, STR("rules/")))
            e = j->rules(j->ctx, a, &f->at[i], err);
    }
    return e;
}

int pack_check(struct arena *a, const struct pack_files *f, const char *schemas, const struct pack_judges *judges, struct pack_checked *ret,
               struct diag *reterr) {
    const struct pack_file *head = pack_files_find(f, "pack.yml"), *controls = pack_files_find(f, "controls.yml");
    struct pack_checked c = {.has_playbook = pack_files_find(f, "playbook.yml")};
    int e = check_schemas(a, f, schemas, reterr);
    if (e < 0)
        return e;
    const struct yaml_node *title = yaml_get(head->root, "title");
    if (!yaml_get_str(head->root, "id", &c.id) || !yaml_get_i64(head->root, "version", &c.version) || !yaml_get_str(head->root, "tlp", &c.tlp) ||
        !yaml_get_str(title, "ja", &c.title_ja) || !yaml_get_str(title, "en", &c.title_en))
        return yaml_error(reterr, -ERR_PARSE, head->shown, head->root, "a pack wants id, version, tlp and title: {ja, en}");
    if (!pack_name_is_plain(c.id) || (f->name.n && !str_eq(f->name, c.id)))
        return yaml_error(reterr, -ERR_PARSE, head->shown, yaml_get(head->root, "id"),
                          "the id of a pack is the name of its folder, here '%.*s'; change one of them", STR_ARG(f->name));
    if ((e = check_ids(head, "lessons", &c.lessons, reterr)) < 0 || (e = check_ids(head, "measures", &c.measures, reterr)) < 0 ||
        (e = check_ids(controls, "controls", &c.controls, reterr)) < 0 || (e = check_stories(f, reterr)) < 0 ||
        (e = check_expect(f, head, reterr)) < 0 || (e = check_replay(f, &c, reterr)) < 0 || (e = check_judged(a, f, judges, reterr)) < 0)
        return e;
    *ret = c;
    return 0;
}

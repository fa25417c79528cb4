/* See samples.h. */
#include "app/engine/samples.h"

#include "app/engine/engine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/yaml_json.h"
#include "detect/correlate.h"
#include "detect/rule.h"
#include "pack/replay.h"

#include <limits.h>
#include <unistd.h>

enum { RECORDED_BYTES_MAX = 16 * 1024 * 1024 };

static int add_line(struct sample_lines *l, struct str line) {
    if (l->n >= SAMPLE_LINES_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(l->arena, (void **) &l->at, &l->cap, l->n + 1, sizeof *l->at);
    if (r == 0)
        l->at[l->n++] = line;
    return r;
}

static int add_mapping(struct sample_lines *l, const struct yaml_node *n) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, LINE_BYTES_MAX);
    jsonw_init(&w, &b);
    yaml_write_json(&w, n);
    int r = buf_error(&b);
    struct str line = r == 0 ? arena_dup(l->arena, buf_str(&b)) : STR_NULL;
    buf_done(&b);
    return r < 0 ? r : line.p ? add_line(l, line) : -ENOMEM;
}

int sample_lines_add_text(struct sample_lines *l, struct str text) {
    struct str line;
    int r = 0;
    while (r == 0 && str_split(&text, '\n', &line))
        if (line.n)
            r = add_line(l, line);
    return r;
}

/* Not a path: a rule may come from anywhere, and only shipped stories are told. */
static bool story_name_ok(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && !(ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z') && s.p[i] != '-')
            return false;
    return s.n > 0 && s.n <= 64;
}

static int add_story(struct sample_lines *l, struct str name, struct diag *reterr) {
    CLEANUP(pack_replay_freep) struct pack_replay *replay = NULL;
    char path[PATH_MAX];
    struct pack_line line;
    size_t before = l->n;
    int r;
    if (!story_name_ok(name))
        return diag_set(reterr, -EINVAL, "a story's name consists of letters, digits and -");
    snprintf(path, sizeof path, "%s/stories/%.*s.yml", engine_content_dir(), STR_ARG(name));
    if ((r = pack_replay_open(path, 0, &replay, reterr)) < 0)
        return r;
    while ((r = pack_replay_next(replay, &line)) > 0) {
        struct str copy = arena_dup(l->arena, line.bytes);
        if (l->n - before >= STORY_LINES_MAX)
            return diag_set(reterr, -ERR_LIMIT, "the story '%.*s' has more than %d lines", STR_ARG(name), STORY_LINES_MAX);
        if (!copy.p || (r = add_line(l, copy)) < 0)
            return copy.p ? r : -ENOMEM;
    }
    return r;
}

int sample_lines_add(struct sample_lines *l, const struct yaml_node *n, struct diag *reterr) {
    struct str story;
    int r = 0;
    if (n->kind == YAML_MAPPING && n->n == 1 && yaml_get_str(n, "story", &story))
        return add_story(l, story, reterr);
    if (n->kind == YAML_MAPPING)
        return add_mapping(l, n);
    if (n->kind == YAML_SEQUENCE) {
        for (const struct yaml_node *it = n->first; r == 0 && it; it = it->next)
            r = sample_lines_add(l, it, reterr);
        return r;
    }
    return sample_lines_add_text(l, n->text);
}

static const struct yaml_node *first_match(const struct detect_rule *rule) {
    const struct yaml_node *samples = rule->kizuki ? yaml_get(rule->kizuki, "samples") : NULL;
    const struct yaml_node *list = samples ? yaml_get(samples, "match") : NULL;
    return list && list->kind == YAML_SEQUENCE ? list->first : NULL;
}

static bool recorded_path(const struct detect_rule *rule, char *dst) {
    const char *files = strstr(rule->file.p, "/files/");
    int n = files ? snprintf(dst, PATH_MAX, "%.*s/samples/%.*s.ndjson", (int) (files - rule->file.p), rule->file.p,
                             STR_ARG(rule->id))
                  : PATH_MAX;
    return n < PATH_MAX && !memchr(rule->id.p, '/', rule->id.n);
}

bool rule_has_samples(const struct detect_rule *rule) {
    char path[PATH_MAX];
    return first_match(rule) || (recorded_path(rule, path) && access(path, R_OK) == 0);
}

int sample_lines_of_rule(const struct detect_rule *rule, struct sample_lines *l, struct diag *reterr) {
    const struct yaml_node *sample = first_match(rule);
    char path[PATH_MAX];
    struct str text;
    if (sample)
        return sample_lines_add(l, sample, reterr);
    if (!recorded_path(rule, path) || file_read(l->arena, path, RECORDED_BYTES_MAX, &text, NULL) < 0)
        return 0;
    return sample_lines_add_text(l, text);
}

/* ---- what a drill showed ---- */

enum { CHAIN_MAX = 8 }; /* CORRELATION_LEVELS_MAX */

static bool seen_within(const struct engine *e, const struct detect_rule *rule, unsigned depth) {
    if (engine_drill_hits(e, rule->index) > 0)
        return true;
    if (rule->kind == DETECT_DETECTION || depth > CHAIN_MAX)
        return false;
    const struct yaml_node *list = yaml_get(rule->correlation, "rules");
    for (const struct yaml_node *it = list ? list->kind == YAML_SEQUENCE ? list->first : list : NULL; it;
         it = list->kind == YAML_SEQUENCE ? it->next : NULL) {
        const struct detect_rule *to = it->kind == YAML_SCALAR ? detect_rules_find(engine_rules(e), it->text) : NULL;
        if (to && seen_within(e, to, depth + 1))
            return true;
    }
    return false;
}

bool drill_was_seen(const struct engine *e, const struct detect_rule *rule) {
    return seen_within(e, rule, 0);
}

bool drill_was_true(const struct engine *e, const struct detect_rule *rule) {
    if (engine_drill_hits(e, rule->index) > 0)
        return true;
    return correlate_plan_only_counts(engine_correlations(e), rule->index) && drill_was_seen(e, rule);
}

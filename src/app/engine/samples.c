/* See samples.h. */
#include "app/engine/samples.h"

#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "detect/rule.h"

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

static void write_yaml(struct jsonw *w, const struct yaml_node *n) {
    if (n->kind == YAML_SCALAR) {
        if (yaml_is_null(n))
            jsonw_null(w);
        else if (n->plain && (str_eq_z(n->text, "true") || str_eq_z(n->text, "false")))
            jsonw_bool(w, n->text.p[0] == 't');
        else if (n->plain && json_is_number(n->text))
            jsonw_raw(w, n->text);
        else
            jsonw_str(w, n->text);
        return;
    }
    if (n->kind == YAML_MAPPING)
        jsonw_object(w);
    else
        jsonw_array(w);
    for (const struct yaml_node *it = n->first; it; it = it->next) {
        if (n->kind == YAML_MAPPING)
            jsonw_key(w, it->key->text);
        write_yaml(w, it);
    }
    jsonw_end(w);
}

static int add_mapping(struct sample_lines *l, const struct yaml_node *n) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, LINE_BYTES_MAX);
    jsonw_init(&w, &b);
    write_yaml(&w, n);
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

int sample_lines_add(struct sample_lines *l, const struct yaml_node *n) {
    int r = 0;
    if (n->kind == YAML_MAPPING)
        return add_mapping(l, n);
    if (n->kind == YAML_SEQUENCE) {
        for (const struct yaml_node *it = n->first; r == 0 && it; it = it->next)
            r = sample_lines_add(l, it);
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

int sample_lines_of_rule(const struct detect_rule *rule, struct sample_lines *l) {
    const struct yaml_node *sample = first_match(rule);
    char path[PATH_MAX];
    struct str text;
    if (sample)
        return sample_lines_add(l, sample);
    if (!recorded_path(rule, path) || file_read(l->arena, path, RECORDED_BYTES_MAX, &text, NULL) < 0)
        return 0;
    return sample_lines_add_text(l, text);
}

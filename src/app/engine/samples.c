/* See samples.h. */
#include "app/engine/samples.h"

#include "base/json.h"
#include "base/limits.h"

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

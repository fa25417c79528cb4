#include "base/yaml_json.h"

static void write_scalar(struct jsonw *w, const struct yaml_node *n) {
    if (n->plain && json_is_number(n->text))
        jsonw_raw(w, n->text);
    else if (n->plain && (str_eq_z(n->text, "true") || str_eq_z(n->text, "false")))
        jsonw_bool(w, n->text.p[0] == 't');
    else
        jsonw_str(w, n->text);
}

/* As deep as YAML_DEPTH_MAX, which JSON allows too. */
void yaml_write_json(struct jsonw *w, const struct yaml_node *n) {
    if (!n || yaml_is_null(n)) {
        jsonw_null(w);
        return;
    }
    if (n->kind == YAML_SCALAR) {
        write_scalar(w, n);
        return;
    }
    if (n->kind == YAML_MAPPING)
        jsonw_object(w);
    else
        jsonw_array(w);
    for (const struct yaml_node *it = n->first; it; it = it->next) {
        if (n->kind == YAML_MAPPING)
            jsonw_key(w, it->key->text);
        yaml_write_json(w, it);
    }
    jsonw_end(w);
}

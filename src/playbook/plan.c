/* A playbook as who runs it wants it: flat JSON, nothing to look up but steps by their ids, texts where they are shown.
 *
 *   {"id", "cacao", "title": {"ja","en"}, "start", "steps": [
 *     {"id", "kind", "words": {"ja","en"}, "description", "lane", "authority", "action", "level", "services": [], "until_s", "who", "targets": [], "commands": [],
 *      "within_s", "wait_s", "condition", "asks", "next", "failed", "yes", "no", "cases": [{"value","to"}], "steps": []}]}
 *
 * What is not said is not there; a way to `end` is left out: the branch, or the playbook, ends. It is made anew from the
 * playbook whenever that is needed, and never read back into one. */
#include "base/yaml_json.h"
#include "playbook/cacao.h"
#include "playbook/playbook_priv.h"

static void text(struct jsonw *w, const struct pb_obj *o, const char *ours, const char *member) {
    if (pb_has(o, ours))
        jsonw_kstr(w, member, pb_str(o, ours));
}

static void seconds(struct jsonw *w, const struct pb_obj *o, const char *ours, const char *member) {
    if (pb_has(o, ours))
        jsonw_ki64(w, member, (pb_get(o, ours)->first->num + 999) / 1000);
}

static bool is_end(const struct pb_obj *top, struct str id) {
    const struct pb_obj *to = pb_step_of(top, id);
    return !to || to->type == PB_END;
}

static void way(struct jsonw *w, const struct pb_obj *top, const struct pb_obj *o, const char *ours, const char *member) {
    if (pb_has(o, ours) && !is_end(top, pb_str(o, ours)))
        jsonw_kstr(w, member, pb_str(o, ours));
}

/* What a person is told: our two texts, else CACAO's name, else what is to be run. */
static void words(struct jsonw *w, const struct pb_obj *o, const char *member, struct str otherwise) {
    struct str one = pb_field_ours(o->class, "name") >= 0 && pb_has(o, "name") ? pb_str(o, "name") : otherwise;
    bool two = pb_field_ours(o->class, "ja") >= 0;
    jsonw_key(w, str_of(member));
    jsonw_object(w);
    jsonw_kstr(w, "ja", two && pb_has(o, "ja") ? pb_str(o, "ja") : two && pb_has(o, "en") ? pb_str(o, "en") : one);
    jsonw_kstr(w, "en", two && pb_has(o, "en") ? pb_str(o, "en") : two && pb_has(o, "ja") ? pb_str(o, "ja") : one);
    jsonw_end(w);
}

static struct str said(const struct pb_obj *command) {
    static const char *const fields[] = {"command", "description", "content"};
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (pb_has(command, fields[i]))
            return pb_str(command, fields[i]);
    return str_of(pb_cacao_type(command));
}

static struct str party(const struct pb_obj *top, struct str id) {
    static const char *const lists[] = {"agents", "targets"};
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        for (const struct pb_val *v = pb_get(top, lists[i])->first; v; v = v->next)
            if (str_eq(pb_str(v->obj, "id"), id))
                return pb_str(v->obj, "name");
    return id;
}

static void branches(struct jsonw *w, const struct pb_obj *top, const struct pb_obj *o) {
    way(w, top, o, "yes", "yes");
    way(w, top, o, "no", "no");
    if (pb_has(o, "cases")) {
        jsonw_key(w, STR("cases"));
        jsonw_array(w);
        for (const struct pb_val *v = pb_get(o, "cases")->first; v; v = v->next) {
            jsonw_object(w);
            jsonw_kstr(w, "value", v->key);
            if (!is_end(top, v->text))
                jsonw_kstr(w, "to", v->text);
            jsonw_end(w);
        }
        jsonw_end(w);
    }
    if (pb_has(o, "steps")) {
        jsonw_key(w, STR("steps"));
        jsonw_array(w);
        for (const struct pb_val *v = pb_get(o, "steps")->first; v; v = v->next)
            if (!is_end(top, v->text))
                jsonw_str(w, v->text);
        jsonw_end(w);
    }
}

static void parts(struct jsonw *w, const struct pb_obj *top, const struct pb_obj *o) {
    if (pb_has(o, "who"))
        jsonw_kstr(w, "who", party(top, pb_str(o, "who")));
    if (pb_has(o, "targets")) {
        jsonw_key(w, STR("targets"));
        jsonw_array(w);
        for (const struct pb_val *v = pb_get(o, "targets")->first; v; v = v->next)
            jsonw_str(w, party(top, v->text));
        jsonw_end(w);
    }
    if (pb_has(o, "commands")) {
        jsonw_key(w, STR("commands"));
        jsonw_array(w);
        for (const struct pb_val *v = pb_get(o, "commands")->first; v; v = v->next)
            jsonw_str(w, said(v->obj));
        jsonw_end(w);
    }
}

static void step(struct jsonw *w, const struct pb_obj *top, const struct pb_obj *o) {
    const struct pb_val *command = pb_get(o, "commands")->first;
    jsonw_object(w);
    jsonw_kstr(w, "id", pb_str(o, "id"));
    jsonw_kz(w, "kind", pb_step_class.types[o->type]);
    words(w, o, "words", command ? said(command->obj) : pb_str(o, "id"));
    text(w, o, "description", "description");
    text(w, o, "lane", "lane");
    text(w, o, "authority", "authority");
    text(w, o, "action", "action");
    text(w, o, "level", "level");
    if (pb_has(o, "services")) {
        jsonw_key(w, STR("services"));
        jsonw_array(w);
        for (const struct pb_val *v = pb_get(o, "services")->first; v; v = v->next)
            jsonw_str(w, v->text);
        jsonw_end(w);
    }
    seconds(w, o, "until", "until_s");
    text(w, o, "condition", "condition");
    text(w, o, "asks", "asks");
    text(w, o, "playbook", "playbook");
    seconds(w, o, "within", "within_s");
    seconds(w, o, "wait", "wait_s");
    parts(w, top, o);
    way(w, top, o, pb_has(o, "on_success") ? "on_success" : "next", "next");
    way(w, top, o, "on_failure", "failed");
    branches(w, top, o);
    jsonw_end(w);
}

int playbook_write_plan(struct arena *a, const struct playbook *p, struct buf *out) {
    const struct pb_obj *top = p->top;
    const struct pb_val *first = pb_get(top, "steps")->first, *title = pb_get(top, "title")->first;
    struct str otherwise = pb_has(top, "name") ? pb_str(top, "name") : pb_str(top, "id");
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kstr(&w, "id", pb_str(top, "id"));
    if (title)
        words(&w, title->obj, "title", otherwise);
    else
        words(&w, top, "title", otherwise);
    text(&w, top, "description", "description");
    jsonw_kstr(&w, "cacao", pb_has(top, "cacao") ? pb_str(top, "cacao") : cacao_derive(a, STR(""), "playbook", pb_str(top, "id")));
    jsonw_kstr(&w, "start", pb_has(top, "start") ? pb_str(top, "start") : pb_str(first->obj, "id"));
    jsonw_key(&w, STR("steps"));
    jsonw_array(&w);
    for (const struct pb_val *v = first; v; v = v->next)
        if (v->obj->type != PB_END)
            step(&w, top, v->obj);
    jsonw_end(&w);
    jsonw_end(&w);
    return buf_error(out);
}

int playbook_write_form(struct arena *a, const struct playbook *p, struct buf *out) {
    struct yaml_node *n;
    struct jsonw w;
    int e = pb_our_tree(p, a, &n);
    if (e < 0)
        return e;
    jsonw_init(&w, out);
    yaml_write_json(&w, n);
    return buf_error(out);
}

/* Sentences without a language: a key and its params. The keys are listed under x-text-keys of
 * content/api/openapi.json; the words stand in content/texts. */
#include "room/person.h"
#include "room/report.h"
#include "room/room_priv.h"

void room_text(struct jsonw *w, const char *member, const char *key) {
    room_text_raw(w, member, str_of(key), STR("{}"));
}

void room_text_raw(struct jsonw *w, const char *member, struct str key, struct str params_json) {
    if (member)
        jsonw_key(w, str_of(member));
    jsonw_object(w);
    jsonw_kstr(w, "key", key);
    jsonw_key(w, STR("params"));
    jsonw_raw(w, params_json);
    jsonw_end(w);
}

void room_text_or_plain(struct jsonw *w, const char *member, struct sql_stmt *st, int column) {
    if (sql_is_null(st, column + 2)) {
        room_text_raw(w, member, sql_str(st, column), sql_str(st, column + 1));
        return;
    }
    jsonw_key(w, str_of(member));
    jsonw_object(w);
    jsonw_kstr(w, "plain", sql_str(st, column + 2));
    jsonw_end(w);
}

void room_rule_params(struct room *r, struct jsonw *w, const char *name, struct str rule_id,
                      struct str rule_title) {
    const struct json_value *rule = room_rule_find(r, rule_id);
    const struct json_value *titles = rule ? json_get_object(rule, "titles") : NULL;
    static const char *const langs[] = {"ja", "en"};
    jsonw_kstr(w, name, rule_title.n ? rule_title : rule_id);
    for (size_t i = 0; i < ARRAY_SIZE(langs); i++) {
        char key[32];
        struct str title;
        snprintf(key, sizeof key, "%s_%s", name, langs[i]);
        jsonw_key(w, str_of(key));
        if (titles && json_get_str(titles, langs[i], &title))
            jsonw_str(w, title);
        else
            jsonw_null(w);
    }
}

void room_rule_ref(struct room *r, struct jsonw *w, const char *member, struct str rule_id,
                   struct str rule_title) {
    const struct json_value *rule = room_rule_find(r, rule_id);
    const struct json_value *titles = rule ? json_get_object(rule, "titles") : NULL;
    struct str name;
    jsonw_key(w, str_of(member));
    jsonw_object(w);
    jsonw_kstr(w, "id", rule_id);
    jsonw_key(w, STR("name"));
    rule &&json_get_str(rule, "name", &name) && name.n ? jsonw_str(w, name) : jsonw_null(w);
    jsonw_key(w, STR("title"));
    rule_title.n ? jsonw_str(w, rule_title) : jsonw_null(w);
    jsonw_key(w, STR("titles"));
    if (titles) {
        struct str ja, en;
        jsonw_object(w);
        jsonw_key(w, STR("ja"));
        json_get_str(titles, "ja", &ja) ? jsonw_str(w, ja) : jsonw_null(w);
        jsonw_key(w, STR("en"));
        json_get_str(titles, "en", &en) ? jsonw_str(w, en) : jsonw_null(w);
        jsonw_end(w);
    } else {
        jsonw_null(w);
    }
    jsonw_end(w);
}

static void person_text(struct room *r, struct jsonw *w, int64_t id) {
    struct room_person p;
    jsonw_kz(w, "key", "by.person");
    jsonw_key(w, STR("params"));
    jsonw_object(w);
    jsonw_kz(w, "name", room_person_load(r, id, &p, NULL) == 0 ? p.actor.name : NULL);
    jsonw_end(w);
}

void room_by_text(struct room *r, struct jsonw *w, const char *member, struct str by) {
    int64_t id = 0;
    if (member)
        jsonw_key(w, str_of(member));
    if (by.n == 0) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    if (str_starts(by, STR("person:")) && str_to_i64(str_from(by, 7), &id) == 0) {
        person_text(r, w, id);
    } else {
        jsonw_kz(w, "key",
                 str_eq_z(by, "policy") ? "by.policy"
                 : str_eq_z(by, "hand") ? "by.hand"
                                        : "by.system");
        jsonw_key(w, STR("params"));
        jsonw_object(w);
        jsonw_end(w);
    }
    jsonw_end(w);
}

void room_json_copy(struct jsonw *w, const struct json_value *v) {
    switch (v->type) {
    case JSON_NULL:
        jsonw_null(w);
        return;
    case JSON_FALSE:
    case JSON_TRUE:
        jsonw_bool(w, v->type == JSON_TRUE);
        return;
    case JSON_NUMBER:
        jsonw_raw(w, v->text);
        return;
    case JSON_STRING:
        jsonw_str(w, v->text);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    if (v->type == JSON_ARRAY)
        jsonw_array(w);
    else
        jsonw_object(w);
    for (const struct json_value *c = v->first; c; c = c->next) {
        if (v->type == JSON_OBJECT)
            jsonw_key(w, c->key);
        room_json_copy(w, c); /* as deep as JSON_DEPTH_MAX */
    }
    jsonw_end(w);
}

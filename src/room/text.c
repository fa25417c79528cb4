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

void room_time_or_null(struct jsonw *w, const char *member, struct sql_stmt *st, int column) {
    jsonw_ktime(w, member, sql_is_null(st, column) ? TIME_NONE : sql_i64(st, column));
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

/* A rule has its Sigma title in English and may bring a Japanese one. */
static struct str rule_title_in(const struct json_value *rule, const char *lang) {
    struct str s;
    if (rule && json_get_str(rule, strcmp(lang, "ja") == 0 ? "title_ja" : "title", &s) && s.n)
        return s;
    return STR_NULL;
}

void room_rule_titles_write(const struct json_value *rule, struct jsonw *w) {
    static const char *const langs[] = {"ja", "en"};
    if (!rule) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    for (size_t i = 0; i < ARRAY_SIZE(langs); i++) {
        struct str s = rule_title_in(rule, langs[i]);
        jsonw_key(w, str_of(langs[i]));
        s.p ? jsonw_str(w, s) : jsonw_null(w);
    }
    jsonw_end(w);
}

void room_rule_params(struct room *r, struct jsonw *w, const char *name, struct str rule_id,
                      struct str rule_title) {
    static const char *const langs[] = {"ja", "en"};
    const struct json_value *rule = room_rule_find(r, rule_id);
    jsonw_kstr(w, name, rule_title.n ? rule_title : rule_id);
    for (size_t i = 0; i < ARRAY_SIZE(langs); i++) {
        struct str s = rule_title_in(rule, langs[i]);
        char key[32];
        snprintf(key, sizeof key, "%s_%s", name, langs[i]);
        jsonw_key(w, str_of(key));
        s.p ? jsonw_str(w, s) : jsonw_null(w);
    }
}

void room_words_params(struct jsonw *w, const char *name, const struct room_words *words) {
    char key[32];
    jsonw_kstr(w, name, words->ja.p ? words->ja : words->en);
    snprintf(key, sizeof key, "%s_ja", name);
    if (words->ja.p)
        jsonw_kstr(w, key, words->ja);
    snprintf(key, sizeof key, "%s_en", name);
    if (words->en.p)
        jsonw_kstr(w, key, words->en);
}

void room_service_params(struct room *r, struct jsonw *w, struct str service) {
    const struct room_words *title = service.n ? room_policy_title(r->policy, service) : NULL;
    if (title) {
        room_words_params(w, "service", title);
        return;
    }
    jsonw_key(w, STR("service"));
    service.n ? jsonw_str(w, service) : jsonw_null(w);
}

void room_rule_ref(struct room *r, struct jsonw *w, const char *member, struct str rule_id,
                   struct str rule_title) {
    const struct json_value *rule = room_rule_find(r, rule_id);
    struct str name;
    jsonw_key(w, str_of(member));
    jsonw_object(w);
    jsonw_kstr(w, "id", rule_id);
    jsonw_key(w, STR("name"));
    rule &&json_get_str(rule, "name", &name) && name.n ? jsonw_str(w, name) : jsonw_null(w);
    jsonw_key(w, STR("title"));
    rule_title.n ? jsonw_str(w, rule_title) : jsonw_null(w);
    jsonw_key(w, STR("titles"));
    room_rule_titles_write(rule, w);
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

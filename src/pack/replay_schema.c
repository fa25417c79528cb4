/* The JSON Schema (2020-12) of replay.yml, made of the tables its reader goes by: generators, their keys and products. Whoever adds a row has
 * added it here. What a schema cannot say (pools that exist, sums, order of times) is for the reader alone. */
#include "pack/replay_priv.h"

#include "base/json.h"

#define TIME_PATTERN "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})$"
#define SPAN_PATTERN "^-?[0-9]{1,12}[smhdwMy]$"

static void begin(struct jsonw *w, const char *key) {
    if (key)
        jsonw_key(w, str_of(key));
    jsonw_object(w);
}
static void begin_list(struct jsonw *w, const char *key) {
    jsonw_key(w, str_of(key));
    jsonw_array(w);
}
static void type(struct jsonw *w, const char *name) {
    jsonw_kz(w, "type", name);
}
/* {"$ref": "#/$defs/NAME"} */
static void refers(struct jsonw *w, const char *key, const char *name) {
    char text[64];
    snprintf(text, sizeof text, "#/$defs/%s", name);
    begin(w, key);
    jsonw_kz(w, "$ref", text);
    jsonw_end(w);
}
static void only_these(struct jsonw *w) {
    jsonw_kbool(w, "additionalProperties", false);
}
static void words(struct jsonw *w, const char *key, const char *list) {
    struct str rest = str_of(list), word;
    begin_list(w, key);
    while (str_split(&rest, ' ', &word))
        if (word.n)
            jsonw_str(w, word);
    jsonw_end(w);
}
static void number(struct jsonw *w, double least, double most) {
    type(w, "number");
    jsonw_kdouble(w, "minimum", least);
    jsonw_kdouble(w, "maximum", most);
}

/* ---- keys of generators ---- */

static void of_rate(struct jsonw *w, const struct replay_key *k) {
    begin_list(w, "anyOf");
    begin(w, NULL);
    number(w, k->least, k->most);
    jsonw_end(w);
    begin(w, NULL);
    type(w, "array");
    jsonw_ki64(w, "minItems", 24);
    jsonw_ki64(w, "maxItems", 24);
    begin(w, "items");
    number(w, 0, k->most);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
}

static void of_curve(struct jsonw *w, const struct replay_key *k) {
    type(w, "array");
    jsonw_ki64(w, "minItems", 1);
    begin(w, "items");
    type(w, "object");
    words(w, "required", "at");
    only_these(w);
    begin(w, "properties");
    refers(w, "at", "time");
    begin(w, "value");
    number(w, k->least, k->most);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
}

static void of_key(struct jsonw *w, const struct replay_key *k) {
    begin(w, k->name);
    jsonw_kz(w, "description", k->help);
    switch (k->kind) {
    case KEY_NUMBER:
    case KEY_COUNT:
        number(w, k->least, k->most);
        break;
    case KEY_TIME:
        jsonw_kz(w, "$ref", "#/$defs/time");
        break;
    case KEY_SPAN:
        type(w, "string");
        jsonw_kz(w, "pattern", SPAN_PATTERN);
        break;
    case KEY_RATE:
        of_rate(w, k);
        break;
    case KEY_ADDRESSES:
    case KEY_ACCOUNTS:
    case KEY_AGENTS:
        type(w, "string"); /* a pool's name */
        break;
    case KEY_WORDS:
        jsonw_kz(w, "$ref", "#/$defs/words");
        break;
    case KEY_WORD:
        jsonw_kz(w, "$ref", "#/$defs/word");
        jsonw_kdouble(w, "maxLength", k->most);
        break;
    case KEY_CHOICE:
        words(w, "enum", k->words);
        break;
    case KEY_CURVE:
        of_curve(w, k);
        break;
    }
    jsonw_end(w);
}

/* An actor of this kind has these keys and no others. */
static void of_kind(struct jsonw *w, const struct actor_kind *kind) {
    begin(w, NULL);
    begin(w, "if");
    begin(w, "properties");
    begin(w, "kind");
    jsonw_kz(w, "const", kind->name);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
    begin(w, "then");
    jsonw_kz(w, "description", kind->what);
    only_these(w);
    begin_list(w, "required");
    if (!kind->no_service)
        jsonw_str(w, STR("service"));
    for (const struct replay_key *k = kind->keys; k->name; k++)
        if (k->needed)
            jsonw_str(w, str_of(k->name));
    jsonw_end(w);
    begin(w, "properties");
    refers(w, "id", "word");
    refers(w, "kind", "word");
    if (!kind->no_service)
        refers(w, "service", "word");
    for (const struct replay_key *k = kind->keys; k->name; k++)
        of_key(w, k);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
}

static void of_actors(struct jsonw *w) {
    begin(w, "actors");
    jsonw_kz(w, "description", "who does something, and what goes wrong with logs");
    type(w, "array");
    jsonw_ki64(w, "minItems", 1);
    jsonw_ki64(w, "maxItems", REPLAY_ACTORS_MAX);
    begin(w, "items");
    type(w, "object");
    words(w, "required", "id kind");
    begin(w, "properties");
    begin(w, "kind");
    begin_list(w, "enum");
    for (size_t i = 0; REPLAY_KINDS[i]; i++)
        jsonw_str(w, str_of(REPLAY_KINDS[i]->name));
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
    begin_list(w, "allOf");
    for (size_t i = 0; REPLAY_KINDS[i]; i++)
        of_kind(w, REPLAY_KINDS[i]);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
}

/* ---- logs and pools ---- */

static void of_sources(struct jsonw *w) {
    struct buf names;
    begin(w, "sources");
    jsonw_kz(w, "description", "the logs the lines stand in");
    type(w, "array");
    jsonw_ki64(w, "minItems", 1);
    jsonw_ki64(w, "maxItems", REPLAY_SOURCES_MAX);
    begin(w, "items");
    type(w, "object");
    words(w, "required", "name product service host");
    only_these(w);
    begin(w, "properties");
    refers(w, "name", "word");
    refers(w, "service", "word");
    refers(w, "host", "word");
    begin(w, "product");
    buf_init(&names, 4096);
    product_names(&names);
    struct str rest = buf_str(&names), name;
    begin_list(w, "enum");
    while (str_split(&rest, ',', &name))
        jsonw_str(w, str_trim(name));
    jsonw_end(w);
    buf_done(&names);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
}

/* Pools by name; `from` of addresses, `list` of accounts and agents. */
static void of_pools(struct jsonw *w, const char *name, const char *needed, bool counted, const char *list) {
    begin(w, name);
    type(w, "object");
    begin(w, "additionalProperties");
    type(w, "object");
    words(w, "required", needed);
    only_these(w);
    begin(w, "properties");
    if (counted) {
        begin(w, "n");
        number(w, 1, REPLAY_POOL_MAX);
        jsonw_end(w);
    }
    refers(w, list, "words");
    jsonw_end(w);
    jsonw_end(w);
    jsonw_end(w);
}

static void of_words(struct jsonw *w) {
    begin(w, "$defs");
    begin(w, "time");
    jsonw_kz(w, "description", "a time with its zone, like 2026-11-23T02:03:08+09:00");
    type(w, "string");
    jsonw_kz(w, "pattern", TIME_PATTERN);
    jsonw_kz(w, "format", "date-time");
    jsonw_end(w);
    begin(w, "word");
    begin_list(w, "type"); /* 0312345678 is a word here, too */
    jsonw_str(w, STR("string"));
    jsonw_str(w, STR("number"));
    jsonw_end(w);
    jsonw_ki64(w, "minLength", 1);
    jsonw_ki64(w, "maxLength", REPLAY_WORD_MAX);
    jsonw_kz(w, "pattern", "^[^\\u0000-\\u001f\\u007f]*$");
    jsonw_end(w);
    begin(w, "words");
    type(w, "array");
    jsonw_ki64(w, "minItems", 1);
    refers(w, "items", "word");
    jsonw_end(w);
    jsonw_end(w);
}

int pack_replay_schema(struct buf *out) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    jsonw_kz(&w, "title", "replay.yml: what happens when");
    type(&w, "object");
    words(&w, "required", "start end sources actors");
    only_these(&w);
    begin(&w, "properties");
    begin(&w, "seed");
    number(&w, 0, 1e15);
    jsonw_end(&w);
    refers(&w, "start", "time");
    refers(&w, "end", "time");
    of_sources(&w);
    of_pools(&w, "addresses", "from", true, "from");
    of_pools(&w, "accounts", "", true, "list");
    of_pools(&w, "agents", "list", false, "list");
    begin(&w, "services"); /* as in kizuki.yml, whose reader judges it */
    type(&w, "array");
    begin(&w, "items");
    type(&w, "object");
    jsonw_end(&w);
    jsonw_end(&w);
    of_actors(&w);
    jsonw_end(&w);
    of_words(&w);
    jsonw_end(&w);
    return buf_error(out);
}

/* What can be counted of how far something reached, as data: one file a number (content/scopes/NAME.yml, and files people add).
 *
 *   scope: NAME
 *   title, unit: {ja, en}            what is counted, and what one of it is called
 *   means, not: {ja, en}             what the number says, and what it does not (shared addresses, several persons)
 *   ask:                             what has to be known of the case, in the order asked for
 *     - {name, title: {ja, en}, kind: text|pattern|address, from: source|account|service|host, many: true, example}
 *   query: TEXT                      in the language of searches; {NAME} is what was asked for
 *   count: [FIELD…]                  distinct values of these together are the number; or, also, fold, joins as in app/search/scoping.h
 *   persons: {account: FIELD, device: FIELD}  of `count`: rows are persons, found in the registers; their number is told beside it
 *   radius: [KIND of act…], window: SPAN   asked by itself when such an act is proposed, over that time before (deed_radius.c)
 *   needs: [{log: {ja, en}, query}]  logs without which the number says nothing
 *
 * `from` names values of the case's findings that are offered. What is asked for is put between quotation marks (text), with * and ? left
 * (pattern), or has to be an address or a network (address): it can never become more than a value of the query. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/yaml.h"

#define SCOPES_MAX 64
#define SCOPE_ASKS_MAX 6
#define SCOPE_VALUES_MAX 500 /* of one thing asked for */

enum scope_kind { SCOPE_TEXT, SCOPE_PATTERN, SCOPE_ADDRESS, SCOPE_KIND_MAX_ };
struct scope_ask {
    struct str name, from; /* from: a kind of entity, or empty */
    enum scope_kind kind;
    bool many;
    const struct yaml_node *node;
};
struct scope_spec {
    struct str name, source; /* source: the text it was read from */
    struct scope_ask asks[SCOPE_ASKS_MAX];
    size_t n_asks;
    const struct yaml_node *root;
    bool own; /* added by people */
    int64_t id; /* of its row; 0: shipped */
    int64_t window_ns; /* of a blast radius; 0: it is none */
};
int64_t scope_spec_radius(const struct scope_spec *s, struct str kind); /* the window; 0: not of this act */
/* file: the name in what is said of mistakes. Text and arena have to outlive the spec. */
int scope_spec_read(struct arena *a, struct str text, const char *file, struct scope_spec *ret, struct diag *reterr) MUST_USE;
/* All of a folder, by name. */
int scope_specs_load(struct arena *a, const char *folder, struct scope_spec **ret, size_t *ret_n, struct diag *reterr) MUST_USE;
const struct scope_spec *scope_spec_find(const struct scope_spec *specs, size_t n, struct str name);
/* Members of the page: title, unit, means, not, ask, count, needs, whether persons are told. */
void scope_spec_write(const struct scope_spec *s, struct jsonw *w);
/* The question for the searcher with what was asked filled in: members "query", "count"… of an object, without braces at its ends.
 * values: {NAME: [TEXT…]}. *ret_query: the query alone. -EINVAL says which value is missing or wrong. */
int scope_question(struct arena *a, const struct scope_spec *s, const struct json_value *values, struct buf *out, struct str *ret_query,
                   struct diag *reterr) MUST_USE;
/* The field of `count` that holds an account or a device: its index, or -1. */
int scope_person_field(const struct scope_spec *s, const char *of);

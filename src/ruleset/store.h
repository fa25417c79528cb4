/* Rule sets as they are kept: DATA/rules.
 *
 *   NAME/set.json        name, where it came from, when, by whom, licence, digest, on or off
 *   NAME/files/…         rules and licences as they came: author and licence stay beside each rule
 *   NAME/samples/ID.ndjson  recorded events that rule ID must match, one a line
 *   .draft-NAME/         the same for a version that waits to be switched on, with change.json: what it
 *                        would change, and what that did on stored logs
 *   .old-NAME/           the version before, for going back
 *   exceptions.yml, suppress.yml   what the operator decided about rules (app/engine/overlay.h)
 *   changed              written last by whoever changed anything; a running sensor looks at it
 *
 * A version is put together beside and moved in whole, so a reader sees one or the other. Writers hold
 * the lock. Names of sets come from people: letters, digits, - and _. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define RULESET_NAME_BYTES_MAX 72 /* "pack-" and the id of a lesson */

/* The lesson a set came with. */
struct ruleset_pack {
    struct str id, title_ja, title_en, signer, key; /* signer: who is believed to have signed it; key: its fingerprint; empty: unsigned */
    int64_t version;
};
#define RULESET_PACK_FILE "pack.kizuki" /* beside set.json: the lesson as one file */
struct ruleset {
    struct str name, from, by, licence, licence_file; /* licence: its title; "" not known */
    int64_t added_ns;
    uint64_t rules, files, samples; /* files: rule files; rules: as counted when it was added */
    char digest[65]; /* SHA-256 over paths and contents of the rule files */
    struct ruleset_pack pack; /* id empty: it came with none */
    bool watch; /* on, and its rules are only watched: what they find is kept, and nobody is called */
    bool on, draft, older; /* older: the version before is kept, ruleset_go_back goes there */
    const char *dir; /* of this version */
    struct str written; /* path below files/ of the rule somebody wrote just now; not kept */
};
struct rulesets {
    struct arena arena;
    struct ruleset *at; /* by name; a draft after the version in use */
    size_t n, cap;
};
bool ruleset_name_is_good(struct str name);
/* Everything below DATA/rules; a damaged one is passed over with a row of its own in reterr's text
 * only when nothing else can be told. A missing folder holds nothing. */
int rulesets_load(const char *data, struct rulesets *ret, struct diag *reterr) MUST_USE;
void rulesets_done(struct rulesets *s);
const struct ruleset *rulesets_find(const struct rulesets *s, struct str name, bool draft);

/* The one writer. A descriptor to be closed; -EBUSY after five seconds of waiting. */
int rulesets_lock(const char *data, struct diag *reterr) MUST_USE;
/* The rest is called with the lock. */
int ruleset_write(const struct ruleset *s, struct diag *reterr) MUST_USE;
/* Switches a set on, off, or to being watched only: writes set.json anew. */
int ruleset_switch(const struct ruleset *s, bool on, bool watch, struct diag *reterr) MUST_USE;
/* The draft becomes what is in use; what was, becomes .old-NAME. */
int ruleset_adopt(const char *data, struct str name, struct diag *reterr) MUST_USE;
/* The version before becomes what is in use, and the other way round. */
int ruleset_go_back(const char *data, struct str name, struct diag *reterr) MUST_USE;
int ruleset_drop(const char *data, struct str name, bool draft, struct diag *reterr) MUST_USE;
int rulesets_tell(const char *data, struct diag *reterr) MUST_USE; /* writes `changed` */
/* The path below DATA/rules into dst (PATH_MAX); -ENAMETOOLONG. */
int rulesets_path(char *dst, const char *data, const char *below) MUST_USE;
int ruleset_remove_tree(const char *path) MUST_USE; /* missing is fine */

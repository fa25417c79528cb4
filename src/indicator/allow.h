/* What is never an indicator: the own networks and names, and warning lists (files of the form MISP's lists have).
 *
 * A list is a JSON object {"name","description"?,"version"?,"type","list":[…]}; type: cidr (networks), hostname (a name
 * and all below it), string (exactly this), substring. Lists of regular expressions are not read, and that is said.
 * Later folders take the place of lists of the same file name in earlier ones. Not thread-safe while it is made. */
#pragma once
#include "indicator/indicator.h"

struct indicator_allow;
struct indicator_allow_options {
    const char *const *folders; /* of *.json; one that is not there is an empty one */
    size_t n_folders;
    const char *tlds; /* file of top level domains, one a line; NULL: names in prose are not judged by it */
    const struct str *own; /* networks and names */
    size_t n_own;
};
int indicator_allow_new(const struct indicator_allow_options *o, struct indicator_allow **ret, struct diag *reterr) MUST_USE;
struct indicator_allow *indicator_allow_free(struct indicator_allow *a);
DEFINE_CLEANUP(struct indicator_allow *, indicator_allow_free)
/* One list into it. -ERR_PARSE, -ERR_LIMIT, -ERR_UNSUPPORTED (regular expressions). */
int indicator_allow_add(struct indicator_allow *a, struct str json, struct diag *reterr) MUST_USE;
int indicator_allow_own(struct indicator_allow *a, struct str text, struct diag *reterr) MUST_USE;
/* Whether it is refused, why, and the name of the list (valid as long as the lists). */
bool indicator_allow_refuses(const struct indicator_allow *a, enum indicator_kind kind, struct str value,
                             enum indicator_why *ret_why, struct str *ret_detail);
/* Whether it is a top level domain; true where none are known. */
bool indicator_allow_is_tld(const struct indicator_allow *a, struct str label);
struct indicator_allow_row {
    struct str name;
    size_t n;
};
const struct indicator_allow_row *indicator_allow_lists(const struct indicator_allow *a, size_t *ret_n);

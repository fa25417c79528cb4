/* A rule set as somebody hands it over: a folder, or a ZIP archive of one, read without network.
 *
 * Both are outside input. Every name is relative, below the set, made of ordinary components; one that
 * is not refuses the whole set, because a set with such a name was not made by a friend. Links,
 * encrypted entries, names that stand twice, files that unpack to more than limits.h allows: the same.
 * Hidden files and folders are passed over, and a single folder around everything is taken off.
 *
 * Taken are: rules (*.yml, *.yaml; when folders named rules… stand at the top, only those below them),
 * licences and notices at the top, and recorded events below regression_data/. The rest is counted. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum ruleset_kind { RULESET_RULE, RULESET_LICENCE, RULESET_EVENTS, RULESET_OTHER };

struct ruleset_file {
    struct str path; /* without the folder around everything */
    enum ruleset_kind kind;
    struct str bytes; /* valid during the call; not read for RULESET_OTHER */
};
typedef int ruleset_file_fn(void *ctx, const struct ruleset_file *f, struct diag *reterr);

/* Calls fn for each file in byte order of the paths. -ERR_REFUSED, -ERR_LIMIT, -ERR_PARSE (no archive),
 * -errno, or what fn returned. */
int ruleset_take(const char *from, ruleset_file_fn *fn, void *ctx, struct diag *reterr) MUST_USE;
/* The same of an archive that is in memory already. */
int ruleset_take_zip(struct str zip, const char *name, ruleset_file_fn *fn, void *ctx,
                     struct diag *reterr) MUST_USE;
/* Whether a name inside a set may be used: relative, no empty, "." or ".." component, no control
 * character, no backslash, at most RULESET_PATH_BYTES_MAX. */
bool ruleset_path_is_plain(struct str path);

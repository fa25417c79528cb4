/* Who may send over HTTP. DATA/gate/tokens, written by `kizuki token`: NAME and SHA-256 of the token in hex, a line each.
 * A token is random and long, so a plain hash of it cannot be turned back; the file may be read without harm. It is read
 * again when it changes. */
#pragma once
#include "base/hash.h"
#include "base/map.h"

enum { TOKEN_NAME_MAX = 64 };
struct tokens {
    char path[4096 + 16];
    struct map names; /* SHA-256 -> name */
    int64_t looked_ns, mtime_ns;
    uint64_t inode;
};
void tokens_init(struct tokens *t, const char *data);
/* The name, or NULL. */
const char *tokens_find(struct tokens *t, struct str token);

/* Errors: a negative code and, where a person will read it, one sentence with its place.
 *
 * Codes are 0 or positive for success, -errno or one of ours below for failure. The sentence is lower
 * case without a full stop ("cannot open '%s': …"); library code never logs and never prints. A function
 * takes `struct diag *reterr` last; NULL is allowed. The diag is written on failure only. */
#pragma once
#include "base/macros.h"

#include <errno.h>
#include <stdarg.h>

enum {
    ERR_PARSE = 4096, /* input does not follow its grammar */
    ERR_LIMIT,        /* input follows it but exceeds a limit of base/limits.h */
    ERR_CORRUPT,      /* our own stored bytes are not what we wrote */
    ERR_REFUSED,      /* understood, and not allowed */
    ERR_VERSION,      /* somebody else changed it first */
    ERR_UNSUPPORTED,  /* understood, and not built */
};

struct diag {
    int code;         /* the negative code that was returned */
    char file[192];   /* as the user knows it; empty when there is none */
    unsigned line;    /* from 1; 0 = no line */
    unsigned column;  /* from 1; 0 = no column */
    char text[512];
};

/* Fills *d (may be NULL) and returns `code`, so that `return diag_set(d, -EINVAL, …)` reads well. */
int diag_set(struct diag *d, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
int diag_set_at(struct diag *d, int code, const char *file, unsigned line, unsigned column,
                const char *fmt, ...) PRINTF_LIKE(6, 7);
/* Puts "prefix: " before the sentence; keeps place and code. Returns the code, which for NULL nobody knows:
 * -EINVAL then. */
int diag_prefix(struct diag *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "file:line:col: text" into dst (always terminated); returns dst. */
const char *diag_format(const struct diag *d, char *dst, size_t cap);
/* A word for a code: "no such file or directory", "refused". Static storage, thread-safe. */
const char *err_word(int code);

/* Files built into the program, made by tools/embed.py. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct asset {
    const char *path, *type, *etag;
    bool immutable; /* its name changes with its content */
    const unsigned char *begin, *end;
};
extern const struct asset assets[];
extern const size_t n_assets;
extern const struct asset asset_openapi;

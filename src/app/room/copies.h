/* Whose copies are kept here (this Kizuki is their vault): what kizuki-vault says of each in DATA/status/vault-NAME.json. The copies
 * themselves are not the room's to read: kizuki-search searches them. */
#pragma once
#include "base/limits.h"
#include "base/str.h"

struct config;
struct pulled {
    char name[VAULT_NAME_BYTES_MAX + 1];
};
size_t pulled_list(const struct config *c, struct pulled dst[VAULT_FIRSTS_MAX]);
bool pulled_has(const struct config *c, struct str name);

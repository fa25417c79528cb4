/* Who may pull. On the first, in DATA/lend:
 *
 *   codes     NAME CODE UNTIL       valid for VAULT_CODE_S, good once; made by `kizuki vault code NAME`
 *   vaults    NAME PIN              the SHA-256 of the vault's public key, in hex
 *
 * A code is 16 characters (80 bits) that a person reads out. Neither side sends it: each proves that it knows it, over
 * the public keys both have just proved to hold (HMAC-SHA256, key: the code):
 *
 *   vault to first   "kizuki/vault/enrol/1" | pin of the first | pin of the vault
 *   first to vault   "kizuki/vault/first/1" | pin of the first | pin of the vault | key of the seals
 *
 * so whoever stands between them has other keys, and its proof does not fit. */
#pragma once
#include "app/vault/wire.h"
#include "base/sign.h"

enum { CODE_CHARS = 16 };

/* Makes a code for a vault of this name; dst holds CODE_CHARS + 4 ("ABCD-EFGH-…") and more. */
int enrol_code_new(const char *data, struct str name, char dst[32], struct diag *reterr) MUST_USE;
/* As it was typed: any case, with or without '-' and spaces, O for 0, I and L for 1. -ERR_PARSE. */
int enrol_code_read(struct str typed, char dst[CODE_CHARS + 1]) MUST_USE;
void enrol_proof(const char code[CODE_CHARS + 1], const uint8_t first[SHA256_BYTES], const uint8_t vault[SHA256_BYTES],
                 uint8_t ret[WIRE_PROOF_BYTES]);
void enrol_answer(const char code[CODE_CHARS + 1], const uint8_t first[SHA256_BYTES], const uint8_t vault[SHA256_BYTES],
                  const struct sign_public *seals, uint8_t ret[WIRE_PROOF_BYTES]);

/* On the first: whose code this proof is of. Its vault is enrolled, the code used up. -ERR_REFUSED: nobody's; after
 * VAULT_GUESSES_MAX of these every code is void. */
int enrol_take(const char *data, struct str proof, const uint8_t first[SHA256_BYTES], const uint8_t vault[SHA256_BYTES],
               char ret_name[WIRE_NAME_MAX + 1], char ret_code[CODE_CHARS + 1], struct diag *reterr) MUST_USE;
/* 0: enrolled under *ret_name; -ENOENT. */
int enrol_find(const char *data, const uint8_t vault[SHA256_BYTES], char ret_name[WIRE_NAME_MAX + 1],
               struct diag *reterr) MUST_USE;
/* Ends an enrolment; -ENOENT. */
int enrol_drop(const char *data, struct str name, struct diag *reterr) MUST_USE;

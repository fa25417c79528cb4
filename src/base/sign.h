/* Signed notes: the one form and the one key store for orders, and later checkpoints, packs and exports.
 *
 * Keys are Ed25519 (RFC 8032, libsodium). A key file is one line: "kizuki-ed25519-secret:" base64 of 64
 * bytes, or "kizuki-ed25519-public:" base64 of 32 bytes, mode 0600 / 0644. A key's fingerprint is the
 * first 16 hex digits of SHA-256 of the public key.
 *
 * A note is the signed text, a newline, and "— " key fingerprint " " base64(signature over text) "\n".
 * The text must be UTF-8 without that separator line; a domain word ("order", "checkpoint") is prefixed
 * with a NUL to what is signed, so that one kind of note can never pass for another. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define SIGN_FINGERPRINT_CHARS 16
struct sign_secret {
    uint8_t bytes[64];
};
struct sign_public {
    uint8_t bytes[32];
    char fingerprint[SIGN_FINGERPRINT_CHARS + 1];
};
/* Reads the secret key file, making it (0600, O_EXCL, fsynced) with its .pub beside it when absent. */
int sign_key_open(const char *path, struct sign_secret *ret, struct sign_public *ret_public,
                  struct diag *reterr) MUST_USE;
int sign_public_load(const char *path, struct sign_public *ret, struct diag *reterr) MUST_USE;
/* Appends the note to out. */
int sign_note(const struct sign_secret *key, const struct sign_public *pub, const char *domain,
              struct str text, struct buf *out) MUST_USE;
/* 0 and *ret_text = the signed text (a slice of note), -ERR_REFUSED when the signature is not this key's
 * over this text in this domain, -ERR_PARSE when it is no note. */
int sign_open_note(const struct sign_public *key, const char *domain, struct str note,
                   struct str *ret_text, struct diag *reterr) MUST_USE;
/* n random bytes as lower-case hex into dst (2n+1 bytes). */
void sign_random_hex(char *dst, size_t n_bytes);
/* Constant-time comparison. */
bool sign_equal(struct str a, struct str b);

/* Signed notes: the one form and the one key store for orders, and later checkpoints, packs and exports.
 *
 * Keys are Ed25519 (RFC 8032, libsodium). A key file is one line: "kizuki-ed25519-secret:" base64 of 64
 * bytes, or "kizuki-ed25519-public:" base64 of 32 bytes, mode 0600 / 0644. A key's fingerprint is the
 * first 16 hex digits of SHA-256 of the public key.
 *
 * A note is a signed note of C2SP (c2sp.org/signed-note), so that others can check it with tools of
 * their own: the domain as first line, the text, a newline, an empty line, and "— " fingerprint " "
 * base64(key id, signature) newline. What is signed ends with the newline before the empty line; the
 * fingerprint is the key's name. The domain line ("kizuki/order/1", a checkpoint's origin) is part of
 * what is signed, so that one kind of note can never pass for another. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define SIGN_FINGERPRINT_CHARS 16
#define SIGN_ORDER "kizuki/order/1" /* the domain of orders from the room to the hand */
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
int sign_public_save(const char *path, const struct sign_public *pub, struct diag *reterr) MUST_USE;
/* From its 32 bytes. */
void sign_public_of(const uint8_t bytes[32], struct sign_public *ret);
/* Appends the note to out. -ERR_REFUSED: the text is not UTF-8, has control characters other than
 * newlines or a line that looks like a signature; or the domain is empty or more than a line. */
int sign_note(const struct sign_secret *key, const struct sign_public *pub, const char *domain,
              struct str text, struct buf *out) MUST_USE;
/* 0 and *ret_text = the signed text (a slice of note), -ERR_REFUSED when the signature is not this key's
 * over a text of this domain, -ERR_PARSE when it is no note. */
int sign_open_note(const struct sign_public *key, const char *domain, struct str note,
                   struct str *ret_text, struct diag *reterr) MUST_USE;
/* The public key as verifiers of signed notes take it: name+id+key, and a newline. */
void sign_verifier_key(const struct sign_public *pub, struct buf *out);
/* n random bytes as lower-case hex into dst (2n+1 bytes). */
void sign_random_hex(char *dst, size_t n_bytes);
/* Constant-time comparison. */
bool sign_equal(struct str a, struct str b);

/* The signed list of a pack's files, its signatures and the keys an operator trusts.
 *
 *   kizuki/pack/1
 *   pack nisc-2014-2-account-list
 *   version 1
 *   signed 2026-11-22T06:00:00Z
 *   file 0123…64 hex digits… 2210 pack.yml       SHA-256, bytes, path; in byte order of the paths
 *   …
 *
 * as a signed note (base/sign.h: the one form, also of orders and checkpoints). It is pack.note in the folder and the head of a pack
 * in one file. What is signed is every byte of the pack: a file that is not listed, is missing or differs refuses it.
 *
 * A signature says who packed it, not that it is right. It is believed for keys of pack-keys.yml. A key can be revoked from a moment
 * on: whatever came here from that moment on is refused, whatever date it bears, because who stole a key also chooses the date. What
 * was received before stays. */
#pragma once
#include "base/sign.h"
#include "pack/files.h"

#define PACK_NOTE_FILE "pack.note"
#define PACK_NOTE_DOMAIN "kizuki/pack/1"

struct pack_note_file {
    struct str path;
    size_t bytes;
    char sha256[65];
};
struct pack_note {
    struct str id;
    int64_t version, signed_ns;
    struct pack_note_file *files;
    size_t n, bytes; /* bytes: of the whole note, with its signature */
    char fingerprint[SIGN_FINGERPRINT_CHARS + 1]; /* the key it names; nothing is verified yet */
};
/* Reads the form; `text` may go on behind the note. Slices of text. Nothing is verified. -ERR_PARSE with its line. */
int pack_note_parse(struct arena *a, struct str text, const char *shown, struct pack_note *ret, struct diag *reterr) MUST_USE;
/* Lists the files and signs. */
int pack_note_sign(const struct pack_files *f, struct str id, int64_t version, int64_t now_ns, const struct sign_secret *key,
                   const struct sign_public *pub, struct buf *out, struct diag *reterr) MUST_USE;

/* -ERR_REFUSED: a file is missing, is not listed or is not as it was signed. */
int pack_note_covers(const struct pack_note *note, const struct pack_files *f, struct diag *reterr) MUST_USE;

struct pack_key {
    struct sign_public pub;
    struct str who, because;
    int64_t revoked_ns; /* TIME_NONE: not */
};
struct pack_keys {
    const char *file;
    struct pack_key *at;
    size_t n;
};
/* pack-keys.yml: keys: [{key: "kizuki-ed25519-public:…", who: NAME, revoked_from: TIME, because: TEXT}]. A file that is not there
 * holds no keys. */
int pack_keys_load(struct arena *a, const char *path, struct pack_keys *ret, struct diag *reterr) MUST_USE;

struct pack_signed {
    struct pack_note note;
    const struct pack_key *key; /* who signed it */
};
/* 0: every file is as it was signed by a key of `keys` that was not revoked when the pack came here (received_ns). -ERR_REFUSED:
 * unsigned, changed, an unknown or a revoked key; the sentence says which and what to do. */
int pack_verify(struct arena *a, const struct pack_files *f, const struct pack_keys *keys, int64_t received_ns, struct pack_signed *ret,
                struct diag *reterr) MUST_USE;

/* Evidence as plain files in a zip: chosen records as they arrived, the proof that each was sealed, the signed checkpoint,
 * the key, and a page that says how a third party checks it without Kizuki (content/evidence). Every proof is checked here
 * before it leaves: what does not hold is not exported as if it did. */
#pragma once
#include "base/hash.h"
#include "base/json.h"
#include "base/sign.h"

struct evidence_texts { /* content/evidence; loaded before a program is walled in */
    struct arena arena;
    struct str readme_ja, readme_en, check, copy_ja, copy_en;
};
int evidence_texts_load(const char *content_dir, struct evidence_texts *ret, struct diag *reterr) MUST_USE;
void evidence_texts_done(struct evidence_texts *t);

struct evidence_options {
    const char *spool_dir, *key_path; /* key_path: of the public key of the seals */
    const struct evidence_texts *texts;
    struct str copy_of; /* the name of the Kizuki whose copy in a vault this spool is; empty: our own */
    const uint64_t *records; /* ascending, each once; at most EVIDENCE_RECORDS_MAX */
    size_t n;
    struct str who, why, chosen_by; /* chosen_by: the query, the case, or "" */
    struct str custody; /* the list of what is in custody, JSON; empty: none */
    const char *attached; /* the folder of its files */
    const struct str *digests; /* of those files, each once is enough */
    size_t n_digests;
    int64_t now_ns;
    const volatile bool *stop; /* may be NULL */
};
struct evidence_made {
    uint64_t records, not_sealed, size; /* not_sealed: newer than the last checkpoint, left out; size: of the tree */
    uint64_t bytes;
    uint8_t sha256[SHA256_BYTES]; /* of the zip */
    struct sign_public key;
};
/* Into fd, from its beginning (readable too). -ENOENT: none of the records is sealed; -ERR_CORRUPT: one does not hold. */
int evidence_write(const struct evidence_options *o, int fd, struct evidence_made *ret, struct diag *reterr) MUST_USE;

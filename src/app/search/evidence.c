#include "app/search/evidence.h"

#include "app/common/attached.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/zip.h"
#include "spool/prove.h"
#include "spool/reader.h"

#include <stdio.h>

enum { TEXT_BYTES_MAX = 65536, NAME_BYTES = 96, RECORD_ARENA_BYTES = 64 << 20 };
#define FOLDER "kizuki-evidence/"

int evidence_texts_load(const char *content_dir, struct evidence_texts *ret, struct diag *reterr) {
    static const char *const names[] = {"README.ja.txt", "README.en.txt", "check.sh", "COPY.ja.txt", "COPY.en.txt"};
    struct str *const texts[] = {&ret->readme_ja, &ret->readme_en, &ret->check, &ret->copy_ja, &ret->copy_en};
    char path[4096 + 64];
    int r = 0;
    arena_init(&ret->arena, 1 << 20);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++) {
        snprintf(path, sizeof path, "%.4000s/evidence/%s", content_dir, names[i]);
        r = file_read(&ret->arena, path, TEXT_BYTES_MAX, texts[i], reterr);
    }
    return r;
}

void evidence_texts_done(struct evidence_texts *t) {
    arena_done(&t->arena);
}

struct writing {
    const struct evidence_options *o;
    struct evidence_made *made;
    struct zip_out zip;
    struct buf sums, json;
    struct jsonw w;
    struct spool_prover *prover;
    struct spool_reader *reader;
    struct spool_checkpoint checkpoint;
    struct arena arena; /* of one record */
};

/* A member, and its line in SHA256SUMS. */
static int add(struct writing *x, const char *name, struct str bytes, struct diag *err) {
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1], whole[NAME_BYTES + sizeof FOLDER];
    sha256_of(bytes, sum);
    hex_encode(sum, sizeof sum, hex);
    buf_printf(&x->sums, "%s  %s\n", hex, name);
    snprintf(whole, sizeof whole, FOLDER "%s", name);
    int r = x->zip.at > EVIDENCE_BYTES_MAX ? -ERR_LIMIT : buf_error(&x->sums);
    if (r == 0)
        r = zip_add(&x->zip, whole, bytes);
    return r < 0 ? diag_set(err, r, "the evidence cannot be written: %s", err_word(r)) : 0;
}

/* ---- the checkpoint and the key ---- */

static int add_key(struct writing *x, struct diag *err) {
    static const uint8_t spki[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}; /* RFC 8410 */
    uint8_t der[sizeof spki + sizeof x->made->key.bytes];
    char base64[BASE64_CHARS(sizeof der) + 1], pem[sizeof base64 + 64];
    struct str text;
    arena_reset(&x->arena);
    int r = sign_public_load(x->o->key_path, &x->made->key, err);
    if (r == 0)
        r = file_read(&x->arena, x->o->key_path, TEXT_BYTES_MAX, &text, err);
    if (r < 0)
        return r;
    memcpy(der, spki, sizeof spki);
    memcpy(der + sizeof spki, x->made->key.bytes, sizeof x->made->key.bytes);
    base64_encode(der, sizeof der, base64);
    snprintf(pem, sizeof pem, "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n", base64);
    r = add(x, "key.pub", text, err);
    return r < 0 ? r : add(x, "key.pem", str_of(pem), err);
}

/* The newest: it covers the most. */
static int add_checkpoint(struct writing *x, struct diag *err) {
    char name[SPOOL_NAME_CAP], path[4096 + SPOOL_NAME_CAP];
    struct str note;
    uint32_t segment = 0;
    int r = spool_newest_checkpoint(x->o->spool_dir, &segment, err);
    if (r == 0 && segment == 0)
        r = diag_set(err, -ENOENT, "nothing of this spool is sealed yet; a segment is, an hour after it was begun at the latest");
    if (r < 0)
        return r;
    snprintf(path, sizeof path, "%s/%s", x->o->spool_dir, spool_checkpoint_name(segment, name));
    arena_reset(&x->arena);
    r = file_read(&x->arena, path, CHECKPOINT_BYTES_MAX, &note, err);
    if (r == 0)
        r = spool_checkpoint_read(note, &x->made->key, &x->checkpoint, err);
    return r < 0 ? r : add(x, "checkpoint", note, err);
}

/* ---- records ---- */

static int add_files(struct writing *x, uint64_t n, struct str leaf, struct str raw, const struct merkle_proof *proof,
                     struct diag *err) {
    char name[NAME_BYTES], hex[2 * SHA256_BYTES + 1];
    struct buf lines;
    buf_init(&lines, MERKLE_PROOF_MAX * (sizeof hex + 1));
    for (uint32_t i = 0; i < proof->n; i++) {
        hex_encode(proof->at[i].bytes, SHA256_BYTES, hex);
        buf_printf(&lines, "%s\n", hex);
    }
    snprintf(name, sizeof name, "records/%llu.leaf", (unsigned long long) n);
    int r = add(x, name, leaf, err);
    snprintf(name, sizeof name, "records/%llu.raw", (unsigned long long) n);
    if (r == 0)
        r = add(x, name, raw, err);
    snprintf(name, sizeof name, "records/%llu.proof", (unsigned long long) n);
    if (r == 0)
        r = add(x, name, buf_str(&lines), err);
    buf_done(&lines);
    return r;
}

static int add_record(struct writing *x, uint64_t n, struct diag *err) {
    struct raw_record rec;
    struct merkle_proof proof;
    struct merkle_hash leaf;
    struct buf bytes;
    arena_reset(&x->arena);
    buf_init(&bytes, SPOOL_FRAME_BYTES_MAX);
    int r = spool_reader_get(x->reader, n, &x->arena, &rec, err);
    if (r == 0) {
        rec.pos.n = n;
        if ((r = spool_leaf_bytes(&rec, &bytes)) < 0)
            diag_set(err, r, "record %llu cannot be written: %s", (unsigned long long) n, err_word(r));
    }
    if (r == 0)
        r = spool_prove_inclusion(x->prover, n, x->checkpoint.size, &proof, err);
    if (r == 0) {
        merkle_leaf(buf_str(&bytes), &leaf);
        if (!merkle_check_inclusion(&proof, n - 1, x->checkpoint.size, &leaf, &x->checkpoint.root))
            r = diag_set(err, -ERR_CORRUPT, "record %llu is not what was sealed; `kizuki verify` says more", (unsigned long long) n);
    }
    if (r == 0)
        r = add_files(x, n, buf_str(&bytes), rec.bytes, &proof, err);
    buf_done(&bytes);
    return r;
}

static int add_records(struct writing *x, struct diag *err) {
    int r = 0;
    jsonw_key(&x->w, STR("records"));
    jsonw_array(&x->w);
    for (size_t i = 0; r == 0 && i < x->o->n; i++) {
        if (x->o->stop && *x->o->stop)
            return diag_set(err, -ECANCELED, "stopped");
        if (x->o->records[i] > x->checkpoint.size) {
            x->made->not_sealed++;
            continue;
        }
        r = add_record(x, x->o->records[i], err);
        jsonw_u64(&x->w, x->o->records[i]);
        x->made->records++;
    }
    jsonw_end(&x->w);
    if (r == 0 && x->made->records == 0 && !x->o->custody.n)
        r = diag_set(err, -ENOENT, "none of these records is sealed yet; a segment is, an hour after it was begun at the latest");
    return r;
}

/* ---- what is in custody ---- */

/* Files under their sums; custody/list.json says what each was called and whose hands the things went through. */
static int add_custody(struct writing *x, struct diag *err) {
    const struct evidence_options *o = x->o;
    int r = o->custody.n ? add(x, "custody/list.json", o->custody, err) : 0;
    for (size_t i = 0; r == 0 && i < o->n_digests; i++) {
        char name[NAME_BYTES];
        struct str bytes;
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again |= str_eq(o->digests[k], o->digests[i]);
        if (again)
            continue;
        arena_reset(&x->arena);
        r = attached_bytes(o->attached, o->digests[i], &x->arena, &bytes, err);
        snprintf(name, sizeof name, "custody/%.*s", STR_ARG(o->digests[i]));
        if (r == 0)
            r = add(x, name, bytes, err);
    }
    return r;
}

/* ---- the whole ---- */

/* The page a third party reads; of a copy it says that it is one, and of whose. */
static int add_readme(struct writing *x, const char *name, struct str text, struct str copy, struct diag *err) {
    const struct str mark = STR("@NAME@");
    struct buf b;
    buf_init(&b, 2 * TEXT_BYTES_MAX + NAME_BYTES);
    buf_add(&b, text);
    ptrdiff_t at = x->o->copy_of.n ? str_find(copy, mark, 0) : -1;
    if (at >= 0) {
        buf_add(&b, str_to(copy, (size_t) at));
        buf_add(&b, str_to(x->o->copy_of, NAME_BYTES));
        buf_add(&b, str_from(copy, (size_t) at + mark.n));
    }
    int r = buf_error(&b) < 0 ? diag_set(err, -ENOMEM, "out of memory") : add(x, name, buf_str(&b), err);
    buf_done(&b);
    return r;
}

static int add_texts(struct writing *x, struct diag *err) {
    const struct evidence_texts *t = x->o->texts;
    int r = add_readme(x, "README.ja.txt", t->readme_ja, t->copy_ja, err);
    if (r == 0)
        r = add_readme(x, "README.en.txt", t->readme_en, t->copy_en, err);
    return r < 0 ? r : add(x, "check.sh", t->check, err);
}

static int add_all(struct writing *x, struct diag *err) {
    const struct evidence_options *o = x->o;
    int r = spool_reader_open(o->spool_dir, &x->reader, err);
    if (r == 0)
        r = spool_prover_open(o->spool_dir, &x->prover, err);
    if (r == 0 && (r = add_texts(x, err)) == 0 && (r = add_key(x, err)) == 0)
        r = add_checkpoint(x, err);
    if (r < 0)
        return r;
    jsonw_object(&x->w);
    jsonw_kstr(&x->w, "exported_by", o->who);
    jsonw_ktime(&x->w, "exported_at", o->now_ns);
    jsonw_kstr(&x->w, "why", o->why);
    jsonw_kstr(&x->w, "chosen_by", o->chosen_by);
    jsonw_kstr(&x->w, "copy_of", o->copy_of);
    jsonw_ku64(&x->w, "records_in_tree", x->checkpoint.size);
    jsonw_kz(&x->w, "key", x->made->key.fingerprint);
    if ((r = add_records(x, err)) < 0)
        return r;
    jsonw_ku64(&x->w, "left_out_not_sealed_yet", x->made->not_sealed);
    jsonw_end(&x->w);
    buf_add_byte(&x->json, '\n');
    if ((r = buf_error(&x->json)) < 0)
        return diag_set(err, r, "out of memory");
    r = add(x, "export.json", buf_str(&x->json), err);
    if (r == 0)
        r = add_custody(x, err);
    if (r == 0 && (r = zip_add(&x->zip, FOLDER "SHA256SUMS", buf_str(&x->sums))) < 0)
        diag_set(err, r, "the evidence cannot be written: %s", err_word(r));
    return r;
}

static int sum_of(int fd, uint8_t ret[SHA256_BYTES], uint64_t *ret_bytes) {
    struct sha256 h;
    char block[65536];
    ssize_t n;
    *ret_bytes = 0;
    sha256_init(&h);
    while ((n = pread(fd, block, sizeof block, (off_t) *ret_bytes)) > 0) {
        sha256_add(&h, str_n(block, (size_t) n));
        *ret_bytes += (uint64_t) n;
    }
    sha256_end(&h, ret);
    return n < 0 ? -errno : 0;
}

int evidence_write(const struct evidence_options *o, int fd, struct evidence_made *ret, struct diag *reterr) {
    struct writing *x = mem_zalloc(sizeof *x);
    if (!x)
        return diag_set(reterr, -ENOMEM, "out of memory");
    *ret = (struct evidence_made){0};
    x->o = o;
    x->made = ret;
    arena_init(&x->arena, RECORD_ARENA_BYTES);
    buf_init(&x->sums, 64 << 20);
    buf_init(&x->json, 1 << 20);
    jsonw_init(&x->w, &x->json);
    zip_begin(&x->zip, fd, o->now_ns);
    int r = add_all(x, reterr);
    ret->size = x->checkpoint.size;
    if (r < 0)
        zip_drop(&x->zip);
    else if ((r = zip_end(&x->zip)) < 0 || (r = fsync(fd) < 0 ? -errno : 0) < 0 || (r = sum_of(fd, ret->sha256, &ret->bytes)) < 0)
        diag_set(reterr, r, "the evidence cannot be written: %s", err_word(r));
    spool_reader_free(x->reader);
    spool_prover_close(x->prover);
    arena_done(&x->arena);
    buf_done(&x->sums);
    buf_done(&x->json);
    mem_free(x);
    return r;
}

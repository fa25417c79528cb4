/* Proofs out of a sealed spool, and a vault that takes its segments. */
#include "helpers.h"

#include "base/sign.h"
#include "spool/adopt.h"
#include "spool/prove.h"
#include "spool/removal.h"
#include "spool/seal.h"
#include "spool/verify.h"
#include "torture.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { LINES = 3000, SEGMENT = 20000 };

static struct sign_secret key, other_key;
static struct sign_public pub, other_pub;
static char first[300], vault[300];

static void open_keys(const char *dir) {
    char path[400];
    snprintf(first, sizeof first, "%s/first", dir);
    snprintf(vault, sizeof vault, "%s/vault", dir);
    mkdir(first, 0700);
    mkdir(vault, 0700);
    snprintf(path, sizeof path, "%s/key", dir);
    assert_int_equal(sign_key_open(path, &key, &pub, NULL), 0);
    snprintf(path, sizeof path, "%s/other", dir);
    assert_int_equal(sign_key_open(path, &other_key, &other_pub, NULL), 0);
}

/* Seals all that is closed; returns the newest checkpoint. */
static struct spool_checkpoint seal_with(const struct sign_secret *secret, const struct sign_public *public) {
    struct spool_seal_options o = {.key = secret, .pub = public, .clock.now_ns = test_clock_now};
    struct spool_sealer *s = NULL;
    struct spool_sealed done;
    assert_int_equal(spool_sealer_open(first, &o, &s, NULL), 0);
    while (spool_sealer_step(s, &done, NULL) == 1)
        continue;
    struct spool_checkpoint c = *spool_sealer_newest(s);
    spool_sealer_close(s);
    return c;
}

static struct spool_checkpoint fill(uint64_t from, uint64_t to) {
    struct spool *s = open_spool(first, SEGMENT);
    put_lines(s, from, to, 17);
    spool_close(s);
    return seal_with(&key, &pub);
}

static void proofs_of_a_sealed_spool_check(void **state) {
    struct spool_prover *p = NULL;
    struct merkle_proof proof;
    struct merkle_hash leaf;
    open_keys(*state);
    struct spool_checkpoint old = fill(1, LINES), new = fill(LINES, 2 * LINES);
    assert_true(old.size > 256 && new.size > old.size + 256);
    assert_int_equal(spool_prover_open(first, &p, NULL), 0);
    for (uint64_t n = 1; n <= new.size; n += 97) {
        assert_int_equal(spool_prove_leaf(p, n, &leaf, NULL), 0);
        assert_int_equal(spool_prove_inclusion(p, n, new.size, &proof, NULL), 0);
        assert_true(merkle_check_inclusion(&proof, n - 1, new.size, &leaf, &new.root));
        assert_false(merkle_check_inclusion(&proof, n, new.size, &leaf, &new.root));
    }
    assert_int_equal(spool_prove_consistency(p, old.size, new.size, &proof, NULL), 0);
    assert_true(merkle_check_consistency(&proof, old.size, new.size, &old.root, &new.root));
    assert_false(merkle_check_consistency(&proof, old.size, new.size, &new.root, &new.root));
    /* what is not there cannot be proved */
    assert_true(spool_prove_inclusion(p, new.size + 100000, new.size + 200000, &proof, NULL) < 0);
    assert_true(spool_prove_inclusion(p, 0, new.size, &proof, NULL) < 0);
    assert_true(spool_prove_consistency(p, 0, new.size, &proof, NULL) < 0);
    spool_prover_close(p);
}

/* Offers one segment to the vault as the wire would, `flip` (if not 0) changing one byte of it. */
static int offer(struct spool_adopter *a, uint32_t segment, size_t flip, struct diag *d) {
    char name[SPOOL_NAME_CAP];
    struct arena arena;
    arena_init(&arena, 8 << 20);
    struct str bytes = arena_dup(&arena, read_file(&arena, first, spool_sealed_name(segment, name)));
    struct str note = arena_dup(&arena, read_file(&arena, first, spool_checkpoint_name(segment, name)));
    if (flip)
        ((char *) (uintptr_t) bytes.p)[flip % bytes.n] ^= 1;
    int fd = spool_adopter_file(a);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t) bytes.n);
    int r = spool_adopter_take(a, note, d);
    arena_done(&arena);
    return r;
}

static struct spool_adopter *open_vault(void) {
    struct spool_adopter *a = NULL;
    struct diag d = {0};
    if (spool_adopter_open(vault, &pub, &a, &d) < 0)
        print_error("%s\n", d.text);
    assert_non_null(a);
    return a;
}

static void on_fault(void *ctx UNUSED, const struct spool_fault *f UNUSED) {
}
static uint64_t faults_of(const char *dir) {
    struct spool_verified v;
    struct spool_verify_options o = {.key = &pub, .fault = on_fault};
    assert_int_equal(spool_verify(dir, &o, &v, NULL), 0);
    return v.faults;
}

static void a_vault_takes_what_follows_and_nothing_else(void **state) {
    struct diag d = {0};
    open_keys(*state);
    struct spool_checkpoint c = fill(1, LINES);
    assert_true(c.segment > 4);
    struct spool_adopter *a = open_vault();
    assert_int_equal(offer(a, 2, 0, &d), -ERR_REFUSED); /* not the first */
    assert_int_equal(offer(a, 1, 777, &d), -ERR_CORRUPT);
    assert_int_equal(offer(a, 1, 0, &d), 0);
    assert_int_equal(offer(a, 1, 0, &d), -ERR_REFUSED); /* again */
    assert_int_equal(offer(a, 3, 0, &d), -ERR_REFUSED);
    a = spool_adopter_close(a);
    a = open_vault(); /* it goes on where it was */
    for (uint32_t n = 2; n <= c.segment; n++)
        assert_int_equal(offer(a, n, 0, &d), 0);
    assert_memory_equal(&spool_adopter_newest(a)->root, &c.root, sizeof c.root);
    spool_adopter_close(a);
    assert_int_equal(faults_of(vault), 0);
}

/* With the very key: another history as long as the old one, then another spool. */
static void a_history_that_was_rewritten_is_refused(void **state) {
    struct diag d = {0};
    open_keys(*state);
    fill(1, LINES);
    struct spool_adopter *a = open_vault();
    assert_int_equal(offer(a, 1, 0, &d), 0);
    assert_int_equal(offer(a, 2, 0, &d), 0);
    struct spool_checkpoint had = *spool_adopter_newest(a);
    empty_folder(first);
    fill(1, LINES);
    assert_int_equal(offer(a, 3, 0, &d), -ERR_REFUSED);
    assert_non_null(strstr(d.text, "another spool"));
    assert_memory_equal(spool_adopter_newest(a), &had, sizeof had);
    spool_adopter_close(a);
    a = open_vault(); /* and nothing of it stayed */
    assert_memory_equal(&spool_adopter_newest(a)->root, &had.root, sizeof had.root);
    spool_adopter_close(a);
    assert_int_equal(faults_of(vault), 0);
}

/* Checkpoints as the sealer writes them, over a tree in which one earlier record differs. */
static void a_tree_that_does_not_grow_out_of_ours_is_refused(void **state) {
    struct diag d = {0};
    struct buf note;
    char name[SPOOL_NAME_CAP];
    struct arena arena;
    struct str bytes;
    struct spool_checkpoint c;
    open_keys(*state);
    fill(1, LINES);
    struct spool_adopter *a = open_vault();
    assert_int_equal(offer(a, 1, 0, &d), 0);
    arena_init(&arena, 8 << 20);
    bytes = arena_dup(&arena, read_file(&arena, first, spool_checkpoint_name(2, name)));
    assert_int_equal(spool_checkpoint_read(bytes, &pub, &c, NULL), 0);
    bytes = arena_dup(&arena, read_file(&arena, first, spool_sealed_name(2, name)));
    for (int i = 0; i < 2; i++) {
        struct spool_checkpoint forged = c;
        forged.root.bytes[0] ^= i == 0;
        buf_init(&note, CHECKPOINT_BYTES_MAX);
        assert_int_equal(spool_checkpoint_write(&forged, i ? &other_key : &key, i ? &other_pub : &pub, &note), 0);
        int fd = spool_adopter_file(a);
        assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t) bytes.n);
        assert_int_equal(spool_adopter_take(a, buf_str(&note), &d), -ERR_REFUSED);
        buf_done(&note);
    }
    assert_int_equal(offer(a, 2, 0, &d), 0); /* the real one still fits */
    spool_adopter_close(a);
    arena_done(&arena);
}

/* ---- what goes when its time is over ---- */

static void remove_at(const struct spool_candidate *c) {
    struct diag d = {0};
    if (spool_segment_remove(first, c, "kept for 3 days", 77, &pub, &key, &pub, &d) < 0)
        fail_msg("%s", d.text);
}

static struct spool_verified all_of(const char *dir) {
    struct spool_verified v;
    struct spool_verify_options o = {.key = &pub, .fault = on_fault};
    assert_int_equal(spool_verify(dir, &o, &v, NULL), 0);
    return v;
}

/* Of c[2] to c[7], of which 4 and 5 are gone, every record can be proved, those beside a gap, too: the first and last of each
 * segment, and every 13th between (all with KIZUKI_TORTURE=all). */
static void prove_what_is_left(const char *dir, const struct spool_candidate *c, const struct spool_checkpoint *newest) {
    struct spool_prover *p = NULL;
    struct merkle_proof proof;
    struct merkle_hash leaf;
    assert_int_equal(spool_prover_open(dir, &p, NULL), 0);
    for (size_t i = 2; i < 8; i += i == 3 ? 3 : 1)
        for (uint64_t k = c[i].from; k <= c[i].to; k = k == c[i].to || torture_all() ? k + 1 : MIN(k + 13, c[i].to)) {
            assert_int_equal(spool_prove_leaf(p, k, &leaf, NULL), 0);
            assert_int_equal(spool_prove_inclusion(p, k, newest->size, &proof, NULL), 0);
            assert_true(merkle_check_inclusion(&proof, k - 1, newest->size, &leaf, &newest->root));
        }
    spool_prover_close(p);
}

static void what_was_removed_lawfully_stays_provable(void **state) {
    struct spool_candidate *c;
    struct spool_age age;
    struct arena a;
    size_t n;
    open_keys(*state);
    char path[400];
    snprintf(path, sizeof path, "%s/" SPOOL_KEY_NAME, first);
    assert_int_equal(sign_public_save(path, &pub, NULL), 0);
    struct spool_checkpoint newest = fill(1, 2 * LINES);
    assert_int_equal(spool_candidates(first, &pub, INT64_MAX, &c, &n, NULL), 0);
    assert_true(n >= 8 && c[0].segment == 1 && c[0].from == 1 && c[n - 1].to <= newest.size);
    arena_init(&a, 8 << 20);
    assert_int_equal(spool_age_of(first, 2, &a, &age, NULL), 0);
    assert_true(age.from == c[1].from && age.to == c[1].to && age.n_sources == 3);
    assert_int_equal(age.newest_ns, (int64_t) age.to * 1000);
    arena_done(&a);
    /* the first two, and two in the middle, the later before the earlier */
    remove_at(&c[0]);
    remove_at(&c[1]);
    remove_at(&c[5]);
    remove_at(&c[4]);
    remove_at(&c[4]); /* as after a kill */
    struct spool_verified v = all_of(first);
    assert_int_equal(v.faults, 0);
    assert_memory_equal(&v.newest.root, &newest.root, sizeof newest.root);
    assert_int_equal(v.last, all_of(first).last);
    prove_what_is_left(first, c, &newest);
    /* the sealer goes on, the writer too */
    newest = fill(2 * LINES, 3 * LINES);
    assert_int_equal(all_of(first).faults, 0);
    /* unlawfully: no note, or a note without the key */
    char name[SPOOL_NAME_CAP];
    snprintf(path, sizeof path, "%s/%s", first, spool_sealed_name(c[6].segment, name));
    unlink(path);
    assert_true(all_of(first).faults > 0);
    struct buf note;
    struct spool_removal x;
    buf_init(&note, REMOVAL_BYTES_MAX);
    assert_int_equal(spool_removal_load(first, c[5].segment, &pub, &x, NULL), 0);
    assert_int_equal(spool_removal_write(&x, &other_key, &other_pub, &note), 0);
    snprintf(path, sizeof path, "%08u.removed", c[6].segment);
    write_file(first, path, buf_str(&note));
    assert_true(all_of(first).faults > 0);
    buf_done(&note);
    mem_free(c);
}

/* With the key, over records that were others: the next root does not fit. */
static void a_note_over_other_records_does_not_hold(void **state) {
    struct spool_candidate *c;
    struct spool_removal x;
    struct buf note;
    size_t n;
    char path[400];
    open_keys(*state);
    fill(1, LINES);
    assert_int_equal(spool_candidates(first, &pub, INT64_MAX, &c, &n, NULL), 0);
    remove_at(&c[0]);
    assert_int_equal(all_of(first).faults, 0);
    assert_int_equal(spool_removal_load(first, 1, &pub, &x, NULL), 0);
    x.nodes[0].hash.bytes[7] ^= 1;
    buf_init(&note, REMOVAL_BYTES_MAX);
    assert_int_equal(spool_removal_write(&x, &key, &pub, &note), 0);
    snprintf(path, sizeof path, "%s/00000001.removed", first);
    unlink(path);
    write_file(first, "00000001.removed", buf_str(&note));
    assert_true(all_of(first).faults > 0);
    buf_done(&note);
    mem_free(c);
}

static int offer_removed(struct spool_adopter *a, uint32_t segment, uint32_t note_of, struct diag *d) {
    char name[SPOOL_NAME_CAP];
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct str note = arena_dup(&arena, read_file(&arena, first, spool_checkpoint_name(segment, name)));
    struct str removal = arena_dup(&arena, read_file(&arena, first, spool_removal_name(note_of, name)));
    int r = spool_adopter_take_removed(a, note, removal, d);
    arena_done(&arena);
    return r;
}

/* The vault is enrolled after the first segments and some in the middle have gone. It is killed after each step. */
static void a_vault_that_came_late_takes_the_notes_of_what_is_gone(void **state) {
    struct spool_candidate *c;
    struct diag d = {0};
    size_t n;
    char path[400];
    open_keys(*state);
    struct spool_checkpoint newest = fill(1, 2 * LINES);
    assert_int_equal(spool_candidates(first, &pub, INT64_MAX, &c, &n, NULL), 0);
    assert_true(n >= 8);
    const size_t gone[] = {0, 1, 4, 5};
    for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
        remove_at(&c[gone[i]]);
    const char *const dirs[] = {first, vault};
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        snprintf(path, sizeof path, "%s/" SPOOL_KEY_NAME, dirs[i]);
        assert_int_equal(sign_public_save(path, &pub, NULL), 0);
    }
    for (uint32_t k = 1; k <= newest.segment; k++) {
        bool is_gone = k == c[0].segment || k == c[1].segment || k == c[4].segment || k == c[5].segment;
        struct spool_adopter *a = open_vault();
        if (is_gone) {
            assert_int_equal(offer_removed(a, k, k == c[0].segment ? c[1].segment : c[0].segment, &d), -ERR_CORRUPT); /* of another */
            assert_int_equal(spool_adopter_newest(a)->segment, k - 1);
        }
        assert_int_equal(is_gone ? offer_removed(a, k, k, &d) : offer(a, k, 0, &d), 0);
        assert_int_equal(spool_adopter_newest(a)->segment, k);
        spool_adopter_close(a);
    }
    struct spool_verified v = all_of(vault);
    assert_int_equal(v.faults, 0);
    assert_memory_equal(&v.newest.root, &newest.root, sizeof newest.root);
    prove_what_is_left(vault, c, &newest);
    /* with the key, over records that were others: it is refused, and nothing is written */
    struct spool_removal x;
    struct buf note;
    struct spool_checkpoint c1;
    assert_int_equal(spool_removal_load(first, 1, &pub, &x, NULL), 0);
    x.nodes[0].hash.bytes[7] ^= 1;
    buf_init(&note, REMOVAL_BYTES_MAX);
    assert_int_equal(spool_removal_write(&x, &key, &pub, &note), 0);
    empty_folder(vault);
    struct spool_adopter *a = open_vault();
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct str cp = read_file(&arena, first, "00000001.checkpoint");
    assert_int_equal(spool_checkpoint_read(cp, &pub, &c1, NULL), 0);
    assert_int_equal(spool_adopter_take_removed(a, cp, buf_str(&note), &d), -ERR_REFUSED);
    buf_clear(&note);
    x.nodes[0].hash.bytes[7] ^= 1;
    assert_int_equal(spool_removal_write(&x, &other_key, &other_pub, &note), 0);
    assert_int_equal(spool_adopter_take_removed(a, cp, buf_str(&note), &d), -ERR_REFUSED);
    assert_int_equal(spool_adopter_newest(a)->size, 0);
    assert_int_equal(offer_removed(a, 1, 1, &d), 0);
    spool_adopter_close(a);
    arena_done(&arena);
    buf_done(&note);
    mem_free(c);
}

struct by_vault {
    uint32_t removed, theirs;
    int64_t at_ns;
};
static void on_removed(void *ctx, const struct spool_fault *f) {
    struct by_vault *b = ctx;
    if (f->kind != SPOOL_REMOVED)
        return;
    b->removed++;
    b->theirs += f->by == &pub;
    b->at_ns = f->at_ns;
}

static struct spool_verified verified_with(const struct sign_public *of_vault, struct by_vault *ret) {
    struct spool_verified v;
    struct spool_verify_options o = {.key = &pub, .vault = of_vault, .fault = on_removed, .ctx = ret};
    *ret = (struct by_vault){0};
    assert_int_equal(spool_verify(vault, &o, &v, NULL), 0);
    return v;
}

/* By its own key, between takes; the first has all of it still. It goes on taking, proving and being verified, and nobody but
 * who knows the vault's key takes its notes for lawful. */
static void a_vault_removes_by_its_own_retention(void **state) {
    struct spool_candidate *c;
    struct spool_prover *p = NULL;
    struct merkle_proof proof;
    struct merkle_hash leaf;
    struct by_vault by;
    struct diag d = {0};
    size_t n;
    char path[400];
    open_keys(*state);
    struct spool_checkpoint newest = fill(1, 2 * LINES);
    snprintf(path, sizeof path, "%s/" SPOOL_KEY_NAME, vault);
    assert_int_equal(sign_public_save(path, &pub, NULL), 0);
    snprintf(path, sizeof path, "%s/" SPOOL_VAULT_KEY_NAME, vault);
    assert_int_equal(sign_public_save(path, &other_pub, NULL), 0);
    struct spool_adopter *a = open_vault();
    for (uint32_t k = 1; k < newest.segment; k++)
        assert_int_equal(offer(a, k, 0, &d), 0);
    assert_int_equal(spool_candidates(vault, &other_pub, INT64_MAX, &c, &n, &d), -ERR_REFUSED); /* the seals are not ours */
    assert_int_equal(spool_candidates(vault, &pub, INT64_MAX, &c, &n, NULL), 0);
    assert_true(n >= 8);
    for (size_t i = 0; i < n; i++)
        if (i != 3)
            assert_int_equal(spool_segment_remove(vault, &c[i], "kept for 3 days", 77 * NS_PER_S, &pub, &other_key, &other_pub, &d), 0);
    assert_int_equal(offer(a, newest.segment, 0, &d), 0); /* beside a puller that had it all open */
    spool_adopter_close(a);
    a = open_vault(); /* and after a start */
    assert_int_equal(spool_adopter_newest(a)->size, newest.size);
    newest = fill(2 * LINES, 3 * LINES);
    while (spool_adopter_newest(a)->segment < newest.segment)
        assert_int_equal(offer(a, spool_adopter_newest(a)->segment + 1, 0, &d), 0);
    spool_adopter_close(a);
    struct spool_verified v = verified_with(&other_pub, &by);
    assert_int_equal(v.faults, 0);
    assert_memory_equal(&v.newest.root, &newest.root, sizeof newest.root);
    assert_int_equal(by.removed, n - 1);
    assert_int_equal(by.theirs, 0);
    assert_int_equal(by.at_ns, 77 * NS_PER_S);
    assert_true(verified_with(NULL, &by).faults > 0 && by.removed == 0);
    assert_int_equal(spool_prover_open(vault, &p, NULL), 0);
    for (uint64_t k = c[3].from; k <= c[3].to; k += 7) {
        assert_int_equal(spool_prove_leaf(p, k, &leaf, NULL), 0);
        assert_int_equal(spool_prove_inclusion(p, k, newest.size, &proof, NULL), 0);
        assert_true(merkle_check_inclusion(&proof, k - 1, newest.size, &leaf, &newest.root));
    }
    spool_prover_close(p);
    /* its key signs for removals and for nothing else: a checkpoint of its own over other records is none */
    struct spool_checkpoint forged = newest;
    struct buf note;
    char name[SPOOL_NAME_CAP];
    forged.root.bytes[3] ^= 1;
    buf_init(&note, CHECKPOINT_BYTES_MAX);
    assert_int_equal(spool_checkpoint_write(&forged, &other_key, &other_pub, &note), 0);
    snprintf(path, sizeof path, "%s/%s", vault, spool_checkpoint_name(newest.segment, name));
    unlink(path);
    write_file(vault, name, buf_str(&note));
    assert_true(verified_with(&other_pub, &by).faults > 0);
    buf_done(&note);
    mem_free(c);
}

static int close_folder(void **state) {
    char *const dirs[] = {first, vault};
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        empty_folder(dirs[i]);
        rmdir(dirs[i]);
    }
    return remove_folder(state);
}
#define two_folders(name) cmocka_unit_test_setup_teardown(name, make_folder, close_folder)

UNIT_GROUP(spool_adopt, two_folders(a_vault_that_came_late_takes_the_notes_of_what_is_gone),
           two_folders(proofs_of_a_sealed_spool_check), two_folders(a_vault_takes_what_follows_and_nothing_else),
           two_folders(a_history_that_was_rewritten_is_refused), two_folders(a_tree_that_does_not_grow_out_of_ours_is_refused),
           two_folders(what_was_removed_lawfully_stays_provable), two_folders(a_note_over_other_records_does_not_hold),
           two_folders(a_vault_removes_by_its_own_retention))

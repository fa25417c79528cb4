/* `kizuki verify DIR`: does the spool hold what its checkpoints say? Exit status 0 only if everything holds. */
#include "app/cli/command.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "spool/prove.h"
#include "spool/verify.h"

#include <sys/stat.h>

enum { ELSEWHERE_MAX = 64, PATH_CAP = 4096 };

struct verify_args {
    const char *key, *vault_key;
    struct cli_list checkpoints;
    bool quiet;
};

static const char *const WORDS[SPOOL_FAULTS_MAX_] = {
    [SPOOL_LOST] = "lost before it was sealed",
    [SPOOL_UNREADABLE] = "damaged",
    [SPOOL_MISSING] = "missing",
    [SPOOL_CHANGED] = "changed since it was sealed",
    [SPOOL_CUT] = "cut off",
    [SPOOL_FOREIGN] = "not the segment its name says",
    [SPOOL_BAD_CHECKPOINT] = "checkpoint not to be believed",
    [SPOOL_NO_CHECKPOINT] = "no checkpoint of this sealed segment",
    [SPOOL_REPACKED] = "the compressed file is not the one that was signed for",
    [SPOOL_REMOVED] = "removed, and noted",
    [SPOOL_BAD_TREE] = "the file 'tree' does not fit (the records do)",
};

/* ctx: the vault's key. */
static void print_fault(void *ctx, const struct spool_fault *f) {
    char when[TIME_ISO_CAP];
    printf("%s", WORDS[f->kind]);
    if (f->segment)
        printf(": segment %08u", f->segment);
    if (f->to > f->from + 1)
        printf("%s records %llu to %llu", f->segment ? "," : ":", (unsigned long long) f->from,
               (unsigned long long) f->to - 1);
    else if (f->to > f->from)
        printf("%s record %llu", f->segment ? "," : ":", (unsigned long long) f->from);
    else if (f->from)
        printf("%s from record %llu to the end of the segment", f->segment ? "," : ":",
               (unsigned long long) f->from);
    if (f->to_at > f->from_at)
        printf(", bytes %llu to %llu", (unsigned long long) f->from_at,
               (unsigned long long) f->to_at);
    printf("%s%s", *f->why ? ": " : "", f->why);
    if (f->by)
        printf("; %s, by %s (key %s)", time_format_iso(f->at_ns, 0, when), f->by == ctx ? "this vault" : "the Kizuki that wrote them", f->by->fingerprint);
    printf("\n");
}

static void show_progress(void *ctx UNUSED, uint32_t done, uint32_t all) {
    fprintf(stderr, "\r%u of %u segments%s", done, all, done == all ? "\r\033[K" : "");
}

/* A data folder, or a spool itself. */
static void spool_of(const char *dir, char dst[PATH_CAP]) {
    struct stat st;
    int n = snprintf(dst, PATH_CAP, "%s/spool", dir);
    if (n < 0 || n >= PATH_CAP || stat(dst, &st) < 0 || !S_ISDIR(st.st_mode))
        (void) snprintf(dst, PATH_CAP, "%s", dir);
}

static int load_key(const struct verify_args *a, const char *dir, struct sign_public *ret,
                    struct diag *reterr) {
    char path[PATH_CAP];
    (void) snprintf(path, sizeof path, "%s/keep/key.pub", dir);
    int r = sign_public_load(a->key ? a->key : path, ret, reterr);
    if (r == -ENOENT && !a->key)
        return diag_set(reterr, r,
                        "no public key in '%s': nothing was sealed there yet, or give the key that "
                        "was kept elsewhere with --key",
                        path);
    return r;
}

/* In a vault's copy only. *ret_there: there is one. */
static int load_vault_key(const struct verify_args *a, const char *spool, struct sign_public *ret, bool *ret_there, struct diag *reterr) {
    char path[PATH_CAP + 32];
    (void) snprintf(path, sizeof path, "%s/" SPOOL_VAULT_KEY_NAME, spool);
    int r = sign_public_load(a->vault_key ? a->vault_key : path, ret, reterr);
    *ret_there = r == 0;
    return r == -ENOENT && !a->vault_key ? 0 : r;
}

static int load_elsewhere(const struct verify_args *a, struct arena *arena, struct str *notes,
                          struct diag *reterr) {
    if (a->checkpoints.n > ELSEWHERE_MAX)
        return diag_set(reterr, -ERR_LIMIT, "at most %d checkpoints at once", ELSEWHERE_MAX);
    int r = 0;
    for (size_t i = 0; r == 0 && i < a->checkpoints.n; i++)
        r = file_read(arena, a->checkpoints.p[i], CHECKPOINT_BYTES_MAX, &notes[i], reterr);
    return r;
}

static void summary(const struct spool_verified *v, const struct sign_public *key, const struct sign_public *vault,
                    const struct verify_args *a) {
    char when[TIME_ISO_CAP], root[2 * SHA256_BYTES + 1];
    struct buf b;
    if (v->newest.size) {
        hex_encode(v->newest.root.bytes, SHA256_BYTES, root);
        printf("records %llu to %llu in %u segments are what %u checkpoints say (the newest of %s, "
               "root %s)\n",
               (unsigned long long) v->first, (unsigned long long) v->newest.size, v->segments,
               v->checkpoints, time_format_iso(v->newest.sealed_ns, 0, when), root);
    } else {
        printf("%u segments, no checkpoint holds\n", v->segments);
    }
    if (v->last > v->newest.size)
        printf("records %llu to %llu are %s\n", (unsigned long long) v->newest.size + 1,
               (unsigned long long) v->last,
               v->faults ? "under no checkpoint that holds" : "not sealed yet");
    buf_init(&b, 1024);
    sign_verifier_key(key, &b);
    printf("signed by %.*s", (int) b.n, b.p);
    if (vault) {
        buf_clear(&b);
        sign_verifier_key(vault, &b);
        printf("what this vault removed is signed by %.*s%s", (int) b.n, b.p,
               a->vault_key ? "" : "that key lay beside its notes: compare it with one kept elsewhere (--vault-key)\n");
    }
    buf_done(&b);
    if (!a->key)
        printf("this key lay beside what it signs: compare it with one kept elsewhere (--key)\n");
    if (a->checkpoints.n == 0)
        printf("whether the end was cut off only a checkpoint kept elsewhere can tell "
               "(--checkpoint)\n");
}

/* For the page of sources, where there is one: that it was looked at, and what came of it. */
static void write_status(const char *dir, const struct spool_verified *v, const struct verify_args *a) {
    char path[PATH_CAP + 32];
    struct stat st;
    struct buf b;
    struct jsonw w;
    (void) snprintf(path, sizeof path, "%s/status", dir);
    if (stat(path, &st) < 0)
        return;
    (void) snprintf(path, sizeof path, "%s/status/verified.json", dir);
    buf_init(&b, 4096);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_ktime(&w, "at", time_now_ns());
    jsonw_ku64(&w, "faults", v->faults);
    jsonw_ku64(&w, "records", v->newest.size);
    jsonw_kbool(&w, "elsewhere", a->key && a->checkpoints.n > 0);
    jsonw_end(&w);
    buf_add_byte(&b, '\n');
    IGNORE(file_write_atomic(path, buf_str(&b), 0644, NULL));
    buf_done(&b);
}

static int run_verify(void *settings, unsigned n_args UNUSED, char **args) {
    struct verify_args *a = settings;
    struct arena arena;
    struct str notes[ELSEWHERE_MAX];
    struct sign_public key, vault;
    bool of_vault = false;
    struct spool_verified v;
    struct diag d = {0};
    char dir[PATH_CAP];
    struct spool_verify_options o = {
        .key = &key,
        .elsewhere = notes,
        .n_elsewhere = a->checkpoints.n,
        .fault = print_fault,
        .ctx = &vault,
        .progress = !a->quiet && isatty(2) ? show_progress : NULL,
    };
    arena_init(&arena, (size_t) 1 << 20);
    spool_of(args[0], dir);
    int r = load_key(a, args[0], &key, &d);
    if (r == 0)
        r = load_vault_key(a, dir, &vault, &of_vault, &d);
    o.vault = of_vault ? &vault : NULL;
    if (r == 0)
        r = load_elsewhere(a, &arena, notes, &d);
    if (r == 0)
        r = spool_verify(dir, &o, &v, &d);
    arena_done(&arena);
    if (r < 0)
        return command_failed(&d);
    write_status(args[0], &v, a);
    if (!a->quiet)
        summary(&v, &key, o.vault, a);
    return v.faults ? 1 : 0;
}

static const struct cli_option OPTIONS[] = {
    {.name = "key",
     .kind = CLI_STRING,
     .value = "FILE",
     .at = offsetof(struct verify_args, key),
     .help = "the public key that was kept elsewhere (DIR/keep/key.pub)"},
    {.name = "vault-key",
     .kind = CLI_STRING,
     .value = "FILE",
     .at = offsetof(struct verify_args, vault_key),
     .help = "of a vault's copy: the vault's public key that was kept elsewhere (DATA/keep/key.pub there)"},
    {.name = "checkpoint",
     .kind = CLI_LIST,
     .value = "FILE",
     .at = offsetof(struct verify_args, checkpoints),
     .help = "a checkpoint that was kept elsewhere (repeat for more)"},
    {.name = "quiet",
     .kind = CLI_FLAG,
     .at = offsetof(struct verify_args, quiet),
     .help = "print faults only"},
    {0}};

const struct cli_command COMMAND_VERIFY = {
    .name = "verify",
    .args = "DIR",
    .args_min = 1,
    .args_max = 1,
    .help = "prove that nothing in a data folder's spool was changed or removed",
    .text = "Reads every record again and holds it against every signed checkpoint. Each fault is a line\n"
            "with segment, records and what is wrong. Status 0 only if everything holds.\n",
    .options = OPTIONS,
    .size = sizeof(struct verify_args),
    .run = run_verify,
};

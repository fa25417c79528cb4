/* `kizuki export evidence`: chosen records as files a third party can check without Kizuki (app/search/evidence.h). */
#include "app/cli/command.h"
#include "app/common/note.h"
#include "app/engine/engine.h"
#include "app/search/evidence.h"
#include "app/search/scan.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"
#include "decode/decode.h"
#include "spool/prove.h"

#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>

struct export_args {
    const char *query, *from, *to, *why;
    struct cli_list records, decoders;
};
struct exporting {
    const struct export_args *args;
    char spool[4096], key[4096], who[64], copy_of[256];
    uint64_t *records;
    size_t n, cap;
};

static int add_record(struct exporting *x, uint64_t n) {
    if (x->n == EVIDENCE_RECORDS_MAX)
        return -ERR_LIMIT;
    int r = mem_grow((void **) &x->records, &x->cap, x->n + 1, EVIDENCE_RECORDS_MAX, sizeof n);
    if (r == 0)
        x->records[x->n++] = n;
    return r;
}

static int found(void *ctx, struct search *s UNUSED, const struct raw_record *rec, int64_t time_ns UNUSED) {
    return add_record(ctx, rec->pos.n);
}

static int too_many(struct diag *err, int r) {
    return r == -ERR_LIMIT ? diag_set(err, r, "more than %d records; narrow the query or the times, or export several times",
                                      EVIDENCE_RECORDS_MAX)
                           : r;
}

static int choose_by_query(struct exporting *x, const char *data, struct diag *err) {
    CLEANUP(scan_freep) struct scan *scan = NULL;
    char own[4096];
    struct stat st;
    const char *paths[17];
    size_t n = 0;
    struct scan_options o = {.spool_dir = x->spool, .query = str_of(x->args->query)};
    snprintf(own, sizeof own, "%.4000s/decoders", data);
    if (stat(own, &st) == 0)
        paths[n++] = own;
    for (size_t i = 0; i < x->args->decoders.n && n < ARRAY_SIZE(paths); i++)
        paths[n++] = x->args->decoders.p[i];
    o.own_decoders = n > 0;
    int r = command_time(x->args->from, &o.from_ns, err);
    if (r == 0)
        r = command_time(x->args->to, &o.to_ns, err);
    if (r == 0)
        r = engine_decoders(paths, n, &o.decoders, err);
    if (r == 0)
        r = scan_new(&o, &scan, err);
    while (r == 0 && (r = scan_step(scan, found, x, err)) == 1)
        r = 0;
    decode_set_unref(o.decoders);
    return too_many(err, r);
}

static int choose_by_number(struct exporting *x, struct diag *err) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < x->args->records.n; i++) {
        struct str rest = str_of(x->args->records.p[i]), one;
        while (r == 0 && str_split(&rest, ',', &one)) {
            uint64_t n;
            if (str_to_u64(one, &n) < 0 || n == 0)
                return diag_set(err, -EINVAL, "--record wants numbers of records, like 4711 or 12,13");
            r = add_record(x, n);
        }
    }
    return too_many(err, r);
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
    return (x > y) - (x < y);
}

static int choose(struct exporting *x, const char *data, struct diag *err) {
    size_t n = 0;
    if (!x->args->query == !x->args->records.n)
        return diag_set(err, -EINVAL, "either --query or --record says what is exported");
    int r = x->args->query ? choose_by_query(x, data, err) : choose_by_number(x, err);
    if (r < 0)
        return r;
    if (x->n == 0)
        return diag_set(err, -ENOENT, "no record fits");
    qsort(x->records, x->n, sizeof *x->records, by_number);
    for (size_t i = 0; i < x->n; i++)
        if (n == 0 || x->records[n - 1] != x->records[i])
            x->records[n++] = x->records[i];
    x->n = n;
    return 0;
}

/* Into the spool it came from, where it is sealed like everything else. A vault's copy is not written to. */
static void tell(const struct exporting *x, const char *data, const struct evidence_made *made) {
    char hex[2 * SHA256_BYTES + 1], notes[4096];
    struct note n;
    struct stat st;
    struct diag d = {0};
    snprintf(notes, sizeof notes, "%.4000s/notes", data);
    if (stat(notes, &st) < 0)
        return;
    hex_encode(made->sha256, SHA256_BYTES, hex);
    note_begin(&n, "kizuki.keep", "evidence-exported");
    jsonw_kz(&n.w, "kizuki.keep.by", x->who);
    jsonw_kz(&n.w, "kizuki.keep.why", x->args->why);
    jsonw_kz(&n.w, "kizuki.keep.query", x->args->query ? x->args->query : "");
    jsonw_ku64(&n.w, "kizuki.keep.records", made->records);
    jsonw_kz(&n.w, "kizuki.keep.sha256", hex);
    if (note_leave(&n, data, &d) < 0)
        fprintf(stderr, "kizuki: that evidence was exported is not recorded: %s\n", d.text);
}

static void place(struct exporting *x, const char *data) {
    const struct passwd *pw = getpwuid(getuid());
    struct stat st;
    snprintf(x->spool, sizeof x->spool, "%.4000s/spool", data);
    if (stat(x->spool, &st) < 0)
        snprintf(x->spool, sizeof x->spool, "%.4000s", data);
    snprintf(x->key, sizeof x->key, "%.4000s/" SPOOL_KEY_NAME, x->spool);
    if (stat(x->key, &st) < 0)
        snprintf(x->key, sizeof x->key, "%.4000s/keep/key.pub", data);
    /* A vault's copy of another Kizuki has no key to sign with, and says where its first is (app/vault/pull.c). */
    char first[4096], real[PATH_MAX];
    snprintf(first, sizeof first, "%.4000s/first", data);
    if (stat(first, &st) == 0 && realpath(data, real))
        snprintf(x->copy_of, sizeof x->copy_of, "%.200s", strrchr(real, '/') + 1);
    snprintf(x->who, sizeof x->who, "%s", pw ? pw->pw_name : "?");
}

static int write_file(const struct exporting *x, const char *path, struct evidence_made *made, struct diag *err) {
    struct evidence_texts texts;
    int r = evidence_texts_load(engine_content_dir(), &texts, err);
    int fd = r < 0 ? -1 : open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (r == 0 && fd < 0)
        r = diag_set(err, -errno, "cannot make '%s': %s", path, err_word(-errno));
    if (r == 0) {
        struct evidence_options o = {.spool_dir = x->spool, .key_path = x->key, .texts = &texts, .records = x->records, .n = x->n,
                                     .who = str_of(x->who), .why = str_of(x->args->why),
                                     .chosen_by = str_of(x->args->query), .copy_of = str_of(x->copy_of), .now_ns = time_now_ns()};
        r = evidence_write(&o, fd, made, err);
        close(fd);
        if (r < 0)
            (void) unlink(path);
    }
    evidence_texts_done(&texts);
    return r;
}

static int run_evidence(void *settings, unsigned n UNUSED, char **args) {
    struct exporting x = {.args = settings};
    struct evidence_made made;
    struct diag d = {0};
    char hex[2 * SHA256_BYTES + 1];
    place(&x, args[1]);
    int r = choose(&x, args[1], &d);
    if (r == 0)
        r = write_file(&x, args[0], &made, &d);
    mem_free(x.records);
    if (r < 0)
        return command_failed(&d);
    tell(&x, args[1], &made);
    hex_encode(made.sha256, SHA256_BYTES, hex);
    printf("%llu records with proofs in a tree of %llu, signed by %s\n%s  %s\n", (unsigned long long) made.records,
           (unsigned long long) made.size, made.key.fingerprint, hex, args[0]);
    if (made.not_sealed)
        printf("%llu records are not sealed yet and were left out; export again in an hour\n", (unsigned long long) made.not_sealed);
    return 0;
}

static const struct cli_option OPTIONS[] = {
    {.name = "query", .letter = 'q', .kind = CLI_STRING, .value = "QUERY", .at = offsetof(struct export_args, query),
     .help = "the events that fit, as of `kizuki search`"},
    {.name = "from", .kind = CLI_STRING, .value = "TIME", .at = offsetof(struct export_args, from), .help = "with --query: from this time on"},
    {.name = "to", .kind = CLI_STRING, .value = "TIME", .at = offsetof(struct export_args, to), .help = "with --query: before this time"},
    {.name = "record", .kind = CLI_LIST, .value = "N,N…", .at = offsetof(struct export_args, records), .help = "these records, by their numbers"},
    {.name = "why", .kind = CLI_STRING, .value = "TEXT", .required = true, .at = offsetof(struct export_args, why),
     .help = "for what; it is recorded and stands in the evidence"},
    {.name = "decoders", .kind = CLI_LIST, .value = "DIR", .at = offsetof(struct export_args, decoders),
     .help = "files or folders of decoders beside the shipped ones and those of the data folder"},
    {0}};
const struct cli_command COMMAND_EXPORT_EVIDENCE = {
    .name = "export evidence", .args = "OUT.zip DATA", .args_min = 2, .args_max = 2,
    .help = "write chosen events with proofs that a third party can check without Kizuki",
    .text = "The zip holds the raw bytes, proofs of inclusion, the signed checkpoint, the public key, SHA-256 sums and a\n"
            "page (ja, en) that says how to check them with coreutils and openssl: bash check.sh.\n",
    .options = OPTIONS, .size = sizeof(struct export_args), .run = run_evidence};

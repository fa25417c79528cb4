#include "app/search/export_job.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"
#include "spool/prove.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { STATE_RUNNING, STATE_DONE, STATE_FAILED };
static const char *const STATE_NAMES[] = {"running", "done", "failed"};

struct export_job {
    int64_t id;
    pthread_t thread;
    _Atomic int state; /* what follows is the thread's until it is not STATE_RUNNING */
    volatile bool stop;
    struct scan_options scan;
    char *spool, *filters, *query, *who, *why, *chosen_by, *copy_of, *custody;
    const char *attached;
    struct str *digests; /* their letters lie in digest_text */
    char *digest_text;
    size_t n_digests;
    char path[4096 + 64];
    const struct evidence_texts *texts;
    uint64_t *records;
    size_t n, cap;
    struct evidence_made made;
    struct diag d;
};

static struct export_job *job_free(struct export_job *j) {
    if (!j)
        return NULL;
    j->stop = true;
    if (j->thread)
        pthread_join(j->thread, NULL);
    if (j->path[0])
        (void) unlink(j->path);
    mem_free(j->spool);
    mem_free(j->filters);
    mem_free(j->query);
    mem_free(j->who);
    mem_free(j->why);
    mem_free(j->chosen_by);
    mem_free(j->copy_of);
    mem_free(j->custody);
    mem_free(j->digests);
    mem_free(j->digest_text);
    mem_free(j->records);
    mem_free(j);
    return NULL;
}

static int add(struct export_job *j, uint64_t n) {
    int r = j->n == EVIDENCE_RECORDS_MAX ? -ERR_LIMIT
                                         : mem_grow((void **) &j->records, &j->cap, j->n + 1, EVIDENCE_RECORDS_MAX, sizeof n);
    if (r == 0)
        j->records[j->n++] = n;
    return r;
}

static int found(void *ctx, struct search *s UNUSED, const struct raw_record *rec, int64_t time_ns UNUSED) {
    return add(ctx, rec->pos.n);
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
    return (x > y) - (x < y);
}

static int choose(struct export_job *j) {
    CLEANUP(scan_freep) struct scan *scan = NULL;
    size_t n = 0;
    int r = *j->query ? scan_new(&j->scan, &scan, &j->d) : 0;
    while (*j->query && r == 0 && (r = scan_step(scan, found, j, &j->d)) == 1)
        r = j->stop ? -ECANCELED : 0;
    if (r == -ERR_LIMIT)
        return diag_set(&j->d, r, "more than %d records; narrow the query or the times, or export several times", EVIDENCE_RECORDS_MAX);
    if (r < 0)
        return r;
    if (j->n == 0 && !*j->custody)
        return diag_set(&j->d, -ENOENT, "no record fits");
    qsort(j->records, j->n, sizeof *j->records, by_number);
    for (size_t i = 0; i < j->n; i++)
        if (n == 0 || j->records[n - 1] != j->records[i])
            j->records[n++] = j->records[i];
    j->n = n;
    return 0;
}

static void *work(void *arg) {
    struct export_job *j = arg;
    char key[4096 + 32];
    int fd = -1, r = choose(j);
    snprintf(key, sizeof key, "%s/" SPOOL_KEY_NAME, j->spool);
    if (r == 0 && (fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0)
        r = diag_set(&j->d, -errno, "cannot write the evidence: %s", err_word(-errno));
    if (r == 0) {
        struct evidence_options o = {.spool_dir = j->spool, .key_path = key, .texts = j->texts, .records = j->records, .n = j->n,
                                     .who = str_of(j->who), .why = str_of(j->why), .chosen_by = str_of(j->chosen_by), .copy_of = str_of(j->copy_of),
                                     .custody = str_of(j->custody), .attached = j->attached, .digests = j->digests, .n_digests = j->n_digests,
                                     .now_ns = time_now_ns(), .stop = &j->stop};
        r = evidence_write(&o, fd, &j->made, &j->d);
    }
    if (fd >= 0)
        close(fd);
    atomic_store(&j->state, r < 0 ? STATE_FAILED : STATE_DONE);
    return NULL;
}

/* ---- the kept ones ---- */

int exports_init(struct exports *x, const char *folder, const char *attached, const struct evidence_texts *texts, int64_t first_id, struct diag *reterr) {
    *x = (struct exports){.folder = folder, .attached = attached, .texts = texts, .next_id = first_id};
    int r = file_make_dir(folder, 0700, reterr);
    DIR *dir = r < 0 ? NULL : opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (str_ends(str_of(e->d_name), STR(".zip")))
            (void) unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
    return r;
}

void exports_done(struct exports *x) {
    for (size_t i = 0; i < EXPORTS_KEPT; i++)
        x->jobs[i] = job_free(x->jobs[i]);
}

static int copy_digests(struct export_job *j, const struct export_wanted *w) {
    size_t at = 0;
    if (w->n_digests == 0)
        return 0;
    j->digests = mem_zalloc(w->n_digests * sizeof *j->digests);
    j->digest_text = mem_alloc(w->n_digests * 2 * SHA256_BYTES);
    if (!j->digests || !j->digest_text)
        return -ENOMEM;
    for (size_t i = 0; i < w->n_digests; i++, at += 2 * SHA256_BYTES) {
        memcpy(j->digest_text + at, w->digests[i].p, 2 * SHA256_BYTES);
        j->digests[i] = str_n(j->digest_text + at, 2 * SHA256_BYTES);
    }
    j->n_digests = w->n_digests;
    return 0;
}

static struct export_job *job_of(const struct export_wanted *w) {
    struct export_job *j = mem_zalloc(sizeof *j);
    int r = j ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < w->n; i++)
        r = add(j, w->records[i]);
    if (r == 0) {
        j->spool = str_dup(str_of(w->scan.spool_dir));
        j->filters = str_dup(str_of(w->scan.filter_dir));
        j->query = str_dup(w->scan.query);
        j->who = str_dup(w->who);
        j->why = str_dup(w->why);
        j->chosen_by = str_dup(w->chosen_by);
        j->copy_of = str_dup(w->copy_of);
        j->custody = str_dup(w->custody.p ? w->custody : STR(""));
        r = j->spool && j->filters && j->query && j->who && j->why && j->chosen_by && j->copy_of && j->custody ? copy_digests(j, w) : -ENOMEM;
    }
    if (r < 0)
        return job_free(j);
    j->scan = w->scan;
    j->scan.spool_dir = j->spool;
    j->scan.filter_dir = j->filters;
    j->scan.query = str_of(j->query);
    return j;
}

int exports_begin(struct exports *x, const struct export_wanted *w, int64_t *ret_id, struct diag *reterr) {
    if (x->jobs[0] && atomic_load(&x->jobs[0]->state) == STATE_RUNNING)
        return diag_set(reterr, -EBUSY, "another export is at work");
    struct export_job *j = job_of(w);
    if (!j)
        return diag_set(reterr, -ENOMEM, "out of memory");
    j->id = x->next_id++;
    j->texts = x->texts;
    j->attached = x->attached;
    snprintf(j->path, sizeof j->path, "%s/%lld.zip", x->folder, (long long) j->id);
    if (pthread_create(&j->thread, NULL, work, j) != 0) {
        j->thread = 0;
        job_free(j);
        return diag_set(reterr, -EAGAIN, "cannot start a thread");
    }
    job_free(x->jobs[EXPORTS_KEPT - 1]);
    memmove(x->jobs + 1, x->jobs, (EXPORTS_KEPT - 1) * sizeof x->jobs[0]);
    x->jobs[0] = j;
    *ret_id = j->id;
    return 0;
}

int exports_write(struct exports *x, int64_t id, struct jsonw *w) {
    char hex[2 * SHA256_BYTES + 1];
    struct export_job *j = NULL;
    for (size_t i = 0; i < EXPORTS_KEPT && !j; i++)
        if (x->jobs[i] && x->jobs[i]->id == id)
            j = x->jobs[i];
    if (!j)
        return -ENOENT;
    int state = atomic_load(&j->state);
    jsonw_ki64(w, "export", id);
    jsonw_kz(w, "state", STATE_NAMES[state]);
    jsonw_kz(w, "why", state == STATE_FAILED ? j->d.text : NULL);
    bool done = state == STATE_DONE;
    hex_encode(j->made.sha256, SHA256_BYTES, hex);
    jsonw_ku64(w, "records", done ? j->made.records : 0);
    jsonw_ku64(w, "not_sealed", done ? j->made.not_sealed : 0);
    jsonw_ku64(w, "bytes", done ? j->made.bytes : 0);
    jsonw_kz(w, "sha256", done ? hex : NULL);
    jsonw_kz(w, "key", done ? j->made.key.fingerprint : NULL);
    return 0;
}

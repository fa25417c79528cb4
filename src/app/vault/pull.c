/* The vault's side: a thread for each first, which asks in rounds. What is behind is taken segment by segment (spool/adopt.h);
 * a tree that does not grow out of the one that is here is refused, told, and its checkpoint kept as evidence: two
 * signatures of one key under two histories.
 *
 *   DATA/vault/key                the vault's own key
 *   DATA/vault/NAME/first         "HOST:PORT PIN", written at enrolment
 *   DATA/vault/NAME/keep/key.pub  of the seals, as at enrolment and never again
 *   DATA/vault/NAME/spool         what was taken
 *   DATA/vault/NAME/refused       checkpoints that do not fit
 *   DATA/vault/NAME/hold/holds    what its cases hold, as it said last while its tree fitted: for who removes here (app/keep)
 *   DATA/status/vault-NAME.json   for pages and scripts */
#include "app/vault/vault.h"

#include "app/common/note.h"
#include "app/keep/holds.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "spool/adopt.h"
#include "spool/prove.h"

#include <dirent.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

enum { FIRST_BYTES_MAX = 1024, LOOK_MS = 2000 };

enum state { FINE, SILENT, STALE, REWRITTEN, SHRANK, IMPOSTOR, STANDS, STATES_MAX_ };
/* What is said as an event when it begins; NULL: nobody has to act. */
static const struct {
    const char *word, *event;
} STATES[STATES_MAX_] = {
    [FINE] = {"fine", "vault-back"},
    [SILENT] = {"silent", "vault-silent"},
    [STALE] = {"stale", "vault-stale"},
    [REWRITTEN] = {"rewritten", "vault-rewritten"},
    [SHRANK] = {"shrank", "vault-shrank"},
    [IMPOSTOR] = {"impostor", "vault-impostor"},
    [STANDS] = {"stands", "vault-stands"},
};

struct first {
    const struct pull_options *o;
    const struct tls_own *own;
    char name[WIRE_NAME_MAX + 1], dir[4096], address[256];
    uint8_t pin[SHA256_BYTES];
    struct sign_public key;
    pthread_t thread;
    struct spool_adopter *adopter;
    struct tls tls;
    enum state state, told;
    struct spool_checkpoint offered; /* the newest that was shown, size 0: none yet */
    int64_t contact_ns, grew_ns, begun_ns, written_ns, holds_ns;
    bool holds_known;
    char why[512];
    struct buf out;
};

static volatile sig_atomic_t asked_to_end;
static void on_end(int signal UNUSED) {
    asked_to_end = 1;
}

/* ---- telling ---- */

static void write_checkpoint(struct jsonw *w, const char *key, const struct spool_checkpoint *c) {
    char root[2 * SHA256_BYTES + 1];
    jsonw_key(w, str_of(key));
    if (!c || !c->size) {
        jsonw_null(w);
        return;
    }
    hex_encode(c->root.bytes, SHA256_BYTES, root);
    jsonw_object(w);
    jsonw_ku64(w, "records", c->size);
    jsonw_ku64(w, "segment", c->segment);
    jsonw_ktime(w, "sealed_at", c->sealed_ns);
    jsonw_kz(w, "root", root);
    jsonw_end(w);
}

static void write_status(struct first *f) {
    char path[4096 + 32];
    struct buf b;
    struct jsonw w;
    struct diag d;
    buf_init(&b, 8192);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "name", f->name);
    jsonw_kz(&w, "address", f->address);
    jsonw_kz(&w, "state", STATES[f->state].word);
    jsonw_kz(&w, "why", f->state == FINE ? NULL : f->why);
    jsonw_ktime(&w, "contact_at", f->contact_ns ? f->contact_ns : TIME_NONE);
    write_checkpoint(&w, "has", f->adopter ? spool_adopter_newest(f->adopter) : NULL);
    write_checkpoint(&w, "offered", &f->offered);
    jsonw_kz(&w, "key", f->key.fingerprint);
    jsonw_end(&w);
    buf_add_byte(&b, '\n');
    snprintf(path, sizeof path, "%.3900s/status/vault-%s.json", f->o->data, f->name);
    if (buf_error(&b) < 0 || file_write_atomic(path, buf_str(&b), 0644, &d) < 0)
        log_warn("cannot write '%s'", path);
    buf_done(&b);
    f->written_ns = time_now_ns();
}

static void say(struct first *f) {
    const struct spool_checkpoint *has = f->adopter ? spool_adopter_newest(f->adopter) : NULL;
    int64_t since = f->state == STALE ? f->grew_ns : MAX(f->contact_ns, f->begun_ns);
    struct note n;
    struct diag d = {0};
    note_begin(&n, "kizuki.vault", STATES[f->state].event);
    jsonw_kz(&n.w, "kizuki.vault.name", f->name);
    jsonw_kz(&n.w, "kizuki.vault.address", f->address);
    jsonw_ku64(&n.w, "kizuki.vault.records", has ? has->size : 0);
    if (f->state == SILENT || f->state == STALE)
        jsonw_ki64(&n.w, "kizuki.vault.silent_s", (time_now_ns() - since) / NS_PER_S);
    if (f->offered.size && f->state != SILENT)
        jsonw_ku64(&n.w, "kizuki.vault.offered", f->offered.size);
    if (f->state != FINE)
        jsonw_kz(&n.w, "message", f->why);
    if (note_leave(&n, f->o->data, &d) < 0)
        log_warn("what the vault noticed is not noted: %s", d.text);
}

static void be(struct first *f, enum state state, const struct diag *d) {
    if (d)
        snprintf(f->why, sizeof f->why, "%s", d->text);
    f->state = state;
    if (state != f->told) {
        if (state == FINE)
            log_info("'%s' is well again", f->name);
        else
            log_error("'%s': %s: %s", f->name, STATES[state].word, f->why);
        f->told = state;
        say(f);
        write_status(f);
    }
}

/* ---- asking ---- */

static int ask(struct first *f, const struct wire_question *q, struct str *ret, struct diag *err) {
    struct str frame;
    buf_clear(&f->out);
    wire_question_add(&f->out, q);
    int r = tls_send(&f->tls, buf_str(&f->out), err);
    if (r == 0)
        r = tls_next(&f->tls, &frame, err);
    if (r == 0)
        r = diag_set(err, -EPIPE, "it hung up");
    return r < 0 ? r : wire_answer_parse(frame, q->what, ret, err);
}

int vault_connect(const char *at, struct diag *reterr) {
    char host[256];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list = NULL;
    struct timeval limit = {.tv_sec = 10};
    const char *colon = strrchr(at, ':');
    size_t n = colon ? (size_t) (colon - at) : 0;
    if (!n || n >= sizeof host || !colon[1])
        return diag_set(reterr, -EINVAL, "an address and port are wanted, like 192.0.2.7:8444");
    memcpy(host, at, n);
    host[n] = 0;
    bool bracketed = host[0] == '[' && host[n - 1] == ']';
    if (bracketed)
        host[n - 1] = 0;
    int r = getaddrinfo(host + bracketed, colon + 1, &hints, &list), fd = -1, e = -EHOSTUNREACH;
    if (r != 0)
        return diag_set(reterr, -EHOSTUNREACH, "cannot find '%s': %s", host + bracketed, gai_strerror(r));
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            continue;
        IGNORE(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit)); /* of connect, too */
        if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
            e = -errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd >= 0 ? fd : diag_set(reterr, e, "cannot reach %s: %s", at, err_word(e));
}

static int open_line(struct first *f, struct diag *err) {
    int fd = vault_connect(f->address, err);
    if (fd < 0)
        return fd;
    int r = tls_begin(&f->tls, f->own, fd, false, err);
    if (r < 0)
        return r;
    return memcmp(f->tls.peer, f->pin, sizeof f->pin) == 0
               ? 0
               : diag_set(err, -EKEYREJECTED, "another key answers at %s than the one that was enrolled", f->address);
}

/* ---- what is offered ---- */

static void keep_refused(struct first *f, struct str note) {
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1], folder[4096 + 16], path[4096 + 96];
    struct diag d = {0};
    unsigned n = 0;
    sha256_of(note, sum);
    hex_encode(sum, sizeof sum, hex);
    snprintf(folder, sizeof folder, "%s/refused", f->dir);
    snprintf(path, sizeof path, "%s/%.16s.checkpoint", folder, hex);
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));)
        n++;
    if (dir)
        closedir(dir);
    if (n < VAULT_REFUSED_MAX && access(path, F_OK) < 0 && file_write_atomic(path, note, 0444, &d) < 0)
        log_warn("the checkpoint that does not fit is not kept: %s", d.text);
}

/* -ERR_REFUSED: not the tree that is here, grown. *ret_state then says what it is. */
static int judge(struct first *f, const struct spool_checkpoint *new, enum state *ret_state, struct diag *err) {
    const struct spool_checkpoint *had = spool_adopter_newest(f->adopter);
    struct merkle_proof proof;
    struct str bytes;
    *ret_state = REWRITTEN;
    if (had->size == 0)
        return 0;
    if (memcmp(new->id, had->id, sizeof new->id) != 0)
        return diag_set(err, -ERR_REFUSED, "it shows another spool than the one that is kept here");
    if (new->size < had->size) {
        *ret_state = SHRANK;
        return diag_set(err, -ERR_REFUSED, "it shows %llu sealed records where there were %llu",
                        (unsigned long long) new->size, (unsigned long long) had->size);
    }
    if (new->size == had->size)
        return memcmp(&new->root, &had->root, sizeof new->root) == 0
                   ? 0
                   : diag_set(err, -ERR_REFUSED, "it has signed another tree over the same %llu records", (unsigned long long) had->size);
    struct wire_question q = {.what = WIRE_PROOF, .old = had->size, .size = new->size};
    int r = ask(f, &q, &bytes, err);
    if (r == -ENOENT) /* its own spool does not give the proof */
        return diag_set(err, -ERR_REFUSED, "it cannot prove that what it shows grew out of the %llu records that are here",
                        (unsigned long long) had->size);
    if (r == 0)
        r = wire_proof_parse(bytes, &proof);
    if (r < 0)
        return r;
    return merkle_check_consistency(&proof, had->size, new->size, &had->root, &new->root)
               ? 0
               : diag_set(err, -ERR_REFUSED, "the tree it shows (%llu records) did not grow out of the one that is kept here (%llu records)",
                          (unsigned long long) new->size, (unsigned long long) had->size);
}

static int fetch_bytes(struct first *f, uint32_t segment, int fd, struct diag *err) {
    struct wire_question q = {.what = WIRE_BYTES, .segment = segment};
    struct str bytes;
    int r;
    while ((r = ask(f, &q, &bytes, err)) == 0 && bytes.n) {
        if (asked_to_end)
            return diag_set(err, -EINTR, "ending");
        if ((q.at += bytes.n) > VAULT_SEGMENT_BYTES_MAX)
            return diag_set(err, -ERR_LIMIT, "segment %u is larger than any segment may be", segment);
        if ((r = file_write_all(fd, bytes)) < 0)
            return diag_set(err, r, "cannot write here: %s", err_word(r));
    }
    return r;
}

static int fetch_removed(struct first *f, uint32_t segment, struct str note, struct diag *err) {
    struct wire_question q = {.what = WIRE_REMOVED, .segment = segment};
    struct str removal;
    int r = ask(f, &q, &removal, err);
    if (r == 0)
        r = spool_adopter_take_removed(f->adopter, note, removal, err);
    if (r == 0)
        log_info("'%s': segment %u was removed there; the note of that is here", f->name, segment);
    return r;
}

static int fetch_segment(struct first *f, uint32_t segment, struct diag *err) {
    char note[CHECKPOINT_BYTES_MAX];
    struct str bytes;
    struct wire_question q = {.what = WIRE_NOTE, .segment = segment};
    int r = ask(f, &q, &bytes, err);
    if (r == 0 && bytes.n > sizeof note)
        r = diag_set(err, -ERR_CORRUPT, "what came is no checkpoint");
    if (r < 0)
        return r;
    size_t n = bytes.n;
    memcpy(note, bytes.p, n); /* the next answer takes its place */
    int fd = spool_adopter_file(f->adopter);
    if (fd < 0)
        return diag_set(err, fd, "cannot write in '%s/spool': %s", f->dir, err_word(fd));
    r = fetch_bytes(f, segment, fd, err);
    if (r == 0)
        r = spool_adopter_take(f->adopter, str_n(note, n), err);
    else if (r == -ENOENT) /* signed for, and not packed yet; or removed before it could be taken */
        r = fetch_removed(f, segment, str_n(note, n), err);
    if (r == -ERR_REFUSED)
        keep_refused(f, str_n(note, n));
    return r;
}

static int fetch_all(struct first *f, struct diag *err) {
    const struct spool_checkpoint *had = spool_adopter_newest(f->adopter);
    int r = 0;
    while (r == 0 && !asked_to_end && had->segment < f->offered.segment) {
        r = fetch_segment(f, had->segment + 1, err);
        if (r == 0) {
            f->grew_ns = time_now_ns();
            log_info("'%s': segment %u is here, records to %llu of %llu", f->name, had->segment,
                     (unsigned long long) had->size, (unsigned long long) f->offered.size);
            write_status(f);
        }
    }
    return r;
}

/* ---- what its cases hold ---- */

/* With the time it came at instead of that of the first's clock. */
static int save_holds(const struct first *f, struct str text, struct diag *err) {
    char path[4096 + 32];
    struct holds h;
    struct str line;
    struct buf b;
    int r = holds_parse(text, &h, err);
    if (r < 0)
        return r;
    holds_done(&h);
    IGNORE(str_split(&text, '\n', &line));
    buf_init(&b, HOLDS_BYTES_MAX + 64);
    buf_printf(&b, HOLDS_HEAD "%lld\n", (long long) time_now_ns());
    buf_add(&b, text);
    snprintf(path, sizeof path, "%.4000s/hold", f->dir);
    r = file_make_dir(path, 0700, err);
    snprintf(path, sizeof path, "%.4000s/hold/holds", f->dir);
    if (r == 0 && (r = buf_error(&b)) == 0)
        r = file_write_atomic(path, buf_str(&b), 0600, err);
    buf_done(&b);
    return r;
}

/* A first that does not say costs nothing but that nothing of its copy is removed here. */
static void fetch_holds(struct first *f) {
    struct wire_question q = {.what = WIRE_HOLDS};
    struct diag d = {0};
    struct str bytes;
    struct buf all;
    int64_t now = time_now_ns();
    if (now - f->holds_ns < MIN(NS_PER_MIN, 3 * f->o->every_ms * NS_PER_MS))
        return;
    f->holds_ns = now;
    buf_init(&all, HOLDS_BYTES_MAX);
    int r;
    while ((r = ask(f, &q, &bytes, &d)) == 0 && bytes.n && !asked_to_end && buf_error(&all) == 0) {
        buf_add(&all, bytes);
        q.at += bytes.n;
    }
    if (r == 0 && (r = buf_error(&all)) == 0)
        r = save_holds(f, buf_str(&all), &d);
    buf_done(&all);
    if (r < 0 && f->holds_known)
        log_warn("'%s' does not say what its cases hold: %s", f->name, d.text);
    f->holds_known = r == 0;
}

static int talk(struct first *f, enum state *ret_state, struct diag *err) {
    struct wire_question q = {.what = WIRE_NEWEST, .old = spool_adopter_newest(f->adopter)->size};
    struct spool_checkpoint new;
    char kept[CHECKPOINT_BYTES_MAX];
    struct str note;
    int r = ask(f, &q, &note, err);
    if (r == 0 && note.n > sizeof kept)
        r = diag_set(err, -ERR_PARSE, "what came is no checkpoint");
    if (r < 0)
        return r;
    size_t n = note.n;
    memcpy(kept, note.p, n);
    f->contact_ns = time_now_ns();
    if (n == 0 && q.old) {
        *ret_state = SHRANK;
        return diag_set(err, -ERR_REFUSED, "it shows no sealed record where there were %llu", (unsigned long long) q.old);
    }
    if (n == 0)
        return 0;
    if ((r = spool_checkpoint_read(str_n(kept, n), &f->key, &new, err)) == 0)
        r = judge(f, &new, ret_state, err);
    if (r == -ERR_REFUSED)
        keep_refused(f, str_n(kept, n));
    if (r < 0)
        return r;
    if (new.size > f->offered.size)
        f->grew_ns = time_now_ns();
    f->offered = new;
    r = fetch_all(f, err);
    return r;
}

/* ---- rounds ---- */

static void judge_quiet(struct first *f, const struct diag *d) {
    int64_t now = time_now_ns();
    struct diag stale = {0};
    if (d && now - MAX(f->contact_ns, f->begun_ns) >= f->o->silent_s * NS_PER_S) {
        be(f, SILENT, d);
    } else if (!d && f->grew_ns && now - f->grew_ns >= f->o->stale_s * NS_PER_S) {
        diag_set(&stale, 0, "it answers, but nothing was sealed there for %lld minutes", (long long) ((now - f->grew_ns) / NS_PER_MIN));
        be(f, STALE, &stale);
    } else if (!d) {
        be(f, FINE, NULL);
    }
}

static void round_of(struct first *f) {
    struct diag d = {0};
    enum state state = REWRITTEN;
    f->tls = (struct tls){.fd = -1};
    int r = open_line(f, &d);
    if (r == 0)
        r = talk(f, &state, &d);
    if ((r == 0 || r == -ENOENT) && f->contact_ns && !asked_to_end) /* -ENOENT: its tree fits, the next segment is not packed yet */
        fetch_holds(f);
    tls_end(&f->tls);
    if (r == -ERR_REFUSED && f->contact_ns)
        be(f, state, &d);
    else if (r == -EKEYREJECTED)
        be(f, IMPOSTOR, &d);
    else if (r == -ENOSPC || r == -EDQUOT || r == -EIO || r == -EROFS)
        be(f, STANDS, &d);
    else if (r != -EINTR)
        judge_quiet(f, r < 0 && r != -ENOENT ? &d : NULL); /* -ENOENT: signed for, and not packed yet */
    if (time_now_ns() - f->written_ns > 10 * NS_PER_S)
        write_status(f);
}

static int open_adopter(struct first *f, struct diag *err) {
    char spool[4096 + 16];
    if (f->adopter)
        return 0;
    snprintf(spool, sizeof spool, "%s/spool", f->dir);
    int r = spool_adopter_open(spool, &f->key, &f->adopter, err);
    if (r == 0)
        f->grew_ns = spool_adopter_newest(f->adopter)->size ? time_now_ns() : 0;
    return r;
}

static void *pull(void *arg) {
    struct first *f = arg;
    struct diag d = {0};
    buf_init(&f->out, 4096);
    f->begun_ns = time_now_ns();
    while (!asked_to_end) {
        if (open_adopter(f, &d) < 0)
            be(f, STANDS, &d);
        else
            round_of(f);
        for (int64_t left = f->o->every_ms; left > 0 && !asked_to_end; left -= 100)
            nanosleep(&(struct timespec){.tv_nsec = 100 * 1000000}, NULL);
    }
    return NULL;
}

/* ---- firsts ---- */

static int load_first(struct first *f, struct diag *err) {
    char path[4096 + 32];
    struct arena a;
    struct str text, address;
    arena_init(&a, 1 << 16);
    snprintf(path, sizeof path, "%s/first", f->dir);
    int r = file_read(&a, path, FIRST_BYTES_MAX, &text, err);
    if (r == 0 && (!str_split(&text, ' ', &address) || address.n >= sizeof f->address ||
                   hex_decode(str_trim(text), f->pin, sizeof f->pin) < 0))
        r = diag_set(err, -ERR_PARSE, "'%s' does not say where the first is", path);
    if (r == 0) {
        memcpy(f->address, address.p, address.n);
        f->address[address.n] = 0;
        snprintf(path, sizeof path, "%s/keep/key.pub", f->dir);
        r = sign_public_load(path, &f->key, err);
    }
    arena_done(&a);
    return r;
}

struct puller {
    const struct pull_options *o;
    const struct tls_own *own;
    struct first *firsts[VAULT_FIRSTS_MAX];
    size_t n;
};

static void start(struct puller *p, const char *name) {
    struct diag d = {0};
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->firsts[i]->name, name) == 0)
            return;
    struct first *f = p->n < VAULT_FIRSTS_MAX ? mem_zalloc(sizeof *f) : NULL;
    if (!f)
        return;
    f->o = p->o;
    f->own = p->own;
    f->holds_known = true; /* so that it is said when it is not */
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(f->dir, sizeof f->dir, "%.3900s/vault/%s", p->o->data, name);
    int r = load_first(f, &d);
    if (r == 0 && pthread_create(&f->thread, NULL, pull, f) == 0) {
        p->firsts[p->n++] = f;
        log_info("pulling from '%s' at %s", f->name, f->address);
        return;
    }
    if (r < 0 && r != -ENOENT) /* -ENOENT: it is being enrolled */
        log_warn("cannot pull from '%s': %s", name, d.text);
    mem_free(f);
}

static void look(struct puller *p) {
    char dir[4096];
    snprintf(dir, sizeof dir, "%.4000s/vault", p->o->data);
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_type == DT_DIR && wire_name_is_good(str_of(e->d_name)))
            start(p, e->d_name);
    if (d)
        closedir(d);
}

int vault_pull(const struct pull_options *o, const struct tls_own *own) {
    struct puller p = {.o = o, .own = own};
    const struct sigaction end = {.sa_handler = on_end};
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    for (int64_t waited = LOOK_MS; !asked_to_end; waited += 100) {
        if (waited >= LOOK_MS) {
            look(&p);
            waited = 0;
        }
        nanosleep(&(struct timespec){.tv_nsec = 100 * 1000000}, NULL);
    }
    for (size_t i = 0; i < p.n; i++) {
        pthread_join(p.firsts[i]->thread, NULL);
        spool_adopter_close(p.firsts[i]->adopter);
        buf_done(&p.firsts[i]->out);
        mem_free(p.firsts[i]);
    }
    return 0;
}

/* ---- enrolment ---- */

static int keep_first(const char *data, const char *name, const char *at, const uint8_t pin[SHA256_BYTES],
                      const struct sign_public *seals, struct diag *err) {
    static const char *const folders[] = {"", "/keep", "/spool", "/refused"};
    char path[4096 + 64], hex[2 * SHA256_BYTES + 1], text[FIRST_BYTES_MAX];
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++) {
        snprintf(path, sizeof path, "%.3900s/vault/%s%s", data, name, folders[i]);
        r = file_make_dir(path, 0700, err);
    }
    snprintf(path, sizeof path, "%.3900s/vault/%s/keep/key.pub", data, name);
    if (r == 0)
        r = sign_public_save(path, seals, err);
    snprintf(path, sizeof path, "%.3900s/vault/%s/spool/" SPOOL_KEY_NAME, data, name);
    if (r == 0)
        r = sign_public_save(path, seals, err);
    hex_encode(pin, SHA256_BYTES, hex);
    snprintf(text, sizeof text, "%s %s\n", at, hex);
    snprintf(path, sizeof path, "%.3900s/vault/%s/first", data, name); /* last: with it pulling begins */
    return r < 0 ? r : file_write_atomic(path, str_of(text), 0600, err);
}

/* The other side proves that it knows the code, too, and signs for its key of the seals with it. */
static int agree(struct first *f, const char *code, struct sign_public *ret, struct diag *err) {
    uint8_t proof[WIRE_PROOF_BYTES], want[WIRE_PROOF_BYTES];
    struct str bytes;
    enrol_proof(code, f->tls.peer, f->own->pin, proof);
    struct wire_question q = {.what = WIRE_ENROL, .proof = str_n((char *) proof, sizeof proof)};
    int r = ask(f, &q, &bytes, err);
    if (r == 0 && bytes.n != WIRE_PROOF_BYTES + WIRE_KEY_BYTES)
        r = diag_set(err, -ERR_PARSE, "what came back is no answer");
    if (r < 0)
        return r;
    sign_public_of((const uint8_t *) bytes.p + WIRE_PROOF_BYTES, ret);
    enrol_answer(code, f->tls.peer, f->own->pin, ret, want);
    return sign_equal(str_to(bytes, WIRE_PROOF_BYTES), str_n((char *) want, sizeof want))
               ? 0
               : diag_set(err, -ERR_REFUSED, "whoever answers there does not know the code: it is not the Kizuki you mean, or "
                                             "somebody stands between");
}

int vault_enrol(const char *data, const struct tls_own *own, const char *name, const char *at, const char *typed,
                struct diag *reterr) {
    struct first f = {.own = own, .tls = {.fd = -1}};
    struct sign_public seals;
    char code[CODE_CHARS + 1], path[4096 + 64];
    snprintf(path, sizeof path, "%.3900s/vault/%s/first", data, name);
    if (!wire_name_is_good(str_of(name)))
        return diag_set(reterr, -EINVAL, "a name of letters, digits, '-', '_' and '.' is wanted, at most %d long", WIRE_NAME_MAX);
    if (enrol_code_read(str_of(typed), code) < 0)
        return diag_set(reterr, -EINVAL, "a code has 16 letters and digits, as `kizuki vault code` prints it");
    if (access(path, F_OK) == 0)
        return diag_set(reterr, -EEXIST, "'%s' is enrolled already; what was pulled from it stays as it is", name);
    int fd = vault_connect(at, reterr);
    int r = fd < 0 ? fd : tls_begin(&f.tls, own, fd, false, reterr);
    buf_init(&f.out, 4096);
    if (r == 0)
        r = agree(&f, code, &seals, reterr);
    if (r == 0)
        r = keep_first(data, name, at, f.tls.peer, &seals, reterr);
    tls_end(&f.tls);
    buf_done(&f.out);
    explicit_bzero(code, sizeof code);
    return r;
}

/* The first's side: a thread for each connection, which answers questions until its vault hangs up. It remembers nothing
 * but who has asked when and how much that vault has (DATA/status/lend.json, for pages). */
#include "app/vault/vault.h"

#include "app/common/note.h"
#include "app/keep/holds.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "spool/prove.h"
#include "spool/removal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct seen {
    char name[WIRE_NAME_MAX + 1];
    int64_t asked_ns, written_ns;
    uint64_t has;
};
struct offer {
    const char *data;
    char spool[4096];
    const struct tls_own *own;
    const struct sign_public *seals;
    pthread_mutex_t lock; /* for what follows */
    struct in6_addr from[VAULT_CONNECTIONS_MAX];
    bool used[VAULT_CONNECTIONS_MAX];
    struct seen seen[VAULTS_MAX];
};
struct talk {
    struct offer *o;
    struct tls tls;
    int fd;
    size_t place;
    char name[WIRE_NAME_MAX + 1]; /* "": not enrolled */
    int dir_fd;
    int holds_fd; /* of the list that is being told */
    struct spool_prover *prover;
    struct buf out;
};

static volatile sig_atomic_t asked_to_end;
static void on_end(int signal UNUSED) {
    asked_to_end = 1;
}

/* ---- who has what ---- */

static void write_status(struct offer *o) {
    char path[4096 + 32];
    struct buf b;
    struct jsonw w;
    struct diag d;
    buf_init(&b, 65536);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_key(&w, STR("vaults"));
    jsonw_array(&w);
    for (size_t i = 0; i < VAULTS_MAX && o->seen[i].name[0]; i++) {
        jsonw_object(&w);
        jsonw_kz(&w, "name", o->seen[i].name);
        jsonw_ktime(&w, "asked_at", o->seen[i].asked_ns);
        jsonw_ku64(&w, "has", o->seen[i].has);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    jsonw_end(&w);
    buf_add_byte(&b, '\n');
    snprintf(path, sizeof path, "%.4000s/status/lend.json", o->data);
    if (buf_error(&b) < 0 || file_write_atomic(path, buf_str(&b), 0644, &d) < 0)
        log_warn("cannot write '%s'", path);
    buf_done(&b);
}

static void remember(struct offer *o, const char *name, uint64_t has) {
    int64_t now = time_now_ns();
    pthread_mutex_lock(&o->lock);
    size_t i = 0;
    while (i + 1 < VAULTS_MAX && o->seen[i].name[0] && strcmp(o->seen[i].name, name) != 0)
        i++;
    struct seen *s = &o->seen[i];
    bool changed = s->has != has || strcmp(s->name, name) != 0 || now - s->written_ns > 10 * NS_PER_S;
    snprintf(s->name, sizeof s->name, "%s", name);
    s->asked_ns = now;
    s->has = has;
    if (changed) {
        s->written_ns = now;
        write_status(o);
    }
    pthread_mutex_unlock(&o->lock);
}

/* ---- answers ---- */

static void tell_enrolled(const struct offer *o, const char *name) {
    struct note n;
    struct diag d = {0};
    log_info("the vault '%s' is enrolled", name);
    note_begin(&n, "kizuki.vault", "vault-enrolled");
    jsonw_kz(&n.w, "kizuki.vault.name", name);
    if (note_leave(&n, o->data, &d) < 0)
        log_warn("that a vault was enrolled is not noted: %s", d.text);
}

static void answer_enrol(struct talk *t, const struct wire_question *q) {
    char code[CODE_CHARS + 1], bytes[WIRE_PROOF_BYTES + WIRE_KEY_BYTES], name[sizeof t->name];
    const struct sign_public *seals = t->o->seals;
    struct diag d = {0};
    if (enrol_take(t->o->data, q->proof, t->o->own->pin, t->tls.peer, name, code, &d) < 0) {
        log_warn("a vault was refused: %s", d.text);
        wire_refuse(&t->out, WIRE_NOT_ENROLLED, d.text);
        return;
    }
    memcpy(t->name, name, sizeof name);
    enrol_answer(code, t->o->own->pin, t->tls.peer, seals, (uint8_t *) bytes);
    memcpy(bytes + WIRE_PROOF_BYTES, seals->bytes, sizeof seals->bytes);
    explicit_bzero(code, sizeof code);
    wire_answer_add(&t->out, WIRE_ENROL, str_n(bytes, sizeof bytes));
    tell_enrolled(t->o, t->name);
}

/* The checkpoint of one segment, or the note of its removal. */
static void answer_note(struct talk *t, char what, uint32_t segment) {
    char name[SPOOL_NAME_CAP], path[4096 + SPOOL_NAME_CAP];
    bool removed = what == WIRE_REMOVED;
    struct arena a;
    struct str note;
    snprintf(path, sizeof path, "%s/%s", t->o->spool, removed ? spool_removal_name(segment, name) : spool_checkpoint_name(segment, name));
    arena_init(&a, 1 << 17);
    if (file_read(&a, path, removed ? REMOVAL_BYTES_MAX : CHECKPOINT_BYTES_MAX, &note, NULL) < 0)
        wire_refuse(&t->out, WIRE_NOT_THERE, removed ? "it was not removed here" : "there is no such checkpoint");
    else
        wire_answer_add(&t->out, what, note);
    arena_done(&a);
}

static void answer_newest(struct talk *t, const struct wire_question *q) {
    struct diag d = {0};
    uint32_t segment = 0;
    remember(t->o, t->name, q->old);
    int r = spool_newest_checkpoint(t->o->spool, &segment, &d);
    if (r < 0)
        wire_refuse(&t->out, WIRE_TROUBLE, "its spool cannot be read");
    else if (segment == 0)
        wire_answer_add(&t->out, WIRE_NEWEST, STR(""));
    else
        answer_note(t, WIRE_NEWEST, segment);
}

static void answer_proof(struct talk *t, const struct wire_question *q) {
    struct merkle_proof proof;
    struct diag d = {0};
    t->prover = spool_prover_close(t->prover); /* what was sealed since */
    int r = spool_prover_open(t->o->spool, &t->prover, &d);
    if (r == 0)
        r = spool_prove_consistency(t->prover, q->old, q->size, &proof, &d);
    if (r < 0)
        wire_refuse(&t->out, WIRE_NOT_THERE, d.text);
    else
        wire_answer_add(&t->out, WIRE_PROOF, str_n((char *) proof.at, proof.n * sizeof proof.at[0]));
}

/* Only what is sealed, and so does not change any more. */
static void answer_bytes(struct talk *t, const struct wire_question *q) {
    char name[SPOOL_NAME_CAP];
    char *bytes = NULL;
    struct buf b;
    buf_init(&b, WIRE_PIECE_BYTES);
    int fd = openat(t->dir_fd, spool_sealed_name(q->segment, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 || !(bytes = buf_reserve(&b, WIRE_PIECE_BYTES)) ? -1 : pread(fd, bytes, WIRE_PIECE_BYTES, (off_t) q->at);
    if (n < 0)
        wire_refuse(&t->out, WIRE_NOT_THERE, "there is no such segment");
    else
        wire_answer_add(&t->out, WIRE_BYTES, str_n(bytes, (size_t) n));
    if (fd >= 0)
        close(fd);
    buf_done(&b);
}

/* The list as it was when it was begun to be told: the room puts another in its place every minute. */
static void answer_holds(struct talk *t, const struct wire_question *q) {
    char path[4096 + 32];
    struct stat st;
    struct buf b;
    if (q->at == 0) {
        if (t->holds_fd >= 0)
            close(t->holds_fd);
        snprintf(path, sizeof path, "%.4000s/hold/holds", t->o->data);
        t->holds_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    buf_init(&b, WIRE_PIECE_BYTES);
    bool known = t->holds_fd >= 0 && fstat(t->holds_fd, &st) == 0 && time_now_ns() - st.st_mtim.tv_sec * NS_PER_S <= HOLDS_AGE_MAX_NS;
    char *bytes = known ? buf_reserve(&b, WIRE_PIECE_BYTES) : NULL;
    ssize_t n = bytes ? pread(t->holds_fd, bytes, WIRE_PIECE_BYTES, (off_t) q->at) : -1;
    if (n < 0)
        wire_refuse(&t->out, WIRE_NOT_THERE, "what cases hold is not known here");
    else
        wire_answer_add(&t->out, WIRE_HOLDS, str_n(bytes, (size_t) n));
    buf_done(&b);
}

static void answer(struct talk *t, struct str frame) {
    struct wire_question q;
    struct diag d = {0};
    if (wire_question_parse(frame, &q) < 0) {
        wire_refuse(&t->out, WIRE_BAD_QUESTION, "this is no question of a vault");
        return;
    }
    if (q.what == WIRE_ENROL) {
        answer_enrol(t, &q);
        return;
    }
    /* Asked each time: an enrolment may have been ended meanwhile. */
    if (enrol_find(t->o->data, t->tls.peer, t->name, &d) < 0) {
        wire_refuse(&t->out, WIRE_NOT_ENROLLED, "this vault is not enrolled here");
        return;
    }
    if (q.what == WIRE_NEWEST)
        answer_newest(t, &q);
    else if (q.what == WIRE_PROOF)
        answer_proof(t, &q);
    else if (q.what == WIRE_NOTE)
        answer_note(t, WIRE_NOTE, q.segment);
    else if (q.what == WIRE_REMOVED)
        answer_note(t, WIRE_REMOVED, q.segment);
    else if (q.what == WIRE_HOLDS)
        answer_holds(t, &q);
    else
        answer_bytes(t, &q);
}

/* ---- connections ---- */

static void give_place_back(struct offer *o, size_t place) {
    pthread_mutex_lock(&o->lock);
    o->used[place] = false;
    pthread_mutex_unlock(&o->lock);
}

static void *talk(void *arg) {
    struct talk *t = arg;
    struct offer *o = t->o;
    struct diag d = {0};
    struct str frame;
    t->dir_fd = open(o->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    buf_init(&t->out, FRAME_BYTES_MAX + 64);
    int r = tls_begin(&t->tls, o->own, t->fd, true, &d);
    while (r >= 0 && !asked_to_end && (r = tls_next(&t->tls, &frame, &d)) > 0) {
        buf_clear(&t->out);
        answer(t, frame);
        r = buf_error(&t->out);
        if (r == 0)
            r = tls_send(&t->tls, buf_str(&t->out), &d);
        if (!t->name[0])
            break; /* a stranger has one question */
    }
    if (r < 0)
        log_warn("a vault was left: %s", d.text);
    tls_end(&t->tls);
    spool_prover_close(t->prover);
    buf_done(&t->out);
    if (t->dir_fd >= 0)
        close(t->dir_fd);
    if (t->holds_fd >= 0)
        close(t->holds_fd);
    give_place_back(o, t->place);
    mem_free(t);
    return NULL;
}

/* A place for this connection; false: there are too many, of this address or in all. */
static bool find_place(struct offer *o, const struct in6_addr *from, size_t *ret) {
    size_t of_address = 0, place = VAULT_CONNECTIONS_MAX;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < VAULT_CONNECTIONS_MAX; i++) {
        of_address += o->used[i] && memcmp(&o->from[i], from, sizeof *from) == 0;
        if (!o->used[i] && place == VAULT_CONNECTIONS_MAX)
            place = i;
    }
    bool good = place < VAULT_CONNECTIONS_MAX && of_address < VAULT_OF_ADDRESS_MAX;
    if (good) {
        o->used[place] = true;
        o->from[place] = *from;
        *ret = place;
    }
    pthread_mutex_unlock(&o->lock);
    return good;
}

static struct in6_addr address_of(const struct sockaddr_storage *sa) {
    struct in6_addr a = {0};
    if (sa->ss_family == AF_INET6)
        a = ((const struct sockaddr_in6 *) (const void *) sa)->sin6_addr;
    else
        memcpy(&a, &((const struct sockaddr_in *) (const void *) sa)->sin_addr, 4);
    return a;
}

static void accept_one(struct offer *o, int listener) {
    struct sockaddr_storage sa = {0};
    socklen_t n = sizeof sa;
    pthread_t thread;
    pthread_attr_t detached;
    size_t place;
    int fd = accept4(listener, (struct sockaddr *) &sa, &n, SOCK_CLOEXEC); /* blocking, with deadlines */
    if (fd < 0)
        return;
    struct in6_addr from = address_of(&sa);
    struct talk *t = mem_zalloc(sizeof *t);
    if (!t || !find_place(o, &from, &place)) {
        close(fd);
        mem_free(t);
        return;
    }
    *t = (struct talk){.o = o, .fd = fd, .place = place, .holds_fd = -1};
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &detached, talk, t) != 0) {
        give_place_back(o, place);
        close(fd);
        mem_free(t);
    }
    pthread_attr_destroy(&detached);
}

int vault_offer(const char *data, const struct tls_own *own, const struct sign_public *seals, const int *fds, size_t n_fds) {
    static struct offer o;
    struct pollfd pfd[8];
    const struct sigaction end = {.sa_handler = on_end};
    o = (struct offer){.data = data, .own = own, .seals = seals};
    snprintf(o.spool, sizeof o.spool, "%.4000s/spool", data);
    pthread_mutex_init(&o.lock, NULL);
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    ASSERT(n_fds <= ARRAY_SIZE(pfd));
    for (size_t i = 0; i < n_fds; i++)
        pfd[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    while (!asked_to_end) {
        if (poll(pfd, (nfds_t) n_fds, 1000) <= 0)
            continue;
        for (size_t i = 0; i < n_fds; i++)
            if (pfd[i].revents & POLLIN)
                accept_one(&o, fds[i]);
    }
    return 0; /* threads end with the process: they hold nothing that has to be written */
}

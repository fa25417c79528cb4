/* RELP: each message is answered when it is on disk, and not before (src/intake/relp_frame.h has the frames).
 *
 * A sender whose connection broke sends again, in a new session with new numbers, everything whose answer it did not
 * see. What of that is on disk already is known: the hashes of the last messages of each address are kept, and while a
 * new session begins with a stretch of them it is answered and not kept again. The stretch begins at the latest place
 * that fits and ends at the first message that differs: of two equal lines one is then rather kept twice than lost.
 * This memory ends with the gate; a sensor that dies does not touch it. */
#include "app/gate/stream.h"

#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "intake/relp_frame.h"

enum {
    PENDING_MAX = 4096, /* messages of one session without an answer; rsyslog's window is 128 */
    KNOWN_MAX = 1024,   /* hashes of one address */
    PEERS_MAX = 1024,   /* addresses whose hashes are kept */
};

/* What an address sent last: a ring. */
struct known {
    uint64_t hashes[KNOWN_MAX];
    uint64_t n; /* so far; [n % KNOWN_MAX] is the oldest */
};
struct relp {
    struct pending {
        uint32_t number;
        uint64_t put; /* on disk when so many records of the stream are */
    } pending[PENDING_MAX];
    size_t first, n;
    uint64_t on_disk; /* records of the stream */
    struct known *known;
    bool opened, again; /* again: the session has repeated what is known, so far */
    uint64_t at;        /* of the next hash that is expected */
};

static struct map peers; /* source -> struct known */

static struct known *known_of(uint32_t source) {
    struct str address = str_n((const char *) &source, sizeof source);
    if (!peers.max_n)
        map_init(&peers, PEERS_MAX, 0);
    struct known *k = map_get(&peers, address);
    if (!k && (k = mem_zalloc(sizeof *k)) && map_put(&peers, address, k) < 0) {
        mem_free(k);
        k = NULL;
    }
    return k; /* NULL: more addresses than are remembered; what they repeat is doubled */
}

static struct relp *relp_of(struct stream *s) {
    struct relp *r = s->own;
    if (!r && (r = s->own = mem_zalloc(sizeof *r))) {
        r->known = known_of(s->source);
        r->again = r->known && r->known->n;
        r->at = UINT64_MAX;
    }
    return r;
}

/* Whether the message only repeats what was stored before this session. */
static bool repeats(struct relp *r, uint64_t hash) {
    struct known *k = r->known;
    uint64_t oldest = k->n > KNOWN_MAX ? k->n - KNOWN_MAX : 0;
    if (!r->again)
        return false;
    if (r->at == UINT64_MAX) /* the first: the latest place it can stand for */
        for (uint64_t i = k->n; i-- > oldest;)
            if (k->hashes[i % KNOWN_MAX] == hash) {
                r->at = i;
                break;
            }
    r->again = r->at < k->n && k->hashes[r->at % KNOWN_MAX] == hash;
    if (r->again)
        r->at++;
    return r->again;
}

static void answer(struct stream *s, uint32_t number, struct str data) {
    struct buf b;
    buf_init(&b, 4096);
    relp_frame_add(&b, number, "rsp", data);
    stream_write(s, buf_str(&b));
    buf_done(&b);
}

static int on_message(struct stream *s, struct relp *r, const struct relp_frame *f) {
    uint64_t hash = hash_fast(f->data, 0x52454c50);
    if (r->n == PENDING_MAX)
        return -ERR_LIMIT;
    struct str line = f->data;
    line.n -= line.n && line.p[line.n - 1] == '\n';
    if (!r->known || !repeats(r, hash)) {
        int e = line.n ? stream_put(s, line, 0) : 0;
        if (e < 0)
            return e;
        if (r->known)
            r->known->hashes[r->known->n++ % KNOWN_MAX] = hash;
    }
    r->pending[(r->first + r->n++) % PENDING_MAX] = (struct pending){f->number, s->put};
    return 0;
}

static int on_frame(struct stream *s, struct relp *r, const struct relp_frame *f) {
    static const char offers[] = "200 OK\nrelp_version=0\nrelp_software=kizuki," KIZUKI_VERSION "\ncommands=syslog";
    if (str_eq_z(f->command, "open")) {
        r->opened = true;
        answer(s, f->number, str_of(offers));
        return 0;
    }
    if (!r->opened)
        return -ERR_PARSE;
    if (str_eq_z(f->command, "syslog"))
        return on_message(s, r, f);
    if (str_eq_z(f->command, "close")) {
        answer(s, f->number, STR_NULL);
        stream_write(s, STR("0 serverclose 0\n"));
        stream_close_when_written(s);
        return 0;
    }
    answer(s, f->number, STR("500 command not known"));
    return 0;
}

int relp_take(struct stream *s, struct str in, bool end UNUSED, size_t *ret_used) {
    struct relp *r = relp_of(s);
    struct relp_frame f;
    int e = r ? 1 : -ENOMEM;
    uint64_t put = s->put;
    while (e > 0 && (e = relp_frame_next(str_from(in, *ret_used), &f)) > 0) {
        *ret_used += f.used;
        int x = on_frame(s, r, &f);
        e = x < 0 ? x : 1;
    }
    if (r && s->put == put) /* what was known has nothing to wait for but what came before it */
        relp_on_disk(s, r->on_disk);
    return e;
}

void relp_on_disk(struct stream *s, uint64_t number) {
    struct relp *r = s->own;
    r->on_disk = MAX(r->on_disk, number);
    while (r->n && r->pending[r->first].put <= number) {
        answer(s, r->pending[r->first].number, STR("200 OK"));
        r->first = (r->first + 1) % PENDING_MAX;
        r->n--;
    }
}

void relp_done(struct stream *s) {
    mem_free(s->own);
}

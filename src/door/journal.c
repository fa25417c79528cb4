#include "door/journal.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"

#include <fcntl.h>
#include <unistd.h>

static void add_line(struct buf *out, struct str line) {
    buf_printf(out, "%08x ", crc32c(0, line.p, line.n));
    buf_add(out, line);
    buf_add_byte(out, '\n');
}

static void add_begin(struct buf *out, struct str id, struct str way, int64_t at_ns) {
    struct buf line;
    buf_init(&line, 1024);
    buf_printf(&line, "b %.*s %.*s %lld", STR_ARG(id), STR_ARG(way), (long long) at_ns);
    add_line(out, buf_str(&line));
    buf_done(&line);
}

static void add_end(struct buf *out, struct str id, const struct door_outcome *o, int64_t at_ns) {
    struct buf line;
    buf_init(&line, 8192);
    buf_printf(&line, "e %.*s %s %s %s %d %lld ", STR_ARG(id), door_state_to_string(o->state), o->why, o->by[0] ? o->by : "-", o->status, (long long) at_ns);
    json_quote(&line, str_of(o->sentence));
    add_line(out, buf_str(&line));
    buf_done(&line);
}

static struct door_entry *entry_of(struct door_journal *j, struct str id) {
    union map_value *v;
    bool new;
    if (!door_id_ok(id) || map_add(&j->by_id, id, &v, &new) < 0)
        return NULL;
    if (new && !(v->ptr = mem_zalloc(sizeof(struct door_entry)))) {
        map_remove(&j->by_id, id);
        return NULL;
    }
    struct door_entry *e = v->ptr;
    snprintf(e->id, sizeof e->id, "%.*s", STR_ARG(id));
    return e;
}

/* A word as we write them: one with a control character would be cut or split when it is written anew. */
static bool is_word(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] <= ' ' || s.p[i] == 0x7f)
            return false;
    return s.n > 0;
}

static bool words(struct str *rest, struct str *dst, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!str_split(rest, ' ', &dst[i]) || !is_word(dst[i]))
            return false;
    return true;
}

static bool take_begin(struct door_journal *j, struct str rest) {
    struct str w[3];
    int64_t at;
    struct door_entry *e;
    if (!words(&rest, w, 3) || str_to_i64(w[2], &at) < 0)
        return false;
    if (at < j->oldest_ns)
        return true;
    if (!(e = entry_of(j, w[0])))
        return false;
    e->at_ns = at;
    snprintf(e->outcome.by, sizeof e->outcome.by, "%.*s", STR_ARG(w[1]));
    return true;
}

static bool take_end(struct door_journal *j, struct str rest) {
    struct arena a;
    struct json_value *v;
    struct str w[6];
    int64_t at, status;
    struct door_entry *e = NULL;
    arena_init(&a, 65536);
    int state = words(&rest, w, 6) ? door_state_from_string(w[1]) : -EINVAL;
    bool ok = state >= 0 && str_to_i64(w[4], &status) == 0 && str_to_i64(w[5], &at) == 0 && json_parse(&a, rest, &v, NULL) == 0 &&
              v->type == JSON_STRING;
    bool old = ok && at < j->oldest_ns;
    ok = ok && (old || (e = entry_of(j, w[0])));
    if (ok && !old) {
        e->at_ns = at;
        e->ended = true;
        e->outcome.state = (enum door_state) state;
        e->outcome.status = (int) status;
        snprintf(e->why, sizeof e->why, "%.*s", STR_ARG(w[2]));
        snprintf(e->outcome.by, sizeof e->outcome.by, "%.*s", STR_ARG(w[3]));
        snprintf(e->outcome.sentence, sizeof e->outcome.sentence, "%.*s", STR_ARG(v->text));
        e->outcome.why = e->why;
    }
    arena_done(&a);
    return ok;
}

static bool take_line(struct door_journal *j, struct str line) {
    char crc[16];
    struct str text = str_from(line, 9);
    snprintf(crc, sizeof crc, "%08x", crc32c(0, text.p, text.n));
    if (line.n < 11 || !str_eq(str_to(line, 8), str_of(crc)))
        return false;
    if (str_starts(text, STR("b ")))
        return take_begin(j, str_from(text, 2));
    return str_starts(text, STR("e ")) && take_end(j, str_from(text, 2));
}

/* Written anew: what is not forgotten, each message whose end was never written with one that says so. */
static int rewrite(struct door_journal *j, struct diag *err) {
    struct buf out;
    buf_init(&out, DOOR_JOURNAL_BYTES_MAX);
    for (struct map_slot *s = NULL; (s = map_next(&j->by_id, s));) {
        struct door_entry *e = s->value.ptr;
        if (!e->ended) {
            j->n_unknown++;
            e->ended = true;
            e->outcome.state = DOOR_UNKNOWN;
            snprintf(e->why, sizeof e->why, "crash");
            e->outcome.why = e->why;
            snprintf(e->outcome.sentence, sizeof e->outcome.sentence, "the door was ended while this was being sent: it may have been taken or not");
        }
        add_begin(&out, str_of(e->id), str_of(e->outcome.by), e->at_ns);
        add_end(&out, str_of(e->id), &e->outcome, e->at_ns);
    }
    int e = buf_error(&out) ? diag_set_at(err, buf_error(&out), j->path, 0, 0, "the journal has grown too large") : file_write_atomic(j->path, buf_str(&out), 0600, err);
    buf_done(&out);
    return e;
}

int door_journal_open(struct door_journal *j, const char *path, int64_t now_ns, struct diag *reterr) {
    struct arena a;
    struct str text = STR(""), line;
    *j = (struct door_journal){.fd = -1, .oldest_ns = now_ns - DOOR_JOURNAL_DAYS * NS_PER_DAY};
    snprintf(j->path, sizeof j->path, "%s", path);
    map_init(&j->by_id, 1 << 20, 0);
    arena_init(&a, 2 * DOOR_JOURNAL_BYTES_MAX);
    int e = file_read(&a, path, DOOR_JOURNAL_BYTES_MAX, &text, reterr);
    if (e == 0 || e == -ENOENT) {
        e = 0;
        while (str_split(&text, '\n', &line))
            j->torn += line.n && !take_line(j, line);
        e = rewrite(j, reterr);
    }
    arena_done(&a);
    if (e == 0 && (j->fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)) < 0)
        e = diag_set_at(reterr, -errno, path, 0, 0, "cannot open the journal: %s", err_word(-errno));
    return e;
}

void door_journal_close(struct door_journal *j) {
    if (j->fd >= 0)
        close(j->fd);
    for (struct map_slot *s = NULL; (s = map_next(&j->by_id, s));)
        mem_free(s->value.ptr);
    map_done(&j->by_id);
    j->fd = -1;
}

const struct door_entry *door_journal_find(const struct door_journal *j, struct str id) {
    return map_get(&j->by_id, id);
}

static int append(struct door_journal *j, struct buf *b, struct diag *err) {
    int e = buf_error(b);
    if (e == 0)
        e = file_write_all(j->fd, buf_str(b));
    if (e == 0 && fdatasync(j->fd) < 0)
        e = -errno;
    buf_done(b);
    return e < 0 ? diag_set_at(err, e, j->path, 0, 0, "cannot write the journal: %s", err_word(e)) : 0;
}

int door_journal_begin(struct door_journal *j, struct str id, struct str way, int64_t now_ns, struct diag *reterr) {
    struct buf b;
    if (door_journal_find(j, id))
        return -EEXIST;
    struct door_entry *entry = entry_of(j, id);
    if (!entry)
        return diag_set(reterr, -ENOMEM, "the journal holds as many messages as it can");
    entry->at_ns = now_ns;
    snprintf(entry->outcome.by, sizeof entry->outcome.by, "%.*s", STR_ARG(way));
    buf_init(&b, 2048);
    add_begin(&b, id, way, now_ns);
    int e = append(j, &b, reterr);
    if (e < 0) { /* nothing was sent, and it may be tried again */
        map_remove(&j->by_id, id);
        mem_free(entry);
    }
    return e;
}

int door_journal_end(struct door_journal *j, struct str id, const struct door_outcome *o, int64_t now_ns, struct diag *reterr) {
    struct door_entry *entry = map_get(&j->by_id, id);
    struct buf b;
    if (!entry)
        return -ENOENT;
    entry->ended = true;
    entry->at_ns = now_ns;
    entry->outcome = *o;
    snprintf(entry->why, sizeof entry->why, "%s", o->why);
    entry->outcome.why = entry->why;
    buf_init(&b, 16384);
    add_end(&b, id, o, now_ns);
    return append(j, &b, reterr);
}

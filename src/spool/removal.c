#include "spool/removal.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/mem.h"
#include "event/source.h"
#include "spool/prove.h"
#include "spool/segment.h"
#include "spool/tree.h"
#include "spool/walk.h"

#include <fcntl.h>
#include <stdio.h>

#define ORIGIN "kizuki/removed/"
enum { ORIGIN_CAP = sizeof ORIGIN + 2 * SPOOL_ID_BYTES };

static void origin_of(const uint8_t id[SPOOL_ID_BYTES], char dst[ORIGIN_CAP]) {
    memcpy(dst, ORIGIN, sizeof ORIGIN - 1);
    hex_encode(id, SPOOL_ID_BYTES, dst + sizeof ORIGIN - 1);
}

const char *spool_removal_name(uint32_t segment, char dst[SPOOL_NAME_CAP]) {
    snprintf(dst, SPOOL_NAME_CAP, "%08u.removed", segment);
    return dst;
}

static void path_of(const char *dir, uint32_t segment, char dst[4096 + 32]) {
    char name[SPOOL_NAME_CAP];
    snprintf(dst, 4096 + 32, "%.4000s/%s", dir, spool_removal_name(segment, name));
}

/* ---- the note ---- */

int spool_removal_write(const struct spool_removal *x, const struct sign_secret *key, const struct sign_public *pub,
                        struct buf *out) {
    char origin[ORIGIN_CAP], when[TIME_ISO_CAP], hash[BASE64_CHARS(SHA256_BYTES) + 1];
    struct buf text;
    origin_of(x->id, origin);
    buf_init(&text, REMOVAL_BYTES_MAX);
    buf_printf(&text, "segment %u\nrecords %llu %llu\nremoved %s\nwhy %s", x->segment, (unsigned long long) x->from,
               (unsigned long long) x->to, time_format_iso(x->removed_ns, 3, when), x->why);
    for (uint32_t i = 0; i < x->n; i++) {
        base64_encode(x->nodes[i].hash.bytes, SHA256_BYTES, hash);
        buf_printf(&text, "\nnode %u %s", x->nodes[i].level, hash);
    }
    int r = buf_error(&text);
    if (r == 0)
        r = sign_note(key, pub, origin, buf_str(&text), out);
    buf_done(&text);
    return r;
}

static int read_records(struct str s, struct spool_removal *x) {
    struct str from;
    return str_split(&s, ' ', &from) && str_to_u64(from, &x->from) == 0 && str_to_u64(s, &x->to) == 0 && x->from > 0 &&
                   x->from <= x->to
               ? 0
               : -ERR_PARSE;
}

static int read_node(struct str s, struct spool_removal *x) {
    struct str level;
    uint64_t v;
    if (x->n == REMOVAL_NODES_MAX || !str_split(&s, ' ', &level) || str_to_u64(level, &v) < 0 || v >= MERKLE_LEVELS_MAX)
        return -ERR_PARSE;
    x->nodes[x->n].level = (uint8_t) v;
    return base64_decode(s, x->nodes[x->n++].hash.bytes, SHA256_BYTES);
}

static int read_line(struct str line, struct spool_removal *x) {
    uint64_t v;
    int zone;
    if (str_starts(line, STR("segment "))) {
        if (str_to_u64(str_from(line, 8), &v) < 0 || v == 0 || v > UINT32_MAX)
            return -ERR_PARSE;
        x->segment = (uint32_t) v;
    } else if (str_starts(line, STR("records "))) {
        return read_records(str_from(line, 8), x);
    } else if (str_starts(line, STR("removed "))) {
        return time_parse_iso(str_from(line, 8), &x->removed_ns, &zone) < 0 ? -ERR_PARSE : 0;
    } else if (str_starts(line, STR("why "))) {
        struct str why = str_to(str_from(line, 4), REMOVAL_WHY_MAX);
        memcpy(x->why, why.p, why.n);
        x->why[why.n] = 0;
    } else if (str_starts(line, STR("node "))) {
        return read_node(str_from(line, 5), x);
    }
    return line.n ? 0 : -ERR_PARSE;
}

/* The largest node that begins at leaf `at` and ends before `end`. */
static unsigned level_at(uint64_t at, uint64_t end) {
    unsigned level = 0;
    while (level + 1 < MERKLE_LEVELS_MAX - 1 && (at & ((2ull << level) - 1)) == 0 && at + (2ull << level) <= end)
        level++;
    return level;
}

static bool covers(const struct spool_removal *x) {
    uint64_t at = x->from - 1;
    for (uint32_t i = 0; i < x->n; at += 1ull << x->nodes[i].level, i++)
        if (at >= x->to || x->nodes[i].level != level_at(at, x->to))
            return false;
    return at == x->to;
}

int spool_removal_read(struct str note, const struct sign_public *key, struct spool_removal *ret, struct diag *reterr) {
    struct spool_removal x = {0};
    struct str text, line;
    char origin[ORIGIN_CAP];
    if (note.n > REMOVAL_BYTES_MAX || !str_starts(note, STR(ORIGIN)) || note.n < ORIGIN_CAP ||
        hex_decode(str_to(str_from(note, sizeof ORIGIN - 1), sizeof x.id * 2), x.id, sizeof x.id) < 0)
        return diag_set(reterr, -ERR_PARSE, "no note of a removal");
    origin_of(x.id, origin);
    int r = sign_open_note(key, origin, note, &text, reterr);
    while (r == 0 && str_split(&text, '\n', &line))
        r = read_line(line, &x);
    if (r == 0 && (x.segment == 0 || x.from == 0 || !covers(&x)))
        r = -ERR_PARSE;
    if (r == -ERR_PARSE)
        return diag_set(reterr, r, "a signed note that is none of a removal");
    if (r == 0)
        *ret = x;
    return r;
}

int spool_removal_load(const char *dir, uint32_t segment, const struct sign_public *key, struct spool_removal *ret,
                       struct diag *reterr) {
    char path[4096 + 32];
    struct arena a;
    struct str note;
    path_of(dir, segment, path);
    arena_init(&a, 1 << 17);
    int r = file_read(&a, path, REMOVAL_BYTES_MAX, &note, reterr);
    if (r == 0)
        r = spool_removal_read(note, key, ret, reterr);
    if (r == 0 && ret->segment != segment)
        r = diag_set(reterr, -ERR_PARSE, "it is that of segment %u", ret->segment);
    arena_done(&a);
    return r;
}

int spool_removal_load_by(const char *dir, uint32_t segment, const struct sign_public *seals, const struct sign_public *vault,
                          struct spool_removal *ret, const struct sign_public **ret_by, struct diag *reterr) {
    const struct sign_public *by = seals;
    int r = spool_removal_load(dir, segment, by, ret, reterr);
    if (r == -ERR_REFUSED && vault)
        r = spool_removal_load(dir, segment, by = vault, ret, reterr);
    if (r == 0 && ret_by)
        *ret_by = by;
    return r;
}

int spool_removal_save(const char *dir, uint32_t segment, struct str note, struct diag *reterr) {
    char path[4096 + 32];
    path_of(dir, segment, path);
    return file_write_atomic(path, note, 0444, reterr);
}

/* ---- what may go ---- */

static int head_of(int dir_fd, uint32_t segment, struct spool_header *ret, bool *ret_sealed) {
    struct spool_file file;
    int r = spool_file_open(dir_fd, segment, &file);
    if (r < 0)
        return r;
    *ret_sealed = file.pieces != NULL;
    r = spool_segment_header(&file, segment, ret);
    spool_file_close(&file);
    return r;
}

static int load_checkpoint(const char *dir, uint32_t segment, const struct sign_public *pub, struct spool_checkpoint *ret,
                           struct diag *err) {
    char name[SPOOL_NAME_CAP], path[4096 + SPOOL_NAME_CAP];
    struct arena a;
    struct str note;
    snprintf(path, sizeof path, "%.4000s/%s", dir, spool_checkpoint_name(segment, name));
    arena_init(&a, 1 << 16);
    int r = file_read(&a, path, CHECKPOINT_BYTES_MAX, &note, err);
    if (r == 0)
        r = spool_checkpoint_read(note, pub, ret, err);
    arena_done(&a);
    return r;
}

/* It begins where its predecessor's checkpoint ends: else leaves of holes stand between, which are nobody's. */
static bool fits(const char *dir, uint32_t segment, const struct sign_public *pub, uint64_t base, uint64_t first,
                 uint64_t *ret_to) {
    struct spool_checkpoint before = {0}, own;
    if (load_checkpoint(dir, segment, pub, &own, NULL) < 0 || own.size > base || own.size < first)
        return false;
    *ret_to = own.size;
    return segment == 1 ? first == 1 : load_checkpoint(dir, segment - 1, pub, &before, NULL) == 0 && before.size + 1 == first;
}

static int list_candidates(const char *dir, int dir_fd, const struct sign_public *pub, int64_t before_ns, uint64_t base, struct spool_candidate **ret,
                           size_t *ret_n, struct diag *err) {
    struct spool_segments l;
    struct spool_header head, next;
    bool sealed = false, sealed_next = false;
    uint64_t to;
    size_t cap = 0;
    int r = spool_segments_list(dir_fd, false, &l, err);
    if (r < 0)
        return r;
    if (l.n)
        r = head_of(dir_fd, l.at[0], &head, &sealed);
    for (uint32_t i = 0; r == 0 && i + 1 < l.n; i++, head = next, sealed = sealed_next) {
        if ((r = head_of(dir_fd, l.at[i + 1], &next, &sealed_next)) < 0)
            break;
        if (next.created_ns >= before_ns) /* all behind it are younger */
            break;
        if (!sealed || !fits(dir, l.at[i], pub, base, head.first, &to))
            continue;
        r = mem_grow((void **) ret, &cap, *ret_n + 1, UINT32_MAX, sizeof **ret);
        if (r == 0)
            (*ret)[(*ret_n)++] = (struct spool_candidate){l.at[i], head.first, to, head.created_ns, next.created_ns};
    }
    spool_segments_done(&l);
    return r < 0 ? diag_set(err, r, "cannot read the spool: %s", err_word(r)) : 0;
}

int spool_candidates(const char *dir, const struct sign_public *key, int64_t before_ns, struct spool_candidate **ret, size_t *ret_n,
                     struct diag *reterr) {
    struct spool_checkpoint newest;
    uint32_t segment = 0;
    *ret = NULL;
    *ret_n = 0;
    int r = spool_newest_checkpoint(dir, &segment, reterr);
    if (r < 0 || segment == 0)
        return r;
    r = load_checkpoint(dir, segment, key, &newest, reterr);
    int fd = r == 0 ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (r == 0 && fd < 0)
        r = diag_set(reterr, -errno, "cannot open the spool '%s': %s", dir, err_word(-errno));
    /* A sealer that starts again hashes the records since the last whole block anew. */
    if (r == 0)
        r = list_candidates(dir, fd, key, before_ns, newest.size >> TREE_BASE_LEVEL << TREE_BASE_LEVEL, ret, ret_n, reterr);
    if (fd >= 0)
        close(fd);
    if (r < 0) {
        mem_free(*ret);
        *ret = NULL;
        *ret_n = 0;
    }
    return r;
}

int spool_newest_segment(const char *dir, uint32_t *ret, struct diag *reterr) {
    struct spool_segments l;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? diag_set(reterr, -errno, "cannot open the spool '%s': %s", dir, err_word(-errno)) : spool_segments_list(fd, false, &l, reterr);
    if (fd >= 0)
        close(fd);
    if (r < 0)
        return r;
    *ret = l.n ? l.at[l.n - 1] : 0;
    spool_segments_done(&l);
    return 0;
}

/* ---- whose lines are in it ---- */

struct census {
    struct arena *a;
    struct str names[SOURCES_MAX];
    bool seen[SOURCES_MAX];
};

static int take_frame(struct census *c, const struct spool_frame *f, struct spool_age *age) {
    struct source s;
    age->to = MAX(age->to, f->rec.pos.n);
    if (f->type == SPOOL_SOURCE && source_decode(f->rec.bytes, &s) == 0 && s.id < SOURCES_MAX) {
        c->names[s.id] = arena_dup(c->a, s.name);
        return c->names[s.id].p ? 0 : -ENOMEM;
    }
    if (f->type == SPOOL_LINE) {
        c->seen[f->rec.source < SOURCES_MAX ? f->rec.source : 0] = true;
        age->newest_ns = MAX(age->newest_ns, f->rec.arrival_ns);
    }
    return 0;
}

static int walk_all(struct census *c, struct spool_file *file, const struct spool_header *head, struct spool_age *age) {
    struct spool_walk w = {.cap = SPOOL_WALK_BYTES, .buf = mem_alloc(SPOOL_WALK_BYTES)};
    struct spool_frame f;
    struct spool_gap gap;
    int r = w.buf ? 1 : -ENOMEM;
    if (r == 1)
        spool_walk_begin(&w, file, spool_frame_seed(head), SPOOL_HEADER_BYTES, head->first);
    while (r > 0) {
        r = spool_walk_next(&w, &f);
        if (r == WALK_FRAME)
            r = f.type == SPOOL_MARK ? 1 : (r = take_frame(c, &f, age)) < 0 ? r : 1;
        else if (r == WALK_STOP)
            r = spool_walk_at_end(&w) ? 0 : spool_walk_resync(&w, true, &gap);
    }
    mem_free(w.buf);
    return r;
}

int spool_age_of(const char *dir, uint32_t segment, struct arena *a, struct spool_age *ret, struct diag *reterr) {
    struct census *c = mem_zalloc(sizeof *c);
    struct spool_file file = {.fd = -1};
    struct spool_header head;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = !c ? -ENOMEM : fd < 0 ? -errno : spool_file_open(fd, segment, &file);
    if (r == 0) {
        c->a = a;
        r = spool_segment_header(&file, segment, &head);
        *ret = (struct spool_age){.segment = segment, .from = head.first, .newest_ns = head.created_ns};
        if (r == 0)
            r = walk_all(c, &file, &head, ret);
        spool_file_close(&file);
    }
    size_t cap = 0;
    for (uint32_t i = 0; r == 0 && i < SOURCES_MAX; i++) {
        if (!c->seen[i])
            continue;
        r = arena_grow(a, (void **) &ret->sources, &cap, ret->n_sources + 1, sizeof *ret->sources);
        if (r == 0)
            ret->sources[ret->n_sources++] = c->names[i].p ? c->names[i] : STR("");
    }
    if (fd >= 0)
        close(fd);
    mem_free(c);
    return r < 0 ? diag_set(reterr, r, "segment %u cannot be read: %s", segment, err_word(r)) : 0;
}

/* ---- removing ---- */

static int note_of(const char *dir, struct spool_removal *x, struct diag *err) {
    struct spool_prover *p = NULL;
    int r = spool_prover_open(dir, &p, err);
    for (uint64_t at = x->from - 1; r == 0 && at < x->to;) {
        unsigned level = level_at(at, x->to);
        x->nodes[x->n].level = (uint8_t) level;
        r = spool_prove_node(p, level, at >> level, &x->nodes[x->n++].hash, err);
        at += 1ull << level;
    }
    spool_prover_close(p);
    return r;
}

int spool_segment_remove(const char *dir, const struct spool_candidate *c, const char *why, int64_t now_ns, const struct sign_public *seals,
                         const struct sign_secret *key, const struct sign_public *pub, struct diag *reterr) {
    struct spool_removal *x = mem_zalloc(sizeof *x);
    struct spool_checkpoint own;
    char path[4096 + 32], name[SPOOL_NAME_CAP];
    struct buf note;
    if (!x)
        return diag_set(reterr, -ENOMEM, "out of memory");
    x->segment = c->segment;
    x->from = c->from;
    x->to = c->to;
    x->removed_ns = now_ns;
    snprintf(x->why, sizeof x->why, "%s", why);
    buf_init(&note, REMOVAL_BYTES_MAX);
    path_of(dir, c->segment, path);
    bool noted = access(path, F_OK) == 0;
    int r = noted ? 0 : load_checkpoint(dir, c->segment, seals, &own, reterr);
    if (r == 0 && !noted) {
        memcpy(x->id, own.id, sizeof own.id);
        r = note_of(dir, x, reterr);
        if (r == 0 && (r = spool_removal_write(x, key, pub, &note)) == 0)
            r = file_write_atomic(path, buf_str(&note), 0444, reterr);
    }
    buf_done(&note);
    mem_free(x);
    if (r < 0)
        return diag_prefix(reterr, "segment %u is not removed", c->segment);
    snprintf(path, sizeof path, "%.4000s/%s", dir, spool_sealed_name(c->segment, name));
    return unlink(path) < 0 && errno != ENOENT ? diag_set(reterr, -errno, "cannot remove '%s': %s", path, err_word(-errno)) : 0;
}

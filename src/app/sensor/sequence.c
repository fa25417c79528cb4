/* See sequence.h. */
#include "app/sensor/sequence.h"

#include "base/hash.h"
#include "base/image.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

enum {
    HEAD_BYTES = 512, /* before the JSON of a line: a syslog header */
    ANEW_BELOW = 100, /* a series that begins again begins here … */
    ANEW_ABOVE = 1000, /* … when it had come this far … */
    ANEW_RUN = 3,      /* … and so many follow each other */
    SCRATCH_BYTES = 2 * LINE_BYTES_MAX, /* paths of one line; a line that needs more is not looked at */
};

void sequence_done(struct sequence *s) {
    for (size_t i = 0; i < s->cap; i++)
        mem_free(s->rows[i]);
    mem_free(s->rows);
    if (s->cap)
        arena_done(&s->scratch);
    *s = (struct sequence){0};
}

/* ---- the number of a record ---- */

struct numbered {
    struct str host, log;
    uint64_t number;
    unsigned have; /* bits: number, log, host */
};
enum { HAVE_NUMBER = 1, HAVE_LOG = 2, HAVE_HOST = 4, HAVE_ALL = 7 };

/* As field maps have the names (content/fields/windows.yml). */
static const struct {
    const char *path;
    unsigned is;
} PATHS[] = {
    {"EventRecordID", HAVE_NUMBER},
    {"RecordNumber", HAVE_NUMBER},
    {"winlog.record_id", HAVE_NUMBER},
    {"Event.System.EventRecordID", HAVE_NUMBER},
    {"Channel", HAVE_LOG},
    {"winlog.channel", HAVE_LOG},
    {"Event.System.Channel", HAVE_LOG},
    {"Computer", HAVE_HOST},
    {"Hostname", HAVE_HOST},
    {"winlog.computer_name", HAVE_HOST},
    {"Event.System.Computer", HAVE_HOST},
};

static int take(void *ctx, struct str path, enum json_type type, struct str raw, bool escaped) {
    struct numbered *n = ctx;
    unsigned is = 0;
    for (size_t i = 0; i < ARRAY_SIZE(PATHS) && !is; i++)
        is = str_eq_z(path, PATHS[i].path) ? PATHS[i].is : 0;
    if (!is || (n->have & is) || (type != JSON_STRING && type != JSON_NUMBER) || !raw.n)
        return 0;
    if (is == HAVE_NUMBER && str_to_u64(raw, &n->number) < 0)
        return 0;
    if (is == HAVE_LOG)
        n->log = raw; /* a name with escapes is the same name each time */
    if (is == HAVE_HOST)
        n->host = raw;
    IGNORE(escaped);
    n->have |= is;
    return n->have == HAVE_ALL;
}

static bool windows_number(struct sequence *s, struct str line, struct numbered *ret) {
    ptrdiff_t brace = str_find_byte(str_to(line, MIN(line.n, (size_t) HEAD_BYTES)), '{', 0);
    if (brace < 0 || (str_find(line, STR("ecordID\""), 0) < 0 && str_find(line, STR("RecordNumber\""), 0) < 0 &&
                      str_find(line, STR("record_id\""), 0) < 0))
        return false;
    struct arena_mark mark = arena_mark(&s->scratch);
    int r = json_walk_raw(&s->scratch, str_from(line, (size_t) brace), NULL, take, ret, NULL);
    arena_rewind(&s->scratch, mark);
    return r >= 0 && (ret->have & HAVE_NUMBER) && (ret->have & HAVE_LOG);
}

/* "s=ID;i=NUMBER;…", the number in hexadecimal. */
static bool journal_number(struct str cursor, struct numbered *ret) {
    ptrdiff_t at = str_find(cursor, STR(";i="), 0);
    if (!str_starts(cursor, STR("s=")) || at < 0)
        return false;
    ret->host = str_n(cursor.p + 2, (size_t) at - 2);
    ret->log = STR("journal");
    size_t i = (size_t) at + 3, from = i;
    for (; i < cursor.n && i < from + 16; i++) {
        char c = ascii_lower(cursor.p[i]);
        if (!ascii_digit(c) && (c < 'a' || c > 'f'))
            break;
        ret->number = ret->number << 4 | (uint64_t) (ascii_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return i > from;
}

static bool number_of(struct sequence *s, const struct raw_record *rec, struct numbered *ret) {
    struct str b = rec->bytes;
    if (rec->flags & (RAW_TICK | RAW_SOURCE | RAW_STATE | RAW_DRILL | RAW_PIECE | RAW_PIECE_NEXT | RAW_PIECE_LAST))
        return false;
    if (!(rec->flags & RAW_JOURNAL))
        return windows_number(s, b, ret);
    if (str_starts(b, STR("__CURSOR="))) /* of the export format it is the first; elsewhere it may be somebody's text */
        return journal_number(str_from(b, sizeof "__CURSOR=" - 1), ret);
    return journal_number(rec->resume, ret);
}

/* ---- series ---- */

static uint64_t hash_of(uint32_t source, struct str host, struct str log) {
    return hash_mix(hash_sip(log), hash_mix(hash_sip(host), source));
}

static bool is_row(const struct sequence_row *r, uint32_t source, struct str host, struct str log) {
    return r->source == source && str_eq_z(host, r->host) && str_eq_z(log, r->log);
}

static struct sequence_row **slot_of(struct sequence *s, uint32_t source, struct str host, struct str log) {
    size_t i = hash_of(source, host, log) & (s->cap - 1);
    while (s->rows[i] && !is_row(s->rows[i], source, host, log))
        i = (i + 1) & (s->cap - 1);
    return &s->rows[i];
}

static int grow(struct sequence *s) {
    struct sequence old = *s;
    size_t cap = MAX(64, 2 * s->cap);
    struct sequence_row **rows = mem_zalloc_array(cap, sizeof(struct sequence_row *));
    if (!rows)
        return -ENOMEM;
    if (!s->cap)
        arena_init(&s->scratch, SCRATCH_BYTES);
    s->rows = rows;
    s->cap = cap;
    for (size_t i = 0; i < old.cap; i++)
        if (old.rows[i])
            *slot_of(s, old.rows[i]->source, str_of(old.rows[i]->host), str_of(old.rows[i]->log)) = old.rows[i];
    mem_free(old.rows);
    return 0;
}

/* NULL in *ret: there are too many already. */
static int row_of(struct sequence *s, uint32_t source, struct str host, struct str log, struct sequence_row **ret) {
    *ret = NULL;
    if (2 * (s->n + 1) > s->cap) {
        int r = grow(s);
        if (r < 0)
            return r;
    }
    struct sequence_row **slot = slot_of(s, source, host, log);
    if (!*slot && s->n >= SEQUENCES_MAX)
        return 0;
    if (!*slot) {
        if (!(*slot = mem_zalloc(sizeof **slot)))
            return -ENOMEM;
        s->n++;
        (*slot)->source = source;
        memcpy((*slot)->host, host.p, host.n);
        memcpy((*slot)->log, log.p, log.n);
    }
    *ret = *slot;
    return 0;
}

static void add_hole(struct sequence_row *r, struct sequence_hole h) {
    if (r->n_holes == SEQUENCE_HOLES) { /* the youngest takes the new one in */
        struct sequence_hole *last = &r->holes[SEQUENCE_HOLES - 1];
        last->to = MAX(last->to, h.to);
        last->left += h.left;
        return;
    }
    r->holes[r->n_holes++] = h;
}

static void drop_hole(struct sequence_row *r, uint32_t i) {
    memmove(&r->holes[i], &r->holes[i + 1], (r->n_holes - i - 1) * sizeof r->holes[0]);
    r->n_holes--;
}

static bool fills(struct sequence_row *r, uint64_t number) {
    for (uint32_t i = 0; i < r->n_holes; i++) {
        struct sequence_hole *h = &r->holes[i];
        if (h->anew || number < h->from || number > h->to)
            continue;
        if (--h->left == 0) {
            r->run += (uint32_t) SEQUENCE_DENSE << r->lacked; /* nothing was missing: the series is as dense as before */
            drop_hole(r, i);
        }
        return true;
    }
    return false;
}

/* A number that was passed already: late, sent again, or of a series that begins anew. */
static void note_below(struct sequence_row *r, uint64_t number, int64_t at_ns, bool old) {
    if (fills(r, number) || r->last < ANEW_ABOVE)
        return;
    r->below_run = r->below_run && number == r->below ? r->below_run + 1 : number <= ANEW_BELOW;
    r->below = number + 1;
    if (r->below_run < ANEW_RUN)
        return;
    if (!old)
        add_hole(r, (struct sequence_hole){.from = r->last + 1, .at_ns = at_ns, .anew = true, .left = 1});
    r->last = number;
    r->run = r->below_run;
    r->below_run = 0;
}

static void note(struct sequence_row *r, uint64_t number, int64_t at_ns, bool old) {
    bool first = r->run == 0;
    if (!first && number <= r->last) {
        note_below(r, number, at_ns, old);
        return;
    }
    r->below_run = 0;
    if (first || number == r->last + 1) {
        r->run = MIN(r->run + 1, UINT32_MAX / 2);
    } else {
        if (r->run >= (uint32_t) SEQUENCE_DENSE << r->lacked && !old)
            add_hole(r, (struct sequence_hole){
                            .from = r->last + 1, .to = number - 1, .left = number - r->last - 1, .at_ns = at_ns});
        r->run = 1;
    }
    r->last = number;
}

int sequence_note(struct sequence *s, const struct raw_record *rec) {
    struct numbered n = {.host = STR(""), .log = STR("")};
    struct sequence_row *row;
    int r = s->cap ? 0 : grow(s);
    if (r < 0 || !number_of(s, rec, &n))
        return r;
    n.host = str_to(n.host, MIN(n.host.n, (size_t) SEQUENCE_TEXT_BYTES - 1));
    n.log = str_to(n.log, MIN(n.log.n, (size_t) SEQUENCE_TEXT_BYTES - 1));
    if (memchr(n.host.p, 0, n.host.n) || memchr(n.log.p, 0, n.log.n))
        return 0;
    r = row_of(s, rec->source, n.host, n.log, &row);
    if (r == 0 && row)
        note(row, n.number, rec->arrival_ns, (rec->flags & RAW_BACKFILL) != 0);
    return r;
}

bool sequence_due(struct sequence *s, uint32_t source, int64_t now_ns,
                  bool (*tell)(void *ctx, const struct sequence_row *row, const struct sequence_hole *hole), void *ctx) {
    for (size_t i = 0; i < s->cap; i++) {
        struct sequence_row *r = s->rows[i];
        for (uint32_t k = 0; r && r->source == source && k < r->n_holes; k++)
            if (r->holes[k].anew || now_ns - r->holes[k].at_ns >= SEQUENCE_GRACE_NS) {
                if (!tell(ctx, r, &r->holes[k]))
                    return false;
                r->lacked = MIN(r->lacked + !r->holes[k].anew, (uint32_t) SEQUENCE_LACKED_MAX);
                drop_hole(r, k);
                return true;
            }
    }
    return false;
}

/* ---- state ---- */

static void text_image(struct image *x, char z[SEQUENCE_TEXT_BYTES]) {
    struct str t = str_of(z);
    image_str(x, &t, SEQUENCE_TEXT_BYTES - 1);
    if (x->reading) {
        memcpy(z, t.p, t.n);
        z[t.n] = 0;
    }
}

static void row_image(struct sequence_row *r, struct image *x) {
    image_u32(x, &r->source);
    image_u32(x, &r->run);
    image_u32(x, &r->lacked);
    if (r->lacked > SEQUENCE_LACKED_MAX)
        image_fail(x, -ERR_CORRUPT);
    image_u64(x, &r->last);
    image_u64(x, &r->below);
    image_u32(x, &r->below_run);
    image_count(x, &r->n_holes, SEQUENCE_HOLES);
    for (uint32_t i = 0; i < r->n_holes; i++) {
        image_u64(x, &r->holes[i].from);
        image_u64(x, &r->holes[i].to);
        image_u64(x, &r->holes[i].left);
        image_i64(x, &r->holes[i].at_ns);
        image_bool(x, &r->holes[i].anew);
    }
    text_image(x, r->host);
    text_image(x, r->log);
}

void sequence_image(struct sequence *s, struct image *x) {
    size_t n = s->n, at = 0;
    image_size(x, &n, SEQUENCES_MAX);
    for (size_t i = 0; i < n && !x->error; i++) {
        struct sequence_row row = {0}, *to;
        while (!x->reading && !s->rows[at])
            at++;
        if (!x->reading) {
            row_image(s->rows[at++], x);
            continue;
        }
        row_image(&row, x);
        int r = x->error ? x->error : row_of(s, row.source, str_of(row.host), str_of(row.log), &to);
        if (r < 0)
            image_fail(x, r);
        else if (to)
            *to = row;
    }
}

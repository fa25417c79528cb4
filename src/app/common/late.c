/* See late.h. */
#include "app/common/late.h"

#include "app/content/content.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/le.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time_written.h"
#include "intake/reader.h"
#include "table/match.h"
#include "table/unpack.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

enum { TEXT_MAX = 256 * 1024, OUT_BYTES = 1 << 20, REFUSALS_SHOWN = 50, HEAD_BYTES = 8 };

/* Hashes of lines: a table of 64-bit numbers, 0 = free. */
struct numbers {
    uint64_t *at;
    size_t n, cap;
};
struct counted { /* how often a line has stood in this file */
    uint64_t hash;
    uint32_t n;
};
struct late {
    const struct late_job *j;
    struct late_result *r;
    struct diag *err;
    struct arena arena; /* descriptions, mapping */
    struct import_spec spec;
    struct numbers seen;
    struct counted *lines; /* of the file at hand */
    size_t n_lines, cap_lines;
    struct buf out; /* records not written yet */
    int out_fd;
    char map_path[PATH_MAX];
    struct str columns;
    int offset_min;
    bool settled; /* source, columns and zone are known */
};

/* ---- what was seen ---- */

static int numbers_grow(struct numbers *x) {
    size_t cap = x->cap ? x->cap * 2 : 4096;
    uint64_t *at = mem_zalloc_array(cap, sizeof *at);
    if (!at)
        return -ENOMEM;
    for (size_t i = 0; i < x->cap; i++)
        if (x->at[i]) {
            size_t k = x->at[i] & (cap - 1);
            while (at[k])
                k = (k + 1) & (cap - 1);
            at[k] = x->at[i];
        }
    mem_free(x->at);
    x->at = at;
    x->cap = cap;
    return 0;
}

/* 1: new, 0: it was there. */
static int numbers_add(struct numbers *x, uint64_t v) {
    v = v ? v : 1;
    if (x->n >= LATE_LINES_MAX)
        return -ERR_LIMIT;
    if (x->n * 4 >= x->cap * 3 && numbers_grow(x) < 0)
        return -ENOMEM;
    size_t k = v & (x->cap - 1);
    for (; x->at[k]; k = (k + 1) & (x->cap - 1))
        if (x->at[k] == v)
            return 0;
    x->at[k] = v;
    x->n++;
    return 1;
}

static int count_line(struct late *l, uint64_t hash, uint32_t *ret) {
    if (l->n_lines * 4 >= l->cap_lines * 3) {
        size_t cap = l->cap_lines ? l->cap_lines * 2 : 4096;
        struct counted *at = cap > 4 * (size_t) LATE_LINES_MAX ? NULL : mem_zalloc_array(cap, sizeof *at);
        if (!at)
            return -ENOMEM;
        for (size_t i = 0; i < l->cap_lines; i++)
            if (l->lines[i].n) {
                size_t k = l->lines[i].hash & (cap - 1);
                while (at[k].n)
                    k = (k + 1) & (cap - 1);
                at[k] = l->lines[i];
            }
        mem_free(l->lines);
        l->lines = at;
        l->cap_lines = cap;
    }
    size_t k = hash & (l->cap_lines - 1);
    while (l->lines[k].n && l->lines[k].hash != hash)
        k = (k + 1) & (l->cap_lines - 1);
    l->n_lines += l->lines[k].n == 0;
    l->lines[k].hash = hash;
    *ret = l->lines[k].n++;
    return 0;
}

static uint64_t line_hash(struct str s) {
    uint8_t digest[SHA256_BYTES]; /* whoever writes lines must not be able to hide one behind another */
    sha256_of(s, digest);
    return le_get((const char *) digest, 8);
}

static int load_seen(struct late *l) {
    struct arena a;
    struct str bytes;
    arena_init(&a, 8 * (size_t) LATE_LINES_MAX + (1 << 20));
    int r = file_read(&a, l->r->seen, 8 * (size_t) LATE_LINES_MAX, &bytes, NULL);
    for (size_t i = 0; r == 0 && i + 8 <= bytes.n; i += 8)
        r = MIN(numbers_add(&l->seen, le_get(bytes.p + i, 8)), 0);
    arena_done(&a);
    return r == -ENOENT ? 0 : r;
}

static int write_seen(int fd, void *ctx) {
    struct late *l = ctx;
    char piece[65536];
    size_t n = 0;
    int r = 0;
    for (size_t i = 0; r == 0 && i < l->seen.cap; i++) {
        if (!l->seen.at[i])
            continue;
        le_put(piece + n, l->seen.at[i], 8);
        n += 8;
        if (n == sizeof piece) {
            r = file_write_all(fd, str_n(piece, n));
            n = 0;
        }
    }
    return r == 0 ? file_write_all(fd, str_n(piece, n)) : r;
}

/* ---- records ---- */

static int flush(struct late *l) {
    int r = l->out_fd >= 0 && l->out.n ? file_write_all(l->out_fd, buf_str(&l->out)) : 0;
    buf_clear(&l->out);
    return r < 0 ? diag_set(l->err, r, "cannot write what was read: %s", err_word(r)) : 0;
}

/* columns: of the lines of its file (event/columns.h). */
static int put(struct late *l, struct str line, struct str columns) {
    char length[5], which[8];
    uint32_t nth;
    uint64_t hash = line_hash(line);
    int r = count_line(l, hash, &nth);
    le_put(which, hash, 8);
    if (r == 0)
        r = numbers_add(&l->seen, hash_mix(hash, nth + 1));
    if (r < 0)
        return diag_set(l->err, r, r == -ERR_LIMIT ? "more than %d lines of one source are not remembered; give the file to another source" : "out of memory",
                        LATE_LINES_MAX);
    if (r == 0) {
        l->r->repeated++;
        return 0;
    }
    l->r->records++;
    if (l->r->records <= l->j->samples) {
        buf_add(&l->r->samples, str_to(line, 16384));
        buf_add_byte(&l->r->samples, '\n');
    }
    le_put(length, line.n, 4);
    le_put(length + 4, columns.n, 1);
    buf_add(&l->out, str_n(length, 5));
    buf_add(&l->out, columns);
    buf_add(&l->out, line);
    return l->out.n > OUT_BYTES / 2 ? flush(l) : buf_error(&l->out);
}

/* ---- source and mapping ---- */

/* "access_log-20261122.csv" -> "access_log". */
static struct str plain_name(struct arena *a, const char *file) {
    struct str s = str_of(file);
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0, end = s.n;
    for (size_t i = s.n; i-- > 0;)
        if (s.p[i] == '.' && i > 0)
            end = i;
    for (size_t i = 0; p && i < end; i++)
        if (!ascii_digit(s.p[i]) && !strchr("/\\\r\n", s.p[i]))
            p[n++] = s.p[i];
    while (n && strchr("-_ .", p[n - 1]))
        n--;
    return n ? str_to(str_n(p, n), 100) : STR("late logs");
}

/* Three lines: source, columns, minutes east of UTC. */
static void recall(struct late *l) {
    struct str text, source = STR(""), columns = STR(""), zone = STR(""), service = STR("");
    int64_t offset;
    if (!l->map_path[0] || file_read(&l->arena, l->map_path, 65536, &text, NULL) < 0)
        return;
    (void) (str_split(&text, '\n', &source) && str_split(&text, '\n', &columns) && str_split(&text, '\n', &zone) && str_split(&text, '\n', &service));
    if (!l->r->source[0])
        snprintf(l->r->source, sizeof l->r->source, "%.*s", STR_ARG(source));
    if (!l->r->service[0])
        snprintf(l->r->service, sizeof l->r->service, "%.*s", STR_ARG(service));
    if (!l->columns.p && columns.n)
        l->columns = columns;
    if (l->offset_min == LATE_NO_OFFSET && str_to_i64(zone, &offset) == 0 && offset > -1440 && offset < 1440)
        l->offset_min = (int) offset;
}

/* The first file settles where all of them go. */
static int settle(struct late *l) {
    char hex[17];
    uint8_t digest[SHA256_BYTES];
    if (l->settled)
        return 0;
    recall(l);
    if (!l->r->source[0])
        snprintf(l->r->source, sizeof l->r->source, "%.*s", STR_ARG(plain_name(&l->arena, l->j->name)));
    if (l->offset_min == LATE_NO_OFFSET)
        l->offset_min = TIME_JST_OFFSET_MIN;
    sha256_of(str_of(l->r->source), digest);
    hex_encode(digest, 8, hex);
    snprintf(l->r->seen, sizeof l->r->seen, "%.3900s/%s.seen", l->j->folder, hex);
    l->settled = true;
    return load_seen(l);
}

static int remember(struct late *l) {
    struct buf b;
    if (!l->map_path[0] || !l->j->keep)
        return 0;
    buf_init(&b, 65536);
    buf_printf(&b, "%s\n%.*s\n%d\n%s\n", l->r->source, STR_ARG(l->columns.p ? l->columns : STR("")), l->offset_min, l->r->service);
    int r = buf_error(&b) ? buf_error(&b) : file_write_atomic(l->map_path, buf_str(&b), 0600, l->err);
    buf_done(&b);
    return r;
}

/* ---- tables ---- */

static int64_t time_of(struct arena *a, struct str s, int offset_min) {
    struct time_written w;
    int64_t t;
    int offset;
    uint64_t epoch;
    s = str_trim(s);
    if ((s.n == 10 || s.n == 13) && str_to_u64(s, &epoch) == 0)
        return s.n == 10 ? (int64_t) epoch * NS_PER_S : (int64_t) epoch * NS_PER_MS;
    if (time_parse_iso(s, &t, &offset) == (int) s.n)
        return offset == TIME_NO_OFFSET ? t - offset_min * NS_PER_MIN : t;
    if (time_read_written(a, s, time_now_ns(), offset_min, &w, NULL, NULL) < 0 || w.date_assumed || w.precision == TIME_TO_DAY)
        return TIME_NONE;
    return w.t_ns;
}

static void refuse(struct late *l, const char *file, uint32_t row, struct str value) {
    if (l->r->refused++ >= REFUSALS_SHOWN)
        return;
    text_escape_controls(&l->r->refusals, str_of(file));
    buf_printf(&l->r->refusals, ", row %u: '", row);
    text_escape_controls(&l->r->refusals, str_to(value, 100));
    buf_add_z(&l->r->refusals, "' cannot be read as a time; map another column, or write it like 2026-11-22 18:05:03\n");
}

struct table_row_text {
    struct str fields[IMPORT_FIELDS_MAX];
};

static struct str named(const struct import_spec *s, const struct table_row_text *x, const char *name) {
    for (size_t i = 0; i < s->n_fields; i++)
        if (str_eq_z(s->fields[i].name, name))
            return x->fields[i];
    return STR("");
}

/* Whoever signs in with a result stands in a table of logins. */
static bool is_login(const struct import_spec *s, const struct table_row_text *x) {
    return named(s, x, "user.name").n && named(s, x, "event.outcome").n && !named(s, x, "url.path").n && !named(s, x, "http.request.method").n;
}

static int put_row(struct late *l, const struct import_match *m, const struct table_row *row, const char *file) {
    struct table_row_text x = {0};
    struct arena a;
    struct buf b;
    struct jsonw w;
    char at[TIME_ISO_CAP];
    bool any = false;
    arena_init(&a, 4 << 20);
    buf_init(&b, TEXT_MAX);
    for (size_t i = 0; i < m->n_columns; i++) {
        struct str text = str_trim(table_cell_at(row, m->columns[i].number).text);
        any |= text.n > 0;
        if (m->columns[i].field != SIZE_MAX)
            x.fields[m->columns[i].field] = text;
    }
    struct str when = named(&l->spec, &x, "@timestamp"), date = named(&l->spec, &x, "date");
    if (date.n)
        when = when.n ? arena_printf(&a, "%.*s %.*s", STR_ARG(date), STR_ARG(when)) : date;
    int64_t t = any && when.n ? time_of(&a, when, l->offset_min) : TIME_NONE;
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "@timestamp", t == TIME_NONE ? NULL : time_format_iso_offset(t, l->offset_min, 3, at));
    for (size_t i = 0; i < m->n_columns; i++) {
        const struct import_column *c = &m->columns[i];
        struct str text = str_trim(table_cell_at(row, c->number).text), kept = text;
        enum import_note note;
        const struct import_field *f = c->field == SIZE_MAX ? NULL : &l->spec.fields[c->field];
        if (!text.n || (f && (str_eq_z(f->name, "@timestamp") || str_eq_z(f->name, "date"))))
            continue;
        if (f && f->kind == IMPORT_CHOICE && import_value_read(&a, f, text, 0, &kept, &note) != IMPORT_FINE)
            f = NULL; /* a word nobody knows stays what it is, under its column's own name */
        struct str key = f ? f->name : arena_printf(&a, "csv.%.*s", STR_ARG(c->head.n ? c->head : STR("column")));
        if (key.p) {
            jsonw_key(&w, key);
            jsonw_str(&w, f ? kept : text);
        }
    }
    if (is_login(&l->spec, &x)) {
        jsonw_kz(&w, "event.category", "authentication");
        if (!named(&l->spec, &x, "event.action").n)
            jsonw_kz(&w, "event.action", "login");
    }
    if (l->r->service[0])
        jsonw_kz(&w, "service.name", l->r->service);
    jsonw_end(&w);
    int r = buf_error(&b);
    if (r == 0 && any && t == TIME_NONE)
        refuse(l, file, row->number, when.n ? when : STR(""));
    else if (r == 0 && any) {
        l->r->first_ns = l->r->first_ns == TIME_NONE ? t : MIN(l->r->first_ns, t);
        l->r->last_ns = MAX(l->r->last_ns, t);
        r = put(l, buf_str(&b), STR(""));
    }
    buf_done(&b);
    arena_done(&a);
    return r;
}

/* The shape: what the columns are called, in their order. */
static void shape_of(struct late *l, const struct import_match *m) {
    struct sha256 h;
    uint8_t digest[SHA256_BYTES];
    char hex[17];
    sha256_init(&h);
    for (size_t i = 0; i < m->n_columns; i++) {
        struct str key = import_fold(&l->arena, m->columns[i].head);
        sha256_add(&h, key.p ? key : STR(""));
        sha256_add(&h, STR("\n"));
    }
    sha256_end(&h, digest);
    hex_encode(digest, 8, hex);
    snprintf(l->map_path, sizeof l->map_path, "%.3900s/%s.map", l->j->folder, hex);
}

static void tell_columns(struct late *l, const struct import_match *m, const char *file) {
    buf_add_z(&l->r->columns, file);
    buf_add_z(&l->r->columns, ":");
    for (size_t i = 0; i < m->n_columns; i++) {
        if (!m->columns[i].head.n)
            continue;
        buf_printf(&l->r->columns, "%s %u '", i ? "," : "", m->columns[i].number);
        text_escape_controls(&l->r->columns, str_to(m->columns[i].head, 100));
        buf_printf(&l->r->columns, "' = %.*s", STR_ARG(m->columns[i].field == SIZE_MAX ? STR("csv.*") : l->spec.fields[m->columns[i].field].name));
    }
    buf_add_byte(&l->r->columns, '\n');
}

static int put_table(struct late *l, const struct table *t, struct import_match *m, const char *file) {
    int r;
    shape_of(l, m);
    if ((r = settle(l)) < 0)
        return r;
    if (l->columns.p) /* by hand or remembered */
        r = import_match_table(&l->arena, t, &l->spec, m->sheet->name.n ? m->sheet->name : STR_NULL, l->columns, m, l->err);
    if (r == 0)
        r = remember(l);
    tell_columns(l, m, file);
    l->r->tables++;
    for (size_t i = m->head_to + 1; r == 0 && i < m->sheet->n_rows; i++)
        r = put_row(l, m, &m->sheet->rows[i], file);
    return r;
}

/* ---- files ---- */

static int put_lines(struct late *l, const char *path) {
    struct intake_reader_options o = {.flags = RAW_BACKFILL};
    CLEANUP(intake_reader_freep) struct intake_reader *reader = NULL;
    struct intake_batch batch;
    int r = settle(l), more = 0;
    intake_batch_init(&batch);
    if (r == 0)
        r = intake_reader_open(path, &o, &reader, l->err);
    while (r == 0 && (more = intake_reader_next(reader, &batch, l->err)) > 0)
        for (size_t i = 0; r == 0 && i < batch.n; i++)
            if (batch.records[i].bytes.n && !(batch.records[i].flags & (RAW_PIECE | RAW_PIECE_LAST)))
                r = put(l, batch.records[i].bytes, batch.records[i].peer);
            else
                l->r->refused += batch.records[i].flags & RAW_PIECE_LAST ? 1 : 0; /* a line beyond LINE_BYTES_MAX */
    intake_batch_done(&batch);
    return r < 0 ? r : more;
}

static bool is_workbook(struct str head) {
    return str_starts(head, STR("PK\x03\x04")) && (str_find(head, STR("[Content_Types].xml"), 0) >= 0 || str_find(head, STR("_rels/"), 0) >= 0 ||
                                                   str_find(head, STR("xl/"), 0) >= 0 || str_find(head, STR("docProps/"), 0) >= 0);
}

/* 1: it was a table. */
static int try_table(struct late *l, const char *path, const char *file, bool workbook) {
    struct arena a;
    struct str bytes;
    struct table t;
    struct import_match m;
    struct diag d = {0};
    arena_init(&a, TABLE_FILE_BYTES_MAX + (1 << 20));
    int r = file_read(&a, path, TABLE_FILE_BYTES_MAX, &bytes, &d);
    if (r == 0)
        r = table_read(bytes, file, &t, &d);
    if (r < 0) {
        arena_done(&a);
        return workbook ? diag_set(l->err, r, "%s", d.text) : 0;
    }
    r = import_match_table(&l->arena, &t, &l->spec, STR_NULL, l->columns, &m, &d);
    bool table = r == 0 && m.n_fields >= 2;
    if (table) {
        r = put_table(l, &t, &m, file);
        r = r < 0 ? r : 1;
    } else {
        r = workbook || l->j->columns.p ? diag_set(l->err, -ERR_PARSE, "'%s': no row names a time and another column of a log; give --columns, or a header", file) : 0;
    }
    table_done(&t);
    arena_done(&a);
    return r;
}

static int one_file(void *ctx, const struct table_packed *f, struct diag *reterr UNUSED) {
    struct late *l = ctx;
    char name[256], head[4096];
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, head, sizeof head) : -1;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return diag_set(l->err, -EIO, "cannot read '%s'", l->j->name);
    snprintf(name, sizeof name, "%.*s", (int) MIN(f->name.n, 200u), f->name.p);
    struct str first = str_n(head, (size_t) n);
    bool workbook = is_workbook(first);
    if (str_starts(first, STR("PK\x03\x04")) && !workbook)
        return diag_set(l->err, -ERR_UNSUPPORTED, "'%s' is an archive inside an archive; unpack it first", name);
    l->r->files++;
    l->n_lines = 0;
    if (l->lines)
        memset(l->lines, 0, l->cap_lines * sizeof *l->lines);
    int r = try_table(l, f->path, name, workbook);
    return r != 0 ? MIN(r, 0) : put_lines(l, f->path);
}

static int digest_of(struct late *l, bool *ret_archive) {
    static const size_t PIECE = 1 << 16;
    char *piece = mem_alloc(PIECE);
    uint8_t digest[SHA256_BYTES];
    struct sha256 h;
    int fd = open(l->j->path, O_RDONLY | O_CLOEXEC), r = 0;
    bool first = true;
    sha256_init(&h);
    for (ssize_t n = 1; piece && fd >= 0 && n > 0; first = false) {
        n = read(fd, piece, PIECE);
        if (n < 0)
            r = -errno;
        else
            sha256_add(&h, str_n(piece, (size_t) n));
        if (first && n > 0)
            *ret_archive = str_starts(str_n(piece, (size_t) n), STR("PK\x03\x04")) && !is_workbook(str_to(str_n(piece, (size_t) n), 4096));
    }
    sha256_end(&h, digest);
    hex_encode(digest, SHA256_BYTES, l->r->digest);
    if (fd < 0 || r < 0)
        r = diag_set(l->err, fd < 0 ? -errno : r, "cannot read '%s': %s", l->j->path, err_word(fd < 0 ? -errno : r));
    if (fd >= 0)
        close(fd);
    mem_free(piece);
    return r;
}

static int load_spec(struct late *l) {
    char path[PATH_MAX];
    struct str text;
    snprintf(path, sizeof path, "%.4000s/logs/columns.yml", content_dir());
    int r = file_read(&l->arena, path, YAML_BYTES_MAX, &text, l->err);
    return r == 0 ? import_spec_parse(&l->arena, text, "columns.yml", &l->spec, l->err) : r;
}

static void look_back(struct late *l) {
    char path[PATH_MAX];
    struct str text;
    struct arena a;
    snprintf(path, sizeof path, "%.4000s/read", l->j->folder);
    arena_init(&a, 16 << 20);
    if (file_read(&a, path, 8 << 20, &text, NULL) == 0)
        l->r->read_before = str_find(text, str_of(l->r->digest), 0) >= 0;
    arena_done(&a);
}

static int finish(struct late *l) {
    char path[PATH_MAX + 8];
    int r = flush(l);
    if (r < 0 || !l->j->keep || !l->r->seen[0])
        return r;
    snprintf(path, sizeof path, "%s.new", l->r->seen);
    return file_replace(path, write_seen, l, 0600, l->err);
}

static int run(struct late *l) {
    bool archive = false;
    int r = load_spec(l);
    if (r == 0)
        r = digest_of(l, &archive);
    if (r < 0)
        return r;
    look_back(l);
    r = archive ? table_unpack(l->j->path, l->j->name, l->j->folder, one_file, l, l->err)
                : one_file(l, &(struct table_packed){l->j->path, str_of(l->j->name)}, l->err);
    return r == 0 ? finish(l) : r;
}

int late_prepare(const struct late_job *j, struct late_result *ret, struct diag *reterr) {
    struct diag own = {0};
    struct late l = {.j = j, .r = ret, .err = reterr ? reterr : &own, .out_fd = -1, .columns = j->columns, .offset_min = j->offset_min};
    *ret = (struct late_result){.first_ns = TIME_NONE, .last_ns = TIME_NONE};
    buf_init(&ret->samples, 4 << 20);
    buf_init(&ret->refusals, 1 << 20);
    buf_init(&ret->columns, 1 << 20);
    buf_init(&l.out, OUT_BYTES + LINE_BYTES_MAX + TEXT_MAX);
    arena_init(&l.arena, TABLE_MEMORY_BYTES_MAX);
    snprintf(ret->source, sizeof ret->source, "%.*s", STR_ARG(j->source.p ? j->source : STR("")));
    snprintf(ret->service, sizeof ret->service, "%.*s", STR_ARG(j->service.p ? j->service : STR("")));
    int r = 0;
    if (j->records && (l.out_fd = open(j->records, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0)
        r = diag_set(l.err, -errno, "cannot write '%s': %s", j->records, err_word(-errno));
    if (r == 0)
        r = run(&l);
    if (l.out_fd >= 0 && fsync(l.out_fd) < 0 && r == 0)
        r = diag_set(l.err, -errno, "cannot write '%s': %s", j->records, err_word(-errno));
    if (l.out_fd >= 0)
        close(l.out_fd);
    mem_free(l.seen.at);
    mem_free(l.lines);
    buf_done(&l.out);
    arena_done(&l.arena);
    return r;
}

void late_result_done(struct late_result *r) {
    buf_done(&r->samples);
    buf_done(&r->refusals);
    buf_done(&r->columns);
}

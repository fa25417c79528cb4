/* See late_feed.h. */
#include "app/sensor/late_feed.h"

#include "app/common/late.h"
#include "app/sensor/sensor.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/le.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LATE_QUIET_S = 10, LATE_KEY = 0x4c415445, PLACE_BYTES = 16, PENDING_MAX = 4 << 20, SAMPLES = 20, SAMPLE_BYTES = 1000 };

enum step { IDLE, PREPARING, FEEDING, ENDING };
struct late_feed {
    struct sensor *sensor;
    enum step step;
    uv_work_t work;
    uv_idle_t more;
    struct late_job job;
    struct late_result result;
    struct diag diag;
    int code;
    char incoming[PATH_MAX], folder[PATH_MAX], path[PATH_MAX], records[PATH_MAX], job_path[PATH_MAX]; /* job_path: "" for a dropped file */
    char name[256], source[128], columns[4096], service[128];
    bool only_try;   /* the result says how it would be read; nothing is put or remembered */
    const char *map; /* of the records file */
    size_t map_bytes, at;
    uint64_t put, skip;
    uint32_t source_id;
    int64_t digest8;
};

/* ---- what lies there ---- */

static bool is_ours(const char *name) {
    static const char *const endings[] = {".data", ".result", ".refused", ".txt.why", ".part", ".tmp"};
    bool ours = name[0] == '.';
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
        ours |= str_ends(str_of(name), str_of(endings[i]));
    return ours;
}

static void copy_text(const struct json_value *v, const char *key, char *dst, size_t cap) {
    struct str s = STR("");
    (void) json_get_str(v, key, &s);
    snprintf(dst, cap, "%.*s", (int) MIN(s.n, cap - 1), s.p);
}

static bool take_job(struct late_feed *f, const char *name) {
    struct arena a;
    struct str text;
    struct json_value *v;
    char file[128] = "";
    int64_t offset = LATE_NO_OFFSET;
    bool sent = false;
    f->only_try = false;
    snprintf(f->job_path, sizeof f->job_path, "%.3000s/%.255s", f->incoming, name);
    arena_init(&a, 1 << 20);
    bool good = file_read(&a, f->job_path, 65536, &text, NULL) == 0 && json_parse(&a, text, &v, NULL) == 0 && v->type == JSON_OBJECT;
    if (good) {
        copy_text(v, "file", file, sizeof file);
        copy_text(v, "name", f->name, sizeof f->name);
        copy_text(v, "source", f->source, sizeof f->source);
        copy_text(v, "columns", f->columns, sizeof f->columns);
        copy_text(v, "service", f->service, sizeof f->service);
        (void) json_get_i64(v, "offset_min", &offset);
        (void) json_get_bool(v, "incoming", &sent);
        (void) json_get_bool(v, "try", &f->only_try);
    }
    arena_done(&a);
    good = good && file[0] && file[0] != '.' && !strchr(file, '/') && f->name[0];
    if (!good) {
        log_warn("'%s' is no job of ours and is removed", f->job_path);
        (void) unlink(f->job_path);
        return false;
    }
    if (sent)
        snprintf(f->path, sizeof f->path, "%.3000s/incoming/%s", f->sensor->config->data, file);
    else
        snprintf(f->path, sizeof f->path, "%.3000s/%s", f->incoming, file);
    f->job.offset_min = (int) offset;
    return true;
}

static bool take_dropped(struct late_feed *f, const char *name) {
    struct stat st;
    snprintf(f->path, sizeof f->path, "%.3000s/%.255s", f->incoming, name);
    if (lstat(f->path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_mtim.tv_sec > time_now_ns() / NS_PER_S - LATE_QUIET_S)
        return false;
    f->job_path[0] = f->source[0] = f->columns[0] = f->service[0] = 0;
    f->only_try = false;
    snprintf(f->name, sizeof f->name, "%.255s", name);
    f->job.offset_min = LATE_NO_OFFSET;
    return true;
}

/* Jobs first, then what was dropped, by name. */
static bool find_work(struct late_feed *f) {
    struct dirent **names;
    int n = scandir(f->incoming, &names, NULL, alphasort);
    bool found = false;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < n && !found; i++) {
            const char *name = names[i]->d_name;
            bool job = name[0] != '.' && str_ends(str_of(name), STR(".job"));
            if (pass == 0 && job)
                found = take_job(f, name);
            else if (pass == 1 && !job && !is_ours(name))
                found = take_dropped(f, name);
        }
    for (int i = 0; i < n; i++)
        free(names[i]);
    if (n >= 0)
        free(names);
    return found;
}

/* ---- saying what became of it ---- */

/* The first records, each as far as a person reads it. */
static void write_samples(const struct late_result *r, struct jsonw *w) {
    struct str rest = buf_str(&r->samples), line;
    jsonw_key(w, STR("samples"));
    jsonw_array(w);
    while (str_split(&rest, '\n', &line) && line.n)
        jsonw_str(w, str_to(line, SAMPLE_BYTES));
    jsonw_end(w);
    jsonw_kstr(w, "columns", buf_str(&r->columns));
}

static void write_result(struct late_feed *f, const char *error) {
    char path[PATH_MAX + 16];
    struct late_result *r = &f->result;
    struct buf b;
    struct jsonw w;
    buf_init(&b, 4 << 20);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "error", error);
    jsonw_kz(&w, "source", r->source);
    jsonw_ku64(&w, "files", r->files);
    jsonw_ku64(&w, "records", r->records);
    jsonw_ku64(&w, "repeated", r->repeated);
    jsonw_ku64(&w, "refused", r->refused);
    jsonw_kbool(&w, "read_before", r->read_before);
    jsonw_ktime(&w, "first", r->first_ns);
    jsonw_ktime(&w, "last", r->last_ns);
    jsonw_kstr(&w, "refusals", buf_str(&r->refusals));
    jsonw_kbool(&w, "tried", f->only_try);
    write_samples(r, &w);
    jsonw_end(&w);
    snprintf(path, sizeof path, "%.*s.result", (int) (strlen(f->job_path) - 4), f->job_path);
    if (file_write_atomic(path, buf_str(&b), 0600, NULL) < 0)
        log_warn("cannot write '%s'", path);
    buf_done(&b);
}

static void end_job(struct late_feed *f, const char *error) {
    char to[PATH_MAX + 16];
    const struct late_result *r = &f->result;
    if (error)
        log_warn("late logs '%s' are not taken in: %s", f->name, error);
    else if (f->only_try)
        log_info("late logs '%s': looked at, nothing is taken in", f->name);
    else
        log_info("late logs '%s': %llu records into '%s', %llu were there already, %llu refused", f->name, (unsigned long long) r->records, r->source,
                 (unsigned long long) r->repeated, (unsigned long long) r->refused);
    if (f->job_path[0]) {
        write_result(f, error);
        (void) unlink(f->job_path);
    } else if (error) {
        snprintf(to, sizeof to, "%s.txt.why", f->path);
        IGNORE(file_write_atomic(to, str_of(error), 0600, NULL));
        snprintf(to, sizeof to, "%s.refused", f->path);
        if (rename(f->path, to) < 0)
            log_warn("cannot put '%s' aside: %s", f->path, err_word(-errno));
    }
    (void) unlink(f->path);
    (void) unlink(f->records);
    late_result_done(&f->result);
    f->step = IDLE;
}

/* ---- putting ---- */

static int restore(void *ctx, const struct raw_record *rec) {
    struct late_feed *f = ctx;
    if (rec->source == f->source_id && rec->resume_key == LATE_KEY && rec->resume.n == PLACE_BYTES &&
        (int64_t) le_get(rec->resume.p, 8) == f->digest8)
        f->skip = le_get(rec->resume.p + 8, 8);
    return 0;
}

static int name_source(struct late_feed *f) {
    struct sensor *s = f->sensor;
    struct source def = {.kind = STR("late"), .path = str_of(f->name), .service = str_of(f->result.service), .encoding = -1,
                         .offset_min = TIME_JST_OFFSET_MIN, .skew_max_ns = 5 * NS_PER_MIN};
    char name[160];
    snprintf(name, sizeof name, "%s", f->result.source);
    for (size_t i = 1; i < s->registry.n; i++) /* a source that is followed keeps its name and its places */
        if (str_eq_z(s->registry.sources[i].name, name) && !str_eq_z(s->registry.sources[i].kind, "late"))
            snprintf(name, sizeof name, "%s (late)", f->result.source);
    def.name = str_of(name);
    snprintf(f->result.source, sizeof f->result.source, "%.127s", name);
    for (size_t i = 1; i < s->registry.n; i++)
        if (str_eq_z(s->registry.sources[i].name, name)) {
            f->source_id = (uint32_t) i;
            return 0;
        }
    return registry_add(&s->registry, s->spool, &def, &f->source_id, &f->diag);
}

static void unmap(struct late_feed *f) {
    if (f->map)
        (void) munmap((void *) (uintptr_t) f->map, f->map_bytes);
    f->map = NULL;
}

static int open_records(struct late_feed *f) {
    struct stat st;
    int fd = open(f->records, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return diag_set(&f->diag, -errno, "cannot read '%s': %s", f->records, err_word(-errno));
    f->map_bytes = (size_t) st.st_size;
    f->map = f->map_bytes ? mmap(NULL, f->map_bytes, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    close(fd);
    if (f->map_bytes && f->map == MAP_FAILED) {
        f->map = NULL;
        return diag_set(&f->diag, -ENOMEM, "cannot read '%s': %s", f->records, err_word(-errno));
    }
    f->at = f->put = f->skip = 0;
    uint8_t digest[8];
    if (hex_decode(str_n(f->result.digest, 16), digest, sizeof digest) < 0)
        return diag_set(&f->diag, -EINVAL, "no digest");
    f->digest8 = (int64_t) le_get((const char *) digest, 8);
    return spool_each(f->sensor->spool, restore, f);
}

static bool put_one(struct late_feed *f) {
    char place[PLACE_BYTES];
    uint32_t n = (uint32_t) le_get(f->map + f->at, 4), columns = (unsigned char) f->map[f->at + 4];
    const char *p = f->map + f->at + LATE_HEAD_BYTES;
    if (f->put >= f->skip) {
        le_put(place, (uint64_t) f->digest8, 8);
        le_put(place + 8, f->put + 1, 8);
        struct raw_record rec = {.bytes = str_n(p + columns, n), .peer = str_n(p, columns), .arrival_ns = time_now_ns(), .source = f->source_id, .flags = RAW_BACKFILL,
                                 .resume = str_n(place, sizeof place), .resume_key = LATE_KEY};
        if (f->sensor->sink.put(f->sensor->sink.ctx, &rec, NULL) < 0)
            return false; /* the disk is full: the next tick tries again */
    }
    f->at += LATE_HEAD_BYTES + columns + (size_t) n;
    f->put++;
    return true;
}

static void on_more(uv_idle_t *h) {
    struct late_feed *f = h->data;
    while (f->at + LATE_HEAD_BYTES <= f->map_bytes && spool_pending_bytes(f->sensor->spool) < PENDING_MAX)
        if (!put_one(f)) {
            (void) uv_idle_stop(h);
            return;
        }
    if (f->at + LATE_HEAD_BYTES > f->map_bytes) {
        f->step = ENDING;
        (void) uv_idle_stop(h);
    }
}

/* All of it is on disk: now it was seen. */
static void finish(struct late_feed *f) {
    char from[PATH_MAX + 8], path[PATH_MAX + 8], line[512];
    const struct late_result *r = &f->result;
    snprintf(from, sizeof from, "%s.new", r->seen);
    if (r->seen[0] && rename(from, r->seen) < 0)
        log_warn("cannot remember what was seen of '%s': %s", r->source, err_word(-errno));
    snprintf(path, sizeof path, "%.4000s/read", f->folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int n = snprintf(line, sizeof line, "%s %lld %llu\n", r->digest, (long long) (time_now_ns() / NS_PER_S), (unsigned long long) r->records);
    if (fd < 0 || (!r->read_before && file_write_all(fd, str_n(line, (size_t) n)) < 0))
        log_warn("cannot remember that '%s' was read", f->name);
    if (fd >= 0)
        close(fd);
    unmap(f);
    end_job(f, NULL);
}

/* ---- steps ---- */

static void prepare(uv_work_t *work) {
    struct late_feed *f = work->data;
    f->code = late_prepare(&f->job, &f->result, &f->diag);
}

static void prepared(uv_work_t *work, int status UNUSED) {
    struct late_feed *f = work->data;
    char line[1024];
    int r = f->code;
    if (r == 0 && f->only_try) {
        end_job(f, NULL);
        return;
    }
    if (r == 0)
        r = name_source(f);
    if (r == 0)
        r = open_records(f);
    if (r < 0) {
        unmap(f);
        end_job(f, f->diag.text[0] ? diag_format(&f->diag, line, sizeof line) : err_word(r));
        return;
    }
    f->step = FEEDING;
    (void) uv_idle_start(&f->more, on_more);
}

static void begin(struct late_feed *f) {
    f->diag = (struct diag){0};
    f->job.path = f->path;
    f->job.name = f->name;
    f->job.folder = f->folder;
    f->job.records = f->only_try ? NULL : f->records;
    f->job.samples = f->only_try ? SAMPLES : 0;
    f->job.source = str_of(f->source);
    f->job.columns = f->columns[0] ? str_of(f->columns) : STR_NULL;
    f->job.service = str_of(f->service);
    f->job.keep = !f->only_try;
    f->work.data = f;
    f->step = uv_queue_work(&f->sensor->loop, &f->work, prepare, prepared) == 0 ? PREPARING : IDLE;
}

void late_feed_tick(struct late_feed *f) {
    if (f->step == IDLE && find_work(f))
        begin(f);
    else if (f->step == FEEDING)
        (void) uv_idle_start(&f->more, on_more);
}

void late_feed_turn(struct late_feed *f) {
    if (f->step == ENDING && !spool_pending_bytes(f->sensor->spool))
        finish(f);
}

/* ---- what the room asks ---- */

static bool plain(struct str s, size_t most) {
    bool good = s.n > 0 && s.n <= most;
    for (size_t i = 0; good && i < s.n; i++)
        good = ascii_digit(s.p[i]) || (s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '-';
    return good;
}

/* "upload-ID": leaves ID.job. */
static int take_sent(struct late_feed *f, const struct json_value *q, struct str *ret_id, struct diag *err) {
    static const char *const passed[] = {"file", "name", "source", "service", "columns"};
    char path[PATH_MAX];
    struct str file = STR(""), v;
    struct buf b;
    struct jsonw w;
    (void) json_get_str(q, "file", &file);
    if (!str_starts(file, STR("upload-")) || !plain(file, 40))
        return diag_set(err, -EINVAL, "there is no such file");
    *ret_id = str_from(file, sizeof "upload-" - 1);
    buf_init(&b, 65536);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
        jsonw_kstr(&w, passed[i], json_get_str(q, passed[i], &v) ? v : STR(""));
    jsonw_kbool(&w, "incoming", true);
    bool only_try = false;
    (void) json_get_bool(q, "try", &only_try);
    jsonw_kbool(&w, "try", only_try);
    jsonw_end(&w);
    snprintf(path, sizeof path, "%.3900s/%.*s.job", f->incoming, STR_ARG(*ret_id));
    int r = buf_error(&b) ? buf_error(&b) : file_write_atomic(path, buf_str(&b), 0600, err);
    buf_done(&b);
    return r;
}

static int state_of(struct late_feed *f, struct str name, struct jsonw *w, struct diag *err) {
    char path[PATH_MAX];
    struct arena a;
    struct str text;
    struct json_value *v;
    if (!plain(name, 40))
        return diag_set(err, -ENOENT, "no such file was sent");
    snprintf(path, sizeof path, "%.3900s/%.*s.result", f->incoming, STR_ARG(name));
    arena_init(&a, 32 << 20);
    int r = file_read(&a, path, 4 << 20, &text, NULL);
    if (r == 0 && json_parse(&a, text, &v, NULL) == 0) {
        jsonw_kz(w, "state", "done");
        jsonw_key(w, STR("became"));
        jsonw_raw(w, str_trim(text));
    } else {
        snprintf(path, sizeof path, "%.3900s/%.*s.job", f->incoming, STR_ARG(name));
        r = access(path, F_OK) == 0 ? 0 : diag_set(err, -ENOENT, "no such file was sent");
        if (r == 0)
            jsonw_kz(w, "state", "waiting");
    }
    arena_done(&a);
    return r;
}

bool late_feed_asked(struct sensor *s, struct str type, int64_t id, const struct json_value *q) {
    bool state = str_eq_z(type, "late_state");
    struct diag d = {0};
    struct str name = STR("");
    struct buf b;
    struct jsonw w;
    if (!state && !str_eq_z(type, "late"))
        return false;
    buf_init(&b, 8 << 20);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    (void) json_get_str(q, "late", &name);
    int r = !s->late ? diag_set(&d, -EBUSY, "a demonstration takes nothing in")
            : state  ? state_of(s->late, name, &w, &d)
                     : take_sent(s->late, q, &name, &d);
    if (r == 0)
        jsonw_kstr(&w, "late", name);
    jsonw_kbool(&w, "ok", r == 0);
    jsonw_kz(&w, "error", r == 0 ? NULL : d.text);
    jsonw_kz(&w, "code", r == 0 ? NULL : messages_code(r));
    jsonw_end(&w);
    messages_answer(&s->messages, state ? "late_state" : "late", id, &b);
    buf_done(&b);
    return true;
}

/* Whoever sent a file has looked by then. */
static void forget_results(const struct late_feed *f) {
    char path[PATH_MAX];
    struct stat st;
    struct dirent **names;
    int n = scandir(f->incoming, &names, NULL, NULL);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%.3900s/%.150s", f->incoming, names[i]->d_name);
        if (str_ends(str_of(names[i]->d_name), STR(".result")) && stat(path, &st) == 0 && st.st_mtim.tv_sec < time_now_ns() / NS_PER_S - 86400)
            IGNORE(unlink(path));
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

int late_feed_start(struct sensor *s, struct late_feed **ret) {
    struct late_feed *f = mem_zalloc(sizeof *f);
    if (!f)
        return -ENOMEM;
    f->sensor = s;
    snprintf(f->incoming, sizeof f->incoming, "%.4000s/late", s->config->data);
    snprintf(f->folder, sizeof f->folder, "%.4000s/sensor/late", s->config->data);
    snprintf(f->records, sizeof f->records, "%.4000s/records", f->folder);
    int r = file_make_dir(f->incoming, 0700, NULL);
    if (r == 0)
        r = file_make_dir(f->folder, 0700, NULL);
    forget_results(f);
    (void) uv_idle_init(&s->loop, &f->more);
    f->more.data = f;
    *ret = f;
    return r;
}

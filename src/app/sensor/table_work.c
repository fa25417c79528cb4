/* See table_work.h. */
#include "app/sensor/table_work.h"

#include "app/common/table_import.h"
#include "app/sensor/sensor.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "table/fill.h"

#include <limits.h>
#include <unistd.h>

enum { JOBS_MAX = 4 };

struct table_job;
struct table_task {
    const char *type;
    int (*run)(struct table_job *j);
};
struct table_job {
    uv_work_t work;
    const struct table_task *task;
    struct sensor *sensor;
    int64_t id, today_ns;
    char path[PATH_MAX], name[256], reg[64], sheet[512], columns[4096];
    int result;
    struct diag diag;
};

static bool copy_text(const struct json_value *q, const char *key, char *dst, size_t cap) {
    struct str s = STR("");
    (void) json_get_str(q, key, &s);
    if (s.n >= cap)
        return false;
    snprintf(dst, cap, "%.*s", STR_ARG(s));
    return true;
}

static int read_table(struct table_job *j) {
    struct table_import x = {.path = j->path, .name = j->name, .reg = str_of(j->reg), .sheet = j->sheet[0] ? str_of(j->sheet) : STR_NULL,
                             .columns = j->columns[0] ? str_of(j->columns) : STR_NULL};
    char to[PATH_MAX + 8];
    struct buf doc;
    snprintf(to, sizeof to, "%s.json", j->path);
    int e = table_import_read(&x, j->today_ns, &doc, &j->diag);
    if (e == 0)
        e = file_write_atomic(to, buf_str(&doc), 0600, &j->diag);
    buf_done(&doc);
    (void) unlink(j->path);
    return e;
}

/* ---- official forms: the blank, and what goes into its cells or is expected there ([{"cell","text"}] in FILE.json) ---- */

struct form_work {
    struct arena arena;
    struct str bytes;
    struct table_put *puts;
    size_t n;
};

static int form_begin(struct table_job *j, struct form_work *x) {
    char path[PATH_MAX + 8];
    struct str text;
    struct json_value *list;
    *x = (struct form_work){0};
    arena_init(&x->arena, 4 * TABLE_FILE_BYTES_MAX);
    snprintf(path, sizeof path, "%s.json", j->path);
    int e = file_read(&x->arena, j->path, TABLE_FILE_BYTES_MAX, &x->bytes, &j->diag);
    if (e == 0)
        e = file_read(&x->arena, path, TABLE_FILE_BYTES_MAX, &text, &j->diag);
    if (e == 0)
        e = json_parse(&x->arena, text, &list, &j->diag);
    if (e == 0 && (list->type != JSON_ARRAY || list->n > TABLE_FILL_CELLS_MAX))
        e = diag_set(&j->diag, -ERR_LIMIT, "a form has at most %d cells", TABLE_FILL_CELLS_MAX);
    x->puts = e == 0 ? arena_zalloc(&x->arena, MAX(list->n, 1u) * sizeof *x->puts) : NULL;
    if (e == 0 && !x->puts)
        e = -ENOMEM;
    for (const struct json_value *v = e == 0 ? list->first : NULL; e == 0 && v; v = v->next, x->n++)
        if (!json_get_str(v, "cell", &x->puts[x->n].cell) || !json_get_str(v, "text", &x->puts[x->n].text))
            e = diag_set(&j->diag, -EINVAL, "a cell has its name and its text");
    return e;
}

static int write_faults(struct table_job *j, const struct table_label *labels, size_t n) {
    char path[PATH_MAX + 8];
    struct buf out;
    struct jsonw w;
    buf_init(&out, TABLE_FILE_BYTES_MAX);
    jsonw_init(&w, &out);
    jsonw_array(&w);
    for (size_t i = 0; i < n; i++)
        if (!labels[i].good) {
            jsonw_object(&w);
            jsonw_kstr(&w, "cell", labels[i].cell);
            jsonw_kstr(&w, "is", labels[i].is);
            jsonw_kstr(&w, "found", str_to(labels[i].found, 300));
            jsonw_end(&w);
        }
    jsonw_end(&w);
    snprintf(path, sizeof path, "%s.json", j->path);
    int e = buf_error(&out) ? buf_error(&out) : file_write_atomic(path, buf_str(&out), 0600, &j->diag);
    buf_done(&out);
    return e;
}

/* FILE.json says afterwards which labels differ. */
static int look_at_blank(struct table_job *j) {
    struct form_work x;
    int e = form_begin(j, &x);
    struct table_label *labels = e == 0 ? arena_zalloc(&x.arena, MAX(x.n, (size_t) 1) * sizeof *labels) : NULL;
    if (e == 0 && !labels)
        e = -ENOMEM;
    for (size_t i = 0; e == 0 && i < x.n; i++)
        labels[i] = (struct table_label){.cell = x.puts[i].cell, .is = x.puts[i].text};
    if (e == 0)
        e = table_labels(&x.arena, x.bytes, j->name, str_of(j->sheet), labels, x.n, &j->diag);
    if (e == 0)
        e = write_faults(j, labels, x.n);
    arena_done(&x.arena);
    return e;
}

/* FILE.out is the filled form. */
static int fill_form(struct table_job *j) {
    char path[PATH_MAX + 8];
    struct form_work x;
    struct buf out;
    buf_init(&out, 2 * TABLE_FILE_BYTES_MAX);
    int e = form_begin(j, &x);
    if (e == 0)
        e = table_fill(x.bytes, j->name, str_of(j->sheet), x.puts, x.n, &out, &j->diag);
    snprintf(path, sizeof path, "%s.out", j->path);
    if (e == 0)
        e = file_write_atomic(path, buf_str(&out), 0600, &j->diag);
    buf_done(&out);
    arena_done(&x.arena);
    return e;
}

static const struct table_task tasks[] = {{"table", read_table}, {"blank", look_at_blank}, {"fill", fill_form}};

static void run(uv_work_t *work) {
    struct table_job *j = work->data;
    j->result = j->task->run(j);
}

static void answer(struct sensor *s, const char *type, int64_t id, int result, const struct diag *d) {
    struct buf b;
    struct jsonw w;
    char line[1024];
    buf_init(&b, 16 * 1024);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kbool(&w, "ok", result == 0);
    jsonw_kz(&w, "error", result == 0 ? NULL : d->text[0] ? diag_format(d, line, sizeof line) : err_word(result));
    jsonw_kz(&w, "code", result == 0 ? NULL : messages_code(result));
    jsonw_end(&w);
    messages_answer(&s->messages, type, id, &b);
    buf_done(&b);
}

static void through(uv_work_t *work, int status UNUSED) {
    struct table_job *j = work->data;
    j->sensor->n_table_jobs--;
    answer(j->sensor, j->task->type, j->id, j->result, &j->diag);
    mem_free(j);
}

bool table_work_asked(struct sensor *s, struct str type, int64_t id, const struct json_value *q) {
    struct diag d = {0};
    char file[64];
    const struct table_task *task = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(tasks); i++)
        if (str_eq_z(type, tasks[i].type))
            task = &tasks[i];
    if (!task)
        return false;
    struct table_job *j = s->n_table_jobs < JOBS_MAX ? mem_zalloc(sizeof *j) : NULL;
    int r = j ? 0 : diag_set(&d, -EBUSY, "other files are being read; try again in a moment");
    if (r == 0 && (!copy_text(q, "file", file, sizeof file) || !file[0] || file[0] == '.' || strchr(file, '/') ||
                   !copy_text(q, "name", j->name, sizeof j->name) || !copy_text(q, "register", j->reg, sizeof j->reg) ||
                   !copy_text(q, "sheet", j->sheet, sizeof j->sheet) || !copy_text(q, "columns", j->columns, sizeof j->columns)))
        r = diag_set(&d, -EINVAL, "there is no such file");
    if (r == 0) {
        j->sensor = s;
        j->task = task;
        j->id = id;
        j->today_ns = time_now_ns();
        j->work.data = j;
        snprintf(j->path, sizeof j->path, "%.3000s/incoming/%s", s->config->data, file);
        r = uv_queue_work(&s->loop, &j->work, run, through);
        if (r < 0)
            diag_set(&d, r, "cannot start a thread: %s", uv_strerror(r));
    }
    if (r == 0) {
        s->n_table_jobs++;
        return true;
    }
    mem_free(j);
    answer(s, task->type, id, r, &d);
    return true;
}

/* See table_work.h. */
#include "app/sensor/table_work.h"

#include "app/common/table_import.h"
#include "app/sensor/sensor.h"
#include "base/file.h"
#include "base/mem.h"

#include <limits.h>
#include <unistd.h>

enum { JOBS_MAX = 4 };

struct table_job {
    uv_work_t work;
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

static void run(uv_work_t *work) {
    struct table_job *j = work->data;
    struct table_import x = {.path = j->path, .name = j->name, .reg = str_of(j->reg), .sheet = j->sheet[0] ? str_of(j->sheet) : STR_NULL,
                             .columns = j->columns[0] ? str_of(j->columns) : STR_NULL};
    char to[PATH_MAX + 8];
    struct buf doc;
    snprintf(to, sizeof to, "%s.json", j->path);
    j->result = table_import_read(&x, j->today_ns, &doc, &j->diag);
    if (j->result == 0)
        j->result = file_write_atomic(to, buf_str(&doc), 0600, &j->diag);
    buf_done(&doc);
    (void) unlink(j->path);
}

static void answer(struct sensor *s, int64_t id, int result, const struct diag *d) {
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
    messages_answer(&s->messages, "table", id, &b);
    buf_done(&b);
}

static void through(uv_work_t *work, int status UNUSED) {
    struct table_job *j = work->data;
    j->sensor->n_table_jobs--;
    answer(j->sensor, j->id, j->result, &j->diag);
    mem_free(j);
}

bool table_work_asked(struct sensor *s, struct str type, int64_t id, const struct json_value *q) {
    struct diag d = {0};
    char file[64];
    if (!str_eq_z(type, "table"))
        return false;
    struct table_job *j = s->n_table_jobs < JOBS_MAX ? mem_zalloc(sizeof *j) : NULL;
    int r = j ? 0 : diag_set(&d, -EBUSY, "other files are being read; try again in a moment");
    if (r == 0 && (!copy_text(q, "file", file, sizeof file) || !file[0] || file[0] == '.' || strchr(file, '/') ||
                   !copy_text(q, "name", j->name, sizeof j->name) || !copy_text(q, "register", j->reg, sizeof j->reg) ||
                   !copy_text(q, "sheet", j->sheet, sizeof j->sheet) || !copy_text(q, "columns", j->columns, sizeof j->columns)))
        r = diag_set(&d, -EINVAL, "there is no such file");
    if (r == 0) {
        j->sensor = s;
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
    answer(s, id, r, &d);
    return true;
}

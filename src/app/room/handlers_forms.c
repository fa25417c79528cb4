/* Official forms of a case: pages, files, blanks, what was sent and its receipt. The archives are read and written by the sensor
 * (src/app/sensor/table_work.h); blanks and receipts lie in DATA/room under their SHA-256. */
#include "app/room/call.h"
#include "app/room/room.h"
#include "app/room/upload.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/sign.h"
#include "room/form_case.h"

#include <limits.h>
#include <unistd.h>

#define XLSX_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

int handle_forms(struct call *c) {
    jsonw_object(&c->w);
    int e = room_forms_write(c->p->room, c->args.id, &c->w, &c->err);
    if (e == 0)
        e = room_submissions_write(c->p->room, c->args.id, &c->w, &c->err);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

int handle_form(struct call *c) {
    struct str key = call_query(c, "form");
    if (!key.p)
        return call_bad(c, "form");
    int e = room_form_write(c->p->room, c->args.id, key, &c->w, &c->err);
    return e < 0 ? e : 200;
}

/* ---- files kept under their hash ---- */

static int kept_path(struct call *c, const char *folder, const char *digest, char *dst, bool make) {
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%.3000s/room/%s", c->p->config->data, folder);
    snprintf(dst, PATH_MAX, "%.3900s/%s", dir, digest);
    return make ? file_make_dir(dir, 0700, &c->err) : 0;
}

static void work_path(struct call *c, const char *ending, char *dst) {
    snprintf(dst, PATH_MAX, "%.3000s/incoming/%s%s", c->p->config->data, c->upload_name, ending);
}

static void forget(struct call *c, const char *ending) {
    char path[PATH_MAX];
    work_path(c, ending, path);
    (void) unlink(path);
}

/* The uploaded file into the room's own folder. */
static int keep_upload(struct call *c, const char *folder, char digest[2 * SHA256_BYTES + 1]) {
    char path[PATH_MAX];
    uint8_t sum[SHA256_BYTES];
    struct arena a;
    struct str bytes;
    arena_init(&a, 2 * FORM_FILE_BYTES_MAX);
    work_path(c, "", path);
    int e = file_read(&a, path, FORM_FILE_BYTES_MAX, &bytes, &c->err);
    if (e == 0) {
        sha256_of(bytes, sum);
        hex_encode(sum, sizeof sum, digest);
        e = kept_path(c, folder, digest, path, true);
    }
    if (e == 0)
        e = file_write_atomic(path, bytes, 0600, &c->err);
    arena_done(&a);
    return e;
}

/* ---- asking the sensor ---- */

static int write_cells(struct call *c, struct str json) {
    char path[PATH_MAX];
    work_path(c, ".json", path);
    return file_write_atomic(path, json, 0600, &c->err);
}

static int ask(struct call *c, const char *type, const struct form *f, sensor_answer_fn *then) {
    struct buf members;
    buf_init(&members, 64 * 1024);
    buf_printf(&members, "\"file\":\"%s\",\"register\":\"\",\"columns\":\"\",\"name\":", c->upload_name);
    struct str title = f->title.ja.n ? f->title.ja : f->title.en;
    json_quote(&members, str_to(title, 200));
    buf_add_z(&members, ",\"sheet\":");
    json_quote(&members, f->sheet);
    int e = buf_error(&members);
    if (e == 0)
        e = sensor_link_ask_for(c->p, type, buf_str(&members), QUESTION_LONG_NS, then, c);
    buf_done(&members);
    if (e < 0)
        forget(c, ".json");
    return e == -EAGAIN ? call_refuse(c, 503, "error.sensor_away") : e;
}

/* 0: it is done; else the status of a refusal. */
static int refused(struct call *c, const struct json_value *answer) {
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    struct str why = STR(""), code = STR("other");
    bool ok = false;
    if (!result)
        return call_refuse(c, 503, "error.sensor_away");
    (void) json_get_bool(result, "ok", &ok);
    if (ok)
        return 0;
    (void) json_get_str(result, "error", &why);
    (void) json_get_str(result, "code", &code);
    return call_refuse_why(c, 400, "error.table", code, why);
}

/* ---- a blank ---- */

static int take_blank(struct call *c) {
    char path[PATH_MAX], digest[2 * SHA256_BYTES + 1] = "";
    struct room_blank b = {.digest = digest, .form = c->args.name, .bytes = (int64_t) c->upload_bytes};
    struct str file = call_query(c, "file");
    struct arena a;
    arena_init(&a, 1 << 20);
    work_path(c, ".json", path);
    int e = file_read(&a, path, 1 << 19, &b.faults, &c->err);
    if (e == 0)
        e = keep_upload(c, "blanks", digest);
    b.name = file.p ? arena_dup_z(&a, file) : "";
    if (e == 0)
        e = b.name ? room_blank_add(c->p->room, &c->who, &b, &c->err) : -ENOMEM;
    if (e == 0) {
        jsonw_object(&c->w);
        jsonw_kz(&c->w, "digest", digest);
        jsonw_key(&c->w, STR("faults"));
        jsonw_raw(&c->w, b.faults);
        jsonw_end(&c->w);
    }
    arena_done(&a);
    return e;
}

static void on_blank(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    int status = refused(c, answer), e = status ? 0 : take_blank(c);
    forget(c, ".json");
    call_finish(c, status ? status : e < 0 ? e : 200);
}

int handle_blank_post(struct call *c) {
    const struct form *f = room_form_find(c->p->room, c->args.name, NULL, &c->err);
    struct str file = call_query(c, "file");
    struct jsonw w;
    struct buf cells;
    if (!f)
        return -ENOENT;
    if (!file.n || file.n > 200 || !c->upload_bytes)
        return call_bad(c, "file");
    buf_init(&cells, 1 << 20);
    jsonw_init(&w, &cells);
    jsonw_array(&w);
    for (size_t i = 0; i < f->n_labels; i++) {
        jsonw_object(&w);
        jsonw_kstr(&w, "cell", f->labels[i].cell);
        jsonw_kstr(&w, "text", f->labels[i].is);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    int e = buf_error(&cells) ? buf_error(&cells) : write_cells(c, buf_str(&cells));
    buf_done(&cells);
    return e < 0 ? e : ask(c, "blank", f, on_blank);
}

/* ---- a filled form ---- */

static void on_filled(void *ctx, const struct json_value *answer) {
    struct call *c = ctx;
    char path[PATH_MAX];
    struct arena a;
    struct str bytes;
    int status = refused(c, answer), e = 0;
    arena_init(&a, 8 * FORM_FILE_BYTES_MAX);
    work_path(c, ".out", path);
    if (!status)
        e = file_read(&a, path, 4 * FORM_FILE_BYTES_MAX, &bytes, &c->err);
    if (!status && e == 0) {
        buf_add(&c->out, bytes);
        e = buf_error(&c->out);
        c->type = XLSX_TYPE;
    }
    arena_done(&a);
    forget(c, ".json");
    forget(c, ".out");
    call_finish(c, status ? status : e < 0 ? e : 200);
}

/* The blank beside the cells, for the sensor; it goes with the request (upload_forget). */
static int lay_out(struct call *c, const struct form *f) {
    char digest[BLANK_DIGEST_CAP], path[PATH_MAX], random[17];
    struct jsonw w;
    struct buf cells;
    struct arena a;
    struct str bytes;
    int e = room_blank_find(c->p->room, f->key, digest, &c->err);
    if (e < 0)
        return e;
    arena_init(&a, 2 * FORM_FILE_BYTES_MAX);
    buf_init(&cells, 8 << 20);
    jsonw_init(&w, &cells);
    sign_random_hex(random, 8);
    snprintf(c->upload_name, sizeof c->upload_name, "upload-%s", random);
    e = kept_path(c, "blanks", digest, path, false);
    if (e == 0)
        e = file_read(&a, path, FORM_FILE_BYTES_MAX, &bytes, &c->err);
    if (e == 0)
        e = room_form_cells(c->p->room, c->args.id, f->key, &w, &c->err);
    work_path(c, "", path);
    if (e == 0)
        e = file_write_atomic(path, bytes, 0600, &c->err);
    if (e == 0)
        e = buf_error(&cells) ? buf_error(&cells) : write_cells(c, buf_str(&cells));
    buf_done(&cells);
    arena_done(&a);
    return e;
}

int handle_form_file(struct call *c) {
    struct str key = call_query(c, "form"), as = call_query(c, "as"), lang = call_query(c, "lang");
    const struct form *f = key.p ? room_form_find(c->p->room, key, NULL, &c->err) : NULL;
    int e;
    if (!key.p)
        return call_bad(c, "form");
    if (!f)
        return -ENOENT;
    if (str_eq_z(as, "csv")) {
        e = room_form_csv(c->p->room, c->args.id, key, &c->out, &c->err);
        c->type = "text/csv; charset=utf-8";
        return e < 0 ? e : 200;
    }
    if (str_eq_z(as, "text")) {
        e = room_form_text(c->p->room, c->args.id, key, lang.p ? !str_eq_z(lang, "en") : f->ja, &c->out, &c->err);
        c->type = "text/plain; charset=utf-8";
        return e < 0 ? e : 200;
    }
    if (!str_eq_z(as, "xlsx"))
        return call_bad(c, "as");
    e = f->has_cells ? lay_out(c, f) : -ENOENT;
    if (e == -ENOENT)
        return call_refuse(c, 400, "error.no_blank");
    return e < 0 ? e : ask(c, "fill", f, on_filled);
}

/* ---- what was sent ---- */

int handle_submission_post(struct call *c) {
    static const char *const keys[] = {"form", "obligation", "report", "to", "how", "at", "note", NULL};
    struct room_submission x = {.incident = c->args.id};
    int64_t id;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_str(c, "to", 1, 300, &x.to);
    if (e == 0)
        e = call_body_str(c, "how", 1, 100, &x.how);
    if (e == 0)
        e = call_body_words(c, "form", FACT_NAME_BYTES_MAX, &x.form);
    if (e == 0)
        e = call_body_words(c, "obligation", FACT_NAME_BYTES_MAX, &x.obligation);
    if (e == 0)
        e = call_body_words(c, "report", FACT_NAME_BYTES_MAX, &x.report);
    if (e == 0)
        e = call_body_words(c, "note", 2000, &x.note);
    if (e == 0)
        e = call_body_when(c, "at", &x.at_ns);
    if (e == 0 && x.at_ns == TIME_NONE)
        x.at_ns = room_now(c->p->room);
    if (e == 0)
        e = room_submission_add(c->p->room, &c->who, &x, &id, &c->err);
    return e < 0 ? e : handle_forms(c);
}

int handle_receipt(struct call *c) {
    static const char *const keys[] = {"version", "number", "from", "at", NULL};
    struct room_receipt x = {0};
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 1, INT64_MAX, &version);
    if (e == 0)
        e = call_body_words(c, "number", 200, &x.number);
    if (e == 0)
        e = call_body_words(c, "from", 300, &x.from);
    if (e == 0)
        e = call_body_when(c, "at", &x.at_ns);
    if (e == 0 && x.at_ns == TIME_NONE)
        x.at_ns = room_now(c->p->room);
    if (e == 0)
        e = room_submission_receipt(c->p->room, &c->who, c->args.id, version, &x, &c->err);
    return e < 0 ? e : call_ok(c);
}

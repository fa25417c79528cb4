/* Lessons made of cases, and what a quarter taught. */
#include "app/room/call.h"
#include "app/room/draft.h"
#include "app/room/room.h"
#include "base/file.h"
#include "base/zip.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define ZIP_BYTES_MAX ((size_t) 16 << 20)

/* -ENOENT: there is none. */
static int load(struct call *c, int64_t incident, struct room_pack_draft *x, struct draft *d) {
    int e = room_pack_draft_get(c->p->room, &c->arena, incident, x, &c->err);
    if (e == 0)
        return diag_set(&c->err, -ENOENT, "no lesson was made of this case yet");
    return e < 0 ? e : draft_from_json(&c->arena, x->doc, d, &c->err);
}

static void write_file(struct call *c, const struct draft *d, const struct draft_file *f) {
    struct buf out;
    buf_init(&out, PACK_DRAFT_BYTES_MAX);
    jsonw_object(&c->w);
    jsonw_kz(&c->w, "path", f->path);
    jsonw_kbool(&c->w, "own", f->own);
    anon_write(&d->anon, f->text, f->ja, false, &out);
    jsonw_kstr(&c->w, "before", buf_str(&out));
    buf_clear(&out);
    draft_write_file(d, f, &out);
    jsonw_kstr(&c->w, "after", buf_str(&out));
    jsonw_end(&c->w);
    buf_done(&out);
}

static void write_rows(struct call *c, const struct draft *d) {
    jsonw_key(&c->w, STR("rows"));
    jsonw_array(&c->w);
    for (size_t i = 0; i < d->anon.n; i++) {
        const struct anon_row *r = &d->anon.at[i];
        jsonw_object(&c->w);
        jsonw_kz(&c->w, "kind", anon_kind_to_string(r->kind));
        jsonw_kstr(&c->w, "from", r->from);
        jsonw_kstr(&c->w, "ja", r->ja);
        jsonw_kstr(&c->w, "en", r->en);
        jsonw_kbool(&c->w, "own", r->own);
        jsonw_end(&c->w);
    }
    jsonw_end(&c->w);
}

static int write_draft(struct call *c, int64_t incident) {
    struct room_pack_draft x;
    struct draft d;
    size_t rest = 0;
    int e = load(c, incident, &x, &d);
    jsonw_object(&c->w);
    jsonw_key(&c->w, STR("pack_drafts"));
    jsonw_array(&c->w);
    if (e == 0) {
        jsonw_object(&c->w);
        room_pack_draft_write(c->p->room, &x, &c->w);
        jsonw_key(&c->w, STR("files"));
        jsonw_array(&c->w);
        for (size_t i = 0; i < d.n; i++)
            write_file(c, &d, &d.files[i]);
        jsonw_end(&c->w);
        write_rows(c, &d);
        jsonw_key(&c->w, STR("gaps"));
        jsonw_array(&c->w);
        for (size_t i = 0; i < d.n_gaps; i++)
            jsonw_str(&c->w, str_of(d.gaps[i].what));
        jsonw_end(&c->w);
        jsonw_key(&c->w, STR("rest"));
        jsonw_array(&c->w);
        e = draft_check(c->p, &c->arena, incident, &d, &c->w, &rest, &c->err);
        jsonw_end(&c->w);
        jsonw_ku64(&c->w, "rest_n", rest);
        jsonw_end(&c->w);
        draft_done(&d);
    }
    jsonw_end(&c->w);
    jsonw_end(&c->w);
    return e < 0 && e != -ENOENT ? e : 200;
}

int handle_pack_draft(struct call *c) {
    return write_draft(c, c->args.id);
}

static int keep(struct call *c, const struct draft *d, struct room_pack_draft *x) {
    struct buf doc;
    buf_init(&doc, 2 * PACK_DRAFT_BYTES_MAX);
    int e = draft_to_json(d, &doc);
    x->pack = d->pack;
    x->doc = buf_str(&doc);
    if (e == 0)
        e = room_pack_draft_put(c->p->room, &c->who, x, &x->id, &c->err);
    buf_done(&doc);
    return e;
}

int handle_pack_draft_post(struct call *c) {
    static const char *const keys[] = {"version", NULL};
    struct room_pack_draft old, x = {.incident = c->args.id};
    struct draft d;
    int e = call_body_only(c, keys);
    if (e < 0)
        return e;
    e = room_pack_draft_get(c->p->room, &c->arena, c->args.id, &old, &c->err);
    if (e == 1) { /* made anew: what people changed in it goes, so they say which one they saw */
        x.id = old.id;
        e = call_body_i64(c, "version", 1, INT64_MAX, &x.version);
    }
    if (e < 0)
        return e;
    e = draft_make(c->p, &c->arena, c->args.id, &d, &c->err);
    if (e == 0)
        e = keep(c, &d, &x);
    draft_done(&d);
    if (e == -EBUSY)
        return call_refuse(c, 400, "error.pack_open_case");
    return e < 0 ? e : write_draft(c, c->args.id);
}

/* ---- changes ---- */

static int put_rows(struct call *c, struct draft *d) {
    static const char *const keys[] = {"kind", "from", "ja", "en", NULL};
    const struct json_value *list = json_get_array(c->json, "rows");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        int kind = v->type == JSON_OBJECT && json_only_keys(v, keys, NULL) == 0 ? anon_kind_from_string(draft_str(v, "kind")) : -1;
        struct anon_row row = {.kind = (enum anon_kind) MAX(kind, 0), .from = draft_str(v, "from"), .ja = draft_str(v, "ja"), .en = draft_str(v, "en")};
        int e = kind < 0 ? -EINVAL : anon_put(&d->anon, &row);
        if (e == -EINVAL)
            return call_bad(c, "rows");
        if (e < 0)
            return e;
    }
    return 0;
}

static int drop_rows(struct call *c, struct draft *d) {
    const struct json_value *list = json_get_array(c->json, "drop");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        size_t k = 0;
        while (k < d->anon.n && !(v->type == JSON_STRING && str_eq(d->anon.at[k].from, v->text)))
            k++;
        if (k == d->anon.n)
            return call_bad(c, "drop");
        memmove(d->anon.at + k, d->anon.at + k + 1, (--d->anon.n - k) * sizeof *d->anon.at);
    }
    return 0;
}

/* A person's words in place of a file: all of it counts as the case's from then on. */
static int put_files(struct call *c, struct draft *d) {
    const struct json_value *files = json_get_object(c->json, "files");
    for (const struct json_value *v = files ? files->first : NULL; v; v = v->next) {
        size_t k = 0;
        while (k < d->n && !(str_starts(str_of(d->files[k].path), STR("story.")) && str_eq_z(v->key, d->files[k].path)))
            k++;
        if (k == d->n || v->type != JSON_STRING || !v->text.n || v->text.n > (256u << 10))
            return call_bad(c, "files");
        struct buf out;
        buf_init(&out, v->text.n + 16);
        draft_marked(&out, v->text);
        d->files[k].own = true;
        d->files[k].text = arena_dup(&c->arena, buf_str(&out));
        buf_done(&out);
        if (!d->files[k].text.p)
            return -ENOMEM;
        int e = anon_scan(&d->anon, d->files[k].text);
        if (e < 0)
            return e;
    }
    return 0;
}

int handle_pack_draft_put(struct call *c) {
    static const char *const keys[] = {"version", "rows", "drop", "files", NULL};
    struct room_pack_draft x;
    struct draft d;
    int64_t version;
    int e = call_body_only(c, keys);
    if (e == 0)
        e = call_body_i64(c, "version", 0, INT64_MAX, &version);
    if (e == 0)
        e = load(c, c->row.incident, &x, &d);
    if (e < 0)
        return e;
    x.id = c->args.id;
    x.version = version;
    e = put_rows(c, &d);
    if (e == 0)
        e = drop_rows(c, &d);
    if (e == 0)
        e = put_files(c, &d);
    if (e == 0)
        e = keep(c, &d, &x);
    draft_done(&d);
    return e == -EBUSY ? call_refuse(c, 400, "error.pack_open_case") : e < 0 ? e : write_draft(c, c->row.incident);
}

int handle_pack_draft_approve(struct call *c) {
    static const char *const keys[] = {"version", "provider", "who", "how", NULL};
    struct room_pack_draft x, y;
    struct draft d;
    size_t rest = 0;
    char digest[65];
    int e = call_body_only(c, keys);
    if (e == 0)
        e = load(c, c->row.incident, &x, &d);
    if (e < 0)
        return e;
    y = x;
    y.id = c->args.id;
    e = call_body_i64(c, "version", 0, INT64_MAX, &y.version);
    if (e == 0)
        e = call_body_str(c, "provider", 1, 300, &y.provider);
    if (e == 0)
        e = call_body_str(c, "who", 1, 300, &y.agreed_by);
    if (e == 0)
        e = call_body_str(c, "how", 1, 1000, &y.agreed_how);
    if (e == 0)
        e = draft_check(c->p, &c->arena, x.incident, &d, NULL, &rest, &c->err);
    if (e == 0 && rest) {
        draft_done(&d);
        return call_refuse(c, 400, "error.pack_rest");
    }
    if (e == 0)
        e = draft_digest(&d, digest);
    y.digest = str_of(digest);
    if (e == 0)
        e = room_pack_draft_approve(c->p->room, &c->who, &y, &c->err);
    draft_done(&d);
    return e < 0 ? e : write_draft(c, x.incident);
}

/* ---- leaving ---- */

static int pack_zip(struct call *c, const struct draft *d) {
    char path[PATH_MAX];
    struct zip_out z;
    struct str bytes;
    struct buf out;
    snprintf(path, sizeof path, "%.3900s/room/pack-%lld.zip", c->p->config->data, (long long) c->args.id);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), e = 0;
    if (fd < 0)
        return diag_set(&c->err, -errno, "cannot write '%s': %s", path, err_word(-errno));
    zip_begin(&z, fd, room_now(c->p->room));
    buf_init(&out, PACK_DRAFT_BYTES_MAX);
    for (size_t i = 0; i < d->n && e == 0; i++) {
        char name[200];
        snprintf(name, sizeof name, "%.*s/%s", STR_ARG(d->pack), d->files[i].path);
        buf_clear(&out);
        draft_write_file(d, &d->files[i], &out);
        e = buf_error(&out) < 0 ? buf_error(&out) : zip_add(&z, name, buf_str(&out));
    }
    buf_done(&out);
    if (e == 0)
        e = zip_end(&z);
    else
        zip_drop(&z);
    (void) close(fd);
    if (e == 0)
        e = file_read(&c->arena, path, ZIP_BYTES_MAX, &bytes, &c->err);
    if (e == 0)
        buf_add(&c->out, bytes);
    (void) unlink(path);
    return e;
}

int handle_pack_draft_file(struct call *c) {
    struct room_pack_draft x;
    struct draft d;
    char digest[65];
    int e = load(c, c->args.id, &x, &d);
    if (e == -ENOENT)
        return call_refuse(c, 400, "error.pack_none");
    if (e < 0)
        return e;
    e = draft_digest(&d, digest);
    if (e == 0)
        e = room_pack_draft_leave(c->p->room, &c->who, &x, str_of(digest), &c->err);
    if (e == 0)
        e = pack_zip(c, &d);
    draft_done(&d);
    if (e == -ERR_REFUSED)
        return call_refuse(c, 403, "error.pack_not_approved");
    c->type = "application/zip";
    c->header = "Content-Disposition";
    c->header_value = "attachment";
    return e < 0 ? e : 200;
}

/* ---- a quarter ---- */

int handle_quarter(struct call *c) {
    struct time_civil from = {.day = 1}, to = {.day = 1};
    int64_t year, n;
    if (call_query_i64(c, "year", 2000, 2200, 0, &year) < 0 || !year)
        return call_bad(c, "year");
    if (call_query_i64(c, "quarter", 1, 4, 0, &n) < 0 || !n)
        return call_bad(c, "quarter");
    from.year = (int) (n == 4 ? year + 1 : year); /* the Japanese year begins in April */
    from.month = n == 4 ? 1 : (int) (1 + 3 * n);
    to.year = from.year + (from.month == 10);
    to.month = from.month == 10 ? 1 : from.month + 3;
    int e = room_quarter_write(c->p->room, time_from_civil(&from, c->p->config->offset_min), time_from_civil(&to, c->p->config->offset_min), &c->who, &c->w, &c->err);
    return e < 0 ? e : 200;
}

/* See form_case.h: the files, the blanks, what was sent. */
#include "room/form_case.h"

#include "base/hash.h"
#include "room/datafile.h"
#include "room/form_priv.h"
#include "room/incident_priv.h"

/* ---- the files ---- */

int room_form_put(struct room *r, const struct room_actor *by, struct str source, const char *file, const char *origin, int64_t *ret_id, struct diag *reterr) {
    struct room_datafile x = {.kind = "form", .origin = origin, .source = source, .file = file && file[0] ? str_of(file) : STR_NULL};
    struct form f;
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    int e = form_parse(&a, source, file ? file : "", &r->facts, &f, reterr);
    if (e == 0) {
        x.key = f.key;
        x.title = f.title;
        e = room_datafile_put(r, by, &x, ret_id, reterr);
    }
    arena_done(&a);
    r->forms.read = false;
    return e;
}

struct form_list {
    struct room *r;
    struct form *at;
    int64_t *ids, *numbers;
    size_t cap, cap_ids, cap_numbers;
};

/* What names a fact that is gone is left out; its version stays, and can be mended. */
static int take_form(void *ctx, int64_t id, int64_t number, struct str source, struct diag *reterr UNUSED) {
    struct form_list *x = ctx;
    struct room_forms *l = &x->r->forms;
    struct form form;
    struct str text = arena_dup(&l->arena, source);
    if (!text.p || arena_grow(&l->arena, (void **) &x->at, &x->cap, l->n + 1, sizeof *x->at) < 0 ||
        arena_grow(&l->arena, (void **) &x->ids, &x->cap_ids, l->n + 1, sizeof *x->ids) < 0 ||
        arena_grow(&l->arena, (void **) &x->numbers, &x->cap_numbers, l->n + 1, sizeof *x->numbers) < 0)
        return -ENOMEM;
    if (form_parse(&l->arena, text, "", &x->r->facts, &form, NULL) < 0)
        return 0;
    x->at[l->n] = form;
    x->ids[l->n] = id;
    x->numbers[l->n++] = number;
    return 0;
}

int room_forms(struct room *r, const struct room_forms **ret, struct diag *reterr) {
    struct form_list x = {.r = r};
    *ret = &r->forms;
    if (r->forms.read)
        return 0;
    arena_done(&r->forms.arena);
    r->forms = (struct room_forms){0};
    arena_init(&r->forms.arena, (size_t) 256 << 20);
    int e = room_datafiles_each(r, "form", take_form, &x, reterr);
    r->forms.at = x.at;
    r->forms.ids = x.ids;
    r->forms.numbers = x.numbers;
    r->forms.read = e == 0;
    return e;
}

void room_forms_stale(struct room *r) {
    r->forms.read = false;
}

void room_forms_done(struct room *r) {
    arena_done(&r->forms.arena);
}

const struct form *room_form_find(struct room *r, struct str key, int64_t *ret_number, struct diag *reterr) {
    const struct room_forms *l;
    if (room_forms(r, &l, reterr) < 0)
        return NULL;
    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->at[i].key, key)) {
            if (ret_number)
                *ret_number = l->numbers[i];
            return &l->at[i];
        }
    IGNORE(diag_set(reterr, -ENOENT, "there is no form '%.*s'", STR_ARG(key)));
    return NULL;
}

/* ---- one form of one case ---- */

void form_view_done(struct form_view *v) {
    arena_done(&v->arena);
}

/* What was told of each item when it was sent last, by the item's cell and name. */
static int read_sent(struct room *r, int64_t incident, struct form_view *v, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct json_value *doc = NULL;
    int e = sql_query(r->db, &st, err, "SELECT doc, at, (SELECT count(*) FROM submission WHERE incident_id = ?1 AND form = ?2) FROM submission WHERE incident_id = "
                                       "?1 AND form = ?2 ORDER BY id DESC LIMIT 1",
                      "is", incident, &v->form->key);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e;
    struct str text = arena_dup(&v->arena, sql_str(st, 0));
    v->sent_ns = sql_i64(st, 1);
    v->n_sent = sql_i64(st, 2);
    e = text.p ? json_parse(&v->arena, text, &doc, err) : -ENOMEM;
    const struct json_value *list = e == 0 ? json_get_array(doc, "fields") : NULL;
    for (const struct json_value *x = list ? list->first : NULL; x; x = x->next) {
        struct str item, said, cell = STR("");
        (void) json_get_str(x, "cell", &cell);
        if (!json_get_str(x, "item", &item) || !json_get_str(x, "text", &said))
            continue;
        for (size_t i = 0; i < v->form->n_fields; i++)
            if (str_eq(form_item(v->form, i), item) && str_eq(v->form->fields[i].cell, cell))
                v->sent[i] = said;
    }
    return e;
}

int form_view_open(struct room *r, int64_t incident, struct str key, struct form_view *ret, struct diag *reterr) {
    struct form_view v = {.sent_ns = TIME_NONE};
    v.form = room_form_find(r, key, &v.number, reterr);
    if (!v.form)
        return -ENOENT;
    arena_init(&v.arena, (size_t) 64 << 20);
    v.values = arena_zalloc(&v.arena, v.form->n_fields * sizeof *v.values);
    v.sent = arena_zalloc(&v.arena, v.form->n_fields * sizeof *v.sent); /* .p NULL: it was not sent */
    int e = v.values && v.sent ? room_facts_get(r, &v.arena, incident, &v.facts, reterr) : -ENOMEM;
    if (e == 0)
        e = form_render(&v.arena, v.form, &r->facts, v.facts, v.values);
    if (e == 0)
        e = read_sent(r, incident, &v, reterr);
    if (e < 0)
        arena_done(&v.arena);
    else
        *ret = v;
    return e;
}

struct str form_item(const struct form *f, size_t i) {
    const struct fact_words *w = &f->fields[i].item;
    return f->ja ? (w->ja.n ? w->ja : w->en) : w->en.n ? w->en : w->ja;
}

bool form_changed(const struct form_view *v, size_t i) {
    return v->n_sent && !str_eq(v->sent[i].p ? v->sent[i] : STR(""), v->values[i].text);
}

/* ---- blanks ---- */

int room_blank_add(struct room *r, const struct room_actor *by, const struct room_blank *b, struct diag *reterr) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_BLANK, .tlp = TLP_GREEN, .owner = by->person};
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_write(r, &w, NULL, reterr, "INSERT INTO blank(form, digest, name, bytes, faults) VALUES (?1, ?2, ?3, ?4, ?5)", "szzis", &b->form, b->digest, b->name,
                   b->bytes, &b->faults);
    room_changed(r, "registers", 0);
    return room_end(r, e, reterr);
}

int room_blank_find(struct room *r, struct str form, char ret_digest[BLANK_DIGEST_CAP], struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT digest FROM blank WHERE form = ?1 ORDER BY id DESC LIMIT 1", "s", &form);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        snprintf(ret_digest, BLANK_DIGEST_CAP, "%.*s", (int) MIN(sql_str(st, 0).n, (size_t) BLANK_DIGEST_CAP - 1), sql_str(st, 0).p);
    return e < 0 ? e : e == 1 ? 0 : -ENOENT;
}

/* ---- what was sent ---- */

int room_form_doc(struct room *r, int64_t incident, struct str form, struct buf *out, int64_t *ret_number, struct diag *reterr) {
    struct form_view v;
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kstr(&w, "form", form);
    int e = form.n ? form_view_open(r, incident, form, &v, reterr) : 0;
    jsonw_key(&w, STR("fields"));
    jsonw_array(&w);
    for (size_t i = 0; e == 0 && form.n && i < v.form->n_fields; i++) {
        jsonw_object(&w);
        jsonw_kstr(&w, "cell", v.form->fields[i].cell);
        jsonw_kstr(&w, "item", form_item(v.form, i));
        jsonw_kstr(&w, "text", v.values[i].text);
        jsonw_end(&w);
    }
    jsonw_end(&w);
    if (e == 0 && form.n) {
        *ret_number = v.number;
        form_view_done(&v);
    }
    jsonw_end(&w);
    return e < 0 ? e : buf_error(out);
}

static int note(struct room *r, const struct room_actor *by, const struct room_submission *x, const char *key, struct diag *err) {
    struct buf params;
    struct jsonw w;
    buf_init(&params, 16384);
    jsonw_init(&w, &params);
    jsonw_object(&w);
    jsonw_kstr(&w, "to", x->to);
    jsonw_kstr(&w, "how", x->how);
    jsonw_kstr(&w, "number", x->note);
    jsonw_kstr(&w, "name", str_of(by->name));
    jsonw_end(&w);
    struct room_entry entry = {.incident = x->incident, .at_ns = x->at_ns, .until_ns = TIME_NONE, .lane = "ciso_csirt", .kind = "notice", .key = key, .precision_s = -1};
    return room_timeline_entry(r, by, &entry, &params, err);
}

static int add(struct room *r, const struct room_actor *by, const struct room_submission *x, int64_t *ret_id, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_SUBMISSION, .tlp = TLP_AMBER, .incident = x->incident, .owner = by->person};
    char blank[BLANK_DIGEST_CAP] = "", digest[2 * SHA256_BYTES + 1];
    uint8_t sum[SHA256_BYTES];
    struct buf doc;
    int64_t number = 0;
    buf_init(&doc, 4 << 20);
    int e = room_form_doc(r, x->incident, x->form, &doc, &number, err);
    struct str text = buf_str(&doc);
    sha256_of(text, sum);
    hex_encode(sum, sizeof sum, digest);
    if (e == 0 && x->form.n)
        e = room_blank_find(r, x->form, blank, err);
    e = e == -ENOENT && x->form.n && number ? 0 : e; /* as text, without a blank */
    if (e == 0)
        e = room_write(r, &w, ret_id, err,
                       "INSERT INTO submission(incident_id, obligation, report, form, form_number, addressee, how, at, doc, digest, blank, note) VALUES "
                       "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
                       "isssIssiszzs", x->incident, &x->obligation, &x->report, &x->form, number ? &number : NULL, &x->to, &x->how, x->at_ns, &text, digest, blank,
                       &x->note);
    buf_done(&doc);
    if (e == 0)
        e = note(r, by, x, "event.report_sent", err);
    if (e == 0)
        e = room_ledger_person(r, by, x->incident, err);
    return e == 0 ? room_obligations_refresh(r, x->incident, err) : e;
}

int room_submission_add(struct room *r, const struct room_actor *by, const struct room_submission *x, int64_t *ret_id, struct diag *reterr) {
    if (r->in_tx)
        return add(r, by, x, ret_id, reterr);
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, add(r, by, x, ret_id, reterr), reterr);
}

static int receipt(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_receipt *x, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_SUBMISSION, .id = id, .version = version};
    struct room_row row;
    int e = room_row_load(r, OBJECT_SUBMISSION, id, &row, err);
    if (e == 0)
        e = room_write(r, &w, NULL, err,
                       "UPDATE submission SET receipt = ?2, receipt_at = ?3, receipt_from = ?4, paper = coalesce(?5, paper), paper_name = coalesce(?6, paper_name) "
                       "WHERE id = ?1",
                       "isiszz", id, &x->number, x->at_ns, &x->from, x->paper, x->paper_name);
    struct room_submission said = {.incident = row.incident, .at_ns = x->at_ns, .to = x->from, .how = STR(""), .note = x->number};
    if (e == 0)
        e = note(r, by, &said, "event.report_received", err);
    return e == 0 ? room_obligations_refresh(r, row.incident, err) : e;
}

int room_submission_receipt(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_receipt *x, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, receipt(r, by, id, version, x, reterr), reterr);
}

int room_submissions_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    static const char *const texts[] = {"obligation", "report", "form", "to", "how", "digest", "note", "receipt", "receipt_from", "paper", "paper_name"};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT obligation, report, form, addressee, how, digest, note, receipt, receipt_from, paper, paper_name, id, version, at, receipt_at, "
                      "created_by, form_number, doc FROM submission WHERE incident_id = ?1 ORDER BY id DESC LIMIT 200",
                      "i", incident);
    jsonw_key(w, STR("submissions"));
    jsonw_array(w);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
            jsonw_kstr(w, texts[i], sql_str(st, (int) i));
        jsonw_ki64(w, "id", sql_i64(st, 11));
        jsonw_ki64(w, "version", sql_i64(st, 12));
        jsonw_ktime(w, "at", sql_i64(st, 13));
        jsonw_ktime(w, "receipt_at", sql_is_null(st, 14) ? TIME_NONE : sql_i64(st, 14));
        room_by_text(r, w, "by", sql_str(st, 15));
        jsonw_key(w, STR("form_number"));
        sql_is_null(st, 16) ? jsonw_null(w) : jsonw_i64(w, sql_i64(st, 16));
        jsonw_key(w, STR("said"));
        jsonw_raw(w, sql_str(st, 17));
        jsonw_end(w);
        e = 0;
    }
    jsonw_end(w);
    return e;
}

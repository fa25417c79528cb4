/* Forms of a case as pages, texts and tables. See form_case.h. */
#include "room/form_priv.h"

static size_t missing_of(const struct form_view *v, bool required) {
    size_t n = 0;
    for (size_t i = 0; i < v->form->n_fields; i++)
        n += v->values[i].state != FORM_FILLED && (!required || v->form->fields[i].required);
    return n;
}

static int write_blank(struct room *r, const struct form *f, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT digest, name, bytes, faults, created_at FROM blank WHERE form = ?1 ORDER BY id DESC LIMIT 1", "s", &f->key);
    if (e == 0)
        e = sql_step(st, err);
    jsonw_key(w, STR("blank"));
    if (e != 1) {
        jsonw_null(w);
        return e;
    }
    jsonw_object(w);
    jsonw_kstr(w, "digest", sql_str(st, 0));
    jsonw_kstr(w, "name", sql_str(st, 1));
    jsonw_ki64(w, "bytes", sql_i64(st, 2));
    jsonw_key(w, STR("faults"));
    jsonw_raw(w, sql_str(st, 3));
    jsonw_ktime(w, "at", sql_i64(st, 4));
    jsonw_end(w);
    return 0;
}

static int write_head(struct room *r, const struct form_view *v, struct jsonw *w, struct diag *err) {
    const struct form *f = v->form;
    jsonw_kstr(w, "key", f->key);
    fact_words_write(w, "titles", &f->title);
    fact_words_write(w, "to", &f->to);
    fact_words_write(w, "note", &f->note);
    jsonw_kz(w, "language", f->ja ? "ja" : "en");
    jsonw_kstr(w, "official", f->official);
    jsonw_kstr(w, "official_version", f->official_version);
    jsonw_kstr(w, "url", f->url);
    jsonw_kbool(w, "checked", f->checked);
    jsonw_kbool(w, "cells", f->has_cells);
    jsonw_ki64(w, "number", v->number);
    jsonw_ku64(w, "missing", missing_of(v, false));
    jsonw_ku64(w, "missing_required", missing_of(v, true));
    jsonw_ki64(w, "sent", v->n_sent);
    jsonw_ktime(w, "sent_at", v->sent_ns);
    return write_blank(r, f, w, err);
}

int room_forms_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    const struct room_forms *all;
    int e = room_forms(r, &all, reterr);
    jsonw_key(w, STR("forms"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < all->n; i++) {
        struct form_view v;
        e = form_view_open(r, incident, all->at[i].key, &v, reterr);
        if (e < 0)
            break;
        jsonw_object(w);
        e = write_head(r, &v, w, reterr);
        jsonw_end(w);
        form_view_done(&v);
    }
    jsonw_end(w);
    return e;
}

static void write_field(struct room *r, const struct form_view *v, size_t i, struct jsonw *w) {
    const struct form_field *x = &v->form->fields[i];
    jsonw_object(w);
    fact_words_write(w, "item", &x->item);
    jsonw_kstr(w, "cell", x->cell);
    jsonw_kstr(w, "text", v->values[i].text);
    jsonw_kz(w, "state", form_state_to_string(v->values[i].state));
    jsonw_kbool(w, "required", x->required);
    jsonw_kbool(w, "changed", form_changed(v, i));
    jsonw_key(w, STR("before"));
    v->sent[i].p ? jsonw_str(w, v->sent[i]) : jsonw_null(w);
    jsonw_key(w, STR("facts"));
    jsonw_array(w);
    for (size_t k = 0; k < x->n_facts; k++) {
        jsonw_object(w);
        jsonw_kstr(w, "name", r->facts.at[x->facts[k]].name);
        fact_words_write(w, "titles", &r->facts.at[x->facts[k]].title);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
}

int room_form_write(struct room *r, int64_t incident, struct str key, struct jsonw *w, struct diag *reterr) {
    struct form_view v;
    int e = form_view_open(r, incident, key, &v, reterr);
    if (e < 0)
        return e;
    jsonw_object(w);
    e = write_head(r, &v, w, reterr);
    jsonw_key(w, STR("fields"));
    jsonw_array(w);
    for (size_t i = 0; i < v.form->n_fields; i++)
        write_field(r, &v, i, w);
    jsonw_end(w);
    jsonw_end(w);
    form_view_done(&v);
    return e;
}

/* ---- to send, to read aloud ---- */

static struct str in(const struct fact_words *w, bool ja) {
    return ja ? (w->ja.n ? w->ja : w->en) : w->en.n ? w->en : w->ja;
}

int room_form_text(struct room *r, int64_t incident, struct str key, bool ja, struct buf *out, struct diag *reterr) {
    struct form_view v;
    int e = form_view_open(r, incident, key, &v, reterr);
    if (e < 0)
        return e;
    struct str title = in(&v.form->title, ja);
    buf_printf(out, "%.*s\n", STR_ARG(title));
    if (v.n_sent)
        buf_printf(out, ja ? "（第%lld報。※は前回から変わった項目）\n" : "(report %lld; * changed since the last)\n", (long long) v.n_sent + 1);
    for (size_t i = 0; i < v.form->n_fields; i++) {
        struct str item = in(&v.form->fields[i].item, ja);
        buf_printf(out, "\n%s%.*s%s\n", ja ? "【" : "[", STR_ARG(item), ja ? "】" : "]");
        if (form_changed(&v, i))
            buf_add_z(out, ja ? "※" : "* ");
        buf_add(out, v.values[i].text.n ? v.values[i].text : ja ? STR("確認中") : STR("being confirmed"));
        buf_add_byte(out, '\n');
    }
    form_view_done(&v);
    return buf_error(out);
}

/* A text that a spreadsheet would take for a formula is written as a text. */
static void add_csv(struct buf *out, struct str s) {
    buf_add_byte(out, '"');
    if (s.n && memchr("=+-@\t\r", s.p[0], 6))
        buf_add_byte(out, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            buf_add_byte(out, '"');
        buf_add_byte(out, s.p[i]);
    }
    buf_add_byte(out, '"');
}

int room_form_csv(struct room *r, int64_t incident, struct str key, struct buf *out, struct diag *reterr) {
    struct form_view v;
    int e = form_view_open(r, incident, key, &v, reterr);
    if (e < 0)
        return e;
    buf_add_z(out, "\xef\xbb\xbf");
    for (size_t i = 0; i < v.form->n_fields; i++) {
        const struct str columns[] = {v.form->fields[i].cell, form_item(v.form, i), v.values[i].text, str_of(form_state_to_string(v.values[i].state))};
        for (size_t k = 0; k < ARRAY_SIZE(columns); k++) {
            if (k)
                buf_add_byte(out, ',');
            add_csv(out, columns[k]);
        }
        buf_add_z(out, "\r\n");
    }
    form_view_done(&v);
    return buf_error(out);
}

int room_form_cells(struct room *r, int64_t incident, struct str key, struct jsonw *w, struct diag *reterr) {
    struct form_view v;
    int e = form_view_open(r, incident, key, &v, reterr);
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < v.form->n_fields; i++)
        if (v.form->fields[i].cell.n && v.values[i].text.n) {
            jsonw_object(w);
            jsonw_kstr(w, "cell", v.form->fields[i].cell);
            jsonw_kstr(w, "text", v.values[i].text);
            jsonw_end(w);
        }
    jsonw_end(w);
    if (e == 0)
        form_view_done(&v);
    return e;
}

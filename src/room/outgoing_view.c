/* Where recipients come from, and batches as pages and letters. See outgoing.h. */
#include "room/outgoing.h"

#include "base/limits.h"
#include "room/outgoing_priv.h"
#include "room/room_priv.h"

#define ARENA_BYTES_MAX ((size_t) 128 << 20)

/* ---- recipients out of a list ---- */

static char separator_of(struct str text) {
    static const char marks[] = {'\t', ';', ','};
    struct str line, rest = text;
    (void) str_split(&rest, '\n', &line);
    for (size_t i = 0; i < sizeof marks; i++)
        if (memchr(line.p, marks[i], line.n))
            return marks[i];
    return ',';
}

/* One cell as CSV has it: quoted, a quote doubled, line ends inside. *rest behind its separator; *ret_last: the line ends with it. */
static int next_cell(struct arena *a, struct str *rest, char mark, struct str *ret, bool *ret_last) {
    struct buf b;
    size_t i = 0;
    bool quoted = rest->n && rest->p[0] == '"';
    buf_init(&b, 65536);
    for (i = quoted; i < rest->n; i++) {
        char c = rest->p[i];
        if (quoted && c == '"') {
            if (i + 1 < rest->n && rest->p[i + 1] == '"')
                i++;
            else {
                quoted = false;
                continue;
            }
        } else if (!quoted && (c == mark || c == '\n')) {
            break;
        }
        buf_add_byte(&b, c);
    }
    *ret_last = i >= rest->n || rest->p[i] == '\n';
    *ret = buf_error(&b) ? STR_NULL : arena_dup(a, str_trim(buf_str(&b)));
    *rest = str_from(*rest, MIN(i + 1, rest->n));
    buf_done(&b);
    return ret->p ? 0 : -ENOMEM;
}

static bool is_head(struct str name) {
    static const char *const words[] = {"名前", "氏名", "宛名", "会員名", "name"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq_icase(name, str_of(words[i])))
            return true;
    return false;
}

static bool is_mail(struct str s) {
    const char *at = memchr(s.p, '@', s.n);
    bool good = at && at != s.p && at != s.p + s.n - 1 && s.n <= 254;
    for (size_t i = 0; i < s.n; i++)
        good &= (unsigned char) s.p[i] > ' ' && s.p[i] != 0x7f && s.p[i] != ',' && s.p[i] != ';' && s.p[i] != '<' && s.p[i] != '>';
    return good && !memchr(at + 1, '@', (size_t) (s.p + s.n - at - 1));
}

int room_outgoing_read_list(struct arena *a, struct str text, struct room_recipient_new **ret, size_t *ret_n, struct diag *reterr) {
    char mark = separator_of(text);
    size_t cap = 0;
    *ret = NULL;
    *ret_n = 0;
    for (int line = 1; text.n; line++) {
        struct str cells[4] = {STR(""), STR(""), STR(""), STR("")}, cell;
        bool last = false;
        for (size_t i = 0; !last; i++) {
            if (next_cell(a, &text, mark, &cell, &last) < 0)
                return diag_set(reterr, -ENOMEM, "memory has run out");
            if (i < ARRAY_SIZE(cells))
                cells[i] = cell;
        }
        if ((!cells[0].n && !cells[1].n && !cells[2].n) || (line == 1 && is_head(cells[0])))
            continue;
        if (!cells[0].n || cells[0].n > 300 || cells[2].n > 600)
            return diag_set(reterr, -EINVAL, "to: line %d has no name, or one that is too long", line);
        if (cells[1].n && !is_mail(cells[1]))
            return diag_set(reterr, -EINVAL, "to: line %d: '%.*s' is no mail address", line, (int) MIN(cells[1].n, 60u), cells[1].p);
        if (*ret_n == OUTGOING_RECIPIENTS_MAX)
            return diag_set(reterr, -EINVAL, "to: at most %d", OUTGOING_RECIPIENTS_MAX);
        if (arena_grow(a, (void **) ret, &cap, *ret_n + 1, sizeof **ret) < 0)
            return diag_set(reterr, -ENOMEM, "memory has run out");
        (*ret)[(*ret_n)++] = (struct room_recipient_new){.name = cells[0], .address = cells[1], .postal = cells[2], .en = str_eq_icase(cells[3], STR("en"))};
    }
    return 0;
}

/* ---- recipients out of a count ---- */

static int mail_of(struct room *r, struct arena *a, struct str person, struct str *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT json_extract(vals, '$.mail') FROM register WHERE kind = 'people' AND name = ?1 AND active LIMIT 1", "s", &person);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 && !sql_is_null(st, 0) ? arena_dup(a, sql_str(st, 0)) : STR("");
    return e < 0 ? e : ret->p ? 0 : -ENOMEM;
}

static bool is_there(const struct room_recipient_new *at, size_t n, struct str name) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(at[i].name, name))
            return true;
    return false;
}

/* A row's first text: the account it counts. */
static struct str first_text(const struct json_value *row) {
    const struct json_value *list = row ? json_get_array(row, "values") : NULL;
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next)
        if (v->type == JSON_STRING && v->text.n)
            return v->text;
    return STR("");
}

static int take_rows(struct room *r, struct arena *a, const struct json_value *result, struct room_recipient_new **ret, size_t *ret_n, struct diag *err) {
    const struct json_value *values = json_get_array(result, "values"), *who = json_get_array(result, "who"), *w = who ? who->first : NULL;
    size_t cap = 0;
    int e = 0;
    for (const struct json_value *v = values ? values->first : NULL; e == 0 && v; v = v->next, w = w ? w->next : NULL) {
        struct str name = w && w->type == JSON_STRING ? w->text : first_text(v), mail = STR("");
        if (!name.n || is_there(*ret, *ret_n, name) || *ret_n == OUTGOING_RECIPIENTS_MAX)
            continue;
        if (w && w->type == JSON_STRING)
            e = mail_of(r, a, name, &mail, err);
        else if (is_mail(name))
            mail = name;
        if (e == 0 && arena_grow(a, (void **) ret, &cap, *ret_n + 1, sizeof **ret) < 0)
            e = -ENOMEM;
        if (e == 0)
            (*ret)[(*ret_n)++] = (struct room_recipient_new){.name = name, .address = is_mail(mail) ? mail : STR(""), .postal = STR("")};
    }
    return e;
}

int room_outgoing_read_scope(struct room *r, struct arena *a, int64_t incident, int64_t run, struct room_recipient_new **ret, size_t *ret_n, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct json_value *result;
    *ret = NULL;
    *ret_n = 0;
    int e = sql_query(r->db, &st, reterr, "SELECT result FROM scope_run WHERE id = ?1 AND incident_id = ?2 AND result IS NOT NULL", "ii", run, incident);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -EINVAL, "scope");
    struct str text = arena_dup(a, sql_str(st, 0));
    sql_end(TAKE_PTR(st));
    e = text.p ? json_parse(a, text, &result, reterr) : -ENOMEM;
    return e < 0 ? e : take_rows(r, a, result, ret, ret_n, reterr);
}

/* ---- pages ---- */

/* What became of it, in one word: the answer, the letter, or the last message's. */
#define STATE                                                                                                                                    \
    "CASE WHEN t.answered_at IS NOT NULL THEN 'answered' WHEN t.letter_at IS NOT NULL THEN 'letter' WHEN t.message_id IS NULL THEN CASE t.address "  \
    "WHEN '' THEN 'to_print' ELSE 'to_send' END WHEN m.state IN ('waiting','sending') THEN 'sending' WHEN m.state IN ('sent','acknowledged') THEN "  \
    "'sent' WHEN m.state = 'bounced' THEN 'bounced' ELSE 'failed' END"

static void write_head(struct room *r, struct sql_stmt *st, struct jsonw *w) {
    jsonw_ki64(w, "id", sql_i64(st, 0));
    jsonw_ki64(w, "version", sql_i64(st, 1));
    jsonw_kstr(w, "use", sql_str(st, 2));
    jsonw_kstr(w, "statement", sql_str(st, 3));
    jsonw_kstr(w, "title", sql_str(st, 4));
    jsonw_kstr(w, "state", sql_str(st, 5));
    room_time_or_null(w, "due", st, 6);
    room_time_or_null(w, "sent", st, 7);
    jsonw_ktime(w, "at", sql_i64(st, 8));
    room_by_text(r, w, "by", sql_str(st, 9));
}
#define HEAD "id, version, use, statement, title, state, due_at, sent_at, created_at, created_by"

static int write_counts(struct room *r, int64_t id, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT " STATE ", count(*) FROM recipient t LEFT JOIN message m ON m.id = t.message_id WHERE t.outgoing_id = ?1 GROUP BY 1", "i", id);
    jsonw_key(w, STR("counts"));
    jsonw_object(w);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        jsonw_key(w, sql_str(st, 0));
        jsonw_i64(w, sql_i64(st, 1));
    }
    jsonw_end(w);
    return MIN(e, 0);
}

int room_outgoings_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " HEAD " FROM outgoing WHERE incident_id = ?1 ORDER BY id DESC LIMIT ?2", "ii", incident, (int64_t) OUTGOING_BATCHES_MAX);
    jsonw_object(w);
    jsonw_key(w, STR("outgoings"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        write_head(r, st, w);
        e = write_counts(r, sql_i64(st, 0), w, reterr);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
    return MIN(e, 0);
}

static int write_recipients(struct room *r, int64_t id, struct jsonw *w, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT t.id, t.version, t.name, t.address, t.postal, t.en, " STATE ", m.said, m.sent_at, t.letter_at, t.tries, t.answer, t.answered_at FROM recipient t LEFT JOIN "
                      "message m ON m.id = t.message_id WHERE t.outgoing_id = ?1 ORDER BY t.id LIMIT ?2",
                      "ii", id, (int64_t) OUTGOING_RECIPIENTS_MAX);
    jsonw_key(w, STR("recipients"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ki64(w, "version", sql_i64(st, 1));
        jsonw_kstr(w, "name", sql_str(st, 2));
        jsonw_kstr(w, "address", sql_str(st, 3));
        jsonw_kstr(w, "postal", sql_str(st, 4));
        jsonw_kbool(w, "en", sql_i64(st, 5) != 0);
        jsonw_kstr(w, "state", sql_str(st, 6));
        jsonw_kstr(w, "said", sql_str(st, 7));
        room_time_or_null(w, "sent", st, 8);
        room_time_or_null(w, "letter", st, 9);
        jsonw_ki64(w, "tries", sql_i64(st, 10));
        jsonw_kstr(w, "answer", sql_str(st, 11));
        room_time_or_null(w, "answered", st, 12);
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

/* As it was sent, or as a draft would read now. */
static int write_text(struct room *r, int64_t id, struct str state, struct str doc, struct jsonw *w, struct diag *err) {
    struct outgoing_text t;
    struct buf b;
    jsonw_key(w, STR("says"));
    if (!str_eq_z(state, "draft")) {
        doc.n ? jsonw_raw(w, doc) : jsonw_null(w);
        return 0;
    }
    int e = outgoing_text_open(r, id, &t, err);
    buf_init(&b, 8 * (size_t) STATEMENT_BYTES_MAX);
    struct statement_text said;
    if (e == 0)
        e = outgoing_text_for(r, &t, STR(""), &said);
    if (e == 0)
        e = statement_doc(&said, true, &b);
    e == 0 ? jsonw_raw(w, buf_str(&b)) : jsonw_null(w);
    buf_done(&b);
    outgoing_text_done(&t);
    return e == -ENOENT ? 0 : e;
}

int room_outgoing_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT " HEAD ", doc FROM outgoing WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no batch %lld", (long long) id);
    jsonw_object(w);
    write_head(r, st, w);
    e = write_counts(r, id, w, reterr);
    if (e == 0)
        e = write_text(r, id, sql_str(st, 5), sql_str(st, 10), w, reterr);
    if (e == 0)
        e = write_recipients(r, id, w, reterr);
    jsonw_end(w);
    return e;
}

/* ---- letters ---- */

static void add_letter(struct buf *out, struct str name, struct str postal, const struct statement_text *t, bool ja) {
    buf_add_z(out, "<section>\n<p>");
    statement_html(out, postal);
    buf_add_z(out, "</p>\n<p>");
    statement_html(out, name);
    buf_add_z(out, ja ? " 様</p>\n<h1>" : "</p>\n<h1>");
    statement_html(out, fact_words_in(&t->subject, ja));
    buf_add_z(out, "</h1>\n");
    for (size_t i = 0; i < t->n; i++) {
        struct str text = ja ? t->said[i].text.ja : t->said[i].text.en, head = fact_words_in(&t->said[i].part->head, ja);
        if (text.n && head.n) {
            buf_add_z(out, "<h2>");
            statement_html(out, head);
            buf_add_z(out, "</h2>\n");
        }
        if (text.n) {
            buf_add_z(out, "<p>");
            statement_html(out, text);
            buf_add_z(out, "</p>\n");
        }
    }
    buf_add_z(out, "</section>\n");
}

int room_outgoing_letters(struct room *r, int64_t id, struct buf *out, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct outgoing_text t;
    int e = outgoing_text_open(r, id, &t, reterr);
    buf_add_z(out, "<!doctype html>\n<html lang=\"ja\">\n<head>\n<meta charset=\"utf-8\">\n<title>letters</title>\n<style>body{font:12pt/1.75 serif;color:#000}section{break-after:page;"
                   "white-space:normal}h1{font-size:14pt}h2{font-size:12pt;margin:1em 0 0}@page{size:A4;margin:25mm}</style>\n</head>\n<body>\n");
    if (e == 0)
        e = sql_query(r->db, &st, reterr,
                      "SELECT t.name, t.postal, t.en FROM recipient t LEFT JOIN message m ON m.id = t.message_id WHERE t.outgoing_id = ?1 AND (" STATE
                      ") IN ('to_print','bounced','failed') ORDER BY t.id",
                      "i", id);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        struct arena_mark m = arena_mark(&t.arena);
        struct statement_text said;
        struct str name = arena_dup(&t.arena, sql_str(st, 0));
        e = name.p ? outgoing_text_for(r, &t, name, &said) : -ENOMEM;
        if (e == 0)
            add_letter(out, name, sql_str(st, 1), &said, sql_i64(st, 2) == 0);
        arena_rewind(&t.arena, m);
    }
    buf_add_z(out, "</body>\n</html>\n");
    outgoing_text_done(&t);
    return e < 0 ? e : buf_error(out);
}

/* See shelf.h. */
#include "app/search/shelf.h"

#include "base/file.h"
#include "base/limits.h"

#include <unistd.h>

enum { REFUSED_TOLD = 200, ROWS_TOLD = 100, SAMPLE = 20 };

int shelf_init(struct shelf *s, const struct config *c, const char *content, struct diag *reterr) {
    *s = (struct shelf){.data = c->data, .content = content, .config = c, .next_id = 1};
    indicator_list_init(&s->pending);
    int r = indicators_dir(c->data, s->dir, reterr);
    return r < 0 ? r : file_make_dir(s->dir, 0700, reterr);
}

void shelf_done(struct shelf *s) {
    indicator_list_done(&s->pending);
    if (s->loaded)
        indicator_book_done(&s->book);
}

/* What is kept, read again when somebody changed it. */
static int look(struct shelf *s, struct diag *err) {
    int64_t changed = indicator_book_changed(s->dir);
    if (s->loaded && changed == s->changed_ns)
        return 0;
    if (s->loaded)
        indicator_book_done(&s->book);
    s->loaded = false;
    int r = indicator_book_load(s->dir, &s->book, err);
    s->loaded = r == 0;
    s->changed_ns = changed;
    return r;
}

static struct str text_of(const struct json_value *q, const char *key) {
    struct str s = STR("");
    (void) json_get_str(q, key, &s);
    return s;
}

static int64_t number_of(const struct json_value *q, const char *key, int64_t otherwise) {
    int64_t n;
    return json_get_i64(q, key, &n) ? n : otherwise;
}

/* ---- a file is looked at ---- */

static int read_how(const struct json_value *q, struct indicator_reading *o, struct diag *err) {
    struct str tlp = text_of(q, "tlp"), format = text_of(q, "format");
    int64_t until = number_of(q, "until_ms", INT64_MIN), confidence = number_of(q, "confidence", -1);
    *o = (struct indicator_reading){.name = text_of(q, "name"), .format = -1, .source = text_of(q, "source"), .tlp = -1, .columns = text_of(q, "columns"),
                                    .confidence = confidence >= 0 && confidence <= 100 ? (int) confidence : -1,
                                    .valid_until_ns = until > -9000000000000 && until < 9000000000000 ? until * NS_PER_MS : TIME_NONE};
    if (tlp.n && (o->tlp = indicator_tlp_from_string(tlp)) < 0)
        return diag_set(err, -ERR_PARSE, "'%.*s' is no label of TLP", (int) MIN(tlp.n, 40u), tlp.p);
    if (format.n && (o->format = indicator_format_from_string(format)) < 0)
        return diag_set(err, -ERR_PARSE, "'%.*s' is no format", (int) MIN(format.n, 40u), format.p);
    return 0;
}

static bool is_file_name(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && (s.p[i] < 'a' || s.p[i] > 'z') && s.p[i] != '-' && s.p[i] != '.')
            return false;
    return s.n && s.p[0] != '.';
}

static int take_bytes(struct shelf *s, const struct json_value *q, struct arena *a, struct str *ret, struct diag *err) {
    struct str file = text_of(q, "file");
    char path[4096 + 64];
    *ret = text_of(q, "text");
    if (!file.n)
        return 0;
    if (!is_file_name(file) || file.n > 48)
        return diag_set(err, -ERR_PARSE, "no name of a file");
    snprintf(path, sizeof path, "%.4000s/incoming/%.*s", s->data, STR_ARG(file));
    int r = file_read(a, path, INDICATOR_FILE_BYTES_MAX, ret, err);
    (void) unlink(path);
    return r;
}

static void write_sample(const struct indicator_list *l, struct jsonw *w) {
    jsonw_key(w, STR("sample"));
    jsonw_array(w);
    for (size_t i = 0; i < MIN(l->n, (size_t) SAMPLE); i++) {
        const struct indicator *x = &l->at[i];
        jsonw_object(w);
        jsonw_kz(w, "kind", indicator_kind_to_string(x->kind));
        jsonw_kstr(w, "value", x->value);
        jsonw_kstr(w, "source", x->source);
        jsonw_kz(w, "tlp", indicator_tlp_to_string(x->tlp));
        jsonw_ktime(w, "until", x->valid_until_ns);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static int preview(struct shelf *s, const struct json_value *q, struct jsonw *w, struct diag *err) {
    CLEANUP(indicator_allow_freep) struct indicator_allow *allow = NULL;
    struct indicator_reading how;
    struct indicator_counts c;
    struct arena a;
    struct str bytes;
    arena_init(&a, INDICATOR_FILE_BYTES_MAX + 65536);
    indicator_list_done(&s->pending);
    indicator_list_init(&s->pending);
    s->pending_id = 0;
    int r = take_bytes(s, q, &a, &bytes, err);
    if (r == 0 && (r = read_how(q, &how, err)) == 0 && (r = look(s, err)) == 0 && (r = indicators_allow(s->config, s->content, &allow, err)) == 0) {
        how.allow = allow;
        r = indicator_read(&how, bytes, &s->pending, &s->pending_format, err);
    }
    arena_done(&a);
    if (r < 0)
        return r;
    s->pending_id = s->next_id++;
    struct str name = text_of(q, "name"), by = text_of(q, "by");
    snprintf(s->pending_name, sizeof s->pending_name, "%.*s", (int) MIN(name.n, sizeof s->pending_name - 1), name.p);
    snprintf(s->pending_by, sizeof s->pending_by, "%.*s", (int) MIN(by.n, sizeof s->pending_by - 1), by.p);
    indicator_book_count(&s->book, &s->pending, &c);
    jsonw_ki64(w, "preview", s->pending_id);
    jsonw_kz(w, "format", indicator_format_to_string(s->pending_format));
    jsonw_ku64(w, "new", c.fresh);
    jsonw_ku64(w, "known", c.known);
    jsonw_ku64(w, "same", c.same);
    jsonw_ku64(w, "passed", c.passed);
    jsonw_ku64(w, "refused_total", c.refused);
    jsonw_key(w, STR("refused"));
    indicator_refused_write(&s->pending, REFUSED_TOLD, w);
    write_sample(&s->pending, w);
    return 0;
}

static int take(struct shelf *s, const struct json_value *q, struct jsonw *w, struct diag *err) {
    uint32_t id = 0;
    if (!s->pending_id || number_of(q, "preview", 0) != s->pending_id)
        return diag_set(err, -ENOENT, "this file is no longer at hand; send it again");
    if (!s->pending.n)
        return diag_set(err, -EINVAL, "there is nothing in it to take");
    int lock = indicator_book_lock(s->dir, err);
    int r = lock < 0 ? lock : look(s, err);
    if (r == 0) {
        struct indicator_importing x = {.list = &s->pending, .name = str_of(s->pending_name), .by = str_of(s->pending_by), .format = s->pending_format,
                                        .at_ns = time_now_ns()};
        r = indicator_book_add(s->dir, &s->book, &x, &id, err);
    }
    if (lock >= 0)
        close(lock);
    if (r < 0)
        return r;
    indicator_list_done(&s->pending);
    indicator_list_init(&s->pending);
    s->pending_id = 0;
    jsonw_ku64(w, "import", id);
    return 0;
}

static int take_back(struct shelf *s, const struct json_value *q, struct jsonw *w UNUSED, struct diag *err) {
    int64_t id = number_of(q, "import", 0);
    int lock = indicator_book_lock(s->dir, err);
    int r = lock < 0 ? lock : id > 0 && id < UINT32_MAX ? indicator_book_remove(s->dir, (uint32_t) id, err) : diag_set(err, -ENOENT, "there is no such import");
    if (lock >= 0)
        close(lock);
    return r;
}

/* ---- lists ---- */

static int imports(struct shelf *s, const struct json_value *q, struct jsonw *w, struct diag *err) {
    uint64_t alive = 0;
    int64_t now = number_of(q, "now_ms", 0) * NS_PER_MS;
    int r = look(s, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < s->book.n; i++)
        alive += indicator_entry_holds(&s->book.entries[i], now) != NULL;
    jsonw_key(w, STR("imports"));
    jsonw_array(w);
    for (size_t i = s->book.n_imports; i-- > 0;)
        indicator_import_write(&s->book.imports[i], w);
    jsonw_end(w);
    jsonw_ku64(w, "alive", alive);
    jsonw_ku64(w, "ended", s->book.n - alive);
    return 0;
}

static uint8_t strictest(const struct indicator_entry *e) {
    uint8_t t = 0;
    for (uint32_t i = 0; i < e->n; i++)
        t = MAX(t, e->origins[i].tlp);
    return t;
}

static bool fits(const struct indicator_entry *e, struct str text) {
    bool is = !text.n || str_find(e->value, text, 0) >= 0;
    for (uint32_t i = 0; i < e->n && !is; i++)
        is = str_find(e->origins[i].source, text, 0) >= 0 || str_find(e->origins[i].note, text, 0) >= 0;
    return is;
}

/* Newest first; `from` counts entries from the newest on. */
static int list(struct shelf *s, const struct json_value *q, struct jsonw *w, struct diag *err) {
    int64_t now = number_of(q, "now_ms", 0) * NS_PER_MS, from = MAX(number_of(q, "from", 0), 0);
    int max = indicator_tlp_from_string(text_of(q, "tlp"));
    struct str text = text_of(q, "text");
    uint64_t kept_back = 0;
    bool ended = false;
    size_t told = 0;
    (void) json_get_bool(q, "ended", &ended);
    int r = look(s, err);
    if (r < 0)
        return r;
    size_t i = s->book.n > (size_t) from ? s->book.n - (size_t) from : 0;
    jsonw_key(w, STR("indicators"));
    jsonw_array(w);
    for (; i > 0 && told < ROWS_TOLD; i--) {
        const struct indicator_entry *e = &s->book.entries[i - 1];
        bool holds = indicator_entry_holds(e, now);
        if ((!holds && !ended) || !fits(e, text))
            continue;
        if ((int) strictest(e) > max) {
            kept_back++;
            continue;
        }
        indicator_entry_write(&s->book, e, w);
        told++;
    }
    jsonw_end(w);
    jsonw_key(w, STR("next"));
    if (i > 0)
        jsonw_u64(w, s->book.n - i);
    else
        jsonw_null(w);
    jsonw_ku64(w, "kept_back", kept_back);
    return 0;
}

int shelf_set(struct shelf *s, uint32_t import, struct indicator_set **ret, struct diag *reterr) {
    int r = look(s, reterr);
    if (r == 0 && !indicator_book_import(&s->book, import))
        r = diag_set(reterr, -ENOENT, "import %u was taken back", import);
    if (r == 0 && (r = indicator_set_new(&s->book, &import, 1, ret)) < 0)
        diag_set(reterr, r, "out of memory");
    return r;
}

static const struct {
    const char *op;
    int (*run)(struct shelf *s, const struct json_value *q, struct jsonw *w, struct diag *err);
} OPS[] = {{"indicators_preview", preview}, {"indicators_take", take}, {"indicators_remove", take_back},
           {"indicators_imports", imports}, {"indicators_list", list}};

bool shelf_has_op(struct str op) {
    for (size_t i = 0; i < ARRAY_SIZE(OPS); i++)
        if (str_eq_z(op, OPS[i].op))
            return true;
    return false;
}

int shelf_ask(struct shelf *s, struct str op, const struct json_value *question, struct jsonw *w, struct diag *reterr) {
    for (size_t i = 0; i < ARRAY_SIZE(OPS); i++)
        if (str_eq_z(op, OPS[i].op))
            return OPS[i].run(s, question, w, reterr);
    return -ERR_PARSE;
}

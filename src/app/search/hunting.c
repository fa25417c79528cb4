/* See hunting.h. */
#include "app/search/hunting.h"

#include "base/file.h"
#include "base/limits.h"

#define FORGET_NS (90 * NS_PER_DAY)
#define LISTS_FORGET_NS (400 * NS_PER_DAY) /* of cases */

int hunting_init(struct hunting *h, const struct config *c, const char *content, const struct scan_options *like, struct diag *reterr) {
    *h = (struct hunting){.like = *like};
    int r = shelf_init(&h->shelf, c, content, reterr);
    snprintf(h->folder, sizeof h->folder, "%.4000s/search/hunts", c->data);
    if (r == 0)
        r = file_make_dir(h->folder, 0700, reterr);
    snprintf(h->lists, sizeof h->lists, "%.4000s/exports", c->data);
    if (r == 0)
        past_forget(h->folder, "", ".hunt", time_now_ns() - FORGET_NS);
    if (r == 0)
        past_forget(h->lists, "scope-", ".csv", time_now_ns() - LISTS_FORGET_NS);
    return r;
}

void hunting_done(struct hunting *h) {
    past_free(h->past);
    scoping_free(h->scoping);
    shelf_done(&h->shelf);
}

bool hunting_has_op(struct str op) {
    return str_starts(op, STR("hunt")) || str_starts(op, STR("scope")) || shelf_has_op(op);
}

bool hunting_step(struct hunting *h) {
    bool past = past_is_running(h->past), scope = scoping_is_running(h->scoping);
    if (past)
        past_step(h->past);
    if (scope)
        scoping_step(h->scoping);
    return past || scope;
}

static int64_t read_ms(const struct json_value *q, const char *key) {
    int64_t ms;
    return json_get_i64(q, key, &ms) && ms > -INT64_C(9000000000000) && ms < INT64_C(9000000000000) ? ms * NS_PER_MS : TIME_NONE;
}

static int read_parts(const struct json_value *list, struct past_part dst[SEARCH_PARTS_MAX], size_t *ret_n, struct diag *err) {
    *ret_n = 0;
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        if (*ret_n == SEARCH_PARTS_MAX)
            return diag_set(err, -ERR_LIMIT, "more than %d questions at once", SEARCH_PARTS_MAX);
        struct past_part *x = &dst[(*ret_n)++];
        if (!json_get_str(v, "name", &x->name) || !x->name.n || x->name.n > PAST_KEY_BYTES_MAX || !json_get_str(v, "query", &x->query))
            return diag_set(err, -ERR_PARSE, "a question has a name and a query");
    }
    return 0;
}

static int begin(struct hunting *h, struct str key, const struct json_value *q, struct diag *err) {
    CLEANUP(indicator_set_unrefp) struct indicator_set *set = NULL;
    struct past_options o = {.scan = h->like, .key = key, .folder = h->folder};
    struct past *past;
    struct past_part parts[SEARCH_PARTS_MAX];
    int64_t import = 0;
    struct str copy = STR("");
    (void) json_get_str(q, "copy", &copy);
    int r = scan_over_copy(&o.scan, h->copies, copy, err);
    if (r == 0)
        r = read_parts(json_get_array(q, "parts"), parts, &o.n_parts, err);
    o.parts = parts;
    o.scan.from_ns = read_ms(q, "from_ms");
    o.scan.to_ns = read_ms(q, "to_ms");
    (void) json_get_str(q, "query", &o.scan.query);
    (void) json_get_str(q, "rule", &o.scan.rule);
    if (r == 0 && json_get_i64(q, "import", &import)) {
        o.import = (uint32_t) import;
        if (import <= 0 || import > UINT32_MAX)
            return diag_set(err, -ENOENT, "there is no such import");
        r = shelf_set(&h->shelf, o.import, &set, err);
        o.scan.indicators = set;
    }
    if (r == 0)
        r = past_new(&o, &past, err);
    if (r < 0)
        return r;
    past_free(h->past);
    h->past = past;
    return 0;
}

static int hunt(struct hunting *h, const struct json_value *q, bool stop, struct jsonw *w, struct diag *err) {
    struct str key = STR("");
    int r = 0;
    (void) json_get_str(q, "key", &key);
    if (!past_is(h->past, key)) {
        bool first = false; /* goes before the one under way, which goes on afterwards where it stood */
        IGNORE(json_get_bool(q, "first", &first));
        if (past_is_running(h->past) && !first)
            return diag_set(err, -EBUSY, "another hunt is under way");
        r = begin(h, key, q, err);
    }
    if (r == 0 && stop)
        past_stop(h->past);
    return r < 0 ? r : past_write(h->past, w);
}

static int scope(struct hunting *h, const struct json_value *q, bool stop, struct jsonw *w, struct diag *err) {
    struct scoping *s;
    struct str key = STR("");
    (void) json_get_str(q, "key", &key);
    if (!scoping_is(h->scoping, key)) {
        if (scoping_is_running(h->scoping))
            return diag_set(err, -EBUSY, "another count is under way");
        int r = scoping_new(&h->like, q, h->lists, &s, err);
        if (r < 0)
            return r;
        scoping_free(h->scoping);
        h->scoping = s;
    }
    if (stop)
        scoping_stop(h->scoping);
    return scoping_write(h->scoping, w);
}

int hunting_ask(struct hunting *h, struct str op, const struct json_value *question, struct jsonw *w, struct diag *reterr) {
    if (shelf_has_op(op))
        return shelf_ask(&h->shelf, op, question, w, reterr);
    if (str_starts(op, STR("scope")))
        return scope(h, question, str_eq_z(op, "scope_stop"), w, reterr);
    return hunt(h, question, str_eq_z(op, "hunt_stop"), w, reterr);
}

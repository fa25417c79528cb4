/* See nightly.h. */
#include "app/search/nightly.h"

#include "app/common/note.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"

enum { STATUS_BYTES_MAX = 65536, OUTCOME_BYTES_MAX = 16, NOTE_TEXT_MAX = 32768 };

bool nightly_is_due(int at_min, int offset_min, int64_t last_ns, int64_t now_ns) {
    if (at_min < 0)
        return false;
    int64_t shift = (int64_t) (offset_min - at_min) * NS_PER_MIN, local = now_ns + shift;
    int64_t day = (local % NS_PER_DAY + NS_PER_DAY) % NS_PER_DAY; /* since that time of day was last */
    return last_ns < now_ns - day;
}

/* What is damaged or from tomorrow says nothing. */
static int64_t read_last(const struct nightly *n, int64_t now_ns) {
    struct arena a;
    struct str text, at;
    struct json_value *v;
    int64_t t = TIME_NONE;
    int offset;
    arena_init(&a, 4 * STATUS_BYTES_MAX);
    if (file_read(&a, n->path, STATUS_BYTES_MAX, &text, NULL) == 0 && json_parse(&a, text, &v, NULL) == 0 && v->type == JSON_OBJECT &&
        json_get_str(v, "at", &at) && time_parse_iso(at, &t, &offset) > 0 && t > now_ns)
        t = TIME_NONE;
    arena_done(&a);
    return t == TIME_NONE ? now_ns : t;
}

void nightly_init(struct nightly *n, const char *data, const char *folder, const struct scan_options *o, int at_min, int offset_min,
                  int64_t now_ns) {
    *n = (struct nightly){.o = *o, .data = data, .at_min = at_min, .offset_min = offset_min};
    snprintf(n->path, sizeof n->path, "%.4000s/trace.json", folder);
    n->last_ns = read_last(n, now_ns);
}

void nightly_done(struct nightly *n) {
    n->test = trace_test_free(n->test);
}

/* What came of it, for the page. why: it could not be tried. */
static void write_status(const struct nightly *n, const struct json_value *event, const char *why) {
    struct str outcome = STR("unknown"), s;
    const struct json_value *missing = event ? json_get_array(event, "trace.missing") : NULL;
    struct jsonw w;
    struct buf b;
    struct diag d;
    if (event)
        (void) json_get_str(event, "event.outcome", &outcome);
    buf_init(&b, STATUS_BYTES_MAX);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_ktime(&w, "at", n->last_ns);
    jsonw_kstr(&w, "outcome", why ? STR("failed") : outcome);
    jsonw_kz(&w, "why", why);
    jsonw_key(&w, STR("address"));
    if (event && json_get_str(event, "source.ip", &s))
        jsonw_str(&w, s);
    else
        jsonw_null(&w);
    jsonw_key(&w, STR("missing"));
    jsonw_array(&w);
    for (const struct json_value *m = missing ? missing->first : NULL; m; m = m->next)
        jsonw_str(&w, m->text);
    jsonw_end(&w);
    jsonw_end(&w);
    buf_add_byte(&b, '\n');
    if (buf_error(&b) < 0 || file_write_atomic(n->path, buf_str(&b), 0644, &d) < 0)
        log_warn("cannot write '%s'", n->path);
    buf_done(&b);
}

static int tell(struct nightly *n, struct diag *err) {
    struct json_value *event;
    struct arena a;
    struct note note;
    bool good = false;
    arena_init(&a, 16 * NOTE_TEXT_MAX);
    note_begin(&note, "kizuki.trace", trace_test_action(n->test));
    int r = trace_test_write(n->test, &note.w, &good, err);
    if (r == 0) {
        struct str so_far = arena_dup(&a, buf_str(&note.bytes)); /* the note ends with its object */
        struct buf whole;
        buf_init(&whole, NOTE_TEXT_MAX);
        buf_add(&whole, so_far);
        buf_add_byte(&whole, '}');
        r = so_far.p ? buf_error(&whole) : -ENOMEM;
        if (r == 0)
            r = json_parse(&a, buf_str(&whole), &event, err);
        if (r == 0)
            write_status(n, event, NULL);
        buf_done(&whole);
    }
    int left = note_leave(&note, n->data, err);
    arena_done(&a);
    return r < 0 ? r : left;
}

bool nightly_step(struct nightly *n, int64_t now_ns) {
    struct diag d = {0};
    int r = 0;
    if (!n->test && !nightly_is_due(n->at_min, n->offset_min, n->last_ns, now_ns))
        return false;
    if (!n->test) {
        n->last_ns = now_ns; /* whatever comes of it: once a night */
        r = trace_test_new(&n->o, now_ns, &n->test, &d);
        r = r < 0 ? r : 1;
    } else if ((r = trace_test_step(n->test, &d)) == 0) {
        r = tell(n, &d);
    }
    if (r == 1)
        return true;
    n->test = trace_test_free(n->test);
    if (r < 0) {
        log_warn("it was not tried whether a trace would work tonight: %s", d.text);
        write_status(n, NULL, d.text);
    }
    return false;
}

/* See messages.h. Nothing here may be larger than a frame: what would be is cut, and says so. */
#include "app/sensor/messages.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "detect/rule.h"
#include "event/columns.h"

enum {
    MESSAGE_MAX = FRAME_BYTES_MAX,
    PART_BYTES = 400 * 1024,
    RULE_TEXT_MAX = 64 * 1024, /* of a rule's text and description, as shown */
    LINES_MAX = 200,
    LINE_SHOWN_MAX = 4096,
    LINE_JSON_MAX = 6 * LINE_SHOWN_MAX + 2 * SOURCE_TEXT_BYTES_MAX, /* every byte of it escaped */
};

static int64_t now_ns_of(const struct messages *m) {
    int64_t t = m->replay ? pump_now_ns(m->pump) : time_now_ns();
    return t == TIME_NONE ? 0 : t;
}

static void send_buf(struct messages *m, struct buf *b) {
    if (!buf_error(b))
        roomlink_send(m->link, buf_str(b));
    buf_done(b);
}

void messages_clock(struct messages *m) {
    struct buf b;
    /* Findings wait for their acknowledgement and say the time themselves; a clock that overtook them would make all that follows from them late. */
    if (!m->replay || pump_now_ns(m->pump) == TIME_NONE || !roomlink_empty(m->link))
        return;
    buf_init(&b, 256);
    buf_printf(&b, "{\"t\":\"clock\",\"now_ms\":%lld}",
               (long long) (pump_now_ns(m->pump) / NS_PER_MS));
    send_buf(m, &b);
}

static void write_strs(struct jsonw *w, const char *key, const struct detect_strs *s) {
    jsonw_key(w, str_of(key));
    jsonw_array(w);
    for (uint32_t i = 0; i < s->n; i++)
        jsonw_str(w, s->at[i]);
    jsonw_end(w);
}

/* A list of texts, or one text as a list of one. */
static void write_words(struct jsonw *w, const char *key, const struct yaml_node *at) {
    jsonw_key(w, str_of(key));
    jsonw_array(w);
    if (at && at->kind == YAML_SCALAR)
        jsonw_str(w, at->text);
    for (const struct yaml_node *v = at && at->kind == YAML_SEQUENCE ? at->first : NULL; v; v = v->next)
        if (v->kind == YAML_SCALAR)
            jsonw_str(w, v->text);
    jsonw_end(w);
}

static bool is_exception(const struct detect_rule *r) {
    return r->kizuki && yaml_get(r->kizuki, "exception");
}

static void write_rule(struct jsonw *w, const struct detect_rule *r) {
    struct str s;
    jsonw_object(w);
    jsonw_kstr(w, "id", r->id);
    jsonw_kstr(w, "name", r->name);
    jsonw_kstr(w, "title", r->title);
    if (r->kizuki && yaml_get_str(r->kizuki, "title_ja", &s))
        jsonw_kstr(w, "title_ja", s);
    if (r->kizuki && yaml_get_str(r->kizuki, "kind", &s))
        jsonw_kstr(w, "kind", s);
    if (r->kizuki && yaml_get_str(r->kizuki, "propose", &s))
        jsonw_kstr(w, "propose", s);
    jsonw_kz(w, "level", rule_level_to_string(r->level));
    jsonw_kz(w, "type", detect_kind_to_string(r->kind));
    jsonw_kstr(w, "status", r->status);
    jsonw_kstr(w, "author", r->author);
    if (r->doc && yaml_get_str(r->doc, "license", &s))
        jsonw_kstr(w, "licence", s);
    jsonw_kstr(w, "description", str_to(r->description, RULE_TEXT_MAX));
    jsonw_key(w, STR("logsource"));
    jsonw_object(w);
    jsonw_kstr(w, "category", r->logsource.category);
    jsonw_kstr(w, "product", r->logsource.product);
    jsonw_kstr(w, "service", r->logsource.service);
    jsonw_end(w);
    write_strs(w, "tags", &r->tags);
    write_strs(w, "falsepositives", &r->falsepositives);
    write_words(w, "falsepositives_ja", r->kizuki ? yaml_get(r->kizuki, "falsepositives_ja") : NULL);
    write_strs(w, "references", &r->references);
    jsonw_kstr(w, "file", r->file);
    jsonw_ku64(w, "line", r->line);
    jsonw_kstr(w, "text", str_to(r->text, RULE_TEXT_MAX));
    jsonw_kbool(w, "generate", r->generate);
    jsonw_end(w);
}

/* Where part k of the rules begins: parts are cut by the bytes of their texts. */
static uint32_t part_end(const struct detect_rules *set, uint32_t from) {
    size_t bytes = 0;
    uint32_t i = from;
    while (i < set->n && (i == from || bytes < PART_BYTES))
        bytes += MIN(set->rules[i]->text.n, (size_t) RULE_TEXT_MAX) * 2 + 2048, i++;
    return i;
}

static void write_rules_part(struct jsonw *w, const struct detect_rules *set, unsigned part,
                             unsigned parts, uint32_t from, uint32_t end) {
    jsonw_object(w);
    jsonw_kz(w, "t", "rules");
    jsonw_ku64(w, "part", part);
    jsonw_ku64(w, "parts", parts);
    jsonw_key(w, STR("rules"));
    jsonw_array(w);
    for (uint32_t i = from; i < end; i++)
        if (!is_exception(set->rules[i]))
            write_rule(w, set->rules[i]);
    jsonw_end(w);
    jsonw_end(w);
}

static void send_rules(struct messages *m) {
    const struct detect_rules *set = engine_rules(pump_engine(m->pump));
    unsigned parts = 0, part = 0;
    for (uint32_t i = 0; i < set->n; i = part_end(set, i))
        parts++;
    for (uint32_t i = 0; i < set->n; i = part_end(set, i), part++) {
        struct buf b;
        struct jsonw w;
        buf_init(&b, MESSAGE_MAX);
        jsonw_init(&w, &b);
        write_rules_part(&w, set, part, parts, i, part_end(set, i));
        if (buf_error(&b)) { /* a monstrous title or list: without this part the others would be
                                refused too */
            log_warn("rules %u to %u are too large to be shown", i + 1, part_end(set, i));
            buf_clear(&b);
            jsonw_init(&w, &b);
            write_rules_part(&w, set, part, parts, i, i);
        }
        send_buf(m, &b);
    }
}

static void send_stats(struct messages *m) {
    struct engine_stats s;
    uint64_t hours[24];
    struct jsonw w;
    struct buf b;
    engine_get_stats(pump_engine(m->pump), &s);
    pump_hours(m->pump, hours);
    buf_init(&b, MESSAGE_MAX);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "t", "stats");
    jsonw_ktime(&w, "at", now_ns_of(m));
    jsonw_ku64(&w, "events", s.events);
    jsonw_ku64(&w, "unparsed", s.unparsed);
    jsonw_ku64(&w, "findings", s.findings);
    jsonw_ku64(&w, "rules", s.rules);
    jsonw_ku64(&w, "rules_refused", s.rules_refused);
    jsonw_ku64(&w, "groups_evicted", s.groups_evicted);
    jsonw_key(&w, STR("events_by_hour"));
    jsonw_array(&w);
    for (int i = 0; i < 24; i++)
        jsonw_u64(&w, hours[i]);
    jsonw_end(&w);
    jsonw_end(&w);
    send_buf(m, &b);
}

static void send_sources(struct messages *m) {
    size_t n_seen;
    const struct engine_source *seen = engine_sources(pump_engine(m->pump), &n_seen);
    struct jsonw w;
    struct buf b;
    buf_init(&b, MESSAGE_MAX);
    jsonw_init(&w, &b);
    ledger_write(pump_ledger(m->pump), m->registry->sources, m->registry->n, seen, n_seen, engine_clocks(pump_engine(m->pump)),
                 m->live, now_ns_of(m), &m->page, &w);
    send_buf(m, &b);
}

void messages_status(struct messages *m) {
    if (!roomlink_up(m->link))
        return;
    send_sources(m);
    send_stats(m);
    messages_clock(m);
}

void messages_rules(struct messages *m) {
    if (roomlink_up(m->link))
        send_rules(m);
}

void messages_hello(struct messages *m) {
    struct buf b;
    buf_init(&b, 1024);
    buf_printf(&b, "{\"t\":\"hello\",\"version\":\"%s\",\"instance\":\"sensor\",\"replay\":%s}",
               KIZUKI_VERSION, m->replay ? "true" : "false");
    send_buf(m, &b);
    messages_clock(m);
    send_rules(m);
    m->page = (struct ledger_page){0};
    messages_status(m);
}

static void answer_explain(struct messages *m, const struct json_value *q, struct jsonw *w) {
    struct raw_record rec = {.arrival_ns = now_ns_of(m), .flags = RAW_BACKFILL};
    int64_t source;
    if (!json_get_str(q, "line", &rec.bytes) || rec.bytes.n > LINE_BYTES_MAX) {
        jsonw_null(w);
        return;
    }
    if (json_get_i64(q, "source", &source) && source > 0 && source < SOURCES_MAX)
        rec.source = (uint32_t) source;
    if (engine_explain(pump_lane(m->pump), &rec, NULL, w) < 0)
        jsonw_null(w);
}

/* What the device says, when it came, and by how much its clock is ahead; of what was read later nobody can tell that. */
static void write_times(struct messages *m, const struct raw_record *rec, struct jsonw *w) {
    struct engine_times t;
    if (engine_times(pump_lane(m->pump), rec, &t) < 0)
        log_warn("the time of record %llu cannot be told: memory has run out", (unsigned long long) rec->pos.n);
    jsonw_ktime(w, "at", t.at_ns);
    jsonw_ktime(w, "device_at", t.device_ns);
    jsonw_ktime(w, "arrived_at", t.arrived_ns);
    if (t.live && t.device_ns != TIME_NONE)
        jsonw_ki64(w, "offset_ms", (t.device_ns - t.arrived_ns) / NS_PER_MS);
}

static void write_line(struct messages *m, uint64_t number, struct jsonw *w) {
    struct arena a;
    struct raw_record rec;
    enum text_encoding used;
    arena_init(&a, 4 * 1024 * 1024);
    jsonw_object(w);
    jsonw_ku64(w, "n", number);
    if (pump_get(m->pump, number, &a, &rec, NULL) == 0) {
        struct str shown = str_to(rec.bytes, LINE_SHOWN_MAX);
        const struct source *s = rec.source < m->registry->n ? &m->registry->sources[rec.source] : NULL;
        int hint = !s ? -1 : s->encoding >= 0 ? s->encoding : (int) text_detect_usual(shown, s->usual);
        struct str text = text_to_utf8(&a, shown, hint, &used);
        write_times(m, &rec, w);
        jsonw_ku64(w, "source_id", rec.source);
        jsonw_kstr(w, "source",
                   rec.source < m->registry->n ? m->registry->sources[rec.source].name : STR(""));
        jsonw_kstr(w, "peer", columns_count(rec.peer) ? STR("") : rec.peer);
        jsonw_kstr(w, "text", text);
        jsonw_kbool(w, "cut", rec.bytes.n > LINE_SHOWN_MAX);
    } else {
        jsonw_kz(w, "text", NULL); /* no longer kept */
    }
    jsonw_end(w);
    arena_done(&a);
}

static void answer_lines(struct messages *m, const struct json_value *q, struct jsonw *w) {
    const struct json_value *list = json_get_array(q, "positions");
    int n = 0;
    jsonw_array(w);
    for (const struct json_value *v = list ? list->first : NULL;
         v && n < LINES_MAX && w->out->n + LINE_JSON_MAX < MESSAGE_MAX; v = v->next, n++) {
        uint64_t number;
        if (v->type == JSON_NUMBER && str_to_u64(v->text, &number) == 0)
            write_line(m, number, w);
    }
    jsonw_end(w);
}

const char *messages_code(int code) {
    static const struct {
        int code;
        const char *word;
    } words[] = {{-ERR_REFUSED, "refused"}, {-ERR_LIMIT, "limit"}, {-ERR_PARSE, "parse"}, {-ERR_UNSUPPORTED, "unsupported"},
                 {-ERR_VERSION, "version"}, {-EEXIST, "exists"}, {-EINVAL, "invalid"}, {-ENOENT, "missing"}, {-EBUSY, "busy"},
                 {-ENOSPC, "full"}};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (words[i].code == code)
            return words[i].word;
    return "other";
}

static void answer_order(struct messages *m, const struct json_value *q, struct jsonw *w) {
    struct diag d = {0};
    int r = m->order ? m->order(m->order_ctx, q, &d) : -ERR_UNSUPPORTED;
    jsonw_object(w);
    jsonw_kbool(w, "ok", r == 0);
    jsonw_kz(w, "error", r == 0 ? NULL : d.text[0] ? d.text : err_word(r));
    jsonw_kz(w, "code", r == 0 ? NULL : messages_code(r));
    jsonw_end(w);
}

static void answer_trial(struct messages *m, const struct json_value *q, struct jsonw *w) {
    if (m->trial)
        m->trial(m->order_ctx, q, w);
    else
        jsonw_null(w);
}

static const struct {
    const char *type, *result;
    void (*answer)(struct messages *m, const struct json_value *q, struct jsonw *w);
} QUESTIONS[] = {
    {"explain", "result", answer_explain},
    {"lines", "lines", answer_lines},
    {"rule_order", "result", answer_order},
    {"rule_trial", "result", answer_trial},
};

static void begin_answer(struct jsonw *w, struct buf *b, int64_t id, const char *type,
                         const char *result) {
    jsonw_init(w, b);
    jsonw_object(w);
    jsonw_kz(w, "t", type);
    jsonw_ki64(w, "id", id);
    jsonw_key(w, str_of(result));
}

void messages_answer(struct messages *m, const char *type, int64_t id, const struct buf *result) {
    struct jsonw w;
    struct buf b;
    buf_init(&b, MESSAGE_MAX);
    begin_answer(&w, &b, id, type, "result");
    if (buf_error(result))
        jsonw_null(&w);
    else
        jsonw_raw(&w, buf_str(result));
    jsonw_end(&w);
    send_buf(m, &b);
}

void messages_asked(void *ctx, struct str type, const struct json_value *question) {
    struct messages *m = ctx;
    int64_t id = 0;
    (void) json_get_i64(question, "id", &id);
    if (m->later && m->later(m->order_ctx, type, id, question))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(QUESTIONS); i++) {
        struct jsonw w;
        struct buf b;
        if (!str_eq_z(type, QUESTIONS[i].type))
            continue;
        buf_init(&b, MESSAGE_MAX);
        begin_answer(&w, &b, id, QUESTIONS[i].type, QUESTIONS[i].result);
        QUESTIONS[i].answer(m, question, &w);
        jsonw_end(&w);
        if (buf_error(&b)) { /* an answer all the same: somebody waits for it */
            buf_clear(&b);
            begin_answer(&w, &b, id, QUESTIONS[i].type, QUESTIONS[i].result);
            jsonw_null(&w);
            jsonw_end(&w);
        }
        send_buf(m, &b);
        return;
    }
}

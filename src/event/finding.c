#include "event/finding.h"

#include "base/json.h"

static const char *const levels[LEVEL_MAX_] = {
    [LEVEL_INFORMATIONAL] = "informational",
    [LEVEL_LOW] = "low",
    [LEVEL_MEDIUM] = "medium",
    [LEVEL_HIGH] = "high",
    [LEVEL_CRITICAL] = "critical",
};

const char *rule_level_to_string(enum rule_level l) {
    ASSERT((unsigned) l < LEVEL_MAX_);
    return levels[l];
}

int rule_level_from_string(struct str s) {
    for (int i = 0; i < LEVEL_MAX_; i++)
        if (str_eq_z(s, levels[i]))
            return i;
    return -EINVAL;
}

static const char *const states[FINDING_STATE_MAX_] = {
    [FINDING_OPEN] = "open",
    [FINDING_UPDATE] = "update",
    [FINDING_END] = "end",
};

const char *finding_state_to_string(enum finding_state s) {
    ASSERT((unsigned) s < FINDING_STATE_MAX_);
    return states[s];
}

struct writer {
    struct jsonw w;
    uint32_t list_max; /* values listed of each field */
    finding_stream_fn *stream_name;
    void *ctx;
};

static void write_pos(struct writer *x, const struct event_pos *pos) {
    struct jsonw *w = &x->w;
    jsonw_object(w);
    if (pos->stream == 0) {
        jsonw_ku64(w, "spool", pos->n);
    } else {
        if (x->stream_name)
            jsonw_kstr(w, "file", x->stream_name(x->ctx, pos->stream));
        else
            jsonw_ku64(w, "stream", pos->stream);
        jsonw_ku64(w, "line", pos->n);
    }
    jsonw_end(w);
}

static void write_rule(struct jsonw *w, const struct finding *f) {
    jsonw_key(w, STR("rule"));
    jsonw_object(w);
    jsonw_kstr(w, "id", f->rule_id);
    jsonw_kstr(w, "name", f->rule_name);
    jsonw_kstr(w, "title", f->rule_title);
    jsonw_kstr(w, "kind", f->kind);
    jsonw_kstr(w, "propose", f->propose);
    jsonw_end(w);
}

static void write_group(struct jsonw *w, const struct finding *f) {
    jsonw_key(w, STR("group"));
    jsonw_object(w);
    for (uint32_t i = 0; i < f->n_group; i++) {
        jsonw_key(w, f->group[i].name);
        jsonw_str(w, f->group[i].value);
    }
    jsonw_end(w);
}

static void write_measures(struct jsonw *w, const struct finding *f) {
    jsonw_key(w, STR("measures"));
    jsonw_object(w);
    for (uint32_t i = 0; i < f->n_measures; i++) {
        jsonw_key(w, f->measures[i].name);
        jsonw_double(w, f->measures[i].value);
    }
    jsonw_end(w);
}

static void write_values(struct writer *x, const struct finding *f) {
    struct jsonw *w = &x->w;
    jsonw_key(w, STR("values"));
    jsonw_object(w);
    for (uint32_t i = 0; i < f->n_values; i++) {
        const struct finding_values *v = &f->values[i];
        jsonw_key(w, v->name);
        jsonw_object(w);
        jsonw_ku64(w, "distinct", v->n_distinct);
        jsonw_kbool(w, "at_least", v->at_least);
        jsonw_key(w, STR("listed"));
        jsonw_array(w);
        for (uint32_t k = 0; k < MIN(v->n_listed, x->list_max); k++) {
            jsonw_object(w);
            jsonw_kstr(w, "value", v->listed[k]);
            jsonw_ku64(w, "count", v->counts[k]);
            jsonw_ktime(w, "first", v->first_ns[k]);
            if (v->first_pos) {
                jsonw_key(w, STR("at"));
                write_pos(x, &v->first_pos[k]);
            }
            jsonw_end(w);
        }
        jsonw_end(w);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void write_finding(const struct finding *f, finding_stream_fn *stream_name, void *ctx,
                          uint32_t list_max, struct buf *out) {
    struct writer x = {.stream_name = stream_name, .ctx = ctx, .list_max = list_max};
    struct jsonw *w = &x.w;
    jsonw_init(w, out);
    jsonw_object(w);
    jsonw_kz(w, "id", f->id);
    jsonw_kz(w, "state", finding_state_to_string(f->state));
    jsonw_ku64(w, "revision", f->revision);
    write_rule(w, f);
    jsonw_kz(w, "level", rule_level_to_string(f->level));
    write_group(w, f);
    jsonw_ku64(w, "count", f->count);
    jsonw_ktime(w, "first", f->first_ns);
    jsonw_ktime(w, "last", f->last_ns);
    jsonw_ktime(w, "detected", f->detected_ns);
    jsonw_key(w, STR("detected_at"));
    write_pos(&x, &f->detected_pos);
    write_measures(w, f);
    write_values(&x, f);
    jsonw_key(w, STR("evidence"));
    jsonw_array(w);
    for (uint32_t i = 0; i < f->n_evidence; i++)
        write_pos(&x, &f->evidence[i]);
    jsonw_end(w);
    if (f->at_least)
        jsonw_kbool(w, "at_least", true);
    if (f->held_back)
        jsonw_ku64(w, "held_back", f->held_back);
    if (f->drill)
        jsonw_kbool(w, "drill", true);
    if (f->watched)
        jsonw_kbool(w, "watched", true);
    if (f->canary)
        jsonw_kbool(w, "canary", true);
    jsonw_end(w);
}

void finding_write_json(const struct finding *f, finding_stream_fn *stream_name, void *ctx,
                        struct buf *out) {
    write_finding(f, stream_name, ctx, UINT32_MAX, out);
}

int finding_write_json_within(const struct finding *f, finding_stream_fn *stream_name, void *ctx,
                              size_t max_bytes, struct buf *out) {
    static const uint32_t listed[] = {UINT32_MAX, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1, 0};
    for (size_t i = 0; i < ARRAY_SIZE(listed); i++) {
        buf_clear(out);
        write_finding(f, stream_name, ctx, listed[i], out);
        if (buf_error(out) == -ENOMEM)
            return -ENOMEM;
        if (!buf_error(out) && out->n <= max_bytes)
            return 0;
    }
    return -ERR_LIMIT;
}

/* What the room is told about rules beside the rules themselves, and what it may ask to be done about them.
 *
 * {"t":"rule_state", sets, drafts' changes, exceptions, suppressions, canaries, delays, soc, change}: whole, whenever
 * something changed. {"t":"rule_order","id",op,…} is answered with {"result":{"ok":…,"error":…}}; who may ask is the
 * room's to judge, what makes sense is judged here. */
#include "app/common/rule_preview.h"
#include "app/engine/overlay.h"
#include "app/engine/samples.h"
#include "app/sensor/sensor.h"
#include "base/file.h"
#include "base/image.h"
#include "base/log.h"
#include "detect/rule.h"
#include "ruleset/decide.h"
#include "ruleset/soc.h"
#include "ruleset/stage.h"
#include "ruleset/store.h"

#include <limits.h>
#include <unistd.h>

enum { CHANGE_SHOWN_MAX = 200 * 1024, DELAYS_SHOWN = 500, FIELDS_MAX = 16, STATE_EVERY_S = 15 };

/* ---- telling ---- */

static void write_change(const struct ruleset *s, struct jsonw *w) {
    char path[PATH_MAX + 16];
    struct arena a;
    struct str text;
    struct json_value *v;
    arena_init(&a, 64 * 1024 * 1024);
    snprintf(path, sizeof path, "%s/change.json", s->dir);
    jsonw_key(w, STR("change"));
    /* Parsed first: a half-written file must not spoil the message. Too large: the command line shows it. */
    if (file_read(&a, path, CHANGE_SHOWN_MAX, &text, NULL) == 0 && json_parse(&a, text, &v, NULL) == 0)
        jsonw_raw(w, str_trim(text));
    else
        jsonw_null(w);
    arena_done(&a);
}

static void write_pack(const struct ruleset_pack *p, struct jsonw *w) {
    jsonw_key(w, STR("pack"));
    jsonw_object(w);
    jsonw_kstr(w, "id", p->id);
    jsonw_ki64(w, "version", p->version);
    jsonw_key(w, STR("titles"));
    jsonw_object(w);
    jsonw_kstr(w, "ja", p->title_ja);
    jsonw_kstr(w, "en", p->title_en);
    jsonw_end(w);
    jsonw_kstr(w, "signer", p->signer);
    jsonw_kstr(w, "key", p->key);
    jsonw_end(w);
}

static void write_sets(const struct sensor *s, struct jsonw *w) {
    struct rulesets all;
    jsonw_key(w, STR("sets"));
    jsonw_array(w);
    if (rulesets_load(s->config->data, &all, NULL) == 0)
        for (size_t i = 0; i < all.n; i++) {
            const struct ruleset *x = &all.at[i];
            jsonw_object(w);
            jsonw_kstr(w, "name", x->name);
            jsonw_kz(w, "state", x->draft ? "draft" : x->on ? "on" : "off");
            jsonw_ku64(w, "rules", x->rules);
            jsonw_ku64(w, "samples", x->samples);
            jsonw_kstr(w, "licence", x->licence);
            jsonw_kstr(w, "from", x->from);
            jsonw_kstr(w, "by", x->by);
            jsonw_ktime(w, "added", x->added_ns);
            jsonw_kz(w, "digest", x->digest);
            jsonw_kbool(w, "older", x->older);
            jsonw_kbool(w, "own", str_eq_z(x->from, RULESET_WRITTEN));
            jsonw_kbool(w, "watch", x->watch);
            if (x->pack.id.n)
                write_pack(&x->pack, w);
            if (x->draft || x->pack.id.n)
                write_change(x, w);
            jsonw_end(w);
        }
    rulesets_done(&all);
    jsonw_end(w);
}

static void write_exceptions(const struct sensor *s, struct jsonw *w) {
    const struct engine *e = pump_engine(s->pump);
    size_t n;
    const struct overlay_exception *x = overlay_exceptions(engine_overlay(e), &n);
    jsonw_key(w, STR("exceptions"));
    jsonw_array(w);
    for (size_t i = 0; i < n; i++) {
        struct str text = x[i].rule->text;
        jsonw_object(w);
        jsonw_kstr(w, "id", x[i].rule->id);
        jsonw_kstr(w, "owner", x[i].owner);
        jsonw_kstr(w, "reason", x[i].reason);
        jsonw_ktime(w, "until", x[i].until_ns);
        jsonw_kbool(w, "ended", x[i].until_ns <= time_now_ns());
        jsonw_kbool(w, "whole", x[i].whole);
        jsonw_key(w, STR("rules"));
        jsonw_array(w);
        for (uint32_t k = 0; k < x[i].n_targets; k++)
            jsonw_str(w, engine_rules(e)->rules[x[i].targets[k]]->id);
        jsonw_end(w);
        jsonw_ku64(w, "hidden_events", x[i].hidden_events);
        jsonw_ku64(w, "hidden_findings", x[i].hidden_findings);
        jsonw_ktime(w, "last", x[i].last_ns);
        jsonw_kstr(w, "text", str_to(text, 4096));
        jsonw_end(w);
    }
    jsonw_end(w);
    const struct overlay_suppression *p = overlay_suppressions(engine_overlay(e), &n);
    jsonw_key(w, STR("suppressions"));
    jsonw_array(w);
    for (size_t i = 0; i < n; i++) {
        jsonw_object(w);
        jsonw_kstr(w, "rule", p[i].rule->id);
        jsonw_kstr(w, "title", p[i].rule->title);
        jsonw_kstr(w, "owner", p[i].owner);
        jsonw_kstr(w, "reason", p[i].reason);
        jsonw_ki64(w, "for_s", p[i].for_ns / NS_PER_S);
        jsonw_ku64(w, "held_back", p[i].held_back);
        jsonw_end(w);
    }
    jsonw_end(w);
}

/* Only rules that bring something along; all others are "no canary". */
static void write_canaries(const struct sensor *s, struct jsonw *w) {
    const struct detect_rules *set = engine_rules(pump_engine(s->pump));
    jsonw_key(w, STR("canaries"));
    jsonw_array(w);
    for (uint32_t i = 0; i < set->n; i++) {
        const struct canary_row *row = canaries_row(&s->canaries, set->rules[i]->id);
        bool running = s->canaries.running && str_eq_z(set->rules[i]->id, s->canaries.rule);
        if (overlay_is_exception(engine_overlay(pump_engine(s->pump)), i) || (!row && !rule_has_samples(set->rules[i])))
            continue;
        jsonw_object(w);
        jsonw_kstr(w, "rule", set->rules[i]->id);
        jsonw_kstr(w, "title", str_to(set->rules[i]->title, 200));
        jsonw_kz(w, "state", running || !row || row->state == CANARY_NONE ? "waiting" : canary_state_to_string(row->state));
        jsonw_ktime(w, "at", row ? row->at_ns : TIME_NONE);
        if (row && row->state != CANARY_NONE)
            jsonw_ku64(w, "took_ms", row->took_ms);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void write_soc(const struct sensor *s, struct jsonw *w) {
    struct soc_book b;
    int64_t now = time_now_ns();
    jsonw_key(w, STR("soc"));
    jsonw_object(w);
    bool good = soc_load(s->config->data, &b, NULL) == 0;
    jsonw_key(w, STR("watches"));
    jsonw_array(w);
    for (size_t i = 0; good && i < b.n_socs; i++) {
        jsonw_object(w);
        jsonw_kstr(w, "name", b.socs[i].name);
        jsonw_kstr(w, "to", b.socs[i].to);
        jsonw_kstr(w, "phone", b.socs[i].phone);
        jsonw_ki64(w, "within_s", b.socs[i].within_ns / NS_PER_S);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_key(w, STR("runs"));
    jsonw_array(w);
    for (size_t i = good ? b.n_runs : 0, n = 0; i-- > 0 && n < 50; n++) {
        const struct soc_run *x = &b.runs[i];
        jsonw_object(w);
        jsonw_kstr(w, "token", x->token);
        jsonw_kstr(w, "soc", x->soc);
        jsonw_kstr(w, "rule", x->rule);
        jsonw_kstr(w, "title", x->title);
        jsonw_ktime(w, "sent", x->sent_ns);
        jsonw_ktime(w, "due", x->due_ns);
        jsonw_ktime(w, "answered", x->answered_ns);
        jsonw_kstr(w, "by", x->by);
        jsonw_kstr(w, "note", x->note);
        jsonw_kz(w, "state", soc_run_state(x, now));
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_end(w);
    soc_done(&b);
}

void rule_state_tell(struct sensor *s) {
    struct diag d = {0};
    struct jsonw w;
    struct buf b;
    if (!roomlink_up(s->link))
        return;
    buf_init(&b, FRAME_BYTES_MAX);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "t", "rule_state");
    write_sets(s, &w);
    write_exceptions(s, &w);
    write_canaries(s, &w);
    jsonw_key(&w, STR("delays"));
    jsonw_array(&w);
    delays_write(&s->delays, DELAYS_SHOWN, &w);
    jsonw_end(&w);
    write_soc(s, &w);
    jsonw_key(&w, STR("drill"));
    drill_write(&s->drill, &w);
    jsonw_ku64(&w, "tightened", engine_tightened(pump_engine(s->pump)));
    int state = pump_change_state(s->pump, &d);
    jsonw_kz(&w, "change", state > 0 ? "under_way" : state < 0 ? "failed" : "none");
    jsonw_kz(&w, "change_error", state < 0 ? d.text : NULL);
    jsonw_end(&w);
    if (buf_error(&b))
        log_warn("the state of the rules is larger than any message and is not shown");
    else
        roomlink_send(s->link, buf_str(&b));
    buf_done(&b);
}

/* ---- over restarts ---- */

static void image(void *ctx, struct image *x) {
    struct sensor *s = ctx;
    canaries_image(&s->canaries, x);
    delays_image(&s->delays, x);
}

static int state_path(const struct sensor *s, char *dst) {
    return snprintf(dst, PATH_MAX, "%.4000s/sensor/rules", s->config->data) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static bool hear(void *ctx, const struct finding *f, const struct raw_record *rec, uint64_t seq) {
    struct sensor *s = ctx;
    struct str source = rec && rec->source < s->registry.n ? s->registry.sources[rec->source].name : STR("");
    if (f->drill)
        return canaries_hear(s, f, rec, seq);
    if (!s->replay)
        delays_hear(&s->delays, f, rec, source, time_now_ns());
    return false;
}

void rule_state_start(struct sensor *s) {
    char path[PATH_MAX];
    struct diag d = {0};
    trial_init(&s->trial, s->config);
    canaries_init(&s->canaries);
    delays_init(&s->delays);
    if (state_path(s, path) == 0) {
        int r = image_file_read(path, image, s, &d);
        if (r < 0 && r != -ENOENT)
            log_warn("what canaries and delays were is lost: %s", d.text);
    }
    pump_listen(s->pump, hear, s);
}

void rule_state_keep(struct sensor *s) {
    char path[PATH_MAX];
    struct diag d = {0};
    if (state_path(s, path) == 0 && image_file_write(path, image, s, &d) < 0)
        log_warn("cannot keep canaries and delays: %s", d.text);
}

void rule_state_tick(struct sensor *s) {
    static unsigned seconds;
    canaries_tick(s);
    drill_tick(s);
    s->rule_state_changed |= trial_tick(&s->trial); /* a draft may wait now */
    if (++seconds % STATE_EVERY_S == 0) {
        s->rule_state_changed = true;
        if (!s->replay)
            rule_state_keep(s);
    }
    if (s->rule_state_changed)
        rule_state_tell(s);
    s->rule_state_changed = false;
}

/* ---- orders ---- */

static struct str text_of(const struct json_value *q, const char *key) {
    struct str s = STR("");
    (void) json_get_str(q, key, &s);
    return s;
}

/* Whoever decides about a version has seen it: `digest`, where it is given, is that of the version they saw. */
static int check_digest(const struct ruleset *x, struct str digest, struct diag *err) {
    if (!digest.n || str_eq_z(digest, x->digest))
        return 0;
    return diag_set(err, -ERR_VERSION, "'%.*s' is another version meanwhile; look at what that one changes", STR_ARG(x->name));
}

static int order_set(struct sensor *s, const struct json_value *q, struct diag *err) {
    const char *data = s->config->data;
    struct str op = text_of(q, "op"), name = text_of(q, "name");
    bool draft = str_eq_z(op, "adopt") || str_eq_z(op, "drop_draft");
    struct rulesets all;
    int r = rulesets_load(data, &all, err);
    const struct ruleset *x = r == 0 ? rulesets_find(&all, name, draft) : NULL;
    if (r == 0 && !x)
        r = diag_set(err, -ENOENT, draft ? "no version of '%.*s' waits to be switched on" : "there is no rule set '%.*s'",
                     (int) MIN(name.n, 80u), name.p);
    if (r == 0)
        r = check_digest(x, text_of(q, "digest"), err);
    if (r < 0)
        ;
    else if (str_eq_z(op, "adopt"))
        r = (r = ruleset_switch(x, true, false, err)) < 0 ? r : ruleset_adopt(data, name, err);
    else if (str_eq_z(op, "back"))
        r = ruleset_go_back(data, name, err);
    else if (draft || str_eq_z(op, "drop"))
        r = ruleset_drop(data, name, draft, err);
    else
        r = ruleset_switch(x, !str_eq_z(op, "off"), str_eq_z(op, "watch"), err);
    rulesets_done(&all);
    return r;
}

static int order_except(struct sensor *s, const struct json_value *q, struct diag *err) {
    struct exception_field fields[FIELDS_MAX];
    const struct json_value *where = json_get_array(q, "where");
    const struct detect_rule *rule = detect_rules_find(engine_rules(pump_engine(s->pump)), text_of(q, "rule"));
    struct exception_made x = {.fields = fields, .owner = text_of(q, "owner"), .reason = text_of(q, "reason")};
    int64_t now = time_now_ns();
    if (!rule)
        return diag_set(err, -ENOENT, "there is no such rule");
    exception_of_rule(&x, rule);
    for (const struct json_value *v = where ? where->first : NULL; v && x.n_fields < FIELDS_MAX; v = v->next)
        fields[x.n_fields++] = (struct exception_field){text_of(v, "field"), text_of(v, "value")};
    (void) json_get_bool(q, "whole", &x.whole);
    int r = exception_until(text_of(q, "until"), now, &x.until_ns, err);
    if (r == 0)
        r = exception_check(&x, now, err);
    return r < 0 ? r : exception_add(s->config->data, &x, err);
}

static int order_unexcept(struct sensor *s, const struct json_value *q, struct diag *err) {
    return exception_remove(s->config->data, text_of(q, "name"), err);
}

static int order_suppress(struct sensor *s, const struct json_value *q, struct diag *err) {
    struct suppression_made x = {text_of(q, "rule"), text_of(q, "for"), text_of(q, "owner"), text_of(q, "reason")};
    if (!detect_rules_find(engine_rules(pump_engine(s->pump)), x.rule))
        return diag_set(err, -ENOENT, "there is no such rule");
    return suppression_add(s->config->data, &x, err);
}

static int order_unsuppress(struct sensor *s, const struct json_value *q, struct diag *err) {
    return suppression_remove(s->config->data, text_of(q, "rule"), err);
}

static int order_canary(struct sensor *s, const struct json_value *q, struct diag *err) {
    const struct detect_rule *rule = detect_rules_find(engine_rules(pump_engine(s->pump)), text_of(q, "rule"));
    if (!rule || !rule_has_samples(rule))
        return diag_set(err, -ENOENT, "this rule brings no samples along, so there is nothing to send");
    canaries_want(&s->canaries, rule->id);
    canaries_tick(s); /* somebody waits */
    return 0;
}

static int order_drill(struct sensor *s, const struct json_value *q, struct diag *err) {
    if (str_eq_z(text_of(q, "op"), "drill_end")) {
        drill_end(s);
        return 0;
    }
    return drill_begin(s, text_of(q, "name"), err);
}

/* Watches named on a page are reached over the network only: a path would be opened by whoever sends the canary, often
 * root. Their names stand in the command that the page shows. */
static int named_on_page(const struct json_value *q, struct soc *ret, struct diag *err) {
    *ret = (struct soc){text_of(q, "name"), text_of(q, "to"), text_of(q, "phone"), 0};
    if (!ruleset_name_is_good(ret->name))
        return diag_set(err, -EINVAL, "a watch is called by letters, digits, - and _");
    if (!str_starts(ret->to, STR("udp:")) && !str_starts(ret->to, STR("tcp:")))
        return diag_set(err, -EINVAL, "sensors read at udp:HOST:PORT or tcp:HOST:PORT; a file is named on the server, with kizuki rule soc");
    if (time_parse_span(text_of(q, "for"), &ret->within_ns) < 0)
        return diag_set(err, -EINVAL, "how soon it calls is a span, like 30m");
    return 0;
}

static int order_soc(struct sensor *s, const struct json_value *q, struct diag *err) {
    bool drop = str_eq_z(text_of(q, "op"), "soc_drop");
    struct soc_book b;
    struct soc named;
    int r = soc_load(s->config->data, &b, err);
    if (r == 0)
        r = drop ? soc_drop(&b, text_of(q, "name"), err) : named_on_page(q, &named, err);
    if (r == 0 && !drop)
        r = soc_put(&b, &named, err);
    if (r == 0)
        r = soc_save(s->config->data, &b, err);
    soc_done(&b);
    return r;
}

static int order_soc_answer(struct sensor *s, const struct json_value *q, struct diag *err) {
    struct soc_book b;
    int r = soc_load(s->config->data, &b, err);
    if (r == 0)
        r = soc_answer(&b, text_of(q, "name"), text_of(q, "owner"), text_of(q, "reason"), time_now_ns(), err);
    if (r == 0)
        r = soc_save(s->config->data, &b, err);
    soc_done(&b);
    return r;
}

/* The whole list, from the room, which knows their reasons; kept, so that a restart and a room that is away change nothing. */
static int order_tighten(struct sensor *s, const struct json_value *q, struct diag *err) {
    const struct json_value *list = json_get_array(q, "tightenings");
    struct buf b;
    struct jsonw w;
    if (!list)
        return diag_set(err, -EINVAL, "what is to be watched more closely is a list");
    buf_init(&b, FRAME_BYTES_MAX);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_key(&w, STR("tightenings"));
    jsonw_value(&w, list);
    jsonw_end(&w);
    int r = buf_error(&b) ? buf_error(&b) : tightened_write(s->config->data, buf_str(&b), err);
    if (r == 0)
        r = rulesets_tell(s->config->data, err);
    buf_done(&b);
    return MIN(r, 0);
}

static const struct {
    const char *op;
    int (*run)(struct sensor *s, const struct json_value *q, struct diag *err);
} ORDERS[] = {
    {"adopt", order_set},       {"on", order_set},      {"watch", order_set},
    {"off", order_set},         {"back", order_set},
    {"drop_draft", order_set},  {"drop", order_set},
    {"except", order_except},
    {"unexcept", order_unexcept}, {"suppress", order_suppress},
    {"unsuppress", order_unsuppress}, {"canary", order_canary},
    {"tighten", order_tighten}, {"drill", order_drill}, {"drill_end", order_drill},
    {"soc_answer", order_soc_answer}, {"soc", order_soc}, {"soc_drop", order_soc},
};

/* The rules stay as they are, or the order says itself that they do not: the engine need not be made anew. */
static bool leaves_rules(struct str op) {
    return str_eq_z(op, "canary") || str_starts(op, STR("drill")) || str_eq_z(op, "tighten") || str_starts(op, STR("soc"));
}

int rule_state_order(void *ctx, const struct json_value *q, struct diag *err) {
    struct sensor *s = ctx;
    struct str op = text_of(q, "op");
    for (size_t i = 0; i < ARRAY_SIZE(ORDERS); i++) {
        if (!str_eq_z(op, ORDERS[i].op))
            continue;
        if (s->replay && ORDERS[i].run != order_canary)
            return diag_set(err, -EBUSY, "a demonstration plays its story with the rules as they are");
        if (__atomic_load_n(&s->trial.locked, __ATOMIC_ACQUIRE)) /* or we would wait for it with everything */
            return diag_set(err, -EBUSY, "a rule set is being taken in; try again in a moment");
        int lock = rulesets_lock(s->config->data, err);
        int r = lock < 0 ? lock : ORDERS[i].run(s, q, err);
        if (r == 0 && !leaves_rules(op))
            r = rulesets_tell(s->config->data, err);
        if (lock >= 0)
            close(lock);
        s->rule_state_changed = true;
        return r;
    }
    return diag_set(err, -EINVAL, "there is no such order");
}

void rule_state_trial(void *ctx, const struct json_value *q, struct jsonw *w) {
    struct sensor *s = ctx;
    struct diag d = {0};
    s->rule_state_changed |= trial_tick(&s->trial); /* whoever looks need not wait for the next second */
    struct str op = text_of(q, "op");
    bool keeps = str_eq_z(op, "add") || str_eq_z(op, "write");
    int r = s->replay && keeps ? diag_set(&d, -EBUSY, "a demonstration plays its story with the rules as they are") : 0;
    if (r == 0)
        r = trial_order(&s->trial, q, spool_durable_next(s->spool) - 1, &d);
    jsonw_object(w);
    jsonw_kbool(w, "ok", r == 0);
    jsonw_kz(w, "error", r == 0 ? NULL : d.text[0] ? d.text : err_word(r));
    jsonw_kz(w, "code", r == 0 ? NULL : messages_code(r));
    jsonw_key(w, STR("trial"));
    trial_write(&s->trial, w);
    jsonw_end(w);
}

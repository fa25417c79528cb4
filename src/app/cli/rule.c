/* `kizuki rule check | fields | test | explain`: rules looked at by those who write them.
 *
 * Samples stand in the rules themselves:
 *   kizuki: {samples: {match: [SAMPLE…], no_match: [SAMPLE…]}}
 * A sample is a log line, a mapping of fields, or a list of these in order of time. A detection
 * must match every line of a `match` sample and none of a `no_match` sample; for it a mapping is an
 * event as decoders give it. A correlation must, or must not, become a finding when the lines of
 * one sample are all there is; for it a mapping is read as a JSON line, and one that begins with
 * event.module: kizuki as what Kizuki itself noticed. */
#include "detect/rule.h"

#include "app/cli/command.h"
#include "app/engine/engine.h"
#include "app/engine/samples.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

enum { OUT_MAX = 64 * 1024 * 1024, TEXT_DEPTH_MAX = 40 };
/* Samples arrive at one moment, so that what they lack is inferred the same way on every day. */
#define SAMPLE_ARRIVAL_NS (INT64_C(1798761600) * NS_PER_S) /* 2027-01-01 */

struct rule_args {
    struct cli_list rules;
    const char *rule, *decoder, *service;
    bool json;
};

static int ignore_finding(void *ctx UNUSED, const struct finding *f UNUSED) {
    return 0;
}

static struct source line_source(const struct rule_args *a) {
    return (struct source){
        .name = STR("sample"),
        .kind = STR("file"),
        .decoder = a && a->decoder ? str_of(a->decoder) : STR(""),
        .service = a && a->service ? str_of(a->service) : STR(""),
        .host = STR(""),
        .path = STR(""),
        .encoding = -1,
        .offset_min = TIME_JST_OFFSET_MIN,
        .skew_max_ns = NS_PER_DAY,
    };
}

static int open_engine(const char *const *paths, size_t n, const struct source *source, size_t n_sources,
                       struct finding_sink sink, struct engine **ret, struct diag *reterr) {
    struct engine_options o = {
        .rule_paths = n ? paths : NULL, .n_rule_paths = n, .sources = source, .n_sources = n_sources};
    return engine_new(&o, sink, ret, reterr);
}

/* --- check --- */

static void say_refused(void *ctx UNUSED, const struct diag *d) {
    char line[1024];
    printf("%s\n", diag_format(d, line, sizeof line));
}

static int check(void *settings UNUSED, unsigned n_args, char **args) {
    struct finding_sink sink = {.put = ignore_finding};
    struct source source = line_source(NULL);
    CLEANUP(engine_freep) struct engine *e = NULL;
    struct engine_stats s;
    struct diag d = {0};
    if (open_engine((const char *const *) args, n_args, &source, 1, sink, &e, &d) < 0)
        return command_failed(&d);
    engine_each_refused(e, say_refused, NULL);
    engine_get_stats(e, &s);
    printf("%u rules understood, %u refused\n", s.rules, s.rules_refused);
    return s.rules_refused ? 1 : 0;
}

/* --- fields --- */

static int fields(void *settings UNUSED, unsigned n_args, char **args) {
    struct finding_sink sink = {.put = ignore_finding};
    struct source source = line_source(NULL);
    CLEANUP(engine_freep) struct engine *e = NULL;
    struct diag d = {0};
    if (open_engine((const char *const *) args, n_args, &source, 1, sink, &e, &d) < 0)
        return command_failed(&d);
    const struct event_names *names = engine_names(e);
    for (uint32_t id = 1; id < event_names_count(names); id++) {
        struct str name = event_names_get(names, id);
        if (event_names_asked(names, id))
            printf("%.*s\n", STR_ARG(name));
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

static struct raw_record record_of(struct str line, uint64_t number) {
    return (struct raw_record){.bytes = line,
                               .arrival_ns = SAMPLE_ARRIVAL_NS,
                               .pos = {.stream = 1, .n = number + 1},
                               .flags = RAW_BACKFILL};
}

/* --- test --- */

struct testing {
    const char *const *paths;
    size_t n_paths;
    struct source sources[2]; /* logs; what Kizuki itself noticed */
    struct engine *engine;
    struct engine_lane *lane;
    struct arena arena;
    unsigned n_rules, n_without, n_samples, n_failed;
};

static int add_fields(struct event *ev, const struct yaml_node *mapping) {
    int r = 0;
    for (const struct yaml_node *it = mapping->first; r == 0 && it; it = it->next) {
        bool list = it->kind == YAML_SEQUENCE;
        for (const struct yaml_node *v = list ? it->first : it; r == 0 && v;
             v = list ? v->next : NULL)
            r = event_add_named(ev, it->key->text,
                                yaml_is_null(v)                       ? JSON_NULL
                                : v->plain && json_is_number(v->text) ? JSON_NUMBER
                                                                      : JSON_STRING,
                                v->text);
    }
    return r;
}

static int explain_sample(struct testing *t, const struct detect_rule *rule,
                          const struct yaml_node *mapping, struct str line, struct jsonw *w) {
    struct raw_record rec = record_of(line, 0);
    struct event ev;
    if (!mapping)
        return engine_explain(t->lane, &rec, rule, w);
    event_begin(&ev, &t->arena, engine_names(t->engine), &rec);
    ev.keep_all = true;
    ev.time_ns = rec.arrival_ns;
    int r = add_fields(&ev, mapping);
    return r < 0 ? r : engine_explain_event(t->lane, &ev, rule, w);
}

/* Whether the rule matches the mapping, or else the line: what explain says of it. */
static int sample_matches(struct testing *t, const struct detect_rule *rule,
                          const struct yaml_node *mapping, struct str line, bool *ret) {
    struct buf b;
    struct jsonw w;
    struct json_value *v = NULL;
    buf_init(&b, OUT_MAX);
    jsonw_init(&w, &b);
    *ret = false;
    int r = explain_sample(t, rule, mapping, line, &w);
    if (r == 0)
        r = buf_error(&b);
    if (r == 0)
        r = json_parse(&t->arena, buf_str(&b), &v, NULL);
    if (r == 0)
        (void) json_get_bool(json_get(json_get(v, "detect"), "rule"), "matched", ret);
    buf_done(&b);
    return r;
}

/* All lines and mappings of a detection's sample. */
static int detection_holds(struct testing *t, const struct detect_rule *rule,
                           const struct yaml_node *sample, bool want, bool *good) {
    struct sample_lines l = {.arena = &t->arena};
    bool got;
    int r = 0;
    if (sample->kind == YAML_SEQUENCE) {
        for (const struct yaml_node *it = sample->first; r == 0 && it; it = it->next)
            r = detection_holds(t, rule, it, want, good);
        return r;
    }
    if (sample->kind == YAML_MAPPING) {
        r = sample_matches(t, rule, sample, STR_NULL, &got);
        *good &= got == want;
        return r;
    }
    r = sample_lines_add(&l, sample, NULL);
    for (size_t i = 0; r == 0 && i < l.n; i++) {
        r = sample_matches(t, rule, NULL, l.at[i], &got);
        *good &= got == want;
    }
    return r;
}

/* A drill of its own in the one engine: it forgets what was before. */
static int play(struct testing *t, const struct sample_lines *l) {
    struct engine_batch *batch = engine_batch_new();
    struct engine_stream stream = ENGINE_STREAM_START;
    struct raw_record *records = mem_zalloc_array(l->n + 1, sizeof *records);
    int r = batch && records ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i <= l->n; i++) {
        records[i] = record_of(i < l->n ? l->at[i] : STR(""), i);
        records[i].flags |= RAW_DRILL | (i < l->n ? 0 : RAW_TICK);
        records[i].source = str_starts(records[i].bytes, STR("{\"event.module\":\"kizuki\""));
    }
    if (r == 0)
        r = engine_process(t->lane, records, l->n + 1, batch);
    if (r == 0)
        r = engine_consume(t->engine, batch, &stream);
    mem_free(records);
    engine_batch_free(batch);
    return r;
}

static int run_sample(struct testing *t, const struct detect_rule *rule,
                      const struct yaml_node *sample, bool want, struct diag *reterr) {
    bool good = true;
    int r;
    if (rule->kind == DETECT_CORRELATION) {
        struct sample_lines l = {.arena = &t->arena};
        struct diag why = {0};
        r = sample_lines_add(&l, sample, &why);
        if (r < 0 && why.text[0])
            return yaml_error(reterr, r, rule->file.p, sample, "%s", why.text);
        if (r == 0)
            r = play(t, &l);
        good = r == 0 && drill_was_true(t->engine, rule) == want;
    } else {
        r = detection_holds(t, rule, sample, want, &good);
    }
    if (r < 0)
        return diag_set(reterr, r, "cannot run the sample at %s:%u: %s", rule->file.p, sample->line,
                        err_word(r));
    t->n_samples++;
    if (!good) {
        t->n_failed++;
        printf("%.*s:%u: '%.*s' %s\n", STR_ARG(rule->file), sample->line, STR_ARG(rule->title),
               want ? "should match this sample and does not"
                    : "should not match this sample and does");
    }
    return 0;
}

static int run_samples(struct testing *t, const struct detect_rule *rule,
                       const struct yaml_node *samples, const char *key, struct diag *reterr) {
    const struct yaml_node *list = yaml_get(samples, key);
    if (list && list->kind != YAML_SEQUENCE)
        return yaml_error(reterr, -ERR_PARSE, rule->file.p, list, "'%s' is a list of samples", key);
    for (const struct yaml_node *it = list ? list->first : NULL; it; it = it->next) {
        struct arena_mark mark = arena_mark(&t->arena);
        int r = run_sample(t, rule, it, key[0] == 'm', reterr);
        arena_rewind(&t->arena, mark);
        if (r < 0)
            return r;
    }
    return 0;
}

static int test_rules(struct testing *t, struct diag *reterr) {
    const struct detect_rules *set = engine_rules(t->engine);
    for (uint32_t i = 0; i < set->n; i++) {
        const struct detect_rule *rule = set->rules[i];
        const struct yaml_node *samples = yaml_get(rule->kizuki, "samples");
        if (rule->kind == DETECT_FILTER || rule->refused)
            continue;
        t->n_without += !samples;
        t->n_rules += samples != NULL;
        int r = samples ? run_samples(t, rule, samples, "match", reterr) : 0;
        if (r == 0 && samples)
            r = run_samples(t, rule, samples, "no_match", reterr);
        if (r < 0)
            return r;
    }
    return 0;
}

static int test(void *settings UNUSED, unsigned n_args, char **args) {
    struct testing t = {.paths = (const char *const *) args, .n_paths = n_args};
    struct finding_sink sink = {.put = ignore_finding};
    struct engine_stats s = {0};
    struct diag d = {0};
    t.sources[0] = t.sources[1] = line_source(NULL);
    t.sources[1].name = STR("kizuki");
    t.sources[1].kind = STR("own");
    arena_init(&t.arena, (size_t) OUT_MAX * 4);
    int r = open_engine(t.paths, t.n_paths, t.sources, 2, sink, &t.engine, &d);
    if (r == 0 && !(t.lane = engine_lane_new(t.engine)))
        r = diag_set(&d, -ENOMEM, "out of memory");
    if (r == 0) {
        engine_each_refused(t.engine, say_refused, NULL);
        engine_get_stats(t.engine, &s);
        r = test_rules(&t, &d);
    }
    engine_lane_free(t.lane);
    engine_free(t.engine);
    arena_done(&t.arena);
    if (r < 0)
        return command_failed(&d);
    printf("%u rules tested with %u samples, %u failed; %u rules without samples, %u refused\n",
           t.n_rules, t.n_samples, t.n_failed, t.n_without, s.rules_refused);
    return t.n_failed || s.rules_refused ? 1 : 0;
}

/* --- explain, as text --- */

static void put_text(struct buf *out, const struct json_value *v) {
    if (v && (v->type == JSON_STRING || v->type == JSON_NUMBER))
        text_escape_controls(out, v->text);
    else if (v)
        buf_add_z(out, v->type == JSON_TRUE ? "true" : v->type == JSON_FALSE ? "false" : "-");
}

static void put_member(struct buf *out, const struct json_value *object, const char *key) {
    put_text(out, json_get(object, key));
}

static bool has_text(const struct json_value *object, const char *key) {
    struct str s;
    return json_get_str(object, key, &s) && s.n;
}

static void indent(struct buf *out, unsigned depth) {
    for (unsigned i = 0; i < depth; i++)
        buf_add_z(out, "  ");
}

static bool says_yes(const struct json_value *v, const char *key) {
    bool yes = false;
    return json_get_bool(v, key, &yes) && yes;
}

static void put_item(struct buf *out, const struct json_value *v) {
    const struct json_value *found = json_get_array(v, "found");
    if (has_text(v, "field"))
        put_member(out, v, "field");
    else
        buf_add_z(out, "the line");
    buf_add_byte(out, ' ');
    put_member(out, v, "op");
    buf_add_z(out, " '");
    put_member(out, v, "wants");
    buf_add_byte(out, '\'');
    if (has_text(v, "modifiers")) {
        buf_add_z(out, " (");
        put_member(out, v, "modifiers");
        buf_add_byte(out, ')');
    }
    if (found && !found->first)
        buf_add_z(out, ": absent");
    for (const struct json_value *it = found ? found->first : NULL; it; it = it->next) {
        buf_add_z(out, it == found->first ? ": '" : ", '");
        put_text(out, it);
        buf_add_byte(out, '\'');
    }
}

static void put_tree(struct buf *out, const struct json_value *v, unsigned depth) {
    struct str kind = STR("");
    int64_t more;
    if (!v || depth > TEXT_DEPTH_MAX)
        return;
    (void) json_get_str(v, "kind", &kind);
    indent(out, depth);
    buf_add_z(out, says_yes(v, "holds") ? "+ " : "- ");
    if (has_text(v, "selection")) {
        put_member(out, v, "selection");
        buf_add_z(out, ": ");
    }
    if (str_eq_z(kind, "item"))
        put_item(out, v);
    else
        buf_add_z(out, str_eq_z(kind, "and") ? "all of" : str_eq_z(kind, "or") ? "one of" : "not");
    buf_add_byte(out, '\n');
    const struct json_value *sub = json_get_array(v, "sub");
    for (const struct json_value *it = sub ? sub->first : NULL; it; it = it->next)
        put_tree(out, it, depth + 1);
    if (json_get_i64(v, "more", &more)) {
        indent(out, depth + 1);
        buf_printf(out, "… and %lld more\n", (long long) more);
    }
}

static void put_rule(struct buf *out, const struct json_value *v) {
    buf_add_byte(out, '\n');
    buf_add_z(out, says_yes(v, "matched") ? "matches  " : "silent   ");
    put_member(out, v, "title");
    buf_add_z(out, "  [");
    put_member(out, v, "level");
    buf_add_z(out, "]  ");
    put_member(out, v, "file");
    buf_add_byte(out, ':');
    put_member(out, v, "line");
    buf_add_byte(out, '\n');
    if (json_get(v, "logsource_fits") && !says_yes(v, "logsource_fits"))
        buf_add_z(out, "  its log source is not this event's\n");
    if (has_text(v, "condition")) {
        buf_add_z(out, "  condition: ");
        put_member(out, v, "condition");
        buf_add_byte(out, '\n');
    }
    put_tree(out, json_get(v, "why"), 1);
}

static void put_fields(struct buf *out, const struct json_value *event) {
    for (const struct json_value *it = event ? event->first : NULL; it; it = it->next) {
        buf_add_z(out, "  ");
        text_escape_controls(out, it->key);
        buf_add_z(out, "  ");
        if (it->type == JSON_ARRAY) {
            for (const struct json_value *e = it->first; e; e = e->next) {
                buf_add_z(out, e == it->first ? "" : ", ");
                put_text(out, e);
            }
        } else {
            put_text(out, it);
        }
        buf_add_byte(out, '\n');
    }
}

static void put_sources(struct buf *out, const struct json_value *list) {
    buf_add_z(out, "log sources");
    for (const struct json_value *it = list ? list->first : NULL; it; it = it->next) {
        buf_add_z(out, it == list->first ? ": " : "; ");
        for (const struct json_value *part = it->first; part; part = part->next) {
            buf_add_z(out, part == it->first ? "" : " ");
            put_text(out, part);
        }
    }
    if (!list || !list->first)
        buf_add_z(out, ": none that a rule asks for");
    buf_add_byte(out, '\n');
}

static void put_explanation(struct buf *out, const struct json_value *v) {
    static const char *const lists[] = {"matched", "near"};
    const struct json_value *detect = json_get(v, "detect"), *rule = json_get(detect, "rule");
    buf_add_z(out, says_yes(v, "unparsed") ? "no decoder knows this line; fields:\n" : "fields:\n");
    put_fields(out, json_get(v, "event"));
    put_sources(out, json_get_array(detect, "logsources"));
    put_member(out, detect, "rules_considered");
    buf_add_z(out, " rules considered, ");
    put_member(out, detect, "rules_matched");
    buf_add_z(out, " matched\n");
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        const struct json_value *list = json_get_array(detect, lists[i]);
        for (const struct json_value *it = list ? list->first : NULL; it; it = it->next)
            put_rule(out, it);
    }
    if (rule)
        put_rule(out, rule);
    if (rule && json_get(detect, "route") && !says_yes(rule, "logsource_fits")) {
        buf_add_z(out, "  its log source means:\n");
        put_tree(out, json_get(detect, "route"), 2);
    }
}

struct explaining {
    const struct rule_args *args;
    const struct detect_rule *rule;
    struct engine_lane *lane;
    struct arena arena;
    struct buf json, text;
};

static int explain_line(struct explaining *x, struct str line, uint64_t number) {
    struct raw_record rec = record_of(line, number);
    struct json_value *v = NULL;
    struct jsonw w;
    rec.arrival_ns = time_now_ns();
    arena_reset(&x->arena);
    buf_clear(&x->json);
    jsonw_init(&w, &x->json);
    int r = engine_explain(x->lane, &rec, x->rule, &w);
    if (r == 0)
        r = buf_error(&x->json);
    if (r == 0 && !x->args->json)
        r = json_parse(&x->arena, buf_str(&x->json), &v, NULL);
    if (r < 0)
        return r;
    buf_clear(&x->text);
    if (x->args->json)
        buf_add(&x->text, buf_str(&x->json));
    else
        put_explanation(&x->text, v);
    buf_add_byte(&x->text, '\n');
    r = buf_error(&x->text);
    return r < 0 ? r : file_write_all(1, buf_str(&x->text));
}

/* Lines given as arguments, else standard input to its end. */
static int explain_lines(struct explaining *x, unsigned n_args, char **args, struct diag *reterr) {
    static char line[LINE_BYTES_MAX];
    uint64_t n = 0;
    int r = 0;
    for (unsigned i = 0; r == 0 && i < n_args; i++)
        r = explain_line(x, str_of(args[i]), i);
    while (r == 0 && !n_args && fgets(line, sizeof line, stdin)) {
        struct str s = str_of(line);
        while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
            s.n--;
        if (s.n)
            r = explain_line(x, s, n++);
    }
    return r < 0 ? diag_set(reterr, r, "cannot explain: %s", err_word(r)) : 0;
}

static int find_rule(struct explaining *x, const struct detect_rules *set, struct diag *reterr) {
    if (!x->args->rule)
        return 0;
    x->rule = detect_rules_find(set, str_of(x->args->rule));
    if (!x->rule)
        return diag_set(reterr, -ENOENT, "no loaded rule has the id or name '%s'", x->args->rule);
    if (x->rule->kind != DETECT_DETECTION)
        return diag_set(reterr, -EINVAL,
                        "'%s' is a %s; explain shows what one line does, so name a detection",
                        x->args->rule, detect_kind_to_string(x->rule->kind));
    return 0;
}

static int explain(void *settings, unsigned n_args, char **args) {
    struct explaining x = {.args = settings};
    struct source source = line_source(x.args);
    struct finding_sink sink = {.put = ignore_finding};
    CLEANUP(engine_freep) struct engine *e = NULL;
    struct diag d = {0};
    arena_init(&x.arena, (size_t) OUT_MAX * 4);
    buf_init(&x.json, OUT_MAX);
    buf_init(&x.text, OUT_MAX);
    int r = open_engine(x.args->rules.p, x.args->rules.n, &source, 1, sink, &e, &d);
    if (r == 0)
        r = find_rule(&x, engine_rules(e), &d);
    if (r == 0 && !(x.lane = engine_lane_new(e)))
        r = diag_set(&d, -ENOMEM, "out of memory");
    if (r == 0)
        r = explain_lines(&x, n_args, args, &d);
    engine_lane_free(x.lane);
    buf_done(&x.json);
    buf_done(&x.text);
    arena_done(&x.arena);
    return r < 0 ? command_failed(&d) : 0;
}

static const struct cli_option EXPLAIN_OPTIONS[] = {
    {.name = "rules",
     .kind = CLI_LIST,
     .value = "PATH",
     .at = offsetof(struct rule_args, rules),
     .help = "rules to use instead of the shipped ones (repeat for more)"},
    {.name = "rule",
     .kind = CLI_STRING,
     .value = "ID",
     .at = offsetof(struct rule_args, rule),
     .help = "only this rule, also when it is silent"},
    {.name = "decoder",
     .kind = CLI_STRING,
     .value = "NAME",
     .at = offsetof(struct rule_args, decoder),
     .help = "read the line with this decoder instead of recognising it"},
    {.name = "service",
     .kind = CLI_STRING,
     .value = "NAME",
     .at = offsetof(struct rule_args, service),
     .help = "service.name for lines that name none"},
    {.name = "json",
     .kind = CLI_FLAG,
     .at = offsetof(struct rule_args, json),
     .help = "one JSON object a line instead of text"},
    {0},
};
const struct cli_command COMMAND_RULE_EXPLAIN = {
    .name = "rule explain",
    .args = "[LINE…]",
    .args_max = CLI_MANY,
    .help = "show how a log line is read, which rules match it and why",
    .text = "Without LINE, lines are read from standard input. '+' marks what holds, '-' what does "
            "not.\n",
    .options = EXPLAIN_OPTIONS,
    .size = sizeof(struct rule_args),
    .run = explain};
const struct cli_command COMMAND_RULE_CHECK = {
    .name = "rule check",
    .args = "[PATH…]",
    .args_max = CLI_MANY,
    .help = "read rules and say which are refused, where and what to write instead",
    .text = "Without PATH the shipped rules. Ends with 1 when a rule is refused.\n",
    .run = check};
const struct cli_command COMMAND_RULE_FIELDS = {
    .name = "rule fields",
    .args = "[PATH…]",
    .args_max = CLI_MANY,
    .help = "list the names of fields the rules look at",
    .text = "Without PATH the shipped rules. One a line, each name by which content/fields finds it.\n",
    .run = fields};
const struct cli_command COMMAND_RULE_TEST = {
    .name = "rule test",
    .args = "[PATH…]",
    .args_max = CLI_MANY,
    .help = "run the samples that stand in the rules",
    .text =
        "Without PATH the shipped rules. Ends with 1 when a sample fails or a rule is refused.\n",
    .run = test};

/* `traced` of expect.yml: a slip is written of a connection of the story, as a CERT would tell it over the telephone, and traced in the logs the
 * replay left. What is right is known from the story alone. */
#include "app/cli/pack_judge.h"

#include "app/cli/trace_over.h"
#include "base/json.h"
#include "pack/replay.h"

enum { TRACE_ARENA = 64 << 20, NTH_MAX = 1000000 };

static int read_question(const struct pack_slip *slip, const struct yaml_node *row, int64_t now_ns, struct trace_question *q, struct diag *err) {
    char port[8], when[TIME_ISO_CAP];
    const char *wrong;
    struct str told = STR("minute"), text;
    IGNORE(yaml_get_str(row, "told", &told));
    snprintf(port, sizeof port, "%u", slip->port);
    text = str_of(time_format_iso_offset(slip->at_ns, TIME_JST_OFFSET_MIN, 0, when));
    when[10] = ' '; /* 2026-06-01 02:14 is how people write it */
    text = str_to(text, str_eq_z(told, "second") ? 19 : 16);
    struct trace_words words = {.address = slip->address, .port = str_of(port), .time = text};
    return trace_question_read(&words, now_ns, TIME_JST_OFFSET_MIN, q, &wrong, err);
}

/* At which place of the answer the truth stands, from 1; 0: it does not. */
static unsigned place_of(const struct json_value *answer, const struct pack_slip *slip, struct arena *a, struct pack_played_trace *t) {
    const struct json_value *list = json_get_array(answer, "candidates"), *missing = json_get_array(answer, "missing");
    unsigned n = 0, at = 0;
    struct str address, host, user;
    for (const struct json_value *c = list ? list->first : NULL; c; c = c->next) {
        address = host = user = STR("");
        IGNORE(json_get_str(c, "address", &address));
        IGNORE(json_get_str(c, "host", &host));
        IGNORE(json_get_str(c, "user", &user));
        if (n++ == 0)
            t->found = arena_printf(a, "%.*s, %.*s, %.*s", STR_ARG(host), STR_ARG(user), STR_ARG(address));
        if (!at && str_eq(address, slip->inside) && str_eq(host, slip->machine) && str_eq(user, slip->user))
            at = n;
    }
    for (const struct json_value *m = missing ? missing->first : NULL; m; m = m->next)
        if (json_get_str(m, "log", &host))
            t->lacks = arena_printf(a, "%.*s%s%.*s", STR_ARG(t->lacks), t->lacks.n ? ", " : "", STR_ARG(host));
    return at;
}

static int trace_row(struct arena *a, const struct yaml_node *row, const char *story, uint64_t seed, const char *data, int64_t now_ns, struct pack_played_trace *t,
                     struct diag *err) {
    struct str of;
    int64_t nth = 1;
    struct pack_slip slip;
    struct trace_question q;
    struct json_value *answer;
    struct buf out;
    struct arena answers;
    if (!yaml_get_str(row, "of", &of))
        return yaml_error(err, -ERR_PARSE, "expect.yml", row, "'of' is missing: the actor whose connection the slip is about");
    if (yaml_get(row, "nth") && (!yaml_get_i64(row, "nth", &nth) || nth < 1 || nth > NTH_MAX))
        return yaml_error(err, -ERR_PARSE, "expect.yml", row, "'nth' is a number from 1 to %d", NTH_MAX);
    int e = pack_replay_slip(a, story, seed, of, (uint32_t) nth, &slip, err);
    if (e < 0 || (e = read_question(&slip, row, now_ns, &q, err)) < 0)
        return e;
    buf_init(&out, TRACE_ANSWER_BYTES_MAX);
    arena_init(&answers, TRACE_ARENA);
    int64_t begin = time_monotonic_ns();
    e = trace_over(data, &q, &out, err);
    t->took_ns = time_monotonic_ns() - begin;
    t->truth = arena_printf(a, "%.*s, %.*s, %.*s", STR_ARG(slip.machine), STR_ARG(slip.user), STR_ARG(slip.inside));
    t->slip = arena_printf(a, "%.*s:%u", STR_ARG(slip.address), slip.port);
    if (e >= 0 && (e = json_parse(&answers, buf_str(&out), &answer, err)) == 0)
        t->place = place_of(answer, &slip, a, t);
    buf_done(&out);
    arena_done(&answers);
    return e < 0 ? e : 0;
}

int pack_judge_traces(struct arena *a, const struct yaml_node *expect, const char *story, uint64_t seed, const char *data, struct pack_played *played,
                      struct diag *reterr) {
    CLEANUP(pack_replay_freep) struct pack_replay *r = NULL;
    const struct yaml_node *list = yaml_get(expect, "traced");
    struct pack_played_trace *traces = list ? arena_zalloc(a, (list->n + 1) * sizeof *traces) : NULL;
    int e = 0;
    if (!list)
        return 0;
    if (!traces)
        return diag_set(reterr, -ENOMEM, "out of memory");
    if ((e = pack_replay_open(story, seed, &r, reterr)) < 0)
        return e;
    for (const struct yaml_node *row = list->first; row && e == 0; row = row->next)
        e = trace_row(a, row, story, seed, data, pack_replay_end_ns(r), &traces[played->n_traces++], reterr);
    played->traces = traces;
    return e;
}

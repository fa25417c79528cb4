/* See judge.h. A list of expect.yml is a row of LISTS; a key nobody judges is refused, not passed over. */
#include "pack/judge.h"

#include "base/time.h"
#include "pack/replay.h"

#include <inttypes.h>
#include <string.h>

enum { CLOCK_TOLD_S = 60 };
struct judge {
    const struct yaml_node *head;
    const struct pack_played *played;
    int64_t first_ns, noticed_ns; /* noticed_ns: the first finding that was asked for; TIME_NONE: none */
    struct buf *out;
    size_t n_hunted, n_counted;
    size_t n_traced;
    int failed;
};

static void say(struct judge *j, bool ok, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void say(struct judge *j, bool ok, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    j->failed += !ok;
    buf_printf(j->out, "%s  %s\n", ok ? "ok    " : "FAILED", text);
}

static int64_t number(const struct yaml_node *v, const char *key, int64_t otherwise) {
    int64_t n;
    return yaml_get_i64(v, key, &n) ? n : otherwise;
}

/* 12 s, 4 min 05 s, 2 h 10 min: as people compare them. */
static const char *span(char dst[40], int64_t s) {
    if (s < 120)
        snprintf(dst, 40, "%" PRId64 " s", s);
    else if (s < 7200)
        snprintf(dst, 40, "%" PRId64 " min %02" PRId64 " s", s / 60, s % 60);
    else
        snprintf(dst, 40, "%" PRId64 " h %02" PRId64 " min", s / 3600, s / 60 % 60);
    return dst;
}

static const char *after(char dst[60], int64_t s) {
    char text[40];
    snprintf(dst, 60, " after %s", span(text, s));
    return dst;
}

/* "survey: …, here: noticed after …" of the row's figure: what was done stands there, for a proposal is no stop. */
static void compare(struct judge *j, const struct yaml_node *row, const char *did, int64_t here_s) {
    const struct yaml_node *figures = yaml_get(j->head, "figures");
    struct str want, id, ja, en;
    char text[60];
    if (!yaml_get_str(row, "figure", &want))
        return;
    for (const struct yaml_node *f = figures ? figures->first : NULL; f; f = f->next)
        if (yaml_get_str(f, "id", &id) && str_eq(id, want) && yaml_get_str(f, "ja", &ja) && yaml_get_str(f, "en", &en))
            buf_printf(j->out, "        survey: %.*s / %.*s, here: %s%s%s\n", STR_ARG(ja), STR_ARG(en), here_s < 0 ? "not " : "", did,
                       here_s < 0 ? "" : after(text, here_s));
}

static bool names_service(const struct pack_played_finding *f, struct str service) {
    for (size_t i = 0; i < f->n_services; i++)
        if (str_eq(f->services[i], service))
            return true;
    return !service.n;
}

/* The earliest finding a row asks for. */
static const struct pack_played_finding *earliest(const struct judge *j, const struct yaml_node *row) {
    const struct pack_played_finding *best = NULL;
    struct str kind = STR_NULL, rule = STR_NULL, service = STR_NULL;
    bool by_kind = yaml_get_str(row, "kind", &kind), by_rule = yaml_get_str(row, "rule", &rule);
    IGNORE(yaml_get_str(row, "service", &service));
    for (size_t i = 0; i < j->played->n_findings; i++) {
        const struct pack_played_finding *f = &j->played->findings[i];
        if ((!by_kind || str_eq(f->kind, kind)) && (!by_rule || str_eq(f->rule, rule)) && names_service(f, service) &&
            f->accounts >= number(row, "accounts_at_least", 0) && (!best || f->at_ns < best->at_ns))
            best = f;
    }
    return best;
}

static struct str name_of(const struct yaml_node *row) {
    struct str s = STR("?");
    static const char *const keys[] = {"kind", "rule", "action", "blocked", "noticed", "proposed"};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (yaml_get_str(row, keys[i], &s))
            break;
    return s;
}

static int64_t seconds(int64_t ns) { /* upwards: 60.2 s is not within 60 */
    return ns / NS_PER_S + (ns % NS_PER_S > 0);
}

static void judge_number(struct judge *j, const char *name, int64_t n, const struct yaml_node *range);

/* Sources that wrote nothing, or no more; how many. */
static size_t say_mute(struct judge *j) {
    size_t mute = 0;
    for (size_t i = 0; i < j->played->n_sources_of_lines; i++) {
        const struct pack_played_source *s = &j->played->sources_of_lines[i];
        if (s->lines && !s->silent)
            continue;
        mute++;
        buf_printf(j->out, s->lines ? "        why: the source %.*s fell silent\n" : "        why: no line came from the source %.*s\n", STR_ARG(s->name));
    }
    return mute;
}

/* Why something was not noticed: what is looked at first by whoever repairs it. */
static void say_why(struct judge *j, const struct yaml_node *row) {
    const struct pack_played *p = j->played;
    struct str kind = STR_NULL, rule = STR_NULL;
    bool by_kind = yaml_get_str(row, "kind", &kind), by_rule = yaml_get_str(row, "rule", &rule);
    size_t can = 0, mute = 0;
    if (!p->rules && !p->sources_of_lines)
        return;
    for (size_t i = 0; i < p->n_rules; i++)
        can += (!by_kind || str_eq(p->rules[i].kind, kind)) && (!by_rule || str_eq(p->rules[i].id, rule));
    if (p->rules && !can) {
        buf_printf(j->out, "        why: no rule in use says '%.*s'\n", STR_ARG(by_rule ? rule : kind));
        return;
    }
    mute = say_mute(j);
    if (!mute)
        buf_printf(j->out, "        why: %zu rules that can say it are in use and every source wrote; what they count did not come to their limits\n", can);
}

static void judge_noticed(struct judge *j, const struct yaml_node *row) {
    const struct pack_played_finding *f = earliest(j, row);
    struct str name = name_of(row);
    int64_t within = number(row, "within_s", 0), late = f ? seconds(MAX(f->at_ns - j->first_ns, 0)) : -1;
    char here[40], most[40];
    if (!f)
        say(j, false, "%.*s: not noticed at all (at most %s)", STR_ARG(name), span(most, within));
    else if (f->at_ns / NS_PER_S < j->first_ns / NS_PER_S) /* it cannot be about the attack; many logs know only the second */
        say(j, false, "%.*s: raised before there was anything to notice", STR_ARG(name));
    else
        say(j, late <= within && f->incident, "%.*s: noticed %s after the first trace (at most %s)%s", STR_ARG(name), span(here, late), span(most, within),
            f->incident ? "" : ", and in no case");
    if (f && (j->noticed_ns == TIME_NONE || f->at_ns < j->noticed_ns))
        j->noticed_ns = f->at_ns;
    if (!f)
        say_why(j, row);
    compare(j, row, "noticed", late);
}

/* A moment that is asked for within some seconds of the first trace. */
static void judge_moment(struct judge *j, const struct yaml_node *row, const char *name, const char *did, int64_t at_ns) {
    int64_t within = number(row, "within_s", 0), late = at_ns == TIME_NONE ? -1 : MAX(seconds(at_ns - j->first_ns), 0);
    char here[40], most[40];
    if (!row)
        return;
    if (late < 0)
        say(j, false, "%s: not %s (at most %s)", name, did, span(most, within));
    else
        say(j, late <= within, "%s: %s %s after the first trace (at most %s)", name, did, span(here, late), span(most, within));
    compare(j, row, did, late);
}

/* Nobody sits in a replay that is played in seconds; whom it would reach is seen in a drill, and said so. */
static void judge_people(struct judge *j, const struct yaml_node *expect) {
    const struct yaml_node *reached = yaml_get(expect, "reached"), *departures = yaml_get(expect, "departures");
    if (reached && !j->played->drill)
        buf_add_z(j->out, "--      reached: nobody is called in a replay; a drill shows it\n");
    else
        judge_moment(j, reached, "reached", "reached", j->played->times[CASE_REACHED]);
    if (departures && !j->played->drill)
        buf_add_z(j->out, "--      departures: nobody works a procedure in a replay; a drill shows it\n");
    else if (departures)
        judge_number(j, "departures", j->played->departures, departures);
}

static void say_clocks(struct judge *j) {
    for (size_t i = 0; i < j->played->n_sources_of_lines; i++) {
        const struct pack_played_source *s = &j->played->sources_of_lines[i];
        int64_t off_s = (s->skew_ms < 0 ? -s->skew_ms : s->skew_ms) / 1000;
        char text[40];
        if (off_s >= CLOCK_TOLD_S)
            /* whole minutes of what is hours: the line itself took a moment */
            buf_printf(j->out, "note    the clock of %.*s is %s %s (source %.*s)\n", STR_ARG(s->host), span(text, off_s < 120 ? off_s : (off_s + 30) / 60 * 60), s->skew_ms > 0 ? "ahead" : "behind",
                       STR_ARG(s->name));
    }
}

static void judge_proposed(struct judge *j, const struct yaml_node *row) {
    struct str action = STR_NULL, from;
    bool from_noticed = yaml_get_str(row, "after", &from);
    int64_t begin = from_noticed ? j->noticed_ns : j->first_ns, at = INT64_MAX, within = number(row, "within_s", 0);
    char here[40], most[40];
    IGNORE(yaml_get_str(row, "action", &action));
    for (size_t i = 0; i < j->played->n_actions; i++)
        if (str_eq(j->played->actions[i].kind, action))
            at = MIN(at, j->played->actions[i].at_ns);
    bool there = at != INT64_MAX && begin != TIME_NONE;
    int64_t late = there ? MAX(seconds(at - begin), 0) : -1;
    if (!there)
        say(j, false, "%.*s: not proposed (at most %s)", STR_ARG(action), span(most, within));
    else
        say(j, late <= within, "%.*s: proposed %s after %s (at most %s)", STR_ARG(action), span(here, late),
            from_noticed ? "it was noticed" : "the first trace", span(most, within));
    compare(j, row, "proposed", there ? seconds(at - j->first_ns) : -1);
}

/* What was published elsewhere has to be found in what is kept, on the hosts it was, from its first time on. */
static void judge_hunted(struct judge *j, const struct yaml_node *row) {
    const struct pack_played_hunt *h = j->n_hunted < j->played->n_hunts ? &j->played->hunts[j->n_hunted] : NULL;
    int64_t within = number(row, "within_s", 0), from = number(row, "first_within_s", 0), late, took;
    char here[40], most[40], text[40], iso[TIME_ISO_CAP];
    j->n_hunted++;
    if (!h || h->first_ns == TIME_NONE) {
        say(j, false, "hunted: nothing was found in %" PRId64 " records", h ? h->records : (int64_t) 0);
        IGNORE(say_mute(j));
        compare(j, row, "found", -1);
        return;
    }
    took = seconds(h->took_ns);
    late = seconds(h->first_ns > j->first_ns ? h->first_ns - j->first_ns : j->first_ns - h->first_ns);
    say(j, took <= within, "hunted: %" PRId64 " hits in %" PRId64 " records within %s (at most %s)", h->hits, h->records, span(here, took), span(most, within));
    say(j, late <= from, "hunted: first seen %s, %s from the first trace (at most %s)", time_format_iso_offset(h->first_ns, TIME_JST_OFFSET_MIN, 0, iso),
        span(here, late), span(text, from));
    if (yaml_get(row, "hosts"))
        judge_number(j, "hosts", h->hosts, yaml_get(row, "hosts"));
    compare(j, row, "found", took);
}

static void judge_must_not(struct judge *j, const struct yaml_node *row) {
    struct str value, because = STR_NULL;
    bool did = false;
    IGNORE(yaml_get_str(row, "because", &because));
    if (yaml_get_str(row, "blocked", &value))
        for (size_t i = 0; i < j->played->n_blocked; i++)
            did = did || str_eq(j->played->blocked[i], value);
    if (yaml_get_str(row, "noticed", &value))
        for (size_t i = 0; i < j->played->n_findings; i++)
            did = did || str_eq(j->played->findings[i].kind, value);
    if (yaml_get_str(row, "proposed", &value))
        for (size_t i = 0; i < j->played->n_actions; i++)
            did = did || str_eq(j->played->actions[i].kind, value);
    say(j, !did, "must not: %s %.*s (%.*s)", yaml_get(row, "blocked") ? "blocked" : yaml_get(row, "noticed") ? "noticed" : "proposed",
        STR_ARG(name_of(row)), STR_ARG(because));
}

static void judge_number(struct judge *j, const char *name, int64_t n, const struct yaml_node *range) {
    int64_t least = number(range, "at_least", 0), most = number(range, "at_most", INT64_MAX);
    char limit[32] = "";
    if (most != INT64_MAX)
        snprintf(limit, sizeof limit, " to %" PRId64, most);
    say(j, n >= least && n <= most, "%s: %" PRId64 " (%" PRId64 "%s)", name, n, least, limit);
}

static int judge_scope(struct judge *j, const struct yaml_node *scope, struct diag *err) {
    const struct {
        const char *name;
        int64_t n;
    } numbers[] = {{"accounts_tried", j->played->accounts_tried}, {"accounts_stolen", j->played->accounts_stolen}, {"sources", j->played->sources}};
    for (const struct yaml_node *v = scope ? scope->first : NULL; v; v = v->next) {
        size_t i = 0;
        while (i < ARRAY_SIZE(numbers) && !str_eq_z(v->key->text, numbers[i].name))
            i++;
        if (i == ARRAY_SIZE(numbers))
            return yaml_error(err, -ERR_UNSUPPORTED, "expect.yml", v->key, "nobody counts '%.*s'; numbers are accounts_tried, accounts_stolen and sources",
                              STR_ARG(v->key->text));
        judge_number(j, numbers[i].name, numbers[i].n, v);
    }
    return 0;
}

static void judge_counted(struct judge *j, const struct yaml_node *row) {
    const struct pack_played_count *c = &j->played->counts[j->n_counted++];
    const struct yaml_node *range = yaml_get(row, "n");
    int64_t least = number(range, "at_least", 0), most = number(range, "at_most", INT64_MAX), within = number(row, "within_s", 0), took = seconds(c->took_ns);
    struct str query = STR_NULL;
    char here[40], limit[40], did[64];
    IGNORE(yaml_get_str(row, "query", &query));
    say(j, c->n >= least && c->n <= most && took <= within, "counted: %" PRId64 " (%" PRId64 " to %" PRId64 ") within %s (at most %s): %.*s", c->n, least, most, span(here, took),
        span(limit, within), STR_ARG(query));
    snprintf(did, sizeof did, "%" PRId64 " counted", c->n);
    compare(j, row, did, took);
}

/* The truth has to come first: whoever is called at night goes to the first machine of the list. */
static void judge_traced(struct judge *j, const struct yaml_node *row) {
    const struct pack_played_trace *t = &j->played->traces[j->n_traced++];
    int64_t within = number(row, "within_s", 0), took = seconds(t->took_ns);
    char here[40], most[40];
    if (t->place == 1)
        say(j, took <= within, "traced: %.*s was %.*s, found within %s (at most %s)", STR_ARG(t->slip), STR_ARG(t->truth), span(here, took), span(most, within));
    else
        say(j, false, "traced: %.*s was %.*s, %s%.*s%s%.*s", STR_ARG(t->slip), STR_ARG(t->truth), t->found.n ? "but first came " : "and nobody was found", STR_ARG(t->found),
            t->lacks.n ? "; missing logs: " : "", STR_ARG(t->lacks));
    compare(j, row, "traced", t->place == 1 ? took : -1);
}

/* noticed comes before proposed, whose times may count from it. */
static const struct {
    const char *name;
    void (*judge)(struct judge *j, const struct yaml_node *row);
} LISTS[] = {{"noticed", judge_noticed}, {"proposed", judge_proposed}, {"hunted", judge_hunted}, {"traced", judge_traced}, {"counted", judge_counted}, {"must_not", judge_must_not}};

/* "12 s", or "6 days" where minutes would not be read. */
static const char *long_span(char dst[40], int64_t s) {
    if (s < 3 * 86400)
        return span(dst, s);
    snprintf(dst, 40, "%.1f days", (double) s / 86400.0);
    return dst;
}

void pack_times_say(const struct yaml_node *head, const int64_t times[CASE_TIME_MAX_], bool people, struct buf *out) {
    const struct yaml_node *figures = yaml_get(head, "figures");
    struct str id, ja, en;
    char text[40];
    for (int i = CASE_NOTICED; i < CASE_TIME_MAX_; i++) {
        const struct case_time_row *row = &CASE_TIMES[i];
        bool any = false, there = times[i] != TIME_NONE && times[CASE_HAPPENED] != TIME_NONE;
        char here[60];
        snprintf(here, sizeof here, "%s", people || i == CASE_NOTICED ? "not" : "a drill with people shows it");
        if (there)
            snprintf(here, sizeof here, "%s after the first trace", long_span(text, seconds(MAX(times[i] - times[CASE_HAPPENED], 0))));
        for (const struct yaml_node *f = figures ? figures->first : NULL; f; f = f->next) {
            if (!yaml_get_str(f, "time", &id) || !str_eq_z(id, row->id) || !yaml_get_str(f, "ja", &ja) || !yaml_get_str(f, "en", &en))
                continue;
            buf_printf(out, "%-6s  %s (%s): survey: %.*s / %.*s, here: %s\n", row->id, row->en, row->ja, STR_ARG(ja), STR_ARG(en), here);
            any = true;
        }
        if (!any)
            buf_printf(out, "%-6s  %s (%s): survey: says nothing, here: %s\n", row->id, row->en, row->ja, here);
    }
}

int pack_judge(const struct yaml_node *expect, const struct yaml_node *head, const struct pack_played *played, int64_t first_ns, struct buf *out,
               struct diag *reterr) {
    static const char *const known[] = {"traces", "noticed", "proposed", "hunted", "traced", "counted", "scope", "incidents", "must_not", "contained", "publication", "reached", "departures", NULL};
    struct judge j = {.head = head, .played = played, .first_ns = first_ns, .noticed_ns = TIME_NONE, .out = out};
    const struct yaml_node *incidents = yaml_get(expect, "incidents");
    int e = yaml_only_keys(expect, known, "expect.yml", reterr);
    if (e < 0)
        return e;
    for (size_t i = 0; i < ARRAY_SIZE(LISTS); i++) {
        const struct yaml_node *list = yaml_get(expect, LISTS[i].name);
        for (const struct yaml_node *row = list ? list->first : NULL; row; row = row->next)
            LISTS[i].judge(&j, row);
    }
    if (incidents)
        judge_number(&j, "cases", played->incidents, incidents);
    judge_moment(&j, yaml_get(expect, "contained"), "contained", "contained", played->times[CASE_CONTAINED]);
    judge_moment(&j, yaml_get(expect, "publication"), "publication", "drafted", played->times[CASE_PUBLISHED]);
    judge_people(&j, expect);
    say_clocks(&j);
    if ((e = judge_scope(&j, yaml_get(expect, "scope"), reterr)) < 0)
        return e;
    int64_t times[CASE_TIME_MAX_];
    memcpy(times, played->times, sizeof times);
    times[CASE_HAPPENED] = first_ns;
    pack_times_say(head, times, played->drill, out);
    return buf_error(out) < 0 ? diag_set(reterr, buf_error(out), "the judgement has too many lines") : j.failed;
}

static bool leaves_trace(const struct pack_line *line, const struct yaml_node *traces) {
    if (!traces)
        return str_eq(line->actor_kind, STR("campaign"));
    for (const struct yaml_node *t = traces->first; t; t = t->next)
        if (str_eq(t->text, line->actor))
            return true;
    return false;
}

int pack_first_trace(const char *replay, uint64_t seed, const struct yaml_node *expect, int64_t *ret_ns, struct diag *reterr) {
    CLEANUP(pack_replay_freep) struct pack_replay *r = NULL;
    const struct yaml_node *traces = yaml_get(expect, "traces");
    struct pack_line line;
    int e = pack_replay_open(replay, seed, &r, reterr);
    if (e < 0)
        return e;
    pack_replay_hear_all(r); /* a trace is one whether or not its log arrived */
    while ((e = pack_replay_next(r, &line)) > 0)
        if (leaves_trace(&line, traces)) {
            *ret_ns = line.at_ns;
            return 0;
        }
    return e < 0 ? diag_set(reterr, e, "cannot play '%s': %s", replay, err_word(e))
                 : diag_set(reterr, -ENOENT, "no actor of '%s' leaves the trace that times count from; name it under 'traces' of expect.yml", replay);
}

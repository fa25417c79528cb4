/* The story of a case in the surveys' chapters, at three depths, out of confirmed facts, the time line, decisions and what was counted. What
 * nobody wrote down is named as missing, never invented. See draft.h. */
#include "app/room/draft.h"
#include "room/fact.h"
#include "room/fact_say.h"

enum { ENTRIES_MAX = 60, NOTICES_MAX = 6 };

static void say(struct buf *out, bool ja, const char *in_ja, const char *in_en) {
    buf_add_z(out, ja ? in_ja : in_en);
}

static const struct json_value *head(const struct making *m) {
    return draft_first(m, "case");
}

static const struct room_fact *fact(const struct making *m, const char *name) {
    for (size_t i = 0; i < m->n_facts; i++)
        if (str_eq_z(m->facts[i].spec->name, name))
            return room_fact_told(&m->facts[i]).n ? &m->facts[i] : NULL;
    return NULL;
}

/* A fact's value: a time as a day of the case, words of a person marked, choices by what they are called. */
static void say_value(const struct making *m, const struct room_fact *f, bool ja, struct buf *out) {
    static const struct fact_style style;
    int64_t at;
    if (f->spec->kind == FACT_TIME && fact_time_parse(f->value, &at, NULL) == 0) {
        draft_when(m, at, ja, out);
        return;
    }
    struct str s = fact_say(m->a, &style, f->spec, f->value, ja);
    bool free_words = f->spec->kind == FACT_TEXT || f->spec->kind == FACT_LINES;
    free_words ? draft_marked(out, s) : buf_add(out, s);
}

static bool say_fact(const struct making *m, const char *name, bool ja, struct buf *out) {
    const struct room_fact *f = fact(m, name);
    if (!f)
        return false;
    say(out, ja, "- ", "- ");
    buf_add(out, ja || !f->spec->title.en.n ? f->spec->title.ja : f->spec->title.en);
    say(out, ja, "：", ": ");
    say_value(m, f, ja, out);
    buf_add_byte(out, '\n');
    return true;
}

static bool say_facts(const struct making *m, const char *const *names, bool ja, struct buf *out) {
    bool any = false;
    for (; *names; names++)
        any = say_fact(m, *names, ja, out) || any;
    return any;
}

static void missing(struct making *m, const char *what, bool ja, struct buf *out) {
    say(out, ja, "（事案に記録がありません）\n", "(nothing was written down in the case)\n");
    if (ja)
        draft_gap(m, what);
}

static void title(const struct making *m, bool ja, struct buf *out) {
    const struct json_value *c = head(m);
    const struct room_fact *subject = fact(m, "subject");
    struct str words = draft_str(c, "title_plain");
    if (subject)
        draft_marked(out, subject->value);
    else if (words.n)
        draft_marked(out, words);
    else
        draft_fill(m, draft_str(c, "title_key"), json_get(c, "title_params"), ja, out);
}

void draft_title(struct making *m, bool ja, struct buf *out) {
    title(m, ja, out);
}

static void kind_word(const struct making *m, struct str kind, bool ja, struct buf *out) {
    struct str key = arena_printf(m->a, "kind.%.*s", STR_ARG(kind));
    draft_has_text(m, key) ? draft_fill(m, key, NULL, ja, out) : buf_add(out, kind);
}

/* What was seen first and how long it took; numbers; how it was stopped. */
void draft_three_lines(struct making *m, bool ja, struct buf *out) {
    const struct json_value *c = head(m);
    struct str kind = draft_str(c, "kind");
    int64_t rule = draft_time(m, CASE_NOTICED), contained = draft_time(m, CASE_CONTAINED), tried = draft_i64(m->c, "tried", 0), stolen = draft_i64(m->c, "stolen", 0);
    if (rule != TIME_NONE && kind.n) {
        say(out, ja, "最初の跡から", "It was noticed by a rule (");
        if (ja) {
            draft_span((rule - m->first_ns) / NS_PER_S, ja, out);
            say(out, ja, "後に、規則（", "");
            kind_word(m, kind, ja, out);
            say(out, ja, "）が気付きました。", "");
        } else {
            kind_word(m, kind, ja, out);
            say(out, ja, "", ") ");
            draft_span((rule - m->first_ns) / NS_PER_S, ja, out);
            say(out, ja, "", " after the first trace. ");
        }
    } else {
        say(out, ja, "規則では気付かず、人から知らされました。", "No rule noticed it; people told us. ");
    }
    if (tried || stolen)
        ja ? buf_printf(out, "試された口座は%lld、成功が疑われる口座は%lldでした。", (long long) tried, (long long) stolen)
           : buf_printf(out, "%lld accounts were tried, %lld were probably entered. ", (long long) tried, (long long) stolen);
    if (contained != TIME_NONE) {
        say(out, ja, "封じ込めまでは", "It was contained ");
        draft_span((contained - m->first_ns) / NS_PER_S, ja, out);
        say(out, ja, "でした。", " after the first trace.");
    } else {
        say(out, ja, "封じ込めた時刻は記録されていません。", "When it was contained was not written down.");
    }
    buf_add_byte(out, '\n');
}

/* ---- chapters ---- */

static void noticing(struct making *m, bool ja, struct buf *out) {
    static const char *const facts[] = {"how_noticed", "how_noticed_detail", NULL};
    int64_t n = 0;
    bool any = say_facts(m, facts, ja, out);
    const struct json_value *list = json_get_array(m->c, "kinds"), *rules = json_get_object(m->c, "rules");
    for (const struct json_value *v = list ? list->first : NULL; v && n < NOTICES_MAX; v = v->next, n++) {
        const struct json_value *rule = rules ? json_get(rules, draft_str(v, "rule_id").n ? arena_dup_z(m->a, draft_str(v, "rule_id")) : "") : NULL;
        struct str name = rule ? draft_str(rule, ja ? "title_ja" : "title") : STR("");
        say(out, ja, "- ", "- ");
        rule && draft_is_shipped(rule) && name.n ? buf_add(out, name) : draft_marked(out, name.n ? name : draft_str(v, "rule"));
        say(out, ja, "：最初の跡から", ": ");
        draft_span((draft_i64(v, "detected", m->first_ns) - m->first_ns) / NS_PER_S, ja, out);
        say(out, ja, "\n", " after the first trace\n");
    }
    if (!any && !n)
        missing(m, "noticing", ja, out);
}

/* What people did and decided, and what the machine proposed; what it merely saw stands above. */
static void response(struct making *m, bool ja, struct buf *out) {
    static const char *const left_out[] = {"event.finding", "event.finding_services", "event.watch_set", "event.incident_changed"};
    const struct json_value *list = json_get_array(m->c, "entries");
    int n = 0;
    for (const struct json_value *v = list ? list->first : NULL; v && n < ENTRIES_MAX; v = v->next) {
        struct str key = draft_str(v, "key"), words = draft_str(v, "plain");
        bool skip = false;
        for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
            skip = skip || (!words.n && str_eq_z(key, left_out[i]));
        if (skip || (!words.n && !draft_has_text(m, key)))
            continue;
        buf_printf(out, "%d. ", ++n);
        draft_when(m, draft_i64(v, "at", 0), ja, out);
        say(out, ja, "　", " – ");
        words.n ? draft_marked(out, words) : draft_fill(m, key, json_get(v, "params"), ja, out);
        buf_add_byte(out, '\n');
    }
    if (!n)
        missing(m, "response", ja, out);
}

static void decisions(const struct making *m, bool ja, struct buf *out) {
    const struct json_value *list = json_get_array(m->c, "decisions");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        struct str key = arena_printf(m->a, "decide.%.*s", STR_ARG(draft_str(v, "kind"))), why = draft_str(v, "why");
        say(out, ja, "- 判断：", "- Decision: ");
        draft_has_text(m, key) ? draft_fill(m, key, NULL, ja, out) : buf_add(out, draft_str(v, "kind"));
        say(out, ja, str_eq_z(draft_str(v, "verdict"), "do") ? "、行う" : "、行わない", str_eq_z(draft_str(v, "verdict"), "do") ? ", yes" : ", no");
        if (why.n) {
            say(out, ja, "。理由：", "; because: ");
            draft_marked(out, why);
        }
        say(out, ja, "（判断まで", " (");
        draft_span((draft_i64(v, "decided", 0) - draft_i64(v, "asked", 0)) / NS_PER_S, ja, out);
        say(out, ja, "）\n", " until it was decided)\n");
    }
}

static void lessons(struct making *m, bool ja, struct buf *out) {
    const struct json_value *list = json_get_array(m->c, "tasks");
    int late = 0;
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next)
        late += draft_i64(v, "late", 0) != 0 || str_eq_z(draft_str(v, "state"), "failed");
    say(out, ja, "- 気付くまでの時間は、ログが届くまでの時間と規則の間隔より短くなりません。\n", "- Nothing is noticed sooner than its log arrives and its rule counts.\n");
    if (draft_time(m, CASE_CONTAINED) == TIME_NONE)
        say(out, ja, "- 誰が止めてよいかを、時間帯ごとに決めておきます。\n", "- Settle for each hour of the day who may stop what.\n");
    if (late)
        ja ? buf_printf(out, "- 期限に遅れた、またはできなかった手順が%dありました。手順か担当を見直します。\n", late)
           : buf_printf(out, "- %d steps were late or failed: change the step, or who does it.\n", late);
    if (!say_fact(m, "remarks", ja, out) && ja)
        draft_gap(m, "lessons");
}

static void figures(const struct making *m, bool ja, struct buf *out) {
    const struct {
        const char *key, *ja, *en;
    } rows[] = {{"tries", "試行", "tries"}, {"tried", "試された口座", "accounts tried"}, {"stolen", "成功が疑われる口座", "accounts probably entered"}, {"sources_n", "攻撃元", "sources"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (draft_i64(m->c, rows[i].key, 0))
            buf_printf(out, "- %s%s%lld\n", ja ? rows[i].ja : rows[i].en, ja ? "：" : ": ", (long long) draft_i64(m->c, rows[i].key, 0));
}

static void chapter(struct making *m, bool ja, struct buf *out, const char *in_ja, const char *in_en, const char *what, const char *const *facts) {
    buf_add_z(out, "\n### ");
    say(out, ja, in_ja, in_en);
    buf_add_byte(out, '\n');
    if (facts && !say_facts(m, facts, ja, out))
        missing(m, what, ja, out);
}

void draft_story(struct making *m, bool ja, struct buf *out) {
    static const char *const summary[] = {"summary", "event_type", "service_impact", "impact_detail", NULL}, *const back[] = {"services", "systems", "environment", NULL},
                             *const cause[] = {"cause_types", "cause", "root_cause", "intrusion_route", NULL}, *const prevention[] = {"prevention", "response_plan", NULL},
                             *const done[] = {"response_done", "recovery", NULL};
    buf_add_z(out, "# ");
    title(m, ja, out);
    say(out, ja, "\n\n## 三行で\n", "\n\n## In three lines\n");
    draft_three_lines(m, ja, out);
    say(out, ja, "\n## 経営層へ\n", "\n## For executives\n");
    draft_three_lines(m, ja, out);
    chapter(m, ja, out, "概要", "Summary", "summary", summary);
    say(out, ja, "\n## 戦略マネジメント層へ\n", "\n## For managers\n");
    chapter(m, ja, out, "背景", "Background", "background", back);
    chapter(m, ja, out, "検知", "Noticing", NULL, NULL);
    noticing(m, ja, out);
    chapter(m, ja, out, "対処", "Response", NULL, NULL);
    (void) say_facts(m, done, ja, out);
    response(m, ja, out);
    decisions(m, ja, out);
    chapter(m, ja, out, "原因", "Cause", "cause", cause);
    chapter(m, ja, out, "再発防止", "Prevention", "prevention", prevention);
    say(out, ja, "\n## 実務者・技術者へ\n", "\n## For practitioners\n");
    figures(m, ja, out);
    say(out, ja, "\n## 教訓\n", "\n## Lessons\n");
    lessons(m, ja, out);
}

/* Files people write: kinds of facts, duties, forms, texts, lists of recipients. Refused with a sentence, or usable: judged and rendered with facts of every kind. */
#include "base/file.h"
#include "room/form.h"
#include "room/law.h"
#include "room/outgoing.h"
#include "room/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char facts[] = "groups: [{name: g, title: {ja: g}}]\nfacts:\n"
                            "  - {name: t, group: g, kind: time, title: {ja: t}}\n  - {name: n, group: g, kind: number, unit: {ja: 人}, title: {ja: n}}\n"
                            "  - {name: c, group: g, kind: choices, title: {ja: c}, choices: [{value: a, title: {ja: a}}, {value: b, title: {en: b}}]}\n"
                            "  - {name: y, group: g, kind: yes_no, title: {ja: y}}\n  - {name: x, group: g, kind: text, title: {ja: x}}\n";

/* What is not to be told stands in no text, whatever the file says. */
static void say(struct arena *a, const struct fact_specs *s, const struct room_fact *f, struct str in) {
    struct statement x;
    struct statement_text t;
    struct diag d = {0};
    struct buf b;
    if (statement_parse(a, in, "fuzz.yml", s, &x, &d) < 0) {
        ASSERT(d.text[0]);
        return;
    }
    struct statement_own own = {.part = x.parts[0].name, .words = {.ja = in, .en = STR("")}};
    struct statement_ask ask = {.s = &x, .stage = (enum statement_stage)(in.n % STAGE_MAX_), .specs = s, .facts = f, .own = &own, .n_own = in.n % 2};
    buf_init(&b, 1 << 22);
    if (statement_render(a, &ask, &t) == 0) {
        statement_plain(&t, in.n % 5 < 3, &b);
        IGNORE(statement_doc(&t, true, &b));
        for (size_t i = 0; i < t.n; i++)
            ASSERT(t.said[i].ja != SAID_LEFT_OUT || !t.said[i].text.ja.n);
    }
    buf_done(&b);
}

static void recipients(struct arena *a, struct str in) {
    struct room_recipient_new *to;
    struct diag d = {0};
    size_t n;
    if (room_outgoing_read_list(a, in, &to, &n, &d) < 0)
        ASSERT(d.text[0]);
    else
        for (size_t i = 0; i < n; i++)
            ASSERT(to[i].name.n && (!to[i].address.n || memchr(to[i].address.p, '@', to[i].address.n)) && !memchr(to[i].address.p, '\n', to[i].address.n));
}

static void use(struct arena *a, const struct fact_specs *s, struct str in) {
    static const char *const values[] = {"2026-11-22T17:06:00.000Z/60", "1001", "a\nb", "yes", "x"};
    struct room_fact f[5];
    struct law law;
    struct form form;
    struct diag d = {0};
    for (size_t i = 0; i < ARRAY_SIZE(f); i++)
        f[i] = (struct room_fact){.spec = &s->at[i], .id = in.n % 3 ? 1 : 0, .state = (enum fact_state)(in.n % FACT_STATE_MAX_), .value = str_of(values[i]), .source = STR(""), .by = STR("")};
    if (law_parse(a, in, "fuzz.yml", s, &law, &d) == 0) {
        for (size_t i = 0; i < law.n_reports; i++) {
            struct law_answer x = law_judge(law.when, s, f);
            ASSERT(x.truth != LAW_UNDECIDED || x.wants);
            struct law_clock c = law_clock_of(&law.reports[i], s, f, NULL);
            ASSERT(c.due_ns == TIME_NONE || (c.due && c.from_ns != TIME_NONE));
        }
    } else {
        ASSERT(d.text[0]);
    }
    say(a, s, f, in);
    recipients(a, in);
    if (form_parse(a, in, "fuzz.yml", s, &form, NULL) == 0) {
        struct form_value *v = arena_zalloc(a, form.n_fields * sizeof *v);
        ASSERT(!v || form_render(a, &form, s, f, v) <= 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    struct fact_specs own, known;
    struct arena a;
    arena_init(&a, 64 << 20);
    if (fact_specs_parse(&a, in, "fuzz.yml", &own, NULL) == 0)
        for (size_t i = 0; i < own.n; i++) {
            struct str kept, again;
            if (fact_value_read(&a, &own.at[i], in, 0, &kept) == FACT_FINE && kept.p) /* what is kept reads the same again */
                ASSERT(fact_value_read(&a, &own.at[i], kept, 0, &again) != FACT_FINE || !again.p || str_eq(kept, again));
        }
    ASSERT(fact_specs_parse(&a, STR(facts), "facts.yml", &known, NULL) == 0);
    use(&a, &known, in);
    arena_done(&a);
    return 0;
}

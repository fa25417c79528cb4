/* What is said to everybody: out of what is confirmed, decided by who may, kept as it went out, and the next one promised. */
#include "fixture.h"

#include "base/file.h"
#include "room/answer.h"
#include "room/decision.h"
#include "room/fact.h"
#include "room/person_report.h"
#include "room/promise.h"
#include "room/publication.h"

static struct fixture *with_texts(void) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    struct arena a;
    struct str text;
    int64_t id;
    struct story s = {.id = "a0", .revision = 1, .rule = "r-stolen", .kind = "success_after", .level = "high", .propose = "", .service = "members",
                      .group_source = "198.51.100.1", .account_pattern = "m#", .account_n = 3, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60, .good = 0};
    fold(f, &s);
    arena_init(&a, 1 << 20);
    int e = room_facts_load(f->r, "content/facts.yml", &d);
    if (e == 0)
        e = file_read(&a, "content/publications/notice.yml", 1 << 18, &text, &d);
    if (e == 0)
        e = room_statement_put(f->r, &room_system, text, "notice.yml", "shipped", &id, &d);
    arena_done(&a);
    if (e < 0)
        fail_msg("%u:%u %s", d.line, d.column, d.text);
    return f;
}

static void know(struct fixture *f, const char *name, enum fact_state state, const char *value) {
    struct room_actor who = fixture_actor(f, f->handler);
    enum fact_fault fault;
    struct diag d = {0};
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT coalesce(max(version), 0) FROM fact WHERE name = '%s'", name);
    struct room_fact_new x = {.incident = 1, .version = number(f, sql), .name = str_of(name), .value = str_of(value), .source = STR("聞き取り"), .state = state};
    if (room_fact_put(f->r, &who, &x, &fault, &d) < 0)
        fail_msg("%s: %s %s", name, d.text, fact_fault_to_string(fault));
}

static int64_t begin(struct fixture *f, enum statement_stage stage, int64_t corrects) {
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_publication_new x = {.incident = 1, .statement = STR("notice"), .stage = stage, .corrects = corrects};
    struct diag d = {0};
    int64_t id = 0;
    if (room_publication_add(f->r, &who, &x, &id, &d) < 0)
        fail_msg("%s", d.text);
    return id;
}

static int64_t version_of(struct fixture *f, int64_t id) {
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT version FROM publication WHERE id = %lld", (long long) id);
    return number(f, sql);
}

static int ask(struct fixture *f, int64_t id, const struct fact_spec **leak, struct diag *d) {
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_publication_ask x = {STR("誤りがあれば訂正が要る"), STR("利用者が対策できない")};
    return room_publication_ask(f->r, &who, id, version_of(f, id), &x, leak, d);
}

static int decide(struct fixture *f, int64_t person, bool go_on, struct diag *d) {
    struct room_actor who = fixture_actor(f, person);
    struct room_decision_made m = {.go_on = go_on, .why = STR("確かめてから"), .at_ns = f->now_ns, .person = STR("")};
    int64_t id = number(f, "SELECT max(id) FROM decision");
    return room_decision_make(f->r, &who, id, number(f, "SELECT version FROM decision ORDER BY id DESC LIMIT 1"), &m, d);
}

static void publish(struct fixture *f, int64_t id) {
    const struct fact_spec *leak;
    struct diag d = {0};
    if (ask(f, id, &leak, &d) < 0 || decide(f, f->handler, false, &d) < 0)
        fail_msg("%s %.30s", d.text, leak ? leak->name.p : "");
}

static struct str view(struct fixture *f, struct arena *a) {
    struct jsonw w;
    struct buf b;
    struct diag d = {0};
    buf_init(&b, 8 << 20);
    jsonw_init(&w, &b);
    if (room_publications_write(f->r, 1, &w, &d) < 0)
        fail_msg("%s", d.text);
    struct str s = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

struct shelf {
    struct arena a;
    size_t n;
    const char *names[40];
    struct str bytes[40];
};

static int shelve(void *ctx, const char *name, struct str bytes, struct diag *err UNUSED) {
    struct shelf *s = ctx;
    s->names[s->n] = arena_dup_z(&s->a, str_of(name));
    s->bytes[s->n++] = arena_dup(&s->a, bytes);
    return 0;
}

static struct str file_of(const struct shelf *s, const char *name) {
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->names[i], name) == 0)
            return s->bytes[i];
    fail_msg("no file %s", name);
    return STR_NULL;
}

static bool has(struct str s, const char *what) {
    return str_find(s, str_of(what), 0) >= 0;
}

static void a_draft_says_what_is_confirmed_names_its_gaps_and_never_what_is_kept_back(void **state UNUSED) {
    struct fixture *f = with_texts();
    struct arena a;
    arena_init(&a, 16 << 20);
    know(f, "subject", FACT_CONFIRMED, "会員サイトへの不正ログイン");
    know(f, "summary", FACT_UNCONFIRMED, "名簿が買われたらしい");
    know(f, "occurred_at", FACT_CONFIRMED, "2026-11-23 02:03");
    know(f, "services", FACT_WITHHELD, "決済基盤");
    know(f, "persons_affected", FACT_WITHHELD, "4812");
    know(f, "personal_data", FACT_CONFIRMED, "yes");
    begin(f, STAGE_FIRST, 0);
    struct str v = view(f, &a);
    assert_true(str_eq_z(at(&a, v, "publications.0.says.subject.ja"), "会員サイトへの不正ログインに関するお知らせ（第1報）"));
    assert_true(str_eq_z(at(&a, v, "publications.0.says.subject.en"), "Notice (failure, unauthorized access)")); /* nobody wrote the subject in English */
    assert_true(has(v, "2026年11月23日 2時3分"));
    assert_true(has(v, "詳しい内容は調査中です。"));
    assert_false(has(v, "買われた"));
    assert_false(has(v, "決済基盤"));
    assert_false(has(v, "4812"));
    assert_false(has(v, "影響の範囲は調査中")); /* it is known, and kept back: to say that it is looked into would be untrue */
    assert_true(has(v, "個人情報への影響は調査中") == false);
    assert_false(has(v, "件数は調査中")); /* likewise */
    know(f, "persons_affected", FACT_UNCONFIRMED, "4812");
    v = view(f, &a);
    assert_true(has(v, "範囲と件数は調査中です。"));
    know(f, "persons_affected", FACT_CONFIRMED, "4812");
    know(f, "pi_items", FACT_CONFIRMED, "氏名、住所");
    v = view(f, &a);
    assert_true(has(v, "4812人分の個人情報（氏名、住所）"));
    arena_done(&a);
    fixture_free(f);
}

static void words_of_a_person_are_refused_where_they_tell_what_is_not_to_be_told(void **state UNUSED) {
    static const struct {
        const char *words;
        const char *leak; /* NULL: fine */
    } rows[] = {
        {"委託先の 株式会社ケッサイ で起きました", "remarks"},
        {"委託先の株式会社ｹｯｻｲで起きました", "remarks"},
        {"対象は4,812人です", "persons_affected"},
        {"対象は４８１２人です", "persons_affected"},
        {"対象は14812人です", NULL},
        {"対象は4,812,000人です", NULL},
        {"発生は2026年11月23日 2時3分です", "occurred_at"},
        {"発生は2026-11-23 02:03 JSTです", "occurred_at"},
        {"ランサムウェアによるものです", "attack_kind"},
        {"推測ですが名簿の売買です", "summary"}, /* not confirmed: a person's words do not say it either */
        {"ご不便をおかけしています", NULL},
    };
    struct fixture *f = with_texts();
    struct room_actor who = fixture_actor(f, f->handler);
    know(f, "remarks", FACT_WITHHELD, "株式会社ケッサイ");
    know(f, "persons_affected", FACT_WITHHELD, "4812");
    know(f, "occurred_at", FACT_WITHHELD, "2026-11-23 02:03");
    know(f, "attack_kind", FACT_WITHHELD, "ransomware");
    know(f, "summary", FACT_UNCONFIRMED, "名簿の売買");
    int64_t id = begin(f, STAGE_FIRST, 0);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct fact_spec *leak = NULL;
        struct statement_own own = {.part = STR("done"), .words = {.ja = str_of(rows[i].words), .en = STR("")}};
        struct room_publication_change c = {.own = &own, .n_own = 1};
        int e = room_publication_change(f->r, &who, id, version_of(f, id), &c, &leak, NULL);
        if (e != (rows[i].leak ? -EINVAL : 0) || (leak != NULL) != (rows[i].leak != NULL))
            fail_msg("%s: %d %.20s", rows[i].words, e, leak ? leak->name.p : "-");
        if (leak)
            assert_true(str_eq_z(leak->name, rows[i].leak));
    }
    assert_int_equal(number(f, "SELECT json_extract(own, '$.done.ja') = 'ご不便をおかけしています' FROM publication"), 1);
    struct statement_own no_part = {.part = STR("none"), .words = {.ja = STR("x"), .en = STR("")}};
    struct room_publication_change c = {.own = &no_part, .n_own = 1};
    const struct fact_spec *leak;
    assert_int_equal(room_publication_change(f->r, &who, id, version_of(f, id), &c, &leak, NULL), -EINVAL);
    /* said by somebody before it was kept back: asking finds it */
    know(f, "response_done", FACT_WITHHELD, "ご不便をおかけしています");
    assert_int_equal(ask(f, id, &leak, NULL), -EINVAL);
    assert_true(leak && str_eq_z(leak->name, "response_done"));
    fixture_free(f);
}

static void what_was_decided_about_goes_out_and_the_next_is_promised(void **state UNUSED) {
    struct fixture *f = with_texts();
    struct diag d = {0};
    const struct fact_spec *leak;
    struct arena a;
    arena_init(&a, 16 << 20);
    put_row(f, "authority", "1", "{\"kind\":\"publish\",\"verb\":\"decide\",\"who\":\"duty\"}");
    know(f, "subject", FACT_CONFIRMED, "会員サイトへの不正ログイン");
    know(f, "summary", FACT_CONFIRMED, "不正なログインがありました。");
    int64_t first = begin(f, STAGE_FIRST, 0), id;
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_publication_new second = {.incident = 1, .statement = STR("notice"), .stage = STAGE_FIRST};
    assert_int_equal(room_publication_add(f->r, &who, &second, &id, NULL), -EEXIST);
    assert_int_equal(ask(f, first, &leak, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM decision WHERE kind = 'publish' AND state = 'proposed' AND risk_do <> ''"), 1);
    assert_int_equal(decide(f, f->administrator, false, &d), -ERR_REFUSED); /* the table says who */
    assert_int_equal(number(f, "SELECT state = 'asked' FROM publication"), 1);
    know(f, "summary", FACT_CONFIRMED, "不正なログインが3件ありました。"); /* it would say something else now */
    assert_int_equal(decide(f, f->handler, false, &d), -EBUSY);
    assert_true(has(view(f, &a), "\"stale\":true"));
    assert_int_equal(decide(f, f->handler, true, &d), 0); /* not so */
    assert_int_equal(number(f, "SELECT state = 'draft' AND decision_id IS NULL AND why = '確かめてから' FROM publication"), 1);
    f->now_ns += 12 * NS_PER_MIN;
    publish(f, first);
    assert_int_equal(number(f, "SELECT state = 'published' AND published_at - created_at FROM publication") != 0, 1);
    assert_int_equal(number(f, "SELECT count(*) FROM promise p JOIN publication b ON b.id = p.of_id AND b.next_at = p.due_at WHERE p.of = 'publication' AND p.state = 'open'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.published' AND lane = 'public_relations'"), 1);
    /* the first page and who is on duty hear of it when it is near */
    f->now_ns = number(f, "SELECT due_at FROM promise") - 30 * NS_PER_MIN;
    assert_int_equal(room_promises_tick(f->r, &d), 0);
    assert_int_equal(number(f, "SELECT warned_at IS NOT NULL FROM promise"), 1);
    int64_t follow = begin(f, STAGE_FOLLOW, 0);
    know(f, "cause", FACT_CONFIRMED, "使い回しのパスワード");
    f->now_ns += NS_PER_HOUR;
    struct room_publication_change late = {.set_next = true, .next_ns = f->now_ns - 1};
    assert_int_equal(room_publication_change(f->r, &who, follow, version_of(f, follow), &late, &leak, NULL), 0);
    assert_int_equal(ask(f, follow, &leak, &d), -EINVAL); /* nothing is promised in the past */
    assert_true(strcmp(d.text, "next") == 0);
    late.next_ns = f->now_ns + 2 * NS_PER_HOUR;
    assert_int_equal(room_publication_change(f->r, &who, follow, version_of(f, follow), &late, &leak, NULL), 0);
    publish(f, follow);
    assert_int_equal(number(f, "SELECT count(*) FROM promise WHERE state = 'kept'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM promise WHERE state = 'open'"), 1);
    struct str v = view(f, &a);
    assert_int_equal(number(f, "SELECT number FROM publication ORDER BY id DESC LIMIT 1"), 2);
    assert_true(has(v, "\"is\":\"new\",\"part\":\"cause\""));
    assert_true(has(v, "\"is\":\"gone\",\"part\":\"lead\""));
    assert_false(has(v, "\"part\":\"what\"")); /* says the same */
    publish(f, begin(f, STAGE_FINAL, 0));
    assert_int_equal(number(f, "SELECT count(*) FROM promise WHERE state = 'open'"), 0); /* nothing more is promised */
    arena_done(&a);
    fixture_free(f);
}

static void what_went_out_is_corrected_or_taken_back_and_stays(void **state UNUSED) {
    struct fixture *f = with_texts();
    struct room_actor who = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    struct shelf s = {.n = 0};
    const struct fact_spec *leak;
    struct diag d = {0};
    arena_init(&s.a, 16 << 20);
    know(f, "subject", FACT_CONFIRMED, "<b>会員</b>サイト");
    know(f, "summary", FACT_CONFIRMED, "名簿が漏れました。");
    assert_int_equal(room_publication_files(f->r, 1, shelve, &s, &d), -ENOENT);
    int64_t first = begin(f, STAGE_FIRST, 0);
    struct room_publication_change en = {.set_en = true, .en = true};
    assert_int_equal(room_publication_change(f->r, &who, first, version_of(f, first), &en, &leak, NULL), 0);
    assert_int_equal(ask(f, first, &leak, &d), -EINVAL); /* a part of it is Japanese words */
    assert_true(strcmp(d.text, "en what") == 0);
    struct statement_own own = {.part = STR("what"), .words = {.ja = STR(""), .en = STR("A list was taken.")}};
    struct room_publication_change words = {.own = &own, .n_own = 1};
    assert_int_equal(room_publication_change(f->r, &who, first, version_of(f, first), &words, &leak, NULL), 0);
    publish(f, first);
    know(f, "summary", FACT_CONFIRMED, "名簿の一部が漏れました。");
    int64_t right = begin(f, STAGE_FIRST, first);
    publish(f, right);
    assert_int_equal(number(f, "SELECT state = 'corrected' AND ended_at IS NOT NULL FROM publication WHERE id = 1"), 1);
    assert_int_equal(number(f, "SELECT number = 2 AND corrects = 1 FROM publication WHERE id = 2"), 1);
    assert_int_equal(room_publication_files(f->r, 1, shelve, &s, &d), 0);
    assert_true(has(file_of(&s, "1.html"), "訂正しました") && has(file_of(&s, "1.html"), "名簿が漏れました"));
    assert_true(has(file_of(&s, "2.html"), "（訂正）") && has(file_of(&s, "2.html"), "&lt;b&gt;会員&lt;/b&gt;"));
    assert_true(has(file_of(&s, "2.en.html"), "A list was taken."));
    assert_true(has(file_of(&s, "index.html"), "一部が漏れました") && has(file_of(&s, "index.html"), "1.html"));
    assert_true(has(file_of(&s, "sorry.html"), "一部が漏れました") && has(file_of(&s, "sorry.html"), "A list was taken.") && !has(file_of(&s, "sorry.html"), "href"));
    assert_true(has(file_of(&s, "2.txt"), "■ 発生した事象\n名簿の一部が漏れました。"));
    assert_int_equal(room_publication_end(f->r, &auditor, right, version_of(f, right), STR("誤り"), NULL), -ERR_REFUSED);
    assert_int_equal(room_publication_end(f->r, &who, right, version_of(f, right), STR(" "), NULL), -EINVAL);
    assert_int_equal(room_publication_end(f->r, &who, right, version_of(f, right) - 1, STR("誤り"), NULL), -ERR_VERSION);
    assert_int_equal(room_publication_end(f->r, &who, right, version_of(f, right), STR("事実と異なるため"), NULL), 0);
    s.n = 0;
    assert_int_equal(room_publication_files(f->r, 1, shelve, &s, &d), 0);
    assert_true(has(file_of(&s, "2.html"), "取り下げました") && has(file_of(&s, "2.html"), "事実と異なるため") && !has(file_of(&s, "2.html"), "一部が漏れました"));
    assert_true(number(f, "SELECT doc LIKE '%一部が漏れました%' FROM publication WHERE id = 2") == 1); /* here it stays */
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key IN ('event.publication_corrected','event.publication_withdrawn')"), 2);
    CLEANUP(mem_freep) struct room_verdict *v = mem_zalloc(sizeof *v);
    assert_int_equal(room_audit_verify(f->r, NULL, 0, v, NULL), 0);
    assert_int_equal(v->n_faults, 0);
    arena_done(&s.a);
    fixture_free(f);
}

static void two_persons_where_the_table_asks_for_two(void **state UNUSED) {
    struct fixture *f = with_texts();
    struct diag d = {0};
    const struct fact_spec *leak;
    put_row(f, "authority", "1", "{\"kind\":\"publish\",\"verb\":\"decide\",\"who\":\"duty\",\"two\":\"yes\"}");
    put_row(f, "authority", "2", "{\"kind\":\"publish\",\"verb\":\"decide\",\"who\":\"chief\",\"two\":\"yes\"}");
    know(f, "subject", FACT_CONFIRMED, "会員サイト");
    int64_t id = begin(f, STAGE_FIRST, 0);
    assert_int_equal(ask(f, id, &leak, &d), 0);
    assert_int_equal(decide(f, f->handler, false, &d), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM publication WHERE state = 'published'"), 0);
    int e = decide(f, f->administrator, false, &d);
    if (e != 0)
        fail_msg("%d %s", e, d.text);
    assert_int_equal(number(f, "SELECT count(*) FROM publication WHERE state = 'published'"), 1);
    /* taking it back is a decision of the same kind */
    struct room_actor one = fixture_actor(f, f->handler), other = fixture_actor(f, f->administrator);
    assert_int_equal(room_publication_end(f->r, &one, id, version_of(f, id), STR("誤り"), NULL), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM publication WHERE state = 'published'"), 1);
    assert_int_equal(room_publication_end(f->r, &other, id, version_of(f, id), STR("誤り"), NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM publication WHERE state = 'withdrawn'"), 1);
    fixture_free(f);
}

static int answer(struct fixture *f, int64_t replaces, const char *q, const char *a, int64_t *ret, const struct fact_spec **leak) {
    struct room_actor who = fixture_actor(f, f->handler);
    struct room_answer_new x = {.incident = 1, .replaces = replaces, .kind = STR("account"), .question = {str_of(q), STR("")}, .answer = {str_of(a), STR("")}};
    return room_answer_put(f->r, &who, &x, ret, leak, NULL);
}

static struct str desk(struct fixture *f, struct arena *a) {
    struct jsonw w;
    struct buf b;
    buf_init(&b, 8 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_desk_write(f->r, &w, NULL), 0);
    struct str s = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static void the_desk_has_the_answers_when_it_is_published_and_gives_back_what_has_none(void **state UNUSED) {
    const struct room_reported_kinds kinds = {.n = 1, .at = {{.id = STR("account"), .title = {STR("口座"), STR("account")}}}};
    struct fixture *f = with_texts();
    struct room_actor who = fixture_actor(f, f->handler), phone = {.role = ROLE_DESK, .person = f->auditor, .name = "窓口"};
    const struct fact_spec *leak;
    struct arena a;
    int64_t one, two;
    arena_init(&a, 16 << 20);
    room_reports_use(f->r, &kinds);
    know(f, "subject", FACT_CONFIRMED, "会員サイト");
    know(f, "persons_affected", FACT_WITHHELD, "4812");
    assert_int_equal(answer(f, 0, "使えますか", "止めています", &one, &leak), 0);
    assert_int_equal(answer(f, 0, "何人ですか", "４，８１２人です", &two, &leak), -EINVAL);
    assert_true(leak && str_eq_z(leak->name, "persons_affected"));
    assert_int_equal(answer(f, 0, "何人ですか", "調査中です", &two, &leak), 0);
    assert_false(has(desk(f, &a), "止めています")); /* nothing was said yet */
    int64_t first = begin(f, STAGE_FIRST, 0);
    publish(f, first);
    assert_true(has(desk(f, &a), "止めています") && has(desk(f, &a), "会員サイト"));
    assert_int_equal(number(f, "SELECT count(*) FROM answer WHERE state = 'current' AND publication_id = 1"), 2);
    /* callers are counted by kind, as reports of people that are about the case already */
    struct room_caller call = {.publication = first, .answer = one, .kind = STR("account")};
    for (int i = 0; i < 3; i++)
        assert_int_equal(room_caller_count(f->r, &phone, &call, NULL), 0);
    assert_int_equal(number(f, "SELECT asked_n FROM answer WHERE id = 1"), 3);
    assert_int_equal(number(f, "SELECT count(*) FROM person_report WHERE incident_id = 1 AND kind = 'account' AND channel = 'phone' AND state = 'case' AND told = 1"), 3);
    call = (struct room_caller){.publication = first, .kind = STR("account"), .question = STR("補償はありますか")};
    assert_int_equal(room_caller_count(f->r, &phone, &call, NULL), 0);
    assert_int_equal(room_caller_count(f->r, &phone, &call, NULL), 0);
    assert_int_equal(number(f, "SELECT asked_n FROM answer WHERE state = 'asked' AND question_ja = '補償はありますか'"), 2);
    call.question = STR(" ");
    assert_int_equal(room_caller_count(f->r, &phone, &call, NULL), -EINVAL);
    call = (struct room_caller){.publication = 99, .answer = one, .kind = STR("account")};
    assert_int_equal(room_caller_count(f->r, &phone, &call, NULL), -ENOENT);
    /* who publishes answers it; approved by itself, the desk has it at once */
    int64_t asked = number(f, "SELECT id FROM answer WHERE state = 'asked'"), id;
    assert_int_equal(answer(f, asked, "補償はありますか", "検討しています", &id, &leak), 0);
    assert_int_equal(id, asked);
    assert_false(has(desk(f, &a), "検討しています"));
    put_row(f, "authority", "1", "{\"kind\":\"publish\",\"verb\":\"decide\",\"who\":\"duty\"}");
    struct room_actor chief = fixture_actor(f, f->administrator);
    assert_int_equal(room_answer_approve(f->r, &chief, id, number(f, "SELECT version FROM answer WHERE id = 3"), &leak, NULL), -ERR_REFUSED);
    assert_int_equal(room_answer_approve(f->r, &who, id, number(f, "SELECT version FROM answer WHERE id = 3"), &leak, NULL), 0);
    assert_true(has(desk(f, &a), "検討しています"));
    /* a changed answer takes the place of the one there was, once it is approved */
    assert_int_equal(answer(f, one, "使えますか", "再開しました", &id, &leak), 0);
    assert_true(has(desk(f, &a), "止めています") && !has(desk(f, &a), "再開しました"));
    publish(f, begin(f, STAGE_FOLLOW, 0));
    assert_true(!has(desk(f, &a), "止めています") && has(desk(f, &a), "再開しました"));
    /* what is taken back is not said at the desk either */
    int64_t second = number(f, "SELECT max(id) FROM publication");
    assert_int_equal(room_publication_end(f->r, &who, second, version_of(f, second), STR("誤り"), NULL), 0);
    assert_false(has(desk(f, &a), "再開しました"));
    struct room_actor auditor = fixture_actor(f, f->auditor);
    assert_int_equal(room_answer_end(f->r, &auditor, one, number(f, "SELECT version FROM answer WHERE id = 1"), NULL), -ERR_REFUSED);
    CLEANUP(mem_freep) struct room_verdict *v = mem_zalloc(sizeof *v);
    assert_int_equal(room_audit_verify(f->r, NULL, 0, v, NULL), 0);
    assert_int_equal(v->n_faults, 0);
    arena_done(&a);
    fixture_free(f);
}

static void a_file_of_texts_that_does_not_hold_is_refused_with_its_place(void **state UNUSED) {
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"statement: a", "use"},
        {"statement: a\nuse: publication\ntitle: {ja: x}\nsubject: {ja: x}\nparts: []", "parts"},
        {"statement: a\nuse: publication\ntitle: {ja: x}\nsubject: {ja: '{{nothing}}'}\nparts: [{name: a, text: {ja: x}}]", "nothing"},
        {"statement: a\nuse: publication\ntitle: {ja: x}\nsubject: {ja: x}\nparts: [{name: a, text: {ja: '{{.name}}'}}]", ".name"}, /* of notices only */
        {"statement: a\nuse: publication\ntitle: {ja: x}\nsubject: {ja: x}\nparts: [{name: a, text: {ja: x}}, {name: a, text: {ja: x}}]", "already"},
        {"statement: a\nuse: publication\ntitle: {ja: x}\nsubject: {ja: x}\nparts: [{name: a, text: {ja: x}, gap: {ja: '{{subject}}'}}]", "gap"},
        {"statement: a\nuse: publication\ntitle: {ja: x}\nsubject: {ja: x}\nparts: [{name: a, text: {ja: x}, in: [second]}]", "first"},
        {"statement: a\nuse: publication\ntitle: {ja: x}\nsubject: {ja: x}\nnext: soon\nparts: [{name: a, text: {ja: x}}]", "next"},
        {"statement: a\nuse: publication\ntitle: {ja: x}\nsubject: {ja: x}\nparts: [{name: a, text: {ja: x}, unknown: what}]", "what"},
    };
    struct fixture *f = with_texts();
    struct arena a;
    arena_init(&a, 1 << 22);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct statement s;
        struct diag d = {0};
        assert_true(statement_parse(&a, str_of(bad[i].text), "x.yml", room_fact_specs(f->r), &s, &d) < 0);
        if (!strstr(d.text, bad[i].says))
            fail_msg("%zu: %s", i, d.text);
    }
    arena_done(&a);
    fixture_free(f);
}

UNIT_GROUP(room_publication, cmocka_unit_test(a_draft_says_what_is_confirmed_names_its_gaps_and_never_what_is_kept_back),
           cmocka_unit_test(words_of_a_person_are_refused_where_they_tell_what_is_not_to_be_told), cmocka_unit_test(what_was_decided_about_goes_out_and_the_next_is_promised),
           cmocka_unit_test(what_went_out_is_corrected_or_taken_back_and_stays), cmocka_unit_test(two_persons_where_the_table_asks_for_two),
           cmocka_unit_test(the_desk_has_the_answers_when_it_is_published_and_gives_back_what_has_none),
           cmocka_unit_test(a_file_of_texts_that_does_not_hold_is_refused_with_its_place))

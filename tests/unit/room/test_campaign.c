/* Campaigns in simulated time: who is told when, links that answer for one person only, who stands above, what is left, what is forced, what a
 * kill leaves. */
#include "fixture.h"

#include "room/campaign.h"
#include "room/deed.h"
#include "room/message.h"
#include "room/plans.h"
#include "room/register.h"

#include <sys/stat.h>

#define STR_LIT(z) {z, sizeof(z) - 1} /* in what is made at compile time */

#define MIN_ NS_PER_MIN

static struct fixture *office(void) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    if (room_plans_load(f->r, "content", NULL, &d) < 0)
        fail_msg("%s", d.text);
    struct story s = {.id = "a0", .revision = 1, .rule = "r-list", .kind = "list_attack", .level = "high", .service = "members", .group_source = "198.51.100.1",
                      .account_pattern = "m#", .account_n = 30, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60, .good = 0};
    put_row(f, "organisations", "本社", "{\"name\":\"本社\"}");
    put_row(f, "organisations", "支店", "{\"name\":\"支店\",\"parent\":\"本社\"}");
    put_row(f, "people", "本部長", "{\"name\":\"本部長\",\"organisation\":\"本社\",\"mail\":\"top@example.jp\"}");
    put_row(f, "people", "佐藤", "{\"name\":\"佐藤\",\"organisation\":\"支店\",\"mobile\":\"090-0000-0001\",\"mail\":\"sato@example.jp\"}");
    put_row(f, "people", "鈴木", "{\"name\":\"鈴木\",\"organisation\":\"支店\",\"mail\":\"suzuki@example.jp\"}");
    put_row(f, "people", "電話の人", "{\"name\":\"電話の人\",\"organisation\":\"支店\",\"phone\":\"03-0000-0000\"}");
    fold(f, &s);
    return f;
}

static void tick(struct fixture *f) {
    struct diag d = {0};
    if (room_campaigns_tick(f->r, &d) < 0)
        fail_msg("%s", d.text);
}

static int64_t begin(struct fixture *f, const char *kind, const struct room_campaign_target *t, size_t n) {
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct room_campaign_new x = {.incident = 1, .kind = str_of(kind), .title = STR(""), .text = STR("本日中に"), .origin = STR("test"), .targets = t, .n_targets = n};
    struct diag d = {0};
    int64_t id = 0;
    if (room_campaign_start(f->r, &chief, &x, &id, &d) < 0)
        fail_msg("%s", d.text);
    return id;
}

static void token_of(struct fixture *f, const char *address, char dst[ROOM_MESSAGE_TOKEN_CHARS + 1]) {
    struct sql_stmt *st = NULL;
    assert_int_equal(sql_query(f->r->db, &st, NULL, "SELECT token FROM message WHERE address = ?1 ORDER BY id DESC LIMIT 1", "z", address), 0);
    assert_int_equal(sql_step(st, NULL), 1);
    snprintf(dst, ROOM_MESSAGE_TOKEN_CHARS + 1, "%.*s", STR_ARG(sql_str(st, 0)));
    sql_end(st);
}

static const struct room_campaign_target ACCOUNTS[] = {
    {.name = STR_LIT("sato01"), .person = STR_LIT("佐藤")}, {.name = STR_LIT("sato-admin"), .person = STR_LIT("佐藤")}, {.name = STR_LIT("suzuki01"), .person = STR_LIT("鈴木")}, {.name = STR_LIT("job01"), .person = STR_LIT("")}};

static void each_person_is_told_once_a_round_and_by_another_way(void **state UNUSED) {
    struct fixture *f = office();
    begin(f, "password", ACCOUNTS, 4);
    assert_int_equal(number(f, "SELECT count(*) FROM message"), 2); /* two accounts of one person: one message */
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE way = 'sms' AND body LIKE '%sato01%' AND body LIKE '%sato-admin%' AND body LIKE '%本日中に%'"), 1);
    f->now_ns += 4 * 60 * MIN_ - NS_PER_S;
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM message"), 2);
    f->now_ns += NS_PER_S;
    tick(f);
    tick(f); /* not twice */
    assert_int_equal(number(f, "SELECT count(*) FROM message"), 4);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE way = 'mail' AND address = 'sato@example.jp'"), 1); /* the other way */
    f->now_ns += 100 * 60 * MIN_; /* nobody looked for four days: one round, not twenty-five */
    tick(f);
    tick(f);
    assert_int_equal(number(f, "SELECT round FROM campaign"), 2);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.campaign_due'"), 1);
    fixture_free(f);
}

static void a_link_answers_for_its_person_only_and_once(void **state UNUSED) {
    struct fixture *f = office();
    struct diag d = {0};
    char sato[ROOM_MESSAGE_TOKEN_CHARS + 1], suzuki[ROOM_MESSAGE_TOKEN_CHARS + 1];
    struct room_campaign_said changed = {.value = STR("changed"), .done = -1}, help = {.value = STR("help"), .done = -1}, none = {.value = STR("nothing"), .done = -1};
    begin(f, "password", ACCOUNTS, 3);
    token_of(f, "090-0000-0001", sato);
    token_of(f, "suzuki@example.jp", suzuki);
    assert_int_equal(room_campaign_answer_token(f->r, STR("00000000000000000000000000000000"), 0, &changed, &d), -ENOENT);
    assert_int_equal(room_campaign_answer_token(f->r, str_of(sato), 0, &none, &d), -EINVAL);
    assert_int_equal(room_campaign_answer_token(f->r, str_of(sato), 3, &changed, &d), -EBUSY); /* another's account */
    assert_int_equal(room_campaign_answer_token(f->r, str_of(sato), 1, &help, &d), 0);
    assert_int_equal(number(f, "SELECT state = 'open' AND value = 'help' FROM campaign_target WHERE id = 1"), 1); /* an answer that settles nothing */
    assert_int_equal(room_campaign_answer_token(f->r, str_of(sato), 0, &changed, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_target WHERE state = 'done' AND how = 'link' AND person = '佐藤'"), 2);
    assert_int_equal(room_campaign_answer_token(f->r, str_of(sato), 0, &help, &d), -EBUSY); /* once */
    assert_int_equal(number(f, "SELECT state = 'running' FROM campaign"), 1);
    assert_int_equal(room_campaign_answer_token(f->r, str_of(suzuki), 0, &changed, &d), 0);
    assert_int_equal(number(f, "SELECT state = 'done' AND ended_at IS NOT NULL AND next_at IS NULL FROM campaign"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.campaign_done'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_answer"), 4);
    fixture_free(f);
}

static void superiors_of_those_who_have_not_are_told_after_five_minutes(void **state UNUSED) {
    struct fixture *f = office();
    struct diag d = {0};
    char sato[ROOM_MESSAGE_TOKEN_CHARS + 1];
    struct room_campaign_target *t;
    struct arena a;
    size_t n;
    struct room_campaign_said yes = {.value = STR("received"), .done = -1};
    arena_init(&a, 1 << 20);
    assert_int_equal(room_campaign_read_people(f->r, &a, STR("支店"), &t, &n, &d), 0);
    assert_int_equal(n, 3);
    begin(f, "acknowledge", t, n);
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_told WHERE round = 0 AND up = 0"), 3); /* who has only a telephone, too */
    assert_int_equal(number(f, "SELECT message_id IS NULL FROM campaign_told WHERE person = '電話の人'"), 1);
    token_of(f, "090-0000-0001", sato);
    assert_int_equal(room_campaign_answer_token(f->r, str_of(sato), 0, &yes, &d), 0);
    f->now_ns += 5 * MIN_ - NS_PER_S;
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_told WHERE up > 0"), 0);
    f->now_ns += NS_PER_S;
    tick(f);
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_told WHERE up = 1 AND person = '本部長'"), 1);
    assert_int_equal(number(f, "SELECT body LIKE '%鈴木%' AND body LIKE '%電話の人%' AND body NOT LIKE '%佐藤%' AND token IS NULL FROM message WHERE address = 'top@example.jp'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_told WHERE round = 1 AND up = 0 AND person = '佐藤'"), 0); /* who answered is left alone */
    struct room_actor duty = fixture_actor(f, f->handler);
    struct buf out;
    struct jsonw w;
    buf_init(&out, 1 << 20);
    jsonw_init(&w, &out);
    assert_int_equal(room_campaign_write(f->r, 1, &duty, &w, &d), 0);
    assert_str(at(&a, buf_str(&out), "targets_n"), "3");
    assert_str(at(&a, buf_str(&out), "targets_done"), "1");
    assert_str(at(&a, buf_str(&out), "share.0.done"), "1");
    assert_str(at(&a, buf_str(&out), "targets.0.state"), "open"); /* who has not comes first */
    buf_done(&out);
    arena_done(&a);
    fixture_free(f);
}

static void a_branch_says_how_many_of_its_hosts_are_done(void **state UNUSED) {
    struct fixture *f = office();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct diag d = {0};
    struct room_campaign_target *t;
    struct arena a;
    size_t n;
    arena_init(&a, 1 << 20);
    assert_int_equal(room_campaign_read_list(&a, STR("名前,担当,台数\n支店の端末,佐藤,600\n\n\"本社, 3階\""), &t, &n, &d), 0);
    assert_int_equal(n, 2);
    assert_int_equal(t[0].n, 600);
    assert_int_equal(room_campaign_read_list(&a, STR("支店,佐藤,六百"), &t, &n, &d), -EINVAL);
    assert_non_null(strstr(d.text, "line 1"));
    assert_int_equal(room_campaign_read_list(&a, STR("支店の端末\t佐藤\t600"), &t, &n, &d), 0);
    begin(f, "scan", t, n);
    struct room_campaign_said part = {.value = STR("partly"), .done = 450}, more = {.value = STR("partly"), .done = 601}, found = {.value = STR("found"), .done = -1};
    assert_int_equal(room_campaign_answer(f->r, &duty, 1, 1, &more, &d), -EINVAL);
    assert_int_equal(room_campaign_answer(f->r, &duty, 1, 1, &part, &d), 0);
    assert_int_equal(number(f, "SELECT state = 'open' AND done_n = 450 FROM campaign_target"), 1);
    assert_int_equal(room_campaign_answer(f->r, &duty, 1, 1, &part, &d), -ERR_VERSION);
    assert_int_equal(room_campaign_answer(f->r, &duty, 1, 2, &found, &d), -EINVAL); /* what was found is to be said */
    found.words = STR("3台で検出");
    f->now_ns += 60 * MIN_;
    assert_int_equal(room_campaign_answer(f->r, &duty, 1, 2, &found, &d), 0);
    assert_int_equal(number(f, "SELECT state = 'done' FROM campaign"), 1);
    arena_done(&a);
    fixture_free(f);
}

static void what_is_left_is_forced_by_an_act_or_an_instruction(void **state UNUSED) {
    struct fixture *f = office();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct diag d = {0};
    struct room_campaign_said changed = {.value = STR("changed"), .done = -1};
    struct room_campaign_force force = {.driver = STR("ldap"), .minutes = 60};
    int64_t deed, id = begin(f, "password", ACCOUNTS, 4);
    assert_int_equal(room_campaign_answer(f->r, &duty, 3, 1, &changed, &d), 0);
    force.driver = STR("");
    assert_int_equal(room_campaign_force(f->r, &duty, id, &force, &deed, &d), -EINVAL);
    force.driver = STR("ldap");
    assert_int_equal(room_campaign_force(f->r, &duty, id, &force, &deed, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM deed WHERE kind = 'account_freeze' AND state = 'proposed' AND target <> 'suzuki01'"), 3); /* proposed, nothing is done */
    assert_int_equal(number(f, "SELECT count(*) FROM campaign_target WHERE state = 'forced' AND deed_id IS NOT NULL"), 3);
    assert_int_equal(room_campaign_answer(f->r, &duty, 1, 2, &changed, &d), 0); /* and may still be done */
    /* a kind without an act sends its instruction to whoever answers for it */
    static const struct room_campaign_target systems[] = {{.name = STR_LIT("会員サイト"), .person = STR_LIT("鈴木")}};
    int64_t before = number(f, "SELECT count(*) FROM message"), other = begin(f, "where_else", systems, 1);
    assert_int_equal(room_campaign_force(f->r, &duty, other, &force, &deed, &d), 0);
    assert_int_equal(deed, 0);
    assert_int_equal(number(f, "SELECT count(*) FROM message"), before + 2);
    assert_int_equal(number(f, "SELECT body LIKE '%切り離して%会員サイト%' FROM message ORDER BY id DESC LIMIT 1"), 1);
    fixture_free(f);
}

static void systems_with_the_same_condition_come_out_of_the_register(void **state UNUSED) {
    struct fixture *f = office();
    struct diag d = {0};
    struct room_campaign_target *t;
    struct arena a;
    size_t n;
    arena_init(&a, 1 << 22);
    if (room_registers_load(f->r, "content/imports", &d) < 0)
        fail_msg("%s", d.text);
    put_row(f, "systems", "会員サイト", "{\"name\":\"会員サイト\",\"product\":\"WordPress\",\"version\":\"6.4\",\"responsible\":\"佐藤\"}");
    put_row(f, "systems", "採用サイト", "{\"name\":\"採用サイト\",\"product\":\"WordPress\",\"version\":\"6.1\",\"responsible\":\"鈴木\"}");
    put_row(f, "systems", "決済", "{\"name\":\"決済\",\"product\":\"Tomcat\",\"version\":\"9\",\"responsible\":\"佐藤\"}");
    assert_int_equal(room_campaign_read_register(f->r, &a, STR("systems"), STR("product=wordpress\nversion<6.2"), &t, &n, &d), 0);
    assert_int_equal(n, 1);
    assert_str(t[0].name, "採用サイト");
    assert_str(t[0].person, "鈴木");
    begin(f, "where_else", t, n);
    assert_int_equal(number(f, "SELECT count(*) FROM message WHERE address = 'suzuki@example.jp' AND body LIKE '%採用サイト%'"), 1);
    arena_done(&a);
    fixture_free(f);
}

static void kinds_of_campaigns_are_files_and_say_where_they_are_wrong(void **state UNUSED) {
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"campaign: x\nof: person\n", "answers"},
        {"campaign: x\nof: person\ntitle: {ja: あ}\nask: {ja: あ, en: a}\ndue: 1h\nanswers: [{value: a, means: done, title: {ja: あ, en: a}}]\n", "both languages"},
        {"campaign: x\nof: person\ntitle: {ja: あ, en: a}\nask: {ja: あ, en: a}\ndue: soon\nanswers: [{value: a, means: done, title: {ja: あ, en: a}}]\n", "span"},
        {"campaign: x\nof: person\ntitle: {ja: あ, en: a}\nask: {ja: あ, en: a}\ndue: 1h\nanswers: [{value: a, means: perhaps, title: {ja: あ, en: a}}]\n", "done or open"},
    };
    struct fixture *f = fixture_new();
    char folder[128], path[200];
    snprintf(folder, sizeof folder, "%s/campaigns", f->dir);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(path, sizeof path, "%s/own.yml", folder);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct diag d = {0};
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        fputs(bad[i].text, out);
        fclose(out);
        assert_true(room_plans_load(f->r, "content", f->dir, &d) < 0);
        if (!strstr(d.text, bad[i].says) || !d.line)
            fail_msg("%zu: %s", i, d.text);
        room_plans_done(&f->r->plans);
    }
    unlink(path);
    rmdir(folder);
    fixture_free(f);
}

UNIT_GROUP(room_campaign, cmocka_unit_test(each_person_is_told_once_a_round_and_by_another_way),
           cmocka_unit_test(a_link_answers_for_its_person_only_and_once),
           cmocka_unit_test(superiors_of_those_who_have_not_are_told_after_five_minutes),
           cmocka_unit_test(a_branch_says_how_many_of_its_hosts_are_done),
           cmocka_unit_test(what_is_left_is_forced_by_an_act_or_an_instruction),
           cmocka_unit_test(systems_with_the_same_condition_come_out_of_the_register),
           cmocka_unit_test(kinds_of_campaigns_are_files_and_say_where_they_are_wrong))

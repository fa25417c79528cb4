/* Authority over real rows of registers: who may approve a block, who is refused and how, two persons, what is lent. */
#include "fixture.h"

#include "room/authority.h"
#include "room/duty.h"
#include "room/register.h"

void put_row(struct fixture *f, const char *kind, const char *name, const char *json) {
    struct arena a;
    struct json_value *v;
    struct diag d = {0};
    int64_t id;
    struct room_register_refusal why;
    arena_init(&a, 1 << 20);
    assert_int_equal(json_parse(&a, str_of(json), &v, NULL), 0);
    struct room_actor chief = fixture_actor(f, f->administrator);
    struct room_register_row row = {str_of(kind), str_of(name), v};
    if (room_register_put(f->r, &chief, &row, 0, 0, true, &id, &why, &d) < 0)
        fail_msg("%s", d.text);
    arena_done(&a);
}

/* T0 is Monday 2026-11-23 02:03 in Japan: a holiday, at night. */
static struct fixture *room_with_case(void) {
    struct fixture *f = fixture_new();
    struct story s = {.id = "a0", .revision = 1, .rule = "r-list", .kind = "list_attack", .level = "high", .propose = "block_source", .service = "members",
                      .group_source = "198.51.100.1", .account_pattern = "m#", .account_n = 30, .first_ns = T0, .last_ns = T0 + 30 * NS_PER_S, .count = 60, .good = 0};
    struct room_actor chief;
    assert_int_equal(room_hand_connected(f->r, true, NULL), 0);
    fold(f, &s);
    chief = fixture_actor(f, f->administrator);
    assert_int_equal(room_person_add(f->r, &chief, STR("night"), ROLE_HANDLER, STR("ja"), &f->auditor, NULL), 0); /* another handler */
    return f;
}

static int approve_as(struct fixture *f, int64_t person, struct diag *d) {
    struct room_actor who = fixture_actor(f, person);
    return room_action_approve(f->r, &who, 1, number(f, "SELECT version FROM action WHERE id = 1"), 0, d);
}

static enum room_standing verdict(struct fixture *f, int64_t person, const char *service, enum duty_kind k, int64_t called) {
    struct room_ask ask = {.service = str_of(service), .kind = k, .called_ns = called};
    return standing(f, person, &ask);
}

static void without_a_table_roles_decide_as_before(void **state UNUSED) {
    struct fixture *f = room_with_case();
    struct diag d = {0};
    assert_int_equal(verdict(f, f->handler, "members", DUTY_BLOCK, TIME_NONE), VERDICT_NO_TABLE);
    assert_int_equal(approve_as(f, f->handler, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM hand_order"), 1);
    fixture_free(f);
}

static void who_is_not_in_the_table_is_refused_by_name(void **state UNUSED) {
    struct fixture *f = room_with_case();
    struct diag d = {0};
    put_row(f, "people", "duty", "{\"name\":\"duty\",\"mobile\":\"090-1234-5678\"}");
    put_row(f, "authority", "1", "{\"service\":\"members\",\"kind\":\"block\",\"verb\":\"decide\",\"days\":\"休日\",\"who\":\"duty\"}");
    put_row(f, "authority", "2", "{\"service\":\"members\",\"kind\":\"block\",\"verb\":\"decide\",\"days\":\"平日\",\"who\":\"chief\"}");
    int64_t before = number(f, "SELECT count(*) FROM audit WHERE verb = 'refused'");
    assert_int_equal(approve_as(f, f->administrator, &d), -ERR_REFUSED); /* the role would let; the table of a holiday does not */
    assert_non_null(strstr(d.text, "duty 090-1234-5678"));
    assert_int_equal(number(f, "SELECT count(*) FROM audit WHERE verb = 'refused'"), before + 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.authority_refused'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM hand_order"), 0);
    assert_int_equal(number(f, "SELECT state = 'proposed' AND decided_at IS NULL FROM action WHERE id = 1"), 1);
    struct buf out;
    struct jsonw w;
    struct arena a;
    buf_init(&out, 4096);
    arena_init(&a, 1 << 20);
    jsonw_init(&w, &out);
    jsonw_object(&w);
    assert_true(room_authority_refused(f->r, &w));
    jsonw_end(&w);
    assert_str(at(&a, buf_str(&out), "who"), "duty 090-1234-5678");
    assert_str(at(&a, buf_str(&out), "verdict"), "not");
    assert_int_equal(approve_as(f, f->handler, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM hand_order"), 1);
    arena_done(&a);
    buf_done(&out);
    fixture_free(f);
}

static void who_stands_in_waits_until_the_first_was_called_long_enough(void **state UNUSED) {
    struct fixture *f = room_with_case();
    struct diag d = {0};
    put_row(f, "authority", "1", "{\"service\":\"members\",\"kind\":\"block\",\"verb\":\"decide\",\"who\":\"chief\",\"order\":\"1\"}");
    put_row(f, "authority", "2", "{\"service\":\"members\",\"kind\":\"block\",\"verb\":\"decide\",\"who\":\"duty\",\"order\":\"2\",\"after_min\":\"１０分\"}");
    assert_int_equal(verdict(f, f->handler, "members", DUTY_BLOCK, TIME_NONE), VERDICT_WAIT);
    assert_int_equal(verdict(f, f->handler, "members", DUTY_BLOCK, f->now_ns - 9 * NS_PER_MIN), VERDICT_WAIT);
    assert_int_equal(verdict(f, f->handler, "members", DUTY_BLOCK, f->now_ns - 10 * NS_PER_MIN), VERDICT_ALONE);
    assert_int_equal(verdict(f, f->administrator, "members", DUTY_BLOCK, TIME_NONE), VERDICT_ALONE);
    assert_int_equal(approve_as(f, f->handler, &d), -ERR_REFUSED);
    fixture_free(f);
}

static void who_is_to_be_asked_is_asked_first(void **state UNUSED) {
    struct fixture *f = room_with_case();
    struct diag d = {0};
    put_row(f, "authority", "1", "{\"service\":\"members\",\"kind\":\"block\",\"verb\":\"decide\",\"who\":\"duty\"}");
    put_row(f, "authority", "2", "{\"service\":\"members\",\"kind\":\"block\",\"verb\":\"ask\",\"who\":\"広報課長\"}");
    assert_int_equal(approve_as(f, f->handler, &d), -ERR_REFUSED);
    struct room_actor duty = fixture_actor(f, f->handler);
    assert_int_equal(room_consult_add(f->r, &duty, 1, DUTY_BLOCK, STR("広報課長"), STR("止めてよい"), &d), 0);
    assert_int_equal(approve_as(f, f->handler, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM hand_order"), 1);
    fixture_free(f);
}

static void two_are_two_persons(void **state UNUSED) {
    struct fixture *f = room_with_case();
    struct diag d = {0};
    put_row(f, "authority", "1", "{\"service\":\"members\",\"kind\":\"block\",\"verb\":\"decide\",\"who\":\"duty\",\"two\":\"yes\"}");
    put_row(f, "authority", "2", "{\"service\":\"members\",\"kind\":\"block\",\"verb\":\"decide\",\"who\":\"night\"}");
    assert_int_equal(approve_as(f, f->handler, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM hand_order"), 0); /* nothing happens yet */
    assert_int_equal(number(f, "SELECT state = 'proposed' FROM action WHERE id = 1"), 1);
    assert_int_equal(approve_as(f, f->handler, &d), -ERR_REFUSED);
    assert_int_equal(approve_as(f, f->administrator, &d), -ERR_REFUSED); /* not one of them */
    assert_int_equal(approve_as(f, f->auditor, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM hand_order"), 1);
    fixture_free(f);
}

static void what_is_lent_is_used_and_comes_back(void **state UNUSED) {
    struct fixture *f = room_with_case();
    struct diag d = {0};
    int64_t id;
    put_row(f, "authority", "1", "{\"service\":\"members\",\"kind\":\"block\",\"verb\":\"decide\",\"who\":\"chief\"}");
    struct room_actor chief = fixture_actor(f, f->administrator), duty = fixture_actor(f, f->handler);
    struct room_lend l = {.service = STR("members"), .person = STR("duty"), .group = STR(""), .why = STR("夜間"), .kind = DUTY_BLOCK, .hours = 3};
    assert_int_equal(room_lend_add(f->r, &duty, &l, &id, &d), -ERR_REFUSED); /* who may not decide cannot lend it */
    assert_int_equal(room_lend_add(f->r, &chief, &l, &id, &d), 0);
    assert_int_equal(verdict(f, f->handler, "members", DUTY_BLOCK, TIME_NONE), VERDICT_ALONE);
    f->now_ns += 3 * NS_PER_HOUR;
    assert_int_equal(verdict(f, f->handler, "members", DUTY_BLOCK, TIME_NONE), VERDICT_NOT); /* by itself */
    f->now_ns -= 2 * NS_PER_HOUR;
    assert_int_equal(room_lend_return(f->r, &duty, id, 1, &d), 0); /* by hand */
    assert_int_equal(verdict(f, f->handler, "members", DUTY_BLOCK, TIME_NONE), VERDICT_NOT);
    fixture_free(f);
}

static void a_row_that_cannot_be_read_is_told_and_holds_nobody(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct buf out;
    struct jsonw w;
    struct arena a;
    struct diag d = {0};
    buf_init(&out, 1 << 20);
    arena_init(&a, 1 << 22);
    put_row(f, "roster", "1", "{\"group\":\"監視\",\"days\":\"金魚\",\"first\":\"佐藤\"}");
    put_row(f, "roster", "2", "{\"group\":\"監視\",\"days\":\"休日\",\"hours\":\"0:00-8:30\",\"first\":\"鈴木\",\"second\":\"田中\"}");
    jsonw_init(&w, &out);
    if (room_duty_write(f->r, &w, &d) < 0)
        fail_msg("%s", d.text);
    assert_str(at(&a, buf_str(&out), "problems.0.name"), "1");
    assert_str(at(&a, buf_str(&out), "groups.0.on.0.name"), "鈴木");
    assert_str(at(&a, buf_str(&out), "groups.0.on.1.name"), "田中");
    assert_str(at(&a, buf_str(&out), "groups.0.on.0.until"), "2026-11-22T23:30:00.000Z");
    assert_str(at(&a, buf_str(&out), "groups.0.gaps.0.from"), "2026-11-22T23:30:00.000Z");
    assert_str(at(&a, buf_str(&out), "today.holiday.ja"), "勤労感謝の日");
    arena_done(&a);
    buf_done(&out);
    fixture_free(f);
}

UNIT_GROUP(room_authority, cmocka_unit_test(without_a_table_roles_decide_as_before), cmocka_unit_test(who_is_not_in_the_table_is_refused_by_name),
           cmocka_unit_test(who_stands_in_waits_until_the_first_was_called_long_enough), cmocka_unit_test(who_is_to_be_asked_is_asked_first),
           cmocka_unit_test(two_are_two_persons), cmocka_unit_test(what_is_lent_is_used_and_comes_back),
           cmocka_unit_test(a_row_that_cannot_be_read_is_told_and_holds_nobody))

/* Who decides, is asked and is told, by service, kind, day and hour. */
#include "bed.h"

#define STOP_BIT (1u << DUTY_STOP)

static struct duty_authority_row rule(struct bed *b, const char *service, unsigned kinds, enum duty_verb v, const char *days, const char *who,
                                      unsigned order, int after) {
    return (struct duty_authority_row){.service = str_of(service), .kinds = kinds, .verb = v, .when = bed_when(b, days, ""), .who = bed_name(who),
                                       .group = STR(""), .order = order, .after_min = after, .from_ns = TIME_NONE, .until_ns = TIME_NONE};
}

struct table {
    struct bed *b;
    struct duty_row duty[2];
    struct duty_authority_row rows[16];
    struct duty_roster roster;
    struct duty_authority x;
};

static struct table *table_new(struct bed *b) {
    struct table *t = arena_zalloc(&b->a, sizeof *t);
    t->b = b;
    t->duty[0] = (struct duty_row){.group = STR("監視"), .when = bed_when(b, "毎日", ""), .who = {bed_name("監視一"), bed_name("監視二"), bed_name("")}, .replaces = bed_name("")};
    t->roster = (struct duty_roster){&b->c, t->duty, 1};
    t->x = (struct duty_authority){&t->roster, t->rows, 0};
    return t;
}

static struct duty_answer ask(struct table *t, const char *service, enum duty_kind k, int64_t at) {
    struct duty_answer x;
    struct diag d = {0};
    if (duty_authority_ask(&t->b->a, &t->x, str_of(service), k, at, &x, &d) < 0)
        fail_msg("%s", d.text);
    return x;
}

static void weekdays_and_nights_have_their_own_deciders(void **state UNUSED) {
    struct bed *b = bed_new();
    struct table *t = table_new(b);
    t->rows[t->x.n++] = rule(b, "会員", STOP_BIT, DUTY_DECIDES, "平日", "課長", 1, 0);
    t->rows[t->x.n++] = rule(b, "会員", STOP_BIT, DUTY_DECIDES, "平日", "部長", 2, 10);
    t->rows[t->x.n++] = rule(b, "会員", STOP_BIT, DUTY_DECIDES, "休日", "当直", 1, 0);
    t->rows[t->x.n++] = rule(b, "会員", STOP_BIT, DUTY_ASKED, "平日", "広報", 1, 0);
    t->rows[t->x.n++] = rule(b, "会員", STOP_BIT, DUTY_TOLD, "", "役員", 1, 0);
    struct duty_answer x = ask(t, "会員", DUTY_STOP, bed_at(2026, 11, 24, 10, 0));
    assert_true(x.told_of);
    assert_int_equal(x.n[DUTY_DECIDES], 2);
    assert_str(x.who[DUTY_DECIDES][0].who.key, "課長");
    assert_int_equal(x.who[DUTY_DECIDES][0].after_min, 0);
    assert_str(x.who[DUTY_DECIDES][1].who.key, "部長");
    assert_int_equal(x.who[DUTY_DECIDES][1].after_min, 10);
    assert_str(x.who[DUTY_ASKED][0].who.key, "広報");
    x = ask(t, "会員", DUTY_STOP, bed_at(2026, 11, 23, 10, 0)); /* a holiday Monday */
    assert_int_equal(x.n[DUTY_DECIDES], 1);
    assert_str(x.who[DUTY_DECIDES][0].who.key, "当直");
    assert_int_equal(x.n[DUTY_ASKED], 0);
    assert_str(x.who[DUTY_TOLD][0].who.key, "役員");
    assert_false(ask(t, "会員", DUTY_PUBLISH, bed_at(2026, 11, 23, 10, 0)).told_of);
    bed_free(b);
}

static void a_table_that_is_silent_at_this_hour_is_still_a_table(void **state UNUSED) {
    struct bed *b = bed_new();
    struct table *t = table_new(b);
    t->rows[t->x.n++] = rule(b, "会員", STOP_BIT, DUTY_DECIDES, "平日", "課長", 1, 0);
    struct duty_answer x = ask(t, "会員", DUTY_STOP, bed_at(2026, 11, 22, 3, 0));
    assert_true(x.told_of); /* so nobody decides alone by default */
    assert_int_equal(x.n[DUTY_DECIDES], 0);
    bed_free(b);
}

static void the_service_goes_before_every_service(void **state UNUSED) {
    struct bed *b = bed_new();
    struct table *t = table_new(b);
    t->rows[t->x.n++] = rule(b, "", STOP_BIT, DUTY_DECIDES, "", "本部", 1, 0);
    t->rows[t->x.n++] = rule(b, "会員", STOP_BIT, DUTY_DECIDES, "", "課長", 1, 0);
    assert_str(ask(t, "会員", DUTY_STOP, bed_at(2026, 11, 22, 3, 0)).who[DUTY_DECIDES][0].who.key, "課長");
    assert_int_equal(ask(t, "会員", DUTY_STOP, bed_at(2026, 11, 22, 3, 0)).n[DUTY_DECIDES], 1);
    assert_str(ask(t, "予約", DUTY_STOP, bed_at(2026, 11, 22, 3, 0)).who[DUTY_DECIDES][0].who.key, "本部");
    bed_free(b);
}

static void whoever_is_on_duty_decides_and_the_second_waits(void **state UNUSED) {
    struct bed *b = bed_new();
    struct table *t = table_new(b);
    t->rows[t->x.n] = rule(b, "会員", STOP_BIT, DUTY_DECIDES, "", "", 1, 0);
    t->rows[t->x.n].group = STR("監視");
    t->rows[t->x.n++].two = true;
    t->rows[t->x.n++] = rule(b, "会員", STOP_BIT, DUTY_DECIDES, "", "部長", 2, 15);
    struct duty_answer x = ask(t, "会員", DUTY_STOP, bed_at(2026, 11, 22, 3, 0));
    assert_int_equal(x.n[DUTY_DECIDES], 3);
    assert_str(x.who[DUTY_DECIDES][0].who.key, "監視一");
    assert_str(x.who[DUTY_DECIDES][1].who.key, "監視二");
    assert_int_equal(x.who[DUTY_DECIDES][1].after_min, 5);
    assert_str(x.who[DUTY_DECIDES][2].who.key, "部長");
    assert_int_equal(x.who[DUTY_DECIDES][2].after_min, 15);
    assert_true(x.two);
    assert_non_null(duty_answer_find(&x, DUTY_DECIDES, STR("監視二")));
    assert_null(duty_answer_find(&x, DUTY_DECIDES, STR("広報")));
    bed_free(b);
}

static void what_is_lent_comes_back_by_itself(void **state UNUSED) {
    struct bed *b = bed_new();
    struct table *t = table_new(b);
    int64_t from = bed_at(2026, 11, 22, 2, 0), until = bed_at(2026, 11, 22, 6, 0);
    t->rows[t->x.n++] = rule(b, "", STOP_BIT, DUTY_DECIDES, "", "本部", 1, 0);
    t->rows[t->x.n] = rule(b, "会員", STOP_BIT, DUTY_DECIDES, "", "監視三", 1, 0);
    t->rows[t->x.n].from_ns = from;
    t->rows[t->x.n++].until_ns = until;
    struct duty_answer x = ask(t, "会員", DUTY_STOP, from);
    assert_non_null(duty_answer_find(&x, DUTY_DECIDES, STR("監視三")));
    assert_true(duty_answer_find(&x, DUTY_DECIDES, STR("監視三"))->lent);
    assert_non_null(duty_answer_find(&x, DUTY_DECIDES, STR("本部"))); /* lending takes nothing away */
    x = ask(t, "会員", DUTY_STOP, until);
    assert_null(duty_answer_find(&x, DUTY_DECIDES, STR("監視三")));
    x = ask(t, "予約", DUTY_STOP, from);
    assert_null(duty_answer_find(&x, DUTY_DECIDES, STR("監視三"))); /* for one service only */
    x = ask(t, "会員", DUTY_BLOCK, from);
    assert_false(x.told_of);
    bed_free(b);
}

static void silence_is_waited_for_once(void **state UNUSED) {
    struct bed *b = bed_new();
    struct table *t = table_new(b);
    t->rows[t->x.n++] = rule(b, "会員", STOP_BIT, DUTY_DECIDES, "", "部長", 1, 0);
    t->rows[t->x.n++] = rule(b, "会員", STOP_BIT, DUTY_DECIDES, "", "室長", 1, 0);
    t->rows[t->x.n++] = rule(b, "会員", STOP_BIT, DUTY_DECIDES, "", "次長", 2, 10);
    t->rows[t->x.n++] = rule(b, "会員", STOP_BIT, DUTY_DECIDES, "", "課長", 3, 5);
    static const struct {
        int silent[4], after[4]; /* 部長, 室長, 次長, 課長 */
    } nights[] = {
        {{0, 0, 0, 0}, {0, 0, 10, 15}},  {{10, 0, 0, 0}, {0, 0, 10, 15}}, /* one of two at once is enough to wait for */
        {{10, 9, 0, 0}, {0, 0, 10, 15}}, {{10, 10, 0, 0}, {0, 0, 0, 5}},  {{10, 10, 5, 0}, {0, 0, 0, 0}},
        {{0, 0, 5, 0}, {0, 0, 10, 10}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(nights); i++) {
        struct duty_answer x = ask(t, "会員", DUTY_STOP, bed_at(2026, 11, 22, 3, 0));
        assert_int_equal(x.n[DUTY_DECIDES], 4);
        for (int k = 0; k < 4; k++)
            x.who[DUTY_DECIDES][k].silent_min = nights[i].silent[k];
        duty_authority_silent(&x);
        for (int k = 0; k < 4; k++)
            assert_int_equal(x.who[DUTY_DECIDES][k].after_min, nights[i].after[k]);
    }
    bed_free(b);
}

UNIT_GROUP(duty_authority, cmocka_unit_test(weekdays_and_nights_have_their_own_deciders),
           cmocka_unit_test(a_table_that_is_silent_at_this_hour_is_still_a_table), cmocka_unit_test(the_service_goes_before_every_service),
           cmocka_unit_test(whoever_is_on_duty_decides_and_the_second_waits), cmocka_unit_test(what_is_lent_comes_back_by_itself),
           cmocka_unit_test(silence_is_waited_for_once))

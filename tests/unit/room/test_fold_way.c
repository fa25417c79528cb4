/* The same service attacked in the same way by addresses that are noticed one by one: one case. And
 * what must not be swallowed by it. */
#include "fixture.h"

#define MIN_ NS_PER_MIN

/* What a sensor reports of its rules: tags are where the way is read from. */
static void tell_rules(struct fixture *f) {
    static const char json[] =
        "{\"part\":0,\"parts\":1,\"rules\":["
        "{\"id\":\"r-exploit\",\"tags\":[\"attack.initial-access\",\"attack.t1190\"]},"
        "{\"id\":\"r-shell\",\"tags\":[\"attack.t1505.003\",\"attack.t1190\"]},"
        "{\"id\":\"r-guess\",\"tags\":[\"attack.t1110.001\"]},"
        "{\"id\":\"r-odd\",\"tags\":[\"attack.t99\",\"attack.g0016\",7,\"attack.t11100\"]}]}";
    struct json_value *v;
    struct arena a;
    arena_init(&a, 1 << 20);
    assert_int_equal(json_parse(&a, str_of(json), &v, NULL), 0);
    assert_int_equal(room_report_rules(f->r, v, NULL), 0);
    arena_done(&a);
}

static struct story attack(const char *id, const char *rule, const char *kind, const char *service,
                           const char *source, int minute) {
    return (struct story){.id = id,
                          .revision = 1,
                          .rule = rule,
                          .kind = kind,
                          .level = "high",
                          .service = service,
                          .group_source = source,
                          .account_pattern = "u#",
                          .account_from = minute,
                          .account_n = 3,
                          .first_ns = T0 + minute * MIN_,
                          .last_ns = T0 + (minute + 1) * MIN_,
                          .count = 40,
                          .good = -1};
}

static struct room_folded told(struct fixture *f, const struct story *s) {
    f->now_ns = s->last_ns;
    return fold(f, s);
}

static void addresses_noticed_one_by_one_are_one_case(void **state UNUSED) {
    static const char *const kinds[] = {
        "brute_force", "dictionary_attack", "list_attack", "spraying", "slow", "burst"};
    struct fixture *f = fixture_new();
    int64_t id = 0;
    for (int i = 0; i < 6; i++) { /* 25 minutes apart: the last is two hours after the first */
        char hex[3], source[24];
        snprintf(hex, sizeof hex, "1%d", i);
        snprintf(source, sizeof source, "203.0.113.%d", i + 1);
        struct story s = attack(hex, kinds[i], kinds[i], "ssh", source, 25 * i);
        struct room_folded x = told(f, &s);
        assert_int_equal(x.opened, i == 0);
        assert_true(i == 0 || x.incident == id);
        id = x.incident;
    }
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 1);
    fixture_free(f);
}

static void what_came_of_guessing_belongs_to_it(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story wave = attack("10", "r", "list_attack", "members", "203.0.113.1", 0);
    struct story entered = {.id = "11",
                            .revision = 1,
                            .rule = "r-success",
                            .kind = "success_after",
                            .level = "critical",
                            .service = "members",
                            .account_pattern = "m#",
                            .account_n = 2,
                            .sources = "203.0.113.8,203.0.113.9",
                            .first_ns = T0 + 5 * MIN_,
                            .last_ns = T0 + 6 * MIN_,
                            .count = 2,
                            .good = -1};
    int64_t id = told(f, &wave).incident;
    assert_int_equal(told(f, &entered).incident, id);
    assert_int_equal(number(f, "SELECT stolen_n FROM incident"), 2);
    fixture_free(f);
}

static void the_same_long_afterwards_is_another_case(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story a = attack("20", "r", "brute_force", "ssh", "203.0.113.1", 0);
    struct story b =
        attack("21", "r", "brute_force", "ssh", "203.0.113.2", 32); /* from 0:01 on: 31 */
    struct story c =
        attack("22", "r", "brute_force", "ssh", "203.0.113.1", 33); /* a's own source */
    int64_t first = told(f, &a).incident;
    struct room_folded x = told(f, &b);
    assert_true(x.opened);
    assert_int_not_equal(x.incident, first);
    assert_int_equal(told(f, &c).incident, first);
    assert_int_equal(number(f, "SELECT count(*) FROM incident WHERE state = 'open'"), 2);
    fixture_free(f);
}

static void another_way_at_the_same_service_is_another_case(void **state UNUSED) {
    struct fixture *f = fixture_new();
    tell_rules(f);
    struct story guess = attack("30", "r", "brute_force", "members", "203.0.113.1", 0);
    struct story exploit = attack("31", "r-exploit", NULL, "members", "198.51.100.1", 1);
    struct story shell = attack("32", "r-shell", NULL, "members", "198.51.100.2", 2);
    struct story more = attack("33", "r-guess", NULL, "members", "203.0.113.2", 3);
    struct story odd = attack("34", "r-odd", NULL, "members", "192.0.2.1", 4);
    struct story odder = attack("35", "r-none", NULL, "members", "192.0.2.2", 5);
    struct story again = attack("36", "r-none", NULL, "members", "192.0.2.3", 6);
    struct story own = attack("37", "r-own", "scan", "members", "192.0.2.4", 7);
    struct story own2 = attack("38", "r-own2", "scan", "members", "192.0.2.5", 8);
    int64_t guessing = told(f, &guess).incident, exploiting = told(f, &exploit).incident;
    assert_int_not_equal(guessing, exploiting);
    assert_int_equal(told(f, &shell).incident, exploiting); /* one of its two techniques */
    assert_int_equal(told(f, &more).incident, guessing);    /* by its tag, a sub-technique */
    /* tags that name no technique: the rule alone is the way */
    int64_t of_odd = told(f, &odd).incident, of_none = told(f, &odder).incident;
    assert_int_not_equal(of_odd, of_none);
    assert_int_equal(told(f, &again).incident, of_none);
    /* a kind the room does not know is a way all the same */
    int64_t scans = told(f, &own).incident;
    assert_int_equal(told(f, &own2).incident, scans);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 5);
    fixture_free(f);
}

static void what_accuses_nobody_joins_nothing(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story wave = attack("40", "r", "list_attack", "members", "203.0.113.1", 10);
    struct story job = attack("41", "r-familiar", "burst", "members", "198.51.100.1", 9);
    struct story later = attack("42", "r-familiar", "burst", "members", "198.51.100.2", 12);
    struct story quiet = attack("43", "r-quiet", "brute_force", "ssh", "198.51.100.3", 12);
    job.level = later.level = "low";
    quiet.level = "low";
    quiet.count = quiet.account_n = 1;
    assert_int_equal(told(f, &job).incident, 0);
    int64_t id = told(f, &wave).incident;
    assert_int_equal(told(f, &later).incident, 0);
    assert_int_equal(told(f, &quiet).incident, 0);
    quiet.revision = 2; /* loud by now: a case, but of its own */
    quiet.level = "high";
    struct room_folded x = told(f, &quiet);
    assert_true(x.opened && x.incident != id);
    /* the first one's own address in the wave: that is a link, whatever the level */
    struct story itself = attack("44", "r", "list_attack", "members", "198.51.100.1", 13);
    assert_int_equal(told(f, &itself).incident, id);
    assert_int_equal(number(f, "SELECT count(*) FROM finding WHERE incident_id IS NULL"), 1);
    fixture_free(f);
}

/* Two warnings, one attack and a stranger, in every order: always the same case. */
static void the_order_does_not_matter(void **state UNUSED) {
    for (int order = 0; order < 24; order++) {
        struct fixture *f = fixture_new();
        struct story s[4] = {attack("50", "r", "burst", "members", "203.0.113.1", 0),
                             attack("51", "r", "burst", "members", "203.0.113.2", 10),
                             attack("52", "r", "list_attack", "members", "203.0.113.3", 20),
                             attack("53", "r-x", "scan", "members", "198.51.100.3", 12)};
        int left[4] = {0, 1, 2, 3};
        s[0].level = s[1].level = "medium";
        f->now_ns = T0 + 30 * MIN_;
        for (int n = 4, k = order; n; n--) {
            int at_ = k % n;
            k /= n;
            (void) fold(f, &s[left[at_]]);
            for (int i = at_; i < n - 1; i++)
                left[i] = left[i + 1];
        }
        assert_int_equal(number(f, "SELECT count(*) FROM incident"), 2);
        assert_int_equal(number(f, "SELECT count(*) FROM finding WHERE incident_id = (SELECT "
                                   "incident_id FROM finding WHERE kind = 'list_attack')"),
                         3);
        fixture_free(f);
    }
}

static void a_host_stands_in_where_no_service_is_named(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story a = attack("60", "r", "brute_force", NULL, "203.0.113.1", 0);
    struct story b = attack("61", "r", "brute_force", NULL, "203.0.113.2", 5);
    struct story other = attack("62", "r", "brute_force", NULL, "203.0.113.3", 6);
    a.host = b.host = "gate-1";
    other.host = "gate-2";
    int64_t id = told(f, &a).incident;
    assert_int_equal(told(f, &b).incident, id);
    assert_int_not_equal(told(f, &other).incident, id);
    /* about the host itself, whoever did it: the host is what links */
    struct story disk = {.id = "63",
                         .revision = 1,
                         .rule = "r-disk",
                         .level = "high",
                         .host = "gate-1",
                         .first_ns = T0 + 8 * MIN_,
                         .last_ns = T0 + 8 * MIN_,
                         .count = 1,
                         .good = -1};
    assert_int_equal(told(f, &disk).incident, id);
    fixture_free(f);
}

static void one_program_at_two_services_is_one_campaign(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct story a = attack("70", "r-agent", "burst", "members", NULL, 0);
    struct story b = attack("71", "r-agent", "burst", "points", NULL, 9);
    struct story c = attack("72", "r-agent", "burst", "billing", NULL, 12);
    a.group_agent = b.group_agent = "python-requests/2.31";
    c.group_agent = "Mozilla/5.0";
    a.sources = "203.0.113.1,203.0.113.2";
    b.sources = "203.0.113.3,203.0.113.4,203.0.113.5";
    c.sources = "198.51.100.1,198.51.100.2";
    int64_t id = told(f, &a).incident;
    assert_int_equal(told(f, &b).incident, id);
    assert_int_not_equal(told(f, &c).incident, id);
    fixture_free(f);
}

/* 30 accounts at one service; later some of them, from other addresses, at another. */
static bool travels(struct fixture *f, const char *kind, int from, int n) {
    struct story a = attack("80", "r-list", "list_attack", "members", "203.0.113.1", 0);
    struct story b = attack("81", "r-list", kind, "points", "198.51.100.1", 300);
    a.account_from = 0;
    a.account_n = 30;
    b.account_from = from;
    b.account_n = n;
    int64_t id = told(f, &a).incident;
    bool same = told(f, &b).incident == id;
    fixture_free(f);
    return same;
}

static void a_list_of_accounts_travels(void **state UNUSED) {
    assert_true(travels(fixture_new(), "list_attack", 15, 30)); /* half of it */
    assert_false(travels(fixture_new(), "list_attack", 16, 30));
    assert_true(travels(fixture_new(), "list_attack", 0, 20));
    assert_false(travels(fixture_new(), "list_attack", 0, 19));       /* too few to be a list */
    assert_false(travels(fixture_new(), "dictionary_attack", 0, 30)); /* everybody's words */
    /* two cases by the time the list shows: one from then on, unless a person parted them */
    for (int parted = 0; parted < 2; parted++) {
        struct fixture *f = fixture_new();
        struct story a = attack("82", "r-list", "list_attack", "members", "203.0.113.1", 0);
        struct story b = attack("83", "r-list", "list_attack", "points", "198.51.100.1", 300);
        a.account_from = b.account_from = 0;
        a.account_n = 30;
        b.account_n = 8;
        int64_t first = told(f, &a).incident, second = told(f, &b).incident;
        assert_int_not_equal(first, second);
        if (parted)
            assert_int_equal(sql_script(f->r->db,
                                        "INSERT INTO apart(incident_id, other_id) VALUES (2, 1)",
                                        NULL),
                             0);
        b.revision = 2;
        b.account_n = 25;
        assert_int_equal(told(f, &b).incident, parted ? second : first);
        fixture_free(f);
    }
}

UNIT_GROUP(room_fold_way, cmocka_unit_test(addresses_noticed_one_by_one_are_one_case),
           cmocka_unit_test(what_came_of_guessing_belongs_to_it),
           cmocka_unit_test(the_same_long_afterwards_is_another_case),
           cmocka_unit_test(another_way_at_the_same_service_is_another_case),
           cmocka_unit_test(what_accuses_nobody_joins_nothing),
           cmocka_unit_test(the_order_does_not_matter),
           cmocka_unit_test(a_host_stands_in_where_no_service_is_named),
           cmocka_unit_test(one_program_at_two_services_is_one_campaign),
           cmocka_unit_test(a_list_of_accounts_travels))

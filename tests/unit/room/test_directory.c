/* Who is who: organisations, ways to reach people, what stops with what, who answers now, and rows alike. */
#include "fixture.h"

#include "room/directory.h"
#include "room/register.h"

static const char *const ORGANISATIONS[] = {"情報課\tparent=本社\thours=平日9:00-17:30\tphone=03-1111-2222\temergency_phone=090-9999-0000", "本社\tkind=own",
                                            "ホスト社\tkind=supplier", "監視係\tparent=情報課"};
static const char *const PEOPLE[] = {"佐藤\torganisation=情報課\tmobile=090-1\tphone=03-1\tmail=s@example.jp\taccount=duty", "鈴木\torganisation=監視係\tmail=z@example.jp\tmobile=090-2\tways=mail|sms",
                                     "高橋\torganisation=ホスト社\tphone=03-3"};
static const char *const SYSTEMS[] = {"会員\tkind=service\tdepends=認証|DB\timportance=high\tresponsible=佐藤\tproduct=WordPress|nginx\tversion=6.10", "認証\tkind=system\tdepends=DB", "DB\tkind=system",
                                      "予約\tkind=service\tdepends=会員\tproduct=wordpress\tversion=6.9", "掲示板\tkind=service\tproduct=自社製"};
static const char *const CONTRACTS[] = {"借用\tsupplier=ホスト社\tsystems=会員\thours=平日9:00-17:30\tdesk_phone=03-5\tnight_phone=03-6\tnight_response=yes\tcalls=hosting",
                                        "保守\thours=24時間365日\tdesk_phone=03-7", "無印\tnight_phone=03-8\tnight_response=no\thours=平日9:00-17:00", "昔\tdesk_phone=03-9"};

struct day {
    struct fixture *f;
    struct arena a;
    struct room_directory *d;
};

static void begin(struct day *x) {
    struct diag d = {0};
    x->f = fixture_new();
    arena_init(&x->a, 4 << 20);
    if (room_registers_load(x->f->r, "content/imports", &d) < 0)
        fail_msg("%s", d.text);
    rows(x->f, "organisations", ORGANISATIONS, ARRAY_SIZE(ORGANISATIONS));
    rows(x->f, "people", PEOPLE, ARRAY_SIZE(PEOPLE));
    rows(x->f, "systems", SYSTEMS, ARRAY_SIZE(SYSTEMS));
    rows(x->f, "contracts", CONTRACTS, ARRAY_SIZE(CONTRACTS));
    if (room_directory_open(x->f->r, &x->d, &d) < 0)
        fail_msg("%s", d.text);
}

static void end(struct day *x) {
    room_directory_close(x->d);
    arena_done(&x->a);
    fixture_free(x->f);
}

static void people_and_their_organisations(void **state UNUSED) {
    struct day x;
    const struct directory_organisation *const *list;
    const struct directory_person *const *members;
    size_t n;
    begin(&x);
    const struct directory_person *sato = room_directory_person(x.d, STR("佐 藤")), *suzuki = room_directory_person(x.d, STR("鈴木"));
    assert_non_null(sato);
    assert_int_equal(sato->account, x.f->handler);
    assert_ptr_equal(room_directory_person_of_account(x.d, x.f->handler), sato);
    assert_null(room_directory_person_of_account(x.d, x.f->auditor));
    assert_int_equal(sato->n_ways, 3);
    assert_int_equal(sato->ways[0].kind, WAY_MOBILE);
    assert_int_equal(suzuki->n_ways, 3);
    assert_int_equal(suzuki->ways[0].kind, WAY_MAIL);
    assert_int_equal(suzuki->ways[1].kind, WAY_SMS);
    assert_str(suzuki->ways[1].to, "090-2");
    /* the chain upwards, parents listed before their children */
    assert_str(suzuki->organisation->parent->parent->name, "本社");
    assert_null(suzuki->organisation->parent->parent->parent);
    assert_int_equal(room_directory_organisations(x.d, &list), 4);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k <= i; k++)
            assert_true(k == i ? list[i]->parent != list[i] : list[k]->parent != list[i]);
    const struct directory_organisation *head = room_directory_organisation(x.d, STR("本社")), *host = room_directory_organisation(x.d, STR("ホスト社"));
    assert_true(directory_is_within(suzuki->organisation, head) && !directory_is_within(suzuki->organisation, host) && !directory_is_within(NULL, head));
    assert_int_equal(room_directory_members(x.d, head, &members, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_int_equal(room_directory_members(x.d, NULL, &members, &n, NULL), 0);
    assert_int_equal(n, 3);
    assert_null(room_directory_person(x.d, STR("")));
    end(&x);
}

static void what_stops_with_what(void **state UNUSED) {
    struct day x;
    const struct directory_stop *stops;
    size_t n;
    begin(&x);
    const struct directory_system *db = room_directory_system(x.d, STR("ｄｂ")), *auth = room_directory_system(x.d, STR("認証"));
    assert_int_equal(room_directory_stops(x.d, &db, 1, &stops, &n, NULL), 0);
    static const char *const wanted[] = {"DB", "会員", "認証", "予約"};
    static const size_t depths[] = {0, 1, 1, 2};
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++) {
        assert_str(stops[i].system->name, wanted[i]);
        assert_int_equal(stops[i].depth, depths[i]);
    }
    assert_str(stops[3].via->name, "会員");
    assert_true(stops[1].system->is_service && !stops[2].system->is_service);
    assert_str(stops[1].system->responsible->name, "佐藤");
    assert_int_equal(room_directory_stops(x.d, (const struct directory_system *[]){auth, db}, 2, &stops, &n, NULL), 0);
    assert_int_equal(n, 4);
    end(&x);
}

static int64_t jst(int day, int hour) {
    struct time_civil c = {.year = 2026, .month = 11, .day = day, .hour = hour};
    return time_from_civil(&c, TIME_JST_OFFSET_MIN);
}

static void who_answers_now(void **state UNUSED) {
    struct day x;
    const struct directory_contract *const *c;
    struct str phone;
    int64_t change;
    begin(&x);
    assert_int_equal(room_directory_contracts(x.d, &c), 4);
    /* Friday, in the day and at night; Monday the 23rd is a holiday */
    assert_int_equal(room_directory_contract_at(x.d, c[0], jst(20, 10), &phone, &change), REACH_OPEN);
    assert_str(phone, "03-5");
    assert_int_equal(room_directory_contract_at(x.d, c[0], jst(20, 22), &phone, &change), REACH_NIGHT);
    assert_str(phone, "03-6");
    assert_int_equal(change, jst(24, 9));
    assert_int_equal(room_directory_contract_at(x.d, c[1], jst(23, 3), &phone, &change), REACH_OPEN);
    assert_int_equal(change, TIME_NONE);
    /* a number that nobody answers is not given */
    assert_int_equal(room_directory_contract_at(x.d, c[2], jst(20, 22), &phone, NULL), REACH_CLOSED);
    assert_int_equal(phone.n, 0);
    assert_int_equal(room_directory_contract_at(x.d, c[3], jst(20, 10), &phone, NULL), REACH_UNKNOWN);
    assert_int_equal(room_directory_organisation_at(x.d, room_directory_organisation(x.d, STR("情報課")), jst(23, 10), &phone, NULL), REACH_NIGHT);
    assert_str(phone, "090-9999-0000");
    assert_str(c[0]->organisation->kind, "supplier");
    end(&x);
}

static void found(struct day *x, const char *where, const char *wanted) {
    struct buf b, names;
    struct jsonw w;
    struct diag d = {0};
    struct json_value *v;
    buf_init(&b, 1 << 20);
    buf_init(&names, 1 << 16);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    if (room_register_find(x->f->r, STR("systems"), str_of(where), &w, &d) < 0)
        fail_msg("%s: %s", where, d.text);
    jsonw_end(&w);
    assert_int_equal(json_parse(&x->a, buf_str(&b), &v, &d), 0);
    for (const struct json_value *row = json_get_array(v, "rows")->first; row; row = row->next) {
        struct str name;
        assert_true(json_get_str(row, "name", &name));
        buf_printf(&names, "%.*s ", STR_ARG(name));
    }
    assert_str(buf_str(&names), wanted);
    buf_done(&b);
    buf_done(&names);
}

static void what_has_the_same_condition(void **state UNUSED) {
    struct day x;
    struct buf b;
    struct jsonw w;
    begin(&x);
    found(&x, "product=WORDPRESS", "会員 予約 ");
    found(&x, "product=wordpress\nversion<6.10", "予約 ");
    found(&x, "version>6.9", "会員 ");
    found(&x, "product~press\nkind=service\nimportance!=high", "予約 ");
    found(&x, "depends=db", "会員 認証 ");
    found(&x, "product=", "認証 DB ");
    found(&x, "product!=\nproduct!=wordpress", "掲示板 ");
    found(&x, "", "会員 認証 DB 予約 掲示板 ");
    buf_init(&b, 1 << 16);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    assert_int_equal(room_register_find(x.f->r, STR("systems"), STR("color=red"), &w, NULL), -EINVAL);
    assert_int_equal(room_register_find(x.f->r, STR("systems"), STR("product"), &w, NULL), -EINVAL);
    assert_int_equal(room_register_find(x.f->r, STR("nothing"), STR(""), &w, NULL), -ENOENT);
    buf_done(&b);
    end(&x);
}

UNIT_GROUP(room_directory, cmocka_unit_test(people_and_their_organisations), cmocka_unit_test(what_stops_with_what), cmocka_unit_test(who_answers_now),
           cmocka_unit_test(what_has_the_same_condition))

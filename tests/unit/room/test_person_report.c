/* Reports of people: taking, coming back with number and secret word, what handlers do, cases, need-to-know, joining what rules found. */
#include "fixture.h"

#include "base/hash.h"
#include "room/person_report.h"
#include "room/run.h"

static struct room_reported_kinds kinds;

static void make_kinds(void) {
    kinds.n = 2;
    kinds.at[0] = (struct room_reported_kind){.id = STR("site"), .icon = STR("site"), .case_kind = STR("site_tampered"), .level = LEVEL_HIGH,
                                              .title = {STR("サイトがおかしい"), STR("A site looks wrong")}, .hint = {STR(""), STR("")}};
    kinds.at[1] = (struct room_reported_kind){.id = STR("other"), .icon = STR("other"), .case_kind = STR("reported"), .level = LEVEL_LOW,
                                              .title = {STR("そのほか"), STR("Something else")}, .hint = {STR(""), STR("")}};
}

static struct fixture *with_kinds(void) {
    struct fixture *f = fixture_new();
    make_kinds();
    room_reports_use(f->r, &kinds);
    return f;
}

static struct room_report_taken report_by(struct fixture *f, const struct room_actor *by, const char *kind, const char *text) {
    struct room_report_new x = {.kind = str_of(kind), .service = STR("members"), .text = str_of(text), .contact = STR("内線 1234"), .caller = STR(""),
                                .channel = by->person ? "phone" : "web", .lang = "ja"};
    struct room_report_taken t;
    struct diag d = {0};
    if (room_report_take(f->r, by, &x, &t, &d) < 0)
        fail_msg("%s", d.text);
    return t;
}

static struct room_report_taken report(struct fixture *f, const char *text) {
    return report_by(f, &room_system, "site", text);
}

static int64_t opens(struct fixture *f, int64_t id, int64_t version) {
    struct room_actor duty = fixture_actor(f, f->handler);
    struct diag d = {0};
    int64_t incident = 0;
    if (room_report_join(f->r, &duty, id, version, &incident, &d) < 0)
        fail_msg("%s", d.text);
    return incident;
}

static void whoever_reported_comes_back_with_number_and_secret(void **state UNUSED) {
    struct fixture *f = with_kinds();
    struct room_report_taken t = report(f, "表示が崩れている"), other = report(f, "x");
    struct room_report_known k;
    char small[16], wide[64] = "";
    assert_int_equal(strlen(t.number), REPORT_NUMBER_CHARS);
    assert_int_equal(strlen(t.secret), REPORT_SECRET_CHARS);
    assert_string_not_equal(t.number, other.number);
    assert_int_equal(room_report_find(f->r, str_of(t.number), str_of(t.secret), &k, NULL), 0);
    assert_int_equal(k.id, t.id);
    assert_string_equal(k.state, "new");
    for (size_t i = 0; i <= strlen(t.number); i++) /* small letters, a blank for the dash */
        small[i] = t.number[i] == '-' ? ' ' : ascii_lower(t.number[i]);
    for (size_t i = 0; t.secret[i]; i++) { /* full width, as Japanese keyboards give it */
        unsigned u = 0xff01u + ((unsigned) t.secret[i] - 0x21);
        snprintf(wide + strlen(wide), 4, "%c%c%c", (char) 0xef, (char) (0x80 | (u >> 6 & 0x3f)), (char) (0x80 | (u & 0x3f)));
    }
    assert_int_equal(room_report_find(f->r, str_of(small), str_of(wide), &k, NULL), 0);
    assert_int_equal(k.id, t.id);
    assert_int_equal(room_report_find(f->r, str_of(t.number), str_of(other.secret), &k, NULL), -ENOENT);
    assert_int_equal(room_report_find(f->r, STR("ZZZ-ZZZ"), str_of(t.secret), &k, NULL), -ENOENT);
    assert_int_equal(room_report_find(f->r, STR(""), STR(""), &k, NULL), -ENOENT);
    /* the word itself is kept nowhere */
    struct sql_stmt *st = NULL;
    char like[32];
    snprintf(like, sizeof like, "%%%s%%", t.secret);
    struct str s = str_of(like);
    assert_int_equal(sql_query(f->r->db, &st, NULL, "SELECT count(*) FROM person_report WHERE secret_hash LIKE ?1 OR text LIKE ?1", "s", &s), 0);
    assert_int_equal(sql_step(st, NULL), 1);
    assert_int_equal(sql_i64(st, 0), 0);
    sql_end(st);
    assert_int_equal(number(f, "SELECT count(*) FROM audit WHERE object = 'person_report' AND by = 'system'"), 2);
    fixture_free(f);
}

static void additions_have_an_end(void **state UNUSED) {
    struct fixture *f = with_kinds();
    struct room_report_taken t = report(f, "x");
    for (int i = 0; i < REPORT_ADDITIONS_MAX; i++)
        assert_int_equal(room_report_add(f->r, t.id, STR("また見た"), NULL, NULL), 0);
    assert_int_equal(room_report_add(f->r, t.id, STR("また見た"), NULL, NULL), -ERR_LIMIT);
    assert_int_equal(number(f, "SELECT count(*) FROM slip_note WHERE kind = 'added'"), REPORT_ADDITIONS_MAX);
    static char long_text[REPORT_TEXT_MAX + 1];
    memset(long_text, 'x', sizeof long_text);
    assert_int_equal(room_report_add(f->r, t.id, str_n(long_text, sizeof long_text), NULL, NULL), -EINVAL);
    struct room_report_new x = {.kind = STR("nonsense"), .service = STR(""), .text = STR(""), .contact = STR(""), .caller = STR(""), .channel = "web", .lang = "ja"};
    assert_int_equal(room_report_take(f->r, &room_system, &x, &t, NULL), -EINVAL);
    x.kind = STR("other");
    x.text = str_n(long_text, sizeof long_text);
    assert_int_equal(room_report_take(f->r, &room_system, &x, &t, NULL), -EINVAL);
    fixture_free(f);
}

static void a_handler_takes_closes_with_a_reason_and_opens_a_case(void **state UNUSED) {
    struct fixture *f = with_kinds();
    struct room_actor duty = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    struct room_report_taken t = report(f, "表示が崩れている、佐藤");
    assert_int_equal(room_report_change(f->r, &auditor, t.id, 1, STR("taken"), STR(""), NULL), -ERR_REFUSED);
    assert_int_equal(room_report_change(f->r, &duty, t.id, 1, STR("closed"), STR("  "), NULL), -EINVAL);
    f->now_ns += 4 * NS_PER_MIN;
    assert_int_equal(room_report_change(f->r, &duty, t.id, 1, STR("taken"), STR(""), NULL), 0);
    assert_int_equal(room_report_change(f->r, &duty, t.id, 1, STR("taken"), STR(""), NULL), -ERR_VERSION);
    assert_int_equal(number(f, "SELECT (taken_at - created_at) / 60000000000 FROM person_report"), 4);
    assert_int_equal(room_report_change(f->r, &duty, t.id, 2, STR("closed"), STR("広告だった"), NULL), 0);
    assert_int_equal(number(f, "SELECT state = 'closed' AND ended_at IS NOT NULL AND why = '広告だった' FROM person_report"), 1);
    assert_int_equal(room_report_change(f->r, &duty, t.id, 3, STR("taken"), STR(""), NULL), 0); /* looked at again */
    assert_int_equal(number(f, "SELECT ended_at IS NULL FROM person_report"), 1);
    int64_t incident = opens(f, t.id, 4);
    assert_int_equal(number(f, "SELECT kind = 'site_tampered' AND level = 'high' AND title_key = 'title.report' FROM incident"), 1);
    assert_int_equal(number(f, "SELECT person_at IS NOT NULL FROM incident"), 1);
    assert_int_equal(number(f, "SELECT rule_at = (SELECT created_at FROM person_report) FROM incident"), 1);
    /* the time line is read by many: who reported and what they said is not in it */
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.report_attached'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE params LIKE '%佐藤%' OR params LIKE '%1234%'"), 0);
    int64_t again = 0;
    assert_int_equal(room_report_join(f->r, &duty, t.id, 5, &again, NULL), -EBUSY);
    assert_int_equal(room_report_change(f->r, &duty, t.id, 5, STR("closed"), STR("x"), NULL), -EBUSY);
    struct room_report_taken second = report(f, "y");
    assert_int_equal(room_report_join(f->r, &duty, second.id, 1, &incident, NULL), 0);
    assert_int_equal(number(f, "SELECT count(DISTINCT incident_id) FROM person_report"), 1);
    struct room_report_known k;
    assert_int_equal(room_report_find(f->r, str_of(second.number), str_of(second.secret), &k, NULL), 0);
    assert_string_equal(k.state, "case");
    chain_holds(f);
    fixture_free(f);
}

static struct str listed(struct fixture *f, const struct room_actor *who, struct buf *b) {
    struct jsonw w;
    struct diag d = {0};
    buf_clear(b);
    jsonw_init(&w, b);
    if (room_reports_write(f->r, who, STR("all"), 0, 0, &w, &d) < 0)
        fail_msg("%s", d.text);
    return buf_str(b);
}

static void reports_of_a_secret_case_are_as_secret(void **state UNUSED) {
    struct fixture *f = with_kinds();
    struct room_actor duty = fixture_actor(f, f->handler), chief = fixture_actor(f, f->administrator);
    struct buf b;
    buf_init(&b, 1 << 20);
    struct room_report_taken t = report(f, "脅されている");
    int64_t incident = opens(f, t.id, 1);
    assert_true(str_find(listed(f, &chief, &b), STR("脅されている"), 0) > 0);
    struct room_incident_change command = {.set_commander = true, .commander = f->handler}, secret = {.set_need_to_know = true, .need_to_know = true};
    assert_int_equal(room_incident_change(f->r, &chief, incident, number(f, "SELECT version FROM incident"), &command, NULL), 0);
    assert_int_equal(room_incident_change(f->r, &duty, incident, number(f, "SELECT version FROM incident"), &secret, NULL), 0);
    assert_true(str_find(listed(f, &chief, &b), STR("脅されている"), 0) < 0);
    assert_true(str_find(listed(f, &duty, &b), STR("脅されている"), 0) > 0);
    struct room_report_taken another = report(f, "x");
    assert_int_equal(room_report_join(f->r, &chief, another.id, 1, &incident, NULL), -ENOENT);
    struct jsonw w;
    buf_clear(&b);
    jsonw_init(&w, &b);
    assert_int_equal(room_report_counts_write(f->r, &w, NULL), 0);
    assert_true(str_find(buf_str(&b), STR("1]"), 0) > 0); /* the other; the secret one is not counted */
    assert_true(str_find(buf_str(&b), STR("2]"), 0) < 0);
    /* whoever reported it is still told that it is handled, and may add */
    struct room_report_known k;
    assert_int_equal(room_report_find(f->r, str_of(t.number), str_of(t.secret), &k, NULL), 0);
    assert_int_equal(room_report_add(f->r, t.id, STR("また来た"), NULL, NULL), 0);
    buf_done(&b);
    fixture_free(f);
}

static void a_photo_is_kept_once_and_proved(void **state UNUSED) {
    struct fixture *f = with_kinds();
    static const char png[] = "\x89PNG\r\n\x1a\n....";
    struct room_photo photo = {STR(png), "image/png"}, back;
    struct room_report_new x = {.kind = STR("other"), .service = STR(""), .text = STR(""), .contact = STR(""), .caller = STR(""), .channel = "web", .lang = "en", .photo = photo};
    struct room_report_taken one, two;
    struct arena a;
    char hex[65];
    uint8_t sum[SHA256_BYTES];
    assert_int_equal(room_report_take(f->r, &room_system, &x, &one, NULL), 0);
    assert_int_equal(room_report_take(f->r, &room_system, &x, &two, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM report_photo"), 1);
    sha256_of(photo.bytes, sum);
    hex_encode(sum, sizeof sum, hex);
    arena_init(&a, 1 << 20);
    assert_int_equal(room_report_photo(f->r, one.id, str_of(hex), &a, &back, NULL), 0);
    assert_true(str_eq(back.bytes, photo.bytes));
    x.photo = (struct room_photo){0};
    struct room_report_taken without;
    assert_int_equal(room_report_take(f->r, &room_system, &x, &without, NULL), 0);
    assert_int_equal(room_report_photo(f->r, without.id, str_of(hex), &a, &back, NULL), -ENOENT); /* of another report */
    assert_int_equal(sql_script(f->r->db, "UPDATE report_photo SET bytes = x'00'", NULL), 0);
    assert_int_equal(room_report_photo(f->r, one.id, str_of(hex), &a, &back, NULL), -ERR_CORRUPT);
    arena_done(&a);
    fixture_free(f);
}

/* Told once, in order, and after a kill in between once more. */
static void each_is_told_to_the_rules(void **state UNUSED) {
    struct fixture *f = with_kinds();
    struct room_report_taken one = report(f, "a"), two = report(f, "b");
    struct room_report_event x;
    struct arena a;
    arena_init(&a, 1 << 16);
    assert_int_equal(room_report_untold(f->r, &a, &x, NULL), 1);
    assert_int_equal(x.id, one.id);
    assert_str(x.number, one.number);
    assert_str(x.kind, "site");
    assert_int_equal(room_report_untold(f->r, &a, &x, NULL), 1); /* nobody said it was told */
    assert_int_equal(x.id, one.id);
    assert_int_equal(room_report_told(f->r, one.id, NULL), 0);
    assert_int_equal(room_report_untold(f->r, &a, &x, NULL), 1);
    assert_int_equal(x.id, two.id);
    assert_int_equal(room_report_told(f->r, two.id, NULL), 0);
    assert_int_equal(room_report_untold(f->r, &a, &x, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM person_report WHERE version = 1"), 2); /* nobody's edit becomes stale by it */
    arena_done(&a);
    fixture_free(f);
}

/* A finding as the shipped rule tells it: the numbers among its values. */
static void fold_enquiries(struct fixture *f, const struct room_report_taken *t, size_t n) {
    struct buf b;
    struct arena a;
    struct json_value *v;
    struct room_finding finding;
    struct room_folded folded;
    struct diag d = {0};
    char at[TIME_ISO_CAP];
    time_format_iso(f->now_ns, 3, at);
    buf_init(&b, 1 << 16);
    arena_init(&a, 1 << 20);
    buf_printf(&b, "{\"id\":\"%032d\",\"state\":\"open\",\"revision\":1,\"rule\":{\"id\":\"r\",\"name\":\"enquiries\",\"title\":\"Alike\",\"kind\":\"enquiries\"},\"level\":\"high\","
                   "\"group\":{\"kizuki.report.kind\":\"site\",\"kizuki.report.service\":\"members\"},\"count\":%zu,\"first\":\"%s\",\"last\":\"%s\",\"detected\":\"%s\","
                   "\"detected_at\":{\"spool\":1},\"measures\":{},\"values\":{\"kizuki.report.number\":{\"distinct\":%zu,\"at_least\":false,\"listed\":[", 7, n, at, at, at, n);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s{\"value\":\"%s\",\"count\":1,\"first\":\"%s\",\"at\":{\"spool\":%zu}}", i ? "," : "", t[i].number, at, i);
    buf_add_z(&b, "]}},\"evidence\":[{\"spool\":1}]}");
    if (json_parse(&a, buf_str(&b), &v, &d) < 0 || room_finding_read(&a, v, &finding, &d) < 0)
        fail_msg("%s", d.text);
    assert_int_equal(room_begin(f->r, NULL), 0);
    assert_int_equal(room_end(f->r, room_fold(f->r, &finding, buf_str(&b), &folded, &d), &d), 0);
    assert_true(folded.opened);
    arena_done(&a);
    buf_done(&b);
}

static void what_rules_found_alike_joins_its_case(void **state UNUSED) {
    struct fixture *f = with_kinds();
    struct room_report_taken t[3] = {report(f, "a"), report(f, "b"), report(f, "c")}, apart = report_by(f, &room_system, "other", "d");
    assert_int_equal(room_reports_tick(f->r, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM incident"), 0);
    fold_enquiries(f, t, 3);
    assert_int_equal(room_reports_tick(f->r, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM person_report WHERE incident_id = 1 AND state = 'case'"), 3);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.report_attached'"), 3);
    assert_int_equal(number(f, "SELECT person_at IS NULL FROM incident"), 1); /* a machine joined them: nobody was reached */
    struct room_report_known k;
    assert_int_equal(room_report_find(f->r, str_of(apart.number), str_of(apart.secret), &k, NULL), 0);
    assert_string_equal(k.state, "new");
    assert_int_equal(room_reports_tick(f->r, NULL), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.report_attached'"), 3);
    fixture_free(f);
}

static void the_desk_types_in_a_callers_name(void **state UNUSED) {
    struct fixture *f = with_kinds();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct room_report_new x = {.kind = STR("site"), .service = STR(""), .text = STR("電話: 真っ白"), .contact = STR("090"), .caller = STR("佐藤"), .channel = "phone", .lang = "ja"};
    struct room_report_taken t;
    int64_t strangers;
    assert_int_equal(room_report_take(f->r, &duty, &x, &t, NULL), 0);
    assert_int_equal(room_reports_of_strangers(f->r, &strangers, NULL), 0);
    assert_int_equal(strangers, 0); /* who signed in is never too many */
    report(f, "x");
    assert_int_equal(room_reports_of_strangers(f->r, &strangers, NULL), 0);
    assert_int_equal(strangers, 1);
    f->now_ns += NS_PER_HOUR + NS_PER_S;
    assert_int_equal(room_reports_of_strangers(f->r, &strangers, NULL), 0);
    assert_int_equal(strangers, 0);
    assert_int_equal(number(f, "SELECT caller = '佐藤' AND created_by = 'person:2' FROM person_report WHERE channel = 'phone'"), 1);
    fixture_free(f);
}

UNIT_GROUP(room_person_report, cmocka_unit_test(whoever_reported_comes_back_with_number_and_secret), cmocka_unit_test(additions_have_an_end),
           cmocka_unit_test(a_handler_takes_closes_with_a_reason_and_opens_a_case), cmocka_unit_test(reports_of_a_secret_case_are_as_secret),
           cmocka_unit_test(a_photo_is_kept_once_and_proved), cmocka_unit_test(each_is_told_to_the_rules), cmocka_unit_test(what_rules_found_alike_joins_its_case),
           cmocka_unit_test(the_desk_types_in_a_callers_name))

/* Hours as operators write them in their lists. */
#include "unit.h"

#include "base/hours.h"
#include "base/time.h"

static struct arena memory;
static struct calendar calendar;

static void load(void) {
    struct diag d = {0};
    arena_init(&memory, 1 << 20);
    if (calendar_load(&memory, "content/calendar", &calendar, &d) < 0)
        fail_msg("%s", d.text);
}

/* "2026-11-23T10:00" in Japan. */
static int64_t moment(const char *s) {
    char iso[40];
    int64_t t;
    int offset;
    int n = snprintf(iso, sizeof iso, "%s:00+09:00", s);
    assert_true(time_parse_iso(str_n(iso, (size_t) n), &t, &offset) > 0);
    return t;
}

static void open_is(const char *text, const char *at, bool wanted, const char *changes) {
    struct hours h;
    struct diag d = {0};
    int64_t change;
    if (hours_parse(str_of(text), &h, &d) < 0)
        fail_msg("%s: %s", text, d.text);
    if (hours_open_at(&h, &calendar, moment(at), &change) != wanted)
        fail_msg("%s at %s: wanted %d", text, at, wanted);
    if (change != (changes ? moment(changes) : TIME_NONE))
        fail_msg("%s at %s: changes at another time", text, at);
}

/* 2026-11-20 is a Friday, 11-23 (Monday) a holiday. */
static void hours_as_people_write_them(void **state UNUSED) {
    load();
    static const char *const working[] = {"平日9:00-17:30", "平日 ９：００～１７：３０", "月〜金 9時〜17時半", "月-金9:00-17:30（祝日、年末年始を除く）", "9:00～17:30（土日祝日除く）",
                                          "9:00-17:30（平日）", "受付時間:平日 午前9時から午後5時30分まで", "土日祝を除く9:00-17:30", "営業日9時-17時30分", "Mon-Fri 9:00-17:30",
                                          "weekdays 9am-5:30pm", "9:00-17:30 except weekends and public holidays", "月・火・水・木・金 9:00〜17:30"};
    for (size_t i = 0; i < sizeof working / sizeof *working; i++) {
        open_is(working[i], "2026-11-20T10:00", true, "2026-11-20T17:30");
        open_is(working[i], "2026-11-20T17:30", false, "2026-11-24T09:00");
        open_is(working[i], "2026-11-22T10:00", false, "2026-11-24T09:00");
        open_is(working[i], "2026-11-23T10:00", false, "2026-11-24T09:00");
    }
    static const char *const always[] = {"24時間365日", "24時間", "24/7", "24時間、365日対応", "毎日 0:00-24:00", "年中無休 24時間", "２４時間３６５日"};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        open_is(always[i], "2026-11-23T03:00", true, NULL);
    arena_done(&memory);
}

static void nights_breaks_and_days(void **state UNUSED) {
    load();
    open_is("毎日22:00-6:00", "2026-11-22T03:00", true, "2026-11-22T06:00");
    open_is("毎日22:00-6:00", "2026-11-22T12:00", false, "2026-11-22T22:00");
    open_is("平日17:30-25:30", "2026-11-21T01:00", true, "2026-11-21T01:30");
    open_is("平日9:00-12:00、13:00-17:00", "2026-11-20T12:30", false, "2026-11-20T13:00");
    open_is("平日9:00-17:00、土曜9:00-12:00", "2026-11-21T11:00", true, "2026-11-21T12:00");
    open_is("平日9:00-17:00、土日祝10:00-16:00", "2026-11-23T11:00", true, "2026-11-23T16:00");
    open_is("平日24時間", "2026-11-20T23:00", true, "2026-11-21T00:00");
    open_is("毎日9:00-17:00（年末年始を除く）", "2026-12-31T10:00", false, "2027-01-04T09:00");
    open_is("平日9:00-17:00", "2026-12-29T10:00", true, "2026-12-29T17:00");
    open_is("祝日10:00-16:00（年末年始を除く）", "2027-01-01T11:00", false, "2027-01-11T10:00"); /* a holiday, and left out */
    open_is("平日17:30〜翌8:30", "2026-11-21T08:29", true, "2026-11-21T08:30");
    open_is("平日9:00-17:00（祝日含む）", "2026-11-23T11:00", true, "2026-11-23T17:00");
    open_is("月(祝含む)9:00-17:00", "2026-11-23T11:00", true, "2026-11-23T17:00");
    open_is("年中無休9:00-17:00", "2027-01-02T08:00", false, "2027-01-02T09:00");
    open_is("土-月10時-午後4時", "2026-11-22T11:00", true, "2026-11-22T16:00");
    open_is("平日9:00-17:00、第2・4土曜9:00-12:00、日曜10:00-11:00", "2026-11-28T10:00", true, "2026-11-28T12:00");
    open_is("平日9:00-17:00、第2・4土曜9:00-12:00、日曜10:00-11:00", "2026-11-21T10:00", false, "2026-11-22T10:00");
    open_is("第2土曜9:00-12:00（祝日を除く）、13:00-15:00", "2026-11-21T13:30", false, "2026-12-12T09:00");
    open_is("9:00-12:00（第4土曜）", "2026-11-21T10:00", false, "2026-11-28T09:00");
    arena_done(&memory);
}

static void what_is_no_hours_is_refused(void **state UNUSED) {
    static const char *const not[] = {"", "要問合せ", "平日", "9:00", "9:00-", "平日9:00-40:00", "月-9:00-17:00", "9:75-17:00", "25:00-26:00", "担当者による", "平日9:00-17:00と言われた",
                                      "9:00-17:00（休業日:土日祝）", "平日9:00-17:00（定休日:水）", "平日9:00-17:00（祝日も除く）", "平日、第2土曜9:00-12:00", "第2土曜、日曜9:00-12:00",
                                      "第2土曜を除く毎日9:00-12:00", "祝日含む9:00-17:00", "第6土曜9:00-12:00", "9:00-9:00", "平日9:5-17:00", "月-(金)9:00-17:00", "月-(祝日を除く)金9:00-17:00"};
    for (size_t i = 0; i < sizeof not / sizeof *not; i++) {
        struct hours h;
        struct diag d = {0};
        if (hours_parse(str_of(not[i]), &h, &d) != -ERR_PARSE)
            fail_msg("'%s' was read", not[i]);
        assert_non_null(strstr(d.text, "24時間365日"));
    }
    char many[HOURS_BYTES_MAX + 2];
    memset(many, ' ', sizeof many);
    struct hours h;
    assert_int_equal(hours_parse(str_n(many, sizeof many), &h, NULL), -ERR_LIMIT);
}

UNIT_GROUP(base_hours, cmocka_unit_test(hours_as_people_write_them), cmocka_unit_test(nights_breaks_and_days),
           cmocka_unit_test(what_is_no_hours_is_refused))

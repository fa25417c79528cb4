/* What was told on the telephone, as it is typed in. */
#include "bed.h"


#define NOW (T0 + NS_PER_DAY)

static void words_become_a_question(void **state UNUSED) {
    const struct {
        struct trace_words w;
        const char *address;
        unsigned port;
        int64_t at_s, width_s; /* behind T0 */
        bool told;
    } rows[] = {
        {{.address = STR("198.51.100.1"), .port = STR("40001"), .time = STR("2026-06-01 02:14")}, "198.51.100.1", 40001, 0, 60, false},
        {{.address = STR("198.51.100.1:40001"), .time = STR("2026-06-01 02:14:00")}, "198.51.100.1", 40001, 0, 1, false},
        {{.address = STR("[2001:db8::1]:40001"), .time = STR("6月1日 2時14分")}, "2001:db8::1", 40001, 0, 60, false},
        {{.address = STR("2001:db8::1"), .time = STR("2026-05-31 17:14"), .zone = STR("utc")}, "2001:db8::1", 0, 0, 60, true},
        {{.address = STR("198.51.100.1"), .time = STR("2026-06-01 02:14"), .zone = STR("+09:00")}, "198.51.100.1", 0, 0, 60, true},
        {{.address = STR("198.51.100.1"), .time = STR("2026-05-31T17:14:00Z")}, "198.51.100.1", 0, 0, 1, true},
        {{.address = STR("198.51.100.1"), .time = STR("2026-06-01 02:14頃")}, "198.51.100.1", 0, -150, 300, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct trace_question q;
        struct diag d = {0};
        const char *wrong;
        char text[IP_CAP];
        if (trace_question_read(&rows[i].w, NOW, TIME_JST_OFFSET_MIN, &q, &wrong, &d) < 0)
            fail_msg("row %zu: %s", i, d.text);
        ip_format(&q.address, text);
        assert_string_equal(text, rows[i].address);
        assert_int_equal(q.port, rows[i].port);
        assert_int_equal((q.at_ns - T0) / NS_PER_S, rows[i].at_s);
        assert_int_equal(q.width_ns / NS_PER_S, rows[i].width_s);
        assert_int_equal(q.zone_told, rows[i].told);
        assert_null(wrong);
    }
}

static void each_wrong_word_is_named(void **state UNUSED) {
    const struct {
        struct trace_words w;
        const char *wrong;
    } rows[] = {
        {{.address = STR("www.example.jp"), .time = STR("2:14")}, "address"},
        {{.address = STR(""), .time = STR("2:14")}, "address"},
        {{.address = STR("198.51.100.1:70000"), .time = STR("2:14")}, "address"},
        {{.address = STR("198.51.100.1"), .port = STR("0"), .time = STR("2:14")}, "port"},
        {{.address = STR("198.51.100.1"), .time = STR("いつか")}, "time"},
        {{.address = STR("198.51.100.1"), .time = STR("2026-06-01")}, "time"},
        {{.address = STR("198.51.100.1"), .time = STR("2:14"), .zone = STR("moon")}, "zone"},
        {{.address = STR("198.51.100.1"), .time = STR("2:14"), .destination = STR("x")}, "destination"},
        {{.address = STR("198.51.100.1"), .time = STR("2:14"), .error_s = 4000}, "error_s"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct trace_question q;
        struct diag d = {0};
        const char *wrong = NULL;
        assert_true(trace_question_read(&rows[i].w, NOW, TIME_JST_OFFSET_MIN, &q, &wrong, &d) < 0 && d.text[0]);
        assert_string_equal(wrong, rows[i].wrong);
    }
}

UNIT_GROUP(trace_question, cmocka_unit_test(words_become_a_question), cmocka_unit_test(each_wrong_word_is_named))

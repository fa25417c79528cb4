/* Which log is named as missing, and with which hours. */
#include "bed.h"

#include "torture.h"

#define OUT "198.51.100.1"
#define TO "203.0.113.80"
#define MAC_A "00-A0-DE-00-00-0A"

enum { RENEWALS = 120 };

/* Somebody's lease is renewed every ten minutes for ten hours around then; not in [from, to). */
static size_t renewals(struct bed_event *e, int64_t from_s, int64_t to_s) {
    size_t n = 0;
    for (int64_t at = -5 * HOUR; at < 5 * HOUR; at += 10 * MINUTE)
        if (at < from_s || at >= to_s)
            e[n++] = (struct bed_event){at, "dhcp", {RENEW("192.168.1.77", "00-A0-DE-00-00-77")}};
    return n;
}

static void a_log_of_leases_that_fell_silent_is_named_with_its_hours(void **state UNUSED) {
    struct bed_event e[RENEWALS];
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    struct str from, to;
    size_t n = renewals(e, -14 * MINUTE, 90 * MINUTE);
    e[n++] = (struct bed_event){30, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), WHOLE("60000000000")}};
    bed_trace(&q, e, n, &f);
    assert_string_equal(bed_missing(&f), "dhcp gap -\nlogin none 192.168.1.10\n");
    const struct json_value *g = json_get_array(f.answer, "missing")->first;
    assert_true(json_get_str(g, "from", &from) && json_get_str(g, "to", &to));
    assert_str(from, "2026-05-31T16:54:00.000Z");
    assert_str(to, "2026-05-31T18:44:00.000Z");
    bed_done(&f);
    n = renewals(e, 0, 0); /* it speaks, and does not know the address */
    e[n++] = (struct bed_event){30, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), WHOLE("60000000000")}};
    bed_trace(&q, e, n, &f);
    assert_string_equal(bed_missing(&f), "dhcp not_in_it 192.168.1.10\nlogin none 192.168.1.10\n");
    bed_done(&f);
}

static void nothing_at_all_is_said_so(void **state UNUSED) {
    static const struct bed_event other[] = {{30, "fw", {NAT("192.168.1.10", "5000", OUT, "40002", TO), WHOLE("60000000000")}}};
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    bed_trace(&q, NULL, 0, &f);
    assert_string_equal(bed_missing(&f), "nat none 198.51.100.1\n");
    bed_done(&f);
    BED_TRACE(&q, other, &f);
    assert_string_equal(bed_missing(&f), "nat port_not_in_it 198.51.100.1\n");
    bed_done(&f);
}

static void a_vpn_address_needs_no_lease(void **state UNUSED) {
    static const struct bed_event e[] = {
        {30, "fw", {NAT("10.8.0.6", "5000", OUT, "40001", TO), WHOLE("60000000000")}},
        {-HOUR, "vpn", {"event.action", "vpn-address-assigned", "event.type", "start", "client.ip", "10.8.0.6", "user.name", "sato", "source.ip", "192.0.2.9"}},
        {-HOUR, "dhcp", {RENEW("192.168.1.77", "00-A0-DE-00-00-77")}},
        {HOUR / 4, "dhcp", {RENEW("192.168.1.77", "00-A0-DE-00-00-77")}},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    BED_TRACE(&q, e, &f);
    assert_true(strncmp(bed_who(&f), "10.8.0.6 - sato", 15) == 0);
    assert_true(strstr(bed_missing(&f), "login") == NULL);
    bed_done(&f);
}

static int once(void *ctx) {
    const struct trace_question *q = ctx;
    struct trace_want want;
    struct trace *t = NULL;
    struct event_names *names = event_names_new();
    if (!names)
        return -ENOMEM;
    int r = trace_new(q, &t, NULL);
    while (r == 0 && (r = trace_next(t, &want)) == 1) {
        static const char *const rows[][6] = {{"source.ip", "192.168.1.10", "source.nat.ip", OUT, "source.nat.port", "40001"},
                                              {"event.action", "dhcp-assign", "client.ip", "192.168.1.10", "client.mac", MAC_A}};
        struct raw_record raw = {.arrival_ns = T0};
        struct arena a;
        struct event ev;
        r = 0;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++) {
            arena_init(&a, 1 << 20);
            event_begin(&ev, &a, names, &raw);
            ev.keep_all = true;
            ev.timestamp_ns = ev.time_ns = T0;
            for (size_t k = 0; r == 0 && k < 6; k += 2)
                r = event_add_named(&ev, str_of(rows[i][k]), JSON_STRING, str_of(rows[i][k + 1]));
            if (r == 0)
                r = trace_take(t, &ev, STR("s"), i + 1, T0);
            arena_done(&a);
        }
    }
    trace_free(t);
    event_names_free(names);
    return r;
}

static void memory_may_end_anywhere(void **state UNUSED) {
    struct trace_question q = bed_question(OUT, 40001);
    assert_true(torture(once, &q) > 3);
}

UNIT_GROUP(trace_missing, cmocka_unit_test(a_log_of_leases_that_fell_silent_is_named_with_its_hours), cmocka_unit_test(nothing_at_all_is_said_so),
           cmocka_unit_test(a_vpn_address_needs_no_lease), cmocka_unit_test(memory_may_end_anywhere))

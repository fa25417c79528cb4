/* From an address inwards, past each trap: a port used again within seconds, clocks, several translations, blocks of ports,
 * a lease handed over, several people, IPv6, the other zone. */
#include "bed.h"

#define OUT "198.51.100.1"
#define TO "203.0.113.80"
#define MAC_A "00-A0-DE-00-00-0A"
#define MAC_B "00-A0-DE-00-00-0B"

static void one_of_each_log_is_enough(void **state UNUSED) {
    static const struct bed_event events[] = {
        {30, "fw", {NAT("192.168.1.10", "51234", OUT, "40001", TO), WHOLE("60000000000")}},
        {40, "fw", {NAT("192.168.1.11", "51235", OUT, "40002", TO), WHOLE("60000000000")}},
        {-HOUR, "dhcp", {LEASE("192.168.1.10", MAC_A, "pc-a")}},
        {-HOUR, "dhcp", {LEASE("192.168.1.11", MAC_B, "pc-b")}},
        {-MINUTE, "ad", {"EventID", "4624", "Computer", "PC-A.example.jp", "TargetUserName", "sato", "LogonType", "2"}},
        {-MINUTE, "ad", {"EventID", "4624", "Computer", "PC-A.example.jp", "TargetUserName", "PC-A$", "LogonType", "2"}},
        {-MINUTE, "ad", {"EventID", "4624", "Computer", "pc-b", "TargetUserName", "tanaka", "LogonType", "2"}},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    BED_TRACE(&q, events, &f);
    assert_string_equal(bed_who(&f), "192.168.1.10 pc-a sato certain\n");
    bed_done(&f);
    q.destination = q.address; /* spoke with somebody else */
    BED_TRACE(&q, events, &f);
    assert_string_equal(bed_who(&f), "");
    bed_done(&f);
}

static void a_port_used_again_within_seconds_is_two_candidates(void **state UNUSED) {
    static const struct bed_event events[] = {
        {-30, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), START}},
        {10, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), END}},
        {12, "fw", {NAT("192.168.1.11", "6000", OUT, "40001", TO), START}},
        {50, "fw", {NAT("192.168.1.11", "6000", OUT, "40001", TO), END}},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    q.width_ns = 60 * NS_PER_S; /* "02:14" */
    BED_TRACE(&q, events, &f);
    assert_string_equal(bed_who(&f), "192.168.1.11 - - possible\n192.168.1.10 - - possible\n"); /* it began then */
    assert_true(bed_doubts(&f, 1, "port_shared") && bed_doubts(&f, 2, "port_shared"));
    bed_done(&f);
    q.width_ns = 0; /* "02:14:05" and "02:14:30" */
    q.at_ns = T0 + 5 * NS_PER_S;
    BED_TRACE(&q, events, &f);
    assert_true(strncmp(bed_who(&f), "192.168.1.10", 12) == 0 && !bed_doubts(&f, 1, "port_shared") && bed_doubts(&f, 2, "near_in_time"));
    bed_done(&f);
    q.at_ns = T0 + 30 * NS_PER_S;
    BED_TRACE(&q, events, &f);
    assert_true(strncmp(bed_who(&f), "192.168.1.11", 12) == 0 && !bed_doubts(&f, 1, "port_shared") && bed_doubts(&f, 2, "near_in_time"));
    bed_done(&f);
}

static void a_closed_connection_ends_before_its_table_forgets_it(void **state UNUSED) {
    static const struct bed_event events[] = {
        {-300, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), START, "event.action", "nat-created"}},
        {-120, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), END, "event.action", "nat-closing"}},
        {120, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), END, "event.action", "nat-ended"}},
        /* meanwhile, to another destination, the same port for another machine */
        {-10, "fw", {NAT("192.168.1.11", "6000", OUT, "40001", "203.0.113.81"), START, "event.action", "nat-created"}},
        {50, "fw", {NAT("192.168.1.11", "6000", OUT, "40001", "203.0.113.81"), END, "event.action", "nat-ended"}},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    q.width_ns = 0;
    BED_TRACE(&q, events, &f);
    assert_true(strncmp(bed_who(&f), "192.168.1.11", 12) == 0);
    assert_false(bed_doubts(&f, 1, "port_shared"));
    assert_true(bed_doubts(&f, 2, "near_in_time"));
    assert_null(strstr(strchr(bed_who(&f), '\n') + 1, "192.168.1.11")); /* each once */
    assert_int_equal(json_get_array(f.answer, "candidates")->n, 2);
    bed_done(&f);
    q.at_ns -= 200 * NS_PER_S; /* while it was open */
    BED_TRACE(&q, events, &f);
    assert_true(strncmp(bed_who(&f), "192.168.1.10", 12) == 0 && !bed_doubts(&f, 1, "no_end"));
    bed_done(&f);
}

static void a_log_of_leases_read_in_another_zone_is_said(void **state UNUSED) {
    static const struct bed_event events[] = {
        {-30, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), START}},
        {60, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), END}},
        {9 * HOUR - 5 * MINUTE, "dhcp", {LEASE("192.168.1.10", MAC_A, "pc-a"), "dhcp.lease_seconds", "3600"}, BED_OLD},
        {-20 * HOUR, "dhcp", {LEASE("192.168.1.10", MAC_B, "pc-b"), "dhcp.lease_seconds", "3600"}, BED_OLD},
    };
    struct bed_event live[ARRAY_SIZE(events)];
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    BED_TRACE(&q, events, &f);
    assert_true(strncmp(bed_who(&f), "192.168.1.10 pc-a - ", 20) == 0);
    assert_true(bed_doubts(&f, 1, "lease_zone"));
    bed_done(&f);
    memcpy(live, events, sizeof live); /* whose clock is known there is nothing to guess */
    live[2].live_late_s = live[3].live_late_s = 1;
    BED_TRACE(&q, live, &f);
    assert_false(bed_doubts(&f, 1, "lease_zone"));
    bed_done(&f);
}

static void an_end_nobody_logged_is_where_the_port_is_anothers(void **state UNUSED) {
    static const struct bed_event events[] = {
        {-30, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), START}},
        {-20, "fw", {NAT("192.168.1.11", "6000", OUT, "40001", TO), START}},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    BED_TRACE(&q, events, &f);
    assert_true(strncmp(bed_who(&f), "192.168.1.11", 12) == 0 && bed_doubts(&f, 1, "no_end") && bed_doubts(&f, 2, "near_in_time"));
    bed_done(&f);
}

/* The firewall is 90 seconds ahead; without putting that right the other machine would be named. */
static void a_clock_that_is_wrong_is_put_right(void **state UNUSED) {
    static const struct bed_event live[] = {
        {-20, "fw", {NAT("192.168.1.11", "6000", OUT, "40001", TO), WHOLE("60000000000")}, -90},
        {100, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), WHOLE("30000000000")}, -90},
    }, files[] = {
        {-DAY, "ledger", {"event.dataset", "kizuki.ledger", "event.action", "source-clock", "kizuki.ledger.source", "fw", "kizuki.ledger.skew_s", "-5"}},
        {-HOUR, "ledger", {"event.dataset", "kizuki.ledger", "event.action", "source-clock", "kizuki.ledger.source", "fw", "kizuki.ledger.skew_s", "90"}},
        {-20, "fw", {NAT("192.168.1.11", "6000", OUT, "40001", TO), WHOLE("60000000000")}, BED_OLD},
        {100, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), WHOLE("30000000000")}, BED_OLD},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    int64_t ms;
    struct str from;
    BED_TRACE(&q, live, &f);
    assert_true(strncmp(bed_who(&f), "192.168.1.10", 12) == 0);
    assert_true(json_get_i64(bed_hop(&f, 1, 0), "clock_ms", &ms) && ms == 90000 && json_get_str(bed_hop(&f, 1, 0), "clock_from", &from));
    assert_str(from, "measured");
    bed_done(&f);
    BED_TRACE(&q, files, &f); /* the ledger's last word before then */
    assert_true(strncmp(bed_who(&f), "192.168.1.10", 12) == 0 && json_get_str(bed_hop(&f, 1, 0), "clock_from", &from));
    assert_str(from, "ledger");
    bed_done(&f);
    static const struct bed_event relay[] = { /* of two firewalls behind one relay the ledger knows each */
        {-HOUR, "ledger", {"event.dataset", "kizuki.ledger", "event.action", "source-clock", "kizuki.ledger.source", "relay", "kizuki.ledger.host", "fw-a",
                           "kizuki.ledger.skew_s", "90"}},
        {-HOUR + 1, "ledger", {"event.dataset", "kizuki.ledger", "event.action", "source-clock", "kizuki.ledger.source", "relay", "kizuki.ledger.host", "fw-b",
                           "kizuki.ledger.skew_s", "-1800"}},
        {-20, "relay", {NAT("192.168.1.11", "6000", OUT, "40001", TO), WHOLE("60000000000"), "host.name", "fw-a"}, BED_OLD},
        {100, "relay", {NAT("192.168.1.10", "5000", OUT, "40001", TO), WHOLE("30000000000"), "host.name", "fw-a"}, BED_OLD},
    };
    BED_TRACE(&q, relay, &f);
    assert_true(strncmp(bed_who(&f), "192.168.1.10", 12) == 0 && json_get_str(bed_hop(&f, 1, 0), "clock_from", &from));
    assert_true(json_get_i64(bed_hop(&f, 1, 0), "clock_ms", &ms) && ms == 90000);
    assert_str(from, "ledger");
    bed_done(&f);
    bed_trace(&q, files + 2, 2, &f); /* nothing is known: it is said, and both stay */
    assert_true(strncmp(bed_who(&f), "192.168.1.11", 12) == 0 && bed_doubts(&f, 1, "clock_unknown"));
    bed_done(&f);
}

static void several_translations_are_followed(void **state UNUSED) {
    static const struct bed_event events[] = {
        {60, "cgn", {"source.ip", "100.64.0.9", "source.nat.ip", OUT, "flow.nat_port_first", "40000", "flow.nat_port_last", "40063", "event.action", "nat-port-block-release", "event.start", "2026-05-31T17:00:00Z"}},
        {30, "fw", {NAT("192.168.1.10", "5000", "100.64.0.9", "40001", TO), WHOLE("60000000000")}},
        {30, "fw", {NAT("192.168.1.12", "5000", "100.64.0.9", "40002", TO), WHOLE("60000000000")}},
        {-HOUR, "dhcp", {LEASE("192.168.1.10", MAC_A, "pc-a")}},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    struct str inner;
    BED_TRACE(&q, events, &f);
    /* a block of ports names the customer, whose own firewall the machine; the port is kept by the inner one only */
    assert_true(strncmp(bed_who(&f), "192.168.1.1", 11) == 0);
    assert_true(json_get_str(bed_hop(&f, 1, 0), "inner", &inner));
    assert_str(inner, "100.64.0.9");
    bed_done(&f);
}

static void a_proxy_is_asked_whom_it_served(void **state UNUSED) {
    static const struct bed_event events[] = {
        {30, "fw", {NAT("192.168.1.2", "5000", OUT, "40001", TO), WHOLE("60000000000")}},
        {1, "squid", {"event.category", "web", "source.ip", "192.168.1.10", "destination.ip", TO, "http.request.method", "CONNECT", "user.name", "sato", "host.name", "proxy1"}, 0, "192.168.1.2:5140"},
        {1, "squid", {"event.category", "web", "source.ip", "192.168.1.11", "destination.ip", "203.0.113.99", "http.request.method", "CONNECT", "user.name", "tanaka", "host.name", "proxy1"}, 0, "192.168.1.2:5140"},
        {-HOUR, "dhcp", {LEASE("192.168.1.10", MAC_A, "pc-a")}},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    BED_TRACE(&q, events, &f);
    assert_string_equal(bed_who(&f), "192.168.1.10 pc-a sato certain\n");
    bed_done(&f);
}

static void a_lease_handed_over_is_followed(void **state UNUSED) {
    static const struct bed_event events[] = {
        {30, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), WHOLE("60000000000")}},
        {-3 * HOUR, "dhcp", {LEASE("192.168.1.10", MAC_A, "pc-a")}},
        {-HOUR, "dhcp", {"event.action", "dhcp-release", "client.ip", "192.168.1.10", "client.mac", MAC_A, "client.domain", "pc-a"}},
        {-HOUR / 2, "dhcp", {LEASE("192.168.1.10", MAC_B, "pc-b")}},
        {HOUR, "dhcp", {LEASE("192.168.1.10", MAC_A, "pc-a")}},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    BED_TRACE(&q, events, &f);
    assert_true(strncmp(bed_who(&f), "192.168.1.10 pc-b", 17) == 0);
    bed_done(&f);
    q.at_ns = T0 - 2 * NS_PER_HOUR; /* the session is another day's then: nobody */
    BED_TRACE(&q, events, &f);
    assert_string_equal(bed_who(&f), "");
    bed_done(&f);
}

/* Two branches with the same private network: only the leases of the branch whose device translated count, however fresh the others are. */
static void the_same_private_network_elsewhere_is_left_out(void **state UNUSED) {
    static const struct bed_event events[] = {
        {30, "all", {NAT("192.168.1.10", "5000", OUT, "40001", TO), WHOLE("60000000000"), "host.name", "gw-north"}},
        {-2 * HOUR, "all", {LEASE("192.168.1.10", MAC_A, "pc-north"), "host.name", "gw-north.example.jp"}},
        {-5 * MINUTE, "all", {LEASE("192.168.1.10", MAC_B, "pc-south"), "host.name", "gw-south"}},
        {-2 * HOUR, "pcs", {"EventID", "4624", "Computer", "pc-north", "TargetUserName", "sato", "LogonType", "2"}},
        {-4 * MINUTE, "pcs", {"EventID", "4624", "Computer", "pc-south", "TargetUserName", "tanaka", "LogonType", "2"}},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    BED_TRACE(&q, events, &f);
    assert_string_equal(bed_who(&f), "192.168.1.10 pc-north sato certain\n");
    bed_done(&f);
}

/* One server lends for all branches but one, whose router does it itself: nothing says which of the two is meant, so both are told. The other order,
 * and servers that stand in for each other, are handed over as ever. */
static void a_central_server_and_a_branch_are_two_networks(void **state UNUSED) {
    static const struct bed_event two[] = {
        {30, "all", {NAT("192.168.1.10", "5000", OUT, "40001", TO), WHOLE("60000000000"), "host.name", "gw-north"}},
        {-2 * HOUR, "all", {LEASE("192.168.1.10", MAC_A, "pc-north"), "dhcp.lease_seconds", "28800", "host.name", "dhcp-hq"}},
        {-5 * MINUTE, "all", {LEASE("192.168.1.10", MAC_B, "pc-south"), "dhcp.lease_seconds", "28800", "host.name", "gw-south"}},
    }, pair[] = {
        {30, "all", {NAT("192.168.1.10", "5000", OUT, "40001", TO), WHOLE("60000000000"), "host.name", "gw-north"}},
        {-2 * HOUR, "all", {LEASE("192.168.1.10", MAC_A, "pc-a"), "dhcp.lease_seconds", "3600", "host.name", "dhcp-1"}},
        {-5 * MINUTE, "all", {LEASE("192.168.1.10", MAC_B, "pc-b"), "dhcp.lease_seconds", "3600", "host.name", "dhcp-2"}},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    BED_TRACE(&q, two, &f);
    assert_true(strstr(bed_who(&f), "pc-north") && strstr(bed_who(&f), "pc-south"));
    assert_true(bed_doubts(&f, 1, "two_machines") && bed_doubts(&f, 2, "two_machines"));
    bed_done(&f);
    BED_TRACE(&q, pair, &f);
    assert_true(strstr(bed_who(&f), "pc-b") && !strstr(bed_who(&f), "pc-a") && !bed_doubts(&f, 1, "two_machines"));
    bed_done(&f);
}

static void several_people_on_one_machine_are_all_named(void **state UNUSED) {
    static const struct bed_event events[] = {
        {30, "fw", {NAT("192.168.1.5", "5000", OUT, "40001", TO), WHOLE("60000000000")}},
        {-HOUR, "dhcp", {LEASE("192.168.1.5", MAC_A, "ts1")}},
        {-HOUR, "ts", {"EventID", "4624", "Computer", "ts1", "TargetUserName", "sato", "LogonType", "10"}},
        {-HOUR, "ts", {"EventID", "4624", "Computer", "ts1", "TargetUserName", "tanaka", "LogonType", "10"}},
        {-HOUR, "ts", {"EventID", "4624", "Computer", "ts1", "TargetUserName", "suzuki", "LogonType", "10"}},
        {-MINUTE, "ts", {"EventID", "4647", "Computer", "ts1", "TargetUserName", "suzuki"}},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    BED_TRACE(&q, events, &f);
    assert_string_equal(bed_who(&f), "192.168.1.5 ts1 sato likely\n192.168.1.5 ts1 tanaka likely\n192.168.1.5 ts1 suzuki likely\n");
    assert_true(bed_doubts(&f, 1, "several_users") && bed_doubts(&f, 3, "user_away") && !bed_doubts(&f, 3, "several_users"));
    bed_done(&f);
}

static void ipv6_is_a_machine_itself(void **state UNUSED) {
    static const struct bed_event eui[] = {
        {0, "fw", {"source.ip", "2001:db8::2a0:deff:fe00:a", "source.port", "5000", "event.category", "authentication", "user.name", "sato", "event.outcome", "success", "host.name", "srv"}},
    }, privacy[] = {
        {0, "web", {"source.ip", "2001:db8::1c3d:22:9:7", "event.category", "authentication", "user.name", "sato", "event.outcome", "success", "host.name", "srv"}},
    }, known[] = {
        {0, "web", {"source.ip", "2001:db8::1c3d:22:9:7", "event.category", "authentication", "user.name", "sato", "event.outcome", "success", "host.name", "srv"}},
        {-MINUTE, "router", {"event.action", "neighbour-seen", "client.ip", "2001:db8::1c3d:22:9:7", "client.mac", MAC_A}},
        {-HOUR, "dhcp", {LEASE("192.168.1.10", MAC_A, "pc-a")}},
    };
    struct trace_question q = bed_question("2001:db8::2a0:deff:fe00:a", 5000);
    struct bed_found f;
    struct str mac;
    BED_TRACE(&q, eui, &f);
    assert_true(json_get_str(json_get_array(f.answer, "candidates")->first, "mac", &mac) && bed_doubts(&f, 1, "address_itself"));
    assert_str(mac, "00-A0-DE-00-00-0A");
    bed_done(&f);
    q = bed_question("2001:db8::1c3d:22:9:7", 0);
    BED_TRACE(&q, privacy, &f);
    assert_string_equal(bed_missing(&f), "neighbour none 2001:db8::1c3d:22:9:7\n");
    bed_done(&f);
    BED_TRACE(&q, known, &f);
    assert_true(json_get_str(json_get_array(f.answer, "candidates")->first, "mac", &mac));
    assert_str(mac, MAC_A);
    bed_done(&f);
}

static void the_other_zone_is_offered(void **state UNUSED) {
    static const struct bed_event events[] = {
        {9 * HOUR + 30, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), WHOLE("60000000000")}},
    };
    struct trace_question q = bed_question(OUT, 40001);
    struct bed_found f;
    int64_t hours;
    BED_TRACE(&q, events, &f); /* "02:14 JST" was UTC */
    assert_true(bed_doubts(&f, 1, "slip_zone") && json_get_i64(json_get_array(f.answer, "candidates")->first, "shift_h", &hours) && hours == 9);
    assert_true(strstr(bed_missing(&f), "nat ") != NULL); /* and as it was told, nothing fits */
    bed_done(&f);
    q.at_ns += 18 * NS_PER_HOUR;
    BED_TRACE(&q, events, &f);
    assert_true(bed_doubts(&f, 1, "log_zone"));
    bed_done(&f);
    q.zone_min = 0; /* told as UTC, and it was Japan's */
    BED_TRACE(&q, events, &f);
    assert_true(bed_doubts(&f, 1, "slip_zone"));
    bed_done(&f);
}

static void without_a_port_all_of_them_are_told(void **state UNUSED) {
    static const struct bed_event events[] = {
        {30, "fw", {NAT("192.168.1.10", "5000", OUT, "40001", TO), WHOLE("60000000000")}},
        {30, "fw", {NAT("192.168.1.11", "5000", OUT, "40002", "203.0.113.99"), WHOLE("60000000000")}},
    };
    struct trace_question q = bed_question(OUT, 0);
    struct bed_found f;
    BED_TRACE(&q, events, &f);
    assert_int_equal(json_get_array(f.answer, "candidates")->first->next->next == NULL, true);
    assert_true(bed_doubts(&f, 1, "no_port"));
    bed_done(&f);
    assert_int_equal(ip_parse(STR("203.0.113.99"), &q.destination), 0);
    BED_TRACE(&q, events, &f);
    assert_true(strncmp(bed_who(&f), "192.168.1.11 ", 13) == 0 && !json_get_array(f.answer, "candidates")->first->next);
    bed_done(&f);
}

/* What a firewall's log and a flow record say of a published service, and of IPv6 that is translated. */
static void a_published_service_and_translated_ipv6_lead_inside(void **state UNUSED) {
    static const struct bed_event events[] = {
        {1, "flow", {"source.ip", TO, "source.port", "51234", "destination.ip", OUT, "destination.port", "443", "source.nat.ip", TO, "source.nat.port", "51234",
                     "destination.nat.ip", "192.168.1.20", "destination.nat.port", "8443", "event.action", "nat44-session-create"}},
        {1, "flow", {"source.ip", TO, "source.port", "51235", "destination.ip", OUT, "destination.port", "25",
                     "destination.nat.ip", "192.168.1.25", "event.action", "flow-create"}},
        {-HOUR, "dhcp", {LEASE("192.168.1.20", MAC_A, "www")}},
        {2, "flow", {"source.ip", "fd00::10", "source.port", "5000", "source.nat.ip", "2001:db8:1::10", "source.nat.port", "5000",
                     "destination.ip", "2001:db8:ffff::80", "destination.port", "443", "event.action", "nat-create"}},
    };
    struct trace_question q = bed_question(OUT, 443);
    struct bed_found f;
    BED_TRACE(&q, events, &f);
    assert_true(strncmp(bed_who(&f), "192.168.1.20 www", 16) == 0);
    bed_done(&f);
    q = bed_question(OUT, 25); /* the port is kept */
    BED_TRACE(&q, events, &f);
    assert_true(strncmp(bed_who(&f), "192.168.1.25 ", 13) == 0);
    bed_done(&f);
    q = bed_question("2001:db8:1::10", 5000);
    BED_TRACE(&q, events, &f);
    assert_true(strncmp(bed_who(&f), "fd00::10 ", 9) == 0);
    bed_done(&f);
}

UNIT_GROUP(trace_join, cmocka_unit_test(one_of_each_log_is_enough), cmocka_unit_test(a_port_used_again_within_seconds_is_two_candidates),
           cmocka_unit_test(a_closed_connection_ends_before_its_table_forgets_it),
           cmocka_unit_test(a_log_of_leases_read_in_another_zone_is_said),
           cmocka_unit_test(an_end_nobody_logged_is_where_the_port_is_anothers), cmocka_unit_test(a_clock_that_is_wrong_is_put_right),
           cmocka_unit_test(several_translations_are_followed), cmocka_unit_test(a_proxy_is_asked_whom_it_served),
           cmocka_unit_test(a_lease_handed_over_is_followed), cmocka_unit_test(several_people_on_one_machine_are_all_named),
           cmocka_unit_test(the_same_private_network_elsewhere_is_left_out), cmocka_unit_test(a_central_server_and_a_branch_are_two_networks),
           cmocka_unit_test(ipv6_is_a_machine_itself), cmocka_unit_test(the_other_zone_is_offered),
           cmocka_unit_test(without_a_port_all_of_them_are_told),
           cmocka_unit_test(a_published_service_and_translated_ipv6_lead_inside))

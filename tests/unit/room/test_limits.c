/* A list has its limit of what its reader may see, not of what there is: a case few may see takes nobody's place in it. */
#include "fixture.h"

#include "room/deed.h"
#include "room/hunt.h"
#include "room/mail_report.h"
#include "room/message.h"
#include "room/person_report.h"
#include "room/tightening.h"
#include "room/tip.h"

#define MANY 520 /* above every limit below */

static int deeds(struct room *r, const struct room_actor *who, struct jsonw *w) {
    return room_deeds_write(r, 0, who, w, NULL);
}
static int actions(struct room *r, const struct room_actor *who, struct jsonw *w) {
    return room_actions_write(r, 0, who, w, NULL);
}
static int messages(struct room *r, const struct room_actor *who, struct jsonw *w) {
    jsonw_object(w);
    int e = room_messages_write(r, 0, who, w, NULL);
    jsonw_end(w);
    return e;
}
static int tips(struct room *r, const struct room_actor *who, struct jsonw *w) {
    return room_tips_write(r, who, STR("all"), w, NULL);
}
static int tightenings(struct room *r, const struct room_actor *who, struct jsonw *w) {
    jsonw_object(w);
    int e = room_tightenings_write(r, 0, who, w, NULL);
    jsonw_end(w);
    return e;
}

/* Rows straight into the table: what is asked here is the list. ?1 the case, ?2 a number, ?3 a word to look for. */
static const struct {
    int (*list)(struct room *r, const struct room_actor *who, struct jsonw *w);
    const char *sql;
} lists[] = {
    {deeds, "INSERT INTO deed(incident_id, batch, kind, driver, target, params, minutes, reason, state) VALUES (?1, 'b' || ?2, 'site_close', 'd', ?3, '{}', 60, '', 'in_force')"},
    {actions, "INSERT INTO action(incident_id, kind, state, minutes, rule_title) VALUES (?1, 'block', 'in_force', 60 + ?2 * 0, ?3)"},
    {messages, "INSERT INTO message(incident_id, way, address, who, subject, body, vars, next_at, until_at, reply_to) VALUES (?1, 'mail', ?3, 'w', 's', 'b', '{}', ?2, 0, '')"},
    {tips, "INSERT INTO tip(incident_id, number, form, from_kind, sender, contact, channel, text, received_at, state, match_state) VALUES (?1, 'T' || ?2, 'tip', 'police', ?3, '', "
           "'phone', 't', 1, 'case', 'none')"},
    {tightenings, "INSERT INTO tightening(incident_id, use, services, hosts, kinds, sets, sources, factor, reason, from_at, until_at, review_at) VALUES (?1, 'watch', '[]', '[]', '[]', "
                  "'[]', '[]', 50, ?3, 1, 2 + ?2 * 0, 2)"},
};

static void what_somebody_may_not_see_takes_nobodys_place(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor chief = fixture_actor(f, f->administrator), duty = fixture_actor(f, f->handler);
    struct room_incident_change c = {.set_commander = true, .commander = f->administrator, .set_need_to_know = true, .need_to_know = true};
    struct story one = {.id = "a0", .revision = 1, .rule = "r1", .kind = "", .level = "high", .service = "ssh", .group_source = "203.0.113.1", .first_ns = T0, .last_ns = T0, .count = 50, .good = -1};
    struct story two = one;
    struct room_row row;
    two.id = "b0", two.rule = "r2", two.service = "web", two.group_source = "203.0.113.2";
    int64_t open = fold(f, &one).incident, hidden = fold(f, &two).incident;
    assert_int_equal(room_row_load(f->r, OBJECT_INCIDENT, hidden, &row, NULL), 0);
    assert_int_equal(room_incident_change(f->r, &chief, hidden, row.version, &c, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        struct str seen = STR("seen-9f"), not_seen = STR("hidden-9f");
        struct jsonw w;
        struct buf b;
        assert_int_equal(sql_run(f->r->db, NULL, lists[i].sql, "iis", open, (int64_t) 0, &seen), 0);
        for (int64_t n = 1; n <= MANY; n++)
            assert_int_equal(sql_run(f->r->db, NULL, lists[i].sql, "iis", hidden, n, &not_seen), 0);
        buf_init(&b, 8 << 20);
        jsonw_init(&w, &b);
        assert_int_equal(lists[i].list(f->r, &duty, &w), 0);
        if (str_find(buf_str(&b), seen, 0) < 0)
            fail_msg("list %zu has no place for what may be seen", i);
        assert_true(str_find(buf_str(&b), not_seen, 0) < 0);
        buf_done(&b);
    }
    fixture_free(f);
}

UNIT_GROUP(room_limits, cmocka_unit_test(what_somebody_may_not_see_takes_nobodys_place))

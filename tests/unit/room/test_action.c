/* Actions: what is proposed and why, what is done by itself, and every way an order can end. The
 * hand is played: its messages are those kizuki-hand writes. */
#include "fixture.h"

#define MIN_ NS_PER_MIN

struct hand { /* notes the room wanted to send */
    struct fixture *f;
    int notes;
    char order_id[40], type[16], text[4096];
};

static int catch_note(void *ctx, struct str note) {
    struct hand *h = ctx;
    struct str text, s;
    struct arena a;
    struct json_value *v;
    arena_init(&a, 1 << 20);
    assert_int_equal(sign_open_note(&h->f->public_key, SIGN_ORDER, note, &text, NULL), 0);
    assert_int_equal(json_parse(&a, text, &v, NULL), 0);
    assert_true(json_get_str(v, "type", &s));
    snprintf(h->type, sizeof h->type, "%.*s", STR_ARG(s));
    assert_true(json_get_str(v, "order_id", &s));
    snprintf(h->order_id, sizeof h->order_id, "%.*s", STR_ARG(s));
    snprintf(h->text, sizeof h->text, "%.*s", STR_ARG(text));
    h->notes++;
    arena_done(&a);
    return 0;
}

static struct hand poll(struct fixture *f) {
    struct hand h = {.f = f};
    struct diag d = {0};
    if (room_hand_poll(f->r, catch_note, &h, &d) < 0)
        fail_msg("%s", d.text);
    return h;
}

static void says(struct fixture *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void says(struct fixture *f, const char *fmt, ...) {
    char z[8192];
    struct diag d = {0};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(z, sizeof z, fmt, ap);
    va_end(ap);
    if (room_hand_message(f->r, str_of(z), &d) < 0)
        fail_msg("%s: %s", d.text, z);
}

static void connect_hand(struct fixture *f, bool dry_run) {
    assert_int_equal(room_hand_connected(f->r, true, NULL), 0);
    struct hand h = poll(f);
    assert_string_equal(h.type, "list");
    says(f,
         "{\"order_id\":\"%s\",\"ok\":true,\"limits\":{\"dry_run\":%s},\"blocks\":[],\"more\":"
         "false}",
         h.order_id, dry_run ? "true" : "false");
}

static struct story attack(const char *id, const char *source, int good) {
    return (struct story){.id = id,
                          .revision = 1,
                          .rule = "r-list",
                          .kind = "list_attack",
                          .level = "high",
                          .propose = "block_source",
                          .service = "members",
                          .group_source = source,
                          .account_pattern = "m#",
                          .account_n = 30,
                          .first_ns = T0,
                          .last_ns = T0 + 30 * NS_PER_S,
                          .count = 60,
                          .good = good};
}

static struct str action_json(struct fixture *f, struct buf *out, int64_t id, int64_t person) {
    struct jsonw w;
    struct diag d = {0};
    struct room_actor who = fixture_actor(f, person);
    buf_clear(out);
    jsonw_init(&w, out);
    if (room_action_write(f->r, id, &who, &w, &d) < 0)
        fail_msg("%s", d.text);
    return buf_str(out);
}

static struct fixture *room_with(enum room_block_mode mode) {
    struct fixture *f = fixture_new();
    f->policy.mode = mode;
    f->now_ns = T0 + 40 * NS_PER_S;
    return f;
}

static void is_done_by_itself_where_nothing_speaks_against_it(void **state UNUSED) {
    struct fixture *f = room_with(BLOCK_AUTO);
    struct buf out;
    struct arena a;
    arena_init(&a, 1 << 22);
    buf_init(&out, 1 << 22);
    connect_hand(f, false);
    struct story s = attack("a0", "198.51.100.1", 0);
    fold(f, &s);
    struct hand h = poll(f);
    assert_string_equal(h.type, "block");
    assert_str(at(&a, str_of(h.text), "addresses.0"), "198.51.100.1");
    assert_str(at(&a, str_of(h.text), "minutes"), "60");
    assert_str(at(&a, str_of(h.text), "incident"), "K-2026-0001");
    assert_int_equal(poll(f).notes, 0); /* not twice */
    f->now_ns += NS_PER_S;
    says(f,
         "{\"order_id\":\"%s\",\"ok\":true,\"results\":[{\"address\":\"198.51.100.1\",\"ok\":true,"
         "\"state\":"
         "\"blocked\",\"reason\":null,\"text\":\"\",\"until_ms\":%lld}]}",
         h.order_id, (long long) ((f->now_ns + 60 * MIN_) / NS_PER_MS));
    struct str json = action_json(f, &out, 1, f->handler);
    assert_str(at(&a, json, "state"), "in_force");
    assert_str(at(&a, json, "addresses.0.state"), "blocked");
    assert_str(at(&a, json, "decided_by.key"), "by.policy");
    assert_str(at(&a, json, "why_proposed"), "null");
    assert_str(at(&a, json, "may.undo"), "true");
    assert_str(at(&a, json, "may.approve"), "false");
    assert_int_equal(
        number(f, "SELECT decision_by = 'policy' AND contained_at - decision_at = 1000000000 "
                  "AND contained_n = 1 FROM incident"),
        1);
    /* another source of the same case extends the same action */
    struct story t = attack("a1", "198.51.100.2", 1);
    fold(f, &t);
    h = poll(f);
    assert_string_equal(h.type, "block");
    assert_str(at(&a, str_of(h.text), "addresses.0"), "198.51.100.2");
    assert_int_equal(number(f, "SELECT count(*) FROM action"), 1);
    buf_done(&out);
    arena_done(&a);
    fixture_free(f);
}

static void says_why_it_is_only_proposed(void **state UNUSED) {
    static const struct room_listed lists[] = {
        {LIST_PARTNER, {"198.51.100.50", 13}, {{{198, 51, 100, 50}, 4}, 32}},
        {LIST_SHARED, {"203.0.113.0/24", 14}, {{{203, 0, 113}, 4}, 24}}};
    static const struct {
        enum room_block_mode mode;
        bool hand, dry_run;
        const char *source;
        int good;
        int64_t later_ns;
        const char *why, *state;
    } rows[] = {
        {BLOCK_PROPOSE, true, false, "198.51.100.1", 0, 0, "why.policy", "proposed"},
        {BLOCK_AUTO, false, false, "198.51.100.1", 0, 0, "why.hand_away", "proposed"},
        {BLOCK_AUTO, true, true, "198.51.100.1", 0, 0, "why.dry_run", "proposed"},
        {BLOCK_AUTO, true, false, "198.51.100.1", 0, 20 * MIN_, "why.old", "proposed"},
        {BLOCK_AUTO, true, false, "198.51.100.1", -1, 0, "why.good_unknown", "proposed"},
        {BLOCK_AUTO, true, false, "198.51.100.1", 4, 0, "why.good_accounts", "proposed"},
        {BLOCK_AUTO, true, false, "203.0.113.9", 0, 0, "why.shared", "proposed"},
        {BLOCK_AUTO, true, false, "198.51.100.50", 0, 0, "why.partner", "refused"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct fixture *f = room_with(rows[i].mode);
        struct buf out;
        struct arena a;
        arena_init(&a, 1 << 22);
        buf_init(&out, 1 << 22);
        f->policy.listed = lists;
        f->policy.n_listed = 2;
        f->now_ns += rows[i].later_ns;
        if (rows[i].hand)
            connect_hand(f, rows[i].dry_run);
        struct story s = attack("a0", rows[i].source, rows[i].good);
        fold(f, &s);
        struct str json = action_json(f, &out, 1, f->handler);
        assert_str(at(&a, json, "state"), "proposed");
        assert_str(at(&a, json, "why_proposed.key"), rows[i].why);
        assert_str(at(&a, json, "addresses.0.state"), rows[i].state);
        assert_int_equal(poll(f).notes, 0);
        buf_done(&out);
        arena_done(&a);
        fixture_free(f);
    }
}

static void exactly_three_good_accounts_are_few(void **state UNUSED) {
    struct fixture *f = room_with(BLOCK_AUTO);
    connect_hand(f, false);
    struct story s = attack("a0", "198.51.100.1", 3);
    fold(f, &s);
    assert_string_equal(poll(f).type, "block");
    fixture_free(f);
}

static int64_t proposed(struct fixture *f, bool dry_run) {
    connect_hand(f, dry_run);
    struct story s = attack("a0", "198.51.100.1", 0);
    fold(f, &s);
    return 1;
}

static void a_person_decides(void **state UNUSED) {
    struct fixture *f = room_with(BLOCK_PROPOSE);
    struct room_actor duty = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    struct buf out;
    struct arena a;
    arena_init(&a, 1 << 22);
    buf_init(&out, 1 << 22);
    int64_t id = proposed(f, false);
    assert_int_equal(room_action_approve(f->r, &auditor, id, 1, 0, NULL), -ERR_REFUSED);
    assert_int_equal(room_action_approve(f->r, &duty, id, 9, 0, NULL), -ERR_VERSION);
    /* another address joins: whoever saw one address does not approve two */
    struct story s = attack("a1", "198.51.100.2", 0);
    fold(f, &s);
    assert_int_equal(number(f, "SELECT count(*) FROM action"), 1);
    assert_int_equal(room_action_approve(f->r, &duty, id, 1, 30, NULL), -ERR_VERSION);
    f->now_ns += 4 * MIN_;
    assert_int_equal(room_action_approve(f->r, &duty, id, 2, 30, NULL), 0);
    struct hand h = poll(f);
    assert_str(at(&a, str_of(h.text), "minutes"), "30");
    assert_str(at(&a, str_of(h.text), "addresses.1"), "198.51.100.2");
    assert_int_equal(number(f, "SELECT decision_by = 'person:2' FROM incident"), 1);
    assert_int_equal(room_action_approve(f->r, &duty, id, 3, 30, NULL), -EBUSY);
    /* one is refused by the hand, the other stands */
    says(
        f,
        "{\"order_id\":\"%s\",\"ok\":false,\"results\":[{\"address\":\"198.51.100.1\",\"ok\":true,"
        "\"state\":"
        "\"blocked\",\"reason\":null,\"until_ms\":%lld},{\"address\":\"198.51.100.2\",\"ok\":false,"
        "\"state\":\"refused\",\"reason\":\"never_block\",\"until_ms\":null}]}",
        h.order_id, (long long) ((f->now_ns + 30 * MIN_) / NS_PER_MS));
    struct str json = action_json(f, &out, id, f->handler);
    assert_str(at(&a, json, "state"), "in_force");
    assert_str(at(&a, json, "addresses.0.state"), "blocked");
    assert_str(at(&a, json, "addresses.1.state"), "refused");
    assert_str(at(&a, json, "addresses.1.reason"), "never_block");
    assert_str(at(&a, json, "decided_by.params.name"), "duty");
    buf_done(&out);
    arena_done(&a);
    fixture_free(f);
}

static void in_force(struct fixture *f, int64_t id) {
    struct room_actor duty = fixture_actor(f, f->handler);
    assert_int_equal(room_action_approve(f->r, &duty, id, 1, 60, NULL), 0);
    struct hand h = poll(f);
    says(f,
         "{\"order_id\":\"%s\",\"ok\":true,\"results\":[{\"address\":\"198.51.100.1\",\"ok\":true,"
         "\"state\":"
         "\"blocked\",\"reason\":null,\"until_ms\":%lld}]}",
         h.order_id, (long long) ((f->now_ns + 60 * MIN_) / NS_PER_MS));
}

static void is_taken_back(void **state UNUSED) {
    struct fixture *f = room_with(BLOCK_PROPOSE);
    struct room_actor duty = fixture_actor(f, f->handler);
    int64_t id = proposed(f, false), version;
    in_force(f, id);
    version = number(f, "SELECT version FROM action");
    assert_int_equal(room_action_undo(f->r, &duty, id, version - 1, NULL), -ERR_VERSION);
    assert_int_equal(room_action_undo(f->r, &duty, id, version, NULL), 0);
    struct hand h = poll(f);
    assert_string_equal(h.type, "unblock");
    says(f,
         "{\"order_id\":\"%s\",\"ok\":true,\"results\":[{\"address\":\"198.51.100.1\",\"ok\":true,"
         "\"state\":"
         "\"unblocked\",\"reason\":null,\"until_ms\":null}]}",
         h.order_id);
    assert_int_equal(number(f, "SELECT state = 'undone' FROM action"), 1);
    assert_int_equal(
        number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.action_undone'"), 1);
    /* and is not done again by itself for this case */
    f->policy.mode = BLOCK_AUTO;
    struct story s = attack("a0", "198.51.100.1", 0);
    s.revision = 2;
    s.last_ns = f->now_ns;
    fold(f, &s);
    assert_int_equal(poll(f).notes, 0);
    fixture_free(f);
}

static void lasts_longer(void **state UNUSED) {
    struct fixture *f = room_with(BLOCK_PROPOSE);
    struct room_actor duty = fixture_actor(f, f->handler);
    struct arena a;
    arena_init(&a, 1 << 20);
    int64_t id = proposed(f, false);
    in_force(f, id);
    f->now_ns += 50 * MIN_;
    assert_int_equal(
        room_action_extend(f->r, &duty, id, number(f, "SELECT version FROM action"), 60, NULL), 0);
    struct hand h = poll(f);
    assert_str(at(&a, str_of(h.text), "minutes"), "70"); /* what is left and what is added */
    says(f,
         "{\"order_id\":\"%s\",\"ok\":true,\"results\":[{\"address\":\"198.51.100.1\",\"ok\":true,"
         "\"state\":"
         "\"blocked\",\"reason\":null,\"until_ms\":%lld}]}",
         h.order_id, (long long) ((f->now_ns + 70 * MIN_) / NS_PER_MS));
    assert_int_equal(number(f, "SELECT state = 'in_force' FROM action"), 1);
    assert_int_equal(number(f, "SELECT until_at FROM action"), f->now_ns + 70 * MIN_);
    arena_done(&a);
    fixture_free(f);
}

static void ends_when_the_hand_says_so_or_no_longer_lists_it(void **state UNUSED) {
    for (int told = 0; told < 2; told++) {
        struct fixture *f = room_with(BLOCK_PROPOSE);
        int64_t id = proposed(f, false);
        in_force(f, id);
        f->now_ns += 60 * MIN_;
        if (told) {
            says(f, "{\"event\":\"ended\",\"order_id\":null,\"why\":\"time\",\"addresses\":[\"198."
                    "51.100.1\"]}");
        } else {
            assert_int_equal(room_actions_tick(f->r, NULL), 0);
            struct hand h = poll(f);
            assert_string_equal(h.type, "list");
            says(f,
                 "{\"order_id\":\"%s\",\"ok\":true,\"limits\":{\"dry_run\":false},\"blocks\":[],"
                 "\"more\":false}",
                 h.order_id);
        }
        assert_int_equal(number(f, "SELECT state = 'ended' FROM action"), 1);
        assert_int_equal(number(f, "SELECT count(*) FROM action_address WHERE state = 'ended'"), 1);
        fixture_free(f);
    }
}

static void the_effect_is_what_was_counted(void **state UNUSED) {
    struct fixture *f = room_with(BLOCK_PROPOSE);
    struct buf out;
    struct arena a;
    arena_init(&a, 1 << 22);
    buf_init(&out, 1 << 22);
    int64_t id = proposed(f, false);
    in_force(f, id);
    struct story s = attack("a0", "198.51.100.1", 0);
    s.revision = 2;
    s.count = 67; /* seven more came through before the block took hold */
    s.last_ns = f->now_ns;
    f->now_ns += 20 * NS_PER_S;
    fold(f, &s);
    assert_int_equal(room_actions_tick(f->r, NULL), 0);
    struct hand h = poll(f);
    says(f,
         "{\"order_id\":\"%s\",\"ok\":true,\"limits\":{\"dry_run\":false},\"blocks\":[{\"address\":"
         "\"198.51.100.1\",\"order_id\":\"x\",\"since_ms\":1,\"until_ms\":2,\"packets\":812,"
         "\"bytes\":48720,"
         "\"dry_run\":false}],\"more\":false}",
         h.order_id);
    struct str json = action_json(f, &out, id, f->handler);
    assert_str(at(&a, json, "effect.packets_dropped"), "812");
    assert_str(at(&a, json, "effect.tries_after"), "7");
    buf_done(&out);
    arena_done(&a);
    fixture_free(f);
}

static void a_dry_run_contains_nothing(void **state UNUSED) {
    struct fixture *f = room_with(BLOCK_PROPOSE);
    struct room_actor duty = fixture_actor(f, f->handler);
    int64_t id = proposed(f, true);
    assert_int_equal(room_action_approve(f->r, &duty, id, 1, 60, NULL), 0);
    struct hand h = poll(f);
    says(f,
         "{\"order_id\":\"%s\",\"ok\":true,\"results\":[{\"address\":\"198.51.100.1\",\"ok\":true,"
         "\"state\":"
         "\"dry_run\",\"reason\":null,\"until_ms\":null}]}",
         h.order_id);
    assert_int_equal(number(f, "SELECT state = 'dry_run' FROM action"), 1);
    assert_int_equal(number(f, "SELECT contained_at IS NULL AND dry_run_n = 1 FROM incident"), 1);
    fixture_free(f);
}

static void an_order_nobody_confirmed_is_proposed_again(void **state UNUSED) {
    struct fixture *f = room_with(BLOCK_PROPOSE);
    struct room_actor duty = fixture_actor(f, f->handler);
    int64_t id = proposed(f, false);
    assert_int_equal(room_action_approve(f->r, &duty, id, 1, 60, NULL), 0);
    poll(f);
    f->now_ns += 63 * NS_PER_S;
    assert_int_equal(room_actions_tick(f->r, NULL), 0);
    assert_int_equal(
        number(f, "SELECT state = 'proposed' AND why_key = 'why.rolled_back' FROM action"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM action_address WHERE state = 'proposed'"), 1);
    assert_int_equal(
        room_action_approve(f->r, &duty, id, number(f, "SELECT version FROM action"), 60, NULL), 0);
    fixture_free(f);
}

/* The connection broke after the hand had acted: its list tells, nothing is sent twice. */
static void a_lost_answer_is_found_in_the_list(void **state UNUSED) {
    struct fixture *f = room_with(BLOCK_PROPOSE);
    struct room_actor duty = fixture_actor(f, f->handler);
    char order[40];
    int64_t id = proposed(f, false);
    assert_int_equal(room_action_approve(f->r, &duty, id, 1, 60, NULL), 0);
    struct hand h = poll(f);
    snprintf(order, sizeof order, "%s", h.order_id);
    assert_int_equal(room_hand_connected(f->r, false, NULL), 0);
    assert_int_equal(room_hand_connected(f->r, true, NULL), 0);
    h = poll(f);
    assert_string_equal(h.type, "list"); /* first this, no order yet */
    assert_int_equal(h.notes, 1);
    says(f,
         "{\"order_id\":\"%s\",\"ok\":true,\"limits\":{\"dry_run\":false},\"blocks\":[{\"address\":"
         "\"198.51.100.1\",\"order_id\":\"%s\",\"since_ms\":1,\"until_ms\":%lld,\"packets\":1,"
         "\"bytes\":1,"
         "\"dry_run\":false}],\"more\":false}",
         h.order_id, order, (long long) ((f->now_ns + 60 * MIN_) / NS_PER_MS));
    assert_int_equal(number(f, "SELECT state = 'in_force' FROM action"), 1);
    assert_int_equal(poll(f).notes, 0);
    fixture_free(f);
}

static void an_order_not_carried_out_is_sent_again(void **state UNUSED) {
    struct fixture *f = room_with(BLOCK_PROPOSE);
    struct room_actor duty = fixture_actor(f, f->handler);
    char order[40];
    int64_t id = proposed(f, false);
    assert_int_equal(room_action_approve(f->r, &duty, id, 1, 60, NULL), 0);
    struct hand h = poll(f);
    snprintf(order, sizeof order, "%s", h.order_id);
    assert_int_equal(room_hand_connected(f->r, false, NULL), 0);
    connect_hand(f, false);
    h = poll(f);
    assert_string_equal(h.type, "block");
    assert_string_equal(h.order_id, order); /* the same note: the hand tells a replay */
    fixture_free(f);
}

/* It was killed and is started again: what is decided in between goes out when it is back. */
static void a_hand_that_is_away_for_a_moment_is_waited_for(void **state UNUSED) {
    struct fixture *f = room_with(BLOCK_AUTO);
    connect_hand(f, false);
    assert_int_equal(room_hand_connected(f->r, false, NULL), 0);
    f->now_ns += 2 * NS_PER_S;
    struct story s = attack("a0", "198.51.100.1", 0);
    fold(f, &s);
    assert_int_equal(poll(f).notes, 0);
    connect_hand(f, false);
    assert_string_equal(poll(f).type, "block");
    /* away for longer: a person is asked */
    assert_int_equal(room_hand_connected(f->r, false, NULL), 0);
    f->now_ns += 25 * NS_PER_S;
    s = attack("a1", "198.51.100.2", 0);
    fold(f, &s);
    assert_int_equal(number(f, "SELECT count(*) FROM action_address WHERE address = '198.51.100.2' "
                               "AND state = 'proposed' AND reason = 'hand_away'"),
                     1);
    /* back, but in dry-run */
    connect_hand(f, true);
    assert_int_equal(room_hand_connected(f->r, false, NULL), 0);
    s = attack("a2", "198.51.100.3", 0);
    fold(f, &s);
    assert_int_equal(number(f, "SELECT count(*) FROM action_address WHERE address = '198.51.100.3' "
                               "AND state = 'proposed'"),
                     1);
    fixture_free(f);
}

static void without_a_hand_nothing_is_approved(void **state UNUSED) {
    struct fixture *f = room_with(BLOCK_PROPOSE);
    struct room_actor duty = fixture_actor(f, f->handler);
    struct story s = attack("a0", "198.51.100.1", 0);
    fold(f, &s);
    assert_int_equal(room_action_approve(f->r, &duty, 1, 1, 60, NULL), -EAGAIN);
    assert_int_equal(number(f, "SELECT version = 1 AND state = 'proposed' FROM action"), 1);
    assert_int_equal(room_action_reject(f->r, &duty, 1, 1, STR("false alarm"), NULL), 0);
    assert_int_equal(number(f, "SELECT state = 'rejected' FROM action"), 1);
    /* said no once: the same address is not asked about again in this case */
    s.revision = 2;
    fold(f, &s);
    assert_int_equal(number(f, "SELECT count(*) FROM action"), 1);
    fixture_free(f);
}

static void hostile_words_of_a_hand_change_nothing(void **state UNUSED) {
    static const char *const words[] = {
        "[]",
        "{}",
        "nonsense",
        "{\"order_id\":\"unknown\",\"ok\":true,\"results\":[]}",
        "{\"event\":\"ended\"}",
        "{\"event\":\"ended\",\"addresses\":[1,null,\"203.0.113.1\"]}",
        "{\"blocks\":[{\"address\":\"203.0.113.1\",\"order_id\":\"x\",\"until_ms\":-5}],\"limits\":"
        "{}}",
        "{\"blocks\":[{}],\"more\":7}"};
    struct fixture *f = room_with(BLOCK_PROPOSE);
    int64_t id = proposed(f, false), rows = number(f, "SELECT count(*) FROM audit");
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        (void) (room_hand_message(f->r, str_of(words[i]), NULL) == 0);
    assert_int_equal(number(f, "SELECT state = 'proposed' FROM action"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM audit"), rows);
    assert_int_equal(id, 1);
    fixture_free(f);
}

UNIT_GROUP(room_action, cmocka_unit_test(is_done_by_itself_where_nothing_speaks_against_it),
           cmocka_unit_test(says_why_it_is_only_proposed),
           cmocka_unit_test(exactly_three_good_accounts_are_few),
           cmocka_unit_test(a_person_decides), cmocka_unit_test(is_taken_back),
           cmocka_unit_test(lasts_longer),
           cmocka_unit_test(ends_when_the_hand_says_so_or_no_longer_lists_it),
           cmocka_unit_test(the_effect_is_what_was_counted),
           cmocka_unit_test(a_dry_run_contains_nothing),
           cmocka_unit_test(an_order_nobody_confirmed_is_proposed_again),
           cmocka_unit_test(a_lost_answer_is_found_in_the_list),
           cmocka_unit_test(an_order_not_carried_out_is_sent_again),
           cmocka_unit_test(a_hand_that_is_away_for_a_moment_is_waited_for),
           cmocka_unit_test(without_a_hand_nothing_is_approved),
           cmocka_unit_test(hostile_words_of_a_hand_change_nothing))

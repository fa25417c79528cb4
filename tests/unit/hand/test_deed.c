#include "unit.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "hand/deed.h"
#include "hand/deed_priv.h"

#include <sys/stat.h>
#include <unistd.h>

/* A driver's world that can be stepped: what stands out there, what fails, what was said. */
struct deed_world {
    char dir[64], site[128], template[128], journal[128];
    struct sign_secret key, other_key;
    struct sign_public pub, other_pub;
    int64_t wall_ms, boot_ns;
    const char *boot_id;
    struct deed_driver *driver;
    struct deeds *hand;
    char standing[4][32]; /* targets that are applied out there; a text of params beside */
    char params[4][64];
    unsigned applies, undoes;
    bool fail_check, fail_apply, fail_undo, lie_standing;
    bool die_in_apply, die_after_apply; /* the journal is copied as a kill would leave it */
    char at_kill[128];
    struct buf said;
    unsigned serial;
};

static int64_t wall(void *ctx) {
    return ((struct deed_world *) ctx)->wall_ms;
}
static int64_t boot(void *ctx) {
    return ((struct deed_world *) ctx)->boot_ns;
}
static void say(void *ctx, void *who UNUSED, struct str message) {
    struct deed_world *w = ctx;
    buf_add(&w->said, message);
    buf_add_byte(&w->said, '\n');
}
static void note(void *ctx UNUSED, bool bad UNUSED, const char *sentence UNUSED) {
}

static int slot(struct deed_world *w, struct str target) {
    for (int i = 0; i < 4; i++)
        if (str_eq_z(target, w->standing[i]))
            return i;
    return -1;
}

static void copy_journal(struct deed_world *w) {
    struct arena a;
    struct str bytes;
    arena_init(&a, 1 << 20);
    assert_int_equal(file_read(&a, w->journal, 1 << 20, &bytes, NULL), 0);
    assert_int_equal(file_write_atomic(w->at_kill, bytes, 0600, NULL), 0);
    arena_done(&a);
}

static int run(void *ctx, enum deed_verb verb, struct str kind UNUSED, struct str target, struct str params,
               struct buf *kept, struct diag *d) {
    struct deed_world *w = ctx;
    int at = slot(w, target);
    switch (verb) {
    case DEED_CHECK:
        return w->fail_check ? diag_set(d, -ERR_REFUSED, "no such thing") : 0;
    case DEED_APPLY:
        if (w->die_in_apply)
            copy_journal(w);
        if (w->fail_apply)
            return diag_set(d, -EIO, "it broke");
        w->applies++;
        if (at < 0)
            at = slot(w, STR(""));
        snprintf(w->standing[at], sizeof w->standing[at], "%.*s", STR_ARG(target));
        snprintf(w->params[at], sizeof w->params[at], "%.*s", STR_ARG(params));
        buf_clear(kept);
        buf_add_z(kept, "{\"id\":\"x1\"}");
        if (w->die_after_apply)
            copy_journal(w);
        return 0;
    case DEED_UNDO:
        if (w->fail_undo)
            return diag_set(d, -EIO, "cannot be reached");
        w->undoes++;
        if (at >= 0)
            w->standing[at][0] = 0;
        return 0;
    case DEED_STANDING:
        return (at >= 0) != w->lie_standing ? 0 : diag_set(d, -ERR_REFUSED, "not seen");
    case DEED_GONE:
        return at < 0 ? 0 : diag_set(d, -ERR_REFUSED, "still there");
    case DEED_VERB_MAX_:
        break;
    }
    return -EINVAL;
}

static const char template[] = "id: t\ntitle: {ja: x, en: x}\nproven: y\nprograms: {true: /bin/true}\nkinds:\n"
                               "  freeze:\n    target: {type: name, most: 30}\n"
                               "    params: {allow: {type: hosts, most: 2, optional: true}}\n"
                               "    apply: [{run: true}]\n    undo: [{run: true}]\n    standing: [{run: true}]\n"
                               "  send:\n    target: {type: name, most: 30}\n    params: {text: {type: text, most: 20}}\n"
                               "    repeat: false\n    apply: [{run: true}]\n";
static const char site[] = "driver: t\ndry_run: false\nminutes_max: 600\nper_minute: 5\nnever: [root]\n";

static void write_file(const char *path, const char *text) {
    assert_int_equal(file_write_atomic(path, str_of(text), 0644, NULL), 0);
}

static void open_hand(struct deed_world *w) {
    struct diag d = {0};
    struct deeds_config cfg = {.driver = w->driver,
                               .journal_path = w->journal,
                               .boot_id = w->boot_id,
                               .room = w->pub,
                               .clock = {w, wall, boot},
                               .ctx = w,
                               .run = run,
                               .say = say,
                               .note = note};
    assert_int_equal(deeds_new(&cfg, &w->hand, &d), 0);
    if (deeds_start(w->hand, &d) < 0)
        fail_msg("%s", d.text);
}

static void *begin(void) {
    struct deed_world *w = mem_zalloc(sizeof *w);
    struct diag d = {0};
    char path[128];
    snprintf(w->dir, sizeof w->dir, "/tmp/kizuki-deed-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->site, sizeof w->site, "%s/one.yml", w->dir);
    snprintf(w->template, sizeof w->template, "%s/t.yml", w->dir);
    snprintf(w->journal, sizeof w->journal, "%s/journal", w->dir);
    snprintf(w->at_kill, sizeof w->at_kill, "%s/killed", w->dir);
    write_file(w->template, template);
    write_file(w->site, site);
    snprintf(path, sizeof path, "%s/key", w->dir);
    assert_int_equal(sign_key_open(path, &w->key, &w->pub, NULL), 0);
    snprintf(path, sizeof path, "%s/other", w->dir);
    assert_int_equal(sign_key_open(path, &w->other_key, &w->other_pub, NULL), 0);
    if (deed_driver_load(w->site, w->dir, &w->driver, &d) < 0)
        fail_msg("%s:%u: %s", d.file, d.line, d.text);
    w->wall_ms = 1700000000000;
    w->boot_ns = 1000 * NS_PER_S;
    w->boot_id = "first";
    buf_init(&w->said, 1 << 20);
    open_hand(w);
    return w;
}

static void done(struct deed_world *w) {
    static const char *const files[] = {"one.yml", "t.yml", "journal", "killed", "key", "key.pub", "other", "other.pub"};
    char path[128];
    deeds_free(w->hand);
    deed_driver_free(w->driver);
    buf_done(&w->said);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        snprintf(path, sizeof path, "%s/%s", w->dir, files[i]);
        IGNORE(unlink(path));
    }
    assert_int_equal(rmdir(w->dir), 0);
    mem_free(w);
}

static const char *order(struct deed_world *w, const struct sign_secret *key, const char *text) {
    struct buf b;
    buf_init(&b, 1 << 16);
    assert_int_equal(sign_note(key, &w->pub, SIGN_ORDER, str_of(text), &b), 0);
    buf_clear(&w->said);
    assert_true(deeds_take(w->hand, buf_str(&b), NULL) >= 0);
    buf_done(&b);
    return buf_z(&w->said);
}

static const char *act(struct deed_world *w, const char *type, const char *kind, const char *target, const char *more) {
    char text[600];
    snprintf(text, sizeof text,
             "{\"order_id\":\"order-%05u\",\"type\":\"%s\",\"driver\":\"one\",\"kind\":\"%s\",\"targets\":[\"%s\"],"
             "\"issued_ms\":%lld,\"expires_ms\":%lld,\"dry_run\":false%s}",
             ++w->serial, type, kind, target, (long long) w->wall_ms, (long long) w->wall_ms + 60000, more);
    return order(w, &w->key, text);
}

static bool says(struct deed_world *w, const char *what) {
    return strstr(buf_z(&w->said), what) != NULL;
}

static void restart(struct deed_world *w, bool from_kill) {
    deeds_free(w->hand);
    if (from_kill)
        assert_int_equal(rename(w->at_kill, w->journal), 0);
    w->die_in_apply = w->die_after_apply = false;
    buf_clear(&w->said);
    open_hand(w);
}

static void an_act_ends_by_itself_and_is_undone_once(void **state UNUSED) {
    struct deed_world *w = begin();
    act(w, "apply", "freeze", "alice", ",\"minutes\":10");
    assert_true(says(w, "\"state\":\"blocked\"") && slot(w, STR("alice")) >= 0);
    w->boot_ns += 9 * NS_PER_MIN;
    w->wall_ms += 9 * 60000;
    deeds_tick(w->hand);
    assert_true(slot(w, STR("alice")) >= 0);
    w->boot_ns += 2 * NS_PER_MIN;
    w->wall_ms -= 3600000; /* a wall clock set back lengthens nothing */
    buf_clear(&w->said);
    deeds_tick(w->hand);
    assert_true(slot(w, STR("alice")) < 0 && says(w, "\"event\":\"ended\"") && says(w, "\"why\":\"time\""));
    deeds_tick(w->hand);
    assert_int_equal(w->undoes, 1);
    done(w);
}

static void what_cannot_be_undone_is_tried_until_it_is(void **state UNUSED) {
    struct deed_world *w = begin();
    act(w, "apply", "freeze", "alice", ",\"minutes\":10");
    w->fail_undo = true;
    act(w, "undo", "freeze", "alice", "");
    assert_true(says(w, "\"state\":\"refused\"") && says(w, "tried again") && says(w, "undo_failed"));
    act(w, "apply", "freeze", "alice", ",\"minutes\":10");
    assert_true(says(w, "\"reason\":\"overlaps\""));
    restart(w, false); /* a start tries it, too */
    assert_true(slot(w, STR("alice")) >= 0);
    w->fail_undo = false;
    w->boot_ns += 31 * NS_PER_S;
    deeds_tick(w->hand);
    assert_true(slot(w, STR("alice")) < 0);
    assert_int_equal(w->undoes, 1);
    done(w);
}

static void killed_at_each_moment_it_is_done_once(void **state UNUSED) {
    for (int after = 0; after < 2; after++) {
        struct deed_world *w = begin();
        w->die_in_apply = !after;
        w->die_after_apply = after;
        act(w, "apply", "freeze", "alice", ",\"minutes\":10");
        if (!after)
            w->standing[0][0] = 0; /* killed before it reached anything */
        w->applies = 0;
        restart(w, true);
        assert_int_equal(w->applies, !after);
        assert_true(slot(w, STR("alice")) >= 0);
        act(w, "undo", "freeze", "alice", "");
        assert_true(says(w, "unblocked") && slot(w, STR("alice")) < 0);
        done(w);
    }
}

static void what_may_not_be_repeated_is_not(void **state UNUSED) {
    struct deed_world *w = begin();
    w->die_in_apply = true;
    act(w, "apply", "send", "bob", ",\"minutes\":1,\"params\":{\"text\":\"hello\"}");
    assert_int_equal(w->applies, 1);
    restart(w, true);
    assert_int_equal(w->applies, 1);
    assert_true(says(w, "\"event\":\"unsure\""));
    act(w, "apply", "send", "bob", ",\"minutes\":1,\"params\":{\"text\":\"hello\"}");
    assert_true(says(w, "refused"));
    assert_int_equal(w->applies, 1);
    done(w);
}

static void a_machine_started_anew_gets_back_what_it_lost(void **state UNUSED) {
    struct deed_world *w = begin();
    act(w, "apply", "freeze", "alice", ",\"minutes\":10");
    w->standing[0][0] = 0;
    w->boot_id = "second";
    w->boot_ns = 5 * NS_PER_S;
    w->wall_ms += 4 * 60000;
    restart(w, false);
    assert_true(slot(w, STR("alice")) >= 0);
    w->boot_ns += 5 * NS_PER_MIN;
    deeds_tick(w->hand);
    assert_true(slot(w, STR("alice")) >= 0);
    w->boot_ns += 2 * NS_PER_MIN;
    deeds_tick(w->hand);
    assert_true(slot(w, STR("alice")) < 0);
    done(w);
}

static void what_fails_is_taken_back(void **state UNUSED) {
    struct deed_world *w = begin();
    w->fail_apply = true;
    act(w, "apply", "freeze", "alice", ",\"minutes\":10");
    assert_true(says(w, "\"reason\":\"driver_failed\"") && says(w, "taken back: it broke"));
    assert_int_equal(w->undoes, 1);
    w->fail_apply = false;
    w->fail_check = true;
    act(w, "apply", "freeze", "alice", ",\"minutes\":10");
    assert_true(says(w, "a look beforehand says no"));
    assert_int_equal(w->applies, 0);
    w->fail_check = false;
    w->lie_standing = true; /* done, but nobody sees it: it is said, not hidden */
    act(w, "apply", "freeze", "alice", ",\"minutes\":10");
    assert_true(says(w, "\"state\":\"blocked\"") && says(w, "\"reason\":\"not_seen\""));
    done(w);
}

static void orders_are_refused_for_what_they_are(void **state UNUSED) {
    static const struct {
        const char *type, *kind, *target, *more, *reason;
    } rows[] = {
        {"apply", "freeze", "alice", "", "bad_value"},
        {"apply", "freeze", "alice", ",\"minutes\":0", "bad_value"},
        {"apply", "freeze", "alice", ",\"minutes\":601", "minutes_over_limit"},
        {"apply", "freeze", "ROOT", ",\"minutes\":1", "never_block"},
        {"apply", "freeze", "-rf", ",\"minutes\":1", "bad_value"},
        {"apply", "freeze", "a b", ",\"minutes\":1", "bad_value"},
        {"apply", "freeze", "alice", ",\"minutes\":1,\"params\":{\"x\":\"1\"}", "unknown_key"},
        {"apply", "freeze", "alice", ",\"minutes\":1,\"params\":{\"allow\":\"10.0.0.0/8\"}", "bad_value"},
        {"apply", "freeze", "alice", ",\"minutes\":1,\"params\":{\"allow\":\"1.1.1.1,1.1.1.2,1.1.1.3\"}", "bad_value"},
        {"apply", "send", "alice", ",\"minutes\":1", "bad_value"},
        {"apply", "send", "alice", ",\"minutes\":1,\"params\":{\"text\":\"a\\nb\"}", "bad_value"},
        {"apply", "other", "alice", ",\"minutes\":1", "unknown_type"},
        {"run", "freeze", "alice", ",\"minutes\":1", "unknown_type"},
        {"apply", "freeze", "alice", ",\"minutes\":1,\"argv\":[]", "unknown_key"},
    };
    struct deed_world *w = begin();
    char want[64];
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        act(w, rows[i].type, rows[i].kind, rows[i].target, rows[i].more);
        snprintf(want, sizeof want, "\"reason\":\"%s\"", rows[i].reason);
        if (!says(w, want))
            fail_msg("row %zu: %s", i, buf_z(&w->said));
    }
    assert_int_equal(w->applies, 0);
    /* the key, the driver, the id, the time */
    const char *text = "{\"order_id\":\"order-00001\",\"type\":\"undo\",\"driver\":\"two\",\"kind\":\"freeze\","
                       "\"targets\":[\"a\"],\"issued_ms\":1700000000000,\"expires_ms\":1700000060000}";
    order(w, &w->key, text);
    assert_true(says(w, "another driver"));
    order(w, &w->other_key, text);
    assert_true(says(w, "bad_signature"));
    act(w, "apply", "freeze", "alice", ",\"minutes\":1");
    assert_int_equal(w->applies, 1);
    w->serial--;
    act(w, "apply", "freeze", "bob", ",\"minutes\":1");
    assert_true(says(w, "replayed"));
    restart(w, false); /* remembered across a start */
    w->serial--;
    act(w, "apply", "freeze", "bob", ",\"minutes\":1");
    assert_true(says(w, "replayed"));
    w->wall_ms += 120000;
    w->serial++;
    order(w, &w->key, "{\"order_id\":\"order-99999\",\"type\":\"list\",\"driver\":\"one\",\"issued_ms\":1700000000000,"
                      "\"expires_ms\":1700000060000}");
    assert_true(says(w, "expired"));
    done(w);
}

static void a_ceiling_a_minute_holds(void **state UNUSED) {
    struct deed_world *w = begin();
    for (int i = 0; i < 5; i++) {
        act(w, "apply", "freeze", "alice", i % 2 ? ",\"minutes\":2" : ",\"minutes\":1,\"params\":{\"allow\":\"192.0.2.1\"}");
        assert_true(says(w, "\"ok\":true"));
    }
    act(w, "apply", "freeze", "bob", ",\"minutes\":1");
    assert_true(says(w, "too_many_a_minute"));
    act(w, "undo", "freeze", "alice", ""); /* undoing is always possible */
    assert_true(says(w, "unblocked"));
    w->boot_ns += NS_PER_MIN;
    act(w, "apply", "freeze", "bob", ",\"minutes\":1");
    assert_true(says(w, "blocked"));
    done(w);
}

static void templates_are_checked_whole(void **state UNUSED) {
    static const struct {
        const char *from, *to, *says;
    } rows[] = {
        {"{run: true}", "{run: sh}", "not one of 'programs'"},
        {"/bin/true", "true", "whole path"},
        {"type: hosts", "type: anything", "'type' is one of"},
        {"repeat: false", "repeats: false", "repeats"},
        {"    apply: [{run: true}]\n    undo", "    undo", "needs 'apply'"},
        {"{run: true}", "{run: true, shell: x}", "shell"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct deed_world *w = begin();
        struct deed_driver *d;
        struct diag err = {0};
        char text[2000];
        const char *at = strstr(template, rows[i].from);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int) (at - template), template, rows[i].to, at + strlen(rows[i].from));
        write_file(w->template, text);
        assert_true(deed_driver_load(w->site, w->dir, &d, &err) < 0);
        if (!strstr(err.text, rows[i].says) || !err.line)
            fail_msg("row %zu: line %u: %s", i, err.line, err.text);
        write_file(w->template, template);
        assert_int_equal(chmod(w->site, 0666), 0);
        assert_int_equal(deed_driver_load(w->site, w->dir, &d, &err), -ERR_REFUSED);
        done(w);
    }
}

static void values_are_escaped_for_where_they_stand(void **state UNUSED) {
    struct deed_world *w = begin();
    struct deed_pair kept[] = {{STR("id"), STR("a/b?c\"d")}};
    struct deed_scope s = {.driver = w->driver, .kind = &w->driver->kinds[1], .target = STR("x"), .kept = kept, .n_kept = 1};
    struct arena a;
    struct str out;
    arena_init(&a, 1 << 20);
    assert_int_equal(deed_expand(&a, &s, STR("/u/{{id}}/{{target}}"), DEED_IN_URL, &out, NULL), 0);
    assert_str(out, "/u/a%2Fb%3Fc%22d/x");
    assert_int_equal(deed_expand(&a, &s, STR("{\"i\":\"{{id}}\"}"), DEED_IN_JSON, &out, NULL), 0);
    assert_str(out, "{\"i\":\"a/b?c\\\"d\"}");
    assert_int_equal(deed_expand(&a, &s, STR("{{text}}"), DEED_IN_PLAIN, &out, NULL), -ERR_REFUSED);
    assert_int_equal(deed_expand(&a, &s, STR("{{text}}"), DEED_IN_ARG, &out, NULL), -ERR_REFUSED);
    assert_int_equal(deed_expand(&a, &s, STR("{{nothing}}"), DEED_IN_ARG, &out, NULL), -ERR_PARSE);
    arena_done(&a);
    done(w);
}

UNIT_GROUP(hand_deed, cmocka_unit_test(an_act_ends_by_itself_and_is_undone_once),
           cmocka_unit_test(what_cannot_be_undone_is_tried_until_it_is),
           cmocka_unit_test(killed_at_each_moment_it_is_done_once),
           cmocka_unit_test(what_may_not_be_repeated_is_not),
           cmocka_unit_test(a_machine_started_anew_gets_back_what_it_lost),
           cmocka_unit_test(what_fails_is_taken_back),
           cmocka_unit_test(orders_are_refused_for_what_they_are),
           cmocka_unit_test(a_ceiling_a_minute_holds),
           cmocka_unit_test(templates_are_checked_whole),
           cmocka_unit_test(values_are_escaped_for_where_they_stand))

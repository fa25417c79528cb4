/* The chain: what was changed, removed, swapped or added behind the door's back is found and named.
 */
#include "fixture.h"

#include "base/hash.h"

#include <sqlite3.h>

static void story(struct fixture *f) {
    struct story s = {.id = "a0",
                      .revision = 1,
                      .rule = "r",
                      .kind = "list_attack",
                      .level = "high",
                      .propose = "block_source",
                      .service = "members",
                      .group_source = "198.51.100.1",
                      .account_pattern = "m#",
                      .account_n = 20,
                      .first_ns = T0,
                      .last_ns = T0 + 30 * NS_PER_S,
                      .count = 40,
                      .good = 0};
    f->now_ns = T0 + 40 * NS_PER_S;
    assert_true(fold(f, &s).opened);
    s.revision = 2;
    s.count = 60;
    fold(f, &s);
}

static struct room_verdict verify(struct fixture *f) {
    struct room_verdict v;
    struct diag d = {0};
    if (room_audit_verify(f->r, NULL, 0, &v, &d) < 0)
        fail_msg("%s", d.text);
    return v;
}

/* As somebody would who owns the file: another connection, no door, no triggers. */
static void tamper(struct fixture *f, const char *sql) {
    char path[96];
    sqlite3 *db;
    char *error = NULL;
    snprintf(path, sizeof path, "%s/room.db", f->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db,
                     "PRAGMA foreign_keys = OFF; DROP TRIGGER IF EXISTS audit_stays; "
                     "DROP TRIGGER IF EXISTS audit_is_kept;",
                     NULL, NULL, &error) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s", error);
    sqlite3_close(db);
}

static void an_untouched_room_is_whole(void **state UNUSED) {
    struct fixture *f = fixture_new();
    story(f);
    struct room_verdict v = verify(f);
    assert_int_equal(v.n_faults, 0);
    assert_int_equal(v.rows, number(f, "SELECT count(*) FROM audit"));
    assert_true(v.rows > 8);
    assert_true(v.rows_checked > 6);
    assert_int_equal(strlen(v.head), 64);
    fixture_free(f);
}

static void each_tampering_is_named(void **state UNUSED) {
    static const struct {
        const char *sql;
        enum room_fault_kind kind;
        bool in_chain;
        const char *object;
        int64_t id; /* seq or row */
    } rows[] = {
        {"UPDATE incident SET level = 'low' WHERE id = 1", FAULT_CHANGED, false, "incident", 1},
        {"UPDATE finding SET json = replace(json, 'm3', 'm4') WHERE id = 1", FAULT_CHANGED, false,
         "finding", 1},
        {"DELETE FROM finding_value WHERE finding_id = 1 AND value = 'm3'", FAULT_CHANGED, false,
         "finding", 1},
        {"UPDATE action_address SET state = 'blocked'", FAULT_CHANGED, false, "action", 1},
        {"UPDATE person SET role = 'administrator' WHERE name = 'duty'", FAULT_CHANGED, false,
         "person", 2},
        {"DELETE FROM timeline WHERE id = 2", FAULT_REMOVED, false, "timeline", 2},
        {"INSERT INTO person(name, role) VALUES ('ghost', 'administrator')", FAULT_ADDED, false,
         "person", 4},
        {"UPDATE audit SET by = 'person:2' WHERE seq = 5", FAULT_CHANGED, true, "", 5},
        {"UPDATE audit SET detail = '{\"x\":1}' WHERE seq = 3", FAULT_CHANGED, true, "", 3},
        {"UPDATE audit SET at = at - 1000 WHERE seq = 4", FAULT_CHANGED, true, "", 4},
        {"DELETE FROM audit WHERE seq = 6", FAULT_REMOVED, true, "", 6},
        {"UPDATE audit SET seq = 9999 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 6; "
         "UPDATE audit SET seq = 6 WHERE seq = 9999",
         FAULT_SWAPPED, true, "", 5},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct fixture *f = fixture_new();
        story(f);
        tamper(f, rows[i].sql);
        struct room_verdict v = verify(f);
        bool found = false;
        for (size_t k = 0; k < v.n_faults; k++)
            found |= v.faults[k].kind == rows[i].kind && v.faults[k].in_chain == rows[i].in_chain &&
                     (rows[i].in_chain ? v.faults[k].seq == rows[i].id
                                       : v.faults[k].row_id == rows[i].id &&
                                             strcmp(v.faults[k].object, rows[i].object) == 0);
        if (!found)
            fail_msg("not named: %s (%zu faults, first %d of %s %lld, seq %lld)", rows[i].sql,
                     v.n_faults, v.n_faults ? (int) v.faults[0].kind : -1, v.faults[0].object,
                     (long long) v.faults[0].row_id, (long long) v.faults[0].seq);
        fixture_free(f);
    }
}

/* A cut end leaves a shorter chain that is whole in itself: the rows no longer match it, and a head
 * kept elsewhere is not in it. */
static void a_cut_end_is_found(void **state UNUSED) {
    struct fixture *f = fixture_new();
    story(f);
    struct room_verdict before = verify(f);
    tamper(f, "DELETE FROM audit WHERE seq > (SELECT max(seq) - 3 FROM audit)");
    struct room_verdict v = verify(f);
    assert_true(v.n_faults > 0);
    assert_string_not_equal(v.head, before.head);
    fixture_free(f);
}

/* Chain and rows put back together to an earlier state: only what was kept elsewhere knows better.
 */
static void an_earlier_state_is_found_by_what_was_kept(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_known known[2] = {0}, late;
    struct room_verdict v;
    story(f);
    assert_int_equal(room_audit_end(f->r, &known[0], NULL), 0);
    assert_int_equal(sql_script(f->r->db, "SAVEPOINT earlier", NULL), 0);
    tamper(f, "SELECT 1");
    f->r->in_tx = true;
    assert_int_equal(room_record(f->r, &room_system, VERB_CREATE, OBJECT_DEMO, STR("{}"), NULL), 0);
    f->r->in_tx = false;
    assert_int_equal(room_audit_end(f->r, &late, NULL), 0);
    assert_int_equal(late.rows, known[0].rows + 1);
    known[1] = late;
    known[1].rows = 0; /* a head alone, noted by hand */
    assert_int_equal(room_audit_verify(f->r, known, 2, &v, NULL), 0);
    assert_int_equal(v.n_faults, 0);
    assert_int_equal(sql_script(f->r->db, "ROLLBACK TO earlier; RELEASE earlier", NULL), 0);
    assert_int_equal(room_audit_verify(f->r, known, 1, &v, NULL), 0);
    assert_int_equal(v.n_faults, 0); /* whole in itself */
    assert_int_equal(room_audit_verify(f->r, known, 2, &v, NULL), 0);
    assert_int_equal(v.n_faults, 1);
    assert_true(v.faults[0].kind == FAULT_REMOVED && v.faults[0].at_end);
    assert_int_equal(v.faults[0].seq, late.rows);
    late.head[0] = late.head[0] == 'a' ? 'b' : 'a';
    assert_int_equal(room_audit_verify(f->r, &late, 1, &v, NULL), 0);
    assert_int_equal(v.n_faults, 1);
    fixture_free(f);
}

static void the_chain_only_grows(void **state UNUSED) {
    struct fixture *f = fixture_new();
    assert_true(sql_script(f->r->db, "UPDATE audit SET by = 'x'", NULL) < 0);
    assert_true(sql_script(f->r->db, "DELETE FROM audit", NULL) < 0);
    fixture_free(f);
}

/* The canonical text of docs/room.md, by hand. */
static void the_hash_is_that_of_the_documented_text(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct sql_stmt *st = NULL;
    struct buf text;
    char hash[65];
    uint8_t out[32];
    buf_init(&text, 4096);
    assert_int_equal(
        sql_query(
            f->r->db, &st, NULL,
            "SELECT at, by, verb, object, row_id, version, tlp, info_class, detail, row_hash, "
            "prev, hash FROM audit WHERE seq = 2",
            ""),
        0);
    assert_int_equal(sql_step(st, NULL), 1);
    buf_printf(&text, "kizuki-audit-1\n2\n%lld\n%.*s\n%.*s\n%.*s\n%lld\n%lld\n",
               (long long) sql_i64(st, 0), STR_ARG(sql_str(st, 1)), STR_ARG(sql_str(st, 2)),
               STR_ARG(sql_str(st, 3)), (long long) sql_i64(st, 4), (long long) sql_i64(st, 5));
    for (int i = 6; i < 11; i++) {
        buf_add(&text, sql_str(st, i));
        buf_add_byte(&text, '\n');
    }
    sha256_of(buf_str(&text), out);
    hex_encode(out, 32, hash);
    assert_str(sql_str(st, 11), hash);
    sql_end(st);
    buf_done(&text);
    fixture_free(f);
}

/* What the chain covers is what the schema has: no column is left out. */
static void every_column_is_covered(void **state UNUSED) {
    struct fixture *f = fixture_new();
    for (int o = 0; o < OBJECT_MAX_; o++) {
        const struct room_table *t = room_table_of((enum room_object) o);
        struct sql_stmt *st = NULL;
        if (!t)
            continue;
        assert_int_equal(
            sql_query(f->r->db, &st, NULL, "SELECT name FROM pragma_table_info(?1)", "z", t->name),
            0);
        int n = 0;
        while (sql_step(st, NULL) == 1) {
            char name[64], pattern[70];
            snprintf(name, sizeof name, "%.*s", STR_ARG(sql_str(st, 0)));
            snprintf(pattern, sizeof pattern, "%s", name);
            const char *at_ = strstr(t->canonical, pattern);
            bool whole = false;
            for (; at_ && !whole; at_ = strstr(at_ + 1, pattern)) {
                char before = at_ == t->canonical ? ' ' : at_[-1], after = at_[strlen(pattern)];
                whole = (before == ' ' || before == '(' || before == ',') &&
                        (after == ',' || after == ')');
            }
            if (!whole)
                fail_msg("%s.%s is not in the chain's text", t->name, name);
            n++;
        }
        assert_true(n > 8);
        sql_end(st);
    }
    fixture_free(f);
}

/* Every table of records carries what F-100 and F-153 ask for. */
static void every_row_carries_its_head(void **state UNUSED) {
    struct fixture *f = fixture_new();
    assert_int_equal(
        number(f,
               "SELECT count(*) FROM sqlite_schema t WHERE t.type = 'table' AND t.name NOT IN "
               "('migration','login_seen','login_answer','audit','finding_value','finding_told','action_address','campaign_answer','report_photo','fact_past','merge_part') AND t.name "
               "NOT LIKE 'sqlite%' "
               "AND (SELECT count(*) FROM pragma_table_info(t.name) WHERE name IN "
               "('id','version','tlp',"
               "'info_class','owner','created_at','created_by','updated_at','updated_by')) <> 9"),
        0);
    story(f);
    assert_int_equal(
        number(f, "SELECT count(*) FROM incident WHERE version = 0 OR created_by = ''"), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM finding WHERE info_class <> 'attack'"), 0);
    fixture_free(f);
}

static void a_failed_write_leaves_no_trace(void **state UNUSED) {
    struct fixture *f = fixture_new();
    int64_t rows = number(f, "SELECT count(*) FROM audit"), id;
    struct room_write w = {
        .by = &room_system, .verb = VERB_CREATE, .object = OBJECT_PERSON, .tlp = TLP_AMBER};
    assert_int_equal(room_begin(f->r, NULL), 0);
    assert_int_equal(room_write(f->r, &w, &id, NULL,
                                "INSERT INTO person(name, role) VALUES ('a', 'handler')", ""),
                     0);
    int e = room_write(f->r, &w, &id, NULL,
                       "INSERT INTO person(name, role) VALUES ('duty', 'handler')", "");
    assert_int_equal(e, -EEXIST);
    assert_int_equal(room_end(f->r, e, NULL), -EEXIST);
    assert_int_equal(number(f, "SELECT count(*) FROM audit"), rows);
    assert_int_equal(number(f, "SELECT count(*) FROM person"), 3);
    fixture_free(f);
}

UNIT_GROUP(room_audit, cmocka_unit_test(an_untouched_room_is_whole),
           cmocka_unit_test(each_tampering_is_named), cmocka_unit_test(a_cut_end_is_found),
           cmocka_unit_test(an_earlier_state_is_found_by_what_was_kept),
           cmocka_unit_test(the_chain_only_grows),
           cmocka_unit_test(the_hash_is_that_of_the_documented_text),
           cmocka_unit_test(every_column_is_covered), cmocka_unit_test(every_row_carries_its_head),
           cmocka_unit_test(a_failed_write_leaves_no_trace))

/* Registers: what a file would do, doing it, taking it back, and what follows for logs. */
#include "fixture.h"

#include "room/register.h"

#define DOC(rows) "{\"file\":\"a.csv\",\"rows\":[" rows "],\"refused\":[],\"n_refused\":0}"
static struct fixture *started(void) {
    struct fixture *f = fixture_new();
    struct diag d = {0};
    if (room_registers_load(f->r, "content/imports", &d) < 0)
        fail_msg("%s", d.text);
    return f;
}

#define ROW(n, values) "{\"row\":" #n ",\"values\":{" values "},\"notes\":[]}"

static struct room_actor handler(struct fixture *f) {
    return fixture_actor(f, f->handler);
}

static int64_t draft(struct fixture *f, const char *kind, const char *doc) {
    struct room_actor by = handler(f);
    struct arena a;
    struct json_value *v;
    struct diag d = {0};
    int64_t id = 0;
    arena_init(&a, 1 << 20);
    assert_int_equal(json_parse(&a, str_of(doc), &v, &d), 0);
    if (room_import_add(f->r, &by, str_of(kind), STR("name"), v, str_of(doc), &id, &d) < 0)
        fail_msg("%s", d.text);
    arena_done(&a);
    return id;
}

static void take(struct fixture *f, const char *kind, const char *doc, bool gone) {
    struct room_actor by = handler(f);
    struct diag d = {0};
    if (room_import_apply(f->r, &by, draft(f, kind, doc), 1, gone, &d) < 0)
        fail_msg("%s", d.text);
}

/* A member of an import as it is told. */
static int64_t told(struct fixture *f, int64_t id, const char *path) {
    struct arena a;
    struct buf b;
    struct jsonw w;
    int64_t n = -1;
    struct diag d = {0};
    arena_init(&a, 4 << 20);
    buf_init(&b, 4 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_import_write(f->r, id, &w, &d), 0);
    assert_int_equal(str_to_i64(at(&a, buf_str(&b), path), &n), 0);
    buf_done(&b);
    arena_done(&a);
    return n;
}

static void row_is(struct fixture *f, const char *kind, unsigned i, const char *path, const char *wanted) {
    struct arena a;
    struct buf b;
    struct jsonw w;
    struct diag d = {0};
    char full[128];
    arena_init(&a, 4 << 20);
    buf_init(&b, 4 << 20);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    assert_int_equal(room_register_write(f->r, str_of(kind), &w, &d), 0);
    jsonw_end(&w);
    snprintf(full, sizeof full, "rows.%u.%s", i, path);
    assert_str(at(&a, buf_str(&b), full), wanted);
    buf_done(&b);
    arena_done(&a);
}

static void a_file_does_what_it_said_and_is_taken_back(void **state UNUSED) {
    struct fixture *f = started();
    struct room_actor by = handler(f);
    struct diag d = {0};
    take(f, "systems", DOC(ROW(2, "\"name\":\"会員サイト\",\"owner\":\"A課\",\"note\":\"古い\"") "," ROW(3, "\"name\":\"請求\"")), false);
    assert_int_equal(number(f, "SELECT count(*) FROM register"), 2);
    /* another writing of the name is the same row; a column the file lacks stays; an empty cell empties */
    int64_t id = draft(f, "systems", DOC(ROW(2, "\"name\":\"会員　サイト\",\"owner\":\"\"") "," ROW(3, "\"name\":\"新\"")));
    assert_int_equal(told(f, id, "n_new"), 1);
    assert_int_equal(told(f, id, "n_changed"), 1);
    assert_int_equal(told(f, id, "n_gone"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM register"), 2);
    assert_int_equal(room_import_apply(f->r, &by, id, 7, true, &d), -ERR_VERSION);
    assert_int_equal(room_import_apply(f->r, &by, id, 1, true, &d), 0);
    assert_int_equal(room_import_apply(f->r, &by, id, 2, true, &d), -EBUSY);
    assert_int_equal(number(f, "SELECT count(*) FROM register WHERE active = 1"), 2);
    assert_int_equal(number(f, "SELECT count(*) FROM register WHERE json_extract(vals, '$.note') = '古い' AND json_extract(vals, '$.owner') IS NULL"), 1);
    /* somebody changes the new row: it stays when the rest is taken back */
    struct arena a;
    struct json_value *v;
    struct room_register_refusal why;
    arena_init(&a, 1 << 20);
    assert_int_equal(json_parse(&a, STR("{\"name\":\"新\",\"owner\":\"B課\"}"), &v, &d), 0);
    int64_t row = number(f, "SELECT id FROM register WHERE name = '新'");
    assert_int_equal(room_register_put(f->r, &by, &(struct room_register_row){STR("systems"), STR("新"), v}, row, 1, true, &row, &why, &d), 0);
    assert_int_equal(room_import_undo(f->r, &by, id, 2, &d), 0);
    assert_int_equal(told(f, id, "done.n_undone"), 2);
    assert_int_equal(told(f, id, "done.n_kept"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM register WHERE active = 1"), 3);
    assert_int_equal(number(f, "SELECT count(*) FROM register WHERE name = '会員サイト' AND json_extract(vals, '$.owner') = 'A課'"), 1);
    assert_int_equal(room_import_undo(f->r, &by, id, 3, &d), -EBUSY);
    /* a name that is taken */
    assert_int_equal(room_register_put(f->r, &by, &(struct room_register_row){STR("systems"), STR("請 求"), v}, 0, 0, true, &row, &why, &d), -EEXIST);
    struct room_verdict verdict;
    assert_int_equal(room_audit_verify(f->r, NULL, 0, &verdict, &d), 0);
    assert_int_equal(verdict.n_faults, 0);
    arena_done(&a);
    fixture_free(f);
}

static void who_may_not_changes_nothing(void **state UNUSED) {
    struct fixture *f = started();
    struct room_actor auditor = fixture_actor(f, f->auditor);
    struct diag d = {0};
    int64_t id = draft(f, "systems", DOC(ROW(2, "\"name\":\"a\"")));
    assert_int_equal(room_import_apply(f->r, &auditor, id, 1, false, &d), -ERR_REFUSED);
    assert_int_equal(number(f, "SELECT count(*) FROM register"), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM audit WHERE verb = 'refused'"), 1);
    fixture_free(f);
}

static void sources(struct fixture *f, const char *json) {
    struct arena a;
    struct json_value *v;
    struct diag d = {0};
    arena_init(&a, 1 << 20);
    assert_int_equal(json_parse(&a, str_of(json), &v, &d), 0);
    assert_int_equal(room_report_sources(f->r, v, &d), 0);
    arena_done(&a);
}

#define SOURCE(name, silent) "{\"id\":1,\"name\":\"" name "\",\"lines\":5,\"last_seen\":\"2026-11-22T17:00:00Z\",\"silent\":" silent "}"
#define SOURCES(list, n) "{\"t\":\"sources\",\"from\":0,\"total\":" n ",\"sources\":[" list "]}"

static void obtained_is_what_a_source_says(void **state UNUSED) {
    struct fixture *f = started();
    take(f, "systems", DOC(ROW(2, "\"name\":\"s\",\"log\":\"obtained\",\"sources\":\"a\\nb\"")), false);
    row_is(f, "systems", 0, "log.is", "silent");
    row_is(f, "systems", 0, "need", "must");
    sources(f, SOURCES(SOURCE("a", "false") "," SOURCE("b", "true"), "2"));
    row_is(f, "systems", 0, "log.is", "partly");
    sources(f, SOURCES(SOURCE("a", "false") "," SOURCE("b", "false"), "2"));
    row_is(f, "systems", 0, "log.is", "obtained");
    row_is(f, "systems", 0, "need", "ok");
    take(f, "systems", DOC(ROW(2, "\"name\":\"s\",\"sources\":\"\"")), false);
    row_is(f, "systems", 0, "log.is", "said");
    row_is(f, "systems", 0, "need", "soon");
    take(f, "systems", DOC(ROW(2, "\"name\":\"s\",\"log\":\"not_watched\"")), false);
    row_is(f, "systems", 0, "need", "must");
    fixture_free(f);
}

static void a_contract_without_logs_keeps_red_what_it_covers(void **state UNUSED) {
    struct fixture *f = started();
    f->now_ns = T0;
    take(f, "systems", DOC(ROW(2, "\"name\":\"掲示板\",\"log\":\"obtainable\"") "," ROW(3, "\"name\":\"会員\",\"log\":\"obtainable\"")), false);
    take(f, "contracts", DOC(ROW(2, "\"name\":\"借用\",\"systems\":\"会員 \\n掲示　板\",\"log_collection\":\"no\"")), false);
    row_is(f, "systems", 1, "log.contract", "借用");
    row_is(f, "systems", 0, "log.is", "not_in_contract");
    row_is(f, "contracts", 0, "need", "must");
    /* taken out of use, it covers nothing */
    take(f, "contracts", DOC(ROW(2, "\"name\":\"保守\",\"log_collection\":\"yes\",\"night_response\":\"yes\",\"vulnerability_policy\":\"yes\",\"ends\":\"2026-11-22\"")), true);
    row_is(f, "systems", 0, "need", "soon");
    /* 2026-11-23 02:03 in Japan: its last day was yesterday */
    row_is(f, "contracts", 0, "name", "保守");
    row_is(f, "contracts", 0, "gaps.4", "over");
    take(f, "contracts", DOC(ROW(2, "\"name\":\"保守\",\"ends\":\"2026-11-23\"")), true);
    row_is(f, "contracts", 0, "gaps.4", "ending");
    take(f, "contracts", DOC(ROW(2, "\"name\":\"保守\",\"ends\":\"2027-11-23\"")), true);
    row_is(f, "contracts", 0, "need", "ok");
    fixture_free(f);
}

#define COLUMNS "\"columns\":[{\"number\":1,\"letter\":\"A\",\"head\":\"x\",\"field\":\"name\"},{\"number\":2,\"letter\":\"B\",\"head\":\"y\",\"field\":\"parent\"}],"
#define FILE_OF(rows) "{\"file\":\"a.csv\"," COLUMNS "\"rows\":[" rows "],\"refused\":[],\"n_refused\":0}"
#define ORG(n, name, parent) ROW(n, "\"name\":\"" name "\",\"parent\":\"" parent "\"")

static void told_is(struct fixture *f, int64_t id, const char *path, const char *wanted) {
    struct arena a;
    struct buf b;
    struct jsonw w;
    struct diag d = {0};
    arena_init(&a, 4 << 20);
    buf_init(&b, 4 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_import_write(f->r, id, &w, &d), 0);
    assert_str(at(&a, buf_str(&b), path), wanted);
    buf_done(&b);
    arena_done(&a);
}

/* Targets may stand in the same file, in any order; who is refused takes those along that name it. */
static void what_a_row_names_must_be_there(void **state UNUSED) {
    struct fixture *f = started();
    struct room_actor by = handler(f);
    struct diag d = {0};
    int64_t id = draft(f, "organisations", FILE_OF(ORG(2, "課", "部") "," ORG(3, "部", "本 社") "," ORG(4, "本社", "") "," ORG(5, "外", "ない会社") "," ORG(6, "外の課", "外")));
    assert_int_equal(told(f, id, "n_new"), 3);
    assert_int_equal(told(f, id, "n_refused"), 2);
    told_is(f, id, "refused.0.code", "no_target");
    told_is(f, id, "refused.0.row", "5");
    told_is(f, id, "refused.0.column", "B");
    told_is(f, id, "refused.0.value", "ない会社");
    told_is(f, id, "refused.1.row", "6");
    assert_int_equal(room_import_apply(f->r, &by, id, 1, false, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM register"), 3);
    /* people name organisations, and nothing else */
    take(f, "people", DOC(ROW(2, "\"name\":\"佐藤\",\"organisation\":\"課\"") "," ROW(3, "\"name\":\"鈴木\",\"organisation\":\"佐藤\"")), false);
    assert_int_equal(number(f, "SELECT count(*) FROM register WHERE kind = 'people'"), 1);
    /* a loose one is kept and said, and becomes a link once there is a row */
    int64_t c = draft(f, "contracts", DOC(ROW(2, "\"name\":\"保守\",\"supplier\":\"○○社\",\"systems\":\"会員\"")));
    assert_int_equal(told(f, c, "n_new"), 1);
    assert_int_equal(told(f, c, "n_notes"), 2);
    told_is(f, c, "notes.0.code", "not_there_yet");
    assert_int_equal(room_import_apply(f->r, &by, c, 1, false, &d), 0);
    row_is(f, "contracts", 0, "refs.0.id", "null");
    take(f, "organisations", DOC(ROW(2, "\"name\":\"○○社\",\"kind\":\"supplier\"")), false);
    row_is(f, "contracts", 0, "refs.0.name", "○○社");
    assert_int_equal(number(f, "SELECT count(*) FROM register WHERE name = '○○社' AND id > 1"), 1);
    fixture_free(f);
}

static void loops_are_refused_and_named(void **state UNUSED) {
    struct fixture *f = started();
    struct room_actor by = handler(f);
    struct room_register_refusal why;
    struct diag d = {0};
    int64_t id = draft(f, "organisations", FILE_OF(ORG(2, "あ", "い") "," ORG(3, "い", "う") "," ORG(4, "う", "あ") "," ORG(5, "え", "え") "," ORG(6, "お", "")));
    assert_int_equal(told(f, id, "n_new"), 1);
    told_is(f, id, "refused.0.code", "loop");
    told_is(f, id, "refused.0.value", "あ → い → う → あ");
    told_is(f, id, "refused.3.value", "え → え");
    /* one that closes over rows that are there */
    take(f, "systems", DOC(ROW(2, "\"name\":\"a\"") "," ROW(3, "\"name\":\"b\",\"depends\":\"a\"") "," ROW(4, "\"name\":\"c\",\"depends\":\"a\\nb\"")), false);
    id = draft(f, "systems", DOC(ROW(2, "\"name\":\"a\",\"depends\":\"c\"")));
    assert_int_equal(told(f, id, "n_changed"), 0);
    told_is(f, id, "refused.0.code", "loop");
    /* and one typed into a form */
    struct arena a;
    struct json_value *v;
    arena_init(&a, 1 << 20);
    assert_int_equal(json_parse(&a, STR("{\"name\":\"a\",\"depends\":\"b\"}"), &v, &d), 0);
    int64_t row = number(f, "SELECT id FROM register WHERE name = 'a'");
    assert_int_equal(room_register_put(f->r, &by, &(struct room_register_row){STR("systems"), STR("a"), v}, row, 1, true, &row, &why, &d), -ENOLINK);
    assert_string_equal(why.code, "loop");
    assert_string_equal(why.field, "depends");
    assert_string_equal(why.why, "a → b → a");
    arena_done(&a);
    fixture_free(f);
}

static void references_follow_a_new_name_and_outlive_an_undo(void **state UNUSED) {
    struct fixture *f = started();
    struct room_actor by = handler(f);
    struct room_register_refusal why;
    struct diag d = {0};
    take(f, "organisations", DOC(ROW(2, "\"name\":\"本社\"") "," ROW(3, "\"name\":\"情報課\",\"parent\":\"本社\"")), false);
    take(f, "people", DOC(ROW(2, "\"name\":\"佐藤\",\"organisation\":\"情報課\",\"mobile\":\"090-1111-2222\"")), false);
    struct arena a;
    struct json_value *v;
    arena_init(&a, 1 << 20);
    assert_int_equal(json_parse(&a, STR("{\"name\":\"DX課\",\"parent\":\"本社\"}"), &v, &d), 0);
    int64_t row = number(f, "SELECT id FROM register WHERE name = '情報課'");
    assert_int_equal(room_register_put(f->r, &by, &(struct room_register_row){STR("organisations"), STR("DX課"), v}, row, 1, true, &row, &why, &d), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM register WHERE json_extract(vals, '$.organisation') = 'DX課' AND json_extract(vals, '$.mobile') = '090-1111-2222'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM register WHERE vals LIKE '%情報課%'"), 0);
    /* the first import is taken back: what is named stays, and what its parent is */
    assert_int_equal(room_import_undo(f->r, &by, 1, 2, &d), 0);
    assert_int_equal(told(f, 1, "done.n_kept"), 2);
    assert_int_equal(number(f, "SELECT count(*) FROM register"), 3);
    /* the second one, whose row was changed by the new name, leaves it too */
    assert_int_equal(room_import_undo(f->r, &by, 2, 2, &d), 0);
    assert_int_equal(told(f, 2, "done.n_kept"), 1);
    /* one that nobody touched goes, parents after children */
    take(f, "organisations", DOC(ROW(2, "\"name\":\"甲\"") "," ROW(3, "\"name\":\"乙\",\"parent\":\"甲\"") "," ROW(4, "\"name\":\"丙\",\"parent\":\"乙\"")), false);
    assert_int_equal(room_import_undo(f->r, &by, 3, 2, &d), 0);
    assert_int_equal(told(f, 3, "done.n_undone"), 3);
    struct room_verdict verdict;
    assert_int_equal(room_audit_verify(f->r, NULL, 0, &verdict, &d), 0);
    assert_int_equal(verdict.n_faults, 0);
    arena_done(&a);
    fixture_free(f);
}

static bool is_told(struct fixture *f, const char *kind, const char *word) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    assert_int_equal(room_register_write(f->r, str_of(kind), &w, NULL), 0);
    jsonw_end(&w);
    bool found = str_find(buf_str(&b), str_of(word), 0) >= 0;
    buf_done(&b);
    return found;
}

static void a_service_without_other_means_is_told_of(void **state UNUSED) {
    static const char *const service[] = {"会員サイト\tkind=service"}, *const means[] = {"電話受付\tservice=会員 サイト\tinstruction=受付簿"}, *const server[] = {"DBサーバ\tkind=server"};
    struct fixture *f = fixture_new();
    assert_int_equal(room_registers_load(f->r, "content/imports", NULL), 0);
    rows(f, "systems", server, 1);
    assert_false(is_told(f, "systems", "no_alternative")); /* only of services */
    rows(f, "systems", service, 1);
    assert_true(is_told(f, "systems", "no_alternative"));
    rows(f, "alternatives", means, 1);
    assert_false(is_told(f, "systems", "no_alternative"));
    fixture_free(f);
}

UNIT_GROUP(room_register, cmocka_unit_test(a_service_without_other_means_is_told_of), cmocka_unit_test(a_file_does_what_it_said_and_is_taken_back), cmocka_unit_test(who_may_not_changes_nothing),
           cmocka_unit_test(obtained_is_what_a_source_says), cmocka_unit_test(a_contract_without_logs_keeps_red_what_it_covers),
           cmocka_unit_test(what_a_row_names_must_be_there), cmocka_unit_test(loops_are_refused_and_named),
           cmocka_unit_test(references_follow_a_new_name_and_outlive_an_undo))

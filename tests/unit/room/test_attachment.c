/* Files kept as bytes: their sums stand in the chain, what may have files has them, and who may not change a thing adds nothing to it. */
#include "fixture.h"

#include "room/attachment.h"
#include "room/case_row.h"

#define SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static int64_t one_case(struct fixture *f) {
    struct story s = {.id = "a0", .revision = 1, .rule = "r", .kind = "brute_force", .level = "high", .service = "ssh", .group_source = "203.0.113.9",
                      .first_ns = T0, .last_ns = T0, .count = 50, .good = -1};
    return fold(f, &s).incident;
}

static int64_t a_row(struct fixture *f, int64_t incident, const char *kind, const char *fields) {
    struct room_actor duty = fixture_actor(f, f->handler);
    struct json_value *v;
    struct arena a;
    int64_t id;
    arena_init(&a, 1 << 16);
    assert_int_equal(json_parse(&a, str_of(fields), &v, NULL), 0);
    struct room_case_row_new x = {.incident = incident, .kind = str_of(kind), .name = STR("ノートPC"), .key = STR(""), .due_ns = TIME_NONE, .fields = v};
    assert_int_equal(room_case_row_add(f->r, &duty, &x, &id, NULL), 0);
    arena_done(&a);
    return id;
}

static void a_thing_in_custody_has_its_files(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler), auditor = fixture_actor(f, f->auditor);
    struct room_attachment x;
    struct room_verdict v;
    struct arena a;
    struct jsonw w;
    struct buf b;
    int64_t file, id = one_case(f), item = a_row(f, id, "item", "{\"taken_by\":\"田中\",\"how\":\"写真\"}"), copy = a_row(f, id, "copy", "{\"what\":\"名簿\"}");
    arena_init(&a, 1 << 20);
    assert_int_equal(room_attachment_add(f->r, &duty, OBJECT_CASE_ROW, item, STR("  DSC_001.jpg "), 4711, STR(SUM), &file, NULL), 0);
    assert_int_equal(room_attachment_add(f->r, &duty, OBJECT_CASE_ROW, copy, STR("x"), 1, STR(SUM), &file, NULL), -EINVAL); /* is no thing in custody */
    assert_int_equal(room_attachment_add(f->r, &duty, OBJECT_TASK, 1, STR("x"), 1, STR(SUM), &file, NULL), -EINVAL);
    assert_int_equal(room_attachment_add(f->r, &duty, OBJECT_CASE_ROW, item, STR(" "), 1, STR(SUM), &file, NULL), -EINVAL);
    assert_int_equal(room_attachment_add(f->r, &auditor, OBJECT_CASE_ROW, item, STR("x"), 1, STR(SUM), &file, NULL), -ERR_REFUSED);
    assert_int_equal(number(f, "SELECT count(*) FROM attachment"), 1);
    assert_int_equal(room_attachment_find(f->r, 1, &x, NULL), 0);
    assert_string_equal(x.name, "DSC_001.jpg");
    assert_string_equal(x.digest, SUM);
    assert_int_equal(x.bytes, 4711);
    assert_int_equal(room_attachment_find(f->r, 2, &x, NULL), -ENOENT);
    /* what leaves: the thing with its hands, and the file under its sum */
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    assert_int_equal(room_custody_write(f->r, id, &duty, &w, NULL), 0);
    assert_true(str_eq_z(at(&a, buf_str(&b), "files.0.digest"), SUM));
    assert_true(str_eq_z(at(&a, buf_str(&b), "rows.0.name"), "ノートPC"));
    buf_done(&b);
    assert_int_equal(number(f, "SELECT count(*) FROM timeline WHERE text_key = 'event.attached'"), 1);
    assert_int_equal(room_audit_verify(f->r, NULL, 0, &v, NULL), 0);
    assert_int_equal(v.n_faults, 0);
    arena_done(&a);
    fixture_free(f);
}

/* A publisher sees papers of reports, not photos of things: what one may not read is in no list and takes nothing. */
static void files_are_as_secret_as_what_they_belong_to(void **state UNUSED) {
    struct fixture *f = fixture_new();
    struct room_actor duty = fixture_actor(f, f->handler);
    struct jsonw w;
    struct buf b;
    int64_t file, id = one_case(f), item = a_row(f, id, "item", "{\"taken_by\":\"田中\",\"how\":\"写真\"}");
    struct room_actor publisher = {.role = ROLE_PUBLISHER, .also = 1u << ROLE_PUBLISHER, .person = 99};
    assert_int_equal(room_attachment_add(f->r, &duty, OBJECT_CASE_ROW, item, STR("secret.jpg"), 1, STR(SUM), &file, NULL), 0);
    buf_init(&b, 1 << 20);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    assert_int_equal(room_attachments_write(f->r, id, &publisher, &w, NULL), 0);
    jsonw_end(&w);
    assert_true(str_eq_z(buf_str(&b), "{\"files\":[]}"));
    buf_done(&b);
    assert_int_equal(room_attachment_add(f->r, &publisher, OBJECT_CASE_ROW, item, STR("x"), 1, STR(SUM), &file, NULL), -ERR_REFUSED);
    fixture_free(f);
}

UNIT_GROUP(room_attachment, cmocka_unit_test(a_thing_in_custody_has_its_files), cmocka_unit_test(files_are_as_secret_as_what_they_belong_to))

#include "torture.h"
#include "unit.h"

#include "base/mem.h"
#include "base/sql.h"

#include <sqlite3.h>
#include <sys/stat.h>

static char folder[64], path[96];
static int folder_up(void **state UNUSED) {
    snprintf(folder, sizeof folder, "/tmp/kizuki-sql-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.db", folder);
    return 0;
}
static int folder_down(void **state UNUSED) {
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        char z[128];
        snprintf(z, sizeof z, "%s%s", path, ends[i]);
        (void) unlink(z);
    }
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static struct sql *open_db(void) {
    struct sql *db = NULL;
    struct diag d;
    if (sql_open(path, &db, &d) < 0) {
        print_error("%s\n", d.text);
        fail();
    }
    assert_int_equal(
        sql_script(db,
                   "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, s TEXT, b BLOB, "
                   "d REAL, u TEXT UNIQUE CHECK(u <> 'bad'));",
                   &d),
        0);
    return db;
}

static void keeps_every_kind_of_value(void **state UNUSED) {
    struct sql *db = open_db();
    struct sql_stmt *st;
    struct str quote = STR("'; DROP TABLE t; --"), nul = STR("a\0b"), none = STR_NULL;
    int64_t seven = 7;
    assert_int_equal(sql_run(db, NULL, "INSERT INTO t(id,s,b,d,u) VALUES(?,?,?,?,?)", "isbdz",
                             INT64_MIN, &quote, &nul, 0.5, "u"),
                     0);
    assert_int_equal(sql_last_id(db), INT64_MIN);
    assert_int_equal(sql_run(db, NULL, "INSERT INTO t(id,s,b,d,u) VALUES(?,?,?,?,?)", "Isbnz",
                             &seven, &none, (struct str *) NULL, (char *) NULL),
                     0);
    assert_int_equal(sql_query(db, &st, NULL, "SELECT s,b,d,u,id FROM t ORDER BY id", ""), 0);
    assert_int_equal(sql_step(st, NULL), 1);
    assert_str(sql_str(st, 0), quote.p);
    assert_true(str_eq(sql_str(st, 1), nul));
    assert_true(sql_double(st, 2) == 0.5);
    assert_str(sql_str(st, 3), "u");
    assert_int_equal(sql_i64(st, 4), INT64_MIN);
    assert_int_equal(sql_step(st, NULL), 1);
    for (int i = 0; i < 4; i++) {
        assert_true(sql_is_null(st, i));
        assert_int_equal(sql_str(st, i).n, 0);
    }
    assert_int_equal(sql_i64(st, 4), 7);
    assert_int_equal(sql_step(st, NULL), 0);
    sql_end(st);
    sql_end(NULL);
    sql_close(db);
}

static void uniqueness_and_checks_have_codes(void **state UNUSED) {
    struct sql *db = open_db();
    struct diag d;
    assert_int_equal(sql_run(db, &d, "INSERT INTO t(u) VALUES(?)", "z", "a"), 0);
    assert_int_equal(sql_changes(db), 1);
    assert_int_equal(sql_run(db, &d, "INSERT INTO t(u) VALUES(?)", "z", "a"), -EEXIST);
    assert_non_null(strstr(d.text, "UNIQUE"));
    assert_int_equal(sql_run(db, &d, "INSERT INTO t(u) VALUES(?)", "z", "bad"), -ERR_REFUSED);
    assert_int_equal(sql_run(db, &d, "INSERT INTO nowhere(u) VALUES(?)", "z", "bad"), -EIO);
    assert_int_equal(sql_run(db, &d, "INSERT INTO t(u) VALUES(\"double quoted\")", ""), -EIO);
    sql_close(db);
}

static int64_t count(struct sql *db) {
    struct sql_stmt *st;
    assert_int_equal(sql_query(db, &st, NULL, "SELECT count(*) FROM t", ""), 0);
    assert_int_equal(sql_step(st, NULL), 1);
    int64_t n = sql_i64(st, 0);
    sql_end(st);
    return n;
}

static void the_same_text_may_run_twice_at_once(void **state UNUSED) {
    struct sql *db = open_db();
    struct sql_stmt *a, *b;
    for (int i = 0; i < 3; i++)
        assert_int_equal(sql_run(db, NULL, "INSERT INTO t(id) VALUES(?)", "i", (int64_t) i), 0);
    assert_int_equal(
        sql_query(db, &a, NULL, "SELECT id FROM t WHERE id >= ? ORDER BY id", "i", (int64_t) 0), 0);
    assert_int_equal(
        sql_query(db, &b, NULL, "SELECT id FROM t WHERE id >= ? ORDER BY id", "i", (int64_t) 2), 0);
    assert_int_equal(sql_step(a, NULL), 1);
    assert_int_equal(sql_step(b, NULL), 1);
    assert_int_equal(sql_i64(a, 0), 0);
    assert_int_equal(sql_i64(b, 0), 2);
    assert_int_equal(sql_step(a, NULL), 1);
    assert_int_equal(sql_i64(a, 0), 1);
    sql_end(b);
    sql_end(a);
    sql_close(db);
}

static void values_of_a_query_are_copied(void **state UNUSED) {
    struct sql *db = open_db();
    struct sql_stmt *st;
    char z[] = "hello";
    struct str s = str_n(z, 5);
    assert_int_equal(sql_query(db, &st, NULL, "SELECT ?", "s", &s), 0);
    memset(z, 'x', 5);
    s = STR_NULL;
    assert_int_equal(sql_step(st, NULL), 1);
    assert_str(sql_str(st, 0), "hello");
    sql_end(st);
    sql_close(db);
}

static void transactions(void **state UNUSED) {
    struct sql *db = open_db();
    sql_rollback(db);
    assert_int_equal(sql_begin(db, NULL), 0);
    assert_int_equal(sql_run(db, NULL, "INSERT INTO t(u) VALUES('a')", ""), 0);
    sql_rollback(db);
    assert_int_equal(count(db), 0);
    assert_int_equal(sql_begin(db, NULL), 0);
    assert_int_equal(sql_run(db, NULL, "INSERT INTO t(u) VALUES('a')", ""), 0);
    assert_int_equal(sql_commit(db, NULL), 0);
    sql_close(db);
    db = open_db();
    assert_int_equal(count(db), 1);
    sql_close(db);
}

static void a_commit_that_fails_is_rolled_back(void **state UNUSED) {
    struct sql *db = open_db();
    struct diag d;
    assert_int_equal(
        sql_script(db, "CREATE TABLE c(p INTEGER REFERENCES t(id) DEFERRABLE INITIALLY DEFERRED)",
                   &d),
        0);
    assert_int_equal(sql_begin(db, NULL), 0);
    assert_int_equal(sql_run(db, NULL, "INSERT INTO c VALUES(99)", ""), 0);
    assert_int_equal(sql_commit(db, &d), -ERR_REFUSED);
    assert_int_equal(sql_begin(db, NULL), 0);
    sql_rollback(db);
    sql_close(db);
}

static void a_new_database_is_private_and_durable(void **state UNUSED) {
    struct sql *db = open_db();
    struct sql_stmt *st;
    struct stat s;
    static const struct {
        const char *pragma, *is;
    } rows[] = {{"PRAGMA journal_mode", "wal"},
                {"PRAGMA synchronous", "2"},
                {"PRAGMA foreign_keys", "1"},
                {"PRAGMA trusted_schema", "0"}};
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(sql_query(db, &st, NULL, rows[i].pragma, ""), 0);
        assert_int_equal(sql_step(st, NULL), 1);
        assert_str(sql_str(st, 0), rows[i].is);
        sql_end(st);
    }
    sql_close(db);
}

static void a_corrupt_file_is_told(void **state UNUSED) {
    struct sql *db = NULL;
    struct diag d;
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 1000; i++)
        fputs("this is no database ", f);
    fclose(f);
    assert_int_equal(sql_open(path, &db, &d), -ERR_CORRUPT);
    assert_null(db);
    assert_non_null(strstr(d.text, path));
    assert_int_equal(sql_open("/nonexistent/x.db", &db, &d), -ENOENT);
}

/* SQLite's own memory through our allocator, with the size in front as it wants to know it. */
static void *lite_alloc(int n) {
    char *p = mem_alloc((size_t) n + 16);
    if (p)
        memcpy(p, &n, sizeof n);
    return p ? p + 16 : NULL;
}
static void lite_free(void *p) {
    if (p)
        mem_free((char *) p - 16);
}
static int lite_size(void *p) {
    int n = 0;
    if (p)
        memcpy(&n, (char *) p - 16, sizeof n);
    return n;
}
static void *lite_realloc(void *p, int n) {
    void *q = lite_alloc(n);
    if (q && p) {
        memcpy(q, p, (size_t) MIN(n, lite_size(p)));
        lite_free(p);
    }
    return q;
}
static int lite_round(int n) {
    return (n + 7) & ~7;
}
static int lite_init(void *x UNUSED) {
    return SQLITE_OK;
}
static void lite_done(void *x UNUSED) {
}
static const sqlite3_mem_methods ours = {lite_alloc, lite_free, lite_realloc, lite_size,
                                         lite_round, lite_init, lite_done,    NULL};

static int open_and_write(void *ctx UNUSED) {
    struct sql *const untouched = (struct sql *) (uintptr_t) 1;
    struct sql *db = untouched;
    int r = sql_open(path, &db, NULL);
    if (r < 0) {
        assert_ptr_equal(db, untouched);
    } else {
        r = sql_script(db, "CREATE TABLE IF NOT EXISTS t(s TEXT)", NULL);
        if (r == 0)
            r = sql_run(db, NULL, "INSERT INTO t VALUES(?)", "z", "x");
        sql_close(db);
    }
    (void) sqlite3_shutdown();
    return r;
}

static void survives_the_end_of_memory(void **state UNUSED) {
    sqlite3_mem_methods before;
    (void) sqlite3_shutdown();
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &before), SQLITE_OK);
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
    assert_true(torture(open_and_write, NULL) > 100);
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &before), SQLITE_OK);
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, folder_up, folder_down)
UNIT_GROUP(base_sql, WITH_FOLDER(keeps_every_kind_of_value),
           WITH_FOLDER(uniqueness_and_checks_have_codes),
           WITH_FOLDER(the_same_text_may_run_twice_at_once),
           WITH_FOLDER(values_of_a_query_are_copied), WITH_FOLDER(transactions),
           WITH_FOLDER(a_commit_that_fails_is_rolled_back),
           WITH_FOLDER(a_new_database_is_private_and_durable), WITH_FOLDER(a_corrupt_file_is_told),
           WITH_FOLDER(survives_the_end_of_memory))

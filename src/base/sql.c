/* SQLite behind sql.h. Prepared statements are kept by their text: every text is written in our
 * source, so their number is bounded by the program; SQL_CACHE_MAX guards against a mistake. A
 * statement that is stepping when the same text is asked for again gets a second, uncached twin. */
#include "base/sql.h"

#include "base/map.h"
#include "base/mem.h"

#include <fcntl.h>
#include <sqlite3.h>

enum { SQL_CACHE_MAX = 512, BUSY_TIMEOUT_MS = 5000 };

struct sql {
    sqlite3 *handle;
    struct map cache; /* text -> struct sql_stmt */
    struct sql_effort effort;
};

struct sql_stmt {
    struct sql *db;
    sqlite3_stmt *st;
    bool cached, busy;
};

static int code_of(int rc) {
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -ERR_CORRUPT;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_CANTOPEN:
        return -ENOENT;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_TOOBIG:
        return -ERR_LIMIT;
    case SQLITE_CONSTRAINT:
        return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       rc == SQLITE_CONSTRAINT_ROWID
                   ? -EEXIST
                   : -ERR_REFUSED;
    default:
        return -EIO;
    }
}

static int fail(struct sql *db, struct diag *reterr, const char *what) {
    int rc = db->handle ? sqlite3_extended_errcode(db->handle) : SQLITE_NOMEM;
    return diag_set(reterr, code_of(rc), "database: cannot %s: %s", what,
                    db->handle ? sqlite3_errmsg(db->handle) : "out of memory");
}

/* SQLite makes files by the umask; what we keep is for us alone. Its -wal and -shm inherit the
 * mode. */
static int make_file(const char *path, struct diag *reterr) {
    if (strcmp(path, ":memory:") == 0)
        return 0;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return diag_set(reterr, -errno, "cannot open '%s': %s", path, err_word(-errno));
    close(fd);
    return 0;
}

static int configure(struct sql *db, struct diag *reterr) {
    static const int settings[][2] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1}, {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},     {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    };
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        int now = -1;
        if (sqlite3_db_config(db->handle, settings[i][0], settings[i][1], &now) != SQLITE_OK ||
            now != settings[i][1])
            return fail(db, reterr, "be configured");
    }
    /* Temporary tables and statement journals in memory: behind the sandbox there is no /tmp for them. */
    return sql_script(db,
                      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;",
                      reterr);
}

int sql_open(const char *path, struct sql **ret, struct diag *reterr) {
    int r = make_file(path, reterr);
    if (r < 0)
        return r;
    CLEANUP(sql_closep) struct sql *db = mem_zalloc(sizeof *db);
    if (!db)
        return diag_set(reterr, -ENOMEM, "out of memory");
    map_init(&db->cache, SQL_CACHE_MAX, 0);
    int rc = sqlite3_open_v2(
        path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    r = rc == SQLITE_OK ? configure(db, reterr) : fail(db, reterr, "open it");
    if (r < 0) {
        (void) diag_prefix(reterr, "'%s'", path);
        return r;
    }
    *ret = TAKE_PTR(db);
    return 0;
}

static void free_stmt(struct sql_stmt *st) {
    sqlite3_finalize(st->st);
    mem_free(st);
}

void sql_close(struct sql *db) {
    if (!db)
        return;
    for (struct map_slot *s = NULL; (s = map_next(&db->cache, s));)
        free_stmt(s->value.ptr);
    map_done(&db->cache);
    /* Busy means that a statement was not ended: our bug. */
    ASSERT(sqlite3_close(db->handle) == SQLITE_OK);
    mem_free(db);
}

int sql_script(struct sql *db, const char *text, struct diag *reterr) {
    return sqlite3_exec(db->handle, text, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : fail(db, reterr, "run a script");
}

static int prepare(struct sql *db, const char *text, struct sql_stmt **ret, struct diag *reterr) {
    const char *tail;
    struct sql_stmt *st = mem_zalloc(sizeof *st);
    if (!st)
        return diag_set(reterr, -ENOMEM, "out of memory");
    if (sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &st->st, &tail) !=
        SQLITE_OK) {
        mem_free(st);
        return fail(db, reterr, "understand a statement");
    }
    ASSERT(st->st && *tail == 0);
    st->db = db;
    *ret = st;
    return 0;
}

/* A statement for this text that nobody is using, marked busy. */
static int take(struct sql *db, const char *text, struct sql_stmt **ret, struct diag *reterr) {
    struct sql_stmt *st = map_get(&db->cache, str_of(text));
    if (!st || st->busy) {
        bool wanted = !st;
        int r = prepare(db, text, &st, reterr);
        if (r < 0)
            return r;
        /* Not cached for want of room or memory: it works all the same. */
        st->cached = wanted && map_put(&db->cache, str_of(text), st) == 0;
    }
    st->busy = true;
    *ret = st;
    return 0;
}

static int bind_bytes(sqlite3_stmt *st, int i, const struct str *s, bool blob, bool copy) {
    void (*const life)(void *) = copy ? SQLITE_TRANSIENT : SQLITE_STATIC;
    if (!s || !s->p)
        return sqlite3_bind_null(st, i);
    return blob ? sqlite3_bind_blob64(st, i, s->p, s->n, life)
                : sqlite3_bind_text64(st, i, s->p, s->n, life, SQLITE_UTF8);
}

static int bind_one(sqlite3_stmt *st, int i, char type, va_list *ap, bool copy) {
    switch (type) {
    case 's':
    case 'b':
        return bind_bytes(st, i, va_arg(*ap, const struct str *), type == 'b', copy);
    case 'z': {
        struct str s = str_of(va_arg(*ap, const char *));
        return bind_bytes(st, i, &s, false, copy);
    }
    case 'i':
        return sqlite3_bind_int64(st, i, va_arg(*ap, int64_t));
    case 'I': {
        const int64_t *v = va_arg(*ap, const int64_t *);
        return v ? sqlite3_bind_int64(st, i, *v) : sqlite3_bind_null(st, i);
    }
    case 'd':
        return sqlite3_bind_double(st, i, va_arg(*ap, double));
    default:
        ASSERT(type == 'n');
        return sqlite3_bind_null(st, i);
    }
}

static int bind_all(struct sql_stmt *st, struct diag *reterr, const char *types, va_list *ap,
                    bool copy) {
    ASSERT(sqlite3_bind_parameter_count(st->st) == (int) strlen(types));
    for (int i = 0; types[i]; i++)
        if (bind_one(st->st, i + 1, types[i], ap, copy) != SQLITE_OK)
            return fail(st->db, reterr, "take a value");
    return 0;
}

int sql_run_v(struct sql *db, struct diag *reterr, const char *text, const char *types, va_list values) {
    struct sql_stmt *st;
    va_list ap;
    int r = take(db, text, &st, reterr);
    if (r < 0)
        return r;
    va_copy(ap, values); /* only a va_list of our own can be passed on by address */
    r = bind_all(st, reterr, types, &ap, false);
    va_end(ap);
    if (r == 0)
        do
            r = sql_step(st, reterr);
        while (r > 0);
    sql_end(st);
    return r;
}

int sql_run(struct sql *db, struct diag *reterr, const char *text, const char *types, ...) {
    va_list ap;
    va_start(ap, types);
    int r = sql_run_v(db, reterr, text, types, ap);
    va_end(ap);
    return r;
}

int sql_query(struct sql *db, struct sql_stmt **ret, struct diag *reterr, const char *text,
              const char *types, ...) {
    struct sql_stmt *st;
    va_list ap;
    int r = take(db, text, &st, reterr);
    if (r < 0)
        return r;
    va_start(ap, types);
    /* The values are used after we return: SQLite keeps copies. */
    r = bind_all(st, reterr, types, &ap, true);
    va_end(ap);
    if (r < 0) {
        sql_end(st);
        return r;
    }
    *ret = st;
    return 0;
}

int sql_step(struct sql_stmt *st, struct diag *reterr) {
    switch (sqlite3_step(st->st)) {
    case SQLITE_ROW:
        return 1;
    case SQLITE_DONE:
        return 0;
    default:
        return fail(st->db, reterr, "run a statement");
    }
}

void sql_end(struct sql_stmt *st) {
    if (!st)
        return;
    st->db->effort.statements++;
    st->db->effort.steps += (uint64_t) sqlite3_stmt_status(st->st, SQLITE_STMTSTATUS_VM_STEP, 1);
    (void) sqlite3_reset(st->st); /* repeats the error that step has told */
    (void) sqlite3_clear_bindings(st->st);
    st->busy = false;
    if (!st->cached)
        free_stmt(st);
}

struct str sql_str(struct sql_stmt *st, int column) {
    /* Blob and text alike: column_blob gives the bytes of either, NULL for an empty one. */
    const char *p = sqlite3_column_blob(st->st, column);
    return str_n(p ? p : "", p ? (size_t) sqlite3_column_bytes(st->st, column) : 0);
}

int64_t sql_i64(struct sql_stmt *st, int column) {
    return sqlite3_column_int64(st->st, column);
}

double sql_double(struct sql_stmt *st, int column) {
    return sqlite3_column_double(st->st, column);
}

bool sql_is_null(struct sql_stmt *st, int column) {
    return sqlite3_column_type(st->st, column) == SQLITE_NULL;
}

int64_t sql_last_id(struct sql *db) {
    return sqlite3_last_insert_rowid(db->handle);
}

int64_t sql_changes(struct sql *db) {
    return sqlite3_changes64(db->handle);
}

struct sql_effort sql_effort(const struct sql *db) {
    return db->effort;
}

static bool in_transaction(struct sql *db) {
    return !sqlite3_get_autocommit(db->handle);
}

int sql_begin(struct sql *db, struct diag *reterr) {
    ASSERT(!in_transaction(db));
    return sql_run(db, reterr, "BEGIN IMMEDIATE", "");
}

int sql_commit(struct sql *db, struct diag *reterr) {
    ASSERT(in_transaction(db));
    int r = sql_run(db, reterr, "COMMIT", "");
    if (r < 0)
        sql_rollback(db);
    return r;
}

void sql_rollback(struct sql *db) {
    /* A failed statement may have rolled back already (disk full). Rolling back itself fails only
     * where the connection is lost, and then the next statement says so. */
    if (in_transaction(db))
        IGNORE(sql_run(db, NULL, "ROLLBACK", ""));
}

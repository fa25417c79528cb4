#include "room/change.h"

#include "base/limits.h"
#include "room/room_priv.h"

/* Names stand at the end of a line: a tab or a line end inside would make another one. */
static void add_name(struct buf *out, struct str name) {
    for (size_t i = 0; i < name.n; i++)
        buf_add_byte(out, (unsigned char) name.p[i] < ' ' ? ' ' : name.p[i]);
}

int room_changes_announced(struct room *r, struct buf *out, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT CAST(strftime('%s', f, '-9 hours') AS INTEGER), CAST(strftime('%s', u, '-9 hours', '+1 day') AS INTEGER) - 1, filters, name FROM "
                      "(SELECT name, json_extract(vals, '$.from') AS f, coalesce(nullif(json_extract(vals, '$.until'), ''), json_extract(vals, '$.from')) AS u, "
                      "coalesce(json_extract(vals, '$.filters'), '') AS filters FROM register WHERE kind = 'changes' AND active AND json_extract(vals, '$.state') = 'approved') "
                      "WHERE u >= date(?1 / 1000000000, 'unixepoch', '+9 hours') AND f IS NOT NULL ORDER BY u, name LIMIT ?2",
                      "ii", room_now(r), (int64_t) CHANGE_REQUESTS_MAX);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        struct str filters = sql_str(st, 2), one;
        if (!filters.n)
            filters = STR("*");
        while (str_split(&filters, '\n', &one)) {
            buf_printf(out, "%lld %lld\t", (long long) sql_i64(st, 0), (long long) sql_i64(st, 1));
            add_name(out, str_trim(one));
            buf_add_byte(out, '\t');
            add_name(out, sql_str(st, 3));
            buf_add_byte(out, '\n');
        }
        e = 0;
    }
    return e < 0 ? e : buf_error(out) ? diag_set(reterr, buf_error(out), "what was announced is too much") : 0;
}

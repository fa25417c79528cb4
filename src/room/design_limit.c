#include "room/design_limit.h"

#include "base/limits.h"
#include "room/room_priv.h"

/* A tab or a line end inside would make another field or line. */
static void add_field(struct buf *out, struct str s) {
    for (size_t i = 0; i < s.n; i++)
        buf_add_byte(out, (unsigned char) s.p[i] < ' ' ? ' ' : s.p[i]);
    buf_add_byte(out, '\t');
}

int room_design_limits(struct room *r, struct buf *out, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT coalesce(json_extract(vals, '$.host'), ''), json_extract(vals, '$.metric'), coalesce(json_extract(vals, '$.resource'), ''), "
                      "replace(json_extract(vals, '$.limit'), ',', '') FROM register WHERE kind = 'design_limits' AND active ORDER BY name LIMIT ?1",
                      "i", (int64_t) DESIGN_LIMITS_MAX);
    while (e == 0 && (e = sql_step(st, reterr)) == 1) {
        double limit;
        if (str_to_double(sql_str(st, 3), &limit) == 0 && limit > 0) { /* what is no number compares with nothing */
            for (int i = 0; i < 3; i++)
                add_field(out, sql_str(st, i));
            buf_add(out, sql_str(st, 3));
            buf_add_byte(out, '\n');
        }
        e = 0;
    }
    return e < 0 ? e : buf_error(out) ? diag_set(reterr, buf_error(out), "the limits of design are too many") : 0;
}

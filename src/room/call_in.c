/* Who is called at night has no session, and nobody is there to make a link: whoever presses the button behind a call may sign in.
 *
 * What is trusted is what an administrator wrote: the row of the register of people names the account, and was last written by
 * somebody who may hand out links anyway. A row that anybody else touched since (a number changed by a colleague) opens nothing. The
 * call must be young and nobody may have pressed before: who finds the message later gets nothing. The link lives as long as any other, opens
 * once, and stands in the chain. */
#include "room/callout.h"
#include "room/directory.h"
#include "room/person.h"
#include "room/room_priv.h"

#include <stdlib.h>

enum { CALL_OPENS_MIN = 60 };

/* Was the row last written by somebody who may make links? */
static int written_by_who_may(struct room *r, int64_t row, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_row link = {.object = OBJECT_LINK, .tlp = TLP_AMBER};
    struct room_person p;
    long long by;
    char text[ROOM_BY_CAP];
    int e = sql_query(r->db, &st, err, "SELECT updated_by FROM register WHERE id = ?1", "i", row);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e;
    snprintf(text, sizeof text, "%.*s", STR_ARG(sql_str(st, 0)));
    if (sscanf(text, "person:%lld", &by) != 1 || room_person_load(r, by, &p, NULL) < 0)
        return 0;
    return p.active && room_may(&p.actor, VERB_CREATE, &link);
}

int room_call_link(struct room *r, struct str token, char ret_token[ROOM_TOKEN_CHARS + 1], struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    CLEANUP(room_directory_closep) struct room_directory *d = NULL;
    int64_t expires;
    int e = sql_query(r->db, &st, reterr,
                      "SELECT c.person FROM message m JOIN call c ON c.message_id = m.id WHERE m.token = ?1 AND m.created_at >= ?2 AND m.acknowledged_at IS NULL ORDER BY c.id DESC LIMIT 1",
                      "si", &token, room_now(r) - CALL_OPENS_MIN * NS_PER_MIN);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e == 1)
        e = room_directory_open(r, &d, reterr) < 0 ? 0 : 1;
    const struct directory_person *p = e == 1 ? room_directory_person(d, sql_str(st, 0)) : NULL;
    e = e < 0 || !p || !p->active || !p->account ? MIN(e, 0) : written_by_who_may(r, p->id, reterr);
    if (e <= 0)
        return e;
    e = room_link_make(r, &room_system, p->account, ret_token, &expires, reterr);
    return e < 0 ? e : 1;
}

/* Decisions on paper, for when nothing else works: a sheet of codes, one for each decision and person, to be printed before.
 *
 * A code (duty/code.h) is made of the room's own key and says what its line says; it is nowhere kept. Typed in later with the time
 * written beside it, it puts the decision into the case at that time. Each is good once. A lost page is made void, and its unused
 * codes with it; the sheet can be printed again, with the same codes, or another be made. */
#pragma once
#include "room/room.h"

#define SHEET_LINES_MAX 400

/* Lines for everybody who may decide at some time of the next day, each kind somebody wrote down, both ways. -ENOENT: nobody may. */
int room_sheet_make(struct room *r, const struct room_actor *by, int64_t incident, int64_t *ret_id, struct diag *reterr) MUST_USE;
int room_sheet_void(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) MUST_USE;
/* What became of a code. */
enum room_code { CODE_DONE, CODE_MISTYPED, CODE_UNKNOWN, CODE_USED, CODE_VOID, CODE_TIME, CODE_MAX_ };
const char *room_code_to_string(enum room_code c);
/* at_ns: when it was decided, between the printing and now. *ret_incident: the case it was put into. */
int room_code_enter(struct room *r, const struct room_actor *by, struct str typed, int64_t at_ns, struct str why, enum room_code *ret, int64_t *ret_incident,
                    struct diag *reterr) MUST_USE;
/* {"sheets":[{…,"lines":[{"code",…}]}]} of a case. */
int room_sheets_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;

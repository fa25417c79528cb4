/* Tables the room was sent: read in a thread of libuv's pool, beside intake. {"t":"table","id",file,name,register,sheet,columns}
 * is answered, when it is through, with {"result":{"ok","error","code"}}; the document lies beside the file then, as FILE.json. The
 * file itself is removed.
 *
 * {"t":"blank","id",file,name,sheet}: an authority's blank form beside FILE.json, which says what is expected in which cell and afterwards what
 * was found instead. {"t":"fill",…}: FILE.json says what goes into which cell, FILE.out is the form with it (table/fill.h). */
#pragma once
#include "base/json.h"

struct sensor;
/* Whether it was one of these questions. */
bool table_work_asked(struct sensor *s, struct str type, int64_t id, const struct json_value *q);

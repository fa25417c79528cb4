/* How often values of events are what rules look for: what the planner chooses triggers by. A table is
 * learnt from any stream of events (`kizuki rule learn`), and one made of public events is shipped in
 * content/statistics. No match ever depends on it; without it, or with a wrong one, rules are only judged
 * more often than needed.
 *
 * The file is text: a head line, then a line for each field of each log source, parts separated by tabs:
 *   product/category/service  field  values  LEVEL:KEYS  LEVEL:KEYS …
 * LEVEL n holds the keys that stand in more than 2^-(n+1) and at most 2^-n of the values; rarer ones are left
 * out. A key is 24 bits of a hash of what was looked at (the whole value, its last path component, its first
 * and last bytes, up to four bytes anywhere in it), lowered, as four letters: nobody reads what a company's events hold
 * out of it, and one key in many thousands being wrong costs nothing but time. */
#pragma once
#include "detect/rule.h"

enum { STATISTICS_LEVELS = 9 };
/* What of a value a key is made of. FIRST and LAST are followed by a length: 1, 2, 3, 4, 8, 16. */
enum statistics_part {
    STATISTICS_WHOLE = 0x100,
    STATISTICS_COMPONENT = 0x200,
    STATISTICS_GRAM = 0x300, /* four bytes anywhere; + n: n, from 1 to 3 */
    STATISTICS_FIRST = 0x400,
    STATISTICS_LAST = 0x500
};
uint32_t statistics_key(unsigned part, struct str lowered); /* 24 bits */

struct detect_statistics;
/* The file's own mistakes are told with their line. */
int detect_statistics_load(const char *path, struct detect_statistics **ret, struct diag *reterr) MUST_USE;
int detect_statistics_load_text(struct str text, const char *file, struct detect_statistics **ret,
                                struct diag *reterr) MUST_USE;
struct detect_statistics *detect_statistics_free(struct detect_statistics *s); /* NULL allowed, returns NULL */
DEFINE_CLEANUP(struct detect_statistics *, detect_statistics_free)

struct statistics_field;
/* Of this log source, else the best known of that name; NULL: nothing is known. */
const struct statistics_field *statistics_find(const struct detect_statistics *s,
                                               const struct detect_logsource *source, struct str field);
/* The share of values, about; for rare ones what so many values allow one to say. */
double statistics_share(const struct statistics_field *f, unsigned part, struct str lowered);

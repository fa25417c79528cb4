/* Records of separated values (RFC 4180, and what programs really write), cut out of UTF-8 or any encoding whose bytes below
 * 0x40 mean what they mean in ASCII (UTF-8, CP932, EUC-JP): no second byte of theirs is a quote, separator or line end.
 *
 * A field is quoted only if the quote is its first byte; what stands behind the closing quote is kept as text. A line ends with
 * LF, CR or both. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct csv {
    struct str in;
    size_t at;
    char separator;
    uint32_t line;   /* of the record that comes next, from 1 */
    uint32_t record; /* likewise */
};
void csv_begin(struct csv *c, struct str in, char separator);
/* The next record's extent without its line end; false at the end. *ret_open: a quote never closes (the record is the rest). */
bool csv_next(struct csv *c, struct str *ret_record, bool *ret_open);
/* The fields of one record; quotes are taken off (into the arena where they held quotes). At most `cap` are written;
 * returns how many there are, or -ENOMEM. */
int csv_fields(struct arena *a, struct str record, char separator, struct str *dst, size_t cap);
/* The separator that makes the first records most alike: one of , tab ; |. A first line "sep=X" decides; *ret_skip is its
 * extent with the line end. */
char csv_separator(struct str in, size_t *ret_skip);

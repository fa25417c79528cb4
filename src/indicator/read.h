/* A file somebody sent becomes a list: STIX 2.1 bundles, events of MISP, CSV, or values taken out of text.
 *
 * Bytes are hostile. What cannot be read as a whole is an error; a value that is not taken stands in the list's refused
 * ones with its reason. The encoding is found out (UTF-8, CP932, EUC-JP, UTF-16…). */
#pragma once
#include "indicator/allow.h"
#include "indicator/indicator.h"

enum indicator_format { INDICATOR_STIX, INDICATOR_MISP, INDICATOR_CSV, INDICATOR_TEXT, INDICATOR_FORMAT_MAX_ };
const char *indicator_format_to_string(enum indicator_format f);
int indicator_format_from_string(struct str s); /* enum or -EINVAL */

struct indicator_reading {
    struct str name;        /* of the file: helps to find out what it is */
    int format;             /* enum indicator_format, or -1: find out */
    struct str source;      /* who says so, where the file does not say; empty: the file's name */
    int tlp;                /* where the file says nothing; -1: amber */
    int confidence;         /* likewise; -1: not stated */
    int64_t valid_until_ns; /* likewise; TIME_NONE: without end */
    /* CSV: which column holds what, by number from 1 or by its heading: "value=2,type=Kind,note=5"; empty: by the
     * headings, or by what stands in the columns. Columns: value type source confidence tlp first last until note id */
    struct str columns;
    const struct indicator_allow *allow; /* NULL: nothing is refused for what it is */
};
int indicator_read(const struct indicator_reading *o, struct str bytes, struct indicator_list *ret,
                   enum indicator_format *ret_format, struct diag *reterr) MUST_USE;

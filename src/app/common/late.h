/* Logs that come late: a CSV, an XLSX, a ZIP of logs or plain logs, as a hosting company sends them. Read here and made into records; the
 * sensor puts these into the spool.
 *
 * Lines stay byte for byte. A row of a table (told by its header, content/logs/columns.yml) becomes one line of JSON with ECS names, its
 * time with its zone, all other columns as csv.NAME. Of the same source a line is taken once: a line that stands n times in one
 * file and m times in another is taken max(n, m) times, so that files may overlap or come again (`seen`: a hash of each line and of
 * which of its equals it is).
 *
 * Not done: tables beyond TABLE_ROWS_MAX rows; lines without any time in them cannot be told from true repetitions. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct late_job {
    const char *path, *name; /* of the file; as the user knows it */
    const char *folder;      /* DATA/sensor/late: what is remembered; parts are unpacked there */
    const char *records;     /* where the records go: u32 length, u8 length of columns, columns, bytes, …; NULL: nowhere */
    struct str source;       /* "": remembered for this shape, else the file's name without its digits */
    struct str columns;      /* by hand, as in table/match.h; .p NULL: remembered or told by names */
    struct str service;      /* service.name; "": none */
    int offset_min;          /* of times without a zone; LATE_NO_OFFSET: remembered, else Japan's */
    bool keep;               /* remember the mapping, write DATA/sensor/late/SOURCE.new */
    unsigned samples;        /* so many records are kept in the result */
};
#define LATE_NO_OFFSET 100000
enum { LATE_HEAD_BYTES = 5 }; /* of a record */
struct late_result {
    char source[128], service[128], digest[65], seen[4096]; /* seen: the file that .new replaces */
    uint64_t files, tables, records, repeated, refused;
    int64_t first_ns, last_ns; /* of tables; TIME_NONE: unknown */
    bool read_before;
    struct buf samples;  /* lines, each ended by LF */
    struct buf refusals; /* likewise: sentences with their places, the first 50 */
    struct buf columns;  /* likewise: how the columns of tables were read */
};
int late_prepare(const struct late_job *j, struct late_result *ret, struct diag *reterr) MUST_USE;
void late_result_done(struct late_result *r);

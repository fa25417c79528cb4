/* The last so many records found, copied: a record is valid only while its batch is. By position in a spool, by time
 * in files or where that is asked for (by_time: the event's own, then position). */
#pragma once
#include "event/record.h"

struct kept {
    struct raw_record rec; /* its slices stand behind it */
    int64_t time_ns;
};
struct search_keep {
    struct kept **at; /* a heap, the oldest on top; after search_keep_sort the newest first */
    size_t n, cap, max;
    bool by_time;
    size_t bytes, bytes_max; /* of what is kept; 0: no maximum */
};
void search_keep_init(struct search_keep *k, size_t max);
void search_keep_done(struct search_keep *k);
int search_keep_add(struct search_keep *k, const struct raw_record *rec, int64_t time_ns) MUST_USE;
void search_keep_sort(struct search_keep *k);

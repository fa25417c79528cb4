/* What the file of a filter holds and how it is read: its head at once, the rest page by page as it is asked about, each
 * page held against its checksum. Private to filter.c and filter_file.c. */
#pragma once
#include "app/search/filter.h"

enum {
    FILTER_BLOCK_BYTES = 32,
    FILTER_BLOCKS_LOG_MIN = 6,
    FILTER_BLOCKS_LOG_MAX = 17, /* 4 MiB, for a segment of 64 MiB: larger segments only have more false alarms */
    FILTER_KEY_BYTES = 6,
    FILTER_KEYS_MAX = 1 << 21,  /* of one segment: 12 MB; more are not told */
    FILTER_MAPS_MAX = 1 << 25,  /* bytes; likewise */
    FILTER_STEP = 512,          /* keys */
};
static inline size_t filter_block_bytes(const struct filter *f) {
    return (size_t) FILTER_BLOCK_BYTES << f->blocks_log;
}
/* These bytes of blocks, keys or maps may be looked at. false: they are damaged, and anything is possible. */
bool filter_need(const struct filter *f, const void *at, size_t n);
void filter_file_free(struct filter_file *x);

/* Segments as files: list, make, check. Private to the spool. */
#pragma once
#include "spool/file.h"
#include "spool/format.h"
#include "spool/table.h"

/* Indexes in ascending order, each once: plain or sealed. */
struct spool_segments {
    uint32_t *at;
    uint32_t n;
};
/* clean: remove what a crash while making a segment left behind (writer only). */
int spool_segments_list(int dir_fd, bool clean, struct spool_segments *ret,
                        struct diag *reterr) MUST_USE;
/* The segments that have a checkpoint. */
int spool_checkpoints_list(int dir_fd, struct spool_segments *ret, struct diag *reterr) MUST_USE;
void spool_segments_done(struct spool_segments *l);

/* Reads and checks the header; index must be the one in the name. */
int spool_segment_header(struct spool_file *file, uint32_t index,
                         struct spool_header *ret) MUST_USE;
/* Which of them holds this record, by their headers: the last that begins at or before it (the first, when none does). */
int spool_segment_of(int dir_fd, const struct spool_segments *l, uint64_t record, uint32_t *ret_i) MUST_USE;

struct spool_fresh {
    int fd;
    uint64_t next; /* number behind the copies of sources and states */
    uint64_t size;
};
/* Header and the table's content under a temporary name, synced, then renamed: a segment that can
 * be seen is complete. On failure nothing is left behind. */
int spool_segment_create(int dir_fd, const struct spool_header *head,
                         const struct spool_table *table, struct spool_fresh *ret,
                         struct diag *reterr) MUST_USE;

int spool_write_at(int fd, uint64_t at, struct str bytes) MUST_USE;
int spool_new_id(uint8_t id[SPOOL_ID_BYTES], struct diag *reterr) MUST_USE;

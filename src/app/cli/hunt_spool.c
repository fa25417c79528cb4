#include "app/cli/hunt_spool.h"

#include "base/log.h"
#include "spool/format.h"
#include "spool/reader.h"

#include <dirent.h>

bool hunt_is_spool(const char *path) {
    DIR *d = opendir(path);
    struct dirent *e;
    uint32_t segment;
    bool found = false;
    while (d && !found && (e = readdir(d)))
        found = spool_segment_parse(e->d_name, &segment);
    if (d)
        closedir(d);
    return found;
}

static int take_batch(struct engine *e, struct engine_lane *lane, struct engine_batch *batch,
                      struct engine_stream *stream, struct registry *registry,
                      const struct spool_batch *b, uint64_t *bytes) {
    for (size_t i = 0; i < b->n; i++) {
        int r = registry_take(registry, &b->records[i]);
        if (r < 0)
            return r;
        if (!(b->records[i].flags & (RAW_SOURCE | RAW_STATE)))
            *bytes += b->records[i].bytes.n;
    }
    int r = engine_process(lane, b->records, b->n, batch);
    return r < 0 ? r : engine_consume(e, batch, stream);
}

int hunt_spool(struct engine *e, struct registry *registry, const char *dir, uint64_t *ret_bytes,
               struct diag *reterr) {
    CLEANUP(spool_reader_freep) struct spool_reader *reader = NULL;
    struct engine_lane *lane = engine_lane_new(e);
    struct engine_batch *batch = engine_batch_new();
    struct engine_stream stream = ENGINE_STREAM_START;
    struct spool_batch records;
    struct spool_gap gap;
    spool_batch_init(&records);
    int r = lane && batch ? spool_reader_open(dir, &reader, reterr) : diag_set(reterr, -ENOMEM, "out of memory");
    while (r == 0 && (r = spool_reader_next(reader, &records, &gap, reterr)) != 0) {
        if (r == -ERR_CORRUPT) {
            log_error("records %llu to %llu of segment %u cannot be read",
                      (unsigned long long) gap.from_number, (unsigned long long) gap.to_number, gap.segment);
            r = 0;
        } else if (r > 0) {
            r = take_batch(e, lane, batch, &stream, registry, &records, ret_bytes);
            if (r < 0)
                diag_set(reterr, r, "cannot go on: %s", err_word(r));
        }
    }
    /* What is open stays as it was when the spool ends: the same tellings as live. */
    spool_batch_done(&records);
    engine_batch_free(batch);
    engine_lane_free(lane);
    return r;
}

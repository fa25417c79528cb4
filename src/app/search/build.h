/* The filter of one segment (filter.h) while its events come by, whoever reads them: the indexer, which makes rows of the
 * same folded texts, or scan_make_filter where nobody reads the segment otherwise. */
#pragma once
#include "app/search/filter.h"

struct build {
    bool on;      /* there is one in the making */
    bool damaged; /* a place in the segment cannot be read: its filter says "perhaps" to everything */
    struct filter filter;
};
struct spool_part;
/* like: whose spool and by whom. */
int build_begin(struct build *b, const struct filter *like, const struct spool_part *p) MUST_USE;
/* All of its events, in their order. */
void build_add(struct build *b, const struct whole_folded *e, uint64_t at, bool open);
void build_add_definition(struct build *b, uint64_t at, const struct raw_record *rec);
/* Of the records up to `next` in a segment of so many bytes. Ends the making, also when it fails. */
int build_end(struct build *b, uint64_t next, uint64_t bytes, const char *filter_dir, struct diag *reterr) MUST_USE;
void build_done(struct build *b);

struct filter build_like(const uint8_t *spool_id, uint32_t segment, const struct decode_set *decoders);
bool build_is_there(const char *filter_dir, const struct filter *like);

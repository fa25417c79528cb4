/* Rows of the index as they travel: to it in ClickHouse's RowBinary (sql.h has the columns), from it as positions.
 *
 * A row narrows and never decides: what does not fit its bounds makes it `rough`, and a rough row is always a
 * candidate. Texts are folded by whoever fills the row. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/limits.h"

enum index_kind { INDEX_EVENT, INDEX_MARK, INDEX_SOURCE };
struct index_row {
    enum index_kind kind;
    bool rough;
    uint32_t segment, source;
    uint32_t width;    /* MARK: records from n on that are in the index; 0 else */
    uint64_t n, place; /* place: byte in the segment where record n begins; MARK: behind its records */
    int64_t time_s;    /* floor of the event's time */
    size_t n_hosts, n_users, n_v4, n_v6, n_digests;
    struct str hosts[INDEX_VALUES_MAX], users[INDEX_VALUES_MAX];
    uint32_t v4[INDEX_VALUES_MAX], digests[INDEX_VALUES_MAX];
    struct ip v6[INDEX_VALUES_MAX];
    struct buf text; /* stretches of characters beyond ASCII, a blank between; initialised by index_row_init */
};
void index_row_init(struct index_row *row);
void index_row_done(struct index_row *row);
void index_row_begin(struct index_row *row, enum index_kind kind, uint32_t segment, uint64_t n, uint64_t place);
/* Slices are borrowed until the row is written. Each value once. */
void index_row_host(struct index_row *row, struct str name);
void index_row_user(struct index_row *row, struct str name);
void index_row_ip(struct index_row *row, const struct ip *ip);
/* Every IPv4 address and digest that stands in a folded text as words do, and its other characters than ASCII. */
void index_row_text(struct index_row *row, struct str folded);
void index_row_write(const struct index_row *row, uint64_t made, struct buf *out);

/* The four numbers of a dotted address, most significant first. */
uint32_t index_v4(const struct ip *ip);
/* What a digest is known by: hexadecimal digits as many as MD5, SHA-1 or SHA-256 have. false: it is none. */
bool index_digest(struct str folded, uint32_t *ret);

struct index_found {
    enum index_kind kind;
    bool rough;
    uint32_t segment;
    uint64_t n;     /* MARK: the first that is covered */
    uint64_t next;  /* MARK: behind the last */
    uint64_t place;
    uint64_t width; /* MARK: covered records, counted */
};
enum { INDEX_FOUND_BYTES = 46 };
/* The row at `at` of an answer; -ERR_CORRUPT. */
int index_found_read(struct str answer, size_t at, struct index_found *ret) MUST_USE;

/* All indicators that are kept: one file an import below DATA/indicators, so that an import can be taken back by removing
 * its file, and the same value from several keeps all its origins.
 *
 *   DATA/indicators/00000003.import    a line of JSON about the import, then one for each indicator
 *   DATA/indicators/changed            written last, for who looks whether there is something new
 *   DATA/indicators/next               the number of the next import: a number is never given twice
 *   DATA/indicators/lists/             the user's own warning lists (allow.h)
 *
 * Whoever writes holds the lock (DATA/indicators/lock). */
#pragma once
#include "base/json.h"
#include "base/map.h"
#include "indicator/read.h"

struct indicator_import {
    uint32_t id;
    struct str name;   /* of the file */
    struct str by;
    enum indicator_format format;
    int64_t at_ns;
    uint64_t n, n_new, n_refused;
    struct str head;   /* the first line whole: with what was refused */
};
struct indicator_origin {
    uint32_t import;   /* its id */
    uint32_t group;    /* unique in the book; 0: alone */
    uint8_t group_n, tlp;
    int8_t confidence;
    struct str source, id, note;
    int64_t first_ns, last_ns, valid_until_ns;
};
struct indicator_entry {
    enum indicator_kind kind;
    struct str value;
    struct indicator_origin *origins;
    uint32_t n;
    size_t cap;
};
struct indicator_book {
    struct arena arena;
    struct map by_value;
    struct indicator_entry *entries; /* in the order of imports */
    size_t n, cap;
    struct indicator_import *imports; /* by id */
    size_t n_imports, cap_imports;
    uint32_t groups;
};
/* A folder that is not there is an empty book. What is damaged is an error: an import is never dropped in silence. */
int indicator_book_load(const char *dir, struct indicator_book *ret, struct diag *reterr) MUST_USE;
void indicator_book_done(struct indicator_book *b);
const struct indicator_entry *indicator_book_find(const struct indicator_book *b, enum indicator_kind kind, struct str value);
const struct indicator_import *indicator_book_import(const struct indicator_book *b, uint32_t id);
/* A book that holds a list and lies nowhere. */
int indicator_book_of_list(const struct indicator_list *l, struct indicator_book *ret) MUST_USE;
/* Whether an origin of the entry holds at the time (TIME_NONE: any), and the surest of them. */
const struct indicator_origin *indicator_entry_holds(const struct indicator_entry *e, int64_t time_ns);

struct indicator_counts {
    uint64_t fresh, known, refused, same, passed;
};
/* What an import of the list would do. */
void indicator_book_count(const struct indicator_book *b, const struct indicator_list *l, struct indicator_counts *ret);
struct indicator_importing {
    const struct indicator_list *list;
    struct str name, by;
    enum indicator_format format;
    int64_t at_ns;
};
/* Writes it; with the lock. */
int indicator_book_add(const char *dir, const struct indicator_book *b, const struct indicator_importing *x, uint32_t *ret_id,
                       struct diag *reterr) MUST_USE;
int indicator_book_remove(const char *dir, uint32_t id, struct diag *reterr) MUST_USE;
/* The lock's descriptor; closing it unlocks. */
int indicator_book_lock(const char *dir, struct diag *reterr) MUST_USE;
/* What is refused, as a list of JSON: {"value","why","detail","line"}. */
void indicator_refused_write(const struct indicator_list *l, size_t max, struct jsonw *w);
void indicator_entry_write(const struct indicator_book *b, const struct indicator_entry *e, struct jsonw *w);
void indicator_import_write(const struct indicator_import *i, struct jsonw *w);
/* When something changed last: of the file `changed`; 0: never. */
int64_t indicator_book_changed(const char *dir);

/* Stage one of reading JSON: where the strings are.
 *
 * The text is looked at 64 bytes at a time, by AVX-512, AVX2, SSE2 or plain C, whatever the
 * processor has; all find the same. Found are the quotes that no backslash escapes, and where
 * backslashes stand. Checked is what can be told without grammar: that no control character stands
 * in a string, that escapes are known ones, that \u has four digits, that the text is UTF-8. What
 * is left to the second stage (json_cursor.h) is the grammar between the strings.
 *
 * The index holds a part of the text at a time, so its size is fixed; a log line mostly fits whole.
 * Nothing is read outside the text. */
#pragma once
#include "base/macros.h"
#include "base/str.h"

enum { JSON_INDEX_BLOCKS = 256, JSON_INDEX_QUOTES = 1024, JSON_INDEX_SPARE = 64 + 16 };
enum { JSON_UNESCAPE_SPARE = 64 };

struct json_index {
    const char *text;
    size_t n_text;
    size_t done;            /* bytes looked at; the next block begins here */
    size_t from;            /* where the first word of `backslash` begins */
    uint64_t escaped_first; /* 1: the first byte of the next block is escaped */
    uint64_t in_string;     /* all ones: the next block begins inside a string */
    uint32_t n;             /* quotes in at[] */
    bool high;              /* not all of it is ASCII */
    bool unicode;           /* there is a \u escape */
    size_t bad_at;          /* no JSON from here, whatever the grammar says; SIZE_MAX: not so far */
    uint32_t at[JSON_INDEX_QUOTES + JSON_INDEX_SPARE];
    uint64_t backslash[JSON_INDEX_BLOCKS + 2]; /* a bit a byte from `from` on; two are only read */
};

/* The text has at most 4 GB. Looks at the first part. Quotes behind bad_at are not handed out, so
 * that a string with a fault in it has no end. */
void json_index_begin(struct json_index *ix, struct str text);
/* Looks at the next part; quotes from number `keep` on stay, at the front. False at the end, and
 * behind bad_at. */
bool json_index_more(struct json_index *ix, uint32_t keep);

/* A checked raw string into `to`, which has JSON_UNESCAPE_SPARE bytes more than it: escapes undone,
 * and letters of ASCII made small if asked; *high: not all of it is ASCII. Returns how many bytes;
 * SIZE_MAX when there are \u escapes, or no code for it: then it has to go the long way of
 * json_unescape. */
size_t json_index_flatten(char *to, struct str raw, bool lower, bool *high);

/* Which code looks: "avx512", "avx2", "sse2", "plain". The best the processor has, or what
 * KIZUKI_JSON says. */
const char *json_index_code(void);
/* For tests; false when the processor lacks it. */
bool json_index_use(const char *name) MUST_USE;
/* Exact like text_is_utf8, by the same choice of code. */
bool json_index_utf8(struct str text);

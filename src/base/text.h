/* Text in whatever encoding it arrives. Raw bytes are never changed; these functions make a readable UTF-8
 * copy beside them.
 *
 * Detection is per line, cheap first: ASCII, valid UTF-8, ISO-2022-JP (escape sequences), then CP932 against
 * EUC-JP by which of the two decodes without error and, when both do, by the plausibility of the result
 * (kana and JIS level 1 against half-width katakana and rare kanji). What fits nothing is kept as UTF-8 with
 * each bad byte shown as U+FFFD and TEXT_BROKEN returned: counted, never dropped. */
#pragma once
#include "base/arena.h"

enum text_encoding {
    TEXT_ASCII, TEXT_UTF8, TEXT_CP932, TEXT_EUC_JP, TEXT_ISO_2022_JP, TEXT_UTF16LE, TEXT_UTF16BE, TEXT_BROKEN,
    TEXT_ENCODING_MAX_
};
const char *text_encoding_to_string(enum text_encoding e);      /* "cp932" */
int text_encoding_from_string(struct str s);                    /* enum or -EINVAL; "sjis" and "shift_jis" mean cp932 */
bool text_is_utf8(struct str s);                                /* strict: RFC 3629 */
bool text_is_ascii(struct str s);
enum text_encoding text_detect(struct str s);
/* The same of a line of somebody who usually writes CP932 or EUC-JP (any other `usual`: nothing is known): between these
 * two the usual one wins where the bytes can be read so, and a short line is no longer a guess. */
enum text_encoding text_detect_usual(struct str s, int usual);
/* UTF-8 of s. ASCII and UTF-8 return s itself. hint: an encoding configured for the source, or -1; it wins
 * where the bytes can be read so, else they are detected. A UTF-16 mark is dropped. A line that was cut in
 * the middle of a character is TEXT_BROKEN and still read in the encoding its other bytes have.
 * .p is NULL only when memory ends. */
struct str text_to_utf8(struct arena *a, struct str s, int hint, enum text_encoding *ret_used);

/* s itself where it is UTF-8, else a copy with each bad byte as U+FFFD; .p is NULL only when memory ends. */
struct str text_repair(struct arena *a, struct str s);

/* Folding for comparison and search. One way for rows and queries, and folding what is folded changes nothing.
 * Bytes that are no UTF-8 become U+FFFD. Each may return its argument itself; .p is NULL only when memory ends.
 *
 *   text_normal    NFKC and full case folding: width, Kangxi radicals, capitals
 *   text_variants  of a normal text: the writings of content/variants.tsv made one (サーバー, サーバ). A part of a text
 *                  may be half of such a writing: who looks for parts looks in both forms
 *   text_fold      both */
struct str text_normal(struct arena *a, struct str utf8);
struct str text_variants(struct arena *a, struct str normal);
struct str text_fold(struct arena *a, struct str utf8);
/* text_fold without white space: two writings of one name (会員 サイト, 会員サイト) are the same. */
struct str text_name_key(struct arena *a, struct str utf8);
/* ASCII and characters that are their own normal form whatever stands beside them: text_normal only lowers this. */
bool text_is_own_normal(struct str s);
bool text_has_variants(struct str normal); /* text_variants would change it */
/* Letters lowered, one character for one, and nothing else: what "ignoring case" means to a rule, which may hunt
 * for the very characters folding would make ordinary (U+02E3, a small raised x). No letter beyond ASCII becomes
 * one of ASCII (U+212A, U+0130): plain texts are compared byte by byte. Bytes that are no UTF-8 stay.
 * May return s itself; .p is NULL only when memory ends. */
struct str text_lower(struct arena *a, struct str s);
/* The first `max` bytes at most, and no half of a character. */
struct str text_first(struct str utf8, size_t max);
/* Columns on a terminal or in a table: East Asian Wide and Fullwidth count 2. */
size_t text_width(struct str utf8);
/* Appends s with C0, C1, DEL and bidirectional controls written as \xNN / \u{NNNN}, for terminals and logs
 * (the lesson of AIDE CVE-2025-54389). */
struct buf;
void text_escape_controls(struct buf *out, struct str utf8);

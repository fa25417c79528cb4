/* JSON: one strict, bounded reader (RFC 8259) and one writer.
 *
 * Reader: the whole text is in memory. Accepted is exactly what RFC 8259 allows, UTF-8 checked (no
 * surrogates, no overlong forms), no byte order mark, depth at most JSON_DEPTH_MAX, no duplicate-key magic
 * (json_get returns the first). Strings without escapes are slices of the input; others are unescaped into
 * the arena. NUL (\u0000) inside strings is legal and kept. A lone surrogate escape (\ud800) is grammatical
 * but no character: it reads as U+FFFD. A diag gets line and column, and file "" for the caller to fill.
 *
 * Two ways to read: a tree for control documents, and a walk over leaves for log lines, which allocates
 * only for unescaping and for dotted paths. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
    enum json_type type;
    unsigned n;               /* members or elements */
    struct str text;          /* string (unescaped) or number (as written) */
    struct str key;           /* when this is a member of an object */
    struct json_value *first; /* child */
    struct json_value *next;  /* sibling */
};

/* Valid as long as both the arena and the input. Trailing white space is allowed, anything else is not. */
int json_parse(struct arena *a, struct str in, struct json_value **ret, struct diag *reterr) MUST_USE;

/* Exactly one JSON number and nothing else. */
bool json_is_number(struct str s);

/* Typed accessors: never a wrong reading; NULL or false when absent or of another type. */
const struct json_value *json_get(const struct json_value *object, const char *key);
bool json_get_str(const struct json_value *object, const char *key, struct str *ret);
bool json_get_i64(const struct json_value *object, const char *key, int64_t *ret); /* integers only */
bool json_get_bool(const struct json_value *object, const char *key, bool *ret);
const struct json_value *json_get_array(const struct json_value *object, const char *key);
const struct json_value *json_get_object(const struct json_value *object, const char *key);
/* For control messages: -ERR_REFUSED naming the first key that is not in the NULL-terminated list. */
int json_only_keys(const struct json_value *object, const char *const *allowed, struct diag *reterr)
    MUST_USE;

/* Walk: calls leaf() for every string, number, boolean and null with its dotted path ("a.b.c"; array
 * elements repeat the path of their array). An empty array or object is reported as JSON_ARRAY or
 * JSON_OBJECT with empty text. Returning non-zero from leaf() stops the walk and is returned.
 * `in` must hold exactly one value; *ret_used (may be NULL) allows text behind it and says where it ended,
 * which reads concatenated JSON. path and text are valid until the callback returns unless unescaped into
 * the arena (text always is either a slice of `in` or in the arena). */
typedef int json_leaf_fn(void *ctx, struct str path, enum json_type type, struct str text);
int json_walk(struct arena *a, struct str in, size_t *ret_used, json_leaf_fn *leaf, void *ctx,
              struct diag *reterr) MUST_USE;

/* The same walk for a reader that wants few of the leaves: a string is handed over as it stands between its
 * quotes (always a slice of `in`), and `escaped` says that it is to go through json_unescape first. Just as
 * strict: what is handed over has been checked. */
typedef int json_raw_leaf_fn(void *ctx, struct str path, enum json_type type, struct str raw, bool escaped);
int json_walk_raw(struct arena *a, struct str in, size_t *ret_used, json_raw_leaf_fn *leaf, void *ctx,
                  struct diag *reterr) MUST_USE;
/* How long the first value in a text is, with the space before it; the text's length when it does not end, the
 * space alone when no value begins behind it. Looks only at strings and brackets: whether it is JSON is for the
 * readers to say. */
size_t json_extent(struct str in);
/* Whether a text is exactly one value, as json_parse would say. */
int json_check(struct str in, struct diag *reterr) MUST_USE;
/* The meaning of a raw string that json_walk_raw handed over; .p is NULL only when memory ends. */
struct str json_unescape(struct arena *a, struct str raw);
/* The same with the letters of ASCII made small; *ret_high: not all of it is ASCII. */
struct str json_unescape_lower(struct arena *a, struct str raw, bool *ret_high);

/* Writer: streams into a buf; commas and nesting are kept by it. Misuse is an ASSERT. Invalid UTF-8 in a
 * string is written as U+FFFD, control characters as \u00XX, so that the output is always valid JSON. */
struct jsonw {
    struct buf *out;
    unsigned depth;
    uint64_t is_object; /* bit per depth */
    uint64_t has_item;
    bool after_key;
};
void jsonw_init(struct jsonw *w, struct buf *out);
void jsonw_object(struct jsonw *w);
void jsonw_array(struct jsonw *w);
void jsonw_end(struct jsonw *w); /* closes what was opened last */
void jsonw_key(struct jsonw *w, struct str key);
void jsonw_str(struct jsonw *w, struct str s);
void jsonw_i64(struct jsonw *w, int64_t v);
void jsonw_u64(struct jsonw *w, uint64_t v);
void jsonw_double(struct jsonw *w, double v); /* shortest of at most 17 digits; NaN and infinities are null */
void jsonw_bool(struct jsonw *w, bool v);
void jsonw_null(struct jsonw *w);
void jsonw_raw(struct jsonw *w, struct str json); /* already valid JSON */
void jsonw_value(struct jsonw *w, const struct json_value *v); /* something that was parsed, whole */
/* key and value at once */
void jsonw_kstr(struct jsonw *w, const char *key, struct str s);
void jsonw_kz(struct jsonw *w, const char *key, const char *z); /* NULL writes null */
void jsonw_ki64(struct jsonw *w, const char *key, int64_t v);
void jsonw_ku64(struct jsonw *w, const char *key, uint64_t v);
void jsonw_kdouble(struct jsonw *w, const char *key, double v);
void jsonw_kbool(struct jsonw *w, const char *key, bool v);
void jsonw_ktime(struct jsonw *w, const char *key, int64_t t_ns); /* ISO, milliseconds, UTC; TIME_NONE is null */
/* Appends s as a JSON string with its quotes. */
void json_quote(struct buf *out, struct str s);

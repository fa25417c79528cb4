/* The keys of JSON lines, remembered: what each means for an event, and which came behind which.
 *
 * Lines of one log have nearly the same keys in nearly the same order. A key, with the containers
 * it stands in, is a node; a node holds the id of its dotted name, so that a key of the next line
 * costs one comparison with the node that came behind the last one before, and a table look-up when
 * it is another. A memory is one thread's (decode_lane) and bounded: where it is full, nodes are
 * made for the one line, in its arena, and the next line begins with an empty memory. Without a
 * memory all nodes are such. What is remembered never changes an event. */
#pragma once
#include "base/json_cursor.h"
#include "decode/journal_priv.h"

enum json_key_use { KEY_FIELD = 1, KEY_KNOWN = 2, KEY_TIME = 4, KEY_JOURNAL = 8 };
enum { KEY_TIMES_MAX = 32 };
enum { KEY_TEXT_MAX = 64, KEYS_MAX = 2048, KEY_SLOTS = 4 * KEYS_MAX, KEY_PATHS_BYTES = 128 * 1024 };

struct json_key {
    uint32_t n;        /* of text; UINT32_MAX: too long to be kept there, or with a backslash */
    uint32_t id;       /* of path, 0 = nobody knows it */
    uint8_t use;       /* bits of json_key_use; 0: nobody asks for it */
    uint8_t time_rank; /* KEY_TIME */
    bool ours;         /* what Kizuki derives itself is never taken from a line */
    const struct json_key *parent;
    struct json_key *next[2]; /* what came behind it last, and before that */
    struct str path;          /* dotted */
    char text[KEY_TEXT_MAX];
};

struct json_keys {
    struct json_key root; /* the line's own object */
    struct json_key none; /* behind what nothing came yet */
    uint32_t n_names;     /* of the names when this memory began: they may still be growing */
    uint32_t n, n_paths;
    bool full;
    uint16_t slots[KEY_SLOTS]; /* 1 + index; open addressing, at most a quarter full */
    struct json_key at[KEYS_MAX];
    char paths[KEY_PATHS_BYTES];
};

/* Where a line begins that has no memory. */
extern struct json_key json_keys_nothing;
/* Forgets everything. */
void json_keys_reset(struct json_keys *k, const struct event_names *names);
/* The node of a key that json_keys_next did not know. keys may be NULL; NULL when memory ends. */
struct json_key *json_keys_find(struct json_keys *keys, struct decode_job *j, struct json_key *last,
                                const struct json_key *parent, struct str key, bool escaped);

/* Whether the key is the node's; `end` is the text's. */
static inline bool json_key_is(const struct json_key *k, const struct json_key *parent,
                               struct str key, const char *end) {
    if (k->n != key.n || k->parent != parent)
        return false;
#ifdef __SSE2__
    if (LIKELY((size_t) (end - key.p) >= KEY_TEXT_MAX)) {
        for (uint32_t i = 0;; i += 16) {
            __m128i a = _mm_loadu_si128((const __m128i *) (const void *) (key.p + i));
            __m128i b = _mm_loadu_si128((const __m128i *) (const void *) (k->text + i));
            unsigned same = (unsigned) _mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
            uint32_t left = (uint32_t) key.n - i;
            if (left <= 16)
                return !(~same & ((1u << left) - 1));
            if (same != 0xffff)
                return false;
        }
    }
#endif
    return memcmp(k->text, key.p, key.n) == 0;
}

/* The node that came behind `last` before, if it is this key's; else NULL. No node's text has a
 * backslash, so a key with escapes is none's. */
static inline struct json_key *json_keys_next(const struct json_key *last,
                                              const struct json_key *parent, struct str key,
                                              const char *end) {
    struct json_key *k = last->next[0];
    if (LIKELY(json_key_is(k, parent, key, end)))
        return k;
    k = last->next[1];
    return json_key_is(k, parent, key, end) ? k : NULL;
}

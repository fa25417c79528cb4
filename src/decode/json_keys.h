/* The keys of JSON lines, remembered: what each means for an event, and which came behind which.
 *
 * Lines of one log have the same keys in the same order, and a log has some hundred such orders. A
 * key, with the containers it stands in, is a json_key, which holds the id of its dotted name. The
 * orders are a tree of steps: the keys so far lead to a step, its children are the keys that
 * followed before, the latest first. So a key of the next line mostly costs one comparison, and a
 * table look-up when it never came there before. (What came behind a key wherever it stood would be
 * right for half the keys of a mixed log; the step is for 94 in 100.)
 *
 * A memory is one thread's (decode_lane) and bounded: where it is full, keys are made for the one
 * line, in its arena, and the next line begins with an empty memory. Without a memory all keys are
 * such. What is remembered never changes an event. */
#pragma once
#include "base/json_cursor.h"
#include "decode/journal_priv.h"

enum json_key_use { KEY_FIELD = 1, KEY_KNOWN = 2, KEY_TIME = 4, KEY_JOURNAL = 8, KEY_RECIPE = 16, KEY_LEDGER = 32 };
enum { KEY_TIMES_MAX = 32 };
enum {
    KEY_TEXT_MAX = 64,
    KEYS_MAX = 2048,
    KEY_SLOTS = 4 * KEYS_MAX,
    KEY_PATHS_BYTES = 128 * 1024,
    KEY_STEPS_MAX = 32768
};

struct json_key {
    uint32_t n;        /* of text; UINT32_MAX: too long to be kept there, or with a backslash */
    uint32_t id;       /* of path, 0 = nobody knows it */
    uint8_t use;       /* bits of json_key_use; 0: nobody asks for it */
    uint8_t time_rank; /* KEY_TIME */
    uint16_t slot;     /* KEY_RECIPE: of the set's */
    uint16_t late;     /* 1 + slot of a value only the chosen recipe asks for: read by a second walk (jsonline.c); 0: none */
    bool ours;         /* what Kizuki derives itself is never taken from a line */
    const struct json_key *parent;
    char text[KEY_TEXT_MAX];
    struct str path; /* dotted */
};
/* By number; 0 is where a line begins. */
struct json_step_key {
    struct json_key *key;
    uint32_t child;   /* the key that came next, latest first; 0: none */
    uint32_t sibling; /* the next child of the same step; 0: none */
};

struct json_keys {
    struct json_key root; /* the line's own object */
    const struct decode *d;
    uint32_t n_names;     /* of the names when this memory began: they may still be growing */
    uint32_t n, n_paths, n_steps;
    bool full;
    uint16_t slots[KEY_SLOTS]; /* 1 + index; open addressing, at most a quarter full */
    struct json_key at[KEYS_MAX];
    struct json_step_key steps[KEY_STEPS_MAX];
    char paths[KEY_PATHS_BYTES];
};

/* The object of a line that has no memory. */
extern const struct json_key json_keys_root;
/* Forgets everything. */
void json_keys_reset(struct json_keys *k, const struct decode *d);
/* The key at *step that was not its first child; moves *step on. keys may be NULL, then step is not
 * looked at; NULL when memory ends. */
const struct json_key *json_keys_find(struct json_keys *keys, struct decode_job *j, uint32_t *step,
                                      const struct json_key *parent, struct str key, bool escaped);

/* Whether this is the key; `end` is the text's. */
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

/* The key that came here the last time, if this is it; else NULL. No key's text has a backslash, so
 * that one with escapes is none. */
static inline const struct json_key *json_keys_next(const struct json_keys *keys, uint32_t *step,
                                                    const struct json_key *parent, struct str key,
                                                    const char *end) {
    uint32_t child = keys->steps[*step].child;
    const struct json_key *k = keys->steps[child].key;
    if (UNLIKELY(!child) || UNLIKELY(!json_key_is(k, parent, key, end)))
        return NULL;
    *step = child;
    return k;
}

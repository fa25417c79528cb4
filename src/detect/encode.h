/* Modifiers that make other values out of a value: utf16, base64, windash. Each takes one pattern;
 * those that make several append to the list. Wildcards survive utf16 and windash; base64 has no
 * place for them. */
#pragma once
#include "detect/pattern.h"

struct pattern_list {
    struct pattern *at;
    size_t n, cap;
};
int pattern_list_add(struct arena *a, struct pattern_list *l, struct pattern p) MUST_USE;

enum encode_utf16 { ENCODE_UTF16LE, ENCODE_UTF16BE, ENCODE_UTF16_BOM };
int encode_utf16(struct arena *a, struct pattern p, enum encode_utf16 how,
                 struct pattern *ret) MUST_USE; /* -EINVAL: no UTF-8 */
int encode_base64(struct arena *a, struct pattern p, struct pattern *ret) MUST_USE;
/* The part that does not change with what stands before and behind, for each of the three places.
 * -EINVAL when the value is too short to have one. */
int encode_base64offset(struct arena *a, struct pattern p, struct pattern_list *to) MUST_USE;
/* Every dash or slash as each of - / en dash, em dash, horizontal bar. -ERR_LIMIT above `max`
 * patterns. */
int encode_windash(struct arena *a, struct pattern p, size_t max, struct pattern_list *to) MUST_USE;

/* Base64 (RFC 4648 section 4, padded), strict: one spelling for each value. */
#pragma once
#include "base/err.h"
#include "base/str.h"

#define BASE64_CHARS(n) (((n) + 2) / 3 * 4)
/* BASE64_CHARS(n) characters and a NUL into dst. */
void base64_encode(const uint8_t *p, size_t n, char *dst);
/* Exactly n bytes and nothing else; -ERR_PARSE. */
int base64_decode(struct str s, uint8_t *dst, size_t n) MUST_USE;

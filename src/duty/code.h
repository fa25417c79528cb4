/* Short codes on printed sheets. A code stands for one decision of one person on one sheet; typed in later it proves that the
 * sheet was printed by this room. 16 characters of a set without look-alikes in groups of four, the last of them a check
 * character, so that a slip of the pen is told from a code that is not ours.
 *
 *   XXXX-XXXX-XXXX-XXXC     5 bits each; 25 number (sheet × line), 50 MAC (HMAC-SHA-256 of the room's key), 5 check
 *
 * Who has no key finds a valid code with probability 2^-50 a try. The MAC covers what the line means, so a code of one line
 * does not pass for another. Pure: whether a code was used is the caller's to keep. */
#pragma once
#include "base/err.h"
#include "base/str.h"

#define DUTY_CODE_CAP 20 /* XXXX-XXXX-XXXX-XXXX and NUL */
#define DUTY_CODE_NUMBER_MAX ((1u << 25) - 1)
struct duty_code_key {
    uint8_t bytes[32];
};
/* From any secret bytes; the domain keeps it apart from every other use of them. */
void duty_code_key_of(struct str secret, struct duty_code_key *ret);
void duty_code_make(const struct duty_code_key *k, uint32_t number, struct str meaning, char dst[DUTY_CODE_CAP]);
/* The number written on it, as people type it (small letters, spaces, O for 0). -ERR_PARSE: no code, or mistyped. */
int duty_code_read(struct str typed, uint32_t *ret_number, char ret_clean[DUTY_CODE_CAP], struct diag *reterr) MUST_USE;
/* Constant time. */
bool duty_code_matches(const struct duty_code_key *k, uint32_t number, struct str meaning, const char clean[DUTY_CODE_CAP]);

/* What tells whose case it was by its form alone: addresses, mail addresses, URLs, telephone numbers, days of the calendar, amounts, prefectures and what lies in them.
 * Japanese and English writings, full-width digits in days. Inside of anon. */
#pragma once
#include "pack/anon.h"

struct anon_form {
    enum anon_kind kind;
    size_t n;            /* bytes */
    int year, month, day; /* of a day; year 0: not said */
    double yen;          /* of an amount */
    bool about;          /* an amount that says it is no exact one */
};
/* What stands at s[i]; false: nothing. `begins`: nothing of a word stands before it. */
bool anon_form_at(struct str s, size_t i, struct anon_form *ret);
/* Days since 1970; a day without a year is the one nearest to `near`. */
int64_t anon_form_day(const struct anon_form *f, int64_t near);
/* Bytes of a place below a prefecture at s[i], wards behind cities with them; 0: none (anon_place.c). */
size_t anon_place_at(struct str s, size_t i);
/* Nobody's: documentation, benchmarking and example ranges; example names. */
bool anon_is_nobodys(enum anon_kind kind, struct str text);
static inline bool anon_word_byte(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

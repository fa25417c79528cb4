/* Between the readers of this folder. */
#pragma once
#include "base/json.h"
#include "indicator/read.h"

struct reading {
    const struct indicator_reading *o;
    struct indicator_list *list;
    struct arena arena; /* the file's text and tree */
    struct arena row;   /* of one value; reset by whoever reads rows */
    struct diag *err;
};
/* What all of a file have where they say nothing else. */
struct indicator reading_draft(const struct reading *r);
/* Brings the value into its form, asks the lists, and adds or refuses it. kind: as it is said to be, or -1. 0 also when
 * it was refused; 1 when it was taken. */
int reading_take(struct reading *r, const struct indicator *draft, struct str raw, int kind, unsigned line) MUST_USE;
int reading_refuse(struct reading *r, enum indicator_why why, struct str value, const char *detail, unsigned line) MUST_USE;
/* ISO times, seconds since 1970, dates (2026-11-21, 2026/11/21); TIME_NONE for anything else. */
int64_t reading_time(struct str s);
/* 0…100 from a number or a word (high, 高); -1 for anything else. */
int reading_confidence(struct str s);

int read_stix(struct reading *r, const struct json_value *doc) MUST_USE;
int read_misp(struct reading *r, const struct json_value *doc) MUST_USE;
bool read_misp_is(const struct json_value *doc);
int read_csv(struct reading *r, struct str text) MUST_USE;
/* Whether a table begins here: a heading that is known, or rows of as many columns with a value in one. */
bool read_csv_is(struct str text);
int read_text(struct reading *r, struct str text) MUST_USE;

/* Inside src/room only: questions of lessons and their answers. */
#pragma once
#include "room/measure_rows.h"
#include "room/readiness.h"
#include "room/room_priv.h"

#define QUESTIONS_MAX 96 /* a lesson has 64 controls; kinds of logs and the procedure besides */
#define QUESTION_KEY_CAP 700

struct question {
    struct str id, words[2];            /* ja, en */
    const struct room_measure *measure; /* NULL: attested, or a measure that is not known here */
    bool attested;
    enum room_cell cell;
    struct str parameters[MEASURE_PARAMETERS_MAX];
};
size_t room_questions(const struct room_readiness *x, const struct readiness_pack *p, struct question *dst, size_t cap);
/* q->cell is CELL_MAX_ for what a person attests and the lesson puts into no cell. */
const char *room_question_key(const struct question *q, char dst[QUESTION_KEY_CAP]);
const struct room_measure *room_measure_named(const struct room_readiness *x, struct str name);
const char *room_log_of_product(struct str name); /* a product's or a decoder's; NULL: of no kind that is asked about */
const char *room_cell_to_string(enum room_cell c);
int room_measured_id(struct room *r, struct str key, int64_t *ret, struct diag *err) MUST_USE;
int room_measure_query(struct room *r, struct sql_stmt **st, struct diag *err, const char *text, const char *types, const struct str *outside, const struct str *words,
                       const int64_t *numbers) MUST_USE;
/* The sums of the day, in the caller's transaction. */
int room_readiness_day(struct room *r, struct diag *err) MUST_USE;

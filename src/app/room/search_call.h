/* A request of the pages that kizuki-search answers: the question passed on, the answer or what is said in its place. */
#pragma once
#include "app/room/call.h"
#include "app/room/search_link.h"

/* What the searcher calls a refusal, and what the page is told. */
struct search_refusal {
    const char *code; /* NULL ends the table */
    int status;
    const char *key;
    bool why; /* with the searcher's own sentence: it has the place and the remedy */
};
/* The answer's result; NULL: refused, and *ret_status is what was said. What the table does not have is 500 error.search_failed. */
const struct json_value *search_call_result(struct call *c, const struct json_value *answer, const struct search_refusal *table,
                                            int *ret_status);
/* Passes `members` on; fn gets the answer with c. 0 or the status that was said: 503 when nobody is there. */
int search_call_ask(struct call *c, const struct buf *members, search_answer_fn *fn) MUST_USE;

/* The line to kizuki-search: questions go out, each is answered once (app/search/main.c has the words). Tried
 * again every second while it is away. */
#pragma once
#include "app/room/peer.h"
#include "base/json.h"

#define SEARCH_QUESTIONS_MAX 64
#define SEARCH_TIMEOUT_NS (20 * NS_PER_S) /* a start may look at the filters of a year */

struct program;
/* NULL: no answer came in time, or the searcher is gone. Called once. */
typedef void search_answer_fn(void *ctx, const struct json_value *answer);
struct search_question {
    int64_t id, until_ns; /* id 0: free */
    search_answer_fn *fn;
    void *ctx;
};
struct search_link {
    struct peer peer;
    char path[108];
    int64_t retry_ns, next_id;
    struct search_question questions[SEARCH_QUESTIONS_MAX];
};
int search_link_init(struct search_link *l, const char *data, struct diag *reterr) MUST_USE;
void search_link_done(struct search_link *l);
struct pollfd search_link_poll(const struct search_link *l);
void search_link_serve(struct program *p, const struct pollfd *pfd);
void search_link_tick(struct program *p);
/* `members`: of the question's object behind its id. -EAGAIN: nobody is there. */
int search_link_ask(struct program *p, struct str members, search_answer_fn *fn, void *ctx) MUST_USE;
/* Whoever asked is gone. */
void search_link_forget(struct search_link *l, const void *ctx);

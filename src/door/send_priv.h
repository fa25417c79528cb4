/* Shared by the senders. */
#pragma once
#include "base/buf.h"
#include "door/send.h"
#include "door/template.h"

#include <curl/curl.h>

struct door_net {
    CURL *h;
    const struct door_way *w;
    struct door_outcome *out;
    struct buf answer;     /* body of an HTTP answer, or lines of SMTP */
    struct buf last;       /* the last line a mail server said */
    struct str upload;     /* what is left of the mail */
    bool refused, all_out; /* an address was refused; every byte of the mail was handed over */
    bool too_much;         /* the answer was larger than is read */
    char why_refused[160];
    char errors[CURL_ERROR_SIZE];
};
int door_net_init(struct door_net *n, const struct door_way *w, struct door_outcome *out);
void door_net_done(struct door_net *n);
/* Fills the outcome for a transfer that did not come to an answer. maybe: what was to be sent may have been taken. */
void door_net_explain(struct door_net *n, CURLcode r, bool maybe);

void door_say(struct door_outcome *o, enum door_state state, const char *why, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Appends what a peer said, without control characters and cut. */
void door_say_quoted(struct door_outcome *o, struct str said);
struct door_scope {
    const struct door_way *w;
    const struct door_job *job;
    char time[40];
};
void door_scope_init(struct door_scope *s, const struct door_way *w, const struct door_job *job);
door_lookup_fn door_scope_find;
struct str door_job_var(const struct door_job *job, const char *name); /* empty when absent */

/* The numbers in "* SEARCH 3 4 7\r\n" of an IMAP server, at most cap of them; *ret_all: how many there are. */
size_t door_imap_numbers(struct str answer, uint64_t *dst, size_t cap, size_t *ret_all);
void door_smtp_send(const struct door_way *w, const struct door_job *job, struct door_outcome *out);
void door_http_send(const struct door_way *w, const struct door_job *job, struct door_outcome *out);

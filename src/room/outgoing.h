/* Letters and mails about a case to named recipients: notices to persons affected, and requests to providers. Text out of facts
 * (statement.h), one recipient a row, each with what became of it.
 *
 *   batch:      draft ──sent (a notice: by who may publish, two where the table says so)──> sent ──> ended
 *   recipient:  to_send ──> what its message is (message.h): sending, sent, bounced, failed ──again, another address──> …
 *                  └──no address──> to_print ──> letter        any ──> answered (a request: the answer that was awaited, filed)
 *
 * The text is made when it is sent, in the recipient's language, and stands in the message; the batch keeps it without names. What is not to
 * be told is refused at sending. A request awaits its answer by a time (promise.h). */
#pragma once
#include "room/statement.h"

#define OUTGOING_RECIPIENTS_MAX 2000 /* of one batch, which is one transaction; several batches for more */
#define OUTGOING_BATCHES_MAX 200     /* of one case */
#define OUTGOING_GIVEN_BYTES_MAX 16000 /* evidence lines of a request: a hundred and more */

struct room_recipient_new {
    struct str name, address, postal; /* address: mail; one of both is enough */
    bool en;
};
/* Pasted, or of a CSV file: name, mail, postal address, language (en); columns by tab, semicolon or comma, quoted as CSV is. A head is left out.
 * -EINVAL names the line. */
int room_outgoing_read_list(struct arena *a, struct str text, struct room_recipient_new **ret, size_t *ret_n, struct diag *reterr) MUST_USE;
/* Persons a count of the case found (scope_run.h), with the mail address the registers have; an account that is one is its own. */
int room_outgoing_read_scope(struct room *r, struct arena *a, int64_t incident, int64_t run, struct room_recipient_new **ret, size_t *ret_n, struct diag *reterr) MUST_USE;

struct room_outgoing_new {
    int64_t incident, due_ns;   /* due_ns: an answer is awaited by then; TIME_NONE: none is */
    struct str statement, way;  /* way of the door; empty: mail */
    struct str title;           /* how the batch is called here; empty: as the text is */
    const struct json_value *given; /* an object of texts for {{.name}}; NULL: none */
    const struct room_recipient_new *to;
    size_t n_to;
};
/* -EINVAL, -ENOENT (no such text), -ERR_LIMIT. Own transaction, as below. */
int room_outgoing_add(struct room *r, const struct room_actor *by, const struct room_outgoing_new *x, int64_t *ret_id, struct diag *reterr) MUST_USE;
/* 1: the first of two. -EINVAL "words" with *ret_leak. */
int room_outgoing_send(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct fact_spec **ret_leak, struct diag *reterr) MUST_USE;
int room_outgoing_end(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct diag *reterr) MUST_USE;
struct room_recipient_change {
    struct str address, answer; /* .p NULL: stays; an address sends it again, to there */
    bool again, letter;         /* once more to the same address; printed and posted */
};
/* A mail that came back to the mailbox: 1 when it answers a request, found by the slip in its subject ("[Q-12-3f9c2a1b0d]") or, from the address the
 * request went to, by the message it replies to. What a person wrote is filed as the answer, with those before; of a machine only that the request has
 * arrived. 0: it does not. Own transactions. */
#define OUTGOING_ANSWER_BYTES_MAX 4000
struct outgoing_mail {
    struct str subject, in_reply_to, from, text, files; /* files: names of what was attached */
    bool human;
};
int room_outgoing_answered(struct room *r, const struct outgoing_mail *x, struct diag *reterr) MUST_USE;
int room_recipient_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, const struct room_recipient_change *c, struct diag *reterr) MUST_USE;

/* {"outgoings":[…]} with how many are in which state; one with its recipients and its text. */
int room_outgoings_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_outgoing_write(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
/* Letters of those without an address, or whose mail came back: one page each, to print. HTML. */
int room_outgoing_letters(struct room *r, int64_t id, struct buf *out, struct diag *reterr) MUST_USE;

/* See outgoing.h: the answer to a request, when it comes by mail. */
#include "room/outgoing.h"

#include "base/sign.h"
#include "base/text.h"
#include "room/message.h"
#include "room/outgoing_priv.h"
#include "room/room_priv.h"

#define SLIP "[Q-"

/* "… [Q-12-3f9c2a1b0d]": what a request is found by whoever answers it with whatever program; the digits cannot be guessed. */
int outgoing_slip_make(struct room *r, struct arena *a, int64_t recipient, struct str *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char digits[11];
    sign_random_hex(digits, 5);
    int e = sql_query(r->db, &st, err, "SELECT m.subject FROM recipient t JOIN message m ON m.id = t.message_id WHERE t.id = ?1", "i", recipient);
    if (e == 0)
        e = sql_step(st, err);
    ptrdiff_t at = e == 1 ? str_find(sql_str(st, 0), STR(SLIP), 0) : -1; /* sent again: the same */
    *ret = at >= 0 ? arena_dup(a, str_from(sql_str(st, 0), (size_t) at)) : arena_printf(a, SLIP "%lld-%s]", (long long) recipient, digits);
    return e < 0 ? e : ret->p ? 0 : diag_set(err, -ENOMEM, "memory has run out");
}

struct found {
    int64_t recipient, message;
    struct str before, name; /* before: what was answered already */
};

static int find(struct room *r, struct arena *a, const char *where, int64_t id, struct str text, struct found *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char sql[400];
    snprintf(sql, sizeof sql, "SELECT t.id, t.message_id, t.answer FROM recipient t JOIN outgoing o ON o.id = t.outgoing_id AND o.use = 'request' JOIN message m ON m.id = t.message_id WHERE %s", where);
    int e = sql_query(r->db, &st, err, sql, "is", id, &text);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        *ret = (struct found){.recipient = sql_i64(st, 0), .message = sql_i64(st, 1), .before = arena_dup(a, sql_str(st, 2))};
        e = ret->before.p ? 1 : -ENOMEM;
    }
    return e;
}

static int by_slip(struct room *r, struct arena *a, struct str subject, struct found *ret, struct diag *err) {
    for (ptrdiff_t at = str_find(subject, STR(SLIP), 0); at >= 0; at = str_find(subject, STR(SLIP), (size_t) at + 1)) {
        struct str rest = str_from(subject, (size_t) at), number = str_from(rest, strlen(SLIP));
        ptrdiff_t end = str_find(rest, STR("]"), 0), dash = str_find(number, STR("-"), 0);
        int64_t id;
        if (end < 0 || dash < 0 || str_to_i64(str_to(number, (size_t) dash), &id) < 0)
            continue;
        int e = find(r, a, "t.id = ?1 AND instr(m.subject, ?2) > 0", id, str_to(rest, (size_t) end + 1), ret, err);
        if (e != 0)
            return e;
    }
    return 0;
}

int room_outgoing_answered(struct room *r, const struct outgoing_mail *x, struct diag *reterr) {
    struct found f = {0};
    struct arena a;
    int64_t message;
    arena_init(&a, 4 * OUTGOING_ANSWER_BYTES_MAX + (1 << 16));
    int e = by_slip(r, &a, x->subject, &f, reterr);
    /* the number of a message could be guessed: then it has to come from where the request went */
    if (e == 0 && room_message_number(x->in_reply_to, &message))
        e = find(r, &a, "t.message_id = ?1 AND lower(m.address) = lower(?2)", message, x->from, &f, reterr);
    if (e == 1) {
        struct room_recipient_change c = {.answer = STR_NULL};
        struct str kept = text_first(f.before, OUTGOING_ANSWER_BYTES_MAX / 2);
        bool again = str_trim(x->text).n && str_find(f.before, str_trim(x->text), 0) >= 0; /* taken once more after a kill */
        if (x->human && !again) /* a machine says that it has arrived, which is no answer */
            c.answer = text_first(arena_printf(&a, "%.*s%s%.*s:\n%.*s%s%.*s", STR_ARG(kept), kept.n ? "\n\n" : "", STR_ARG(x->from), STR_ARG(str_trim(x->text)), x->files.n ? "\n" : "", STR_ARG(x->files)),
                                  OUTGOING_ANSWER_BYTES_MAX);
        char id[32];
        snprintf(id, sizeof id, "m%lld.1.", (long long) f.message);
        int known = room_message_answered(r, str_of(id), false, reterr);
        e = known == 0 || known == -ENOENT ? 1 : known; /* acknowledged before, or never known to have left */
        if (e == 1 && x->human && !again) {
            int filed = c.answer.p ? room_recipient_change(r, &room_system, f.recipient, ROOM_ANY_VERSION, &c, reterr) : -ENOMEM;
            e = filed < 0 ? filed : 1;
        }
    }
    arena_done(&a);
    return e;
}

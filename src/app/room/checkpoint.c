#include "app/room/checkpoint.h"

#include "app/room/room.h"
#include "base/file.h"
#include "base/log.h"

#include <limits.h>

#define CHECKPOINT_DOMAIN "kizuki/audit/1"
#define CHECKPOINT_BYTES_MAX 4096

static void path_of(const struct program *p, char dst[PATH_MAX]) {
    snprintf(dst, PATH_MAX, "%s/room/checkpoint", p->config->data);
}

void checkpoint_write(struct program *p) {
    struct room_known end;
    struct buf text, note;
    struct diag d = {0};
    char path[PATH_MAX];
    path_of(p, path);
    int e = room_audit_end(p->room, &end, &d);
    if (e == 0 && end.rows == p->checkpoint_rows)
        return;
    buf_init(&text, CHECKPOINT_BYTES_MAX);
    buf_init(&note, CHECKPOINT_BYTES_MAX);
    buf_printf(&text, "%lld\n%s\n", (long long) end.rows, end.head);
    if (e == 0)
        e = sign_note(&p->key, &p->public_key, CHECKPOINT_DOMAIN, buf_str(&text), &note);
    if (e == 0)
        e = file_write_atomic(path, buf_str(&note), 0600, &d);
    if (e < 0)
        log_error("cannot write the checkpoint: %s", d.text[0] ? d.text : err_word(e));
    else
        p->checkpoint_rows = end.rows;
    buf_done(&text);
    buf_done(&note);
}

/* rows 0 and no head: there is none yet. */
static int read_one(struct program *p, struct room_known *ret, struct diag *err) {
    struct arena a;
    struct str note, text, rows, head;
    char path[PATH_MAX];
    path_of(p, path);
    *ret = (struct room_known){0};
    arena_init(&a, 65536);
    int e = file_read(&a, path, CHECKPOINT_BYTES_MAX, &note, err);
    bool none = e == -ENOENT;
    if (e == 0)
        e = sign_open_note(&p->public_key, CHECKPOINT_DOMAIN, note, &text, err);
    if (e == 0 && str_split(&text, '\n', &rows) && str_split(&text, '\n', &head) &&
        str_to_i64(rows, &ret->rows) == 0 && head.n == AUDIT_HASH_CHARS)
        snprintf(ret->head, sizeof ret->head, "%.*s", STR_ARG(head));
    else if (e == 0 || e == -ERR_REFUSED || e == -ERR_PARSE || e == -ERR_LIMIT)
        e = snprintf(ret->head, sizeof ret->head, "-") < 0; /* stands nowhere */
    arena_done(&a);
    return none ? 0 : e;
}

int checkpoint_verify(struct program *p, struct str head, struct room_verdict *ret,
                      struct diag *reterr) {
    struct room_known known[2] = {0};
    int e = read_one(p, &known[0], reterr); /* before the chain, which only grows */
    snprintf(known[1].head, sizeof known[1].head, "%.*s", (int) head.n, head.n ? head.p : "");
    return e < 0 ? e : room_audit_verify(p->room, known, ARRAY_SIZE(known), ret, reterr);
}

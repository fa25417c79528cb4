#include "intake/replay.h"

#include "base/le.h"
#include "base/err.h"
#include "base/limits.h"

void replay_message_add(struct buf *out, const struct replay_message *m) {
    char head[REPLAY_HEAD_BYTES];
    le_put(head, REPLAY_HEAD_BYTES - 4 + m->line.n, 4);
    le_put(head + 4, (uint64_t) m->at_ns, 8);
    le_put(head + 12, m->source, 4);
    head[16] = (char) m->kind;
    buf_add(out, str_n(head, sizeof head));
    buf_add(out, m->line);
}

int replay_message_next(struct str in, size_t *at, struct replay_message *ret) {
    struct str rest = str_from(in, *at);
    if (rest.n < 4)
        return 0;
    uint64_t n = le_get(rest.p, 4);
    if (n < REPLAY_HEAD_BYTES - 4 || n > REPLAY_HEAD_BYTES - 4 + LINE_BYTES_MAX)
        return -ERR_PARSE;
    if (rest.n < 4 + n)
        return 0;
    uint64_t kind = (unsigned char) rest.p[16];
    if (kind >= REPLAY_KIND_MAX_)
        return -ERR_PARSE;
    *ret = (struct replay_message){
        .at_ns = (int64_t) le_get(rest.p + 4, 8),
        .source = (uint32_t) le_get(rest.p + 12, 4),
        .kind = (enum replay_kind) kind,
        .line = str_n(rest.p + REPLAY_HEAD_BYTES, (size_t) n + 4 - REPLAY_HEAD_BYTES),
    };
    *at += 4 + (size_t) n;
    return 1;
}

#include "intake/replay.h"

#include "base/err.h"
#include "base/limits.h"

static void put_le(char *p, uint64_t v, int n) {
    for (int i = 0; i < n; i++)
        p[i] = (char) (v >> (8 * i));
}
static uint64_t get_le(const char *p, int n) {
    uint64_t v = 0;
    for (int i = 0; i < n; i++)
        v |= (uint64_t) (unsigned char) p[i] << (8 * i);
    return v;
}

void replay_message_add(struct buf *out, const struct replay_message *m) {
    char head[REPLAY_HEAD_BYTES];
    put_le(head, REPLAY_HEAD_BYTES - 4 + m->line.n, 4);
    put_le(head + 4, (uint64_t) m->at_ns, 8);
    put_le(head + 12, m->source, 4);
    head[16] = (char) m->kind;
    buf_add(out, str_n(head, sizeof head));
    buf_add(out, m->line);
}

int replay_message_next(struct str in, size_t *at, struct replay_message *ret) {
    struct str rest = str_from(in, *at);
    if (rest.n < 4)
        return 0;
    uint64_t n = get_le(rest.p, 4);
    if (n < REPLAY_HEAD_BYTES - 4 || n > REPLAY_HEAD_BYTES - 4 + LINE_BYTES_MAX)
        return -ERR_PARSE;
    if (rest.n < 4 + n)
        return 0;
    uint64_t kind = (unsigned char) rest.p[16];
    if (kind >= REPLAY_KIND_MAX_)
        return -ERR_PARSE;
    *ret = (struct replay_message){
        .at_ns = (int64_t) get_le(rest.p + 4, 8),
        .source = (uint32_t) get_le(rest.p + 12, 4),
        .kind = (enum replay_kind) kind,
        .line = str_n(rest.p + REPLAY_HEAD_BYTES, (size_t) n + 4 - REPLAY_HEAD_BYTES),
    };
    *at += 4 + (size_t) n;
    return 1;
}

#include "intake/relp_frame.h"

enum { NUMBER_DIGITS_MAX = 9, COMMAND_MAX = 32 };

/* Digits and one byte behind them, which is left where it is. 1, 0: more bytes are needed, -ERR_PARSE. */
static int number_at(struct str in, size_t *at, uint32_t *ret) {
    uint32_t v = 0;
    size_t i = *at, from = i;
    for (; i < in.n && ascii_digit(in.p[i]) && i - from < NUMBER_DIGITS_MAX; i++)
        v = v * 10 + (uint32_t) (in.p[i] - '0');
    if (i == in.n)
        return 0;
    if (i == from)
        return -ERR_PARSE;
    *at = i;
    *ret = v;
    return 1;
}

int relp_frame_next(struct str in, struct relp_frame *ret) {
    struct relp_frame f = {0};
    uint32_t n;
    size_t at = 0;
    int r = number_at(in, &at, &f.number);
    if (r <= 0)
        return r;
    if (in.p[at++] != ' ')
        return -ERR_PARSE;
    size_t from = at;
    while (at < in.n && at - from <= COMMAND_MAX && ascii_lower(in.p[at]) >= 'a' && ascii_lower(in.p[at]) <= 'z')
        at++;
    f.command = str_n(in.p + from, at - from);
    if (f.command.n > COMMAND_MAX)
        return -ERR_PARSE;
    if (at == in.n)
        return 0;
    if (f.command.n == 0 || in.p[at++] != ' ')
        return -ERR_PARSE;
    if ((r = number_at(in, &at, &n)) <= 0)
        return r;
    if (n > GATE_MESSAGE_BYTES_MAX)
        return -ERR_LIMIT;
    if (n && in.p[at++] != ' ')
        return -ERR_PARSE;
    if (in.n - at < (size_t) n + 1)
        return 0;
    f.data = str_n(in.p + at, n);
    at += n;
    if (in.p[at++] != '\n')
        return -ERR_PARSE;
    f.used = at;
    *ret = f;
    return 1;
}

void relp_frame_add(struct buf *out, uint32_t number, const char *command, struct str data) {
    buf_printf(out, "%u %s %zu", number, command, data.n);
    if (data.n)
        buf_add_byte(out, ' ');
    buf_add(out, data);
    buf_add_byte(out, '\n');
}

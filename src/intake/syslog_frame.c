#include "intake/syslog_frame.h"

#include "intake/lines.h"

enum { PRIORITY_BYTES_MAX = 5 }; /* "<191>" */

enum answer { NO, YES, PERHAPS }; /* PERHAPS: the bytes end too early to say */

struct count {
    size_t head; /* digits and space */
    uint32_t bytes;
};

static enum answer read_count(const char *p, size_t n, struct count *ret) {
    size_t i = 0;
    uint32_t v = 0;
    if (n && p[0] == '0')
        return NO;
    for (; i < n && ascii_digit(p[i]); i++) {
        if (i == SYSLOG_COUNT_DIGITS_MAX)
            return NO;
        v = v * 10 + (uint32_t) (p[i] - '0');
    }
    if (i == n)
        return PERHAPS;
    *ret = (struct count){.head = i + 1, .bytes = v};
    return i && p[i] == ' ' ? YES : NO;
}

static enum answer has_priority(const char *p, size_t n) {
    size_t i = 1;
    if (n && p[0] != '<')
        return NO;
    while (i < n && i < PRIORITY_BYTES_MAX - 1 && ascii_digit(p[i]))
        i++;
    if (i >= n)
        return PERHAPS;
    return i > 1 && p[i] == '>' ? YES : NO;
}

/* A frame of `bytes` that holds LF only at its end. */
static enum answer is_one_line(const char *p, size_t n, size_t bytes) {
    if (bytes > LINE_BYTES_MAX)
        return NO;
    if (bytes > 1 && memchr(p, '\n', MIN(n, bytes - 1)))
        return NO;
    return n < bytes ? PERHAPS : YES;
}

static enum answer is_counted(const struct syslog_framing *s, const char *p, size_t n,
                              struct count *ret) {
    enum answer a = read_count(p, n, ret);
    if (a != YES || s->mode == SYSLOG_COUNTED)
        return a;
    p += ret->head;
    n -= ret->head;
    a = has_priority(p, n);
    return a == YES && s->mode == SYSLOG_LINES ? is_one_line(p, n, ret->bytes) : a;
}

/* `head` bytes, then `left` bytes of message, of which a piece may be taken. `force`: take what is
 * there. */
static int take_counted(struct syslog_framing *s, size_t head, uint32_t left, const char *p,
                        size_t n, bool end, bool force, struct syslog_frame *ret) {
    size_t take = MIN(left, (uint32_t) LINE_BYTES_MAX), there = n - head;
    uint32_t flags = 0;
    if (there < take) {
        if (!end && !force)
            return 0;
        take = there;
        if (end) {
            flags = RAW_TRUNCATED;
            left = (uint32_t) take;
        }
    }
    bool more = take < left;
    if (more)
        flags |= s->in_long ? RAW_PIECE | RAW_PIECE_NEXT : RAW_PIECE;
    else if (s->in_long)
        flags |= RAW_PIECE_LAST;
    struct str bytes = str_n(p + head, take);
    if (!more && bytes.n && bytes.p[bytes.n - 1] == '\n') {
        bytes.n--;
        bytes.n -= bytes.n && bytes.p[bytes.n - 1] == '\r';
    }
    s->left = left - (uint32_t) take;
    s->in_long = more;
    *ret = (struct syslog_frame){.bytes = bytes, .used = head + take, .flags = flags};
    return 1;
}

static int take_line(struct syslog_framing *s, const char *p, size_t n, bool end,
                     struct syslog_frame *ret) {
    struct line_cut cut;
    if (!line_next(p, n, end, s->in_long, &cut))
        return 0;
    s->in_long = cut.in_long;
    *ret = (struct syslog_frame){.bytes = cut.bytes, .used = cut.used, .flags = cut.flags};
    return 1;
}

int syslog_frame_next(struct syslog_framing *s, const char *p, size_t n, bool end,
                      struct syslog_frame *ret) {
    struct count count;
    if (n == 0)
        return 0;
    if (s->left)
        return take_counted(s, 0, s->left, p, n, end, false, ret);
    if (s->in_long)
        return take_line(s, p, n, end, ret);
    enum answer counted = is_counted(s, p, n, &count);
    if (counted == PERHAPS && !end)
        return 0;
    if (counted != YES) {
        int r = take_line(s, p, n, end, ret);
        if (r == 1 && s->mode == SYSLOG_UNDECIDED && ret->bytes.n)
            s->mode = SYSLOG_LINES;
        return r;
    }
    if (count.bytes > LINE_BYTES_HARD_MAX)
        return -ERR_LIMIT;
    int r = take_counted(s, count.head, count.bytes, p, n, end, false, ret);
    if (r == 1 && s->mode == SYSLOG_UNDECIDED)
        s->mode = SYSLOG_COUNTED;
    return r;
}

void syslog_frame_force(struct syslog_framing *s, const char *p, size_t n,
                        struct syslog_frame *ret) {
    struct count count = {0};
    uint32_t left = s->left;
    *ret = (struct syslog_frame){0};
    if (!left && !s->in_long && is_counted(s, p, n, &count) == YES) {
        left = count.bytes;
        s->mode = s->mode == SYSLOG_UNDECIDED ? SYSLOG_COUNTED : s->mode;
        if (n == count.head)
            return;
    }
    if (left) {
        (void) take_counted(s, count.head, left, p, n, false, true, ret);
        return;
    }
    ret->flags = s->in_long ? RAW_PIECE | RAW_PIECE_NEXT : RAW_PIECE;
    ret->bytes = str_n(p, n);
    ret->used = n;
    s->in_long = true;
}

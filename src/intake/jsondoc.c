#include "intake/jsondoc.h"

#include "base/json.h"
#include "base/json_scan.h"
#include "base/mem.h"

enum { INPUT_BYTES = 64 * 1024, HELD_BYTES = 2048 };

/* Where in the text the next byte stands. */
enum place {
    BETWEEN, /* values of the top, or elements of an envelope */
    OPENING, /* a value that begins like an envelope so far: it waits in held[] */
    CLOSING, /* the elements of an envelope are over */
    INSIDE,  /* a value */
    WORD,    /* a value of the top that is a number or a word */
    STRING,
    ESCAPE, /* behind a backslash */
};

struct intake_jsondoc {
    intake_jsondoc_source *source;
    void *ctx;
    size_t at, n; /* of in[] */
    size_t depth; /* brackets open inside the value */
    enum place place;
    bool line_due; /* a value has ended and its line has not */
    bool in_envelope;
    size_t n_held, n_again; /* of held[]: waiting; handed out after all */
    char held[HELD_BYTES];
    bool end;
    int error;
    char in[INPUT_BYTES];
};

static bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static struct str without_mark(struct str s) {
    return str_starts(s, STR("\xef\xbb\xbf")) ? str_from(s, 3) : s;
}

/* What CloudTrail's files, Azure Monitor's messages and Microsoft Graph's answers wrap their events in; white space may stand
 * outside the quotes. Graph says in front whose list it is and where the next page stands, in strings of any text. */
static const char *const envelopes[] = {"\"Records\":[{", "\"records\":[{", "\"value\":[{"};
enum { ENVELOPE_GRAPH = 2 }; /* so common a word is an envelope's only behind what Graph says */
static const char in_front[] = "\"@odata.";

/* The end of a member whose key begins as in_front and whose value is a string or a number; n: it has not come. */
static size_t member_end(const char *p, size_t n, size_t at) {
    bool in_string = false;
    for (; at < n; at++) {
        if (p[at] == '"')
            in_string = !in_string;
        else if (!in_string && p[at] == ',')
            break;
    }
    return at;
}

/* How much of an envelope's beginning these n bytes without white space are: 0 none, 1 a part, 2 all of it. *ret_front: how
 * many bytes stand in front of the list. */
static int envelope(const char *p, size_t n, size_t *ret_front) {
    size_t at = 1, front = sizeof in_front - 1;
    if (n == 0 || p[0] != '{' || memchr(p, '\\', n))
        return 0;
    while (n - at > front && memcmp(p + at, in_front, front) == 0) {
        at = member_end(p, n, at);
        if (at == n)
            return memchr(p + 1, '{', n - 1) || memchr(p, '}', n) ? 0 : 1;
        at++;
    }
    *ret_front = at;
    p += at;
    n -= at;
    if (n <= front && memcmp(in_front, p, n) == 0)
        return 1;
    for (size_t i = 0; i < ARRAY_SIZE(envelopes); i++) {
        size_t whole = strlen(envelopes[i]);
        if ((at > 1) == (i == ENVELOPE_GRAPH) && n <= whole && memcmp(envelopes[i], p, n) == 0)
            return n == whole ? 2 : 1;
    }
    return 0;
}

static bool in_string(const char *p, size_t n) {
    size_t quotes = 0;
    for (size_t i = 0; i < n; i++)
        quotes += p[i] == '"';
    return quotes % 2;
}

static struct str skip(struct str s) {
    const char *end = s.p + s.n, *p = json_skip_space(s.p, end);
    return str_n(p, (size_t) (end - p));
}

bool intake_jsondoc_begins(struct str head) {
    head = skip(without_mark(head));
    return head.n == 0 || head.p[0] == '{' || head.p[0] == '[';
}

/* A line end outside strings inside the first value, and it goes on behind as a value would: the
 * next line of a broken NDJSON begins with a bracket where only a key can follow. */
static bool goes_on(struct str value, size_t line_end) {
    struct str before = str_to(value, line_end), behind = skip(str_from(value, line_end));
    while (before.n && is_space(before.p[before.n - 1]))
        before.n--;
    if (!before.n || !behind.n)
        return false;
    char last = before.p[before.n - 1], next = behind.p[0];
    if (next != '{' && next != '[')
        return true;
    if (last == '[' || last == ':')
        return true;
    if (last != ',')
        return false;
    /* behind a comma: an element of an array, or no member of an object */
    size_t depth = 0;
    for (size_t i = before.n; i-- > 0;) {
        char c = before.p[i];
        if (c == '}' || c == ']')
            depth++;
        else if (c == '{' || c == '[') {
            if (depth == 0)
                return c == '[';
            depth--;
        }
    }
    return false;
}

/* The first LF of the value that stands outside strings, or value.n. */
static size_t first_line_end(struct str value) {
    bool in_string = false;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (c == '\n')
            return in_string ? value.n : i;
    }
    return value.n;
}

bool intake_is_jsondoc(struct str head) {
    struct str s = skip(without_mark(head));
    if (!s.n || (s.p[0] != '{' && s.p[0] != '['))
        return false;
    if (s.p[0] == '[') { /* Apache's error log begins with a bracket, too */
        s = skip(str_from(s, 1));
        return s.n && s.p[0] == '{';
    }
    char begin[HELD_BYTES];
    size_t n_begin = 0, front;
    for (size_t i = 0; i < s.n && n_begin < sizeof begin; i++) {
        if (is_space(s.p[i]) && !in_string(begin, n_begin))
            continue;
        begin[n_begin++] = s.p[i];
        int is = envelope(begin, n_begin, &front);
        if (is == 2)
            return true;
        if (is == 0)
            break;
    }
    size_t n = json_extent(s), line_end = first_line_end(str_to(s, n));
    if (line_end < n)
        return goes_on(s, line_end);
    /* one line: another object behind it on the same line? */
    while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t' || s.p[n] == ','))
        n++;
    return n < s.n && s.p[n] == '{';
}

int intake_jsondoc_new(intake_jsondoc_source *source, void *ctx, struct str head,
                       struct intake_jsondoc **ret) {
    struct intake_jsondoc *d = mem_alloc(sizeof *d);
    if (!d)
        return -ENOMEM;
    head = without_mark(head);
    ASSERT(head.n <= INPUT_BYTES);
    d->source = source;
    d->ctx = ctx;
    d->at = 0;
    d->n = head.n;
    d->depth = 0;
    d->place = BETWEEN;
    d->line_due = d->end = d->in_envelope = false;
    d->n_held = d->n_again = 0;
    d->error = 0;
    memcpy(d->in, head.p, head.n);
    *ret = d;
    return 0;
}

struct intake_jsondoc *intake_jsondoc_free(struct intake_jsondoc *d) {
    mem_free(d);
    return NULL;
}

/* One byte that is handed out as it is, and what comes behind it. */
static char take(struct intake_jsondoc *d, char c) {
    switch (d->place) {
    case ESCAPE:
        d->place = STRING;
        return c;
    case STRING:
        if (c == '\\')
            d->place = ESCAPE;
        else if (c == '"')
            d->place = INSIDE;
        break;
    default:
        if (c == '"')
            d->place = STRING;
        else if (c == '{' || c == '[')
            d->depth++;
        else if ((c == '}' || c == ']') && d->depth)
            d->depth--;
        break;
    }
    if (d->place == INSIDE && d->depth == 0) {
        d->place = BETWEEN;
        d->line_due = true;
    }
    return c;
}

/* The next byte of what may be an envelope. It is one when an array of objects begins; else all is handed out. */
static bool opening(struct intake_jsondoc *d, char in, char *c) {
    size_t front = 0;
    if (is_space(in) && !in_string(d->held, d->n_held)) {
        d->at++;
        return false;
    }
    d->held[d->n_held] = in;
    int is = envelope(d->held, d->n_held + 1, &front);
    if (is == 1 && d->n_held + 1 < HELD_BYTES) {
        d->n_held++;
        d->at++;
        return false;
    }
    d->place = INSIDE;
    if (is != 2) {
        d->n_again = d->n_held;
        return false;
    }
    d->in_envelope = true;
    if (front > 1) { /* what stands in front is a value of its own, and `in` is looked at again */
        d->held[front - 1] = '}';
        d->n_held = d->n_again = front;
        return false;
    }
    d->n_held = 0;
    d->at++;
    *c = take(d, in);
    return true;
}

/* Behind the elements of an envelope. What else stands in it is a value of its own. */
static bool closing(struct intake_jsondoc *d, char in, char *c) {
    if (in != ',') {
        d->at += in == '}' || is_space(in);
        if (!is_space(in))
            d->place = BETWEEN;
        return false;
    }
    d->at++;
    d->place = INSIDE;
    *c = take(d, '{');
    return true;
}

/* The next byte of the result into *c; false: this byte of the file is left out. */
static bool translate(struct intake_jsondoc *d, char *c) {
    char in = d->in[d->at];
    if (d->place == OPENING)
        return opening(d, in, c);
    if (d->place == CLOSING)
        return closing(d, in, c);
    bool outside = in == ',' || in == '[' || in == ']' || is_space(in);
    if (d->place == WORD && (outside || in == '{' || in == '"')) {
        d->place = BETWEEN;
        *c = '\n';
        return true; /* and is looked at again */
    }
    if (d->place == BETWEEN && in == '{' && !d->in_envelope) {
        d->place = OPENING;
        return false;
    }
    d->at++;
    if (d->place == BETWEEN) {
        if (in == ']' && d->in_envelope) {
            d->in_envelope = false;
            d->place = CLOSING;
        }
        if (outside)
            return false;
        d->place = in == '{' || in == '"' ? INSIDE : WORD;
    } else if (d->place == INSIDE && is_space(in)) {
        return false;
    }
    *c = d->place == WORD ? in : take(d, in);
    return true;
}

/* What waited is handed out after all; false: nothing waits. */
static bool again(struct intake_jsondoc *d, char *c) {
    size_t from = d->n_held - d->n_again;
    if (!d->n_again)
        return false;
    *c = take(d, d->held[from]);
    if (!--d->n_again)
        d->n_held = 0;
    return true;
}

static size_t fill(struct intake_jsondoc *d, char *dst, size_t n) {
    size_t done = 0;
    while (done < n) {
        if (d->line_due) {
            dst[done++] = '\n';
            d->line_due = false;
        } else if (again(d, &dst[done])) {
            done++;
        } else if (d->at == d->n) {
            if (!d->end || d->place != OPENING)
                break;
            d->place = INSIDE; /* the file breaks off */
            d->n_again = d->n_held;
        } else if (d->place == STRING) { /* most of it, at once */
            const char *p = d->in + d->at, *end = p + MIN(d->n - d->at, n - done);
            size_t plain = (size_t) (json_plain_end(p, end) - p);
            memcpy(dst + done, p, plain);
            done += plain;
            d->at += plain;
            if (done < n && d->at < d->n)
                dst[done++] = take(d, d->in[d->at++]);
        } else {
            done += translate(d, &dst[done]);
        }
    }
    return done;
}

ssize_t intake_jsondoc_read(struct intake_jsondoc *d, char *dst, size_t n, struct diag *reterr) {
    for (;;) {
        size_t done = fill(d, dst, n);
        if (done || n == 0)
            return (ssize_t) done;
        if (d->end)
            return d->error;
        ssize_t got = d->source(d->ctx, d->in, sizeof d->in, reterr);
        d->at = 0;
        d->n = got > 0 ? (size_t) got : 0;
        d->end = got <= 0;
        d->error = got < 0 ? (int) got : 0;
    }
}

/* See yaml_quick.h. Recursive descent by indentation, line by line; `at` stands on the next thing that means
 * something. Depth is bounded by whoever takes the events. */
#include "base/yaml_quick.h"

#include "base/utf8.h"

struct quick {
    const char *at, *end; /* at == end: the text has ended */
    const char *line;     /* where the line of `at` begins */
    size_t number;        /* of that line, from 0 */
    char *room;
    yaml_quick_fn *event;
    void *ctx;
};
struct mark {
    size_t line, column;
};
enum { KEY_MAX = 512 }; /* libyaml: a key of at most 1,024 characters */

/* ---- places ---- */

static bool blank_at(const struct quick *q, const char *p) {
    return p == q->end || *p == ' ' || *p == '\n';
}

static const char *line_end(const struct quick *q, const char *p) {
    const char *nl = p < q->end ? memchr(p, '\n', (size_t) (q->end - p)) : NULL;
    return nl ? nl : q->end;
}

/* From the start of a line on to one that is neither empty nor a comment. */
static void seek(struct quick *q) {
    for (;;) {
        const char *p = q->line;
        while (p < q->end && *p == ' ')
            p++;
        q->at = p;
        if (p == q->end || (*p != '\n' && *p != '#'))
            return;
        p = line_end(q, p);
        q->line = p < q->end ? p + 1 : p;
        q->number++;
    }
}

static void next_line(struct quick *q, const char *eol) {
    q->line = eol < q->end ? eol + 1 : eol;
    q->number++;
    seek(q);
}

static struct mark mark_at(const struct quick *q, const char *p) {
    return (struct mark){q->number, (size_t) (p - q->line)};
}

static bool is_marker(const struct quick *q) {
    return q->at == q->line && q->end - q->at >= 3 &&
           (memcmp(q->at, "---", 3) == 0 || memcmp(q->at, "...", 3) == 0) && blank_at(q, q->at + 3);
}

/* -1 where the document ends. */
static ptrdiff_t indent(const struct quick *q) {
    return q->at == q->end || is_marker(q) ? -1 : q->at - q->line;
}

static bool is_dash(const struct quick *q) {
    return q->at < q->end && *q->at == '-' && blank_at(q, q->at + 1);
}

/* Spaces and perhaps a comment up to the line's end, which is returned; NULL: something else. */
static const char *rest_is_blank(const struct quick *q, const char *p) {
    const char *from = p;
    while (p < q->end && *p == ' ')
        p++;
    if (p == q->end || *p == '\n')
        return p;
    return *p == '#' && p > from ? line_end(q, p) : NULL;
}

/* ---- events ---- */

static int emit(struct quick *q, yaml_event_type_t type, struct mark m) {
    yaml_event_t ev;
    memset(&ev, 0, sizeof ev);
    ev.type = type;
    ev.start_mark.line = m.line;
    ev.start_mark.column = m.column;
    return q->event(q->ctx, &ev);
}

static int emit_scalar(struct quick *q, yaml_scalar_style_t style, const char *p, size_t n, struct mark m) {
    yaml_event_t ev;
    memset(&ev, 0, sizeof ev);
    ev.type = YAML_SCALAR_EVENT;
    ev.start_mark.line = m.line;
    ev.start_mark.column = m.column;
    ev.data.scalar.value = (yaml_char_t *) (uintptr_t) p;
    ev.data.scalar.length = n;
    ev.data.scalar.style = style;
    ev.data.scalar.plain_implicit = style == YAML_PLAIN_SCALAR_STYLE;
    return q->event(q->ctx, &ev);
}

/* ---- scalars ---- */

static bool begins_plain(const struct quick *q) {
    if (strchr("-?:", *q->at))
        return !blank_at(q, q->at + 1);
    return !strchr(",[]{}#&*!|>'\"%@`", *q->at);
}

/* The end of what stands in this line of a plain scalar, trailing spaces cut; NULL when it is a key. */
static const char *plain_end(const struct quick *q, const char *p, bool *ret_comment) {
    const char *from = p, *eol = line_end(q, p);
    *ret_comment = false;
    for (; p < eol; p++) {
        if (*p == ':' && blank_at(q, p + 1))
            return NULL;
        if (*p == '#' && p > from && p[-1] == ' ') {
            *ret_comment = true;
            break;
        }
    }
    while (p > from && p[-1] == ' ')
        p--;
    return p;
}

/* Lines that are deeper than `parent` go on with it: a line end is a space, empty lines are line ends. */
static int plain(struct quick *q, ptrdiff_t parent) {
    const char *text = q->at, *end = NULL, *below;
    struct mark m = mark_at(q, q->at);
    size_t n = 0;
    bool comment;
    while ((end = plain_end(q, q->at, &comment))) {
        size_t number = q->number;
        if (n)
            memcpy(q->room + n, q->at, (size_t) (end - q->at));
        n += n ? (size_t) (end - q->at) : 0;
        for (below = line_end(q, end); below < q->end && (*below == ' ' || *below == '\n');)
            below++;
        next_line(q, line_end(q, end));
        if (comment || q->at != below || indent(q) <= parent) /* a comment line ends it, too */
            break;
        if (!n)
            memcpy(q->room, text, n = (size_t) (end - text));
        size_t breaks = q->number - number;
        memset(q->room + n, breaks == 1 ? ' ' : '\n', breaks == 1 ? 1 : breaks - 1);
        n += breaks == 1 ? 1 : breaks - 1;
    }
    if (!end)
        return YAML_QUICK_OTHER;
    return n ? emit_scalar(q, YAML_PLAIN_SCALAR_STYLE, q->room, n, m)
             : emit_scalar(q, YAML_PLAIN_SCALAR_STYLE, text, (size_t) (end - text), m);
}

/* Into the room; NULL when it does not end in its line or says more than this reads. */
static const char *quoted(struct quick *q, size_t *ret_n) {
    static const char escapes[] = "\\\\\"\"//n\nt\t";
    const char *p = q->at + 1, quote = *q->at;
    size_t n = 0;
    for (; p < q->end && *p != '\n'; p++) {
        if (*p == quote && !(quote == '\'' && p + 1 < q->end && p[1] == '\'')) {
            *ret_n = n;
            return p + 1;
        }
        char c = *p;
        if (c == quote)
            p++;
        if (c == '\\' && quote == '"') {
            size_t k = 0;
            if (++p == q->end)
                return NULL;
            while (escapes[k] && escapes[k] != *p)
                k += 2;
            if (!escapes[k])
                return NULL;
            c = escapes[k + 1];
        }
        q->room[n++] = c;
    }
    return NULL;
}

static int quoted_scalar(struct quick *q) {
    yaml_scalar_style_t style =
        *q->at == '"' ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_SINGLE_QUOTED_SCALAR_STYLE;
    struct mark m = mark_at(q, q->at);
    size_t n;
    const char *p = quoted(q, &n), *eol = p ? rest_is_blank(q, p) : NULL;
    if (!eol)
        return YAML_QUICK_OTHER;
    next_line(q, eol);
    return emit_scalar(q, style, q->room, n, m);
}

/* How far a literal is indented: by its first line that is not empty. 0: this is for somebody else. */
static size_t literal_indent(const struct quick *q, const char *line, ptrdiff_t parent) {
    size_t longest = 0;
    for (const char *p = line; p < q->end; line = ++p) {
        while (p < q->end && *p == ' ')
            p++;
        size_t column = (size_t) (p - line);
        if (p == q->end)
            return 0;
        if (*p != '\n')
            return (ptrdiff_t) column > parent && column >= longest ? column : 0;
        longest = MAX(longest, column);
    }
    return 0;
}

static int literal(struct quick *q, ptrdiff_t parent) {
    struct mark m = mark_at(q, q->at);
    const char *p = q->at + 1;
    char chomp = p < q->end && (*p == '-' || *p == '+') ? *p++ : 0;
    while (p < q->end && *p == ' ')
        p++;
    size_t n = 0, breaks = 0, wide = p < q->end && *p == '\n' ? literal_indent(q, p + 1, parent) : 0;
    bool ended = false; /* the line before has a line end that is not in the text yet */
    if (!wide)
        return YAML_QUICK_OTHER;
    for (q->line = p + 1, q->number++; q->line < q->end; q->line = p + 1, q->number++) {
        const char *eol = line_end(q, q->line);
        p = q->line;
        while (p < eol && *p == ' ' && (size_t) (p - q->line) < wide)
            p++;
        if (eol == q->end && p == eol)
            return YAML_QUICK_OTHER;
        if (p == eol) {
            breaks++;
            continue;
        }
        if ((size_t) (p - q->line) < wide)
            break;
        for (breaks += ended; breaks; breaks--)
            q->room[n++] = '\n';
        memcpy(q->room + n, p, (size_t) (eol - p));
        n += (size_t) (eol - p);
        ended = eol < q->end;
        p = eol;
        if (!ended) {
            q->line = q->end;
            break;
        }
    }
    for (breaks = chomp == '-' ? 0 : ended + (chomp == '+' ? breaks : 0); breaks; breaks--)
        q->room[n++] = '\n';
    seek(q);
    return emit_scalar(q, YAML_LITERAL_SCALAR_STYLE, q->room, n, m);
}

static int scalar(struct quick *q, ptrdiff_t parent) {
    if (*q->at == '\'' || *q->at == '"')
        return quoted_scalar(q);
    if (*q->at == '|')
        return literal(q, parent);
    return begins_plain(q) ? plain(q, parent) : YAML_QUICK_OTHER;
}

/* ---- collections ---- */

/* The ':' behind a key that begins here; NULL: none does. */
static const char *key_end(struct quick *q, size_t *ret_n) {
    const char *p = q->at;
    if (*p == '\'' || *p == '"') {
        p = quoted(q, ret_n);
        return p && p < q->end && *p == ':' && blank_at(q, p + 1) ? p : NULL;
    }
    if (!begins_plain(q))
        return NULL;
    for (; p < q->end && *p != '\n'; p++) {
        if (*p == '#' && p[-1] == ' ')
            return NULL;
        if (*p == ':' && blank_at(q, p + 1)) {
            *ret_n = (size_t) (p - q->at);
            return p;
        }
    }
    return NULL;
}

static int key(struct quick *q) {
    size_t n = 0;
    const char *colon = key_end(q, &n), *text = q->at;
    struct mark m = mark_at(q, q->at);
    if (!colon || colon - q->at > KEY_MAX || colon[-1] == ' ')
        return YAML_QUICK_OTHER;
    for (const char *p = q->at; p < colon; p++)
        if ((unsigned char) *p >= 0x80) /* columns count characters */
            return YAML_QUICK_OTHER;
    q->at = colon + 1;
    if (*text == '\'' || *text == '"')
        return emit_scalar(q, *text == '"' ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_SINGLE_QUOTED_SCALAR_STYLE,
                           q->room, n, m);
    return emit_scalar(q, YAML_PLAIN_SCALAR_STYLE, text, n, m);
}

static int mapping(struct quick *q);
static int sequence(struct quick *q);

/* What a line of its own begins with, deeper than `parent`. */
static int node(struct quick *q, ptrdiff_t parent) {
    size_t n;
    if (is_dash(q))
        return sequence(q);
    return key_end(q, &n) ? mapping(q) : scalar(q, parent);
}

/* Behind "key:" or "-" of a collection at column `parent`. */
static int value(struct quick *q, ptrdiff_t parent, bool in_sequence) {
    struct mark empty = mark_at(q, q->at);
    const char *eol = rest_is_blank(q, q->at);
    size_t n;
    if (eol) {
        next_line(q, eol);
        ptrdiff_t column = indent(q);
        if (column > parent)
            return node(q, parent);
        if (column == parent && !in_sequence && is_dash(q))
            return sequence(q);
        return emit_scalar(q, YAML_PLAIN_SCALAR_STYLE, "", 0, empty);
    }
    while (*q->at == ' ')
        q->at++;
    if (!in_sequence)
        return scalar(q, parent);
    if (is_dash(q))
        return YAML_QUICK_OTHER;
    return key_end(q, &n) ? mapping(q) : scalar(q, parent);
}

static int mapping(struct quick *q) {
    ptrdiff_t column = q->at - q->line;
    int r = emit(q, YAML_MAPPING_START_EVENT, mark_at(q, q->at));
    while (r == 0) {
        r = key(q);
        if (r == 0)
            r = value(q, column, false);
        if (r == 0 && indent(q) < column)
            return emit(q, YAML_MAPPING_END_EVENT, mark_at(q, q->at));
        if (r == 0 && (indent(q) > column || is_dash(q)))
            r = YAML_QUICK_OTHER;
    }
    return r;
}

static int sequence(struct quick *q) {
    ptrdiff_t column = q->at - q->line;
    int r = emit(q, YAML_SEQUENCE_START_EVENT, mark_at(q, q->at));
    while (r == 0) {
        q->at++;
        r = value(q, column, true);
        if (r == 0 && (indent(q) < column || (indent(q) == column && !is_dash(q))))
            return emit(q, YAML_SEQUENCE_END_EVENT, mark_at(q, q->at));
        if (r == 0 && indent(q) > column)
            r = YAML_QUICK_OTHER;
    }
    return r;
}

/* ---- the whole ---- */

/* Only printable characters and LF; none that libyaml takes for a line end. */
static bool is_ours(struct str in) {
    const char *p = in.p, *end = in.p + in.n;
    while (p < end) {
        unsigned char c = (unsigned char) *p;
        if (c < 0x80) {
            if ((c < 0x20 && c != '\n') || c == 0x7f)
                return false;
            p++;
            continue;
        }
        unsigned n = utf8_length(p, end);
        if (!n || (c == 0xc2 && (unsigned char) p[1] < 0xa0) ||
            (n == 3 && (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0 ||
                        memcmp(p, "\xef\xbb\xbf", 3) == 0 || memcmp(p, "\xef\xbf\xbe", 3) == 0 ||
                        memcmp(p, "\xef\xbf\xbf", 3) == 0)))
            return false;
        p += n;
    }
    return in.n > 0;
}

int yaml_quick(struct str in, char *room, yaml_quick_fn *event, void *ctx) {
    struct quick q = {.line = in.p, .end = in.p + in.n, .room = room, .event = event, .ctx = ctx};
    size_t n;
    if (!is_ours(in))
        return YAML_QUICK_OTHER;
    seek(&q);
    for (bool first = true; first || q.at < q.end; first = false) {
        if (q.at < q.end && is_marker(&q)) {
            const char *eol = *q.at == '-' ? rest_is_blank(&q, q.at + 3) : NULL;
            if (!eol)
                return YAML_QUICK_OTHER;
            next_line(&q, eol);
        }
        /* A document is a mapping at the margin. */
        if (indent(&q) != 0 || is_dash(&q) || !key_end(&q, &n))
            return YAML_QUICK_OTHER;
        int r = emit(&q, YAML_DOCUMENT_START_EVENT, mark_at(&q, q.at));
        if (r == 0)
            r = mapping(&q);
        if (r != 0)
            return r;
    }
    return 0;
}

/* What a text must contain for a regular expression to match: read off the expression itself.
 *
 * The reader understands enough of PCRE2's grammar to know where it does not understand; there it
 * says "nothing is certain" for the part, or gives up for the whole (`lost`). It may miss literals,
 * it must never invent one. A branch's best literal is its longest run of plain characters, where a class of
 * few characters makes several of it; an alternation needs one of every branch. */
#include "base/limits.h"
#include "detect/regex.h"

enum { LITERAL_MIN = 1, GROUP_DEPTH_MAX = 32, SMALL_CLASS_MAX = 4, RUN_WAYS_MAX = 8 };

struct set {
    struct str at[REGEX_LITERALS_MAX];
    uint32_t n;      /* 0: nothing certain */
    size_t shortest; /* of its literals */
};
struct reader {
    struct arena *a;
    struct str text;
    size_t i;
    unsigned depth;
    bool lost, no_memory;
};

static char peek(const struct reader *r, size_t ahead) {
    return r->i + ahead < r->text.n ? r->text.p[r->i + ahead] : 0;
}

static bool better(const struct set *a, const struct set *b) {
    return a->n &&
           (!b->n || a->shortest > b->shortest || (a->shortest == b->shortest && a->n < b->n));
}

/* Plain characters in a row; a class of few is as many ways to go on. */
struct run {
    char *p[RUN_WAYS_MAX];
    unsigned ways;
    size_t n; /* of each */
};

/* A run ends: it may be the branch's best. */
static void close_run(struct reader *r, struct run *run, struct set *best) {
    struct set here = {.n = run->n >= LITERAL_MIN ? run->ways : 0, .shortest = run->n};
    if (better(&here, best)) {
        for (unsigned i = 0; i < run->ways; i++) {
            here.at[i] = arena_dup(r->a, str_n(run->p[i], run->n));
            r->no_memory |= !here.at[i].p;
        }
        *best = here;
    }
    run->n = 0;
    run->ways = 1;
}

/* One of `chars` stands next. */
static void extend_run(struct reader *r, struct run *run, struct set *best, const char *chars, unsigned n) {
    if (run->ways * n > RUN_WAYS_MAX)
        close_run(r, run, best);
    for (unsigned k = n; k-- > 0;)
        for (unsigned i = 0; i < run->ways; i++) {
            char *to = run->p[k * run->ways + i];
            if (k && run->n)
                memcpy(to, run->p[i], run->n);
            to[run->n] = chars[k];
        }
    run->ways *= n;
    run->n++;
}

/* Reads a quantifier, if one stands here; *min is how often the atom must stand at least. */
static bool read_quantifier(struct reader *r, unsigned *min) {
    char c = peek(r, 0);
    if (c == '?' || c == '*' || c == '+') {
        *min = c == '+';
        r->i++;
    } else if (c == '{' && ascii_digit(peek(r, 1))) {
        size_t k = 1;
        while (ascii_digit(peek(r, k)) || peek(r, k) == ',')
            k++;
        if (peek(r, k) != '}')
            return false;
        *min = peek(r, 1) != '0';
        r->i += k + 1;
    } else {
        return false;
    }
    if (peek(r, 0) == '?' || peek(r, 0) == '+')
        r->i++;
    return true;
}

static void skip_class(struct reader *r) {
    r->i++; /* [ */
    if (peek(r, 0) == '^')
        r->i++;
    if (peek(r, 0) == ']')
        r->i++;
    while (r->i < r->text.n && peek(r, 0) != ']') {
        if (peek(r, 0) == '\\')
            r->i++;
        else if (peek(r, 0) == '[' && (peek(r, 1) == ':' || peek(r, 1) == '.' || peek(r, 1) == '='))
            r->lost = true; /* a POSIX class: its own bracket would end ours too early */
        r->i++;
    }
    r->i++;
}

/* At "[": the characters of a class of few, lowered, each once; 0 (and nothing read): it is none, or not understood. */
static unsigned read_small_class(struct reader *r, char chars[SMALL_CLASS_MAX]) {
    unsigned n = 0;
    size_t k = 1;
    for (; peek(r, k) != ']' || k == 1; k++) {
        char c = peek(r, k);
        bool escaped = c == '\\';
        if (escaped)
            c = peek(r, ++k);
        bool plain = c > 0x20 || c == ' ';
        if (escaped && (ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z')))
            plain = false;
        if (!escaped && (c == '[' || c == ']' || (c == '^' && k == 1)))
            plain = false;
        if (!plain || (peek(r, k + 1) == '-' && peek(r, k + 2) != ']'))
            return 0;
        c = ascii_lower(c);
        if (!n || !memchr(chars, c, n)) {
            if (n == SMALL_CLASS_MAX)
                return 0;
            chars[n++] = c;
        }
    }
    r->i += k + 1;
    return n;
}

/* Behind a backslash: a plain character, or 0 for anything else. */
static char read_escape(struct reader *r) {
    char c = peek(r, 1);
    r->i += 2;
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c && !letter && !ascii_digit(c) && (unsigned char) c < 0x80)
        return c;
    if (!c || !strchr("dDwWsSbBAzZhHvVtnrfae0123456789", c))
        r->lost = true; /* \Q, \x, \p, \k, \g, \K…: too much grammar for what they bring */
    if (ascii_digit(c))
        while (ascii_digit(peek(r, 0)))
            r->i++;
    return 0;
}

static struct set read_alternation(struct reader *r);

/* At "(": the group's set, empty for what consumes nothing or is not understood. */
static struct set read_group(struct reader *r) {
    struct set none = {0};
    bool look = false;
    r->i++;
    if (peek(r, 0) == '*') {
        r->lost = true;
    } else if (peek(r, 0) == '?') {
        char c = peek(r, 1), d = c ? peek(r, 2) : 0;
        if (c == ':' || c == '>') {
            r->i += 2;
        } else if (c == '=' || c == '!' || (c == '<' && (d == '=' || d == '!'))) {
            look = true;
            r->i += c == '<' ? 3 : 2;
        } else if (c == '<' || (c == 'P' && d == '<')) {
            while (r->i < r->text.n && peek(r, 0) != '>')
                r->i++;
            r->i++;
        } else if (strchr("ims", c)) {
            while (peek(r, 1) && strchr("ims", peek(r, 1)))
                r->i++;
            char end = peek(r, 1);
            r->i += 2;
            if (end == ')')
                return none;
            r->lost |= end != ':';
        } else {
            r->lost = true;
        }
    }
    if (++r->depth > GROUP_DEPTH_MAX)
        r->lost = true;
    if (r->lost)
        return none;
    struct set inside = read_alternation(r);
    r->depth--;
    if (peek(r, 0) != ')')
        r->lost = true;
    r->i++;
    return look ? none : inside;
}

static struct set read_branch(struct reader *r) {
    struct set best = {0};
    struct run run = {.ways = 1};
    for (unsigned i = 0; i < RUN_WAYS_MAX; i++) {
        run.p[i] = arena_alloc(r->a, r->text.n + 1);
        r->no_memory |= !run.p[i];
    }
    while (!r->lost && !r->no_memory && r->i < r->text.n && peek(r, 0) != '|' &&
           peek(r, 0) != ')') {
        char c = peek(r, 0), plain[SMALL_CLASS_MAX] = {0};
        unsigned min = 1, n = 0;
        struct set group = {0};
        if (c == '(') {
            close_run(r, &run, &best);
            group = read_group(r);
        } else if (c == '[') {
            n = read_small_class(r, plain);
            if (!n)
                skip_class(r);
        } else if (c == '\\') {
            plain[0] = ascii_lower(read_escape(r));
            n = plain[0] != 0;
        } else {
            r->i++;
            plain[0] = ascii_lower(c);
            n = !strchr(".^$", c) && (unsigned char) c < 0x80;
        }
        bool quantified = read_quantifier(r, &min);
        if (n && min)
            extend_run(r, &run, &best, plain, n);
        if (!n || quantified)
            close_run(r, &run, &best);
        if (min && better(&group, &best))
            best = group;
    }
    if (!r->lost && !r->no_memory)
        close_run(r, &run, &best);
    return best;
}

static struct set read_alternation(struct reader *r) {
    struct set all = read_branch(r);
    bool certain = all.n > 0;
    while (!r->lost && !r->no_memory && peek(r, 0) == '|' && r->i < r->text.n) {
        r->i++;
        struct set one = read_branch(r);
        certain = certain && one.n && all.n + one.n <= REGEX_LITERALS_MAX;
        if (!certain)
            continue;
        memcpy(all.at + all.n, one.at, one.n * sizeof one.at[0]);
        all.n += one.n;
        all.shortest = MIN(all.shortest, one.shortest);
    }
    if (!certain)
        all.n = 0;
    return all;
}

bool regex_ignores_case(struct str text, unsigned flags) {
    if (flags & DETECT_RE_I)
        return true;
    for (size_t i = 0; i + 2 < text.n; i++) {
        if (text.p[i] != '(' || text.p[i + 1] != '?')
            continue;
        for (size_t k = i + 2; k < text.n && text.p[k] >= '-' && text.p[k] != ':'; k++)
            if (text.p[k] == 'i')
                return true;
    }
    return false;
}

int regex_literals(struct arena *a, struct str text, unsigned flags,
                   struct str ret[REGEX_LITERALS_MAX], uint32_t *ret_n) {
    struct reader r = {.a = a, .text = text};
    (void) flags; /* literals are lowered, which is right with and without `i` */
    struct set s = read_alternation(&r);
    if (r.no_memory)
        return -ENOMEM;
    *ret_n = r.lost || r.i != text.n ? 0 : s.n;
    memcpy(ret, s.at, *ret_n * sizeof ret[0]);
    return 0;
}

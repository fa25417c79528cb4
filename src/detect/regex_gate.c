/* The expression's top level is read as a row of pieces, each a class of bytes and how often it stands there
 * at least and at most; a group or anything else that is not understood is a gap that may hold all or
 * nothing. Alternations at the top level and whatever changes the meaning of what follows give up. */
#include "detect/regex_gate.h"

#include "detect/expr.h"

enum { PIECES_MAX = 64, RUN_MIN = 8 };

/* A piece with max 0 and min 0 is a gap. */
struct piece {
    struct kernel_class class;
    unsigned min, max; /* UINT_MAX: no end */
    bool dot;
};
struct reader {
    struct str text;
    size_t i;
    bool any_case, dot_all, lost;
    bool beyond; /* something is asked for that pieces do not say */
    struct piece at[PIECES_MAX];
    unsigned n;
};

static char peek(const struct reader *r, size_t ahead) {
    return r->i + ahead < r->text.n ? r->text.p[r->i + ahead] : 0;
}

/* --- classes --- */

static void class_add(struct kernel_class *c, unsigned from, unsigned to) {
    for (unsigned b = from; b <= to && b < 128; b++)
        c->bytes[b] = 0xff;
}

static void class_merge(struct kernel_class *c, const struct kernel_class *with, bool negated) {
    for (unsigned b = 0; b < 128; b++)
        if (!with->bytes[b] == negated)
            c->bytes[b] = 0xff;
}

static void class_fold(struct kernel_class *c) {
    for (unsigned b = 'a'; b <= 'z'; b++)
        c->bytes[b] = c->bytes[b - 32] = c->bytes[b] | c->bytes[b - 32];
}

/* For lowered texts: what allows a capital letter allows the small one. */
static struct kernel_class class_lowered(const struct kernel_class *c) {
    struct kernel_class to = *c;
    for (unsigned b = 'A'; b <= 'Z'; b++)
        to.bytes[b + 32] |= c->bytes[b];
    return to;
}

static bool class_within(const struct kernel_class *a, const struct kernel_class *b) {
    for (unsigned i = 0; i < 128; i++)
        if (a->bytes[i] && !b->bytes[i])
            return false;
    return true;
}

/* The share of bytes of a log that are of this class, about. */
static double class_share(const struct kernel_class *c) {
    double sum = 0;
    for (unsigned b = 0; b < 128; b++)
        if (c->bytes[b])
            sum += kernel_byte_share((char) b);
    return MIN(sum, 1.0);
}

/* \d \w \s and their opposites; false: another letter. */
static bool named_class(char letter, struct kernel_class *to) {
    struct kernel_class c = {{0}};
    switch (ascii_lower(letter)) {
    case 'd':
        class_add(&c, '0', '9');
        break;
    case 'w':
        class_add(&c, '0', '9');
        class_add(&c, 'a', 'z');
        class_add(&c, 'A', 'Z');
        class_add(&c, '_', '_');
        break;
    case 's':
        class_add(&c, 9, 13);
        class_add(&c, ' ', ' ');
        break;
    default:
        return false;
    }
    class_merge(to, &c, letter < 'a');
    return true;
}

/* The byte an escape of one letter means; 0: none. */
static char plain_escape(char letter) {
    static const char from[] = "tnrfea", means[] = "\t\n\r\f\x1b\a";
    if (letter <= 0 || letter < 0x20)
        return 0;
    const char *at = strchr(from, letter);
    if (at)
        return means[at - from];
    bool letter_or_digit = ascii_digit(letter) || (ascii_lower(letter) >= 'a' && ascii_lower(letter) <= 'z');
    return letter_or_digit ? 0 : letter;
}

/* One character inside […]; 0: it is a class of its own or not understood. */
static char class_byte(struct reader *r, struct kernel_class *c) {
    char b = peek(r, 0);
    r->i++;
    if (b == '[' && (peek(r, 0) == ':' || peek(r, 0) == '.' || peek(r, 0) == '=')) {
        r->lost = true;
        return 0;
    }
    if (b != '\\') {
        r->lost |= b <= 0;
        return b;
    }
    b = peek(r, 0);
    r->i++;
    if (named_class(b, c))
        return 0;
    b = plain_escape(b);
    r->lost |= !b;
    return b;
}

static struct kernel_class read_class(struct reader *r) {
    struct kernel_class c = {{0}}, all = {{0}};
    bool negated = peek(r, 0) == '^', first = true;
    r->i += negated;
    for (; !r->lost && (first || peek(r, 0) != ']'); first = false) {
        char from = class_byte(r, &c);
        if (!from)
            continue;
        char to = from;
        if (peek(r, 0) == '-' && peek(r, 1) != ']' && peek(r, 1)) {
            r->i++;
            to = class_byte(r, &c);
            if (!to) /* "[a-\d]": the hyphen is plain */
                r->lost = true;
        }
        class_add(&c, (unsigned char) from, (unsigned char) to);
    }
    r->i++;
    if (r->any_case)
        class_fold(&c);
    class_merge(&all, &c, negated);
    return all;
}

/* --- pieces --- */

static void add(struct reader *r, const struct kernel_class *c, unsigned min, unsigned max, bool dot) {
    if (r->n < PIECES_MAX)
        r->at[r->n++] = (struct piece){*c, min, max, dot};
    else /* what follows is not known */
        r->at[PIECES_MAX - 1] = (struct piece){.min = 0, .max = 0};
}

static void add_gap(struct reader *r) {
    const struct kernel_class none = {{0}};
    add(r, &none, 0, 0, false);
}

static unsigned read_number(struct reader *r) {
    unsigned n = 0;
    for (; ascii_digit(peek(r, 0)); r->i++)
        n = MIN(n * 10 + (unsigned) (peek(r, 0) - '0'), 100000u);
    return n;
}

static void read_quantifier(struct reader *r, unsigned *min, unsigned *max) {
    char c = peek(r, 0);
    *min = *max = 1;
    if (c == '*' || c == '+' || c == '?') {
        *min = c == '+';
        *max = c == '?' ? 1 : UINT32_MAX;
        r->i++;
    } else if (c == '{' && (ascii_digit(peek(r, 1)) || peek(r, 1) == ',')) {
        r->i++;
        *min = read_number(r);
        *max = *min;
        if (peek(r, 0) == ',') {
            r->i++;
            *max = ascii_digit(peek(r, 0)) ? read_number(r) : UINT32_MAX;
        }
        r->lost |= peek(r, 0) != '}'; /* then it is plain text: too rare to be understood */
        r->i++;
    } else {
        return;
    }
    r->beyond |= peek(r, 0) == '+'; /* gives nothing back */
    if (peek(r, 0) == '?' || peek(r, 0) == '+')
        r->i++;
}

/* Behind '(' to behind its ')'. */
static void skip_group(struct reader *r) {
    struct kernel_class unused = {{0}};
    unsigned depth = 1;
    if (peek(r, 0) == '*')
        r->lost = true;
    while (depth && r->i < r->text.n && !r->lost) {
        char c = peek(r, 0);
        r->i++;
        if (c == '\\') {
            r->lost |= peek(r, 0) == 'Q';
            r->i++;
        } else if (c == '[') {
            unused = read_class(r);
        } else if (c == '(') {
            depth++;
        } else if (c == ')') {
            depth--;
        }
    }
    (void) unused;
    r->lost |= depth != 0;
}

/* "(?i)" and its like at the very beginning are read, elsewhere they give up; "(?i:", "(?=", "(?|" … are groups. */
static void read_group(struct reader *r) {
    if (peek(r, 0) == '?') {
        size_t k = 1;
        while (peek(r, k) == '-' || peek(r, k) == '^' || (ascii_lower(peek(r, k)) >= 'a' && ascii_lower(peek(r, k)) <= 'z'))
            k++;
        if (k > 1 && peek(r, k) == ')') {
            for (size_t i = 1; i < k; i++) {
                char c = peek(r, i);
                r->any_case |= c == 'i';
                r->dot_all |= c == 's';
                r->lost |= (c != 'i' && c != 's' && c != 'm') || r->n > 0;
            }
            r->i += k + 1;
            return;
        }
        r->lost |= peek(r, 1) == '#' || peek(r, 1) == 'C' || peek(r, 1) == 'R';
    }
    unsigned min, max;
    skip_group(r);
    read_quantifier(r, &min, &max);
    add_gap(r);
}

/* What stands behind a backslash; false: it is nothing that takes room. */
static bool read_escape(struct reader *r, struct kernel_class *c) {
    char letter = peek(r, 0);
    r->i++;
    if (letter == 'b' || letter == 'B' || letter == 'A' || letter == 'z' || letter == 'Z' || letter == 'G')
        return false;
    if (named_class(letter, c))
        return true;
    char b = plain_escape(letter);
    r->lost |= !b;
    class_add(c, (unsigned char) b, (unsigned char) b);
    return true;
}

static void read_piece(struct reader *r) {
    struct kernel_class c = {{0}};
    unsigned min, max;
    char b = peek(r, 0);
    r->i++;
    if (b == '(') {
        read_group(r);
        return;
    }
    if (b == '^' || b == '$') {
        r->beyond = true;
        return;
    }
    if (b <= 0 || b == '|' || b == ')' || b == '*' || b == '+' || b == '?') {
        r->lost = true;
        return;
    }
    if (b == '\\') {
        if (!read_escape(r, &c)) {
            r->beyond = true;
            return;
        }
    } else if (b == '[') {
        c = read_class(r);
    } else if (b == '.') {
        class_add(&c, 0, 127);
    } else {
        class_add(&c, (unsigned char) b, (unsigned char) b);
    }
    if (r->any_case)
        class_fold(&c);
    read_quantifier(r, &min, &max);
    add(r, &c, min, max, b == '.');
}

/* --- what the pieces ask for --- */

static void settle_counts(struct regex_gate *g, const struct reader *r) {
    double best = 1.5; /* below, nearly everything passes */
    for (unsigned i = 0; i < r->n; i++) {
        const struct piece *p = &r->at[i];
        size_t total = 0;
        g->shortest += p->min;
        if (p->min >= RUN_MIN && p->min > g->run && class_share(&p->class) < 0.95) {
            g->run = p->min;
            g->running = class_lowered(&p->class);
        }
        if (!p->min)
            continue;
        for (unsigned k = 0; k < r->n; k++)
            if (r->at[k].min && class_within(&r->at[k].class, &p->class))
                total += r->at[k].min;
        double odds = (double) total / (100 * class_share(&p->class) + 0.1);
        if (odds > best) {
            best = odds;
            g->count = total;
            g->counted = class_lowered(&p->class);
        }
    }
}

struct window {
    const struct kernel_class *at[4];
    unsigned n;
};

static double window_share(const struct window *w) {
    double share = 1;
    for (unsigned i = 0; i < w->n; i++)
        share *= class_share(w->at[i]);
    return share;
}

static void take_better(struct window *best, const struct window *now) {
    if (now->n && (!best->n || window_share(now) < window_share(best)))
        *best = *now;
}

/* The rarest four classes that stand beside each other in every match. */
static void settle_window(struct regex_gate *g, const struct reader *r) {
    struct window best = {.n = 0}, now = {.n = 0};
    for (unsigned i = 0; i < r->n; i++) {
        const struct piece *p = &r->at[i];
        for (unsigned k = 0; k < MIN(p->min, 4u); k++) {
            if (now.n == 4)
                memmove(now.at, now.at + 1, 3 * sizeof now.at[0]);
            now.n = MIN(now.n + 1, 4u);
            now.at[now.n - 1] = &p->class;
            take_better(&best, &now);
        }
        if (p->min == p->max && p->min)
            continue;
        /* what follows stands behind the last of these, however many there were */
        now.n = 0;
        for (unsigned k = 0; k < MIN(p->min, 4u); k++)
            now.at[now.n++] = &p->class;
    }
    if (!best.n || window_share(&best) > 0.01)
        return;
    g->has_window = true;
    g->window.halves = 1;
    g->window.min = best.n;
    for (unsigned k = 0; k < 4; k++) {
        memset(g->windows[k].bytes, 0xff, sizeof g->windows[k].bytes);
        if (k < best.n)
            g->windows[k] = class_lowered(best.at[k]);
        for (unsigned b = 0; b < 128; b++)
            if (g->windows[k].bytes[b])
                kernel_filter_allow(&g->window, 0, k, b);
    }
}

/* The whole expression as parts, if it is of that kind. Its dot stops at line ends, of which PCRE2 knows
 * several kinds. */
static void settle_parts(struct regex_gate *g, const struct reader *r, bool line_feed_ends) {
    if (r->beyond || !(line_feed_ends || r->dot_all))
        return;
    g->over_lines = r->dot_all;
    for (unsigned i = 0; i < r->n; i++) {
        const struct piece *p = &r->at[i];
        if (p->dot && p->min == 0 && p->max == UINT32_MAX) {
            if (g->n_parts < REGEX_GATE_PARTS_MAX)
                g->gaps |= 1u << g->n_parts;
            continue;
        }
        if (p->min != p->max || !p->min || p->min + g->n_parts > REGEX_GATE_PARTS_MAX)
            return;
        for (unsigned k = 0; k < p->min; k++) {
            g->parts[g->n_parts] = p->class;
            if (p->dot && !r->dot_all)
                g->parts[g->n_parts].bytes['\n'] = 0;
            else if (p->class.bytes['\n'] && !r->dot_all)
                return; /* would reach over the lines that are looked at one by one */
            g->n_parts++;
        }
    }
    g->whole = g->n_parts > 0;
}

bool regex_gate_make(struct regex_gate *g, struct str text, unsigned flags, bool line_feed_ends) {
    struct reader r = {.text = text, .any_case = flags & DETECT_RE_I, .dot_all = flags & DETECT_RE_S};
    memset(g, 0, sizeof *g);
    while (r.i < r.text.n && !r.lost)
        read_piece(&r);
    if (r.lost)
        return false;
    settle_counts(g, &r);
    settle_window(g, &r);
    settle_parts(g, &r, line_feed_ends);
    return g->count || g->run || g->has_window || g->whole;
}

/* --- asking --- */

static bool has_count(const struct regex_gate *g, const struct kernel *k, struct str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.n && n < g->count; i += 64)
        n += (size_t) __builtin_popcountll(k->members(&g->counted, text.p + i, MIN(text.n - i, (size_t) 64)));
    return n >= g->count;
}

/* n ones in a row, n up to 64. */
static bool has_ones(uint64_t w, size_t n) {
    for (size_t have = 1, step; have < n && w; have += step) {
        step = MIN(have, n - have);
        w &= w >> step;
    }
    return w != 0;
}

static bool has_run(const struct regex_gate *g, const struct kernel *k, struct str text) {
    size_t before = 0; /* ones at the end of what was seen */
    for (size_t i = 0; i < text.n; i += 64) {
        uint64_t w = k->members(&g->running, text.p + i, MIN(text.n - i, (size_t) 64));
        size_t here = w == UINT64_MAX ? 64 : (size_t) __builtin_ctzll(~w);
        if (before + here >= g->run || (g->run <= 64 && has_ones(w, g->run)))
            return true;
        before = here == 64 ? before + 64 : (size_t) __builtin_clzll(~w);
    }
    return false;
}

/* The parts from `from` to before `to` at p. */
static bool parts_at(const struct regex_gate *g, unsigned from, unsigned to, const char *p) {
    for (unsigned i = from; i < to; i++)
        if (!g->parts[i].bytes[(unsigned char) *p++ & 127])
            return false;
    return true;
}

/* In one line (or in all of it). The first place is always right: it leaves most for what follows. */
static bool line_has_parts(const struct regex_gate *g, struct str line) {
    size_t at = 0;
    for (unsigned i = 0, end; i < g->n_parts; i = end) {
        for (end = i + 1; end < g->n_parts && !(g->gaps >> end & 1);)
            end++;
        while (at + (end - i) <= line.n && !parts_at(g, i, end, line.p + at))
            at++;
        if (at + (end - i) > line.n)
            return false;
        at += end - i;
    }
    return true;
}

bool regex_gate_matches(const struct regex_gate *g, struct str text) {
    struct str line;
    if (g->over_lines)
        return line_has_parts(g, text);
    while (str_split(&text, '\n', &line))
        if (line_has_parts(g, line))
            return true;
    return false;
}

static bool window_at(const struct regex_gate *g, struct str text) {
    for (size_t k = 0; k < MIN(text.n, (size_t) 4); k++)
        if (!g->windows[k].bytes[(unsigned char) text.p[k] & 127])
            return false;
    return true;
}

static bool has_window(const struct regex_gate *g, const struct kernel *k, struct str text) {
    uint32_t places[KERNEL_PLACES_MAX];
    for (size_t at = 0; at < text.n;) {
        size_t n = k->filter(&g->window, text.p, text.n, &at, places);
        for (size_t i = 0; i < n; i++)
            if (window_at(g, str_from(text, places[i])))
                return true;
    }
    return false;
}

bool regex_gate_passes(const struct regex_gate *g, const struct kernel *k, struct str text) {
    if (text.n < g->shortest)
        return false;
    if (g->has_window && !has_window(g, k, text))
        return false;
    return (!g->count || has_count(g, k, text)) && (!g->run || has_run(g, k, text));
}

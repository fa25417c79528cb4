/* Values out of prose: advisories, mails, notes.
 *
 * A line that is one value and nothing else is taken as it stands. Elsewhere a value is a run of ASCII between blanks,
 * quotes, brackets and other writing. Where somebody has defanged values, links and names that are written to be
 * followed are references and not meant; addresses and hashes always are. A name needs a top level domain that there
 * is, and one whose end could be the end of a file (.zip, .sh) is taken only when it was defanged. */
#include "base/limits.h"
#include "indicator/read_priv.h"

enum { NOTE_BYTES = 200 };

struct prose {
    struct reading *r;
    bool others_defanged; /* somewhere in the text */
    unsigned line;
    struct str note;
};

static bool separates(char c) {
    return (unsigned char) c <= ' ' || (unsigned char) c >= 0x7f || strchr("\"'`<>|,;(){}[]^\\*", c);
}

static struct str last_label(struct str name) {
    for (ptrdiff_t dot; (dot = str_find_byte(name, '.', 0)) >= 0;)
        name = str_from(name, (size_t) dot + 1);
    return name;
}

/* Ends that are a top level domain and the end of a file's name; .com and .cc are names far more often. */
static bool could_be_file(struct str name) {
    static const char *const ends[] = {"zip", "mov", "sh", "py", "pl", "rs", "md", "so", "ps", "cab", "app"};
    struct str last = last_label(name);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        if (str_eq_icase(last, str_of(ends[i])))
            return true;
    return false;
}

/* 0 nothing, 1 a value, or a negative code. */
static int consider(struct prose *p, struct str token, bool defanged) {
    struct reading *r = p->r;
    enum indicator_why why;
    const char *detail;
    struct str value;
    arena_reset(&r->row);
    int kind = indicator_value_read(&r->row, token, -1, &value, &why, &detail);
    if (kind < 0)
        return why == INDICATOR_BROAD ? reading_refuse(r, why, token, detail, p->line) : 0;
    bool named = kind == INDICATOR_DOMAIN || kind == INDICATOR_URL || kind == INDICATOR_EMAIL;
    if (kind == INDICATOR_DOMAIN || (kind == INDICATOR_URL && str_find(value, STR("://"), 0) < 0)) {
        struct str host = kind == INDICATOR_DOMAIN ? value : indicator_url_host(value);
        struct ip ip;
        if (ip_parse(host, &ip) < 0 && r->o->allow && !indicator_allow_is_tld(r->o->allow, last_label(host)) && !defanged)
            return 0;
        if (!defanged && could_be_file(host))
            return reading_refuse(r, INDICATOR_FILE_NAME, token, "", p->line);
    }
    if (named && !defanged && p->others_defanged)
        return reading_refuse(r, INDICATOR_REFERENCE, token, "", p->line);
    struct indicator x = reading_draft(r);
    struct str id = arena_printf(&r->row, "line %u", p->line);
    x.id = id;
    x.note = p->note;
    return reading_take(r, &x, token, -1, p->line);
}

/* "c2=192.0.2.1" is a name and a value; a URL may hold '='. */
static struct str behind_equals(struct str token) {
    ptrdiff_t scheme = str_find(token, STR("://"), 0), eq = str_find_byte(token, '=', 0);
    if (scheme > 0) {
        size_t from = (size_t) scheme;
        while (from && ((token.p[from - 1] >= 'a' && token.p[from - 1] <= 'z') || (token.p[from - 1] >= 'A' && token.p[from - 1] <= 'Z')))
            from--;
        return str_from(token, from);
    }
    return eq >= 0 ? str_from(token, (size_t) eq + 1) : token;
}

/* A value stands defanged where it does not stand in the line as it is read. */
static int tokens(struct prose *p, struct str s, struct str line) {
    for (size_t i = 0; i < s.n;) {
        while (i < s.n && separates(s.p[i]))
            i++;
        size_t from = i;
        while (i < s.n && !separates(s.p[i]))
            i++;
        struct str token = behind_equals(str_n(s.p + from, i - from));
        bool defanged = str_find(line, token, 0) < 0;
        /* "C2:192.0.2.1" and "URL:" before a value */
        int e = token.n >= 4 ? consider(p, token, defanged) : 0;
        ptrdiff_t colon = e == 0 ? str_find_byte(token, ':', 0) : -1;
        if (e == 0 && colon > 0 && str_find(token, STR("://"), 0) < 0 && (size_t) colon + 4 < token.n)
            e = consider(p, str_from(token, (size_t) colon + 1), defanged);
        if (e < 0)
            return e;
    }
    return 0;
}

static int whole(struct prose *p, struct str line) {
    enum indicator_why why;
    const char *detail;
    struct str value;
    bool defanged;
    arena_reset(&p->r->row);
    if (p->others_defanged && (!indicator_refang(&p->r->row, line, &defanged).p || !defanged))
        return 0; /* a link on a line of its own */
    if (line.n > INDICATOR_VALUE_BYTES_MAX || indicator_value_read(&p->r->row, line, -1, &value, &why, &detail) < 0)
        return 0;
    struct indicator x = reading_draft(p->r);
    x.id = arena_printf(&p->r->row, "line %u", p->line);
    int e = reading_take(p->r, &x, line, -1, p->line);
    return e < 0 ? e : 1;
}

static int one_line(struct prose *p, struct str line) {
    bool defanged;
    line = str_trim(line);
    if (!line.n || line.p[0] == '#')
        return 0;
    int e = whole(p, line);
    if (e != 0)
        return MIN(e, 0);
    struct arena a;
    arena_init(&a, INDICATOR_FILE_BYTES_MAX * 2);
    struct str s = indicator_refang(&a, line, &defanged);
    p->note = str_to(line, NOTE_BYTES);
    while (p->note.n < line.n && p->note.n && ((unsigned char) line.p[p->note.n] & 0xc0) == 0x80)
        p->note.n--;
    e = s.p ? tokens(p, s, line) : -ENOMEM;
    arena_done(&a);
    return e;
}

static bool any_defanged(struct reading *r, struct str text) {
    struct str rest = text, line;
    while (str_split(&rest, '\n', &line)) {
        bool changed;
        arena_reset(&r->row);
        if (line.n <= LINE_BYTES_MAX && indicator_refang(&r->row, line, &changed).p && changed)
            return true;
    }
    return false;
}

int read_text(struct reading *r, struct str text) {
    struct prose p = {.r = r, .others_defanged = any_defanged(r, text)};
    struct str rest = text, line;
    int e = 0;
    while (e == 0 && str_split(&rest, '\n', &line)) {
        p.line++;
        e = one_line(&p, line);
    }
    return e;
}

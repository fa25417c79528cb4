/* See way.h. Each key of a way is a row: for which kinds, and what reads it. */
#include "door/way.h"

#include "base/limits.h"
#include "base/time.h"
#include "base/yaml.h"
#include "door/template.h"

enum { FOR_SMTP = 1 << DOOR_SMTP, FOR_HTTP = 1 << DOOR_HTTP, FOR_PROGRAM = 1 << DOOR_PROGRAM, FOR_OUT = FOR_SMTP | FOR_HTTP | FOR_PROGRAM,
       FOR_IMAP = 1 << DOOR_IMAP, FOR_MAILDIR = 1 << DOOR_MAILDIR, FOR_BOX = FOR_IMAP | FOR_MAILDIR, FOR_NET = FOR_SMTP | FOR_HTTP | FOR_IMAP };

static const char *const kind_names[DOOR_KIND_MAX_] = {"smtp", "http", "program", "imap", "maildir"};

const char *door_kind_to_string(enum door_kind k) {
    return k < DOOR_KIND_MAX_ ? kind_names[k] : "?";
}

struct reading {
    struct arena *a;
    const char *file;
    struct door_way *w;
};
#define OOM(r, err) diag_set_at(err, -ENOMEM, (r)->file, 0, 0, "memory has run out")

/* ---- readers of one value each ---- */

static int read_text(const struct reading *r, const struct yaml_node *v, void *to, struct diag *err) {
    if (v->kind != YAML_SCALAR)
        return yaml_error(err, -ERR_PARSE, r->file, v, "a text is wanted here");
    if (memchr(v->text.p, 0, v->text.n))
        return yaml_error(err, -ERR_PARSE, r->file, v, "a NUL cannot stand here");
    *(struct str *) to = arena_dup(r->a, v->text);
    return ((struct str *) to)->p ? 0 : OOM(r, err);
}

static int read_template(const struct reading *r, const struct yaml_node *v, void *to, struct diag *err) {
    struct diag d = {0};
    int e = read_text(r, v, to, err);
    if (e == 0 && (e = door_template_check(*(struct str *) to, NULL, &d)) < 0)
        e = yaml_error(err, e, r->file, v, "%s", d.text);
    return e;
}

static int read_number(const struct reading *r, const struct yaml_node *v, unsigned max, unsigned *to, struct diag *err) {
    uint64_t n;
    if (v->kind != YAML_SCALAR || str_to_u64(v->text, &n) < 0 || n < 1 || n > max)
        return yaml_error(err, -ERR_PARSE, r->file, v, "a number from 1 to %u is wanted here", max);
    *to = (unsigned) n;
    return 0;
}
static int read_port(const struct reading *r, const struct yaml_node *v, void *to, struct diag *err) {
    return read_number(r, v, 65535, to, err);
}
static int read_rate(const struct reading *r, const struct yaml_node *v, void *to, struct diag *err) {
    return read_number(r, v, 100000, to, err);
}

static int read_span(const struct reading *r, const struct yaml_node *v, void *to, struct diag *err) {
    int64_t ns;
    if (v->kind != YAML_SCALAR || time_parse_span(v->text, &ns) < 0 || ns < NS_PER_S || ns > 10 * NS_PER_MIN)
        return yaml_error(err, -ERR_PARSE, r->file, v, "a time from 1s to 10m is wanted here");
    *(int64_t *) to = ns / NS_PER_MS;
    return 0;
}

static int read_word(const struct reading *r, const struct yaml_node *v, const char *const *words, struct diag *err) {
    for (int i = 0; words[i]; i++)
        if (v->kind == YAML_SCALAR && str_eq_z(v->text, words[i]))
            return i;
    return yaml_error(err, -ERR_PARSE, r->file, v, "'%.*s' is none of the words known here: %s, %s…", STR_ARG(v->text), words[0], words[1]);
}
static int read_tls(const struct reading *r, const struct yaml_node *v, void *to, struct diag *err) {
    static const char *const words[] = {"starttls", "tls", "none", NULL};
    int k = read_word(r, v, words, err);
    *(enum door_tls *) to = (enum door_tls) MAX(k, 0);
    return MIN(k, 0);
}
static int read_escape(const struct reading *r, const struct yaml_node *v, void *to, struct diag *err) {
    static const char *const words[] = {"json", "form", "xml", "none", NULL};
    int k = read_word(r, v, words, err);
    *(enum door_escape *) to = (enum door_escape) MAX(k, 0);
    return MIN(k, 0);
}
static int read_drill(const struct reading *r, const struct yaml_node *v, void *to, struct diag *err) {
    static const char *const words[] = {"refuse", "mark", NULL};
    int k = read_word(r, v, words, err);
    *(bool *) to = k == 1;
    return MIN(k, 0);
}

static void *list_of(const struct reading *r, const struct yaml_node *v, enum yaml_kind kind, size_t max, size_t size, struct diag *err) {
    if (v->kind != kind || v->n > max) {
        IGNORE(yaml_error(err, -ERR_PARSE, r->file, v, "a %s of at most %zu is wanted here", kind == YAML_SEQUENCE ? "list" : "mapping", max));
        return NULL;
    }
    void *p = arena_zalloc(r->a, (v->n + 1) * size);
    if (!p)
        IGNORE(OOM(r, err));
    return p;
}
static int read_allow(const struct reading *r, const struct yaml_node *v, void *to UNUSED, struct diag *err) {
    struct ip_prefix *p = list_of(r, v, YAML_SEQUENCE, DOOR_ALLOW_MAX, sizeof *p, err);
    if (!p)
        return err ? err->code : -ERR_PARSE;
    r->w->allow = p;
    for (const struct yaml_node *n = v->first; n; n = n->next)
        if (n->kind != YAML_SCALAR || ip_prefix_parse(n->text, p + r->w->n_allow++) != 0)
            return yaml_error(err, -ERR_PARSE, r->file, n, "an address or network like 10.1.2.0/24 is wanted here");
    return 0;
}
static int read_pairs(const struct reading *r, const struct yaml_node *v, bool template, struct door_pair **ret, size_t *ret_n, struct diag *err) {
    struct door_pair *p = list_of(r, v, YAML_MAPPING, DOOR_PAIRS_MAX, sizeof *p, err);
    if (!p)
        return err ? err->code : -ERR_PARSE;
    *ret = p;
    for (const struct yaml_node *n = v->first; n; n = n->next) {
        int e = read_text(r, n->key, &p[*ret_n].name, err);
        if (e == 0)
            e = (template ? read_template : read_text)(r, n, &p[*ret_n].value, err);
        if (e < 0)
            return e;
        ++*ret_n;
    }
    return 0;
}
static int read_headers(const struct reading *r, const struct yaml_node *v, void *to UNUSED, struct diag *err) {
    int e = read_pairs(r, v, true, &r->w->headers, &r->w->n_headers, err);
    for (size_t i = 0; e == 0 && i < r->w->n_headers; i++)
        for (size_t k = 0; k < r->w->headers[i].name.n; k++)
            if (r->w->headers[i].name.p[k] <= ' ' || strchr(":\x7f", r->w->headers[i].name.p[k]))
                return yaml_error(err, -ERR_PARSE, r->file, v, "'%.*s' is no name of a header", STR_ARG(r->w->headers[i].name));
    return e;
}
static int read_secrets(const struct reading *r, const struct yaml_node *v, void *to UNUSED, struct diag *err) {
    return read_pairs(r, v, false, &r->w->secrets, &r->w->n_secrets, err);
}
static int read_expect(const struct reading *r, const struct yaml_node *v, void *to UNUSED, struct diag *err) {
    unsigned *p = list_of(r, v, YAML_SEQUENCE, DOOR_PAIRS_MAX, sizeof *p, err);
    if (!p)
        return err ? err->code : -ERR_PARSE;
    r->w->expect = p;
    for (const struct yaml_node *n = v->first; n; n = n->next)
        if (read_number(r, n, 599, p + r->w->n_expect++, err) < 0)
            return yaml_error(err, -ERR_PARSE, r->file, n, "a status like 200 is wanted here");
    return 0;
}
static int read_argv(const struct reading *r, const struct yaml_node *v, void *to UNUSED, struct diag *err) {
    struct str *p = list_of(r, v, YAML_SEQUENCE, DOOR_PAIRS_MAX, sizeof *p, err);
    if (!p)
        return err ? err->code : -ERR_PARSE;
    r->w->argv = p;
    for (const struct yaml_node *n = v->first; n; n = n->next) {
        int e = read_template(r, n, p + r->w->n_argv++, err);
        if (e < 0)
            return e;
    }
    if (!r->w->n_argv || p[0].p[0] != '/' || str_find(p[0], STR("{{"), 0) >= 0)
        return yaml_error(err, -ERR_PARSE, r->file, v, "the first word is the program with its whole path, without variables");
    return 0;
}

typedef int read_fn(const struct reading *r, const struct yaml_node *v, void *to, struct diag *err);
static const struct {
    const char *key;
    unsigned kinds;
    size_t at;
    read_fn *read;
} KEYS[] = {
#define AT(member) offsetof(struct door_way, member)
    {"allow", FOR_NET, 0, read_allow},
    {"ca", FOR_NET, AT(ca), read_text},
    {"timeout", FOR_OUT | FOR_IMAP, AT(timeout_ms), read_span},
    {"a_minute", FOR_OUT, AT(a_minute), read_rate},
    {"drill", FOR_OUT, AT(drill_marked), read_drill},
    {"else", FOR_OUT, AT(next_name), read_text},
    {"host", FOR_SMTP | FOR_IMAP, AT(host), read_text},
    {"port", FOR_SMTP | FOR_IMAP, AT(port), read_port},
    {"tls", FOR_SMTP | FOR_IMAP, AT(tls), read_tls},
    {"user", FOR_SMTP | FOR_IMAP, AT(user), read_text},
    {"password", FOR_SMTP | FOR_IMAP, AT(password), read_text},
    {"from", FOR_SMTP, AT(from), read_text},
    {"from_name", FOR_SMTP, AT(from_name), read_text},
    {"url", FOR_HTTP, AT(url), read_template},
    {"method", FOR_HTTP, AT(method), read_text},
    {"headers", FOR_HTTP, 0, read_headers},
    {"body", FOR_HTTP, AT(body), read_template},
    {"escape", FOR_HTTP, AT(escape), read_escape},
    {"expect", FOR_HTTP, 0, read_expect},
    {"answer_has", FOR_HTTP, AT(answer_has), read_text},
    {"secrets", FOR_HTTP, 0, read_secrets},
    {"argv", FOR_PROGRAM, 0, read_argv},
    {"folder", FOR_IMAP, AT(folder), read_text},
    {"path", FOR_MAILDIR, AT(path), read_text},
    {"every", FOR_BOX, AT(every_ms), read_span},
#undef AT
};

/* ---- a way ---- */

static bool is_name(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'z') && !strchr("-_", s.p[i]))
            return false;
    return s.n > 0 && s.n <= DOOR_ID_BYTES_MAX;
}

/* Host and port of the URL, which no variable may touch. */
static int split_url(const struct reading *r, const struct yaml_node *at, struct diag *err) {
    struct door_way *w = r->w;
    bool tls = str_starts(w->url, STR("https://"));
    size_t begin = tls ? 8 : 7, first = 0;
    if (!tls && !str_starts(w->url, STR("http://")))
        return yaml_error(err, -ERR_PARSE, r->file, at, "the URL of '%.*s' begins with https:// (or http://)", STR_ARG(w->name));
    struct str rest = str_from(w->url, begin), authority = rest;
    for (size_t i = 0; i < rest.n; i++)
        if (strchr("/?#", rest.p[i])) {
            authority = str_to(rest, i);
            break;
        }
    IGNORE(door_template_check(w->url, &first, NULL));
    if (first < w->url.n && first <= begin + authority.n)
        return yaml_error(err, -ERR_PARSE, r->file, at, "a variable may stand in the path of the URL, not before it: where a message goes is written here");
    if (!authority.n || memchr(authority.p, '@', authority.n))
        return yaml_error(err, -ERR_PARSE, r->file, at, "the URL of '%.*s' has no plain host; names and passwords go into headers", STR_ARG(w->name));
    w->tls = tls ? DOOR_TLS_FROM_FIRST : DOOR_TLS_NONE;
    w->port = tls ? 443 : 80;
    ptrdiff_t bracket = str_find_byte(authority, ']', 0), colon = str_find_byte(authority, ':', bracket < 0 ? 0 : (size_t) bracket);
    w->host = colon < 0 ? authority : str_to(authority, (size_t) colon);
    uint64_t port;
    if (colon >= 0 && (str_to_u64(str_from(authority, (size_t) colon + 1), &port) < 0 || port < 1 || port > 65535))
        return yaml_error(err, -ERR_PARSE, r->file, at, "the port of the URL is no number from 1 to 65535");
    if (colon >= 0)
        w->port = (unsigned) port;
    return 0;
}

static bool address_plain(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] <= ' ' || strchr("<>\"\\,;:", s.p[i]))
            return false;
    return memchr(s.p, '@', s.n) != NULL;
}

static bool host_ok(struct str host) {
    for (size_t i = 0; i < host.n; i++)
        if ((unsigned char) host.p[i] <= ' ' || strchr("/@?#", host.p[i]))
            return false;
    return host.n > 0;
}

static int check_smtp(const struct reading *r, const struct yaml_node *at, struct diag *err) {
    struct door_way *w = r->w;
    if (!w->host.n || !w->from.n)
        return yaml_error(err, -ERR_PARSE, r->file, at, "'%.*s' wants host and from", STR_ARG(w->name));
    if (!address_plain(w->from))
        return yaml_error(err, -ERR_PARSE, r->file, at, "from is one mail address; a name goes into from_name");
    if (!host_ok(w->host))
        return yaml_error(err, -ERR_PARSE, r->file, at, "'%.*s' is no host", STR_ARG(w->host));
    if (w->tls == DOOR_TLS_NONE && w->password.n)
        return yaml_error(err, -ERR_PARSE, r->file, at, "a password is not sent without TLS; set tls, or leave user and password out");
    if (!w->port)
        w->port = w->tls == DOOR_TLS_FROM_FIRST ? 465 : w->tls == DOOR_TLS_START ? 587 : 25;
    return 0;
}

static int check_imap(const struct reading *r, const struct yaml_node *at, bool tls_given, struct diag *err) {
    struct door_way *w = r->w;
    w->tls = tls_given ? w->tls : DOOR_TLS_FROM_FIRST;
    if (!host_ok(w->host) || !w->user.n || !w->password.n)
        return yaml_error(err, -ERR_PARSE, r->file, at, "'%.*s' wants host, user and password", STR_ARG(w->name));
    if (w->tls == DOOR_TLS_NONE)
        return yaml_error(err, -ERR_PARSE, r->file, at, "a password is not sent without TLS; set tls to tls or starttls");
    if (!w->port)
        w->port = w->tls == DOOR_TLS_FROM_FIRST ? 993 : 143;
    return 0;
}

static int check_http(const struct reading *r, const struct yaml_node *at, struct diag *err) {
    static unsigned usual[] = {200, 201, 202, 204};
    struct door_way *w = r->w;
    if (!w->url.n)
        return yaml_error(err, -ERR_PARSE, r->file, at, "'%.*s' wants a url", STR_ARG(w->name));
    if (!w->method.n)
        w->method = STR("POST");
    for (size_t i = 0; i < w->method.n; i++)
        if (w->method.p[i] < 'A' || w->method.p[i] > 'Z')
            return yaml_error(err, -ERR_PARSE, r->file, at, "a method is written in capitals, like POST");
    if (!w->n_expect)
        w->expect = usual, w->n_expect = ARRAY_SIZE(usual);
    return split_url(r, at, err);
}

static int read_way(const struct reading *r, const struct yaml_node *n, struct diag *err) {
    static const char *const words[] = {"smtp", "http", "program", "imap", "maildir", NULL};
    struct door_way *w = r->w;
    const struct yaml_node *kind = yaml_get(n, "kind");
    *w = (struct door_way){.timeout_ms = 30000, .a_minute = 60, .every_ms = 30000, .folder = STR("INBOX"), .line = n->line};
    if (n->kind != YAML_MAPPING || !yaml_get_str(n, "name", &w->name) || !is_name(w->name))
        return yaml_error(err, -ERR_PARSE, r->file, n, "a way has a name of small letters, digits, '-' and '_'");
    int k = kind ? read_word(r, kind, words, err) : yaml_error(err, -ERR_PARSE, r->file, n, "'%.*s' has no kind: smtp, http, program, imap or maildir", STR_ARG(w->name));
    if (k < 0)
        return k;
    w->kind = (enum door_kind) k;
    for (const struct yaml_node *v = n->first; v; v = v->next) {
        size_t i = 0;
        if (str_eq_z(v->key->text, "name") || str_eq_z(v->key->text, "kind"))
            continue;
        while (i < ARRAY_SIZE(KEYS) && !(str_eq_z(v->key->text, KEYS[i].key) && (KEYS[i].kinds & 1u << w->kind)))
            i++;
        if (i == ARRAY_SIZE(KEYS))
            return yaml_error(err, -ERR_PARSE, r->file, v->key, "a way of kind %s has no '%.*s'", kind_names[k], STR_ARG(v->key->text));
        int e = KEYS[i].read(r, v, (char *) w + KEYS[i].at, err);
        if (e < 0)
            return e;
    }
    if (w->kind == DOOR_MAILDIR)
        return w->path.n && w->path.p[0] == '/' ? 0 : yaml_error(err, -ERR_PARSE, r->file, n, "'%.*s' wants path, the whole path of a Maildir", STR_ARG(w->name));
    if (w->kind == DOOR_PROGRAM)
        return w->n_argv ? 0 : yaml_error(err, -ERR_PARSE, r->file, n, "'%.*s' wants argv", STR_ARG(w->name));
    if (w->kind == DOOR_IMAP)
        return check_imap(r, n, yaml_get(n, "tls") != NULL, err);
    return w->kind == DOOR_SMTP ? check_smtp(r, n, err) : check_http(r, n, err);
}

static int link_ways(const struct door_ways *ws, const char *file, struct diag *err) {
    for (size_t i = 0; i < ws->n; i++) {
        struct door_way *w = &ws->p[i];
        for (size_t k = 0; k < i; k++)
            if (str_eq(ws->p[k].name, w->name))
                return diag_set_at(err, -ERR_PARSE, file, w->line, 0, "there are two ways '%.*s'", STR_ARG(w->name));
        if (w->next_name.n && !(w->next = door_way_find(ws, w->next_name)))
            return diag_set_at(err, -ERR_PARSE, file, w->line, 0, "there is no way '%.*s' to try after '%.*s'", STR_ARG(w->next_name), STR_ARG(w->name));
    }
    for (size_t i = 0; i < ws->n; i++) {
        size_t steps = 0;
        for (const struct door_way *w = &ws->p[i]; w; w = w->next)
            if (++steps > ws->n)
                return diag_set_at(err, -ERR_PARSE, file, ws->p[i].line, 0, "'else' of '%.*s' leads in a circle", STR_ARG(ws->p[i].name));
    }
    return 0;
}

const struct door_way *door_way_find(const struct door_ways *w, struct str name) {
    for (size_t i = 0; i < w->n; i++)
        if (str_eq(w->p[i].name, name))
            return &w->p[i];
    return NULL;
}

int door_ways_parse(struct arena *a, struct str text, const char *file, struct door_ways *ret, struct diag *reterr) {
    static const char *const keys[] = {"ways", NULL};
    struct yaml_doc *doc;
    struct diag own = {0};
    struct diag *err = reterr ? reterr : &own;
    *ret = (struct door_ways){0};
    int e = yaml_parse(a, text, file, &doc, err);
    if (e < 0 || !doc || !doc->root)
        return e;
    if ((e = yaml_only_keys(doc->root, keys, file, err)) < 0)
        return e;
    const struct yaml_node *list = yaml_get(doc->root, "ways");
    if (!list || yaml_is_null(list))
        return 0;
    if (list->kind != YAML_SEQUENCE || list->n > DOOR_WAYS_MAX)
        return yaml_error(err, -ERR_PARSE, file, list, "ways is a list of at most %d", DOOR_WAYS_MAX);
    struct door_ways w = {.p = arena_zalloc(a, (list->n + 1) * sizeof *w.p)};
    if (!w.p)
        return diag_set_at(err, -ENOMEM, file, 0, 0, "memory has run out");
    for (const struct yaml_node *n = list->first; n; n = n->next) {
        struct reading r = {a, file, &w.p[w.n++]};
        if ((e = read_way(&r, n, err)) < 0)
            return e;
    }
    if ((e = link_ways(&w, file, err)) == 0)
        *ret = w;
    return e;
}

/* See allow.h. Networks lie in one table by version, length and address; an address is looked up under every length
 * that occurs. Names and texts lie in one table each, with the list they came from. */
#include "indicator/allow.h"

#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"

#include <dirent.h>
#include <limits.h>

enum { LISTS_MAX = 1024, OWN_LIST = 0 };

struct net {
    struct ip_prefix p;
    uint32_t list;
};
struct indicator_allow {
    struct arena arena;
    struct map nets, names, texts, tlds; /* value: list */
    bool used_bits[2][129];
    struct net *all; /* for networks that take listed ones in */
    size_t n_all, cap_all;
    struct str *parts; /* substrings */
    uint32_t *part_list;
    size_t n_parts, cap_parts, cap_part_list;
    struct indicator_allow_row *lists; /* [0]: the own networks and names */
    size_t n, cap;
};

struct indicator_allow *indicator_allow_free(struct indicator_allow *a) {
    if (!a)
        return NULL;
    map_done(&a->nets);
    map_done(&a->names);
    map_done(&a->texts);
    map_done(&a->tlds);
    arena_done(&a->arena);
    mem_free(a);
    return NULL;
}

/* ---- networks ---- */

static struct str net_key(const struct ip_prefix *p, char dst[18]) {
    dst[0] = (char) p->ip.version;
    dst[1] = (char) p->bits;
    memcpy(dst + 2, p->ip.bytes, 16);
    return str_n(dst, 18);
}

static int put(struct map *m, struct str key, uint32_t list) {
    union map_value *v;
    bool is_new;
    int r = map_add(m, key, &v, &is_new);
    if (r == 0 && is_new)
        v->num = list;
    return r;
}

static int add_net(struct indicator_allow *a, const struct ip_prefix *p, uint32_t list) {
    char key[18];
    int r = arena_grow(&a->arena, (void **) &a->all, &a->cap_all, a->n_all + 1, sizeof *a->all);
    if (r < 0)
        return r;
    a->all[a->n_all++] = (struct net){*p, list};
    a->used_bits[p->ip.version == 6][p->bits] = true;
    return put(&a->nets, net_key(p, key), list);
}

/* The list that has a network with the whole of p in it, or one inside p. */
static bool find_net(const struct indicator_allow *a, const struct ip_prefix *p, uint32_t *ret) {
    char key[18];
    for (int bits = p->bits; bits >= 0; bits--) {
        if (!a->used_bits[p->ip.version == 6][bits])
            continue;
        struct ip_prefix q = ip_prefix_of(&p->ip, (unsigned) bits);
        const union map_value *v = map_find(&a->nets, net_key(&q, key));
        if (v) {
            *ret = (uint32_t) v->num;
            return true;
        }
    }
    for (size_t i = 0; p->bits < ip_bits(&p->ip) && i < a->n_all; i++)
        if (ip_prefix_covers(p, &a->all[i].p)) {
            *ret = a->all[i].list;
            return true;
        }
    return false;
}

/* ---- reading lists ---- */

enum type { TYPE_STRING, TYPE_HOSTNAME, TYPE_CIDR, TYPE_SUBSTRING, TYPE_UNKNOWN };

static enum type type_of(struct str s) {
    static const char *const words[] = {"string", "hostname", "cidr", "substring"};
    for (int i = 0; i < TYPE_UNKNOWN; i++)
        if (str_eq_z(s, words[i]))
            return (enum type) i;
    return TYPE_UNKNOWN;
}

static int add_part(struct indicator_allow *a, struct str s, uint32_t list) {
    int r = arena_grow(&a->arena, (void **) &a->parts, &a->cap_parts, a->n_parts + 1, sizeof *a->parts);
    if (r == 0)
        r = arena_grow(&a->arena, (void **) &a->part_list, &a->cap_part_list, a->n_parts + 1, sizeof *a->part_list);
    if (r < 0)
        return r;
    a->parts[a->n_parts] = arena_dup(&a->arena, s);
    a->part_list[a->n_parts] = list;
    return a->parts[a->n_parts++].p ? 0 : -ENOMEM;
}

static int add_text(struct indicator_allow *a, struct arena *tmp, struct str s, uint32_t list) {
    struct ip_prefix p;
    enum indicator_why why;
    const char *detail;
    struct str value;
    if (ip_prefix_parse(s, &p) >= 0)
        return add_net(a, &p, list);
    return put(&a->texts, indicator_value_read(tmp, s, -1, &value, &why, &detail) >= 0 ? value : s, list);
}

static int add_row(struct indicator_allow *a, struct arena *tmp, enum type type, struct str s, uint32_t list) {
    struct ip_prefix p;
    s = str_trim(s);
    if (!s.n || s.n > INDICATOR_VALUE_BYTES_MAX)
        return 0;
    if (type == TYPE_CIDR) /* bits behind the prefix are cleared: the list means the network */
        return ip_prefix_parse(s, &p) >= 0 ? add_net(a, &p, list) : 0;
    if (type == TYPE_SUBSTRING)
        return add_part(a, s, list);
    if (type == TYPE_STRING)
        return add_text(a, tmp, s, list);
    if (s.p[0] == '.' || s.p[0] == '*')
        s = str_from(s, s.p[0] == '*' ? 2 : 1);
    struct str name = indicator_domain_read(tmp, s);
    return name.p ? put(&a->names, name, list) : ip_prefix_parse(s, &p) >= 0 ? add_net(a, &p, list) : 0;
}

static int new_list(struct indicator_allow *a, struct str name, uint32_t *ret) {
    if (a->n >= LISTS_MAX)
        return -ERR_LIMIT;
    int r = arena_grow(&a->arena, (void **) &a->lists, &a->cap, a->n + 1, sizeof *a->lists);
    if (r < 0)
        return r;
    a->lists[a->n] = (struct indicator_allow_row){.name = arena_dup(&a->arena, str_to(name, INDICATOR_TEXT_BYTES_MAX))};
    *ret = (uint32_t) a->n++;
    return a->lists[*ret].name.p ? 0 : -ENOMEM;
}

static int read_list(struct indicator_allow *a, struct arena *tmp, struct str json, struct diag *err) {
    struct json_value *doc;
    struct str name, type;
    uint32_t list = 0;
    int r = json_parse(tmp, json, &doc, err);
    if (r < 0)
        return r;
    const struct json_value *rows = doc->type == JSON_OBJECT ? json_get_array(doc, "list") : NULL;
    if (!rows || !json_get_str(doc, "name", &name) || !json_get_str(doc, "type", &type))
        return diag_set(err, -ERR_PARSE, "a warning list is an object with name, type and list");
    if ((r = new_list(a, name, &list)) < 0)
        return diag_set(err, r, "more warning lists than %d, or no memory", LISTS_MAX);
    if (type_of(type) == TYPE_UNKNOWN)
        return diag_set(err, -ERR_UNSUPPORTED, "a warning list of type '%.*s' is not read, so what it means would not be refused: take it out of "
                        "the folder, or say the same as cidr, hostname, string or substring",
                        (int) MIN(type.n, 40u), type.p);
    for (const struct json_value *v = rows->first; v && r == 0; v = v->next) {
        struct arena_mark m = arena_mark(tmp);
        if (v->type == JSON_STRING)
            r = add_row(a, tmp, type_of(type), v->text, list);
        arena_rewind(tmp, m);
        a->lists[list].n++;
    }
    return r < 0 ? diag_set(err, r, "warning lists: more than %d rows, or no memory", INDICATOR_ALLOW_ROWS_MAX) : 0;
}

int indicator_allow_add(struct indicator_allow *a, struct str json, struct diag *reterr) {
    struct arena tmp;
    arena_init(&tmp, INDICATOR_NODES_BYTES_MAX);
    int r = read_list(a, &tmp, json, reterr);
    arena_done(&tmp);
    return r;
}

int indicator_allow_own(struct indicator_allow *a, struct str text, struct diag *reterr) {
    struct ip_prefix p;
    struct arena tmp;
    arena_init(&tmp, 1 << 20);
    struct str name = indicator_domain_read(&tmp, text);
    int r = ip_prefix_parse(text, &p) >= 0 ? add_net(a, &p, OWN_LIST) : name.p ? put(&a->names, name, OWN_LIST) : -EINVAL;
    a->lists[OWN_LIST].n += r == 0;
    arena_done(&tmp);
    return r < 0 ? diag_set(reterr, r, "'%.*s' is no network and no name of a domain", (int) MIN(text.n, 80u), text.p) : 0;
}

/* ---- files ---- */

struct files {
    struct map by_name; /* path */
    struct arena arena;
    struct str *names;
    size_t n, cap;
};

static int by_name(const void *pa, const void *pb) {
    return str_cmp(*(const struct str *) pa, *(const struct str *) pb);
}

static int note_file(struct files *f, const char *dir, const char *name) {
    union map_value *v;
    bool is_new;
    int r = map_add(&f->by_name, str_of(name), &v, &is_new);
    if (r == 0 && is_new) {
        r = arena_grow(&f->arena, (void **) &f->names, &f->cap, f->n + 1, sizeof *f->names);
        if (r == 0)
            f->names[f->n++] = arena_dup(&f->arena, str_of(name));
    }
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (r == 0 && n < PATH_MAX)
        v->ptr = arena_dup_z(&f->arena, str_n(path, (size_t) n));
    return r < 0 ? r : v->ptr ? 0 : -ENOMEM;
}

static int note_folder(struct files *f, const char *dir) {
    DIR *d = opendir(dir);
    struct dirent *e;
    int r = 0;
    while (d && r == 0 && (e = readdir(d)))
        if (e->d_name[0] != '.' && str_ends(str_of(e->d_name), STR(".json")))
            r = note_file(f, dir, e->d_name);
    if (d)
        closedir(d);
    return r;
}

static int read_files(struct indicator_allow *a, struct files *f, struct diag *err) {
    int r = 0;
    if (f->n)
        qsort(f->names, f->n, sizeof *f->names, by_name);
    for (size_t i = 0; r == 0 && i < f->n; i++) {
        const char *path = map_get(&f->by_name, f->names[i]);
        struct arena text;
        struct str json;
        arena_init(&text, INDICATOR_FILE_BYTES_MAX + 65536);
        r = file_read(&text, path, INDICATOR_FILE_BYTES_MAX, &json, err);
        if (r == 0 && (r = indicator_allow_add(a, json, err)) < 0)
            diag_prefix(err, "'%s'", path);
        arena_done(&text);
    }
    return r;
}

static int read_tlds(struct indicator_allow *a, const char *path, struct diag *err) {
    struct arena text;
    struct str rest, line;
    arena_init(&text, 1 << 20);
    int r = path ? file_read(&text, path, 1 << 19, &rest, err) : 0;
    while (path && r == 0 && str_split(&rest, '\n', &line)) {
        line = str_trim(line);
        if (line.n && line.p[0] != '#')
            r = put(&a->tlds, line, 0);
    }
    arena_done(&text);
    return r;
}

int indicator_allow_new(const struct indicator_allow_options *o, struct indicator_allow **ret, struct diag *reterr) {
    CLEANUP(indicator_allow_freep) struct indicator_allow *a = mem_zalloc(sizeof *a);
    struct files f = {0};
    uint32_t own;
    if (!a)
        return diag_set(reterr, -ENOMEM, "out of memory");
    arena_init(&a->arena, INDICATOR_ALLOW_BYTES_MAX);
    struct map *maps[] = {&a->nets, &a->names, &a->texts, &a->tlds};
    for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
        map_init(maps[i], INDICATOR_ALLOW_ROWS_MAX, 0);
    map_init(&f.by_name, LISTS_MAX, 0);
    arena_init(&f.arena, 16 << 20);
    int r = new_list(a, STR("own"), &own);
    for (size_t i = 0; r == 0 && i < o->n_own; i++)
        r = indicator_allow_own(a, o->own[i], reterr);
    for (size_t i = 0; r == 0 && i < o->n_folders; i++)
        r = note_folder(&f, o->folders[i]);
    if (r == 0)
        r = read_files(a, &f, reterr);
    if (r == 0)
        r = read_tlds(a, o->tlds, reterr);
    map_done(&f.by_name);
    arena_done(&f.arena);
    if (r == 0)
        *ret = TAKE_PTR(a);
    return r;
}

/* ---- asking ---- */

static bool find_name(const struct indicator_allow *a, struct str name, uint32_t *ret) {
    for (struct str s = name; s.n;) {
        const union map_value *v = map_find(&a->names, s);
        if (v) {
            *ret = (uint32_t) v->num;
            return true;
        }
        ptrdiff_t dot = str_find_byte(s, '.', 0);
        s = dot < 0 ? STR("") : str_from(s, (size_t) dot + 1);
    }
    return false;
}

static bool find_text(const struct indicator_allow *a, struct str value, uint32_t *ret) {
    const union map_value *v = map_find(&a->texts, value);
    if (v)
        *ret = (uint32_t) v->num;
    for (size_t i = 0; !v && i < a->n_parts; i++)
        if (str_find(value, a->parts[i], 0) >= 0) {
            *ret = a->part_list[i];
            return true;
        }
    return v;
}

/* A host: an address or a name. */
static bool find_host(const struct indicator_allow *a, struct str host, uint32_t *ret) {
    struct ip_prefix p;
    return ip_prefix_parse(host, &p) == 0 ? find_net(a, &p, ret) : find_name(a, host, ret) || find_text(a, host, ret);
}

/* A URL is a place below a host: a listed host speaks for it only where the URL names nothing but the host. Our own
 * hosts are ours with everything on them. */
static bool find_url(const struct indicator_allow *a, struct str url, uint32_t *ret) {
    char z[INDICATOR_VALUE_BYTES_MAX];
    struct str host = indicator_url_host(url), compared = indicator_url_compared(url, z, sizeof z);
    if (find_text(a, url, ret))
        return true;
    return find_host(a, host, ret) && (*ret == OWN_LIST || compared.n <= host.n + 1);
}

bool indicator_allow_refuses(const struct indicator_allow *a, enum indicator_kind kind, struct str value,
                             enum indicator_why *ret_why, struct str *ret_detail) {
    uint32_t list = 0;
    bool found = false;
    ptrdiff_t at = kind == INDICATOR_EMAIL ? str_find_byte(value, '@', 0) : -1;
    if (kind <= INDICATOR_DOMAIN)
        found = find_host(a, value, &list);
    else if (kind == INDICATOR_URL)
        found = find_url(a, value, &list);
    else
        found = find_text(a, value, &list) ||
                (at >= 0 && find_name(a, str_from(value, (size_t) at + 1), &list) && list == OWN_LIST);
    if (!found)
        return false;
    *ret_why = list == OWN_LIST ? INDICATOR_OWN : INDICATOR_LISTED;
    *ret_detail = a->lists[list].name;
    return true;
}

bool indicator_allow_is_tld(const struct indicator_allow *a, struct str label) {
    return !a->tlds.n || map_find(&a->tlds, label);
}

const struct indicator_allow_row *indicator_allow_lists(const struct indicator_allow *a, size_t *ret_n) {
    *ret_n = a->n;
    return a->lists;
}

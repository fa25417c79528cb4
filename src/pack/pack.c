#include "pack/pack.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/yaml.h"
#include "pack/replay_priv.h"

#include <dirent.h>
#include <sys/stat.h>

enum { PACKS_MAX = 10000 };

bool pack_name_is_plain(struct str s) {
    if (!s.n || s.n > PACK_NAME_CHARS_MAX || s.p[0] == '.' || s.p[s.n - 1] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'z') && s.p[i] != '-' && s.p[i] != '.' && s.p[i] != '_')
            return false;
    return true;
}

const char *pack_file(struct arena *a, const struct pack *p, const char *name) {
    return arena_printf(a, "%s/%s", p->folder, name).p;
}

int pack_open(struct arena *a, const char *packs_dir, struct str id, struct pack *ret,
              struct diag *reterr) {
    struct yaml_doc *docs;
    struct stat st;
    struct pack p = {.id = id};
    if (!pack_name_is_plain(id))
        return diag_set(reterr, -EINVAL, "'%.*s' is no name of a pack", STR_ARG(id));
    p.folder = arena_printf(a, "%s/%.*s", packs_dir, STR_ARG(id)).p;
    if (!p.folder)
        return diag_set(reterr, -ENOMEM, "out of memory");
    if (stat(p.folder, &st) < 0)
        return diag_set(reterr, -ENOENT, "there is no pack '%.*s' in '%s'; kizuki pack list shows them",
                        STR_ARG(id), packs_dir);
    const char *file = pack_file(a, &p, "pack.yml");
    int e = file ? yaml_parse_file(a, file, &docs, reterr) : -ENOMEM;
    if (e < 0)
        return e;
    const struct yaml_node *root = docs ? docs->root : NULL, *title = yaml_get(root, "title");
    struct str own;
    if (!yaml_get_str(root, "id", &own) || !str_eq(own, id))
        return yaml_error(reterr, -ERR_PARSE, file, root, "the id of a pack is the name of its folder");
    if (!yaml_get_str(title, "ja", &p.title_ja) || !yaml_get_str(title, "en", &p.title_en))
        return yaml_error(reterr, -ERR_PARSE, file, root, "a pack wants title: {ja, en}");
    p.id = own;
    *ret = p;
    return 0;
}

static int by_id(const void *a, const void *b) {
    return str_cmp(((const struct pack *) a)->id, ((const struct pack *) b)->id);
}

int pack_list(struct arena *a, const char *packs_dir, struct pack **ret, size_t *ret_n,
              size_t *ret_bad, struct diag *reterr) {
    struct pack *list = NULL;
    size_t n = 0, cap = 0, bad = 0;
    struct dirent *e;
    DIR *d = opendir(packs_dir);
    int r = 0;
    if (!d)
        return diag_set(reterr, -errno, "cannot read the packs in '%s': %s", packs_dir, err_word(-errno));
    while (r == 0 && (e = readdir(d)) && n < PACKS_MAX) {
        struct str id = arena_dup(a, str_of(e->d_name));
        if (!id.p) {
            r = -ENOMEM;
            break;
        }
        if (e->d_name[0] == '.')
            continue;
        r = arena_grow(a, (void **) &list, &cap, n + 1, sizeof *list);
        if (r == 0 && pack_open(a, packs_dir, id, &list[n], NULL) == 0)
            n++;
        else
            bad++;
    }
    closedir(d);
    if (n)
        qsort(list, n, sizeof *list, by_id);
    *ret = list;
    *ret_n = n;
    *ret_bad = bad;
    return r;
}

static void write_node(struct jsonw *w, const struct yaml_node *v) {
    if (!v) {
        jsonw_array(w);
        jsonw_end(w);
    } else if (v->kind == YAML_SCALAR) {
        jsonw_str(w, v->text);
    } else if (v->kind == YAML_SEQUENCE) {
        jsonw_array(w);
        for (const struct yaml_node *e = v->first; e; e = e->next)
            write_node(w, e);
        jsonw_end(w);
    } else {
        jsonw_object(w);
        for (const struct yaml_node *e = v->first; e; e = e->next) {
            jsonw_key(w, e->key->text);
            write_node(w, e);
        }
        jsonw_end(w);
    }
}

static void write_sources(struct jsonw *w, const struct yaml_node *sources) {
    static const char *const kept[] = {"name", "service", "host"};
    struct str s;
    jsonw_array(w);
    for (const struct yaml_node *e = sources ? sources->first : NULL; e; e = e->next) {
        jsonw_object(w);
        const struct product *p = yaml_get_str(e, "product", &s) ? product_find(s) : NULL;
        jsonw_kz(w, "kind", p && p->ours ? "replay-own" : "replay");
        for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
            if (yaml_get_str(e, kept[i], &s))
                jsonw_kstr(w, kept[i], s);
        jsonw_end(w);
    }
    jsonw_end(w);
}

int pack_replay_config(struct arena *a, const struct pack *p, struct buf *out, struct diag *reterr) {
    struct yaml_doc *docs;
    struct jsonw w;
    const char *file = pack_file(a, p, "replay.yml");
    int e = file ? yaml_parse_file(a, file, &docs, reterr) : -ENOMEM;
    if (e < 0)
        return e;
    const struct yaml_node *root = docs ? docs->root : NULL;
    jsonw_init(&w, out);
    jsonw_object(&w); /* JSON is YAML */
    jsonw_key(&w, STR("syslog"));
    jsonw_array(&w);
    jsonw_end(&w);
    jsonw_key(&w, STR("sources"));
    write_sources(&w, yaml_get(root, "sources"));
    jsonw_key(&w, STR("services"));
    write_node(&w, yaml_get(root, "services"));
    jsonw_end(&w);
    buf_add_byte(out, '\n');
    return buf_error(out);
}

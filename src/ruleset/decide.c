/* See decide.h. Values are written as JSON strings, which YAML reads as what they are. */
#include "ruleset/decide.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"
#include "base/yaml.h"
#include "ruleset/store.h"

#include <limits.h>
#include <unistd.h>

enum { ARENA_MAX = 64 * 1024 * 1024, TEXT_MAX = 500, FIELDS_MAX = 16 };
#define SEPARATOR "---\n"

int exception_until(struct str text, int64_t now_ns, int64_t *ret, struct diag *reterr) {
    int offset;
    int64_t span;
    if (time_parse_span(text, &span) == 0 && span > 0 && span <= EXCEPTION_DAYS_MAX * NS_PER_DAY) {
        *ret = now_ns + span;
        return 0;
    }
    if (text.n == 10) { /* a date: to the end of that day, Japan's */
        char whole[32];
        snprintf(whole, sizeof whole, "%.*sT00:00:00+09:00", STR_ARG(text));
        if (time_parse_iso(str_of(whole), ret, &offset) == (int) strlen(whole)) {
            *ret += NS_PER_DAY;
            return 0;
        }
    } else if (time_parse_iso(text, ret, &offset) == (int) text.n) {
        return 0;
    }
    return diag_set(reterr, -EINVAL, "'%.*s' is no end; write 2027-01-31, or 30d from now", (int) MIN(text.n, 40u), text.p);
}

static int check_text(struct str s, const char *what, struct diag *reterr) {
    if (!s.n || s.n > TEXT_MAX)
        return diag_set(reterr, -EINVAL, "an exception needs %s (at most %d bytes)", what, TEXT_MAX);
    return 0;
}

int exception_check(struct exception_made *x, int64_t now_ns, struct diag *reterr) {
    int r = check_text(x->owner, "an owner, who answers for it", reterr);
    if (r == 0)
        r = check_text(x->reason, "a reason", reterr);
    if (r == 0 && (x->until_ns <= now_ns || x->until_ns > now_ns + (EXCEPTION_DAYS_MAX + 1) * NS_PER_DAY))
        r = diag_set(reterr, -EINVAL, "an exception ends within %d days from now", EXCEPTION_DAYS_MAX);
    if (r == 0 && x->whole && x->n_fields)
        r = diag_set(reterr, -EINVAL, "either all that the rule says is hidden, or what is named; not both");
    if (r == 0 && !x->whole && (!x->n_fields || x->n_fields > FIELDS_MAX))
        r = diag_set(reterr, -EINVAL, "an exception says what it hides: one to %d of FIELD=VALUE", FIELDS_MAX);
    for (size_t i = 0; r == 0 && i < x->n_fields; i++)
        if (!x->fields[i].name.n || x->fields[i].name.n > TEXT_MAX || x->fields[i].value.n > TEXT_MAX ||
            !str_trim(x->fields[i].value).n || str_eq_z(x->fields[i].value, "*"))
            r = diag_set(reterr, -EINVAL, "'%.*s' needs a value; one that is empty or '*' would hide everything",
                         (int) MIN(x->fields[i].name.n, 80u), x->fields[i].name.p);
    if (r == 0 && !x->id[0]) {
        struct buf b;
        uint8_t digest[SHA256_BYTES];
        char hex[2 * SHA256_BYTES + 1];
        buf_init(&b, 65536);
        exception_write(x, &b);
        buf_add_i64(&b, now_ns);
        sha256_of(buf_str(&b), digest);
        buf_done(&b);
        hex_encode(digest, sizeof digest, hex);
        snprintf(x->id, sizeof x->id, "kizuki-exception-%.12s", hex);
    }
    return r;
}

static void put(struct buf *out, const char *before, struct str value) {
    buf_add_z(out, before);
    json_quote(out, value);
}

void exception_write(const struct exception_made *x, struct buf *out) {
    char until[TIME_ISO_CAP];
    bool any = x->category.n || x->product.n || x->service.n;
    put(out, "title: ", x->reason);
    buf_printf(out, "\nid: %s\nlogsource:\n", x->id[0] ? x->id : "none");
    if (x->category.n)
        put(out, "    category: ", x->category), buf_add_byte(out, '\n');
    if (x->product.n)
        put(out, "    product: ", x->product), buf_add_byte(out, '\n');
    if (x->service.n || !any)
        put(out, "    service: ", any ? x->service : STR("kizuki-exception")), buf_add_byte(out, '\n');
    buf_add_z(out, "detection:\n    hidden:\n");
    for (size_t i = 0; i < x->n_fields; i++) {
        put(out, "        ", x->fields[i].name);
        put(out, ": ", x->fields[i].value);
        buf_add_byte(out, '\n');
    }
    if (x->whole) /* a detection has to stand there; nobody asks it */
        buf_add_z(out, "        kizuki.exception: whole\n");
    buf_add_z(out, "    condition: hidden\nkizuki:\n    exception:\n");
    if (x->whole)
        buf_add_z(out, "        whole: true\n");
    put(out, "        rules: [", x->rule);
    put(out, "]\n        owner: ", x->owner);
    put(out, "\n        reason: ", x->reason);
    buf_printf(out, "\n        until: %s\n", time_format_iso(x->until_ns, 0, until));
}

/* ---- the file ---- */

struct kept {
    struct arena arena;
    struct buf out;
    char path[PATH_MAX];
    struct str text; /* "" where there is none */
};

static int open_kept(struct kept *k, const char *data, const char *name, struct diag *reterr) {
    arena_init(&k->arena, ARENA_MAX);
    buf_init(&k->out, YAML_BYTES_MAX);
    k->text = STR("");
    int r = rulesets_path(k->path, data, name);
    if (r == 0 && access(k->path, F_OK) == 0)
        r = file_read(&k->arena, k->path, YAML_BYTES_MAX, &k->text, reterr);
    return r;
}

static int close_kept(struct kept *k, int r, struct diag *reterr) {
    if (r == 0 && (r = buf_error(&k->out)) < 0)
        diag_set(reterr, r, "'%s' is full; remove what has ended", k->path);
    if (r == 0)
        r = file_write_atomic(k->path, buf_str(&k->out), 0600, reterr);
    buf_done(&k->out);
    arena_done(&k->arena);
    return r;
}

int exception_add(const char *data, const struct exception_made *x, struct diag *reterr) {
    struct kept k;
    int r = open_kept(&k, data, "exceptions.yml", reterr);
    if (r == 0) {
        buf_add(&k.out, k.text);
        buf_add_z(&k.out, SEPARATOR);
        exception_write(x, &k.out);
    }
    return close_kept(&k, r, reterr);
}

/* The next document of the file; false at its end. */
static bool next_document(struct str *rest, struct str *ret) {
    if (!rest->n)
        return false;
    ptrdiff_t at = str_find(*rest, STR("\n" SEPARATOR), 0);
    size_t n = at < 0 ? rest->n : (size_t) at + 1;
    *ret = str_to(*rest, n);
    *rest = str_from(*rest, n);
    return true;
}

int exception_remove(const char *data, struct str id, struct diag *reterr) {
    struct kept k;
    struct str rest, doc;
    char line[EXCEPTION_ID_CAP + 16];
    bool found = false;
    int r = open_kept(&k, data, "exceptions.yml", reterr);
    snprintf(line, sizeof line, "\nid: %.*s\n", (int) MIN(id.n, (size_t) EXCEPTION_ID_CAP), id.p);
    for (rest = k.text; r == 0 && next_document(&rest, &doc);) {
        bool is = str_find(doc, str_of(line), 0) >= 0;
        found |= is;
        if (!is)
            buf_add(&k.out, doc);
    }
    if (r == 0 && !found)
        r = diag_set(reterr, -ENOENT, "there is no exception '%.*s'", (int) MIN(id.n, 80u), id.p);
    return close_kept(&k, r, reterr);
}

/* ---- suppressions ---- */

static void put_suppression(struct buf *out, const struct suppression_made *s) {
    put(out, "  - {rule: ", s->rule);
    put(out, ", for: ", s->span);
    put(out, ", owner: ", s->owner);
    put(out, ", reason: ", s->reason);
    buf_add_z(out, "}\n");
}

/* All rows but that of `rule`. */
static int copy_others(struct kept *k, struct str rule, bool *ret_found, struct diag *reterr) {
    struct yaml_doc *doc = NULL;
    int r = yaml_parse(&k->arena, k->text, k->path, &doc, reterr);
    if (r < 0)
        return r;
    buf_add_z(&k->out, "suppressions:\n");
    const struct yaml_node *list = doc && doc->root && doc->root->kind == YAML_MAPPING ? yaml_get(doc->root, "suppressions") : NULL;
    for (const struct yaml_node *n = list && list->kind == YAML_SEQUENCE ? list->first : NULL; n; n = n->next) {
        struct suppression_made s = {0};
        if (n->kind != YAML_MAPPING || !yaml_get_str(n, "rule", &s.rule) || !yaml_get_str(n, "for", &s.span))
            continue;
        (void) yaml_get_str(n, "owner", &s.owner);
        (void) yaml_get_str(n, "reason", &s.reason);
        if (str_eq(s.rule, rule))
            *ret_found = true;
        else
            put_suppression(&k->out, &s);
    }
    return 0;
}

void suppression_write(const struct suppression_made *s, struct buf *out) {
    buf_add_z(out, "suppressions:\n");
    put_suppression(out, s);
}

int suppression_check(const struct suppression_made *s, struct diag *reterr) {
    int64_t span;
    if (time_parse_span(s->span, &span) < 0 || span <= 0)
        return diag_set(reterr, -EINVAL, "'%.*s' is no span; write 24h or 7d", (int) MIN(s->span.n, 40u), s->span.p);
    if (!s->owner.n || !s->reason.n || s->owner.n > TEXT_MAX || s->reason.n > TEXT_MAX)
        return diag_set(reterr, -EINVAL, "a suppression needs an owner and a reason (at most %d bytes)", TEXT_MAX);
    return 0;
}

int suppression_add(const char *data, const struct suppression_made *s, struct diag *reterr) {
    struct kept k;
    bool found = false;
    int r = suppression_check(s, reterr);
    if (r < 0)
        return r;
    r = open_kept(&k, data, "suppress.yml", reterr);
    if (r == 0)
        r = copy_others(&k, s->rule, &found, reterr);
    if (r == 0)
        put_suppression(&k.out, s);
    return close_kept(&k, r, reterr);
}

int suppression_remove(const char *data, struct str rule, struct diag *reterr) {
    struct kept k;
    bool found = false;
    int r = open_kept(&k, data, "suppress.yml", reterr);
    if (r == 0)
        r = copy_others(&k, rule, &found, reterr);
    if (r == 0 && !found)
        r = diag_set(reterr, -ENOENT, "nothing of rule '%.*s' is held back", (int) MIN(rule.n, 80u), rule.p);
    return close_kept(&k, r, reterr);
}

/* ---- what is watched more closely ---- */

int tightened_write(const char *data, struct str json, struct diag *reterr) {
    struct kept k;
    int r = open_kept(&k, data, "tightened.json", reterr);
    bool same = r == 0 && str_eq(k.text, json);
    if (r == 0 && !same)
        r = file_write_atomic(k.path, json, 0600, reterr);
    buf_done(&k.out);
    arena_done(&k.arena);
    return r < 0 ? r : same;
}

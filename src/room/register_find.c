/* Rows alike: what else has the same fault (directory.h). */
#include "base/text.h"
#include "room/directory.h"
#include "room/register_priv.h"

enum { CONDITIONS_MAX = 16 };
enum test { IS, IS_NOT, HAS, BELOW, ABOVE };
struct condition {
    struct str field, value; /* value folded */
    enum test test;
};

/* 6.10 is above 6.9: digits are compared as numbers, the rest as it stands. */
static int compare_versions(struct str a, struct str b) {
    size_t i = 0, k = 0;
    while (i < a.n && k < b.n) {
        if (!ascii_digit(a.p[i]) || !ascii_digit(b.p[k])) {
            if (a.p[i] != b.p[k])
                return (unsigned char) a.p[i] < (unsigned char) b.p[k] ? -1 : 1;
            i++;
            k++;
            continue;
        }
        while (i < a.n && a.p[i] == '0')
            i++;
        while (k < b.n && b.p[k] == '0')
            k++;
        size_t n = i, m = k;
        while (n < a.n && ascii_digit(a.p[n]))
            n++;
        while (m < b.n && ascii_digit(b.p[m]))
            m++;
        int c = n - i != m - k ? (n - i < m - k ? -1 : 1) : memcmp(a.p + i, b.p + k, n - i);
        if (c)
            return c < 0 ? -1 : 1;
        i = n;
        k = m;
    }
    return i < a.n ? 1 : k < b.n ? -1 : 0;
}

static const struct {
    const char *sign;
    enum test test;
} signs[] = {{"!=", IS_NOT}, {"=", IS}, {"~", HAS}, {"<", BELOW}, {">", ABOVE}};

static int read_condition(struct arena *a, const struct register_kind *k, struct str text, struct condition *ret, struct diag *err) {
    for (size_t i = 0; i < text.n; i++)
        for (size_t s = 0; s < ARRAY_SIZE(signs); s++) {
            if (!str_starts(str_from(text, i), str_of(signs[s].sign)))
                continue;
            *ret = (struct condition){.field = str_trim(str_to(text, i)), .test = signs[s].test,
                                      .value = text_fold(a, str_trim(str_from(text, i + strlen(signs[s].sign))))};
            if (!ret->value.p)
                return diag_set(err, -ENOMEM, "memory has run out");
            for (size_t f = 0; f < k->n_fields; f++)
                if (str_eq(k->fields[f].name, ret->field))
                    return 0;
            return diag_set(err, -EINVAL, "where: '%.*s' is no field of this register", (int) MIN(ret->field.n, 80u), ret->field.p);
        }
    return diag_set(err, -EINVAL, "where: '%.*s' is no condition; write FIELD=VALUE, FIELD!=VALUE, FIELD~PART, FIELD<VERSION or FIELD>VERSION",
                    (int) MIN(text.n, 80u), text.p);
}

static bool one_holds(const struct condition *c, struct str v) {
    switch (c->test) {
    case IS:
    case IS_NOT:
        return str_eq(v, c->value);
    case HAS:
        return str_find(v, c->value, 0) >= 0;
    case BELOW:
        return v.n && compare_versions(v, c->value) < 0;
    case ABOVE:
        return v.n && compare_versions(v, c->value) > 0;
    }
    return false;
}

static bool holds(struct arena *a, const struct condition *c, const struct register_row *row) {
    struct str list = text_fold(a, register_value(row->values, c->field)), one;
    bool any = false;
    if (!c->value.n) /* is, or is not, empty */
        return (c->test == IS_NOT) == (list.n > 0);
    while (list.n && !any && str_split(&list, '\n', &one))
        any = one_holds(c, one);
    return c->test == IS_NOT ? !any : any;
}

int room_register_find(struct room *r, struct str kind, struct str where, struct jsonw *w, struct diag *reterr) {
    const struct register_kind *k = register_kind_find(&r->kinds, kind);
    struct condition conditions[CONDITIONS_MAX];
    struct register_rows rows = {0};
    struct arena a;
    struct str one;
    size_t n = 0, found = 0;
    if (!k)
        return diag_set(reterr, -ENOENT, "there is no register '%.*s'", (int) MIN(kind.n, 80u), kind.p);
    arena_init(&a, 16 << 20);
    int e = 0;
    while (e == 0 && where.n && str_split(&where, '\n', &one))
        if (str_trim(one).n)
            e = n < CONDITIONS_MAX ? read_condition(&a, k, one, &conditions[n++], reterr)
                                   : diag_set(reterr, -EINVAL, "where: at most %d conditions", CONDITIONS_MAX);
    if (e == 0)
        e = register_rows_load(r, kind, &rows, reterr);
    if (e < 0) {
        register_rows_done(&rows);
        arena_done(&a);
        return e;
    }
    jsonw_key(w, STR("rows"));
    jsonw_array(w);
    for (size_t i = 0; i < rows.n; i++) {
        struct arena_mark mark = arena_mark(&a);
        bool all = rows.at[i]->active;
        for (size_t c = 0; all && c < n; c++)
            all = holds(&a, &conditions[c], rows.at[i]);
        arena_rewind(&a, mark);
        if (!all)
            continue;
        found++;
        jsonw_object(w);
        jsonw_ki64(w, "id", rows.at[i]->id);
        jsonw_kstr(w, "name", rows.at[i]->name);
        jsonw_key(w, STR("values"));
        jsonw_value(w, rows.at[i]->values);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_ku64(w, "n", found);
    register_rows_done(&rows);
    arena_done(&a);
    return 0;
}

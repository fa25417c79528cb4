/* Lists in lines: key=value pairs, and columns whose names are known beforehand.
 *
 * Which columns a file has must be told by the line alone, because lines are decoded side by side and
 * a header may be a million lines away: a layout is chosen by the number of columns and by what those
 * of a type look like, so that a line is the same event wherever it is cut out. */
#include "decode/recipe_priv.h"

static char closing(const struct recipe_list *l, char c) {
    return c == '"' && l->double_quote ? '"'
           : c == '\'' && l->single_quote ? '\''
           : c == '<' && l->angle         ? '>'
                                          : 0;
}

/* The value at s[*at], which may be quoted; *at behind it. *open: a quote that nothing closes any more, which is not looked
 * for again: a line of such beginnings must not be read to its end for each. */
static struct str take_value(const struct recipe_list *l, struct decode_job *j, struct str s, size_t *at, char *open) {
    char close = *at < s.n ? closing(l, s.p[*at]) : 0;
    close = close == *open ? 0 : close;
    size_t from = *at, end;
    if (close) {
        bool escaped = false;
        for (end = from + 1; end < s.n && s.p[end] != close; end++)
            if (s.p[end] == '\\' && close == '"') {
                escaped = true;
                end++;
            }
        if (end < s.n) { /* else the quote is part of the value */
            struct str value = str_n(s.p + from + 1, end - from - 1);
            *at = end + 1;
            return escaped ? job_unescape(j, value) : value;
        }
        *open = close;
    }
    ptrdiff_t next = str_find(s, l->between, from);
    *at = next < 0 ? s.n : (size_t) next;
    return str_n(s.p + from, *at - from);
}

void recipe_list_read(const struct recipe_list *l, struct decode_job *j, struct str s,
                      recipe_pair_fn *fn, void *ctx) {
    size_t at = 0, n = 0;
    char open = 0;
    while (at < s.n && n++ < DECODER_PAIRS_MAX) {
        while (at < s.n && ((unsigned char) s.p[at] <= ' ' || s.p[at] == l->between.p[0]))
            at++;
        size_t from = at;
        while (at < s.n && s.p[at] != l->assign &&
               !(s.p[at] == l->between.p[0] && str_starts(str_from(s, at), l->between)))
            at++;
        struct str key = str_trim(str_n(s.p + from, at - from)), value = key;
        if (at < s.n && s.p[at] == l->assign) {
            at++;
            while (at < s.n && s.p[at] == ' ' && l->between.p[0] != ' ') /* name: value, name: value */
                at++;
            value = take_value(l, j, s, &at, &open);
        }
        if (key.n && key.n <= DECODER_KEY_BYTES_MAX && !fn(ctx, key, value))
            return;
    }
}

struct noting {
    const struct recipe *r;
    struct decode_job *j;
    struct recipe_values *v;
    bool nested;
};

static bool is_once(const struct recipe_list *l, struct str key) {
    for (uint16_t i = 0; i < l->n_once; i++)
        if (str_eq(l->once[i], key))
            return true;
    return false;
}

static bool note_pair(void *ctx, struct str key, struct str value) {
    struct noting *n = ctx;
    int slot = recipe_slot(n->r, key);
    if (slot < 0)
        return true;
    if (slot == n->r->list.nested && !n->nested) {
        struct noting inner = {n->r, n->j, n->v, true};
        recipe_list_read(&n->r->list, n->j, value, note_pair, &inner);
    }
    if (UNLIKELY(n->r->list.n_once && recipe_has(n->v, (unsigned) slot)) && is_once(&n->r->list, key)) {
        n->v->at[slot] = STR("");
        put_error(n->j, arena_printf(n->j->ev->arena, "the line has %.*s more than once; none is taken", STR_ARG(key)));
    }
    recipe_note(n->v, (unsigned) slot, value);
    return true;
}

void recipe_list_note(const struct recipe *r, struct decode_job *j, struct str s, struct recipe_values *v) {
    struct noting n = {r, j, v, false};
    recipe_list_read(&r->list, j, s, note_pair, &n);
}

/* --- columns --- */

/* RFC 4180: a quoted cell may hold separators, and its quotes twice. False: no further cell. */
static bool next_cell(const struct recipe_columns *c, struct decode_job *j, struct str s, size_t *at,
                      struct str *ret) {
    bool twice = false;
    if (*at > s.n)
        return false;
    size_t from = *at, i = from;
    if (c->quote && i < s.n && s.p[i] == c->quote) {
        for (i++; i < s.n; i++) {
            if (s.p[i] != c->quote)
                continue;
            if (i + 1 >= s.n || s.p[i + 1] != c->quote)
                break;
            twice = true;
            i++;
        }
        struct str cell = str_n(s.p + from + 1, MIN(i, s.n) - from - 1);
        if (i < s.n && (i + 1 == s.n || s.p[i + 1] == c->separator)) {
            *at = i + 2;
            *ret = cell;
            if (twice) {
                char *p = arena_alloc(j->ev->arena, cell.n);
                size_t n = 0;
                for (size_t k = 0; p && k < cell.n; k++) {
                    p[n++] = cell.p[k];
                    k += cell.p[k] == c->quote;
                }
                j->err = p ? j->err : -ENOMEM;
                *ret = p ? str_n(p, n) : cell;
            }
            return true;
        }
    }
    const char *end = from < s.n ? memchr(s.p + from, c->separator, s.n - from) : NULL;
    i = end ? (size_t) (end - s.p) : s.n;
    *ret = str_n(s.p + from, i - from);
    *at = i + 1;
    return true;
}

static bool looks(const struct recipe_columns *c, const struct recipe_column *col, struct str cell) {
    struct ip ip;
    if (str_eq(cell, c->empty))
        return true;
    if (col->as == AS_IP)
        return ip_parse(cell, &ip) == 0;
    if (col->as == AS_INT)
        return all_digits(cell);
    return true;
}

static bool layout_fits(const struct recipe_columns *c, const struct recipe_layout *l,
                        const struct str *cells, size_t n) {
    if (n < l->n || (n > l->n && !l->open))
        return false;
    if (l->key.p && (c->key >= n || !str_eq(cells[c->key], l->key)))
        return false;
    for (size_t i = 0; i < l->n; i++)
        if (l->columns[i].as && !looks(c, &l->columns[i], cells[i]))
            return false;
    return true;
}

/* Its file said which columns they are (event/columns.h); else they are told by how they look. */
static bool says_its_columns(const struct recipe_columns *c, const struct decode_job *j) {
    return str_eq_z(c->header, "#Fields: ") && columns_count(j->rec->peer);
}

bool recipe_columns_read(const struct recipe *r, struct decode_job *j, struct str s, struct recipe_values *v) {
    const struct recipe_columns *c = &r->columns;
    struct str cells[DECODER_COLUMNS_MAX];
    size_t n = 0, at = 0, k = 0;
    while (n < ARRAY_SIZE(cells) && next_cell(c, j, s, &at, &cells[n]))
        n++;
    if (says_its_columns(c, j) && columns_count(j->rec->peer) == n) {
        for (size_t i = 0; i < n; i++) {
            int slot = recipe_slot(r, columns_name(j->rec->peer, i));
            if (slot >= 0 && cells[i].n && !str_eq(cells[i], c->empty))
                recipe_note(v, (unsigned) slot, cells[i]);
        }
        return true;
    }
    while (k < c->n && !layout_fits(c, &c->layouts[k], cells, n))
        k++;
    if (k == c->n)
        return false;
    const struct recipe_layout *l = &c->layouts[k];
    for (size_t i = 0; i < l->n; i++)
        if (l->columns[i].slot != UINT16_MAX && cells[i].n && !str_eq(cells[i], c->empty))
            recipe_note(v, l->columns[i].slot, cells[i]);
    return true;
}

bool recipe_is_header(const struct recipe *r, struct decode_job *j, struct str line, struct str *ret_wrong) {
    const struct recipe_columns *c = &r->columns;
    if (!r->has_columns || !c->header.n || !line.n || line.p[0] != c->header.p[0])
        return false;
    *ret_wrong = STR_NULL;
    if (!str_starts(line, c->header) || says_its_columns(c, j))
        return true;
    struct str names = str_trim(str_from(line, c->header.n));
    for (size_t i = 0; i < c->n; i++)
        if (str_eq(names, c->names[i]))
            return true;
    *ret_wrong = arena_printf(j->ev->arena,
                              "decoder %.*s has no layout of these columns; add one to a file of your own "
                              "in the folder decoders",
                              STR_ARG(r->name));
    return true;
}

/* --- what nobody mentioned --- */

static void keep_one(const struct recipe *r, struct decode_job *j, struct str key, struct str value) {
    char z[DECODER_KEY_BYTES_MAX * 2];
    size_t n = r->keep_prefix.n;
    memcpy(z, r->keep_prefix.p, n);
    memcpy(z + n, key.p, key.n);
    struct str name = str_n(z, n + key.n);
    /* What a line calls by one of our names is not that. */
    if (str_starts(name, STR("kizuki.")) || memchr(key.p, ' ', key.n))
        return;
    uint32_t id = event_names_find(j->d->names, name);
    if (id && id < EVENT_F_WELL_KNOWN_MAX_)
        return;
    if (id || j->ev->keep_all)
        put_named(j, name, JSON_STRING, j->plain ? value : job_text(j, value));
}

static bool keep_pair(void *ctx, struct str key, struct str value) {
    struct noting *n = ctx;
    int slot = recipe_slot(n->r, key);
    if (slot >= 0 && slot == n->r->list.nested && !n->nested) {
        struct noting inner = {n->r, n->j, n->v, true};
        recipe_list_read(&n->r->list, n->j, value, keep_pair, &inner);
    } else if (slot < 0) { /* the others stand in slots */
        keep_one(n->r, n->j, key, value);
    }
    return !n->j->err;
}

void recipe_keep(const struct recipe *r, struct decode_job *j, const struct recipe_values *v) {
    struct noting n = {r, j, NULL, false};
    if (v->list.n)
        recipe_list_read(&r->list, j, v->list, keep_pair, &n);
    bool known = event_names_count(j->d->names) == j->d->recipe_names && !j->ev->keep_all;
    for (unsigned i = 0; i < r->slots.n; i++) {
        uint32_t id = j->d->kept_ids[r->kept_at + i];
        if (!recipe_has(v, i) || (known && !id))
            continue;
        if (id && has_room(j))
            put_any(j, id, JSON_STRING, v->readable || j->plain ? v->at[i] : job_text(j, v->at[i]));
        else if (!id && i != r->list.nested && !memchr(r->slot_names[i].p, '.', r->slot_names[i].n))
            keep_one(r, j, r->slot_names[i], v->at[i]);
    }
}

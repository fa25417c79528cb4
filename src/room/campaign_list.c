/* Where the targets of a campaign come from: a register, people, a list somebody pasted or a file had. */
#include "room/campaign.h"

#include "room/directory.h"
#include "room/reach.h"
#include "room/register_priv.h"

static int no_memory(struct diag *err) {
    return diag_set(err, -ENOMEM, "memory has run out");
}

struct targets {
    struct room_campaign_target *at;
    size_t n, cap;
};

static int add(struct arena *a, struct targets *x, const struct room_campaign_target *t, struct diag *err) {
    if (x->n == CAMPAIGN_TARGETS_MAX)
        return diag_set(err, -EINVAL, "targets: at most %d", CAMPAIGN_TARGETS_MAX);
    if (arena_grow(a, (void **) &x->at, &x->cap, x->n + 1, sizeof *x->at) < 0)
        return no_memory(err);
    x->at[x->n++] = *t;
    return 0;
}

/* ---- pasted ---- */

static char separator_of(struct str text) {
    static const char marks[] = {'\t', ';', ','};
    struct str line, rest = text;
    (void) str_split(&rest, '\n', &line);
    for (size_t i = 0; i < sizeof marks; i++)
        if (memchr(line.p, marks[i], line.n))
            return marks[i];
    return '\t';
}

static bool is_head(struct str name) {
    static const char *const words[] = {"名前", "氏名", "対象", "名称", "name", "target", "アカウント", "account", "端末", "host"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq_icase(name, str_of(words[i])))
            return true;
    return false;
}

static struct str unquoted(struct str s) {
    s = str_trim(s);
    return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? str_trim(str_n(s.p + 1, s.n - 2)) : s;
}

int room_campaign_read_list(struct arena *a, struct str text, struct room_campaign_target **ret, size_t *ret_n, struct diag *reterr) {
    struct targets x = {0};
    struct str line, rest = text;
    char mark = separator_of(text);
    int at = 0, e = 0;
    while (e == 0 && rest.n && str_split(&rest, '\n', &line)) {
        struct room_campaign_target t = {.ref = STR(""), .person = STR(""), .what = STR("")};
        struct str piece = STR(""), cells = str_trim(line);
        at++;
        if (!cells.n)
            continue;
        (void) str_split(&cells, mark, &piece);
        t.name = unquoted(piece);
        if (at == 1 && is_head(t.name))
            continue;
        if (str_split(&cells, mark, &piece))
            t.person = unquoted(piece);
        if (str_split(&cells, mark, &piece) && unquoted(piece).n && (str_to_i64(unquoted(piece), &t.n) < 0 || t.n < 1 || t.n > CAMPAIGN_COUNT_MAX))
            return diag_set(reterr, -EINVAL, "targets: line %d: '%.*s' is no number", at, (int) MIN(piece.n, 40u), piece.p);
        if (!t.name.n || t.name.n > 300)
            return diag_set(reterr, -EINVAL, "targets: line %d has no name", at);
        e = add(a, &x, &t, reterr);
    }
    *ret = x.at;
    *ret_n = x.n;
    return e;
}

/* ---- of a register ---- */

/* Who answers for a row: whom the register says, by the names its columns have there. */
static struct str answers_for(const struct json_value *values) {
    static const char *const fields[] = {"responsible", "person", "owner", "contact"};
    struct str s = STR("");
    for (size_t i = 0; i < ARRAY_SIZE(fields) && !s.n; i++)
        (void) json_get_str(values, fields[i], &s);
    return s;
}

int room_campaign_read_register(struct room *r, struct arena *a, struct str kind, struct str where, struct room_campaign_target **ret, size_t *ret_n, struct diag *reterr) {
    struct targets x = {0};
    struct json_value *found;
    struct buf b;
    struct jsonw w;
    buf_init(&b, (size_t) 64 << 20);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    int e = room_register_find(r, kind, where, &w, reterr);
    jsonw_end(&w);
    struct str kept = e == 0 && buf_error(&b) == 0 ? arena_dup(a, buf_str(&b)) : STR_NULL;
    buf_done(&b);
    if (e == 0)
        e = kept.p ? json_parse(a, kept, &found, reterr) : no_memory(reterr);
    const struct json_value *rows = e == 0 ? json_get_array(found, "rows") : NULL;
    for (const struct json_value *v = rows ? rows->first : NULL; e == 0 && v; v = v->next) {
        struct room_campaign_target t = {.what = STR("")};
        const struct json_value *values = json_get_object(v, "values");
        (void) json_get_str(v, "name", &t.name);
        t.ref = t.name;
        t.person = str_eq_z(kind, "people") ? t.name : values ? answers_for(values) : STR("");
        e = add(a, &x, &t, reterr);
    }
    *ret = x.at;
    *ret_n = x.n;
    return e;
}

int room_campaign_read_people(struct room *r, struct arena *a, struct str of, struct room_campaign_target **ret, size_t *ret_n, struct diag *reterr) {
    struct targets x = {0};
    struct str *names = NULL;
    size_t n = 0;
    int e = room_reach_members(r, of, a, &names, &n, reterr);
    for (size_t i = 0; e == 0 && i < n; i++) {
        struct room_campaign_target t = {.ref = names[i], .name = names[i], .person = names[i], .what = STR("")};
        e = add(a, &x, &t, reterr);
    }
    *ret = x.at;
    *ret_n = x.n;
    return e;
}

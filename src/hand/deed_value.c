/* What a value of an order may be, and how it is put into a step: the only way a word from the room reaches a
 * program, a file or a request. */
#include "base/ip.h"
#include "base/limits.h"
#include "base/text.h"
#include "hand/deed_driver.h"

#include <inttypes.h>

static bool is_alnum(char c) {
    return ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

static bool is_name(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && (i == 0 || !strchr("._@+:-", s.p[i]) || !s.p[i]))
            return false;
    return s.n > 0;
}
static bool is_word(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        bool letter = s.p[i] >= 'a' && s.p[i] <= 'z';
        if (!letter && (i == 0 || (!ascii_digit(s.p[i]) && s.p[i] != '_')))
            return false;
    }
    return s.n > 0;
}
static bool is_address(struct str s) {
    struct ip_prefix p;
    return ip_prefix_parse(s, &p) == 0;
}
static bool is_addresses(struct str s) { /* comma and space between them */
    struct str piece;
    while (str_split(&s, ',', &piece))
        if (!is_address(str_trim(piece)))
            return false;
    return true;
}
static bool is_hosts(struct str s) {
    struct str piece;
    while (str_split(&s, ',', &piece)) {
        struct ip ip;
        char z[IP_PREFIX_CAP];
        piece = str_trim(piece);
        if (ip_parse(piece, &ip) < 0 || !str_eq(piece, str_n(z, ip_format(&ip, z))))
            return false;
    }
    return true;
}
static bool is_number(struct str s) {
    int64_t v;
    return str_to_i64(s, &v) == 0;
}
static bool is_hour(struct str s) {
    return s.n == 5 && s.p[2] == ':' && ascii_digit(s.p[0]) && ascii_digit(s.p[1]) && ascii_digit(s.p[3]) &&
           ascii_digit(s.p[4]) && s.p[3] < '6' && (s.p[0] < '2' || (s.p[0] == '2' && s.p[1] < '4'));
}
static bool is_hours(struct str s) {
    return s.n == 11 && s.p[5] == '-' && is_hour(str_to(s, 5)) && is_hour(str_from(s, 6));
}
static bool is_text(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] < 32 || s.p[i] == 127)
            return false;
    return true;
}

static const struct {
    bool (*is)(struct str s);
    const char *words;
} types[DEED_TYPE_MAX_] = {
    [DEED_NAME] = {is_name, "a name of letters, digits and ._@+:-"},
    [DEED_WORD] = {is_word, "a word of small letters, digits and _"},
    [DEED_ADDRESS] = {is_address, "an address or a network"},
    [DEED_ADDRESSES] = {is_addresses, "addresses with commas between them"},
    [DEED_HOSTS] = {is_hosts, "single addresses with commas between them"},
    [DEED_NUMBER] = {is_number, "a whole number"},
    [DEED_HOURS] = {is_hours, "hours as 08:00-17:30"},
    [DEED_TEXT] = {is_text, "one line of text"},
};

static int64_t size_of(const struct deed_value *t, struct str v) {
    int64_t n = 0;
    struct str piece;
    if (t->type == DEED_NUMBER)
        return str_to_i64(v, &n) == 0 ? n : -1;
    if (t->type != DEED_ADDRESSES && t->type != DEED_HOSTS)
        return (int64_t) v.n;
    while (str_split(&v, ',', &piece))
        n++;
    return n;
}

int deed_value_check(const struct deed_value *type, struct str value, struct diag *reterr) {
    if (value.n > DEED_VALUE_BYTES_MAX || !types[type->type].is(value))
        return diag_set(reterr, -ERR_REFUSED, "'%.*s' must be %s", STR_ARG(type->name), types[type->type].words);
    int64_t n = size_of(type, value);
    if (n < type->least || n > type->most)
        return diag_set(reterr, -ERR_REFUSED, "'%.*s' must be from %" PRId64 " to %" PRId64 "%s", STR_ARG(type->name),
                        type->least, type->most,
                        type->type == DEED_NUMBER                                     ? ""
                        : type->type == DEED_ADDRESSES || type->type == DEED_HOSTS ? " addresses"
                                                                                   : " bytes long");
    return 0;
}

/* ---- {{name}} */

static const struct deed_value *setting(const struct deed_value *list, size_t n, struct str name) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].name, name))
            return &list[i];
    return NULL;
}

/* *ret_ordered: the value came with the order or an answer, so it is escaped; a setting of root is put in as it stands. */
static bool look_up(const struct deed_scope *s, struct str name, struct str *ret, enum deed_type *ret_type,
                    bool *ret_ordered) {
    const struct deed_value *v;
    const struct deed_target *t = deed_target_find(s->driver, s->target);
    *ret_ordered = true;
    *ret_type = DEED_NAME;
    if (str_eq_z(name, "target")) {
        *ret = s->target;
        *ret_type = s->kind->target.type;
        return true;
    }
    for (size_t i = 0; i < s->n_kept; i++)
        if (str_eq(s->kept[i].key, name)) {
            *ret = s->kept[i].value;
            return true;
        }
    if ((v = setting(s->kind->params, s->kind->n_params, name))) {
        char key[80];
        snprintf(key, sizeof key, "%.*s", STR_ARG(name));
        *ret_type = v->type;
        *ret = v->value.p ? v->value : STR("");
        if (s->params)
            (void) json_get_str(s->params, key, ret);
        return true;
    }
    *ret_ordered = false;
    if (!(t && (v = setting(t->settings, t->n_settings, name))))
        v = setting(s->driver->settings, s->driver->n_settings, name);
    if (v)
        *ret = v->value;
    return v != NULL;
}

static void add_escaped(struct buf *out, struct str v, enum deed_place place) {
    if (place == DEED_IN_JSON) {
        struct buf q;
        buf_init(&q, 8 * DEED_VALUE_BYTES_MAX);
        json_quote(&q, v);
        if (buf_error(&q) == 0 && q.n >= 2)
            buf_add(out, str_n(q.p + 1, q.n - 2));
        else
            out->error = out->error ? out->error : -ENOMEM;
        buf_done(&q);
        return;
    }
    for (size_t i = 0; i < v.n; i++) {
        if (place == DEED_IN_URL && !is_alnum(v.p[i]) && !(strchr("-._~", v.p[i]) && v.p[i]))
            buf_printf(out, "%%%02X", (unsigned char) v.p[i]);
        else
            buf_add_byte(out, v.p[i]);
    }
}

static struct str half_of(struct str v, char which) {
    ptrdiff_t dash = str_find_byte(v, '-', 0);
    size_t at = dash < 0 ? v.n : (size_t) dash;
    return which == '1' ? str_to(v, at) : str_from(v, at + 1);
}

/* {{allow|each:allow %; }}: the text once for each element, % being the element. {{open|if:…%1…%2…}}: once when there
 * is a value at all, %1 and %2 being what stands before and behind its dash. */
static void add_each(struct buf *out, struct str v, struct str form, enum deed_place place, bool once) {
    struct str piece;
    if (once && !v.n)
        return;
    while (once || str_split(&v, ',', &piece)) {
        if (once)
            piece = v;
        for (size_t i = 0; i < form.n; i++) {
            bool half = i + 1 < form.n && (form.p[i + 1] == '1' || form.p[i + 1] == '2');
            if (form.p[i] == '%' && half)
                add_escaped(out, half_of(piece, form.p[++i]), place);
            else if (form.p[i] == '%')
                add_escaped(out, str_trim(piece), place);
            else
                buf_add_byte(out, form.p[i]);
        }
        if (once)
            return;
    }
}

static int add_name(struct buf *out, const struct deed_scope *s, struct str inside, enum deed_place place,
                    struct diag *err) {
    struct str name = inside, form = STR_NULL, v = STR_NULL;
    enum deed_type type;
    bool ordered, each = false, once = false;
    ptrdiff_t bar = str_find_byte(inside, '|', 0);
    if (bar >= 0) {
        name = str_to(inside, (size_t) bar);
        form = str_from(inside, (size_t) bar + 1);
        each = str_starts(form, STR("each:"));
        once = str_starts(form, STR("if:"));
        form = str_from(form, each ? 5 : 3);
        if (!each && !once)
            return diag_set(err, -ERR_PARSE, "'{{%.*s}}' is neither each: nor if:", STR_ARG(inside));
    }
    name = str_trim(name);
    if (!look_up(s, name, &v, &type, &ordered))
        return diag_set(err, -ERR_PARSE, "'%.*s' is no target, parameter, kept value or setting; add it under "
                        "'settings' in the driver's file", STR_ARG(name));
    if (type == DEED_TEXT && place != DEED_IN_JSON && place != DEED_IN_URL)
        return diag_set(err, -ERR_REFUSED, "the text '%.*s' may stand in the body of a request only", STR_ARG(name));
    if (each || once)
        add_each(out, v, form, place, once);
    else
        add_escaped(out, v, ordered ? place : DEED_IN_ARG);
    return 0;
}

int deed_expand(struct arena *a, const struct deed_scope *s, struct str text, enum deed_place place, struct str *ret,
                struct diag *reterr) {
    struct buf out;
    size_t at = 0;
    int e = 0;
    buf_init(&out, DEED_TEXT_BYTES_MAX);
    while (e == 0) {
        ptrdiff_t open = str_find(text, STR("{{"), at), close = open < 0 ? -1 : str_find(text, STR("}}"), (size_t) open);
        if (open < 0 || close < 0)
            break;
        buf_add(&out, str_n(text.p + at, (size_t) open - at));
        e = add_name(&out, s, str_n(text.p + open + 2, (size_t) (close - open - 2)), place, reterr);
        at = (size_t) close + 2;
    }
    buf_add(&out, str_from(text, at));
    if (e == 0 && buf_error(&out))
        e = diag_set(reterr, buf_error(&out), "a step's text grew beyond %d bytes", DEED_TEXT_BYTES_MAX);
    if (e == 0 && !(*ret = arena_dup(a, buf_str(&out))).p)
        e = diag_set(reterr, -ENOMEM, "memory has run out");
    buf_done(&out);
    return e;
}

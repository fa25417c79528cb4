/* See anon.h. */
#include "base/ip.h"
#include "base/text.h"
#include "base/time.h"
#include "pack/anon_forms.h"

#include <math.h>

static const char *const kinds[ANON_KIND_MAX_] = {
#define X(id, name) [ANON_##id] = name,
    ANON_KINDS(X)
#undef X
};
const char *anon_kind_to_string(enum anon_kind k) {
    return kinds[k];
}

int anon_kind_from_string(struct str s) {
    for (int k = 0; k < ANON_KIND_MAX_; k++)
        if (str_eq_z(s, kinds[k]))
            return k;
    return -EINVAL;
}

/* ---- rows ---- */

void anon_init(struct anon *x, struct arena *a, int64_t day_one_ns, const struct map *taken) {
    *x = (struct anon){.arena = a, .day_one_ns = day_one_ns, .taken = taken};
}

const struct anon_row *anon_find(const struct anon *x, struct str from) {
    for (size_t i = 0; i < x->n; i++)
        if (str_eq(x->at[i].from, from))
            return &x->at[i];
    return NULL;
}

static int push(struct anon *x, const struct anon_row *row) {
    if (x->n == ANON_ROWS_MAX)
        return -ERR_LIMIT;
    int e = arena_grow(x->arena, (void **) &x->at, &x->cap, x->n + 1, sizeof *x->at);
    if (e == 0)
        x->at[x->n++] = *row;
    return e;
}

/* A, B, … Z, AA, AB, … */
static const char *letters(unsigned n, char dst[8]) {
    char back[8];
    size_t k = 0, i = 0;
    for (n++; n && k < 6; n = (n - 1) / 26)
        back[k++] = (char) ('A' + (n - 1) % 26);
    while (k)
        dst[i++] = back[--k];
    dst[i] = 0;
    return dst;
}

static bool is_taken(const struct anon *x, const char *text) {
    return x->taken && map_find(x->taken, str_of(text));
}

/* The next documentation address that is none of the case. */
static struct str next_address(struct anon *x, bool six) {
    for (;;) {
        unsigned n = x->given[ANON_ADDRESS]++;
        struct str s = six ? arena_printf(x->arena, "3fff:%x::1", n + 1) : n < 250 ? arena_printf(x->arena, "192.0.2.%u", n + 1) : arena_printf(x->arena, "198.19.%u.%u", (n / 250) % 250, n % 250 + 1);
        if (!s.p || !is_taken(x, s.p))
            return s;
    }
}

static struct str about(struct anon *x, double yen, bool ja) {
    double order = yen >= 1 ? pow(10, floor(log10(yen))) : 1, v = round(yen / order) * order;
    if (!ja)
        return v >= 1e6 ? arena_printf(x->arena, "about %.0f million yen", v / 1e6) : arena_printf(x->arena, "about %.0f yen", v);
    return v >= 1e8 ? arena_printf(x->arena, "約%.0f億円", v / 1e8) : v >= 1e4 ? arena_printf(x->arena, "約%.0f万円", v / 1e4) : arena_printf(x->arena, "約%.0f円", v);
}

static struct str mark(struct anon *x, enum anon_kind kind, const char *ja, bool in_ja, const char *role) {
    static const char *const en[ANON_KIND_MAX_] = {[ANON_ORGANISATION] = "Company ", [ANON_SERVICE] = "service ", [ANON_SYSTEM] = "system ", [ANON_REGION] = "region ", [ANON_NUMBER] = "case "};
    char l[8];
    (void) letters(x->given[kind], l);
    if (kind == ANON_ORGANISATION && in_ja)
        return arena_printf(x->arena, "%s社", l);
    return in_ja ? arena_printf(x->arena, "%s%s", role ? role : ja, l) : role ? arena_printf(x->arena, "%s %s", role, l) : arena_printf(x->arena, "%s%s", en[kind], l);
}

/* A pseudonym of the same kind. */
static void name_it(struct anon *x, struct anon_row *row, const char *role_ja, const char *role_en) {
    static const char *const ja[ANON_KIND_MAX_] = {[ANON_SERVICE] = "サービス", [ANON_SYSTEM] = "システム", [ANON_REGION] = "地域", [ANON_NUMBER] = "事案"};
    unsigned n = x->given[row->kind];
    switch (row->kind) {
    case ANON_ORGANISATION:
    case ANON_SERVICE:
    case ANON_SYSTEM:
    case ANON_REGION:
    case ANON_NUMBER:
        row->ja = mark(x, row->kind, ja[row->kind], true, NULL);
        row->en = mark(x, row->kind, NULL, false, NULL);
        break;
    case ANON_PERSON:
        row->ja = mark(x, row->kind, NULL, true, role_ja ? role_ja : "担当者");
        row->en = mark(x, row->kind, NULL, false, role_en ? role_en : "staff member");
        break;
    case ANON_ADDRESS:
        row->ja = row->en = next_address(x, str_find_byte(row->from, ':', 0) >= 0);
        return;
    case ANON_HOST:
        row->ja = row->en = arena_printf(x->arena, str_find_byte(row->from, '.', 0) >= 0 ? "host-%02u.example.jp" : "host-%02u", n + 1);
        break;
    case ANON_ACCOUNT:
        row->ja = row->en = arena_printf(x->arena, "user%02u", n + 1);
        break;
    case ANON_MAIL:
        row->ja = row->en = arena_printf(x->arena, "user%02u@example.jp", n + 1);
        break;
    case ANON_PHONE:
        row->ja = row->en = arena_printf(x->arena, "000-0000-%04u", n + 1);
        break;
    case ANON_URL:
        row->ja = row->en = arena_printf(x->arena, "https://www.example.jp/page%u", n + 1);
        break;
    default:
        row->ja = STR("（伏せる）");
        row->en = STR("(withheld)");
    }
    x->given[row->kind]++;
}

static size_t chars(struct str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((uint8_t) s.p[i] & 0xc0) != 0x80;
    return n;
}

static const struct anon_row *of_group(const struct anon *x, enum anon_kind kind, struct str group) {
    for (size_t i = 0; group.n && i < x->n; i++)
        if (x->at[i].kind == kind && str_eq(x->at[i].group, group))
            return &x->at[i];
    return NULL;
}

/* A pseudonym is written into YAML, where `ends` would end it; what it stands for is only looked for: OFFICE\taro is an account. */
static bool may_stand(struct str s, const char *ends) {
    if (s.n > ANON_TEXT_BYTES_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t) s.p[i] < 0x20 || s.p[i] == 0x7f || strchr(ends, s.p[i]))
            return false;
    return text_is_utf8(s);
}

bool anon_name_part(struct str *rest, struct str *ret) {
    static const char wide[] = "\xe3\x80\x80";
    size_t n = 0;
    while (rest->n && (rest->p[0] == ' ' || str_starts(*rest, STR(wide))))
        *rest = str_from(*rest, rest->p[0] == ' ' ? 1 : 3);
    while (n < rest->n && rest->p[n] != ' ' && !str_starts(str_from(*rest, n), STR(wide)))
        n++;
    *ret = str_to(*rest, n);
    *rest = str_from(*rest, n);
    return n > 0;
}

/* What a person could be called by: no "the" of "the provider", no "CSIRT" of a desk. */
static bool calls(struct str part, struct str name) {
    bool capital = part.n > 2 && part.p[0] >= 'A' && part.p[0] <= 'Z' && part.p[1] >= 'a' && part.p[1] <= 'z';
    return part.n < name.n && (capital || (uint8_t) part.p[0] >= 0x80);
}

static int add_parts(struct anon *x, struct str name, const char *role_ja, const char *role_en) {
    struct str rest = name, part;
    int e = 0;
    while (e == 0 && anon_name_part(&rest, &part))
        if (calls(part, name))
            e = anon_add(x, ANON_PERSON, part, name, role_ja, role_en);
    return e;
}

int anon_add(struct anon *x, enum anon_kind kind, struct str from, struct str group, const char *role_ja, const char *role_en) {
    struct anon_row row = {.kind = kind, .from = str_trim(from)};
    bool whole = kind == ANON_PERSON && !group.n;
    if (whole)
        group = row.from;
    const struct anon_row *same = of_group(x, kind, group);
    row.group = group.n ? arena_dup(x->arena, group) : STR("");
    if (chars(row.from) < 2 || !may_stand(row.from, "") || anon_find(x, row.from)) /* what anon_put would not take back cannot be kept */
        return 0;
    row.from = arena_dup(x->arena, row.from);
    if (same) {
        row.ja = same->ja;
        row.en = same->en;
    } else {
        name_it(x, &row, role_ja, role_en);
    }
    int e = row.from.p && row.ja.p && row.en.p ? push(x, &row) : -ENOMEM;
    return e == 0 && whole ? add_parts(x, row.from, role_ja, role_en) : e;
}

int anon_put(struct anon *x, const struct anon_row *row) {
    struct anon_row own = *row;
    if (chars(str_trim(row->from)) < 2 || !may_stand(row->from, "") || !may_stand(row->ja, "\"\\") || !may_stand(row->en, "\"\\"))
        return -EINVAL;
    own.own = true;
    for (size_t i = 0; i < x->n; i++)
        if (str_eq(x->at[i].from, row->from)) {
            x->at[i] = own;
            return 0;
        }
    return push(x, &own);
}

/* ---- by form ---- */

static int add_form(struct anon *x, const struct anon_form *f, struct str text) {
    struct anon_row row = {.kind = f->kind, .from = text};
    if (anon_find(x, text) || (f->kind == ANON_AMOUNT && f->about) || !may_stand(text, ""))
        return 0;
    if (f->kind == ANON_DATE) {
        if (x->day_one_ns == TIME_NONE)
            return anon_add(x, ANON_WORD, text, STR(""), NULL, NULL);
        int64_t first = (x->day_one_ns + TIME_JST_OFFSET_MIN * NS_PER_MIN) / NS_PER_DAY, day = anon_form_day(f, first) - first;
        if (!f->year && str_find_byte(text, '/', 0) > 0 && (day < -30 || day > 366))
            return 0; /* 1/2 of something */
        row.ja = day >= 0 ? arena_printf(x->arena, "第%lld日", (long long) day + 1) : arena_printf(x->arena, "%lld日前", (long long) -day);
        row.en = day >= 0 ? arena_printf(x->arena, "day %lld", (long long) day + 1) : arena_printf(x->arena, "%lld days before", (long long) -day);
    } else if (f->kind == ANON_AMOUNT) {
        row.ja = about(x, f->yen, true);
        row.en = about(x, f->yen, false);
    } else {
        return anon_add(x, f->kind, text, STR(""), NULL, NULL);
    }
    row.from = arena_dup(x->arena, text);
    return row.from.p && row.ja.p && row.en.p ? push(x, &row) : -ENOMEM;
}

/* The next marked part; false: none. */
static bool next_part(struct str s, size_t *i, struct str *ret) {
    ptrdiff_t open = str_find_byte(s, ANON_OPEN, *i), close = open < 0 ? -1 : str_find_byte(s, ANON_CLOSE, (size_t) open);
    if (open < 0)
        return false;
    size_t end = close < 0 ? s.n : (size_t) close;
    *ret = str_n(s.p + open + 1, end - (size_t) open - 1);
    *i = end;
    return true;
}

int anon_scan(struct anon *x, struct str marked) {
    struct str part;
    size_t i = 0;
    while (next_part(marked, &i, &part))
        for (size_t k = 0; k < part.n;) {
            struct anon_form f;
            if (!anon_form_at(part, k, &f)) {
                k++;
                continue;
            }
            int e = add_form(x, &f, str_n(part.p + k, f.n));
            if (e < 0)
                return e;
            k += f.n;
        }
    return 0;
}

/* ---- writing ---- */

/* The longest row that stands here; a word of plain letters only where no letter stands beside it. */
static const struct anon_row *row_at(const struct anon *x, struct str s, size_t i) {
    const struct anon_row *best = NULL;
    for (size_t k = 0; k < x->n; k++) {
        struct str from = x->at[k].from;
        if ((best && from.n <= best->from.n) || from.n > s.n - i || s.p[i] != from.p[0] || memcmp(s.p + i, from.p, from.n) != 0)
            continue;
        if ((anon_word_byte(from.p[0]) && i && anon_word_byte(s.p[i - 1])) || (anon_word_byte(from.p[from.n - 1]) && i + from.n < s.n && anon_word_byte(s.p[i + from.n])))
            continue;
        best = &x->at[k];
    }
    return best;
}

static void write_part(const struct anon *x, struct str part, bool ja, struct buf *out) {
    for (size_t i = 0; i < part.n;) {
        const struct anon_row *row = row_at(x, part, i);
        if (row)
            buf_add(out, ja ? row->ja : row->en);
        else
            buf_add_byte(out, part.p[i]);
        i += row ? row->from.n : 1;
    }
}

void anon_write(const struct anon *x, struct str marked, bool ja, bool apply, struct buf *out) {
    for (size_t i = 0; i < marked.n;) {
        if (marked.p[i] == ANON_CLOSE) {
            i++;
        } else if (marked.p[i] == ANON_OPEN) {
            struct str part = STR("");
            size_t end = i;
            (void) next_part(marked, &end, &part);
            apply ? write_part(x, part, ja, out) : buf_add(out, part);
            i = end;
        } else {
            buf_add_byte(out, marked.p[i++]);
        }
    }
}

/* ---- what remains ---- */

void anon_secrets_init(struct anon_secrets *x, struct arena *a) {
    *x = (struct anon_secrets){.arena = a};
    map_init(&x->tokens, 4000000, 0);
}

void anon_secrets_done(struct anon_secrets *x) {
    map_done(&x->tokens);
}

static bool token_byte(char c) {
    return anon_word_byte(c) || strchr(".-@:+", c) != NULL;
}

static bool is_token(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!s.p[i] || !token_byte(s.p[i]))
            return false;
    return s.n > 0 && anon_word_byte(s.p[0]) && anon_word_byte(s.p[s.n - 1]);
}

static int add_secret(struct anon_secrets *x, enum anon_kind kind, struct str text) {
    union map_value *v;
    struct str s = text_normal(x->arena, str_trim(text));
    if (!s.p)
        return -ENOMEM;
    if (chars(s) < 2)
        return 0;
    if (is_token(s)) {
        int e = map_add(&x->tokens, s, &v, NULL);
        if (e == 0)
            v->num = (uint64_t) kind;
        return e;
    }
    int e = arena_grow(x->arena, (void **) &x->at, &x->cap, x->n + 1, sizeof *x->at);
    s = arena_dup(x->arena, s); /* what is normal already was the caller's */
    if (e == 0 && !s.p)
        e = -ENOMEM;
    if (e == 0)
        x->at[x->n++] = (struct anon_secret){kind, s};
    return e;
}

int anon_secret_add(struct anon_secrets *x, enum anon_kind kind, struct str text) {
    struct str rest = text, part;
    int e = add_secret(x, kind, text);
    while (e == 0 && kind == ANON_PERSON && anon_name_part(&rest, &part))
        if (calls(part, text))
            e = add_secret(x, kind, part);
    return e;
}

struct looking {
    const struct anon_secrets *x;
    struct str text; /* normal */
    anon_rest_fn *rest;
    void *ctx;
};

static int tell(const struct looking *l, enum anon_kind kind, struct str what, size_t at) {
    struct anon_rest r = {.kind = kind, .text = what, .line = 1};
    for (size_t i = 0; i < at; i++)
        r.line += l->text.p[i] == '\n';
    return l->rest(l->ctx, &r);
}

static int look_for_tokens(const struct looking *l) {
    for (size_t i = 0; i < l->text.n;) {
        size_t n = 0;
        while (i + n < l->text.n && l->text.p[i + n] && token_byte(l->text.p[i + n]))
            n++;
        struct str t = str_n(l->text.p + i, n);
        while (t.n && !anon_word_byte(t.p[t.n - 1]))
            t.n--;
        const union map_value *v = t.n ? map_find(&l->x->tokens, t) : NULL;
        for (size_t k = 0; !v && k < t.n;) { /* a part between marks: user@host, a.b.c */
            size_t m = 0;
            while (k + m < t.n && anon_word_byte(t.p[k + m]))
                m++;
            if (m && m < t.n && (v = map_find(&l->x->tokens, str_n(t.p + k, m))))
                t = str_n(t.p + k, m);
            k += m + 1;
        }
        int e = v ? tell(l, (enum anon_kind) v->num, t, i) : 0;
        if (e)
            return e;
        i += MAX(n, 1u);
    }
    return 0;
}

static int look_for_texts(const struct looking *l) {
    for (size_t k = 0; k < l->x->n; k++) {
        ptrdiff_t at = str_find(l->text, l->x->at[k].text, 0);
        int e = at >= 0 ? tell(l, l->x->at[k].kind, l->x->at[k].text, (size_t) at) : 0;
        if (e)
            return e;
    }
    return 0;
}

static bool day_of_case(const struct anon_secrets *x, const struct anon_form *f) {
    for (size_t i = 0; i < x->n_days; i++)
        if (anon_form_day(f, x->days[i]) == x->days[i])
            return true;
    return false;
}

static int look_for_forms(const struct looking *l) {
    for (size_t i = 0; i < l->text.n;) {
        struct anon_form f;
        if (!anon_form_at(l->text, i, &f)) {
            i++;
            continue;
        }
        struct str what = str_n(l->text.p + i, f.n);
        bool tells = f.kind == ANON_DATE ? day_of_case(l->x, &f) : f.kind == ANON_AMOUNT ? !f.about : f.kind == ANON_REGION || !anon_is_nobodys(f.kind, what);
        int e = tells ? tell(l, f.kind, what, i) : 0;
        if (e)
            return e;
        i += f.n;
    }
    return 0;
}

/* The marked parts alone, each on the line where it stands. */
static void write_marked(const struct anon *rows, struct str marked, bool ja, struct buf *out) {
    for (size_t i = 0; i < marked.n;) {
        struct str part;
        size_t end = i;
        if (marked.p[i] == ANON_OPEN && next_part(marked, &end, &part)) {
            rows ? write_part(rows, part, ja, out) : buf_add(out, part);
            buf_add_byte(out, ' ');
            i = end;
        } else {
            if (marked.p[i] == '\n')
                buf_add_byte(out, '\n');
            i++;
        }
    }
}

int anon_check(const struct anon_secrets *x, const struct anon *rows, struct str marked, bool ja, anon_rest_fn *rest, void *ctx) {
    struct buf b;
    buf_init(&b, 4 * marked.n + (1u << 20));
    write_marked(rows, marked, ja, &b);
    struct looking l = {.x = x, .text = buf_error(&b) < 0 ? STR_NULL : text_normal(x->arena, buf_str(&b)), .rest = rest, .ctx = ctx};
    int e = l.text.p ? look_for_tokens(&l) : -ENOMEM;
    if (e == 0)
        e = look_for_texts(&l);
    if (e == 0)
        e = look_for_forms(&l);
    buf_done(&b);
    return e;
}

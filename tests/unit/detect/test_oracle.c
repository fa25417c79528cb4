/* The engine against a second evaluator that is naive and plainly right: no triggers, no folding
 * tricks, no shared code but the reader of regular expressions' texts. Rules and events are
 * generated from one small world of words, so that they meet often.
 *
 * A case is one rule on one event. The oracle works on the generated model, the engine on its YAML
 * and JSON. */
#include <arpa/inet.h>
#include <regex.h>
#include <wchar.h>

#include "fire.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

enum { N_FIELDS = 5, N_VALUES_MAX = 3, TEXT_MAX = 80 };
enum { STAR = -1, ANY = -2 };

/* --- chance --- */

static uint64_t seed;
static unsigned pick(unsigned n) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned) ((seed >> 11) % n);
}

/* --- the world: texts as code points, so that the oracle never thinks in bytes --- */

struct text {
    int c[TEXT_MAX];
    unsigned n;
};

static const wchar_t *const words[] = {
    L"cmd.exe",
    L"C:\\Windows\\System32\\cmd.exe",
    L"powershell -enc AAAA",
    L"/c whoami",
    L"-x",
    L"\u2013enc \u2015x",
    L"abcabcabd",
    L"ababab",
    L"aab",
    L"",
    L"x",
    L"\u00c4rger \u041f\u0420",
    L"\u00e4rger",
    L"10.1.2.3",
    L"192.0.2.77",
    L"2001:db8::5",
    L"4624",
    L"4624.0",
    L"-7",
    L"7",
    L"\\\\host\\share",
    L"a*b",
    L"what?",
    L"user%name%",
    L"long long text with abc inside and more",
    L"HKLM\\Software\\Run",
    L"run",
    L"Run\\x",
    L"aaaaaaaaaaaaaaaaaaaaaaaab",
};

static struct text word(void) {
    struct text t = {.n = 0};
    const wchar_t *w = words[pick(ARRAY_SIZE(words))];
    for (; *w; w++)
        t.c[t.n++] = (int) *w;
    return t;
}

/* A piece of a word, sometimes with other letter case. */
static struct text part_of(struct text t, bool front, bool back) {
    unsigned from = front && t.n ? pick(t.n) : 0;
    unsigned to = back && t.n > from ? from + 1 + pick(t.n - from) : t.n;
    struct text p = {.n = 0};
    for (unsigned i = from; i < to; i++) {
        int c = t.c[i];
        if (pick(8) == 0 && c >= 'a' && c <= 'z')
            c -= 32;
        p.c[p.n++] = c;
    }
    return p;
}

static int lower(int c) {
    if (c >= 'A' && c <= 'Z')
        return c + 32;
    if (c == 0xc4)
        return 0xe4;
    if (c >= 0x410 && c <= 0x42f)
        return c + 0x20;
    return c;
}

static unsigned put_utf8(char *to, int c) {
    if (c < 0x80) {
        to[0] = (char) c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char) (0xc0 | c >> 6);
        to[1] = (char) (0x80 | (c & 63));
        return 2;
    }
    to[0] = (char) (0xe0 | c >> 12);
    to[1] = (char) (0x80 | (c >> 6 & 63));
    to[2] = (char) (0x80 | (c & 63));
    return 3;
}

static const char *utf8(struct text t, char *z) {
    unsigned n = 0;
    for (unsigned i = 0; i < t.n; i++)
        n += put_utf8(z + n, t.c[i]);
    z[n] = 0;
    return z;
}

/* --- the model --- */

enum type { ABSENT, NIL, TEXT, NUMBER };
struct value {
    enum type type;
    struct text text;
};
struct field {
    unsigned n; /* values; 0 = absent */
    struct value v[N_VALUES_MAX];
};
struct model_event {
    struct field f[N_FIELDS];
};

enum op { IS, STARTS, ENDS, HAS, RE, CIDR, GT, LTE, EXISTS, NOTHING, SAME_AS };
struct pattern_model {
    struct text t; /* STAR, ANY among them */
    bool number;
};
struct item {
    unsigned field; /* N_FIELDS: a keyword */
    enum op op;
    bool all, neq, cased, windash, flag /* EXISTS */;
    unsigned n;
    struct pattern_model p[3];
    unsigned other;  /* SAME_AS */
    int number;      /* GT, LTE */
    const char *raw; /* RE, CIDR */
};
struct selection {
    bool is_list; /* of maps of one item each: OR; else one map: AND */
    unsigned n;
    struct item at[3];
};
struct node {
    char kind; /* s, &, |, !, 1, A (all of) */
    unsigned sel;
    struct node *a, *b;
};
struct model_rule {
    unsigned n;
    struct selection sel[4];
    struct node nodes[32];
    unsigned n_nodes;
    struct node *root;
};

/* --- the oracle --- */

static bool same(int p, int c, bool cased, bool windash) {
    static const int dashes[] = {'-', '/', 0x2013, 0x2014, 0x2015};
    if (windash) {
        bool a = false, b = false;
        for (size_t i = 0; i < ARRAY_SIZE(dashes); i++) {
            a |= p == dashes[i];
            b |= c == dashes[i];
        }
        if (a && b)
            return true;
    }
    return cased ? p == c : lower(p) == lower(c);
}

static bool glob(const int *p, unsigned np, const int *c, unsigned nc, const struct item *it) {
    if (!np)
        return !nc;
    if (*p == STAR) {
        for (unsigned i = 0; i <= nc; i++)
            if (glob(p + 1, np - 1, c + i, nc - i, it))
                return true;
        return false;
    }
    return nc && (*p == ANY || same(*p, *c, it->cased, it->windash)) &&
           glob(p + 1, np - 1, c + 1, nc - 1, it);
}

static bool to_number(struct text t, double *ret) {
    char z[TEXT_MAX * 4], *end;
    utf8(t, z);
    if (!*z || z[strspn(z, "0123456789.-")])
        return false;
    *ret = strtod(z, &end);
    return !*end;
}

static bool in_net(const char *net, struct text t) {
    char z[TEXT_MAX * 4], n[64] = "";
    unsigned char a[16], b[16];
    memcpy(n, net, strcspn(net, "/"));
    int bits = (int) strtol(strchr(net, '/') + 1, NULL, 10);
    int af = strchr(net, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(af, n, a) != 1 || inet_pton(af, utf8(t, z), b) != 1)
        return false;
    for (int i = 0; i < bits; i++)
        if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

static bool posix(const char *re, struct text t) {
    char z[TEXT_MAX * 4];
    regex_t r;
    assert_int_equal(regcomp(&r, re, REG_EXTENDED | REG_NOSUB), 0);
    bool yes = regexec(&r, utf8(t, z), 0, NULL, 0) == 0;
    regfree(&r);
    return yes;
}

static bool text_is(const struct item *it, struct text p, struct text t) {
    struct text full = {.n = 0};
    if (it->op == ENDS || it->op == HAS)
        full.c[full.n++] = STAR;
    for (unsigned i = 0; i < p.n; i++)
        full.c[full.n++] = p.c[i];
    if (it->op == STARTS || it->op == HAS)
        full.c[full.n++] = STAR;
    return glob(full.c, full.n, t.c, t.n, it);
}

static bool value_is(const struct item *it, const struct pattern_model *p, const struct value *v,
                     const struct model_event *ev) {
    double a, b;
    if (v->type == NIL)
        return false;
    switch (it->op) {
    case RE:
        return posix(it->raw, v->text);
    case CIDR:
        return in_net(it->raw, v->text);
    case GT:
        return to_number(v->text, &a) && a > it->number;
    case LTE:
        return to_number(v->text, &a) && a <= it->number;
    case SAME_AS:
        for (unsigned i = 0; i < ev->f[it->other].n; i++) {
            const struct value *o = &ev->f[it->other].v[i];
            struct item whole = {.op = IS, .cased = it->cased};
            if (o->type != NIL && text_is(&whole, o->text, v->text))
                return true;
            if (o->type == NUMBER && v->type == NUMBER && to_number(o->text, &a) &&
                to_number(v->text, &b) && a == b)
                return true;
        }
        return false;
    default:
        if (text_is(it, p->t, v->text))
            return true;
        return p->number && it->op == IS && v->type == NUMBER && to_number(p->t, &a) &&
               to_number(v->text, &b) && a == b;
    }
}

static bool field_is(const struct item *it, const struct pattern_model *p,
                     const struct model_event *ev) {
    for (unsigned f = 0; f < N_FIELDS; f++)
        for (unsigned i = 0; i < ev->f[f].n; i++)
            if ((f == it->field || it->field == N_FIELDS) && value_is(it, p, &ev->f[f].v[i], ev))
                return true;
    return false;
}

static bool item_is(const struct item *it, const struct model_event *ev) {
    bool yes = it->all;
    if (it->op == EXISTS)
        return (ev->f[it->field].n > 0) == it->flag;
    if (it->op == NOTHING) {
        bool any = false;
        for (unsigned i = 0; i < ev->f[it->field].n; i++)
            any |= ev->f[it->field].v[i].type != NIL;
        return !any;
    }
    for (unsigned i = 0; i < it->n; i++) {
        bool one = field_is(it, &it->p[i], ev);
        yes = it->all ? yes && one : yes || one;
    }
    return yes != it->neq;
}

static bool selection_is(const struct selection *s, const struct model_event *ev) {
    for (unsigned i = 0; i < s->n; i++)
        if (item_is(&s->at[i], ev) == s->is_list)
            return s->is_list;
    return !s->is_list;
}

static bool node_is(const struct model_rule *r, const struct node *n,
                    const struct model_event *ev) {
    switch (n->kind) {
    case 's':
        return selection_is(&r->sel[n->sel], ev);
    case '!':
        return !node_is(r, n->a, ev);
    case '&':
        return node_is(r, n->a, ev) && node_is(r, n->b, ev);
    case '|':
        return node_is(r, n->a, ev) || node_is(r, n->b, ev);
    default:
        for (unsigned i = 0; i < r->n; i++)
            if (selection_is(&r->sel[i], ev) == (n->kind == '1'))
                return n->kind == '1';
        return n->kind != '1';
    }
}

/* --- generating --- */

static struct value make_value(void) {
    struct value v = {.type = pick(12) == 0 ? NIL : TEXT, .text = word()};
    double d;
    char z[TEXT_MAX * 4];
    utf8(v.text, z);
    if (v.type == TEXT && to_number(v.text, &d) && !strchr(z, ':') && strspn(z, "0123456789") &&
        pick(2))
        v.type = NUMBER;
    return v;
}

static struct model_event make_event(void) {
    struct model_event e = {0};
    for (unsigned f = 0; f < N_FIELDS; f++) {
        e.f[f].n = pick(6) == 0 ? 0 : pick(5) == 0 ? 1 + pick(N_VALUES_MAX) : 1;
        for (unsigned i = 0; i < e.f[f].n; i++)
            e.f[f].v[i] = make_value();
    }
    /* texts of IPv4 addresses with two dots are no JSON numbers: see make_value */
    return e;
}

static struct pattern_model make_pattern(enum op op) {
    struct text w = word();
    struct pattern_model p = {.t = part_of(w, op == ENDS || op == HAS, op == STARTS || op == HAS)};
    double d;
    if (op == IS && to_number(p.t, &d) && pick(2))
        p.number = true;
    else if (pick(4) == 0 && p.t.n) {
        unsigned at = pick(p.t.n);
        if (pick(2)) {
            p.t.c[at] = ANY;
        } else { /* a star for some characters */
            unsigned cut = pick(p.t.n - at);
            p.t.c[at] = STAR;
            memmove(&p.t.c[at + 1], &p.t.c[at + 1 + cut], (p.t.n - at - 1 - cut) * sizeof p.t.c[0]);
            p.t.n -= cut;
        }
    }
    return p;
}

static struct item make_item(void) {
    static const char *const res[] = {"^C:",  "[a-c]+d",  "(ab)+$", "exe|whoami", "^$",
                                      "a{3}", "[0-9]{4}", "Run$",   "x?\\\\share"};
    static const char *const nets[] = {"10.0.0.0/8", "192.0.2.64/26", "2001:db8::/32", "0.0.0.0/0"};
    static const enum op ops[] = {IS,  IS, STARTS, STARTS, ENDS, ENDS,   HAS,     HAS,
                                  HAS, RE, CIDR,   GT,     LTE,  EXISTS, NOTHING, SAME_AS};
    struct item it = {.field = pick(N_FIELDS), .op = ops[pick(ARRAY_SIZE(ops))], .n = 1};
    it.raw = it.op == RE ? res[pick(ARRAY_SIZE(res))] : nets[pick(ARRAY_SIZE(nets))];
    it.number = (int) pick(8000) - 100;
    it.flag = pick(2);
    it.other = pick(N_FIELDS);
    it.neq = pick(10) == 0 && it.op != EXISTS && it.op != NOTHING;
    it.cased = pick(8) == 0 && (it.op <= HAS || it.op == SAME_AS);
    if (it.op <= HAS) {
        it.n = 1 + pick(3);
        it.all = it.n > 1 && pick(3) == 0;
        it.windash = pick(6) == 0;
        for (unsigned i = 0; i < it.n; i++)
            it.p[i] = make_pattern(it.op);
        for (unsigned i = 0; it.windash && i < it.n; i++)
            it.p[i].number = false;
    }
    return it;
}

static struct node *make_node(struct model_rule *r, unsigned depth) {
    struct node *n = &r->nodes[r->n_nodes++];
    n->kind = "sss&||1!|A"[depth > 2 ? pick(3) : pick(10)];
    n->sel = pick(r->n);
    if (strchr("&|!", n->kind))
        n->a = make_node(r, depth + 1);
    if (strchr("&|", n->kind))
        n->b = make_node(r, depth + 1);
    return n;
}

static struct model_rule *make_rule(struct model_rule *r) {
    *r = (struct model_rule){.n = 1 + pick(4)};
    for (unsigned i = 0; i < r->n; i++) {
        struct selection *s = &r->sel[i];
        s->is_list = pick(2);
        s->n = 1 + pick(s->is_list ? 3 : 2);
        for (unsigned k = 0; k < s->n; k++)
            s->at[k] = make_item();
    }
    r->root = make_node(r, 0);
    return r;
}

/* --- writing --- */

static void write_pattern(struct buf *out, const struct pattern_model *p) {
    if (!p->number)
        buf_add_byte(out, '\'');
    for (unsigned i = 0; i < p->t.n; i++) {
        char z[4];
        int c = p->t.c[i];
        if (c == STAR || c == ANY) {
            buf_add_byte(out, c == STAR ? '*' : '?');
            continue;
        }
        if (c == '*' || c == '?' || c == '\\')
            buf_add_byte(out, '\\');
        buf_add(out, str_n(z, put_utf8(z, c)));
    }
    if (!p->number)
        buf_add_byte(out, '\'');
}

static void write_item(struct buf *out, const struct item *it) {
    static const char *const names[] = {"",         "|startswith", "|endswith", "|contains", "|re",
                                        "|cidr",    "|gt",         "|lte",      "|exists",   "",
                                        "|fieldref"};
    buf_printf(out, "'f%u%s%s%s%s%s': ", it->field, it->windash ? "|windash" : "", names[it->op],
               it->all ? "|all" : "", it->cased ? "|cased" : "", it->neq ? "|neq" : "");
    if (it->op == RE || it->op == CIDR)
        buf_printf(out, "'%s'\n", it->raw);
    else if (it->op == GT || it->op == LTE)
        buf_printf(out, "%d\n", it->number);
    else if (it->op == EXISTS)
        buf_printf(out, "%s\n", it->flag ? "true" : "false");
    else if (it->op == NOTHING)
        buf_add_z(out, "null\n");
    else if (it->op == SAME_AS)
        buf_printf(out, "f%u\n", it->other);
    else {
        buf_add_z(out, "[");
        for (unsigned i = 0; i < it->n; i++) {
            buf_add_z(out, i ? ", " : "");
            write_pattern(out, &it->p[i]);
        }
        buf_add_z(out, "]\n");
    }
}

static void write_node(struct buf *out, const struct node *n) {
    if (n->kind == 's') {
        buf_printf(out, "sel%u", n->sel);
    } else if (n->kind == '1' || n->kind == 'A') {
        buf_add_z(out, n->kind == '1' ? "1 of sel*" : "all of them");
    } else {
        buf_add_z(out, n->kind == '!' ? "not (" : "(");
        write_node(out, n->a);
        if (n->b) {
            buf_add_z(out, n->kind == '&' ? " and " : " or ");
            write_node(out, n->b);
        }
        buf_add_z(out, ")");
    }
}

/* Two items of one map may not have the same key. */
static bool writable(const struct model_rule *r) {
    for (unsigned i = 0; i < r->n; i++)
        if (!r->sel[i].is_list && r->sel[i].n == 2 &&
            r->sel[i].at[0].field == r->sel[i].at[1].field)
            return false;
    return true;
}

static void write_rule(struct buf *out, const struct model_rule *r, unsigned number) {
    buf_printf(out, "---\ntitle: r%u\nlogsource: {category: c%u}\ndetection:\n", number,
               number % 3);
    for (unsigned i = 0; i < r->n; i++) {
        buf_printf(out, "  sel%u:\n", i);
        for (unsigned k = 0; k < r->sel[i].n; k++) {
            buf_add_z(out, r->sel[i].is_list ? "    - " : "    ");
            write_item(out, &r->sel[i].at[k]);
        }
    }
    buf_add_z(out, "  condition: ");
    write_node(out, r->root);
    buf_add_z(out, "\n");
}

static void write_value(struct jsonw *w, const struct value *v) {
    char z[TEXT_MAX * 4];
    if (v->type == NIL)
        jsonw_null(w);
    else if (v->type == NUMBER)
        jsonw_raw(w, str_of(utf8(v->text, z)));
    else
        jsonw_str(w, str_of(utf8(v->text, z)));
}

static void write_event(struct buf *out, const struct model_event *e) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    for (unsigned f = 0; f < N_FIELDS; f++) {
        char name[8];
        if (!e->f[f].n)
            continue;
        snprintf(name, sizeof name, "f%u", f);
        jsonw_key(&w, str_of(name));
        if (e->f[f].n > 1)
            jsonw_array(&w);
        for (unsigned i = 0; i < e->f[f].n; i++)
            write_value(&w, &e->f[f].v[i]);
        if (e->f[f].n > 1)
            jsonw_end(&w);
    }
    jsonw_end(&w);
}

/* --- comparing --- */

enum { PLANS = 25, RULES = 60, EVENTS = 20 };

static void compare(struct model_rule *rules, const char *yaml, unsigned *n_cases,
                    unsigned *n_true) {
    struct fire f;
    struct buf json;
    buf_init(&json, 1 << 20);
    fire_begin(&f, yaml, NULL, NULL);
    assert_int_equal(f.rules->n, RULES);
    for (unsigned k = 0; k < EVENTS; k++) {
        struct model_event e = make_event();
        buf_clear(&json);
        write_event(&json, &e);
        fire_event(&f, buf_str(&json));
        unsigned h = 0;
        for (unsigned i = 0; i < RULES; i++) {
            bool want = node_is(&rules[i], rules[i].root, &e);
            bool got = h < f.n && f.hits[h] == i;
            h += got;
            if (want != got)
                fail_msg("the oracle says %d, the engine %d, on %s\n%.*s", want, got, buf_z(&json),
                         STR_ARG(f.rules->rules[i]->text));
            *n_true += want;
            ++*n_cases;
        }
        assert_int_equal(h, f.n);
    }
    fire_end(&f);
    buf_done(&json);
}

static void agrees_with_the_naive_evaluator(void **state UNUSED) {
    static struct model_rule rules[RULES];
    unsigned n_cases = 0, n_true = 0;
    const char *own = getenv("KIZUKI_SEED"), *more = getenv("KIZUKI_CASES");
    unsigned long n_plans = more ? strtoul(more, NULL, 10) / (RULES * EVENTS) + 1 : PLANS;
    seed = own ? strtoull(own, NULL, 10) | 1 : 20140601;
    for (unsigned long p = 0; p < n_plans; p++) {
        struct buf yaml;
        uint64_t first = seed;
        buf_init(&yaml, 4 << 20);
        for (unsigned i = 0; i < RULES; i++) {
            do
                make_rule(&rules[i]);
            while (!writable(&rules[i]));
            write_rule(&yaml, &rules[i], i);
        }
        print_message("# plan %lu, seed %llu\n", p, (unsigned long long) first);
        compare(rules, buf_z(&yaml), &n_cases, &n_true);
        buf_done(&yaml);
    }
    print_message("# %u cases, %u true\n", n_cases, n_true);
    assert_true(n_cases >= MIN(n_plans, (unsigned long) PLANS) * RULES * EVENTS);
    assert_true((uint64_t) n_true * 3 >= n_cases);
}

/* As on a processor without AVX-512. */
static void agrees_with_kernel(void **state, const char *name) {
    assert_int_equal(setenv("KIZUKI_KERNEL", name, 1), 0);
    agrees_with_the_naive_evaluator(state);
    assert_int_equal(unsetenv("KIZUKI_KERNEL"), 0);
}
static void agrees_with_plain_loops_too(void **state) {
    agrees_with_kernel(state, "plain");
}
static void agrees_with_avx2_too(void **state) {
    agrees_with_kernel(state, "avx2");
}

UNIT_GROUP(detect_oracle, cmocka_unit_test(agrees_with_the_naive_evaluator),
           cmocka_unit_test(agrees_with_plain_loops_too), cmocka_unit_test(agrees_with_avx2_too))

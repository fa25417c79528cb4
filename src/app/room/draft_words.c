/* The pages' own texts, filled for a story: one wording for what happened, wherever it is told. The forms are those of ui/src/lib/template.ts;
 * times become days of the case. See draft.h. */
#include "app/content/content.h"
#include "app/room/draft.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"

#include <limits.h>

#define WORDS_BYTES_MAX ((size_t) 64 << 20)
enum { TEXTS_BYTES_MAX = 4 << 20, DEPTH_MAX = 4, NAME_MAX_BYTES = 80 };

struct draft_words {
    struct arena arena;
    struct map texts[2]; /* key -> struct str *; 0: ja */
};

static int load(struct arena *a, const char *lang, struct map *m, struct diag *err) {
    char path[PATH_MAX];
    struct str text;
    struct json_value *root;
    snprintf(path, sizeof path, "%.4000s/texts/%s.json", content_dir(), lang);
    int e = file_read(a, path, TEXTS_BYTES_MAX, &text, err);
    if (e == 0)
        e = json_parse(a, text, &root, err);
    for (const struct json_value *v = e == 0 ? root->first : NULL; v && e == 0; v = v->next)
        if (v->type == JSON_STRING)
            e = map_put(m, v->key, (void *) (uintptr_t) &v->text);
    return e;
}

int draft_words_load(struct draft_words **ret, struct diag *reterr) {
    struct draft_words *w = mem_alloc(sizeof *w);
    if (!w)
        return diag_set(reterr, -ENOMEM, "memory has run out");
    arena_init(&w->arena, WORDS_BYTES_MAX);
    map_init(&w->texts[0], 20000, MAP_BORROW);
    map_init(&w->texts[1], 20000, MAP_BORROW);
    int e = load(&w->arena, "ja", &w->texts[0], reterr);
    if (e == 0)
        e = load(&w->arena, "en", &w->texts[1], reterr);
    *ret = w;
    return e;
}

void draft_words_done(struct draft_words *w) {
    for (size_t i = 0; w && i < 2; i++)
        map_done(&w->texts[i]);
    if (w)
        arena_done(&w->arena);
    mem_free(w);
}

static const struct str *text_of(const struct making *m, struct str key, bool ja) {
    return map_get(&m->words->texts[ja ? 0 : 1], key);
}

bool draft_has_text(const struct making *m, struct str key) {
    return text_of(m, key, true) && text_of(m, key, false);
}

void draft_marked(struct buf *out, struct str s) {
    buf_add_byte(out, ANON_OPEN);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ANON_OPEN && s.p[i] != ANON_CLOSE)
            buf_add_byte(out, (uint8_t) s.p[i] < 0x20 && s.p[i] != '\n' ? ' ' : s.p[i]);
    buf_add_byte(out, ANON_CLOSE);
}

void draft_when(const struct making *m, int64_t at_ns, bool ja, struct buf *out) {
    int64_t d = at_ns - m->day_one_ns, day = d >= 0 ? d / NS_PER_DAY : -((-d + NS_PER_DAY - 1) / NS_PER_DAY), left = d - day * NS_PER_DAY;
    int hour = (int) (left / NS_PER_HOUR), min = (int) (left % NS_PER_HOUR / NS_PER_MIN);
    if (ja)
        day >= 0 ? buf_printf(out, "第%lld日 %02d:%02d", (long long) day + 1, hour, min) : buf_printf(out, "%lld日前 %02d:%02d", (long long) -day, hour, min);
    else
        day >= 0 ? buf_printf(out, "day %lld, %02d:%02d", (long long) day + 1, hour, min) : buf_printf(out, "%lld days before, %02d:%02d", (long long) -day, hour, min);
}

void draft_span(int64_t s, bool ja, struct buf *out) {
    static const struct {
        int64_t s;
        const char *ja, *en;
    } units[] = {{86400, "日", " d"}, {3600, "時間", " h"}, {60, "分", " min"}, {1, "秒", " s"}};
    unsigned said = 0;
    s = MAX(s, 0);
    for (size_t i = 0; i < ARRAY_SIZE(units) && said < 2; i++) {
        if (s < units[i].s && !(said == 0 && i + 1 == ARRAY_SIZE(units)))
            continue;
        buf_printf(out, "%s%lld%s", said && !ja ? " " : "", (long long) (s / units[i].s), ja ? units[i].ja : units[i].en);
        s %= units[i].s;
        said++;
        if (!s)
            break;
    }
}

/* ---- one template ---- */

struct filling {
    const struct making *m;
    const struct json_value *params;
    bool ja;
    int depth;
    struct buf *out;
};
static void fill(struct filling f, struct str key);

/* "rule" gives way to "rule_ja"; "a/b" is the first that is known. */
static const struct json_value *pick(const struct filling *f, struct str names) {
    struct str name;
    while (str_split(&names, '/', &name)) {
        char with[NAME_MAX_BYTES + 4];
        for (int own = 1; own >= 0; own--) {
            snprintf(with, sizeof with, own ? "%.*s_%s" : "%.*s", (int) MIN(name.n, (size_t) NAME_MAX_BYTES - 4), name.p, f->ja ? "ja" : "en");
            const struct json_value *v = f->params && f->params->type == JSON_OBJECT ? json_get(f->params, with) : NULL;
            if (v && v->type != JSON_NULL && !(v->type == JSON_STRING && !v->text.n))
                return v;
        }
    }
    return NULL;
}

static void unknown(const struct filling *f) {
    const struct str *s = text_of(f->m, STR("word.unknown"), f->ja);
    buf_add(f->out, s ? *s : STR("?"));
}

static bool says_shipped_rule(const struct making *m, struct str text) {
    static const char *const keys[] = {"title", "title_ja"};
    const struct json_value *rules = json_get_object(m->c, "rules");
    for (const struct json_value *v = rules ? rules->first : NULL; v; v = v->next)
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
            if (str_eq(draft_str(v, keys[i]), text) && draft_is_shipped(v))
                return true;
    return false;
}

static void plain(const struct filling *f, const struct json_value *v) {
    struct str key;
    if (!v || v->type == JSON_NULL) {
        unknown(f);
    } else if (v->type == JSON_STRING) { /* a shipped rule's title is everybody's, and "site" in it is no service of theirs */
        says_shipped_rule(f->m, v->text) ? buf_add(f->out, v->text) : draft_marked(f->out, v->text);
    } else if (v->type == JSON_NUMBER) {
        buf_add(f->out, v->text);
    } else if (v->type == JSON_ARRAY) {
        for (const struct json_value *x = v->first; x; x = x->next) {
            if (x != v->first)
                buf_add_z(f->out, f->ja ? "、" : ", ");
            plain(f, x);
        }
    } else if (v->type == JSON_OBJECT && json_get_str(v, "key", &key)) {
        struct filling in = *f;
        in.params = json_get(v, "params");
        in.depth++;
        fill(in, key);
    }
}

static void as_word(const struct filling *f, const struct json_value *v, struct str group) {
    struct str key = arena_printf(f->m->a, "%.*s.%.*s", STR_ARG(group), STR_ARG(v->text));
    const struct str *s = v->type == JSON_STRING && key.p ? text_of(f->m, key, f->ja) : NULL;
    if (s)
        buf_add(f->out, *s);
    else
        plain(f, v);
}

static void formatted(const struct filling *f, const struct json_value *v, struct str spec) {
    struct str kind, first = STR(""), second = STR("");
    int64_t n = 0, at;
    int offset;
    (void) str_split(&spec, ':', &kind);
    (void) str_split(&spec, ':', &first);
    (void) str_split(&spec, ':', &second);
    bool number = v && v->type == JSON_NUMBER && str_to_i64(v->text, &n) == 0;
    if (str_eq_z(kind, "plural"))
        buf_add(f->out, number && n == 1 ? first : second);
    else if (!v)
        unknown(f);
    else if ((str_eq_z(kind, "time") || str_eq_z(kind, "sec") || str_eq_z(kind, "date")) && v->type == JSON_STRING && time_parse_iso(v->text, &at, &offset) > 0)
        draft_when(f->m, at, f->ja, f->out);
    else if ((str_eq_z(kind, "dur") || str_eq_z(kind, "rough")) && number)
        draft_span(n, f->ja, f->out);
    else if (str_eq_z(kind, "ms") && number)
        draft_span(n / 1000, f->ja, f->out);
    else if (str_eq_z(kind, "word"))
        as_word(f, v, first);
    else
        plain(f, v);
}

static bool is_there(const struct json_value *v) {
    return v && v->type != JSON_NULL && v->type != JSON_FALSE && !(v->type == JSON_NUMBER && str_eq_z(v->text, "0"));
}

static bool keeps(const struct filling *f, char op, struct str name) {
    const struct json_value *v = pick(f, name);
    int64_t n = 0;
    if (op == '>')
        return v && v->type == JSON_NUMBER && str_to_i64(v->text, &n) == 0 && n > 1;
    return is_there(v) == (op == '?');
}

static void fill_text(const struct filling *f, struct str t) {
    for (size_t i = 0; i < t.n;) {
        ptrdiff_t end, bar;
        if (t.p[i] == '[' && i + 1 < t.n && strchr("?!>", t.p[i + 1]) && (end = str_find_byte(t, ']', i)) > 0 && (bar = str_find_byte(t, '|', i)) > 0 && bar < end) {
            if (keeps(f, t.p[i + 1], str_n(t.p + i + 2, (size_t) bar - i - 2)))
                fill_text(f, str_n(t.p + bar + 1, (size_t) (end - bar) - 1));
            i = (size_t) end + 1;
        } else if (t.p[i] == '{' && (end = str_find_byte(t, '}', i)) > 0) {
            struct str spec = str_n(t.p + i + 1, (size_t) end - i - 1), names;
            (void) str_split(&spec, ':', &names);
            const struct json_value *v = pick(f, names);
            spec.n ? formatted(f, v, spec) : plain(f, v);
            i = (size_t) end + 1;
        } else {
            buf_add_byte(f->out, t.p[i++]);
        }
    }
}

static void fill(struct filling f, struct str key) {
    const struct str *t = text_of(f.m, key, f.ja);
    if (t && f.depth <= DEPTH_MAX)
        fill_text(&f, *t);
}

void draft_fill(const struct making *m, struct str key, const struct json_value *params, bool ja, struct buf *out) {
    fill((struct filling){.m = m, .params = params, .ja = ja, .out = out}, key);
}

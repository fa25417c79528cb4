/* Versions as the pages show them, and as files for any web server. See publication.h. */
#include "base/limits.h"
#include "room/promise.h"
#include "room/publication_priv.h"

#define ARENA_BYTES_MAX ((size_t) 64 << 20)
#define DOC_BYTES_MAX (8 * (size_t) STATEMENT_BYTES_MAX)
#define PAGE_BYTES_MAX (4 * (size_t) STATEMENT_BYTES_MAX)

struct versions {
    struct arena arena;
    struct publication_row *at;
    const struct json_value **docs; /* NULL: a draft */
    size_t n, cap, cap_docs;
};

static int load_all(struct room *r, int64_t incident, struct versions *v, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *v = (struct versions){.n = 0};
    arena_init(&v->arena, 4 * ARENA_BYTES_MAX);
    int e = sql_query(r->db, &st, err, "SELECT " PUBLICATION_COLUMNS " FROM publication WHERE incident_id = ?1 AND state <> 'dropped' ORDER BY id LIMIT ?2", "ii", incident,
                      (int64_t) PUBLICATIONS_MAX);
    while (e == 0 && (e = sql_step(st, err)) == 1) {
        struct json_value *doc = NULL;
        e = arena_grow(&v->arena, (void **) &v->at, &v->cap, v->n + 1, sizeof *v->at);
        if (e == 0)
            e = arena_grow(&v->arena, (void **) &v->docs, &v->cap_docs, v->n + 1, sizeof *v->docs);
        if (e == 0)
            e = publication_read(&v->arena, st, &v->at[v->n]);
        if (e == 0 && v->at[v->n].state != PUBLICATION_DRAFT)
            e = json_parse(&v->arena, v->at[v->n].doc, &doc, err);
        if (e == 0)
            v->docs[v->n++] = doc;
    }
    return e;
}

/* What a draft, or what was asked about, would say now. */
static int render_open(struct room *r, struct versions *v, size_t i, struct str *ret, struct diag *err) {
    struct statement_text t;
    struct room_fact *facts;
    struct buf b;
    bool live = v->at[i].state == PUBLICATION_DRAFT;
    buf_init(&b, DOC_BYTES_MAX);
    int e = publication_render(r, &v->arena, &v->at[i], &t, &facts, err);
    if (e == 0)
        e = statement_doc(&t, live, &b);
    *ret = e == 0 ? arena_dup(&v->arena, buf_str(&b)) : STR("");
    buf_done(&b);
    return e == -ENOENT ? 0 : e < 0 ? e : ret->p ? 0 : -ENOMEM;
}

static bool went_out(const struct publication_row *p) {
    return p->published_ns != TIME_NONE;
}

/* What it takes the place of, or else what went out last before it; v->n: nothing. */
static size_t before(const struct versions *v, size_t i) {
    for (size_t k = 0; k < v->n; k++)
        if (v->at[i].corrects == v->at[k].id)
            return k;
    for (size_t k = i; k > 0; k--)
        if (went_out(&v->at[k - 1]))
            return k - 1;
    return v->n;
}

static const struct json_value *part_of(const struct json_value *doc, struct str name) {
    const struct json_value *parts = doc ? json_get_array(doc, "parts") : NULL;
    struct str s;
    for (const struct json_value *x = parts ? parts->first : NULL; x; x = x->next)
        if (json_get_str(x, "name", &s) && str_eq(s, name))
            return x;
    return NULL;
}

static struct str member(const struct json_value *x, const char *key) {
    struct str s = STR("");
    if (x)
        (void) json_get_str(x, key, &s);
    return s;
}

static bool is_said(const struct json_value *part) {
    return member(part, "ja").n || member(part, "en").n;
}

static void write_old(struct jsonw *w, const struct json_value *part) {
    jsonw_object(w);
    jsonw_kstr(w, "name", member(part, "name"));
    jsonw_kstr(w, "ja", member(part, "ja"));
    jsonw_kstr(w, "en", member(part, "en"));
    jsonw_end(w);
}

/* Part by part: what is new, what says something else, what is no longer said. */
static void write_changes(struct jsonw *w, const struct json_value *old, const struct json_value *now) {
    const struct json_value *lists[] = {now ? json_get_array(now, "parts") : NULL, old ? json_get_array(old, "parts") : NULL};
    jsonw_key(w, STR("changes"));
    jsonw_array(w);
    for (int gone = 0; old && now && gone < 2; gone++)
        for (const struct json_value *x = lists[gone] ? lists[gone]->first : NULL; x; x = x->next) {
            const struct json_value *other = part_of(gone ? now : old, member(x, "name"));
            bool same = str_eq(member(x, "ja"), member(other, "ja")) && str_eq(member(x, "en"), member(other, "en"));
            if (same || (gone && is_said(other)) || (!gone && !is_said(x)))
                continue;
            jsonw_object(w);
            jsonw_kz(w, "is", gone ? "gone" : is_said(other) ? "changed" : "new");
            jsonw_kstr(w, "part", member(x, "name"));
            jsonw_key(w, STR("before"));
            gone || is_said(other) ? write_old(w, gone ? x : other) : jsonw_null(w);
            jsonw_end(w);
        }
    jsonw_end(w);
}

static void write_number_or_null(struct jsonw *w, const char *key, int64_t n) {
    jsonw_key(w, str_of(key));
    n ? jsonw_i64(w, n) : jsonw_null(w);
}

static int write_one(struct room *r, struct versions *v, size_t i, struct jsonw *w, struct diag *err) {
    const struct publication_row *p = &v->at[i];
    struct json_value *doc = NULL;
    struct str now = STR("");
    bool open = p->state == PUBLICATION_DRAFT || p->state == PUBLICATION_ASKED;
    int e = open ? render_open(r, v, i, &now, err) : 0;
    if (e == 0 && p->state == PUBLICATION_DRAFT && now.n && json_parse(&v->arena, now, &doc, err) == 0)
        v->docs[i] = doc;
    size_t old = before(v, i);
    jsonw_object(w);
    jsonw_ki64(w, "id", p->id);
    jsonw_ki64(w, "version", p->version);
    jsonw_ki64(w, "number", p->number);
    jsonw_kz(w, "state", publication_state_to_string(p->state));
    jsonw_kz(w, "stage", statement_stage_to_string(p->stage));
    jsonw_kstr(w, "statement", p->statement);
    jsonw_kbool(w, "en", p->en);
    jsonw_ktime(w, "next", p->next_ns);
    write_number_or_null(w, "decision", p->decision);
    write_number_or_null(w, "corrects", p->corrects);
    jsonw_ktime(w, "asked", p->asked_ns);
    jsonw_ktime(w, "published", p->published_ns);
    jsonw_ktime(w, "ended", p->ended_ns);
    jsonw_kstr(w, "why", p->why);
    jsonw_kstr(w, "digest", p->digest);
    room_by_text(r, w, "by", p->created_by);
    room_by_text(r, w, "published_by", p->published_by);
    jsonw_kbool(w, "stale", p->state == PUBLICATION_ASKED && !str_eq(now, p->doc));
    jsonw_key(w, STR("own"));
    jsonw_raw(w, p->own);
    jsonw_key(w, STR("says"));
    v->docs[i] ? jsonw_value(w, v->docs[i]) : jsonw_null(w);
    write_number_or_null(w, "since", old < v->n ? v->at[old].number : 0);
    write_changes(w, old < v->n ? v->docs[old] : NULL, v->docs[i]);
    jsonw_end(w);
    return e;
}

int room_publications_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    struct versions v;
    int e = load_all(r, incident, &v, reterr);
    jsonw_object(w);
    jsonw_key(w, STR("publications"));
    jsonw_array(w);
    for (size_t i = v.n; e == 0 && i > 0; i--)
        e = write_one(r, &v, i - 1, w, reterr);
    jsonw_end(w);
    if (e == 0)
        e = room_statements_write(r, w, reterr);
    if (e == 0)
        e = room_promises_write(r, incident, w, reterr);
    jsonw_end(w);
    arena_done(&v.arena);
    return e;
}

/* ---- files ---- */

static void add_time(struct buf *out, int64_t t_ns, bool ja) {
    struct time_civil c;
    time_to_civil(t_ns, TIME_JST_OFFSET_MIN, &c);
    buf_printf(out, ja ? "%d年%d月%d日 %d時%02d分" : "%04d-%02d-%02d %02d:%02d JST", c.year, c.month, c.day, c.hour, c.minute);
}

static struct str subject_of(const struct json_value *doc, bool ja) {
    const struct json_value *s = doc ? json_get_object(doc, "subject") : NULL;
    struct str one = member(s, ja ? "ja" : "en");
    return one.n ? one : member(s, ja ? "en" : "ja");
}

static void begin_page(struct buf *out, struct str title, bool ja) {
    buf_printf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>", ja ? "ja" : "en");
    statement_html(out, title);
    buf_add_z(out, "</title>\n<style>body{font:16px/1.75 'Noto Sans JP',sans-serif;max-width:44em;margin:2em auto;padding:0 1em;color:#1a1a1c;background:#fff}"
                   "h1{font-size:1.5em;line-height:1.4}h2{font-size:1.1em;margin:1.5em 0 0}p{margin:.3em 0}.when{color:#555}.notice{border:2px solid #ec0000;padding:.6em 1em}"
                   "a{color:#0031d8}</style>\n</head>\n<body>\n");
}

/* Taken back: that it was, when and why; corrected: its words, under a line that says so. */
static void add_banner(struct buf *out, const struct publication_row *p, bool ja) {
    bool withdrawn = p->state == PUBLICATION_WITHDRAWN;
    if (!withdrawn && p->state != PUBLICATION_CORRECTED)
        return;
    buf_add_z(out, "<p class=\"notice\">");
    buf_add_z(out, withdrawn ? (ja ? "この内容は取り下げました。" : "This text has been withdrawn. ") : ja ? "この内容は訂正しました。新しい版をご覧ください。" : "This text has been corrected: see the newer version. ");
    if (p->ended_ns != TIME_NONE)
        add_time(out, p->ended_ns, ja);
    if (withdrawn && p->why.n) {
        buf_add_z(out, "<br>\n");
        statement_html(out, p->why);
    }
    buf_add_z(out, "</p>\n");
}

static void add_parts(struct buf *out, const struct json_value *doc, bool ja) {
    const struct json_value *parts = json_get_array(doc, "parts");
    for (const struct json_value *x = parts ? parts->first : NULL; x; x = x->next) {
        const struct json_value *head = json_get_object(x, "head");
        struct str text = member(x, ja ? "ja" : "en"), title = member(head, ja ? "ja" : "en");
        if (!text.n)
            continue;
        if (title.n) {
            buf_add_z(out, "<h2>");
            statement_html(out, title);
            buf_add_z(out, "</h2>\n");
        }
        buf_add_z(out, "<p>");
        statement_html(out, text);
        buf_add_z(out, "</p>\n");
    }
}

static void add_version(struct buf *out, const struct publication_row *p, const struct json_value *doc, bool ja) {
    buf_add_z(out, "<h1>");
    statement_html(out, subject_of(doc, ja));
    buf_add_z(out, "</h1>\n<p class=\"when\">");
    add_time(out, p->published_ns, ja);
    buf_add_z(out, "</p>\n");
    add_banner(out, p, ja);
    if (p->state != PUBLICATION_WITHDRAWN)
        add_parts(out, doc, ja);
}

static void add_others(struct buf *out, const struct versions *v, bool ja) {
    buf_printf(out, "<h2>%s</h2>\n<ul>\n", ja ? "これまでの発表" : "Earlier texts");
    for (size_t i = v->n; i > 0; i--) {
        const struct publication_row *p = &v->at[i - 1];
        if (!went_out(p) || (!ja && !p->en))
            continue;
        buf_printf(out, "<li><a href=\"%lld%s.html\">", (long long) p->number, ja ? "" : ".en");
        add_time(out, p->published_ns, ja);
        buf_add_z(out, " ");
        statement_html(out, subject_of(v->docs[i - 1], ja));
        buf_add_z(out, "</a></li>\n");
    }
    buf_add_z(out, "</ul>\n");
}

static void add_plain(struct buf *out, const struct publication_row *p, const struct json_value *doc, bool ja) {
    const struct json_value *parts = json_get_array(doc, "parts");
    buf_add(out, subject_of(doc, ja));
    buf_add_byte(out, '\n');
    add_time(out, p->published_ns, ja);
    buf_add_byte(out, '\n');
    if (p->state == PUBLICATION_WITHDRAWN) {
        buf_printf(out, "\n%s\n%.*s\n", ja ? "この内容は取り下げました。" : "This text has been withdrawn.", STR_ARG(p->why));
        return;
    }
    for (const struct json_value *x = parts ? parts->first : NULL; x; x = x->next) {
        struct str text = member(x, ja ? "ja" : "en"), title = member(json_get_object(x, "head"), ja ? "ja" : "en");
        if (text.n && title.n)
            buf_printf(out, "\n%s%.*s\n", ja ? "■ " : "", STR_ARG(title));
        if (text.n)
            buf_printf(out, "%s%.*s\n", title.n ? "" : "\n", STR_ARG(text));
    }
}

struct giving {
    const struct versions *v;
    room_publication_file_fn *f;
    void *ctx;
    struct diag *err;
    struct buf b;
};

static int give(struct giving *g, const char *name) {
    int e = buf_error(&g->b);
    if (e == 0)
        e = g->f(g->ctx, name, buf_str(&g->b), g->err);
    buf_clear(&g->b);
    return e;
}

static int give_version(struct giving *g, size_t i, bool ja) {
    const struct publication_row *p = &g->v->at[i];
    char name[48];
    begin_page(&g->b, subject_of(g->v->docs[i], ja), ja);
    add_version(&g->b, p, g->v->docs[i], ja);
    buf_printf(&g->b, "<p><a href=\"index%s.html\">%s</a></p>\n</body>\n</html>\n", ja ? "" : ".en", ja ? "最新の発表" : "Latest text");
    snprintf(name, sizeof name, "%lld%s.html", (long long) p->number, ja ? "" : ".en");
    int e = give(g, name);
    if (e < 0)
        return e;
    add_plain(&g->b, p, g->v->docs[i], ja);
    snprintf(name, sizeof name, "%lld%s.txt", (long long) p->number, ja ? "" : ".en");
    return give(g, name);
}

/* The newest that stands; v->n: none. */
static size_t newest(const struct versions *v, bool ja) {
    for (size_t i = v->n; i > 0; i--)
        if (v->at[i - 1].state == PUBLICATION_PUBLISHED && (ja || v->at[i - 1].en))
            return i - 1;
    return v->n;
}

static int give_index(struct giving *g, bool ja) {
    size_t i = newest(g->v, ja);
    begin_page(&g->b, i < g->v->n ? subject_of(g->v->docs[i], ja) : ja ? STR("お知らせ") : STR("Notice"), ja);
    if (newest(g->v, false) < g->v->n)
        buf_printf(&g->b, "<p><a href=\"index%s.html\" lang=\"%s\">%s</a></p>\n", ja ? ".en" : "", ja ? "en" : "ja", ja ? "English" : "日本語");
    if (i < g->v->n)
        add_version(&g->b, &g->v->at[i], g->v->docs[i], ja);
    add_others(&g->b, g->v, ja);
    buf_add_z(&g->b, "</body>\n</html>\n");
    return give(g, ja ? "index.html" : "index.en.html");
}

/* One page that stands by itself, in both languages, for a site that is closed: nothing on it wants another file. */
static int give_sorry(struct giving *g) {
    size_t ja = newest(g->v, true), en = newest(g->v, false);
    if (ja == g->v->n)
        return 0;
    begin_page(&g->b, subject_of(g->v->docs[ja], true), true);
    add_version(&g->b, &g->v->at[ja], g->v->docs[ja], true);
    if (en < g->v->n) {
        buf_add_z(&g->b, "<hr>\n<div lang=\"en\">\n");
        add_version(&g->b, &g->v->at[en], g->v->docs[en], false);
        buf_add_z(&g->b, "</div>\n");
    }
    buf_add_z(&g->b, "</body>\n</html>\n");
    return give(g, "sorry.html");
}

int room_publication_files(struct room *r, int64_t incident, room_publication_file_fn *f, void *ctx, struct diag *reterr) {
    struct versions v;
    int e = load_all(r, incident, &v, reterr);
    struct giving g = {.v = &v, .f = f, .ctx = ctx, .err = reterr};
    bool any = false;
    buf_init(&g.b, PAGE_BYTES_MAX);
    for (size_t i = 0; e == 0 && i < v.n; i++)
        if (went_out(&v.at[i])) {
            any = true;
            e = give_version(&g, i, true);
            if (e == 0 && v.at[i].en)
                e = give_version(&g, i, false);
        }
    if (e == 0 && any)
        e = give_index(&g, true);
    if (e == 0 && any && newest(&v, false) < v.n)
        e = give_index(&g, false);
    if (e == 0 && any)
        e = give_sorry(&g);
    buf_done(&g.b);
    arena_done(&v.arena);
    return e < 0 ? e : any ? 0 : diag_set(reterr, -ENOENT, "nothing was published");
}

int room_publication_folder(struct room *r, int64_t incident, char ret[PUBLICATION_FOLDER_CAP], struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT number FROM incident WHERE id = ?1", "i", incident);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0)
        return e < 0 ? e : diag_set(reterr, -ENOENT, "no incident %lld", (long long) incident);
    struct str s = sql_str(st, 0);
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < PUBLICATION_FOLDER_CAP - 1; i++)
        ret[n++] = (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '-' ? s.p[i] : '_';
    ret[n] = 0;
    return 0;
}

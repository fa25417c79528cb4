/* The form for anybody: no session, no cookie, no script. Who sends it may be anybody, so: a word of ours that the page was opened with (nobody
 * else's page sends it for its readers), a field that only machines fill in, so many an hour, and every byte put back is escaped. */
#include "app/room/call.h"
#include "app/room/form.h"
#include "app/room/room.h"
#include "base/hash.h"
#include "base/sign.h"
#include "base/text.h"
#include "room/person_report.h"

#define OPENED_FOR_S (4 * 3600)

/* What a page shows again when something was wrong. */
struct shown {
    bool en;
    const char *wrong; /* a word of the form; NULL: nothing */
    struct str kind, text, service, contact, number, secret;
};

static struct str word(const struct call *c, const struct shown *s, const char *key) {
    struct str w = report_form_word(&c->p->report_form, s->en, key);
    return w.p ? w : str_of(key);
}

/* {at} and {number} of a word. */
static void add_filled(struct call *c, const struct shown *s, const char *key, const char *name, struct str value) {
    struct str w = word(c, s, key);
    ptrdiff_t at = str_find(w, str_of(name), 0);
    buf_add_html(&c->out, at < 0 ? w : str_to(w, (size_t) at));
    if (at >= 0) {
        buf_add_html(&c->out, value);
        buf_add_html(&c->out, str_from(w, (size_t) at + strlen(name)));
    }
}

static void add_word(struct call *c, const struct shown *s, const char *key) {
    buf_add_html(&c->out, word(c, s, key));
}

static bool wants_english(const struct call *c, struct str asked) {
    const char *accept = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, "Accept-Language");
    if (asked.n)
        return str_eq_z(asked, "en");
    return accept && str_find(str_of(accept), STR("en"), 0) >= 0 && str_find(str_of(accept), STR("ja"), 0) < 0;
}

static struct str when(const struct call *c, bool en, int64_t t_ns, char dst[64]) {
    static const char *const days[] = {"日", "月", "火", "水", "木", "金", "土"}, *const en_days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    struct time_civil t;
    time_to_civil(t_ns, c->p->config->offset_min, &t);
    if (en)
        snprintf(dst, 64, "%s %02d-%02d %02d:%02d", en_days[t.weekday % 7], t.month, t.day, t.hour, t.minute);
    else
        snprintf(dst, 64, "%d月%d日(%s) %02d:%02d", t.month, t.day, days[t.weekday % 7], t.hour, t.minute);
    return str_of(dst);
}

/* ---- the word that the page was opened with ---- */

static void opened_hash(int64_t at_s, char ret[33]) {
    static char secret[33];
    char text[80];
    uint8_t sum[SHA256_BYTES];
    if (!secret[0])
        sign_random_hex(secret, 16);
    int n = snprintf(text, sizeof text, "%s %lld", secret, (long long) at_s);
    sha256_of(str_n(text, (size_t) n), sum);
    hex_encode(sum, 16, ret);
}

static void add_opened(struct call *c) {
    char hash[33];
    int64_t at = time_monotonic_ns() / NS_PER_S;
    opened_hash(at, hash);
    buf_printf(&c->out, "<input type=\"hidden\" name=\"opened\" value=\"%lld.%s\">", (long long) at, hash);
}

static bool was_opened(const struct form *f) {
    struct str rest = form_value(f, "opened"), at;
    char hash[33];
    int64_t at_s, now = time_monotonic_ns() / NS_PER_S;
    if (!str_split(&rest, '.', &at) || str_to_i64(at, &at_s) < 0 || at_s > now || now - at_s > OPENED_FOR_S)
        return false;
    opened_hash(at_s, hash);
    return sign_equal(rest, str_of(hash));
}

/* ---- pages ---- */

static const struct {
    const char *name, *svg;
} ICONS[] = {
    {"mail", "<rect x=\"3\" y=\"6\" width=\"26\" height=\"20\" rx=\"2\"/><path d=\"m4 8 12 10L28 8\"/>"},
    {"slow", "<rect x=\"3\" y=\"4\" width=\"26\" height=\"18\" rx=\"2\"/><path d=\"m12 9 8 8m0-8-8 8M16 22v5m-5 0h10\"/>"},
    {"site", "<rect x=\"3\" y=\"5\" width=\"26\" height=\"22\" rx=\"2\"/><path d=\"M3 11h26M9 17h8m-8 5h5M24 15v5m0 3v.5\"/>"},
    {"key", "<circle cx=\"9\" cy=\"18\" r=\"6\"/><path d=\"M15 18h14v5m-5-5v4\"/>"},
    {"machine", "<rect x=\"6\" y=\"5\" width=\"20\" height=\"15\" rx=\"2\"/><path d=\"M2 26h28M12 10l3 3-3 3m6 0h4\"/>"},
    {"threat", "<path d=\"M16 4 30 27H2ZM16 12v7m0 3.5v.5\"/>"},
    {"lost", "<rect x=\"8\" y=\"3\" width=\"14\" height=\"26\" rx=\"3\"/><path d=\"M13 25h4M27 10v7m0 3v.5\"/>"},
    {"other", "<path d=\"M3 5h26v18H13l-6 6v-6H3ZM10 14h.5m5 0h.5m5 0h.5\"/>"},
};

static const char *icon(struct str name) {
    for (size_t i = 0; i < ARRAY_SIZE(ICONS); i++)
        if (str_eq_z(name, ICONS[i].name))
            return ICONS[i].svg;
    return ICONS[ARRAY_SIZE(ICONS) - 1].svg;
}

static void begin(struct call *c, const struct shown *s, const char *path) {
    buf_clear(&c->out);
    buf_printf(&c->out, "<!doctype html><html lang=\"%s\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\">"
                        "<title>", s->en ? "en" : "ja");
    add_word(c, s, "ask");
    buf_add_z(&c->out, " | ");
    add_word(c, s, "name");
    buf_printf(&c->out, "</title><link rel=\"stylesheet\" href=\"/report.css\"><div class=\"top\"><header><b>");
    add_word(c, s, "name");
    buf_printf(&c->out, "</b><a href=\"%s?lang=%s\" lang=\"%s\" hreflang=\"%s\">", path, s->en ? "ja" : "en", s->en ? "ja" : "en", s->en ? "ja" : "en");
    add_word(c, s, "other_lang");
    buf_add_z(&c->out, "</a></header></div><main>");
    if (s->wrong) {
        buf_add_z(&c->out, "<div class=\"wrong\" role=\"alert\"><b>");
        add_word(c, s, "wrong_title");
        buf_add_z(&c->out, "</b>");
        add_word(c, s, s->wrong);
        buf_add_z(&c->out, "</div>");
    }
}

static int end(struct call *c, int status) {
    buf_add_z(&c->out, "</main></html>\n");
    c->type = "text/html; charset=utf-8";
    c->form = true;
    return status;
}

static void open_form(struct call *c, const struct shown *s, const char *path) {
    buf_printf(&c->out, "<form method=\"post\" action=\"%s\" enctype=\"multipart/form-data\"><input type=\"hidden\" name=\"lang\" value=\"%s\">", path, s->en ? "en" : "ja");
    add_opened(c);
    buf_add_z(&c->out, "<label hidden>URL<input type=\"text\" name=\"url\" tabindex=\"-1\" autocomplete=\"off\"></label>");
}

static void label(struct call *c, const struct shown *s, const char *title, const char *hint) {
    buf_add_z(&c->out, "<label class=\"field\"><span><b>");
    add_word(c, s, title);
    buf_add_z(&c->out, "</b>");
    if (hint) {
        buf_add_z(&c->out, "<small>");
        add_word(c, s, hint);
        buf_add_z(&c->out, "</small>");
    }
    buf_add_z(&c->out, "</span>");
}

static void add_text_field(struct call *c, const struct shown *s, const char *title) {
    label(c, s, title, "optional");
    buf_add_z(&c->out, "<textarea name=\"text\" rows=\"2\" maxlength=\"1000\">");
    buf_add_html(&c->out, s->text);
    buf_add_z(&c->out, "</textarea></label>");
}

static void add_photo_field(struct call *c, const struct shown *s) {
    label(c, s, "photo", "photo_how");
    buf_add_z(&c->out, "<input type=\"file\" name=\"photo\" accept=\"image/jpeg,image/png\"></label>");
}

static void add_line_field(struct call *c, const struct shown *s, const char *title, const char *hint, const char *name, struct str value, const char *more) {
    label(c, s, title, hint);
    buf_printf(&c->out, "<input type=\"text\" name=\"%s\" maxlength=\"100\" %s value=\"", name, more);
    buf_add_html(&c->out, value);
    buf_add_z(&c->out, "\"></label>");
}

static void add_button(struct call *c, const struct shown *s, const char *key, const char *css) {
    buf_printf(&c->out, "<button class=\"%s\">", css);
    add_word(c, s, key);
    buf_add_z(&c->out, "</button>");
}

static void add_kinds(struct call *c, const struct shown *s) {
    const struct room_reported_kinds *kinds = &c->p->report_form.kinds;
    buf_add_z(&c->out, "<fieldset><legend><h1>");
    add_word(c, s, "ask");
    buf_add_z(&c->out, "</h1></legend><p class=\"soft\">");
    add_word(c, s, "calm");
    buf_add_z(&c->out, "</p><div class=\"kinds\">");
    for (size_t i = 0; i < kinds->n; i++) {
        const struct room_reported_kind *k = &kinds->at[i];
        buf_printf(&c->out, "<label><input type=\"radio\" name=\"kind\" required value=\"%.*s\"%s><svg viewBox=\"0 0 32 32\" aria-hidden=\"true\">%s</svg><b>", STR_ARG(k->id),
                   str_eq(k->id, s->kind) ? " checked" : "", icon(k->icon));
        buf_add_html(&c->out, s->en ? k->title.en : k->title.ja);
        buf_add_z(&c->out, "</b><small>");
        buf_add_html(&c->out, s->en ? k->hint.en : k->hint.ja);
        buf_add_z(&c->out, "</small><em aria-hidden=\"true\">");
        add_word(c, s, "chosen");
        buf_add_z(&c->out, "</em></label>");
    }
    buf_add_z(&c->out, "</div></fieldset>");
}

static void add_services(struct call *c, const struct shown *s) {
    const struct config *config = c->p->config;
    if (!config->n_services)
        return;
    label(c, s, "service", "optional");
    buf_add_z(&c->out, "<select name=\"service\"><option value=\"\">");
    add_word(c, s, "any_service");
    buf_add_z(&c->out, "</option>");
    for (size_t i = 0; i < config->n_services; i++) {
        const struct config_service *x = &config->services[i];
        buf_add_z(&c->out, "<option value=\"");
        buf_add_html(&c->out, x->name);
        buf_printf(&c->out, "\"%s>", str_eq(x->name, s->service) ? " selected" : "");
        buf_add_html(&c->out, s->en ? x->title.en : x->title.ja);
        buf_add_z(&c->out, "</option>");
    }
    buf_add_z(&c->out, "</select></label>");
}

static int form_page(struct call *c, const struct shown *s, int status) {
    char at[64];
    begin(c, s, "/report");
    open_form(c, s, "/report");
    add_kinds(c, s);
    add_text_field(c, s, "line");
    add_services(c, s);
    add_photo_field(c, s);
    add_line_field(c, s, "contact", "anonymous", "contact", s->contact, "autocomplete=\"tel\"");
    add_button(c, s, "send", "go");
    buf_add_z(&c->out, "<p class=\"at\">");
    add_filled(c, s, "now", "{at}", when(c, s->en, room_now(c->p->room), at));
    buf_printf(&c->out, "</p></form><p class=\"at\"><a class=\"plain\" href=\"/report/again?lang=%s\">", s->en ? "en" : "ja");
    add_word(c, s, "more");
    buf_add_z(&c->out, "</a></p>");
    return end(c, status);
}

static int again_page(struct call *c, const struct shown *s, int status) {
    begin(c, s, "/report/again");
    buf_add_z(&c->out, "<h1>");
    add_word(c, s, "again_title");
    buf_add_z(&c->out, "</h1><p class=\"soft\">");
    add_word(c, s, "again_how");
    buf_add_z(&c->out, "</p>");
    open_form(c, s, "/report/again");
    add_line_field(c, s, "number", NULL, "number", s->number, "required autocomplete=\"off\" autocapitalize=\"characters\"");
    add_line_field(c, s, "secret", NULL, "secret", s->secret, "required autocomplete=\"off\" autocapitalize=\"characters\"");
    add_text_field(c, s, "again_line");
    add_photo_field(c, s);
    add_button(c, s, "again_send", "go");
    buf_add_z(&c->out, "</form><p></p><p class=\"at\"><a class=\"plain\" href=\"/report\">");
    add_word(c, s, "back");
    buf_add_z(&c->out, "</a></p>");
    return end(c, status);
}

static void add_to_do(struct call *c, const struct shown *s) {
    const struct room_reported_kind *k = room_reported_kind(c->p->room, s->kind);
    if (!k)
        return;
    buf_add_z(&c->out, "<h2>");
    add_word(c, s, "to_do");
    buf_add_z(&c->out, "</h2><ol>");
    for (size_t i = 0; i < k->n_now[s->en]; i++) {
        buf_add_z(&c->out, "<li><b>");
        buf_add_html(&c->out, k->now[s->en][i].what);
        buf_add_z(&c->out, s->en ? "</b> " : "</b>");
        buf_add_html(&c->out, k->now[s->en][i].more);
        buf_add_z(&c->out, "</li>");
    }
    buf_add_z(&c->out, "</ol>");
}

static void add_whom(struct call *c, const struct shown *s) {
    const struct config_reports *r = &c->p->config->reports;
    struct str words = s->en ? r->call.en : r->call.ja;
    if (!words.n && !r->phone.n)
        return;
    buf_add_z(&c->out, "<div class=\"call\"><h2>");
    add_word(c, s, "whom");
    buf_add_z(&c->out, "</h2><p>");
    add_word(c, s, "whom_when");
    buf_add_z(&c->out, "</p>");
    if (r->phone.n) {
        buf_add_z(&c->out, "<a class=\"go\" href=\"tel:");
        for (size_t i = 0; i < r->phone.n; i++)
            if (ascii_digit(r->phone.p[i]) || r->phone.p[i] == '+')
                buf_add_byte(&c->out, r->phone.p[i]);
        buf_add_z(&c->out, "\">");
        add_word(c, s, "call");
        buf_add_z(&c->out, "　");
        buf_add_html(&c->out, r->phone);
        buf_add_z(&c->out, "</a>");
    }
    buf_add_z(&c->out, "<p class=\"at\">");
    buf_add_html(&c->out, words);
    buf_add_z(&c->out, "</p></div>");
}

/* Number and secret word go along in the form, not in an address that stays in a browser's list. */
static void add_ways_on(struct call *c, const struct shown *s) {
    open_form(c, s, "/report/again");
    buf_add_z(&c->out, "<input type=\"hidden\" name=\"look\" value=\"1\"><input type=\"hidden\" name=\"number\" value=\"");
    buf_add_html(&c->out, s->number);
    buf_add_z(&c->out, "\"><input type=\"hidden\" name=\"secret\" value=\"");
    buf_add_html(&c->out, s->secret);
    buf_add_z(&c->out, "\">");
    add_button(c, s, "more", "way");
    buf_printf(&c->out, "</form><a class=\"way\" href=\"/report?lang=%s\">", s->en ? "en" : "ja");
    add_word(c, s, "another");
    buf_add_z(&c->out, "</a>");
}

static int arrived_page(struct call *c, const struct shown *s, const struct room_report_taken *t) {
    char at[64];
    begin(c, s, "/report");
    buf_add_z(&c->out, "<h1 class=\"ok\">✓ ");
    add_word(c, s, "arrived");
    buf_add_z(&c->out, "</h1><p class=\"soft\">");
    buf_add_html(&c->out, when(c, s->en, t->at_ns, at));
    buf_add_z(&c->out, "</p><p class=\"soft\">");
    add_word(c, s, "number");
    buf_printf(&c->out, "</p><p class=\"number\">%s</p><p class=\"soft\">", t->number);
    add_word(c, s, "secret");
    buf_printf(&c->out, "</p><p class=\"secret\">%s</p><p class=\"soft\">", t->secret);
    add_word(c, s, "come_back");
    buf_add_z(&c->out, "</p>");
    add_to_do(c, s);
    add_whom(c, s);
    add_ways_on(c, s);
    return end(c, 200);
}

/* How it stands, and the rest of the form to add to it. */
static int known_page(struct call *c, const struct shown *s, const struct room_report_known *k, bool added) {
    char at[64], key[24];
    begin(c, s, "/report/again");
    snprintf(key, sizeof key, "state_%s", k->state);
    if (added) {
        buf_add_z(&c->out, "<h1 class=\"ok\">✓ ");
        add_word(c, s, "added");
        buf_add_z(&c->out, "</h1>");
    } else {
        buf_add_z(&c->out, "<h1>");
        add_word(c, s, "state");
        buf_add_z(&c->out, "</h1>");
    }
    buf_printf(&c->out, "<p class=\"number\">%s</p><p class=\"soft\">", k->number);
    add_filled(c, s, "at", "{at}", when(c, s->en, k->at_ns, at));
    buf_add_z(&c->out, "</p><p><b>");
    add_word(c, s, key);
    buf_add_z(&c->out, "</b></p>");
    if (!added) {
        open_form(c, s, "/report/again");
        buf_printf(&c->out, "<input type=\"hidden\" name=\"number\" value=\"%s\"><input type=\"hidden\" name=\"secret\" value=\"", k->number);
        buf_add_html(&c->out, s->secret);
        buf_add_z(&c->out, "\">");
        add_text_field(c, s, "again_line");
        add_photo_field(c, s);
        add_button(c, s, "again_send", "go");
        buf_add_z(&c->out, "</form><p></p>");
    }
    add_to_do(c, s);
    add_whom(c, s);
    return end(c, 200);
}

/* ---- handlers ---- */

static int closed_page(struct call *c, const struct shown *s) {
    begin(c, s, "/report");
    buf_add_z(&c->out, "<h1>");
    add_word(c, s, "closed");
    buf_add_z(&c->out, "</h1>");
    add_whom(c, s);
    return end(c, 404);
}

static bool is_open(const struct call *c) {
    return c->p->config->reports.form && !c->p->opt.demo;
}

int handle_report_css(struct call *c) {
    buf_add(&c->out, c->p->report_form.css);
    c->type = "text/css; charset=utf-8";
    return 200;
}

int handle_report_form(struct call *c) {
    struct shown s = {.en = wants_english(c, call_query(c, "lang"))};
    return is_open(c) ? form_page(c, &s, 200) : closed_page(c, &s);
}

int handle_report_again(struct call *c) {
    struct shown s = {.en = wants_english(c, call_query(c, "lang"))};
    return is_open(c) ? again_page(c, &s, 200) : closed_page(c, &s);
}

/* What was sent, as far as it may be taken; s->wrong says what may not. */
static struct room_photo read_form(struct call *c, struct form *f, struct shown *s) {
    const char *type = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, "Content-Type");
    struct room_photo photo = {0};
    if (c->too_large || c->too_busy || form_read(f, str_of(type), buf_str(&c->body)) < 0) {
        s->en = wants_english(c, STR(""));
        s->wrong = c->too_large ? "wrong_large" : c->too_busy ? "wrong_many" : "wrong_form";
        f->n = 0;
        return photo;
    }
    s->en = wants_english(c, form_value(f, "lang"));
    s->kind = form_value(f, "kind");
    s->text = str_trim(form_value(f, "text"));
    s->service = form_value(f, "service");
    s->contact = str_trim(form_value(f, "contact"));
    s->number = form_value(f, "number");
    s->secret = form_value(f, "secret");
    struct str bytes = form_value(f, "photo");
    if (!was_opened(f) || form_value(f, "url").n)
        s->wrong = "wrong_old";
    else if (s->text.n > REPORT_TEXT_MAX || s->contact.n > REPORT_LINE_MAX)
        s->wrong = "wrong_long";
    else if (bytes.n > REPORT_PHOTO_BYTES_MAX)
        s->wrong = "wrong_large";
    if (s->wrong || !bytes.n)
        return photo;
    char *own = c->body.p + (bytes.p - c->body.p); /* of our own body */
    photo.type = form_photo_clean(own, &bytes.n);
    photo.bytes = bytes;
    if (!photo.type)
        s->wrong = "wrong_photo";
    return photo;
}

static bool is_text(struct str s) {
    return text_is_utf8(s) && str_find_byte(s, 0, 0) < 0;
}

static bool is_utf8(const struct shown *s) {
    return is_text(s->text) && is_text(s->contact) && is_text(s->service) && is_text(s->number) && is_text(s->secret);
}

static bool knows_service(const struct call *c, struct str name) {
    for (size_t i = 0; i < c->p->config->n_services; i++)
        if (str_eq(c->p->config->services[i].name, name))
            return true;
    return false;
}

int handle_report_form_post(struct call *c) {
    struct shown s = {0};
    struct form f;
    struct room_report_taken t;
    if (!is_open(c))
        return closed_page(c, &s);
    struct room_photo photo = read_form(c, &f, &s);
    if (!s.wrong && !is_utf8(&s))
        s = (struct shown){.en = s.en, .wrong = "wrong_form"};
    if (!s.wrong && !room_reported_kind(c->p->room, s.kind))
        s.wrong = "wrong_kind";
    if (s.wrong)
        return form_page(c, &s, c->too_large ? 413 : c->too_busy ? 503 : 400);
    int64_t lately;
    int e = room_reports_of_strangers(c->p->room, &lately, &c->err);
    if (e == 0 && lately >= c->p->config->reports.an_hour) {
        s.wrong = "wrong_many";
        return form_page(c, &s, 429);
    }
    struct room_report_new x = {.kind = s.kind, .service = knows_service(c, s.service) ? s.service : STR(""), .text = s.text, .contact = s.contact, .caller = STR(""),
                                .channel = "web", .lang = s.en ? "en" : "ja", .photo = photo};
    if (e == 0)
        e = room_report_take(c->p->room, &room_system, &x, &t, &c->err);
    s.number = str_of(t.number);
    s.secret = str_of(t.secret);
    return e < 0 ? e : arrived_page(c, &s, &t);
}

int handle_report_again_post(struct call *c) {
    struct shown s = {0};
    struct form f;
    struct room_report_known k;
    if (!is_open(c))
        return closed_page(c, &s);
    struct room_photo photo = read_form(c, &f, &s);
    if (!s.wrong && !is_utf8(&s))
        s = (struct shown){.en = s.en, .wrong = "wrong_form"};
    if (s.wrong)
        return again_page(c, &s, c->too_large ? 413 : c->too_busy ? 503 : 400);
    int e = room_report_find(c->p->room, s.number, s.secret, &k, &c->err);
    if (e == -ENOENT) {
        s.wrong = "wrong_known";
        return again_page(c, &s, 400);
    }
    bool adds = e == 0 && !form_value(&f, "look").n && (s.text.n || photo.bytes.n);
    if (adds)
        e = room_report_add(c->p->room, k.id, s.text, &photo, &c->err);
    if (e == -ERR_LIMIT) {
        s.wrong = "wrong_many";
        return again_page(c, &s, 429);
    }
    s.kind = str_of(k.kind);
    return e < 0 ? e : known_page(c, &s, &k, adds);
}

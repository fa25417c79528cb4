/* See hunt_mail.h. The questions are rows below; a part's name is told with its value, so that pages need not read queries. */
#include "room/hunt_mail.h"

#include "base/ip.h"
#include "base/limits.h"
#include "base/time.h"
#include "room/room_priv.h"
#include "room/write.h"

enum { VALUE_BYTES_MAX = 300, LINKS_MAX_ = 8, FILES_MAX_ = 16, ADDRESSES_MAX_ = 8, MAILS_MAX_ = 500, WAY_DAYS = 5 };
#define NOT_OURS " and not event.dataset:kizuki.mail"

/* ---- values ---- */

/* In quotation marks as the language has them; false: it cannot be said there. */
static bool quote(struct buf *b, struct str s) {
    static const char *const marks[] = {"“", "”", "＂"}; /* end a quotation, too, and nothing takes that from them */
    if (!s.n || s.n > VALUE_BYTES_MAX)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
        if (str_find(s, str_of(marks[i]), 0) >= 0)
            return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
    buf_add_byte(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_add_byte(b, '\\');
        buf_add_byte(b, s.p[i]);
    }
    buf_add_byte(b, '"');
    return true;
}

static bool is_name(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'z') && s.p[i] != '.' && s.p[i] != '-' && s.p[i] != '_')
            return false;
    return s.n > 3 && str_find(s, STR("."), 0) > 0;
}

/* The address in "Name <a@b>" or "a@b". */
static struct str address_of(struct str s) {
    ptrdiff_t open = str_find(s, STR("<"), 0), close = open >= 0 ? str_find(s, STR(">"), (size_t) open) : -1;
    s = str_trim(close > open ? str_n(s.p + open + 1, (size_t) (close - open - 1)) : s);
    return str_find(s, STR("@"), 0) > 0 && str_find(s, STR(" "), 0) < 0 ? s : STR("");
}

static struct str domain_of(struct str address) {
    ptrdiff_t at = -1;
    for (ptrdiff_t i = 0; i >= 0 && (i = str_find(address, STR("@"), (size_t) i)) >= 0; i++)
        at = i;
    return at >= 0 ? str_from(address, (size_t) at + 1) : STR("");
}

static struct str member(const struct json_value *o, const char *key) {
    struct str s = STR("");
    IGNORE(json_get_str(o, key, &s));
    return s;
}

/* ---- questions ---- */

struct asking {
    struct buf json, all, one; /* the list; any of them, as people read it; the values of the one being made */
    struct jsonw w;
    size_t n;
};

static void asking_init(struct asking *a) {
    *a = (struct asking){0};
    buf_init(&a->json, 65536);
    buf_init(&a->all, SEARCH_QUERY_BYTES_MAX);
    buf_init(&a->one, 65536);
    jsonw_init(&a->w, &a->json);
    jsonw_array(&a->w);
}

static void asking_done(struct asking *a) {
    buf_done(&a->json);
    buf_done(&a->all);
    buf_done(&a->one);
}

/* Adds a value to the list of the one being made. */
static void value(struct asking *a, struct str s) {
    size_t before = a->one.n;
    buf_add_z(&a->one, before ? " or " : "");
    if (!quote(&a->one, s))
        a->one.n = before;
}

/* Ends the one being made: fields, each asked for any of the values; without values there is none. */
static void question(struct asking *a, const char *name, struct str shown, const char *const *fields, const char *end) {
    struct buf q;
    buf_init(&q, 65536);
    for (size_t i = 0; a->one.n && fields[i]; i++) {
        buf_printf(&q, "%s%s%s(", i ? " or " : "(", fields[i], fields[i][0] ? ":" : "");
        buf_add(&q, buf_str(&a->one));
        buf_add_byte(&q, ')');
    }
    if (q.n && a->n < SEARCH_PARTS_MAX) {
        buf_printf(&q, ")%s", end);
        buf_printf(&a->all, "%s%.*s", a->n ? " or (" : "(", STR_ARG(buf_str(&q)));
        buf_add_byte(&a->all, ')');
        jsonw_object(&a->w);
        jsonw_kz(&a->w, "name", name);
        jsonw_kstr(&a->w, "value", str_to(shown, VALUE_BYTES_MAX));
        jsonw_kstr(&a->w, "query", buf_str(&q));
        jsonw_end(&a->w);
        a->n++;
    }
    buf_done(&q);
    buf_clear(&a->one);
}

static void ask_mail(struct asking *a, struct str reporter, const struct json_value *mail) {
    static const char *const ids[] = {"email.message_id", NULL}, *const senders[] = {"email.from.address", NULL};
    struct str id = member(mail, "message_id"), from = member(mail, "from_address"), back = address_of(member(mail, "return_path"));
    char bracketed[VALUE_BYTES_MAX + 3];
    value(a, id);
    if (a->one.n) {
        snprintf(bracketed, sizeof bracketed, "<%.*s>", STR_ARG(id));
        value(a, str_of(bracketed));
    }
    question(a, "same", id, ids, NOT_OURS);
    value(a, from);
    value(a, back); /* what mail servers log is the sender on the envelope */
    question(a, "sender", from.n ? from : back, senders, NOT_OURS);
    struct str domain = domain_of(back.n ? back : from);
    char lower[VALUE_BYTES_MAX], query[2 * VALUE_BYTES_MAX + 60];
    if (domain.n && domain.n < sizeof lower && !str_eq_icase(domain, domain_of(reporter))) {
        for (size_t i = 0; i < domain.n; i++)
            lower[i] = (char) ascii_lower(domain.p[i]);
        if (is_name(str_n(lower, domain.n))) {
            /* the words let segments be passed over that the wildcard would not */
            snprintf(query, sizeof query, " and email.from.address:*@%.*s" NOT_OURS, (int) domain.n, lower);
            value(a, str_n(lower, domain.n));
            question(a, "domain", str_n(lower, domain.n), (const char *const[]){"", NULL}, query);
        }
    }
}

static void ask_link(struct asking *a, struct str host, size_t n) {
    static const char *const names[] = {"url.domain", "dns.question.name", "destination.domain", "tls.client.server_name", NULL};
    static const char *const addresses[] = {"destination.ip", "url.domain", NULL};
    struct ip ip;
    char name[16];
    snprintf(name, sizeof name, "link.%zu", n);
    value(a, host);
    question(a, name, host, ip_parse(host, &ip) == 0 ? addresses : names, NOT_OURS);
}

/* Each place once; those that hide behind another first. */
static void ask_links(struct asking *a, const struct json_value *links) {
    struct str seen[LINKS_MAX_];
    size_t n = 0;
    for (int hiding = 1; hiding >= 0; hiding--)
        for (const struct json_value *l = links ? links->first : NULL; l && n < LINKS_MAX_; l = l->next) {
            bool differs = false, known = false;
            struct str host = member(l, "host");
            IGNORE(json_get_bool(l, "differs", &differs));
            for (size_t i = 0; i < n; i++)
                known |= str_eq_icase(seen[i], host);
            if (known || differs != (hiding == 1) || !host.n)
                continue;
            ask_link(a, host, n);
            seen[n++] = host;
        }
}

static void ask_files(struct asking *a, const struct json_value *files) {
    size_t n = 0;
    for (const struct json_value *f = files ? files->first : NULL; f && n < FILES_MAX_; f = f->next, n++)
        value(a, member(f, "sha256"));
    question(a, "files", STR(""), (const char *const[]){"", NULL}, NOT_OURS);
}

/* Public addresses in a text, each once. */
static void add_addresses(struct asking *a, struct str text, struct str *seen, size_t *n, struct buf *shown) {
    for (size_t at = 0; at < text.n && *n < ADDRESSES_MAX_;) {
        size_t from = at;
        while (at < text.n && strchr("0123456789abcdefABCDEF.:", text.p[at]) && text.p[at])
            at++;
        struct str s = str_n(text.p + from, at - from);
        struct ip ip;
        bool known = s.n < 7 || ip_parse(s, &ip) < 0 || ip_not_public(&ip);
        for (size_t i = 0; i < *n && !known; i++)
            known = str_eq(seen[i], s);
        if (!known) {
            value(a, s);
            buf_printf(shown, "%s%.*s", *n ? ", " : "", STR_ARG(s));
            seen[(*n)++] = s;
        }
        at += at == from;
    }
}

static void ask_addresses(struct asking *a, const struct json_value *received) {
    static const char *const fields[] = {"source.ip", "destination.ip", NULL};
    struct str seen[ADDRESSES_MAX_];
    struct buf shown;
    size_t n = 0;
    buf_init(&shown, 4096);
    for (const struct json_value *v = received ? received->first : NULL; v; v = v->next)
        if (v->type == JSON_STRING)
            add_addresses(a, v->text, seen, &n, &shown);
    question(a, "way", buf_str(&shown), fields, NOT_OURS);
    buf_done(&shown);
}

static int begin(struct room *r, struct asking *a, int64_t report, int step, struct str name, int64_t from_ns, int64_t to_ns, struct diag *err) {
    struct room_hunt_past h = {.hypothesis = STR("mail"), .kind = "mail", .query = buf_str(&a->all), .name = name, .mail = report, .step = step, .from_ns = from_ns, .to_ns = to_ns};
    int64_t id;
    jsonw_end(&a->w);
    h.asked = buf_str(&a->json);
    int e = buf_error(&a->json) ? buf_error(&a->json) : buf_error(&a->all);
    if (e < 0)
        return diag_set(err, e, "the questions about a reported mail are too long");
    e = a->n ? room_hunt_begin(r, &room_system, &h, &id, err) : 0;
    if (e == 0)
        room_changed(r, "mail_report", report);
    return e;
}

int room_hunt_mail_begin(struct room *r, int64_t report, struct str reporter, const struct json_value *mail, struct diag *reterr) {
    struct asking a;
    asking_init(&a);
    ask_mail(&a, reporter, mail);
    ask_links(&a, json_get_array(mail, "links"));
    ask_files(&a, json_get_array(mail, "files"));
    ask_addresses(&a, json_get_array(mail, "received"));
    int e = begin(r, &a, report, 1, str_to(member(mail, "subject"), VALUE_BYTES_MAX), TIME_NONE, TIME_NONE, reterr);
    asking_done(&a);
    return e;
}

/* ---- the second step ---- */

static void ask_numbers(struct asking *a, const struct json_value *part, const char *name) {
    const struct json_value *mails = json_get_object(part, "mails"), *values = mails ? json_get_array(mails, "values") : NULL;
    size_t n = 0;
    for (const struct json_value *v = values ? values->first : NULL; v && n < MAILS_MAX_; v = v->next, n++)
        value(a, member(v, "value"));
    question(a, name, STR(""), (const char *const[]){"email.local_id", NULL}, " and email.to.address:*");
}

/* Numbers are used again: only from when the mails came until their servers give up. */
static int go_on(struct room *r, int64_t report, struct str name, const struct json_value *parts, struct diag *err) {
    struct asking a;
    int64_t from = TIME_NONE, to = TIME_NONE;
    asking_init(&a);
    for (const struct json_value *p = parts ? parts->first : NULL; p; p = p->next) {
        struct str of = member(p, "name");
        int64_t first = room_hunt_time(p, "first_at"), last = room_hunt_time(p, "last_at");
        if ((!str_eq_z(of, "same") && !str_eq_z(of, "sender")) || first == TIME_NONE || last == TIME_NONE)
            continue;
        ask_numbers(&a, p, str_eq_z(of, "same") ? "same" : "sender");
        from = from == TIME_NONE ? first : MIN(from, first);
        to = to == TIME_NONE ? last : MAX(to, last);
    }
    int e = begin(r, &a, report, 2, name, from == TIME_NONE ? from : from - NS_PER_HOUR, to == TIME_NONE ? to : to + WAY_DAYS * NS_PER_DAY, err);
    asking_done(&a);
    return e;
}

int room_hunt_mail_ended(struct room *r, int64_t hunt, const struct json_value *result, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct str state = member(result, "state");
    int e = sql_query(r->db, &st, reterr, "SELECT json_extract(result, '$.mail'), json_extract(result, '$.step'), json_extract(result, '$.name') FROM hunt WHERE id = ?1", "i", hunt);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e <= 0 || sql_is_null(st, 0))
        return MIN(e, 0);
    int64_t report = sql_i64(st, 0);
    room_changed(r, "mail_report", report);
    return sql_i64(st, 1) == 1 && str_eq_z(state, "done") ? go_on(r, report, sql_str(st, 2), json_get_array(result, "parts"), reterr) : 0;
}

int room_hunt_mail_write(struct room *r, int64_t report, struct jsonw *w, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT id, json_extract(result, '$.step'), state, json_extract(result, '$.asked') FROM hunt WHERE json_extract(result, '$.mail') = ?1 ORDER BY id LIMIT 10", "i", report);
    jsonw_key(w, STR("hunts"));
    jsonw_array(w);
    while (e >= 0 && (e = sql_step(st, reterr)) == 1) {
        jsonw_object(w);
        jsonw_ki64(w, "id", sql_i64(st, 0));
        jsonw_ki64(w, "step", sql_i64(st, 1));
        jsonw_kstr(w, "state", sql_str(st, 2));
        jsonw_key(w, STR("asked"));
        jsonw_raw(w, sql_str(st, 3));
        jsonw_end(w);
    }
    jsonw_end(w);
    return MIN(e, 0);
}

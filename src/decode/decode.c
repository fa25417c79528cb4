/* The entry: makes the bytes readable, chooses the decoder, and fills what every event has.
 *
 * Who may read what is a matter of safety. A message is read as a login only behind a header that
 * names the program (or when the operator forces the decoder): a line that merely begins like one
 * of sshd's could have been written by anybody whose words end up in a log. Continuations of
 * overlong lines are never read. */
#include "decode/json_keys.h"

#include "base/mem.h"
#include "decode/recipe_priv.h"

enum { FIELDS_FIRST = 24, JSON_FIELDS_FIRST = 64, SKEW_MAX_DEFAULT_MIN = 10, COUNT_DIGITS_MAX = 6 };
enum { ORDER_SYSLOG = 30, ORDER_WEB = 50 }; /* of the table below */

enum {
    F_JOURNAL,
    F_RFC5424,
    F_SYSLOG,
    F_JSON,
    F_CEF,
    F_ACCESS,
    F_NGINX_ERROR,
    F_APACHE_ERROR,
    F_SSHD,
    F_PAM,
    F_SUDO,
    F_SU,
    F_CRON
};
static const struct decode_format formats[] = {
    [F_JOURNAL] = {.name = LIT("journal"),
                   .order = 10,
                   .help = "an entry of systemd's journal in its export format",
                   .decode = journal_decode},
    [F_RFC5424] = {.name = LIT("rfc5424"),
                   .order = 20,
                   .first = "<",
                   .help = "syslog as RFC 5424 writes it, with structured data",
                   .recognise = rfc5424_recognise,
                   .decode = rfc5424_decode},
    [F_SYSLOG] = {.name = LIT("syslog"),
                  .order = ORDER_SYSLOG,
                  .first = "<ADFJMNOS0123456789",
                  .help = "syslog as RFC 3164 and rsyslog's files write it",
                  .recognise = syslog_recognise,
                  .decode = syslog_decode},
    [F_JSON] = {.name = LIT("json"),
                .order = 40,
                .first = "{",
                .help = "one JSON object a line, ECS names; the login event; journalctl -o json",
                .recognise = json_recognise,
                .decode = json_decode},
    [F_CEF] = {.name = LIT("cef"),
               .order = 45,
               .first = "CL",
               .help = "CEF and LEEF, alone, behind a syslog header or in a JSON line's message",
               .recognise = cef_recognise,
               .decode = cef_decode},
    [F_ACCESS] =
        {.name = LIT("access"),
         .order = ORDER_WEB,
         .help = "access logs of nginx and Apache: common, combined, with a virtual host in front",
         .recognise = access_recognise,
         .decode = access_decode},
    [F_NGINX_ERROR] = {.name = LIT("nginx_error"),
                       .order = 60,
                       .first = "0123456789",
                       .help = "error log of nginx",
                       .recognise = nginx_error_recognise,
                       .decode = nginx_error_decode},
    [F_APACHE_ERROR] = {.name = LIT("apache_error"),
                        .order = 70,
                        .first = "[",
                        .help = "error log of Apache 2.2 and 2.4",
                        .recognise = apache_error_recognise,
                        .decode = apache_error_decode},
    [F_SSHD] = {.name = LIT("sshd"),
                .order = 80,
                .help = "messages of OpenSSH's server",
                .programs = {LIT("sshd"), LIT("sshd-session"), LIT("sshd-auth")},
                .decode = sshd_decode},
    [F_PAM] = {.name = LIT("pam"),
               .order = 90,
               .help = "messages of PAM modules, behind any program's header",
               .decode = pam_decode},
    [F_SUDO] = {.name = LIT("sudo"),
                .order = 100,
                .help = "messages of sudo",
                .programs = {LIT("sudo")},
                .decode = sudo_decode},
    [F_SU] = {.name = LIT("su"),
              .order = 110,
              .help = "messages of su (util-linux, shadow)",
              .programs = {LIT("su")},
              .decode = su_decode},
    [F_CRON] = {.name = LIT("cron"),
                .order = 120,
                .help = "commands run by cron",
                .programs = {LIT("CRON"), LIT("crond"), LIT("CROND"), LIT("cron")},
                .decode = cron_decode},
};

static const struct source unknown_source = {
    .encoding = -1,
    .offset_min = TIME_JST_OFFSET_MIN,
    .skew_max_ns = SKEW_MAX_DEFAULT_MIN * NS_PER_MIN,
};

size_t decode_count(void) {
    return ARRAY_SIZE(formats);
}

struct decode_info decode_info_at(size_t i) {
    ASSERT(i < ARRAY_SIZE(formats));
    return (struct decode_info){.name = formats[i].name.p, .help = formats[i].help};
}

static const struct decode_format *find_format(const struct decode_set *set, struct str name) {
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (str_eq(name, formats[i].name))
            return &formats[i];
    for (size_t i = 0; set && i < set->n; i++)
        if (str_eq(name, set->recipes[i]->name))
            return &set->recipes[i]->format;
    return NULL;
}

const struct decode_format *decode_format_of_program(struct str program) {
    for (size_t i = 0; i < ARRAY_SIZE(formats) && program.n; i++)
        for (size_t k = 0; k < ARRAY_SIZE(formats[i].programs) && formats[i].programs[k].n; k++)
            if (formats[i].programs[k].n == program.n && str_eq(program, formats[i].programs[k]))
                return &formats[i];
    return NULL;
}

int decode_check_source(const struct source *s, const struct decode_set *set, struct diag *reterr) {
    char names[360];
    size_t n = 0, all = ARRAY_SIZE(formats) + (set ? set->n : 0), i = 0;
    if (!s->decoder.n || find_format(set, s->decoder))
        return 0;
    for (; i < all; i++) {
        struct str name = i < ARRAY_SIZE(formats) ? formats[i].name : set->recipes[i - ARRAY_SIZE(formats)]->name;
        if (n + name.n + 3 > sizeof names)
            break;
        n += (size_t) snprintf(names + n, sizeof names - n, "%s%.*s", i ? ", " : "", STR_ARG(name));
    }
    if (i == all)
        return diag_set(reterr, -ERR_REFUSED, "no decoder is called '%.*s'; there are %s", STR_ARG(s->decoder), names);
    return diag_set(reterr, -ERR_REFUSED, "no decoder is called '%.*s'; there are %s and %zu more, which `kizuki decoder list` names", STR_ARG(s->decoder), names, all - i);
}

const struct source *decode_source_from_table(void *ctx, uint32_t id) {
    const struct decode_source_table *t = ctx;
    return id < t->n ? &t->sources[id] : NULL;
}

/* The id of a value that stays a field under its own name; 0: nobody asks, or it is one of our names. */
static uint32_t kept_id(const struct event_names *names, const struct recipe *r, uint32_t slot) {
    char z[2 * DECODER_KEY_BYTES_MAX];
    struct str name = r->slot_names[slot];
    if (!r->keep || slot == r->list.nested || memchr(name.p, '.', name.n) || memchr(name.p, ' ', name.n))
        return 0;
    memcpy(z, r->keep_prefix.p, r->keep_prefix.n);
    memcpy(z + r->keep_prefix.n, name.p, name.n);
    uint32_t id = event_names_find(names, str_n(z, r->keep_prefix.n + name.n));
    return id < EVENT_F_WELL_KNOWN_MAX_ ? 0 : id;
}

/* Where the fields of the set stand in this table of names; 0 where nobody asks for one. */
static int number_fields(struct decode *d) {
    size_t n = d->set ? d->set->n_fields : 0;
    d->recipe_names = event_names_count(d->names);
    d->recipe_ids = mem_zalloc_array(n + 1, sizeof *d->recipe_ids);
    d->kept_ids = mem_zalloc_array((d->set ? d->set->n_kept : 0) + 1, sizeof *d->kept_ids);
    if (!d->recipe_ids || !d->kept_ids)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        d->recipe_ids[i] = event_names_find(d->names, d->set->field_names[i]);
    for (size_t i = 0; d->set && i < d->set->n; i++)
        for (uint32_t k = 0; k < d->set->recipes[i]->slots.n; k++)
            d->kept_ids[d->set->recipes[i]->kept_at + k] = kept_id(d->names, d->set->recipes[i], k);
    return 0;
}

int decode_new(const struct event_names *names, decode_source_fn *source, void *ctx,
               struct decode_set *set, struct decode **ret, struct diag *reterr) {
    CLEANUP(decode_freep) struct decode *d = mem_zalloc(sizeof *d);
    if (!d)
        return diag_set(reterr, -ENOMEM, "no memory for the decoder");
    for (size_t i = 1; i < ARRAY_SIZE(formats); i++)
        ASSERT(formats[i - 1].order < formats[i].order);
    *d = (struct decode){.names = names, .source = source, .source_ctx = ctx,
                         .set = decode_set_ref(set)};
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        for (int c = 0; c < 256 && formats[i].recognise; c++)
            if (!formats[i].first || (c && strchr(formats[i].first, c)))
                d->by_first[c] |= 1u << i;
    if (number_fields(d) < 0)
        return diag_set(reterr, -ENOMEM, "no memory for the decoder");
    *ret = TAKE_PTR(d);
    return 0;
}

struct decode *decode_free(struct decode *d) {
    if (d) {
        decode_set_unref(d->set);
        mem_free(d->recipe_ids);
        mem_free(d->kept_ids);
        mem_free(d);
    }
    return NULL;
}

/* ESC or anything not ASCII. */
static bool needs_look(struct str s) {
    typedef unsigned char v16 __attribute__((vector_size(16)));
    v16 any = {0}, v;
    uint64_t w[2];
    if (s.n < sizeof v) {
        unsigned bad = 0;
        for (size_t i = 0; i < s.n; i++)
            bad |= (unsigned char) s.p[i] >= 0x80 || s.p[i] == 0x1b;
        return bad;
    }
    const char *p = s.p, *last = s.p + s.n - sizeof v;
    for (; p < last; p += sizeof v) {
        memcpy(&v, p, sizeof v);
        any |= v | (v16) (v == 0x1b);
    }
    memcpy(&v, last, sizeof v); /* overlaps what was seen */
    any |= v | (v16) (v == 0x1b);
    memcpy(w, &any, sizeof w);
    return ((w[0] | w[1]) & UINT64_C(0x8080808080808080)) != 0;
}

static bool is_utf16(int encoding) {
    return encoding == TEXT_UTF16LE || encoding == TEXT_UTF16BE;
}

/* Finds the line's encoding. UTF-16 has no ASCII marks, so such a line is made readable as a whole;
 * it is believed only when the source says so or a byte order mark does: NUL bytes are easily sent.
 */
static void look_at_encoding(struct decode_job *j) {
    struct str s = j->rec->bytes;
    enum text_encoding used;
    j->line = s;
    j->encoding = TEXT_ASCII;
    j->plain = true;
    bool utf16 = is_utf16(j->src->encoding);
    if (!utf16 && !needs_look(s))
        return;
    bool bom = s.n >= 2 && (memcmp(s.p, "\xff\xfe", 2) == 0 || memcmp(s.p, "\xfe\xff", 2) == 0);
    if (utf16 || bom) {
        j->line = text_to_utf8(j->ev->arena, s, utf16 ? j->src->encoding : -1, &used);
        if (!j->line.p) {
            j->line = s;
            j->err = -ENOMEM;
        }
        j->encoding = used;
        j->ev->flags |= used == TEXT_BROKEN ? EVENT_BROKEN_TEXT : 0;
        return;
    }
    bool hinted = j->src->encoding >= 0;
    used = hinted && j->src->encoding != TEXT_ASCII ? (enum text_encoding) j->src->encoding
                                                    : text_detect_usual(s, j->src->usual);
    if (used == TEXT_ASCII)
        return;
    j->encoding = is_utf16(used) || used == TEXT_BROKEN ? -1 : (int) used;
    j->plain = used == TEXT_UTF8 && (!hinted || text_is_utf8(s));
}

/* "message repeated 3 times: [ X]" (rsyslog) is X three times. Only at the very start of a message:
 * what follows may be anybody's words. */
static struct str unfold_repeat(struct decode_job *j, struct str m) {
    static const char head[] = "message repeated ", mid[] = " times: [ ";
    if (LIKELY(!m.n || m.p[0] != 'm') || !STARTS(m, head) || m.p[m.n - 1] != ']')
        return m;
    size_t at = sizeof head - 1, from = at;
    while (at < m.n && ascii_digit(m.p[at]))
        at++;
    if (at == from || at - from > COUNT_DIGITS_MAX || m.p[from] == '0' ||
        !STARTS(str_from(m, at), mid) || at + sizeof mid > m.n)
        return m;
    j->count = str_n(m.p + from, at - from);
    at += sizeof mid - 1;
    return str_n(m.p + at, m.n - at - 1);
}

static bool try(struct decode_job *j, const struct decode_format *f, struct str text) {
    if ((f->recipe ? recipe_decode(f->recipe, j, text) : f->decode(j, text)) != DECODE_DONE)
        return false;
    if (!j->decoder.n)
        j->decoder = f->name;
    return true;
}

/* A web server's own log sent through syslog: only from a tag that says so. */
static bool is_web_program(struct str program) {
    static const char *const words[] = {"nginx", "apache", "httpd", "access"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_find(program, str_of(words[i]), 0) >= 0)
            return true;
    return false;
}

/* What the program said, `m`: by the format of the program, else by how it looks. */
static void decode_words(struct decode_job *j, struct str m) {
    const struct decode_format *f =
        j->program_known ? j->program_format : decode_format_of_program(j->program);
    const struct decode_format *forced = j->forced;
    if (forced && (forced->programs[0].n || forced->order > ORDER_SYSLOG))
        f = forced;
    if (j->not_root && f && f->decode == sshd_decode) {
        put(j, EVENT_F_TAGS, STR("forged-identity"));
        put_error(
            j, STR("an ordinary account wrote this under sshd's name; it is not read as sshd's"));
        return;
    }
    const struct recipe *claimed = NULL;
    if (STARTS(m, "pam_") && try(j, &formats[F_PAM], m))
        return;
    if (f && try(j, f, m))
        return;
    if (!f && recipe_try_program(j, m, &claimed))
        return;
    if (m.n && m.p[0] == '{' && try(j, &formats[F_JSON], m))
        return;
    if (cef_recognise(j, m) && try(j, &formats[F_CEF], m))
        return;
    if (!f && !claimed && !j->program.n && recipe_try_content(j, m, &claimed))
        return;
    if (claimed || (f && f->recipe)) {
        recipe_unmatched(j, claimed ? claimed : f->recipe);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(formats) && !f; i++)
        if (formats[i].order >= ORDER_WEB && formats[i].recognise && formats[i].recognise(j, m) &&
            is_web_program(j->program) && try(j, &formats[i], m))
            return;
}

void decode_message(struct decode_job *j, struct str message) {
    put_text(j, EVENT_F_MESSAGE, message);
    decode_words(j, unfold_repeat(j, message));
    if (j->count.n && !j->ev->first[EVENT_F_COUNT])
        put_number(j, EVENT_F_COUNT, j->count);
}

/* The forced format, alone or inside syslog. The header is looked for first: no line of another
 * format begins like one. */
static bool decode_forced(struct decode_job *j, const struct decode_format *f) {
    j->forced = f;
    if (f->recipe && recipe_recognise(f->recipe, j->line) && try(j, f, j->line))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(formats) && f->order > ORDER_SYSLOG; i++)
        if (formats[i].order <= ORDER_SYSLOG && formats[i].recognise &&
            formats[i].recognise(j, j->line) && try(j, &formats[i], j->line))
            return true;
    return try(j, f, j->line);
}

static bool decode_by_content(struct decode_job *j) {
    const struct recipe *claimed;
    uint32_t may = j->line.n ? j->d->by_first[(unsigned char) j->line.p[0]] : 0;
    if (recipe_try_content(j, j->line, &claimed))
        return true;
    for (; may; may &= may - 1) {
        const struct decode_format *f = &formats[__builtin_ctz(may)];
        if (f->recognise(j, j->line) && try(j, f, j->line))
            return true;
    }
    if (claimed)
        j->why = arena_printf(j->ev->arena, "decoder %.*s does not know what stands in the line", STR_ARG(claimed->name));
    return false;
}

/* The line's own message takes the place of the line. */
static void take_inner_message(struct event *ev, uint32_t from) {
    uint32_t outer = ev->first[EVENT_F_MESSAGE], i = from;
    while (i < ev->n && ev->fields[i].id != EVENT_F_MESSAGE)
        i++;
    if (!outer || outer > from || i == ev->n)
        return;
    ev->fields[outer - 1] = ev->fields[i];
    memmove(&ev->fields[i], &ev->fields[i + 1], (ev->n - i - 1) * sizeof ev->fields[0]);
    ev->n--;
    for (size_t id = 0; id < EVENT_F_WELL_KNOWN_MAX_; id++)
        ev->first[id] -= ev->first[id] > i + 1;
}

void decode_inner_line(struct decode_job *j, struct str line) {
    struct decode_job outer = *j;
    uint32_t n = j->ev->n;
    while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    if (j->inner || !line.n)
        return;
    j->inner = j->plain = true;
    j->encoding = TEXT_UTF8;
    j->line = line;
    j->decoder = STR_NULL;
    j->when = (struct when){.t_ns = TIME_NONE};
    bool known = decode_by_content(j);
    if (known)
        take_inner_message(j->ev, n);
    if (!known)
        j->decoder = outer.decoder;
    if (j->when.t_ns == TIME_NONE)
        j->when = outer.when;
    if (!known)
        j->why = outer.why;
    j->line = outer.line;
    j->plain = outer.plain;
    j->encoding = outer.encoding;
}

static void decode_unknown(struct decode_job *j, bool may_have_time) {
    if (may_have_time && j->when.t_ns == TIME_NONE)
        (void) when_any(j->line, &j->when, j);
    put_text(j, EVENT_F_MESSAGE, j->line);
    if (j->why.n)
        put_error(j, j->why);
    j->ev->flags |= EVENT_UNPARSED;
    j->decoder = STR("unknown");
}

static void decode_line(struct decode_job *j) {
    unsigned flags = j->rec->flags;
    if (flags & (RAW_PIECE_NEXT | RAW_PIECE_LAST)) {
        decode_unknown(j, false);
        put_error(j, STR("continues an overlong line"));
        return;
    }
    const struct decode_format *f = NULL;
    if (flags & RAW_JOURNAL)
        f = &formats[F_JOURNAL];
    else if (j->src->decoder.n)
        f = find_format(j->d->set, j->src->decoder);
    if (f ? !decode_forced(j, f) : !decode_by_content(j)) {
        decode_unknown(j, true);
        if (f && f->recipe)
            recipe_unmatched(j, f->recipe);
    }
    if (flags & RAW_PIECE)
        put_error(j, STR("the line is overlong and goes on in further pieces"));
}

/* Rules on what Kizuki itself noticed ask for little more than that it did. So nobody else's line may say so, in whatever
 * letters: compared is as rules compare, and more loosely. The line itself is kept as it came. */
static void refuse_claim(struct decode_job *j) {
    struct event *ev = j->ev;
    bool claimed = false;
    if (source_is_ours(j->src))
        return;
    for (const struct event_field *f = NULL; (f = event_find(ev, EVENT_F_EVENT_DATASET, f));) {
        struct str folded = text_fold(ev->arena, f->value);
        if (!folded.p && f->value.n) {
            j->err = -ENOMEM;
            return;
        }
        if (str_find(folded, STR("kizuki"), 0) < 0)
            continue;
        ev->fields[f - ev->fields].value = STR("forged");
        claimed = true;
    }
    if (claimed) {
        put(j, EVENT_F_TAGS, STR("forged-identity"));
        put_error(j, STR("the sender says that Kizuki itself noticed this; it is not believed"));
    }
}

/* A figure, or what a program complains of, says on which machine; which service that carries, the source it came through may know. */
static void complete_service(struct decode_job *j) {
    const struct event *ev = j->ev;
    const struct event_field *f = event_find(ev, EVENT_F_EVENT_KIND, NULL);
    bool bare = !f && !ev->first[EVENT_F_EVENT_CATEGORY] && ev->first[EVENT_F_PROCESS_NAME];
    if (!ev->first[EVENT_F_SERVICE_NAME] && (bare || (f && str_eq_z(f->value, "metric"))))
        put(j, EVENT_F_SERVICE_NAME, j->src->service);
}

static void finish(struct decode_job *j) {
    struct filler f;
    if (UNLIKELY(j->ev->first[EVENT_F_EVENT_DATASET]))
        refuse_claim(j);
    if (j->ev->first[EVENT_F_URL_PATH] && j->ev->first[EVENT_F_HTTP_STATUS])
        put_url_template(j);
    if (!j->host_put && j->src->host.n)
        put(j, EVENT_F_HOST_NAME, j->src->host);
    if (UNLIKELY(j->src->service.n))
        complete_service(j);
    struct str original = j->plain ? j->line : job_text(j, j->line);
    struct str basis = when_settle(j);
    if (!fill_begin(j, &f, 5))
        return;
    fill(&f, EVENT_F_DECODER, j->decoder);
    if (!(j->rec->flags & RAW_JOURNAL))
        fill(&f, EVENT_F_EVENT_ORIGINAL, original);
    if (UNLIKELY(j->encoding != TEXT_ASCII && j->encoding != TEXT_UTF8))
        fill(&f, EVENT_F_ENCODING,
             str_of(text_encoding_to_string(j->encoding < 0 ? TEXT_BROKEN
                                                            : (enum text_encoding) j->encoding)));
    if (j->when.zone.n)
        fill(&f, EVENT_F_EVENT_TIMEZONE, j->when.zone);
    fill(&f, EVENT_F_TIME_BASIS, basis);
    fill_end(&f);
}

/* Most lines of a JSON log are JSON in UTF-8: they are read without being looked at first. */
static bool may_be_json(const struct decode_job *j) {
    const struct str s = j->rec->bytes;
    const unsigned odd = RAW_PIECE | RAW_PIECE_NEXT | RAW_PIECE_LAST | RAW_JOURNAL;
    return s.n && s.p[0] == '{' && !(j->rec->flags & odd) && !j->src->decoder.n &&
           (j->src->encoding < 0 || j->src->encoding == TEXT_UTF8);
}

static void job_begin(struct decode_job *j, const struct decode *d, struct json_keys *keys,
                      const struct raw_record *rec, struct event *ev) {
    const struct source *src = d->source ? d->source(d->source_ctx, rec->source) : NULL;
    *j = (struct decode_job){
        .d = d,
        .keys = keys,
        .rec = rec,
        .src = src ? src : &unknown_source,
        .ev = ev,
        .when = {.t_ns = TIME_NONE},
        .whole = !(rec->flags & (RAW_PIECE | RAW_TRUNCATED)),
    };
}

static int decode_with(const struct decode *d, struct json_keys *keys, const struct raw_record *rec,
                       struct event *ev) {
    struct decode_job j;
    ASSERT(ev->names == d->names);
    if (rec->flags & RAW_TICK) {
        ev->time_ns = rec->arrival_ns;
        return 0;
    }
    job_begin(&j, d, keys, rec, ev);
    bool json = may_be_json(&j);
    int r = event_reserve(ev, json ? JSON_FIELDS_FIRST : FIELDS_FIRST);
    if (r < 0)
        return r;
    j.line = rec->bytes;
    j.plain = true;
    if (!json || !json_decode_line(&j)) {
        if (json)
            job_begin(&j, d, keys, rec, ev);
        look_at_encoding(&j);
        decode_line(&j);
    }
    finish(&j);
    return j.err;
}

static int decode_record(void *ctx, const struct raw_record *rec, struct event *ev) {
    return decode_with(ctx, NULL, rec, ev);
}

static int decode_record_in_lane(void *ctx, const struct raw_record *rec, struct event *ev) {
    const struct decode_lane *l = ctx;
    return decode_with(l->d, l->keys, rec, ev);
}

struct decoder decode_port(struct decode *d) {
    return (struct decoder){.ctx = d, .decode = decode_record};
}

struct decode_lane *decode_lane_new(const struct decode *d) {
    struct decode_lane *l = mem_zalloc(sizeof *l);
    if (!l)
        return NULL;
    l->d = d;
    l->keys = mem_alloc(sizeof *l->keys);
    if (!l->keys)
        return decode_lane_free(l);
    json_keys_reset(l->keys, d);
    return l;
}

struct decode_lane *decode_lane_free(struct decode_lane *l) {
    if (l) {
        mem_free(l->keys);
        mem_free(l);
    }
    return NULL;
}

struct decoder decode_lane_port(struct decode_lane *l) {
    return (struct decoder){.ctx = l, .decode = decode_record_in_lane};
}

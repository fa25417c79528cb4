/* Headers: cutting them, encoded words (RFC 2047), parameters (RFC 2231), what a message keeps of them. First one counts. Judges nothing. */
#include "base/text.h"
#include "mail/mail_priv.h"

void *mail_more(struct mail_reading *r, void *array, size_t *n, size_t *cap, size_t max, size_t size, unsigned *odd) {
    void **p = array;
    if (*n >= max) {
        ++*odd;
        return NULL;
    }
    if (arena_grow(r->a, p, cap, *n + 1, size) < 0) {
        r->error = -ENOMEM;
        return NULL;
    }
    char *at = (char *) *p + *n * size;
    memset(at, 0, size);
    ++*n;
    return at;
}

bool mail_header_next(struct str *rest, struct mail_header *ret, unsigned *odd) {
    for (;;) {
        struct str line;
        size_t end = 0;
        if (!rest->n)
            return false;
        for (;;) { /* to the end of the line, and of those that go on with it */
            ptrdiff_t nl = str_find_byte(*rest, '\n', end);
            end = nl < 0 ? rest->n : (size_t) nl + 1;
            if (end >= rest->n || (rest->p[end] != ' ' && rest->p[end] != '\t'))
                break;
        }
        line = str_to(*rest, end);
        if (line.p[0] == '\n' || (line.n > 1 && line.p[0] == '\r' && line.p[1] == '\n')) {
            *rest = str_from(*rest, line.p[0] == '\n' ? 1 : 2);
            return false;
        }
        ptrdiff_t colon = str_find_byte(line, ':', 0), nl = str_find_byte(line, '\n', 0);
        bool header = colon > 0 && (nl < 0 || colon < nl);
        for (ptrdiff_t i = 0; header && i < colon; i++)
            header = (unsigned char) line.p[i] > ' ' || (line.p[i] == ' ' && i == colon - 1);
        if (!header && !str_starts(line, STR("From ")) && !str_starts(line, STR(">From "))) { /* a body without an empty line before it */
            ++*odd;
            return false;
        }
        *rest = str_from(*rest, end);
        if (!header)
            continue;
        *ret = (struct mail_header){str_trim(str_to(line, (size_t) colon)), str_trim(str_from(line, (size_t) colon + 1))};
        return true;
    }
}

struct str mail_unfold(struct mail_reading *r, struct str value) {
    value = str_to(value, MAIL_HEADER_BYTES_MAX);
    if (!value.n || (!memchr(value.p, '\n', value.n) && !memchr(value.p, '\r', value.n)))
        return value;
    char *to = arena_alloc(r->a, value.n + 1);
    size_t n = 0;
    if (!to) {
        r->error = -ENOMEM;
        return STR("");
    }
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] != '\r' && value.p[i] != '\n')
            to[n++] = value.p[i] == '\t' ? ' ' : value.p[i];
    return str_n(to, n);
}

static struct str latin1(struct mail_reading *r, struct str s) {
    char *to = arena_alloc(r->a, 2 * s.n + 1);
    size_t n = 0;
    if (!to) {
        r->error = -ENOMEM;
        return STR("");
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char) s.p[i];
        if (c >= 0x80) {
            to[n++] = (char) (0xc0 | c >> 6);
            c = 0x80 | (c & 0x3f);
        }
        to[n++] = (char) c;
    }
    return str_n(to, n);
}

struct str mail_utf8(struct mail_reading *r, struct str bytes, struct str charset, unsigned *odd) {
    static const struct {
        const char *name;
        int encoding;
    } NAMES[] = {{"utf-8", TEXT_UTF8}, {"us-ascii", -1}, {"iso-2022-jp", TEXT_ISO_2022_JP}, {"iso-2022-jp-ms", TEXT_ISO_2022_JP}, {"shift_jis", TEXT_CP932},
                 {"shift-jis", TEXT_CP932}, {"sjis", TEXT_CP932}, {"x-sjis", TEXT_CP932}, {"windows-31j", TEXT_CP932}, {"cp932", TEXT_CP932}, {"ms932", TEXT_CP932},
                 {"euc-jp", TEXT_EUC_JP}, {"x-euc-jp", TEXT_EUC_JP}, {"utf-16le", TEXT_UTF16LE}, {"utf-16be", TEXT_UTF16BE}, {"utf-16", TEXT_UTF16BE}};
    enum text_encoding used;
    int hint = -1;
    if (str_eq_icase(str_to(charset, 8), STR("iso-8859")) || str_eq_icase(str_to(charset, 10), STR("windows-12")))
        return text_is_utf8(bytes) ? bytes : latin1(r, bytes);
    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
        if (str_eq_icase(charset, str_of(NAMES[i].name)))
            hint = NAMES[i].encoding;
    struct str s = text_to_utf8(r->a, bytes, hint, &used);
    if (!s.p)
        r->error = -ENOMEM;
    *odd += s.p && used == TEXT_BROKEN;
    return s.p ? s : STR("");
}

/* "=?charset?B|Q?code?=" at the beginning of s: its length, 0 = none. */
static size_t one_word(struct mail_reading *r, struct str s, struct str *ret_bytes, struct str *ret_charset, unsigned *odd) {
    if (!str_starts(s, STR("=?")))
        return 0;
    ptrdiff_t a = str_find_byte(s, '?', 2), b = a < 0 ? -1 : str_find_byte(s, '?', (size_t) a + 1), c = b < 0 ? -1 : str_find(s, STR("?="), (size_t) b + 1);
    if (c < 0 || b != a + 2)
        return 0;
    struct str charset = str_n(s.p + 2, (size_t) a - 2), code = str_n(s.p + b + 1, (size_t) (c - b) - 1);
    ptrdiff_t star = str_find_byte(charset, '*', 0); /* RFC 2231: a language behind it */
    char kind = ascii_lower(s.p[a + 1]);
    if (kind != 'b' && kind != 'q')
        return 0;
    *ret_charset = star < 0 ? charset : str_to(charset, (size_t) star);
    *ret_bytes = kind == 'b' ? mail_base64(r, code, odd) : mail_quoted(r, code, true, odd);
    return (size_t) c + 2;
}

static void end_run(struct mail_reading *r, struct buf *out, struct buf *run, struct str charset, unsigned *odd) {
    struct str copy = run->n ? arena_dup(r->a, buf_str(run)) : STR("");
    if (!copy.p)
        r->error = -ENOMEM;
    if (copy.p && copy.n)
        buf_add(out, mail_utf8(r, copy, charset, odd));
    buf_clear(run);
}

/* Words that stand side by side with one character set are one text: ISO-2022-JP and bad senders cut characters. */
struct str mail_words(struct mail_reading *r, struct str value, unsigned *odd) {
    struct str s = mail_unfold(r, value), charset = STR(""), bytes, of;
    struct buf out, run;
    if (str_find(s, STR("=?"), 0) < 0)
        return mail_utf8(r, s, STR(""), odd);
    buf_init(&out, 4 * MAIL_HEADER_BYTES_MAX);
    buf_init(&run, 4 * MAIL_HEADER_BYTES_MAX);
    while (s.n && !r->error) {
        size_t n = one_word(r, s, &bytes, &of, odd);
        if (!n || !str_eq_icase(of, charset))
            end_run(r, &out, &run, charset, odd);
        if (n) {
            size_t gap = n;
            charset = of;
            buf_add(&run, bytes);
            while (gap < s.n && s.p[gap] == ' ')
                gap++;
            s = str_from(s, str_starts(str_from(s, gap), STR("=?")) ? gap : n); /* space between words is none */
        } else {
            ptrdiff_t at = str_find(s, STR("=?"), 1);
            struct str plain = at < 0 ? s : str_to(s, (size_t) at);
            buf_add(&out, mail_utf8(r, plain, STR(""), odd));
            s = str_from(s, plain.n);
        }
    }
    end_run(r, &out, &run, charset, odd);
    *odd += buf_error(&out) != 0;
    struct str done = arena_dup(r->a, buf_str(&out));
    buf_done(&out);
    buf_done(&run);
    if (!done.p)
        r->error = -ENOMEM;
    return done.p ? done : STR("");
}

struct str mail_token(struct mail_reading *r, struct str value) {
    size_t n = 0;
    value = str_trim(value);
    while (n < value.n && n < 128 && (unsigned char) value.p[n] > ' ' && value.p[n] != ';')
        n++;
    char *to = arena_alloc(r->a, n + 1);
    if (!to) {
        r->error = -ENOMEM;
        return STR("");
    }
    for (size_t i = 0; i < n; i++)
        to[i] = ascii_lower(value.p[i]);
    return str_n(to, n);
}

/* The value behind "name=" or "name*0=" …; quoted or a token. */
static bool raw_parameter(struct str value, struct str name, struct str *ret) {
    bool quoted = false;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        quoted ^= c == '"';
        i += c == '\\' && quoted;
        if (c != ';' || quoted)
            continue;
        struct str s = str_trim(str_from(value, i + 1));
        if (s.n <= name.n || !str_eq_icase(str_to(s, name.n), name))
            continue;
        s = str_trim(str_from(s, name.n));
        if (!s.n || s.p[0] != '=')
            continue;
        s = str_trim(str_from(s, 1));
        size_t n = 0;
        if (s.n && s.p[0] == '"') {
            for (n = 1; n < s.n && s.p[n] != '"'; n++)
                n += s.p[n] == '\\';
            *ret = str_n(s.p + 1, MIN(n, s.n) - 1);
        } else {
            while (n < s.n && s.p[n] != ';')
                n++;
            *ret = str_trim(str_to(s, n));
        }
        return true;
    }
    return false;
}

static void add_percent(struct buf *out, struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        uint8_t byte;
        if (s.p[i] == '%' && i + 2 < s.n && hex_decode(str_n(s.p + i + 1, 2), &byte, 1) == 0) {
            buf_add_byte(out, (char) byte);
            i += 2;
        } else {
            buf_add_byte(out, s.p[i]);
        }
    }
}

struct str mail_parameter(struct mail_reading *r, struct str value, const char *name, unsigned *odd) {
    struct str s, charset = STR(""), header = mail_unfold(r, value);
    struct buf out;
    char key[64];
    if (raw_parameter(header, str_of(name), &s))
        return mail_words(r, s, odd);
    buf_init(&out, MAIL_HEADER_BYTES_MAX);
    for (int i = -1; i < 64; i++) { /* name*, then name*0 or name*0*, name*1… */
        bool coded = true;
        if (i < 0)
            snprintf(key, sizeof key, "%s*", name);
        else
            snprintf(key, sizeof key, "%s*%d*", name, i);
        if (!raw_parameter(header, str_of(key), &s)) {
            key[strlen(key) - 1] = 0;
            coded = false;
            if (i < 0)
                continue;
            if (!raw_parameter(header, str_of(key), &s))
                break;
        }
        if (coded && i <= 0) { /* charset'language'text */
            ptrdiff_t a = str_find_byte(s, '\'', 0), b = a < 0 ? -1 : str_find_byte(s, '\'', (size_t) a + 1);
            charset = b < 0 ? charset : str_to(s, (size_t) a);
            s = b < 0 ? s : str_from(s, (size_t) b + 1);
        }
        if (coded)
            add_percent(&out, s);
        else
            buf_add(&out, s);
        if (i < 0)
            break;
    }
    struct str copy = arena_dup(r->a, buf_str(&out));
    buf_done(&out);
    if (!copy.p)
        r->error = -ENOMEM;
    return copy.p && copy.n ? mail_utf8(r, copy, charset, odd) : STR("");
}

/* What stands in <>, else the first word with an @. */
struct str mail_address(struct mail_reading *r, struct str value) {
    struct str s = mail_unfold(r, value);
    ptrdiff_t close = -1, open = -1;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '<')
            open = (ptrdiff_t) i;
        else if (s.p[i] == '>' && open >= 0 && close < open)
            close = (ptrdiff_t) i;
    if (open >= 0 && close > open)
        return str_trim(str_n(s.p + open + 1, (size_t) (close - open) - 1));
    ptrdiff_t at = str_find_byte(s, '@', 0);
    if (at < 0)
        return STR("");
    size_t from = (size_t) at, to = (size_t) at;
    while (from > 0 && (unsigned char) s.p[from - 1] > ' ' && !strchr(",;()\"", s.p[from - 1]))
        from--;
    while (to < s.n && (unsigned char) s.p[to] > ' ' && !strchr(",;()\"", s.p[to]))
        to++;
    return str_n(s.p + from, to - from);
}

/* "spf=pass" and friends; only words, so that a hostile header cannot put more there. */
static struct str result_of(struct str s, const char *method) {
    for (ptrdiff_t at = 0; (at = str_find(s, str_of(method), (size_t) at)) >= 0; at++) {
        size_t n = strlen(method), i = (size_t) at + n;
        if (at > 0 && s.p[at - 1] != ' ' && s.p[at - 1] != ';')
            continue;
        if (i >= s.n || s.p[i] != '=')
            continue;
        struct str word = str_from(s, i + 1);
        size_t k = 0;
        while (k < word.n && k < 20 && ascii_lower(word.p[k]) >= 'a' && ascii_lower(word.p[k]) <= 'z')
            k++;
        return str_to(word, k);
    }
    return STR("");
}

static void take_auth(struct mail_reading *r, struct mail_message *m, struct str value) {
    struct mail_auth *x = mail_more(r, &m->auth, &m->n_auth, &m->cap_auth, MAIL_AUTH_MAX, sizeof *x, &m->odd);
    struct str s = mail_utf8(r, mail_unfold(r, value), STR(""), &m->odd);
    if (!x)
        return;
    *x = (struct mail_auth){.by = mail_token(r, s), .spf = result_of(s, "spf"), .dkim = result_of(s, "dkim"), .dmarc = result_of(s, "dmarc")};
}

enum { AS_WORDS, AS_ADDRESS, AS_TOKEN };
static const struct {
    const char *name;
    size_t at;
    int as;
} FIELDS[] = {
#define AT(x) offsetof(struct mail_message, x)
    {"from", AT(from), AS_WORDS},           {"reply-to", AT(reply_to), AS_WORDS},       {"return-path", AT(return_path), AS_ADDRESS},
    {"to", AT(to), AS_WORDS},               {"subject", AT(subject), AS_WORDS},         {"date", AT(date), AS_WORDS},
    {"message-id", AT(message_id), AS_ADDRESS}, {"in-reply-to", AT(in_reply_to), AS_ADDRESS}, {"references", AT(references), AS_WORDS},
    {"auto-submitted", AT(auto_submitted), AS_TOKEN}, {"precedence", AT(precedence), AS_TOKEN}, {"list-id", AT(list_id), AS_WORDS},
#undef AT
};

void mail_take_headers(struct mail_reading *r, struct mail_message *m, struct str *rest, struct str ret_mime[3]) {
    struct mail_header h;
    unsigned n = 0;
    ret_mime[0] = ret_mime[1] = ret_mime[2] = STR("");
    while (mail_header_next(rest, &h, &m->odd)) {
        if (++n > MAIL_HEADERS_MAX) {
            m->odd += n == MAIL_HEADERS_MAX + 1;
            continue;
        }
        for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++) {
            struct str *to = (struct str *) (void *) ((char *) m + FIELDS[i].at);
            if (!str_eq_icase(h.name, str_of(FIELDS[i].name)))
                continue;
            if (to->p) /* twice: the first counts, as for most readers */
                m->odd++;
            else
                *to = FIELDS[i].as == AS_WORDS ? mail_words(r, h.value, &m->odd) : FIELDS[i].as == AS_TOKEN ? mail_token(r, mail_unfold(r, h.value)) : mail_address(r, h.value);
            if (!to->p)
                *to = STR("");
            if (i == 0 && !m->from_address.p)
                m->from_address = mail_address(r, h.value);
        }
        if (str_eq_icase(h.name, STR("received"))) {
            struct str *x = mail_more(r, &m->received, &m->n_received, &m->cap_received, MAIL_RECEIVED_MAX, sizeof *x, &m->odd);
            if (x)
                *x = mail_utf8(r, mail_unfold(r, h.value), STR(""), &m->odd);
        } else if (str_eq_icase(h.name, STR("authentication-results"))) {
            take_auth(r, m, h.value);
        } else if (str_eq_icase(h.name, STR("content-type")) && !ret_mime[0].n) {
            ret_mime[0] = h.value;
        } else if (str_eq_icase(h.name, STR("content-transfer-encoding")) && !ret_mime[1].n) {
            ret_mime[1] = h.value;
        } else if (str_eq_icase(h.name, STR("content-disposition")) && !ret_mime[2].n) {
            ret_mime[2] = h.value;
        }
    }
}

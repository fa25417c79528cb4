#include "door/compose.h"

#include "base/base64.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

enum { WORD_BYTES = 42, LINE_BYTES = 57 }; /* 42 bytes: 56 characters of base64, 68 with "=?UTF-8?B?" and "?=" */

static void add_base64(struct buf *out, struct str s) {
    char *to = buf_reserve(out, BASE64_CHARS(s.n) + 1);
    if (!to)
        return;
    base64_encode((const uint8_t *) s.p, s.n, to);
    buf_added(out, BASE64_CHARS(s.n));
}

static bool plain_header(struct str s) {
    return text_is_ascii(s) && s.n < 60 && str_find(s, STR("=?"), 0) < 0;
}

/* As encoded words: each holds whole characters. */
static void add_words(struct buf *out, struct str s) {
    for (bool first = true; s.n; first = false) {
        size_t n = MIN(s.n, (size_t) WORD_BYTES);
        while (n > 1 && n < s.n && ((unsigned char) s.p[n] & 0xc0) == 0x80)
            n--;
        buf_add_z(out, first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
        add_base64(out, str_to(s, n));
        buf_add_z(out, "?=");
        s = str_from(s, n);
    }
}

static int add_header(struct buf *out, const char *name, struct str value, struct diag *err) {
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char) value.p[i] < ' ' || value.p[i] == 0x7f)
            return diag_set(err, -ERR_REFUSED, "the %s of a mail cannot hold a line break or another control character", name);
    if (!text_is_utf8(value))
        return diag_set(err, -ERR_REFUSED, "the %s of a mail is not UTF-8", name);
    buf_printf(out, "%s: ", name);
    if (plain_header(value))
        buf_add(out, value);
    else
        add_words(out, value);
    buf_add_z(out, "\r\n");
    return 0;
}

bool door_mail_address_ok(struct str a) {
    ptrdiff_t at = str_find_byte(a, '@', 0);
    if (at < 1 || (size_t) at + 1 >= a.n || a.n > 254 || !text_is_utf8(a))
        return false;
    for (size_t i = 0; i < a.n; i++)
        if ((unsigned char) a.p[i] <= ' ' || a.p[i] == 0x7f || strchr("<>()[]\",;:\\", a.p[i]))
            return false;
    return str_find_byte(a, '@', (size_t) at + 1) < 0;
}

static void add_date(struct buf *out, int64_t now_ns) {
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct time_civil c;
    time_to_civil(now_ns, TIME_JST_OFFSET_MIN, &c);
    buf_printf(out, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d +0900\r\n", days + 3 * c.weekday, c.day, months + 3 * (c.month - 1), c.year,
               c.hour, c.minute, c.second);
}

/* Line ends become CRLF, the whole base64. */
static int add_body(struct buf *out, struct str text, struct diag *err) {
    struct buf body;
    buf_init(&body, out->max);
    text = str_ends(text, STR("\n")) ? str_to(text, text.n - 1) : text;
    for (struct str line; str_split(&text, '\n', &line);) {
        buf_add(&body, str_ends(line, STR("\r")) ? str_to(line, line.n - 1) : line);
        buf_add_z(&body, "\r\n");
    }
    for (size_t at = 0; at < body.n; at += LINE_BYTES) {
        add_base64(out, str_to(str_from(buf_str(&body), at), LINE_BYTES));
        buf_add_z(out, "\r\n");
    }
    int e = buf_error(&body) ? buf_error(&body) : buf_error(out);
    buf_done(&body);
    return e < 0 ? diag_set(err, e, "the mail is too long") : 0;
}

int door_mail_compose(struct buf *out, const struct door_mail *m, struct diag *reterr) {
    if (!door_mail_address_ok(m->to) || !door_mail_address_ok(m->from))
        return diag_set(reterr, -ERR_REFUSED, "'%.*s' is no mail address", STR_ARG(door_mail_address_ok(m->from) ? m->to : m->from));
    if (!text_is_utf8(m->text))
        return diag_set(reterr, -ERR_REFUSED, "the text of the mail is not UTF-8");
    struct buf subject;
    buf_init(&subject, out->max);
    buf_add_z(&subject, m->drill ? "【訓練 / DRILL】" : "");
    buf_add(&subject, m->subject);
    add_date(out, m->now_ns);
    buf_add_z(out, "From: ");
    if (m->from_name.n) {
        add_words(out, m->from_name);
        buf_add_byte(out, ' ');
    }
    buf_printf(out, "<%.*s>\r\nTo: <%.*s>\r\n", STR_ARG(m->from), STR_ARG(m->to));
    int e = text_is_utf8(m->from_name) && !memchr(m->from_name.p ? m->from_name.p : "", '\n', m->from_name.n)
                ? add_header(out, "Subject", buf_str(&subject), reterr)
                : diag_set(reterr, -ERR_REFUSED, "the sender's name is not one line of UTF-8");
    buf_done(&subject);
    if (e < 0)
        return e;
    buf_printf(out, "Message-ID: <%.*s>\r\n", STR_ARG(m->id));
    for (size_t i = 0; i < m->in_reply_to.n; i++)
        if ((unsigned char) m->in_reply_to.p[i] <= ' ' || strchr("<>\x7f", m->in_reply_to.p[i]))
            return diag_set(reterr, -ERR_REFUSED, "the mail that is answered has no usable Message-ID");
    if (m->in_reply_to.n)
        buf_printf(out, "In-Reply-To: <%.*s>\r\nReferences: <%.*s>\r\n", STR_ARG(m->in_reply_to), STR_ARG(m->in_reply_to));
    buf_printf(out, "Auto-Submitted: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\n", m->reply ? "auto-replied" : "auto-generated");
    return add_body(out, m->text, reterr);
}

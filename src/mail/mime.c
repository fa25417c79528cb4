/* Bodies: parts within parts, mails within mails. */
#include "base/text.h"
#include "mail/mail_priv.h"

static void read_entity(struct mail_reading *r, struct mail_message *m, struct str mime[3], struct str body, unsigned depth);

static const struct {
    const char *bytes;
    size_t n;
    const char *looks, *endings; /* endings: of names that fit, separated and enclosed by spaces */
} KINDS[] = {
    {"MZ", 2, "program", " exe dll scr com sys cpl ocx "},
    {"\x7f" "ELF", 4, "program", " so elf bin "},
    {"PK\3\4", 4, "zip", " zip docx xlsx pptx docm xlsm pptm jar apk odt ods odp epub xps vsdx dotx xltx whl "},
    {"Rar!", 4, "rar", " rar "},
    {"7z\xbc\xaf\x27\x1c", 6, "7z", " 7z "},
    {"\x1f\x8b", 2, "gzip", " gz tgz "},
    {"%PDF", 4, "pdf", " pdf ai "},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, "office", " doc xls ppt msi msg vsd xla dot "},
    {"{\\rtf", 5, "rtf", " rtf doc "},
    {"\x89PNG", 4, "png", " png "},
    {"\xff\xd8\xff", 3, "jpeg", " jpg jpeg jfif "},
    {"GIF8", 4, "gif", " gif "},
    {"L\0\0\0\x01\x14\x02\0", 8, "shortcut", " lnk "},
    {"CD001", 5, "iso", " iso "},
    {"ITSF", 4, "help", " chm "},
    {"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", 8, "onenote", " one "},
    {"MSCF", 4, "cabinet", " cab "},
};

static bool fits(struct str name, const char *endings) {
    char wanted[16];
    size_t dot = name.n;
    while (dot > 0 && name.p[dot - 1] != '.')
        dot--;
    struct str end = str_trim(str_from(name, dot));
    if (!dot || end.n > 10)
        return false;
    size_t n = 0;
    wanted[n++] = ' ';
    for (size_t i = 0; i < end.n; i++)
        wanted[n++] = ascii_lower(end.p[i]);
    wanted[n++] = ' ';
    return str_find(str_of(endings), str_n(wanted, n), 0) >= 0;
}

/* U+202E and its kin write names backwards; spaces push the ending out of sight. */
static bool hides_ending(struct str name) {
    return str_find(name, STR("\xe2\x80\xae"), 0) >= 0 || str_find(name, STR("\xe2\x80\xad"), 0) >= 0 || str_find(name, STR("     "), 0) >= 0;
}

void mail_add_file(struct mail_reading *r, struct mail_message *m, struct str name, struct str type, struct str bytes) {
    struct mail_file *f = mail_more(r, &m->files, &m->n_files, &m->cap_files, MAIL_FILES_MAX, sizeof *f, &m->odd);
    uint8_t hash[SHA256_BYTES];
    if (!f)
        return;
    *f = (struct mail_file){.name = name, .type = type, .bytes = bytes.n};
    sha256_of(bytes, hash);
    hex_encode(hash, sizeof hash, f->sha256);
    for (size_t i = 0; i < ARRAY_SIZE(KINDS) && !f->looks; i++)
        if (str_starts(bytes, str_n(KINDS[i].bytes, KINDS[i].n))) {
            f->looks = KINDS[i].looks;
            f->misnamed = name.n && !fits(name, KINDS[i].endings);
        }
    f->misnamed |= hides_ending(name);
}

static struct str decode(struct mail_reading *r, struct mail_message *m, struct str encoding, struct str body) {
    struct str token = mail_token(r, mail_unfold(r, encoding));
    if (str_eq_z(token, "base64"))
        return mail_base64(r, body, &m->odd);
    if (str_eq_z(token, "quoted-printable"))
        return mail_quoted(r, body, false, &m->odd);
    return body;
}

static void add_inner(struct mail_reading *r, struct mail_message *m, struct str bytes) {
    struct mail_message *x, **at = &m->inner;
    if (r->depth >= MAIL_DEPTH_MAX) {
        m->odd++;
        return;
    }
    r->depth++;
    x = mail_is_cfb(bytes) ? mail_read_msg(r, bytes) : mail_read_mime(r, bytes);
    r->depth--;
    while (*at)
        at = &(*at)->next;
    *at = x;
}

static void take_text(struct mail_reading *r, struct mail_message *m, struct str utf8, bool html) {
    struct str text = html ? mail_html(r, m, utf8) : utf8;
    if (!html)
        mail_text_links(r, m, utf8);
    if (str_trim(m->text).n)
        return;
    size_t n = MIN(text.n, (size_t) MAIL_TEXT_BYTES_MAX);
    while (n < text.n && n > 0 && ((unsigned char) text.p[n] & 0xc0) == 0x80)
        n--;
    m->text = str_to(text, n);
}

static void read_leaf(struct mail_reading *r, struct mail_message *m, struct str mime[3], struct str type, struct str body) {
    struct str name = mail_parameter(r, mime[2], "filename", &m->odd), bytes = decode(r, m, mime[1], body);
    bool html = str_eq_z(type, "text/html"), attached = str_eq_z(mail_token(r, mail_unfold(r, mime[2])), "attachment");
    if (!name.n)
        name = mail_parameter(r, mime[0], "name", &m->odd);
    bool text = !type.n || html || str_eq_z(type, "text/plain");
    if (text && !attached && !name.n) {
        take_text(r, m, mail_utf8(r, bytes, mail_parameter(r, mime[0], "charset", &m->odd), &m->odd), html);
        return;
    }
    mail_add_file(r, m, name, type, bytes);
    if (html) /* a page sent along leads somewhere, too */
        (void) mail_html(r, m, mail_utf8(r, bytes, mail_parameter(r, mime[0], "charset", &m->odd), &m->odd));
    if (mail_is_cfb(bytes) && fits(name, " msg "))
        add_inner(r, m, bytes);
    else if (fits(name, " eml ") && !html)
        add_inner(r, m, bytes);
}

/* Parts between lines of "--boundary". */
static void read_parts(struct mail_reading *r, struct mail_message *m, struct str boundary, struct str body, unsigned depth) {
    struct str line = str_trim(boundary), part = STR_NULL;
    size_t at = 0;
    bool open = false, done = false;
    while (!done && at <= body.n) {
        size_t begin = at;
        ptrdiff_t nl = str_find_byte(body, '\n', at);
        size_t end = nl < 0 ? body.n : (size_t) nl;
        struct str l = str_n(body.p + begin, end - begin);
        at = end + 1;
        if (l.n < line.n + 2 || l.p[0] != '-' || l.p[1] != '-' || !str_eq(str_n(l.p + 2, line.n), line)) {
            if (nl < 0)
                break;
            continue;
        }
        struct str behind = str_trim(str_from(l, line.n + 2));
        if (behind.n && !str_eq_z(behind, "--"))
            continue;
        if (open) {
            part.n = (size_t) (body.p + begin - part.p);
            struct str mime[3];
            struct mail_message head = {0};
            mail_take_headers(r, &head, &part, mime); /* of a part only Content- counts */
            read_entity(r, m, mime, part, depth + 1);
        }
        open = true;
        done = behind.n != 0;
        part = str_n(body.p + MIN(at, body.n), 0);
        if (r->parts > MAIL_PARTS_MAX || r->error)
            return;
    }
    if (open && !done) { /* never closed: what is there is the last part */
        struct str mime[3];
        struct mail_message head = {0};
        part.n = (size_t) (body.p + body.n - part.p);
        m->odd++;
        mail_take_headers(r, &head, &part, mime);
        read_entity(r, m, mime, part, depth + 1);
    }
}

static void read_entity(struct mail_reading *r, struct mail_message *m, struct str mime[3], struct str body, unsigned depth) {
    struct str type = mail_token(r, mail_unfold(r, mime[0]));
    if (r->error || depth > MAIL_DEPTH_MAX || ++r->parts > MAIL_PARTS_MAX) {
        m->odd++;
        return;
    }
    m->report |= str_eq_z(type, "multipart/report");
    if (str_starts(type, STR("multipart/"))) {
        struct str boundary = mail_parameter(r, mime[0], "boundary", &m->odd);
        if (boundary.n)
            read_parts(r, m, boundary, body, depth);
        else
            m->odd++;
    } else if (str_eq_z(type, "message/rfc822") || str_eq_z(type, "message/global") || str_eq_z(type, "text/rfc822-headers")) {
        add_inner(r, m, decode(r, m, mime[1], body));
    } else {
        read_leaf(r, m, mime, type, body);
    }
}

struct mail_message *mail_read_mime(struct mail_reading *r, struct str bytes) {
    struct mail_message *m = arena_zalloc(r->a, sizeof *m);
    struct str mime[3];
    if (!m) {
        r->error = -ENOMEM;
        return NULL;
    }
    mail_take_headers(r, m, &bytes, mime);
    read_entity(r, m, mime, bytes, 0);
    return m;
}

int mail_parse(struct arena *a, struct str bytes, struct mail_message **ret, struct diag *reterr) {
    struct mail_reading r = {.a = a};
    if (bytes.n > MAIL_BYTES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "the mail is larger than %zu MB", MAIL_BYTES_MAX >> 20);
    struct mail_message *m = mail_is_cfb(bytes) ? mail_read_msg(&r, bytes) : mail_read_mime(&r, bytes);
    if (r.error || !m)
        return diag_set(reterr, -ENOMEM, "the mail takes more memory than it may");
    *ret = m;
    return 0;
}

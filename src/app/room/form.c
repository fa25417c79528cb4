#include "app/room/form.h"

#include "base/macros.h"

/* ---- multipart/form-data (RFC 7578) ---- */

/* Value of a parameter of a header: name=token or name="quoted"; .p NULL: absent. */
static struct str parameter(struct str header, const char *name) {
    struct str rest = header, piece;
    while (str_split(&rest, ';', &piece)) {
        piece = str_trim(piece);
        ptrdiff_t eq = str_find_byte(piece, '=', 0);
        if (eq < 0 || !str_eq_icase(str_to(piece, (size_t) eq), str_of(name)))
            continue;
        struct str v = str_from(piece, (size_t) eq + 1);
        return v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"' ? str_n(v.p + 1, v.n - 2) : v;
    }
    return (struct str){0};
}

/* One part: headers, an empty line, the value. */
static void take_part(struct form *f, struct str part) {
    ptrdiff_t end = str_find(part, STR("\r\n\r\n"), 0);
    struct str headers = str_to(part, end < 0 ? 0 : (size_t) end), line;
    struct form_part x = {.value = str_from(part, (size_t) end + 4)};
    while (end >= 0 && str_split(&headers, '\n', &line)) {
        ptrdiff_t colon = str_find_byte(line, ':', 0);
        if (colon < 0 || !str_eq_icase(str_trim(str_to(line, (size_t) colon)), STR("content-disposition")))
            continue;
        struct str what = str_trim(str_from(line, (size_t) colon + 1));
        x.name = parameter(what, "name");
        x.file = parameter(what, "filename").p != NULL;
    }
    if (x.name.n && f->n < FORM_PARTS_MAX)
        f->parts[f->n++] = x;
}

int form_read(struct form *f, struct str type, struct str body) {
    char mark[80];
    *f = (struct form){0};
    struct str boundary = str_starts(type, STR("multipart/form-data")) ? parameter(type, "boundary") : STR("");
    if (!boundary.n || boundary.n > 70)
        return -ERR_PARSE;
    snprintf(mark, sizeof mark, "\r\n--%.*s", STR_ARG(boundary));
    struct str first = str_from(str_of(mark), 2);
    if (!str_starts(body, first))
        return -ERR_PARSE;
    for (size_t at = first.n;;) {
        struct str rest = str_from(body, at);
        if (str_starts(rest, STR("--")))
            return 0;
        if (!str_starts(rest, STR("\r\n")))
            return -ERR_PARSE;
        ptrdiff_t end = str_find(rest, str_of(mark), 0);
        if (end < 0)
            return -ERR_PARSE;
        if (end >= 2)
            take_part(f, str_n(rest.p + 2, (size_t) end - 2));
        at += (size_t) end + strlen(mark);
    }
}

struct str form_value(const struct form *f, const char *name) {
    for (size_t i = 0; i < f->n; i++)
        if (str_eq_z(f->parts[i].name, name))
            return f->parts[i].value;
    return STR("");
}

/* ---- photos ---- */

static unsigned be16(const char *p) {
    return (unsigned) (unsigned char) p[0] << 8 | (unsigned char) p[1];
}

static uint32_t be32(const char *p) {
    return (uint32_t) be16(p) << 16 | be16(p + 2);
}

/* Beside the picture: APP1 to APP15 and comments, but ICC profiles (APP2) and what decoders need (APP14). */
static bool is_told(unsigned kind, const char *payload, size_t n) {
    if (kind == 0xe2)
        return n < 12 || memcmp(payload, "ICC_PROFILE", 12) != 0; /* previews, further pictures */
    return (kind >= 0xe1 && kind <= 0xef && kind != 0xee) || kind == 0xfe;
}

/* Where the coded picture behind a scan's header ends: at the next marker that is neither stuffing nor a restart. */
static size_t end_of_scan(const char *b, size_t from, size_t n) {
    for (; from + 1 < n; from++) {
        unsigned char next = (unsigned char) b[from + 1];
        if ((unsigned char) b[from] == 0xff && next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7))
            return from;
    }
    return n;
}

/* What stands behind the end of the picture (films, second pictures with their own records) is none of it. One without a picture is none. */
static bool clean_jpeg(char *b, size_t *n) {
    size_t from = 2, to = 2;
    bool drawn = false;
    while (from + 2 <= *n) {
        unsigned kind = (unsigned char) b[from + 1];
        if ((unsigned char) b[from] != 0xff)
            return false;
        if (kind == 0xd9) {
            memmove(b + to, b + from, 2);
            *n = to + 2;
            return drawn;
        }
        size_t len = from + 4 <= *n ? be16(b + from + 2) : 0;
        if (len < 2 || len + 2 > *n - from)
            return false;
        drawn |= kind == 0xda;
        size_t whole = kind == 0xda ? end_of_scan(b, from + 2 + len, *n) - from : 2 + len;
        if (!is_told(kind, b + from + 4, len - 2)) {
            memmove(b + to, b + from, whole);
            to += whole;
        }
        from += whole;
    }
    return false;
}

static bool clean_png(char *b, size_t *n) {
    static const char *const kept[] = {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "bKGD", "pHYs"};
    size_t from = 8, to = 8;
    bool drawn = false;
    while (from + 12 <= *n) {
        size_t whole = 12 + (size_t) be32(b + from);
        bool keep = false, end = memcmp(b + from + 4, "IEND", 4) == 0;
        if (whole > *n - from)
            return false;
        drawn |= memcmp(b + from + 4, "IDAT", 4) == 0;
        for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
            keep |= memcmp(b + from + 4, kept[i], 4) == 0;
        if (keep) {
            memmove(b + to, b + from, whole);
            to += whole;
        }
        from += whole;
        if (end) {
            *n = to;
            return drawn;
        }
    }
    return false;
}

const char *form_photo_clean(char *bytes, size_t *n) {
    if (*n > 4 && memcmp(bytes, "\xff\xd8\xff", 3) == 0)
        return clean_jpeg(bytes, n) ? "image/jpeg" : NULL;
    if (*n > 20 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0)
        return clean_png(bytes, n) ? "image/png" : NULL;
    return NULL;
}

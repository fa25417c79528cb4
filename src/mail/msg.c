/* Outlook's .msg: properties as streams (MS-OXMSG 2.2) in a compound file (MS-CFB). Read by position, nothing is loaded; chains of
 * sectors are walked at most as often as the file has sectors, and the tree of names visits each entry once. */
#include "base/le.h"
#include "mail/mail_priv.h"

#define END 0xfffffffeu
#define FREE 0xffffffffu
enum { ENTRY_BYTES = 128, HEAD_DIFAT = 109, KIND_STORAGE = 1, ENTRIES_MAX = 4 * MAIL_CFB_STREAMS_MAX };

struct cfb {
    struct mail_reading *r;
    struct str file, directory, mini; /* mini: the stream of small streams */
    uint32_t *fat, *mini_fat;
    size_t n_fat, n_mini_fat, sector, mini_sector, mini_below;
    unsigned odd;
};

bool mail_is_cfb(struct str bytes) {
    return bytes.n >= 512 && str_starts(bytes, STR("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"));
}

static uint32_t u32(struct str s, size_t at) {
    return at + 4 <= s.n ? (uint32_t) le_get(s.p + at, 4) : FREE;
}

static struct str sector_at(const struct cfb *c, uint32_t n) {
    size_t at = ((size_t) n + 1) * c->sector;
    return at + c->sector <= c->file.n ? str_n(c->file.p + at, c->sector) : at < c->file.n ? str_from(c->file, at) : STR("");
}

/* The bytes of a chain, at most `max`; mini: of the small sectors. */
static struct str chain(struct cfb *c, uint32_t first, size_t max, bool mini) {
    const uint32_t *next = mini ? c->mini_fat : c->fat;
    size_t n_next = mini ? c->n_mini_fat : c->n_fat, size = mini ? c->mini_sector : c->sector, steps = 0, n = 0;
    max = MIN(max, mini ? c->mini.n : c->file.n);
    char *to = arena_alloc(c->r->a, max + 1);
    if (!to) {
        c->r->error = -ENOMEM;
        return STR("");
    }
    for (uint32_t at = first; at < n_next && n < max; at = next[at]) {
        struct str s = mini ? str_to(str_from(c->mini, (size_t) at * size), size) : sector_at(c, at);
        if (++steps > n_next || !s.n) {
            c->odd++;
            break;
        }
        s = str_to(s, max - n);
        memcpy(to + n, s.p, s.n);
        n += s.n;
    }
    return str_n(to, n);
}

static uint32_t *table_of(struct cfb *c, struct str bytes, size_t *ret_n) {
    size_t n = bytes.n / 4;
    uint32_t *t = arena_alloc(c->r->a, n * sizeof *t + 4);
    if (!t) {
        c->r->error = -ENOMEM;
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        t[i] = u32(bytes, 4 * i);
    *ret_n = n;
    return t;
}

/* The sectors that hold the FAT stand in the head, and beyond 109 in a chain of their own. */
static bool read_fat(struct cfb *c) {
    struct buf all;
    size_t wanted = MIN((size_t) u32(c->file, 44), c->file.n / c->sector + 1), have = 0, steps = 0;
    uint32_t more = u32(c->file, 68);
    struct str list = str_n(c->file.p + 76, 4 * HEAD_DIFAT);
    buf_init(&all, c->file.n + c->sector);
    for (size_t i = 0; have < wanted; i++) {
        if (4 * (i + 1) > list.n || (list.n != 4 * HEAD_DIFAT && 4 * (i + 1) == list.n)) { /* the last of a sector leads on */
            if (list.n != 4 * HEAD_DIFAT)
                more = u32(list, list.n - 4);
            list = sector_at(c, more);
            if (more >= END || list.n < c->sector || ++steps > wanted)
                break;
            i = 0;
        }
        struct str s = sector_at(c, u32(list, 4 * i));
        if (s.n < c->sector)
            break;
        buf_add(&all, s);
        have++;
    }
    c->odd += have < wanted;
    c->fat = table_of(c, buf_str(&all), &c->n_fat);
    buf_done(&all);
    return c->fat && c->n_fat;
}

static struct str entry(const struct cfb *c, uint32_t n) {
    size_t at = (size_t) n * ENTRY_BYTES;
    return at + ENTRY_BYTES <= c->directory.n ? str_n(c->directory.p + at, ENTRY_BYTES) : STR("");
}

static bool open_cfb(struct cfb *c, struct mail_reading *r, struct str file) {
    unsigned shift = (unsigned) le_get(file.p + 30, 2), mini_shift = (unsigned) le_get(file.p + 32, 2);
    *c = (struct cfb){.r = r, .file = file};
    if ((shift != 9 && shift != 12) || mini_shift != 6)
        return false;
    c->sector = (size_t) 1 << shift;
    c->mini_sector = 64;
    c->mini_below = u32(file, 56);
    if (!read_fat(c))
        return false;
    c->directory = chain(c, u32(file, 48), file.n, false);
    struct str root = entry(c, 0);
    if (!root.n)
        return false;
    c->mini = chain(c, u32(root, 116), u32(root, 120), false);
    c->mini_fat = table_of(c, chain(c, u32(file, 60), file.n, false), &c->n_mini_fat);
    return c->mini_fat != NULL;
}

static struct str stream(struct cfb *c, struct str e) {
    size_t size = u32(e, 120);
    return chain(c, u32(e, 116), size, size < c->mini_below);
}

/* Names of MSG are ASCII in UTF-16. */
static struct str name_of(const struct cfb *c, struct str e) {
    size_t n = MIN((size_t) le_get(e.p + 64, 2), (size_t) 64) / 2;
    char *to = arena_alloc(c->r->a, 40);
    if (!to) {
        c->r->error = -ENOMEM;
        return STR("");
    }
    n = n ? n - 1 : 0;
    for (size_t i = 0; i < n; i++)
        to[i] = e.p[2 * i + 1] ? '?' : e.p[2 * i];
    return str_n(to, n);
}

/* The entries of a storage: a tree by siblings, walked with a list of what is still to be seen. */
static size_t children(struct cfb *c, struct str storage, uint32_t *dst, size_t cap) {
    size_t n_entries = MIN(c->directory.n / ENTRY_BYTES, (size_t) ENTRIES_MAX), n = 0, todo = 0;
    uint8_t *seen = arena_zalloc(c->r->a, n_entries + 1);
    uint32_t *stack = arena_alloc(c->r->a, (n_entries + 2) * sizeof *stack);
    if (!seen || !stack) {
        c->r->error = -ENOMEM;
        return 0;
    }
    stack[todo++] = u32(storage, 76);
    while (todo && n < cap) {
        uint32_t at = stack[--todo];
        if (at >= n_entries || seen[at]) {
            c->odd += at < n_entries;
            continue;
        }
        seen[at] = 1;
        struct str e = entry(c, at);
        dst[n++] = at;
        if (todo + 2 <= n_entries + 2) {
            if (u32(e, 68) < n_entries)
                stack[todo++] = u32(e, 68);
            if (todo < n_entries + 2 && u32(e, 72) < n_entries)
                stack[todo++] = u32(e, 72);
        }
    }
    return n;
}

/* ---- properties ---- */

struct storage {
    struct cfb *c;
    uint32_t *at;
    size_t n;
};

static bool open_storage(struct storage *s, struct cfb *c, struct str e) {
    *s = (struct storage){.c = c, .at = arena_alloc(c->r->a, MAIL_CFB_STREAMS_MAX * sizeof(uint32_t))};
    if (!s->at) {
        c->r->error = -ENOMEM;
        return false;
    }
    s->n = children(c, e, s->at, MAIL_CFB_STREAMS_MAX);
    return true;
}

/* "__substg1.0_" and eight hexadecimal digits: what it is, and its type. */
static struct str find(const struct storage *s, const char *tag) {
    for (size_t i = 0; i < s->n; i++) {
        struct str e = entry(s->c, s->at[i]), name = name_of(s->c, e);
        if (name.n == 20 && str_starts(name, STR("__substg1.0_")) && str_eq_icase(str_from(name, 12), str_of(tag)))
            return e;
    }
    return STR("");
}

static struct str text_of(const struct storage *s, const char *property, unsigned *odd) {
    char tag[9];
    snprintf(tag, sizeof tag, "%s001F", property);
    struct str e = find(s, tag);
    if (e.n)
        return mail_utf8(s->c->r, stream(s->c, e), STR("utf-16le"), odd);
    snprintf(tag, sizeof tag, "%s001E", property);
    e = find(s, tag);
    return e.n ? mail_utf8(s->c->r, stream(s->c, e), STR(""), odd) : STR("");
}

static struct mail_message *read_message(struct mail_reading *r, struct cfb *c, struct str storage);

static void read_attachment(struct mail_reading *r, struct mail_message *m, struct cfb *c, struct str e) {
    struct storage s;
    if (++r->parts > MAIL_PARTS_MAX || !open_storage(&s, c, e)) {
        m->odd++;
        return;
    }
    struct str name = text_of(&s, "3707", &m->odd), type = text_of(&s, "370E", &m->odd), data = find(&s, "37010102"), inner = find(&s, "3701000D");
    if (!name.n)
        name = text_of(&s, "3704", &m->odd);
    if (data.n) {
        struct str bytes = stream(c, data);
        mail_add_file(r, m, name, type, bytes);
        bool eml = name.n > 4 && str_eq_icase(str_from(name, name.n - 4), STR(".eml"));
        bool msg = name.n > 4 && str_eq_icase(str_from(name, name.n - 4), STR(".msg"));
        inner = STR("");
        if ((eml || (msg && mail_is_cfb(bytes))) && r->depth < MAIL_DEPTH_MAX) {
            struct mail_message **at = &m->inner;
            r->depth++;
            struct mail_message *x = mail_is_cfb(bytes) ? mail_read_msg(r, bytes) : mail_read_mime(r, bytes);
            r->depth--;
            while (*at)
                at = &(*at)->next;
            *at = x;
        }
    }
    if (inner.n && r->depth < MAIL_DEPTH_MAX) {
        struct mail_message **at = &m->inner;
        r->depth++;
        struct mail_message *x = read_message(r, c, inner);
        r->depth--;
        while (*at)
            at = &(*at)->next;
        *at = x;
    }
}

static void read_bodies(struct mail_reading *r, struct mail_message *m, struct storage *s) {
    struct str text = text_of(s, "1000", &m->odd), html = find(s, "10130102");
    struct str page = html.n ? mail_utf8(r, stream(s->c, html), STR(""), &m->odd) : text_of(s, "1013", &m->odd);
    mail_text_links(r, m, text);
    if (page.n)
        page = mail_html(r, m, page);
    text = text.n ? text : page;
    size_t n = MIN(text.n, (size_t) MAIL_TEXT_BYTES_MAX);
    while (n < text.n && n > 0 && ((unsigned char) text.p[n] & 0xc0) == 0x80)
        n--;
    m->text = str_to(text, n);
}

static struct mail_message *read_message(struct mail_reading *r, struct cfb *c, struct str storage) {
    struct mail_message *m = arena_zalloc(r->a, sizeof *m);
    struct storage s;
    struct str mime[3];
    if (!m || !open_storage(&s, c, storage)) {
        r->error = -ENOMEM;
        return NULL;
    }
    struct str headers = text_of(&s, "007D", &m->odd); /* as they came over the network, where it came over one */
    mail_take_headers(r, m, &headers, mime);
    if (!m->subject.n)
        m->subject = text_of(&s, "0037", &m->odd);
    if (!m->from.n) {
        struct str address = text_of(&s, "5D01", &m->odd), name = text_of(&s, "0C1A", &m->odd);
        if (!address.n)
            address = text_of(&s, "0C1F", &m->odd);
        m->from_address = address;
        m->from = arena_printf(r->a, "%.*s <%.*s>", STR_ARG(name), STR_ARG(address));
    }
    if (!m->to.n)
        m->to = text_of(&s, "0E04", &m->odd);
    if (!m->message_id.n)
        m->message_id = mail_address(r, text_of(&s, "1035", &m->odd));
    read_bodies(r, m, &s);
    for (size_t i = 0; i < s.n && !r->error; i++) {
        struct str e = entry(c, s.at[i]);
        if (e.n && e.p[66] == KIND_STORAGE && str_starts(name_of(c, e), STR("__attach_version1.0_")))
            read_attachment(r, m, c, e);
    }
    m->odd += c->odd;
    c->odd = 0;
    return m;
}

struct mail_message *mail_read_msg(struct mail_reading *r, struct str bytes) {
    struct cfb c;
    if (open_cfb(&c, r, bytes))
        return read_message(r, &c, entry(&c, 0));
    struct mail_message *m = arena_zalloc(r->a, sizeof *m);
    if (!m)
        r->error = -ENOMEM;
    else
        m->odd = 1;
    return m;
}

/* From the values of a line to the fields of an event, and how a line finds its recipe.
 *
 * Who may read what is a matter of safety, as at the head of decode.c: behind a header that names a
 * program only the recipes of that program read; by content a recipe reads whole lines, and messages
 * whose header names no program, as network devices send them. What an ordinary account wrote to the
 * journal is read only when the unit it runs in is one the recipe names. */
#include "base/json.h"
#include "decode/recipe_priv.h"

enum { FIND_WITHIN_BYTES = 512, VALUE_DIGITS_MAX = 15, EXTENSION_BYTES_MAX = 64 };

/* --- conditions --- */

static bool equal_icase(struct str a, struct str b) {
    return a.n == b.n && str_eq_icase(a, b);
}

bool recipe_match_is(const struct recipe_match *m, struct str v) {
    int64_t number;
    switch (m->kind) {
    case MATCH_EXACT:
        return equal_icase(v, m->text);
    case MATCH_START:
        return v.n >= m->text.n && equal_icase(str_to(v, m->text.n), m->text);
    case MATCH_END:
        return v.n >= m->text.n && equal_icase(str_from(v, v.n - m->text.n), m->text);
    case MATCH_WITHIN:
        return str_find(v, m->text, 0) >= 0;
    case MATCH_ANY:
        return v.n > 0;
    case MATCH_FROM:
    case MATCH_BELOW:
        return v.n <= VALUE_DIGITS_MAX && str_to_i64(v, &number) == 0 &&
               (m->kind == MATCH_FROM) == (number >= m->number);
    default:
        return false;
    }
}

bool recipe_cond_holds(const struct recipe_cond *c, const struct recipe_values *v) {
    bool there = recipe_has(v, c->slot) && v->at[c->slot].n;
    if (!there) {
        for (uint16_t i = 0; i < c->n; i++)
            if (c->any[i].kind == MATCH_NONE)
                return true;
        return false;
    }
    struct str s = v->at[c->slot];
    char last = ascii_lower(s.p[s.n - 1]);
    for (uint16_t i = 0; i < c->n; i++) {
        const struct recipe_match *m = &c->any[i];
        if (m->kind == MATCH_EXACT && (m->text.n != s.n || ascii_lower(m->text.p[s.n - 1]) != last))
            continue; /* nearly always: lists of numbers are long */
        if (m->kind != MATCH_NONE && recipe_match_is(m, s))
            return true;
    }
    return false;
}

static bool block_holds(const struct recipe_block *b, const struct recipe_values *v) {
    for (uint16_t i = 0; i < b->n_conds; i++)
        if (!recipe_cond_holds(&b->conds[i], v))
            return false;
    return true;
}

/* --- filling --- */

struct filling {
    const struct recipe *r;
    struct decode_job *j;
    struct recipe_values *v;
    uint64_t done[RECIPE_DONE_WORDS];
};

static uint32_t id_of(const struct filling *f, unsigned field) {
    return f->j->d->recipe_ids[field];
}

static bool is_over(const struct filling *f, unsigned field) {
    for (uint16_t i = 0; i < f->r->n_over; i++)
        if (f->r->over[i] == field)
            return true;
    return false;
}

/* Whether the field is still free; it then counts as filled. */
static bool claim(struct filling *f, unsigned field) {
    uint64_t bit = UINT64_C(1) << field % 64;
    uint32_t id = id_of(f, field);
    if (f->done[field / 64] & bit)
        return false;
    f->done[field / 64] |= bit;
    if (UNLIKELY(f->r->n_over && id && id < EVENT_F_WELL_KNOWN_MAX_ && f->j->ev->first[id]) && is_over(f, field))
        event_forget(f->j->ev, id);
    return id == 0 || id >= EVENT_F_WELL_KNOWN_MAX_ || !f->j->ev->first[id];
}

static void put_field(struct filling *f, unsigned field, uint8_t type, struct str value) {
    struct decode_job *j = f->j;
    uint32_t id = id_of(f, field);
    if (!has_room(j))
        return;
    if (id) {
        put_any(j, id, type, value);
    } else if (event_names_count(j->d->names) != j->d->recipe_names || j->ev->keep_all) {
        put_named(j, f->r->set->field_names[field], type, value);
    }
    if (id == EVENT_F_HOST_NAME)
        j->host_put = true;
}

static struct str readable(const struct filling *f, struct str raw) {
    return f->v->readable || f->j->plain ? raw : job_text(f->j, raw);
}

static struct str copied(struct decode_job *j, const char *p, size_t n) {
    struct str s = arena_dup(j->ev->arena, str_n(p, n));
    if (!s.p)
        j->err = -ENOMEM;
    return s.p ? s : STR("");
}

/* An address in its one way of writing, else the sibling field. */
static void put_ip(struct filling *f, const struct recipe_put *p, struct str s) {
    struct decode_job *j = f->j;
    char z[IP_CAP];
    struct ip ip;
    ptrdiff_t zone = str_find_byte(s, '%', 0);
    s = zone < 0 ? s : str_to(s, (size_t) zone);
    if (id_of(f, p->field) == EVENT_F_SOURCE_IP) {
        put_source(j, s);
        return;
    }
    if (ip_is_dotted_quad(s))
        put_field(f, p->field, JSON_STRING, s);
    else if (ip_parse(s, &ip) == 0)
        put_field(f, p->field, JSON_STRING, copied(j, z, ip_format(&ip, z)));
    else if (p->field_other != UINT16_MAX && claim(f, p->field_other))
        put_field(f, p->field_other, JSON_STRING, readable(f, s));
}

/* IPv6 with its port behind a point, as tcpdump and Yamaha write it; 0: it is not. */
static size_t end_before_point(struct str s) {
    struct ip ip;
    size_t i = s.n;
    while (i && ascii_digit(s.p[i - 1]))
        i--;
    return i > 1 && i < s.n && s.p[i - 1] == '.' && memchr(s.p, ':', i) && ip_parse(str_to(s, i - 1), &ip) == 0 ? i - 1 : 0;
}

/* "192.0.2.1:443", "[2001:db8::1]:443", "2001:db8::1.443", "192.0.2.1(443)", an address alone */
static void put_endpoint(struct filling *f, const struct recipe_put *p, struct str s) {
    struct str port = STR_NULL;
    struct ip ip;
    ptrdiff_t at = s.n && s.p[0] == '[' ? str_find_byte(s, ']', 0) : -1;
    if (at > 0) {
        port = str_from(s, (size_t) at + 2);
        s = str_n(s.p + 1, (size_t) at - 1);
    } else if (end_before_point(s)) {
        port = str_from(s, end_before_point(s) + 1);
        s = str_to(s, end_before_point(s));
    } else if (ip_parse(s, &ip) < 0) {
        at = str_find_byte(s, ':', 0);
        at = at > 0 ? at : str_find_byte(s, '(', 0);
        if (at > 0) {
            port = str_from(s, (size_t) at + 1);
            port.n -= port.n && port.p[port.n - 1] == ')';
            s = str_to(s, (size_t) at);
        }
    }
    put_ip(f, p, s);
    if (port.n && port.n <= 5 && all_digits(port) && p->field_port != UINT16_MAX && claim(f, p->field_port))
        put_field(f, p->field_port, JSON_NUMBER, port);
}

static int hex(char c) {
    return ascii_digit(c) ? c - '0' : (c = ascii_lower(c)) >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The last twelve digits: a DHCP client identifier has its kind in front. */
static void put_mac(struct filling *f, const struct recipe_put *p, struct str s) {
    char digits[32], z[17];
    size_t n = 0, k = 0;
    bool colons = s.n && memchr(s.p, ':', s.n) != NULL;
    for (size_t i = 0, group = 0; i < s.n && n + 1 < sizeof digits; i++) {
        if (hex(s.p[i]) < 0) {
            group = i + 1;
            continue;
        }
        if (colons && i == group && (i + 1 == s.n || s.p[i + 1] == ':')) /* a group of one digit */
            digits[n++] = '0';
        digits[n++] = s.p[i];
    }
    if (n != 12 && n != 14) {
        put_field(f, p->field, JSON_STRING, readable(f, s));
        return;
    }
    for (size_t i = n - 12; i < n; i++) {
        if (k % 3 == 2)
            z[k++] = '-';
        z[k++] = (char) (digits[i] >= 'a' ? digits[i] - 32 : digits[i]);
    }
    put_field(f, p->field, JSON_STRING, copied(f->j, z, k));
}

static void put_account(struct filling *f, const struct recipe_put *p, struct str s) {
    ptrdiff_t at = str_find_byte(s, '\\', 0);
    if (at > 0 && p->field_port != UINT16_MAX && (size_t) at + 1 < s.n) {
        if (claim(f, p->field_port))
            put_field(f, p->field_port, JSON_STRING, readable(f, str_to(s, (size_t) at)));
        s = str_from(s, (size_t) at + 1);
        if (s.n > 1 && s.p[0] == '\\') /* written with its escape */
            s = str_from(s, 1);
    }
    put_field(f, p->field, JSON_STRING, readable(f, s));
}

/* In the arena, changed letter by letter. */
static void put_changed(struct filling *f, const struct recipe_put *p, struct str s) {
    struct str t = readable(f, s);
    char *z = arena_alloc(f->j->ev->arena, t.n + 1);
    size_t n = 0;
    if (!z) {
        f->j->err = -ENOMEM;
        return;
    }
    for (size_t i = 0; i < t.n; i++)
        z[n++] = p->as == AS_PLUS ? (t.p[i] == '+' ? ' ' : t.p[i]) : p->as == AS_FOLDER || p->as == AS_BASENAME ? t.p[i] : ascii_lower(t.p[i]);
    put_field(f, p->field, JSON_STRING, str_n(z, n));
}

/* What auditd writes for a text with spaces or quotes: its bytes in hex. NULs part arguments. */
static void put_hex(struct filling *f, const struct recipe_put *p, struct str s) {
    enum text_encoding used;
    const struct str line = f->j->line;
    bool inside = s.p > line.p && s.p < line.p + line.n;
    bool all = s.n >= 2 && s.n % 2 == 0 && !(inside && s.p[-1] == '"'); /* what is quoted is plain */
    for (size_t i = 0; all && i < s.n; i++)
        all = hex(s.p[i]) >= 0;
    char *z = all ? arena_alloc(f->j->ev->arena, s.n / 2) : NULL;
    if (!z) {
        f->j->err = all ? -ENOMEM : f->j->err;
        put_field(f, p->field, JSON_STRING, readable(f, s));
        return;
    }
    for (size_t i = 0; i < s.n / 2; i++) {
        z[i] = (char) (hex(s.p[2 * i]) << 4 | hex(s.p[2 * i + 1]));
        z[i] = z[i] ? z[i] : ' ';
    }
    struct str text = text_to_utf8(f->j->ev->arena, str_n(z, s.n / 2), f->j->src->encoding, &used);
    if (!text.p)
        f->j->err = -ENOMEM;
    else
        put_field(f, p->field, JSON_STRING, text);
}

/* Seconds or milliseconds, with a fraction or without, as nanoseconds. */
static void put_duration(struct filling *f, const struct recipe_put *p, struct str s) {
    double v;
    char z[32];
    if (str_to_double(s, &v) < 0 || !(v >= 0 && v < 4e9))
        return;
    int n = snprintf(z, sizeof z, "%lld", (long long) (v * (p->as == AS_SECONDS ? 1e9 : 1e6) + 0.5));
    put_field(f, p->field, JSON_NUMBER, copied(f->j, z, (size_t) n));
}

/* A part of a path, of either kind of slash; nothing where the path has none. What begins with a dot has no extension by that. */
static struct str part_of_path(struct str s, enum recipe_as as) {
    size_t slash = s.n, dot[2] = {0, 0};
    while (slash && s.p[slash - 1] != '/' && s.p[slash - 1] != '\\')
        slash--;
    if (as == AS_FOLDER)
        return str_to(s, slash ? slash - 1 : 0);
    struct str name = str_from(s, slash);
    if (as == AS_BASENAME)
        return name;
    for (size_t i = 1; i < name.n; i++)
        if (name.p[i] == '.') {
            dot[0] = dot[1];
            dot[1] = i;
        }
    struct str ext = as == AS_EXTENSION ? (dot[1] ? str_from(name, dot[1] + 1) : STR("")) : dot[0] ? str_n(name.p + dot[0] + 1, dot[1] - dot[0] - 1) : STR("");
    return ext.n <= EXTENSION_BYTES_MAX ? ext : STR("");
}

static void put_part_of_path(struct filling *f, const struct recipe_put *p, struct str s) {
    struct str part = part_of_path(s, (enum recipe_as) p->as);
    if (part.n)
        put_changed(f, p, part);
}

static void put_value(struct filling *f, const struct recipe_put *p, struct str s) {
    switch (p->as) {
    case AS_INT:
        if (json_is_number(s))
            put_field(f, p->field, JSON_NUMBER, s);
        return;
    case AS_IP:
        put_ip(f, p, s);
        return;
    case AS_ENDPOINT:
        put_endpoint(f, p, s);
        return;
    case AS_MAC:
        put_mac(f, p, s);
        return;
    case AS_ACCOUNT:
        put_account(f, p, s);
        return;
    case AS_LOWER:
    case AS_PLUS:
        put_changed(f, p, s);
        return;
    case AS_EXTENSION:
    case AS_INNER_EXTENSION:
    case AS_FOLDER:
    case AS_BASENAME:
        put_part_of_path(f, p, s);
        return;
    case AS_HEX:
        put_hex(f, p, s);
        return;
    case AS_SECONDS:
    case AS_MILLIS:
        put_duration(f, p, s);
        return;
    case AS_FIRST: {
        ptrdiff_t comma = str_find_byte(s, ',', 0);
        s = str_trim(comma < 0 ? s : str_to(s, (size_t) comma));
        break;
    }
    default:
        break;
    }
    put_field(f, p->field, JSON_STRING, readable(f, s));
}

static bool is_no_value(const struct recipe_put *p, struct str value) {
    for (uint16_t i = 0; i < p->n_except; i++)
        if (equal_icase(p->except[i], value))
            return true;
    return !value.n;
}

/* Path and query, which stand apart here, as they were asked for. */
static void put_uri(struct filling *f, const struct recipe_put *p, struct str path) {
    struct str query = p->n_from > 1 && recipe_has(f->v, p->from[1]) ? f->v->at[p->from[1]] : STR_NULL;
    if (p->n_from > 1 && !is_no_value(p, query)) {
        char *z = arena_alloc(f->j->ev->arena, path.n + query.n + 1);
        if (!z) {
            f->j->err = -ENOMEM;
            return;
        }
        memcpy(z, path.p, path.n);
        z[path.n] = '?';
        memcpy(z + path.n + 1, query.p, query.n);
        path = str_n(z, path.n + query.n + 1);
    }
    put_field(f, p->field, JSON_STRING, readable(f, path));
}

static void put_one(struct filling *f, const struct recipe_put *p) {
    for (uint8_t i = 0; i < p->n_from; i++) {
        unsigned slot = p->from[i];
        if (!recipe_has(f->v, slot) || is_no_value(p, f->v->at[slot]))
            continue;
        struct str value = f->v->at[slot];
        if (p->rows) {
            uint16_t k = 0;
            while (k < p->n_rows && !recipe_match_is(&p->rows[k].match, value))
                k++;
            if (k == p->n_rows)
                continue;
            if (claim(f, p->field))
                put_field(f, p->field, JSON_STRING, p->rows[k].value);
        } else if (claim(f, p->field)) {
            if (p->as == AS_URI && i == 0)
                put_uri(f, p, value);
            else
                put_value(f, p, value);
        }
        return;
    }
}

static bool is_of_login(uint32_t id) {
    return id == EVENT_F_EVENT_CATEGORY || id == EVENT_F_EVENT_TYPE || id == EVENT_F_EVENT_ACTION || id == EVENT_F_EVENT_OUTCOME;
}

static void login(struct filling *f, const struct recipe_block *b) {
    struct decode_job *j = f->j;
    const struct event *ev = j->ev;
    if (b->count != UINT16_MAX && recipe_has(f->v, b->count) && f->v->at[b->count].n <= 6 &&
        all_digits(f->v->at[b->count]) && f->v->at[b->count].p[0] != '0')
        j->count = f->v->at[b->count];
    for (uint16_t i = 0; i < f->r->n_over; i++)
        if (!(f->done[f->r->over[i] / 64] >> f->r->over[i] % 64 & 1) && is_of_login(id_of(f, f->r->over[i])) && claim(f, f->r->over[i]))
            event_forget(j->ev, id_of(f, f->r->over[i]));
    if (ev->first[EVENT_F_EVENT_ACTION] || ev->first[EVENT_F_EVENT_OUTCOME])
        return; /* a more specific block said what it is, or the line did */
    put_login(j, b->login == LOGIN_SUCCESS, f->r->service.n ? f->r->service : f->r->name);
}

static bool matches(const struct recipe *r, const struct recipe_pattern *p, struct decode_job *j,
                    struct str text, struct recipe_values *v) {
    uint64_t have[RECIPE_SLOTS_MAX / 64];
    struct when when = v->when;
    struct str list = v->list;
    memcpy(have, v->have, sizeof have);
    if (recipe_pattern_match(r, p, j, text, v) == (ptrdiff_t) text.n)
        return true;
    memcpy(v->have, have, sizeof have); /* what a pattern took that did not fit is forgotten */
    v->when = when;
    v->list = list;
    return false;
}

/* A value that is a text of its own. Patterns that do not fit leave no value behind. */
static void read_value(struct filling *f, const struct recipe_read *r) {
    for (uint16_t i = 0; i < r->n && recipe_has(f->v, r->slot); i++)
        if (matches(f->r, &r->patterns[i], f->j, f->v->at[r->slot], f->v))
            return;
}

/* A constant name of the service is what stands there where nobody gave the source one, as for logins (put_login). */
static void put_constants(struct filling *f, const struct recipe_set *s) {
    if (id_of(f, s->field) == EVENT_F_SERVICE_NAME && f->j->src->service.n)
        put_field(f, s->field, JSON_STRING, f->j->src->service);
    else
        for (uint16_t k = 0; k < s->n; k++)
            put_field(f, s->field, s->type, s->values[k]);
}

static void run_block(struct filling *f, const struct recipe_block *b) {
    if (!block_holds(b, f->v))
        return;
    read_value(f, &b->read);
    for (uint16_t i = 0; i < b->n_inner; i++)
        run_block(f, &b->inner[i]);
    if (b->login)
        login(f, b);
    for (uint16_t i = 0; i < b->n_sets; i++)
        if (claim(f, b->sets[i].field))
            put_constants(f, &b->sets[i]);
    for (uint16_t i = 0; i < b->n_puts; i++)
        put_one(f, &b->puts[i]);
}

void recipe_fill(const struct recipe *r, const struct recipe_message *m, struct decode_job *j,
                 struct recipe_values *v) {
    struct filling f = {.r = r, .j = j, .v = v};
    recipe_take_times(r, j, v);
    if (m)
        run_block(&f, &m->block);
    run_block(&f, &r->top);
    if (r->keep && !r->is_json)
        recipe_keep(r, j, v);
    j->decoder = r->name;
}

/* --- finding --- */

static bool has_shape(struct str s, struct str shape) {
    if (s.n < shape.n)
        return false;
    for (size_t i = 0; i < shape.n; i++) {
        char c = s.p[i], want = shape.p[i];
        bool ok = want == '0'   ? ascii_digit(c)
                  : want == 'A' ? c >= 'A' && c <= 'Z'
                  : want == 'a' ? c >= 'a' && c <= 'z'
                                : c == want;
        if (!ok)
            return false;
    }
    return true;
}

static bool has_one(struct str s, const struct recipe_find *f) {
    s = str_to(s, FIND_WITHIN_BYTES);
    for (uint16_t i = 0; i < f->n_within; i++)
        if (str_find(s, f->within[i], 0) >= 0)
            return true;
    return f->n_within == 0;
}

static bool finds(const struct recipe_find *f, struct str text) {
    return (f->start.n || f->shape.n) && str_starts(text, f->start) && has_shape(text, f->shape) && has_one(text, f);
}

bool recipe_recognise(const struct recipe *r, struct str text) {
    for (uint16_t i = 0; i < r->n_finds; i++)
        if (finds(&r->finds[i], text))
            return true;
    return false;
}

/* The message that goes with the head's key, or any. */
static bool key_fits(const struct recipe *r, const struct recipe_message *m, const struct recipe_values *v) {
    if (!m->n_keys)
        return true;
    if (r->key_slot == UINT16_MAX || !recipe_has(v, r->key_slot))
        return false;
    for (uint16_t i = 0; i < m->n_keys; i++)
        if (equal_icase(m->keys[i], v->at[r->key_slot]))
            return true;
    return false;
}

static const struct recipe_message *find_message(const struct recipe *r, struct decode_job *j,
                                                 struct str text, struct recipe_values *v) {
    const uint16_t *may = r->by_first[text.n ? (unsigned char) text.p[0] : 0];
    for (; may && *may != UINT16_MAX; may++) {
        const struct recipe_pattern *p = &r->patterns[*may];
        const struct recipe_message *m = &r->messages[p->message];
        if (key_fits(r, m, v) && matches(r, p, j, text, v))
            return m;
    }
    return NULL;
}

/* The heads are tried in order, each at the start of the text; -1: none fits. */
static ptrdiff_t take_head(const struct recipe *r, struct decode_job *j, struct str text,
                           struct recipe_values *v) {
    for (uint16_t i = 0; i < r->n_heads; i++) {
        ptrdiff_t n = recipe_pattern_match(r, &r->heads[i], j, text, v);
        if (n >= 0)
            return n;
        recipe_values_begin(v);
    }
    return r->n_heads ? -1 : 0;
}

static enum decode_result header(const struct recipe *r, struct decode_job *j, struct str wrong) {
    if (wrong.n)
        put_error(j, wrong);
    j->decoder = r->name;
    return DECODE_DONE;
}

enum decode_result recipe_decode(const struct recipe *r, struct decode_job *j, struct str text) {
    struct recipe_values v;
    const struct recipe_message *m = NULL;
    struct str wrong;
    if (r->is_json)
        return DECODE_NOT_MINE;
    if (recipe_is_header(r, j, text, &wrong))
        return header(r, j, wrong);
    recipe_values_begin(&v);
    ptrdiff_t n = take_head(r, j, text, &v);
    if (n < 0)
        return DECODE_NOT_MINE;
    struct str rest = str_from(text, (size_t) n);
    if (r->n_messages) {
        m = find_message(r, j, rest, &v);
        if (!m && !r->unmatched_is_fine)
            return DECODE_NOT_MINE;
    } else if (r->has_columns) {
        if (!recipe_columns_read(r, j, rest, &v))
            return DECODE_NOT_MINE;
    } else if (r->has_list && !v.list.n) {
        v.list = rest;
    }
    if (v.list.n)
        recipe_list_note(r, j, v.list, &v);
    recipe_fill(r, m, j, &v);
    return DECODE_DONE;
}

/* An ordinary account may write what it likes under any name: only the unit is the journal's word. */
static bool may_write(const struct recipe *r, const struct decode_job *j) {
    if (!j->not_root)
        return true;
    struct str unit = event_get(j->ev, EVENT_F_SYSTEMD_UNIT);
    for (uint16_t i = 0; i < r->n_units && unit.n; i++) {
        struct str u = r->units[i];
        if (u.p[u.n - 1] == '*' ? str_starts(unit, str_to(u, u.n - 1)) : str_eq(unit, u))
            return true;
    }
    return false;
}

static bool try_recipe(const struct recipe *r, struct decode_job *j, struct str text,
                       const struct recipe **ret_claimed) {
    if (!may_write(r, j)) {
        put(j, EVENT_F_TAGS, STR("forged-identity"));
        put_error(j, arena_printf(j->ev->arena,
                                  "an ordinary account wrote this under a name of %.*s; it is not read as its",
                                  STR_ARG(r->name)));
        return true;
    }
    if (recipe_decode(r, j, text) == DECODE_DONE)
        return true;
    if (!*ret_claimed)
        *ret_claimed = r;
    return false;
}

bool recipe_try_program(struct decode_job *j, struct str message, const struct recipe **ret_claimed) {
    const struct decode_set *set = j->d->set;
    *ret_claimed = NULL;
    if (!set || !j->program.n)
        return false;
    struct recipe **list = map_get(&set->programs, j->program);
    for (; list && *list; list++)
        if (try_recipe(*list, j, message, ret_claimed))
            return true;
    for (size_t i = 0; i < set->n_prefixes; i++)
        if (str_starts(j->program, set->prefixes[i].name) &&
            try_recipe(set->prefixes[i].recipe, j, message, ret_claimed))
            return true;
    return false;
}

/* A line whose file named its columns, in whatever order: whoever reads such headers. */
static bool try_columns(struct decode_job *j, struct str text, const struct recipe **ret_claimed) {
    const struct decode_set *set = j->d->set;
    for (size_t i = 0; i < set->n; i++)
        if (set->recipes[i]->has_columns && str_eq_z(set->recipes[i]->columns.header, "#Fields: ") && text.p[0] != '#' &&
            try_recipe(set->recipes[i], j, text, ret_claimed))
            return true;
    return false;
}

bool recipe_try_content(struct decode_job *j, struct str text, const struct recipe **ret_claimed) {
    const struct decode_set *set = j->d->set;
    *ret_claimed = NULL;
    if (!set || !text.n || j->not_root)
        return false;
    if (UNLIKELY(columns_count(j->rec->peer)) && try_columns(j, text, ret_claimed))
        return true;
    const struct recipe_entry *e = set->by_first[(unsigned char) text.p[0]];
    for (uint16_t n = set->n_by_first[(unsigned char) text.p[0]]; n; n--, e++)
        if (UNLIKELY(e->any || (text.n > e->at && text.p[e->at] == e->byte)) && finds(e->find, text) &&
            try_recipe(e->recipe, j, text, ret_claimed))
            return true;
    return false;
}

void recipe_unmatched(struct decode_job *j, const struct recipe *r) {
    j->ev->flags |= EVENT_UNPARSED;
    put_error(j, arena_printf(j->ev->arena, "decoder %.*s knows no message like this", STR_ARG(r->name)));
    j->decoder = r->name;
}

/* --- JSON --- */

static bool may_be(const struct recipe_json_find *f, const struct recipe_values *v) {
    for (uint16_t i = 0; i < f->n_asks; i++)
        if (!recipe_has(v, f->asks[i]))
            return false;
    return true;
}

static bool keys_hold(const struct recipe_find *f, const struct recipe_values *v) {
    for (uint16_t i = 0; i < f->n_keys; i++)
        if (!recipe_cond_holds(&f->keys[i], v))
            return false;
    return true;
}

/* Which finds this line's values leave to be asked. */
static void choose(const struct decode_set *s, const struct recipe_values *v, uint64_t ret[RECIPE_FINDS_WORDS]) {
    uint64_t other = 0;
    memset(ret, 0, sizeof s->json_always);
    for (size_t i = 0; i < ARRAY_SIZE(v->have); i++)
        other |= v->have[i] & s->json_always_asked[i];
    if (other)
        memcpy(ret, s->json_always, sizeof s->json_always);
    for (uint16_t i = 0; i < s->n_choosers; i++) {
        uint16_t slot = s->choosers[i];
        if (!recipe_has(v, slot) || !v->at[slot].n)
            continue;
        const struct recipe_choice *c = recipe_choice_at(s->chosen, s->chosen_mask, slot, v->at[slot]);
        for (size_t k = 0; c->text.p && k < RECIPE_FINDS_WORDS; k++)
            ret[k] |= c->bits[k];
    }
}

/* Tries a find; true: the line has been read. */
static bool try_json(const struct recipe_json_find *f, bool chosen, struct decode_job *j, struct recipe_values *v, recipe_rest_fn **rest, void *ctx,
                     const struct recipe **line) {
    if (!chosen && LIKELY(!may_be(f, v)))
        return false;
    if (chosen || keys_hold(f->find, v)) {
        if (*rest && (j->err = (*rest)(ctx, v)) < 0)
            return true;
        *rest = NULL;
    }
    if (!keys_hold(f->find, v))
        return false;
    if (f->recipe->line_slot == UINT16_MAX) {
        recipe_fill(f->recipe, NULL, j, v);
        return true;
    }
    *line = *line ? *line : f->recipe;
    return false;
}

void recipe_json(struct decode_job *j, struct recipe_values *v, recipe_rest_fn *rest, void *ctx) {
    const struct decode_set *s = j->d->set;
    const struct recipe *line = NULL; /* any shipper's envelope, if nobody knows the event itself */
    uint64_t ask[RECIPE_FINDS_WORDS];
    v->readable = true;
    choose(s, v, ask);
    for (size_t k = 0; k < RECIPE_FINDS_WORDS; k++)
        for (uint64_t m = ask[k]; m; m &= m - 1)
            if (try_json(&s->json[64 * k + (size_t) __builtin_ctzll(m)], !(s->json_always[k] & m & -m), j, v, &rest, ctx, &line))
                return;
    for (size_t i = 64 * RECIPE_FINDS_WORDS; i < s->n_json; i++)
        if (try_json(&s->json[i], false, j, v, &rest, ctx, &line))
            return;
    if (!line || j->inner)
        return;
    recipe_fill(line, NULL, j, v);
    if (recipe_has(v, line->line_slot))
        decode_inner_line(j, v->at[line->line_slot]);
}

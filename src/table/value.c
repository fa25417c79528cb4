/* Values of a register's cells: what is kept of them, or why they are refused. See spec.h. */
#include "base/csv.h"
#include "base/hours.h"
#include "base/text.h"
#include "base/limits.h"
#include "base/time_written.h"
#include "table/spec.h"

static const struct {
    const char *name, *help;
} faults[IMPORT_FAULT_MAX_] = {
    [IMPORT_FINE] = {"fine", ""},
    [IMPORT_MISSING] = {"missing", "this column must not be empty; fill it in"},
    [IMPORT_TOO_LONG] = {"too_long", "the text is too long; shorten it"},
    [IMPORT_NO_CHOICE] = {"no_choice", "this is none of the choices; write one of them"},
    [IMPORT_NO_DATE] = {"no_date", "this cannot be read as a date; write it like 2026-11-22 or 令和8年11月22日"},
    [IMPORT_NO_PHONE] = {"no_phone", "this is no telephone number; write all digits with the leading 0, or +81"},
    [IMPORT_NO_CODE] = {"no_code", "this has not the digits it must have; write them all, zeros in front too"},
    [IMPORT_CELL_ERROR] = {"cell_error", "the spreadsheet shows an error here; correct the formula or write the value"},
    [IMPORT_UNCOMPUTED] = {"uncomputed", "a formula whose value was never computed; open the file in a spreadsheet and save it again"},
    [IMPORT_TWICE] = {"twice", "an earlier row has the same name; keep one of them"},
};

const char *import_fault_to_string(enum import_fault f) {
    return faults[f].name;
}

const char *import_note_to_string(enum import_note n) {
    static const char *const notes[IMPORT_NOTE_MAX_] = {"as_it_was", "zero_restored", "date_read", "hours_unread"};
    return notes[n];
}

const char *import_fault_help(enum import_fault f) {
    return faults[f].help;
}

/* Full-width letters, digits and signs as ASCII, the ideographic space as a space; runs of white space as one, but line ends stay
 * in texts. Kanji and kana stay as they were written. */
static struct str tidy(struct arena *a, struct str s, bool lines) {
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; p && i < s.n;) {
        unsigned char c = (unsigned char) s.p[i];
        unsigned char c1 = i + 1 < s.n ? (unsigned char) s.p[i + 1] : 0, c2 = i + 2 < s.n ? (unsigned char) s.p[i + 2] : 0;
        char one = 0;
        size_t k = 1;
        if (c == 0xef && ((c1 == 0xbc && c2 >= 0x81 && c2 <= 0xbf) || (c1 == 0xbd && c2 >= 0x80 && c2 <= 0x9e))) {
            one = (char) (c1 == 0xbc ? c2 - 0x81 + '!' : c2 - 0x80 + '`');
            k = 3;
        } else if ((c == 0xe3 && c1 == 0x80 && c2 == 0x80) || (c == 0xc2 && c1 == 0xa0)) {
            one = ' ';
            k = c == 0xc2 ? 2 : 3;
        } else if (c < 0x80) {
            one = c == '\r' || c == '\t' || c < 0x20 ? (c == '\n' && lines ? '\n' : ' ') : (char) c;
        }
        i += k;
        if (!one)
            p[n++] = (char) c;
        else if (one != ' ' || (n && p[n - 1] != ' ' && p[n - 1] != '\n'))
            p[n++] = one;
    }
    return p ? str_trim(str_n(p, n)) : STR_NULL;
}

static struct str normal(struct arena *a, struct str s) {
    return tidy(a, text_normal(a, s), false);
}

static enum import_fault read_choice(struct arena *a, const struct import_field *f, struct str s, struct str *ret) {
    struct str key = import_fold(a, s);
    for (size_t i = 0; key.p && i < f->n_choices; i++)
        for (size_t k = 0; k < f->choices[i].n_names; k++)
            if (str_eq(key, f->choices[i].names[k])) {
                *ret = f->choices[i].value;
                return IMPORT_FINE;
            }
    return IMPORT_NO_CHOICE;
}

static enum import_fault read_date(struct arena *a, struct str s, int64_t today_ns, struct str *ret, enum import_note *note) {
    struct time_written w;
    struct time_civil c;
    if (s.n <= 5) { /* 46000: a spreadsheet's own count of days, which a CSV does not explain */
        bool digits = true;
        for (size_t i = 0; i < s.n; i++)
            digits &= ascii_digit(s.p[i]);
        if (digits)
            return IMPORT_NO_DATE;
    }
    if (time_read_written(a, s, today_ns, TIME_JST_OFFSET_MIN, &w, NULL, NULL) < 0 || w.date_assumed || w.weekday_differs || w.about)
        return IMPORT_NO_DATE;
    time_to_civil(w.t_ns, TIME_JST_OFFSET_MIN, &c);
    *ret = arena_printf(a, "%04d-%02d-%02d", c.year, c.month, c.day);
    *note = ret->p && !str_eq(*ret, s) ? IMPORT_DATE_READ : IMPORT_AS_IT_WAS;
    return IMPORT_FINE;
}

static size_t digits_of(struct str s, char *dst, size_t cap) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (ascii_digit(s.p[i]) && n < cap)
            dst[n++] = s.p[i];
    return n;
}

/* Numbers a spreadsheet took for a number have lost their 0: 9 digits of a fixed line, 10 of a mobile or IP phone. A number
 * that is written with signs was never one. Extensions and words beside it are kept. */
static enum import_fault read_phone(struct arena *a, struct str s, struct str *ret, enum import_note *note) {
    char d[32];
    size_t n = digits_of(s, d, sizeof d);
    *ret = s;
    if (n == 0)
        return IMPORT_NO_PHONE;
    if (n != s.n)
        return n >= 3 ? IMPORT_FINE : IMPORT_NO_PHONE;
    bool mobile = n == 10 && strchr("5789", d[0]) && d[1] == '0';
    if (d[0] != '0' && (n == 9 || mobile)) {
        *ret = arena_printf(a, "0%.*s", STR_ARG(s));
        *note = IMPORT_ZERO_RESTORED;
        return IMPORT_FINE;
    }
    bool whole = d[0] == '0' && (n == 10 || n == 11), shorter = n >= 3 && n <= 5; /* 110, extensions */
    return whole || shorter ? IMPORT_FINE : IMPORT_NO_PHONE;
}

static enum import_fault read_code(struct arena *a, const struct import_field *f, struct str s, struct str *ret, enum import_note *note) {
    char d[64];
    size_t n = digits_of(s, d, sizeof d);
    *ret = s;
    if (n == f->digits)
        return IMPORT_FINE;
    if (n == 0 || n != s.n || n > f->digits)
        return IMPORT_NO_CODE;
    *ret = arena_printf(a, "%0*d%.*s", (int) (f->digits - n), 0, STR_ARG(s));
    *note = IMPORT_ZERO_RESTORED;
    return IMPORT_FINE;
}

/* One name a line. */
static struct str read_list(struct arena *a, struct str s) {
    static const char *const between[] = {"、", "，", ",", ";", "；", "\n", "／"};
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; p && i < s.n;) {
        size_t k = 0;
        for (size_t b = 0; b < ARRAY_SIZE(between) && !k; b++)
            if (str_starts(str_from(s, i), str_of(between[b])))
                k = strlen(between[b]);
        if (k) {
            while (n && p[n - 1] == ' ')
                n--;
            if (n && p[n - 1] != '\n')
                p[n++] = '\n';
            i += k;
        } else if (s.p[i] == ' ' && (!n || p[n - 1] == '\n')) {
            i++;
        } else {
            p[n++] = s.p[i++];
        }
    }
    return p ? str_trim(str_n(p, n)) : STR_NULL;
}

/* In the order they were written; each once. */
static enum import_fault read_choices(struct arena *a, const struct import_field *f, struct str s, struct str *ret) {
    struct str list = read_list(a, s), one, value;
    char *p = arena_alloc(a, 1 + f->n_choices * 80);
    size_t n = 0;
    bool used[IMPORT_FIELDS_MAX] = {0};
    if (!list.p || !p) {
        *ret = STR_NULL;
        return IMPORT_FINE;
    }
    while (str_split(&list, '\n', &one)) {
        if (read_choice(a, f, one, &value) != IMPORT_FINE)
            return IMPORT_NO_CHOICE;
        size_t at = 0;
        while (at < f->n_choices && !str_eq(f->choices[at].value, value))
            at++;
        if (at >= IMPORT_FIELDS_MAX || used[at] || value.n > 79)
            continue;
        used[at] = true;
        if (n)
            p[n++] = '\n';
        memcpy(p + n, value.p, value.n);
        n += value.n;
    }
    *ret = str_n(p, n);
    return IMPORT_FINE;
}

enum import_fault import_value_read(struct arena *a, const struct import_field *f, struct str text, int64_t today_ns, struct str *ret,
                                    enum import_note *ret_note) {
    enum import_fault fault = IMPORT_FINE;
    *ret_note = IMPORT_AS_IT_WAS;
    bool numbers = f->kind == IMPORT_DATE || f->kind == IMPORT_PHONE || f->kind == IMPORT_CODE;
    bool lines = f->kind == IMPORT_TEXT || f->kind == IMPORT_LIST || f->kind == IMPORT_CHOICES || f->kind == IMPORT_REFS;
    text = csv_text(text); /* what we wrote out ourselves, or a spreadsheet on our behalf */
    *ret = numbers ? normal(a, text) : tidy(a, text, lines);
    if (!ret->p)
        return IMPORT_FINE;
    /* a dash alone is how people write "nothing" */
    bool nothing = !ret->n || str_eq_z(*ret, "-") || str_eq_z(*ret, "ー") || str_eq_z(*ret, "－") || str_eq_z(*ret, "―") || str_eq_z(*ret, "—");
    if (nothing) {
        *ret = STR("");
        return f->required ? IMPORT_MISSING : IMPORT_FINE;
    }
    switch (f->kind) {
    case IMPORT_CHOICE:
        return read_choice(a, f, *ret, ret);
    case IMPORT_DATE:
        return read_date(a, *ret, today_ns, ret, ret_note);
    case IMPORT_PHONE:
        fault = read_phone(a, *ret, ret, ret_note);
        break;
    case IMPORT_CODE:
        fault = read_code(a, f, *ret, ret, ret_note);
        break;
    case IMPORT_LIST:
    case IMPORT_REFS:
        *ret = read_list(a, *ret);
        break;
    case IMPORT_CHOICES:
        return read_choices(a, f, *ret, ret);
    case IMPORT_HOURS: {
        struct hours h;
        *ret_note = hours_parse(*ret, &h, NULL) < 0 ? IMPORT_HOURS_UNREAD : IMPORT_AS_IT_WAS;
        break;
    }
    default:
        break;
    }
    if (fault == IMPORT_FINE && ret->p && ret->n > (size_t) f->max * 4)
        fault = IMPORT_TOO_LONG;
    return fault;
}

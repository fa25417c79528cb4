#include "intake/journal_export.h"

#include "base/hash.h"

enum { SIZE_BYTES = 8, NAME_BYTES_MAX = 64, ID_HEX = 32 };

void journal_export_init(struct journal_export *j) {
    *j = (struct journal_export){0};
    buf_init(&j->entry, JOURNAL_ENTRY_BYTES_MAX);
    buf_init(&j->field, JOURNAL_FIELD_BYTES_MAX + NAME_BYTES_MAX + SIZE_BYTES + 2);
}

void journal_export_done(struct journal_export *j) {
    buf_done(&j->entry);
    buf_done(&j->field);
}

static void end_field(struct journal_export *j) {
    if (!j->drop && !buf_error(&j->field) && j->entry.n + j->field.n <= JOURNAL_ENTRY_BYTES_MAX)
        buf_add(&j->entry, buf_str(&j->field));
    else
        j->cut = true;
    buf_clear(&j->field);
    j->drop = false;
    j->state = JOURNAL_LINE;
}

/* A whole line stands in the field, with its LF. 1: it was the end of an entry. */
static int end_line(struct journal_export *j) {
    struct str line = buf_str(&j->field);
    if (line.n == 1 && !j->drop) {
        buf_clear(&j->field);
        j->taken = j->entry.n > 0;
        return j->taken;
    }
    ptrdiff_t eq = str_find_byte(line, '=', 0);
    if (eq == 0 || (eq < 0 && line.n > NAME_BYTES_MAX + 1))
        return -ERR_PARSE;
    if (eq > 0)
        end_field(j);
    else
        j->state = JOURNAL_SIZE;
    return 0;
}

static size_t take_line(struct journal_export *j, struct str in, int *ret) {
    ptrdiff_t lf = str_find_byte(in, '\n', 0);
    size_t n = lf < 0 ? in.n : (size_t) lf + 1;
    if (j->field.n + n > JOURNAL_FIELD_BYTES_MAX) {
        j->drop = true; /* its beginning says that it was a field */
        buf_add(&j->field, str_to(in, j->field.n < NAME_BYTES_MAX + 2 ? NAME_BYTES_MAX + 2 : 0));
    } else {
        buf_add(&j->field, str_to(in, n));
    }
    if (lf >= 0)
        *ret = end_line(j);
    return n;
}

static size_t take_size(struct journal_export *j, struct str in) {
    ptrdiff_t lf = str_find_byte(buf_str(&j->field), '\n', 0);
    size_t have = j->field.n - (size_t) lf - 1, n = MIN(in.n, SIZE_BYTES - have);
    buf_add(&j->field, str_to(in, n));
    if (have + n < SIZE_BYTES)
        return n;
    uint64_t size;
    memcpy(&size, j->field.p + lf + 1, SIZE_BYTES);
    j->drop = size > JOURNAL_FIELD_BYTES_MAX;
    j->left = size == UINT64_MAX ? size : size + 1;
    j->state = JOURNAL_VALUE;
    return n;
}

static size_t take_value(struct journal_export *j, struct str in, int *ret) {
    size_t n = (size_t) MIN((uint64_t) in.n, j->left);
    if (!j->drop)
        buf_add(&j->field, str_to(in, n));
    j->left -= n;
    if (j->left)
        return n;
    if (in.p[n - 1] != '\n')
        *ret = -ERR_PARSE;
    end_field(j);
    return n;
}

int journal_export_add(struct journal_export *j, struct str in, size_t *ret_used) {
    size_t at = 0;
    int r = 0;
    if (j->taken) {
        buf_clear(&j->entry);
        j->cut = j->taken = false;
    }
    while (r == 0 && at < in.n) {
        struct str rest = str_from(in, at);
        at += j->state == JOURNAL_LINE   ? take_line(j, rest, &r)
              : j->state == JOURNAL_SIZE ? take_size(j, rest)
                                         : take_value(j, rest, &r);
    }
    *ret_used = at;
    return r;
}

int journal_export_end(struct journal_export *j) {
    if (j->state != JOURNAL_LINE || j->field.n)
        return -ERR_PARSE; /* it ends in the middle of a field */
    if (j->taken || j->entry.n == 0)
        return 0;
    j->taken = true;
    return 1;
}

bool journal_export_mark(struct str entry, char ret[JOURNAL_MARK_BYTES]) {
    uint8_t id[16];
    uint64_t number = 0;
    ptrdiff_t at = str_starts(entry, STR("__CURSOR=s=")) ? 0 : str_find(entry, STR("\n__CURSOR=s="), 0);
    if (at < 0)
        return false;
    struct str s = str_from(entry, (size_t) at + (at || entry.p[0] == '\n') + sizeof "__CURSOR=s=" - 1);
    if (s.n < ID_HEX + 4 || hex_decode(str_to(s, ID_HEX), id, sizeof id) < 0 ||
        memcmp(s.p + ID_HEX, ";i=", 3) != 0)
        return false;
    s = str_from(s, ID_HEX + 3);
    size_t digits = 0;
    for (; digits < s.n && digits < 16; digits++) {
        char c = ascii_lower(s.p[digits]);
        if (!ascii_digit(c) && (c < 'a' || c > 'f'))
            break;
        number = number << 4 | (uint64_t) (ascii_digit(c) ? c - '0' : c - 'a' + 10);
    }
    memcpy(ret, id, sizeof id);
    memcpy(ret + sizeof id, &number, sizeof number);
    return digits > 0;
}

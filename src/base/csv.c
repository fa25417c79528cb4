/* See csv.h. */
#include "base/csv.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

enum { REPAIR_BYTES_MAX = 4 << 20 };

static bool looks_like_formula(struct str s) {
    static const char *const begins[] = {"=", "+", "-", "@", "\t", "\r", "\n", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
    for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
        if (str_starts(s, str_of(begins[i])))
            return true;
    return false;
}

void csv_cell(struct buf *b, bool first, struct str text) {
    struct arena a;
    arena_init(&a, REPAIR_BYTES_MAX);
    text = text_repair(&a, text);
    if (!first)
        buf_add_byte(b, ',');
    buf_add_byte(b, '"');
    if (text.p && looks_like_formula(text))
        buf_add_byte(b, '\'');
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char) text.p[i];
        if (c == '"')
            buf_add_byte(b, '"');
        buf_add_byte(b, (c < 0x20 && c != '\n') || c == 0x7f ? ' ' : (char) c);
    }
    if (!text.p)
        b->error = b->error ? b->error : -ENOMEM;
    buf_add_byte(b, '"');
    arena_done(&a);
}

struct str csv_text(struct str cell) {
    return cell.n > 1 && cell.p[0] == '\'' && looks_like_formula(str_from(cell, 1)) ? str_from(cell, 1) : cell;
}

void csv_end_row(struct buf *b) {
    buf_add_z(b, "\r\n");
}

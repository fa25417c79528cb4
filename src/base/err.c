#include "base/err.h"

#include <string.h>

_Noreturn void assert_failed(const char *what, const char *file, int line) {
    fprintf(stderr, "kizuki: bug: %s at %s:%d\n", what, file, line);
    abort();
}

static void PRINTF_LIKE(2, 0) set_text(struct diag *d, const char *fmt, va_list ap) {
    vsnprintf(d->text, sizeof d->text, fmt, ap);
}

int diag_set(struct diag *d, int code, const char *fmt, ...) {
    if (d) {
        va_list ap;
        *d = (struct diag){.code = code};
        va_start(ap, fmt);
        set_text(d, fmt, ap);
        va_end(ap);
    }
    return code;
}

int diag_set_at(struct diag *d, int code, const char *file, unsigned line, unsigned column,
                const char *fmt, ...) {
    if (d) {
        va_list ap;
        *d = (struct diag){.code = code, .line = line, .column = column};
        snprintf(d->file, sizeof d->file, "%s", file ? file : "");
        va_start(ap, fmt);
        set_text(d, fmt, ap);
        va_end(ap);
    }
    return code;
}

int diag_prefix(struct diag *d, const char *fmt, ...) {
    char before[512];
    char joined[sizeof d->text];
    va_list ap;
    if (!d)
        return -EINVAL;
    va_start(ap, fmt);
    vsnprintf(before, sizeof before, fmt, ap);
    va_end(ap);
    int n = snprintf(joined, sizeof joined, "%s: %s", before, d->text);
    if (n < 0)
        return d->code;
    memcpy(d->text, joined, sizeof joined);
    return d->code;
}

const char *diag_format(const struct diag *d, char *dst, size_t cap) {
    if (!d->file[0])
        snprintf(dst, cap, "%s", d->text);
    else if (!d->line)
        snprintf(dst, cap, "%s: %s", d->file, d->text);
    else if (!d->column)
        snprintf(dst, cap, "%s:%u: %s", d->file, d->line, d->text);
    else
        snprintf(dst, cap, "%s:%u:%u: %s", d->file, d->line, d->column, d->text);
    return dst;
}

const char *err_word(int code) {
    switch (-code) {
    case 0:
        return "fine";
    case ERR_PARSE:
        return "not understood";
    case ERR_LIMIT:
        return "over a limit";
    case ERR_CORRUPT:
        return "corrupt";
    case ERR_REFUSED:
        return "refused";
    case ERR_VERSION:
        return "changed meanwhile";
    case ERR_UNSUPPORTED:
        return "not supported";
    default: {
        const char *s = strerrordesc_np(-code);
        return s ? s : "unknown error";
    }
    }
}

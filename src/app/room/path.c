#include "app/room/path.h"

#define NAME_BYTES_MAX 128

static bool is_name(struct str s) {
    if (s.n == 0 || s.n > NAME_BYTES_MAX || s.p[0] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = ascii_lower(s.p[i]);
        if (!(c >= 'a' && c <= 'z') && !ascii_digit(c) && c != '-' && c != '_' && c != '.')
            return false;
    }
    return true;
}

static bool is_id(struct str s, int64_t *ret) {
    if (s.n == 0 || s.n > 18 || !ascii_digit(s.p[0]) || s.p[0] == '0')
        return false;
    return str_to_i64(s, ret) == 0 && *ret > 0;
}

bool path_match(const char *pattern, struct str path, struct path_args *ret) {
    struct str p = str_of(pattern), piece, part;
    struct path_args a = {0};
    for (;;) {
        bool more_p = str_split(&p, '/', &piece), more_path = str_split(&path, '/', &part);
        if (!more_p || !more_path) {
            if (more_p || more_path)
                return false;
            *ret = a;
            return true;
        }
        if (str_eq_z(piece, "{id}")) {
            if (!is_id(part, &a.id))
                return false;
        } else if (str_eq_z(piece, "{name}")) {
            if (!is_name(part))
                return false;
            a.name = part;
        } else if (!str_eq(piece, part)) {
            return false;
        }
    }
}

bool etag_listed(struct str if_none_match, const char *etag) {
    struct str one;
    while (if_none_match.n && str_split(&if_none_match, ',', &one)) {
        one = str_trim(one);
        if (one.n > 2 && one.p[0] == 'W' && one.p[1] == '/')
            one = str_n(one.p + 2, one.n - 2);
        if (str_eq_z(one, etag) || str_eq_z(one, "*"))
            return true;
    }
    return false;
}

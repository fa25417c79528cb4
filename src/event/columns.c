#include "event/columns.h"

#define STR_LIT(z) {z, sizeof(z) - 1}

/* The letters are kept on disk: rows are added behind, and never change. */
static const struct {
    char letter;
    struct str name;
} LETTERS[] = {
    {'A', STR_LIT("date")}, {'B', STR_LIT("time")}, {'C', STR_LIT("s-sitename")}, {'D', STR_LIT("s-computername")}, {'E', STR_LIT("s-ip")},
    {'F', STR_LIT("cs-method")}, {'G', STR_LIT("cs-uri-stem")}, {'H', STR_LIT("cs-uri-query")}, {'I', STR_LIT("s-port")}, {'J', STR_LIT("cs-username")},
    {'K', STR_LIT("c-ip")}, {'L', STR_LIT("cs-version")}, {'M', STR_LIT("cs(User-Agent)")}, {'N', STR_LIT("cs(Cookie)")}, {'O', STR_LIT("cs(Referer)")},
    {'P', STR_LIT("cs-host")}, {'Q', STR_LIT("sc-status")}, {'R', STR_LIT("sc-substatus")}, {'S', STR_LIT("sc-win32-status")}, {'T', STR_LIT("sc-bytes")},
    {'U', STR_LIT("cs-bytes")}, {'V', STR_LIT("time-taken")}, {'W', STR_LIT("X-Forwarded-For")}, {'X', STR_LIT("c-port")}, {'Y', STR_LIT("cs-uri")},
    {'Z', STR_LIT("s-event")}, {'a', STR_LIT("s-process-type")}, {'b', STR_LIT("streamid")}, {'c', STR_LIT("cs(X-Forwarded-For)")},
    {'d', STR_LIT("c-username")}, {'e', STR_LIT("sc(Content-Type)")}, {'f', STR_LIT("s-name")}, {'g', STR_LIT("c-dns")}, {'h', STR_LIT("s-dns")},
};
enum { NOBODYS = '?', FIRST = '#' };

static char letter_of(struct str name) {
    for (size_t i = 0; i < ARRAY_SIZE(LETTERS); i++)
        if (str_eq_icase(name, LETTERS[i].name))
            return LETTERS[i].letter;
    return NOBODYS;
}

bool columns_follow(struct columns *c, struct str line) {
    static const struct str begin = STR_LIT("#Fields: ");
    struct str name;
    if (LIKELY(!line.n || line.p[0] != FIRST) || !str_starts(line, begin))
        return false;
    struct str rest = str_trim(str_from(line, begin.n));
    c->n = 0;
    c->code[c->n++] = FIRST;
    while (str_split(&rest, ' ', &name)) {
        if (c->n == sizeof c->code) {
            c->n = 0;
            return true;
        }
        c->code[c->n++] = letter_of(name);
    }
    return true;
}

size_t columns_count(struct str peer) {
    return peer.n && peer.p[0] == FIRST ? peer.n - 1 : 0;
}

struct str columns_name(struct str peer, size_t i) {
    for (size_t k = 0; i < columns_count(peer) && k < ARRAY_SIZE(LETTERS); k++)
        if (LETTERS[k].letter == peer.p[i + 1])
            return LETTERS[k].name;
    return STR_NULL;
}

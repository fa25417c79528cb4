/* Taking names, addresses and days out of a text, and finding what remains.
 *
 * A text in which what comes from a case stands between ANON_OPEN and ANON_CLOSE ("marked"); all else is our own words. Each thing that could
 * tell whose case it was is a row: what stood there, and the pseudonym of the same kind in both languages, the same wherever it stands.
 * Addresses become documentation addresses (RFC 5737, 3849, 2544, 9637), hosts and mail addresses example names (RFC 2606), days of the
 * calendar the n-th day, amounts their order of size. Nothing is replaced that is no row, so a person sees and can change all of it.
 *
 * The check afterwards does not use the rows: it is given what must not remain, and looks at the pseudonyms a person wrote, too. Pure. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"

#define ANON_OPEN '\x02'
#define ANON_CLOSE '\x03'
#define ANON_ROWS_MAX 4000        /* of one case; a person is to look at them */
#define ANON_TEXT_BYTES_MAX 400   /* of what is replaced, and of what it becomes */

#define ANON_KINDS(X)                                                                                                                     \
    X(ORGANISATION, "organisation")                                                                                                       \
    X(PERSON, "person")                                                                                                                   \
    X(SERVICE, "service")                                                                                                                 \
    X(SYSTEM, "system")                                                                                                                   \
    X(HOST, "host")                                                                                                                       \
    X(ADDRESS, "address")                                                                                                                 \
    X(ACCOUNT, "account")                                                                                                                 \
    X(MAIL, "mail")                                                                                                                       \
    X(PHONE, "phone")                                                                                                                     \
    X(URL, "url")                                                                                                                         \
    X(DATE, "date")                                                                                                                       \
    X(AMOUNT, "amount")                                                                                                                   \
    X(REGION, "region")                                                                                                                   \
    X(NUMBER, "number")                                                                                                                   \
    X(WORD, "word")
enum anon_kind {
#define X(id, name) ANON_##id,
    ANON_KINDS(X)
#undef X
    ANON_KIND_MAX_
};
const char *anon_kind_to_string(enum anon_kind k);
int anon_kind_from_string(struct str s); /* enum or -EINVAL */

struct anon_row {
    enum anon_kind kind;
    struct str from, ja, en;
    bool own;         /* a person wrote it */
    struct str group; /* while rows are made: names of one thing have one pseudonym; empty: alone */
};
struct anon {
    struct arena *arena;
    struct anon_row *at;
    size_t n, cap;
    unsigned given[ANON_KIND_MAX_]; /* pseudonyms of a kind so far */
    int64_t day_one_ns; /* midnight of the first day in Japan; TIME_NONE: days are not counted */
    const struct map *taken; /* addresses of the case, as text: no pseudonym is one of them; NULL: none */
};
void anon_init(struct anon *x, struct arena *a, int64_t day_one_ns, const struct map *taken);
/* A row with the next pseudonym of its kind, unless there is one; of a group that has one already that one. role_ja and role_en: what a person is ("担当者", "handler"); NULL otherwise.
 * A person is called by a part of the name as well: each part is a row with the pseudonym of the whole.
 * A text of one character or less is left out: it would be replaced everywhere. */
int anon_add(struct anon *x, enum anon_kind kind, struct str from, struct str group, const char *role_ja, const char *role_en) MUST_USE;
/* A row as a person wrote it, instead of the one that is there. -EINVAL: empty, too long, or with characters that end a text in YAML. */
int anon_put(struct anon *x, const struct anon_row *row) MUST_USE;
/* The next part of a name between blanks of either width; false: none is left. */
bool anon_name_part(struct str *rest, struct str *ret);
const struct anon_row *anon_find(const struct anon *x, struct str from);
/* Rows for what is seen by its form in the marked parts: addresses, mail addresses, URLs, telephone numbers, days, amounts, prefectures. */
int anon_scan(struct anon *x, struct str marked) MUST_USE;
/* The marked parts with every row's pseudonym, the marks gone. apply false: as they are. */
void anon_write(const struct anon *x, struct str marked, bool ja, bool apply, struct buf *out);

/* What must not remain. */
struct anon_secret {
    enum anon_kind kind;
    struct str text;
};
struct anon_secrets {
    struct arena *arena;
    struct anon_secret *at;
    size_t n, cap;
    struct map tokens; /* of one plain word: looked up, since a case has thousands of accounts */
    const int64_t *days; /* days of the case, as days since 1970 in Japan */
    size_t n_days;
};
void anon_secrets_init(struct anon_secrets *x, struct arena *a);
void anon_secrets_done(struct anon_secrets *x);
/* Of a person also each part of the name. */
int anon_secret_add(struct anon_secrets *x, enum anon_kind kind, struct str text) MUST_USE;
struct anon_rest {
    enum anon_kind kind;
    struct str text;
    size_t line; /* from 1 */
};
/* Called for each thing that remains in the text. `marked`: with marks; our own words between them are not looked at. */
typedef int anon_rest_fn(void *ctx, const struct anon_rest *r);
/* rows (may be NULL): their pseudonyms are put in first. 0, or what `rest` returned. */
int anon_check(const struct anon_secrets *x, const struct anon *rows, struct str marked, bool ja, anon_rest_fn *rest, void *ctx) MUST_USE;

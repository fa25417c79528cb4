#include "detect/statistics.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"

static const char head[] = "kizuki-statistics 1";

struct statistics_field {
    double values;
    uint32_t deepest; /* the rarest level that was written */
    uint32_t *keys; /* key << 8 | level; open addressing over `mask` + 1 places, FREE where there is none */
    uint32_t mask;
};
#define FREE UINT32_MAX

struct detect_statistics {
    struct arena arena;
    struct map by_source; /* "product/category/service\tfield" */
    struct map by_name;   /* field: the one with the most values */
};

uint32_t statistics_key(unsigned part, struct str lowered) {
    return (uint32_t) (hash_fast(lowered, part) >> 40);
}

/* --- lookup --- */

const struct statistics_field *statistics_find(const struct detect_statistics *s,
                                               const struct detect_logsource *source, struct str field) {
    char z[1024];
    if (!s)
        return NULL;
    int n = snprintf(z, sizeof z, "%.*s/%.*s/%.*s\t%.*s", STR_ARG(source->product), STR_ARG(source->category),
                     STR_ARG(source->service), STR_ARG(field));
    const struct statistics_field *f =
        n > 0 && (size_t) n < sizeof z ? map_get(&s->by_source, str_n(z, (size_t) n)) : NULL;
    return f ? f : map_get(&s->by_name, field);
}

static uint32_t *place_of(const struct statistics_field *f, uint32_t key) {
    uint32_t i = key & f->mask;
    while (f->keys[i] != FREE && f->keys[i] >> 8 != key)
        i = (i + 1) & f->mask;
    return &f->keys[i];
}

double statistics_share(const struct statistics_field *f, unsigned part, struct str lowered) {
    uint32_t at = *place_of(f, statistics_key(part, lowered));
    double unseen = 0.3 / (f->values + 1), rare = 0.25 / (1u << f->deepest);
    if (at != FREE)
        return 0.75 / (1u << (at & 0xff));
    return MAX(MIN(unseen, rare), rare / 8);
}

/* --- reading --- */

static int bad(struct diag *reterr, const char *file, unsigned line, const char *what) {
    return diag_set_at(reterr, -ERR_PARSE, file, line, 0, "%s; make the file anew with 'kizuki rule learn'", what);
}

static int digit64(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_digit(c))
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* "LEVEL:KEYS"; -ERR_PARSE. */
static int read_level(struct str part, struct statistics_field *f) {
    ptrdiff_t colon = str_find_byte(part, ':', 0);
    uint64_t level;
    if (colon < 0 || str_to_u64(str_to(part, (size_t) colon), &level) < 0 || level >= STATISTICS_LEVELS)
        return -ERR_PARSE;
    f->deepest = MAX(f->deepest, (uint32_t) level);
    struct str keys = str_from(part, (size_t) colon + 1);
    if (keys.n % 4)
        return -ERR_PARSE;
    for (size_t i = 0; i < keys.n; i += 4) {
        uint32_t key = 0;
        for (size_t k = i; k < i + 4; k++) {
            int d = digit64(keys.p[k]);
            if (d < 0)
                return -ERR_PARSE;
            key = key << 6 | (uint32_t) d;
        }
        uint32_t *at = place_of(f, key);
        *at = MIN(*at, key << 8 | (uint32_t) level);
    }
    return 0;
}

static int keep(struct detect_statistics *s, struct str source_and_name, struct str name, struct statistics_field *f) {
    union map_value *v;
    int r = map_put(&s->by_source, source_and_name, f);
    if (r == 0)
        r = map_add(&s->by_name, name, &v, NULL);
    if (r == 0 && (!v->ptr || ((struct statistics_field *) v->ptr)->values < f->values))
        v->ptr = f;
    return r;
}

static int read_line(struct detect_statistics *s, struct str line, const char *file, unsigned number,
                     struct diag *reterr) {
    struct str rest = line, source, name, values, level;
    uint64_t n;
    struct statistics_field *f = arena_zalloc(&s->arena, sizeof *f);
    uint32_t places = 16; /* at most half of them taken */
    while (places < line.n / 2)
        places *= 2;
    if (!f || !(f->keys = arena_alloc(&s->arena, places * sizeof *f->keys)))
        return diag_set(reterr, -ENOMEM, "out of memory");
    f->mask = places - 1;
    memset(f->keys, 0xff, places * sizeof *f->keys);
    if (!str_split(&rest, '\t', &source) || !str_split(&rest, '\t', &name) || !str_split(&rest, '\t', &values) ||
        !name.n || str_to_u64(values, &n) < 0 || n > UINT32_MAX)
        return bad(reterr, file, number, "this is not a log source, a field and a number of values");
    f->values = (double) n;
    while (str_split(&rest, '\t', &level))
        if (read_level(level, f) < 0)
            return bad(reterr, file, number, "this is not a level and its keys");
    int r = keep(s, str_n(source.p, (size_t) (name.p + name.n - source.p)), name, f);
    return r < 0 ? diag_set(reterr, r, "cannot keep the statistics: %s", err_word(r)) : 0;
}

static int read_text(struct detect_statistics *s, struct str text, const char *file, struct diag *reterr) {
    struct str line;
    unsigned number = 1;
    if (!str_split(&text, '\n', &line) || !str_eq_z(line, head))
        return bad(reterr, file, 1, "this is no file of statistics");
    while (str_split(&text, '\n', &line)) {
        number++;
        int r = line.n && line.p[0] != '#' ? read_line(s, line, file, number, reterr) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static struct detect_statistics *statistics_new(void) {
    struct detect_statistics *s = mem_zalloc(sizeof *s);
    if (!s)
        return NULL;
    arena_init(&s->arena, 16 * STATISTICS_BYTES_MAX);
    map_init(&s->by_source, STATISTICS_FIELDS_MAX, MAP_BORROW);
    map_init(&s->by_name, STATISTICS_FIELDS_MAX, MAP_BORROW);
    return s;
}

struct detect_statistics *detect_statistics_free(struct detect_statistics *s) {
    if (s) {
        map_done(&s->by_source);
        map_done(&s->by_name);
        arena_done(&s->arena);
        mem_free(s);
    }
    return NULL;
}

int detect_statistics_load_text(struct str text, const char *file, struct detect_statistics **ret,
                                struct diag *reterr) {
    CLEANUP(detect_statistics_freep) struct detect_statistics *s = statistics_new();
    struct str own = s ? arena_dup(&s->arena, text) : STR_NULL;
    if (!own.p)
        return diag_set(reterr, -ENOMEM, "out of memory");
    int r = read_text(s, own, file, reterr);
    if (r == 0)
        *ret = TAKE_PTR(s);
    return r;
}

int detect_statistics_load(const char *path, struct detect_statistics **ret, struct diag *reterr) {
    struct arena a;
    struct str text;
    arena_init(&a, 2 * STATISTICS_BYTES_MAX);
    int r = file_read(&a, path, STATISTICS_BYTES_MAX, &text, reterr);
    if (r == 0)
        r = detect_statistics_load_text(text, path, ret, reterr);
    arena_done(&a);
    return r;
}

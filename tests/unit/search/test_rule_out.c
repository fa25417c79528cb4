/* What rules a record or a segment out never rules out one that fits: every field and every word of the samples of all
 * decoders is looked for, in several forms, and must be found through the filter and the gate. */
#include "unit.h"

#include "app/engine/engine.h"
#include "app/search/filter.h"
#include "app/search/gate.h"
#include "app/search/narrow.h"
#include "app/search/query.h"
#include "app/search/whole.h"
#include "base/file.h"
#include "base/map.h"
#include "base/text.h"
#include "decode/decode.h"
#include "decode/recipe.h"
#include "index/sql.h"

#include <dirent.h>

#define SAMPLES "content/events/samples"
enum { RECORDS_OF_A_FILE = 2, VALUE_MAX = 120 };

static const struct source sources[] = {
    {.encoding = -1, .offset_min = TIME_JST_OFFSET_MIN, .skew_max_ns = 5 * NS_PER_MIN, .service = {"会員サイト", 15}, .host = {"gate-9", 6}}};
static struct map asked; /* each query once: it is the making of a search that takes time */
static unsigned n_asked;
static struct decode_set *decoders;

static int load(void **state UNUSED) {
    struct diag d;
    setenv("KIZUKI_CONTENT", "content", 1); /* tests run in the source folder */
    return engine_decoders(NULL, 0, &decoders, &d);
}
static int unload(void **state UNUSED) {
    decode_set_unref(decoders);
    return 0;
}


static struct search *made(const char *query, size_t n) {
    struct search_options o = {.query = str_n(query, n), .from_ns = TIME_NONE, .to_ns = TIME_NONE, .sources = sources, .n_sources = 1, .decoders = decoders};
    struct search *s;
    struct diag d = {0};
    if (search_new(&o, &s, &d) < 0)
        fail_msg("%.*s: %s", (int) n, query, d.text);
    return s;
}

static struct index_row row; /* of the record that is looked for */

static bool is_in(struct str name, const struct str *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

static bool net_holds(const struct ip_prefix *net) {
    for (size_t i = 0; i < row.n_v4; i++) {
        struct ip ip = {.version = 4};
        for (unsigned k = 0; k < 4; k++)
            ip.bytes[k] = (uint8_t) (row.v4[i] >> (24 - 8 * k));
        if (ip_prefix_contains(net, &ip))
            return true;
    }
    for (size_t i = 0; i < row.n_v6; i++)
        if (ip_prefix_contains(net, &row.v6[i]))
            return true;
    return false;
}

/* What the SQL of index/sql.c says, said again. */
static bool holds(const struct index_cond *c) {
    switch (c->kind) {
    case INDEX_ALL:
    case INDEX_ANY:
        for (size_t i = 0; i < c->n; i++)
            if (holds(&c->sub[i]) != (c->kind == INDEX_ALL))
                return c->kind == INDEX_ANY;
        return c->kind == INDEX_ALL;
    case INDEX_HOST: return is_in(c->text, row.hosts, row.n_hosts);
    case INDEX_USER: return is_in(c->text, row.users, row.n_users);
    case INDEX_NET: return net_holds(&c->net);
    case INDEX_HASH:
        for (size_t i = 0; i < row.n_digests; i++)
            if (row.digests[i] == c->digest)
                return true;
        return false;
    case INDEX_TEXT: return str_find(buf_str(&row.text), c->text, 0) >= 0;
    case INDEX_TIME: return row.time_s >= c->from_s && row.time_s <= c->to_s;
    }
    return true;
}

/* -1: the index has nothing to say to it. */
static int index_may(const struct search *s) {
    struct index_cond cond;
    struct arena a;
    arena_init(&a, 1 << 20);
    int r = narrow_condition(&a, s, &cond);
    assert_true(r >= 0);
    r = r == 0 ? -1 : row.rough || holds(&cond);
    arena_done(&a);
    return r;
}

static void must_find(const struct filter *f, const struct raw_record *rec, struct str query) {
    int64_t t;
    bool fresh;
    union map_value *v;
    assert_int_equal(map_add(&asked, query, &v, &fresh), 0);
    if (!fresh)
        return;
    struct search *s = made(query.p, query.n);
    struct gate *g = gate_new(search_condition(s), sources, 1, true);
    n_asked++;
    if (!filter_may(f, search_condition(s), NULL))
        fail_msg("the filter rules out %.*s in %.*s", STR_ARG(query), STR_ARG(rec->bytes));
    if (!gate_may(g, rec))
        fail_msg("the gate rules out %.*s in %.*s", STR_ARG(query), STR_ARG(rec->bytes));
    if (index_may(s) == 0)
        fail_msg("the index rules out %.*s in %.*s", STR_ARG(query), STR_ARG(rec->bytes));
    if (search_test(s, rec, &t) != 1)
        fail_msg("%.*s does not find %.*s", STR_ARG(query), STR_ARG(rec->bytes));
    gate_free(g);
    search_free(s);
}

static void add_quoted(struct buf *b, struct str s) {
    buf_add_byte(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_add_byte(b, '\\');
        buf_add_byte(b, s.p[i]);
    }
    buf_add_byte(b, '"');
}

/* The value as it is, and its first half with anything behind. */
static void ask_field(const struct filter *f, const struct raw_record *rec, struct str name, struct str value) {
    struct buf b;
    buf_init(&b, 65536);
    buf_add(&b, name);
    buf_add_byte(&b, ':');
    add_quoted(&b, value);
    must_find(f, rec, buf_str(&b));
    if (text_is_ascii(value) && value.n > 4 && !memchr(value.p, ' ', value.n) && !memchr(value.p, '\\', value.n) &&
        !memchr(value.p, '"', value.n) && !memchr(value.p, '(', value.n) && !memchr(value.p, ')', value.n) && !memchr(value.p, '*', value.n)) {
        buf_clear(&b);
        buf_printf(&b, "%.*s:%.*s*", STR_ARG(name), (int) value.n / 2, value.p);
        must_find(f, rec, buf_str(&b));
    }
    buf_done(&b);
}

static bool is_askable(struct str name) {
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_digit(name.p[i]) && !(ascii_lower(name.p[i]) >= 'a' && ascii_lower(name.p[i]) <= 'z') && !strchr("._-@", name.p[i]))
            return false;
    return name.n && !str_eq_z(name, "event.original") && !str_eq_z(name, "@timestamp") && !str_eq_z(name, "event.created");
}

/* Words of the line: from blank to blank, quoted. */
static void ask_words(const struct filter *f, const struct raw_record *rec, struct str line) {
    struct str word;
    unsigned n = 0;
    while (str_split(&line, ' ', &word) && n < 12) {
        struct buf b;
        if (!word.n || word.n > VALUE_MAX || !text_is_utf8(word) || memchr(word.p, 033, word.n)) /* ISO-2022-JP is no query */
            continue;
        buf_init(&b, 65536);
        add_quoted(&b, word);
        must_find(f, rec, buf_str(&b));
        buf_done(&b);
        n++;
    }
}

static void check_record(const struct raw_record *rec) {
    struct search *all = made("*", 1);
    struct whole_folded folded;
    struct filter f;
    struct arena a;
    const struct event *ev;
    char line[65536];
    arena_init(&a, 16 << 20);
    assert_int_equal(search_event(all, rec, &ev), 0);
    struct str text = str_n(line, MIN(rec->bytes.n, sizeof line));
    memcpy(line, rec->bytes.p, text.n);
    assert_int_equal(filter_begin(&f, 4096), 0);
    assert_int_equal(whole_fold(&a, ev, text, &folded), 0);
    filter_add(&f, &folded, 64, false);
    filter_end(&f, 4096);
    index_row_init(&row);
    index_row_begin(&row, INDEX_EVENT, 1, rec->pos.n, 64);
    narrow_row(&row, &folded);
    for (uint32_t i = 0; i < ev->n; i++) {
        struct str name = ev->fields[i].id ? event_names_get(ev->names, ev->fields[i].id) : ev->fields[i].name;
        struct str value = ev->fields[i].value;
        if (is_askable(name) && value.n && value.n <= VALUE_MAX && text_is_utf8(value) && ev->fields[i].type != 0 && ev->fields[i].type < 5)
            ask_field(&f, rec, name, value);
    }
    if (!(rec->flags & RAW_JOURNAL) && rec->bytes.p[0] != '{')
        ask_words(&f, rec, text);
    index_row_done(&row);
    filter_done(&f);
    arena_done(&a);
    search_free(all);
}

static void check_file(const char *path) {
    struct arena a;
    struct str text, line;
    unsigned n = 0;
    if (!str_ends(str_of(path), STR(".log")))
        return;
    arena_init(&a, 16 << 20);
    assert_int_equal(file_read(&a, path, 4 << 20, &text, NULL), 0);
    while (n < RECORDS_OF_A_FILE && str_split(&text, '\n', &line)) {
        struct raw_record rec = {.bytes = line, .flags = RAW_BACKFILL, .pos = {.stream = 1, .n = ++n}, .peer = STR("192.0.2.250:514")};
        if (line.n)
            check_record(&rec);
    }
    arena_done(&a);
}

static void each_entry(const char *dir, void (*fn)(const char *path)) {
    struct dirent **list;
    int n = scandir(dir, &list, NULL, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        char path[768];
        snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
        if (list[i]->d_name[0] != '.')
            fn(path);
        free(list[i]);
    }
    free(list);
}

static void check_folder(const char *path) {
    if (!str_ends(str_of(path), STR(".md")))
        each_entry(path, check_file);
}

static void what_stands_in_samples_is_never_ruled_out(void **state UNUSED) {
    map_init(&asked, 100000, 0);
    n_asked = 0;
    each_entry(SAMPLES, check_folder);
    for (size_t i = 0; i < decode_set_count(decoders); i++)
        for (size_t k = 0; k < RECORDS_OF_A_FILE && k < decode_set_at(decoders, i).n_samples; k++) {
            struct raw_record rec = {.bytes = decode_set_sample_line(decoders, i, k), .flags = RAW_BACKFILL, .pos = {.stream = 1, .n = 1}};
            if (rec.bytes.n)
                check_record(&rec);
        }
    print_message("# %u queries\n", n_asked);
    assert_true(n_asked > 700 && decode_set_count(decoders) > 1);
    map_done(&asked);
}

/* And it does rule out. The gate is asked about a line without variants: with them it knows less. */
static void most_of_what_does_not_stand_there_is_ruled_out(void **state UNUSED) {
    static const char line[] = "{\"source.ip\":\"192.0.2.33\",\"user.name\":\"root\",\"message\":\"Failed password from 192.0.2.33, サーバーの改ざん\"}";
    static const char plain[] = "{\"source.ip\":\"192.0.2.33\",\"user.name\":\"root\",\"message\":\"Failed password from 192.0.2.33, 接続を拒否\"}";
    static const struct {
        const char *query;
        bool filter, gate; /* pass */
        int index;         /* likewise; -1: it has nothing to say */
    } rows[] = {
        {"192.0.2.33", true, true, 1},     {"192.0.2.3", false, true, 0},       {"2.33.192.0", false, false, 0},
        {"password", true, true, -1},       {"passwords", false, false, -1},      {"passw*", true, true, -1},
        {"改ざん", true, false, 1},        {"改竄", true, false, 1},            {"ざん改", false, false, 0},
        {"サーバ", true, false, 1},        {"接続を", false, true, 0},          {"source.ip:192.0.2.0/24", true, true, 1},
        {"source.ip:198.51.100.0/24", false, true, 0}, {"user.name:root", true, true, 1}, {"user.name:toor", false, false, 0},
        {"source.ip:(192.0.2.1, 192.0.2.33, 192.0.2.2, 192.0.2.4, 192.0.2.5, 192.0.2.6)", true, true, 1}, {"192.0.2.1 or 192.0.2.34 or 92.0.2.3 or 192.0.2.4 or 3.3.3.3", false, true, 0},
        {"source.ip:(192.0.2.1, 192.0.2.34, 192.0.2.2, 192.0.2.4, 192.0.2.5, 192.0.2.6)", false, true, 0}, {"192.0.2.1 or 192.0.2.34 or 92.0.2.4 or 192.0.2.4 or 2.33.192.0", false, false, 0}, {"source.ip:(1.1.1.1, 2.2.2.2, 0.0.0.0, 0.0.2.33, 192.0.2.3)", false, true, 0},
        {"user.name:root and toor", false, false, 1},  {"user.name:root or toor", true, true, -1}, {"not toor", true, true, -1},
    };
    struct raw_record rec = {.bytes = STR(line), .pos = {.stream = 1, .n = 1}}, other = {.bytes = STR(plain)};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct search *s = made(rows[i].query, strlen(rows[i].query));
        struct whole_folded folded;
        struct filter f;
        struct arena a;
        const struct event *ev;
        arena_init(&a, 1 << 20);
        assert_int_equal(search_event(s, &rec, &ev), 0);
        assert_int_equal(filter_begin(&f, 4096), 0);
        assert_int_equal(whole_fold(&a, ev, rec.bytes, &folded), 0);
        filter_add(&f, &folded, 64, false);
        filter_end(&f, 4096);
        index_row_init(&row);
        index_row_begin(&row, INDEX_EVENT, 1, 1, 64);
        narrow_row(&row, &folded);
        if (index_may(s) != rows[i].index)
            fail_msg("%s: index %d", rows[i].query, index_may(s));
        index_row_done(&row);
        struct gate *g = gate_new(search_condition(s), sources, 1, true);
        if (filter_may(&f, search_condition(s), NULL) != rows[i].filter || gate_may(g, &other) != rows[i].gate)
            fail_msg("%s: filter %d, gate %d", rows[i].query, filter_may(&f, search_condition(s), NULL), gate_may(g, &other));
        gate_free(g);
        filter_done(&f);
        arena_done(&a);
        search_free(s);
    }
}

UNIT_GROUP(search_rule_out, cmocka_unit_test_setup_teardown(what_stands_in_samples_is_never_ruled_out, load, unload),
           cmocka_unit_test_setup_teardown(most_of_what_does_not_stand_there_is_ruled_out, load, unload))

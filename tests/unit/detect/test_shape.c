/* What a matcher remembers of the shapes of events and of their routes changes nothing: fire_event holds one that has
 * seen all events before against one that has seen none. */
#include "fire.h"

#include "base/buf.h"

enum { EVENTS = 4000 /* more shapes than a memory holds */, NAMES = 8 };

static const char rules[] =
    "title: p\nid: 00000000-0000-4000-8000-000000000001\nlogsource: {product: p}\n"
    "detection:\n  s:\n    one: v1\n  condition: s\n---\n"
    "title: p two\nid: 00000000-0000-4000-8000-000000000002\nlogsource: {product: p}\n"
    "detection:\n  s:\n    two|contains: 'v2'\n  n:\n    three: null\n  condition: s and not n\n---\n"
    "title: q\nid: 00000000-0000-4000-8000-000000000003\nlogsource: {product: q}\n"
    "detection:\n  s:\n    one: v1\n    three|endswith: '1'\n  condition: s\n---\n"
    "title: all\nid: 00000000-0000-4000-8000-000000000004\nlogsource: {category: any}\n"
    "detection:\n  s:\n    four|fieldref: one\n  condition: s\n";
static const char fields[] =
    "maps: [{for: {product: p}, prefixes: [x.], names: {one: [y.one], two: [z]}}]\n"
    "routes:\n  - logsource: {product: p}\n    when: {channel: [red, blue], code: 7}\n"
    "  - logsource: {product: q}\n    when: {channel: [blue, green], level|exists: true}\n";

static uint64_t seed = 88172645463325252u;
static unsigned pick(unsigned n) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned) ((seed >> 11) % n);
}

static void add(struct buf *b, const char *name) {
    static const char *const channels[] = {"red", "Blue", "GREEN", "bl\\u0075e", "other", "r\xc3\xa9" "d"};
    static const char *const codes[] = {"7", "\"7\"", "7.0", "8", "null", "[7, 8]"};
    static const char *const values[] = {"\"v1\"", "\"av2\"", "null", "\"x1\"", "[\"v1\", \"v2\"]", "1"};
    buf_printf(b, "%s\"%s\": ", buf_str(b).n > 1 ? ", " : "", name);
    if (strcmp(name, "channel") == 0)
        buf_printf(b, "\"%s\"", channels[pick(ARRAY_SIZE(channels))]);
    else
        buf_printf(b, "%s", strcmp(name, "code") == 0 ? codes[pick(ARRAY_SIZE(codes))] : values[pick(ARRAY_SIZE(values))]);
}

static void write_event(struct buf *b) {
    static const char *const names[] = {"channel", "code", "level", "x.one", "y.one", "z", "one", "three", "four", "nobody", "one"};
    unsigned n = 2 + pick(NAMES);
    buf_clear(b);
    buf_add(b, STR("{"));
    for (unsigned i = 0; i < n; i++) /* half of them in one order, so that shapes come again */
        add(b, names[n % 2 ? i : pick(ARRAY_SIZE(names))]);
    buf_add(b, STR("}"));
    assert_false(buf_error(b));
}

static void memories_change_nothing(void **state UNUSED) {
    struct fire f;
    struct buf line;
    unsigned fired[5] = {0};
    buf_init(&line, 65536);
    fire_begin(&f, rules, fields, NULL);
    for (unsigned i = 0; i < EVENTS; i++) {
        write_event(&line);
        fire_event(&f, buf_str(&line));
        for (uint32_t k = 0; k < f.n; k++)
            fired[f.hits[k]]++;
    }
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(fired[i], EVENTS / 200, EVENTS / 2); /* each rule now and then */
    buf_done(&line);
    fire_end(&f);
}

/* The same names, other values: what decides is looked at each time. */
static void a_shape_has_many_routes(void **state UNUSED) {
    static const struct {
        const char *line;
        unsigned n;
    } rows[] = {
        {"{\"channel\": \"red\", \"code\": 7, \"x.one\": \"v1\"}", 1},
        {"{\"channel\": \"red\", \"code\": 8, \"x.one\": \"v1\"}", 0},
        {"{\"channel\": \"RED\", \"code\": 7.0, \"x.one\": \"v1\"}", 1},
        {"{\"channel\": \"rad\", \"code\": 7, \"x.one\": \"v1\"}", 0},
        {"{\"channel\": \"blue\", \"code\": \"7\", \"x.one\": \"v1\"}", 1},
        {"{\"channel\": null, \"code\": 7, \"x.one\": \"v1\"}", 0},
        {"{\"channel\": \"blu\\u0065\", \"code\": 7, \"x.one\": \"v1\"}", 1},
        {"{\"channel\": \"red\", \"code\": 7, \"x.one\": \"v2\"}", 0},
        {"{\"channel\": \"red\", \"code\": 7, \"x.one\": \"v1\"}", 1},
    };
    struct fire f;
    fire_begin(&f, rules, fields, NULL);
    for (unsigned round = 0; round < 3; round++)
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
            fire_event(&f, str_of(rows[i].line));
            assert_int_equal(f.n, rows[i].n);
        }
    fire_end(&f);
}

UNIT_GROUP(detect_shape, cmocka_unit_test(memories_change_nothing), cmocka_unit_test(a_shape_has_many_routes))

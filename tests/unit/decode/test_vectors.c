/* Lines and parser records of CrowdSec's hub (MIT, outside the tree), those of sshd, nginx and
 * Apache: same address, account, request and status. Skipped aloud without KIZUKI_TEST_DATA. */
#include "fixture.h"
#include "testdata.h"

#include "base/json.h"

static struct fixture f;
struct counts {
    int lines, fields, unparsed;
};

static bool is_ours(struct str parser) {
    static const char *const parsers[] = {"crowdsecurity/sshd-logs", "crowdsecurity/nginx-logs",
                                          "crowdsecurity/apache2-logs"};
    for (size_t i = 0; i < ARRAY_SIZE(parsers); i++)
        if (str_eq_z(parser, parsers[i]))
            return true;
    return false;
}

static void same(const struct json_value *record, const char *key, const struct event *ev,
                 const char *field, struct counts *c) {
    struct str want;
    char z[4096];
    if (!json_get_str(record, key, &want) || want.n == 0 || want.n >= sizeof z ||
        str_eq_z(want, "-"))
        return;
    snprintf(z, sizeof z, "%.*s", STR_ARG(want));
    assert_field(ev, field, z);
    c->fields++;
}

static void check_record(struct str line, const struct json_value *e, struct counts *c) {
    const struct json_value *meta = json_get_object(e, "meta"),
                            *parsed = json_get_object(e, "parsed");
    struct event *ev = fixture_decode(&f, line);
    if (ev->flags & EVENT_UNPARSED) {
        print_error("not parsed: %.*s\n", STR_ARG(line));
        c->unparsed++;
        return;
    }
    same(meta, "source_ip", ev, "source.ip", c);
    same(meta, "target_user", ev, "user.name", c);
    same(meta, "http_status", ev, "http.response.status_code", c);
    same(meta, "http_verb", ev, "http.request.method", c);
    same(parsed, "http_user_agent", ev, "user_agent.original", c);
    same(parsed, "bytes", ev, "http.response.body.bytes", c);
    c->lines++;
}

/* Left out: JSON of a hosting platform around the line, proxies that write the time first (formats
 * of their own), and one line made up to be refused. */
static bool is_known(struct str line) {
    return line.n > 1 && line.p[0] != '{' && !(line.p[0] == '[' && ascii_digit(line.p[1])) &&
           str_find(line, STR("totobad"), 0) < 0;
}

static void check_test(const struct json_value *test, struct counts *c) {
    const struct json_value *lines = json_get_array(test, "log");
    const struct json_value *records = json_get_array(test, "expected");
    struct str line[2048];
    size_t n = 0;
    for (const struct json_value *l = lines->first; l && n < ARRAY_SIZE(line); l = l->next)
        line[n++] = l->text;
    for (const struct json_value *e = records->first; e; e = e->next) {
        struct str parser;
        int64_t index;
        bool success;
        if (json_get_str(e, "parser", &parser) && is_ours(parser) &&
            json_get_i64(e, "index", &index) && index >= 0 && (size_t) index < n &&
            json_get_bool(e, "success", &success) && success && is_known(line[index]))
            check_record(line[index], e, c);
    }
}

static void agrees_with_crowdsecs_records(void **state UNUSED) {
    struct counts c = {0};
    struct arena a;
    struct str text, line;
    char path[4096];
    snprintf(path, sizeof path, "%s/vectors/crowdsec_parsers.shared.jsonl", testdata_or_skip());
    fixture_start(&f);
    arena_init(&a, (size_t) 256 << 20);
    assert_int_equal(file_read(&a, path, (size_t) 64 << 20, &text, NULL), 0);
    while (str_split(&text, '\n', &line)) {
        struct json_value *v;
        if (line.n && json_parse(&a, line, &v, NULL) == 0)
            check_test(v, &c);
    }
    print_message("# crowdsec: %d lines, %d fields agree\n", c.lines, c.fields);
    assert_int_equal(c.unparsed, 0);
    assert_true(c.lines > 60);
    arena_done(&a);
    fixture_stop(&f);
}

UNIT_GROUP(decode_vectors, cmocka_unit_test(agrees_with_crowdsecs_records))

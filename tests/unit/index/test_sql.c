/* Statements: each that is written is permitted, and nothing else is. */
#include "unit.h"

#include "index/sql.h"

static struct ip_prefix prefix(const char *z) {
    struct ip_prefix p;
    assert_true(ip_prefix_parse(str_of(z), &p) >= 0);
    return p;
}

static void conditions_are_written_as_sql(void **state UNUSED) {
    struct index_cond nets[] = {{.kind = INDEX_NET, .net = prefix("192.0.2.7")}, {.kind = INDEX_NET, .net = prefix("10.0.0.0/8")}, {.kind = INDEX_NET, .net = prefix("192.0.2.9")}};
    struct index_cond nested = {.kind = INDEX_ANY, .n = 3, .sub = nets};
    struct index_cond any[] = {nested, {.kind = INDEX_USER, .text = STR("o'neil\\")}};
    struct index_cond all[] = {{.kind = INDEX_ANY, .n = 2, .sub = any}, {.kind = INDEX_TEXT, .text = STR("改ざん")}, {.kind = INDEX_HOST, .text = STR("h")},
                               {.kind = INDEX_HASH, .digest = 5}, {.kind = INDEX_NET, .net = prefix("2001:db8::/33")}, {.kind = INDEX_TIME, .from_s = -9, .to_s = 7}};
    struct index_cond c = {.kind = INDEX_ALL, .n = ARRAY_SIZE(all), .sub = all};
    struct buf b;
    buf_init(&b, 65536);
    const struct index_range ranges[] = {{3, 9}, {12, 12}};
    index_sql_find(&b, 42, &c, ranges, 2, 10);
    assert_str(buf_str(&b),
               "SELECT kind, segment, if(kind = 1, 0, n) AS k, min(n), max(n + width), max(place), sum(width), max(rough) FROM kizuki_events "
               "WHERE made = 42 AND (segment BETWEEN 3 AND 9 OR segment BETWEEN 12 AND 12) AND (kind > 0 OR rough = 1 OR ((arrayExists(x -> x IN (3221225991, 3221225993), v4) OR "
               "arrayExists(x -> x BETWEEN 167772160 AND 184549375, v4) OR has(users, 'o\\'neil\\\\')) AND position(text, '改ざん') > 0 AND "
               "has(hosts, 'h') AND has(digests, 5) AND arrayExists(x -> x BETWEEN toFixedString(unhex('20010db8000000000000000000000000'), 16) AND "
               "toFixedString(unhex('20010db87fffffffffffffffffffffff'), 16), v6) AND time BETWEEN -9 AND 7)) GROUP BY kind, segment, k "
               "ORDER BY kind DESC, segment, k LIMIT 10 FORMAT RowBinary");
    assert_true(index_sql_permitted(buf_str(&b)));
    void (*const written[])(struct buf *out) = {index_sql_create, index_sql_insert, index_sql_empty};
    for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
        buf_clear(&b);
        written[i](&b);
        assert_true(b.n && index_sql_permitted(buf_str(&b)));
    }
    buf_clear(&b);
    index_sql_drop(&b, 200);
    assert_str(buf_str(&b), "ALTER TABLE kizuki_events DROP PARTITION 3");
    assert_true(index_sql_permitted(buf_str(&b)));
    buf_clear(&b);
    index_sql_delete(&b, 200);
    assert_str(buf_str(&b), "ALTER TABLE kizuki_events DELETE IN PARTITION 3 WHERE segment = 200");
    assert_true(index_sql_permitted(buf_str(&b)));
    buf_clear(&b);
    index_sql_find(&b, UINT64_MAX, NULL, NULL, 0, 1);
    assert_true(str_find(buf_str(&b), STR("WHERE made = 18446744073709551615 AND (kind = 1)"), 0) > 0);
    assert_true(index_sql_permitted(buf_str(&b)));
    buf_done(&b);
}

static void texts_hold_whatever_they_hold(void **state UNUSED) {
    struct buf b;
    buf_init(&b, 65536);
    for (int a = 0; a < 256; a++)
        for (int c = 0; c < 256; c++) {
            char two[3] = {(char) a, (char) c, '\\'};
            struct index_cond has = {.kind = INDEX_HOST, .text = str_n(two, 3)};
            buf_clear(&b);
            index_sql_find(&b, 1, &has, NULL, 0, 1);
            if (!index_sql_permitted(buf_str(&b)))
                fail_msg("%d %d ends its text", a, c);
        }
    buf_done(&b);
}

static void nothing_else_is_permitted(void **state UNUSED) {
    static const char *const bad[] = {
        "", "SELECT min(n) FROM url('http://x', RowBinary)", "SELECT min(n) FROM file('x')", "SELECT min(n) FROM executable('x', RowBinary)",
        "SELECT min(n) FROM s3('x')", "SELECT min(n) FROM remote('x')", "SELECT n FROM system.tables", "SELECT n FROM kizuki_events INTO OUTFILE 'x'",
        "INSERT INTO kizuki_events FROM INFILE 'x'", "INSERT INTO FUNCTION file('x') SELECT n", "CREATE TABLE kizuki_events (n UInt64) ENGINE = File(RowBinary)",
        "SYSTEM SHUTDOWN", "SET max_threads = 9", "SELECT n; SELECT n", "SELECT n -- x", "SELECT n /* x */", "SELECT n # x", "SELECT `n`", "SELECT \"n\"",
        "SELECT $a$x$a$", "SELECT 'x", "SELECT 'x\\'", "SELECT 0x10", "SELECT n FROM Url", "select n", "SELECT n\n", "SELECT {a:String}", "ATTACH TABLE kizuki_events",
        "SELECT 'a' 'b\\", "SELECT n FORMAT\tRowBinary",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (index_sql_permitted(str_of(bad[i])))
            fail_msg("%s", bad[i]);
    assert_false(index_sql_permitted(str_n("SELECT n\0", 9)));
    assert_true(index_sql_permitted(STR("SELECT n FROM kizuki_events WHERE text = '--' AND text = '''url(' AND text = '\\''")));
}

UNIT_GROUP(index_sql, cmocka_unit_test(conditions_are_written_as_sql), cmocka_unit_test(texts_hold_whatever_they_hold),
           cmocka_unit_test(nothing_else_is_permitted))

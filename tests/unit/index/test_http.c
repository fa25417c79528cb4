/* HTTP heads and bodies, whole and in every part. */
#include "unit.h"

#include "index/http.h"

static int parsed(const char *z, bool answer, struct http_head *h, struct buf *body) {
    struct str in = str_of(z);
    for (size_t n = 0; n < in.n; n++) { /* a part is never taken for the whole */
        buf_clear(body);
        int r = http_head_parse(str_to(in, n), answer, h);
        if (r == 1)
            r = http_body(str_to(in, n), h, false, body);
        if (r != 0)
            return r < 0 ? r : (int) n - (int) in.n;
    }
    buf_clear(body);
    int r = http_head_parse(in, answer, h);
    return r == 1 ? http_body(in, h, false, body) : r;
}

static void requests_and_answers(void **state UNUSED) {
    struct http_head h;
    struct buf body, value;
    buf_init(&body, 100);
    buf_init(&value, 100);
    assert_int_equal(parsed("POST /?a=1&query=INSERT%20x+y%0a&b HTTP/1.1\r\nHost: h\r\nX-ClickHouse-User: me\r\ncontent-length: 3\r\n\r\nabc", false, &h, &body), 1);
    assert_true(h.post && h.length == 3);
    assert_str(buf_str(&body), "abc");
    assert_str(h.user, "me");
    assert_int_equal(http_parameter(h.target, "query", &value), 1);
    assert_str(buf_str(&value), "INSERT x y\n");
    assert_int_equal(http_parameter(h.target, "que", &value), 0);
    assert_int_equal(parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n", true, &h, &body), 1);
    assert_int_equal(h.status, 200);
    assert_str(buf_str(&body), "abc0123456789");
    /* without a length an answer ends with its connection */
    struct str open = STR("HTTP/1.0 500 X\r\n\r\nwhy");
    assert_int_equal(http_head_parse(open, true, &h), 1);
    buf_clear(&body);
    assert_int_equal(http_body(open, &h, false, &body), 0);
    assert_int_equal(http_body(open, &h, true, &body), 1);
    assert_str(buf_str(&body), "why");
    buf_done(&body);
    buf_done(&value);
}

static void what_is_wrong_is_refused(void **state UNUSED) {
    static const char *const bad[] = {
        "PUT / HTTP/1.1\r\n\r\n", "POST nowhere HTTP/1.1\r\n\r\n", "POST / HTTP/2\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "POST / HTTP/1.1\r\nno colon\r\n\r\n", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    };
    struct http_head h;
    struct buf body;
    buf_init(&body, 100);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        buf_clear(&body);
        int r = http_head_parse(str_of(bad[i]), false, &h);
        if (r == 1)
            r = http_body(str_of(bad[i]), &h, false, &body);
        if (r != -ERR_PARSE)
            fail_msg("%s: %d", bad[i], r);
    }
    struct str large = STR("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n");
    assert_int_equal(http_head_parse(large, false, &h), 1);
    assert_int_equal(http_body(large, &h, false, &body), -ERR_LIMIT);
    assert_int_equal(http_parameter(STR("/?query=%4"), "query", &body), -ERR_PARSE);
    buf_done(&body);
}

static void what_is_escaped_comes_back(void **state UNUSED) {
    struct buf a, b;
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char) i;
    buf_init(&a, 4096);
    buf_init(&b, 4096);
    buf_add_z(&a, "/?query=");
    http_add_escaped(&a, str_n(all, sizeof all));
    assert_int_equal(http_parameter(buf_str(&a), "query", &b), 1);
    assert_true(str_eq(buf_str(&b), str_n(all, sizeof all)));
    buf_done(&a);
    buf_done(&b);
}

UNIT_GROUP(index_http, cmocka_unit_test(requests_and_answers), cmocka_unit_test(what_is_wrong_is_refused),
           cmocka_unit_test(what_is_escaped_comes_back))

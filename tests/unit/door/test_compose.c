#include "unit.h"

#include "base/base64.h"
#include "base/time.h"
#include "door/compose.h"

static const struct door_mail plain = {.from = {"k@example.jp", 12}, .from_name = {"気付き", 9}, .to = {"a@example.jp", 12}, .subject = {"x", 1},
                                       .text = {"一行目\n二行目", 19}, .id = {"i@example.jp", 12}, .now_ns = 1764000000 * NS_PER_S};

static void lines_are_short_and_ascii(void **state UNUSED) {
    struct buf b;
    struct door_mail m = plain;
    m.subject = STR("会員サイトへのリスト型攻撃を確認しました。至急ご対応をお願いします（第一報）。対象は会員サイトと請求照会です。");
    buf_init(&b, 1 << 20);
    assert_int_equal(door_mail_compose(&b, &m, NULL), 0);
    struct str rest = buf_str(&b), line;
    unsigned words = 0;
    while (str_split(&rest, '\n', &line)) {
        assert_true(line.n <= 78);
        assert_true(!line.n || line.p[line.n - 1] == '\r');
        for (size_t i = 0; i < line.n; i++)
            assert_true((unsigned char) line.p[i] < 0x80);
        ptrdiff_t at = str_find(line, STR("=?UTF-8?B?"), 0);
        if (at >= 0) { /* each word holds whole characters */
            struct str code = str_from(line, (size_t) at + 10);
            uint8_t bytes[64];
            ptrdiff_t end = str_find(code, STR("?="), 0);
            assert_true(end > 0);
            code = str_to(code, (size_t) end);
            size_t n = code.n / 4 * 3 - (code.p[code.n - 1] == '=') - (code.p[code.n - 2] == '=');
            assert_int_equal(base64_decode(code, bytes, n), 0);
            assert_true((bytes[0] & 0xc0) != 0x80);
            words++;
        }
    }
    assert_true(words > 3);
    assert_non_null(strstr(buf_z(&b), "Date: Tue, 25 Nov 2025 01:00:00 +0900\r\n"));
    buf_done(&b);
}

static void refuses_what_would_add_a_header(void **state UNUSED) {
    struct door_mail bad[4] = {plain, plain, plain, plain};
    struct buf b;
    bad[0].subject = STR("a\r\nBcc: x@example.jp");
    bad[1].to = STR("a@example.jp>, <b@example.jp");
    bad[2].in_reply_to = STR("a>\r\nX: y");
    bad[3].from_name = STR("a\nb");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct diag d = {0};
        buf_init(&b, 1 << 20);
        assert_int_equal(door_mail_compose(&b, &bad[i], &d), -ERR_REFUSED);
        assert_true(d.text[0] != 0);
        buf_done(&b);
    }
}

UNIT_GROUP(door_compose, cmocka_unit_test(lines_are_short_and_ascii), cmocka_unit_test(refuses_what_would_add_a_header))

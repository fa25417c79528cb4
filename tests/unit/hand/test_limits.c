#include "unit.h"

#include "base/err.h"
#include "base/file.h"
#include "hand/limits.h"
#include "torture.h"

#include <sys/stat.h>

static void the_template_says_the_defaults(void **state UNUSED) {
    struct hand_limits t, d;
    hand_limits_init(&d);
    assert_int_equal(hand_limits_parse(hand_limits_template(), "limits.yml", &t, NULL), 0);
    assert_true(t.dry_run);
    assert_int_equal(t.prefix4_min, d.prefix4_min);
    assert_int_equal(t.prefix6_min, d.prefix6_min);
    assert_int_equal(t.minutes_max, d.minutes_max);
    assert_int_equal(t.blocks_per_minute, d.blocks_per_minute);
    assert_int_equal(t.blocks_max, d.blocks_max);
    assert_int_equal(t.orders_per_minute, d.orders_per_minute);
    assert_int_equal(t.addresses_per_order, d.addresses_per_order);
    assert_int_equal(t.order_life_s, d.order_life_s);
    assert_int_equal(t.clock_skew_s, d.clock_skew_s);
    assert_int_equal(t.n_never, 0);
    hand_limits_done(&t);
}

static void reads_every_key(void **state UNUSED) {
    struct hand_limits l;
    struct diag d = {0};
    int r = hand_limits_parse(STR("dry_run: false\nprefix4_min: 28\nprefix6_min: 64\n"
                                  "minutes_max: 30\nblocks_per_minute: 3\nblocks_max: 9\n"
                                  "orders_per_minute: 4\naddresses_per_order: 2\n"
                                  "order_life_s: 10\nclock_skew_s: 0\nroom_uids: [0, 998]\n"
                                  "never:\n  - 203.0.113.7\n  - 2001:db8::/32\n"
                                  "  - {address: 198.51.100.9/24, name: \"partner \\u793e\"}\n"),
                              "l", &l, &d);
    if (r < 0)
        print_error("%s\n", d.text);
    assert_int_equal(r, 0);
    assert_false(l.dry_run);
    assert_int_equal(l.prefix4_min, 28);
    assert_int_equal(l.clock_skew_s, 0);
    assert_int_equal(l.n_room_uids, 2);
    assert_int_equal(l.room_uids[1], 998);
    assert_int_equal(l.n_never, 3);
    assert_int_equal(l.never[0].net.bits, 32);
    assert_int_equal(l.never[2].net.bits, 24);
    assert_int_equal(l.never[2].net.ip.bytes[3], 0);
    assert_string_equal(l.never[2].name, "partner 社");
    hand_limits_done(&l);
}

static void refuses_what_it_does_not_understand(void **state UNUSED) {
    static const struct {
        const char *text, *says;
        unsigned line;
    } rows[] = {
        {"prefix4_min: 8\n", "16 to 32", 1}, /* below the floor built in */
        {"dry_run: false\nprefix6_min: 0\n", "32 to 128", 2},
        {"minutes_max: 10081\n", "1 to 10080", 1}, /* more than seven days */
        {"minutes_max: 0\n", "1 to", 1},
        {"blocks_max: many\n", "number", 1},
        {"blocks_max: -1\n", "number", 1},
        {"dry_run: perhaps\n", "true or false", 1},
        {"dry-run: false\n", "dry-run", 1},
        {"never: 192.0.2.1\n", "list", 1},
        {"never:\n  - 192.0.2.1\n  - all\n", "address", 3},
        {"never:\n  - {adress: 192.0.2.1}\n", "adress", 2},
        {"room_uids: [root]\n", "user number", 1},
        {"room_uids: [1,2,3,4,5,6,7,8,9]\n", "at most 8", 1},
        {"- 1\n", "keys", 1},
        {"dry_run: true\n---\ndry_run: false\n", "one YAML document", 3},
        {"dry_run: true\ndry_run: false\n", "", 2},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct hand_limits l;
        struct diag d = {0};
        memset(&l, 0x55, sizeof l);
        int r = hand_limits_parse(str_of(rows[i].text), "l", &l, &d);
        if (r >= 0 || !strstr(d.text, rows[i].says) || d.line != rows[i].line)
            print_error("row %zu: %d line %u '%s'\n", i, r, d.line, d.text);
        assert_true(r < 0);
        assert_non_null(strstr(d.text, rows[i].says));
        assert_int_equal(d.line, rows[i].line);
        assert_int_equal(((unsigned char *) &l)[0], 0x55); /* not touched */
    }
}

static int write_mode(const char *path, mode_t mode) {
    assert_int_equal(file_write_atomic(path, STR("dry_run: false\n"), 0600, NULL), 0);
    return chmod(path, mode);
}

static int load_code(const char *path, const char *says) {
    struct hand_limits l;
    struct diag d = {0};
    int r = hand_limits_load(path, &l, &d);
    if (r == 0)
        hand_limits_done(&l);
    else if (!strstr(d.text, says))
        print_error("'%s' does not say '%s'\n", d.text, says);
    if (r < 0)
        assert_non_null(strstr(d.text, says));
    return r;
}

static void reads_only_a_file_nobody_else_can_change(void **state UNUSED) {
    char dir[] = "/tmp/kizuki-limits-XXXXXX", path[64], link_path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/limits.yml", dir);
    snprintf(link_path, sizeof link_path, "%s/link.yml", dir);
    assert_int_equal(load_code(path, "cannot open"), -ENOENT);
    assert_int_equal(write_mode(path, 0644), 0);
    assert_int_equal(load_code(path, ""), 0);
    assert_int_equal(write_mode(path, 0664), 0);
    assert_int_equal(load_code(path, "written by others"), -ERR_REFUSED);
    assert_int_equal(write_mode(path, 0646), 0);
    assert_int_equal(load_code(path, "written by others"), -ERR_REFUSED);
    assert_int_equal(write_mode(path, 0600), 0);
    assert_int_equal(symlink(path, link_path), 0);
    assert_int_equal(load_code(link_path, "cannot open"), -ELOOP);
    assert_int_equal(chmod(dir, 0775),
                     0); /* whoever may rename in the folder may replace the file */
    assert_int_equal(load_code(path, "folder"), -ERR_REFUSED);
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(load_code(dir, "no regular file"), -ERR_REFUSED);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, (gid_t) -1), 0);
        assert_int_equal(load_code(path, "belong to root"), -ERR_REFUSED);
        assert_int_equal(chown(path, 0, (gid_t) -1), 0);
        assert_int_equal(chown(dir, 12345, (gid_t) -1), 0);
        assert_int_equal(load_code(path, "belong to root"), -ERR_REFUSED);
    }
    unlink(link_path);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

static int parse_once(void *ctx) {
    struct hand_limits l;
    int r = hand_limits_parse(STR("never: [192.0.2.0/24, {address: \"::2\", name: n}]\n"), "l", &l,
                              NULL);
    if (r == 0)
        hand_limits_done(&l);
    return r;
}

static void survives_the_end_of_memory(void **state UNUSED) {
    assert_true(torture(parse_once, NULL) > 0);
}

UNIT_GROUP(hand_limits, cmocka_unit_test(the_template_says_the_defaults),
           cmocka_unit_test(reads_every_key), cmocka_unit_test(refuses_what_it_does_not_understand),
           cmocka_unit_test(reads_only_a_file_nobody_else_can_change),
           cmocka_unit_test(survives_the_end_of_memory))

#include "fixture.h"
#include "room/change.h"

static void told(struct fixture *f, const char *want) {
    struct buf b;
    struct diag d = {0};
    buf_init(&b, 1 << 16);
    if (room_changes_announced(f->r, &b, &d) < 0)
        fail_msg("%s", d.text);
    assert_string_equal(buf_z(&b), want);
    buf_done(&b);
}

static void approved_ones_are_told_until_their_last_day_is_over(void **state UNUSED) {
    static const char *const lines[] = {
        "CR-1\tstate=approved\tfrom=2026-11-20\tuntil=2026-11-24\tfilters=edge|core", "CR-2\tstate=asked\tfrom=2026-11-20\tuntil=2026-11-24",
        "CR-3\tstate=approved\tfrom=2026-11-24", "CR-4\tstate=approved\tfrom=2026-11-01\tuntil=2026-11-22",
    };
    struct fixture *f = fixture_new();
    int64_t midnight = 1795446000; /* 2026-11-24 00:00 in Japan */
    rows(f, "changes", lines, ARRAY_SIZE(lines));
    f->now_ns = (midnight - 3600) * NS_PER_S; /* the 23rd, 23:00 */
    char want[400];
    snprintf(want, sizeof want, "%lld %lld\tedge\tCR-1\n%lld %lld\tcore\tCR-1\n%lld %lld\t*\tCR-3\n", (long long) midnight - 4 * 86400, (long long) midnight + 86399,
             (long long) midnight - 4 * 86400, (long long) midnight + 86399, (long long) midnight, (long long) midnight + 86399);
    told(f, want);
    f->now_ns = (midnight + 86400) * NS_PER_S; /* the 25th: both are over */
    told(f, "");
    fixture_free(f);
}

UNIT_GROUP(room_change, cmocka_unit_test(approved_ones_are_told_until_their_last_day_is_over))

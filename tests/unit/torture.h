/* Allocation torture: runs body(ctx) again and again with the n-th allocation failing, until n lies
 * beyond the last one; with KIZUKI_TORTURE=all (./dev soak load_torture) every n, else every third behind the first 100. Every failure must be -ENOMEM, or do without that memory and succeed, and
 * must leave nothing allocated. Returns how many allocations there were. */
#pragma once
#include "unit.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>

static inline bool torture_all(void) {
    const char *z = getenv("KIZUKI_TORTURE");
    return z && strcmp(z, "all") == 0;
}

static inline long torture(int (*body)(void *ctx), void *ctx) {
    for (long n = 0;; n += torture_all() || n < 100 ? 1 : 3) {
        long live = mem_live();
        mem_fail_after(n);
        int r = body(ctx);
        bool failed = mem_has_failed();
        mem_fail_after(-1);
        assert_int_equal(mem_live(), live);
        if (r != 0)
            assert_int_equal(r, -ENOMEM);
        if (!failed) {
            assert_int_equal(r, 0);
            return n;
        }
        assert_true(n < 100000);
    }
}

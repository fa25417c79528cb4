/* Allocation torture: runs body(ctx) again and again with the n-th allocation failing, until it
 * succeeds. Every failure must be -ENOMEM and leave nothing allocated. */
#pragma once
#include "unit.h"

#include "base/mem.h"

#include <errno.h>

static inline long torture(int (*body)(void *ctx), void *ctx) {
    long n = 0;
    for (;; n++) {
        long live = mem_live();
        mem_fail_after(n);
        int r = body(ctx);
        mem_fail_after(-1);
        assert_int_equal(mem_live(), live);
        if (r != -ENOMEM) {
            assert_int_equal(r, 0);
            return n;
        }
        assert_true(n < 100000);
    }
}

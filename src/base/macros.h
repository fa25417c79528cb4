/* Macros that a function or a table cannot replace. Keep this list short. */
#pragma once
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Every function that returns a code is MUST_USE; an intended ignore is written IGNORE(f()), because gcc
 * does not take `(void) f()` for one. */
#define MUST_USE __attribute__((warn_unused_result))
#define IGNORE(x)                                                                                  \
    do {                                                                                           \
        __typeof__(x) ignored_ UNUSED = (x);                                                       \
    } while (0)
#define PRINTF_LIKE(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))
#define UNUSED __attribute__((unused))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* `CLEANUP(buf_donep)`: run fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))
/* Defines the `…p` form CLEANUP wants for a destructor that takes the pointer itself. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
    static inline void fn##p(type *p) {                                                            \
        if (*p)                                                                                    \
            fn(*p);                                                                                \
    }
/* Hand a pointer over and forget it: `*ret_x = TAKE_PTR(x);`. */
#define TAKE_PTR(p)                                                                                \
    __extension__({                                                                                \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })
#define container_of(ptr, type, member) ((type *) ((char *) (ptr) -offsetof(type, member)))

/* Our own bug: stop at once, in release builds too. Never for input from outside. */
#define ASSERT(x) ((x) ? (void) 0 : assert_failed(#x, __FILE__, __LINE__))
_Noreturn void assert_failed(const char *what, const char *file, int line);

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

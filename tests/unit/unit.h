/* What every unit test includes. cmocka wants these headers before its own. */
#pragma once
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

#define assert_str(s, z) assert_str_(s, z, __FILE__, __LINE__)
static inline void assert_str_(struct str s, const char *z, const char *file, int line) {
    if (!str_eq_z(s, z)) {
        print_error("'%.*s' is not '%s'\n", (int) s.n, s.p ? s.p : "", z);
        _fail(file, line);
    }
}

/* A test file defines its list with UNIT_GROUP(base_map, cmocka_unit_test(x), …); main.c of the folder
 * names the lists, which run as one group: TAP allows one plan a stream. Arguments are the names of the tests to run, with
 * wildcards. */
#define UNIT_TESTS_MAX 2048
extern struct CMUnitTest unit_all[UNIT_TESTS_MAX];
extern size_t unit_n;
#define UNIT_GROUP(name, ...)                                                                      \
    int unit_##name(void);                                                                         \
    int unit_##name(void) {                                                                        \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                                           \
        for (size_t i = 0; i < sizeof tests / sizeof tests[0] && unit_n < UNIT_TESTS_MAX; i++)      \
            unit_all[unit_n++] = tests[i];                                                         \
        return 0;                                                                                  \
    }
static inline void unit_keep(int argc, char **argv) {
    size_t kept = 0;
    for (size_t i = 0; i < unit_n; i++) {
        bool wanted = argc < 2;
        for (int k = 1; k < argc && !wanted; k++)
            wanted = fnmatch(argv[k], unit_all[i].name, 0) == 0;
        if (wanted)
            unit_all[kept++] = unit_all[i];
    }
    unit_n = kept;
}
#define UNIT_MAIN(...)                                                                             \
    struct CMUnitTest unit_all[UNIT_TESTS_MAX];                                                    \
    size_t unit_n;                                                                                 \
    int main(int argc, char **argv) {                                                              \
        int (*const groups[])(void) = {__VA_ARGS__};                                               \
        for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)                              \
            groups[i]();                                                                           \
        unit_keep(argc, argv);                                                                     \
        return _cmocka_run_group_tests("unit", unit_all, unit_n, NULL, NULL) ? 1 : 0;              \
    }

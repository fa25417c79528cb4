/* In place of test_agrees.c where libsimdjson-dev is not installed. */
#include "unit.h"

static void says_what_simdjson_says(void **state UNUSED) {
    print_message("# libsimdjson-dev is not installed: our JSON reader is not held against simdjson\n");
    skip();
}

UNIT_GROUP(json_simdjson, cmocka_unit_test(says_what_simdjson_says))
int unit_json_simdjson(void);
UNIT_MAIN(unit_json_simdjson)

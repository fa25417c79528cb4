/* A file of field maps from anywhere: read, and asked for the names and the route of some log sources. */
#include "base/mem.h"
#include "detect/fields_priv.h"

#define LIT(lit) {.p = (lit), .n = sizeof(lit) - 1}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct detect_fields *f, const struct detect_logsource *source) {
    static const struct str asked[] = {LIT("Image"), LIT("a.b"), LIT("x")};
    const struct detect_expr *route;
    struct str names[DETECT_FIELD_NAMES_MAX];
    struct arena a;
    arena_init(&a, (size_t) 64 << 20);
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        int n = detect_fields_names(f, source, asked[i], &a, names);
        ASSERT(n >= 1 && n <= DETECT_FIELD_NAMES_MAX && str_eq(names[0], asked[i]));
        for (int k = 0; k < n; k++)
            ASSERT(names[k].n > 0 && names[k].n <= EVENT_FIELD_NAME_BYTES_MAX);
    }
    ASSERT(fields_route(f, source, &a, &route) == 0);
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct detect_logsource sources[] = {
        {.product = LIT("windows"), .category = LIT("process_creation")},
        {.product = LIT("p"), .service = LIT("s"), .category = LIT("c")},
        {.category = LIT("c")},
        {.product = LIT("")},
    };
    struct detect_fields *f = NULL;
    if (detect_fields_load_text(str_n((const char *) data, size), "fuzz.yml", &f, NULL) == 0)
        for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
            ask(f, &sources[i]);
    detect_fields_free(f);
    return 0;
}

/* Paths of requests: whatever they are, an id is positive and a name cannot leave its folder. */
#include "app/room/path.h"

#include "base/macros.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const patterns[] = {
        "/api/v1/incidents/{id}", "/api/v1/incidents/{id}/timeline", "/api/v1/rules/{name}",
        "/signin", "/api/v1/packs/{name}/x/{id}"};
    struct str path = str_n((const char *) data, size);
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        struct path_args a;
        if (!path_match(patterns[i], path, &a))
            continue;
        if (strstr(patterns[i], "{id}"))
            ASSERT(a.id > 0);
        if (strstr(patterns[i], "{name}"))
            ASSERT(a.name.n > 0 && a.name.p[0] != '.' && str_find_byte(a.name, '/', 0) < 0 &&
                   str_find_byte(a.name, 0, 0) < 0);
    }
    if (size > 66) { /* a tag is listed wherever it stands among commas, and nothing else is */
        char tag[67];
        memcpy(tag, data, 66);
        tag[66] = 0;
        (void) etag_listed(str_n((const char *) data + 66, size - 66), tag);
    }
    return 0;
}

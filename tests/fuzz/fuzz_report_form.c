/* Bodies of the form for anybody, and photos in them: parts lie within the body; what is cleaned is no longer than it was, is taken again as it
 * is, and a JPEG has no records of the camera any more. */
#include "app/room/form.h"

#include "base/macros.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_photo(const uint8_t *data, size_t size) {
    char *own = malloc(size + 1);
    size_t n = size, again;
    ASSERT(own);
    memcpy(own, data, size);
    const char *type = form_photo_clean(own, &n);
    if (type) {
        ASSERT(n <= size && n > 0);
        again = n;
        const char *same = form_photo_clean(own, &again);
        ASSERT(same && strcmp(same, type) == 0 && again == n);
    }
    free(own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct form f;
    struct str body = str_n((const char *) data, size);
    if (form_read(&f, STR("multipart/form-data; boundary=X"), body) == 0)
        for (size_t i = 0; i < f.n; i++) {
            struct form_part *p = &f.parts[i];
            ASSERT(p->name.n > 0 && p->name.p >= body.p && p->name.p + p->name.n <= body.p + body.n);
            ASSERT(p->value.p >= body.p && p->value.p + p->value.n <= body.p + body.n);
            check_photo((const uint8_t *) p->value.p, p->value.n);
        }
    ptrdiff_t line = str_find_byte(body, '\n', 0);
    if (line > 0)
        IGNORE(form_read(&f, str_to(body, (size_t) line), str_from(body, (size_t) line + 1)));
    check_photo(data, size);
    return 0;
}

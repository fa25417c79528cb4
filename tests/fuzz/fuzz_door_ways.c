/* door.yml: what is accepted leads where the file says, and no template holds a variable before the path. */
#include "base/limits.h"
#include "door/template.h"
#include "door/way.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct door_ways w;
    struct diag d = {0};
    arena_init(&a, (size_t) 64 << 20);
    int e = door_ways_parse(&a, str_n((const char *) data, size), "door.yml", &w, &d);
    ASSERT(e == 0 || d.text[0]);
    for (size_t i = 0; e == 0 && i < w.n; i++) {
        const struct door_way *x = &w.p[i];
        ASSERT(door_way_find(&w, x->name) == x && x->timeout_ms >= 1000 && x->a_minute >= 1);
        if (x->kind == DOOR_PROGRAM)
            ASSERT(x->n_argv >= 1 && x->argv[0].p[0] == '/');
        else if (x->kind == DOOR_MAILDIR)
            ASSERT(x->path.p[0] == '/');
        else
            ASSERT(x->host.n && x->port >= 1 && x->port <= 65535 && str_find(x->host, STR("{{"), 0) < 0);
    }
    arena_done(&a);
    return 0;
}

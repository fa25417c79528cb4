/* See registers.h. */
#include "app/room/registers.h"

#include "app/content/content.h"
#include "app/room/room.h"
#include "room/register.h"
#include "room/write.h"

#include <limits.h>
#include <unistd.h>

int registers_load(struct registers *x, struct room *r, struct diag *reterr) {
    char folder[PATH_MAX];
    arena_init(&x->arena, 16 << 20);
    snprintf(folder, sizeof folder, "%.4000s/imports", content_dir());
    int e = import_specs_load(&x->arena, folder, &x->specs, &x->n, reterr);
    if (e == 0)
        e = room_registers_load(r, folder, reterr);
    return e;
}

void registers_done(struct registers *x) {
    arena_done(&x->arena);
}

/* ---- for the command line ---- */

static int read_input(struct buf *out, struct diag *err) {
    for (;;) {
        char *to = buf_reserve(out, 65536);
        ssize_t n = to ? read(0, to, 65536) : -1;
        if (n < 0)
            return diag_set(err, to ? -EIO : -ERR_LIMIT, "cannot read what is to be taken in");
        if (n == 0)
            return 0;
        buf_added(out, (size_t) n);
    }
}

static int add(struct program *p, const struct import_spec *s, int64_t *ret_id, struct diag *err) {
    struct arena a;
    struct buf text;
    struct json_value *doc;
    buf_init(&text, ROOM_IMPORT_BYTES_MAX);
    arena_init(&a, 6 * ROOM_IMPORT_BYTES_MAX);
    int e = read_input(&text, err);
    if (e == 0)
        e = json_parse(&a, buf_str(&text), &doc, err);
    if (e == 0)
        e = room_import_add(p->room, &room_system, s->name, s->fields[s->key].name, doc, buf_str(&text), ret_id, err);
    arena_done(&a);
    buf_done(&text);
    return e;
}

int registers_import(struct program *p, struct str name, struct jsonw *w, struct diag *reterr) {
    const struct import_spec *s = import_spec_find(p->registers.specs, p->registers.n, name);
    int64_t id = 0;
    int e = s ? add(p, s, &id, reterr) : diag_set(reterr, -ENOENT, "there is no register '%.*s'", STR_ARG(name));
    if (e == 0 && p->opt.apply)
        e = room_import_apply(p->room, &room_system, id, ROOM_ANY_VERSION, p->opt.gone, reterr);
    return e == 0 ? room_import_write(p->room, id, w, reterr) : e;
}

int registers_undo(struct program *p, int64_t id, struct jsonw *w, struct diag *reterr) {
    int e = room_import_undo(p->room, &room_system, id, ROOM_ANY_VERSION, reterr);
    return e == 0 ? room_import_write(p->room, id, w, reterr) : e == -EBUSY ? diag_prefix(reterr, "import %lld is not in force", (long long) id) : e;
}

/* Nodes of condition trees, and how a refusal is worded with its place. */
#include "detect/compile.h"

#include <stdarg.h>

int compile_error(struct compile *c, int code, const struct yaml_node *at, const char *fmt, ...) {
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return yaml_error(c->reterr, code, c->file, at, "%s", text);
}

int compile_no_memory(struct compile *c) {
    return diag_set(c->reterr, -ENOMEM, "out of memory while reading '%s'", c->file);
}

static struct detect_expr *node(struct compile *c, enum detect_expr_kind kind) {
    struct detect_expr *e = arena_zalloc(c->arena, sizeof *e);
    if (e)
        e->kind = kind;
    return e;
}

const struct detect_expr *compile_join(struct compile *c, enum detect_expr_kind kind,
                                       const struct detect_expr *const *sub, uint32_t n) {
    ASSERT(n > 0);
    if (n == 1)
        return sub[0];
    struct detect_expr *e = node(c, kind);
    const struct detect_expr **copy = arena_alloc(c->arena, n * sizeof *copy);
    if (!e || !copy)
        return NULL;
    memcpy(copy, sub, n * sizeof *copy);
    e->sub = copy;
    e->n = n;
    return e;
}

const struct detect_expr *compile_not(struct compile *c, const struct detect_expr *sub) {
    struct detect_expr *e = node(c, DETECT_NOT);
    const struct detect_expr **copy = arena_alloc(c->arena, sizeof *copy);
    if (!e || !copy)
        return NULL;
    copy[0] = sub;
    e->sub = copy;
    e->n = 1;
    return e;
}

const struct detect_expr *compile_item(struct compile *c, const struct detect_item *item) {
    struct detect_expr *e = node(c, DETECT_ITEM);
    struct detect_item *copy = arena_alloc(c->arena, sizeof *copy);
    if (!e || !copy)
        return NULL;
    *copy = *item;
    e->item = copy;
    c->n_items++;
    return e;
}

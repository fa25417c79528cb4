/* A tree that was accepted can be visited by plain recursion within the stated limits. */
#include "base/limits.h"
#include "base/yaml.h"

static size_t visit(const struct yaml_node *n, unsigned depth) {
    size_t seen = 1;
    unsigned children = 0;
    ASSERT(depth <= YAML_DEPTH_MAX);
    for (const struct yaml_node *c = n->first; c; c = c->next) {
        ASSERT(n->kind != YAML_SCALAR && (n->kind == YAML_MAPPING) == (c->key != NULL));
        if (c->key) {
            ASSERT(c->key->kind == YAML_SCALAR);
            seen++;
        }
        seen += visit(c, depth + 1);
        children++;
    }
    ASSERT(children == n->n && seen <= YAML_NODES_MAX);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct yaml_doc *docs = NULL;
    struct diag d;
    arena_init(&a, (size_t) 256 << 20);
    if (yaml_parse(&a, str_n((const char *) data, size), "f", &docs, &d) == 0)
        for (; docs; docs = docs->next)
            if (docs->root)
                visit(docs->root, 0);
    arena_done(&a);
    return 0;
}

/* A tree that was accepted can be visited by plain recursion within the stated limits, and it is the same whether
 * libyaml alone has read the text or the quick reader took it. */
#include "base/limits.h"
#include "base/yaml.h"
#include "base/yaml_quick.h"

static size_t visit(const struct yaml_node *n, const struct yaml_node *same, unsigned depth) {
    size_t seen = 1;
    unsigned children = 0;
    const struct yaml_node *s = same->first;
    ASSERT(depth <= YAML_DEPTH_MAX);
    ASSERT(n->kind == same->kind && n->plain == same->plain && n->line == same->line && n->column == same->column &&
           n->n == same->n && str_eq(n->text, same->text));
    for (const struct yaml_node *c = n->first; c; c = c->next, s = s->next) {
        ASSERT(n->kind != YAML_SCALAR && (n->kind == YAML_MAPPING) == (c->key != NULL));
        if (c->key) {
            ASSERT(c->key->kind == YAML_SCALAR && s->key);
            visit(c->key, s->key, depth);
            seen++;
        }
        seen += visit(c, s, depth + 1);
        children++;
    }
    ASSERT(children == n->n && seen <= YAML_NODES_MAX);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct yaml_doc *docs = NULL, *slow = NULL;
    struct diag d, slow_d;
    struct str in = str_n((const char *) data, size);
    arena_init(&a, (size_t) 512 << 20);
    int r = yaml_parse(&a, in, "f", &docs, &d);
    ASSERT(yaml_parse_by(&a, in, "f", true, &slow, &slow_d) == r);
    if (r < 0)
        ASSERT(strcmp(d.text, slow_d.text) == 0 && d.line == slow_d.line && d.column == slow_d.column);
    for (; r == 0 && docs; docs = docs->next, slow = slow->next) {
        ASSERT(slow && !docs->root == !slow->root && !docs->next == !slow->next);
        if (docs->root)
            visit(docs->root, slow->root, 0);
    }
    arena_done(&a);
    return 0;
}

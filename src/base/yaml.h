/* YAML documents as trees with line and column, read by libyaml's event interface.
 *
 * Bounded by YAML_BYTES_MAX, YAML_DEPTH_MAX and YAML_NODES_MAX; an alias is a node of its own that shares the
 * children of the anchored one, and both depth and number of nodes are counted with aliases followed, so
 * that a plain recursive visit is always safe. !!binary is refused; a plain scalar tagged !!str or
 * unknown is not `plain`; other tags are ignored. There is no merge key: `<<` is a key like others. Keys are scalars. Everything lives
 * in the arena. Duplicate keys of one mapping are refused with the place of the second. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
    enum yaml_kind kind;
    bool plain;              /* unquoted scalar: may be a number, boolean or null */
    unsigned line, column;   /* from 1 */
    unsigned n;              /* children: elements or pairs */
    struct str text;         /* scalar */
    struct yaml_node *key;   /* when this is the value of a pair: its key scalar */
    struct yaml_node *first; /* child */
    struct yaml_node *next;  /* sibling */
};

struct yaml_doc {
    struct yaml_node *root; /* NULL for an empty document */
    struct yaml_doc *next;
};

/* `file` is the name shown in diags. *ret_docs is NULL for an empty stream. Must be UTF-8 (or UTF-16 with
 * BOM, which libyaml converts). */
int yaml_parse(struct arena *a, struct str in, const char *file, struct yaml_doc **ret_docs,
               struct diag *reterr) MUST_USE;
/* Of a file, what stands behind its first `before` lines: places are those of the file. */
int yaml_parse_part(struct arena *a, struct str in, const char *file, unsigned before,
                    struct yaml_doc **ret_docs, struct diag *reterr) MUST_USE;
/* Reads the file (at most YAML_BYTES_MAX) into the arena and parses it. */
int yaml_parse_file(struct arena *a, const char *path, struct yaml_doc **ret_docs,
                    struct diag *reterr) MUST_USE;

/* NULL when absent or when the node is no mapping. */
const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);
bool yaml_get_str(const struct yaml_node *mapping, const char *key, struct str *ret); /* any scalar */
bool yaml_get_i64(const struct yaml_node *mapping, const char *key, int64_t *ret);
bool yaml_get_bool(const struct yaml_node *mapping, const char *key, bool *ret); /* true/false, yes/no */
bool yaml_is_null(const struct yaml_node *node); /* plain empty, ~, null */
/* A diag at the node's place. */
int yaml_error(struct diag *d, int code, const char *file, const struct yaml_node *at,
               const char *fmt, ...) PRINTF_LIKE(5, 6);
/* -ERR_PARSE naming the first key of the mapping that is not in the NULL-terminated list. */
int yaml_only_keys(const struct yaml_node *mapping, const char *const *allowed, const char *file,
                   struct diag *reterr) MUST_USE;

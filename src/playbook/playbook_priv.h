/* Between the files of this folder. */
#pragma once
#include "playbook/playbook.h"

enum pb_form { PB_OURS, PB_CACAO };

struct pb_reader {
    struct arena *arena;
    const char *file;
    enum pb_form form;
    struct playbook *p;     /* its notes */
    struct diag *err;
    struct buf *path;       /* "steps › block › commands", for messages */
};
/* Reads an object of a class. What is unknown is refused in our form and noted in CACAO's. */
int pb_read(struct pb_reader *r, const struct pb_class *c, const struct yaml_node *n, struct pb_obj **ret) MUST_USE;
/* One field, as its row says; o gets it. */
int pb_read_field(struct pb_reader *r, struct pb_obj *o, size_t field, const struct yaml_node *n) MUST_USE;
int pb_refuse(struct pb_reader *r, const struct yaml_node *at, const char *fmt, ...) PRINTF_LIKE(3, 4);
int pb_note(struct pb_reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool pb_is_cacao_id(struct str s); /* type--uuid */
void pb_path_push(struct pb_reader *r, struct str part, size_t *mark);
void pb_path_pop(struct pb_reader *r, size_t mark);

/* The tree of an object in one of the forms; NULL when memory ends. */
struct yaml_node *pb_tree(struct arena *a, const struct pb_obj *o, enum pb_form form);
/* The tree of a playbook in our form, what need not be said left out. */
int pb_our_tree(const struct playbook *p, struct arena *a, struct yaml_node **ret) MUST_USE;
/* What CACAO calls it: also what its id begins with. */
const char *pb_cacao_type(const struct pb_obj *o);
struct yaml_node *pb_node(struct arena *a, enum yaml_kind kind, struct str text, bool plain);
int pb_node_put(struct arena *a, struct yaml_node *map, struct str key, const struct yaml_node *v); /* key.p NULL: of a list */

/* graph.c: fills in where steps go on, and refuses what leads nowhere. Only for our own form. */
int pb_graph(struct pb_reader *r) MUST_USE;
/* The other way, on a copy: what need not be said is left out. */
void pb_graph_shorten(struct arena *a, struct pb_obj *top);
/* The branch a step belongs to: the id of the branch's first step, empty for the main way; .p NULL: no memory. */
struct str pb_branch_of(struct arena *a, const struct pb_obj *top, struct str id);
struct pb_obj *pb_step_of(const struct pb_obj *top, struct str id);
bool pb_branches(const struct pb_obj *step); /* it has branches, which come back to it */

int pb_check_raise(struct pb_reader *r, const struct pb_obj *step) MUST_USE; /* of a step that raises the alert level: what it says of it */

struct pb_slot *pb_slot_of(const struct pb_obj *o, const char *name); /* pb_get, to change it */
/* A copy whose values, and whose steps' values, may be changed. */
struct pb_obj *pb_copy(struct arena *a, const struct pb_obj *top);

/* Intrusive doubly linked ring. An owner embeds `struct list`; container_of leads back. */
#pragma once
#include "base/macros.h"

#include <stdbool.h>

struct list {
    struct list *prev, *next;
};
static inline void list_init(struct list *l) {
    l->prev = l->next = l;
}
static inline bool list_empty(const struct list *l) {
    return l->next == l;
}
static inline void list_add_before(struct list *at, struct list *x) {
    x->prev = at->prev;
    x->next = at;
    at->prev->next = x;
    at->prev = x;
}
static inline void list_add_tail(struct list *head, struct list *x) {
    list_add_before(head, x);
}
static inline void list_add_head(struct list *head, struct list *x) {
    list_add_before(head->next, x);
}
static inline void list_remove(struct list *x) {
    x->prev->next = x->next;
    x->next->prev = x->prev;
    list_init(x);
}
/* Safe against removal of `it` inside the body. */
#define LIST_FOR_EACH(it, head)                                                                    \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                      \
         it = it##_next, it##_next = it->next)

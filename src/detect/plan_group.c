/* Many literals of which one must stand in a field ("contains" with a long list): one atom, which finds them all in
 * one pass over the value, by four bytes of each like triggers do (plan_table.c builds the set). The literals stay
 * atoms of their own, too: what rules say of a field is counted by them. */
#include "base/limits.h"
#include "detect/plan_priv.h"

enum { GROUP_MIN = 5 /* fewer are found sooner one by one */ };

static bool may_join(const struct detect_expr *e) {
    struct atom a;
    if (e->kind != DETECT_ITEM || e->item->op != DETECT_OP_CONTAINS || e->item->text.n < 4)
        return false;
    a = lane_atom_from(e->item, 0, 0);
    return !(a.flags & ATOM_ODD);
}

static int add_member(struct lane_builder *b, const struct detect_logsource *source, const struct detect_expr *e) {
    uint32_t atom;
    int r = arena_grow(&b->temp, (void **) &b->members, &b->members_cap, b->n_members + 1, sizeof *b->members);
    if (r == 0)
        r = lane_atom_of(b, source, e->item, &atom);
    if (r == 0)
        b->members[b->n_members++] = atom;
    return r;
}

/* The place of the group's atom, whose set is made when all rules are known. */
static int add_group(struct lane_builder *b, uint32_t field, uint32_t first, uint32_t *ret_atom) {
    static const struct detect_item any = {.op = DETECT_OP_ANY};
    struct atom a = {.op = ATOM_GROUP, .field = (uint16_t) field, .n = (uint32_t) b->n_members - first};
    int r = arena_grow(&b->temp, (void **) &b->groups, &b->groups_cap, b->n_groups + 1, sizeof *b->groups);
    if (r == 0)
        r = lane_put_atom(b, &a, &any, ret_atom);
    if (r == 0)
        b->groups[b->n_groups++] = (struct lane_group){.atom = *ret_atom, .first = first};
    return r;
}

int lane_join_literals(struct lane_builder *b, const struct detect_logsource *source, struct lane_branch *at,
                       uint32_t *n, uint32_t *ret_atom) {
    uint32_t kept = 0, first = (uint32_t) b->n_members;
    const struct detect_expr *lead = NULL;
    for (uint32_t i = 0; i < *n && !lead; i++) {
        uint32_t alike = 0;
        for (uint32_t k = i; may_join(at[i].expr) && k < *n; k++)
            alike += may_join(at[k].expr) && str_eq(at[k].expr->item->field, at[i].expr->item->field);
        lead = alike >= GROUP_MIN ? at[i].expr : NULL;
    }
    if (!lead)
        return 0;
    int field = lane_field_of(b, source, lead->item->field), r = MIN(field, 0);
    for (uint32_t i = 0; r == 0 && i < *n; i++) {
        if (may_join(at[i].expr) && str_eq(at[i].expr->item->field, lead->item->field))
            r = add_member(b, source, at[i].expr);
        else
            at[kept++] = at[i];
    }
    if (r == 0)
        r = add_group(b, (uint32_t) field, first, ret_atom);
    *n = kept;
    return r < 0 ? r : 1;
}

/* What somebody outside saw of a story's connection: see replay.h. The story is played without anybody listening. */
#include "pack/replay_priv.h"

/* The act of the actor whose line was the last one; it is only replaced when the next line is asked for. */
static const struct act *last_act(const struct pack_replay *r, struct str actor) {
    for (size_t i = 0; i < r->n_actors; i++)
        if (str_eq(r->actors[i].id, actor))
            return &r->actors[i].pending;
    return NULL;
}

int pack_replay_slip(struct arena *a, const char *path, uint64_t seed, struct str actor, uint32_t nth, struct pack_slip *ret, struct diag *reterr) {
    CLEANUP(pack_replay_freep) struct pack_replay *r = NULL;
    struct pack_line line;
    uint32_t n = 0;
    int e = pack_replay_open(path, seed, &r, reterr);
    if (e < 0)
        return e;
    pack_replay_hear_all(r); /* what a silent log leaves out was seen outside all the same */
    while ((e = pack_replay_next(r, &line)) > 0) {
        const struct act *act = str_eq(line.actor, actor) ? last_act(r, actor) : NULL;
        if (!act || act->what != ACT_FLOW || act->flow != FLOW_ENDS || !act->success || ++n < nth)
            continue;
        *ret = (struct pack_slip){.address = arena_dup(a, act->via), .port = act->via_port, .to = arena_dup(a, act->far), .machine = arena_dup(a, act->domain),
                                  .user = arena_dup(a, act->account), .inside = arena_dup(a, act->inside), .at_ns = act->begin_ns};
        return ret->address.p && ret->to.p && ret->machine.p && ret->user.p && ret->inside.p ? 0 : diag_set(reterr, -ENOMEM, "out of memory");
    }
    return diag_set(reterr, e < 0 ? e : -ENOENT, "'%.*s' of '%s' makes %u connections that the world sees, not %u", STR_ARG(actor), path, n, nth);
}

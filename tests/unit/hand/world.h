/* A hand in a world that can be stepped: two clocks, own addresses, a pretended kernel that keeps
 * elements until they run out, and everything the hand says. What nft itself does is asked in
 * tests/flow. */
#pragma once
#include "unit.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"
#include "hand/hand.h"

#include <sys/stat.h>

struct pretended {
    struct ip_prefix net;
    int64_t ends_ns;
};
struct world {
    char dir[64], journal[128], at_crash[128];
    struct sign_secret key, other_key;
    struct sign_public pub, other_pub;
    int64_t wall_ms, boot_ns;
    const char *boot_id;
    struct pretended kernel[4096];
    size_t n_kernel;
    bool table;
    int fail_block;       /* how many calls of block are to fail */
    const char *fail_net; /* block fails while this network is in the transaction */
    bool own_fails;
    bool crash_before, crash_after; /* copy the journal as a kill at that moment would leave it */
    unsigned runs;                  /* of the driver, list not counted */
    struct ip own[4];
    size_t n_own;
    struct buf said, noted;
    struct hand_limits limits;
    struct hand *hand;
    unsigned serial;
};

void world_init(struct world *w);
void world_done(struct world *w);
void world_start(struct world *w); /* a hand on w->journal with a copy of w->limits */
void world_stop(struct world *w);
void world_pass_ms(struct world *w, int64_t ms); /* both clocks */
struct ip_prefix net_of(const char *z);
bool world_stands(struct world *w, const char *net);
int64_t world_left_ms(struct world *w,
                      const char *net); /* in the pretended kernel; -1 = not there */
void world_put(struct world *w, const char *net, int64_t left_ms);
void world_take(struct world *w, const char *net);

/* Signs and hands over; the answers lie in w->said, one a line. */
void world_order_text(struct world *w, const char *text);
/* type, addresses as a JSON list, minutes, further members (", \"dry_run\": true") or "". */
void world_queue(struct world *w, const char *type, const char *addresses, int minutes,
                 const char *more);
void world_order(struct world *w, const char *type, const char *addresses, int minutes,
                 const char *more);
void world_block(struct world *w, const char *address, int minutes); /* real; must be allowed */
bool world_said(const struct world *w, const char *piece);
bool world_noted(const struct world *w, const char *piece);
#define assert_said(w, piece)                                                                      \
    do {                                                                                           \
        if (!world_said(w, piece)) {                                                               \
            print_error("'%s' was not said in: %.*s\n", piece, (int) (w)->said.n, (w)->said.p);    \
            fail();                                                                                \
        }                                                                                          \
    } while (0)
void world_forget(struct world *w);
void copy_file(const char *from, const char *to);

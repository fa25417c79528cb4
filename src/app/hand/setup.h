/* What both kinds of hand (blocks of addresses, lasting acts) begin with: one process a folder, its socket, its
 * signals, its clocks, and a log that a flood of refusals cannot fill. */
#pragma once
#include "hand/hand.h"

#include <sys/types.h>

extern const struct hand_clock setup_clock;
void setup_note(void *ctx, bool bad, const char *sentence);
int setup_boot_id(char *dst, size_t cap) MUST_USE;
int setup_lock(const char *folder, int64_t wait_ms, int *ret_fd, struct diag *reterr) MUST_USE;
/* given_fd < 0: makes the socket at `path`, for the room's user alone. */
int setup_socket(int given_fd, const char *path, uid_t room, struct diag *reterr) MUST_USE;
int setup_signals(int *ret_fd, struct diag *reterr) MUST_USE;

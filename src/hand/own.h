/* The addresses of this machine, all interfaces, read from the kernel each time they are needed.
 * The socket is opened before the sandbox closes, so that the running hand may open none. */
#pragma once
#include "base/err.h"
#include "base/ip.h"

int hand_own_open(struct diag *reterr) MUST_USE; /* a descriptor */
/* Fills dst (cap rows); -ERR_LIMIT when there are more. */
int hand_own_read(int fd, struct ip *dst, size_t cap, size_t *ret_n, struct diag *reterr) MUST_USE;

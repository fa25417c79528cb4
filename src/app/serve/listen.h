/* Listening sockets, opened by the supervisor and inherited by the programs that read them. */
#pragma once
#include "app/common/config.h"

/* Each returns a descriptor (close-on-exec, non-blocking) or a negative code with a sentence. */
int listen_tcp(const struct config_address *a, struct diag *reterr) MUST_USE;
int listen_udp(const struct config_address *a, struct diag *reterr) MUST_USE;
/* A stream socket file, mode 0600; one left behind by a dead process is replaced. */
int listen_unix(const char *path, struct diag *reterr) MUST_USE;
/* The port really bound (for port 0). */
int listen_port(int fd);

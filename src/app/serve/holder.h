/* Holds what senders have opened, so that a sensor that dies takes no connection with it.
 *
 * Plain syslog over TCP acknowledges nothing: what lies in a connection's kernel buffer when its last descriptor is
 * closed is lost, and the sender never learns of it. So the supervisor accepts, keeps a descriptor of each connection,
 * and passes another to the sensor (SCM_RIGHTS over a pair of sockets); a sensor that was started again is passed all
 * of them again and goes on at the byte where the spool ends (src/intake/syslog.c). When the sensor has everything of a
 * connection on disk it says the connection's cookie, and the supervisor closes too.
 *
 *   to the sensor     one byte 'c' with one descriptor
 *   from the sensor   8 bytes: the socket cookie of a connection it is through with
 *
 * Not a byte of what senders send is read here. At HOLDER_CONNECTIONS_MAX nothing more is accepted and senders wait;
 * one address has at most HOLDER_OF_ADDRESS_MAX, so that one cannot keep the others out. */
#pragma once
#include "app/serve/supervisor.h"
#include "base/limits.h"

struct holder;
int holder_new(uv_loop_t *loop, struct holder **ret, struct diag *reterr) MUST_USE;
/* A listening socket; taken over. */
int holder_listen(struct holder *h, int fd, struct diag *reterr) MUST_USE;
/* The child that gets the connections: adds its descriptor, returns its number there. */
int holder_child_fd(struct holder *h, struct child *c);
/* For supervisor.on_starting. */
void holder_child_starts(struct holder *h, const struct child *c);

/* What syslog over UDP and over TCP share: who sends, and what the kernel knows of a socket. */
#pragma once
#include "base/arena.h"
#include "base/map.h"
#include "intake/live_priv.h"

#include <sys/socket.h>

/* Senders to sources; shared by what belongs to one configured listener. */
struct syslog_senders {
    struct source def;
    struct map ids; /* address -> source id */
    struct arena texts;
    uint32_t own; /* the listener's source */
    unsigned refs;
    intake_through_fn *through; /* held connections: who also holds them; NULL: nobody */
    void *through_ctx;
};

int syslog_senders_new(struct intake_live *l, const struct source *def, struct syslog_senders **ret,
                       struct diag *reterr) MUST_USE;
struct syslog_senders *syslog_senders_unref(struct syslog_senders *s);
/* The source of what this address sends; the listener's own where there are too many. */
uint32_t syslog_sender_source(struct intake_live *l, struct syslog_senders *s,
                              const struct sockaddr_storage *ss);
/* Writes the address, with its port or without; how many bytes. */
size_t syslog_address(const struct sockaddr_storage *ss, bool port, char *dst, size_t cap);

/* A socket is known by the kernel's cookie and the boot. */
uint64_t syslog_boot_id(void);
uint64_t syslog_cookie(int fd);
void syslog_receive_buffer(int fd, int bytes);
int syslog_nonblocking(int fd) MUST_USE;

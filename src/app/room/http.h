/* The HTTPS server: libmicrohttpd over GnuTLS, driven from the program's own loop, one thread. */
#pragma once
#include "app/room/certificate.h"

#include <stdint.h>

struct program;
struct http;
/* fd: a listening socket, taken over. */
int http_start(struct program *p, int fd, const struct certificate *cert, struct http **ret,
               struct diag *reterr) MUST_USE;
void http_free(struct http *h); /* NULL allowed */
int http_poll_fd(const struct http *h);
/* Milliseconds until http_run is wanted, at most max_ms. */
int http_wait_ms(struct http *h, int max_ms);
void http_run(struct http *h);
/* Tells every open page; `kind` as in Changed of the API. */
void http_changed(struct http *h, const char *kind, int64_t id);
/* Sends `event: clock` to every page: now, and by itself every 10 seconds. */
void http_clock(struct http *h);
void http_tick(struct http *h);

/* The way between a vault and the first: TLS 1.3 with raw public keys (RFC 7250). There are no certificates, no names and
 * no authorities: each side has one Ed25519 key of its own, and knows the other by the SHA-256 of its public key (the
 * pin), which was agreed on at enrolment. Blocking, with a deadline for each whole frame. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

#include <gnutls/gnutls.h>

struct tls_own {
    gnutls_certificate_credentials_t credentials;
    uint8_t pin[SHA256_BYTES];
};
/* The key in this file (PEM, 0600), made when it is not there. */
int tls_own_open(const char *path, struct tls_own *ret, struct diag *reterr) MUST_USE;
void tls_own_close(struct tls_own *o);

struct tls {
    gnutls_session_t session;
    int fd;
    uint8_t peer[SHA256_BYTES]; /* pin of whoever is there; proved by it, judged by nobody yet */
    struct buf in;
    size_t at;
};
/* Shakes hands on a connected socket, which is taken; to be ended also when it fails. */
int tls_begin(struct tls *t, const struct tls_own *own, int fd, bool server, struct diag *reterr) MUST_USE;
void tls_end(struct tls *t);
int tls_send(struct tls *t, struct str bytes, struct diag *reterr) MUST_USE;
/* 1: *ret, valid until the next call; 0: the other side has ended. */
int tls_next(struct tls *t, struct str *ret, struct diag *reterr) MUST_USE;

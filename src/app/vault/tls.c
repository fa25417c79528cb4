#include "app/vault/tls.h"

#include "base/file.h"
#include "base/frame.h"
#include "base/limits.h"
#include "base/time.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <sys/socket.h>

#define PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:-CTYPE-ALL:+CTYPE-SRV-RAWPK:+CTYPE-CLI-RAWPK"
enum { PEM_BYTES_MAX = 4096, HANDSHAKE_MS = 10 * 1000, READ_BYTES = 16 * 1024 };

static int wrong(struct diag *err, int r, const char *what) {
    return diag_set(err, r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EIO, "cannot %s: %s", what, gnutls_strerror(r));
}

/* ---- our key ---- */

static int make_key(const char *path, struct diag *err) {
    gnutls_x509_privkey_t key;
    gnutls_datum_t pem = {0};
    int r = gnutls_x509_privkey_init(&key);
    if (r < 0)
        return wrong(err, r, "make a key");
    r = gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519), 0);
    if (r >= 0)
        r = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem);
    gnutls_x509_privkey_deinit(key);
    r = r < 0 ? wrong(err, r, "make a key") : file_write_atomic(path, str_n((char *) pem.data, pem.size), 0600, err);
    if (pem.data)
        explicit_bzero(pem.data, pem.size);
    gnutls_free(pem.data);
    return r;
}

static void pin_of(const gnutls_datum_t *spki, uint8_t ret[SHA256_BYTES]) {
    sha256_of(str_n((char *) spki->data, spki->size), ret);
}

static int load_key(struct tls_own *o, struct str pem, struct diag *err) {
    gnutls_privkey_t key;
    gnutls_pubkey_t pub;
    gnutls_datum_t text = {(unsigned char *) (uintptr_t) pem.p, (unsigned) pem.n}, spki = {0}, spki_pem = {0};
    int r = gnutls_privkey_init(&key);
    if (r < 0)
        return wrong(err, r, "read the key");
    r = gnutls_privkey_import_x509_raw(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (r >= 0 && (r = gnutls_pubkey_init(&pub)) >= 0) {
        r = gnutls_pubkey_import_privkey(pub, key, GNUTLS_KEY_DIGITAL_SIGNATURE, 0);
        if (r >= 0)
            r = gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &spki);
        if (r >= 0)
            r = gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_PEM, &spki_pem);
        gnutls_pubkey_deinit(pub);
    }
    if (r >= 0)
        r = gnutls_certificate_allocate_credentials(&o->credentials);
    if (r >= 0) {
        pin_of(&spki, o->pin);
        r = gnutls_certificate_set_rawpk_key_mem(o->credentials, &spki_pem, &text, GNUTLS_X509_FMT_PEM, NULL,
                                                 GNUTLS_KEY_DIGITAL_SIGNATURE, NULL, 0, 0);
    }
    gnutls_free(spki.data);
    gnutls_free(spki_pem.data);
    gnutls_privkey_deinit(key);
    return r < 0 ? wrong(err, r, "use the key") : 0;
}

int tls_own_open(const char *path, struct tls_own *ret, struct diag *reterr) {
    struct arena a;
    struct str pem;
    *ret = (struct tls_own){0};
    arena_init(&a, 1 << 16);
    int r = file_read(&a, path, PEM_BYTES_MAX, &pem, reterr);
    if (r == -ENOENT && (r = make_key(path, reterr)) == 0)
        r = file_read(&a, path, PEM_BYTES_MAX, &pem, reterr);
    if (r == 0)
        r = load_key(ret, pem, reterr);
    if (pem.p && r == 0)
        explicit_bzero((char *) (uintptr_t) pem.p, pem.n);
    arena_done(&a);
    return r;
}

void tls_own_close(struct tls_own *o) {
    if (o->credentials)
        gnutls_certificate_free_credentials(o->credentials);
    *o = (struct tls_own){0};
}

/* ---- a connection ---- */

static void set_deadline(int fd) {
    struct timeval t = {.tv_sec = VAULT_PEER_S};
    IGNORE(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
    IGNORE(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t));
}

int tls_begin(struct tls *t, const struct tls_own *own, int fd, bool server, struct diag *reterr) {
    *t = (struct tls){.fd = fd};
    buf_init(&t->in, FRAME_BYTES_MAX + 2 * READ_BYTES);
    set_deadline(fd);
    int r = gnutls_init(&t->session, (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_ENABLE_RAWPK | GNUTLS_NO_SIGNAL |
                                         GNUTLS_NO_TICKETS);
    if (r >= 0)
        r = gnutls_priority_set_direct(t->session, PRIORITIES, NULL);
    if (r >= 0)
        r = gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, own->credentials);
    if (r < 0)
        return wrong(reterr, r, "prepare TLS");
    if (server)
        gnutls_certificate_server_set_request(t->session, GNUTLS_CERT_REQUIRE);
    gnutls_transport_set_int(t->session, fd);
    gnutls_handshake_set_timeout(t->session, HANDSHAKE_MS);
    do
        r = gnutls_handshake(t->session);
    while (r < 0 && !gnutls_error_is_fatal(r));
    unsigned n = 0;
    const gnutls_datum_t *peer = r < 0 ? NULL : gnutls_certificate_get_peers(t->session, &n);
    if (r < 0 || n != 1 || gnutls_certificate_type_get2(t->session, GNUTLS_CTYPE_PEERS) != GNUTLS_CRT_RAWPK)
        return wrong(reterr, r < 0 ? r : GNUTLS_E_NO_CERTIFICATE_FOUND, "agree on TLS");
    pin_of(peer, t->peer);
    return 0;
}

void tls_end(struct tls *t) {
    if (t->session) {
        IGNORE(gnutls_bye(t->session, GNUTLS_SHUT_WR));
        gnutls_deinit(t->session);
    }
    if (t->fd >= 0)
        close(t->fd);
    buf_done(&t->in);
    *t = (struct tls){.fd = -1};
}

int tls_send(struct tls *t, struct str bytes, struct diag *reterr) {
    int64_t until = time_monotonic_ns() + VAULT_FRAME_S * NS_PER_S;
    while (bytes.n) {
        ssize_t n = gnutls_record_send(t->session, bytes.p, bytes.n);
        if (n == GNUTLS_E_INTERRUPTED)
            continue;
        if (n <= 0 || time_monotonic_ns() > until)
            return diag_set(reterr, -ETIMEDOUT, "it takes nothing more: %s", n < 0 ? gnutls_strerror((int) n) : "too slow");
        bytes = str_from(bytes, (size_t) n);
    }
    return 0;
}

int tls_next(struct tls *t, struct str *ret, struct diag *reterr) {
    int64_t until = time_monotonic_ns() + VAULT_FRAME_S * NS_PER_S;
    buf_remove_front(&t->in, t->at);
    t->at = 0;
    for (;;) {
        int k = frame_next(buf_str(&t->in), &t->at, ret);
        if (k < 0)
            return diag_set(reterr, k, "it sent a message that is too long");
        if (k > 0)
            return 1;
        char *room = buf_reserve(&t->in, READ_BYTES);
        ssize_t n = room ? gnutls_record_recv(t->session, room, READ_BYTES) : GNUTLS_E_MEMORY_ERROR;
        if (n == GNUTLS_E_INTERRUPTED || (n < 0 && n != GNUTLS_E_AGAIN && !gnutls_error_is_fatal((int) n)))
            continue;
        if (n == 0 || n == GNUTLS_E_PREMATURE_TERMINATION)
            return t->in.n ? diag_set(reterr, -EPIPE, "it ended in the middle of a message") : 0;
        if (n < 0 || time_monotonic_ns() > until)
            return diag_set(reterr, -ETIMEDOUT, "it says nothing more: %s", n < 0 ? gnutls_strerror((int) n) : "too slow");
        buf_added(&t->in, (size_t) n);
    }
}

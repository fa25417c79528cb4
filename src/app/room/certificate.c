#include "app/room/certificate.h"

#include "base/file.h"
#include "base/ip.h"
#include "base/time.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <limits.h>

#define PEM_BYTES_MAX (256 * 1024)
#define LIFE_DAYS 397 /* what browsers still take of any certificate */
#define RENEW_DAYS 30

struct making {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
    struct diag *err;
};

static int check(struct making *m, int r, const char *what) {
    return r < 0 ? diag_set(m->err, -EIO, "cannot %s the certificate: %s", what, gnutls_strerror(r))
                 : 0;
}

static int add_name(struct making *m, const char *name) {
    struct ip ip;
    if (ip_parse(str_of(name), &ip) == 0)
        return check(m,
                     gnutls_x509_crt_set_subject_alt_name(m->crt, GNUTLS_SAN_IPADDRESS, ip.bytes,
                                                          ip.version == 4 ? 4 : 16,
                                                          GNUTLS_FSAN_APPEND),
                     "name");
    return check(m,
                 gnutls_x509_crt_set_subject_alt_name(m->crt, GNUTLS_SAN_DNSNAME, name,
                                                      (unsigned) strlen(name), GNUTLS_FSAN_APPEND),
                 "name");
}

static int add_names(struct making *m, const char *host) {
    char own[256] = "";
    int e = add_name(m, "localhost");
    if (e == 0)
        e = add_name(m, "127.0.0.1");
    if (e == 0)
        e = add_name(m, "::1");
    if (e == 0 && gethostname(own, sizeof own - 1) == 0 && own[0] && strcmp(own, "localhost") != 0)
        e = add_name(m, own);
    if (e == 0 && host && host[0] && strcmp(host, "0.0.0.0") != 0 && strcmp(host, "::") != 0 &&
        strcmp(host, "localhost") != 0 && strcmp(host, "127.0.0.1") != 0 &&
        strcmp(host, "::1") != 0 && strcmp(host, own) != 0)
        e = add_name(m, host);
    return e;
}

static int fill(struct making *m, const char *host) {
    unsigned char serial[16];
    time_t now = (time_t) (time_now_ns() / NS_PER_S);
    int e = check(m, gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial), "number");
    serial[0] &= 0x7f; /* positive, as RFC 5280 wants it */
    if (e == 0)
        e = check(m,
                  gnutls_x509_privkey_generate(m->key, GNUTLS_PK_ECDSA,
                                               GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                  "make a key for");
    if (e == 0)
        e = check(m, gnutls_x509_crt_set_version(m->crt, 3), "make");
    if (e == 0)
        e = check(m, gnutls_x509_crt_set_serial(m->crt, serial, sizeof serial), "number");
    if (e == 0)
        e = check(m, gnutls_x509_crt_set_activation_time(m->crt, now - 3600), "date");
    if (e == 0)
        e = check(m, gnutls_x509_crt_set_expiration_time(m->crt, now + LIFE_DAYS * 86400L), "date");
    if (e == 0)
        e = check(
            m, gnutls_x509_crt_set_dn_by_oid(m->crt, GNUTLS_OID_X520_COMMON_NAME, 0, "Kizuki", 6),
            "name");
    if (e == 0)
        e = check(m, gnutls_x509_crt_set_key(m->crt, m->key), "make");
    if (e == 0)
        e = check(m, gnutls_x509_crt_set_basic_constraints(m->crt, 0, -1), "restrict");
    if (e == 0)
        e = check(m, gnutls_x509_crt_set_key_usage(m->crt, GNUTLS_KEY_DIGITAL_SIGNATURE),
                  "restrict");
    if (e == 0)
        e = check(m, gnutls_x509_crt_set_key_purpose_oid(m->crt, GNUTLS_KP_TLS_WWW_SERVER, 0),
                  "restrict");
    if (e == 0)
        e = add_names(m, host);
    if (e == 0)
        e = check(m, gnutls_x509_crt_sign2(m->crt, m->crt, m->key, GNUTLS_DIG_SHA256, 0), "sign");
    return e;
}

static int write_pem(struct making *m, const char *crt_path, const char *key_path) {
    gnutls_datum_t crt = {0}, key = {0};
    int e = check(m, gnutls_x509_privkey_export2(m->key, GNUTLS_X509_FMT_PEM, &key), "write");
    if (e == 0)
        e = check(m, gnutls_x509_crt_export2(m->crt, GNUTLS_X509_FMT_PEM, &crt), "write");
    if (e == 0)
        e = file_write_atomic(key_path, str_n((char *) key.data, key.size), 0600, m->err);
    if (e == 0)
        e = file_write_atomic(crt_path, str_n((char *) crt.data, crt.size), 0644, m->err);
    if (key.data)
        explicit_bzero(key.data, key.size);
    gnutls_free(key.data);
    gnutls_free(crt.data);
    return e;
}

static int make(const char *crt_path, const char *key_path, const char *host, struct diag *err) {
    struct making m = {.err = err};
    int e = check(&m, gnutls_x509_privkey_init(&m.key), "make");
    if (e == 0)
        e = check(&m, gnutls_x509_crt_init(&m.crt), "make");
    if (e == 0)
        e = fill(&m, host);
    if (e == 0)
        e = write_pem(&m, crt_path, key_path);
    gnutls_x509_crt_deinit(m.crt);
    gnutls_x509_privkey_deinit(m.key);
    return e;
}

/* Whether ours is there and lasts. */
static bool lasts(struct arena *a, const char *crt_path, const char *key_path) {
    gnutls_x509_crt_t crt;
    struct str pem;
    bool good = false;
    if (access(key_path, R_OK) < 0 || file_read(a, crt_path, PEM_BYTES_MAX, &pem, NULL) < 0 ||
        gnutls_x509_crt_init(&crt) < 0)
        return false;
    gnutls_datum_t d = {(unsigned char *) (uintptr_t) pem.p, (unsigned) pem.n};
    if (gnutls_x509_crt_import(crt, &d, GNUTLS_X509_FMT_PEM) == 0)
        good = gnutls_x509_crt_get_expiration_time(crt) >
               time_now_ns() / NS_PER_S + RENEW_DAYS * 86400L;
    gnutls_x509_crt_deinit(crt);
    return good;
}

int certificate_load(struct arena *a, const char *dir, struct str chain, struct str key,
                     const char *host, struct certificate *ret, struct diag *reterr) {
    char crt_path[PATH_MAX], key_path[PATH_MAX];
    bool own = chain.n && key.n;
    int n = own ? snprintf(crt_path, sizeof crt_path, "%.*s", STR_ARG(chain))
                : snprintf(crt_path, sizeof crt_path, "%s/tls.crt", dir);
    int k = own ? snprintf(key_path, sizeof key_path, "%.*s", STR_ARG(key))
                : snprintf(key_path, sizeof key_path, "%s/tls.key", dir);
    if (n >= PATH_MAX || k >= PATH_MAX)
        return diag_set(reterr, -ENAMETOOLONG, "the name of the certificate is too long");
    if (!own && !lasts(a, crt_path, key_path)) {
        int e = make(crt_path, key_path, host, reterr);
        if (e < 0)
            return e;
    }
    int e = file_read(a, crt_path, PEM_BYTES_MAX, &ret->chain, reterr);
    if (e == 0)
        e = file_read(a, key_path, PEM_BYTES_MAX, &ret->key, reterr);
    return e;
}

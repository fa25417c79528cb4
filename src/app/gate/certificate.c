/* Who a certificate says a sender is. Connections of streams have been verified by their handshake; over HTTP the server only asks
 * for a certificate, so that whoever shows none can be told what is missing instead of being cut off. */
#include "app/gate/gate.h"

#include <gnutls/x509.h>

static bool fits(const char *s, size_t n) {
    bool good = n > 0 && n < GATE_CERTIFICATE_NAME_CAP;
    for (size_t i = 0; good && i < n; i++)
        good = s[i] >= 0x20 && s[i] < 0x7f;
    return good;
}

static size_t name_of(gnutls_x509_crt_t crt, char dst[GATE_CERTIFICATE_NAME_CAP]) {
    unsigned critical;
    size_t n = GATE_CERTIFICATE_NAME_CAP;
    if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, dst, &n) == 0 && fits(dst, n))
        return n;
    for (unsigned i = 0; i < 16; i++) {
        n = GATE_CERTIFICATE_NAME_CAP;
        int r = gnutls_x509_crt_get_subject_alt_name(crt, i, dst, &n, &critical);
        if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            break;
        if (r == GNUTLS_SAN_DNSNAME && fits(dst, n))
            return n;
    }
    return 0;
}

struct str gate_certificate_name(gnutls_session_t session, char dst[GATE_CERTIFICATE_NAME_CAP]) {
    unsigned n_chain = 0;
    size_t n = 0;
    gnutls_x509_crt_t crt;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n_chain);
    if (chain && n_chain && gnutls_x509_crt_init(&crt) == 0) {
        if (gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) == 0)
            n = name_of(crt, dst);
        gnutls_x509_crt_deinit(crt);
    }
    return n ? str_n(dst, n) : STR_NULL;
}

bool gate_certificate_is_good(gnutls_session_t session) {
    unsigned status = 0;
    return gnutls_certificate_verify_peers2(session, &status) == 0 && status == 0;
}

/* The program kizuki-gate: what arrives in a protocol that answers.
 *
 *   kizuki-gate --data DIR --sensor SOCKET [--config FILE] [--http-fd N]… [--https-fd N]… [--relp-fd N]…
 *               [--relp-tls-fd N]… [--syslog-tls-fd N]… [--snmp-fd N]… [--flow-fd N]…
 *               [--collectd-fd N]… [--statsd-fd N]…
 *
 * A program of its own, for two reasons. The sensor holds everything that was logged: it should not also parse TLS,
 * HTTP, gzip, protobuf and BER from strangers. And whoever answers must outlive the sensor: a client whose connection
 * ends between commit and answer sends again, and what it sends is doubled. So the gate holds the connections, gives
 * records to the sensor (up.h), and answers when they are on disk; a sensor killed in between is not even noticed.
 *
 * It reads no log and writes no file; of the data folder it may open DATA/gate, where the hashes of the tokens lie. */
#pragma once
#include "app/common/config.h"
#include "app/gate/up.h"

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct gate {
    uv_loop_t loop;
    struct config *config;
    struct up *up;
    struct http *http;
    struct metric_gather *metrics; /* of all listeners: a machine is one machine */
    struct str chain, key, clients;     /* PEM; .p NULL: not given */
    gnutls_certificate_credentials_t tls; /* for streams; NULL: not given */
    unsigned connections;
    uv_signal_t on_term, on_int;
};

/* Numeric, without a port; GATE_ADDRESS_CAP bytes. IPv4-mapped addresses as the IPv4 ones they are. */
enum { GATE_ADDRESS_CAP = 64 };
struct str gate_address(const struct sockaddr *sa, char *dst);
struct str gate_peer(const struct sockaddr *sa, char *dst); /* with the port, as raw_record.peer has it */

/* stream.c: a listening TCP socket of RELP or syslog. */
enum stream_kind { STREAM_RELP, STREAM_RELP_TLS, STREAM_SYSLOG_TLS, STREAM_KIND_MAX_ };
int stream_listen(struct gate *g, int fd, enum stream_kind kind, struct diag *reterr) MUST_USE;

/* datagram.c: a UDP socket. */
enum datagram_kind { DATAGRAM_SNMP, DATAGRAM_FLOW, DATAGRAM_COLLECTD, DATAGRAM_STATSD, DATAGRAM_KIND_MAX_ };
int datagram_listen(struct gate *g, int fd, enum datagram_kind kind, struct diag *reterr) MUST_USE;

/* certificate.c: the name in the certificate a peer showed in this session: its common name, else its first DNS name, made fit for
 * a source (printable ASCII; else STR_NULL: the address has to do). It says nothing about who signed it. */
enum { GATE_CERTIFICATE_NAME_CAP = 65 };
struct str gate_certificate_name(gnutls_session_t session, char dst[GATE_CERTIFICATE_NAME_CAP]);
/* Whether it is signed by one of `clients`. */
bool gate_certificate_is_good(gnutls_session_t session);

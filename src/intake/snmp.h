/* An SNMP notification (v1 trap, v2c and v3 trap or inform) as one line of JSON: a bounded reader of BER, as far as SNMP
 * uses it.
 *
 *   snmp.version, snmp.type (trap, inform), snmp.trap_oid (of v1 as RFC 3584 says), snmp.uptime in hundredths of a second,
 *   snmp.vars {OID: value}; of v1 host.ip (the agent) and snmp.enterprise; of v3 snmp.user, snmp.engine and snmp.security
 *
 * The community is a password and is not kept. Of v3 neither signature nor cipher is looked at: snmp.security says what
 * the sender claims, and an encrypted message is kept as that it came. Text in a variable is a string; bytes that are no
 * text are hex with 0x in front. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* *ret_inform: where the tag of an inform lies that wants an answer (the same bytes with SNMP_RESPONSE there), 0: none. */
enum { SNMP_RESPONSE = 0xa2 };
int snmp_notification(struct str datagram, struct buf *line, size_t *ret_inform, struct diag *reterr) MUST_USE;

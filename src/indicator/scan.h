/* What in a text an indicator could be: addresses, names of domains, runs of hexadecimal digits as long as a hash. One
 * way for the stream, for the gate of a search and for the filters beside the spool, so that none finds less than another.
 *
 * Each is handed over as keys: 64-bit numbers of what an indicator may be looked up under. An address has those of itself
 * and of the networks it lies in (IPv4 /24, /16; IPv6 /64, /48, /32), a name those of itself and of the domains above it
 * (two labels at least), a hash its own. The numbers are the same in every process, and stand in files. A key says
 * "perhaps": whoever asks compares the value. */
#pragma once
#include "base/ip.h"

/* Negative: ends the scan with it. [token] is a slice of the text: the address, the name from this suffix on, the hash. */
typedef int indicator_key_fn(void *ctx, uint64_t key, struct str token);
int indicator_scan(struct str text, indicator_key_fn *fn, void *ctx);

uint64_t indicator_key_of_net(const struct ip *ip, unsigned bits); /* as they are looked up: 32, 24, 16; 128, 64, 48, 32 */
uint64_t indicator_key_of_text(struct str lowered); /* of a name or a hash */

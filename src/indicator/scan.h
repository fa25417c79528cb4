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

/* What cannot be under any of the keys wanted is passed over before its keys are made: nearly everything in a log. Whoever
 * looks for few keys fills one with all of them; what is handed over is then a part of what indicator_scan hands over that
 * still has all that is wanted. */
struct indicator_gate {
    uint64_t nets[65536 / 64];  /* IPv4: its first two bytes */
    uint64_t tails[65536 / 64]; /* names and hashes: their last four bytes, hashed */
    bool v6, any_text;          /* any_text: a text shorter than four is wanted, so tails say nothing */
};
void indicator_gate_add_net(struct indicator_gate *g, const struct ip *ip); /* of 16 bits or more */
void indicator_gate_add_text(struct indicator_gate *g, struct str lowered);
int indicator_scan_for(struct str text, const struct indicator_gate *g, indicator_key_fn *fn, void *ctx);
/* The whole text is digits and dots, and its network is not wanted: sparing the scan of a field that holds an address. */
bool indicator_gate_refuses(const struct indicator_gate *g, struct str text);

uint64_t indicator_key_of_net(const struct ip *ip, unsigned bits); /* as they are looked up: 32, 24, 16; 128, 64, 48, 32 */
uint64_t indicator_key_of_text(struct str lowered); /* of a name or a hash */

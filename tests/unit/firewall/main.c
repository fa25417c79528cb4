#include "unit.h"

int unit_firewall_compare(void);
int unit_firewall_devices(void);
int unit_firewall_iptables(void);
int unit_firewall_nft(void);
int unit_firewall_span(void);
UNIT_MAIN(unit_firewall_compare, unit_firewall_devices, unit_firewall_iptables, unit_firewall_nft, unit_firewall_span)

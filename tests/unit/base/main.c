#include "unit.h"

int unit_base_map(void);
int unit_base_ip(void);
UNIT_MAIN(unit_base_map, unit_base_ip)

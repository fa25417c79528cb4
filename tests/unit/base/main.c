#include "unit.h"

int unit_base_ip(void);
int unit_base_json(void);
int unit_base_map(void);
int unit_base_yaml(void);
UNIT_MAIN(unit_base_ip, unit_base_json, unit_base_map, unit_base_yaml)

#include "unit.h"

int unit_base_map(void);
UNIT_MAIN(unit_base_map)

#include "unit.h"

int unit_detect_rule(void);
UNIT_MAIN(unit_detect_rule)

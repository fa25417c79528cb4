#include "unit.h"

int unit_ruleset(void);
UNIT_MAIN(unit_ruleset)

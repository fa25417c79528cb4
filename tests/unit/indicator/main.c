#include "unit.h"

int unit_indicator_pattern(void), unit_indicator_read(void), unit_indicator_set(void), unit_indicator_value(void);
UNIT_MAIN(unit_indicator_pattern, unit_indicator_read, unit_indicator_set, unit_indicator_value)

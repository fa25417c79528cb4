#include "unit.h"

int unit_event_source(void);
UNIT_MAIN(unit_event_source)

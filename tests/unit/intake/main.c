#include "unit.h"

int unit_intake_paths(void);
int unit_intake_reader(void);
UNIT_MAIN(unit_intake_paths, unit_intake_reader)

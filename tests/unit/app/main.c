#include "unit.h"

int unit_app_config(void);
UNIT_MAIN(unit_app_config)

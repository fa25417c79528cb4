#include "unit.h"

int unit_duty_authority(void);
int unit_duty_code(void);
int unit_duty_roster(void);
UNIT_MAIN(unit_duty_authority, unit_duty_code, unit_duty_roster)

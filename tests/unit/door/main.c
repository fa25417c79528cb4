#include "unit.h"

int unit_door_compose(void);
int unit_door_journal(void);
int unit_door_reach(void);
int unit_door_template(void);
int unit_door_way(void);
UNIT_MAIN(unit_door_compose, unit_door_journal, unit_door_reach, unit_door_template, unit_door_way)

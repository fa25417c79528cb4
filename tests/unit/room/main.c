#include "unit.h"

int unit_room_action(void);
int unit_room_audit(void);
int unit_room_fold(void);
int unit_room_may(void);
UNIT_MAIN(unit_room_action, unit_room_audit, unit_room_fold, unit_room_may)

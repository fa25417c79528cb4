#include "unit.h"

int unit_room_fold(void);
UNIT_MAIN(unit_room_fold)

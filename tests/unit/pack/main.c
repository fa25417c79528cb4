#include "unit.h"

int unit_pack_replay(void);
int unit_pack_pack(void);
UNIT_MAIN(unit_pack_replay, unit_pack_pack)

#include "unit.h"

int unit_spool_adopt(void);
int unit_spool_merkle(void);
int unit_spool_reader(void);
int unit_spool_seal(void);
int unit_spool_spool(void);
UNIT_MAIN(unit_spool_adopt, unit_spool_merkle, unit_spool_reader, unit_spool_seal, unit_spool_spool)

#include "unit.h"

int unit_table_csv(void);
int unit_table_match(void);
int unit_table_xlsx(void);
UNIT_MAIN(unit_table_csv, unit_table_match, unit_table_xlsx)

#include "unit.h"

int unit_index_client(void);
int unit_index_http(void);
int unit_index_row(void);
int unit_index_sql(void);
UNIT_MAIN(unit_index_client, unit_index_http, unit_index_row, unit_index_sql)

#include "unit.h"

int unit_search_nightly(void);
int unit_search_rule_out(void);
int unit_search_scan(void);
UNIT_MAIN(unit_search_nightly, unit_search_rule_out, unit_search_scan)

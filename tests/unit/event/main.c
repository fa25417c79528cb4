#include "unit.h"

int unit_event_columns(void);
int unit_event_finding(void);
int unit_event_names(void);
int unit_event_record_json(void);
int unit_event_source(void);
UNIT_MAIN(unit_event_columns, unit_event_finding, unit_event_names, unit_event_record_json, unit_event_source)

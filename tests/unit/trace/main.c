#include "unit.h"

int unit_trace_join(void);
int unit_trace_missing(void);
int unit_trace_question(void);
UNIT_MAIN(unit_trace_join, unit_trace_missing, unit_trace_question)

#include "unit.h"

int unit_intake_evtx(void);
int unit_intake_live(void);
int unit_intake_metric(void);
int unit_intake_paths(void);
int unit_intake_reader(void);
int unit_intake_syslog_frame(void);
int unit_intake_tail_file(void);
int unit_intake_tail_model(void);
UNIT_MAIN(unit_intake_evtx, unit_intake_live, unit_intake_metric, unit_intake_paths, unit_intake_reader,
          unit_intake_syslog_frame, unit_intake_tail_file, unit_intake_tail_model)

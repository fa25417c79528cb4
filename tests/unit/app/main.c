#include "unit.h"

int unit_app_config(void);
int unit_app_kinds(void);
int unit_app_late(void);
int unit_app_ledger(void);
int unit_app_listen(void);
int unit_app_pack_digest(void);
int unit_app_rhythm(void);
int unit_app_roomlink(void);
int unit_app_sequence(void);
int unit_app_supervisor(void);
UNIT_MAIN(unit_app_config, unit_app_kinds, unit_app_late, unit_app_ledger, unit_app_listen, unit_app_pack_digest, unit_app_rhythm, unit_app_roomlink, unit_app_sequence, unit_app_supervisor)

#include "unit.h"

int unit_pack_anon(void);
int unit_pack_replay(void);
int unit_pack_pack(void);
int unit_pack_generators(void);
int unit_pack_hostile(void);
int unit_pack_judge(void);
int unit_pack_note(void);
int unit_pack_schema(void);
UNIT_MAIN(unit_pack_anon, unit_pack_replay, unit_pack_pack, unit_pack_generators, unit_pack_hostile, unit_pack_judge, unit_pack_note, unit_pack_schema)

#include "unit.h"

int unit_hand_limits(void);
int unit_hand_order(void);
int unit_hand_journal(void);
int unit_hand_judge(void);
int unit_hand_hand(void);
int unit_hand_restart(void);
int unit_hand_nft(void);
int unit_hand_deed(void);
UNIT_MAIN(unit_hand_limits, unit_hand_order, unit_hand_journal, unit_hand_judge, unit_hand_hand,
          unit_hand_restart, unit_hand_nft, unit_hand_deed)

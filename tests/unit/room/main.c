#include "unit.h"

int unit_room_action(void);
int unit_room_asset(void);
int unit_room_attachment(void);
int unit_room_audit(void);
int unit_room_authority(void);
int unit_room_callout(void);
int unit_room_campaign(void);
int unit_room_followup(void);
int unit_room_case_row(void);
int unit_room_condition(void);
int unit_room_decision(void);
int unit_room_directory(void);
int unit_room_change(void);
int unit_room_fact(void);
int unit_room_fold(void);
int unit_room_fold_way(void);
int unit_room_joint(void);
int unit_room_info(void);
int unit_room_level(void);
int unit_room_means(void);
int unit_room_onsite(void);
int unit_room_lanes(void);
int unit_room_law(void);
int unit_room_lesson(void);
int unit_room_ledger(void);
int unit_room_mail(void);
int unit_room_may(void);
int unit_room_limits(void);
int unit_room_login(void);
int unit_room_merge(void);
int unit_room_person_report(void);
int unit_room_outgoing(void);
int unit_room_publication(void);
int unit_room_radius(void);
int unit_room_rank(void);
int unit_room_readiness(void);
int unit_room_alike(void);
int unit_room_register(void);
int unit_room_run(void);
int unit_room_scope(void);
int unit_room_split(void);
int unit_room_tip(void);
int unit_room_tightening(void);
UNIT_MAIN(unit_room_register, unit_room_action, unit_room_asset, unit_room_attachment, unit_room_audit, unit_room_authority, unit_room_callout, unit_room_campaign, unit_room_followup, unit_room_case_row, unit_room_change, unit_room_condition, unit_room_decision,
          unit_room_directory, unit_room_fact, unit_room_fold, unit_room_fold_way, unit_room_joint, unit_room_info, unit_room_lanes, unit_room_law, unit_room_lesson, unit_room_ledger,
          unit_room_mail, unit_room_may, unit_room_limits, unit_room_login, unit_room_merge, unit_room_person_report, unit_room_outgoing, unit_room_publication, unit_room_radius, unit_room_rank, unit_room_readiness, unit_room_alike, unit_room_run, unit_room_scope, unit_room_split, unit_room_tightening, unit_room_level, unit_room_means, unit_room_onsite, unit_room_tip)

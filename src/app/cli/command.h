/* The subcommands of `kizuki`, each in a file of its own, and what they share. */
#pragma once
#include "base/cli.h"

extern const struct cli_command COMMAND_DECODE, COMMAND_DEMO, COMMAND_HUNT, COMMAND_PACK_LIST,
    COMMAND_PACK_PLAY, COMMAND_PACK_REPLAY, COMMAND_RULE_CHECK, COMMAND_RULE_EXPLAIN,
    COMMAND_RULE_FIELDS, COMMAND_RULE_LEARN, COMMAND_RULE_TEST, COMMAND_SEARCH, COMMAND_SERVE, COMMAND_TRACE, COMMAND_VERIFY;
/* pack.c, pack_check.c, pack_sign.c */
extern const struct cli_command COMMAND_PACK_CHECK, COMMAND_PACK_EXPORT, COMMAND_PACK_GENERATORS, COMMAND_PACK_NEW, COMMAND_PACK_SIGN, COMMAND_PACK_VERIFY, COMMAND_PACK_INSTALL, COMMAND_PACK_ON, COMMAND_PACK_WATCH, COMMAND_PACK_OFF,
    COMMAND_PACK_BACK, COMMAND_PACK_REMOVE, COMMAND_PACK_SCHEMA, COMMAND_PACK_SCORE;
/* pack_from_case.c */
extern const struct cli_command COMMAND_PACK_FROM_CASE;
/* firewall.c */
extern const struct cli_command COMMAND_FIREWALL_COMPARE;
/* index.c */
extern const struct cli_command COMMAND_INDEX_FETCH, COMMAND_INDEX_REBUILD, COMMAND_INDEX_STATUS;
/* indicator.c */
extern const struct cli_command COMMAND_INDICATOR_ADD, COMMAND_INDICATOR_LIST, COMMAND_INDICATOR_REMOVE, COMMAND_INDICATOR_SHOW;
/* decoder.c */
extern const struct cli_command COMMAND_DECODER_CHECK, COMMAND_DECODER_LIST, COMMAND_DECODER_TEST;
/* playbook.c */
extern const struct cli_command COMMAND_PLAYBOOK_CHECK, COMMAND_PLAYBOOK_CONVERT;
/* rule_sets.c */
extern const struct cli_command COMMAND_RULE_ADD, COMMAND_RULE_BACK, COMMAND_RULE_DROP, COMMAND_RULE_LIST,
    COMMAND_RULE_OFF, COMMAND_RULE_ON;
/* rule_show.c */
extern const struct cli_command COMMAND_RULE_SHOW;
/* rule_soc.c */
extern const struct cli_command COMMAND_RULE_SOC, COMMAND_RULE_SOC_ANSWER, COMMAND_RULE_SOC_LIST,
    COMMAND_RULE_SOC_DROP, COMMAND_RULE_SOC_SEND;
/* import.c */
extern const struct cli_command COMMAND_IMPORT;
/* register.c */
extern const struct cli_command COMMAND_REGISTER_IMPORT, COMMAND_REGISTER_TEMPLATE, COMMAND_REGISTER_UNDO;
/* token.c */
extern const struct cli_command COMMAND_TOKEN_ADD, COMMAND_TOKEN_DROP, COMMAND_TOKEN_LIST;
/* door.c */
extern const struct cli_command COMMAND_DOOR_LIST, COMMAND_DOOR_TRY;
/* mail.c */
extern const struct cli_command COMMAND_MAIL;
/* export.c */
extern const struct cli_command COMMAND_EXPORT_EVIDENCE;
/* vault.c */
extern const struct cli_command COMMAND_VAULT_CODE, COMMAND_VAULT_DROP, COMMAND_VAULT_ENROL, COMMAND_VAULT_LIST;
/* rule_except.c */
extern const struct cli_command COMMAND_RULE_EXCEPT, COMMAND_RULE_EXCEPTIONS, COMMAND_RULE_SUPPRESS,
    COMMAND_RULE_UNEXCEPT, COMMAND_RULE_UNSUPPRESS;

/* Levels that steps raise are there: of content/levels, or of the folder `own`. -ERR_PARSE with the place (playbook.c). */
struct playbook;
int playbook_levels_there(struct arena *a, const struct playbook *p, const char *path, const char *own, struct diag *reterr) MUST_USE;
/* Says the diag on standard error and returns the exit status 1. */
int command_failed(const struct diag *d);
/* --pace: 0, or times the speed of life that a sleep can still be computed for. */
int command_pace(const char *text, double *ret, struct diag *reterr) MUST_USE;
/* A time as people write it; NULL: TIME_NONE. */
int command_time(const char *text, int64_t *ret, struct diag *reterr) MUST_USE;

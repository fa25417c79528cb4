/* What cli.c and cli_show.c share. */
#pragma once
#include "base/cli.h"

#define CLI_EACH_OPTION(o, c) for (const struct cli_option *o = (c)->options; o && o->name; o++)
#define CLI_EACH_COMMAND(c, p) for (const struct cli_command *c = (p)->commands; c->name; c++)

/* A program without subcommands. */
static inline bool cli_is_single(const struct cli_program *p) {
    return p->commands->name && !*p->commands->name;
}

/* "rule explain" is in the group "rule". */
static inline bool cli_in_group(const struct cli_command *c, struct str group) {
    return strncmp(c->name, group.p, group.n) == 0 && c->name[group.n] == ' ';
}

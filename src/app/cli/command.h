/* What the subcommands of `kizuki` share. */
#pragma once
#include "base/err.h"

/* Says the diag on standard error and returns the exit status 1. */
int command_failed(const struct diag *d);
/* "kizuki NAME: what" on standard error; returns the exit status 2. */
int command_misused(const char *name, const char *what);

/* What kizuki-mail took apart comes in from DATA/mail/out, a file a mail; removed once it is in the database. */
#pragma once
#include "base/err.h"

struct program;
int mail_in_start(const struct program *p, struct diag *reterr) MUST_USE; /* makes the folder, before the sandbox */
void mail_in_tick(struct program *p);

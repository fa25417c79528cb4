/* What is shipped of duties and forms (content/obligations, content/forms), made known to the room at each start. */
#pragma once
#include "base/err.h"

struct program;
/* A file that cannot be read is left out and said: it stops nobody from starting. */
int datafiles_load(struct program *p, struct diag *reterr) MUST_USE;

/* Services: those of the configuration and those seen in findings. */
#pragma once
#include "room/room.h"

#define ROOM_SERVICES_MAX 1000 /* names come from logs; a case watches each */

/* Those of the policy become known; at start. */
int room_services_register(struct room *r, struct diag *reterr) MUST_USE;

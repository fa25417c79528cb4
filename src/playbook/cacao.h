/* What CACAO has no word for travels in an extension of ours, as CACAO 2.0 section 9 provides: kinds of steps, lanes, texts in two
 * languages, authority, due times. Who does not know it sees a valid playbook of manual and other commands.
 *
 * Ids of ours are short; CACAO's are UUIDs. An id that a playbook brought is kept (field "cacao"). One that is missing is made of the
 * playbook's own: SHA-256 of both, in the form of a random UUID (version 4, which CACAO asks for in steps). So what was made
 * for CACAO's sake alone (start, ends, an agent for a lane) is known again when it comes back. */
#pragma once
#include "playbook/playbook_priv.h"

#define CACAO_EXTENSION "extension-definition--5d6c6a0e-6f0e-4a0f-9a53-4b697a756b69"

/* type--uuid for a name within the playbook whose CACAO id is given. */
struct str cacao_derive(struct arena *a, struct str playbook, const char *type, struct str name);
/* The text of a step, or of the playbook, for readers of CACAO: its name, else its English text. */
struct str cacao_name(const struct pb_obj *step);
/* The variable a decision with cases asks for when it names none: __its-id__. */
struct str cacao_asks(struct arena *a, const struct pb_obj *step);

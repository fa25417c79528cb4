/* Names of domains in other letters as the network writes them (RFC 3492, RFC 5891): each label that is not ASCII
 * becomes xn--…. The text has gone through NFKC and case folding. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/* .p NULL: a label that cannot be written so, or memory ended. */
struct str punycode_name(struct arena *a, struct str name);

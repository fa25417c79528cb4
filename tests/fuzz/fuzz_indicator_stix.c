/* A file of indicators from anywhere, read as STIX. */
#include "fuzz_indicator.h"

FUZZ_INDICATOR(INDICATOR_STIX)

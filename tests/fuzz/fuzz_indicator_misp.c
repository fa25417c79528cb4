/* A file of indicators from anywhere, read as MISP. */
#include "fuzz_indicator.h"

FUZZ_INDICATOR(INDICATOR_MISP)

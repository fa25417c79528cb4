/* A file of indicators from anywhere, read as CSV. */
#include "fuzz_indicator.h"

FUZZ_INDICATOR(INDICATOR_CSV)

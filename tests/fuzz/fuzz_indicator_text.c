/* A file of indicators from anywhere, read as TEXT. */
#include "fuzz_indicator.h"

FUZZ_INDICATOR(INDICATOR_TEXT)

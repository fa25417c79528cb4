/* What each measure of content/measures looks at: things by name, and whether each is as it should be.
 *
 * A row is a query that gives (name, ok). ?1 is the time now in nanoseconds, ?2 what the room is told from beside the database
 * ({"trace":…,"partners":n}), ?3 on the parameters in the order of `parameters`. Packs bring no query: they name a row. */
#pragma once
#include <stddef.h>

#define MEASURE_PARAMETERS_MAX 3
struct measure_row {
    const char *name;
    const char *parameters[MEASURE_PARAMETERS_MAX];
    const char *things;
    const char *share; /* parameter with the share in per cent that is enough; NULL: all */
};
const struct measure_row *measure_row_find(const char *name, size_t n); /* NULL: none */

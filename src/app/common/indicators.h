/* Indicators of a data folder, for who matches them and for who takes them in. */
#pragma once
#include "app/common/config.h"
#include "indicator/set.h"

/* DATA/indicators */
int indicators_dir(const char *data, char dst[4096], struct diag *reterr) MUST_USE;
/* The shipped warning lists, the user's own below DATA/indicators/lists, what is own by the configuration: `own`, and
 * `partners`, who are never blocked. */
int indicators_allow(const struct config *c, const char *content, struct indicator_allow **ret, struct diag *reterr) MUST_USE;
/* NULL in *ret: there are none. */
int indicators_load(const char *data, const uint32_t *imports, size_t n_imports, struct indicator_set **ret, struct diag *reterr) MUST_USE;

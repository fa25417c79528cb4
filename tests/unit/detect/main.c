#include "unit.h"

int unit_detect_correlate(void);
int unit_detect_correlate_ahead(void);
int unit_detect_correlate_code(void);
int unit_detect_correlate_image(void);
int unit_detect_correlate_measures(void);
int unit_detect_correlate_numbers(void);
int unit_detect_correlate_past(void);
int unit_detect_correlate_period(void);
int unit_detect_correlate_usual(void);
int unit_detect_explain(void);
int unit_detect_fields(void);
int unit_detect_kernel(void);
int unit_detect_load(void);
int unit_detect_match(void);
int unit_detect_oracle(void);
int unit_detect_regex(void);
int unit_detect_rule(void);
int unit_detect_shape(void);
int unit_detect_search(void);
int unit_detect_search_rule(void);
int unit_detect_sigmahq(void);
int unit_detect_traps(void);
int unit_detect_statistics(void);
int unit_detect_tighten(void);
UNIT_MAIN(unit_detect_correlate, unit_detect_correlate_ahead, unit_detect_correlate_code, unit_detect_correlate_measures,
          unit_detect_correlate_numbers,
          unit_detect_correlate_past, unit_detect_correlate_period, unit_detect_correlate_usual, unit_detect_correlate_image, unit_detect_explain,
          unit_detect_fields, unit_detect_kernel, unit_detect_load, unit_detect_match, unit_detect_oracle,
          unit_detect_regex, unit_detect_rule, unit_detect_search, unit_detect_search_rule, unit_detect_shape, unit_detect_sigmahq, unit_detect_statistics, unit_detect_tighten, unit_detect_traps)

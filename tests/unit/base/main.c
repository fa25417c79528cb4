#include "unit.h"

int unit_base_arena(void);
int unit_base_buf(void);
int unit_base_cli(void);
int unit_base_err(void);
int unit_base_file(void);
int unit_base_frame(void);
int unit_base_hash(void);
int unit_base_hours(void);
int unit_base_image(void);
int unit_base_ip(void);
int unit_base_json(void);
int unit_base_json_index(void);
int unit_base_map(void);
int unit_base_period(void);
int unit_base_sign(void);
int unit_base_sql(void);
int unit_base_str(void);
int unit_base_text(void);
int unit_base_time(void);
int unit_base_time_written(void);
int unit_base_yaml(void);
int unit_base_yaml_quick(void);
UNIT_MAIN(unit_base_arena, unit_base_buf, unit_base_cli, unit_base_err, unit_base_file,
          unit_base_frame, unit_base_hash, unit_base_hours, unit_base_image, unit_base_ip, unit_base_json, unit_base_json_index, unit_base_map,
          unit_base_period, unit_base_sign, unit_base_sql, unit_base_str, unit_base_text, unit_base_time, unit_base_time_written,
          unit_base_yaml, unit_base_yaml_quick)

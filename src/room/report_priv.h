/* Between the files of the sensor's reports. */
#pragma once
#include "room/report.h"
#include "room/room_priv.h"

enum room_source_state { /* in the order shown */
                         SOURCE_LOSING,
                         SOURCE_SKEWED,
                         SOURCE_LATE,
                         SOURCE_UNPARSED,
                         SOURCE_UNKNOWN,
                         SOURCE_RIGHT,
                         SOURCE_MAX_
};
struct room_source_view {
    const struct json_value *v;
    enum room_source_state state;
};
void room_kopt_str(struct jsonw *w, const struct json_value *o,
                   const char *key); /* null when absent */
void room_kopt_i64(struct jsonw *w, const struct json_value *o, const char *key);
int64_t room_opt_i64(const struct json_value *o, const char *key, int64_t otherwise);

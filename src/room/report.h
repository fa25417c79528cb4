/* What the sensor tells about itself: its sources, its rules, its statistics. Kept whole in memory,
 * stored now and then (not at each of its messages: the chain would hold little else), read again
 * at start. */
#pragma once
#include "room/room.h"

#define ROOM_REPORT_BYTES_MAX ((size_t) 64 << 20) /* 100000 rules with their text */
#define ROOM_SOURCES_BYTES_MAX                                                                     \
    ((size_t) 32 << 20) /* about 50000; as a tree they take eight times that */
#define ROOM_REPORT_STORE_NS (5 * NS_PER_MIN)

void room_reports_init(struct room *r);
void room_reports_done(struct room *r);
int room_reports_load(struct room *r, struct diag *reterr) MUST_USE;
/* One message, already parsed; takes what it needs. -ERR_PARSE for what is no such message. */
int room_report_sources(struct room *r, const struct json_value *message,
                        struct diag *reterr) MUST_USE;
int room_report_rules(struct room *r, const struct json_value *message,
                      struct diag *reterr) MUST_USE;
int room_report_stats(struct room *r, const struct json_value *message,
                      struct diag *reterr) MUST_USE;

int room_report_rule_state(struct room *r, const struct json_value *message,
                           struct diag *reterr) MUST_USE;
int64_t room_report_tightened(const struct room *r); /* rules the sensor judges once more; 0 until it said so */
/* What came last, as it came; {} before. */
bool room_rule_set_acts(const struct room *r, struct str name);
void room_rule_state_write(const struct room *r, struct jsonw *w);

/* NULL when unknown. Valid until the next report. */
const struct json_value *room_rule_find(struct room *r, struct str id);
/* {"sources":[…],"total":n} (more than are listed: the rest has not come yet, or is more than the
 * room holds),
 * {"rules":[…],"complete":…}, one rule with its text (-ENOENT). */
int room_sources_write(struct room *r, struct jsonw *w, struct diag *reterr) MUST_USE;
/* Numbers of the source's latest lines that no decoder understood, the newest first, and how many
 * there were. */
int room_source_unread(const struct room *r, int64_t id, int64_t *dst, size_t cap, size_t *ret_n,
                       int64_t *ret_total, struct diag *reterr) MUST_USE;
int room_rules_write(struct room *r, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_rule_write(struct room *r, struct str id, struct jsonw *w, struct diag *reterr) MUST_USE;
/* An array of the sources that are not right, the worst first; *ret_total of all. */
void room_sources_bad_write(struct room *r, struct jsonw *w, int64_t *ret_bad, int64_t *ret_total);
/* {"found":…} of what was read of the time before we looked. */
void room_backfill_write(struct room *r, struct jsonw *w);
/* Events of the hour that began h hours before the newest; -1 = not told. */
int64_t room_stats_events(const struct room *r, int hours_back);
/* {"ja":…,"en":…} of a rule of the report, null for NULL. */
void room_rule_titles_write(const struct json_value *rule, struct jsonw *w);
/* All sources by their names, as the sensor told of them; valid until the next report. */
struct map;
int room_sources_map(const struct room *r, struct map *by_name, struct diag *reterr) MUST_USE;
/* "right", "silent"… of one of them. */
const char *room_source_state(const struct json_value *source);
/* The sensor's number of a source by its name, 0 = unknown. */
int64_t room_source_id(const struct room *r, struct str name);
void room_sensor_connected(struct room *r, bool connected);
bool room_sensor_is_connected(const struct room *r);

/* Logs that come late (src/app/common/late.h): what lies in DATA/late is read in a thread and put into the spool with its
 * own times, as history.
 *
 *   NAME.job      {"file","name","source","columns","service","offset_min","try"}: FILE beside it, as `kizuki import` leaves it, or with
 *                 "incoming" in DATA/incoming, where the room put what was sent through the pages;
 *                 NAME.result says what became of it, for a day
 *   anything else a file somebody dropped there (FTP, SFTP); it is taken once nobody has written to it for LATE_QUIET_S, and when it
 *                 cannot be read it stays as NAME.refused, the reason beside it
 *
 * Each record carries its number within its file as the place to go on: a kill loses and doubles nothing. What was seen of a
 * source is replaced when all of it is on disk, so that the same file prepared again is the same records until then. */
#pragma once
#include "base/json.h"

struct sensor;
struct late_feed;
/* The room's questions "late" (a file in DATA/incoming is to be read) and "late_state"; false: it is neither. */
bool late_feed_asked(struct sensor *s, struct str type, int64_t id, const struct json_value *q);
int late_feed_start(struct sensor *s, struct late_feed **ret);
void late_feed_tick(struct late_feed *f); /* once a second */
void late_feed_turn(struct late_feed *f); /* after each turn of the loop, when what was put is on disk */

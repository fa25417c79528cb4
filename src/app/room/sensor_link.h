/* Sensors: their findings become durable before they are acknowledged; their answers go to whoever
 * asked.
 *
 * A peer that breaks the rules (no frame, no JSON, a message of no known type) is cut off and
 * counted, never obeyed and never fatal. A finding that can never be stored (it is none) is counted
 * and acknowledged, or it would come for ever; one that cannot be stored now (disk full) is not,
 * and the peer has to send it again.
 *
 * One sensor speaks for a room: positions of evidence and ids of findings are those of its spool,
 * and a second one's report would take the first one's place. Whoever speaks first is it until it
 * leaves; another that says something is told so and sent away. */
#pragma once
#include "app/room/peer.h"
#include "base/json.h"

struct program;
#define SENSORS_MAX 4
#define QUESTIONS_MAX 64
#define QUESTION_TIMEOUT_NS (5 * NS_PER_S)
#define QUESTION_LONG_NS (60 * NS_PER_S) /* a file is read for it */
#define SENSOR_STARTS_NS (2 * NS_PER_S)  /* so long after a start or a parting a question waits for the next sensor */

/* `answer` is the whole message, NULL when none came in time or the sensor left. Called once. */
typedef void sensor_answer_fn(void *ctx, const struct json_value *answer);
struct sensor_question {
    int64_t id, until_ns, patience_ns; /* id 0: free */
    sensor_answer_fn *fn;
    void *ctx;
    struct buf unsent; /* it waits for a sensor; what was sent is never sent again, it may have been done */
};
struct sensor_link {
    int listen_fd;
    struct peer peers[SENSORS_MAX];
    struct peer *speaker; /* into peers; NULL: nobody has said anything yet */
    bool told_away;       /* a log line about a second sensor was written for this speaker */
    struct sensor_question questions[QUESTIONS_MAX];
    int64_t next_id, away_ns; /* since when nobody speaks */
    uint64_t findings, repeated, refused, cut_off, sent_away;
};
void sensor_link_init(struct sensor_link *l, int listen_fd);
void sensor_link_done(struct sensor_link *l);
size_t sensor_link_poll(const struct sensor_link *l, struct pollfd *pfd); /* SENSORS_MAX + 1 rows */
void sensor_link_serve(struct program *p, const struct pollfd *pfd);
void sensor_link_drain(struct program *p); /* before it ends: what an ended sensor said last */
void sensor_link_tick(struct program *p);
/* Asks: `members` is the inside of the message's object behind t and id. -EAGAIN: no sensor, and none
 * that was here a moment ago and is being started anew: for that one the question waits. */
int sensor_link_ask(struct program *p, const char *type, struct str members, sensor_answer_fn *fn,
                    void *ctx) MUST_USE;
/* The same with another patience. */
int sensor_link_ask_for(struct program *p, const char *type, struct str members, int64_t patience_ns, sensor_answer_fn *fn,
                        void *ctx) MUST_USE;
/* Whoever asked is gone. */
void sensor_link_forget(struct sensor_link *l, const void *ctx);

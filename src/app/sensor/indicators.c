/* Indicators while the sensor runs. Whoever changes them below DATA/indicators writes DATA/indicators/changed last; it is
 * looked at once a second. They are read beside the loop, because a hundred thousand take a moment; what cannot be read
 * leaves those in use as they are and is said. */
#include "app/common/indicators.h"
#include "app/sensor/sensor.h"
#include "base/log.h"
#include "base/mem.h"

#include <pthread.h>

struct indicators_reading {
    pthread_t thread;
    const char *data;
    struct indicator_set *set;
    struct diag diag;
    int result;
    int done; /* atomic */
};

static int64_t changed_at(const struct sensor *s) {
    char dir[4096];
    return indicators_dir(s->config->data, dir, NULL) == 0 ? indicator_book_changed(dir) : 0;
}

static void say(const struct sensor *s) {
    log_info("%zu indicators are looked for", s->indicators ? indicator_set_count(s->indicators) : 0);
}

int indicators_start(struct sensor *s, struct diag *reterr) {
    s->indicators_changed_ns = changed_at(s);
    struct diag d = {0};
    char line[1024];
    int r = indicators_load(s->config->data, NULL, 0, &s->indicators, &d);
    if (r == -ENOMEM)
        return diag_set(reterr, r, "out of memory");
    if (r < 0) /* logs are taken in all the same */
        log_error("no indicators are looked for: %s", diag_format(&d, line, sizeof line));
    else if (s->indicators)
        say(s);
    return 0;
}

static void *work(void *arg) {
    struct indicators_reading *x = arg;
    x->result = indicators_load(x->data, NULL, 0, &x->set, &x->diag);
    __atomic_store_n(&x->done, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void begin(struct sensor *s) {
    struct indicators_reading *x = mem_zalloc(sizeof *x);
    if (!x)
        return;
    x->data = s->config->data;
    if (pthread_create(&x->thread, NULL, work, x) != 0) {
        log_error("the indicators did not change: cannot start a thread");
        mem_free(x);
        return;
    }
    s->indicators_reading = x;
}

static void finish(struct sensor *s) {
    struct indicators_reading *x = s->indicators_reading;
    char line[1024];
    if (!__atomic_load_n(&x->done, __ATOMIC_ACQUIRE))
        return;
    pthread_join(x->thread, NULL);
    if (x->result < 0) {
        log_error("the indicators did not change: %s", diag_format(&x->diag, line, sizeof line));
    } else {
        indicator_set_unref(s->indicators);
        s->indicators = x->set;
        pump_use_indicators(s->pump, s->indicators);
        say(s);
    }
    mem_free(x);
    s->indicators_reading = NULL;
}

void indicators_tick(struct sensor *s) {
    int64_t at;
    if (s->indicators_reading) {
        finish(s);
    } else if (!s->replay && (at = changed_at(s)) != s->indicators_changed_ns) {
        s->indicators_changed_ns = at;
        begin(s);
    }
}

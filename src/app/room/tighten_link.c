#include "app/room/tighten_link.h"

#include "app/room/room.h"
#include "base/limits.h"
#include "base/log.h"
#include "room/report.h"
#include "room/tightening.h"

#define PAUSE_NS (30 * NS_PER_S)

static void on_answer(void *ctx, const struct json_value *answer) {
    struct program *p = ctx;
    struct tighten_link *l = &p->tighten;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    struct str why = STR("");
    bool ok = false;
    l->waits = false;
    if (!result)
        return; /* it went, or is slow: asked again */
    if (json_get_bool(result, "ok", &ok) && ok) {
        l->told = l->asking;
        l->known = true;
        l->why[0] = 0;
        return;
    }
    (void) json_get_str(result, "error", &why);
    if (strncmp(l->why, why.p, MIN(why.n, sizeof l->why - 1)) != 0 || !l->why[0])
        log_warn("the sensor does not watch more closely: %.*s", (int) MIN(why.n, 300u), why.p);
    snprintf(l->why, sizeof l->why, "%.*s", (int) MIN(why.n, sizeof l->why - 1), why.p);
}

static void ask(struct program *p, uint64_t state) {
    struct buf order;
    struct jsonw w;
    struct diag d = {0};
    buf_init(&order, FRAME_BYTES_MAX - 4096);
    jsonw_init(&w, &order);
    jsonw_object(&w);
    jsonw_kz(&w, "op", "tighten");
    int e = room_tightenings_order(p->room, &w, &d);
    jsonw_end(&w);
    if (e == 0)
        e = buf_error(&order);
    if (e == 0) {
        struct str inside = str_n(order.p + 1, order.n - 2);
        p->tighten.asking = state;
        e = sensor_link_ask_for(p, "rule_order", inside, QUESTION_LONG_NS, on_answer, p);
        p->tighten.waits = e == 0;
    }
    if (e < 0 && e != -EAGAIN)
        log_error("cannot tell the sensor what to watch more closely: %s", d.text[0] ? d.text : err_word(e));
    buf_done(&order);
}

void tighten_link_tick(struct program *p) {
    struct tighten_link *l = &p->tighten;
    struct diag d = {0};
    uint64_t state;
    bool any;
    int64_t now = time_monotonic_ns();
    if (!p->sensor.speaker) {
        l->known = false;
        return;
    }
    if (l->waits || now < l->next_ns)
        return;
    int e = room_tightenings_state(p->room, &state, &any, &d);
    if (e < 0) {
        log_error("cannot read what is watched more closely: %s", d.text);
        l->next_ns = now + PAUSE_NS;
        return;
    }
    if (!any || (l->known && l->told == state))
        return;
    l->next_ns = now + (l->why[0] ? PAUSE_NS : 2 * NS_PER_S);
    ask(p, state);
}

void tighten_link_write(const struct program *p, struct jsonw *w) {
    const struct tighten_link *l = &p->tighten;
    jsonw_key(w, STR("sensor"));
    jsonw_object(w);
    jsonw_kbool(w, "knows", p->sensor.speaker && l->known && !l->waits);
    jsonw_kz(w, "why", l->why);
    jsonw_ki64(w, "rules", room_report_tightened(p->room));
    jsonw_end(w);
}

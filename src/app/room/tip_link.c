#include "app/room/tip_link.h"

#include "app/room/room.h"
#include "base/limits.h"
#include "base/log.h"
#include "room/tip.h"

#define AGAIN_NS (5 * NS_PER_S) /* the searcher is away, or somebody looked at a file of theirs in between */

/* What the searcher drew, until its import is known. */
static struct {
    struct arena arena;
    struct json_value *answer;
} drawn;

static void done(struct program *p, int64_t import) {
    struct diag d = {0};
    if (room_tip_drawn(p->room, p->tips.tip, import, drawn.answer, &d) < 0)
        log_error("what was drawn from a tip was not written: %s", d.text);
    p->tips.tip = 0;
    p->tips.next_ns = import ? 0 : time_monotonic_ns();
    past_wake(p);
}

static void later(struct program *p) {
    p->tips.tip = 0;
    p->tips.next_ns = time_monotonic_ns() + AGAIN_NS;
}

static void on_taken(void *ctx, const struct json_value *answer) {
    struct program *p = ctx;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    int64_t import = 0;
    if (result && json_get_i64(result, "import", &import) && import > 0)
        done(p, import);
    else
        later(p);
}

static void on_drawn(void *ctx, const struct json_value *answer) {
    struct program *p = ctx;
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    int64_t preview = 0, fresh = 0, known = 0;
    struct buf b;
    struct jsonw w;
    if (!answer) {
        later(p);
        return;
    }
    arena_done(&drawn.arena);
    arena_init(&drawn.arena, 16 << 20);
    drawn.answer = NULL;
    buf_init(&b, FRAME_BYTES_MAX);
    if (result) {
        jsonw_init(&w, &b);
        jsonw_value(&w, result);
        struct str text = arena_dup(&drawn.arena, buf_str(&b)); /* what was parsed are slices of it */
        if (buf_error(&b) || !text.p || json_parse(&drawn.arena, text, &drawn.answer, NULL) < 0)
            drawn.answer = NULL;
    }
    buf_clear(&b);
    if (drawn.answer && json_get_i64(drawn.answer, "preview", &preview) && json_get_i64(drawn.answer, "new", &fresh) && json_get_i64(drawn.answer, "known", &known) &&
        fresh + known > 0) {
        buf_printf(&b, "\"op\":\"indicators_take\",\"preview\":%lld", (long long) preview);
        if (search_link_ask(p, buf_str(&b), on_taken, p) < 0)
            later(p);
    } else {
        done(p, 0); /* nothing in it that could be looked for, or no text at all */
    }
    buf_done(&b);
}

static void ask(struct program *p, const struct room_tip_due *t) {
    static const char *const tlps[] = {"clear", "green", "amber", "amber+strict", "red"};
    struct buf b;
    buf_init(&b, FRAME_BYTES_MAX);
    buf_add_z(&b, "\"op\":\"indicators_preview\",\"format\":\"text\",\"name\":");
    json_quote(&b, t->number);
    buf_add_z(&b, ",\"by\":\"system\",\"source\":");
    json_quote(&b, str_to(t->source, 200));
    buf_printf(&b, ",\"tlp\":\"%s\",\"until_ms\":%lld,\"text\":", tlps[t->tlp], (long long) (t->until_ns / NS_PER_MS));
    json_quote(&b, t->text);
    p->tips.tip = t->id;
    if (buf_error(&b) || search_link_ask(p, buf_str(&b), on_drawn, p) < 0)
        later(p);
    buf_done(&b);
}

void tip_link_tick(struct program *p) {
    struct room_tip_due t;
    struct diag d = {0};
    struct arena a;
    int e = p->opt.demo ? 0 : room_tips_tick(p->room, &d);
    if (!p->opt.demo && e == 0 && !p->tips.tip && time_monotonic_ns() >= p->tips.next_ns) {
        arena_init(&a, 4 << 20);
        e = room_tip_due(p->room, &a, &t, &d);
        if (e == 1)
            ask(p, &t);
        arena_done(&a);
    }
    if (e < 0)
        log_error("tips are not looked after: %s", d.text);
}

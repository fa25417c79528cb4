/* Real programs as children: they are found by a path from this program's own folder. */
#include "loop.h"
#include "unit.h"

#include "app/serve/supervisor.h"

#include <signal.h>

#define BIN(name) "../../../../../../../../../../../../bin/" name

static struct supervisor sup;

static bool ended(void *ctx) {
    const struct supervisor *s = ctx;
    for (int i = 0; i < s->n_children; i++)
        if (s->children[i].running)
            return false;
    return s->ending;
}
static bool restarted(void *ctx) {
    const struct supervisor *s = ctx;
    return s->children[0].running && s->children[0].restarts > 0;
}

static void begin(uv_loop_t *loop) {
    uv_loop_init(loop);
    supervisor_init(&sup, loop);
}

static void a_child_that_is_killed_is_started_again(void **state UNUSED) {
    uv_loop_t loop;
    struct diag d = {0};
    begin(&loop);
    struct child *c = supervisor_add(&sup, BIN("sleep"), &d);
    assert_non_null(c);
    child_arg(c, "100");
    assert_int_equal(supervisor_start(&sup, &d), 0);
    int first = c->process.pid;
    assert_true(c->running);
    kill(first, SIGKILL);
    assert_true(loop_until(&loop, restarted, &sup, 5));
    assert_int_not_equal(c->process.pid, first);
    assert_int_equal(c->restarts, 1);
    supervisor_end(&sup);
    assert_true(loop_until(&loop, ended, &sup, 5));
    assert_false(sup.gave_up);
    loop_end(&loop);
}

static void what_never_runs_is_given_up_when_asked_for(void **state UNUSED) {
    uv_loop_t loop;
    struct diag d = {0};
    begin(&loop);
    sup.failures_max = 3;
    struct child *c = supervisor_add(&sup, BIN("false"), &d);
    assert_non_null(c);
    assert_int_equal(supervisor_start(&sup, &d), 0);
    uint64_t from = uv_hrtime();
    assert_true(loop_until(&loop, ended, &sup, 10));
    assert_true(sup.gave_up);
    assert_int_equal(c->failures, 3);
    assert_true(uv_hrtime() - from > 250u * 1000 * 1000); /* it waited 100 ms, then 200 */
    loop_end(&loop);
}

static void a_good_end_ends_everything_when_asked_for(void **state UNUSED) {
    uv_loop_t loop;
    struct diag d = {0};
    begin(&loop);
    struct child *c = supervisor_add(&sup, BIN("sleep"), &d);
    struct child *last = supervisor_add(&sup, BIN("true"), &d);
    assert_non_null(c);
    assert_non_null(last);
    child_arg(c, "100");
    last->ends_all = true;
    assert_int_equal(supervisor_start(&sup, &d), 0);
    assert_true(loop_until(&loop, ended, &sup, 5));
    assert_false(sup.gave_up);
    loop_end(&loop);
}

static void a_program_that_is_not_there_is_said(void **state UNUSED) {
    uv_loop_t loop;
    struct diag d = {0};
    begin(&loop);
    assert_null(supervisor_add(&sup, "kizuki-nothing", &d));
    assert_non_null(strstr(d.text, "kizuki-nothing"));
    loop_end(&loop);
}

static void ending_before_the_beginning_is_nothing(void **state UNUSED) {
    struct supervisor none = {0};
    supervisor_end(&none);
    assert_false(none.ending);
}

UNIT_GROUP(app_supervisor, cmocka_unit_test(a_child_that_is_killed_is_started_again),
           cmocka_unit_test(what_never_runs_is_given_up_when_asked_for),
           cmocka_unit_test(a_good_end_ends_everything_when_asked_for),
           cmocka_unit_test(a_program_that_is_not_there_is_said),
           cmocka_unit_test(ending_before_the_beginning_is_nothing))

#include "app/room/report_link.h"

#include "app/common/note.h"
#include "app/room/room.h"
#include "base/log.h"
#include "room/person_report.h"

#include <limits.h>

enum { A_TURN = 50 };

int report_link_start(const struct program *p, struct diag *reterr) {
    char folder[PATH_MAX];
    return note_folder(p->config->data, folder, reterr);
}

static int tell(struct program *p, const struct room_report_event *x, struct diag *err) {
    struct note n;
    note_begin(&n, "kizuki.report", "person-report");
    jsonw_kstr(&n.w, "kizuki.report.number", x->number);
    jsonw_kstr(&n.w, "kizuki.report.kind", x->kind);
    jsonw_kstr(&n.w, "kizuki.report.channel", x->channel);
    jsonw_kstr(&n.w, "kizuki.report.service", x->service.n ? x->service : STR("-")); /* one to count by, even where none was named */
    if (x->service.n)
        jsonw_kstr(&n.w, "service.name", x->service);
    int e = note_leave(&n, p->config->data, err);
    return e < 0 ? e : room_report_told(p->room, x->id, err);
}

void report_link_tick(struct program *p) {
    struct diag d = {0};
    int e = 0;
    for (int i = 0; !p->opt.demo && i < A_TURN; i++) {
        struct room_report_event x;
        struct arena a;
        arena_init(&a, 65536);
        e = room_report_untold(p->room, &a, &x, &d);
        if (e == 1)
            e = tell(p, &x, &d) < 0 ? -EIO : 1;
        arena_done(&a);
        if (e <= 0)
            break;
    }
    if (e >= 0)
        e = room_reports_tick(p->room, &d);
    if (e < 0)
        log_error("reports of people are not told to the rules: %s", d.text);
}

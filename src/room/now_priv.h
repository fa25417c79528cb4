/* Between now.c and now_act.c: one thing the first page asks. */
#pragma once
#include "room/now.h"
#include "room/room_priv.h"

struct now_ask { /* one row of the query in now.c */
    const char *kind, *need, *evidence_tab;
    int64_t subject, incident, since_ns, due_ns; /* incident 0: none */
};
struct now_button {
    const char *key, *method, *path;
    struct str params, body;
    bool primary;
};
void now_button_write(struct jsonw *w, const struct now_button *b);
/* The one button that opens where it is settled, alone. */
void now_open_write(struct jsonw *w, const char *key, const char *path);
void now_tail_write(const struct now_ask *a, const char *asked, const char *if_unanswered, struct jsonw *w);
/* What persons decide (now_act.c). */
int now_decision_write(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) MUST_USE;
int now_deed_write(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) MUST_USE;
int now_tip_write(struct room *r, const struct now_ask *a, struct jsonw *w, struct diag *err) MUST_USE;

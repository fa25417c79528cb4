/* Inside src/room only: one form of one case, as it stands. */
#pragma once
#include "room/form_case.h"
#include "room/room_priv.h"

struct form_view {
    struct arena arena;
    const struct form *form;
    int64_t number, n_sent, sent_ns; /* of its file; how often it was sent, and when last */
    struct room_fact *facts;
    struct form_value *values;
    struct str *sent; /* what was said last; .p NULL: nothing */
};
/* Valid until files change. -ENOENT: no such form. */
int form_view_open(struct room *r, int64_t incident, struct str key, struct form_view *ret, struct diag *reterr) MUST_USE;
void form_view_done(struct form_view *v);
struct str form_item(const struct form *f, size_t i); /* in the form's language */
bool form_changed(const struct form_view *v, size_t i); /* since it was sent last */

#include "app/room/search_call.h"

#include "app/room/room.h"

const struct json_value *search_call_result(struct call *c, const struct json_value *answer, const struct search_refusal *table,
                                            int *ret_status) {
    const struct json_value *result = answer ? json_get_object(answer, "result") : NULL;
    struct str code = STR(""), why = STR("");
    if (result)
        return result;
    if (!answer) {
        *ret_status = call_refuse(c, 503, "error.search_away");
        return NULL;
    }
    (void) json_get_str(answer, "code", &code);
    (void) json_get_str(answer, "why", &why);
    for (; table->code && !str_eq_z(code, table->code); table++)
        ;
    if (!table->code)
        *ret_status = call_refuse_with(c, 500, "error.search_failed", "why", why);
    else if (table->why)
        *ret_status = call_refuse_with(c, table->status, table->key, "why", why);
    else
        *ret_status = call_refuse(c, table->status, table->key);
    return NULL;
}

int search_call_ask(struct call *c, const struct buf *members, search_answer_fn *fn) {
    int e = buf_error(members);
    if (e == 0)
        e = search_link_ask(c->p, buf_str(members), fn, c);
    return e == -EAGAIN ? call_refuse(c, 503, "error.search_away") : e;
}

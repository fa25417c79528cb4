/* See kinds.h. One table: a line is of a kind when a row of it holds. */
#include "app/engine/kinds.h"

static const char *const names[LOG_KIND_MAX_] = {
#define X(id, name) [LOG_KIND_##id] = name,
    LOG_KINDS(X)
#undef X
};
const char *log_kind_to_string(enum log_kind k) {
    return names[k];
}

enum how { IS, BEGINS, THERE };
/* A field by a name that is not well known is looked for among the fields of the line. */
struct kind_row {
    enum log_kind kind;
    const char *decoder; /* only of lines this one read; NULL: of any */
    uint32_t field;      /* 0: named */
    const char *named;
    enum how how;
    const char *value;
};

static const struct kind_row ROWS[] = {
    {LOG_KIND_LOGIN, NULL, EVENT_F_EVENT_CATEGORY, NULL, IS, "authentication"},
    {LOG_KIND_SIGNIN, "entra", EVENT_F_EVENT_CATEGORY, NULL, IS, "authentication"},
    {LOG_KIND_SIGNIN, "okta", EVENT_F_EVENT_CATEGORY, NULL, IS, "authentication"},
    {LOG_KIND_SIGNIN, "gws", EVENT_F_EVENT_CATEGORY, NULL, IS, "authentication"},
    {LOG_KIND_SIGNIN, "m365", EVENT_F_EVENT_CATEGORY, NULL, IS, "authentication"},
    {LOG_KIND_SIGNIN, "cloudtrail", EVENT_F_EVENT_CATEGORY, NULL, IS, "authentication"},
    {LOG_KIND_PROXY, "squid", EVENT_F_EVENT_CATEGORY, NULL, IS, "web"}, /* what ours ask outside, not what others ask us */
    {LOG_KIND_PROXY, "panos", EVENT_F_EVENT_CATEGORY, NULL, IS, "web"},
    {LOG_KIND_WEB, NULL, EVENT_F_HTTP_METHOD, NULL, THERE, NULL},
    {LOG_KIND_MAIL, NULL, EVENT_F_EVENT_CATEGORY, NULL, IS, "email"},
    {LOG_KIND_NAT, NULL, 0, "source.nat.ip", THERE, NULL},
    {LOG_KIND_NAT, NULL, EVENT_F_EVENT_ACTION, NULL, BEGINS, "nat-"},
    {LOG_KIND_DHCP, NULL, EVENT_F_EVENT_ACTION, NULL, BEGINS, "dhcp-"},
    {LOG_KIND_DNS, NULL, 0, "dns.question.name", THERE, NULL},
    {LOG_KIND_FILE, NULL, EVENT_F_EVENT_CATEGORY, NULL, IS, "file"},
    {LOG_KIND_FILE, "auditd", 0, "file.path", THERE, NULL},
    {LOG_KIND_METRIC, NULL, EVENT_F_EVENT_KIND, NULL, IS, "metric"},
    {LOG_KIND_METRIC, NULL, 0, "metricset.name", THERE, NULL},
    {LOG_KIND_CALL, NULL, EVENT_F_EVENT_ACTION, NULL, IS, "call"},
    {LOG_KIND_HOST, NULL, 0, "winlog.channel", THERE, NULL},
    {LOG_KIND_HOST, NULL, 0, "Channel", THERE, NULL},
};

/* Of a list each value counts. */
static bool holds(const struct event *ev, const struct kind_row *row) {
    struct str s, want = row->value ? str_of(row->value) : STR("");
    uint32_t at = 0;
    if (!row->field)
        return event_next_named(ev, str_of(row->named), &at, &s) && s.n > 0;
    for (const struct event_field *f = event_find(ev, row->field, NULL); f; f = event_find(ev, row->field, f))
        if (row->how == THERE ? f->value.n > 0 : row->how == IS ? str_eq(f->value, want) : str_starts(f->value, want))
            return true;
    return false;
}

unsigned log_kinds_of(const struct event *ev) {
    struct str decoder = event_get(ev, EVENT_F_DECODER);
    unsigned kinds = 0;
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
        if (!(kinds & 1u << ROWS[i].kind) && (!ROWS[i].decoder || str_eq_z(decoder, ROWS[i].decoder)) && holds(ev, &ROWS[i]))
            kinds |= 1u << ROWS[i].kind;
    return kinds & 1u << LOG_KIND_PROXY ? kinds & ~(1u << LOG_KIND_WEB) : kinds;
}

int log_kinds_ask(struct event_names *n) {
    int id = 0;
    for (size_t i = 0; i < ARRAY_SIZE(ROWS) && id >= 0; i++)
        id = event_names_intern(n, str_of(ROWS[i].field ? event_field_name((enum event_field_id) ROWS[i].field) : ROWS[i].named));
    return MIN(id, 0);
}

/* See rows.h. */
#include "app/search/rows.h"

#include "base/csv.h"
#include "base/text.h"

static const enum event_field_id columns[] = {
    EVENT_F_EVENT_OUTCOME, EVENT_F_EVENT_ACTION, EVENT_F_SOURCE_IP, EVENT_F_SOURCE_PORT, EVENT_F_DESTINATION_IP, EVENT_F_DESTINATION_PORT,
    EVENT_F_USER_NAME,     EVENT_F_HOST_NAME,    EVENT_F_SERVICE_NAME, EVENT_F_PROCESS_NAME, EVENT_F_URL_PATH, EVENT_F_HTTP_STATUS,
    EVENT_F_MESSAGE};

void rows_head(struct buf *out) {
    buf_add_z(out, CSV_MARK);
    csv_cell(out, true, STR("time (JST)"));
    csv_cell(out, false, STR("time (UTC)"));
    csv_cell(out, false, STR("log source"));
    csv_cell(out, false, STR("record"));
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        csv_cell(out, false, str_of(event_field_name(columns[i])));
    csv_cell(out, false, STR("event.original"));
    csv_end_row(out);
}

/* 2026-06-01 02:13:40.000: what a spreadsheet takes for a time. */
static void add_time(struct buf *out, bool first, int64_t t_ns, int offset_min) {
    char iso[TIME_ISO_CAP];
    time_format_iso(t_ns + (int64_t) offset_min * NS_PER_MIN, 3, iso);
    iso[10] = ' ';
    iso[23] = 0;
    csv_cell(out, first, str_of(iso));
}

void rows_add(struct buf *out, const struct event *ev, struct str source, int64_t time_ns) {
    char record[32];
    enum text_encoding used;
    struct str line = event_get(ev, EVENT_F_EVENT_ORIGINAL);
    snprintf(record, sizeof record, "%llu", (unsigned long long) ev->raw->pos.n);
    add_time(out, true, time_ns, TIME_JST_OFFSET_MIN);
    add_time(out, false, time_ns, 0);
    csv_cell(out, false, source);
    csv_cell(out, false, str_of(record));
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        struct str v = event_get(ev, columns[i]);
        csv_cell(out, false, v.p ? v : STR(""));
    }
    if (!line.p)
        line = text_to_utf8(ev->arena, ev->raw->bytes, -1, &used);
    csv_cell(out, false, line.p ? line : STR(""));
    csv_end_row(out);
}

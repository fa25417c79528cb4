/* Any bytes as a table of text, matched to a register: what comes out is JSON, rows ascend, records cover the text. */
#include "base/json.h"
#include "base/limits.h"
#include "table/csv.h"
#include "table/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char spec[] = "import: x\ntitle: {ja: x, en: x}\nkey: name\nfields:\n"
                           "  - {name: name, title: {ja: 名, en: name}, kind: name, required: true}\n"
                           "  - {name: d, title: {ja: 日, en: d}, kind: date}\n  - {name: p, title: {ja: 電, en: p}, kind: phone}\n"
                           "  - {name: c, title: {ja: 番, en: c}, kind: code, digits: 4}\n  - {name: l, title: {ja: 列, en: l}, kind: list}\n"
                           "  - {name: k, title: {ja: 択, en: k}, kind: choice, choices: [{value: y, title: {ja: 有, en: yes}}]}\n";

static void match(const struct table *t) {
    struct arena a;
    struct import_spec s;
    struct import_match m;
    struct json_value *v;
    struct buf out;
    struct jsonw w;
    struct diag d = {0};
    arena_init(&a, 256 << 20);
    buf_init(&out, 64 << 20);
    ASSERT(import_spec_parse(&a, str_of(spec), "x", &s, &d) == 0);
    if (import_match_table(&a, t, &s, STR_NULL, STR_NULL, &m, &d) == 0) {
        jsonw_init(&w, &out);
        ASSERT(import_document_write(&a, t, &m, 0, &w, &d) == 0);
        ASSERT(buf_error(&out) || json_parse(&a, buf_str(&out), &v, &d) == 0 || d.code == -ERR_LIMIT);
    } else {
        ASSERT(d.text[0]);
    }
    buf_done(&out);
    arena_done(&a);
}

static void records(struct str in, char separator) {
    struct csv c;
    struct str record;
    bool open;
    size_t at = 0;
    csv_begin(&c, in, separator);
    while (csv_next(&c, &record, &open)) {
        ASSERT(record.p == in.p + at && c.at > at && record.n <= c.at - at && c.at - at - record.n <= 2);
        at = c.at;
    }
    ASSERT(at == in.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    struct table t;
    struct diag d = {0};
    records(in, ',');
    if (size > 1 << 16)
        return 0;
    if (table_read_csv(in, "fuzz.csv", &t, &d) < 0) {
        ASSERT(d.text[0]);
        return 0;
    }
    for (size_t i = 1; i < t.sheets[0].n_rows; i++)
        ASSERT(t.sheets[0].rows[i].number > t.sheets[0].rows[i - 1].number && t.sheets[0].rows[i].n <= TABLE_COLUMNS_MAX);
    match(&t);
    table_done(&t);
    return 0;
}

/* What reaches the index and what it answers: HTTP of both directions is the same wherever it is cut, a statement that
 * is permitted is one whose texts end, rows of answers are read or refused. */
#include "index/http.h"
#include "index/row.h"
#include "index/sql.h"

static int take(struct str in, bool answer, bool closed, struct buf *body) {
    struct http_head h;
    buf_clear(body);
    int r = http_head_parse(in, answer, &h);
    ASSERT(r != 1 || h.bytes <= in.n);
    return r == 1 ? http_body(in, &h, closed, body) : r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    struct buf body, part;
    struct index_found f;
    buf_init(&body, 4096);
    buf_init(&part, 4096);
    for (int answer = 0; answer < 2; answer++) {
        int r = take(in, answer, false, &body);
        size_t middle = size ? data[0] * size / 256 : 0;
        int k = take(str_to(in, middle), answer, false, &part);
        /* what was whole stays what it was; what was wrong stays wrong */
        if (k == 1)
            ASSERT(r == 1 && str_eq(buf_str(&body), buf_str(&part)));
        struct http_head h;
        if (http_head_parse(in, answer, &h) == 1) /* nothing more comes: it is whole, or wrong */
            ASSERT(take(in, answer, true, &part) != 0);
    }
    buf_clear(&part);
    IGNORE(http_parameter(in, "query", &part));
    if (index_sql_permitted(in)) /* no sign that begins a comment or another statement stands outside a text */
        for (size_t i = 0, quoted = 0; i < in.n; i++) {
            if (in.p[i] == '\\' && quoted)
                i++;
            else if (in.p[i] == '\'')
                quoted = !quoted;
            else if (!quoted)
                ASSERT(!strchr(";#`\"$/.*[]{}@", in.p[i]));
        }
    for (size_t at = 0; at < size; at += INDEX_FOUND_BYTES)
        if (index_found_read(in, at, &f) == 0)
            ASSERT(f.next >= f.n && f.kind <= INDEX_SOURCE);
    buf_done(&body);
    buf_done(&part);
    return 0;
}

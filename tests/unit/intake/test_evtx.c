/* Event logs: what a record becomes, and what damage costs. */
#include "evtx_make.h"
#include "torture.h"
#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "intake/evtx.h"
#include "intake/reader.h"

#include <sys/mman.h>
#include <zlib.h>

struct reading {
    struct str file;
    size_t at;
};

static ssize_t give(void *ctx, char *dst, size_t n, struct diag *reterr UNUSED) {
    struct reading *r = ctx;
    size_t k = MIN(n, r->file.n - r->at);
    k = MIN(k, (size_t) 10007); /* files come in pieces */
    memcpy(dst, r->file.p + r->at, k);
    r->at += k;
    return (ssize_t) k;
}

/* All lines; what the end says (0 or negative) is returned. */
static int read_log(struct str file, struct buf *out, struct diag *d) {
    struct reading r = {file, 0};
    struct intake_evtx *e;
    char part[4096];
    ssize_t n = intake_evtx_new(give, &r, STR(""), &e);
    if (n < 0)
        return (int) n;
    while ((n = intake_evtx_read(e, part, sizeof part, d)) > 0)
        buf_add(out, str_n(part, (size_t) n));
    intake_evtx_free(e);
    return (int) n;
}

static unsigned count_lines(const struct buf *b) {
    unsigned n = 0;
    for (size_t i = 0; i < b->n; i++)
        n += b->p[i] == '\n';
    return n;
}

#define TEXT(lit) {.p = (lit), .n = sizeof(lit) - 1}
static const struct evtx_make_value values[] = {
    {"Text", 0x01, TEXT("C:\\x \"q\" \xc3\xa4 \xe6\x97\xa5 \xf0\x9f\x98\x80\n\x01")},
    {"Empty", 0x01, TEXT("")},
    {"Ansi", 0x02, TEXT("plain\0")},
    {"I8", 0x03, TEXT("\xff")},
    {"U8", 0x04, TEXT("\xff")},
    {"I16", 0x05, TEXT("\xfe\xff")},
    {"I32", 0x07, TEXT("\xfd\xff\xff\xff")},
    {"U32", 0x08, TEXT("\xfd\xff\xff\xff")},
    {"I64", 0x09, TEXT("\xff\xff\xff\xff\xff\xff\xff\xff")},
    {"U64", 0x0a, TEXT("\xff\xff\xff\xff\xff\xff\xff\xff")},
    {"F64", 0x0c, TEXT("\0\0\0\0\0\0\xf8\x3f")},
    {"Yes", 0x0d, TEXT("\1\0\0\0")},
    {"Bin", 0x0e, TEXT("\xca\xfe")},
    {"Guid", 0x0f, TEXT("\x0d\x38\x70\x57\x2a\xc2\xe0\x43\xbf\x4c\x06\xf5\x69\x8f\xfb\xd9")},
    {"Hex", 0x14, TEXT("\x10\x20\0\0")},
    {"Wide", 0x15, TEXT("\0\0\0\0\0\0\0\x80")},
    {"When", 0x12, TEXT("\xea\x07\x0b\0\1\0\x17\0\2\0\3\0\x08\0\x05\0")},
    {"List", 0x88, TEXT("\1\0\0\0\2\0\0\0")},
    {"None", 0x00, TEXT("")},
    {"Same", 0x01, TEXT("a")},
    {"Same", 0x01, TEXT("b")},
    {NULL, 0x01, TEXT("bare")},
    {"Short", 0x0f, TEXT("\xab")},
};

static struct evtx_make_event event_of(const struct evtx_make_value *v, unsigned n) {
    return (struct evtx_make_event){.provider = "Maker",
                                    .channel = "Made/Here",
                                    .computer = "pc",
                                    .event_id = 4688,
                                    .filetime = UINT64_C(134088576101653241),
                                    .data = v,
                                    .n_data = n};
}

static void writes_every_type(void **state UNUSED) {
    struct evtx_make m;
    struct buf out;
    struct evtx_make_event e = event_of(values, ARRAY_SIZE(values));
    buf_init(&out, 1 << 20);
    evtx_make_begin(&m);
    evtx_make_add(&m, &e);
    assert_int_equal(read_log(evtx_make_end(&m), &out, NULL), 0);
    assert_string_equal(
        buf_z(&out),
        "{\"Event\":{\"#attributes\":{\"xmlns\":\"http://schemas.microsoft.com/win/2004/08/events/"
        "event\"},\"System\":{\"Provider\":{\"#attributes\":{\"Name\":\"Maker\"}},\"EventID\":4688,"
        "\"TimeCreated\":{\"#attributes\":{\"SystemTime\":\"2025-11-29T02:40:10.1653241Z\"}},"
        "\"EventRecordID\":1,\"Channel\":\"Made/Here\",\"Computer\":\"pc\",\"Security\":{"
        "\"#attributes\":{\"UserID\":\"S-1-5-18\"}}},\"EventData\":{"
        "\"Text\":\"C:\\\\x \\\"q\\\" \xc3\xa4 \xe6\x97\xa5 \xf0\x9f\x98\x80\\n\\u0001\","
        "\"Empty\":\"\",\"Ansi\":\"plain\",\"I8\":-1,\"U8\":255,\"I16\":-2,\"I32\":-3,"
        "\"U32\":4294967293,\"I64\":-1,\"U64\":18446744073709551615,\"F64\":1.5,\"Yes\":true,"
        "\"Bin\":\"CAFE\",\"Guid\":\"5770380D-C22A-43E0-BF4C-06F5698FFBD9\",\"Hex\":\"0x2010\","
        "\"Wide\":\"0x8000000000000000\",\"When\":\"2026-11-23T02:03:08.005000Z\",\"List\":[1,2],"
        "\"None\":null,\"Same\":[\"a\",\"b\"],\"Data\":\"bare\",\"Short\":\"AB\"}}}\n");
    buf_done(&out);
    evtx_make_done(&m);
}

/* n records of about 600 bytes: one Text each, "value 1" onwards. */
static struct str make_log(struct evtx_make *m, unsigned n) {
    evtx_make_begin(m);
    for (unsigned i = 1; i <= n; i++) {
        char text[32];
        struct evtx_make_value v = {"Text", 0x01, str_n(text, (size_t) snprintf(text, sizeof text, "value %u", i))};
        struct evtx_make_event e = event_of(&v, 1);
        evtx_make_add(m, &e);
    }
    return evtx_make_end(m);
}

static void reads_many_chunks_in_order(void **state UNUSED) {
    enum { N = 1000 };
    struct evtx_make m;
    struct buf out;
    buf_init(&out, 8 << 20);
    struct str file = make_log(&m, N);
    assert_true(m.n_chunks > 3);
    assert_int_equal(read_log(file, &out, NULL), 0);
    assert_int_equal(count_lines(&out), N);
    size_t at = 0;
    for (unsigned i = 1; i <= N; i++) {
        char want[64];
        int len = snprintf(want, sizeof want, "\"Text\":\"value %u\"", i);
        ptrdiff_t found = str_find(buf_str(&out), str_n(want, (size_t) len), at);
        assert_true(found >= 0);
        at = (size_t) found;
    }
    buf_done(&out);
    evtx_make_done(&m);
}

static void set_byte(struct evtx_make *m, size_t at, int c) {
    m->file.p[at] = (char) c;
}

/* Where record n of the first chunk begins. */
static size_t record_at(const struct evtx_make *m, unsigned n) {
    size_t at = 4096 + 512;
    while (--n)
        at += (unsigned char) m->file.p[at + 4] | (size_t) (unsigned char) m->file.p[at + 5] << 8;
    return at;
}

static void damage_costs_what_it_touches(void **state UNUSED) {
    static const struct {
        int what;
        int lost;
        const char *words;
    } rows[] = {
        {'m', 1, "1 stretch holds no record, 1 chunk has a wrong checksum"}, /* a record's magic */
        {'s', 1, "1 stretch holds no record"},                              /* its size */
        {'x', 0, "1 record breaks off, 1 chunk has a wrong checksum"},      /* its XML */
        {'v', 0, "1 chunk has a wrong checksum"},                           /* a letter of a text */
        {'c', -1, "1 chunk is no chunk"},                                   /* a chunk's magic */
        {'t', -2, "1 end is missing"},                                      /* the file is cut */
        {'h', 0, NULL},                                                     /* the file's header is stale */
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct evtx_make m;
        struct buf out;
        struct diag d = {0};
        struct str file = make_log(&m, 300);
        unsigned n_chunk = m.n_chunks;
        assert_true(n_chunk >= 2);
        size_t at = record_at(&m, 5);
        buf_init(&out, 8 << 20);
        switch (rows[i].what) {
        case 'm':
            set_byte(&m, at, 'x');
            break;
        case 's':
            set_byte(&m, at + 4, 0xff);
            break;
        case 'x':
            set_byte(&m, at + 28, 0x3f);
            break;
        case 'v': {
            ptrdiff_t text = str_find(file, str_n("v\0a\0l\0u\0e\0", 10), at);
            set_byte(&m, (size_t) text, 'V');
            break;
        }
        case 'c':
            set_byte(&m, 4096, 'x');
            break;
        case 't':
            file.n -= 65536 - 6000;
            break;
        default:
            memset(m.file.p + 8, 0, 40);
        }
        int r = read_log(file, &out, &d);
        unsigned n = count_lines(&out);
        if (rows[i].lost >= 0)
            assert_int_equal(n, 300 - rows[i].lost);
        else
            assert_in_range(n, 100, 299);
        if (rows[i].words) {
            char tail[64];
            assert_int_equal(r, -ERR_PARSE);
            if (!strstr(d.text, rows[i].words))
                fail_msg("%c: %s", rows[i].what, d.text);
            snprintf(tail, sizeof tail, "; %u records were read", n);
            assert_non_null(strstr(d.text, tail));
        } else {
            assert_int_equal(r, 0);
        }
        if (rows[i].what == 'x')
            assert_non_null(strstr(buf_z(&out), "\"error\":{\"message\":\"this record of the event log is damaged\"}"));
        buf_done(&out);
        evtx_make_done(&m);
    }
}

/* A log copied while in use: its last chunk's end and checksums are those of some time ago. */
static void a_log_in_use_is_read_to_its_last_record(void **state UNUSED) {
    struct evtx_make m;
    struct buf out;
    struct str file = make_log(&m, 30);
    buf_init(&out, 1 << 20);
    set_byte(&m, 120, 1); /* not closed */
    memset(m.file.p + 4096 + 44, 0, 12);
    assert_int_equal(read_log(file, &out, NULL), 0);
    assert_int_equal(count_lines(&out), 30);
    buf_done(&out);
    evtx_make_done(&m);
}

/* No byte of a log, whatever it becomes, costs more than records. */
static void any_byte_may_be_wrong(void **state UNUSED) {
    static const unsigned char becomes[] = {0x00, 0x01, 0x0c, 0x0d, 0x21, 0x41, 0x7f, 0xff};
    struct evtx_make m;
    struct buf out;
    struct evtx_make_event e = event_of(values, ARRAY_SIZE(values));
    evtx_make_begin(&m);
    for (int i = 0; i < 2; i++)
        evtx_make_add(&m, &e);
    struct str file = evtx_make_end(&m);
    size_t end = record_at(&m, 3);
    for (size_t at = 4096; at < end; at++) {
        char was = file.p[at];
        buf_init(&out, 8 << 20);
        set_byte(&m, at, becomes[at % sizeof becomes]);
        int r = read_log(file, &out, NULL);
        assert_true(r == 0 || r == -ERR_PARSE);
        assert_true(count_lines(&out) <= 3);
        buf_done(&out);
        m.file.p[at] = was;
    }
    evtx_make_done(&m);
}

static void long_values_are_cut_to_fit_a_line(void **state UNUSED) {
    static char text[30000];
    struct evtx_make m;
    struct buf out;
    memset(text, 2, sizeof text); /* six bytes each in JSON */
    struct evtx_make_value v[] = {{"A", 0x01, str_n(text, sizeof text)}, {"B", 0x01, STR("short")}};
    struct evtx_make_event e = event_of(v, 2);
    buf_init(&out, 1 << 20);
    evtx_make_begin(&m);
    evtx_make_add(&m, &e);
    assert_int_equal(read_log(evtx_make_end(&m), &out, NULL), 0);
    assert_true(out.n <= LINE_BYTES_MAX + 1);
    assert_non_null(strstr(buf_z(&out), "\"B\":\"short\""));
    assert_non_null(strstr(buf_z(&out), "long values of this record are cut"));
    buf_done(&out);
    evtx_make_done(&m);
}

/* Through the reader, plain and packed: records with their numbers. */
static void the_reader_knows_event_logs(void **state UNUSED) {
    struct evtx_make m;
    struct str file = make_log(&m, 200);
    for (int packed = 0; packed < 2; packed++) {
        struct intake_reader_options o = {.stream = 1};
        struct intake_reader *r;
        struct intake_batch b;
        uint64_t n = 0;
        int k, fd = memfd_create("log", MFD_CLOEXEC);
        if (packed) {
            gzFile gz = gzdopen(dup(fd), "wb");
            assert_int_equal(gzwrite(gz, file.p, (unsigned) file.n), file.n);
            assert_int_equal(gzclose(gz), Z_OK);
        } else {
            assert_int_equal(write(fd, file.p, file.n), file.n);
        }
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(intake_reader_open_fd(fd, "x.evtx", &o, &r, NULL), 0);
        intake_batch_init(&b);
        while ((k = intake_reader_next(r, &b, NULL)) > 0)
            for (size_t i = 0; i < b.n; i++) {
                assert_int_equal(b.records[i].pos.n, ++n);
                assert_true(str_starts(b.records[i].bytes, STR("{\"Event\":{")));
            }
        assert_int_equal(k, 0);
        assert_int_equal(n, 200);
        intake_batch_done(&b);
        intake_reader_free(r);
    }
    evtx_make_done(&m);
}

static int read_some(void *ctx) {
    struct str *file = ctx;
    struct reading r = {*file, 0};
    struct intake_evtx *e;
    char part[512];
    ssize_t n = intake_evtx_new(give, &r, STR(""), &e);
    if (n < 0)
        return (int) n;
    do
        n = intake_evtx_read(e, part, sizeof part, NULL);
    while (n > 0);
    intake_evtx_free(e);
    return (int) n;
}

static void survives_every_failing_allocation(void **state UNUSED) {
    struct evtx_make m;
    struct str file = make_log(&m, 3);
    assert_true(torture(read_some, &file) > 1);
    evtx_make_done(&m);
}

UNIT_GROUP(intake_evtx, cmocka_unit_test(writes_every_type),
           cmocka_unit_test(reads_many_chunks_in_order),
           cmocka_unit_test(damage_costs_what_it_touches),
           cmocka_unit_test(a_log_in_use_is_read_to_its_last_record),
           cmocka_unit_test(any_byte_may_be_wrong),
           cmocka_unit_test(long_values_are_cut_to_fit_a_line),
           cmocka_unit_test(the_reader_knows_event_logs),
           cmocka_unit_test(survives_every_failing_allocation))

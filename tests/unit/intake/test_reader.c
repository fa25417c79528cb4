#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "intake/reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <zlib.h>
#include <zstd.h>

static const size_t batch_sizes[] = {1, 997, BATCH_BYTES};

static int memory_file(struct str bytes) {
    int fd = memfd_create("reader", MFD_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t at = 0; at < bytes.n;) {
        ssize_t n = write(fd, bytes.p + at, bytes.n - at);
        assert_true(n > 0);
        at += (size_t) n;
    }
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* Everything a reader says, in a form that can be compared: "number:flags:length:bytes|". */
static int read_all(struct str file, size_t batch_bytes, struct buf *out, struct diag *d) {
    struct intake_reader_options o = {.batch_bytes = batch_bytes, .stream = 3, .source = 9};
    struct intake_reader *r = NULL;
    struct intake_batch b;
    int k = intake_reader_open_fd(memory_file(file), "x.log", &o, &r, d);
    assert_int_equal(k, 0);
    intake_batch_init(&b);
    while ((k = intake_reader_next(r, &b, d)) > 0) {
        assert_true(b.n > 0);
        for (size_t i = 0; i < b.n; i++) {
            const struct raw_record *x = &b.records[i];
            volatile char slack = x->bytes.p[x->bytes.n + INTAKE_SLACK_BYTES - 1];
            (void) slack; /* ASan objects when it is not ours */
            assert_int_equal(x->pos.stream, 3);
            assert_int_equal(x->source, 9);
            assert_true(x->arrival_ns > 0);
            buf_printf(out, "%llu:%x:%zu:", (unsigned long long) x->pos.n, x->flags, x->bytes.n);
            buf_add(out, x->bytes);
            buf_add_byte(out, '|');
        }
    }
    intake_batch_done(&b);
    intake_reader_free(r);
    assert_int_equal(buf_error(out), 0);
    return k;
}

static void expect(struct str file, struct str want) {
    /* a byte at a time only for small files: it costs a system call each */
    for (size_t i = file.n > 20000; i < ARRAY_SIZE(batch_sizes); i++) {
        struct buf out;
        struct diag d = {0};
        buf_init(&out, 64 << 20);
        assert_int_equal(read_all(file, batch_sizes[i], &out, &d), 0);
        if (!str_eq(buf_str(&out), want))
            print_error("batch %zu: '%.*s'\n", batch_sizes[i], (int) MIN(out.n, (size_t) 300),
                        out.p);
        assert_true(str_eq(buf_str(&out), want));
        buf_done(&out);
    }
}

static void cuts_lines(void **state UNUSED) {
    expect(STR(""), STR(""));
    expect(STR("a"), STR("1:0:1:a|"));
    expect(STR("a\n"), STR("1:0:1:a|"));
    expect(STR("\n"), STR("1:0:0:|"));
    expect(STR("ab\r\n\r\ncd\r"), STR("1:0:2:ab|2:0:0:|3:0:3:cd\r|"));
    expect(STR("a\rb\r\r\nc\n\n"), STR("1:0:4:a\rb\r|2:0:1:c|3:0:0:|"));
    expect(STR("n\0l\n\x83\x65\x83\x58\n"), STR("1:0:3:n\0l|2:0:4:\x83\x65\x83\x58|"));
}

/* Lines of n bytes with one short line behind, in each way to end a line. */
static void expect_long(size_t n, const char *line_end) {
    struct buf in, want;
    buf_init(&in, 64 << 20);
    buf_init(&want, 64 << 20);
    char *bytes = mem_alloc(n + 1);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char) ('a' + i % 26);
    buf_add(&in, str_n(bytes, n));
    buf_add_z(&in, line_end);
    if (*line_end)
        buf_add_z(&in, "next\n");
    for (size_t at = 0; at < n;) {
        size_t k = MIN(n - at, (size_t) LINE_BYTES_MAX);
        unsigned flags = n <= LINE_BYTES_MAX ? 0 : at + k < n ? RAW_PIECE : RAW_PIECE_LAST;
        flags |= at && flags == RAW_PIECE ? RAW_PIECE_NEXT : 0;
        buf_printf(&want, "1:%x:%zu:", flags, k);
        buf_add(&want, str_n(bytes + at, k));
        buf_add_byte(&want, '|');
        at += k;
    }
    if (*line_end)
        buf_add_z(&want, "2:0:4:next|");
    expect(buf_str(&in), buf_str(&want));
    mem_free(bytes);
    buf_done(&in);
    buf_done(&want);
}

static void keeps_long_lines_in_pieces(void **state UNUSED) {
    static const char *const ends[] = {"\n", "\r\n", ""};
    for (size_t e = 0; e < ARRAY_SIZE(ends); e++)
        for (int d = -3; d <= 3; d++) {
            expect_long((size_t) (LINE_BYTES_MAX + d), ends[e]);
            expect_long((size_t) (2 * LINE_BYTES_MAX + d), ends[e]);
        }
    expect_long(700000, "\n");
}

static void gzip_member(struct buf *out, struct str in) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
    size_t cap = deflateBound(&z, in.n) + 64;
    z.next_out = (unsigned char *) buf_reserve(out, cap);
    z.avail_out = (uInt) cap;
    z.next_in = (unsigned char *) (uintptr_t) in.p;
    z.avail_in = (uInt) in.n;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_added(out, z.total_out);
    deflateEnd(&z);
}

static void zstd_frame(struct buf *out, struct str in) {
    size_t cap = ZSTD_compressBound(in.n);
    size_t n = ZSTD_compress(buf_reserve(out, cap), cap, in.p, in.n, 3);
    assert_false(ZSTD_isError(n));
    buf_added(out, n);
}

static void many_lines(struct buf *out, struct buf *want, unsigned from, unsigned to) {
    for (unsigned i = from; i < to; i++) {
        char line[64];
        int n = snprintf(line, sizeof line, "line %u %x", i, i * 2654435761u);
        buf_printf(out, "%s\n", line);
        if (want)
            buf_printf(want, "%u:0:%d:%s|", i, n, line);
    }
}

static void reads_packed_files_of_several_streams(void **state UNUSED) {
    struct buf text, want, packed;
    for (int zst = 0; zst < 2; zst++) {
        void (*pack)(struct buf *, struct str) = zst ? zstd_frame : gzip_member;
        buf_init(&text, 64 << 20);
        buf_init(&want, 64 << 20);
        buf_init(&packed, 64 << 20);
        many_lines(&text, &want, 1, 30001);
        size_t third = text.n / 3; /* in the middle of a line */
        pack(&packed, str_to(buf_str(&text), third));
        pack(&packed, STR(""));
        pack(&packed, str_from(buf_str(&text), third));
        if (!zst)
            buf_add(&packed, STR("\0\0\0\0\0"));
        expect(buf_str(&packed), buf_str(&want));
        buf_done(&text);
        buf_done(&want);
        buf_done(&packed);
    }
}

static void hands_out_what_stands_before_the_damage(void **state UNUSED) {
    for (int zst = 0; zst < 2; zst++) {
        struct buf text, packed;
        buf_init(&text, 64 << 20);
        buf_init(&packed, 64 << 20);
        many_lines(&text, NULL, 1, 3001);
        (zst ? zstd_frame : gzip_member)(&packed, buf_str(&text));
        (zst ? zstd_frame : gzip_member)(&packed, buf_str(&text));
        struct str cut = str_to(buf_str(&packed), packed.n * 3 / 4);
        for (size_t i = 0; i < ARRAY_SIZE(batch_sizes); i++) {
            struct buf out;
            struct diag d = {0};
            buf_init(&out, 64 << 20);
            assert_int_equal(read_all(cut, batch_sizes[i], &out, &d), -ERR_PARSE);
            assert_string_equal(d.file, "x.log");
            assert_non_null(strstr(d.text, "ends too early"));
            assert_true(str_find(buf_str(&out), STR("|3000:0:"), 0) > 0);
            buf_done(&out);
        }
        buf_done(&text);
        buf_done(&packed);
    }
}

static void refuses_folders_and_missing_files(void **state UNUSED) {
    struct intake_reader_options o = {0};
    struct intake_reader *r = NULL;
    struct diag d = {0};
    assert_int_equal(intake_reader_open("/tmp", &o, &r, &d), -EISDIR);
    assert_string_equal(d.file, "/tmp");
    assert_int_equal(intake_reader_open("/tmp/not/there", &o, &r, &d), -ENOENT);
    assert_non_null(strstr(d.text, "cannot open '/tmp/not/there': "));
    assert_non_null(strstr(d.text, err_word(-ENOENT)));
    assert_null(r);
}

static void counts_progress(void **state UNUSED) {
    struct intake_reader_options o = {.flags = RAW_BACKFILL, .arrival_ns = 5, .batch_bytes = 64};
    struct intake_reader *r = NULL;
    struct intake_batch b;
    struct intake_progress p;
    struct buf text;
    buf_init(&text, 1 << 20);
    many_lines(&text, NULL, 1, 1001);
    assert_int_equal(intake_reader_open_fd(memory_file(buf_str(&text)), "x", &o, &r, NULL), 0);
    intake_batch_init(&b);
    assert_int_equal(intake_reader_next(r, &b, NULL), 1);
    assert_int_equal(b.records[0].arrival_ns, 5);
    assert_int_equal(b.records[0].flags, RAW_BACKFILL);
    intake_reader_progress(r, &p);
    assert_true(p.bytes > 0 && p.bytes < p.total);
    while (intake_reader_next(r, &b, NULL) > 0)
        ;
    intake_reader_progress(r, &p);
    assert_int_equal(p.total, text.n);
    assert_int_equal(p.bytes, text.n);
    assert_int_equal(p.content, text.n);
    assert_int_equal(p.lines, 1000);
    intake_batch_done(&b);
    intake_reader_free(r);
    buf_done(&text);
}

/* Every allocation fails once: no leak, no crash, -ENOMEM. */
static void survives_the_end_of_memory(void **state UNUSED) {
    struct buf text, packed;
    buf_init(&text, 1 << 20);
    buf_init(&packed, 1 << 20);
    many_lines(&text, NULL, 1, 100);
    gzip_member(&packed, buf_str(&text));
    long live = mem_live();
    for (long n = 0;; n++) {
        struct intake_reader_options o = {0};
        struct intake_reader *r = NULL;
        struct intake_batch b;
        size_t got = 0;
        intake_batch_init(&b);
        mem_fail_after(n);
        int k = intake_reader_open_fd(memory_file(buf_str(&packed)), "x", &o, &r, NULL);
        if (k == 0)
            while ((k = intake_reader_next(r, &b, NULL)) > 0)
                got += b.n;
        mem_fail_after(-1);
        intake_reader_free(r);
        intake_batch_done(&b);
        assert_int_equal(mem_live(), live);
        if (k == 0) {
            assert_int_equal(got, 99);
            break;
        }
        assert_int_equal(k, -ENOMEM);
        assert_true(n < 100);
    }
    buf_done(&text);
    buf_done(&packed);
}

/* Whatever the document looks like: a value a record. */
static void documents_of_json_come_value_by_value(void **state UNUSED) {
    expect(STR("{\n  \"a\": {\n    \"b c\": [1, {}]\n  }\n}\n{\n  \"a\": \"} \\\" \"\r\n}\n"),
           STR("1:0:20:{\"a\":{\"b c\":[1,{}]}}|2:0:13:{\"a\":\"} \\\" \"}|"));
    expect(STR("[{\"a\":1},{\"a\":2}, 3, \"x y\",null]"),
           STR("1:0:7:{\"a\":1}|2:0:7:{\"a\":2}|3:0:1:3|4:0:5:\"x y\"|5:0:4:null|"));
    expect(STR("\xef\xbb\xbf[\r\n  {\n\"a\" : 1}\n ,\n {\"a\":[\n2]}]"),
           STR("1:0:7:{\"a\":1}|2:0:9:{\"a\":[2]}|"));
    expect(STR("{\"a\":1}{\"a\":2} {\"a\":3}\n{\"a\":4"),
           STR("1:0:7:{\"a\":1}|2:0:7:{\"a\":2}|3:0:7:{\"a\":3}|4:0:6:{\"a\":4|"));
    expect(STR("{\"a\":\n[\n{\"b\":1},\n{\"b\":2}\n]}"),
           STR("1:0:23:{\"a\":[{\"b\":1},{\"b\":2}]}|"));
}

/* What CloudTrail's files and Azure Monitor's messages wrap their events in. */
static void the_elements_of_an_envelope_are_values(void **state UNUSED) {
    expect(STR("{\"Records\":[{\"a\":1},{\"a\":[2]}]}"), STR("1:0:7:{\"a\":1}|2:0:9:{\"a\":[2]}|"));
    expect(STR(" { \"records\" : [\n {\"a\": 1} ,\n{\"a\":2} ] }\n{\"records\":[{\"b\":1}]}\n"),
           STR("1:0:7:{\"a\":1}|2:0:7:{\"a\":2}|3:0:7:{\"b\":1}|"));
    /* what else stands there is not lost */
    expect(STR("{\"Records\":[{\"a\":1}] , \"next\":{\"b\":[\"]}\"]}}{\"c\":1}"),
           STR("1:0:7:{\"a\":1}|2:0:21:{\"next\":{\"b\":[\"]}\"]}}|3:0:7:{\"c\":1}|"));
    /* Microsoft Graph's */
    expect(STR("{\"@odata.context\":\"https://g/$metadata#a(b, c)\",\"@odata.count\":2,\"value\":[{\"a\":1},{\"a\":2}]}"),
           STR("1:0:65:{\"@odata.context\":\"https://g/$metadata#a(b, c)\",\"@odata.count\":2}|2:0:7:{\"a\":1}|3:0:7:{\"a\":2}|"));
    expect(STR("{\n \"@odata.context\": \"x\",\n \"value\": [\n {\"a\": 1}\n ],\n \"@odata.nextLink\": \"y z\"\n}\n"),
           STR("1:0:22:{\"@odata.context\":\"x\"}|2:0:7:{\"a\":1}|3:0:25:{\"@odata.nextLink\":\"y z\"}|"));
    expect(STR("[{\"value\":[{\"a\":1}],\"t\":1},{\"@odata.type\":\"x\",\"id\":{\"b\":1}},{\"@odata.id\":\"x\",\"value\":[]}]"),
           STR("1:0:25:{\"value\":[{\"a\":1}],\"t\":1}|2:0:32:{\"@odata.type\":\"x\",\"id\":{\"b\":1}}|3:0:28:{\"@odata.id\":\"x\",\"value\":[]}|"));
    /* and these are none */
    expect(STR("[{\"Recordings\":[{\"a\":1}]},{\"Rec ords\":[{}]},{\"Records\":[1]},{\"Records\":[]},{\"R\":1},{}]"),
           STR("1:0:24:{\"Recordings\":[{\"a\":1}]}|2:0:17:{\"Rec ords\":[{}]}|3:0:15:{\"Records\":[1]}|4:0:14:{\"Records\":[]}|"
               "5:0:7:{\"R\":1}|6:0:2:{}|"));
    expect(STR("[{\"a\":1},{\"Rec"), STR("1:0:7:{\"a\":1}|2:0:5:{\"Rec|"));
}

/* What only looks like a document stays as it is: every byte of a line is evidence. */
static void lines_of_json_stay_lines(void **state UNUSED) {
    expect(STR("{\"a\": 1}\n{\"a\": 2}\n"), STR("1:0:8:{\"a\": 1}|2:0:8:{\"a\": 2}|"));
    expect(STR("{\"a\":1,\n{\"a\": 2}\n"), STR("1:0:7:{\"a\":1,|2:0:8:{\"a\": 2}|"));
    expect(STR("{\"a\":\"x\n{\"a\": 2}\n"), STR("1:0:7:{\"a\":\"x|2:0:8:{\"a\": 2}|"));
    expect(STR("{\"a\":{\"b\":1}\n{\"a\": 2}\n"), STR("1:0:12:{\"a\":{\"b\":1}|2:0:8:{\"a\": 2}|"));
    expect(STR("{\"a\": 1} x\n{\"a\": 2}\n"), STR("1:0:10:{\"a\": 1} x|2:0:8:{\"a\": 2}|"));
    expect(STR("[Sun Oct 11 2026] [error] {\n"), STR("1:0:27:[Sun Oct 11 2026] [error] {|"));
    expect(STR("{\n"), STR("1:0:1:{|"));
    expect(STR(" \n \n"), STR("1:0:1: |2:0:1: |"));
}

UNIT_GROUP(intake_reader, cmocka_unit_test(cuts_lines),
           cmocka_unit_test(documents_of_json_come_value_by_value),
           cmocka_unit_test(the_elements_of_an_envelope_are_values),
           cmocka_unit_test(lines_of_json_stay_lines), cmocka_unit_test(keeps_long_lines_in_pieces),
           cmocka_unit_test(reads_packed_files_of_several_streams),
           cmocka_unit_test(hands_out_what_stands_before_the_damage),
           cmocka_unit_test(refuses_folders_and_missing_files), cmocka_unit_test(counts_progress),
           cmocka_unit_test(survives_the_end_of_memory))

/* `kizuki decode`: stored logs as ECS NDJSON, every field shown. */
#include "decode/decode.h"
#include "app/cli/command.h"
#include "app/engine/engine.h"
#include "base/buf.h"
#include "base/cli.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "intake/reader.h"

struct decode_args {
    const char *decoder, *service, *zone, *encoding;
    struct cli_list decoders;
    bool list, stats;
};
enum { OUT_FLUSH_BYTES = 65536, OUT_MAX = 64 * 1024 * 1024 };

struct decoding {
    struct source source; /* all files are one source: what the options say */
    struct event_names *names;
    struct decode_set *set;
    struct decode *decode;
    struct decode_lane *lane;
    struct arena arena;
    struct buf out;
    uint64_t lines, unparsed, broken;
    bool stats;
};

static const struct source *the_source(void *ctx, uint32_t id) {
    (void) id;
    return &((struct decoding *) ctx)->source;
}

static int flush_out(struct decoding *d) {
    int r = d->out.n ? file_write_all(1, buf_str(&d->out)) : 0;
    buf_clear(&d->out);
    return r;
}

static int print_event(struct decoding *d, const struct raw_record *rec,
                       struct event_time_state *time) {
    struct decoder port = decode_lane_port(d->lane);
    struct event ev;
    event_begin(&ev, &d->arena, d->names, rec);
    ev.keep_all = true;
    int r = port.decode(port.ctx, rec, &ev);
    if (r < 0)
        return r;
    event_settle_time(time, &ev);
    d->lines++;
    d->unparsed += (ev.flags & EVENT_UNPARSED) != 0;
    d->broken += (ev.flags & EVENT_BROKEN_TEXT) != 0;
    event_write_json(&ev, &d->out);
    buf_add_byte(&d->out, '\n');
    if (buf_error(&d->out))
        return buf_error(&d->out);
    return d->out.n >= OUT_FLUSH_BYTES ? flush_out(d) : 0;
}

static int decode_file(struct decoding *d, const char *path, uint32_t stream, struct diag *reterr) {
    CLEANUP(intake_reader_freep) struct intake_reader *reader = NULL;
    struct intake_reader_options o = {.stream = stream, .flags = RAW_BACKFILL};
    struct event_time_state time = {0};
    struct intake_batch b;
    int r = intake_reader_open(path, &o, &reader, reterr);
    if (r < 0)
        return r;
    intake_batch_init(&b);
    while ((r = intake_reader_next(reader, &b, reterr)) > 0) {
        for (size_t i = 0; i < b.n && r >= 0; i++) {
            arena_reset(&d->arena);
            r = print_event(d, &b.records[i], &time);
        }
        if (r < 0) {
            diag_set(reterr, r, "cannot go on with '%s': %s", path, err_word(r));
            break;
        }
    }
    intake_batch_done(&b);
    return r;
}

static int decode_files(struct decoding *d, const char *const *paths, size_t n) {
    struct arena arena;
    struct diag diag;
    const char **files;
    size_t n_files;
    arena_init(&arena, (size_t) 1 << 30);
    int r = intake_expand_paths(&arena, paths, n, &files, &n_files, &diag), status = 0;
    if (r < 0)
        status = command_failed(&diag);
    for (size_t i = 0; r >= 0 && i < n_files; i++)
        if (decode_file(d, files[i], (uint32_t) i + 1, &diag) < 0)
            status = command_failed(&diag);
    if (flush_out(d) < 0)
        status = 1;
    if (d->stats)
        fprintf(stderr, "{\"lines\":%llu,\"unparsed\":%llu,\"broken_text\":%llu}\n",
                (unsigned long long) d->lines, (unsigned long long) d->unparsed,
                (unsigned long long) d->broken);
    arena_done(&arena);
    return status;
}

static int run(struct decoding *d, const char *const *paths, size_t n) {
    struct diag diag;
    d->names = event_names_new();
    if (!d->names || decode_new(d->names, the_source, d, d->set, &d->decode, &diag) < 0 ||
        !(d->lane = decode_lane_new(d->decode))) {
        diag_set(&diag, -ENOMEM, "no memory for the decoders");
        decode_free(d->decode);
        event_names_free(d->names);
        return command_failed(&diag);
    }
    arena_init(&d->arena, BATCH_ARENA_BYTES_MAX);
    buf_init(&d->out, OUT_MAX);
    int status = decode_files(d, paths, n);
    buf_done(&d->out);
    arena_done(&d->arena);
    decode_lane_free(d->lane);
    decode_free(d->decode);
    event_names_free(d->names);
    return status;
}

static void list(const struct decode_set *set) {
    for (size_t i = 0; i < decode_count(); i++)
        printf("%-14s %s\n", decode_info_at(i).name, decode_info_at(i).help);
    for (size_t i = 0; i < decode_set_count(set); i++) {
        struct decode_set_row row = decode_set_at(set, i);
        printf("%-14.*s %.*s\n", STR_ARG(row.name), STR_ARG(row.help));
    }
}

/* "+09:00", "-0330", "Z" */
static bool read_zone(const char *text, int *ret_offset_min) {
    char z[64];
    int64_t t;
    int n = snprintf(z, sizeof z, "2026-01-01T00:00:00%s", text);
    return n > 19 && n < (int) sizeof z &&
           time_parse_iso(str_n(z, (size_t) n), &t, ret_offset_min) == n &&
           *ret_offset_min != TIME_NO_OFFSET;
}

/* What the options say about the files' source. */
static int read_source(const struct decode_args *args, const struct decode_set *set, struct source *s,
                       struct diag *reterr) {
    if (args->decoder)
        s->decoder = str_of(args->decoder);
    if (args->service)
        s->service = str_of(args->service);
    if (args->zone && !read_zone(args->zone, &s->offset_min))
        return diag_set(reterr, -EINVAL, "--zone wants an offset such as +09:00");
    if (args->encoding)
        s->encoding = text_encoding_from_string(str_of(args->encoding));
    if (args->encoding && s->encoding < 0)
        return diag_set(reterr, -EINVAL,
                        "--encoding does not know '%s'; it knows ascii, utf-8, cp932, euc-jp, "
                        "iso-2022-jp, utf-16le and utf-16be",
                        args->encoding);
    return decode_check_source(s, set, reterr);
}

static int run_decode(void *settings, unsigned n_args, char **args) {
    struct decode_args *a = settings;
    struct decoding d = {.source = {.encoding = -1, .offset_min = TIME_JST_OFFSET_MIN},
                         .stats = a->stats};
    struct diag diag;
    int r = engine_decoders(a->decoders.p, a->decoders.n, &d.set, &diag);
    for (size_t i = 0; r == 0 && decode_set_refused(d.set, i); i++)
        (void) command_failed(decode_set_refused(d.set, i)); /* the others load */
    if (r == 0 && a->list) {
        list(d.set);
        decode_set_unref(d.set);
        return 0;
    }
    if (r == 0)
        r = read_source(a, d.set, &d.source, &diag);
    if (r == 0 && n_args == 0)
        r = diag_set(&diag, -EINVAL, "no file; give log files, or - for standard input");
    if (r < 0) {
        (void) command_failed(&diag);
        decode_set_unref(d.set);
        return 2;
    }
    int status = run(&d, (const char *const *) args, n_args);
    decode_set_unref(d.set);
    return status;
}

static const struct cli_option OPTIONS[] = {
    {.name = "decoder",
     .kind = CLI_STRING,
     .value = "NAME",
     .at = offsetof(struct decode_args, decoder),
     .help = "read every line with this decoder instead of recognising it"},
    {.name = "decoders",
     .kind = CLI_LIST,
     .value = "DIR",
     .at = offsetof(struct decode_args, decoders),
     .help = "files or folders of decoders beside the shipped ones (repeat for more)"},
    {.name = "service",
     .kind = CLI_STRING,
     .value = "NAME",
     .at = offsetof(struct decode_args, service),
     .help = "service.name of events whose line names none"},
    {.name = "zone",
     .kind = CLI_STRING,
     .value = "OFFSET",
     .at = offsetof(struct decode_args, zone),
     .help = "zone of times without one (+09:00)"},
    {.name = "encoding",
     .kind = CLI_STRING,
     .value = "NAME",
     .at = offsetof(struct decode_args, encoding),
     .help = "encoding of the files (recognised line by line)"},
    {.name = "list",
     .kind = CLI_FLAG,
     .at = offsetof(struct decode_args, list),
     .help = "the decoders, those written in C first"},
    {.name = "stats",
     .kind = CLI_FLAG,
     .at = offsetof(struct decode_args, stats),
     .help = "lines, unparsed and broken_text as the last line on standard error"},
    {0},
};
const struct cli_command COMMAND_DECODE = {
    .name = "decode",
    .args = "FILE…",
    .args_min = 0,
    .args_max = CLI_MANY,
    .help = "print stored logs as events, one JSON object with ECS names a line",
    .text = "FILE is a file, a folder, a pattern or - for standard input; gzip, zstd and "
            "Windows event logs\n"
            "(EVTX) are read too. Every line gives one event, also one that no decoder knows.\n"
            "\n"
            "Exit status: 0, 1 when a file could not be read, 2 when the call is wrong.\n",
    .options = OPTIONS,
    .size = sizeof(struct decode_args),
    .run = run_decode};

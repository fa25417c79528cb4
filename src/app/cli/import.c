/* `kizuki import`: logs that come late, as a hosting company sends them. Says how they are read and shows the first rows as events; then
 * hands the file to the running sensor (src/app/sensor/late_feed.h) and says what became of it. */
#include "app/cli/command.h"
#include "app/common/config.h"
#include "app/common/late.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sign.h"
#include "base/text.h"
#include "base/time.h"

#include <fcntl.h>
#include <unistd.h>

struct import_args {
    const char *data, *source, *columns, *zone, *service;
    bool only_try;
};
enum { SAMPLES = 20, WAIT_S = 60, RESULT_MAX = 8 << 20 };

static int read_zone(const char *text, int *ret) {
    char z[64];
    int64_t t;
    *ret = LATE_NO_OFFSET;
    if (!text)
        return 0;
    int n = snprintf(z, sizeof z, "2026-01-01T00:00:00%s", text);
    return n > 19 && n < (int) sizeof z && time_parse_iso(str_n(z, (size_t) n), &t, ret) == n && *ret != TIME_NO_OFFSET ? 0 : -EINVAL;
}

/* ---- before ---- */

static void say_times(int64_t first_ns, int64_t last_ns, struct buf *out) {
    char a[TIME_ISO_CAP], b[TIME_ISO_CAP];
    if (first_ns != TIME_NONE)
        buf_printf(out, ", from %s to %s", time_format_iso_offset(first_ns, TIME_JST_OFFSET_MIN, 0, a), time_format_iso_offset(last_ns, TIME_JST_OFFSET_MIN, 0, b));
}

static int preview(const struct late_job *j, struct diag *err) {
    struct late_result r;
    struct buf out;
    int e = late_prepare(j, &r, err);
    buf_init(&out, 8 << 20);
    if (e == 0) {
        buf_add(&out, buf_str(&r.columns));
        struct str rest = buf_str(&r.samples), line;
        while (str_split(&rest, '\n', &line) && line.n) {
            text_escape_controls(&out, line);
            buf_add_byte(&out, '\n');
        }
        buf_printf(&out, "source '%s': %llu records of %llu files, %llu are there already, %llu refused", r.source, (unsigned long long) r.records,
                   (unsigned long long) r.files, (unsigned long long) r.repeated, (unsigned long long) r.refused);
        say_times(r.first_ns, r.last_ns, &out);
        buf_add_z(&out, r.read_before ? "; this very file was read before\n" : "\n");
        buf_add(&out, buf_str(&r.refusals));
        e = buf_error(&out) ? buf_error(&out) : file_write_all(1, buf_str(&out));
    }
    buf_done(&out);
    late_result_done(&r);
    return e;
}

/* ---- handing over ---- */

static int copy_file(const char *from, const char *to, struct diag *err) {
    char piece[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = in >= 0 ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1, e = 0;
    ssize_t n = 1;
    while (e == 0 && out >= 0 && n > 0) {
        n = read(in, piece, sizeof piece);
        e = n < 0 ? -errno : file_write_all(out, str_n(piece, (size_t) n));
    }
    if (out < 0)
        e = -errno;
    else if (e == 0 && fsync(out) < 0)
        e = -errno;
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return e < 0 ? diag_set(err, e, "cannot copy '%s' to '%s': %s", from, to, err_word(e)) : 0;
}

static int write_job(const struct import_args *a, const char *name, const char *id, const char *path, int offset_min, struct diag *err) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 65536);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    char file[64];
    snprintf(file, sizeof file, "%s.data", id);
    jsonw_kz(&w, "file", file);
    jsonw_kz(&w, "name", name);
    jsonw_kz(&w, "source", a->source ? a->source : "");
    jsonw_kz(&w, "columns", a->columns ? a->columns : "");
    jsonw_kz(&w, "service", a->service ? a->service : "");
    jsonw_ki64(&w, "offset_min", offset_min);
    jsonw_end(&w);
    int e = buf_error(&b) ? buf_error(&b) : file_write_atomic(path, buf_str(&b), 0600, err);
    buf_done(&b);
    return e;
}

static int say_result(struct str text, struct diag *err) {
    struct arena a;
    struct json_value *v;
    struct str error, source = STR("");
    int64_t records = 0, repeated = 0;
    arena_init(&a, 64 << 20);
    int e = json_parse(&a, text, &v, err);
    if (e == 0 && json_get_str(v, "error", &error))
        e = diag_set(err, -ERR_REFUSED, "%.*s", (int) MIN(error.n, 480u), error.p);
    if (e == 0) {
        (void) json_get_str(v, "source", &source);
        (void) json_get_i64(v, "records", &records);
        (void) json_get_i64(v, "repeated", &repeated);
        printf("taken in: %lld records into '%.*s', %lld were there already\n", (long long) records, STR_ARG(source), (long long) repeated);
    }
    arena_done(&a);
    return e;
}

static int wait_for(const char *data, const char *id, struct diag *err) {
    char path[PATH_MAX];
    struct arena a;
    struct str text;
    int e = -ENOENT;
    snprintf(path, sizeof path, "%.3900s/late/%s.result", data, id);
    arena_init(&a, RESULT_MAX + 4096);
    for (int i = 0; i < WAIT_S * 10 && e == -ENOENT; i++) {
        usleep(100000);
        e = access(path, R_OK) == 0 ? file_read(&a, path, RESULT_MAX, &text, err) : -ENOENT;
    }
    if (e == 0) {
        e = say_result(text, err);
        (void) unlink(path);
    } else if (e == -ENOENT) {
        printf("it waits in '%.3900s/late' and is taken in when Kizuki runs\n", data);
        e = 0;
    }
    arena_done(&a);
    return e;
}

static int hand_over(const struct import_args *a, const char *data, const char *file, const char *name, int offset_min, struct diag *err) {
    char id[17], path[PATH_MAX], part[PATH_MAX];
    snprintf(path, sizeof path, "%.3900s/late", data);
    int e = file_make_dir(path, 0700, err);
    sign_random_hex(id, 8);
    snprintf(part, sizeof part, "%.3900s/late/%s.data", data, id);
    snprintf(path, sizeof path, "%.3900s/late/%s.job", data, id);
    if (e == 0)
        e = copy_file(file, part, err);
    if (e == 0)
        e = write_job(a, name, id, path, offset_min, err);
    return e == 0 ? wait_for(data, id, err) : e;
}

static int run(void *settings, unsigned n_args, char **args) {
    const struct import_args *a = settings;
    struct config *config = NULL;
    struct diag d = {0};
    char folder[PATH_MAX];
    int offset_min, e = read_zone(a->zone, &offset_min);
    if (e < 0)
        e = diag_set(&d, e, "--zone wants an offset such as +09:00");
    if (e == 0)
        e = config_load(a->data, NULL, &config, &d);
    if (e == 0) {
        snprintf(folder, sizeof folder, "%.3900s/sensor/late", config->data);
        e = file_make_dir(folder, 0700, &d);
    }
    for (unsigned i = 0; e == 0 && i < n_args; i++) {
        const char *slash = strrchr(args[i], '/'), *name = slash ? slash + 1 : args[i];
        struct late_job j = {.path = args[i], .name = name, .folder = folder, .source = str_of(a->source), .columns = str_of(a->columns),
                             .service = str_of(a->service), .offset_min = offset_min, .samples = SAMPLES};
        e = preview(&j, &d);
        if (e == 0 && !a->only_try)
            e = hand_over(a, config->data, args[i], name, offset_min, &d);
    }
    config_free(config);
    return e < 0 ? command_failed(&d) : 0;
}

static const struct cli_option OPTIONS[] = {
    {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct import_args, data), .help = "data folder"},
    {.name = "source", .kind = CLI_STRING, .value = "NAME", .at = offsetof(struct import_args, source),
     .help = "name of the source; else remembered for files of this shape, or the file's name"},
    {.name = "columns", .kind = CLI_STRING, .value = "N=FIELD,…", .at = offsetof(struct import_args, columns),
     .help = "columns of a table by hand: 1=@timestamp,3=source.ip"},
    {.name = "zone", .kind = CLI_STRING, .value = "+HH:MM", .at = offsetof(struct import_args, zone),
     .help = "zone of a table's times that have none (+09:00)"},
    {.name = "service", .kind = CLI_STRING, .value = "NAME", .at = offsetof(struct import_args, service), .help = "the service a table is about"},
    {.name = "try", .kind = CLI_FLAG, .at = offsetof(struct import_args, only_try), .help = "show how it is read and change nothing"},
    {0}};
const struct cli_command COMMAND_IMPORT = {
    .name = "import", .args = "FILE…", .args_min = 1, .args_max = CLI_MANY, .help = "take in logs that come late: CSV, XLSX, ZIP, or lines",
    .text = "Shows the first 20 rows as events, then hands the file to the running Kizuki. A file that comes again\n"
            "adds nothing; docs/late-logs.md says the rest.\n",
    .options = OPTIONS, .size = sizeof(struct import_args), .run = run};

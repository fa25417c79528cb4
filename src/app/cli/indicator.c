/* `kizuki indicator add | list | show | remove`: indicators below DATA/indicators. A running Kizuki takes a change up by
 * itself, and looks for what is new in what has been kept. */
#include "app/cli/command.h"
#include "app/common/indicators.h"
#include "app/engine/engine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time_written.h"

#include <pwd.h>
#include <unistd.h>

enum { OUT_MAX = 1 << 30, REFUSED_SHOWN = 20 };

struct args {
    const char *data, *format, *source, *tlp, *confidence, *until, *columns, *by, *audience;
    bool preview, json, all, imports;
};
struct opened {
    struct config *config;
    char dir[4096];
    struct indicator_book book;
    int lock;
};

static const char *who(const char *by) {
    const struct passwd *p = by ? NULL : getpwuid(getuid());
    return by ? by : p ? p->pw_name : "?";
}

static int begin(const char *data, bool lock, struct opened *o, struct diag *err) {
    *o = (struct opened){.lock = -1};
    int r = config_load(data, NULL, &o->config, err);
    if (r == 0)
        r = indicators_dir(o->config->data, o->dir, err);
    if (r == 0 && lock && (r = o->lock = indicator_book_lock(o->dir, err)) > 0)
        r = 0;
    return r < 0 ? r : indicator_book_load(o->dir, &o->book, err);
}

static int end(struct opened *o, int r, const struct diag *err) {
    indicator_book_done(&o->book);
    if (o->lock >= 0)
        close(o->lock);
    config_free(o->config);
    return r < 0 ? command_failed(err) : 0;
}

static int flush(struct buf *out) {
    int r = buf_error(out);
    if (r == 0)
        r = file_write_all(1, buf_str(out));
    buf_done(out);
    return r;
}

/* ---- add ---- */

static const char *const why_words[INDICATOR_WHY_MAX_] = {
    [INDICATOR_UNREADABLE] = "", [INDICATOR_OWN] = "it is our own", [INDICATOR_LISTED] = "on the warning list",
    [INDICATOR_BROAD] = "it takes in too much:", [INDICATOR_NOT_MEANT] = "its publisher does not mean it for detection:",
    [INDICATOR_FILE_NAME] = "it could be the name of a file; write it defanged (example[.]zip) to mean a domain",
    [INDICATOR_REFERENCE] = "not defanged, while others in this text are: a reference"};

static void print_refused(const struct indicator_list *l, struct buf *out) {
    for (size_t i = 0; i < MIN(l->n_refused, (size_t) REFUSED_SHOWN); i++) {
        const struct indicator_refused *x = &l->refused[i];
        buf_add_z(out, "  refused: ");
        text_escape_controls(out, x->value);
        buf_printf(out, ": %s%s", why_words[x->why], why_words[x->why][0] && x->detail.n && x->why != INDICATOR_OWN ? " " : "");
        if (x->why != INDICATOR_OWN)
            text_escape_controls(out, x->detail);
        if (x->line)
            buf_printf(out, " (line %u)", x->line);
        buf_add_byte(out, '\n');
    }
    if (l->refused_total > REFUSED_SHOWN)
        buf_printf(out, "  and %llu more; --json shows them\n", (unsigned long long) (l->refused_total - REFUSED_SHOWN));
}

static void print_counts(const char *name, enum indicator_format format, const struct indicator_counts *c, struct buf *out) {
    text_escape_controls(out, str_of(name));
    buf_printf(out, " (%s): %llu new, %llu known, %llu refused", indicator_format_to_string(format), (unsigned long long) c->fresh,
               (unsigned long long) c->known, (unsigned long long) c->refused);
    if (c->same)
        buf_printf(out, ", %llu repeated", (unsigned long long) c->same);
    if (c->passed)
        buf_printf(out, ", %llu other parts passed over", (unsigned long long) c->passed);
    buf_add_byte(out, '\n');
}

static void json_counts(const char *name, enum indicator_format format, const struct indicator_counts *c, const struct indicator_list *l,
                        uint32_t id, struct buf *out) {
    struct jsonw w;
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_kz(&w, "name", name);
    jsonw_kz(&w, "format", indicator_format_to_string(format));
    jsonw_ku64(&w, "import", id);
    jsonw_ku64(&w, "new", c->fresh);
    jsonw_ku64(&w, "known", c->known);
    jsonw_ku64(&w, "refused_total", c->refused);
    jsonw_ku64(&w, "same", c->same);
    jsonw_ku64(&w, "passed", c->passed);
    jsonw_key(&w, STR("refused"));
    indicator_refused_write(l, INDICATOR_REFUSED_MAX, &w);
    jsonw_end(&w);
    buf_add_byte(out, '\n');
}

static int read_options(const struct args *a, struct indicator_reading *o, struct diag *err) {
    *o = (struct indicator_reading){.format = -1, .tlp = -1, .confidence = -1, .valid_until_ns = TIME_NONE, .source = str_of(a->source),
                                    .columns = str_of(a->columns)};
    uint64_t n;
    if (a->format && (o->format = indicator_format_from_string(str_of(a->format))) < 0)
        return diag_set(err, -EINVAL, "--format is stix, misp, csv or text");
    if (a->tlp && (o->tlp = indicator_tlp_from_string(str_of(a->tlp))) < 0)
        return diag_set(err, -EINVAL, "--tlp is clear, green, amber, amber+strict or red");
    if (a->confidence) {
        if (str_to_u64(str_of(a->confidence), &n) < 0 || n > 100)
            return diag_set(err, -EINVAL, "--confidence is a number from 0 to 100");
        o->confidence = (int) n;
    }
    if (a->until) {
        struct time_written w;
        struct arena tmp;
        arena_init(&tmp, 1 << 20);
        int r = time_read_written(&tmp, str_of(a->until), time_now_ns(), TIME_JST_OFFSET_MIN, &w, NULL, err);
        arena_done(&tmp);
        if (r < 0)
            return r;
        o->valid_until_ns = w.t_ns;
    }
    return 0;
}

static int take_one(const struct args *a, struct opened *o, const struct indicator_reading *how, const char *path, struct buf *out, struct diag *err) {
    const char *slash = strrchr(path, '/');
    struct indicator_reading reading = *how;
    struct indicator_list list;
    struct indicator_counts counts;
    enum indicator_format format = INDICATOR_TEXT;
    struct arena text;
    struct str bytes;
    uint32_t id = 0;
    reading.name = str_of(slash ? slash + 1 : path);
    arena_init(&text, INDICATOR_FILE_BYTES_MAX + 65536);
    indicator_list_init(&list);
    int r = file_read(&text, path, INDICATOR_FILE_BYTES_MAX, &bytes, err);
    if (r == 0 && (r = indicator_read(&reading, bytes, &list, &format, err)) < 0)
        diag_prefix(err, "'%s'", path);
    if (r == 0) {
        indicator_book_count(&o->book, &list, &counts);
        if (!a->preview && list.n) {
            struct indicator_importing x = {.list = &list, .name = reading.name, .by = str_of(who(a->by)), .format = format, .at_ns = time_now_ns()};
            r = indicator_book_add(o->dir, &o->book, &x, &id, err);
        }
        if (a->json) {
            json_counts(path, format, &counts, &list, id, out);
        } else {
            print_counts(path, format, &counts, out);
            print_refused(&list, out);
            if (id)
                buf_printf(out, "  import %u; kizuki indicator remove %u takes it back\n", id, id);
        }
    }
    indicator_list_done(&list);
    arena_done(&text);
    return r;
}

static int add(void *settings, unsigned n_args, char **files) {
    const struct args *a = settings;
    CLEANUP(indicator_allow_freep) struct indicator_allow *allow = NULL;
    struct indicator_reading how;
    struct opened o = {.lock = -1};
    struct diag d = {0};
    struct buf out;
    buf_init(&out, OUT_MAX);
    int r = read_options(a, &how, &d);
    if (r == 0)
        r = begin(a->data, !a->preview, &o, &d);
    if (r == 0)
        r = indicators_allow(o.config, engine_content_dir(), &allow, &d);
    how.allow = allow;
    for (unsigned i = 0; r == 0 && i < n_args; i++) {
        r = take_one(a, &o, &how, files[i], &out, &d);
        if (r == 0 && i + 1 < n_args) { /* the next is compared with what is there now */
            indicator_book_done(&o.book);
            r = indicator_book_load(o.dir, &o.book, &d);
        }
    }
    if (flush(&out) < 0 && r == 0)
        r = diag_set(&d, -EIO, "cannot write");
    return end(&o, r, &d);
}

/* ---- list, show ---- */

static void print_entry(const struct indicator_entry *e, int64_t now_ns, struct buf *out) {
    const struct indicator_origin *o = indicator_entry_holds(e, now_ns), *any = o ? o : &e->origins[0];
    char at[TIME_ISO_CAP];
    buf_printf(out, "%-11s %-14s ", indicator_kind_to_string(e->kind), indicator_tlp_to_string(any->tlp));
    if (any->confidence < 0)
        buf_add_z(out, "  - ");
    else
        buf_printf(out, "%3d ", any->confidence);
    buf_printf(out, "%-10.10s ", any->valid_until_ns == TIME_NONE ? "-" : time_format_iso(any->valid_until_ns, 0, at));
    buf_add_z(out, o ? "" : "ended ");
    text_escape_controls(out, e->value);
    buf_add_z(out, "  ");
    text_escape_controls(out, any->source);
    if (e->n > 1)
        buf_printf(out, " and %u more", e->n - 1);
    buf_add_byte(out, '\n');
}

static uint8_t strictest(const struct indicator_entry *e) {
    uint8_t t = 0;
    for (uint32_t i = 0; i < e->n; i++)
        t = MAX(t, e->origins[i].tlp);
    return t;
}

static void print_import(const struct indicator_import *i, struct buf *out) {
    char at[TIME_ISO_CAP];
    buf_printf(out, "%5u  %s  %-4s %7llu indicators, %llu new, %llu refused  ", i->id, time_format_iso_offset(i->at_ns, TIME_JST_OFFSET_MIN, 0, at),
               indicator_format_to_string(i->format), (unsigned long long) i->n, (unsigned long long) i->n_new, (unsigned long long) i->n_refused);
    text_escape_controls(out, i->name);
    buf_add_z(out, " by ");
    text_escape_controls(out, i->by);
    buf_add_byte(out, '\n');
}

static void list_imports(const struct args *a, const struct indicator_book *b, struct buf *out) {
    for (size_t i = 0; i < b->n_imports; i++) {
        struct jsonw w;
        if (!a->json) {
            print_import(&b->imports[i], out);
            continue;
        }
        jsonw_init(&w, out);
        indicator_import_write(&b->imports[i], &w);
        buf_add_byte(out, '\n');
    }
}

static int list(void *settings, unsigned n_args UNUSED, char **args UNUSED) {
    const struct args *a = settings;
    int max = a->audience ? indicator_audience_max(str_of(a->audience)) : INDICATOR_TLP_RED;
    uint64_t kept_back = 0;
    struct opened o;
    struct diag d = {0};
    struct buf out;
    struct jsonw w;
    int64_t now = time_now_ns();
    if (max < 0) {
        diag_set(&d, -EINVAL, "--for is public, community, clients or organisation");
        return command_failed(&d);
    }
    buf_init(&out, OUT_MAX);
    int r = begin(a->data, false, &o, &d);
    if (r == 0 && a->imports)
        list_imports(a, &o.book, &out);
    for (size_t i = 0; r == 0 && !a->imports && i < o.book.n; i++) {
        const struct indicator_entry *e = &o.book.entries[i];
        if (!a->all && !indicator_entry_holds(e, now))
            continue;
        if (strictest(e) > max) {
            kept_back++;
            continue;
        }
        if (!a->json) {
            print_entry(e, now, &out);
            continue;
        }
        jsonw_init(&w, &out);
        indicator_entry_write(&o.book, e, &w);
        buf_add_byte(&out, '\n');
    }
    if (flush(&out) < 0 && r == 0)
        r = diag_set(&d, -EIO, "cannot write");
    if (kept_back)
        fprintf(stderr, "kizuki: %llu are not told to this audience (TLP)\n", (unsigned long long) kept_back);
    return end(&o, r, &d);
}

static int show(void *settings, unsigned n_args UNUSED, char **args) {
    const struct args *a = settings;
    struct opened o;
    struct diag d = {0};
    struct arena tmp;
    struct str value;
    struct buf out;
    struct jsonw w;
    enum indicator_why why;
    const char *detail;
    buf_init(&out, OUT_MAX);
    arena_init(&tmp, 1 << 20);
    int r = begin(a->data, false, &o, &d);
    int kind = r == 0 ? indicator_value_read(&tmp, str_of(args[0]), -1, &value, &why, &detail) : 0;
    const struct indicator_entry *e = r == 0 && kind >= 0 ? indicator_book_find(&o.book, (enum indicator_kind) kind, value) : NULL;
    if (r == 0 && !e)
        r = diag_set(&d, -ENOENT, "'%.200s' is no indicator here", args[0]);
    if (r == 0) {
        jsonw_init(&w, &out);
        indicator_entry_write(&o.book, e, &w);
        buf_add_byte(&out, '\n');
        if (flush(&out) < 0)
            r = diag_set(&d, -EIO, "cannot write");
    }
    arena_done(&tmp);
    return end(&o, r, &d);
}

/* ---- remove ---- */

static int take_back(void *settings, unsigned n_args, char **args) {
    const struct args *a = settings;
    struct opened o;
    struct diag d = {0};
    int r = begin(a->data, true, &o, &d);
    for (unsigned i = 0; r == 0 && i < n_args; i++) {
        uint64_t id;
        const struct indicator_import *x = NULL;
        if (str_to_u64(str_of(args[i]), &id) < 0 || !(x = indicator_book_import(&o.book, (uint32_t) id)))
            r = diag_set(&d, -ENOENT, "there is no import '%.40s'; kizuki indicator list --imports shows them", args[i]);
        else if ((r = indicator_book_remove(o.dir, x->id, &d)) == 0)
            printf("import %u taken back: %llu indicators\n", x->id, (unsigned long long) x->n);
    }
    return end(&o, r, &d);
}

#define DATA_OPTION {.name = "data", .kind = CLI_STRING, .value = "DIR", .at = offsetof(struct args, data), .help = "data folder"}
#define JSON_OPTION {.name = "json", .kind = CLI_FLAG, .at = offsetof(struct args, json), .help = "as lines of JSON"}

static const struct cli_option ADD_OPTIONS[] = {
    DATA_OPTION, JSON_OPTION,
    {.name = "preview", .kind = CLI_FLAG, .at = offsetof(struct args, preview), .help = "say what would be taken and take nothing"},
    {.name = "format", .kind = CLI_STRING, .value = "FORMAT", .at = offsetof(struct args, format), .help = "stix, misp, csv or text; found out otherwise"},
    {.name = "source", .kind = CLI_STRING, .value = "NAME", .at = offsetof(struct args, source), .help = "who says so, where the file does not"},
    {.name = "tlp", .kind = CLI_STRING, .value = "LABEL", .at = offsetof(struct args, tlp), .help = "clear, green, amber, amber+strict or red, where the file says nothing (amber)"},
    {.name = "confidence", .kind = CLI_STRING, .value = "N", .at = offsetof(struct args, confidence), .help = "0 to 100, where the file says nothing"},
    {.name = "until", .kind = CLI_STRING, .value = "TIME", .at = offsetof(struct args, until), .help = "when they end, where the file says nothing (2027-03-31, 来週)"},
    {.name = "columns", .kind = CLI_STRING, .value = "MAP", .at = offsetof(struct args, columns), .help = "of CSV: value=2,type=Kind,note=5"},
    {.name = "by", .kind = CLI_STRING, .value = "NAME", .at = offsetof(struct args, by), .help = "who takes them in; the account otherwise"},
    {0}};
static const struct cli_option LIST_OPTIONS[] = {
    DATA_OPTION, JSON_OPTION,
    {.name = "all", .kind = CLI_FLAG, .at = offsetof(struct args, all), .help = "also those that have ended"},
    {.name = "imports", .kind = CLI_FLAG, .at = offsetof(struct args, imports), .help = "the imports instead"},
    {.name = "for", .kind = CLI_STRING, .value = "AUDIENCE", .at = offsetof(struct args, audience), .help = "only what may be told to: public, community, clients, organisation (TLP 2.0)"},
    {0}};
static const struct cli_option OTHER_OPTIONS[] = {DATA_OPTION, {0}};

const struct cli_command COMMAND_INDICATOR_ADD = {
    .name = "indicator add", .args = "FILE…", .args_min = 1, .args_max = CLI_MANY,
    .help = "take in indicators: STIX 2.1, MISP, CSV, or out of any text",
    .options = ADD_OPTIONS, .size = sizeof(struct args), .run = add};
const struct cli_command COMMAND_INDICATOR_LIST = {
    .name = "indicator list", .help = "indicators that are looked for", .options = LIST_OPTIONS, .size = sizeof(struct args), .run = list};
const struct cli_command COMMAND_INDICATOR_SHOW = {
    .name = "indicator show", .args = "VALUE", .args_min = 1, .args_max = 1, .help = "one indicator with all its origins, as JSON",
    .options = OTHER_OPTIONS, .size = sizeof(struct args), .run = show};
const struct cli_command COMMAND_INDICATOR_REMOVE = {
    .name = "indicator remove", .args = "IMPORT…", .args_min = 1, .args_max = CLI_MANY, .help = "take an import back",
    .options = OTHER_OPTIONS, .size = sizeof(struct args), .run = take_back};

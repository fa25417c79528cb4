/* `kizuki rule soc | soc-send | soc-answer | soc-list`: canaries through somebody else's watch (ruleset/soc.h). The lines
 * go where its sensors read; nothing here waits, the book does. */
#include "app/cli/command.h"
#include "app/common/config.h"
#include "app/engine/engine.h"
#include "app/engine/samples.h"
#include "app/common/rule_paths.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "detect/rule.h"
#include "ruleset/soc.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ARENA_MAX = 64 * 1024 * 1024, LINES_MAX = 5000, OUT_MAX = 4 * 1024 * 1024 };

struct soc_args {
    const char *data, *to, *phone, *by, *note;
    int64_t within_ns;
};
struct opened {
    struct config *config;
    struct soc_book book;
    int lock;
};

static int begin(struct opened *o, const char *data, struct diag *err) {
    *o = (struct opened){.lock = -1};
    int r = config_load(data, NULL, &o->config, err);
    if (r == 0 && (o->lock = rulesets_lock(o->config->data, err)) < 0)
        r = o->lock;
    return r < 0 ? r : soc_load(o->config->data, &o->book, err);
}

static int end(struct opened *o, int r, bool save, struct diag *err) {
    if (r == 0 && save)
        r = soc_save(o->config->data, &o->book, err);
    soc_done(&o->book);
    if (o->lock >= 0)
        close(o->lock);
    config_free(o->config);
    return r < 0 ? command_failed(err) : 0;
}

static int define(void *settings, unsigned n_args UNUSED, char **args) {
    const struct soc_args *a = settings;
    struct opened o;
    struct diag d = {0};
    int r = begin(&o, a->data, &d);
    struct soc s = {str_of(args[0]), str_of(a->to), str_of(a->phone ? a->phone : ""), a->within_ns};
    if (r == 0)
        r = soc_put(&o.book, &s, &d);
    return end(&o, r, true, &d);
}

static int forget(void *settings, unsigned n_args UNUSED, char **args) {
    const struct soc_args *a = settings;
    struct opened o;
    struct diag d = {0};
    int r = begin(&o, a->data, &d);
    if (r == 0)
        r = soc_drop(&o.book, str_of(args[0]), &d);
    return end(&o, r, true, &d);
}

/* ---- sending ---- */

/* tcp:HOST:PORT or udp:HOST:PORT; [::1]:514 works, too. */
static int connect_to(struct str to, struct diag *err) {
    char host[256], port[16];
    struct addrinfo hints = {.ai_socktype = str_starts(to, STR("udp:")) ? SOCK_DGRAM : SOCK_STREAM}, *list = NULL;
    struct str rest = str_from(to, 4);
    size_t colon = rest.n;
    while (colon > 0 && rest.p[colon - 1] != ':')
        colon--;
    if (colon < 2)
        return diag_set(err, -EINVAL, "'%.*s' names no port", STR_ARG(to));
    struct str name = str_to(rest, colon - 1);
    if (name.n > 2 && name.p[0] == '[')
        name = str_n(name.p + 1, name.n - 2);
    snprintf(host, sizeof host, "%.*s", (int) MIN(name.n, sizeof host - 1), name.p);
    snprintf(port, sizeof port, "%.*s", (int) MIN(rest.n - colon, sizeof port - 1), rest.p + colon);
    int r = getaddrinfo(host, port, &hints, &list), fd = -1;
    if (r != 0)
        return diag_set(err, -EHOSTUNREACH, "cannot find '%s': %s", host, gai_strerror(r));
    fd = socket(list->ai_family, list->ai_socktype | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, list->ai_addr, list->ai_addrlen) < 0) {
        r = diag_set(err, -errno, "cannot reach '%.*s': %s", STR_ARG(to), err_word(-errno));
        if (fd >= 0)
            close(fd);
        fd = r;
    }
    freeaddrinfo(list);
    return fd;
}

static int open_target(struct str to, struct diag *err) {
    char path[4096];
    if (!str_starts(to, STR("file:")))
        return connect_to(to, err);
    snprintf(path, sizeof path, "%.*s", (int) MIN(to.n - 5, sizeof path - 1), to.p + 5);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    return fd < 0 ? diag_set(err, -errno, "cannot append to '%s': %s", path, err_word(-errno)) : fd;
}

/* A datagram each over UDP; a line each otherwise. Syslog wants a priority, files have none. */
static int send_line(int fd, struct str to, struct str line) {
    struct buf b;
    bool udp = str_starts(to, STR("udp:")), file = str_starts(to, STR("file:"));
    buf_init(&b, 1024 * 1024);
    buf_add_z(&b, file || (line.n && line.p[0] == '<') ? "" : "<38>"); /* auth.info */
    buf_add(&b, line);
    buf_add_z(&b, udp ? "" : "\n");
    int r = buf_error(&b);
    if (r == 0)
        r = file_write_all(fd, buf_str(&b));
    buf_done(&b);
    return r;
}

static int send_all(const struct soc *soc, const struct sample_lines *l, const char *token, struct diag *err) {
    int fd = open_target(soc->to, err), r = fd < 0 ? fd : 0;
    char mark[128];
    /* The mark comes last: whoever looks finds what it was, and no rule is helped by it. */
    snprintf(mark, sizeof mark, "kizuki-drill: the %zu lines before this one were simulated; word %s", MIN(l->n, (size_t) LINES_MAX), token);
    for (size_t i = 0; r == 0 && i < l->n && i < LINES_MAX; i++)
        r = send_line(fd, soc->to, l->at[i]);
    if (r == 0)
        r = send_line(fd, soc->to, str_of(mark));
    if (fd >= 0)
        close(fd);
    return r < 0 && !err->text[0] ? diag_set(err, r, "cannot send to '%.*s': %s", STR_ARG(soc->to), err_word(r)) : r;
}

static int ignore_finding(void *ctx UNUSED, const struct finding *f UNUSED) {
    return 0;
}

static void make_token(const struct soc *soc, const char *rule, int64_t now, char token[SOC_TOKEN_CAP]) {
    uint8_t digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1], text[512];
    int n = snprintf(text, sizeof text, "%.*s %s %lld", (int) MIN(soc->name.n, 200u), soc->name.p, rule, (long long) now);
    sha256_of(str_n(text, (size_t) MIN(n, 511)), digest);
    hex_encode(digest, sizeof digest, hex);
    snprintf(token, SOC_TOKEN_CAP, "%.4s-%.4s", hex, hex + 4);
}

static int send_with(struct opened *o, const struct soc *soc, const char *name, const struct detect_rules *set,
                     struct diag *err) {
    const struct detect_rule *rule = detect_rules_find(set, str_of(name));
    struct sample_lines l = {.arena = &o->book.arena};
    char token[SOC_TOKEN_CAP], due[TIME_ISO_CAP];
    int64_t now = time_now_ns();
    if (!rule)
        return diag_set(err, -ENOENT, "no rule in use has the id or name '%s'", name);
    int r = sample_lines_of_rule(rule, &l, err);
    if (r == 0 && !l.n)
        r = diag_set(err, -ENOENT, "'%s' brings no samples along, so there is nothing to send", name);
    make_token(soc, name, now, token);
    struct soc_run run = {.token = arena_dup(&o->book.arena, str_of(token)), .soc = soc->name,
                          .rule = arena_dup(&o->book.arena, rule->id), .title = arena_dup(&o->book.arena, rule->title),
                          .by = STR(""), .note = STR(""), .sent_ns = now, .due_ns = now + soc->within_ns,
                          .answered_ns = TIME_NONE};
    if (r == 0)
        r = send_all(soc, &l, token, err);
    if (r == 0)
        r = soc_begin(&o->book, &run, err);
    if (r == 0)
        printf("%zu simulated lines sent; %.*s has to call until %s and name %s\n", MIN(l.n, (size_t) LINES_MAX),
               STR_ARG(soc->name), time_format_iso_offset(run.due_ns, TIME_JST_OFFSET_MIN, 0, due), token);
    return r;
}

static int send_canary(void *settings, unsigned n_args UNUSED, char **args) {
    const struct soc_args *a = settings;
    static const struct source unknown = {.encoding = -1, .offset_min = TIME_JST_OFFSET_MIN};
    struct rule_paths paths = {0};
    struct engine *e = NULL;
    struct opened o;
    struct diag d = {0};
    int r = begin(&o, a->data, &d);
    const struct soc *soc = r == 0 ? soc_find(&o.book, str_of(args[0])) : NULL;
    if (r == 0 && !soc)
        r = diag_set(&d, -ENOENT, "no watch is called '%s'; kizuki rule soc NAME --to … --within … names one", args[0]);
    if (r == 0)
        r = rule_paths_load(o.config, engine_content_dir(), NULL, &paths, &d);
    struct engine_options options = {.rule_paths = paths.p, .n_rule_paths = paths.n,
        .decoder_paths = paths.decoders, .n_decoder_paths = paths.n_decoders, .sources = &unknown, .n_sources = 1};
    if (r == 0)
        r = engine_new(&options, (struct finding_sink){.put = ignore_finding}, &e, &d);
    if (r == 0)
        r = send_with(&o, soc, args[1], engine_rules(e), &d);
    int status = end(&o, r, true, &d);
    engine_free(e);
    rule_paths_done(&paths);
    return status;
}

/* ---- the call, and the book ---- */

static int answer(void *settings, unsigned n_args UNUSED, char **args) {
    const struct soc_args *a = settings;
    struct opened o;
    struct diag d = {0};
    int r = begin(&o, a->data, &d);
    if (r == 0)
        r = soc_answer(&o.book, str_of(args[0]), str_of(a->by ? a->by : ""), str_of(a->note ? a->note : ""), time_now_ns(), &d);
    return end(&o, r, true, &d);
}

static void print_run(const struct soc_run *x, int64_t now, struct buf *out) {
    char sent[TIME_ISO_CAP], due[TIME_ISO_CAP];
    buf_printf(out, "%-9s %.*s  sent %s, call due %s  ", soc_run_state(x, now), STR_ARG(x->token),
               time_format_iso_offset(x->sent_ns, TIME_JST_OFFSET_MIN, 0, sent),
               time_format_iso_offset(x->due_ns, TIME_JST_OFFSET_MIN, 0, due));
    text_escape_controls(out, x->soc);
    buf_add_z(out, ": ");
    text_escape_controls(out, x->title);
    if (x->answered_ns != TIME_NONE) {
        buf_printf(out, "  after %lld s, taken by ", (long long) ((x->answered_ns - x->sent_ns) / NS_PER_S));
        text_escape_controls(out, x->by);
    }
    buf_add_byte(out, '\n');
}

static int list(void *settings, unsigned n_args UNUSED, char **args UNUSED) {
    const struct soc_args *a = settings;
    struct opened o;
    struct buf out;
    struct diag d = {0};
    bool red = false;
    int64_t now = time_now_ns();
    buf_init(&out, OUT_MAX);
    int r = begin(&o, a->data, &d);
    for (size_t i = r == 0 ? o.book.n_runs : 0; i-- > 0;) {
        const char *state = soc_run_state(&o.book.runs[i], now);
        red |= strcmp(state, "late") == 0 || strcmp(state, "none") == 0;
        print_run(&o.book.runs[i], now, &out);
    }
    if (r == 0 && (r = file_write_all(1, buf_str(&out))) < 0)
        diag_set(&d, r, "cannot write: %s", err_word(r));
    buf_done(&out);
    int status = end(&o, r, false, &d);
    return status ? status : red;
}

#define OPT(n, k, v, member, h) {.name = n, .kind = k, .value = v, .at = offsetof(struct soc_args, member), .help = h}
#define DATA_ROW OPT("data", CLI_STRING, "DIR", data, "data folder (/var/lib/kizuki as root, ~/.local/share/kizuki else)")

static const struct cli_option SOC_OPTIONS[] = {
    OPT("to", CLI_STRING, "TARGET", to, "where its sensors read: file:/PATH (appended), udp:HOST:PORT or tcp:HOST:PORT (syslog)"),
    OPT("within", CLI_SPAN, "SPAN", within_ns, "how soon it has to call (30m)"),
    OPT("phone", CLI_STRING, "TEXT", phone, "whom to ask when it does not"), DATA_ROW, {0}};
static const struct cli_option ANSWER_OPTIONS[] = {
    OPT("by", CLI_STRING, "NAME", by, "who took the call"), OPT("note", CLI_STRING, "TEXT", note, "what was said"), DATA_ROW, {0}};
static const struct cli_option ONLY_DATA[] = {DATA_ROW, {0}};

const struct cli_command COMMAND_RULE_SOC = {
    .name = "rule soc", .args = "NAME", .args_min = 1, .args_max = 1,
    .help = "name an outsourced watch: where its sensors read, how soon it has to call", .options = SOC_OPTIONS,
    .size = sizeof(struct soc_args), .run = define};
const struct cli_command COMMAND_RULE_SOC_DROP = {
    .name = "rule soc-drop", .args = "NAME", .args_min = 1, .args_max = 1,
    .help = "forget an outsourced watch; what was sent to it stays listed", .options = ONLY_DATA,
    .size = sizeof(struct soc_args), .run = forget};
const struct cli_command COMMAND_RULE_SOC_SEND = {
    .name = "rule soc-send", .args = "NAME RULE", .args_min = 2, .args_max = 2,
    .help = "put the simulated events of a rule before its sensors and wait for the call",
    .text = "The lines are those the rule brings along, followed by one that says they were simulated and gives the word by\n"
            "which the call is recognised. Until it was typed in (rule soc-answer, or on the page) it is waited for; late or\n"
            "no call is red.\n",
    .options = ONLY_DATA, .size = sizeof(struct soc_args), .run = send_canary};
const struct cli_command COMMAND_RULE_SOC_ANSWER = {
    .name = "rule soc-answer", .args = "WORD", .args_min = 1, .args_max = 1, .help = "the call came: who took it, what was said",
    .options = ANSWER_OPTIONS, .size = sizeof(struct soc_args), .run = answer};
const struct cli_command COMMAND_RULE_SOC_LIST = {
    .name = "rule soc-list", .help = "what was sent to outsourced watches, and whether they called",
    .text = "Ends with 1 when a call was late or did not come.\n", .options = ONLY_DATA, .size = sizeof(struct soc_args),
    .run = list};

/* `kizuki rule except | suppress | exceptions | unexcept | unsuppress`: what is not to be told, by whom it
 * was decided and until when. Both show first what they would have hidden on the stored logs; --add keeps
 * them. */
#include "app/cli/command.h"
#include "app/common/rule_preview.h"
#include "app/engine/overlay.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"

#include <unistd.h>

enum { OUT_MAX = 16 * 1024 * 1024, FIELDS_MAX = 16 };

struct except_args {
    const char *data, *owner, *until, *reason, *span;
    struct cli_list where;
    bool add, whole;
};

struct work {
    struct config *config;
    struct rule_preview preview;
};

static int begin(struct work *w, const char *data, struct diag *err) {
    *w = (struct work){0};
    int r = config_load(data, NULL, &w->config, err);
    return r < 0 ? r : rule_preview_open(w->config, &w->preview, err);
}

static int end(struct work *w, int r, const struct diag *d) {
    rule_preview_done(&w->preview);
    config_free(w->config);
    return r < 0 ? command_failed(d) : 0;
}

/* ---- what it would have hidden ---- */

static void print_hidden(void *ctx, const char *words) {
    buf_printf(ctx, "    hidden: %s\n", words);
}

static int print_preview(const struct rule_preview *p, struct diag *err) {
    const struct backtest *was = &p->was, *is = &p->is;
    struct buf out;
    char from[TIME_ISO_CAP], to[TIME_ISO_CAP];
    buf_init(&out, OUT_MAX);
    if (was->first_ns == TIME_NONE) {
        buf_add_z(&out, "no stored logs to try it on\n");
    } else {
        buf_printf(&out, "on stored logs, %s to %s (%llu events, %.1f s):\n",
                   time_format_iso_offset(was->first_ns, TIME_JST_OFFSET_MIN, 0, from),
                   time_format_iso_offset(was->last_ns, TIME_JST_OFFSET_MIN, 0, to),
                   (unsigned long long) was->events, was->wall_s + is->wall_s);
        buf_printf(&out, "  %llu events hidden, %llu findings held back\n", (unsigned long long) is->hidden_events,
                   (unsigned long long) (is->held_back + is->hidden_findings));
        for (struct map_slot *s = NULL; (s = map_next(&was->by_rule, s));) {
            const struct backtest_rule *a = s->value.ptr, *b = backtest_rule(is, s->key);
            if (!rule_preview_touches(p, s->key))
                continue;
            buf_add_z(&out, "  ");
            text_escape_controls(&out, a->title);
            buf_printf(&out, ": %llu findings, %llu would be left\n", (unsigned long long) a->findings,
                       (unsigned long long) (b ? b->findings : 0));
            rule_preview_hidden(p, a, print_hidden, &out);
        }
    }
    int r = file_write_all(1, buf_str(&out));
    buf_done(&out);
    return r < 0 ? diag_set(err, r, "cannot write: %s", err_word(r)) : 0;
}

/* ---- except ---- */

static int read_fields(const struct except_args *a, struct exception_field *fields, struct diag *err) {
    if (a->where.n > FIELDS_MAX)
        return diag_set(err, -EINVAL, "at most %d --where", FIELDS_MAX);
    for (size_t i = 0; i < a->where.n; i++) {
        struct str s = str_of(a->where.p[i]);
        ptrdiff_t eq = str_find_byte(s, '=', 0);
        if (eq <= 0)
            return diag_set(err, -EINVAL, "--where wants FIELD=VALUE, not '%s'", a->where.p[i]);
        fields[i] = (struct exception_field){str_to(s, (size_t) eq), str_from(s, (size_t) eq + 1)};
    }
    return 0;
}

static int keep(struct work *w, const struct exception_made *x, const struct suppression_made *s, struct diag *err) {
    int lock = rulesets_lock(w->config->data, err);
    if (lock < 0)
        return lock;
    int r = x ? exception_add(w->config->data, x, err) : suppression_add(w->config->data, s, err);
    if (r == 0)
        r = rulesets_tell(w->config->data, err);
    close(lock);
    if (r == 0)
        printf("kept: %s\n", x ? x->id : "the sensor holds repeats back from now on");
    return r;
}

static int say_how(void) {
    printf("nothing was changed; the same with --add keeps it\n");
    return 0;
}

static int except_with(struct work *w, const struct except_args *a, const char *name, struct diag *err) {
    struct exception_field fields[FIELDS_MAX];
    const struct detect_rule *rule;
    int64_t now = time_now_ns();
    int r = rule_preview_find(&w->preview, str_of(name), &rule, err);
    if (r < 0 || (r = read_fields(a, fields, err)) < 0)
        return r;
    struct exception_made x = {.fields = fields, .n_fields = a->where.n, .whole = a->whole, .owner = str_of(a->owner), .reason = str_of(a->reason)};
    exception_of_rule(&x, rule);
    if ((r = exception_until(str_of(a->until), now, &x.until_ns, err)) < 0 || (r = exception_check(&x, now, err)) < 0)
        return r;
    r = rule_preview_exception(&w->preview, rule, &x, NULL, err);
    if (r == 0)
        r = print_preview(&w->preview, err);
    return r < 0 ? r : a->add ? keep(w, &x, NULL, err) : say_how();
}

static int except(void *settings, unsigned n_args UNUSED, char **args) {
    const struct except_args *a = settings;
    struct work w;
    struct diag d = {0};
    int r = begin(&w, a->data, &d);
    if (r == 0)
        r = except_with(&w, a, args[0], &d);
    return end(&w, r, &d);
}

/* ---- suppress ---- */

static int suppress_with(struct work *w, const struct except_args *a, const char *name, struct diag *err) {
    const struct detect_rule *rule;
    int r = rule_preview_find(&w->preview, str_of(name), &rule, err);
    if (r < 0)
        return r;
    struct suppression_made s = {rule->id, str_of(a->span), str_of(a->owner), str_of(a->reason)};
    r = suppression_check(&s, err);
    if (r == 0)
        r = rule_preview_suppression(&w->preview, rule, &s, NULL, err);
    if (r == 0)
        r = print_preview(&w->preview, err);
    return r < 0 ? r : a->add ? keep(w, NULL, &s, err) : say_how();
}

static int suppress(void *settings, unsigned n_args UNUSED, char **args) {
    const struct except_args *a = settings;
    struct work w;
    struct diag d = {0};
    int r = begin(&w, a->data, &d);
    if (r == 0)
        r = suppress_with(&w, a, args[0], &d);
    return end(&w, r, &d);
}

/* ---- list and remove ---- */

static void print_exception(const struct overlay_exception *x, const struct detect_rules *set, struct buf *out) {
    char until[TIME_ISO_CAP];
    buf_printf(out, "%.*s  until %s%s  by ", STR_ARG(x->rule->id),
               time_format_iso_offset(x->until_ns, TIME_JST_OFFSET_MIN, 0, until),
               x->until_ns <= time_now_ns() ? " (ended)" : "");
    text_escape_controls(out, x->owner);
    buf_add_z(out, ": ");
    text_escape_controls(out, x->reason);
    buf_add_byte(out, '\n');
    for (uint32_t i = 0; i < x->n_targets; i++) {
        buf_add_z(out, "    hides from: ");
        text_escape_controls(out, set->rules[x->targets[i]]->title);
        buf_add_byte(out, '\n');
    }
}

static int list_all(struct work *w, struct diag *err) {
    const struct overlay *o = engine_overlay(w->preview.engine);
    struct buf out;
    size_t n, m;
    buf_init(&out, OUT_MAX);
    const struct overlay_exception *xs = overlay_exceptions(o, &n);
    for (size_t i = 0; i < n; i++)
        print_exception(&xs[i], engine_rules(w->preview.engine), &out);
    const struct overlay_suppression *ss = overlay_suppressions(o, &m);
    for (size_t i = 0; i < m; i++) {
        buf_printf(&out, "repeats held back for %lld s  by ", (long long) (ss[i].for_ns / NS_PER_S));
        text_escape_controls(&out, ss[i].owner);
        buf_add_z(&out, ": ");
        text_escape_controls(&out, ss[i].rule->title);
        buf_add_z(&out, "  (");
        text_escape_controls(&out, ss[i].reason);
        buf_add_z(&out, ")\n");
    }
    if (!n && !m)
        buf_add_z(&out, "no exceptions, and no repeats held back\n");
    int r = file_write_all(1, buf_str(&out));
    buf_done(&out);
    return r < 0 ? diag_set(err, r, "cannot write: %s", err_word(r)) : 0;
}

static int exceptions(void *settings, unsigned n_args UNUSED, char **args UNUSED) {
    const struct except_args *a = settings;
    struct work w;
    struct diag d = {0};
    int r = begin(&w, a->data, &d);
    if (r == 0)
        r = list_all(&w, &d);
    return end(&w, r, &d);
}

static int remove_one(const char *data, int (*fn)(const char *data, struct str what, struct diag *err), const char *what) {
    struct config *c = NULL;
    struct diag d = {0};
    int r = config_load(data, NULL, &c, &d), lock = -1;
    if (r == 0 && (r = lock = rulesets_lock(c->data, &d)) >= 0)
        r = fn(c->data, str_of(what), &d);
    if (r == 0)
        r = rulesets_tell(c->data, &d);
    if (lock >= 0)
        close(lock);
    config_free(c);
    if (r < 0)
        return command_failed(&d);
    printf("%s is removed\n", what);
    return 0;
}

static int unexcept(void *settings, unsigned n_args UNUSED, char **args) {
    return remove_one(((struct except_args *) settings)->data, exception_remove, args[0]);
}
static int unsuppress(void *settings, unsigned n_args UNUSED, char **args) {
    return remove_one(((struct except_args *) settings)->data, suppression_remove, args[0]);
}

#define OPT(n, k, v, member, h) {.name = n, .kind = k, .value = v, .at = offsetof(struct except_args, member), .help = h}
#define DATA_ROW OPT("data", CLI_STRING, "DIR", data, "data folder (/var/lib/kizuki as root, ~/.local/share/kizuki else)")
#define OWNER_ROW OPT("owner", CLI_STRING, "NAME", owner, "who answers for it")
#define REASON_ROW OPT("reason", CLI_STRING, "TEXT", reason, "why, for whoever asks later")
#define ADD_ROW OPT("add", CLI_FLAG, NULL, add, "keep it; without this only what it would have hidden is shown")

static const struct cli_option EXCEPT_OPTIONS[] = {
    OPT("all", CLI_FLAG, NULL, whole, "hide whatever the rule says, in place of --where: it is switched off until then"),
    OPT("where", CLI_LIST, "FIELD=VALUE", where, "what to hide; all of them must hold (repeat for more; FIELD|cidr and the like work)"),
    OPT("until", CLI_STRING, "DATE", until, "its last day (2027-01-31), or a span from now (30d)"),
    OWNER_ROW, REASON_ROW, ADD_ROW, DATA_ROW, {0}};
static const struct cli_option SUPPRESS_OPTIONS[] = {
    OPT("for", CLI_STRING, "SPAN", span, "how long after a finding others of the same group are held back (24h)"),
    OWNER_ROW, REASON_ROW, ADD_ROW, DATA_ROW, {0}};
static const struct cli_option ONLY_DATA[] = {DATA_ROW, {0}};

const struct cli_command COMMAND_RULE_EXCEPT = {
    .name = "rule except", .args = "RULE", .args_min = 1, .args_max = 1,
    .help = "hide from a rule what is known to be harmless, until a day",
    .text = "Shows what it would have hidden on the stored logs, and keeps it with --add. An exception has an owner, a\n"
            "reason and an end (at most a year). For a correlation the fields are those it groups by.\n",
    .options = EXCEPT_OPTIONS, .size = sizeof(struct except_args), .run = except};
const struct cli_command COMMAND_RULE_SUPPRESS = {
    .name = "rule suppress", .args = "RULE", .args_min = 1, .args_max = 1,
    .help = "hold back repeats of a finding of the same group, and count them",
    .text = "Only findings of the same rule and the same group (address, account, host…) are repeats of each other. The\n"
            "next finding that is told says how many were held back.\n",
    .options = SUPPRESS_OPTIONS, .size = sizeof(struct except_args), .run = suppress};
const struct cli_command COMMAND_RULE_EXCEPTIONS = {
    .name = "rule exceptions", .help = "exceptions and what is held back, with owners and ends", .options = ONLY_DATA,
    .size = sizeof(struct except_args), .run = exceptions};
const struct cli_command COMMAND_RULE_UNEXCEPT = {
    .name = "rule unexcept", .args = "ID", .args_min = 1, .args_max = 1, .help = "end an exception now",
    .options = ONLY_DATA, .size = sizeof(struct except_args), .run = unexcept};
const struct cli_command COMMAND_RULE_UNSUPPRESS = {
    .name = "rule unsuppress", .args = "RULE", .args_min = 1, .args_max = 1, .help = "tell repeats of this rule again",
    .options = ONLY_DATA, .size = sizeof(struct except_args), .run = unsuppress};

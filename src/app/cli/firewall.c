/* `kizuki firewall`: what a configuration of a packet filter lets through that another did not. Here: options and the answer in words;
 * the work is src/firewall. */
#include "app/cli/command.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "firewall/firewall.h"

enum { SAME = 0, DIFFERENT = 1, TROUBLE = 2, SPACES_SHOWN = 4, ENTRIES_SHOWN = 6 };

struct firewall_args {
    const char *kind;
    struct cli_list outside, inside, own;
};

struct reading {
    struct arena a;
    struct firewall *f[2];
    enum firewall_kind kind;
    struct diag err;
};

static int trouble(const struct diag *d) {
    (void) command_failed(d);
    return TROUBLE;
}

static int read_one(struct reading *x, const struct firewall_args *args, size_t i, const char *path) {
    struct str text;
    int r = file_read(&x->a, path, FIREWALL_BYTES_MAX, &text, &x->err);
    if (r < 0)
        return r;
    int kind = args->kind ? firewall_kind_from_string(str_of(args->kind)) : firewall_kind_of(text);
    if (kind < 0)
        return diag_set_at(&x->err, kind, path, 0, 0, args->kind ? "there is no kind '%s'" : "this is no configuration of a kind that is known%s",
                           args->kind ? args->kind : "; name it with --kind");
    if (i > 0 && (enum firewall_kind) kind != x->kind)
        return diag_set_at(&x->err, -EINVAL, path, 0, 0, "this one is of '%s', the other of '%s'", firewall_kind_to_string((enum firewall_kind) kind),
                           firewall_kind_to_string(x->kind));
    x->kind = (enum firewall_kind) kind;
    r = firewall_read(&x->a, x->kind, text, &x->f[i], &x->err);
    if (r < 0)
        snprintf(x->err.file, sizeof x->err.file, "%s", path);
    return r;
}

static void show_unread(const struct firewall *f, const char *path) {
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < f->n_unread; i++) {
        buf_printf(&b, "%s:%u: not understood, so left out: ", path, f->unread[i].line);
        text_escape_controls(&b, str_to(f->unread[i].text, 300));
        buf_add_byte(&b, '\n');
    }
    fputs(buf_z(&b), stderr);
    buf_done(&b);
}

/* ---- words ---- */

static const char *const words[FIREWALL_WHATS] = {
    [FIREWALL_OPENED] = "opened", [FIREWALL_CLOSED] = "closed", [FIREWALL_RULE_NEW] = "new, changes nothing", [FIREWALL_RULE_GONE] = "gone",
    [FIREWALL_FORWARD_NEW] = "now led to", [FIREWALL_FORWARD_GONE] = "no longer led to",
};

static void add_rule(struct buf *b, const char *when, const struct firewall_rule *r) {
    struct str s = r ? (r->text.n ? r->text : r->name) : STR("whatever no rule decides");
    buf_printf(b, "      %s: ", when);
    text_escape_controls(b, str_to(s, 300));
    if (r && r->condition.n) {
        buf_add_z(b, "  (only with: ");
        text_escape_controls(b, str_to(r->condition, 200));
        buf_add_z(b, ")");
    }
    buf_add_byte(b, '\n');
}

static void add_change(struct buf *b, const struct reading *x, const struct firewall_change *c) {
    static const char *const reach[] = {"", " from outside", " to ANYBODY, everything"};
    buf_printf(b, "%s%s", words[c->what], c->what == FIREWALL_OPENED ? reach[c->reach] : "");
    if (c->path) {
        buf_add_z(b, "  ");
        text_escape_controls(b, c->path->name);
    }
    buf_add_byte(b, '\n');
    if (c->forward.n) {
        buf_add_z(b, "      ");
        text_escape_controls(b, c->forward);
        buf_add_byte(b, '\n');
    }
    for (size_t i = 0; i < c->spaces.n && i < SPACES_SHOWN; i++) {
        buf_add_z(b, "      ");
        firewall_write_space(&c->spaces.at[i], x->f[0], x->f[1], ENTRIES_SHOWN, b);
        buf_add_byte(b, '\n');
    }
    if (c->spaces.n > SPACES_SHOWN)
        buf_printf(b, "      and %zu parts more\n", c->spaces.n - SPACES_SHOWN);
    if (c->what == FIREWALL_OPENED || c->what == FIREWALL_CLOSED) {
        add_rule(b, "before", c->was);
        add_rule(b, "now   ", c->is);
    } else if (c->was || c->is)
        add_rule(b, "rule  ", c->was ? c->was : c->is);
}

static int names_of(struct arena *a, const struct cli_list *l, const struct str **ret) {
    struct str *s = arena_alloc(a, (l->n + 1) * sizeof *s);
    if (!s)
        return -ENOMEM;
    for (size_t i = 0; i < l->n; i++)
        s[i] = str_of(l->p[i]);
    *ret = s;
    return 0;
}

static int ground_of(struct reading *x, const struct firewall_args *args, struct firewall_ground *ret) {
    struct span *own = arena_alloc(&x->a, (args->own.n + 1) * sizeof *own);
    struct ip_prefix p;
    int r = own ? names_of(&x->a, &args->outside, &ret->outside) : -ENOMEM;
    if (r == 0)
        r = names_of(&x->a, &args->inside, &ret->inside);
    ret->n_outside = args->outside.n;
    ret->n_inside = args->inside.n;
    for (size_t i = 0; r == 0 && i < args->own.n; i++) {
        if (ip_prefix_parse(str_of(args->own.p[i]), &p) < 0)
            return diag_set(&x->err, -EINVAL, "--own wants networks such as 192.0.2.0/24, not '%s'", args->own.p[i]);
        own[i] = span_of_prefix(&p);
    }
    if (r == 0)
        ret->own = spans_of(own, args->own.n);
    return r;
}

static int compare(struct reading *x, const struct firewall_args *args, char **paths) {
    struct firewall_ground ground = {0};
    struct firewall_changes changes;
    struct buf b;
    int r = 0;
    for (size_t i = 0; r == 0 && i < 2; i++)
        r = read_one(x, args, i, paths[i]);
    if (r == 0)
        r = ground_of(x, args, &ground);
    if (r == 0 && (r = firewall_compare(&x->a, x->f[0], x->f[1], &ground, &changes)) < 0)
        r = diag_set(&x->err, r, "the two cannot be compared: %s", err_word(r));
    if (r < 0)
        return trouble(&x->err);
    show_unread(x->f[1], paths[1]);
    buf_init(&b, 16 << 20);
    for (size_t i = 0; i < changes.n; i++)
        add_change(&b, x, &changes.at[i]);
    if (changes.at_least)
        buf_add_z(&b, "There is more: not everything could be compared piece by piece.\n");
    if (!changes.n && !changes.at_least)
        buf_add_z(&b, "Both let the same through.\n");
    r = buf_error(&b) ? buf_error(&b) : file_write_all(1, buf_str(&b));
    buf_done(&b);
    return r < 0 ? TROUBLE : changes.n || changes.at_least ? DIFFERENT : SAME;
}

static int firewall_compare_main(void *settings, unsigned n_args UNUSED, char **args) {
    struct reading x = {0};
    arena_init(&x.a, FIREWALL_ARENA_MAX);
    int r = compare(&x, settings, args);
    arena_done(&x.a);
    return r;
}

static const struct cli_option options[] = {
    {.name = "kind", .kind = CLI_STRING, .value = "KIND", .at = offsetof(struct firewall_args, kind), .help = "nftables, iptables, fortigate, panos, asa or yamaha; usually seen by itself"},
    {.name = "outside", .kind = CLI_LIST, .value = "ZONE", .at = offsetof(struct firewall_args, outside), .help = "a zone or interface on the outside, wan* for several (repeat for more)"},
    {.name = "inside", .kind = CLI_LIST, .value = "ZONE", .at = offsetof(struct firewall_args, inside), .help = "one on the inside"},
    {.name = "own", .kind = CLI_LIST, .value = "NET", .at = offsetof(struct firewall_args, own), .help = "public addresses that are ours"},
    {0},
};

const struct cli_command COMMAND_FIREWALL_COMPARE = {
    .name = "firewall compare",
    .args = "BEFORE NOW",
    .args_min = 2,
    .args_max = 2,
    .help = "tell what a packet filter lets through now and did not before",
    .text = "BEFORE and NOW are what `nft -j list ruleset`, iptables-save or a device prints (docs/firewall.md). They are compared by\n"
            "meaning: renamed objects, comments, counters and an order that changes nothing are no difference. The exit status is 0\n"
            "when both let the same through, 1 when they do not, 2 when one cannot be read.",
    .options = options,
    .size = sizeof(struct firewall_args),
    .run = firewall_compare_main,
};

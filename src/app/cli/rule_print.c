/* What a new version of a rule set would change, in words (common/rule_judge.h judges). */
#include "app/cli/rule_print.h"

#include "base/file.h"
#include "base/text.h"

enum { ROWS_SHOWN = 20, OUT_MAX = 16 * 1024 * 1024 };

static void print_row(const struct rule_judged *j, const struct rule_change_row *row, bool lines, struct buf *out) {
    const struct detect_rule *r = row->after ? row->after : row->before;
    buf_printf(out, "  %-8s", rule_change_word(row->kind));
    text_escape_controls(out, r->title);
    buf_add_z(out, "  (");
    text_escape_controls(out, r->id);
    buf_add_z(out, r->author.n ? ", " : "");
    text_escape_controls(out, r->author);
    buf_add_z(out, ")");
    if (j->tested)
        buf_printf(out, "  findings %llu -> %llu", (unsigned long long) rule_judged_findings(&j->was, r->id),
                   (unsigned long long) rule_judged_findings(&j->is, r->id));
    buf_add_byte(out, '\n');
    if (row->kind == RULE_CHANGED && lines) {
        struct buf diff;
        struct str rest, line;
        buf_init(&diff, 65536);
        rule_change_lines(row->before->text, row->after->text, RULE_JUDGED_LINES, &diff);
        rest = buf_str(&diff);
        while (str_split(&rest, '\n', &line))
            if (line.n) {
                buf_add_z(out, "      ");
                text_escape_controls(out, line);
                buf_add_byte(out, '\n');
            }
        buf_done(&diff);
    }
}

static void print_rows(const struct rule_judged *j, bool lines, struct buf *out) {
    size_t left = ROWS_SHOWN;
    for (int pass = 0; pass < 4; pass++)
        for (size_t i = 0; i < j->change.n && left; i++)
            if (rule_judged_rank(j, &j->change.rows[i]) == pass && left--)
                print_row(j, &j->change.rows[i], lines, out);
    if (j->change.n > ROWS_SHOWN)
        buf_printf(out, "  … and %zu more\n", j->change.n - ROWS_SHOWN);
}

struct printing {
    struct buf *out;
    size_t cut; /* bytes of the path that say nothing to a reader */
};

static void print_refused(void *ctx, const struct diag *d) {
    char line[1024];
    struct printing *p = ctx;
    buf_add_z(p->out, "  refused ");
    buf_add_z(p->out, diag_format(d, line, sizeof line) + p->cut);
    buf_add_byte(p->out, '\n');
}

static void print_backtest(const struct rule_judged *j, struct buf *out) {
    char from[TIME_ISO_CAP], to[TIME_ISO_CAP];
    if (!j->tested) {
        buf_add_z(out, j->change.n ? "no stored logs to try it on\n" : "");
        return;
    }
    buf_printf(out, "on stored logs, %s to %s (%llu events): %llu findings by the rules concerned before, %llu after; %.1f s\n",
               time_format_iso_offset(j->is.first_ns, TIME_JST_OFFSET_MIN, 0, from),
               time_format_iso_offset(j->is.last_ns, TIME_JST_OFFSET_MIN, 0, to), (unsigned long long) j->is.events,
               (unsigned long long) rule_judged_touched(&j->was, &j->change),
               (unsigned long long) rule_judged_touched(&j->is, &j->change), j->was.wall_s + j->is.wall_s);
}

int rule_judged_print(const struct rule_judged *j, const struct ruleset *draft, bool lines, struct diag *reterr) {
    struct buf out;
    buf_init(&out, OUT_MAX);
    buf_printf(&out, "%.*s: %u rules loaded, %u refused; licence: ", STR_ARG(draft->name), j->loaded, j->refused);
    if (draft->licence.n)
        text_escape_controls(&out, draft->licence);
    else
        buf_add_z(&out, "not stated (--licence TEXT says it)");
    buf_add_byte(&out, '\n');
    struct printing p = {&out, strlen(draft->dir) + strlen("/files/")};
    rule_judged_each_refused(j, draft->dir, print_refused, &p);
    if (j->change.n)
        buf_printf(&out, "%zu new, %zu changed, %zu gone\n", j->change.n_new, j->change.n_changed, j->change.n_gone);
    else
        buf_add_z(&out, "nothing changes\n");
    print_rows(j, lines, &out);
    print_backtest(j, &out);
    int r = buf_error(&out);
    if (r == 0)
        r = file_write_all(1, buf_str(&out));
    buf_done(&out);
    return r < 0 ? diag_set(reterr, r, "cannot write: %s", err_word(r)) : 0;
}

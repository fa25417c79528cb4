/* Indicators for the pages: the searcher reads what is sent and keeps it, because it reads hostile bytes and holds nothing
 * a flaw could reach. One file is looked at at a time; what it would bring waits until it is taken or another comes.
 *
 *   {"op":"indicators_preview", "text" or "file" (below DATA/incoming, removed), "name", "by", "source"?, "tlp"?, "format"?,
 *    "columns"?, "confidence"?, "until_ms"?}      {"preview":N, "format", "new", "known", "refused_total", "refused":[…], …}
 *   {"op":"indicators_take", "preview":N}         {"import":N}
 *   {"op":"indicators_remove", "import":N}        {}
 *   {"op":"indicators_imports"}                   {"imports":[…], "alive":N, "ended":N}
 *   {"op":"indicators_list", "from":N, "text", "ended":bool, "now_ms":N, "tlp":LABEL}   {"indicators":[…], "next":N or null, "kept_back":N} */
#pragma once
#include "app/common/indicators.h"
#include "base/json.h"

struct shelf {
    const char *data, *content;
    const struct config *config;
    char dir[4096];
    struct indicator_book book;
    bool loaded;
    int64_t changed_ns;
    struct indicator_list pending;
    int64_t pending_id, next_id; /* 0: nothing waits */
    enum indicator_format pending_format;
    char pending_name[300], pending_by[128];
};
int shelf_init(struct shelf *s, const struct config *c, const char *content, struct diag *reterr) MUST_USE;
void shelf_done(struct shelf *s);
bool shelf_has_op(struct str op);
/* Members of the result. -ENOENT, -ERR_PARSE, -ERR_LIMIT… with a sentence for people. */
int shelf_ask(struct shelf *s, struct str op, const struct json_value *question, struct jsonw *w, struct diag *reterr) MUST_USE;
/* The set of one import; NULL in *ret: it has none. */
int shelf_set(struct shelf *s, uint32_t import, struct indicator_set **ret, struct diag *reterr) MUST_USE;

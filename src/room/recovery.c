/* See recovery.h. The order is a repeated choice among what could begin; a few hundred systems, so quadratic is fine and plain to read. */
#include "room/recovery.h"

#include "room/case_row.h"
#include "room/directory.h"
#include "room/room_priv.h"

#include <errno.h>

#define DOWN_MAX 500

/* ---- which are down ---- */

struct node {
    const struct directory_system *system; /* NULL: of that name the register knows none */
    struct str name;
    bool back, placed, looped;
    int weight;     /* importance, with what stands on it */
    size_t carries; /* how many of those that are down stand on it */
};
struct order {
    struct room_directory *d;
    struct arena a;
    struct node *nodes;
    size_t n;
};

static int read_down(struct room *r, int64_t incident, struct order *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    x->nodes = arena_zalloc(&x->a, DOWN_MAX * sizeof *x->nodes);
    int e = x->nodes ? sql_query(r->db, &st, err, "SELECT name, state FROM case_row WHERE incident_id = ?1 AND kind = 'stage' ORDER BY id LIMIT ?2", "ii", incident, (int64_t) DOWN_MAX)
                     : -ENOMEM;
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        struct node *n = &x->nodes[x->n++];
        n->name = arena_dup(&x->a, sql_str(st, 0));
        n->back = str_eq_z(sql_str(st, 1), "back");
        n->system = room_directory_system(x->d, n->name);
    }
    return MIN(e, 0);
}

static struct node *node_of(const struct order *x, const struct directory_system *s) {
    for (size_t i = 0; s && i < x->n; i++)
        if (x->nodes[i].system == s)
            return &x->nodes[i];
    return NULL;
}

/* ---- weights ---- */

static int own_weight(const struct directory_system *s) {
    static const char *const words[] = {"low", "medium", "high"};
    for (int i = 0; s && i < (int) ARRAY_SIZE(words); i++)
        if (str_eq_z(s->importance, words[i]))
            return i + 1;
    return 0; /* nobody said */
}

/* A base is as important as what stands on it, also through systems that are up themselves. */
static int weigh(struct order *x, struct diag *err) {
    for (size_t i = 0; i < x->n; i++) {
        struct node *n = &x->nodes[i];
        const struct directory_stop *stops;
        size_t m;
        n->weight = own_weight(n->system);
        int e = n->system ? room_directory_stops(x->d, &n->system, 1, &stops, &m, err) : 0;
        for (size_t k = 0; e == 0 && n->system && k < m; k++) {
            n->weight = MAX(n->weight, own_weight(stops[k].system));
            n->carries += stops[k].depth > 0 && node_of(x, stops[k].system) != NULL;
        }
        if (e < 0)
            return e;
    }
    return 0;
}

/* ---- the order ---- */

/* A base that is down, not back and not placed before: the node it waits for. Through systems that are not down in the case, too. */
static const struct node *waits_for(const struct order *x, const struct directory_system *s, size_t depth) {
    for (size_t i = 0; s && depth < 32 && i < s->n_depends; i++) {
        const struct node *n = node_of(x, s->depends[i]);
        if (n && !n->back && !n->placed)
            return n;
        const struct node *deeper = n ? NULL : waits_for(x, s->depends[i], depth + 1);
        if (deeper)
            return deeper;
    }
    return NULL;
}

static bool goes_before(const struct node *a, const struct node *b) {
    if (a->weight != b->weight)
        return a->weight > b->weight;
    if (a->carries != b->carries)
        return a->carries > b->carries;
    return str_cmp(a->name, b->name) < 0;
}

static struct node *next(const struct order *x) {
    struct node *best = NULL;
    for (size_t i = 0; i < x->n; i++) {
        struct node *n = &x->nodes[i];
        if (!n->placed && !n->back && !waits_for(x, n->system, 0) && (!best || goes_before(n, best)))
            best = n;
    }
    return best;
}

static void write_node(const struct order *x, const struct node *n, struct jsonw *w) {
    static const char *const words[] = {"unknown", "low", "medium", "high"};
    jsonw_object(w);
    jsonw_kstr(w, "name", n->name);
    jsonw_kbool(w, "known", n->system != NULL);
    jsonw_kz(w, "weight", words[n->weight]);
    jsonw_key(w, STR("stands_on"));
    jsonw_array(w);
    for (size_t i = 0; n->system && i < n->system->n_depends; i++)
        jsonw_str(w, n->system->depends[i]->name);
    jsonw_end(w);
    jsonw_key(w, STR("waits_for"));
    jsonw_array(w);
    for (size_t i = 0; n->system && i < n->system->n_depends; i++) {
        const struct node *base = node_of(x, n->system->depends[i]);
        if (base && !base->back)
            jsonw_str(w, base->name);
    }
    jsonw_end(w);
    jsonw_ki64(w, "carries", (int64_t) n->carries);
    jsonw_kbool(w, "back", n->back);
    jsonw_end(w);
}

/* One loop among what is left: from any of them along what it waits for until one comes twice. */
static void write_loop(struct order *x, struct node *from, struct jsonw *w) {
    const struct node *path[DOWN_MAX], *at = from;
    size_t n = 0, begin = 0;
    while (at && n < DOWN_MAX) {
        for (begin = 0; begin < n && path[begin] != at; begin++)
            ;
        if (begin < n)
            break;
        path[n++] = at;
        at = waits_for(x, at->system, 0);
    }
    jsonw_array(w);
    for (size_t i = begin; i < n; i++) {
        jsonw_str(w, path[i]->name);
        node_of(x, path[i]->system)->looped = true;
    }
    jsonw_end(w);
}

static void write_order(struct order *x, struct jsonw *w) {
    jsonw_key(w, STR("order"));
    jsonw_array(w);
    for (struct node *n; (n = next(x));) {
        n->placed = true;
        write_node(x, n, w);
    }
    jsonw_end(w);
    jsonw_key(w, STR("loops"));
    jsonw_array(w);
    for (size_t i = 0; i < x->n; i++)
        if (!x->nodes[i].placed && !x->nodes[i].back && !x->nodes[i].looped && waits_for(x, x->nodes[i].system, 0) && x->nodes[i].system)
            write_loop(x, &x->nodes[i], w);
    jsonw_end(w);
    jsonw_key(w, STR("stuck")); /* in a loop, or behind one */
    jsonw_array(w);
    for (size_t i = 0; i < x->n; i++)
        if (!x->nodes[i].placed && !x->nodes[i].back)
            write_node(x, &x->nodes[i], w);
    jsonw_end(w);
    jsonw_key(w, STR("back"));
    jsonw_array(w);
    for (size_t i = 0; i < x->n; i++)
        if (x->nodes[i].back)
            write_node(x, &x->nodes[i], w);
    jsonw_end(w);
}

/* Everything that is in use, with what it stands on: for the picture, and to choose from. */
static void write_systems(const struct order *x, struct jsonw *w) {
    const struct directory_system *const *all;
    size_t n = room_directory_systems(x->d, &all);
    jsonw_key(w, STR("systems"));
    jsonw_array(w);
    for (size_t i = 0; i < n && i < DOWN_MAX; i++) {
        const struct node *down = node_of(x, all[i]);
        jsonw_object(w);
        jsonw_ki64(w, "id", all[i]->id);
        jsonw_kstr(w, "name", all[i]->name);
        jsonw_kstr(w, "importance", all[i]->importance);
        jsonw_kbool(w, "down", down && !down->back);
        jsonw_key(w, STR("stands_on"));
        jsonw_array(w);
        for (size_t k = 0; k < all[i]->n_depends; k++)
            jsonw_str(w, all[i]->depends[k]->name);
        jsonw_end(w);
        jsonw_end(w);
    }
    jsonw_end(w);
}

int room_recovery_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    struct order x = {0};
    arena_init(&x.a, 4 << 20);
    int e = room_directory_open(r, &x.d, reterr);
    if (e == 0)
        e = read_down(r, incident, &x, reterr);
    if (e == 0)
        e = weigh(&x, reterr);
    jsonw_object(w);
    if (e == 0) {
        write_order(&x, w);
        write_systems(&x, w);
        e = room_case_rows_write(r, incident, STR("stage"), w, reterr);
    }
    jsonw_end(w);
    room_directory_close(x.d);
    arena_done(&x.a);
    return e;
}

/* ---- the gate ---- */

/* What can be counted of a case that stands against closing it; content/cases/rules.yml says what is a condition. What was tightened is none: it ends
 * by itself. */
static const struct {
    const char *name, *sql;
    bool lacks;
} counted[] = {
    {"tasks", "SELECT count(*) FROM task WHERE incident_id = ?1 AND state IN ('waiting','due','doing')"},
    {"acts", "SELECT (SELECT count(*) FROM deed WHERE incident_id = ?1 AND state IN ('sent','in_force','undoing','unsure')) + "
             "(SELECT count(*) FROM action WHERE incident_id = ?1 AND state IN ('approved','sent','in_force'))"},
    {"decisions", "SELECT count(*) FROM decision WHERE incident_id = ?1 AND state <> 'decided' AND kind <> 'reopen'"},
    {"systems", "SELECT count(*) FROM case_row WHERE incident_id = ?1 AND kind = 'stage' AND state <> 'back'"},
    {"copies", "SELECT count(*) FROM case_row WHERE incident_id = ?1 AND kind = 'copy' AND state NOT IN ('destroyed','kept')"},
    {"custody", "SELECT count(*) FROM case_row WHERE incident_id = ?1 AND kind = 'item' AND json_extract(doc, '$.fields.sha256') IS NULL AND "
                "coalesce(json_extract(doc, '$.fields.sealed'), '') = ''"},
    {"messages", "SELECT count(*) FROM message WHERE incident_id = ?1 AND state IN ('waiting','sending')"},
    {"runs", "SELECT count(*) FROM run WHERE incident_id = ?1 AND state IN ('proposed','running')"},
    {"campaigns", "SELECT count(*) FROM campaign WHERE incident_id = ?1 AND state = 'running'"},
    {"duties", "SELECT count(*) FROM obligation WHERE incident_id = ?1 AND state = 'to_do' AND due_at IS NOT NULL"}, /* what has a clock */
    {"publication", "SELECT count(*) FROM promise WHERE incident_id = ?1 AND state = 'open'"}, /* what somebody outside was promised was said */
    {"watch", "SELECT NOT EXISTS (SELECT 1 FROM tightening WHERE incident_id = ?1 AND use = 'watch' AND state = 'in_force')", true}, /* for the same again */
};

bool room_safety_counts(struct str name, struct room_named *ret) {
    for (size_t i = 0; i < ARRAY_SIZE(counted); i++)
        if (str_eq_z(name, counted[i].name)) {
            ret->counts = counted[i].sql;
            ret->lacks = counted[i].lacks;
            return true;
        }
    return false;
}

/* Something was stopped, cut, frozen or taken down, or accounts were entered: a case that only was looked at needs no declaration. */
#define WANTED                                                                                                                      \
    "SELECT EXISTS (SELECT 1 FROM case_row WHERE incident_id = ?1 AND kind IN ('stage','copy')) OR EXISTS (SELECT 1 FROM deed WHERE " \
    "incident_id = ?1 AND in_force_at IS NOT NULL) OR EXISTS (SELECT 1 FROM decision WHERE incident_id = ?1 AND verdict = 'do' AND kind IN "  \
    "('stop','cut','isolate','freeze'))"
#define APPROVED                                                                                                                  \
    "SELECT EXISTS (SELECT 1 FROM decision WHERE incident_id = ?1 AND kind = 'reopen' AND state = 'decided' AND verdict = 'do' AND " \
    "decided_at >= coalesce((SELECT max(updated_at) FROM case_row WHERE incident_id = ?1 AND kind = 'stage'), 0))"

static int ask_number(struct room *r, const char *sql, int64_t incident, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, sql, "i", incident);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

struct standing {
    const struct room_named *at; /* of the case rules */
    size_t n_at;
    int64_t wanted, approved, n[CASE_NAMED_MAX], row[CASE_NAMED_MAX];
    char said[CASE_NAMED_MAX][12]; /* by a person: confirmed, excepted */
};

static int stand(struct room *r, int64_t incident, struct standing *x, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    *x = (struct standing){.at = r->case_rules.closing, .n_at = r->case_rules.n_closing};
    int e = ask_number(r, WANTED, incident, &x->wanted, err);
    if (e == 0)
        e = ask_number(r, APPROVED, incident, &x->approved, err);
    for (size_t i = 0; e == 0 && i < x->n_at; i++)
        e = x->at[i].counts ? ask_number(r, x->at[i].counts, incident, &x->n[i], err) : 0;
    if (e == 0)
        e = sql_query(r->db, &st, err, "SELECT key, state, id FROM case_row WHERE incident_id = ?1 AND kind = 'safety' ORDER BY id", "i", incident);
    while (e >= 0 && (e = sql_step(st, err)) == 1)
        for (size_t i = 0; i < x->n_at; i++)
            if (str_eq(sql_str(st, 0), x->at[i].name)) {
                snprintf(x->said[i], sizeof x->said[i], "%.*s", STR_ARG(sql_str(st, 1)));
                x->row[i] = sql_i64(st, 2);
            }
    return MIN(e, 0);
}

/* What is counted cannot be confirmed away, only excepted with a reason. */
static const char *state_of(const struct standing *x, size_t i) {
    bool excepted = strcmp(x->said[i], "excepted") == 0;
    if (x->at[i].counts && !x->n[i])
        return "met";
    return excepted ? "excepted" : !x->at[i].counts && x->said[i][0] ? "confirmed" : "open";
}

int room_safety_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) {
    struct standing x;
    int e = stand(r, incident, &x, reterr);
    bool ready = true;
    jsonw_object(w);
    jsonw_key(w, STR("conditions"));
    jsonw_array(w);
    for (size_t i = 0; e == 0 && i < x.n_at; i++) {
        const char *state = state_of(&x, i);
        ready &= strcmp(state, "open") != 0;
        jsonw_object(w);
        jsonw_kstr(w, "id", x.at[i].name);
        room_words_write(w, "title", "titles", &x.at[i].title);
        jsonw_kz(w, "state", state);
        jsonw_ki64(w, "n", x.at[i].lacks ? 0 : x.n[i]);
        jsonw_kbool(w, "by_person", !x.at[i].counts);
        jsonw_ki64(w, "row", x.row[i]);
        jsonw_end(w);
    }
    jsonw_end(w);
    jsonw_kbool(w, "wanted", x.wanted != 0);
    jsonw_kbool(w, "ready", ready);
    jsonw_kbool(w, "approved", x.approved != 0);
    if (e == 0)
        e = room_case_rows_write(r, incident, STR("safety"), w, reterr);
    jsonw_end(w);
    return e;
}

int room_safety_check(struct room *r, int64_t incident, struct diag *reterr) {
    char missing[CASE_NAMED_MAX * 42] = "";
    struct standing x;
    int e = stand(r, incident, &x, reterr);
    if (e < 0 || !x.wanted)
        return e;
    for (size_t i = 0; i <= x.n_at; i++) {
        bool open = i == x.n_at ? !x.approved : strcmp(state_of(&x, i), "open") == 0;
        size_t n = strlen(missing);
        if (open)
            snprintf(missing + n, sizeof missing - n, "%s%.*s", n ? " " : "", STR_ARG(i == x.n_at ? STR("approval") : x.at[i].name));
    }
    return missing[0] ? diag_set(reterr, -EPERM, "%s", missing) : 0;
}

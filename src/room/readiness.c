/* See readiness.h. Reading lessons and measures, answering them, keeping the answers; how they make cells: readiness_view.c. */
#include "room/followup_priv.h"

#include "base/yaml.h"

#include <dirent.h>
#include <limits.h>

static const char *const cells[CELL_MAX_] = {"noticed", "handled", "prevented", "practised", "told"};
const char *room_cell_to_string(enum room_cell c) {
    return cells[c];
}

static int cell_of(struct str s, enum room_cell otherwise) {
    for (int i = 0; i < CELL_MAX_; i++)
        if (str_eq_z(s, cells[i]))
            return i;
    return (int) otherwise;
}

/* ---- loading ---- */

static void words_of(const struct yaml_node *of, const char *key, struct str dst[2]) {
    const struct yaml_node *v = yaml_get(of, key);
    dst[0] = dst[1] = STR("");
    if (v && v->kind == YAML_MAPPING) {
        IGNORE(yaml_get_str(v, "ja", &dst[0]));
        IGNORE(yaml_get_str(v, "en", &dst[1]));
    }
}

static int load_measure(struct room_readiness *x, const char *path, struct diag *err) {
    struct yaml_doc *doc = NULL;
    struct str cell = STR(""), none = STR("");
    int e = yaml_parse_file(&x->arena, path, &doc, err);
    if (e < 0)
        return e;
    struct room_measure m = {0};
    const struct yaml_node *root = doc ? doc->root : NULL;
    if (!root || !yaml_get_str(root, "measure", &m.name) || !yaml_get_str(root, "cell", &cell) || !yaml_get_str(root, "none", &none) ||
        !(m.row = measure_row_find(m.name.p, m.name.n)))
        return diag_set(err, -ERR_PARSE, "%s: a measure wants measure, cell and none, and a row of its name", path);
    m.cell = (enum room_cell) cell_of(cell, CELL_PREVENTED);
    m.none = str_eq_z(none, "yes") ? ANSWER_YES : str_eq_z(none, "no") ? ANSWER_NO : ANSWER_UNKNOWN;
    words_of(root, "question", m.question);
    words_of(root, "remedy", m.remedy);
    words_of(root, "step", m.step);
    const struct yaml_node *remedy = yaml_get(root, "remedy");
    m.page = STR("");
    IGNORE(remedy && yaml_get_str(remedy, "page", &m.page));
    e = arena_grow(&x->arena, (void **) &x->measures, &x->measures_cap, x->n_measures + 1, sizeof m);
    if (e == 0)
        x->measures[x->n_measures++] = m;
    return e;
}

static int load_measures(struct room_readiness *x, const char *dir, struct diag *err) {
    DIR *d = opendir(dir);
    int e = d ? 0 : diag_set(err, -errno, "cannot read '%s'", dir);
    for (struct dirent *entry; e == 0 && (entry = readdir(d));) {
        char path[PATH_MAX];
        struct str name = str_of(entry->d_name);
        if (name.n < 5 || !str_eq_z((struct str){name.p + name.n - 4, 4}, ".yml"))
            continue;
        snprintf(path, sizeof path, "%.3000s/%.255s", dir, entry->d_name);
        e = load_measure(x, path, err);
    }
    if (d)
        closedir(d);
    return e;
}

int room_readiness_load(struct room *r, const char *measures, const struct room_readiness_pack *packs, size_t n, struct diag *reterr) {
    struct room_readiness *x = &r->readiness;
    arena_done(&x->arena);
    arena_done(&x->of_packs);
    *x = (struct room_readiness){0};
    arena_init(&x->arena, (size_t) 256 << 20);
    int e = load_measures(x, measures, reterr);
    return e < 0 ? e : room_readiness_take(r, packs, n, reterr);
}

int room_readiness_take(struct room *r, const struct room_readiness_pack *packs, size_t n, struct diag *reterr) {
    struct room_readiness *x = &r->readiness;
    arena_done(&x->of_packs);
    arena_init(&x->of_packs, (size_t) 256 << 20);
    x->n_packs = 0;
    x->packs = arena_zalloc(&x->of_packs, (n + 1) * sizeof *x->packs);
    int e = x->packs ? 0 : -ENOMEM;
    for (size_t i = 0; e == 0 && i < n; i++) {
        struct json_value *root;
        if ((e = json_parse(&x->of_packs, packs[i].whole, &root, reterr)) < 0)
            break;
        struct readiness_pack *p = &x->packs[x->n_packs];
        *p = (struct readiness_pack){.root = root, .digest = packs[i].digest};
        if (json_get_str(root, "id", &p->id))
            x->n_packs++;
    }
    return e;
}

const struct room_measure *room_measure_named(const struct room_readiness *x, struct str name) {
    for (size_t i = 0; i < x->n_measures; i++)
        if (str_eq(x->measures[i].name, name))
            return &x->measures[i];
    return NULL;
}

/* ---- questions of a lesson ---- */

/* Which logs lines of a product are, or what a decoder reads: what has to arrive for the lesson to be noticed here. */
static const struct {
    const char *product, *kind;
} PRODUCTS[] = {{"login_event", "login"}, {"dovecot", "login"}, {"sshd", "login"}, {"nginx_access", "web"}, {"apache_access", "web"}, {"postfix", "mail"},
                {"exchange_trace", "mail"}, {"entra_signin", "signin"}, {"squid", "proxy"}, {"bind", "dns"}, {"dnsmasq", "dhcp"}, {"conntrack", "nat"},
                {"fortigate", "nat"}, {"auditd", "file"}, {"auditbeat", "file"}, {"winlogbeat", "host"}, {"metricbeat", "metric"}, {"asterisk_cdr", "call"}},
  DECODERS[] = {{"login", "login"}, {"access", "web"}, {"iis", "web"}, {"iis_w3c", "web"}, {"entra", "signin"}, {"okta", "signin"}, {"gws", "signin"}, {"m365", "signin"},
                {"netfilter", "nat"}, {"isc_dhcpd", "dhcp"}, {"dhcpd", "dhcp"}, {"windows_dhcp", "dhcp"}};

static const char *kind_of(struct str product) {
    for (size_t i = 0; i < ARRAY_SIZE(PRODUCTS); i++)
        if (str_eq_z(product, PRODUCTS[i].product))
            return PRODUCTS[i].kind;
    return NULL;
}

const char *room_log_of_product(struct str name) {
    for (size_t i = 0; i < ARRAY_SIZE(DECODERS); i++)
        if (str_eq_z(name, DECODERS[i].product))
            return DECODERS[i].kind;
    return kind_of(name);
}

static void implied(const struct room_readiness *x, const char *measure, struct question *q) {
    q->measure = room_measure_named(x, str_of(measure));
    if (!q->measure)
        return;
    q->cell = q->measure->cell;
    q->words[0] = q->measure->question[0];
    q->words[1] = q->measure->question[1];
}

/* A parameter's text as it stands in the lesson. */
static struct str parameter(const struct json_value *parameters, const char *name) {
    const struct json_value *v = parameters ? json_get(parameters, name) : NULL;
    if (!v)
        return STR_NULL;
    return v->type == JSON_TRUE ? STR("1") : v->type == JSON_FALSE ? STR("0") : v->text;
}

static void fill(const struct room_readiness *x, const struct json_value *c, struct question *q) {
    const struct json_value *parameters = json_get(c, "parameters");
    struct str name, cell = STR("");
    IGNORE(json_get_str(c, "id", &q->id));
    IGNORE(json_get_str(c, "ja", &q->words[0]));
    IGNORE(json_get_str(c, "en", &q->words[1]));
    IGNORE(json_get_str(c, "cell", &cell));
    q->attested = !json_get_str(c, "measure", &name);
    q->measure = q->attested ? NULL : room_measure_named(x, name);
    q->cell = (enum room_cell) cell_of(cell, q->measure ? q->measure->cell : q->attested ? CELL_MAX_ : CELL_PREVENTED);
    for (size_t i = 0; q->measure && i < MEASURE_PARAMETERS_MAX && q->measure->row->parameters[i]; i++)
        q->parameters[i] = parameter(parameters, q->measure->row->parameters[i]);
    if (q->measure && str_eq_z(q->measure->name, "authority_settled") && str_eq_z(q->parameters[0], "publish") && !cell.n)
        q->cell = CELL_TOLD;
}

size_t room_questions(const struct room_readiness *x, const struct readiness_pack *p, struct question *dst, size_t cap) {
    const struct json_value *list = json_get(p->root, "controls"), *products = json_get_array(p->root, "products"), *playbook = json_get(p->root, "playbook");
    size_t n = 0;
    list = list ? json_get_array(list, "controls") : NULL;
    for (const struct json_value *v = products ? products->first : NULL; v && n < cap; v = v->next) {
        const char *kind = kind_of(v->text);
        bool known = false;
        for (size_t i = 0; kind && i < n; i++)
            known = known || str_eq_z(dst[i].parameters[0], kind);
        if (!kind || known)
            continue;
        struct question *q = &dst[n++];
        *q = (struct question){.id = STR("arrive"), .parameters = {str_of(kind)}};
        implied(x, "logs_arrive", q);
    }
    for (const struct json_value *c = list ? list->first : NULL; c && n < cap; c = c->next) {
        dst[n] = (struct question){0};
        fill(x, c, &dst[n++]);
    }
    struct str id;
    if (playbook && n < cap && json_get_str(playbook, "id", &id)) {
        struct question *q = &dst[n++];
        *q = (struct question){.id = STR("procedure"), .parameters = {id, STR("365")}};
        implied(x, "procedure_run", q);
    }
    return n;
}

/* ---- measuring ---- */

const char *room_question_key(const struct question *q, char dst[QUESTION_KEY_CAP]) {
    snprintf(dst, QUESTION_KEY_CAP, "%.*s(%.*s,%.*s,%.*s)", STR_ARG(q->measure->name), STR_ARG(q->parameters[0]), STR_ARG(q->parameters[1]), STR_ARG(q->parameters[2]));
    return dst;
}

/* "1", "0.95": a share as a lesson writes it, in hundredths. What is none is all. */
static int64_t per_cent(struct str s) {
    int64_t n = 0;
    if (s.n < 3 || s.n > 4 || s.p[0] != '0' || s.p[1] != '.' || str_to_i64((struct str){s.p + 2, s.n - 2}, &n) < 0)
        return 100;
    return s.n == 3 ? n * 10 : n;
}

static enum room_answer judge(const struct question *q, int64_t good, int64_t total) {
    int64_t enough = 100;
    for (size_t i = 0; q->measure->row->share && i < MEASURE_PARAMETERS_MAX && q->measure->row->parameters[i]; i++)
        if (strcmp(q->measure->row->parameters[i], q->measure->row->share) == 0)
            enough = per_cent(q->parameters[i]);
    return total == 0 ? q->measure->none : good * 100 >= enough * total ? ANSWER_YES : ANSWER_NO;
}

/* p: a query need not use all it is given. */
#define AROUND                                                                                                                          \
    "WITH p AS (SELECT ?1, ?2%s), x(name, ok) AS MATERIALIZED (%s) SELECT coalesce(sum(ok IS 1), 0), count(*), (SELECT json_group_array(name) FROM (SELECT DISTINCT name FROM x " \
    "WHERE ok IS NOT 1 ORDER BY 1 LIMIT 5)) FROM x"

static int measure(struct room *r, const struct room_actor *by, const struct question *q, struct str outside, struct diag *err) {
    static const char *const names[] = {"unknown", "no", "yes"};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct room_write w = {.by = &room_system, .verb = VERB_CREATE, .object = OBJECT_MEASURED, .tlp = TLP_AMBER};
    char text[8192], key[QUESTION_KEY_CAP], types[8] = "is";
    size_t n = 0;
    for (; n < MEASURE_PARAMETERS_MAX && q->measure->row->parameters[n]; n++) {
        int64_t number;
        types[2 + n] = str_to_i64(q->parameters[n], &number) == 0 ? 'i' : 's';
    }
    types[2 + n] = 0;
    if (snprintf(text, sizeof text, AROUND, n == 0 ? "" : n == 1 ? ", ?3" : ", ?3, ?4", q->measure->row->things) >= (int) sizeof text)
        return diag_set(err, -ERR_LIMIT, "the measure '%.*s' is too long", STR_ARG(q->measure->name));
    int64_t v[MEASURE_PARAMETERS_MAX] = {0};
    for (size_t i = 0; i < n; i++)
        IGNORE(str_to_i64(q->parameters[i], &v[i]));
    IGNORE(by);
    int e = room_measure_query(r, &st, err, text, types, &outside, q->parameters, v);
    if (e == 0)
        e = sql_step(st, err);
    if (e < 0)
        return diag_prefix(err, "measure '%.*s'", STR_ARG(q->measure->name));
    int64_t good = sql_i64(st, 0), total = sql_i64(st, 1);
    struct str lacks = sql_str(st, 2), k = str_of(room_question_key(q, key));
    const char *answer = names[judge(q, good, total)];
    int64_t id = 0;
    e = room_measured_id(r, k, &id, err);
    if (e < 0)
        return e;
    w.id = id;
    w.verb = id ? VERB_CHANGE : VERB_CREATE;
    w.version = ROOM_ANY_VERSION;
    return id ? room_write(r, &w, NULL, err, "UPDATE measured SET answer = ?2, good = ?3, total = ?4, lacks = ?5, since = CASE WHEN answer = ?2 THEN since ELSE ?6 END, at = ?6 WHERE id = ?1",
                           "iziisi", id, answer, good, total, &lacks, room_now(r))
              : room_write(r, &w, NULL, err, "INSERT INTO measured(key, answer, good, total, lacks, since, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)", "sziisi", &k, answer, good, total,
                           &lacks, room_now(r));
}

int room_measure_query(struct room *r, struct sql_stmt **st, struct diag *err, const char *text, const char *types, const struct str *outside, const struct str *words,
                       const int64_t *numbers) {
    int64_t now = room_now(r);
    const bool i0 = types[2] == 'i', i1 = types[2] && types[3] == 'i';
    switch (strlen(types) - 2) { /* what a row may have is three at most; each a word or a number */
    case 0:
        return sql_query(r->db, st, err, text, types, now, outside);
    case 1:
        return i0 ? sql_query(r->db, st, err, text, types, now, outside, numbers[0]) : sql_query(r->db, st, err, text, types, now, outside, &words[0]);
    default:
        return i0 && i1   ? sql_query(r->db, st, err, text, types, now, outside, numbers[0], numbers[1])
               : i0       ? sql_query(r->db, st, err, text, types, now, outside, numbers[0], &words[1])
               : i1       ? sql_query(r->db, st, err, text, types, now, outside, &words[0], numbers[1])
                          : sql_query(r->db, st, err, text, types, now, outside, &words[0], &words[1]);
    }
}

int room_measured_id(struct room *r, struct str key, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT id FROM measured WHERE key = ?1", "s", &key);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

/* A question out of its key; false: it is none a machine answers. The parts point into the key. */
static bool question_of_key(const struct room_readiness *x, struct str key, struct question *ret) {
    struct str rest = key, name;
    *ret = (struct question){0};
    if (key.n == 0 || key.p[key.n - 1] != ')' || !str_split(&rest, '(', &name) || !(ret->measure = room_measure_named(x, name)))
        return false;
    rest.n--;
    for (size_t i = 0; i < MEASURE_PARAMETERS_MAX && str_split(&rest, ',', &ret->parameters[i]); i++)
        ;
    return true;
}

/* What is followed up is measured, too, when no lesson asks it. */
static int measure_followed(struct room *r, const struct room_actor *by, struct str outside, struct map *done, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT DISTINCT question FROM followup WHERE state <> 'dropped' AND question LIKE '%(%' LIMIT 1000", "");
    while (e >= 0 && (e = sql_step(st, err)) == 1) {
        union map_value *at;
        struct question q;
        bool fresh;
        if (question_of_key(&r->readiness, sql_str(st, 0), &q) && (e = map_add(done, sql_str(st, 0), &at, &fresh)) == 0 && fresh)
            e = measure(r, by, &q, outside, err);
        if (e < 0)
            return e;
    }
    return MIN(e, 0);
}

/* Each question once, however many lessons ask it. */
static int measure_all(struct room *r, const struct room_actor *by, struct str outside, struct diag *err) {
    struct room_readiness *x = &r->readiness;
    struct question q[QUESTIONS_MAX];
    char key[QUESTION_KEY_CAP];
    struct map done;
    int e = 0;
    map_init(&done, READINESS_PACKS_MAX * QUESTIONS_MAX, 0);
    for (size_t i = 0; e == 0 && i < x->n_packs; i++) {
        size_t n = room_questions(x, &x->packs[i], q, QUESTIONS_MAX);
        for (size_t k = 0; e == 0 && k < n; k++) {
            union map_value *at;
            bool fresh;
            if (!q[k].measure)
                continue;
            e = map_add(&done, str_of(room_question_key(&q[k], key)), &at, &fresh);
            if (e == 0 && fresh)
                e = measure(r, by, &q[k], outside, err);
        }
    }
    if (e == 0)
        e = measure_followed(r, by, outside, &done, err);
    map_done(&done);
    if (e == 0)
        e = room_followups_judge(r, err);
    return e < 0 ? e : room_readiness_day(r, err);
}

int room_readiness_measure(struct room *r, const struct room_actor *by, struct str outside, struct diag *reterr) {
    int e = room_begin(r, reterr);
    if (e < 0)
        return e;
    e = room_end(r, measure_all(r, by, outside, reterr), reterr);
    room_changed(r, "readiness", 0);
    return e;
}

int64_t room_readiness_measured(struct room *r) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    return sql_query(r->db, &st, NULL, "SELECT max(at) FROM measured", "") == 0 && sql_step(st, NULL) == 1 && !sql_is_null(st, 0) ? sql_i64(st, 0) : TIME_NONE;
}

/* ---- what people and replays say ---- */

static const struct readiness_pack *pack_named(const struct room_readiness *x, struct str id) {
    for (size_t i = 0; i < x->n_packs; i++)
        if (str_eq(x->packs[i].id, id))
            return &x->packs[i];
    return NULL;
}

static int check_attest(struct room *r, const struct room_attest *x, struct diag *err) {
    const struct readiness_pack *p = pack_named(&r->readiness, x->pack);
    struct question q[QUESTIONS_MAX];
    size_t n = p ? room_questions(&r->readiness, p, q, QUESTIONS_MAX) : 0, i = 0;
    int64_t now = room_now(r);
    while (i < n && !str_eq(q[i].id, x->control))
        i++;
    if (i == n)
        return diag_set(err, -ENOENT, "no such question");
    if (!q[i].attested)
        return diag_set(err, -EINVAL, "control");
    if (!str_trim(x->evidence).n)
        return diag_set(err, -EINVAL, "evidence");
    return x->until_ns <= now || x->until_ns > now + ATTEST_DAYS_MAX * NS_PER_DAY ? diag_set(err, -EINVAL, "until") : 0;
}

int room_attest_inside(struct room *r, const struct room_actor *by, const struct room_attest *x, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_ATTESTED, .tlp = TLP_AMBER, .owner = by->person};
    int e = check_attest(r, x, err);
    if (e == 0) /* each is a row of its own: what was said before stays */
        e = room_write(r, &w, NULL, err, "INSERT INTO attested(pack, control, answer, evidence, at, until_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", "sszsii", &x->pack, &x->control,
                       x->yes ? "yes" : "no", &x->evidence, room_now(r), x->until_ns);
    room_changed(r, "readiness", 0);
    return e;
}

int room_attest(struct room *r, const struct room_actor *by, const struct room_attest *x, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, room_attest_inside(r, by, x, reterr), reterr);
}

int room_replayed_put(struct room *r, const struct room_replayed *x, struct diag *reterr) {
    struct room_write w = {.by = &room_system, .verb = VERB_CREATE, .object = OBJECT_REPLAYED, .tlp = TLP_GREEN};
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = pack_named(&r->readiness, x->pack) ? 0 : diag_set(reterr, -ENOENT, "no lesson '%.*s'", STR_ARG(x->pack));
    if (e == 0)
        e = sql_query(r->db, &st, reterr, "SELECT 1 FROM replayed WHERE pack = ?1 AND at >= ?2", "si", &x->pack, x->at_ns);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e != 0) /* it is known already */
        return MIN(e, 0);
    if ((e = room_begin(r, reterr)) < 0)
        return e;
    e = room_write(r, &w, NULL, reterr, "INSERT INTO replayed(pack, digest, says, failed, at) VALUES (?1, ?2, ?3, ?4, ?5)", "sssii", &x->pack, &x->digest, &x->says, x->failed, x->at_ns);
    room_changed(r, "readiness", 0);
    return room_end(r, e, reterr);
}

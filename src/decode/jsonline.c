/* JSON lines: one object a line. Names are ECS, nested or dotted; others are kept as they are when
 * a rule asks for them. Three kinds share this reader:
 *
 *   any JSON log        fields as they stand, time from @timestamp or one of its other names
 *   the login event     event.category authentication, event.action login (content/events/login.md)
 *   journalctl -o json  __REALTIME_TIMESTAMP and MESSAGE: read as a journal entry
 *
 * What Kizuki itself derives (kizuki.source.net, kizuki.count, kizuki.decoder …) is never taken
 * from a line; kizuki.ledger.*, .vault.*, .keep.*, .mail.* and .report.* only from the sensor's own source. A line that is not UTF-8 is made readable as a whole first, because a byte of a
 * CP932 character may look like a backslash; if that does not parse, each bad byte alone is
 * replaced. */
#include "decode/json_keys.h"
#include "decode/recipe_priv.h"

_Static_assert(KEY_FIELD == 1, "counts the field");
enum { FIELDS_OF_LINE_MAX = EVENT_FIELDS_MAX - OWN_FIELDS };

struct walk {
    struct decode_job *j;
    struct str text;
    struct json_cursor c;
    struct journal_fields journal;
    struct candidate { /* by rank of the name; lower wins */
        enum json_type type;
        struct str text;
    } times[KEY_TIMES_MAX];
    uint32_t have_times;
    struct recipe_values values; /* under names of decoders written as data */
    bool have_values;
    char *bytes; /* MESSAGE as an array of numbers: bytes that are no text */
    size_t n_bytes, cap_bytes;
};

bool json_recognise(const struct decode_job *j, struct str text) {
    return text.n >= 2 && text.p[0] == '{';
}

static bool read_time(struct walk *w, const struct candidate *c) {
    struct when when = {.t_ns = TIME_NONE};
    if (c->type == JSON_NUMBER ? !when_epoch(c->text, &when) : !when_any(c->text, &when, w->j))
        return false;
    w->j->when = when;
    return true;
}

/* A line may have its time under several names, the best one last: they are noted, and one is read
 * at the end. */
static void note_time(struct walk *w, unsigned rank, enum json_type type, struct str text) {
    struct candidate *c = &w->times[rank];
    /* The same name again counts when the first was no time. */
    if ((w->have_times >> rank & 1) && read_time(w, c))
        return;
    w->have_times |= UINT32_C(1) << rank;
    *c = (struct candidate){type, text};
}

static void take_time(struct walk *w) {
    for (uint32_t m = w->have_times; m; m &= m - 1)
        if (read_time(w, &w->times[__builtin_ctz(m)]))
            return;
}

/* What the header in front said is kept; the message inside is the better one. */
static void put_known(struct decode_job *j, uint32_t id, enum json_type type, struct str text) {
    struct event *ev = j->ev;
    bool there = ev->first[id] != 0;
    switch (id) {
    case EVENT_F_SOURCE_IP:
        if (!there)
            put_source(j, text);
        return;
    case EVENT_F_MESSAGE:
        if (there)
            ev->fields[ev->first[id] - 1].value = text;
        else
            put(j, EVENT_F_MESSAGE, text);
        return;
    case EVENT_F_HOST_NAME:
        if (j->host_put)
            return;
        j->host_put = true;
        break;
    case EVENT_F_PROCESS_NAME:
    case EVENT_F_PROCESS_PID:
        if (there)
            return;
        break;
    default:
        break;
    }
    put_typed(j, id, (uint8_t) type, text);
}

static int take_byte(struct walk *w, struct str number) {
    uint64_t v;
    if (str_to_u64(number, &v) < 0 || v > 255)
        return 0;
    int r = arena_grow(w->j->ev->arena, (void **) &w->bytes, &w->cap_bytes, w->n_bytes + 1, 1);
    if (r < 0)
        return r;
    w->bytes[w->n_bytes++] = (char) v;
    return 0;
}

/* A leaf that is more than a field; false: that is all it was. */
/* What the ledger of sources and our other programs say. A sender may claim to be it; its source may not. What indicators hit is
 * no line's to say but a canary's, which stands for an event that was looked up. */
static int take_ledger(struct decode_job *j, const struct json_key *k, enum json_type type, struct str text) {
    if (!source_is_ours(j->src) || (str_starts(k->path, STR("kizuki.indicator.")) && str_eq_z(j->src->kind, "own")))
        return 0;
    if (!has_room(j))
        return j->err;
    if (k->id)
        return job_grow(j, k->id, (uint8_t) type, text);
    if (j->ev->keep_all)
        put_named(j, k->path, (uint8_t) type, text);
    return j->err;
}

static bool take_special(struct walk *w, const struct json_key *k, enum json_type type,
                         struct str text) {
    struct decode_job *j = w->j;
    if ((k->use & KEY_RECIPE) && (type == JSON_STRING || type == JSON_NUMBER || type == JSON_TRUE || type == JSON_FALSE)) {
        if (!w->have_values)
            recipe_values_begin(&w->values);
        w->have_values = true;
        recipe_note(&w->values, k->slot, text);
    }
    if ((k->use & KEY_TIME) && (type == JSON_STRING || type == JSON_NUMBER))
        note_time(w, k->time_rank, type, text);
    if (k->use & KEY_LEDGER) {
        j->err = take_ledger(j, k, type, text);
        return false;
    }
    if (k->use & KEY_JOURNAL) {
        if (type == JSON_NUMBER && str_eq_z(k->path, "MESSAGE")) {
            j->err = take_byte(w, text);
            return false;
        }
        journal_take(j, &w->journal, k->path, text);
    }
    return true;
}

/* Whether somebody will see what stands behind the key. */
static inline bool is_wanted(const struct decode_job *j, const struct json_key *k) {
    return k->use || UNLIKELY(j->ev->keep_all);
}

/* Out of the loop below, whose few values then stay in registers. */
static __attribute__((noinline)) int take_leaf(struct walk *w, const struct json_key *k) {
    struct decode_job *j = w->j;
    struct event *ev = j->ev;
    enum json_type type = w->c.type;
    struct str text = w->c.value;
    bool escaped = type == JSON_STRING && json_cursor_escaped(&w->c, text);
    /* What a rule asks for may wait; what decides here what the event is may not. */
    bool later = ev->lazy && k->use == KEY_FIELD;
    if (escaped && !later) {
        text = json_unescape(ev->arena, text);
        if (!text.p)
            return -ENOMEM;
        escaped = false;
    }
    if (UNLIKELY(k->use & ~KEY_FIELD) && !take_special(w, k, type, text))
        return j->err;
    if (UNLIKELY(!has_room(j)))
        return j->err;
    if (LIKELY(k->use & KEY_FIELD)) {
        if (UNLIKELY(ev->n >= ev->cap) && event_reserve(ev, 2 * ev->n) < 0)
            return -ENOMEM;
        ev->fields[ev->n++] = (struct event_field){
            .id = k->id, .type = (uint8_t) type, .escaped = escaped, .value = text};
    } else if (k->use & KEY_KNOWN) {
        if (type != JSON_NULL)
            put_known(j, k->id, type, text);
    } else if (k->id == 0 && !k->ours) {
        put_named(j, k->path, (uint8_t) type, text);
    }
    return j->err;
}

/* Forgets what a failed attempt put into the event. */
static void rewind_fields(struct event *ev, uint32_t n) {
    for (size_t id = 0; id < EVENT_F_WELL_KNOWN_MAX_; id++)
        if (ev->first[id] > n)
            ev->first[id] = 0;
    ev->n = n;
}

static bool has(const struct event *ev, uint32_t id, const char *value) {
    for (const struct event_field *f = NULL; (f = event_find(ev, id, f));)
        if (str_eq_z(f->value, value))
            return true;
    return false;
}

/* Says what a login event lacks; without these it cannot be counted. */
static void complete_login(struct decode_job *j) {
    struct event *ev = j->ev;
    j->decoder = STR("login");
    if (!ev->first[EVENT_F_EVENT_TYPE])
        put(j, EVENT_F_EVENT_TYPE, STR("start"));
    if (!ev->first[EVENT_F_SERVICE_NAME] && j->src->service.n)
        put(j, EVENT_F_SERVICE_NAME, j->src->service);
    if (!has(ev, EVENT_F_EVENT_OUTCOME, "success") && !has(ev, EVENT_F_EVENT_OUTCOME, "failure"))
        put_error(j, STR("login event without event.outcome success or failure"));
    else if (!ev->first[EVENT_F_SERVICE_NAME])
        put_error(j, STR("login event without service.name"));
    else if (!ev->first[EVENT_F_SOURCE_IP])
        put_error(j, STR("login event without an address in source.ip"));
    else if (!ev->first[EVENT_F_USER_NAME])
        put_error(j, STR("login event without user.name"));
}

static inline const struct json_key *key_at(struct walk *w, uint32_t *step,
                                            const struct json_key *parent, struct str key) {
    struct json_keys *keys = w->j->keys;
    const struct json_key *k = keys ? json_keys_next(keys, step, parent, key, w->c.end) : NULL;
    return LIKELY(k != NULL)
               ? k
               : json_keys_find(keys, w->j, step, parent, key, json_cursor_escaped(&w->c, key));
}

/* Members that are strings, one behind the other: most of most lines. 0: here something else
 * stands. A field is written whether somebody asks for it or not, and counts only if so: which ones
 * are asked for differs from line to line, and a wrong guess of the processor's costs more than the
 * writing. */
static __attribute__((noinline)) int walk_usual(struct walk *w, uint32_t *step,
                                                const struct json_key *parent) {
    struct json_cursor *c = &w->c;
    struct event *ev = w->j->ev;
    const char *p = c->p;
    uint32_t i = c->i;
    enum json_type type;
    struct str key, value;
    int r = 0;
    while (r == 0 && ev->n < ev->cap && json_cursor_member(c, &p, &i, &key, &type, &value)) {
        const struct json_key *k = key_at(w, step, parent, key);
        if (UNLIKELY(!k)) {
            r = -ENOMEM;
        } else if (LIKELY(!(k->use & ~KEY_FIELD) && ev->lazy && ev->n < FIELDS_OF_LINE_MAX)) {
            ev->fields[ev->n] = (struct event_field){.id = k->id,
                                                     .type = (uint8_t) type,
                                                     .escaped = json_cursor_escaped(c, value),
                                                     .value = value};
            ev->n += k->use; /* KEY_FIELD is 1 */
        } else if (is_wanted(w->j, k)) {
            c->type = type;
            c->value = value;
            r = take_leaf(w, k);
        }
    }
    c->p = p;
    c->i = i;
    return r;
}

static int walk_members(struct walk *w) {
    struct decode_job *j = w->j;
    struct json_cursor *c = &w->c;
    const struct json_key *open[JSON_DEPTH_MAX + 1], *parent;
    uint32_t step = 0;
    int r;
    if (j->keys && (j->keys->full || j->keys->n_names != event_names_count(j->d->names)))
        json_keys_reset(j->keys, j->d);
    parent = j->keys ? &j->keys->root : &json_keys_root;
    for (;;) {
        bool member = c->in_object;
        const struct json_key *k = parent;
        if (member && c->behind && (r = walk_usual(w, &step, parent)) < 0)
            return r;
        r = json_cursor_next(c);
        if (member && r > 0 && r != JSON_CLOSE && !(k = key_at(w, &step, parent, c->key)))
            return -ENOMEM;
        if (LIKELY(r == JSON_LEAF)) {
            if (is_wanted(j, k) && (r = take_leaf(w, k)) < 0)
                return r;
        } else if (r == JSON_OPEN) {
            open[c->depth] = parent = k;
        } else if (r == JSON_CLOSE) {
            parent = c->depth ? open[c->depth] : parent;
        } else {
            j->ev->way = step;
            return r;
        }
    }
}

static int walk(struct walk *w, struct decode_job *j, struct str text) {
    uint32_t n = j->ev->n;
    w->j = j;
    w->text = text;
    w->journal = (struct journal_fields){0};
    w->have_times = 0;
    w->have_values = false;
    w->bytes = NULL;
    w->n_bytes = w->cap_bytes = 0;
    json_cursor_begin(&w->c, text);
    int r = walk_members(w);
    take_time(w);
    if (r >= 0 && w->n_bytes)
        w->journal.message = str_n(w->bytes, w->n_bytes);
    if (r < 0)
        rewind_fields(j->ev, n);
    return r;
}

/* The line once more, for the values only the recipe that was found asks for: most lines have none, and then keys cost nothing. */
static int note_rest(void *ctx, struct recipe_values *v) {
    struct walk *w = ctx;
    struct decode_job *j = w->j;
    struct json_cursor *c = &w->c;
    const struct json_key *open[JSON_DEPTH_MAX + 1], *parent = j->keys ? &j->keys->root : &json_keys_root, *k;
    uint32_t step = 0;
    int r;
    json_cursor_begin(c, w->text);
    for (k = parent;;) {
        bool member = c->in_object;
        k = parent;
        r = json_cursor_next(c);
        if (member && r > 0 && r != JSON_CLOSE && !(k = key_at(w, &step, parent, c->key)))
            return -ENOMEM;
        if (r == JSON_OPEN) {
            open[c->depth] = parent = k;
        } else if (r == JSON_CLOSE) {
            parent = c->depth ? open[c->depth] : parent;
        } else if (r != JSON_LEAF) {
            return r;
        } else if (k->late && c->type != JSON_NULL) {
            bool escaped = c->type == JSON_STRING && json_cursor_escaped(c, c->value);
            struct str text = escaped ? json_unescape(j->ev->arena, c->value) : c->value;
            if (!text.p)
                return -ENOMEM;
            recipe_note(v, k->late - 1u, text);
        }
    }
}

static enum decode_result settle(struct decode_job *j, struct walk *w) {
    if (w->journal.realtime.n && w->journal.message.p && !j->program.n) {
        if (w->n_bytes) { /* its bytes are not those of the line, which was looked at */
            j->plain = false;
            j->encoding = -1;
        }
        (void) journal_put(j, &w->journal);
        return DECODE_DONE;
    }
    struct str message = event_get(j->ev, EVENT_F_MESSAGE);
    if (cef_recognise(j, message) && cef_decode(j, message) == DECODE_DONE)
        return DECODE_DONE;
    if (w->have_values)
        recipe_json(j, &w->values, note_rest, w);
    if (j->decoder.n)
        return DECODE_DONE;
    if (has(j->ev, EVENT_F_EVENT_ACTION, "login") &&
        has(j->ev, EVENT_F_EVENT_CATEGORY, "authentication"))
        complete_login(j);
    return DECODE_DONE;
}

bool json_decode_line(struct decode_job *j) {
    struct walk w;
    if (walk(&w, j, j->line) < 0)
        return false;
    j->encoding = w.c.ix.high ? TEXT_UTF8 : TEXT_ASCII;
    j->ev->flags |= (uint8_t) (EVENT_JSON_LINE | (w.c.ix.high ? EVENT_LINE_HIGH : 0) | (w.c.ix.unicode ? EVENT_LINE_U : 0));
    (void) settle(j, &w);
    if (!j->decoder.n)
        j->decoder = STR("json");
    return true;
}

enum decode_result json_decode(struct decode_job *j, struct str text) {
    struct walk w;
    struct diag diag = {0};
    bool host_before = j->host_put;
    if (!text.n || text.p[0] != '{')
        return DECODE_NOT_MINE;
    struct str tried = j->plain ? text : job_text(j, text);
    int r = walk(&w, j, tried);
    if (r < 0 && !j->plain && !j->err) {
        j->host_put = host_before;
        tried = text_repair(j->ev->arena, text);
        r = tried.p ? walk(&w, j, tried) : -ENOMEM;
        j->ev->flags |= EVENT_BROKEN_TEXT;
    }
    if (r < 0) {
        j->host_put = host_before;
        j->err = r == -ENOMEM ? r : j->err;
        if (r != -ENOMEM)
            IGNORE(json_check(tried, &diag));
        j->why = arena_printf(j->ev->arena, "not JSON: %s", diag.text);
        return DECODE_NOT_MINE;
    }
    return settle(j, &w);
}

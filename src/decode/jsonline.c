/* JSON lines: one object a line. Names are ECS, nested or dotted; others are kept as they are when
 * a rule asks for them. Three kinds share this reader:
 *
 *   any JSON log        fields as they stand, time from @timestamp or one of its other names
 *   the login event     event.category authentication, event.action login (content/events/login.md)
 *   journalctl -o json  __REALTIME_TIMESTAMP and MESSAGE: read as a journal entry
 *
 * What Kizuki itself derives (kizuki.source.net, kizuki.count, kizuki.decoder …) is never taken
 * from a line. A line that is not UTF-8 is made readable as a whole first, because a byte of a
 * CP932 character may look like a backslash; if that does not parse, each bad byte alone is
 * replaced. */
#include "decode/journal_priv.h"

struct walk {
    struct decode_job *j;
    struct journal_fields journal;
    unsigned n_leaves;
    int time_rank; /* of the name the time was taken from; lower wins */
    char *bytes;   /* MESSAGE as an array of numbers: bytes that are no text */
    size_t n_bytes, cap_bytes;
};

bool json_recognise(const struct decode_job *j, struct str text) {
    return text.n >= 2 && text.p[0] == '{';
}

/* Lines of one log have the same names in the same order, so each thread remembers the ids of the
 * line before by place. A memory belongs to one decode (its serial, for an address may come back)
 * and to the number of names it knew: rules may still be loading. */
enum { GUESSES = 64, GUESS_BYTES = 48 };
static _Thread_local struct guesses {
    uint64_t serial;
    uint32_t n_names;
    struct guess {
        char name[GUESS_BYTES];
        uint32_t n, id;
    } at[GUESSES];
} guesses;

static uint32_t find_id(struct walk *w, struct str path) {
    const struct decode *d = w->j->d;
    unsigned place = w->n_leaves++;
    if (place >= GUESSES || path.n > GUESS_BYTES)
        return event_names_find(d->names, path);
    uint32_t n_names = event_names_count(d->names);
    if (UNLIKELY(guesses.serial != d->serial || guesses.n_names != n_names))
        guesses = (struct guesses){.serial = d->serial, .n_names = n_names};
    struct guess *g = &guesses.at[place];
    if (g->n != path.n || memcmp(g->name, path.p, path.n) != 0) {
        g->id = event_names_find(d->names, path);
        g->n = (uint32_t) path.n;
        memcpy(g->name, path.p, path.n);
    }
    return g->id;
}

/* Where logs have their time, the best first: common names, then those of CloudTrail, Entra, Microsoft 365, Okta, and
 * of Windows event logs as their converters write them. */
static const struct str time_names[] = {LIT("@timestamp"),
                                        LIT("timestamp"),
                                        LIT("time"),
                                        LIT("ts"),
                                        LIT("eventTime"),
                                        LIT("createdDateTime"),
                                        LIT("activityDateTime"),
                                        LIT("CreationTime"),
                                        LIT("published"),
                                        LIT("Event.System.TimeCreated.#attributes.SystemTime"),
                                        LIT("Event.System.TimeCreated.@SystemTime"),
                                        LIT("System.TimeCreated.SystemTime"),
                                        LIT("TimeCreated"),
                                        LIT("EventTime")};
enum { TIME_NAMES = ARRAY_SIZE(time_names) };
/* Their lengths as bits: most names are told by theirs. */
#define AS_LONG_AS(text) (UINT64_C(1) << (sizeof(text) - 1))
static const uint64_t time_lengths =
    AS_LONG_AS("ts") | AS_LONG_AS("time") | AS_LONG_AS("timestamp") | AS_LONG_AS("@timestamp") |
    AS_LONG_AS("TimeCreated") | AS_LONG_AS("CreationTime") | AS_LONG_AS("createdDateTime") |
    AS_LONG_AS("activityDateTime") | AS_LONG_AS("System.TimeCreated.SystemTime") |
    AS_LONG_AS("Event.System.TimeCreated.@SystemTime") |
    AS_LONG_AS("Event.System.TimeCreated.#attributes.SystemTime");

static void take_time(struct walk *w, struct str path, enum json_type type, struct str text) {
    for (int i = 0; i < w->time_rank; i++) {
        struct when when = {.t_ns = TIME_NONE};
        if (time_names[i].n != path.n || !str_eq(path, time_names[i]))
            continue;
        if (type == JSON_NUMBER ? when_epoch(text, &when) : when_any(text, &when, w->j) > 0) {
            w->j->when = when;
            w->time_rank = i;
        }
        return;
    }
}

/* Fields no line may set. */
static bool is_ours(uint32_t id, struct str path) {
    switch (id) {
    case EVENT_F_TIMESTAMP:
    case EVENT_F_EVENT_ORIGINAL:
    case EVENT_F_EVENT_CREATED:
        return true;
    case EVENT_F_SESSION_ID:
    case EVENT_F_LOGIN_FACTOR:
    case EVENT_F_LOGIN_USER_KNOWN:
        return false;
    default:
        return path.n > 7 && memcmp(path.p, "kizuki.", 7) == 0;
    }
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

static bool is_journal_key(struct str path) {
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] != '_' && !(path.p[i] >= 'A' && path.p[i] <= 'Z') && !ascii_digit(path.p[i]))
            return false;
    return path.n > 0;
}

static int leaf(void *ctx, struct str path, enum json_type type, struct str text) {
    struct walk *w = ctx;
    struct decode_job *j = w->j;
    uint32_t id = find_id(w, path);
    if (path.n < 64 && (time_lengths >> path.n & 1) && (type == JSON_STRING || type == JSON_NUMBER))
        take_time(w, path, type, text);
    if (is_journal_key(path)) {
        if (type == JSON_NUMBER && str_eq_z(path, "MESSAGE"))
            return take_byte(w, text);
        /* The path is only valid now; keys we know are compared now. */
        journal_take(j, &w->journal, path, text);
    }
    if (is_ours(id, path) || !has_room(j))
        return j->err;
    if (id >= EVENT_F_WELL_KNOWN_MAX_) {
        if (event_add_typed(j->ev, id, (uint8_t) type, text) < 0)
            j->err = -ENOMEM;
        return j->err;
    }
    if (id > 0 && id < EVENT_F_WELL_KNOWN_MAX_) {
        if (type != JSON_NULL)
            put_known(j, id, type, text);
    } else {
        put_named(j, path, (uint8_t) type, text);
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

static int walk(struct walk *w, struct str text, struct diag *diag) {
    struct decode_job *j = w->j;
    uint32_t n = j->ev->n;
    *w = (struct walk){.j = j, .time_rank = TIME_NAMES};
    int r = json_walk(j->ev->arena, text, NULL, leaf, w, diag);
    if (r >= 0 && w->n_bytes)
        w->journal.message = str_n(w->bytes, w->n_bytes);
    if (r < 0)
        rewind_fields(j->ev, n);
    return r;
}

enum decode_result json_decode(struct decode_job *j, struct str text) {
    struct walk w = {.j = j};
    struct diag diag = {0};
    bool host_before = j->host_put;
    if (!text.n || text.p[0] != '{')
        return DECODE_NOT_MINE;
    int r = walk(&w, j->plain ? text : job_text(j, text), &diag);
    if (r < 0 && !j->plain && !j->err) {
        j->host_put = host_before;
        text = text_repair(j->ev->arena, text);
        r = text.p ? walk(&w, text, &diag) : -ENOMEM;
        j->ev->flags |= EVENT_BROKEN_TEXT;
    }
    if (r < 0) {
        j->host_put = host_before;
        j->err = r == -ENOMEM ? r : j->err;
        j->why = arena_printf(j->ev->arena, "not JSON: %s", diag.text);
        return DECODE_NOT_MINE;
    }
    if (w.journal.realtime.n && w.journal.message.p && !j->program.n) {
        if (w.n_bytes) { /* its bytes are not those of the line, which was looked at */
            j->plain = false;
            j->encoding = -1;
        }
        (void) journal_put(j, &w.journal);
        return DECODE_DONE;
    }
    if (has(j->ev, EVENT_F_EVENT_ACTION, "login") &&
        has(j->ev, EVENT_F_EVENT_CATEGORY, "authentication"))
        complete_login(j);
    return DECODE_DONE;
}

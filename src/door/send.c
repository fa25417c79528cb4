#include "door/send_priv.h"

#include "base/limits.h"
#include "base/text.h"
#include "base/time.h"

static const char *const state_names[DOOR_STATE_MAX_] = {"sent", "failed", "refused", "unknown"};

const char *door_state_to_string(enum door_state s) {
    return s < DOOR_STATE_MAX_ ? state_names[s] : "?";
}
int door_state_from_string(struct str s) {
    for (int i = 0; i < DOOR_STATE_MAX_; i++)
        if (str_eq_z(s, state_names[i]))
            return i;
    return -EINVAL;
}

bool door_id_ok(struct str id) {
    for (size_t i = 0; i < id.n; i++)
        if (!ascii_digit(id.p[i]) && !(ascii_lower(id.p[i]) >= 'a' && ascii_lower(id.p[i]) <= 'z') && !(id.p[i] && strchr("-_.", id.p[i])))
            return false;
    return id.n > 0 && id.n <= DOOR_ID_BYTES_MAX;
}

int door_job_read(const struct json_value *v, struct door_job *ret, struct str *ret_way, struct diag *reterr) {
    static const char *const keys[] = {"t", "id", "way", "to", "vars", "drill", NULL};
    struct door_job j = {0};
    if (v->type != JSON_OBJECT || json_only_keys(v, keys, NULL) < 0)
        return diag_set(reterr, -ERR_PARSE, "a message to be sent has id, way, to, vars and drill, and nothing else");
    if (!json_get_str(v, "id", &j.id) || !door_id_ok(j.id))
        return diag_set(reterr, -ERR_PARSE, "a message to be sent has an id of letters, digits, '-', '_' and '.'");
    if (!json_get_str(v, "way", ret_way) || !json_get_str(v, "to", &j.to))
        return diag_set(reterr, -ERR_PARSE, "a message to be sent has 'way' and 'to'");
    IGNORE(json_get_bool(v, "drill", &j.drill));
    j.vars = json_get_object(v, "vars");
    if (j.vars && j.vars->n > DOOR_VARIABLES_MAX)
        return diag_set(reterr, -ERR_LIMIT, "a message has at most %d variables", DOOR_VARIABLES_MAX);
    for (const struct json_value *m = j.vars ? j.vars->first : NULL; m; m = m->next)
        if (m->type != JSON_STRING)
            return diag_set(reterr, -ERR_PARSE, "'%.*s' of a message is no text", STR_ARG(m->key));
    *ret = j;
    return 0;
}

struct str door_job_var(const struct door_job *job, const char *name) {
    struct str s = STR("");
    if (job->vars)
        IGNORE(json_get_str(job->vars, name, &s));
    return s;
}

void door_scope_init(struct door_scope *s, const struct door_way *w, const struct door_job *job) {
    *s = (struct door_scope){.w = w, .job = job};
    (void) time_format_iso_offset(job->now_ns, TIME_JST_OFFSET_MIN, 0, s->time);
}

bool door_scope_find(void *ctx, struct str name, struct str *ret) {
    const struct door_scope *s = ctx;
    if (str_starts(name, STR("secret."))) {
        for (size_t i = 0; i < s->w->n_secrets; i++)
            if (str_eq(s->w->secrets[i].name, str_from(name, 7))) {
                *ret = s->w->secrets[i].value;
                return true;
            }
        return false;
    }
    if (str_eq_z(name, "to") || str_eq_z(name, "id") || str_eq_z(name, "time") || str_eq_z(name, "drill")) {
        *ret = name.p[0] == 'i' ? s->job->id : name.p[0] == 'd' ? (s->job->drill ? STR("【訓練 / DRILL】") : STR("")) : name.p[1] == 'o' ? s->job->to : str_of(s->time);
        return true;
    }
    for (const struct json_value *m = s->job->vars ? s->job->vars->first : NULL; m; m = m->next)
        if (str_eq(m->key, name)) {
            *ret = m->text;
            return true;
        }
    return false;
}

void door_say(struct door_outcome *o, enum door_state state, const char *why, const char *fmt, ...) {
    va_list args;
    o->state = state;
    o->why = why;
    va_start(args, fmt);
    (void) vsnprintf(o->sentence, sizeof o->sentence, fmt, args);
    va_end(args);
}

void door_say_quoted(struct door_outcome *o, struct str said) {
    struct arena a;
    struct buf b;
    arena_init(&a, 1 << 20);
    buf_init(&b, sizeof o->sentence);
    struct str text = text_repair(&a, str_to(str_trim(said), DOOR_SAID_BYTES_MAX));
    if (text.p)
        text_escape_controls(&b, text);
    size_t n = strlen(o->sentence);
    if (b.n && !buf_error(&b)) {
        int k = snprintf(o->sentence + n, sizeof o->sentence - n, ": %s", buf_z(&b));
        size_t at = k < 0 ? n : MIN(n + (size_t) k, sizeof o->sentence - 1);
        while (at > n && ((unsigned char) o->sentence[at - 1] & 0xc0) == 0x80 && !text_is_utf8(str_n(o->sentence, at)))
            at--;
        if (!text_is_utf8(str_n(o->sentence, at)) && at > n)
            at--;
        o->sentence[at] = 0;
    }
    buf_done(&b);
    arena_done(&a);
}

void door_send(const struct door_way *w, const struct door_job *job, struct door_outcome *out) {
    *out = (struct door_outcome){0};
    snprintf(out->by, sizeof out->by, "%.*s", STR_ARG(w->name));
    if (job->drill && !w->drill_marked) {
        door_say(out, DOOR_REFUSED, "drill", "this is a drill, and '%.*s' lets nothing out in a drill; `drill: mark` in door.yml sends it marked", STR_ARG(w->name));
        return;
    }
    if (w->kind == DOOR_SMTP)
        door_smtp_send(w, job, out);
    else if (w->kind == DOOR_HTTP)
        door_http_send(w, job, out);
    else
        ASSERT(!"programs are run by their own process");
}

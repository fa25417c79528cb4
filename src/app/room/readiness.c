#include "app/room/readiness.h"

#include "app/content/content.h"
#include "app/room/playbooks.h"
#include "app/room/room.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "room/followup.h"
#include "room/readiness.h"
#include "room/report.h"

#include <dirent.h>
#include <limits.h>
#include <unistd.h>

#define REPLAY_BYTES_MAX ((size_t) 1 << 20) /* a result of kizuki pack replay: the judge's lines */
#define REPLAYS_MAX 1000
#define STATUS_BYTES_MAX ((size_t) 1 << 20)
#define NIGHT_NS (18 * NS_PER_HOUR) /* 03:00 in Japan, of the day in UTC */

/* first: before the program is confined, with the measures. */
static int load(struct program *p, bool first, struct diag *reterr) {
    char path[PATH_MAX];
    size_t n = 0;
    int e = packs_look(p, reterr);
    struct room_readiness_pack *list = e < 0 ? NULL : mem_alloc((p->packs.n + p->installed.n + 1) * sizeof *list);
    if (!list)
        return e < 0 ? e : diag_set(reterr, -ENOMEM, "memory has run out");
    for (size_t i = 0; i < p->packs.n; i++)
        list[n++] = (struct room_readiness_pack){p->packs.list[i].whole, p->packs.list[i].digest};
    for (size_t i = 0; i < p->installed.n; i++) /* one of a shipped one's name is that one */
        if (!packs_find(&p->packs, p->installed.list[i].id))
            list[n++] = (struct room_readiness_pack){p->installed.list[i].whole, p->installed.list[i].digest};
    snprintf(path, sizeof path, "%.4000s/measures", content_dir());
    e = first ? room_readiness_load(p->room, path, list, n, reterr) : room_readiness_take(p->room, list, n, reterr);
    mem_free(list);
    return e;
}

int readiness_load(struct program *p, struct diag *reterr) {
    return load(p, true, reterr);
}

/* The procedure of a lesson that was taken in is offered once somebody switched the lesson on: a version of it, as any other. */
static void offer(struct program *p) {
    for (size_t i = 0; i < p->installed.n; i++) {
        struct pack_data *x = &p->installed.list[i];
        char set[300], path[PATH_MAX];
        snprintf(set, sizeof set, "pack-%.*s", (int) MIN(x->id.n, 250u), x->id.p);
        for (char *c = set; *c; c++) /* as the set is named (pack_install.c) */
            if (*c == '.')
                *c = '_';
        snprintf(path, sizeof path, "%.3000s/room/packs/%.*s/playbook.yml", p->config->data, (int) MIN(x->id.n, 250u), x->id.p);
        if (!x->offered && room_rule_set_acts(p->room, str_of(set)) && access(path, R_OK) == 0) {
            playbooks_take(p, path, x->id);
            x->offered = true;
        }
    }
}

int readiness_look(struct program *p, struct diag *reterr) {
    int64_t before = p->installed_ns;
    int e = packs_look(p, reterr);
    if (e > 0 && before != p->installed_ns)
        e = load(p, false, reterr);
    offer(p);
    return MIN(e, 0);
}

/* One result; what cannot be read is left where it is. */
static void take(struct program *p, struct arena *a, const char *path) {
    struct room_replayed x = {0};
    struct json_value *v;
    struct str text, at;
    struct diag d = {0};
    int offset;
    if (file_read(a, path, REPLAY_BYTES_MAX, &text, &d) < 0 || json_parse(a, text, &v, &d) < 0 || !json_get_str(v, "pack", &x.pack) ||
        !json_get_str(v, "digest", &x.digest) || !json_get_str(v, "says", &x.says) || !json_get_i64(v, "failed", &x.failed) || !json_get_str(v, "at", &at) ||
        time_parse_iso(at, &x.at_ns, &offset) != (int) at.n)
        log_warn("'%s' is no result of a replay: %s", path, d.text);
    else if (room_replayed_put(p->room, &x, &d) < 0)
        log_warn("the replay of '%s' is not kept: %s", path, d.text);
}

static void take_replays(struct program *p, struct arena *a) {
    char dir[PATH_MAX], path[PATH_MAX];
    snprintf(dir, sizeof dir, "%.3000s/room/replays", p->config->data);
    DIR *d = opendir(dir);
    size_t n = 0;
    for (struct dirent *e; d && n < REPLAYS_MAX && (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%.3000s/%.255s", dir, e->d_name);
        take(p, a, path);
        n++;
    }
    if (d)
        closedir(d);
}

int readiness_measure(struct program *p, const struct room_actor *by, struct diag *reterr) {
    char path[PATH_MAX];
    struct arena a;
    struct buf out;
    struct jsonw w;
    struct str text;
    struct json_value *v;
    arena_init(&a, 64 << 20);
    buf_init(&out, 2 * STATUS_BYTES_MAX);
    jsonw_init(&w, &out);
    take_replays(p, &a);
    snprintf(path, sizeof path, "%.4000s/status/search/trace.json", p->config->data);
    jsonw_object(&w);
    jsonw_key(&w, STR("trace"));
    if (file_read(&a, path, STATUS_BYTES_MAX, &text, NULL) == 0 && json_parse(&a, text, &v, NULL) == 0)
        jsonw_value(&w, v);
    else
        jsonw_null(&w);
    jsonw_ku64(&w, "partners", p->config->partners.n + p->config->shared.n);
    jsonw_end(&w);
    int e = buf_error(&out);
    if (e == 0)
        e = room_readiness_measure(p->room, by, buf_str(&out), reterr);
    buf_done(&out);
    arena_done(&a);
    return e;
}

void readiness_tick(struct program *p) {
    struct diag d = {0};
    int64_t now = room_now(p->room), last = p->readiness_ns;
    if (p->opt.demo || now < last + NS_PER_MIN) /* a replay is judged by who plays it */
        return;
    p->readiness_ns = now;
    if (readiness_look(p, &d) < 0)
        log_error("lessons that were taken in are not read: %s", d.text);
    int said = room_followups_tick(p->room, &d); /* an owner answered by the link: it is measured, not believed */
    if (said < 0 || (said > 0 && readiness_measure(p, &room_system, &d) < 0))
        log_error("what was said to be done is not judged: %s", d.text);
    int64_t measured = room_readiness_measured(p->room), night = now / NS_PER_DAY * NS_PER_DAY + NIGHT_NS;
    if (night > now)
        night -= NS_PER_DAY;
    if ((measured == TIME_NONE ? room_sensor_is_connected(p->room) : measured < night) && readiness_measure(p, &room_system, &d) < 0)
        log_error("readiness is not measured: %s", d.text);
}

/* NDJSON in the shape the EVTX reader gives ({"Event": {"System": {Provider, EventID, Channel, Computer, time},
 * "EventData": {…}}}) from standard input to an event log: the other way round, for pairs made by tests.
 * System.time is a FILETIME. */
#include "../unit/intake/evtx_make.h"

#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"

enum { VALUES_MAX = 64 };

static const char *text_of(struct arena *a, const struct json_value *v, const char *key) {
    struct str s = STR("");
    (void) json_get_str(v, key, &s);
    return arena_dup_z(a, s);
}

static void add_line(struct evtx_make *m, struct arena *a, struct str line) {
    struct json_value *v = NULL;
    struct evtx_make_value values[VALUES_MAX];
    int64_t id = 0, time = 0;
    ASSERT(json_parse(a, line, &v, NULL) == 0);
    const struct json_value *system = json_get(json_get(v, "Event"), "System");
    const struct json_value *data = json_get(json_get(v, "Event"), "EventData");
    ASSERT(json_get_i64(system, "EventID", &id) && json_get_i64(system, "time", &time));
    struct evtx_make_event e = {.provider = text_of(a, system, "Provider"),
                                .channel = text_of(a, system, "Channel"),
                                .computer = text_of(a, system, "Computer"),
                                .event_id = (unsigned) id,
                                .filetime = (uint64_t) time,
                                .data = values};
    for (const struct json_value *it = data ? data->first : NULL; it; it = it->next) {
        ASSERT(e.n_data < VALUES_MAX);
        uint64_t n = 0;
        struct evtx_make_value *to = &values[e.n_data++];
        *to = (struct evtx_make_value){arena_dup_z(a, it->key), 0x01, it->text};
        if (it->type != JSON_NUMBER)
            continue;
        char *bytes = arena_zalloc(a, 8);
        ASSERT(str_to_u64(it->text, &n) == 0 && bytes);
        memcpy(bytes, &n, 8); /* little endian like the format */
        to->type = 0x0a;
        to->bytes = str_n(bytes, 8);
    }
    evtx_make_add(m, &e);
}

int main(int argc, char **argv) {
    struct evtx_make m;
    struct arena a;
    struct str all, line;
    ASSERT(argc == 2);
    arena_init(&a, (size_t) 256 << 20);
    ASSERT(file_read(&a, "/dev/stdin", (size_t) 64 << 20, &all, NULL) == 0);
    evtx_make_begin(&m);
    while (str_split(&all, '\n', &line))
        if (line.n)
            add_line(&m, &a, line);
    struct str file = evtx_make_end(&m);
    FILE *out = fopen(argv[1], "wb");
    ASSERT(out && fwrite(file.p, 1, file.n, out) == file.n && fclose(out) == 0);
    evtx_make_done(&m);
    arena_done(&a);
    return 0;
}

/* What a room asks the door to send: an id fit for the journal, headers of one line each, JSON that stays the JSON it was written as,
 * arguments that are as many as door.yml has. */
#include "base/limits.h"
#include "door/compose.h"
#include "door/send_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char file[] = "ways:\n"
                           "  - {name: chat, kind: http, url: 'https://chat.example.jp/hook', body: '{\"text\":\"{{subject}}\",\"t\":\"{{text}}\"}'}\n"
                           "  - {name: ring, kind: program, argv: [/usr/bin/true, '{{to}}', 'x {{text}}']}\n";

static void expand(const struct door_way *w, const struct door_job *job) {
    struct door_scope s;
    struct buf out;
    struct arena a;
    struct json_value *v;
    struct diag d = {0};
    arena_init(&a, (size_t) 64 << 20);
    buf_init(&out, DOOR_JOB_BYTES_MAX * 8);
    door_scope_init(&s, w, job);
    int e = door_template_expand(&out, w->body, DOOR_IN_JSON, door_scope_find, &s, &d);
    if (e == 0 && buf_error(&out) == 0)
        ASSERT(json_parse(&a, buf_str(&out), &v, NULL) == 0 && v->type == JSON_OBJECT && v->n == 2);
    buf_clear(&out);
    e = door_template_expand(&out, STR("{{subject}} {{to}}"), DOOR_IN_HEADER, door_scope_find, &s, &d);
    for (size_t i = 0; e == 0 && i < out.n; i++)
        ASSERT((unsigned char) out.p[i] >= 0x20 && out.p[i] != 0x7f);
    buf_done(&out);
    arena_done(&a);
}

static void compose(const struct door_job *job) {
    struct door_mail m = {.from = STR("k@example.jp"), .from_name = STR("気付き"), .to = job->to, .subject = door_job_var(job, "subject"),
                          .text = door_job_var(job, "text"), .id = STR("x@k"), .in_reply_to = door_job_var(job, "in_reply_to"), .now_ns = job->now_ns, .drill = job->drill};
    struct buf out;
    struct diag d = {0};
    buf_init(&out, DOOR_JOB_BYTES_MAX * 8);
    if (door_mail_compose(&out, &m, &d) == 0 && buf_error(&out) == 0) {
        struct str all = buf_str(&out);
        for (size_t i = 0; i < all.n; i++)
            ASSERT(all.p[i] != '\n' || (i > 0 && all.p[i - 1] == '\r'));
    }
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct json_value *v;
    struct door_ways ways;
    struct door_job job;
    struct str name;
    struct diag d = {0};
    arena_init(&a, (size_t) 256 << 20);
    ASSERT(door_ways_parse(&a, STR(file), "door.yml", &ways, &d) == 0);
    if (size <= DOOR_JOB_BYTES_MAX && json_parse(&a, str_n((const char *) data, size), &v, NULL) == 0) {
        int e = door_job_read(v, &job, &name, &d);
        ASSERT(e == 0 || d.text[0]);
        if (e == 0) {
            char **argv = NULL;
            ASSERT(door_id_ok(job.id));
            job.now_ns = INT64_C(1795435200000000000);
            expand(door_way_find(&ways, STR("chat")), &job);
            compose(&job);
            if (door_argv_make(door_way_find(&ways, STR("ring")), &job, &argv, &d) == 0) {
                ASSERT(argv[0] && argv[1] && argv[2] && !argv[3] && strncmp(argv[2], "x ", 2) == 0);
                door_argv_free(argv);
            }
        }
    }
    arena_done(&a);
    return 0;
}

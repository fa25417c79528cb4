/* A playbook from anywhere, in our form or CACAO's: what is taken can be written in both forms, read again, and is then the
 * same. */
#include "base/limits.h"
#include "base/mem.h"
#include "playbook/playbook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str in_our_form(struct arena *a, const struct playbook *p) {
    struct buf out;
    buf_init(&out, 64 << 20);
    ASSERT(playbook_write(p, &out) == 0);
    struct str s = arena_dup(a, buf_str(&out));
    ASSERT(s.p);
    buf_done(&out);
    return s;
}

static void comes_back(struct arena *a, const struct playbook *p) {
    struct diag d = {0};
    struct playbook again, back;
    struct buf cacao;
    struct str once = in_our_form(a, p);
    if (playbook_read(a, once, "again", &again, &d) < 0)
        return; /* what others wrote may branch as we would not */
    struct str twice = in_our_form(a, &again);
    ASSERT(str_eq(once, twice));
    buf_init(&cacao, 64 << 20);
    ASSERT(playbook_write_cacao(a, &again, 0, &cacao, &d) == 0);
    struct str json = arena_dup(a, buf_str(&cacao));
    buf_done(&cacao);
    ASSERT(json.p);
    if (json.n > PLAYBOOK_BYTES_MAX)
        return;
    if (playbook_read_cacao(a, json, "back", &back, &d) < 0)
        ASSERT(d.code == -ERR_LIMIT); /* ours may have as many steps as there may be; starts and ends come on top */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str in = str_n((const char *) data, size);
    struct arena a;
    struct playbook p;
    struct diag d = {0};
    arena_init(&a, 1u << 30);
    if (playbook_read(&a, in, "fuzz.yml", &p, &d) == 0)
        comes_back(&a, &p);
    else
        ASSERT(d.text[0]);
    d = (struct diag){0};
    if (playbook_read_cacao(&a, in, "fuzz.json", &p, &d) == 0)
        comes_back(&a, &p);
    else
        ASSERT(d.text[0]);
    arena_done(&a);
    return 0;
}

/* Any bytes are a mail; what comes out is JSON, and within the limits. (.msg: the bytes begin as a compound file does.) */
#include "base/limits.h"
#include "mail/mail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct mail_message *m, unsigned depth) {
    ASSERT(depth <= MAIL_DEPTH_MAX && m->n_links <= MAIL_LINKS_MAX && m->n_files <= MAIL_FILES_MAX && m->text.n <= MAIL_TEXT_BYTES_MAX);
    for (const struct mail_message *x = m->inner; x; x = x->next)
        look(x, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct mail_message *m;
    struct buf b;
    struct jsonw w;
    const char *why;
    char same[65];
    arena_init(&a, (size_t) 128 << 20);
    if (mail_parse(&a, str_n((const char *) data, size), &m, NULL) == 0) {
        look(m, 0);
        buf_init(&b, (size_t) 64 << 20);
        jsonw_init(&w, &b);
        mail_write(m, &w);
        ASSERT(buf_error(&b) || json_check(buf_str(&b), NULL) == 0);
        buf_done(&b);
        mail_same(mail_suspect(m), same);
        (void) mail_no_answer(m, &why);
    }
    arena_done(&a);
    return 0;
}

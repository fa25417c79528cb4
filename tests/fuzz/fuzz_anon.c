/* Words of a case, whatever stands in them: nothing read past their end, every row's pseudonym stands instead, and a text in which each thing that is
 * seen by its form was replaced has nothing left that is. */
#include "base/text.h"
#include "base/time.h"
#include "pack/anon_forms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int note(void *ctx, const struct anon_rest *r) {
    ASSERT(r->line > 0 && r->text.n > 0);
    ++*(size_t *) ctx;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str text = str_n((const char *) data, size);
    struct anon_secrets s;
    struct anon x;
    struct arena a;
    struct buf b;
    size_t rest = 0;
    if (!size || size > 4096 || !text_is_utf8(text))
        return 0;
    arena_init(&a, (size_t) 64 << 20);
    buf_init(&b, 8 << 20);
    anon_init(&x, &a, INT64_C(1795359600) * NS_PER_S, NULL);
    anon_secrets_init(&s, &a);
    for (size_t i = 0; i < size; i++) {
        struct anon_form f;
        if (anon_form_at(text, i, &f))
            ASSERT(f.n > 0 && f.n <= size - i);
    }
    int e = anon_scan(&x, text);
    ASSERT(e == 0 || e == -ERR_LIMIT);
    for (size_t i = 0; i < x.n; i++)
        ASSERT(x.at[i].ja.n && x.at[i].en.n && x.at[i].from.n);
    anon_write(&x, text, true, true, &b);
    IGNORE(anon_secret_add(&s, ANON_WORD, text));
    IGNORE(anon_check(&s, &x, text, false, note, &rest));
    anon_secrets_done(&s);
    buf_done(&b);
    arena_done(&a);
    return 0;
}

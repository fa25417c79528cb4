/* Two texts with a NUL byte between them: read, compared with themselves (no change), and with each other (what is told can be written). */
#include "base/buf.h"
#include "base/limits.h"
#include "firewall/firewall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct firewall *read_text(struct arena *a, struct str text, int kind) {
    struct firewall *f = NULL;
    struct diag d = {0};
    if (kind < 0 || firewall_read(a, (enum firewall_kind) kind, text, &f, &d) < 0)
        ASSERT(kind < 0 || (d.text[0] && !f));
    return f;
}

static void compare(struct arena *a, const struct firewall *was, const struct firewall *is, bool same) {
    static const struct str outside[] = {{"wan*", 4}};
    struct firewall_ground ground = {.outside = outside, .n_outside = 1};
    struct firewall_changes c;
    struct buf b;
    buf_init(&b, 16 << 20);
    if (firewall_compare(a, was, is, &ground, &c) == 0) {
        ASSERT(!same || c.n == 0);
        for (size_t i = 0; i < c.n; i++)
            for (size_t k = 0; k < c.at[i].spaces.n && k < 8; k++)
                firewall_write_space(&c.at[i].spaces.at[k], was, is, 4, &b);
    }
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str all = str_n((const char *) data, size);
    ptrdiff_t cut = size ? str_find_byte(all, 0, 0) : -1;
    struct str first = cut < 0 ? all : str_to(all, (size_t) cut), second = cut < 0 ? STR("") : str_from(all, (size_t) cut + 1);
    struct arena a;
    arena_init(&a, 256 << 20);
    int kind = firewall_kind_of(first);
    struct firewall *was = read_text(&a, first, kind), *is = read_text(&a, second, kind);
    if (was)
        compare(&a, was, was, true);
    if (was && is)
        compare(&a, was, is, false);
    arena_done(&a);
    return 0;
}

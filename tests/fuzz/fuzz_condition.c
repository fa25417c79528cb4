/* Whatever stands in a playbook as a condition: reading ends, what is known is never undecided, what is undecided names what it wants, and
 * the opposite of what was read is its opposite. */
#include "base/buf.h"
#include "room/condition.h"

#include <errno.h>

static int value(void *ctx, struct str name, struct str *ret) {
    const bool *all = ctx;
    *ret = name.n % 2 ? STR("3") : STR("a\nb");
    return name.n > 12 ? -ENOENT : *all || name.p[0] != 'w';
}

static enum condition_truth judge(struct str text, bool all, struct str *wants) {
    const struct condition_source from = {&all, value};
    enum condition_truth t = CONDITION_TRUE;
    ASSERT(condition_judge(text, &from, &t, wants) == 0);
    ASSERT((t == CONDITION_UNDECIDED) == (wants->n > 0));
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str text = str_n((const char *) data, size), wants;
    struct buf b;
    if (size > CONDITION_BYTES_MAX)
        return 0;
    enum condition_truth known = judge(text, true, &wants), half = judge(text, false, &wants);
    ASSERT(known != CONDITION_UNDECIDED);
    ASSERT(half == CONDITION_UNDECIDED || half == CONDITION_NONE || half == known || known == CONDITION_NONE);
    buf_init(&b, CONDITION_BYTES_MAX + 16);
    buf_add_z(&b, "not (");
    buf_add(&b, text);
    buf_add_byte(&b, ')');
    enum condition_truth not = judge(buf_str(&b), true, &wants);
    if (known != CONDITION_NONE && not != CONDITION_NONE) /* one deeper may be too deep */
        ASSERT(not == (known == CONDITION_TRUE ? CONDITION_FALSE : CONDITION_TRUE));
    buf_done(&b);
    return 0;
}

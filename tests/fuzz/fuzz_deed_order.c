/* The text of an order for a driver of lasting acts: what is accepted names a kind the driver does, targets that are
 * texts, and parameters of their types; what is refused says why. */
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "hand/deed_priv.h"

#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct deed_driver *driver(void) {
    static struct deed_driver *d;
    char dir[] = "/tmp/kizuki-fuzz-XXXXXX", site[64], template[64];
    if (d)
        return d;
    ASSERT(mkdtemp(dir));
    snprintf(site, sizeof site, "%s/one.yml", dir);
    snprintf(template, sizeof template, "%s/t.yml", dir);
    ASSERT(file_write_atomic(site, STR("driver: t\n"), 0644, NULL) == 0);
    ASSERT(file_write_atomic(template,
                             STR("id: t\ntitle: {ja: x, en: x}\nprograms: {true: /bin/true}\nkinds:\n  freeze:\n"
                                 "    target: {type: name}\n    params:\n      allow: {type: hosts, optional: true}\n"
                                 "      open: {type: hours, optional: true}\n      n: {type: number, usual: '3'}\n"
                                 "    apply: [{run: true}]\n"),
                             0644, NULL) == 0);
    ASSERT(deed_driver_load(site, dir, &d, NULL) == 0);
    IGNORE(unlink(site));
    IGNORE(unlink(template));
    IGNORE(rmdir(dir));
    return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct deed_order o;
    struct hand_reason why = {0};
    arena_init(&a, 64 << 20);
    int r = deed_order_parse(&a, driver(), str_n((const char *) data, size), &o, &why);
    ASSERT(r == 0 || (r == -ERR_REFUSED && why.code != HAND_ALLOWED && why.text[0]));
    ASSERT(text_is_utf8(str_of(why.text)));
    if (r == 0) {
        ASSERT(o.id.n >= 8 && o.id.n <= HAND_ORDER_ID_MAX && o.issued_ms >= 0 && o.expires_ms >= 0);
        ASSERT(o.type == DEED_ORDER_LIST || (o.kind && o.targets && o.targets->n > 0));
        ASSERT(o.type != DEED_ORDER_APPLY || o.minutes > 0);
        for (const struct json_value *it = o.type == DEED_ORDER_APPLY && o.params ? o.params->first : NULL; it;
             it = it->next)
            ASSERT(it->type == JSON_STRING && it->text.n <= DEED_VALUE_BYTES_MAX);
    }
    arena_done(&a);
    return 0;
}

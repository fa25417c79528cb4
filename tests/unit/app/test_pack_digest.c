#include "app/common/pack_digest.h"
#include "base/file.h"
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

static void put(const char *dir, const char *name, const char *text) {
    char path[256];
    struct diag d = {0};
    snprintf(path, sizeof path, "%s/p/%s", dir, name);
    assert_int_equal(file_write_atomic(path, str_of(text), 0600, &d), 0);
}

static struct str digest(struct arena *a, const char *dir) {
    struct str s;
    assert_int_equal(pack_digest(a, dir, STR("p"), &s), 0);
    return s;
}

/* A proof is of the rules it was made with. */
static void another_rule_is_another_digest(void **state UNUSED) {
    char dir[] = "/tmp/kizuki-digest-XXXXXX", path[256];
    struct diag d = {0};
    struct arena a;
    arena_init(&a, 1 << 24);
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/p/rules", dir);
    assert_int_equal(file_make_dir(path, 0700, &d), 0);
    put(dir, "replay.yml", "a: 1\n");
    put(dir, "rules/one.yml", "title: x\n");
    struct str first = digest(&a, dir);
    put(dir, "README", "anything\n");
    assert_true(str_eq(first, digest(&a, dir)));
    put(dir, "rules/one.yml", "title: y\n");
    struct str second = digest(&a, dir);
    assert_false(str_eq(first, second));
    put(dir, "replay.yml", "a: 2\n");
    assert_false(str_eq(second, digest(&a, dir)));
    static const char *const files[] = {"README", "replay.yml", "rules/one.yml", "rules", ""};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        snprintf(path, sizeof path, "%s/p/%s", dir, files[i]);
        IGNORE(remove(path));
    }
    rmdir(dir);
    arena_done(&a);
}

UNIT_GROUP(app_pack_digest, cmocka_unit_test(another_rule_is_another_digest))

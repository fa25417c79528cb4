#include "unit.h"

#include "base/mem.h"
#include "intake/reader.h"

#include <fcntl.h>
#include <sys/stat.h>

static void touch(const char *path) {
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static int make_tree(void **state) {
    char dir[] = "/tmp/kizuki-paths-XXXXXX";
    assert_non_null(mkdtemp(dir));
    *state = str_dup(str_of(dir));
    assert_int_equal(chdir(dir), 0);
    assert_int_equal(mkdir("d", 0700), 0);
    assert_int_equal(mkdir("d/b", 0700), 0);
    touch("d/z.log");
    touch("d/b/y.log");
    touch("d/a.log.gz");
    touch("single");
    assert_int_equal(symlink("../single", "d/link"), 0);
    assert_int_equal(symlink("../d", "d/loop"), 0);
    assert_int_equal(symlink("nowhere", "d/dangling"), 0);
    return 0;
}

static int remove_tree(void **state) {
    static const char *const files[] = {"d/z.log", "d/b/y.log", "d/a.log.gz", "single",
                                        "d/link",  "d/loop",    "d/dangling"};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        assert_int_equal(unlink(files[i]), 0);
    assert_int_equal(rmdir("d/b"), 0);
    assert_int_equal(rmdir("d"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(*state), 0);
    mem_free(*state);
    return 0;
}

static void folders_globs_and_files_in_order_each_once(void **state UNUSED) {
    static const char *const want[] = {"single",    "-",      "d/a.log.gz",
                                       "d/b/y.log", "d/link", "d/z.log"};
    const char *args[] = {"single", "-", "d", "d/*.log", "single"};
    const char **got;
    size_t n;
    struct arena a;
    arena_init(&a, 1 << 20);
    assert_int_equal(intake_expand_paths(&a, args, ARRAY_SIZE(args), &got, &n, NULL), 0);
    assert_int_equal(n, ARRAY_SIZE(want));
    for (size_t i = 0; i < n; i++)
        assert_string_equal(got[i], want[i]);
    arena_done(&a);
}

static void says_what_is_missing(void **state UNUSED) {
    static const struct {
        const char *arg, *text;
        int code;
    } bad[] = {{"nix", "cannot open 'nix': ", -ENOENT},
               {"nix*", "cannot open 'nix*': nothing matches", -ENOENT},
               {"single/x", "cannot open 'single/x': ", -ENOTDIR}};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct arena a;
        struct diag d;
        const char **got = NULL;
        size_t n = 7;
        arena_init(&a, 1 << 20);
        assert_int_equal(intake_expand_paths(&a, &bad[i].arg, 1, &got, &n, &d), bad[i].code);
        assert_ptr_equal(strstr(d.text, bad[i].text), d.text);
        assert_null(got);
        arena_done(&a);
    }
}

UNIT_GROUP(intake_paths,
           cmocka_unit_test_setup_teardown(folders_globs_and_files_in_order_each_once, make_tree,
                                           remove_tree),
           cmocka_unit_test_setup_teardown(says_what_is_missing, make_tree, remove_tree))

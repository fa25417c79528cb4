#include "torture.h"
#include "unit.h"

#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>

static char folder[64];
static int folder_up(void **state UNUSED) {
    snprintf(folder, sizeof folder, "/tmp/kizuki-file-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return 0;
}
static const char *in(const char *name) {
    static char path[2][160];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}
static int folder_down(void **state UNUSED) {
    static const char *const names[] = {"a", "link", "sub/x/y", "sub/x", "sub/secret", "sub"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        (void) remove(in(names[i]));
    assert_int_equal(rmdir(folder), 0); /* and no .tmp was left behind */
    return 0;
}

static void writes_whole_and_reads_back(void **state UNUSED) {
    struct arena a;
    struct str s;
    struct stat st;
    struct diag d;
    arena_init(&a, 1 << 20);
    assert_int_equal(file_write_atomic(in("a"), STR("one\0two"), 0600, &d), 0);
    assert_int_equal(file_read(&a, in("a"), 100, &s, &d), 0);
    assert_true(str_eq(s, STR("one\0two")));
    assert_int_equal(s.p[s.n], 0);
    assert_int_equal(file_write_atomic(in("a"), STR(""), 0640, &d), 0);
    assert_int_equal(stat(in("a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(file_read(&a, in("a"), 100, &s, &d), 0);
    assert_int_equal(s.n, 0);
    arena_done(&a);
}

static void says_why_it_cannot(void **state UNUSED) {
    struct arena a;
    struct str s;
    struct diag d;
    arena_init(&a, 1 << 20);
    assert_int_equal(file_read(&a, in("absent"), 100, &s, &d), -ENOENT);
    assert_non_null(strstr(d.text, "absent"));
    assert_int_equal(file_read(&a, folder, 100, &s, &d), -EISDIR);
    assert_int_equal(file_write_atomic(in("no/such/folder"), STR("x"), 0600, &d), -ENOENT);
    assert_int_equal(file_write_atomic(in("a"), STR("12345"), 0600, &d), 0);
    assert_int_equal(file_read(&a, in("a"), 5, &s, &d), 0);
    assert_int_equal(file_read(&a, in("a"), 4, &s, &d), -ERR_LIMIT);
    /* Its size is not known beforehand. */
    assert_int_equal(file_read(&a, "/proc/self/status", 1 << 16, &s, &d), 0);
    assert_true(s.n > 100);
    assert_int_equal(file_read(&a, "/proc/self/status", 100, &s, &d), -ERR_LIMIT);
    arena_done(&a);
}

static void a_leftover_is_not_followed(void **state UNUSED) {
    struct diag d;
    struct stat st;
    assert_int_equal(file_write_atomic(in("a"), STR("safe"), 0600, &d), 0);
    assert_int_equal(symlink(in("a"), in("link.tmp")), 0);
    assert_int_equal(file_write_atomic(in("link"), STR("new text"), 0600, &d), 0);
    assert_int_equal(stat(in("a"), &st), 0);
    assert_int_equal(st.st_size, 4);
    assert_int_equal(lstat(in("link"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void makes_folders_with_their_parents(void **state UNUSED) {
    struct diag d;
    assert_int_equal(file_make_dir(in("sub/x/y/"), 0700, &d), 0);
    assert_int_equal(file_make_dir(in("sub/x/y"), 0700, &d), 0);
    assert_int_equal(file_write_atomic(in("a"), STR(""), 0600, &d), 0);
    assert_int_equal(file_make_dir(in("a"), 0700, &d), -ENOTDIR);
    assert_int_equal(file_make_dir(in("a/b"), 0700, &d), -ENOTDIR);
    assert_int_equal(file_make_dir("", 0700, &d), -ENOENT);
}

static void names_from_outside_stay_beneath(void **state UNUSED) {
    static const char *const bad[] = {"../a", "/etc/passwd", "x/../../a", "up/a", "loop"};
    struct diag d;
    assert_int_equal(file_make_dir(in("sub/x"), 0700, &d), 0);
    assert_int_equal(file_write_atomic(in("a"), STR("outside"), 0600, &d), 0);
    assert_int_equal(symlink("..", in("sub/up")), 0);
    assert_int_equal(symlink("secret", in("sub/loop")), 0);
    int dir = open(in("sub"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_true(file_open_beneath(dir, bad[i], O_RDONLY, 0) < 0);
    int fd = file_open_beneath(dir, "secret", O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    fd = file_open_beneath(dir, "x/../secret", O_RDONLY, 0);
    assert_true(fd >= 0);
    close(fd);
    assert_true(file_open_beneath(dir, "loop", O_RDONLY, 0) == -ELOOP);
    close(dir);
    (void) unlink(in("sub/up"));
    (void) unlink(in("sub/loop"));
}

static int read_it(void *ctx) {
    struct arena a;
    struct str s;
    arena_init(&a, 1 << 20);
    int r = file_read(&a, ctx, 1 << 19, &s, NULL);
    arena_done(&a);
    return r;
}

static void survives_the_end_of_memory(void **state UNUSED) {
    char path[] = "/proc/self/maps";
    assert_true(torture(read_it, path) >= 1);
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, folder_up, folder_down)
UNIT_GROUP(base_file, WITH_FOLDER(writes_whole_and_reads_back), WITH_FOLDER(says_why_it_cannot),
           WITH_FOLDER(a_leftover_is_not_followed), WITH_FOLDER(makes_folders_with_their_parents),
           WITH_FOLDER(names_from_outside_stay_beneath), WITH_FOLDER(survives_the_end_of_memory))

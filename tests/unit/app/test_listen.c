#include "unit.h"

#include "app/serve/listen.h"
#include "app/serve/serve.h"
#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void a_port_that_is_taken_is_refused(void **state UNUSED) {
    struct config_address a = {"127.0.0.1", 0};
    struct diag d = {0};
    int tcp = listen_tcp(&a, &d), udp = listen_udp(&a, &d);
    assert_true(tcp >= 0 && udp >= 0);
    a.port = (uint16_t) listen_port(tcp);
    assert_true(listen_tcp(&a, &d) < 0);
    assert_non_null(strstr(d.text, "127.0.0.1 port"));
    /* also over UDP, where the kernel would let two programs share it */
    a.port = (uint16_t) listen_port(udp);
    assert_true(listen_udp(&a, &d) < 0);
    close(tcp);
    close(udp);
}

static void only_addresses_are_listened_on(void **state UNUSED) {
    struct config_address a = {"localhost", 0};
    struct diag d = {0};
    assert_true(listen_tcp(&a, &d) < 0);
    assert_non_null(strstr(d.text, "IP address"));
}

static void a_socket_file_left_behind_is_replaced(void **state UNUSED) {
    char dir[] = "/tmp/kizuki-listen-XXXXXX", path[64];
    struct diag d = {0};
    struct stat st;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    int a = listen_unix(path, &d);
    assert_true(a >= 0);
    close(a);
    int b = listen_unix(path, &d);
    assert_true(b >= 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    close(b);
    unlink(path);
    rmdir(dir);
    char longer[200];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(listen_unix(longer, &d), -ENAMETOOLONG);
}

static void a_folder_in_use_is_known(void **state UNUSED) {
    char dir[] = "/tmp/kizuki-serve-XXXXXX", path[64];
    struct diag d = {0};
    assert_non_null(mkdtemp(dir));
    assert_false(serve_is_running(dir));
    snprintf(path, sizeof path, "%s/run", dir);
    assert_int_equal(file_make_dir(path, 0700, &d), 0);
    snprintf(path, sizeof path, "%s/run/lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_false(serve_is_running(dir));
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_true(serve_is_running(dir));
    close(fd);
    assert_false(serve_is_running(dir));
    unlink(path);
    snprintf(path, sizeof path, "%s/run", dir);
    rmdir(path);
    rmdir(dir);
}

UNIT_GROUP(app_listen, cmocka_unit_test(a_port_that_is_taken_is_refused),
           cmocka_unit_test(only_addresses_are_listened_on),
           cmocka_unit_test(a_socket_file_left_behind_is_replaced),
           cmocka_unit_test(a_folder_in_use_is_known))

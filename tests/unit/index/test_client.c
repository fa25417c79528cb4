/* Where the client goes, and what it makes of servers that answer in their own ways. */
#include "unit.h"

#include "base/limits.h"
#include "index/client.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int made(const char *where) {
    struct index_client *c = NULL;
    struct diag d = {0};
    int r = index_client_new(where, &c, &d);
    assert_true(r == 0 || d.text[0]);
    index_client_free(c);
    return r;
}

static void places_are_named_or_refused(void **state UNUSED) {
    char path[200];
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = 0;
    assert_int_equal(made("/run/x.sock"), 0);
    assert_int_equal(made("http://127.0.0.1"), 0);
    assert_int_equal(made("http://me:secret@127.0.0.1:8123/db"), 0);
    assert_int_equal(made("http://[::1]:8123/db"), 0);
    assert_int_equal(made(path), -EINVAL);
    assert_int_equal(made(""), -EINVAL);
    assert_int_equal(made("http://"), -EINVAL);
    assert_int_equal(made("http://a b"), -EINVAL);
    assert_int_equal(made("http://127.0.0.1/d\r\nX: y"), -EINVAL);
    assert_int_equal(made("https://127.0.0.1"), -ERR_UNSUPPORTED);
}

struct server {
    int fd;
    const char *says;
    char got[4096];
};

static void *serve(void *arg) {
    struct server *s = arg;
    int fd = accept(s->fd, NULL, NULL);
    ssize_t n = recv(fd, s->got, sizeof s->got - 1, 0);
    s->got[n > 0 ? n : 0] = 0;
    for (const char *p = s->says; *p; p++) /* byte by byte */
        if (send(fd, p, 1, MSG_NOSIGNAL) != 1)
            break;
    close(fd);
    return NULL;
}

static int answered(const char *says, struct buf *answer, struct diag *d, char got[4096]) {
    char path[64] = "/tmp/kizuki-client-XXXXXX", name[sizeof path + 8];
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct server s = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .says = says};
    struct index_client *c;
    pthread_t t;
    assert_non_null(mkdtemp(path));
    snprintf(name, sizeof name, "%s/s", path);
    memcpy(un.sun_path, name, strlen(name) + 1);
    assert_int_equal(bind(s.fd, (struct sockaddr *) &un, sizeof un), 0);
    assert_int_equal(listen(s.fd, 1), 0);
    assert_int_equal(index_client_new(name, &c, d), 0);
    assert_int_equal(pthread_create(&t, NULL, serve, &s), 0);
    int r = index_client_run(c, STR("SELECT n"), STR(""), 60000, answer, d);
    pthread_join(t, NULL);
    memcpy(got, s.got, sizeof s.got);
    index_client_free(c);
    close(s.fd);
    unlink(name);
    rmdir(path);
    return r;
}

static void answers_of_all_kinds_are_read(void **state UNUSED) {
    static char got[4096];
    struct buf a;
    struct diag d = {0};
    buf_init(&a, 1000);
    assert_int_equal(answered("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", &a, &d, got), 0);
    assert_str(buf_str(&a), "ok");
    assert_true(str_ends(str_of(got), STR("\r\n\r\nSELECT n")) && str_starts(str_of(got), STR("POST / HTTP/1.1\r\n")));
    assert_int_equal(answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", &a, &d, got), 0);
    assert_str(buf_str(&a), "ok");
    assert_int_equal(answered("HTTP/1.0 200 OK\r\n\r\nok", &a, &d, got), 0);
    assert_str(buf_str(&a), "ok");
    assert_int_equal(answered("HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\nbad\nmore\n", &a, &d, got), -ERR_REFUSED);
    assert_true(strstr(d.text, "bad") && !strstr(d.text, "more"));
    assert_int_equal(answered("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok", &a, &d, got), -ERR_PARSE);
    assert_int_equal(answered("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nok", &a, &d, got), -ERR_LIMIT);
    assert_int_equal(answered("SSH-2.0\r\n", &a, &d, got), -ERR_PARSE);
    assert_int_equal(answered("", &a, &d, got), -ERR_PARSE);
    buf_done(&a);
}

static void nobody_there_is_told(void **state UNUSED) {
    struct index_client *c;
    struct diag d = {0};
    struct buf a;
    buf_init(&a, 100);
    assert_int_equal(index_client_new("/tmp/kizuki-nobody.sock", &c, &d), 0);
    assert_int_equal(index_client_run(c, STR("SELECT n"), STR(""), 1000, &a, &d), -ENOENT);
    assert_true(strstr(d.text, "does not answer"));
    index_client_free(c);
    buf_done(&a);
}

UNIT_GROUP(index_client, cmocka_unit_test(places_are_named_or_refused), cmocka_unit_test(answers_of_all_kinds_are_read),
           cmocka_unit_test(nobody_there_is_told))

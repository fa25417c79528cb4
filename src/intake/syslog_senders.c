/* See syslog_priv.h. */
#include "intake/syslog_priv.h"

#include "base/hash.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <fcntl.h>

/* ---- what the kernel knows ---- */

uint64_t syslog_boot_id(void) {
    char text[64] = "";
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0)
        close(fd);
    return n > 0 ? hash_fast(str_n(text, (size_t) n), 1) : 0;
}

uint64_t syslog_cookie(int fd) {
    uint64_t v = 0;
    socklen_t n = sizeof v;
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &v, &n) < 0 ? 0 : v;
}

/* As much as we may have; FORCE needs a capability. */
void syslog_receive_buffer(int fd, int bytes) {
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

int syslog_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

/* ---- senders ---- */

struct syslog_senders *syslog_senders_unref(struct syslog_senders *s) {
    if (!s || --s->refs)
        return NULL;
    map_done(&s->ids);
    arena_done(&s->texts);
    mem_free(s);
    return NULL;
}

static bool copy_text(struct arena *a, struct str *s) {
    *s = arena_dup(a, s->p ? *s : STR(""));
    return s->p != NULL;
}

int syslog_senders_new(struct intake_live *l, const struct source *def, struct syslog_senders **ret,
                       struct diag *reterr) {
    struct syslog_senders *s = mem_zalloc(sizeof *s);
    if (!s)
        return diag_set(reterr, -ENOMEM, "out of memory");
    s->refs = 1;
    s->def = *def;
    map_init(&s->ids, SYSLOG_SENDERS_MAX, 0);
    arena_init(&s->texts, 8 * SOURCE_TEXT_BYTES_MAX);
    struct str *texts[] = {&s->def.name, &s->def.kind,    &s->def.path,
                           &s->def.host, &s->def.service, &s->def.decoder};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (!copy_text(&s->texts, texts[i])) {
            syslog_senders_unref(s);
            return diag_set(reterr, -ENOMEM, "out of memory");
        }
    int r = live_name_source(l, def, &s->own, reterr);
    if (r < 0)
        syslog_senders_unref(s);
    else
        *ret = s;
    return r;
}

size_t syslog_address(const struct sockaddr_storage *ss, bool port, char *dst, size_t cap) {
    char ip[INET6_ADDRSTRLEN] = "?";
    unsigned number = 0;
    int n;
    if (ss->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *) ss;
        inet_ntop(AF_INET, &in->sin_addr, ip, sizeof ip);
        number = ntohs(in->sin_port);
    } else if (ss->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *) ss;
        if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr))
            inet_ntop(AF_INET, in->sin6_addr.s6_addr + 12, ip, sizeof ip);
        else
            inet_ntop(AF_INET6, &in->sin6_addr, ip, sizeof ip);
        number = ntohs(in->sin6_port);
    }
    if (!port)
        n = snprintf(dst, cap, "%s", ip);
    else
        n = snprintf(dst, cap, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, number);
    return n < 0 ? 0 : MIN((size_t) n, cap - 1);
}

uint32_t syslog_sender_source(struct intake_live *l, struct syslog_senders *s,
                              const struct sockaddr_storage *ss) {
    char ip[INET6_ADDRSTRLEN], name[INET6_ADDRSTRLEN + 64];
    struct str address = str_n(ip, syslog_address(ss, false, ip, sizeof ip));
    union map_value *v = map_find(&s->ids, address);
    if (v)
        return (uint32_t) v->num;
    int n = snprintf(name, sizeof name, "%s (%.*s)", ip, (int) MIN(s->def.name.n, (size_t) 60),
                     s->def.name.p);
    struct source def = s->def;
    def.name = str_n(name, (size_t) n);
    uint32_t id = s->own;
    bool fresh;
    if (map_add(&s->ids, address, &v, &fresh) < 0)
        return s->own; /* too many senders: they share one source */
    if (live_name_source(l, &def, &id, NULL) < 0) {
        map_remove(&s->ids, address); /* the disk is full: tried again with the next message */
        return s->own;
    }
    v->num = id;
    return id;
}

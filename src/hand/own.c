#include "hand/own.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

int hand_own_open(struct diag *reterr) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return diag_set(reterr, -errno, "cannot ask the kernel for this machine's addresses: %s",
                        err_word(-errno));
    return fd;
}

static int ask(int fd, uint32_t seq) {
    struct {
        struct nlmsghdr head;
        struct ifaddrmsg body;
    } q = {.head = {.nlmsg_len = sizeof q,
                    .nlmsg_type = RTM_GETADDR,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                    .nlmsg_seq = seq},
           .body = {.ifa_family = AF_UNSPEC}};
    return send(fd, &q, sizeof q, MSG_NOSIGNAL) == (ssize_t) sizeof q ? 0 : -errno;
}

/* The kernel's macros cast away const, so nothing is const here.
 * IFA_LOCAL is our own address; on a point-to-point link IFA_ADDRESS is the other end's. IPv6 has
 * IFA_ADDRESS only. */
static int add_address(struct nlmsghdr *h, struct ip *dst, size_t cap, size_t *n) {
    struct ifaddrmsg *m = NLMSG_DATA(h);
    struct rtattr *found = NULL;
    int left = (int) IFA_PAYLOAD(h);
    size_t want = m->ifa_family == AF_INET ? 4 : 16;
    if (m->ifa_family != AF_INET && m->ifa_family != AF_INET6)
        return 0;
    for (struct rtattr *a = IFA_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFA_LOCAL || (a->rta_type == IFA_ADDRESS && !found))
            found = a;
    if (!found || RTA_PAYLOAD(found) != want)
        return 0;
    if (*n == cap)
        return -ERR_LIMIT;
    struct ip *ip = &dst[(*n)++];
    *ip = (struct ip){.version = want == 4 ? 4 : 6};
    memcpy(ip->bytes, RTA_DATA(found), want);
    return 0;
}

/* 1 = the list is complete. */
static int read_part(char *p, size_t n_bytes, uint32_t seq, struct ip *dst, size_t cap, size_t *n) {
    size_t left = n_bytes;
    for (struct nlmsghdr *h = (struct nlmsghdr *) (void *) p; NLMSG_OK(h, left);
         h = NLMSG_NEXT(h, left)) {
        if (h->nlmsg_seq != seq)
            continue; /* the rest of an older, broken-off question */
        if (h->nlmsg_type == NLMSG_DONE)
            return 1;
        if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_flags & NLM_F_DUMP_INTR)
            return -EAGAIN;
        if (h->nlmsg_type != RTM_NEWADDR || h->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifaddrmsg)))
            continue;
        int r = add_address(h, dst, cap, n);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_once(int fd, struct ip *dst, size_t cap, size_t *n) {
    static uint32_t seq;
    _Alignas(struct nlmsghdr) char p[32768];
    int r = ask(fd, ++seq);
    *n = 0;
    while (r == 0) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        if (poll(&pfd, 1, 1000) <= 0)
            return -ETIMEDOUT;
        ssize_t got = recv(fd, p, sizeof p, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -EPIPE;
        r = read_part(p, (size_t) got, seq, dst, cap, n);
    }
    return r < 0 ? r : 0;
}

int hand_own_read(int fd, struct ip *dst, size_t cap, size_t *ret_n, struct diag *reterr) {
    int r = -EAGAIN;
    for (int tries = 0; tries < 3 && r == -EAGAIN; tries++) /* addresses changed while being read */
        r = read_once(fd, dst, cap, ret_n);
    return r < 0 ? diag_set(reterr, r, "cannot read this machine's addresses: %s", err_word(r)) : 0;
}

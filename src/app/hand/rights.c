#include "app/hand/rights.h"

#include "app/common/sandbox.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static int get_caps(struct __user_cap_data_struct data[2]) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    return syscall(SYS_capget, &head, data) < 0 ? -errno : 0;
}

bool rights_net_admin(void) {
    struct __user_cap_data_struct data[2];
    return get_caps(data) == 0 && data[0].effective & 1u << CAP_NET_ADMIN;
}

/* Keeps the capabilities of `keep` (bits of the first word) in every set, the bounding set
 * included, so that root's exec gives none back. The ambient set hands them on to nft also where we
 * are not root. */
static int keep_caps(uint32_t keep, struct diag *reterr) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.effective = keep, .permitted = keep, .inheritable = keep}};
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if ((cap > 31 || !(keep & 1u << cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
            errno != EPERM) /* EPERM: started without CAP_SETPCAP, so there is little to drop */
            return diag_set(reterr, -errno, "cannot drop a capability: %s", err_word(-errno));
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
        syscall(SYS_capset, &head, data) < 0)
        return diag_set(reterr, -errno, "cannot drop capabilities: %s", err_word(-errno));
    for (int cap = 0; cap < 32; cap++)
        if (keep & 1u << cap && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            return diag_set(reterr, -errno, "cannot hand a capability on: %s", err_word(-errno));
    return 0;
}

/* ---- the visible block: all that is left, for each of the two processes ---- */

int rights_drop_hand(const struct rights *r, struct diag *reterr) {
    const struct sandbox_path paths[] = {{r->folder, SANDBOX_WRITE}};
    int e = keep_caps(0, reterr);
    if (e < 0)
        return e;
    return sandbox_enter(paths, ARRAY_SIZE(paths),
                         SANDBOX_BASIC | SANDBOX_FILES | SANDBOX_CONNECTED, reterr);
}

int rights_drop_runner(void *rights, struct diag *reterr) {
    const struct rights *r = rights;
    const struct sandbox_path paths[] = {
        {r->nft, SANDBOX_EXEC},
        {"/lib64/ld-linux-x86-64.so.2", SANDBOX_EXEC}, /* the kernel opens it to execute it, too */
        {"/lib/ld-linux-aarch64.so.1", SANDBOX_EXEC},
        {"/lib", SANDBOX_READ}, /* libnftables and what it needs */
        {"/usr/lib", SANDBOX_READ},
        {"/etc/ld.so.cache", SANDBOX_READ},
        {"/etc/iproute2", SANDBOX_READ}, /* names nft reads at start */
        {"/usr/share/iproute2", SANDBOX_READ},
        {"/dev/urandom", SANDBOX_READ},
    };
    for (size_t i = 0; i < ARRAY_SIZE(r->close_fds); i++)
        if (r->close_fds[i] >= 0)
            close(r->close_fds[i]);
    int e = keep_caps(1u << CAP_NET_ADMIN, reterr);
    if (e < 0)
        return e;
    return sandbox_enter(paths, ARRAY_SIZE(paths),
                         SANDBOX_BASIC | SANDBOX_FILES | SANDBOX_SOCKETS | SANDBOX_CHILDREN,
                         reterr);
}

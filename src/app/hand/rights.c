#include "app/hand/rights.h"

#include "app/common/sandbox.h"
#include "hand/deed_driver.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
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

/* What every program started here may read: libraries, names, certificates. Nothing of our data folder. */
static const struct sandbox_path common_paths[] = {
    {"/lib64/ld-linux-x86-64.so.2", SANDBOX_EXEC},
    {"/lib/ld-linux-aarch64.so.1", SANDBOX_EXEC},
    {"/lib", SANDBOX_READ},
    {"/usr/lib", SANDBOX_READ},
    {"/etc/ld.so.cache", SANDBOX_READ},
    {"/etc/iproute2", SANDBOX_READ},
    {"/usr/share/iproute2", SANDBOX_READ},
    {"/etc/ssl", SANDBOX_READ},
    {"/usr/share/ca-certificates", SANDBOX_READ},
    {"/usr/local/share/ca-certificates", SANDBOX_READ},
    {"/etc/resolv.conf", SANDBOX_READ},
    {"/etc/hosts", SANDBOX_READ},
    {"/etc/nsswitch.conf", SANDBOX_READ},
    {"/etc/services", SANDBOX_READ},
    {"/etc/gai.conf", SANDBOX_READ},
    {"/etc/passwd", SANDBOX_READ},
    {"/etc/group", SANDBOX_READ},
    {"/etc/localtime", SANDBOX_READ},
    {"/usr/share/zoneinfo", SANDBOX_READ},
    {"/dev/urandom", SANDBOX_READ},
    {"/dev/null", SANDBOX_READ | SANDBOX_WRITE},
};
enum { OWN_PATHS_MAX = 96 };

static int add_paths(struct deed_driver *d, const struct str *list, size_t n, unsigned access, struct sandbox_path *dst,
                     size_t *count, struct diag *reterr) {
    struct deed_scope s = {.driver = d, .kind = &d->kinds[0]};
    for (size_t i = 0; i < n; i++) {
        struct str path;
        int e = deed_expand(&d->arena, &s, list[i], DEED_IN_ARG, &path, reterr);
        if (e < 0)
            return e;
        if (*count == OWN_PATHS_MAX)
            return diag_set(reterr, -ERR_LIMIT, "the driver names too many paths");
        dst[(*count)++] = (struct sandbox_path){arena_dup_z(&d->arena, path), access};
    }
    return 0;
}

/* Root's file says which user; without one the driver stays who it was started as, without capabilities. */
static int become_user(const struct deed_driver *d, struct diag *reterr) {
    char name[64];
    if (!d->user.n || geteuid() != 0)
        return 0;
    snprintf(name, sizeof name, "%.*s", STR_ARG(d->user));
    const struct passwd *pw = getpwnam(name);
    if (!pw)
        return diag_set(reterr, -ENOENT, "there is no user '%s'", name);
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 || setgid(pw->pw_gid) < 0 ||
        setuid(pw->pw_uid) < 0)
        return diag_set(reterr, -errno, "cannot become user '%s': %s", name, err_word(-errno));
    return 0;
}

int rights_drop_deeds(void *rights, struct diag *reterr) {
    const struct rights_deeds *r = rights;
    struct deed_driver *d = r->driver;
    struct sandbox_path paths[OWN_PATHS_MAX + ARRAY_SIZE(common_paths)];
    size_t n = 0;
    if (r->close_fd >= 0)
        close(r->close_fd);
    for (size_t i = 0; i < d->n_programs && n < OWN_PATHS_MAX; i++)
        paths[n++] = (struct sandbox_path){d->programs[i].path, SANDBOX_EXEC | SANDBOX_READ};
    int e = add_paths(d, d->read, d->n_read, SANDBOX_READ, paths, &n, reterr);
    if (e == 0)
        e = add_paths(d, d->write, d->n_write, SANDBOX_READ | SANDBOX_WRITE, paths, &n, reterr);
    for (size_t i = 0; i < ARRAY_SIZE(common_paths); i++)
        paths[n++] = common_paths[i];
    uint32_t keep = d->net_admin ? 1u << CAP_NET_ADMIN : 0;
    if (d->keep_root)
        keep |= 1u << CAP_DAC_OVERRIDE | 1u << CAP_CHOWN | 1u << CAP_FOWNER | 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE;
    struct __user_cap_data_struct have[2];
    if (e == 0 && get_caps(have) == 0)
        keep &= have[0].permitted;
    if (e == 0)
        e = become_user(d, reterr);
    if (e == 0)
        e = keep_caps(keep, reterr);
    if (e < 0)
        return e;
    return sandbox_enter(paths, n, SANDBOX_BASIC | SANDBOX_FILES | SANDBOX_SOCKETS | SANDBOX_CHILDREN, reterr);
}

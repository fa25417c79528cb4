/* See content.h. */
#include "app/content/content.h"

#include "base/str.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool content_here(char *dst, size_t cap, const char *dir, const char *below) {
    struct stat st;
    snprintf(dst, cap, "%s%s", dir, below);
    return stat(dst, &st) == 0 && S_ISDIR(st.st_mode);
}

const char *content_dir(void) {
    static char found[PATH_MAX + 64];
    char exe[PATH_MAX];
    const char *given = getenv("KIZUKI_CONTENT");
    if (found[0])
        return found;
    if (given && given[0] && content_here(found, sizeof found, given, ""))
        return found;
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n > 0) {
        exe[n] = 0;
        char *slash = strrchr(exe, '/');
        if (slash)
            *slash = 0;
        /* From a build folder, then from an installed tree (bin and libexec/kizuki). */
        if (content_here(found, sizeof found, exe, "/../content") ||
            content_here(found, sizeof found, exe, "/../share/kizuki/content") ||
            content_here(found, sizeof found, exe, "/../../share/kizuki/content"))
            return found;
    }
    snprintf(found, sizeof found, "/usr/share/kizuki/content");
    return found;
}

const char *packs_dir(void) {
    static char found[PATH_MAX + 96];
    const char *given = getenv("KIZUKI_PACKS");
    snprintf(found, sizeof found, given && given[0] ? "%s" : "%s/../packs", given && given[0] ? given : content_dir());
    return found;
}

#include "app/gate/tokens.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"

#include <sys/stat.h>

#define LOOK_NS NS_PER_S
enum { TOKENS_BYTES_MAX = 1 << 20, TOKENS_MAX = 4096 };

static void forget(struct tokens *t) {
    for (struct map_slot *s = NULL; (s = map_next(&t->names, s));)
        mem_free(s->value.ptr);
    map_clear(&t->names);
}

static void read_line(struct tokens *t, struct str line) {
    struct str name;
    uint8_t hash[SHA256_BYTES];
    if (!str_split(&line, ' ', &name) || !name.n || name.n > TOKEN_NAME_MAX ||
        hex_decode(str_trim(line), hash, sizeof hash) < 0)
        return;
    char *copy = str_dup(name);
    struct str key = str_n((const char *) hash, sizeof hash);
    if (!copy || map_get(&t->names, key) || map_put(&t->names, key, copy) < 0)
        mem_free(copy);
}

static void look(struct tokens *t) {
    struct stat st;
    struct arena a;
    struct str text, line;
    struct diag d = {0};
    if (t->looked_ns && time_monotonic_ns() - t->looked_ns < LOOK_NS)
        return;
    t->looked_ns = time_monotonic_ns();
    if (stat(t->path, &st) < 0) {
        forget(t);
        return;
    }
    int64_t mtime = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
    if (mtime == t->mtime_ns && st.st_ino == t->inode)
        return;
    arena_init(&a, 2 * TOKENS_BYTES_MAX);
    if (file_read(&a, t->path, TOKENS_BYTES_MAX, &text, &d) == 0) {
        forget(t);
        while (str_split(&text, '\n', &line))
            read_line(t, line);
        t->mtime_ns = mtime;
        t->inode = st.st_ino;
    } else {
        log_warn("cannot read the tokens: %s", d.text);
    }
    arena_done(&a);
}

void tokens_init(struct tokens *t, const char *data) {
    *t = (struct tokens){0};
    snprintf(t->path, sizeof t->path, "%s/gate/tokens", data);
    map_init(&t->names, TOKENS_MAX, 0);
}

const char *tokens_find(struct tokens *t, struct str token) {
    uint8_t hash[SHA256_BYTES];
    look(t);
    sha256_of(token, hash);
    return map_get(&t->names, str_n((const char *) hash, sizeof hash));
}

/* The door's journal as a crash, a full disk or somebody left it: what is whole is believed, everything else is not; what is written anew says the
 * same once more, and no message is left that nobody knows the fate of. */
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/time.h"
#include "door/journal.h"

#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW (INT64_C(1795366988) * NS_PER_S)

static void check_line(struct buf *out, struct str line) {
    struct str text = str_starts(line, STR("@")) ? str_from(line, 1) : STR_NULL;
    if (!text.p) { /* as it came */
        buf_add(out, line);
    } else { /* whole: mutations get behind the sum */
        buf_printf(out, "%08x ", crc32c(0, text.p, text.n));
        buf_add(out, text);
    }
    buf_add_byte(out, '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char path[64];
    struct door_journal j, again;
    struct buf b;
    struct str rest = str_n((const char *) data, MIN(size, (size_t) 65536)), line;
    if (!path[0])
        snprintf(path, sizeof path, "%s/kizuki-fuzz-door-%d", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int) getpid());
    buf_init(&b, 1 << 20);
    while (str_split(&rest, '\n', &line))
        check_line(&b, line);
    ASSERT(file_write_atomic(path, buf_str(&b), 0600, NULL) == 0);
    buf_done(&b);
    if (door_journal_open(&j, path, NOW, NULL) == 0) {
        ASSERT(door_journal_open(&again, path, NOW, NULL) == 0);
        ASSERT(again.torn == 0 && again.n_unknown == 0 && again.by_id.n == j.by_id.n);
        for (struct map_slot *s = NULL; (s = map_next(&j.by_id, s));) {
            const struct door_entry *e = s->value.ptr, *same = door_journal_find(&again, s->key);
            ASSERT(same && e->ended && same->ended && same->outcome.state == e->outcome.state && same->at_ns == e->at_ns);
            ASSERT(strcmp(same->outcome.sentence, e->outcome.sentence) == 0 && strcmp(same->why, e->why) == 0 && strcmp(same->outcome.by, e->outcome.by) == 0);
            ASSERT(door_journal_begin(&again, s->key, STR("mail"), NOW, NULL) == -EEXIST); /* nothing goes twice */
        }
        door_journal_close(&again);
    }
    door_journal_close(&j);
    unlink(path);
    return 0;
}

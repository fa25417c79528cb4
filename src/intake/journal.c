/* Local journal files through libsystemd's reader.
 *
 * Every entry becomes one record in the journal export format (KEY=value lines; values with a line
 * end as KEY, LF, length as u64 little-endian, value, LF), led by __REALTIME_TIMESTAMP, and carries
 * its cursor: a restart goes on behind the last entry that is on disk. When that entry was vacuumed
 * away, reading goes on with the first one after it. inotify tells of new entries; a timer looks
 * too, because it cannot see every file system.
 *
 * One state: key JOURNAL_KEY, the cursor as text. */
#include "base/buf.h"
#include "base/mem.h"
#include "intake/live_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

enum {
    JOURNAL_KEY = 1,
    ENTRIES_A_TURN = 2000,
    ENTRY_BYTES_MAX = SPOOL_RECORD_BYTES_MAX / 2, /* core dumps stand in the journal too */
    LOOK_MS = 1000,
};

struct journal {
    struct live_transport transport;
    uint32_t source;
    sd_journal *j;
    char cursor[RAW_RESUME_BYTES_MAX + 1]; /* of the last entry that was put; "" = from the start */
    bool standing;                         /* on an entry that was not put yet */
    int64_t start_ns;
    struct buf entry;
    uv_poll_t poll;
    uv_timer_t timer;
    uv_idle_t more;
    bool polls;
    int handles;
};

/* ---- an entry as bytes ---- */

static void add_field(struct buf *out, struct str field) {
    ptrdiff_t eq = str_find_byte(field, '=', 0);
    if (eq <= 0)
        return;
    struct str value = str_from(field, (size_t) eq + 1);
    if (str_find_byte(value, '\n', 0) < 0) {
        buf_add(out, field);
    } else {
        char le[8];
        for (size_t i = 0; i < sizeof le; i++)
            le[i] = (char) ((uint64_t) value.n >> 8 * i);
        buf_add(out, str_to(field, (size_t) eq));
        buf_add_byte(out, '\n');
        buf_add(out, str_n(le, sizeof le));
        buf_add(out, value);
    }
    buf_add_byte(out, '\n');
}

/* *ret_flags: RAW_TRUNCATED when the entry is larger than we keep. */
static int read_entry(struct journal *t, uint32_t *ret_flags, int64_t *ret_realtime_ns) {
    uint64_t us = 0, mono = 0;
    sd_id128_t boot;
    const void *p;
    size_t n;
    int r = sd_journal_get_realtime_usec(t->j, &us);
    if (r < 0)
        return r;
    *ret_flags = RAW_JOURNAL;
    *ret_realtime_ns = (int64_t) MIN(us, (uint64_t) INT64_MAX / 1000) * NS_PER_US;
    buf_clear(&t->entry);
    buf_printf(&t->entry, "__REALTIME_TIMESTAMP=%" PRIu64 "\n", us);
    if (sd_journal_get_monotonic_usec(t->j, &mono, &boot) >= 0)
        buf_printf(&t->entry, "__MONOTONIC_TIMESTAMP=%" PRIu64 "\n", mono);
    sd_journal_restart_data(t->j);
    while ((r = sd_journal_enumerate_available_data(t->j, &p, &n)) > 0) {
        if (n > LINE_BYTES_MAX || t->entry.n + n + 16 > ENTRY_BYTES_MAX) {
            *ret_flags |= RAW_TRUNCATED;
            n = MIN(n, (size_t) LINE_BYTES_MAX);
            if (t->entry.n + n + 16 > ENTRY_BYTES_MAX)
                continue;
        }
        add_field(&t->entry, str_n(p, n));
    }
    return r < 0 ? r : buf_error(&t->entry);
}

static void freep(char **p) {
    free(*p);
}

/* 0, -EAGAIN when the disk must take records first, or what is wrong with the entry. */
static int put_entry(struct journal *t) {
    CLEANUP(freep) char *cursor = NULL; /* the library's own malloc */
    uint32_t flags;
    int64_t realtime_ns;
    int r = read_entry(t, &flags, &realtime_ns);
    if (r >= 0)
        r = sd_journal_get_cursor(t->j, &cursor);
    if (r < 0)
        return r;
    size_t n = strlen(cursor);
    if (n >= sizeof t->cursor)
        return -EBADMSG;
    struct raw_record rec = {
        .bytes = buf_str(&t->entry),
        .arrival_ns = live_now(t->transport.live),
        .source = t->source,
        .flags = flags | (realtime_ns < t->start_ns ? RAW_BACKFILL : 0),
        .resume = str_n(cursor, n),
        .resume_key = JOURNAL_KEY,
    };
    r = live_put(t->transport.live, &rec);
    if (r == 0)
        memcpy(t->cursor, cursor, n + 1);
    return r;
}

/* ---- reading ---- */

/* Behind the last entry that is in the spool, or before all. */
static int find_place(struct journal *t) {
    if (!t->cursor[0])
        return sd_journal_seek_head(t->j);
    int r = sd_journal_seek_cursor(t->j, t->cursor);
    if (r < 0)
        return r;
    r = sd_journal_next(t->j);
    if (r <= 0)
        return r;
    /* not that entry: it is gone, and this is the first one after it */
    t->standing = sd_journal_test_cursor(t->j, t->cursor) == 0;
    return 0;
}

static void on_more(uv_idle_t *h);

static void look(struct journal *t) {
    struct intake_live *l = t->transport.live;
    int r = 1, n = 0;
    for (; n < ENTRIES_A_TURN && !live_waits(l); n++) {
        if (!t->standing) {
            r = sd_journal_next(t->j);
            if (r <= 0)
                break;
            t->standing = true;
        }
        r = put_entry(t);
        if (r == -EAGAIN)
            break;
        if (r < 0)
            live_counters(l, t->source)->broken++; /* this entry; the next one may be whole */
        t->standing = false;
        r = 1;
    }
    if (r < 0 && r != -EAGAIN)
        live_counters(l, t->source)->broken++;
    if (r == 1 && n == ENTRIES_A_TURN)
        (void) uv_idle_start(&t->more, on_more);
    else
        (void) uv_idle_stop(&t->more);
}

static void on_more(uv_idle_t *h) {
    look(container_of(h, struct journal, more));
}

static void on_timer(uv_timer_t *h) {
    struct journal *t = h->data;
    (void) sd_journal_process(t->j);
    look(t);
}

static void on_event(uv_poll_t *h, int status UNUSED, int events UNUSED) {
    struct journal *t = container_of(h, struct journal, poll);
    (void) sd_journal_process(t->j);
    look(t);
}

static void journal_go_on(struct live_transport *transport) {
    look(container_of(transport, struct journal, transport));
}

/* ---- life ---- */

static void journal_free(struct journal *t) {
    if (t->j)
        sd_journal_close(t->j);
    buf_done(&t->entry);
    mem_free(t);
}

static void handle_gone(struct journal *t) {
    if (--t->handles == 0)
        journal_free(t);
}
static void poll_closed(uv_handle_t *h) {
    handle_gone(container_of((uv_poll_t *) h, struct journal, poll));
}
static void timer_closed(uv_handle_t *h) {
    handle_gone(h->data);
}
static void more_closed(uv_handle_t *h) {
    handle_gone(container_of((uv_idle_t *) h, struct journal, more));
}

static void journal_close(struct live_transport *transport) {
    struct journal *t = container_of(transport, struct journal, transport);
    live_remove(transport);
    if (t->polls)
        uv_close((uv_handle_t *) &t->poll, poll_closed);
    uv_close((uv_handle_t *) &t->timer, timer_closed);
    uv_close((uv_handle_t *) &t->more, more_closed);
}

static int restore(void *ctx, uint32_t source UNUSED, uint32_t key, struct str value) {
    struct journal *t = ctx;
    if (key == JOURNAL_KEY && value.n < sizeof t->cursor) {
        memcpy(t->cursor, value.p, value.n);
        t->cursor[value.n] = 0;
    }
    return 0;
}

static int journal_open(struct journal *t, const struct source *def, struct diag *reterr) {
    CLEANUP(mem_freep) char *path = str_dup(def->path);
    if (!path)
        return diag_set(reterr, -ENOMEM, "out of memory");
    int r = def->path.n ? sd_journal_open_directory(&t->j, path, 0)
                        : sd_journal_open(&t->j, SD_JOURNAL_LOCAL_ONLY);
    if (r >= 0)
        r = sd_journal_set_data_threshold(t->j, LINE_BYTES_MAX + 1);
    if (r >= 0)
        r = find_place(t);
    if (r < 0)
        return diag_set(reterr, r, "cannot read the journal '%s': %s", path, err_word(r));
    return 0;
}

/* Files of a folder, and of the folders of machines in it. */
static bool folder_is_whole(const char *path, bool deeper) {
    DIR *dir = opendir(path);
    bool whole = dir || errno == ENOENT;
    for (struct dirent *e; dir && whole && (e = readdir(dir));) {
        char at[PATH_MAX];
        struct str name = str_of(e->d_name);
        snprintf(at, sizeof at, "%.2000s/%s", path, e->d_name);
        if (deeper && name.n && name.p[0] != '.' && e->d_type == DT_DIR)
            whole = folder_is_whole(at, false);
        if (!str_ends(name, STR(".journal")) && !str_ends(name, STR(".journal~")))
            continue;
        int fd = open(at, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        whole &= fd >= 0 || errno == ENOENT; /* removed since it was listed */
        if (fd >= 0)
            close(fd);
    }
    if (dir)
        closedir(dir);
    return whole;
}

bool intake_journal_is_whole(const char *path) {
    return path[0] ? folder_is_whole(path, true) : folder_is_whole("/var/log/journal", true) && folder_is_whole("/run/log/journal", true);
}

int intake_journal_add(struct intake_live *l, const struct source *def, struct diag *reterr) {
    struct journal *t = mem_zalloc(sizeof *t);
    if (!t)
        return diag_set(reterr, -ENOMEM, "out of memory");
    t->transport =
        (struct live_transport){.live = l, .go_on = journal_go_on, .close = journal_close};
    t->start_ns = live_now(l);
    buf_init(&t->entry, 2 * ENTRY_BYTES_MAX);
    int r = live_name_source(l, def, &t->source, reterr);
    if (r == 0)
        r = live_states(l, t->source, restore, t);
    if (r == 0)
        r = journal_open(t, def, reterr);
    if (r < 0) {
        journal_free(t);
        return r;
    }
    live_add(l, &t->transport);
    t->handles = 2;
    t->timer.data = t;
    (void) uv_timer_init(live_loop(l), &t->timer);
    (void) uv_idle_init(live_loop(l), &t->more);
    (void) uv_timer_start(&t->timer, on_timer, 0, LOOK_MS);
    int fd =
        sd_journal_get_fd(t->j); /* no inotify (its watches are limited): the timer is enough */
    if (fd >= 0 && uv_poll_init(live_loop(l), &t->poll, fd) == 0) {
        t->polls = true;
        t->handles++;
        (void) uv_poll_start(&t->poll, UV_READABLE, on_event);
    }
    return 0;
}

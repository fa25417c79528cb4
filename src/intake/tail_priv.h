/* What the parts of tail share: tail.c (the loop), tail_names.c (which file is which), tail_read.c
 * (lines). */
#pragma once
#include "intake/live_priv.h"
#include "intake/tail_file.h"

enum {
    CHUNK_BYTES = 256 * 1024,
    PUMP_BYTES = 4 * 1024 * 1024, /* of one file in a turn of the loop */
    QUIET_SCANS = 60,    /* without growth: put to sleep, or finished when without a name */
    READ_BACK_KEY = 0,   /* history.c's; its first eight bytes are read_back_ns */
    FIRST_SIGHT_KEY = 1, /* no file has number 0 */
    STARTING_SCANS = 2,  /* what is found in them was there before us */
    CUT_S = 20,          /* so long the copy of what was cut away may be late */
    PACKED_S = 60,       /* and so much earlier its packed form may have begun */
    FRESH_S = 10,        /* a file found later that is older was not written just now */
};
struct watch;

struct tail {
    struct live_transport transport;
    struct intake_tail_options o;
    uint32_t source;
    char *pattern, *siblings; /* siblings: pattern + "*" */
    struct list files;
    unsigned past_n, files_n;
    uint32_t next_no;
    unsigned retired; /* counts files becoming PAST: copies are looked at again */
    unsigned scans;   /* completed */
    bool known;       /* the spool remembered files of this source */
    bool scan_wanted;
    int64_t began_ns;       /* the first scan */
    int64_t packed_ns;      /* time of change of the newest packed file beside ours */
    int64_t first_sight_ns; /* kept in the spool under FIRST_SIGHT_KEY */
    char *chunk;
    struct watch *watches[TAIL_WATCHES_MAX];
    unsigned watches_n;
    uv_timer_t timer, soon;
    uv_idle_t more;
    int handles;
};
/* tail.c */
/* Reads what has grown; `names`: after a scan. */
void tail_look(struct tail *t, bool names);

/* tail_read.c */
struct tail_file *tail_file_new(struct tail *t, const char *path);
void tail_file_free(struct tail *t, struct tail_file *f);
void tail_rename_file(struct tail_file *f, const char *path);
int tail_put_identity(struct tail *t, const struct tail_file *f) MUST_USE;
int tail_put_mark(struct tail *t, const struct tail_file *f) MUST_USE;
/* Also in the spool; frees f unless the disk is full. */
void tail_forget(struct tail *t, struct tail_file *f);
void tail_set_past(struct tail *t, struct tail_file *f);
/* Down to TAIL_PAST_MAX; only while nobody walks the list. */
void tail_forget_oldest(struct tail *t);
/* Notices that an open file was truncated, also when it has grown past our offset again. */
int tail_look_at(struct tail *t, struct tail_file *f, uint64_t *ret_size) MUST_USE;
/* 1: more is there; 0: read as far as there are whole lines; negative: stop. `end`: what is there
 * without a line end is a line. */
int tail_read_file(struct tail *t, struct tail_file *f, bool end) MUST_USE;
/* After long quiet: sleep while it has a name; without one it is finished, its last bytes are a
 * line. */
void tail_settle(struct tail *t, struct tail_file *f);

/* tail_names.c */
/* Its content went away, after this moment. */
void tail_note_cut(struct tail *t, struct tail_file *f, int64_t after_ns);
void tail_scan(struct tail *t);

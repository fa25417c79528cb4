/* Writes a story's lines into a pipe with their own times; with --pace N at N times the speed of life, else
 * as fast as they are read. A clock tick goes out for every second of the story, so that whoever follows
 * knows its time when nothing happens. */
#include "app/cli/command.h"
#include "base/file.h"
#include "intake/replay.h"
#include "pack/replay.h"

#include <time.h>
#include <unistd.h>

enum { PLAY_BUFFER = 256 * 1024 };

enum { TELL_EVERY_S = 1, TICKS_MAX = 300000 };
struct player {
    int fd;
    bool tells; /* somebody looks */
    uint64_t lines;
    int64_t told_ns, end_ns;
    double pace; /* 0: as fast as it is read */
    int64_t story_ns, real_ns; /* where both clocks started */
    int64_t ticked_s, step_s; /* a year is not told by the second */
    struct buf out;
};

static int flush(struct player *p) {
    int r = p->out.n ? file_write_all(p->fd, buf_str(&p->out)) : 0;
    buf_clear(&p->out);
    return r;
}

/* Waits until the story's time has come; what was written before must not wait with us. */
static int wait_for(struct player *p, int64_t at_ns) {
    if (p->pace <= 0)
        return 0;
    int64_t due = p->real_ns + (int64_t) ((double) (at_ns - p->story_ns) / p->pace);
    int64_t left = due - time_monotonic_ns();
    if (left < 2 * NS_PER_MS)
        return 0;
    int r = flush(p);
    struct timespec ts = {.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
    while (r == 0 && clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
        ;
    return r;
}

static int say(struct player *p, const struct replay_message *m) {
    int r = wait_for(p, m->at_ns);
    replay_message_add(&p->out, m);
    if (r == 0 && p->out.n > PLAY_BUFFER / 2)
        r = flush(p);
    return r < 0 ? r : buf_error(&p->out);
}

/* How far it is, on the same line of the terminal, once a second. */
static void tell(struct player *p, int64_t at_ns, bool last) {
    char iso[TIME_ISO_CAP];
    int64_t now = p->tells ? time_monotonic_ns() : 0;
    if (!p->tells || (!last && now - p->told_ns < TELL_EVERY_S * NS_PER_S))
        return;
    p->told_ns = now;
    fprintf(stderr, "\r%3.0f %%  %.16s  %llu lines%s", 100.0 * (double) (at_ns - p->story_ns) / (double) (p->end_ns - p->story_ns),
            time_format_iso_offset(at_ns, TIME_JST_OFFSET_MIN, 0, iso), (unsigned long long) p->lines, last ? "\n" : "");
}

static int tick_until(struct player *p, int64_t at_ns) {
    int r = 0;
    tell(p, at_ns, false);
    for (; r == 0 && p->ticked_s + p->step_s <= at_ns / NS_PER_S; p->ticked_s += p->step_s)
        r = say(p, &(struct replay_message){.at_ns = (p->ticked_s + p->step_s) * NS_PER_S, .kind = REPLAY_KIND_TICK});
    return r;
}

static int play(struct player *p, struct pack_replay *story) {
    struct pack_line line;
    int r = 0, more;
    p->story_ns = pack_replay_start_ns(story);
    p->ticked_s = p->story_ns / NS_PER_S;
    p->real_ns = p->told_ns = time_monotonic_ns();
    p->end_ns = pack_replay_end_ns(story);
    p->step_s = 1 + (p->end_ns - p->story_ns) / NS_PER_S / TICKS_MAX;
    p->tells = isatty(2);
    while (r == 0 && (more = pack_replay_next(story, &line)) != 0) {
        if (more < 0)
            return more;
        r = tick_until(p, line.at_ns);
        p->lines++;
        if (r == 0)
            r = say(p, &(struct replay_message){line.at_ns, line.source, REPLAY_KIND_LINE, line.bytes});
    }
    if (r == 0)
        r = tick_until(p, pack_replay_end_ns(story));
    if (r == 0)
        r = say(p, &(struct replay_message){.at_ns = pack_replay_end_ns(story), .kind = REPLAY_KIND_END});
    tell(p, p->end_ns, true);
    return r < 0 ? r : flush(p);
}

struct play_args {
    int64_t seed, fd;
    const char *pace;
};

static int run_play(void *settings, unsigned n_args UNUSED, char **args) {
    const struct play_args *a = settings;
    CLEANUP(pack_replay_freep) struct pack_replay *story = NULL;
    struct player p = {.fd = (int) a->fd};
    struct diag d = {0};
    if (a->pace && command_pace(a->pace, &p.pace, &d) < 0)
        return command_failed(&d);
    buf_init(&p.out, PLAY_BUFFER);
    int r = pack_replay_open(args[0], (uint64_t) a->seed, &story, &d);
    if (r == 0 && (r = play(&p, story)) < 0)
        diag_set(&d, r, "cannot go on playing '%s': %s", args[0], err_word(r));
    buf_done(&p.out);
    return r < 0 ? command_failed(&d) : 0;
}

static const struct cli_option OPTIONS[] = {
    {.name = "seed", .kind = CLI_NUMBER, .value = "N", .min = 0, .max = INT64_MAX,
     .at = offsetof(struct play_args, seed), .help = "another variant of the same story"},
    {.name = "pace", .kind = CLI_STRING, .value = "N", .at = offsetof(struct play_args, pace),
     .help = "N times the speed of life; 0 as fast as it is read"},
    {.name = "fd", .kind = CLI_NUMBER, .value = "N", .min = 1, .max = 1024,
     .at = offsetof(struct play_args, fd), .help = "write there (1)"},
    {0},
};
const struct cli_command COMMAND_PACK_PLAY = {
    .name = "pack play", .args = "REPLAY.yml", .args_min = 1, .args_max = 1, .hidden = true,
    .help = "write the lines of a story for a sensor started with --replay-fd",
    .options = OPTIONS, .size = sizeof(struct play_args), .defaults = &(struct play_args){.fd = 1},
    .run = run_play};

/* What a machine says all day whatever happens: jobs, timers, sessions of its own. */
#include "pack/replay_priv.h"

struct noise {
    struct replay_rate rate;
    int64_t from_ns, until_ns;
    struct str host, says;
    uint32_t first, n; /* of LINES */
};

static const struct replay_key KEYS[] = {
    {"host", KEY_WORD, offsetof(struct noise, host), .needed = true, .most = 200, .help = "the machine"},
    {"per_hour", KEY_RATE, offsetof(struct noise, rate), .most = 1e6, .otherwise = 40, .help = "lines an hour, one number or 24 by hour of the day"},
    {"says", KEY_WORD, offsetof(struct noise, says), .most = 20, .help = "day (its jobs and timers, the default) or storage (small errors of a disk's path)"},
    {"from", KEY_TIME, offsetof(struct noise, from_ns), .help = "when it begins (with the story)"},
    {"until", KEY_TIME, offsetof(struct noise, until_ns), .otherwise = 1, .help = "when it ends (with the story)"},
    {0},
};

/* A fresh Debian 12 server with a mail relay; written down from what each program prints. */
static const struct {
    const char *program, *text;
    bool storage;
} LINES[] = {
    {"CRON", "(root) CMD (   cd / && run-parts --report /etc/cron.hourly)"},
    {"CRON", "(root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)"},
    {"systemd", "Starting apt-daily.service - Daily apt download activities..."},
    {"systemd", "apt-daily.service: Deactivated successfully."},
    {"systemd", "Finished apt-daily.service - Daily apt download activities."},
    {"systemd", "Starting systemd-tmpfiles-clean.service - Cleanup of Temporary Directories..."},
    {"systemd", "systemd-tmpfiles-clean.service: Deactivated successfully."},
    {"systemd", "Starting logrotate.service - Rotate log files..."},
    {"systemd", "logrotate.service: Deactivated successfully."},
    {"dhclient", "DHCPREQUEST for 10.0.2.15 on eth0 to 10.0.2.2 port 67"},
    {"dhclient", "bound to 10.0.2.15 -- renewal in 41211 seconds."},
    {"chronyd", "Selected source 192.0.2.123"},
    /* A path of Fibre Channel that fails and comes back, as Linux (qla2xxx, sd, dm-multipath) and multipath-tools write it: nobody notices, another
     * path carries on. */
    {"kernel", "sd 1:0:0:3: [sdc] tag#12 FAILED Result: hostbyte=DID_TRANSPORT_DISRUPTED driverbyte=DRIVER_OK cmd_age=2s", true},
    {"kernel", "qla2xxx [0000:05:00.0]-801c:1: Abort command issued nexus=1:0:3 -- 0 2002.", true},
    {"kernel", "device-mapper: multipath: 253:2: Failing path 8:32.", true},
    {"multipathd", "checker failed path 8:32 in map mpatha", true},
    {"multipathd", "mpatha: sdc - tur checker reports path is up", true},
};

static int settle(struct pack_replay *r, struct actor *a, const struct yaml_node *v, struct diag *err) {
    struct noise *s = a->state;
    bool storage = str_eq_z(s->says, "storage");
    if (s->says.n && !storage && !str_eq_z(s->says, "day"))
        return yaml_error(err, -ERR_PARSE, r->file, yaml_get(v, "says"), "'says' is day or storage");
    while (s->first < ARRAY_SIZE(LINES) && LINES[s->first].storage != storage)
        s->first++;
    while (s->first + s->n < ARRAY_SIZE(LINES) && LINES[s->first + s->n].storage == storage)
        s->n++;
    return replay_rate_settle(r, a, v, &s->rate, s->from_ns, s->until_ns, 1, err);
}

static bool next(struct pack_replay *r UNUSED, struct actor *a, struct act *ret) {
    struct noise *s = a->state;
    if (s->rate.next_ns >= s->until_ns)
        return false;
    uint32_t i = s->first + rng_below(&a->rng, s->n);
    *ret = (struct act){.at_ns = s->rate.next_ns, .what = ACT_NOISE, .host = s->host, .program = str_of(LINES[i].program), .text = str_of(LINES[i].text),
                        .port = rng_below(&a->rng, 60000)};
    replay_rate_next(a, &s->rate);
    return true;
}

const struct actor_kind REPLAY_NOISE = {
    .name = "noise", .what = "what a machine says all day whatever happens",
    .why = "The lines are those a server writes; none of them is about an attack. Small errors come at the rate the story gives; what is too many is nowhere in them.",
    .no_service = true, .size = sizeof(struct noise), .keys = KEYS, .settle = settle, .next = next};

/* kizuki-room: the pages' API and everything behind it.
 *
 *   kizuki-room --data DIR --https-fd N --sensor-fd N [--supervisor-fd N] [--config FILE] [--demo]
 *       serves. N are listening sockets inherited from `kizuki serve`: TCP for HTTPS, a Unix stream
 * socket for the sensor; the supervisor's is one end of a socket pair ('s' start, 'c' clear, '?'
 * ask, answered by a line of JSON). --ready-fd: a pipe that gets one byte when pages are answered. --demo: the clock is the sensor's, GET /me says demo: true.
 *   kizuki-room --data DIR --sign-in-link [--person NAME]
 *       prints the path of a one-time link ("/signin?token=…") on standard output; works beside a
 * running room, and so do --import REGISTER (kizuki register import) and --undo-import N.
 *   kizuki-room --data DIR --verify reads the chain and compares it with every row;
 * says what is wrong; exit 1 then. kizuki-room --list-routes the table of routes, for documentation
 * and tests.
 *
 * DIR/room holds room.db, tls.crt, tls.key, order.key; DIR/run/hand.sock is the hand's, DIR/run/door.sock the door's. Without
 * --https-fd and with --https ADDR:PORT it opens its own socket (tests). One thread, one poll loop;
 * after set-up it may write below DIR/room only and start nothing. */
#pragma once
#include "app/common/config.h"
#include "app/room/clock.h"
#include "app/room/door_link.h"
#include "app/room/driver_link.h"
#include "app/room/hand_link.h"
#include "app/room/changes.h"
#include "app/room/holds.h"
#include "app/room/http.h"
#include "app/room/packs.h"
#include "app/room/past.h"
#include "app/room/playbooks.h"
#include "app/room/registers.h"
#include "app/room/report_form.h"
#include "app/room/search_link.h"
#include "app/room/sensor_link.h"
#include "app/room/tighten_link.h"
#include "app/room/supervisor_link.h"
#include "base/calendar.h"
#include "room/list.h"
#include "room/login.h"
#include "room/policy.h"
#include "room/room.h"
#include "room/scope_spec.h"

struct program_options {
    const char *data, *config, *https, *person, *packs;
    int https_fd, sensor_fd, supervisor_fd, ready_fd;
    const char *head; /* with verify: kept elsewhere; NULL: none */
    bool demo, sign_in_link, verify, list_routes;
    const char *import;  /* a register: a table that was read comes on standard input */
    int64_t undo_import; /* 0: none */
    int64_t lesson;      /* made of this case; 0: none */
    bool apply, gone;
    bool effort; /* answers say what they cost */
};
/* See tip_link.h. */
struct tip_link {
    int64_t tip; /* that is being looked at; 0: none */
    int64_t next_ns;
};
struct program {
    struct program_options opt;
    struct config *config;
    struct room_policy policy;
    struct login_rules login;
    struct clock clock;
    struct sign_secret key;
    struct sign_public public_key;
    struct room *room;
    struct http *http;
    struct sensor_link sensor;
    struct tighten_link tighten;
    struct hand_link hand;
    struct driver_links drivers;
    struct door_link door;
    struct search_link search;
    struct holds_out holds;
    struct changes_out changes;
    struct past_hunts past;
    struct tip_link tips;
    struct supervisor_link supervisor;
    struct packs packs, installed; /* shipped ones; those somebody took in (packs.h) */
    int64_t installed_ns;          /* when their folder was changed last, as it was read */
    struct registers registers;
    struct playbooks playbooks;
    struct report_form report_form;
    struct {
        struct arena arena;
        struct scope_spec *specs; /* of content/scopes, read once at start */
        size_t n;
    } scopes;
    struct room_lists lists;    /* of content/lists; texts in lists_arena */
    struct arena lists_arena;
    struct draft_words *words;  /* the pages' texts, for stories; read once at start */
    struct calendar calendar;   /* of content/calendar, read once at start */
    struct arena calendar_arena;
    char playing[64];        /* id of the pack a demonstration plays; empty: none, or not known */
    int64_t readiness_ns; /* when it was last asked whether to measure */
    int64_t checkpoint_rows; /* of the last checkpoint written */
    int signal_fd, https_fd;
};

/* Who is who, for whoever needs it: a reading of the registers of organisations, people, systems and contracts as they stand, made
 * once and asked often. Changes made since it was opened are not in it: open it for one piece of work, close it after.
 *
 * It reads fields by these names (content/imports): organisations: parent, rank, kind, phone, mail, hours, emergency_phone; people:
 * kana, organisation, title, mobile, phone, mail, chat, ways, account; systems: kind, importance, depends, responsible; contracts:
 * supplier, systems, calls, hours, desk_phone, night_phone, night_response, mail, mobile, incident_scope, incident_cost, ends.
 * Rows out of use are found by id only, and are in no list. What is returned lives as long as the directory. */
#pragma once
#include "base/hours.h"
#include "room/may.h"

struct room_directory;
/* Where the room has no calendar nobody is told that somebody can be reached (REACH_UNKNOWN). */
int room_directory_open(struct room *r, struct room_directory **ret, struct diag *reterr) MUST_USE;
void room_directory_close(struct room_directory *d); /* NULL allowed */
DEFINE_CLEANUP(struct room_directory *, room_directory_close)

/* ---- organisations ---- */

struct directory_organisation {
    int64_t id; /* of the row */
    bool active;
    struct str name, rank, kind, phone, mail, hours, emergency_phone;
    const struct directory_organisation *parent; /* NULL: the top, or unknown */
    size_t depth;                                /* 0: a top */
};
size_t room_directory_organisations(const struct room_directory *d, const struct directory_organisation *const **ret); /* a parent before its children */
const struct directory_organisation *room_directory_organisation(const struct room_directory *d, struct str name); /* NULL: none */
const struct directory_organisation *room_directory_organisation_id(const struct room_directory *d, int64_t id);
/* Whether it is `top` or stands below it. NULL is below nothing. */
bool directory_is_within(const struct directory_organisation *o, const struct directory_organisation *top);

/* ---- people ---- */

enum directory_way_kind { WAY_MOBILE, WAY_SMS, WAY_PHONE, WAY_CHAT, WAY_MAIL, WAY_MAX_ };
const char *directory_way_to_string(enum directory_way_kind k); /* "mobile" */
struct directory_way {
    enum directory_way_kind kind;
    struct str to; /* a number, an address, a name: as it was written */
};
struct directory_person {
    int64_t id;      /* of the row */
    int64_t account; /* of table person; 0: does not sign in here */
    bool active;
    struct str name, kana, title, account_name;
    const struct directory_organisation *organisation; /* NULL: none */
    struct directory_way ways[WAY_MAX_];               /* the first is to be tried first */
    size_t n_ways;
};
const struct directory_person *room_directory_person(const struct room_directory *d, struct str name); /* NULL: none */
const struct directory_person *room_directory_person_id(const struct room_directory *d, int64_t id);
const struct directory_person *room_directory_person_of_account(const struct room_directory *d, int64_t account);
/* Those of an organisation and of what stands below it; NULL: everybody. *ret in the order of the register. */
int room_directory_members(struct room_directory *d, const struct directory_organisation *o, const struct directory_person *const **ret,
                           size_t *ret_n, struct diag *reterr) MUST_USE;

/* ---- systems ---- */

struct directory_system {
    int64_t id;
    bool active, is_service;
    struct str name, kind, importance;
    const struct directory_person *responsible; /* NULL: nobody, or unknown */
    struct str responsible_name;
    const struct directory_system *const *depends; /* it stops when one of these stops */
    size_t n_depends;
};
size_t room_directory_systems(const struct room_directory *d, const struct directory_system *const **ret);
const struct directory_system *room_directory_system(const struct room_directory *d, struct str name);
const struct directory_system *room_directory_system_id(const struct room_directory *d, int64_t id);
struct directory_stop {
    const struct directory_system *system;
    const struct directory_system *via; /* the one it stops with; NULL: itself */
    size_t depth;                       /* 0: itself, 1: stands on it directly */
};
/* What stops when these stop, these first, then by depth; each once. */
int room_directory_stops(struct room_directory *d, const struct directory_system *const *these, size_t n,
                         const struct directory_stop **ret, size_t *ret_n, struct diag *reterr) MUST_USE;

/* ---- contracts ---- */

enum directory_reach {
    REACH_OPEN,    /* the window is open now */
    REACH_NIGHT,   /* it is not, and an emergency telephone is answered at night */
    REACH_CLOSED,
    REACH_UNKNOWN, /* no hours are written, or none that can be read */
};
const char *directory_reach_to_string(enum directory_reach x);
struct directory_contract {
    int64_t id;
    bool active;
    struct str name, supplier, hours, phone, night_phone, night_response, mail, mobile, scope, cost, ends, systems, calls; /* lists: one a line */
    const struct directory_organisation *organisation; /* of the supplier; NULL: unknown */
};
size_t room_directory_contracts(const struct room_directory *d, const struct directory_contract *const **ret);
const struct directory_contract *room_directory_contract_id(const struct room_directory *d, int64_t id);
/* Whether somebody answers at t. *ret_phone: the number to call now, empty when there is none; *ret_change_ns (may be NULL): when the
 * window opens or closes next, TIME_NONE when that is not known. */
enum directory_reach room_directory_contract_at(const struct room_directory *d, const struct directory_contract *c, int64_t t_ns,
                                                struct str *ret_phone, int64_t *ret_change_ns);
enum directory_reach room_directory_organisation_at(const struct room_directory *d, const struct directory_organisation *o, int64_t t_ns,
                                                    struct str *ret_phone, int64_t *ret_change_ns);

/* ---- rows alike (a register of any kind) ---- */

/* where: conditions joined by line ends, all of which hold: FIELD=VALUE (of a list: one of it), FIELD~PART, FIELD!=VALUE, FIELD<VERSION,
 * FIELD>VERSION, FIELD= (is empty). Compared folded; versions number by number. -EINVAL says what is not understood.
 * Writes {"rows":[{"id","name","values"}],"n":…} members into an open object. */
int room_register_find(struct room *r, struct str kind, struct str where, struct jsonw *w, struct diag *reterr) MUST_USE;

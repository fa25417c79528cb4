/* Reads a finding's wire form (event/finding.h) as it comes from a sensor: hostile until it is
 * read. */
#pragma once
#include "base/json.h"
#include "event/finding.h"
#include "room/room.h"

#define ROOM_WAYS_MAX 16 /* techniques of one rule; SigmaHQ names nine at most */

/* What a finding is about, in words that findings of different rules share. */
enum room_entity {
    ENTITY_SOURCE,  /* source.ip and kizuki.source.net, both as the net one attacker counts as */
    ENTITY_ACCOUNT, /* user.name */
    ENTITY_SERVICE, /* service.name */
    ENTITY_HOST,    /* host.name */
    ENTITY_AGENT,   /* user_agent.original */
    ENTITY_PATH,    /* url.path */
    ENTITY_SESSION, /* kizuki.session.id */
    ENTITY_DESTINATION, /* destination.ip, url.domain, dns.question.name: where something went */
    ENTITY_OTHER,   /* not kept in the index */
};
const char *room_entity_to_string(enum room_entity e);

struct room_value {
    enum room_entity kind;
    bool is_group;
    struct str value;
    int64_t n;        /* events; -1 = not told */
    int64_t first_ns; /* TIME_NONE = not told */
    int64_t spool_n;  /* -1 = not told */
};
struct room_finding {
    struct str id, rule_id, rule_title, kind, propose;
    enum rule_level level;
    enum finding_state state;
    int64_t revision, count, first_ns, last_ns, detected_ns;
    bool drill, at_least, watched;
    enum room_tlp tlp; /* AMBER; AMBER+STRICT where an indicator says that or RED */
    size_t n_values;
    struct room_value *values;
    const struct json_value *measures; /* object or NULL */
    struct {                           /* what it told of each kind, beyond what is listed */
        int64_t n;                     /* different values; 0 = it said nothing of them */
        bool told, cut;                /* cut: more exist than are listed */
    } told[ENTITY_OTHER + 1];
    int64_t evidence_n;
    struct str ways[ROOM_WAYS_MAX]; /* room_finding_set_ways */
    size_t n_ways;
};

/* Slices live as long as the arena and the text. -ERR_PARSE names what is wrong. */
int room_finding_parse(struct arena *a, struct str json, struct room_finding *ret,
                       struct diag *reterr) MUST_USE;
int room_finding_read(struct arena *a, const struct json_value *root, struct room_finding *ret,
                      struct diag *reterr) MUST_USE;
/* First value of the group of this kind, else the only listed one; .p NULL when there is none or
 * several. */
struct str room_finding_one(const struct room_finding *f, enum room_entity kind);
/* It is about one source, which it accuses. */
bool room_finding_by_source(const struct room_finding *f);
bool room_finding_measure(const struct room_finding *f, const char *name, double *ret);
/* A try at logging in, told by kizuki.kind: its accounts were tried. */
bool room_kind_is_try(struct str kind);
/* Its accounts were entered: success_after, access_after. */
bool room_kind_is_success(struct str kind);
/* In which ways the finding says something is attacked: the technique its kind stands for; else the
 * ATT&CK techniques of its rule, sub-techniques as their technique; else its kind, else the rule
 * itself. `tags` is the rule's list or NULL; slices into it and into the finding. */
void room_finding_set_ways(struct room_finding *f, const struct json_value *tags);

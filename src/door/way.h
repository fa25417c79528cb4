/* Ways out: what stands in DATA/door/door.yml. One row a destination, with its credentials and templates.
 *
 *   ways:
 *     - name: mail              who sends names this
 *       kind: smtp              smtp, http, program; and ways in: imap, maildir
 *       …
 *
 * The file is read by kizuki-door alone; nobody else may open it, and nothing of it is ever told but names, kinds and
 * where a way leads. docs/door.md describes every key. Invariants of a parsed set: names are unique, `else` leads to a
 * way of the set and never in a circle, templates name known variables only, addresses and ports are fixed by the file
 * (no variable stands before the path of a URL). Does not open sockets, does not read the file. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"

#include <netinet/in.h>

enum door_kind { DOOR_SMTP, DOOR_HTTP, DOOR_PROGRAM, DOOR_IMAP, DOOR_MAILDIR, DOOR_KIND_MAX_ };
const char *door_kind_to_string(enum door_kind k);
enum door_tls { DOOR_TLS_START, DOOR_TLS_FROM_FIRST, DOOR_TLS_NONE };
enum door_escape { DOOR_ESCAPE_JSON, DOOR_ESCAPE_FORM, DOOR_ESCAPE_XML, DOOR_ESCAPE_NONE };

struct door_pair {
    struct str name, value;
};
struct door_way {
    struct str name;
    enum door_kind kind;
    /* where: smtp and http */
    struct str host;
    unsigned port;
    enum door_tls tls;
    struct str ca;              /* a file; empty: the system's */
    struct ip_prefix *allow;    /* private networks this way may reach */
    size_t n_allow;
    /* smtp */
    struct str user, password, from, from_name;
    /* http */
    struct str url, method, body, answer_has;
    struct door_pair *headers, *secrets;
    size_t n_headers, n_secrets;
    enum door_escape escape;
    unsigned *expect;
    size_t n_expect;
    /* program */
    struct str *argv;
    size_t n_argv;
    /* imap, maildir */
    struct str folder, path;
    int64_t every_ms;
    /* all */
    int64_t timeout_ms;
    unsigned a_minute;
    bool drill_marked; /* in a drill: send, marked, instead of refusing */
    const struct door_way *next; /* `else`: tried when this one surely failed */
    struct str next_name;
    unsigned line;
};
struct door_ways {
    struct door_way *p;
    size_t n;
};
/* Everything is in the arena or a slice of `text`. An empty text gives no ways. */
int door_ways_parse(struct arena *a, struct str text, const char *file, struct door_ways *ret, struct diag *reterr) MUST_USE;
const struct door_way *door_way_find(const struct door_ways *w, struct str name); /* NULL: none of that name */
/* Whether a connection to this address is allowed; else *ret_why says what it is ("a private address"). */
bool door_may_reach(const struct door_way *w, const struct ip *address, const char **ret_why);

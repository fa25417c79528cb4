/* What kind of log a source delivers, told by what its lines were read as: not by what somebody called the source.
 *
 * A kind is a word that measures and lessons use (content/measures/logs_arrive.yml): login, web, mail, … A line may be of several. Lines
 * are looked at by sample, so that a busy source costs nothing: the first of each batch and every sixteenth. Not here: whether a source
 * is silent (the ledger says that). */
#pragma once
#include "event/record.h"

#define LOG_KINDS(X) \
    X(LOGIN, "login") \
    X(SIGNIN, "signin") \
    X(WEB, "web") \
    X(PROXY, "proxy") \
    X(MAIL, "mail") \
    X(NAT, "nat") \
    X(DHCP, "dhcp") \
    X(DNS, "dns") \
    X(FILE, "file") \
    X(METRIC, "metric") \
    X(CALL, "call") \
    X(HOST, "host")

enum log_kind {
#define X(id, name) LOG_KIND_##id,
    LOG_KINDS(X)
#undef X
        LOG_KIND_MAX_
};
const char *log_kind_to_string(enum log_kind k);
/* Has what it looks at read out of lines; before the names are frozen. */
int log_kinds_ask(struct event_names *n) MUST_USE;
/* A bit a kind. */
unsigned log_kinds_of(const struct event *ev);

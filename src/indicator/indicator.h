/* Indicators: values somebody published as traces of an attack, with who said so, until when, how sure and to whom it
 * may be told (TLP 2.0). What they are, how a value is written, and lists of them as one file or one book holds them.
 *
 * A value is kept in one form however it was written: addresses in their canonical text, names of domains in lower
 * case and IDNA form without a final dot, URLs with scheme and host lowered and no fragment, hashes and addresses of
 * mail in lower case. Nothing here reads a clock. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/time.h"

enum indicator_kind {
    INDICATOR_IPV4, INDICATOR_IPV6, INDICATOR_DOMAIN, INDICATOR_URL, INDICATOR_EMAIL,
    INDICATOR_MD5, INDICATOR_SHA1, INDICATOR_SHA256, INDICATOR_SHA512,
    INDICATOR_KIND_MAX_
};
const char *indicator_kind_to_string(enum indicator_kind k); /* STIX: ipv4-addr, …; hashes: md5, … */
int indicator_kind_from_string(struct str s);                /* enum or -EINVAL */

enum indicator_tlp {
    INDICATOR_TLP_CLEAR, INDICATOR_TLP_GREEN, INDICATOR_TLP_AMBER, INDICATOR_TLP_AMBER_STRICT, INDICATOR_TLP_RED,
    INDICATOR_TLP_MAX_
};
const char *indicator_tlp_to_string(enum indicator_tlp t); /* clear, green, amber, amber+strict, red */
int indicator_tlp_from_string(struct str s);               /* any case, "TLP:" before it, "white"; enum or -EINVAL */
/* To whom a list goes: public, community, clients, organisation. The strictest label that may be told there, or -EINVAL.
 * Red goes to nobody as a file: it was told to persons. */
int indicator_audience_max(struct str audience);

struct indicator {
    enum indicator_kind kind;
    enum indicator_tlp tlp;
    int confidence;             /* 0…100, -1 not stated */
    struct str value;
    struct str source;          /* who says so */
    struct str id;              /* theirs: a STIX id, a MISP uuid, "line 12" */
    struct str note;
    int64_t first_ns, last_ns;  /* seen by them; TIME_NONE: not stated */
    int64_t valid_until_ns;     /* TIME_NONE: without end */
    uint32_t group;             /* not 0: only together with the others of this number, in one event */
};

/* Why a value is none. The codes are told to pages, which have words for them; `detail` names the list, the own
 * network, or what stood there. */
enum indicator_why {
    INDICATOR_UNREADABLE, /* no value of a kind that is looked for, or a pattern that asks for more */
    INDICATOR_OWN,        /* ours */
    INDICATOR_LISTED,     /* on a warning list: too many harmless things are there */
    INDICATOR_BROAD,      /* a network or a name that takes in too much */
    INDICATOR_NOT_MEANT,  /* its publisher says it is not for detection, or has withdrawn it */
    INDICATOR_FILE_NAME,  /* in prose: as likely the name of a file */
    INDICATOR_REFERENCE,  /* in prose: written to be followed, while others are defanged */
    INDICATOR_WHY_MAX_
};
const char *indicator_why_to_string(enum indicator_why w);

struct indicator_refused {
    struct str value, detail;
    enum indicator_why why;
    unsigned line; /* 0: not of a line */
};
struct indicator_list {
    struct arena arena;
    struct indicator *at;
    size_t n, cap;
    struct indicator_refused *refused; /* the first INDICATOR_REFUSED_MAX */
    size_t n_refused, cap_refused;
    uint64_t refused_total, same; /* same: repetitions left out */
    uint64_t passed;              /* parts of the file that hold no indicators (reports, relationships) */
    uint32_t groups;
};
void indicator_list_init(struct indicator_list *l);
void indicator_list_done(struct indicator_list *l);
/* Texts are copied. -ERR_LIMIT above INDICATORS_MAX. */
int indicator_list_add(struct indicator_list *l, const struct indicator *i) MUST_USE;
int indicator_list_refuse(struct indicator_list *l, enum indicator_why why, struct str value, struct str detail,
                          unsigned line) MUST_USE;
/* Takes out what stands in the list twice, keeping the widest times, the greater confidence and the stricter label of
 * repetitions by the same source. The order stays. */
int indicator_list_unite(struct indicator_list *l) MUST_USE;

/* The one form of a value into the arena. kind: what it is said to be, or -1: find out. The kind, or -EINVAL and why.
 * Defanged forms (hxxp://, 192[.]0[.]2[.]1, user(at)example) and full width are read. */
int indicator_value_read(struct arena *a, struct str text, int kind, struct str *ret, enum indicator_why *ret_why,
                         const char **ret_detail) MUST_USE;
/* A name of a domain in its one form; .p NULL: it is none, or memory ended. */
struct str indicator_domain_read(struct arena *a, struct str text);
/* The same text with what defangs it taken away, and ASCII in ordinary width; *ret_changed: something was. */
struct str indicator_refang(struct arena *a, struct str text, bool *ret_changed);
/* Host of a URL in its one form, without port; empty when there is none. */
struct str indicator_url_host(struct str url);
/* What of a URL is compared: without scheme, user, usual port and fragment. A slice of url, or in the arena. */
struct str indicator_url_compared(struct str url, char *dst, size_t cap);

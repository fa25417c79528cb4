/* What people report: by the form that anybody may use, or typed by whoever answers a telephone. A row each, of one kind (data:
 * content/reports/form.yml), with a number to speak of it and a secret word with which the reporter comes back and adds to it.
 *
 *      new ──> taken ──> case (joined to one, or one was opened)
 *       └────────┴─────> closed, with the reason why it is no case ──> taken again
 *
 * Who reported, and what, is personal: the case's timeline has the number and the kind, never the words. A report is told once as an event
 * (room_reports_untold), so that rules judge it: three alike within ten minutes are a finding, and the reports behind a finding are joined to
 * its case (room_reports_tick). The secret word is kept as a hash only. */
#pragma once
#include "event/finding.h"
#include "room/policy.h"
#include "room/room.h"

#define REPORT_KINDS_MAX 12
#define REPORT_ADVICE_MAX 6
#define REPORT_TEXT_MAX 4000     /* bytes: 1,000 characters */
#define REPORT_LINE_MAX 400      /* who, how to reach them, a service */
#define REPORT_NUMBER_CHARS 7    /* "7K4-208" */
#define REPORT_SECRET_CHARS 9    /* "QX7M-2K9R": 30^8 */
#define REPORT_ADDITIONS_MAX 50  /* of one report */
#define REPORT_PHOTO_BYTES_MAX ((size_t) 5 << 20)
#define REPORT_PHOTOS_A_DAY ((int64_t) 500 << 20) /* of strangers, together; what is more comes without its photo */
#define REPORT_LISTED_MAX 500

struct room_advice {
    struct str what, more;
};
struct room_reported_kind {
    struct str id, icon, case_kind;
    enum rule_level level;
    struct room_words title, hint;
    struct room_advice now[2][REPORT_ADVICE_MAX]; /* ja, en */
    size_t n_now[2];
};
struct room_reported_kinds {
    struct room_reported_kind at[REPORT_KINDS_MAX];
    size_t n;
};
/* Borrowed until the room is closed. */
void room_reports_use(struct room *r, const struct room_reported_kinds *k);
const struct room_reported_kind *room_reported_kind(const struct room *r, struct str id); /* NULL: none */
/* {"kinds":[…]} */
void room_report_kinds_write(const struct room *r, struct jsonw *w);

struct room_photo { /* .bytes.n 0: none */
    struct str bytes;
    const char *type; /* "image/jpeg", "image/png" */
};
struct room_report_new {
    struct str kind, service, text, contact; /* empty: nothing was said */
    struct str caller;                       /* in whose name: of who typed it for somebody */
    const char *channel;                     /* "web", "phone", "fax", "counter", "mail" */
    const char *lang;
    struct room_photo photo;
};
struct room_report_taken {
    int64_t id, at_ns;
    char number[REPORT_NUMBER_CHARS + 1], secret[REPORT_SECRET_CHARS + 1];
    bool photo_left_out; /* too many of them today */
};
/* A caller about what everybody knows of: counted with the case, told to nobody, judged by no rule. In the caller's transaction. */
int room_report_count(struct room *r, const struct room_actor *by, const struct room_report_new *x, int64_t incident, struct diag *reterr) MUST_USE;
/* Taken from strangers in the last hour. */
int room_reports_of_strangers(struct room *r, int64_t *ret, struct diag *reterr) MUST_USE;
/* -EINVAL: a kind there is not, a text too long. Own transaction. */
int room_report_take(struct room *r, const struct room_actor *by, const struct room_report_new *x, struct room_report_taken *ret, struct diag *reterr) MUST_USE;

/* ---- the reporter, who has the number and the secret word ---- */

struct room_report_known {
    int64_t id, at_ns;
    char number[REPORT_NUMBER_CHARS + 1], state[8], kind[32];
};
/* Written in any way: small letters, without dashes, I for 1. -ENOENT: not both are right. */
int room_report_find(struct room *r, struct str number, struct str secret, struct room_report_known *ret, struct diag *reterr) MUST_USE;
/* -ERR_LIMIT: it has been added to too often. Own transaction. */
int room_report_add(struct room *r, int64_t id, struct str text, const struct room_photo *photo, struct diag *reterr) MUST_USE;

/* ---- who handles them ---- */

/* Only those `who` may read. state: "open" (new and taken), "all", or one; before: id, 0 = the newest. {"reports":[…],"new":n} */
int room_reports_write(struct room *r, const struct room_actor *who, struct str state, int64_t incident, int64_t before, struct jsonw *w, struct diag *reterr) MUST_USE;
int room_report_write_one(struct room *r, int64_t id, struct jsonw *w, struct diag *reterr) MUST_USE;
/* to: taken, closed (with a reason), note (words of who handles it; the state stays). Own transaction. */
int room_report_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str to, struct str why, struct diag *reterr) MUST_USE;
/* Into the open case *incident, or one of its own (0). Own transaction. */
int room_report_join(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t *incident, struct diag *reterr) MUST_USE;
/* Bytes of a photo of the report into the arena. */
int room_report_photo(struct room *r, int64_t id, struct str digest, struct arena *a, struct room_photo *ret, struct diag *reterr) MUST_USE;
/* {"step_s":600,"from":…,"kinds":[{"kind":…,"counts":[…]}]} of the last day; those of need-to-know cases are left out. */
int room_report_counts_write(struct room *r, struct jsonw *w, struct diag *reterr) MUST_USE;

/* ---- as events ---- */

struct room_report_event {
    int64_t id, at_ns;
    struct str number, kind, service, channel; /* in the arena */
};
/* The oldest that has not been told. 1: there is one. */
int room_report_untold(struct room *r, struct arena *a, struct room_report_event *ret, struct diag *reterr) MUST_USE;
int room_report_told(struct room *r, int64_t id, struct diag *reterr) MUST_USE; /* own transaction */
/* Reports behind findings are joined to the cases of these. */
int room_reports_tick(struct room *r, struct diag *reterr) MUST_USE;

/* Which duties to report a case brings, with their clocks.
 *
 * What applies is judged over the facts (law.h) whenever it is looked at. A report that applies, or that a person said applies, is a
 * row: when it is due, when it is spoken of, what became of it. Rows are brought up to date with each fact and each file, by the room;
 * they are what the first page and the callouts read, so that neither has to judge all cases. What the law leaves open stays words. */
#pragma once
#include "room/law.h"

struct room_laws {
    struct arena arena;
    bool read;
    const struct law *at;
    const int64_t *ids, *numbers; /* the version each is of */
    size_t n;
};
/* Reads a file and keeps it as a version: its text in our YAML. *ret_id: that version. */
int room_obligation_put(struct room *r, const struct room_actor *by, struct str source, const char *file, const char *origin, int64_t *ret_id,
                        struct diag *reterr) MUST_USE;
/* Another version is in use: all open cases are judged again. Own transaction. */
int room_obligations_changed(struct room *r, struct diag *reterr) MUST_USE;
int room_laws(struct room *r, const struct room_laws **ret, struct diag *reterr) MUST_USE;
void room_laws_done(struct room *r);

/* After a fact, a submission or a file: rows as they now follow. In the caller's transaction. */
int room_obligations_refresh(struct room *r, int64_t incident, struct diag *reterr) MUST_USE;
enum obligation_said { SAID_NOTHING, SAID_APPLIES, SAID_NOT };
/* A person's own judgement, with why; SAID_NOTHING takes it back. -EINVAL without why. version 0: there is no row yet. */
int room_obligation_say(struct room *r, const struct room_actor *by, int64_t incident, int64_t version, struct str key, struct str report,
                        enum obligation_said said, struct str why, struct diag *reterr) MUST_USE;
/* {"obligations":[…]} of a case. */
int room_obligations_write(struct room *r, int64_t incident, struct jsonw *w, struct diag *reterr) MUST_USE;
/* What a row is about: its report and duty, and whom it goes to. Valid until files change. */
struct room_words;
int room_obligation_words(struct room *r, int64_t id, struct room_words *ret_title, struct room_words *ret_to, struct diag *reterr) MUST_USE;
/* Once in a while: who is on duty is called for what is near its end. */
int room_obligations_tick(struct room *r, struct diag *reterr) MUST_USE;

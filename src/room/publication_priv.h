/* Inside src/room only: one version as it stands. */
#pragma once
#include "room/publication.h"
#include "room/room_priv.h"

enum publication_state { PUBLICATION_DRAFT, PUBLICATION_ASKED, PUBLICATION_PUBLISHED, PUBLICATION_CORRECTED, PUBLICATION_WITHDRAWN, PUBLICATION_DROPPED, PUBLICATION_STATE_MAX_ };
const char *publication_state_to_string(enum publication_state s);
struct publication_row {
    int64_t id, version, incident, number, next_ns, decision, corrects, asked_ns, published_ns, ended_ns;
    enum publication_state state;
    enum statement_stage stage;
    bool en;
    struct str statement, own, doc, digest, why, created_by, published_by; /* own: {"part":{"ja","en"}} */
};
#define PUBLICATION_COLUMNS                                                                                                                       \
    "id, version, incident_id, number, state, stage, statement, own, doc, digest, en, next_at, decision_id, corrects, asked_at, published_at, ended_at, " \
    "why, created_by, published_by"
/* From PUBLICATION_COLUMNS, in the arena. */
int publication_read(struct arena *a, struct sql_stmt *st, struct publication_row *ret) MUST_USE;
/* -ENOENT. */
int publication_load(struct room *r, struct arena *a, int64_t id, struct publication_row *ret, struct diag *err) MUST_USE;
/* What a draft says now; -ENOENT: its file is gone. */
int publication_render(struct room *r, struct arena *a, const struct publication_row *p, struct statement_text *ret, struct room_fact **ret_facts, struct diag *err) MUST_USE;

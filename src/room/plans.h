/* What an office decided beforehand and keeps as files: kinds of campaigns (content/campaigns) and alert levels (content/levels).
 * Read once at start; a file that cannot be read stops the start with its line. Not here: what becomes of them. */
#pragma once
#include "room/room.h"

#define CAMPAIGN_KINDS_MAX 64
#define CAMPAIGN_ANSWERS_MAX 12
#define LEVELS_MAX 8
#define LEVEL_DEEDS_MAX 24
#define LEVEL_SIGNS_MAX 8

struct room_said { /* in both languages */
    struct str ja, en;
};
enum campaign_means { MEANS_OPEN, MEANS_DONE };
struct campaign_answer {
    struct str value;
    struct room_said title;
    enum campaign_means means; /* open: the target stays on the list */
    bool words;                /* something is to be written beside it */
};
struct campaign_kind {
    struct str name, of; /* of: what a target is, for the pages */
    struct room_said title, ask;
    int64_t due_ns, remind_ns; /* remind 0: told once */
    int64_t up;                /* from this reminder on superiors are told, too; 0: never */
    bool counts;               /* a target stands for several, and says how many are done */
    bool photo;                /* an answer that means done by the link brings a photo */
    struct str step;           /* what a person on site is told where no driver does an act of this kind; "any": where no other says so; empty: no such */
    struct campaign_answer answers[CAMPAIGN_ANSWERS_MAX];
    size_t n_answers;
    struct str force_deed; /* kind of act proposed against those who have not; empty: none */
    struct room_said force_title, force_text; /* text: an instruction in place of an act */
    const struct yaml_node *node;
};
struct level_deed {
    struct str who;
    struct room_said what;
    int64_t within_ns;
};
struct level_sign { /* what proposes a level */
    bool tip;
    int64_t cases; /* open cases of at least this level */
    struct str at;
};
struct alert_level {
    struct str name;
    struct room_said title, means;
    int64_t lasts_ns, factor; /* per cent */
    struct str playbook;      /* proposed in the case once it is decided; empty: none */
    struct level_sign signs[LEVEL_SIGNS_MAX];
    size_t n_signs;
    struct level_deed deeds[LEVEL_DEEDS_MAX];
    size_t n_deeds;
};
struct room_plans {
    struct arena arena;
    struct campaign_kind kinds[CAMPAIGN_KINDS_MAX];
    size_t n_kinds;
    struct alert_level levels[LEVELS_MAX]; /* the lowest first */
    size_t n_levels;
};
/* content: the folder above campaigns and levels; own: DATA, whose folders of the same names come after and take the place of ours
 * (NULL: none). Once, after room_open. */
int room_plans_load(struct room *r, const char *content, const char *own, struct diag *reterr) MUST_USE;
void room_plans_done(struct room_plans *p);
const struct campaign_kind *room_campaign_kind(const struct room *r, struct str name); /* NULL: none */
const struct campaign_kind *room_onsite_kind(const struct room *r, struct str act); /* what is told on site for this act; NULL: nothing */
const struct campaign_answer *campaign_answer_find(const struct campaign_kind *k, struct str value);
const struct alert_level *room_alert_level(const struct room *r, struct str name, size_t *ret_rank); /* rank from 1; NULL: none */
size_t room_alert_level_names(const struct room *r, struct str names[LEVELS_MAX]);
/* {"kinds":[…]} and {"levels":[…]} as members. */
struct jsonw;
void room_campaign_kinds_write(const struct room *r, struct jsonw *w);
void room_alert_levels_write(const struct room *r, struct jsonw *w);

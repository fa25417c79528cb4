/* Lesson packs as data for the pages: read once at start, kept as JSON. */
#pragma once
#include "base/json.h"
#include "base/yaml.h"

#define PACKS_MAX 1000
#define PACK_FILE_BYTES_MAX (1024 * 1024)
struct pack_data {
    struct str id;
    struct str normal, folded; /* its words, for the search (base/text.h) */
    struct str summary, whole;    /* JSON objects: PackSummary and Pack of the API */
    bool offered;      /* its procedure stands among the playbooks */
    struct str digest;            /* of what a replay of it depends on (app/common/pack_digest.h) */
    int64_t plays_from, plays_to; /* the story's own time, of replay.yml; TIME_NONE: it has none */
};
struct packs {
    struct arena arena;
    struct pack_data *list;
    size_t n, cap, bad;
};
/* dir NULL: packs_dir(). A folder that cannot be read
 * is counted. */
/* Those somebody took in (DATA/room/packs): read anew when the folder changed. 1: they were; 0; or an error. */
struct program;
int packs_look(struct program *p, struct diag *reterr) MUST_USE;
/* The one of this id, shipped or taken in. */
const struct pack_data *packs_any(struct program *p, struct str id);
int packs_load(struct packs *p, const char *dir, struct diag *reterr) MUST_USE;
void packs_done(struct packs *p);
const struct pack_data *packs_find(const struct packs *p, struct str id);
/* Whether each word of q stands in its texts, however it is written (base/text.h). An empty q: yes. */
#define PACK_QUERY_BYTES_MAX 600 /* some words a person types */
bool packs_match(struct arena *a, const struct pack_data *p, struct str q);

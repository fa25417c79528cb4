/* Texts for people outside, made of facts: publications, notices to persons, requests to providers. A file of content/publications each,
 * in both languages; docs/publication.md has the form of these files.
 *
 * A text has parts. A part says facts by {{name}}, and what belongs to this one text only by {{.name}} (the number of the report, the
 * name of a recipient). Only what is confirmed is said. A part that wants a fact which may not be said is its gap's sentence, or is left
 * out: nothing is made up, and a fact not to be told decides nothing either. What a person writes instead of a part is that person's
 * word; statement_leak finds what is not to be told in it. Pure: no database. */
#pragma once
#include "base/buf.h"
#include "room/fact_say.h"
#include "room/fact.h"
#include "room/law.h"

#define STATEMENT_PARTS_MAX 60       /* of one file: the longest shipped has 14 */
#define STATEMENT_BYTES_MAX 60000    /* of one text in one language: twenty pages of A4 */
#define STATEMENT_GIVEN_MAX 16
enum statement_use { STATEMENT_PUBLICATION, STATEMENT_NOTICE, STATEMENT_REQUEST, STATEMENT_USE_MAX_ };
const char *statement_use_to_string(enum statement_use u);
int statement_use_from_string(struct str s); /* or -EINVAL */
enum statement_stage { STAGE_FIRST, STAGE_FOLLOW, STAGE_FINAL, STAGE_MAX_ };
const char *statement_stage_to_string(enum statement_stage s);
int statement_stage_from_string(struct str s); /* or -EINVAL */

struct statement_part {
    struct str name;
    unsigned stages;             /* bits */
    const struct law_cond *when; /* over confirmed facts; NULL: always; while it is undecided the part is left out */
    const struct fact_spec *unknown; /* the part stands while this one is not known; NULL: none */
    struct fact_words head, text, gap; /* gap .n 0: the part is left out instead */
};
struct statement {
    struct str key;
    enum statement_use use;
    struct fact_words title, subject;
    const struct statement_part *parts;
    size_t n_parts;
    int64_t next_ns; /* the next one is promised so long after, unless somebody says otherwise; 0: no default */
};
/* Lives in the arena, with the text. */
int statement_parse(struct arena *a, struct str text, const char *file, const struct fact_specs *facts, struct statement *ret, struct diag *reterr) MUST_USE;

/* What is put where {{.name}} stands; what is not given is a gap of its part. */
struct statement_given {
    struct str name;
    struct fact_words is;
};
/* A person's own words in place of a part's; .n 0: as the file has it. */
struct statement_own {
    struct str part;
    struct fact_words words;
};
struct statement_ask {
    const struct statement *s;
    enum statement_stage stage;
    const struct fact_specs *specs;
    const struct room_fact *facts; /* facts[i] belongs to specs->at[i] */
    const struct statement_given *given;
    size_t n_given;
    const struct statement_own *own;
    size_t n_own;
};
enum said_state { SAID_TEXT, SAID_GAP, SAID_LEFT_OUT, SAID_OWN, SAID_UNTRANSLATED, SAID_STATE_MAX_ };
const char *said_state_to_string(enum said_state s);
struct statement_said {
    const struct statement_part *part;
    enum said_state ja, en; /* untranslated: the English wants the fact's text, which is Japanese: somebody has to write it */
    struct fact_words text; /* what it says; empty where it is left out */
    const struct fact_spec *wants; /* the first fact it would need; NULL: none */
    enum fact_state wants_state;   /* FACT_STATE_MAX_: nobody has entered it */
};
struct statement_text {
    struct fact_words subject;
    struct statement_said *said; /* parts of this stage, in order; those whose condition does not hold are not among them */
    size_t n;
};
int statement_render(struct arena *a, const struct statement_ask *x, struct statement_text *ret) MUST_USE;
/* The first fact that is not to be told, or (strict) not confirmed, whose value stands in the text; *ret NULL: none. Looked for: texts of
 * three characters on, each line; numbers of three digits on, however written; times; choices of five characters on. */
int statement_leak(struct arena *a, const struct fact_specs *specs, const struct room_fact *facts, struct str text, bool strict, const struct fact_spec **ret) MUST_USE;
/* As plain text, without the subject: each part under its heading. */
void statement_plain(const struct statement_text *t, bool ja, struct buf *out);
struct str fact_words_in(const struct fact_words *w, bool ja); /* the other language where that one is missing */
/* {"subject":{…},"parts":[…]}; live: with the facts it wants. */
int statement_doc(const struct statement_text *t, bool live, struct buf *out) MUST_USE;
void statement_html(struct buf *out, struct str s); /* escaped; ends of lines are <br> */

/* A fact's value in words of Japanese or English: times as exactly as they are known, choices by what they are called, numbers with their
 * unit. One way for official forms and for what is published. Pure. */
#pragma once
#include "room/fact_spec.h"

enum fact_date { FACT_JA, FACT_WAREKI, FACT_ISO, FACT_WAREKI_DAY, FACT_JA_DAY, FACT_DATE_MAX_ };
struct fact_word { /* what a choice is called in one form */
    struct str value, text;
};
struct fact_style { /* all zero: the ordinary one */
    enum fact_date date;
    struct str with; /* between several choices; empty: as the language has it */
    const struct fact_word *words;
    size_t n_words;
};
/* value: canonical, may be empty. In the arena; .p NULL when memory ends. */
struct str fact_say(struct arena *a, const struct fact_style *f, const struct fact_spec *s, struct str value, bool ja);

/* Inside src/detect only: the parts of a correlator's image (correlate_image.c), each beside the
 * structure it writes and reads back. Reading stops at the first failure; what was made until then
 * can be freed. */
#pragma once
#include "base/image.h"
#include "detect/correlate_priv.h"

struct correlate_image {
    struct correlate *c;
    struct image *i;
    uint32_t *words; /* reading: handles by number - 1 */
    size_t n_words;
};
/* 0 stays 0. Reading counts nothing: see image_word_held. */
static inline void image_word(struct correlate_image *x, uint32_t *word) {
    uint32_t number = x->i->reading ? 0 : words_number(&x->c->words, *word);
    image_count(x->i, &number, x->i->reading ? (uint32_t) x->n_words : UINT32_MAX);
    if (x->i->reading)
        *word = number ? x->words[number - 1] : 0;
}
/* One that is held: reading counts it. */
static inline void image_word_held(struct correlate_image *x, uint32_t *word) {
    image_word(x, word);
    if (x->i->reading)
        words_ref(&x->c->words, *word);
}
/* valued: the member `weight` is a word. Nothing is held of it when reading fails. */
void image_mini(struct correlate_image *x, const struct plan_scope *s, struct mini *m, bool valued);

void state_image(struct correlate_image *x, const struct plan_scope *s, const struct plan_corr *pc,
                 union corr_state *st);
void number_image(struct correlate_image *x, const struct plan_scope *s, const struct plan_corr *pc,
                  union corr_state *st);
void usual_image(struct correlate_image *x, union corr_state *st);
void unusual_image(struct correlate_image *x, const struct plan_corr *pc, union corr_state *st);
void window_image(struct correlate_image *x, const struct plan_window *pw, union corr_state *st);
void word_set_image(struct correlate_image *x, struct word_set *s);
void beats_image(struct correlate_image *x, struct beats *b);
void findings_image(struct correlate_image *x);

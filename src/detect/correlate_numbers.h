/* Inside src/detect only: the numbers of a sliding window, which correlate_number.c keeps and correlate_forecast.c reads. */
#pragma once
#include "detect/correlate_priv.h"

/* A ring of entries in order of time: a mini, then its number. */
struct numbers {
    uint32_t n, cap, head;
    uint64_t weight;
    long double sum;
    _Alignas(8) unsigned char bytes[];
};

static inline size_t stride(const struct plan_scope *s) {
    return s->mini_bytes + sizeof(double);
}
static inline size_t numbers_bytes(const struct plan_scope *s, uint32_t cap) {
    return sizeof(struct numbers) + cap * stride(s);
}
static inline unsigned char *entry_at(const struct numbers *x, const struct plan_scope *s, uint32_t i) {
    uint32_t k = x->head + i;
    return (unsigned char *) (uintptr_t) x->bytes + (k >= x->cap ? k - x->cap : k) * stride(s);
}
static inline struct mini *mini_at(const struct numbers *x, const struct plan_scope *s, uint32_t i) {
    return (struct mini *) entry_at(x, s, i);
}
static inline double number_at(const struct numbers *x, const struct plan_scope *s, uint32_t i) {
    double v;
    memcpy(&v, entry_at(x, s, i) + s->mini_bytes, sizeof v);
    return v;
}

#define FORECAST_STEPS 64
/* What a forecast says; the names a finding tells them by stand in correlate_read.c in this order. */
enum { FORECAST_MINUTES, FORECAST_LEAST, FORECAST_MOST, FORECAST_NOW, FORECAST_PER_HOUR, FORECAST_LIMIT, FORECAST_FIGURES };
/* True: the limit is reached within the condition's time, and the figures say when, with the error. */
bool forecast_judge(const struct plan_corr *pc, const struct plan_scope *s, const struct numbers *x, const struct mini *m,
                    double figures[FORECAST_FIGURES]);

/* Inside src/room only: signs of cases and lessons, and the most alike. See alike.h. */
#pragma once
#include "room/alike.h"
#include "room/room_priv.h"

#define SIGNS_MAX 64
#define ALIKE_LEAST 0.2           /* below it they share what most cases share */
#define ALIKE_CASES_LOOKED_AT 400 /* newest closed cases that share a kind with it; each costs six short queries */
enum sign_what { SIGN_KIND, SIGN_RULE, SIGN_WAY, SIGN_LOG, SIGN_ABOUT, SIGN_ACT, SIGN_SERVICE, SIGN_MAX_ };
struct sign {
    enum sign_what what;
    struct str value;
    double worth, weight;
};
struct signs {
    struct sign list[SIGNS_MAX];
    size_t n;
    double length;
};
struct alike_one {
    const struct readiness_pack *pack; /* NULL: an own case */
    int64_t incident;
    double score;
    struct signs signs;
};
struct alike {
    struct room *r;
    struct arena arena;
    struct signs own, *packs;
    size_t n_packs;
    struct alike_one best[ALIKE_MOST + 1];
    size_t n;
    struct diag *err;
};
struct str room_rule_of_kind(struct alike *x, struct str kind); /* the id of a rule that says so; "" */
int room_signs_of_case(struct alike *x, int64_t incident, struct signs *ret) MUST_USE;
/* The most alike into best, the nearest first. */
int room_alike_find(struct alike *x, int64_t incident, const struct room_actor *who) MUST_USE;

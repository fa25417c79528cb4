/* The supervisor's switch for the demonstration: one byte out, one line of JSON back. */
#pragma once
#include "base/err.h"
#include "room/may.h"

#include <poll.h>
#include <stdbool.h>

struct program;
struct supervisor_link {
    int fd; /* -1: none */
    char in[2048];
    size_t n;
    char state[12], url[512]; /* as told last */
    char pack[12];            /* of the lesson somebody sent (app/serve/pack_control.h) */
    bool has_url;
    bool failed; /* the demonstration that was asked for did not start */
};
void supervisor_link_init(struct supervisor_link *l, int fd);
struct pollfd supervisor_link_poll(const struct supervisor_link *l);
void supervisor_link_serve(struct program *p, const struct pollfd *pfd);
/* 's', 'c', 'l', 'i' or '?'. -EAGAIN: nobody is there. */
int supervisor_link_ask(struct supervisor_link *l, char what) MUST_USE;
/* The same for somebody, recorded before it is asked for; both or neither. */
int supervisor_link_ask_for(struct program *p, const struct room_actor *who, enum room_verb verb, enum room_object object, struct str detail, char what,
                            struct diag *reterr) MUST_USE;

/* The demonstration's switch: the room may ask its supervisor to start or clear it, and to look at or take in a lesson that was sent
 * (pack_control.h), and nothing else.
 *
 * One socket pair. The room writes one byte: 's' start, 'c' clear, 'l' look at the lesson, 'i' take it in, '?' how is it. The answer, and
 * whatever changes later, is one line of JSON:
 * {"state":"none|starting|running|clearing","url":"https://…"|null,"failed":bool,"pack":"none|looking|looked|installing|installed|failed"}. The
 * demonstration is `kizuki demo` in a folder and processes of its own; its address comes from its
 * own output. */
#pragma once
#include "base/err.h"

#include <uv.h>

struct demo_control;
/* *ret_room_fd is for the room. data: of this Kizuki; folder: where the demonstration lives. */
int demo_control_new(uv_loop_t *loop, const char *data, const char *folder, const char *https_host,
                     struct demo_control **ret, int *ret_room_fd, struct diag *reterr) MUST_USE;
/* Ends a running demonstration. */
void demo_control_end(struct demo_control *c);

/* What a text of ASCII must have for a regular expression to match, in a form that is looked for in a few
 * nanoseconds: so many bytes in all, so many bytes of one class anywhere, a run of a class, up to four
 * classes in a row. Read off the expression; it may ask for too little, never for too much.
 *
 * An expression that is nothing but bytes of classes and ".*" ("\+.*\+.*\+") is decided here: left to right, the
 * first place each time, where a backtracking engine may take as many steps as there are ways to choose. */
#pragma once
#include "base/str.h"
#include "detect/kernel.h"

enum { REGEX_GATE_PARTS_MAX = 24 };

struct regex_gate {
    size_t shortest;
    size_t count, run; /* 0: not asked for */
    struct kernel_class counted, running;
    bool has_window, whole; /* whole: all of it is in parts */
    uint8_t n_parts;
    struct kernel_class parts[REGEX_GATE_PARTS_MAX]; /* in a row, but for `gaps` */
    uint32_t gaps;                                   /* bit i: anything but a line end may stand before part i */
    bool over_lines;                                 /* … or anything at all */
    struct kernel_filter window; /* more passes than it should: */
    struct kernel_class windows[4];
};
/* false: nothing is known, the expression has to be tried. line_feed_ends: "." stops at "\n" and nothing else. */
bool regex_gate_make(struct regex_gate *g, struct str text, unsigned flags, bool line_feed_ends);
/* false: a text cannot match that is ASCII only and this when its letters are lowered */
bool regex_gate_passes(const struct regex_gate *g, const struct kernel *k, struct str lowered);
/* With g->whole: whether the text matches, which is ASCII only. */
bool regex_gate_matches(const struct regex_gate *g, struct str text);

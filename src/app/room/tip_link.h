/* Texts of tips to kizuki-search, which draws indicators from them, keeps these from then on, and looks for them in all that is kept (past.h begins
 * the hunt for their import). One tip at a time; whoever is killed in between, the tip still waits and is asked for again. */
#pragma once

struct program;
void tip_link_tick(struct program *p);

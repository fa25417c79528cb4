/* `kizuki pack play`: the player behind replays and the demonstration (docs/packs.md). */
#pragma once
int cmd_pack_play(int argc, char **argv);

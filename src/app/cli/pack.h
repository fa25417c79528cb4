/* `kizuki pack list|replay|play` and `kizuki demo`. */
#pragma once
int cmd_pack(int argc, char **argv);
int cmd_demo(int argc, char **argv);

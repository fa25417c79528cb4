/* `kizuki hunt`: stored logs through all rules. The contract other tools rely on stands in its help text. */
#pragma once
int cmd_hunt(int argc, char **argv);

/* kizuki-hand as the driver of lasting acts (--deeds NAME). */
#pragma once
#include <stdbool.h>

struct deeds_options {
    const char *data, *name, *socket, *key;
    int fd;
    long room_uid;
    bool dry_run, clear, check;
};
int deeds_main(const struct deeds_options *o);

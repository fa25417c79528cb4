#include "app/serve/serve.h"

#include <getopt.h>
#include <stdio.h>

static const char HELP[] =
    "usage: kizuki serve [--data DIR] [--config FILE] [--https ADDR:PORT] [--syslog ADDR:PORT|off] [--no-local-logs]\n"
    "\n"
    "Starts the sensor, the room and the hand, keeps them running, and prints the address of the pages with a\n"
    "one-time sign-in link.\n"
    "\n"
    "  --data DIR         data folder (default /var/lib/kizuki as root, ~/.local/share/kizuki else)\n"
    "  --config FILE      settings (default DIR/kizuki.yml when it exists)\n"
    "  --https ADDR:PORT  where the pages are (default 127.0.0.1:8443)\n"
    "  --syslog ADDR:PORT syslog over UDP and TCP (default 127.0.0.1:5514); off: none\n"
    "  --no-local-logs    do not look for this machine's usual logs\n";

int cmd_serve(int argc, char **argv) {
    static const struct option options[] = {
        {"data", required_argument, NULL, 'd'},   {"config", required_argument, NULL, 'c'},
        {"https", required_argument, NULL, 'l'},  {"syslog", required_argument, NULL, 's'},
        {"no-local-logs", no_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'},
        {0}};
    struct serve_options o = {0};
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'd')
            o.data = optarg;
        else if (c == 'c')
            o.config = optarg;
        else if (c == 'l')
            o.https = optarg;
        else if (c == 's')
            o.syslog = optarg;
        else if (c == 'n')
            o.no_local_logs = true;
        else if (c == 'h') {
            fputs(HELP, stdout);
            return 0;
        } else
            return 2;
    }
    if (optind < argc) {
        fprintf(stderr, "kizuki serve: '%s' is not wanted here; see kizuki serve --help\n", argv[optind]);
        return 2;
    }
    return serve_run(&o);
}

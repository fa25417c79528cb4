/* What a caller says of a login, judged beside a history made of the same bytes: fields cut at zero bytes. */
#include "room/login.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct login_network nets[2];
    struct login_rules rules;
    struct arena a;
    arena_init(&a, 1 << 20);
    if (login_rules_read(&a, NULL, "fuzz", &rules, NULL) < 0)
        abort();
    if (ip_prefix_parse(STR("192.0.2.0/24"), &nets[0].net) != 0 || ip_prefix_parse(STR("2001:db8::/32"), &nets[1].net) != 0)
        abort();
    for (int i = 0; i < 2; i++) {
        snprintf(nets[i].country, sizeof nets[i].country, "%s", i ? "US" : "JP");
        nets[i].placed = true;
        nets[i].lat = i ? 37 : 35;
        nets[i].lon = i ? -122 : 139;
    }
    rules.networks = nets;
    rules.n_networks = 2;
    struct str rest = str_n((const char *) data, n), part[6];
    struct login_past past[8];
    size_t n_past = 0;
    struct login_try t = {.at_ns = INT64_C(1795366988) * NS_PER_S};
    struct login_verdict v;
    struct login_address about = {.accounts = (int64_t) n % 20, .attacker = n % 7 == 0};
    while (rest.n) {
        for (size_t i = 0; i < ARRAY_SIZE(part); i++)
            if (!str_split(&rest, 0, &part[i]))
                part[i] = STR_NULL;
        t = (struct login_try){.account = part[0], .address = part[1], .agent = part[2], .device = part[3], .country = part[4], .at_ns = t.at_ns + (int64_t) part[5].n * NS_PER_HOUR};
        login_judge(&rules, &t, past, n_past, &about, &v);
        if (v.answer >= LOGIN_ANSWER_MAX_ || v.points < 0 || v.reasons >> REASON_MAX_ || (v.points >= rules.deny_from) != (v.answer == LOGIN_DENY))
            abort();
        login_place(&rules, &t, &past[n_past % ARRAY_SIZE(past)]);
        n_past = n_past < ARRAY_SIZE(past) ? n_past + 1 : n_past;
    }
    arena_done(&a);
    return 0;
}

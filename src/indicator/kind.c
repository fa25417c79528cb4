/* See indicator.h: words for kinds, labels and reasons. */
#include "indicator/indicator.h"

static const char *const kinds[INDICATOR_KIND_MAX_] = {
    [INDICATOR_IPV4] = "ipv4-addr", [INDICATOR_IPV6] = "ipv6-addr", [INDICATOR_DOMAIN] = "domain-name",
    [INDICATOR_URL] = "url",        [INDICATOR_EMAIL] = "email-addr", [INDICATOR_MD5] = "md5",
    [INDICATOR_SHA1] = "sha1",      [INDICATOR_SHA256] = "sha256",  [INDICATOR_SHA512] = "sha512"};

const char *indicator_kind_to_string(enum indicator_kind k) {
    return kinds[k];
}

static int find(const char *const *words, int n, struct str s) {
    for (int i = 0; i < n; i++)
        if (str_eq_icase(s, str_of(words[i])))
            return i;
    return -EINVAL;
}

int indicator_kind_from_string(struct str s) {
    return find(kinds, INDICATOR_KIND_MAX_, s);
}

static const char *const tlps[INDICATOR_TLP_MAX_] = {"clear", "green", "amber", "amber+strict", "red"};

const char *indicator_tlp_to_string(enum indicator_tlp t) {
    return tlps[t];
}

int indicator_tlp_from_string(struct str s) {
    if (s.n > 4 && str_eq_icase(str_to(s, 4), STR("tlp:")))
        s = str_trim(str_from(s, 4));
    if (str_eq_icase(s, STR("white"))) /* its name until 2022 */
        return INDICATOR_TLP_CLEAR;
    return find(tlps, INDICATOR_TLP_MAX_, s);
}

int indicator_audience_max(struct str audience) {
    static const struct {
        const char *name;
        enum indicator_tlp max;
    } rows[] = {{"public", INDICATOR_TLP_CLEAR}, {"community", INDICATOR_TLP_GREEN}, {"clients", INDICATOR_TLP_AMBER},
                {"organisation", INDICATOR_TLP_AMBER_STRICT}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (str_eq_z(audience, rows[i].name))
            return rows[i].max;
    return -EINVAL;
}

static const char *const whys[INDICATOR_WHY_MAX_] = {"unreadable", "own", "listed", "broad", "not_meant", "file_name",
                                                       "reference"};

const char *indicator_why_to_string(enum indicator_why w) {
    return whys[w];
}

/* See anon_forms.h. */
#include "pack/anon_forms.h"

#include "base/era.h"
#include "base/ip.h"
#include "base/time.h"

static const char *const regions[][2] = {
    {"北海道", "Hokkaido"}, {"青森", "Aomori"}, {"岩手", "Iwate"}, {"宮城", "Miyagi"}, {"秋田", "Akita"}, {"山形", "Yamagata"}, {"福島", "Fukushima"}, {"茨城", "Ibaraki"},
    {"栃木", "Tochigi"}, {"群馬", "Gunma"}, {"埼玉", "Saitama"}, {"千葉", "Chiba"}, {"東京", "Tokyo"}, {"神奈川", "Kanagawa"}, {"新潟", "Niigata"}, {"富山", "Toyama"},
    {"石川", "Ishikawa"}, {"福井", "Fukui"}, {"山梨", "Yamanashi"}, {"長野", "Nagano"}, {"岐阜", "Gifu"}, {"静岡", "Shizuoka"}, {"愛知", "Aichi"}, {"三重", "Mie"},
    {"滋賀", "Shiga"}, {"京都", "Kyoto"}, {"大阪", "Osaka"}, {"兵庫", "Hyogo"}, {"奈良", "Nara"}, {"和歌山", "Wakayama"}, {"鳥取", "Tottori"}, {"島根", "Shimane"},
    {"岡山", "Okayama"}, {"広島", "Hiroshima"}, {"山口", "Yamaguchi"}, {"徳島", "Tokushima"}, {"香川", "Kagawa"}, {"愛媛", "Ehime"}, {"高知", "Kochi"}, {"福岡", "Fukuoka"},
    {"佐賀", "Saga"}, {"長崎", "Nagasaki"}, {"熊本", "Kumamoto"}, {"大分", "Oita"}, {"宮崎", "Miyazaki"}, {"鹿児島", "Kagoshima"}, {"沖縄", "Okinawa"}};

/* ---- small readers: each moves *i on, or leaves it ---- */

static bool take(struct str s, size_t *i, const char *z) {
    struct str want = str_of(z);
    if (*i > s.n || !str_starts(str_from(s, *i), want))
        return false;
    *i += want.n;
    return true;
}

/* At most `most` digits, of either width. */
static bool take_number(struct str s, size_t *i, int most, int *ret) {
    int n = 0;
    size_t k = *i;
    *ret = 0;
    for (; n < most; n++) {
        if (k < s.n && ascii_digit(s.p[k]))
            *ret = *ret * 10 + (s.p[k] - '0'), k++;
        else if (k + 2 < s.n && (uint8_t) s.p[k] == 0xef && (uint8_t) s.p[k + 1] == 0xbc && (uint8_t) s.p[k + 2] >= 0x90 && (uint8_t) s.p[k + 2] <= 0x99)
            *ret = *ret * 10 + ((uint8_t) s.p[k + 2] - 0x90), k += 3;
        else
            break;
    }
    if (!n)
        return false;
    *i = k;
    return true;
}

static bool take_any(struct str s, size_t *i, const char *const *z) {
    for (; *z; z++)
        if (take(s, i, *z))
            return true;
    return false;
}

static bool is_day(int month, int day) {
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* ---- days ---- */

static bool read_month_day(struct str s, size_t i, struct anon_form *f, size_t from, bool with_year) {
    static const char *const months[] = {"月", "/", "-", ".", "／", NULL};
    size_t k = i;
    if (!take_number(s, &k, 2, &f->month))
        return false;
    struct str after = str_from(s, k);
    bool kanji = str_starts(after, STR("月"));
    if (!take_any(s, &k, months) || !take_number(s, &k, 2, &f->day) || !is_day(f->month, f->day))
        return false;
    if (kanji && !take(s, &k, "日"))
        return false;
    if (!kanji && !with_year && !str_starts(after, STR("/")) && !str_starts(after, STR("／")))
        return false; /* 11-23 alone is a range */
    if (k < s.n && ascii_digit(s.p[k]))
        return false;
    f->kind = ANON_DATE;
    f->n = k - from;
    return true;
}

static bool read_day(struct str s, size_t i, struct anon_form *f) {
    static const char *const years[] = {"年", "/", "-", ".", "／", NULL};
    size_t k = i, n;
    int year;
    *f = (struct anon_form){.kind = ANON_DATE};
    const struct era *era = era_read(str_from(s, i), &n);
    if (era) {
        k = i + n;
        year = take(s, &k, "元") ? 1 : 0;
        if ((year || take_number(s, &k, 2, &year)) && take_any(s, &k, years) && read_month_day(s, k, f, i, true)) {
            f->year = era->year + year - 1;
            return true;
        }
    }
    k = i;
    if (take_number(s, &k, 4, &year) && year >= 1900 && year < 2200 && take_any(s, &k, years) && read_month_day(s, k, f, i, true)) {
        f->year = year;
        return true;
    }
    f->year = 0;
    return read_month_day(s, i, f, i, false);
}

/* "November 23, 2026", "Nov 23", "23 November 2026". */
static bool read_english(struct str s, size_t i, struct anon_form *f) {
    size_t k = i, letters;
    bool before;
    *f = (struct anon_form){.kind = ANON_DATE};
    before = take_number(s, &k, 2, &f->day) && (take(s, &k, " ") || take(s, &k, "-"));
    if (!before)
        k = i;
    for (letters = 0; k + letters < s.n && (s.p[k + letters] | 32) >= 'a' && (s.p[k + letters] | 32) <= 'z'; letters++)
        ;
    static const char *const names[] = {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"};
    struct str word = str_n(s.p + k, letters);
    for (size_t m = 0; m < ARRAY_SIZE(names) && !f->month; m++)
        if (letters >= 3 && str_eq_icase(word, str_to(str_of(names[m]), letters)) && (letters == 3 || letters == strlen(names[m])))
            f->month = (int) m + 1;
    if (!f->month)
        return false;
    k += letters;
    if (!before && !((take(s, &k, " ") || take(s, &k, ". ")) && take_number(s, &k, 2, &f->day)))
        return false;
    size_t end = k;
    if ((take(s, &k, ", ") || take(s, &k, " ") || take(s, &k, "-")) && take_number(s, &k, 4, &f->year) && f->year >= 1900 && f->year < 2200)
        end = k;
    else
        f->year = 0;
    f->n = end - i;
    return is_day(f->month, f->day) && (end >= s.n || !anon_word_byte(s.p[end]));
}

int64_t anon_form_day(const struct anon_form *f, int64_t near) {
    struct time_civil c;
    int64_t best = 0;
    if (f->year)
        return time_days_from_civil(f->year, f->month, f->day);
    time_to_civil(near * NS_PER_DAY, 0, &c);
    for (int y = c.year - 1; y <= c.year + 1; y++) {
        int64_t day = time_days_from_civil(y, f->month, f->day);
        if (y == c.year - 1 || llabs((long long) (day - near)) < llabs((long long) (best - near)))
            best = day;
    }
    return best;
}

/* ---- the others ---- */

static size_t run_of(struct str s, size_t i, const char *more) {
    size_t n = 0;
    while (i + n < s.n && (anon_word_byte(s.p[i + n]) || strchr(more, s.p[i + n])) && s.p[i + n])
        n++;
    return n;
}

static bool read_address(struct str s, size_t i, struct anon_form *f) {
    struct str t = str_n(s.p + i, run_of(s, i, ".:"));
    struct ip ip;
    while (t.n && (t.p[t.n - 1] == '.' || t.p[t.n - 1] == ':') && ip_parse(t, &ip) < 0)
        t.n--;
    if (t.n < 3 || ip_parse(t, &ip) < 0)
        return false;
    size_t k = i + t.n;
    int bits;
    if (!(take(s, &k, "/") && take_number(s, &k, 3, &bits)))
        k = i + t.n;
    *f = (struct anon_form){.kind = ANON_ADDRESS, .n = k - i};
    return true;
}

static bool read_url(struct str s, size_t i, struct anon_form *f) {
    size_t k = i;
    if (!take(s, &k, "https://") && !take(s, &k, "http://") && !take(s, &k, "hxxps://") && !take(s, &k, "hxxp://"))
        return false;
    k += run_of(s, k, "-.~:/?#[]@!$&'()*+,;=%");
    while (k > i && strchr(".,;)'", s.p[k - 1]))
        k--;
    *f = (struct anon_form){.kind = ANON_URL, .n = k - i};
    return true;
}

static bool is_top(struct str label) {
    static const char *const tops[] = {"jp", "com", "net", "org", "local", "internal", "lan", "info", "biz", "io", "cloud", "asia", "tokyo"};
    for (size_t i = 0; i < ARRAY_SIZE(tops); i++)
        if (str_eq_icase(label, str_of(tops[i])))
            return true;
    return false;
}

/* A mail address, or a host's name that says its domain. */
static bool read_name(struct str s, size_t i, struct anon_form *f) {
    struct str t = str_n(s.p + i, run_of(s, i, ".-+@"));
    ptrdiff_t at = str_find_byte(t, '@', 0), dot = -1;
    while (t.n && strchr(".-+@", t.p[t.n - 1]))
        t.n--;
    for (size_t k = 0; k < t.n; k++)
        dot = t.p[k] == '.' ? (ptrdiff_t) k : dot;
    if (dot <= at || dot <= 0 || (at < 0 && !is_top(str_from(t, (size_t) dot + 1))))
        return false;
    *f = (struct anon_form){.kind = at > 0 ? ANON_MAIL : ANON_HOST, .n = t.n};
    return true;
}

static bool read_phone(struct str s, size_t i, struct anon_form *f) {
    size_t k = i;
    unsigned digits = 0, dashes = 0;
    bool plus = take(s, &k, "+81");
    if (!plus && (k >= s.n || s.p[k] != '0'))
        return false;
    for (; k < s.n && (ascii_digit(s.p[k]) || (s.p[k] == '-' && k > i && s.p[k - 1] != '-')); k++)
        s.p[k] == '-' ? dashes++ : digits++;
    if (k > i && s.p[k - 1] == '-')
        k--;
    *f = (struct anon_form){.kind = ANON_PHONE, .n = k - i};
    return (plus || digits == 10 || digits == 11) && digits >= 8 && digits <= 12 && (dashes == 2 || dashes == 3 || (!dashes && (plus || digits == 11)));
}

static bool read_amount(struct str s, size_t i, struct anon_form *f) {
    static const struct {
        const char *word;
        double times;
    } units[] = {{"千万", 1e7}, {"百万", 1e6}, {"億", 1e8}, {"万", 1e4}, {"千", 1e3}, {" million", 1e6}, {" billion", 1e9}, {"", 1}};
    size_t k = i;
    bool sign = take(s, &k, "¥") || take(s, &k, "￥") || take(s, &k, "JPY ");
    double v = 0, whole = 0;
    bool any = false;
    for (;;) { /* 1億2,000万 */
        int digits = 0;
        for (v = 0; k < s.n && (ascii_digit(s.p[k]) || (s.p[k] == ',' && digits)); k++)
            if (s.p[k] != ',')
                v = v * 10 + (s.p[k] - '0'), digits++;
        if (!digits)
            break;
        size_t u = 0;
        while (!take(s, &k, units[u].word))
            u++;
        whole += v * units[u].times;
        any = true;
        if (!units[u].word[0])
            break;
    }
    bool yen = take(s, &k, "円") || take(s, &k, " yen");
    *f = (struct anon_form){.kind = ANON_AMOUNT, .n = k - i, .yen = whole};
    f->about = (i >= 3 && str_eq(str_n(s.p + i - 3, 3), STR("約"))) || (i >= 6 && str_eq(str_n(s.p + i - 6, 6), STR("about ")));
    return any && (sign || yen);
}

static bool read_region(struct str s, size_t i, struct anon_form *f) {
    static const char *const tails[] = {"県", "都", "府", " Prefecture", NULL};
    for (size_t r = 0; r < ARRAY_SIZE(regions); r++)
        for (size_t l = 0; l < 2; l++) {
            size_t k = i;
            if (!take(s, &k, regions[r][l]) || (l && k < s.n && anon_word_byte(s.p[k])))
                continue;
            (void) take_any(s, &k, tails);
            *f = (struct anon_form){.kind = ANON_REGION, .n = k - i + (l ? 0 : anon_place_at(s, k))};
            if (!l && f->n == strlen(regions[r][l])) { /* 横浜 is no prefecture, 大阪市 is a city: its ending may be the first thing behind */
                size_t whole = anon_place_at(s, i);
                f->n = MAX(f->n, whole);
            }
            return true;
        }
    size_t n = anon_place_at(s, i);
    *f = (struct anon_form){.kind = ANON_REGION, .n = n};
    return n > 0;
}

bool anon_form_at(struct str s, size_t i, struct anon_form *f) {
    bool inside = i && (anon_word_byte(s.p[i - 1]) || s.p[i - 1] == '-' || s.p[i - 1] == '.' || s.p[i - 1] == '@');
    bool word = i < s.n && (anon_word_byte(s.p[i]) || s.p[i] == '+' || s.p[i] == ':');
    if (i >= s.n || (inside && word))
        return false;
    return read_url(s, i, f) || (word && (read_address(s, i, f) || read_name(s, i, f) || read_phone(s, i, f))) || read_amount(s, i, f) || read_day(s, i, f) ||
           (word && read_english(s, i, f)) || read_region(s, i, f);
}

/* ---- nobody's ---- */

static bool example_name(struct str host) {
    static const char *const tops[] = {"example.jp", "example.com", "example.net", "example.org", "example", "invalid", "test"};
    for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
        struct str top = str_of(tops[i]);
        if (str_eq_icase(host, top) || (host.n > top.n && host.p[host.n - top.n - 1] == '.' && str_eq_icase(str_from(host, host.n - top.n), top)))
            return true;
    }
    return false;
}

bool anon_is_nobodys(enum anon_kind kind, struct str text) {
    static const char *const ranges[] = {"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32", "3fff::/20"};
    struct ip_prefix own, range;
    ptrdiff_t at;
    if (kind == ANON_ADDRESS) {
        if (ip_prefix_parse(text, &own) < 0)
            return false;
        for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
            if (ip_prefix_parse(str_of(ranges[i]), &range) == 0 && ip_prefix_covers(&range, &own))
                return true;
        return false;
    }
    if (kind == ANON_URL && (at = str_find(text, STR("://"), 0)) > 0) {
        struct str host = str_from(text, (size_t) at + 3);
        size_t n = 0;
        while (n < host.n && !strchr("/:?#", host.p[n]))
            n++;
        return example_name(str_to(host, n));
    }
    if (kind == ANON_MAIL && (at = str_find_byte(text, '@', 0)) > 0)
        return example_name(str_from(text, (size_t) at + 1));
    if (kind == ANON_HOST)
        return example_name(text);
    return kind == ANON_PHONE && str_starts(text, STR("000-"));
}

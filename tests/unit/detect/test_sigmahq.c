/* The public rules and their own events: $KIZUKI_TEST_DATA/sigma. Skipped, and says so, where it is
 * absent. */
#include <ftw.h>
#include <sys/stat.h>

#include "fire.h"

#include "base/file.h"
#include "detect/statistics.h"

static const char *const folders[] = {"rules", "rules-compliance", "rules-emerging-threats",
                                      "rules-placeholder", "rules-threat-hunting"};
static char root[512];

static bool have_data(void) {
    const char *data = getenv("KIZUKI_TEST_DATA");
    struct stat st;
    snprintf(root, sizeof root, "%s/sigma", data ? data : "");
    if (data && stat(root, &st) == 0)
        return true;
    print_message("# skipped: KIZUKI_TEST_DATA has no sigma/\n");
    return false;
}

static struct fire all;

/* The main folders and content/fields into `all`. */
static void load_all(void) {
    char paths[ARRAY_SIZE(folders)][600];
    const char *at[ARRAY_SIZE(folders)];
    struct diag d = {0};
    struct detect_plan_options opt = {0};
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", root, folders[i]);
        at[i] = paths[i];
    }
    all = (struct fire){.names = event_names_new()};
    arena_init(&all.arena, (size_t) 64 << 20);
    int r = detect_rules_load(at, ARRAY_SIZE(at), &all.rules, &d);
    if (r == 0)
        r = detect_fields_load("content/fields", &all.fields, &d);
    struct detect_statistics *statistics = NULL;
    if (r == 0)
        r = detect_statistics_load("content/statistics/windows.txt", &statistics, &d);
    opt.fields = all.fields;
    opt.statistics = statistics;
    if (r == 0)
        r = detect_plan_new(all.rules, all.names, &opt, &all.plan, &d);
    if (r < 0)
        fail_msg("%s", d.text);
    detect_statistics_free(statistics);
    all.matcher = detect_matcher_new(all.plan);
    assert_non_null(all.matcher);
}

static void refuses_only_what_needs_a_placeholder(void) {
    for (uint32_t i = 0; i < all.rules->n_refused; i++) {
        char line[1200];
        if (!strstr(all.rules->refused[i]->diag.text, "no value for the placeholder"))
            fail_msg("%s", diag_format(&all.rules->refused[i]->diag, line, sizeof line));
    }
    print_message("# %u rules, %u refused for want of a placeholder\n", all.rules->n,
                  all.rules->n_refused);
    assert_in_range(all.rules->n, 3700, 100000);
}

/* --- regression data --- */

static unsigned n_tried, n_fired;
static struct arena files;

static bool fires_rule(struct str json, struct str id) {
    const struct detect_rule *rule = detect_rules_find(all.rules, id);
    size_t at = 0;
    bool found = false;
    /* several documents may stand behind each other; each is one event */
    while (rule && str_trim(str_from(json, at)).n) {
        struct str rest = str_trim(str_from(json, at));
        at = (size_t) (rest.p - json.p) + fire_event(&all, rest);
        for (uint32_t i = 0; i < all.n; i++)
            found |= all.hits[i] == rule->index;
    }
    return found;
}

static int try_file(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    struct str json;
    struct diag d;
    (void) st;
    if (type != FTW_F || !str_ends(str_of(path), STR(".json")))
        return 0;
    struct str id = str_of(path + ftw->base);
    id.n -= 5;
    arena_reset(&files);
    assert_int_equal(file_read(&files, path, 16 << 20, &json, &d), 0);
    if (str_starts(json, STR("\xef\xbb\xbf")))
        json = str_from(json, 3);
    n_tried++;
    bool yes = fires_rule(json, id);
    n_fired += yes;
    if (!yes)
        print_message("# silent: %s%s\n", path + strlen(root),
                      detect_rules_find(all.rules, id) ? "" : " (no such rule)");
    return 0;
}

static void every_regression_event_fires_its_rule(void) {
    char path[600];
    snprintf(path, sizeof path, "%s/regression_data", root);
    arena_init(&files, (size_t) 64 << 20);
    assert_int_equal(nftw(path, try_file, 16, FTW_PHYS), 0);
    arena_done(&files);
    print_message("# %u of %u regression rules fire\n", n_fired, n_tried);
    assert_true(n_tried >= 202);
    assert_int_equal(n_fired, n_tried);
}

/* With triggers and without, every rule says the same. */
static int compare_file(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    struct str json;
    (void) st;
    (void) ftw;
    if (type != FTW_F || !str_ends(str_of(path), STR(".json")))
        return 0;
    arena_reset(&files);
    assert_int_equal(file_read(&files, path, 16 << 20, &json, NULL), 0);
    if (str_starts(json, STR("\xef\xbb\xbf")))
        json = str_from(json, 3);
    for (size_t at = 0; str_trim(str_from(json, at)).n;) {
        struct str rest = str_trim(str_from(json, at));
        uint32_t want[256], n;
        const uint32_t *hits;
        at = (size_t) (rest.p - json.p) + fire_event(&all, rest);
        assert_in_range(all.n, 0, 256);
        memcpy(want, all.hits, all.n * sizeof *want);
        uint32_t n_want = all.n;
        assert_int_equal(detect_match_exhaustive(all.matcher, &all.ev, &hits, &n), 0);
        assert_int_equal(n, n_want);
        assert_memory_equal(want, hits, n * sizeof *want);
    }
    return 0;
}

static void triggers_lose_no_match(void) {
    char path[600];
    snprintf(path, sizeof path, "%s/regression_data", root);
    arena_init(&files, (size_t) 64 << 20);
    assert_int_equal(nftw(path, compare_file, 16, FTW_PHYS), 0);
    arena_done(&files);
}

static void public_rules_load_and_fire(void **state UNUSED) {
    if (!have_data())
        skip();
    load_all();
    refuses_only_what_needs_a_placeholder();
    every_regression_event_fires_its_rule();
    triggers_lose_no_match();
    fire_end(&all);
}

UNIT_GROUP(detect_sigmahq, cmocka_unit_test(public_rules_load_and_fire))

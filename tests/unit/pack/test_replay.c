#include "unit.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "pack/replay.h"

#include <unistd.h>

#define HEAD                                                                                       \
    "seed: 5\nstart: 2026-11-23T00:00:00+09:00\nend: 2026-11-23T01:00:00+09:00\n"                  \
    "sources:\n  - {name: auth, product: login_event, service: s, host: h}\n"                      \
    "  - {name: web, product: nginx_access, service: s, host: h}\n"                                \
    "addresses:\n  homes: {from: [198.18.0.0/16], n: 200}\n  bots: {from: [203.0.113.0/24], n: 5}\n" \
    "accounts:\n  members: {n: 300}\nagents:\n  b: {list: [Browser]}\nactors:\n"
#define PEOPLE                                                                                     \
    "  - {id: p, kind: visitors, service: s, per_hour: 200, accounts: members, addresses: homes, " \
    "agents: b, pages: [/a, /b]}\n"
#define WAVE                                                                                       \
    "  - {id: w, kind: campaign, service: s, from: 2026-11-23T00:20:00+09:00, until: "             \
    "2026-11-23T00:30:00+09:00, tries: 400, list_size: 200, exists: 0.5, works: 2, accounts: "     \
    "members, addresses: bots, agents: b, looks: 1, pages: [/a]}\n"

static struct pack_replay *open_text(const char *text, uint64_t seed, struct diag *d) {
    char path[] = "/tmp/kizuki-replay-XXXXXX";
    struct pack_replay *r = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, str_of(text)), 0);
    close(fd);
    int e = pack_replay_open(path, seed, &r, d);
    unlink(path);
    assert_true((e == 0) == (r != NULL));
    return r;
}

struct told {
    uint64_t lines, hash, from_bots, bot_successes, bot_pages;
};

static struct told tell(const char *text, uint64_t seed) {
    struct diag d = {0};
    struct told t = {0};
    struct pack_line line;
    int64_t last = INT64_MIN;
    int r;
    struct pack_replay *story = open_text(text, seed, &d);
    assert_non_null(story);
    while ((r = pack_replay_next(story, &line)) > 0) {
        bool bot = str_find(line.bytes, STR("203.0.113."), 0) >= 0;
        assert_true(line.at_ns >= last);
        assert_true(line.at_ns >= pack_replay_start_ns(story));
        assert_true(line.at_ns < pack_replay_end_ns(story));
        last = line.at_ns;
        t.lines++;
        t.hash = hash_fast(line.bytes, t.hash);
        t.from_bots += bot && line.source == 0;
        t.bot_successes += bot && str_find(line.bytes, STR("\"success\""), 0) >= 0;
        t.bot_pages += bot && str_find(line.bytes, STR("GET /a "), 0) >= 0;
    }
    assert_int_equal(r, 0);
    pack_replay_free(story);
    return t;
}

static void same_seed_same_bytes(void **state UNUSED) {
    struct told a = tell(HEAD PEOPLE WAVE, 0), b = tell(HEAD PEOPLE WAVE, 0),
                c = tell(HEAD PEOPLE WAVE, 6);
    assert_int_equal(a.hash, b.hash);
    assert_int_equal(a.lines, b.lines);
    assert_int_not_equal(a.hash, c.hash);
}

static void a_campaign_does_what_its_row_says(void **state UNUSED) {
    struct told t = tell(HEAD WAVE, 0);
    /* Entered accounts are left out of the second walk through the list. */
    assert_int_equal(t.from_bots, 400 - 2);
    assert_int_equal(t.bot_successes, 2);
    assert_int_equal(t.bot_pages, 1);
}

static void an_actor_does_not_change_what_others_do(void **state UNUSED) {
    struct told with = tell(HEAD PEOPLE WAVE, 0), without = tell(HEAD WAVE, 0);
    assert_int_equal(with.from_bots, without.from_bots);
    assert_int_equal(with.bot_successes, without.bot_successes);
    assert_true(with.lines > without.lines + 200);
}

static void what_makes_no_sense_is_refused_with_its_place(void **state UNUSED) {
    static const struct {
        const char *text, *word;
    } bad[] = {
        {"", "mapping"},
        {"seed: 1\n", "'start'"},
        {HEAD "  - {id: x, kind: nobody, service: s}\n", "kinds of actors"},
        {HEAD "  - {id: x, kind: visitors, service: s, accounts: none, addresses: homes, agents: b}\n",
         "no pool 'none'"},
        {HEAD "  - {id: x, kind: visitors, service: s, accounts: members, addresses: homes, agents: "
              "b, speed: 3}\n",
         "speed"},
        {HEAD "  - {id: w, kind: campaign, service: s, from: 2026-11-23T00:20:00, until: x, "
              "accounts: members, addresses: bots, agents: b}\n",
         "zone"},
        {"seed: 1\nstart: 2026-11-23T00:00:00+09:00\nend: 2026-11-22T00:00:00+09:00\n", "before"},
        {"seed: 1\nstart: 2026-11-23T00:00:00+09:00\nend: 2026-11-23T01:00:00+09:00\nsources:\n"
         "  - {name: a, product: smoke, service: s, host: h}\n",
         "products are"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct diag d = {0};
        assert_null(open_text(bad[i].text, 0, &d));
        if (!strstr(d.text, bad[i].word))
            fail_msg("row %zu: '%s' does not say '%s'", i, d.text, bad[i].word);
    }
}

static void memory_that_ends_leaves_nothing_behind(void **state UNUSED) {
    long live = mem_live();
    for (long n = 0; n < 4000; n++) {
        struct diag d = {0};
        mem_fail_after(n);
        struct pack_replay *r = open_text(HEAD PEOPLE WAVE, 0, &d);
        mem_fail_after(-1);
        if (r) {
            pack_replay_free(r);
            assert_int_equal(mem_live(), live);
            return;
        }
        assert_int_equal(mem_live(), live);
    }
    fail_msg("never enough memory");
}

UNIT_GROUP(pack_replay, cmocka_unit_test(same_seed_same_bytes),
           cmocka_unit_test(a_campaign_does_what_its_row_says),
           cmocka_unit_test(an_actor_does_not_change_what_others_do),
           cmocka_unit_test(what_makes_no_sense_is_refused_with_its_place),
           cmocka_unit_test(memory_that_ends_leaves_nothing_behind))

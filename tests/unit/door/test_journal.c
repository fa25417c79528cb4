#include "unit.h"

#include "base/file.h"
#include "base/time.h"
#include "door/journal.h"

#include <fcntl.h>
#include <unistd.h>

static char path[] = "/tmp/kizuki-door-journal-XXXXXX";
#define NOW (1800000000 * NS_PER_S)

static void keeps_ends_and_tells_unknown(void **state UNUSED) {
    struct door_journal j;
    struct door_outcome o = {.state = DOOR_SENT, .why = "sent", .status = 250, .by = "mail"};
    int fd = mkstemp(path);
    close(fd);
    snprintf(o.sentence, sizeof o.sentence, "took \"it\"\n気");
    assert_int_equal(door_journal_open(&j, path, NOW, NULL), 0);
    assert_int_equal(door_journal_begin(&j, STR("a.1"), STR("mail"), NOW, NULL), 0);
    assert_int_equal(door_journal_begin(&j, STR("a.1"), STR("mail"), NOW, NULL), -EEXIST);
    assert_int_equal(door_journal_end(&j, STR("a.1"), &o, NOW, NULL), 0);
    assert_int_equal(door_journal_begin(&j, STR("a.2"), STR("mail"), NOW, NULL), 0);
    door_journal_close(&j);
    /* a line torn by a crash, and one somebody changed */
    fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(file_write_all(fd, STR("00000000 b a.4 mail 1800000000000000000\nabcdef01 b a.3 ma")), 0);
    close(fd);
    assert_int_equal(door_journal_open(&j, path, NOW + NS_PER_DAY, NULL), 0);
    assert_int_equal(j.torn, 2);
    assert_int_equal(j.n_unknown, 1);
    const struct door_entry *one = door_journal_find(&j, STR("a.1")), *two = door_journal_find(&j, STR("a.2"));
    assert_true(one && one->ended && one->outcome.state == DOOR_SENT && one->outcome.status == 250);
    assert_string_equal(one->outcome.sentence, o.sentence);
    assert_true(two && two->ended && two->outcome.state == DOOR_UNKNOWN);
    assert_null(door_journal_find(&j, STR("a.3")));
    assert_null(door_journal_find(&j, STR("a.4")));
    door_journal_close(&j);
    /* said once as found under way; then it is an end like others, and after its days it is forgotten */
    assert_int_equal(door_journal_open(&j, path, NOW + 2 * NS_PER_DAY, NULL), 0);
    assert_int_equal(j.n_unknown, 0);
    assert_int_equal(j.torn, 0);
    assert_non_null(door_journal_find(&j, STR("a.2")));
    door_journal_close(&j);
    assert_int_equal(door_journal_open(&j, path, NOW + 40 * NS_PER_DAY, NULL), 0);
    assert_null(door_journal_find(&j, STR("a.1")));
    door_journal_close(&j);
    unlink(path);
}

UNIT_GROUP(door_journal, cmocka_unit_test(keeps_ends_and_tells_unknown))

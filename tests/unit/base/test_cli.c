#include "unit.h"

#include "base/cli.h"
#include "base/time.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

struct args {
    struct cli_list rules;
    bool stats, all;
    int64_t threads, within;
    const char *out;
    int format;
};
static const char *const formats[] = {"json", "text", NULL};
static const struct cli_option options[] = {
    {.name = "rules",
     .letter = 'r',
     .kind = CLI_LIST,
     .value = "PATH",
     .at = offsetof(struct args, rules),
     .help = "rules to use"},
    {.name = "stats",
     .letter = 's',
     .kind = CLI_FLAG,
     .at = offsetof(struct args, stats),
     .help = "what it cost"},
    {.name = "all",
     .letter = 'a',
     .kind = CLI_FLAG,
     .at = offsetof(struct args, all),
     .help = "don't leave out"},
    {.name = "threads",
     .letter = 't',
     .kind = CLI_NUMBER,
     .value = "N",
     .at = offsetof(struct args, threads),
     .min = 1,
     .max = 64,
     .help = "how many"},
    {.name = "within",
     .kind = CLI_SPAN,
     .value = "TIME",
     .at = offsetof(struct args, within),
     .help = "window"},
    {.name = "out",
     .kind = CLI_STRING,
     .value = "FILE",
     .at = offsetof(struct args, out),
     .help = "where to"},
    {.name = "format",
     .kind = CLI_CHOICE,
     .value = "FORMAT",
     .choices = formats,
     .at = offsetof(struct args, format),
     .help = "how"},
    {.name = "secret", .kind = CLI_FLAG, .at = offsetof(struct args, all), .hidden = true},
    {0},
};
static const struct cli_option needs_to[] = {
    {.name = "to",
     .kind = CLI_STRING,
     .value = "DIR",
     .at = offsetof(struct args, out),
     .required = true},
    {0},
};
static const struct cli_command commands[] = {
    {.name = "hunt",
     .args = "FILE…",
     .args_min = 1,
     .args_max = CLI_MANY,
     .help = "read logs",
     .options = options,
     .size = sizeof(struct args),
     .defaults = &(const struct args){.threads = 2, .format = 1}},
    {.name = "rule explain",
     .args = "LINE",
     .args_max = 1,
     .help = "why a rule matches",
     .size = 1},
    {.name = "rule test", .help = "run the samples", .size = 1},
    {.name = "move", .help = "needs an option", .options = needs_to, .size = sizeof(struct args)},
    {0},
};
static const struct cli_program program = {
    .name = "kizuki", .help = "notices", .commands = commands};
static const struct cli_command alone[] = {
    {.name = "", .help = "the sensor", .options = options, .size = sizeof(struct args)},
    {0},
};
static const struct cli_program sensor = {.name = "kizuki-sensor", .help = "x", .commands = alone};

static struct arena arena;
static int arena_up(void **state UNUSED) {
    arena_init(&arena, 1 << 20);
    return 0;
}
static int arena_down(void **state UNUSED) {
    arena_done(&arena);
    return 0;
}

/* The line as a shell would cut it, by single blanks. */
static int parse(const struct cli_program *p, const char *line, struct cli *ret, struct diag *d) {
    char *argv[32], *z = arena_dup_z(&arena, str_of(line));
    int argc = 0;
    *d = (struct diag){0};
    for (char *next; z; z = next) {
        next = strchr(z, ' ');
        if (next)
            *next++ = 0;
        argv[argc++] = z;
    }
    argv[argc] = NULL;
    return cli_parse(p, &arena, argc, argv, ret, d);
}

static void reads_every_kind(void **state UNUSED) {
    struct cli c;
    struct diag d;
    assert_int_equal(parse(&program,
                           "kizuki hunt a.log --rules=x -r y -rz --stats -at 7 --within 5m --out - "
                           "--format json b.log -- --not-an-option",
                           &c, &d),
                     0);
    const struct args *a = c.settings;
    assert_ptr_equal(c.command, &commands[0]);
    assert_int_equal(a->rules.n, 3);
    assert_string_equal(a->rules.p[0], "x");
    assert_string_equal(a->rules.p[2], "z");
    assert_true(a->stats && a->all);
    assert_int_equal(a->threads, 7);
    assert_int_equal(a->within, 5 * NS_PER_MIN);
    assert_string_equal(a->out, "-");
    assert_int_equal(a->format, 0);
    assert_int_equal(c.n_args, 3);
    assert_string_equal(c.args[1], "b.log");
    assert_string_equal(c.args[2], "--not-an-option");
    assert_null(c.args[3]);
}

static void starts_from_the_defaults(void **state UNUSED) {
    struct cli c;
    struct diag d;
    assert_int_equal(parse(&program, "kizuki hunt -", &c, &d), 0);
    const struct args *a = c.settings;
    assert_int_equal(a->threads, 2);
    assert_int_equal(a->format, 1);
    assert_string_equal(c.args[0], "-");
    assert_int_equal(parse(&program, "kizuki rule explain x", &c, &d), 0);
    assert_string_equal(c.command->name, "rule explain");
    assert_int_equal(c.n_args, 1);
    assert_int_equal(parse(&sensor, "kizuki-sensor --stats", &c, &d), 0);
    assert_true(((const struct args *) c.settings)->stats);
    assert_int_equal(parse(&sensor, "kizuki-sensor", &c, &d), 0);
    assert_non_null(c.command);
}

static void refuses_with_a_sentence(void **state UNUSED) {
    static const char *const rows[][2] = {
        {"kizuki hunt --ruels x f", "unknown option '--ruels'; did you mean '--rules'?"},
        {"kizuki hunt --zzzzzz f",
         "unknown option '--zzzzzz'; 'kizuki hunt --help' lists the options"},
        {"kizuki hunt -z f", "unknown option '-z'; 'kizuki hunt --help' lists the options"},
        {"kizuki hunt", "FILE… is missing"},
        {"kizuki hunt --rules", "--rules needs PATH"},
        {"kizuki hunt --stats=yes f", "--stats takes no value"},
        {"kizuki hunt --threads 65 f", "--threads takes a whole number from 1 to 64, not '65'"},
        {"kizuki hunt --threads x f", "--threads takes a whole number from 1 to 64, not 'x'"},
        {"kizuki hunt --within soon f",
         "--within takes a time such as 90s, 5m, 12h or 7d, not 'soon'"},
        {"kizuki hunt --format xml f", "--format takes one of json, text, not 'xml'"},
        {"kizuki hnut f", "unknown command 'hnut'; did you mean 'kizuki hunt'?"},
        {"kizuki frobnicate", "unknown command 'frobnicate'; 'kizuki --help' lists the commands"},
        {"kizuki rule", "'kizuki rule' needs one of: explain, test"},
        {"kizuki rule exlpain x",
         "unknown command 'rule exlpain'; did you mean 'kizuki rule explain'?"},
        {"kizuki rule explain a b", "too many arguments: 'b'"},
        {"kizuki rule test a", "unexpected argument 'a'"},
        {"kizuki move", "--to DIR is needed"},
        {"kizuki --stats hunt f", "the command comes first: 'kizuki COMMAND --stats'"},
        {"kizuki completion tcsh", "completion takes one of bash, zsh, fish"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct cli c;
        struct diag d;
        assert_int_equal(parse(&program, rows[i][0], &c, &d), -EINVAL);
        assert_string_equal(d.text, rows[i][1]);
    }
}

static void answers_help_and_version(void **state UNUSED) {
    static const char *const rows[][2] = {
        {"kizuki", "rule explain"},
        {"kizuki --help", "hunt "},
        {"kizuki help", "hunt "},
        {"kizuki help hunt", "-r, --rules PATH"},
        {"kizuki hunt --help", "-r, --rules PATH"},
        {"kizuki hunt -h", "usage: kizuki hunt [OPTIONS] FILE…"},
        {"kizuki --version", "kizuki " KIZUKI_VERSION "\n"},
        {"kizuki hunt --help --format json", "how: json, text"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct cli c;
        struct diag d;
        assert_int_equal(parse(&program, rows[i][0], &c, &d), 0);
        assert_null(c.command);
        if (str_find(c.text, str_of(rows[i][1]), 0) < 0)
            fail_msg("%s: %.*s", rows[i][0], STR_ARG(c.text));
        assert_true(str_find(c.text, STR("secret"), 0) < 0);
    }
}

/* The real shell takes the script and completes with it. */
static void bash_completes_with_it(void **state UNUSED) {
    static const char *const rows[][2] = {
        {"COMP_WORDS=(kizuki h) COMP_CWORD=1", "hunt help"},
        {"COMP_WORDS=(kizuki rule '') COMP_CWORD=2", "explain test"},
        {"COMP_WORDS=(kizuki hunt --th) COMP_CWORD=2", "--threads"},
        {"COMP_WORDS=(kizuki hunt --format '') COMP_CWORD=3", "json text"},
    };
    if (access("/bin/bash", X_OK) != 0)
        skip();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct buf b;
        char got[256] = {0};
        int fd[2], status;
        pid_t pid;
        posix_spawn_file_actions_t actions;
        buf_init(&b, 1 << 20);
        assert_int_equal(cli_completion(&program, STR("bash"), &b), 0);
        buf_printf(&b, "%s\n_kizuki\necho \"${COMPREPLY[*]}\"\n", rows[i][0]);
        char shell[] = "bash", flag[] = "-c",
             *argv[] = {shell, flag, (char *) (uintptr_t) buf_z(&b), NULL};
        assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, fd[1], 1);
        assert_int_equal(posix_spawn(&pid, "/bin/bash", &actions, NULL, argv, environ), 0);
        posix_spawn_file_actions_destroy(&actions);
        close(fd[1]);
        assert_true(read(fd[0], got, sizeof got - 1) > 0);
        close(fd[0]);
        waitpid(pid, &status, 0);
        buf_done(&b);
        got[strcspn(got, "\n")] = 0;
        assert_string_equal(got, rows[i][1]);
    }
}

static void fish_and_zsh_have_scripts_too(void **state UNUSED) {
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(cli_completion(&program, STR("fish"), &b), 0);
    assert_true(str_find(buf_str(&b), STR("-l rules -s r -r -F -d 'rules to use'"), 0) > 0);
    assert_true(str_find(buf_str(&b), STR("-d 'don'\\''t leave out'"), 0) > 0);
    buf_clear(&b);
    assert_int_equal(cli_completion(&sensor, STR("zsh"), &b), 0);
    assert_true(
        str_find(buf_str(&b), STR("complete -o filenames -F _kizuki_sensor kizuki-sensor"), 0) > 0);
    buf_done(&b);
}

#define WITH_ARENA(f) cmocka_unit_test_setup_teardown(f, arena_up, arena_down)
UNIT_GROUP(base_cli, WITH_ARENA(reads_every_kind), WITH_ARENA(starts_from_the_defaults),
           WITH_ARENA(refuses_with_a_sentence), WITH_ARENA(answers_help_and_version),
           WITH_ARENA(bash_completes_with_it), WITH_ARENA(fish_and_zsh_have_scripts_too))

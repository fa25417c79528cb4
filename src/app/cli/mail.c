/* `kizuki mail FILE`: what a suspicious mail (.eml or Outlook's .msg) consists of, as JSON. Nothing of it is opened. */
#include "app/cli/command.h"
#include "app/common/sandbox.h"
#include "base/file.h"
#include "mail/mail.h"
#include "base/limits.h"

static int print(const struct mail_message *m) {
    struct buf b;
    struct jsonw w;
    const char *why = NULL;
    char same[2 * SHA256_BYTES + 1];
    mail_same(mail_suspect(m), same);
    buf_init(&b, (size_t) 64 << 20);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_kz(&w, "same", same);
    jsonw_kbool(&w, "answer", !mail_no_answer(m, &why));
    jsonw_kz(&w, "why", why);
    jsonw_key(&w, STR("mail"));
    mail_write(m, &w);
    jsonw_end(&w);
    buf_add_byte(&b, '\n');
    int e = buf_error(&b) ? buf_error(&b) : file_write_all(1, buf_str(&b));
    buf_done(&b);
    return e;
}

static int run_mail(void *settings UNUSED, unsigned n UNUSED, char **args) {
    struct diag d = {0};
    struct arena a;
    struct str bytes;
    struct mail_message *m;
    arena_init(&a, MAIL_ARENA_MAX);
    int e = file_read(&a, args[0], MAIL_BYTES_MAX, &bytes, &d);
    if (e == 0) /* from here on it can open nothing: a hostile mail is read */
        e = MIN(sandbox_enter(NULL, 0, SANDBOX_BASIC, &d), 0);
    if (e == 0)
        e = mail_parse(&a, bytes, &m, &d);
    if (e == 0)
        e = print(m);
    arena_done(&a);
    return e < 0 ? command_failed(&d) : 0;
}

const struct cli_command COMMAND_MAIL = {.name = "mail", .args = "FILE", .args_min = 1, .args_max = 1,
    .help = "take a suspicious mail apart: its way, links and attachments", .run = run_mail};

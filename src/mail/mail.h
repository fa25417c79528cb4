/* Mails people forward because they look suspicious, taken apart.
 *
 * Reads RFC 5322 with MIME (nested messages, encoded words, RFC 2231 names, Japanese character sets, base64 and quoted-printable)
 * and Outlook's .msg (MS-OXMSG in a compound file). Reads what hostile people wrote: everything is bounded by limits.h, nothing is
 * opened, rendered, unpacked or fetched; of an attachment stand name, type, size and SHA-256. What cannot be read is shown as it came
 * and counted in `odd`, never dropped in silence. Pure: no files, no sockets. What it returns lives in the arena and in the input. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"

struct mail_link {
    struct str url, shown; /* shown: what a reader sees, as text; empty: the URL itself */
    struct str host;       /* where it really goes */
    bool differs;          /* what is shown is another host */
};
struct mail_file { /* an attachment, or anything that is no text */
    struct str name, type;   /* as the mail says */
    const char *looks;       /* what its first bytes say; NULL: nothing known */
    size_t bytes;
    char sha256[2 * SHA256_BYTES + 1];
    bool misnamed; /* the name says another kind than the first bytes, or hides its ending */
};
struct mail_auth { /* of Authentication-Results: what the server that wrote it says */
    struct str by, spf, dkim, dmarc;
};
struct mail_message {
    struct str from, from_address, reply_to, return_path, to, subject, date, message_id, in_reply_to, references, auto_submitted, precedence, list_id;
    struct str text; /* of the first text part, or of HTML without its marks; at most MAIL_TEXT_BYTES_MAX */
    struct str *received;
    size_t n_received, cap_received;
    struct mail_auth *auth; /* the topmost first: the others may be forged */
    size_t n_auth, cap_auth;
    struct mail_link *links;
    size_t n_links, cap_links;
    struct mail_file *files;
    size_t n_files, cap_files;
    struct mail_message *inner, *next; /* mails within, in order */
    bool report;   /* multipart/report: a machine tells what became of a mail */
    unsigned odd;  /* places that are not as the standards say, or over a limit */
};
/* Any bytes become a message; -ENOMEM, or -ERR_LIMIT above MAIL_BYTES_MAX. */
int mail_parse(struct arena *a, struct str bytes, struct mail_message **ret, struct diag *reterr) MUST_USE;
/* One JSON object with all parts. */
void mail_write(const struct mail_message *m, struct jsonw *w);
/* The mail the reporter means: the first one within, else this one. */
const struct mail_message *mail_suspect(const struct mail_message *m);
/* The same mail reported by several has the same: hash of Message-ID, else of sender, subject and links. 2 * SHA256_BYTES characters. */
void mail_same(const struct mail_message *m, char dst[2 * SHA256_BYTES + 1]);
/* Must a machine not answer this (RFC 3834)? *ret_why: the reason. */
bool mail_no_answer(const struct mail_message *m, const char **ret_why);

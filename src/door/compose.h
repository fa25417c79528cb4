/* Mail as it goes over the wire: RFC 5322 headers, one text part in UTF-8.
 *
 * Headers beyond ASCII are encoded words (RFC 2047), never longer than 75 characters and never cut inside a character;
 * the body is base64 in lines of 76, so that no relay can change a character of it. An address beyond ASCII stands in
 * UTF-8 (RFC 6532; the transfer then asks for SMTPUTF8). A control character in a header is refused. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct door_mail {
    struct str from, from_name, to, subject, text;
    struct str id;          /* of the message, without <>; "x@host" */
    struct str in_reply_to; /* without <>; may be empty */
    bool reply;             /* made by a machine because of a mail (RFC 3834): auto-replied */
    int64_t now_ns;
    bool drill;
};
int door_mail_compose(struct buf *out, const struct door_mail *m, struct diag *reterr) MUST_USE;
bool door_mail_address_ok(struct str address);

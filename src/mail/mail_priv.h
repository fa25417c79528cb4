/* Inside src/mail only. */
#pragma once
#include "base/limits.h"
#include "mail/mail.h"

struct mail_reading {
    struct arena *a;
    unsigned parts, depth;
    int error; /* -ENOMEM; sticky */
};
/* header.c */
struct mail_header {
    struct str name, value; /* value as it stands, folded */
};
/* Cuts the next header off *rest (which then begins at the next one); false: the empty line, or the end. */
bool mail_header_next(struct str *rest, struct mail_header *ret, unsigned *odd);
struct str mail_unfold(struct mail_reading *r, struct str value);
struct str mail_words(struct mail_reading *r, struct str value, unsigned *odd); /* unfolded, RFC 2047 decoded, UTF-8 */
struct str mail_utf8(struct mail_reading *r, struct str bytes, struct str charset, unsigned *odd);
/* The first token ("text/html"), lower case, and a parameter with RFC 2231 and RFC 2047 undone; empty: none. */
struct str mail_token(struct mail_reading *r, struct str value);
struct str mail_parameter(struct mail_reading *r, struct str value, const char *name, unsigned *odd);
struct str mail_address(struct mail_reading *r, struct str value);
void mail_take_headers(struct mail_reading *r, struct mail_message *m, struct str *rest, struct str ret_mime[3]); /* type, encoding, disposition */
/* code.c */
struct str mail_base64(struct mail_reading *r, struct str s, unsigned *odd);
struct str mail_quoted(struct mail_reading *r, struct str s, bool words, unsigned *odd);
/* mime.c */
struct mail_message *mail_read_mime(struct mail_reading *r, struct str bytes);
void mail_add_file(struct mail_reading *r, struct mail_message *m, struct str name, struct str type, struct str bytes);
/* links.c */
void mail_text_links(struct mail_reading *r, struct mail_message *m, struct str utf8);
struct str mail_html(struct mail_reading *r, struct mail_message *m, struct str utf8); /* links; returns the text */
/* msg.c */
bool mail_is_cfb(struct str bytes);
struct mail_message *mail_read_msg(struct mail_reading *r, struct str bytes);
/* all: a place in a growing array of the message, NULL: full or no memory */
void *mail_more(struct mail_reading *r, void *array, size_t *n, size_t *cap, size_t max, size_t size, unsigned *odd);

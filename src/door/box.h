/* Ways in: a mailbox looked into. What is new is put, as it came and unread, into a folder of files for whoever may read it.
 *
 * IMAP: mails without \Answered are fetched, written, and then marked \Answered: standard flags, so that any server keeps them, and a
 * person who opens the mailbox changes nothing. Maildir: files of `new` are copied, then moved to `cur` as seen. Killed in between, a mail
 * is fetched again under the same name. Nothing in a mail is looked at. */
#pragma once
#include "door/send.h"

enum { DOOR_BOX_ROUND_MAX = 50 };
/* *ret_n: how many were taken. max 0: only look (for a try). */
void door_box_take(const struct door_way *w, const char *into, size_t max, size_t *ret_n, struct door_outcome *out);

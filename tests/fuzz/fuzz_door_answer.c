/* What mail and HTTP servers answer: numbers of mails an IMAP server found (the first byte odd), and a sentence quoted to people, which stays
 * readable text in one piece however it was sent. What lies between is libcurl's. */
#include "base/limits.h"
#include "base/text.h"
#include "door/box.h"
#include "door/send_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void numbers(struct str answer) {
    uint64_t found[DOOR_BOX_ROUND_MAX];
    size_t all, n = door_imap_numbers(answer, found, DOOR_BOX_ROUND_MAX, &all);
    ASSERT(n <= DOOR_BOX_ROUND_MAX && n <= all && all <= answer.n);
    for (size_t i = 0; i < n; i++)
        ASSERT(found[i] > 0 && found[i] <= UINT32_MAX);
}

static void quoted(struct str answer) {
    struct door_outcome o = {0};
    door_say(&o, DOOR_REFUSED, "refused", "the mail server '%s' says no", "mail.example.jp");
    size_t before = strlen(o.sentence);
    door_say_quoted(&o, answer);
    struct str s = str_of(o.sentence);
    ASSERT(s.n >= before && text_is_utf8(s));
    for (size_t i = 0; i < s.n; i++)
        ASSERT((unsigned char) s.p[i] >= ' ' && s.p[i] != 0x7f);
    door_say_quoted(&o, answer); /* full: nothing is written behind its end */
    ASSERT(text_is_utf8(str_of(o.sentence)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str s = str_n((const char *) data, size);
    if (size && (data[0] & 1))
        numbers(str_from(s, 1));
    else
        quoted(s);
    return 0;
}

/* Signs orders for tests, as the room would.
 *
 *   order_sign key FILE              make the key pair FILE and FILE.pub
 *   order_sign note FILE [DOMAIN]    read texts from standard input, one a line; write each as a
 * frame holding the signed note to standard output (DOMAIN: order) */
#include "base/err.h"
#include "base/frame.h"
#include "base/sign.h"

enum { LINE_MAX_ = 1 << 20 };

static int notes(const struct sign_secret *key, const struct sign_public *pub, const char *domain) {
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    struct buf note;
    int r = 0;
    buf_init(&note, LINE_MAX_ + 4096);
    while (r == 0 && (n = getline(&line, &cap, stdin)) > 0) {
        if (line[n - 1] == '\n')
            n--;
        buf_clear(&note);
        r = sign_note(key, pub, domain, str_n(line, (size_t) n), &note);
        if (r == 0)
            r = frame_write(1, buf_str(&note));
    }
    buf_done(&note);
    free(line);
    return r;
}

int main(int argc, char **argv) {
    struct sign_secret key;
    struct sign_public pub;
    struct diag d = {0};
    if (argc < 3) {
        fputs("usage: order_sign key FILE | note FILE [DOMAIN]\n", stderr);
        return 2;
    }
    int r = sign_key_open(argv[2], &key, &pub, &d);
    if (r == 0 && strcmp(argv[1], "note") == 0)
        r = notes(&key, &pub, argc > 3 ? argv[3] : SIGN_ORDER);
    if (r < 0)
        fprintf(stderr, "order_sign: %s\n", d.text[0] ? d.text : err_word(r));
    return r < 0 ? 1 : 0;
}

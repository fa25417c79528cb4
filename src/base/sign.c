#include "base/sign.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <sys/stat.h>

#define SECRET_WORD "kizuki-ed25519-secret:"
#define PUBLIC_WORD "kizuki-ed25519-public:"
#define SEPARATOR "\xe2\x80\x94 " /* em dash and a space, as C2SP signed notes have it */
#define ED25519_TYPE "\x01"

enum {
    KEY_LINE_MAX = 256, /* the longer of the two is 22 + 88 characters */
    SIGNATURE_BYTES = crypto_sign_BYTES,
    KEY_ID_BYTES = 4,
    SIGNATURE_CHARS = 92, /* base64 of key id and signature, padded */
};
_Static_assert(crypto_sign_SECRETKEYBYTES == 64 && crypto_sign_PUBLICKEYBYTES == 32, "Ed25519");

static void ready(void) {
    ASSERT(sodium_init() >= 0);
}

static void set_fingerprint(struct sign_public *pub) {
    uint8_t sum[SHA256_BYTES];
    sha256_of(str_n((const char *) pub->bytes, sizeof pub->bytes), sum);
    hex_encode(sum, SIGN_FINGERPRINT_CHARS / 2, pub->fingerprint);
}

/* "word" base64 of n bytes, newline. */
static int parse_key(struct str line, const char *word, uint8_t *dst, size_t n) {
    struct str head = str_of(word);
    line = str_trim(line);
    if (!str_starts(line, head))
        return -ERR_PARSE;
    return base64_decode(str_from(line, head.n), dst, n);
}

static void format_key(const char *word, const uint8_t *p, size_t n, char dst[KEY_LINE_MAX]) {
    size_t at = strlen(word);
    memcpy(dst, word, at);
    base64_encode(p, n, dst + at);
    at = strlen(dst);
    dst[at] = '\n';
    dst[at + 1] = 0;
}

/* Into the caller's own buffer, so that a secret is not left behind in an arena. */
static int read_key_file(const char *path, char line[KEY_LINE_MAX], struct str *ret,
                         struct stat *ret_stat, struct diag *reterr) {
    int r = 0;
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return diag_set(reterr, -errno, "cannot open '%s': %s", path, err_word(-errno));
    if (fstat(fd, ret_stat) < 0 || (n = read(fd, line, KEY_LINE_MAX)) < 0)
        r = diag_set(reterr, -errno, "cannot read '%s': %s", path, err_word(-errno));
    else if (n == KEY_LINE_MAX)
        r = diag_set(reterr, -ERR_PARSE, "'%s' is no key file", path);
    close(fd);
    *ret = str_n(line, r < 0 ? 0 : (size_t) n);
    return r;
}

static int load_secret(const char *path, struct sign_secret *ret, struct sign_public *ret_public,
                       struct diag *reterr) {
    char line[KEY_LINE_MAX];
    uint8_t seed[crypto_sign_SEEDBYTES], again[64];
    struct str s;
    struct stat st;
    struct sign_secret key = {0};
    int r = read_key_file(path, line, &s, &st, reterr);
    if (r < 0)
        return r;
    if (st.st_mode & 077)
        r = diag_set(reterr, -ERR_REFUSED, "the key '%s' is open to others than its owner", path);
    else if (parse_key(s, SECRET_WORD, key.bytes, sizeof key.bytes) < 0)
        r = diag_set(reterr, -ERR_PARSE, "'%s' is no secret key", path);
    if (r == 0) {
        crypto_sign_ed25519_sk_to_seed(seed, key.bytes);
        crypto_sign_seed_keypair(ret_public->bytes, again, seed);
        if (sodium_memcmp(again, key.bytes, sizeof again) != 0)
            r = diag_set(reterr, -ERR_CORRUPT, "the two halves of key '%s' do not belong together",
                         path);
    }
    if (r == 0) {
        *ret = key;
        set_fingerprint(ret_public);
    }
    sodium_memzero(line, sizeof line);
    sodium_memzero(&key, sizeof key);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(again, sizeof again);
    return r;
}

/* The whole key appears under its name at once, and never over one that is there. */
static int make_secret(const char *path, struct diag *reterr) {
    char tmp[PATH_MAX], word[17], line[KEY_LINE_MAX];
    uint8_t pub[32], key[64];
    sign_random_hex(word, 8);
    int n = snprintf(tmp, sizeof tmp, "%s.%s", path, word);
    if (n < 0 || (size_t) n >= sizeof tmp)
        return diag_set(reterr, -ENAMETOOLONG, "the name '%s' is too long", path);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return diag_set(reterr, -errno, "cannot make key '%s': %s", path, err_word(-errno));
    crypto_sign_keypair(pub, key);
    format_key(SECRET_WORD, key, sizeof key, line);
    int r = file_write_all(fd, str_of(line));
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    close(fd);
    sodium_memzero(line, sizeof line);
    sodium_memzero(key, sizeof key);
    if (r == 0 && link(tmp, path) < 0 && errno != EEXIST)
        r = -errno;
    (void) unlink(tmp);
    return r < 0 ? diag_set(reterr, r, "cannot make key '%s': %s", path, err_word(r)) : 0;
}

/* Its atomic write also makes the folder durable, and with it the secret's own name. */
static int make_public_beside(const char *path, const struct sign_public *pub,
                              struct diag *reterr) {
    char name[PATH_MAX];
    int n = snprintf(name, sizeof name, "%s.pub", path);
    if (n < 0 || (size_t) n >= sizeof name)
        return diag_set(reterr, -ENAMETOOLONG, "the name '%s' is too long", path);
    return access(name, F_OK) == 0 ? 0 : sign_public_save(name, pub, reterr);
}

int sign_public_save(const char *path, const struct sign_public *pub, struct diag *reterr) {
    char line[KEY_LINE_MAX];
    format_key(PUBLIC_WORD, pub->bytes, sizeof pub->bytes, line);
    return file_write_atomic(path, str_of(line), 0644, reterr);
}

void sign_public_of(const uint8_t bytes[32], struct sign_public *ret) {
    memcpy(ret->bytes, bytes, sizeof ret->bytes);
    set_fingerprint(ret);
}

int sign_key_open(const char *path, struct sign_secret *ret, struct sign_public *ret_public,
                  struct diag *reterr) {
    struct sign_public pub = {0};
    struct sign_secret key;
    ready();
    int r = access(path, F_OK) < 0 && errno == ENOENT ? make_secret(path, reterr) : 0;
    if (r == 0)
        r = load_secret(path, &key, &pub, reterr);
    if (r < 0)
        return r;
    r = make_public_beside(path, &pub, reterr);
    if (r == 0) {
        *ret = key;
        *ret_public = pub;
    }
    sodium_memzero(&key, sizeof key);
    return r;
}

int sign_public_load(const char *path, struct sign_public *ret, struct diag *reterr) {
    char line[KEY_LINE_MAX];
    struct sign_public pub = {0};
    struct str s;
    struct stat st;
    ready();
    int r = read_key_file(path, line, &s, &st, reterr);
    if (r < 0)
        return r;
    if (parse_key(s, PUBLIC_WORD, pub.bytes, sizeof pub.bytes) < 0)
        return diag_set(reterr, -ERR_PARSE, "'%s' is no public key", path);
    set_fingerprint(&pub);
    *ret = pub;
    return 0;
}

/* ---- Notes ---- */

static bool text_may_be_signed(struct str text) {
    struct str rest = text, line;
    for (const char *p = text.p, *end = p + text.n; p < end;) {
        unsigned n = utf8_length(p, end);
        if (!n || (n == 1 && (unsigned char) *p < 0x20 && *p != '\n'))
            return false;
        p += n;
    }
    while (str_split(&rest, '\n', &line))
        if (str_starts(line, STR(SEPARATOR)))
            return false;
    return true;
}

/* First four bytes of SHA-256 over name, newline, the type byte of Ed25519 and the key. */
static void key_id(const struct sign_public *pub, uint8_t ret[KEY_ID_BYTES]) {
    struct sha256 h;
    uint8_t sum[SHA256_BYTES];
    sha256_init(&h);
    sha256_add(&h, str_of(pub->fingerprint));
    sha256_add(&h, STR("\n" ED25519_TYPE));
    sha256_add(&h, str_n((const char *) pub->bytes, sizeof pub->bytes));
    sha256_end(&h, sum);
    memcpy(ret, sum, KEY_ID_BYTES);
}

void sign_verifier_key(const struct sign_public *pub, struct buf *out) {
    uint8_t id[KEY_ID_BYTES], bytes[1 + sizeof pub->bytes] = ED25519_TYPE;
    char hex[2 * KEY_ID_BYTES + 1], base64[64];
    ready();
    key_id(pub, id);
    hex_encode(id, sizeof id, hex);
    memcpy(bytes + 1, pub->bytes, sizeof pub->bytes);
    base64_encode(bytes, sizeof bytes, base64);
    buf_printf(out, "%s+%s+%s\n", pub->fingerprint, hex, base64);
}

int sign_note(const struct sign_secret *key, const struct sign_public *pub, const char *domain,
              struct str text, struct buf *out) {
    uint8_t signature[KEY_ID_BYTES + SIGNATURE_BYTES];
    char base64[SIGNATURE_CHARS + 1];
    size_t start = out->n;
    ready();
    if (!*domain || strchr(domain, '\n') || !text_may_be_signed(str_of(domain)) ||
        !text_may_be_signed(text))
        return -ERR_REFUSED;
    buf_add_z(out, domain);
    buf_add_byte(out, '\n');
    buf_add(out, text);
    buf_add_byte(out, '\n');
    if (buf_error(out) < 0)
        return buf_error(out);
    key_id(pub, signature);
    crypto_sign_detached(signature + KEY_ID_BYTES, NULL, (unsigned char *) out->p + start,
                         out->n - start, key->bytes);
    base64_encode(signature, sizeof signature, base64);
    buf_add_z(out, "\n" SEPARATOR);
    buf_add_z(out, pub->fingerprint);
    buf_add_byte(out, ' ');
    buf_add_z(out, base64);
    buf_add_byte(out, '\n');
    return buf_error(out);
}

/* Takes the last two lines off: what is signed before them, name and signature in the last. */
static int split_note(struct str note, struct str *ret_signed, struct str *ret_name,
                      uint8_t signature[KEY_ID_BYTES + SIGNATURE_BYTES]) {
    struct str sep = STR("\n" SEPARATOR);
    size_t tail = sep.n + SIGN_FINGERPRINT_CHARS + 1 + SIGNATURE_CHARS + 1;
    if (note.n < tail + 1)
        return -ERR_PARSE;
    struct str line = str_from(note, note.n - tail);
    struct str base64 = str_to(str_from(line, tail - 1 - SIGNATURE_CHARS), SIGNATURE_CHARS);
    if (!str_starts(line, sep) || line.p[-1] != '\n' || line.p[tail - 1] != '\n' ||
        line.p[sep.n + SIGN_FINGERPRINT_CHARS] != ' ' ||
        base64_decode(base64, signature, KEY_ID_BYTES + SIGNATURE_BYTES) < 0)
        return -ERR_PARSE;
    *ret_signed = str_to(note, note.n - tail);
    *ret_name = str_to(str_from(line, sep.n), SIGN_FINGERPRINT_CHARS);
    return 0;
}

int sign_open_note(const struct sign_public *key, const char *domain, struct str note,
                   struct str *ret_text, struct diag *reterr) {
    uint8_t signature[KEY_ID_BYTES + SIGNATURE_BYTES], id[KEY_ID_BYTES];
    struct str whole, name;
    ready();
    if (split_note(note, &whole, &name, signature) < 0 || !text_may_be_signed(whole))
        return diag_set(reterr, -ERR_PARSE, "no signed note");
    key_id(key, id);
    if (!str_eq_z(name, key->fingerprint) || memcmp(id, signature, sizeof id) != 0)
        return diag_set(reterr, -ERR_REFUSED, "signed by another key than %s", key->fingerprint);
    if (crypto_sign_verify_detached(signature + KEY_ID_BYTES, (const unsigned char *) whole.p,
                                    whole.n, key->bytes) != 0)
        return diag_set(reterr, -ERR_REFUSED, "the signature does not fit the text");
    struct str text = str_to(whole, whole.n - 1);
    ptrdiff_t at = str_find_byte(text, '\n', 0);
    if (at < 0 || !str_eq_z(str_to(text, (size_t) at), domain))
        return diag_set(reterr, -ERR_REFUSED, "a note about something else than '%s'", domain);
    *ret_text = str_from(text, (size_t) at + 1);
    return 0;
}

void sign_random_hex(char *dst, size_t n_bytes) {
    uint8_t part[32];
    ready();
    *dst = 0;
    while (n_bytes) {
        size_t n = MIN(n_bytes, sizeof part);
        randombytes_buf(part, n);
        hex_encode(part, n, dst);
        dst += 2 * n;
        n_bytes -= n;
    }
}

bool sign_equal(struct str a, struct str b) {
    return a.n == b.n && (a.n == 0 || sodium_memcmp(a.p, b.p, a.n) == 0);
}

#include "app/vault/enrol.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <sys/file.h>

enum { LIST_BYTES_MAX = 16 * 1024 };
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* none that are read for another */

/* ---- codes ---- */

int enrol_code_read(struct str typed, char dst[CODE_CHARS + 1]) {
    size_t n = 0;
    for (size_t i = 0; i < typed.n; i++) {
        char c = typed.p[i];
        if (c == '-' || c == ' ')
            continue;
        if (c >= 'a' && c <= 'z')
            c = (char) (c - 32);
        c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
        if (n == CODE_CHARS || !c || !strchr(alphabet, c))
            return -ERR_PARSE;
        dst[n++] = c;
    }
    dst[n] = 0;
    return n == CODE_CHARS ? 0 : -ERR_PARSE;
}

static void hmac(const char *code, const char *label, struct str rest, uint8_t ret[WIRE_PROOF_BYTES]) {
    struct buf b;
    buf_init(&b, 512);
    buf_add_z(&b, label);
    buf_add(&b, rest);
    ASSERT(buf_error(&b) == 0 && gnutls_hmac_fast(GNUTLS_MAC_SHA256, code, CODE_CHARS, b.p, b.n, ret) == 0);
    buf_done(&b);
}

void enrol_proof(const char code[CODE_CHARS + 1], const uint8_t first[SHA256_BYTES], const uint8_t vault[SHA256_BYTES],
                 uint8_t ret[WIRE_PROOF_BYTES]) {
    char pins[2 * SHA256_BYTES];
    memcpy(pins, first, SHA256_BYTES);
    memcpy(pins + SHA256_BYTES, vault, SHA256_BYTES);
    hmac(code, "kizuki/vault/enrol/1", str_n(pins, sizeof pins), ret);
}

void enrol_answer(const char code[CODE_CHARS + 1], const uint8_t first[SHA256_BYTES], const uint8_t vault[SHA256_BYTES],
                  const struct sign_public *seals, uint8_t ret[WIRE_PROOF_BYTES]) {
    char all[2 * SHA256_BYTES + sizeof seals->bytes];
    memcpy(all, first, SHA256_BYTES);
    memcpy(all + SHA256_BYTES, vault, SHA256_BYTES);
    memcpy(all + 2 * SHA256_BYTES, seals->bytes, sizeof seals->bytes);
    hmac(code, "kizuki/vault/first/1", str_n(all, sizeof all), ret);
}

/* ---- the two lists ---- */

struct list {
    char path[4096 + 16];
    struct arena arena;
    struct str text;
    struct buf out;
    int lock_fd; /* the command line and the program change them */
};

static int list_open(struct list *l, const char *data, const char *name, struct diag *err) {
    char lock[4096 + 16];
    arena_init(&l->arena, 1 << 18);
    buf_init(&l->out, LIST_BYTES_MAX);
    l->text = STR("");
    snprintf(l->path, sizeof l->path, "%.4000s/lend/%s", data, name);
    snprintf(lock, sizeof lock, "%.4000s/lend/lock", data);
    l->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (l->lock_fd < 0 || flock(l->lock_fd, LOCK_EX) < 0)
        return diag_set(err, -errno, "cannot open '%s': %s", lock, err_word(-errno));
    int r = file_read(&l->arena, l->path, LIST_BYTES_MAX, &l->text, err);
    return r == -ENOENT ? 0 : r;
}

static void list_close(struct list *l) {
    if (l->lock_fd >= 0)
        close(l->lock_fd);
    buf_done(&l->out);
    arena_done(&l->arena);
}

static int list_write(struct list *l, struct diag *err) {
    int r = buf_error(&l->out);
    return r < 0 ? diag_set(err, r, "there are too many of them") : file_write_atomic(l->path, buf_str(&l->out), 0600, err);
}

struct row {
    struct str name, value;
    int64_t until_ns;
};

static bool next_row(struct str *rest, struct row *ret) {
    struct str line, until;
    while (str_split(rest, '\n', &line)) {
        *ret = (struct row){.until_ns = INT64_MAX};
        if (!str_split(&line, ' ', &ret->name) || !wire_name_is_good(ret->name) || !str_split(&line, ' ', &ret->value))
            continue;
        if (str_split(&line, ' ', &until) && str_to_i64(until, &ret->until_ns) < 0)
            continue;
        return true;
    }
    return false;
}

static void add_row(struct buf *out, const struct row *x) {
    buf_printf(out, "%.*s %.*s", STR_ARG(x->name), STR_ARG(x->value));
    if (x->until_ns != INT64_MAX)
        buf_printf(out, " %lld", (long long) x->until_ns);
    buf_add_byte(out, '\n');
}

/* All that still hold, but those of this name (.p NULL: all); how many. */
static unsigned keep_others(struct list *l, struct str name) {
    struct row x;
    unsigned n = 0;
    int64_t now = time_now_ns();
    buf_clear(&l->out);
    for (struct str rest = l->text; next_row(&rest, &x);)
        if (x.until_ns > now && !(name.p && str_eq(x.name, name))) {
            add_row(&l->out, &x);
            n++;
        }
    return n;
}

int enrol_code_new(const char *data, struct str name, char dst[32], struct diag *reterr) {
    struct list l;
    unsigned char random[CODE_CHARS];
    char code[CODE_CHARS + 1] = "", *at = dst;
    if (!wire_name_is_good(name))
        return diag_set(reterr, -EINVAL, "a name of letters, digits, '-', '_' and '.' is wanted, at most %d long", WIRE_NAME_MAX);
    if (gnutls_rnd(GNUTLS_RND_KEY, random, sizeof random) < 0)
        return diag_set(reterr, -EIO, "cannot get random bytes");
    for (int i = 0; i < CODE_CHARS; i++) {
        code[i] = alphabet[random[i] % (sizeof alphabet - 1)]; /* 256 is a multiple of 32 */
        if (i && i % 4 == 0)
            *at++ = '-';
        *at++ = code[i];
    }
    *at = 0;
    int r = list_open(&l, data, "codes", reterr);
    if (r == 0 && keep_others(&l, name) >= VAULT_CODES_MAX)
        r = diag_set(reterr, -ERR_LIMIT, "as many codes as may be are waiting to be used; each ends after 15 minutes");
    if (r == 0) {
        add_row(&l.out, &(struct row){name, str_of(code), time_now_ns() + VAULT_CODE_S * NS_PER_S});
        r = list_write(&l, reterr);
    }
    list_close(&l);
    return r;
}

/* ---- enrolling ---- */

static int add_vault(const char *data, struct str name, const uint8_t pin[SHA256_BYTES], struct diag *err) {
    struct list l;
    char hex[2 * SHA256_BYTES + 1];
    hex_encode(pin, SHA256_BYTES, hex);
    int r = list_open(&l, data, "vaults", err);
    if (r == 0 && keep_others(&l, name) >= VAULTS_MAX)
        r = diag_set(err, -ERR_LIMIT, "%d vaults are enrolled; end one with `kizuki vault drop NAME`", VAULTS_MAX);
    if (r == 0) {
        add_row(&l.out, &(struct row){name, str_of(hex), INT64_MAX});
        r = list_write(&l, err);
    }
    list_close(&l);
    return r;
}

static bool fits(const struct row *x, struct str proof, const uint8_t *first, const uint8_t *vault, char code[CODE_CHARS + 1]) {
    uint8_t want[WIRE_PROOF_BYTES];
    if (x->until_ns <= time_now_ns() || enrol_code_read(x->value, code) < 0)
        return false;
    enrol_proof(code, first, vault, want);
    return sign_equal(proof, str_n((char *) want, sizeof want));
}

int enrol_take(const char *data, struct str proof, const uint8_t first[SHA256_BYTES], const uint8_t vault[SHA256_BYTES],
               char ret_name[WIRE_NAME_MAX + 1], char ret_code[CODE_CHARS + 1], struct diag *reterr) {
    static unsigned wrong; /* of this life of the program; guarded by the lists' lock */
    struct list l;
    struct row x;
    int r = list_open(&l, data, "codes", reterr);
    bool found = false;
    for (struct str rest = l.text; r == 0 && !found && next_row(&rest, &x);)
        found = fits(&x, proof, first, vault, ret_code);
    if (r == 0 && found) {
        wrong = 0;
        memcpy(ret_name, x.name.p, x.name.n);
        ret_name[x.name.n] = 0;
        keep_others(&l, x.name);
        r = list_write(&l, reterr);
    } else if (r == 0) {
        if (++wrong >= VAULT_GUESSES_MAX && l.text.n) {
            wrong = 0;
            IGNORE(list_write(&l, NULL)); /* empty */
        }
        r = diag_set(reterr, -ERR_REFUSED, "the code is wrong, or its 15 minutes are over");
    }
    list_close(&l);
    return r < 0 ? r : add_vault(data, str_of(ret_name), vault, reterr);
}

int enrol_find(const char *data, const uint8_t vault[SHA256_BYTES], char ret_name[WIRE_NAME_MAX + 1], struct diag *reterr) {
    struct list l;
    struct row x;
    char hex[2 * SHA256_BYTES + 1];
    hex_encode(vault, SHA256_BYTES, hex);
    int r = list_open(&l, data, "vaults", reterr);
    bool found = false;
    for (struct str rest = l.text; r == 0 && !found && next_row(&rest, &x);)
        if ((found = str_eq_z(x.value, hex))) {
            memcpy(ret_name, x.name.p, x.name.n);
            ret_name[x.name.n] = 0;
        }
    list_close(&l);
    return r < 0 ? r : found ? 0 : -ENOENT;
}

int enrol_drop(const char *data, struct str name, struct diag *reterr) {
    struct list l;
    int r = list_open(&l, data, "vaults", reterr);
    size_t before = 0;
    if (r == 0) {
        keep_others(&l, STR_NULL);
        before = l.out.n;
        keep_others(&l, name);
        r = l.out.n == before ? diag_set(reterr, -ENOENT, "there is no vault of the name '%.*s'", STR_ARG(name)) : list_write(&l, reterr);
    }
    list_close(&l);
    return r;
}

/* See note.h. */
#include "pack/note.h"

#include "base/base64.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/time.h"
#include "pack/pack.h"

#include <unistd.h>

#define PUBLIC_WORD "kizuki-ed25519-public:"
#define SIGNATURE_MARK "\n\xe2\x80\x94 "
enum { CLOCKS_APART_H = 24 }; /* a note signed further ahead of our clock than this bears a wrong date */

/* ---- the form ---- */

struct lines {
    struct str rest;
    const char *shown;
    unsigned line;
    struct diag *err;
};

static int bad_line(const struct lines *l, const char *what) {
    return diag_set_at(l->err, -ERR_PARSE, l->shown, l->line, 1, "the list of files is broken: %s", what);
}

/* The next line, which begins with `word`. */
static int take(struct lines *l, const char *word, struct str *ret) {
    struct str line;
    l->line++;
    if (!str_split(&l->rest, '\n', &line) || !str_starts(line, str_of(word)))
        return diag_set_at(l->err, -ERR_PARSE, l->shown, l->line, 1, "the list of files is broken: a line '%s…' is wanted here", word);
    *ret = str_from(line, strlen(word));
    return 0;
}

static int64_t number(struct str s, int64_t most) {
    int64_t n;
    return s.n && s.n < 12 && ascii_digit(s.p[0]) && str_to_i64(s, &n) == 0 && n <= most ? n : -1;
}

static int take_file(struct lines *l, struct str line, struct pack_note *note) {
    struct pack_note_file *f = &note->files[note->n];
    struct str sum, size;
    uint8_t bytes[SHA256_BYTES];
    if (!str_split(&line, ' ', &sum) || !str_split(&line, ' ', &size) || hex_decode(sum, bytes, sizeof bytes) < 0)
        return bad_line(l, "a file is its SHA-256, its bytes and its path");
    const struct pack_file_kind *kind = pack_file_kind(line);
    if (!kind)
        return bad_line(l, "it names a file that no pack has");
    int64_t n = number(size, (int64_t) kind->bytes_max);
    if (n < 0)
        return bad_line(l, "a file has more bytes than a pack may hold");
    if (note->n && str_cmp(note->files[note->n - 1].path, line) >= 0)
        return bad_line(l, "the files are not in the order of their paths, or one stands twice");
    f->path = line;
    f->bytes = (size_t) n;
    hex_encode(bytes, sizeof bytes, f->sha256);
    note->n++;
    return 0;
}

/* Where the signature begins, and the fingerprint in it. */
static int find_signature(struct str text, struct pack_note *note, struct str *ret_body) {
    struct str mark = STR(SIGNATURE_MARK);
    ptrdiff_t at = str_find(text, mark, 0), end = at < 0 ? -1 : str_find_byte(text, '\n', (size_t) at + 1);
    if (end < 0 || (size_t) (end - at) < mark.n + SIGN_FINGERPRINT_CHARS + 1)
        return -ERR_PARSE;
    memcpy(note->fingerprint, text.p + at + mark.n, SIGN_FINGERPRINT_CHARS);
    uint8_t bytes[SIGN_FINGERPRINT_CHARS / 2];
    if (hex_decode(str_of(note->fingerprint), bytes, sizeof bytes) < 0)
        return -ERR_PARSE;
    note->bytes = (size_t) end + 1;
    *ret_body = str_to(text, (size_t) at);
    return 0;
}

int pack_note_parse(struct arena *a, struct str text, const char *shown, struct pack_note *ret, struct diag *reterr) {
    struct pack_note note = {0};
    struct lines l = {.shown = shown, .err = reterr};
    struct str s;
    int offset, n, e;
    if (!str_starts(text, STR(PACK_NOTE_DOMAIN "\n")) || find_signature(text, &note, &l.rest) < 0)
        return diag_set_at(reterr, -ERR_PARSE, shown, 1, 1,
                           "no pack: a folder is wanted, or a file that kizuki pack export wrote and nobody changed");
    note.files = arena_zalloc(a, PACK_FILES_MAX * sizeof *note.files);
    if (!note.files)
        return diag_set(reterr, -ENOMEM, "out of memory");
    if ((e = take(&l, PACK_NOTE_DOMAIN, &s)) < 0 || (e = take(&l, "pack ", &note.id)) < 0 || (e = take(&l, "version ", &s)) < 0)
        return e;
    if (!pack_name_is_plain(note.id) || (note.version = number(s, 1000000)) < 1)
        return bad_line(&l, "the id is no plain name, or the version no number from 1 on");
    if ((e = take(&l, "signed ", &s)) < 0)
        return e;
    n = time_parse_iso(s, &note.signed_ns, &offset);
    if (n < 0 || (size_t) n != s.n || offset != 0)
        return bad_line(&l, "the time of signing is no time in UTC");
    while (l.rest.n && e == 0) {
        if (note.n == PACK_FILES_MAX)
            return bad_line(&l, "it names more files than a pack may hold");
        if ((e = take(&l, "file ", &s)) == 0)
            e = take_file(&l, s, &note);
    }
    if (e == 0)
        *ret = note;
    return e;
}

static void sum_of(struct str bytes, char hex[65]) {
    uint8_t sum[SHA256_BYTES];
    sha256_of(bytes, sum);
    hex_encode(sum, sizeof sum, hex);
}

int pack_note_sign(const struct pack_files *f, struct str id, int64_t version, int64_t now_ns, const struct sign_secret *key,
                   const struct sign_public *pub, struct buf *out, struct diag *reterr) {
    struct buf text;
    char iso[TIME_ISO_CAP], hex[65];
    buf_init(&text, PACK_NOTE_BYTES_MAX);
    buf_printf(&text, "pack %.*s\nversion %lld\nsigned %s\n", STR_ARG(id), (long long) version, time_format_iso(now_ns, 0, iso));
    for (size_t i = 0; i < f->n; i++) {
        sum_of(f->at[i].bytes, hex);
        buf_printf(&text, "file %s %zu %.*s\n", hex, f->at[i].bytes.n, STR_ARG(f->at[i].path));
    }
    int e = buf_error(&text);
    if (e == 0) /* sign_note ends the text with a newline of its own */
        e = sign_note(key, pub, PACK_NOTE_DOMAIN, str_to(buf_str(&text), text.n - 1), out);
    buf_done(&text);
    return e < 0 ? diag_set(reterr, e, "cannot sign '%s': %s", f->shown, err_word(e)) : 0;
}

/* ---- keys ---- */

static int read_key(struct pack_keys *k, const struct yaml_node *v, struct diag *err) {
    static const char *const allowed[] = {"key", "who", "revoked_from", "because", NULL};
    struct pack_key *key = &k->at[k->n];
    struct str s, word = STR(PUBLIC_WORD);
    uint8_t bytes[32];
    int offset, n = 0;
    int e = yaml_only_keys(v, allowed, k->file, err);
    if (e < 0)
        return e;
    if (!yaml_get_str(v, "key", &s) || !str_starts(s, word) || base64_decode(str_from(s, word.n), bytes, sizeof bytes) < 0)
        return yaml_error(err, -ERR_PARSE, k->file, v, "'key' wants the line of a public key: " PUBLIC_WORD "…");
    if (!yaml_get_str(v, "who", &key->who) || !key->who.n)
        return yaml_error(err, -ERR_PARSE, k->file, v, "'who' is missing: whose key it is");
    sign_public_of(bytes, &key->pub);
    for (size_t i = 0; i < k->n; i++)
        if (strcmp(k->at[i].pub.fingerprint, key->pub.fingerprint) == 0)
            return yaml_error(err, -ERR_PARSE, k->file, v, "this key stands here twice; keep one row");
    key->revoked_ns = TIME_NONE;
    if (yaml_get_str(v, "revoked_from", &s)) {
        n = time_parse_iso(s, &key->revoked_ns, &offset);
        if (n < 0 || (size_t) n != s.n || offset == TIME_NO_OFFSET)
            return yaml_error(err, -ERR_PARSE, k->file, yaml_get(v, "revoked_from"), "'revoked_from' wants a time with its zone, like 2026-12-01T00:00:00+09:00");
        if (!yaml_get_str(v, "because", &key->because) || !key->because.n)
            return yaml_error(err, -ERR_PARSE, k->file, v, "a revoked key wants 'because'");
    }
    k->n++;
    return 0;
}

int pack_keys_load(struct arena *a, const char *path, struct pack_keys *ret, struct diag *reterr) {
    static const char *const allowed[] = {"keys", NULL};
    struct pack_keys k = {.file = path};
    struct yaml_doc *docs = NULL;
    int e;
    if (access(path, F_OK) < 0 && errno == ENOENT) {
        *ret = k;
        return 0;
    }
    if ((e = yaml_parse_file(a, path, &docs, reterr)) < 0)
        return e;
    const struct yaml_node *root = docs ? docs->root : NULL, *list = yaml_get(root, "keys");
    if (root && (e = yaml_only_keys(root, allowed, path, reterr)) < 0)
        return e;
    if (root && (!list || list->kind != YAML_SEQUENCE || list->n > PACK_KEYS_MAX))
        return yaml_error(reterr, -ERR_PARSE, path, root, "wanted is keys: a list of at most %u", PACK_KEYS_MAX);
    k.at = arena_zalloc(a, (list ? list->n + 1 : 1) * sizeof *k.at);
    if (!k.at)
        return diag_set(reterr, -ENOMEM, "out of memory");
    for (const struct yaml_node *v = list ? list->first : NULL; v && e == 0; v = v->next)
        e = read_key(&k, v, reterr);
    if (e == 0)
        *ret = k;
    return e;
}

/* ---- verifying ---- */

int pack_note_covers(const struct pack_note *note, const struct pack_files *f, struct diag *err) {
    char hex[65];
    for (size_t i = 0; i < MAX(f->n, note->n); i++) {
        int order = i >= f->n ? 1 : i >= note->n ? -1 : str_cmp(f->at[i].path, note->files[i].path);
        if (order < 0)
            return diag_set(err, -ERR_REFUSED, "'%s' was not there when the pack was signed; ask who signed it for the pack as it was", f->at[i].shown);
        if (order > 0)
            return diag_set(err, -ERR_REFUSED, "'%s' lacks %.*s, which was signed; ask who signed it for the pack as it was", f->shown,
                            STR_ARG(note->files[i].path));
        sum_of(f->at[i].bytes, hex);
        if (f->at[i].bytes.n != note->files[i].bytes || strcmp(hex, note->files[i].sha256) != 0)
            return diag_set(err, -ERR_REFUSED, "'%s' was changed after it was signed; ask who signed it for the pack as it was", f->at[i].shown);
    }
    return 0;
}

int pack_verify(struct arena *a, const struct pack_files *f, const struct pack_keys *keys, int64_t received_ns, struct pack_signed *ret,
                struct diag *reterr) {
    struct pack_signed s = {0};
    struct str text, own;
    int64_t version;
    char iso[TIME_ISO_CAP];
    if (!f->note.p)
        return diag_set(reterr, -ERR_REFUSED, "'%s' is not signed; ask who made it to run kizuki pack sign", f->shown);
    int e = pack_note_parse(a, f->note, f->shown, &s.note, reterr);
    if (e < 0)
        return e;
    if (s.note.bytes != f->note.n)
        return diag_set(reterr, -ERR_REFUSED, "something stands behind the signature of '%s'; a note has one", f->shown);
    for (size_t i = 0; i < keys->n && !s.key; i++)
        if (strcmp(keys->at[i].pub.fingerprint, s.note.fingerprint) == 0)
            s.key = &keys->at[i];
    if (!s.key)
        return diag_set(reterr, -ERR_REFUSED,
                        "'%s' says it is signed by the key %s, which nobody here trusts; ask its owner for the fingerprint by another way, then add the key to '%s'",
                        f->shown, s.note.fingerprint, keys->file);
    if ((e = sign_open_note(&s.key->pub, PACK_NOTE_DOMAIN, f->note, &text, reterr)) < 0)
        return diag_prefix(reterr, "the signature of '%s' is not valid", f->shown);
    if ((e = pack_note_covers(&s.note, f, reterr)) < 0)
        return e;
    const struct yaml_node *head = pack_files_find(f, "pack.yml")->root;
    if (!yaml_get_str(head, "id", &own) || !str_eq(own, s.note.id) || !yaml_get_i64(head, "version", &version) || version != s.note.version)
        return diag_set(reterr, -ERR_REFUSED, "'%s' was signed as %.*s version %lld, but its pack.yml says otherwise", f->shown,
                        STR_ARG(s.note.id), (long long) s.note.version);
    if (s.note.signed_ns > received_ns + CLOCKS_APART_H * NS_PER_HOUR)
        return diag_set(reterr, -ERR_REFUSED, "'%s' says it was signed at %s, which is still to come; look at both clocks", f->shown,
                        time_format_iso(s.note.signed_ns, 0, iso));
    if (s.key->revoked_ns != TIME_NONE && received_ns >= s.key->revoked_ns)
        return diag_set(reterr, -ERR_REFUSED, "'%s' came after the key %s of %.*s was revoked (%s, %.*s); ask for it signed by another key", f->shown,
                        s.note.fingerprint, STR_ARG(s.key->who), time_format_iso(s.key->revoked_ns, 0, iso), STR_ARG(s.key->because));
    *ret = s;
    return 0;
}

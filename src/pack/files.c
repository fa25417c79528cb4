/* See files.h. A folder is read through its own descriptor with openat2 (no links, nothing above it); a file in it is opened without
 * waiting, so that a pipe somebody put there holds nobody up. */
#include "pack/files.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/utf8.h"
#include "pack/note.h"
#include "pack/pack.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES "pack.yml, story.ja.md, story.en.md, playbook.yml, controls.yml, replay.yml, expect.yml, rules/NAME.yml and " PACK_NOTE_FILE

static const struct pack_file_kind KINDS[] = {
    {"pack.yml", PACK_YAML_BYTES_MAX, true, true, "pack"},
    {"story.ja.md", PACK_STORY_BYTES_MAX, true, false, NULL},
    {"story.en.md", PACK_STORY_BYTES_MAX, true, false, NULL},
    {"playbook.yml", PACK_YAML_BYTES_MAX, false, true, NULL},
    {"controls.yml", PACK_YAML_BYTES_MAX, false, true, "controls"},
    {"replay.yml", PACK_YAML_BYTES_MAX, false, true, NULL},
    {"expect.yml", PACK_YAML_BYTES_MAX, false, true, "expect"},
    {"rules/", PACK_YAML_BYTES_MAX, false, true, NULL},
};

/* What an office computer takes for a device whatever stands behind the dot: a folder with such a file cannot be copied there. */
static bool is_device(struct str name) {
    static const char *const words[] = {"con", "prn", "aux", "nul", "com", "lpt"};
    ptrdiff_t dot = str_find(name, STR("."), 0);
    name = str_to(name, dot < 0 ? name.n : (size_t) dot);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_starts(name, str_of(words[i])) && (i < 4 ? name.n == 3 : name.n == 4 && ascii_digit(name.p[3])))
            return true;
    return false;
}

const struct pack_file_kind *pack_file_kind(struct str path) {
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
        struct str name = str_of(KINDS[i].name), rest = str_from(path, name.n);
        if (name.p[name.n - 1] != '/' ? str_eq(path, name)
                                      : str_starts(path, name) && str_ends(rest, STR(".yml")) && pack_name_is_plain(str_to(rest, rest.n - 4)) && !is_device(rest))
            return &KINDS[i];
    }
    return NULL;
}

const struct pack_file *pack_files_find(const struct pack_files *f, const char *path) {
    for (size_t i = 0; i < f->n; i++)
        if (str_eq_z(f->at[i].path, path))
            return &f->at[i];
    return NULL;
}

/* ---- what a text may hold ---- */

/* Marks that show a text in another order than it is read in, and such that show nothing. What joins letters stays: names and signs are written with it. */
static bool turns_writing(uint32_t c) {
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x061c || c == 0xfeff || c == 0x00ad || c == 0x180e ||
           c == 0x200b || c == 0x2028 || c == 0x2029 || (c >= 0x2060 && c <= 0x2064) || (c >= 0xe0000 && c <= 0xe007f);
}
static bool is_control(uint32_t c) {
    return (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || (c >= 0x7f && c < 0xa0);
}

static int check_text(const struct pack_file *f, struct diag *err) {
    const char *end = f->bytes.p + f->bytes.n;
    unsigned line = 1, column = 1;
    for (const char *p = f->bytes.p; p < end;) {
        unsigned n = utf8_length(p, end);
        uint32_t c = n ? utf8_decode(p, n) : 0;
        if (!n)
            return diag_set_at(err, -ERR_REFUSED, f->shown, line, column, "no UTF-8; save the file as UTF-8");
        if (is_control(c))
            return diag_set_at(err, -ERR_REFUSED, f->shown, line, column, "a control character (U+%04X) stands here; remove it", c);
        if (turns_writing(c))
            return diag_set_at(err, -ERR_REFUSED, f->shown, line, column,
                               "a character that nobody sees and that turns writing around (U+%04X) stands here; remove it", c);
        column++;
        if (c == '\n') {
            line++;
            column = 1;
        }
        p += n;
    }
    return 0;
}

struct tree {
    const char *file;
    struct diag *err;
    size_t nodes;
    bool rules;
    unsigned bytes; /* within what a rule looks for: bytes of logs, whatever they are */
};

/* YAML writes as "\e" and "\u202e" what check_text refuses as it stands. */
static int check_scalar(const struct tree *t, const struct yaml_node *v) {
    const char *end = v->text.p + v->text.n;
    for (const char *p = v->text.p; p < end && !t->bytes;) {
        unsigned n = utf8_length(p, end);
        uint32_t c = n ? utf8_decode(p, n) : 0;
        if (!n || is_control(c) || turns_writing(c))
            return yaml_error(t->err, -ERR_REFUSED, t->file, v, "a control character, or one that nobody sees, is written in this text (U+%04X); remove it", c);
        p += n;
    }
    return 0;
}

static int check_tree(struct tree *t, const struct yaml_node *v, unsigned depth) {
    int e = 0;
    if (depth > PACK_DEPTH_MAX)
        return yaml_error(t->err, -ERR_LIMIT, t->file, v, "nested more than %u deep; flatten it", PACK_DEPTH_MAX);
    if (++t->nodes > PACK_NODES_MAX)
        return yaml_error(t->err, -ERR_LIMIT, t->file, v, "more than %u values once aliases (*name) are followed; write fewer", PACK_NODES_MAX);
    if (v->key && v->key->plain && str_eq_z(v->key->text, "<<")) /* some readers of YAML put what is named in its place, others do not */
        return yaml_error(t->err, -ERR_REFUSED, t->file, v->key, "'<<' means another thing to another reader; write the keys out");
    if (v->key)
        e = check_scalar(t, v->key);
    if (e == 0 && v->kind == YAML_SCALAR)
        e = check_scalar(t, v);
    for (const struct yaml_node *c = v->first; c && e == 0; c = c->next) {
        bool looked_for = t->rules && depth == 0 && str_eq_z(c->key ? c->key->text : STR(""), "detection");
        t->bytes += looked_for;
        e = check_tree(t, c, depth + 1);
        t->bytes -= looked_for;
    }
    return e;
}

static int check_yaml(struct arena *a, struct pack_file *f, struct diag *err) {
    struct yaml_doc *docs = NULL;
    struct tree t = {.file = f->shown, .err = err, .rules = str_starts(f->path, STR("rules/"))};
    int e = yaml_parse(a, f->bytes, f->shown, &docs, err);
    for (const struct yaml_doc *d = docs; d && e == 0; d = d->next)
        e = d->root ? check_tree(&t, d->root, 0) : 0;
    if (e < 0 || t.rules)
        return e;
    if (!docs || !docs->root || docs->root->kind != YAML_MAPPING)
        return diag_set_at(err, -ERR_PARSE, f->shown, 1, 1, "the file is empty or no mapping; write KEY: VALUE lines");
    if (docs->next)
        return yaml_error(err, -ERR_PARSE, f->shown, docs->next->root, "a second document begins here; a file of a pack has one");
    f->root = docs->root;
    return 0;
}

static int by_path(const void *a, const void *b) {
    return str_cmp(((const struct pack_file *) a)->path, ((const struct pack_file *) b)->path);
}

/* All files are in memory: sort them and look at each. */
static int judge(struct arena *a, struct pack_files *f, struct diag *err) {
    int e = 0;
    if (f->n)
        qsort(f->at, f->n, sizeof *f->at, by_path);
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
        if (KINDS[i].required && !pack_files_find(f, KINDS[i].name))
            return diag_set(err, -ERR_REFUSED, "'%s' has no %s; kizuki pack new shows what a pack is made of", f->shown, KINDS[i].name);
    for (size_t i = 0; i < f->n && e == 0; i++) {
        e = check_text(&f->at[i], err);
        if (e == 0 && f->at[i].kind->yaml)
            e = check_yaml(a, &f->at[i], err);
    }
    return e;
}

static int add(struct arena *a, struct pack_files *f, size_t *cap, struct str path, struct str bytes, struct diag *err) {
    struct pack_file file = {.path = arena_dup(a, path), .bytes = bytes, .kind = pack_file_kind(path)};
    int e = arena_grow(a, (void **) &f->at, cap, f->n + 1, sizeof *f->at);
    file.shown = arena_printf(a, "%s/%.*s", f->shown, STR_ARG(path)).p;
    if (e < 0 || !file.path.p || !file.shown)
        return diag_set(err, -ENOMEM, "out of memory");
    f->at[f->n++] = file;
    f->bytes += bytes.n;
    return f->bytes > PACK_BYTES_MAX ? diag_set(err, -ERR_LIMIT, "the files of '%s' have more than %zu bytes together", f->shown, PACK_BYTES_MAX) : 0;
}

/* ---- a folder ---- */

/* Takes the descriptor. */
static int read_fd(struct arena *a, int fd, const char *shown, size_t max, struct str *ret, struct diag *err) {
    struct stat st;
    size_t n = 0, size = 0;
    char *bytes = NULL;
    int e = 0;
    if (fstat(fd, &st) < 0)
        e = diag_set(err, -errno, "cannot read '%s': %s", shown, err_word(-errno));
    else if (!S_ISREG(st.st_mode))
        e = diag_set(err, -ERR_REFUSED, "'%s' is no file; remove it", shown);
    else if ((uint64_t) st.st_size > max)
        e = diag_set(err, -ERR_LIMIT, "'%s' has %lld bytes, at most %zu may be there; shorten it", shown, (long long) st.st_size, max);
    else if (!(bytes = arena_alloc(a, (size = (size_t) st.st_size) + 1)))
        e = diag_set(err, -ENOMEM, "out of memory");
    while (e == 0 && n <= size) {
        ssize_t got = read(fd, bytes + n, size + 1 - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            e = diag_set(err, -errno, "cannot read '%s': %s", shown, err_word(-errno));
        if (got <= 0)
            break;
        n += (size_t) got;
    }
    if (e == 0 && n != size)
        e = diag_set(err, -ERR_REFUSED, "'%s' changed while it was read; try again", shown);
    close(fd);
    *ret = str_n(bytes, n);
    return e;
}

/* A file of the folder: nothing is followed and nothing waited for. */
static int read_file(struct arena *a, int dir, const char *name, const char *shown, size_t max, struct str *ret, struct diag *err) {
    int fd = file_open_beneath(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY, 0);
    if (fd == -ELOOP)
        return diag_set(err, -ERR_REFUSED, "'%s' is a link; put the file itself there", shown);
    if (fd < 0)
        return diag_set(err, fd, "cannot open '%s': %s", shown, err_word(fd));
    return read_fd(a, fd, shown, max, ret, err);
}

struct folder {
    struct arena *arena;
    struct pack_files *files;
    size_t cap, seen;
    int top;
};

static int read_entry(struct folder *r, const char *name, struct diag *err) {
    struct arena *a = r->arena;
    struct str bytes, path = str_of(name);
    const struct pack_file_kind *kind = pack_file_kind(path);
    bool note = str_eq_z(path, PACK_NOTE_FILE);
    const char *shown = arena_printf(a, "%s/%s", r->files->shown, name).p;
    if (!shown)
        return diag_set(err, -ENOMEM, "out of memory");
    if (!text_is_utf8(path) || strpbrk(name, "\n\r\t\033"))
        return diag_set(err, -ERR_REFUSED, "a file in '%s' has a name with other than plain letters; a pack holds " NAMES, r->files->shown);
    if (!kind && !note)
        return diag_set(err, -ERR_REFUSED, "'%s' is no file of a pack; remove it. A pack holds " NAMES, shown);
    int e = read_file(a, r->top, name, shown, note ? PACK_NOTE_BYTES_MAX : kind->bytes_max, &bytes, err);
    if (e < 0)
        return e;
    if (!note)
        return add(a, r->files, &r->cap, path, bytes, err);
    r->files->note = bytes;
    return 0;
}

/* below: "" or "rules/". */
static int read_folder(struct folder *r, int fd, const char *below, struct diag *err) {
    DIR *d = fdopendir(fd);
    struct dirent *entry;
    struct stat st;
    int e = 0;
    if (!d) {
        close(fd);
        return diag_set(err, -errno, "cannot read '%s': %s", r->files->shown, err_word(-errno));
    }
    while (e == 0 && (entry = readdir(d))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (++r->seen > PACK_FILES_MAX) {
            e = diag_set(err, -ERR_LIMIT, "'%s' holds more than %u files; a pack is smaller", r->files->shown, PACK_FILES_MAX);
            break;
        }
        struct str name = arena_printf(r->arena, "%s%s", below, entry->d_name);
        if (!name.p) {
            e = diag_set(err, -ENOMEM, "out of memory");
        } else if (!below[0] && str_eq_z(name, "rules") && fstatat(dirfd(d), "rules", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) {
            int rules = file_open_beneath(r->top, "rules", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
            e = rules < 0 ? diag_set(err, rules, "cannot open '%s/rules': %s", r->files->shown, err_word(rules))
                          : read_folder(r, rules, "rules/", err);
        } else {
            e = read_entry(r, name.p, err);
        }
    }
    closedir(d);
    return e;
}

/* ---- one file ---- */

static int read_single(struct arena *a, struct str all, struct pack_files *f, struct diag *err) {
    struct pack_note note;
    size_t cap = 0, at;
    int e = pack_note_parse(a, str_to(all, PACK_NOTE_BYTES_MAX), f->shown, &note, err);
    if (e < 0)
        return e;
    f->note = str_to(all, note.bytes);
    at = note.bytes;
    for (size_t i = 0; i < note.n && e == 0; i++) {
        const struct pack_note_file *row = &note.files[i];
        if (row->bytes > all.n - at)
            return diag_set(err, -ERR_REFUSED, "'%s' ends before %.*s does; fetch it again", f->shown, STR_ARG(row->path));
        e = add(a, f, &cap, row->path, str_n(all.p + at, row->bytes), err);
        at += row->bytes;
    }
    if (e == 0 && at != all.n)
        e = diag_set(err, -ERR_REFUSED, "'%s' has %zu bytes that its list of files does not name; fetch it again", f->shown, all.n - at);
    return e;
}

int pack_files_write(const struct pack_files *f, struct buf *out) {
    if (!f->note.p)
        return -EINVAL;
    buf_add(out, f->note);
    for (size_t i = 0; i < f->n; i++)
        buf_add(out, f->at[i].bytes);
    return buf_error(out);
}

static struct str last_part(struct str path) {
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    for (size_t i = path.n; i; i--)
        if (path.p[i - 1] == '/')
            return str_from(path, i);
    return path;
}

int pack_files_read(struct arena *a, const char *path, struct pack_files *ret, struct diag *reterr) {
    struct pack_files f = {.shown = arena_dup_z(a, str_of(path))};
    struct str all;
    struct stat st;
    int e = 0;
    if (!f.shown)
        return diag_set(reterr, -ENOMEM, "out of memory");
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        e = diag_set(reterr, -errno, "cannot open '%s': %s", path, err_word(-errno));
        if (fd >= 0)
            close(fd);
        return e;
    }
    if (S_ISDIR(st.st_mode)) {
        struct folder r = {.arena = a, .files = &f, .top = fd};
        int walk = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        char real[PATH_MAX]; /* "." has a name, too */
        f.name = realpath(path, real) ? arena_dup(a, last_part(str_of(real))) : STR_NULL;
        e = walk < 0 ? diag_set(reterr, -errno, "cannot read '%s': %s", path, err_word(-errno)) : read_folder(&r, walk, "", reterr);
        close(fd);
    } else {
        e = read_fd(a, fd, path, PACK_NOTE_BYTES_MAX + PACK_BYTES_MAX, &all, reterr);
        if (e == 0)
            e = read_single(a, all, &f, reterr);
    }
    if (e == 0)
        e = judge(a, &f, reterr);
    if (e == 0)
        *ret = f;
    return e;
}

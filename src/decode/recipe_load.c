/* A set of decoder files: reading folders, which of two of one name counts, and the indexes by which a
 * line finds its recipe. */
#include <dirent.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "decode/recipe_yaml.h"

static int refuse(struct decode_set *s, const struct diag *d) {
    int r = mem_grow((void **) &s->refused, &s->refused_cap, s->n_refused + 1, DECODER_FILES_MAX + 1, sizeof *s->refused);
    if (r == 0)
        s->refused[s->n_refused++] = *d;
    return r == -ENOMEM ? r : 0;
}

static void recipe_free(struct recipe *r) {
    map_done(&r->slots);
}

/* The arena's memory of a refused file stays until the set ends; there are few. */
static int take_document(struct decode_set *s, const struct yaml_doc *doc, const char *file, struct diag *err) {
    struct recipe *r = arena_zalloc(&s->arena, sizeof *r);
    if (!r)
        return diag_set(err, -ENOMEM, "out of memory");
    int k = recipe_read(s, doc->root, file, r, err);
    if (k == 0)
        k = mem_grow((void **) &s->recipes, &s->cap, s->n + 1, DECODER_FILES_MAX, sizeof *s->recipes);
    if (k < 0) {
        recipe_free(r);
        return k == -ERR_LIMIT && !err->text[0] ? diag_set(err, k, "more than %d decoders", DECODER_FILES_MAX) : k;
    }
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->recipes[i]->name, r->name))
            s->recipes[i]->dead = true;
    s->recipes[s->n++] = r;
    return 0;
}

static int take_text(struct decode_set *s, struct str text, const char *file, struct diag *err) {
    struct yaml_doc *docs;
    struct sha256 h;
    *err = (struct diag){0};
    sha256_init(&h);
    sha256_add(&h, str_n((const char *) s->sum.bytes, sizeof s->sum.bytes));
    sha256_add(&h, text);
    sha256_end(&h, s->sum.bytes);
    int r = yaml_parse(&s->arena, text, file, &docs, err);
    if (r == 0 && (!docs || !docs->root))
        return diag_set_at(err, -ERR_PARSE, file, 1, 1, "the file is empty; a decoder has 'decoder', 'help', 'find' and 'samples'");
    for (struct yaml_doc *d = r == 0 ? docs : NULL; r == 0 && d; d = d->next)
        if (d->root)
            r = take_document(s, d, file, err);
    return r;
}

static int take_file(struct decode_set *s, const char *path) {
    struct diag d = {0};
    struct str text;
    char *file = arena_dup_z(&s->arena, str_of(path));
    if (!file)
        return -ENOMEM;
    int r = file_read(&s->arena, path, YAML_BYTES_MAX, &text, &d);
    if (r == 0)
        r = take_text(s, text, file, &d);
    return r == -ENOMEM ? r : r < 0 ? refuse(s, &d) : 0;
}

static int is_decoder_file(const struct dirent *e) {
    return e->d_name[0] != '.' && str_ends(str_of(e->d_name), STR(".yml"));
}

static int take_folder(struct decode_set *s, const char *path) {
    struct dirent **list;
    char name[4096];
    int n = scandir(path, &list, is_decoder_file, alphasort), r = n < 0 ? -errno : 0;
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%s/%s", path, list[i]->d_name);
        if (r == 0)
            r = take_file(s, name);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    return r;
}

static int take_path(struct decode_set *s, const char *path) {
    struct stat st;
    struct diag d;
    if (stat(path, &st) < 0) {
        diag_set(&d, -errno, "cannot open '%s': %s", path, err_word(-errno));
        return refuse(s, &d);
    }
    int r = S_ISDIR(st.st_mode) ? take_folder(s, path) : take_file(s, path);
    if (r < 0 && r != -ENOMEM) {
        diag_set(&d, r, "cannot read '%s': %s", path, err_word(r));
        r = refuse(s, &d);
    }
    return r;
}

/* --- indexes --- */

static int by_name(const void *a, const void *b) {
    const struct recipe *x = *(struct recipe *const *) a, *y = *(struct recipe *const *) b;
    return str_cmp(x->name, y->name);
}

static void drop_dead(struct decode_set *s) {
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->recipes[i]->dead)
            recipe_free(s->recipes[i]);
        else
            s->recipes[n++] = s->recipes[i];
    s->n = n;
    if (n)
        qsort(s->recipes, n, sizeof *s->recipes, by_name);
}

/* Appends to a list that ends with NULL. */
static int append(struct decode_set *s, struct recipe ***list, struct recipe *r) {
    size_t n = 0;
    while (*list && (*list)[n])
        if ((*list)[n++] == r)
            return 0;
    struct recipe **fresh = arena_alloc(&s->arena, (n + 2) * sizeof *fresh);
    if (!fresh)
        return -ENOMEM;
    if (n)
        memcpy(fresh, *list, n * sizeof *fresh);
    fresh[n] = r;
    fresh[n + 1] = NULL;
    *list = fresh;
    return 0;
}

static int index_program(struct decode_set *s, struct recipe *r, struct str name) {
    union map_value *v;
    if (name.p[name.n - 1] == '*') {
        int k = arena_grow(&s->arena, (void **) &s->prefixes, &s->prefixes_cap, s->n_prefixes + 1, sizeof *s->prefixes);
        if (k == 0)
            s->prefixes[s->n_prefixes++] = (struct recipe_ref){str_to(name, name.n - 1), r};
        return k;
    }
    int k = map_add(&s->programs, name, &v, NULL);
    if (k < 0)
        return k;
    struct recipe **list = v->ptr;
    k = append(s, &list, r);
    v->ptr = list;
    return k;
}

static bool shape_begins(char want, int c) {
    return want == '0'   ? ascii_digit((char) c)
           : want == 'A' ? c >= 'A' && c <= 'Z'
           : want == 'a' ? c >= 'a' && c <= 'z'
                         : (unsigned char) want == c;
}

static struct recipe_entry make_entry(const struct recipe *r, const struct recipe_find *f) {
    struct str s = f->start.n ? f->start : f->shape;
    struct recipe_entry e = {.recipe = r, .find = f, .any = true};
    for (size_t i = 0; i < s.n; i++)
        if (f->start.n || !strchr("0Aa", s.p[i]))
            e = (struct recipe_entry){.recipe = r, .find = f, .at = (uint16_t) i, .byte = s.p[i]};
    return e;
}

static int index_content(struct decode_set *s, struct recipe *r, const struct recipe_find *f) {
    const struct recipe_entry e = make_entry(r, f);
    for (int c = 1; c < 256; c++) {
        if (!(f->start.n ? (unsigned char) f->start.p[0] == c : shape_begins(f->shape.p[0], c)))
            continue;
        size_t n = s->n_by_first[c];
        struct recipe_entry *fresh = arena_alloc(&s->arena, (n + 1) * sizeof *fresh);
        if (!fresh)
            return -ENOMEM;
        if (n)
            memcpy(fresh, s->by_first[c], n * sizeof *fresh);
        fresh[n] = e;
        s->by_first[c] = fresh;
        s->n_by_first[c] = (uint16_t) (n + 1);
    }
    return 0;
}

static int index_slots(struct decode_set *s, struct recipe *r) {
    uint32_t cap = 16;
    while (cap < 2 * r->slots.n)
        cap *= 2;
    r->kept_at = (uint32_t) s->n_kept;
    s->n_kept += r->slots.n;
    r->slot_mask = cap - 1;
    r->slot_table = arena_zalloc(&s->arena, cap * sizeof *r->slot_table);
    for (uint16_t i = 0; r->slot_table && i < r->slots.n; i++) {
        uint32_t at = recipe_slot_hash(r->slot_names[i]) & r->slot_mask;
        while (r->slot_table[at])
            at = (at + 1) & r->slot_mask;
        r->slot_table[at] = (uint16_t) (i + 1);
    }
    return r->slot_table ? 0 : -ENOMEM;
}

static bool asks_for_none(const struct recipe_cond *c) {
    for (uint16_t i = 0; i < c->n; i++)
        if (c->any[i].kind == MATCH_NONE)
            return true;
    return false;
}

struct recipe_choice *recipe_choice_at(struct recipe_choice *at, uint32_t mask, uint16_t slot, struct str text) {
    const uint64_t small = 0x2020202020202020; /* letters of either case alike; other bytes may meet, too, and are compared */
    uint64_t a = 0, b = 0;
    memcpy(&a, text.p, MIN(text.n, (size_t) 8));
    if (text.n > 8)
        memcpy(&b, text.p + text.n - 8, 8);
    a = ((a | small) ^ (b | small) * 3 ^ text.n ^ (uint64_t) slot << 32) * 0x9e3779b97f4a7c15ull;
    for (uint32_t i = (uint32_t) (a >> 40) & mask;; i = (i + 1) & mask)
        if (!at[i].text.p || (at[i].slot == slot && at[i].text.n == text.n && str_eq_icase(at[i].text, text)))
            return &at[i];
}

/* Only whole texts. */
static bool may_choose(const struct recipe_cond *c) {
    for (uint16_t i = 0; i < c->n; i++)
        if (c->any[i].kind != MATCH_EXACT || !c->any[i].text.n)
            return false;
    return c->n > 0;
}

static bool add_chooser(struct decode_set *s, uint16_t slot) {
    for (uint16_t i = 0; i < s->n_choosers; i++)
        if (s->choosers[i] == slot)
            return true;
    if (s->n_choosers == RECIPE_CHOOSERS_MAX)
        return false;
    s->choosers[s->n_choosers++] = slot;
    return true;
}

static void set_bit(uint64_t *bits, size_t i) {
    bits[i / 64] |= UINT64_C(1) << i % 64;
}

static int grow_chosen(struct decode_set *s) {
    uint32_t mask = s->chosen_mask ? 2 * s->chosen_mask + 1 : 255;
    struct recipe_choice *fresh = arena_zalloc(&s->arena, ((size_t) mask + 1) * sizeof *fresh);
    if (!fresh)
        return -ENOMEM;
    for (uint32_t i = 0; s->chosen && i <= s->chosen_mask; i++)
        if (s->chosen[i].text.p)
            *recipe_choice_at(fresh, mask, s->chosen[i].slot, s->chosen[i].text) = s->chosen[i];
    s->chosen = fresh;
    s->chosen_mask = mask;
    return 0;
}

/* The condition with most texts tells best when a line need not be asked. */
static int index_choice(struct decode_set *s, size_t at, const struct recipe_find *f) {
    const struct recipe_cond *best = NULL;
    for (uint16_t i = 0; i < f->n_keys; i++)
        if (may_choose(&f->keys[i]) && (!best || f->keys[i].n > best->n))
            best = &f->keys[i];
    if (at >= 64 * RECIPE_FINDS_WORDS || !best || !add_chooser(s, best->slot)) {
        for (uint16_t i = 0; i < f->n_keys; i++) {
            set_bit(s->json_asked, f->keys[i].slot);
            set_bit(s->json_always_asked, f->keys[i].slot);
        }
        if (at < 64 * RECIPE_FINDS_WORDS)
            set_bit(s->json_always, at);
        return 0;
    }
    set_bit(s->json_asked, best->slot);
    for (uint16_t i = 0; i < best->n; i++) {
        int r = 2 * (s->n_chosen + 1) > s->chosen_mask ? grow_chosen(s) : 0;
        if (r < 0)
            return r;
        struct recipe_choice *c = recipe_choice_at(s->chosen, s->chosen_mask, best->slot, best->any[i].text);
        s->n_chosen += !c->text.p;
        c->text = best->any[i].text;
        c->slot = best->slot;
        set_bit(c->bits, at);
    }
    return 0;
}

static int index_json(struct decode_set *s, const struct recipe *r, const struct recipe_find *f) {
    int k = arena_grow(&s->arena, (void **) &s->json, &s->json_cap, s->n_json + 1, sizeof *s->json);
    if (k < 0)
        return k;
    struct recipe_json_find *to = &s->json[s->n_json++];
    *to = (struct recipe_json_find){.recipe = r, .find = f};
    for (uint16_t i = 0; i < f->n_keys && to->n_asks < RECIPE_ASKS; i++)
        if (!asks_for_none(&f->keys[i]))
            to->asks[to->n_asks++] = f->keys[i].slot;
    return index_choice(s, s->n_json - 1, f);
}

static int index_recipe(struct decode_set *s, struct recipe *r) {
    int k = index_slots(s, r);
    if (k < 0)
        return k;
    for (uint16_t i = 0; i < r->n_finds && k == 0; i++) {
        const struct recipe_find *f = &r->finds[i];
        if (r->is_json && f->n_keys)
            k = index_json(s, r, f);
        for (uint16_t p = 0; p < f->n_programs && k == 0; p++)
            k = index_program(s, r, f->programs[p]);
        if (k == 0 && (f->start.n || f->shape.n))
            k = index_content(s, r, f);
    }
    return k;
}

static struct decode_set *set_new(void) {
    struct decode_set *s = mem_zalloc(sizeof *s);
    if (!s)
        return NULL;
    s->refs = 1;
    arena_init(&s->arena, DECODER_SET_BYTES_MAX);
    map_init(&s->fields, RECIPE_FIELDS_MAX, 0);
    map_init(&s->json_slots, RECIPE_SLOTS_MAX, 0);
    map_init(&s->json_aliases, RECIPE_ALIASES_MAX, 0);
    map_init(&s->programs, DECODER_FILES_MAX * 16, 0);
    return s;
}

static int finish(struct decode_set *s) {
    int r = 0;
    drop_dead(s);
    for (size_t i = 0; i < s->n && r == 0; i++)
        r = index_recipe(s, s->recipes[i]);
    s->n_fields = s->fields.n;
    s->n_json_slots = s->json_slots.n;
    return r == -ERR_LIMIT ? 0 : r;
}

struct decode_set *decode_set_ref(struct decode_set *s) {
    if (s)
        __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
    return s;
}

struct decode_set *decode_set_unref(struct decode_set *s) {
    if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return NULL;
    for (size_t i = 0; i < s->n; i++)
        recipe_free(s->recipes[i]);
    mem_free(s->recipes);
    mem_free(s->refused);
    map_done(&s->fields);
    map_done(&s->json_slots);
    map_done(&s->json_aliases);
    map_done(&s->programs);
    arena_done(&s->arena);
    mem_free(s);
    return NULL;
}

int decode_set_load(const char *const *paths, size_t n, struct decode_set **ret, struct diag *reterr) {
    CLEANUP(decode_set_unrefp) struct decode_set *s = set_new();
    int r = s ? 0 : -ENOMEM;
    for (size_t i = 0; i < n && r == 0; i++)
        r = take_path(s, paths[i]);
    if (r == 0)
        r = finish(s);
    if (r < 0)
        return diag_set(reterr, r, "no memory for the decoders");
    *ret = TAKE_PTR(s);
    return 0;
}

int decode_set_load_text(struct str text, const char *file, struct decode_set **ret, struct diag *reterr) {
    CLEANUP(decode_set_unrefp) struct decode_set *s = set_new();
    struct diag d = {0};
    if (!s)
        return diag_set(reterr, -ENOMEM, "no memory for the decoders");
    char *name = arena_dup_z(&s->arena, str_of(file));
    struct str copy = arena_dup(&s->arena, text);
    int r = name && copy.p ? take_text(s, copy, name, &d) : -ENOMEM;
    if (r == 0)
        r = finish(s);
    if (r < 0) {
        if (reterr)
            *reterr = d;
        return r;
    }
    *ret = TAKE_PTR(s);
    return 0;
}

const struct diag *decode_set_refused(const struct decode_set *s, size_t i) {
    return s && i < s->n_refused ? &s->refused[i] : NULL;
}

void decode_set_sum(const struct decode_set *s, uint8_t ret[32]) {
    memset(ret, 0, 32);
    if (s)
        memcpy(ret, s->sum.bytes, 32);
}

size_t decode_set_count(const struct decode_set *s) {
    return s ? s->n : 0;
}

struct decode_set_row decode_set_at(const struct decode_set *s, size_t i) {
    const struct recipe *r = s->recipes[i];
    return (struct decode_set_row){r->name, r->help, r->file, r->n_samples};
}

struct str decode_set_sample_line(const struct decode_set *s, size_t i, size_t k) {
    return k < s->recipes[i]->n_samples ? s->recipes[i]->samples[k].line : STR_NULL;
}

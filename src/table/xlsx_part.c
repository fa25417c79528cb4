/* One XML part out of the archive, through Expat. What an archive says of itself is checked before a byte is unpacked, and
 * what comes out is counted against it. XML with a document type (entities) is refused: spreadsheets have none. */
#include "base/limits.h"
#include "base/mem.h"
#include "table/xlsx_priv.h"

#include <expat.h>

enum { PIECE = 64 * 1024 };
#define RATIO_FREE_BYTES (1 << 20) /* below this a high ratio harms nobody */

struct reading {
    struct xlsx *x;
    const struct xlsx_handler *h;
    XML_Parser parser;
    struct str part;
    unsigned depth;
    int result;
};

int xlsx_no_memory(struct xlsx *x) {
    return diag_set(x->err, -ERR_LIMIT, "'%.*s' is too large to be read at once", STR_ARG(x->t->name));
}

struct str xlsx_attribute(const struct xlsx_attributes *a, const char *name) {
    for (const char **p = a->at; p[0]; p += 2) {
        const char *colon = strrchr(p[0], ':');
        if (strcmp(colon ? colon + 1 : p[0], name) == 0)
            return str_of(p[1]);
    }
    return STR_NULL;
}

static struct str local(const char *name) {
    const char *colon = strrchr(name, ':');
    return str_of(colon ? colon + 1 : name);
}

static void stop(struct reading *r, int result) {
    if (r->result == 0 && result < 0) {
        r->result = result;
        XML_StopParser(r->parser, XML_FALSE);
    }
}

static void on_begin(void *ctx, const char *name, const char **attributes) {
    struct reading *r = ctx;
    if (++r->depth > XLSX_DEPTH_MAX)
        stop(r, diag_set(r->x->err, -ERR_LIMIT, "'%.*s' in '%.*s' is nested too deeply", STR_ARG(r->part), STR_ARG(r->x->t->name)));
    else if (r->result == 0)
        stop(r, r->h->begin(r->h->ctx, local(name), &(struct xlsx_attributes){attributes}));
}

static void on_end(void *ctx, const char *name) {
    struct reading *r = ctx;
    r->depth--;
    if (r->result == 0 && r->h->end)
        stop(r, r->h->end(r->h->ctx, local(name)));
}

static void on_text(void *ctx, const char *p, int n) {
    struct reading *r = ctx;
    if (r->result == 0 && r->h->text)
        stop(r, r->h->text(r->h->ctx, str_n(p, (size_t) n)));
}

static void on_doctype(void *ctx, const char *name UNUSED, const char *system UNUSED, const char *public UNUSED, int internal UNUSED) {
    struct reading *r = ctx;
    stop(r, diag_set(r->x->err, -ERR_REFUSED, "'%.*s' in '%.*s' has a document type, which no spreadsheet has", STR_ARG(r->part),
                     STR_ARG(r->x->t->name)));
}

static int feed(struct reading *r, zip_file_t *f, uint64_t size) {
    uint64_t n_read = 0;
    for (;;) {
        void *to = XML_GetBuffer(r->parser, PIECE);
        zip_int64_t n = to ? zip_fread(f, to, PIECE) : -1;
        if (!to)
            return xlsx_no_memory(r->x);
        n_read += n > 0 ? (uint64_t) n : 0;
        if (n < 0 || n_read > size || (n == 0 && n_read != size))
            return diag_set(r->x->err, -ERR_PARSE, "'%.*s' in '%.*s' is not what the archive says of it; save the file again",
                            STR_ARG(r->part), STR_ARG(r->x->t->name));
        enum XML_Status s = XML_ParseBuffer(r->parser, (int) n, n == 0);
        if (r->result < 0)
            return r->result;
        if (s != XML_STATUS_OK)
            return XML_GetErrorCode(r->parser) == XML_ERROR_NO_MEMORY
                       ? xlsx_no_memory(r->x)
                       : diag_set(r->x->err, -ERR_PARSE, "'%.*s' in '%.*s' is damaged at line %lu: %s; save the file again",
                                  STR_ARG(r->part), STR_ARG(r->x->t->name), (unsigned long) XML_GetCurrentLineNumber(r->parser),
                                  XML_ErrorString(XML_GetErrorCode(r->parser)));
        if (n == 0)
            return 0;
    }
}

static int check(struct xlsx *x, struct str part, const zip_stat_t *st) {
    if (!(st->valid & ZIP_STAT_SIZE) || !(st->valid & ZIP_STAT_COMP_SIZE))
        return diag_set(x->err, -ERR_PARSE, "'%.*s' has an entry that cannot be read", STR_ARG(x->t->name));
    if ((st->valid & ZIP_STAT_ENCRYPTION_METHOD) && st->encryption_method != ZIP_EM_NONE)
        return diag_set(x->err, -ERR_REFUSED, "'%.*s' is encrypted; save it without a password", STR_ARG(x->t->name));
    if (st->size > RATIO_FREE_BYTES && st->size / MAX(st->comp_size, (zip_uint64_t) 1) > XLSX_RATIO_MAX)
        return diag_set(x->err, -ERR_LIMIT, "'%.*s' in '%.*s' would unpack to %llu times its size; nothing was read", STR_ARG(part),
                        STR_ARG(x->t->name), (unsigned long long) (st->size / MAX(st->comp_size, (zip_uint64_t) 1)));
    if (st->size > XLSX_UNPACKED_BYTES_MAX)
        return diag_set(x->err, -ERR_LIMIT, "'%.*s' in '%.*s' would unpack to more than %llu bytes; nothing was read", STR_ARG(part),
                        STR_ARG(x->t->name), (unsigned long long) XLSX_UNPACKED_BYTES_MAX);
    return 0;
}

int xlsx_part_read(struct xlsx *x, struct str part, const struct xlsx_handler *h) {
    static const XML_Memory_Handling_Suite memory = {mem_alloc, mem_realloc, mem_free};
    struct reading r = {.x = x, .h = h, .part = part};
    char name[512];
    zip_stat_t st;
    if (part.n >= sizeof name)
        return -ENOENT;
    snprintf(name, sizeof name, "%.*s", STR_ARG(part));
    zip_int64_t at = zip_name_locate(x->zip, name, ZIP_FL_NOCASE);
    if (at < 0 || zip_stat_index(x->zip, (zip_uint64_t) at, 0, &st) != 0)
        return -ENOENT;
    int e = check(x, part, &st);
    if (e < 0)
        return e;
    zip_file_t *f = zip_fopen_index(x->zip, (zip_uint64_t) at, 0);
    if (!f)
        return diag_set(x->err, -ERR_PARSE, "cannot unpack '%s' in '%.*s': %s", name, STR_ARG(x->t->name), zip_strerror(x->zip));
    r.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (r.parser) {
        XML_SetUserData(r.parser, &r);
        XML_SetElementHandler(r.parser, on_begin, on_end);
        XML_SetCharacterDataHandler(r.parser, on_text);
        XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
        e = feed(&r, f, st.size);
        XML_ParserFree(r.parser);
    } else {
        e = xlsx_no_memory(x);
    }
    (void) zip_fclose(f);
    return e;
}

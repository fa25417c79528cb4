/* See engine.h. What was measured of chDB and decides here: one process a folder; its handlers of signals have to be
 * switched off before it is connected to; settings come by SET, not by arguments; never used behind a fork. */
#include "app/index/engine.h"

#include "base/file.h"
#include "base/mem.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>

typedef void *engine_connection;
struct engine {
    void *library;
    engine_connection *connection;
    engine_connection *(*connect)(int argc, char **argv);
    void (*close)(engine_connection *c);
    void *(*query)(engine_connection c, const char *text, size_t n, const char *format, size_t format_n);
    const char *(*error)(void *result);
    char *(*bytes)(void *result);
    size_t (*length)(void *result);
    void (*release)(void *result);
    void (*signals)(int enabled);
    void *(*insert)(engine_connection c, const char *text, size_t n, const char *format, size_t format_n);
    int (*append)(void *stream, const void *bytes, size_t n);
    void *(*done)(void *stream);
    const char *(*insert_error)(void *stream);
    void (*insert_end)(void *stream);
};

void engine_prepare(void) {
    static const char *const parts[] = {"libpthread.so.0", "libdl.so.2", "librt.so.1", "libm.so.6", "libgcc_s.so.1"};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        (void) dlopen(parts[i], RTLD_NOW | RTLD_GLOBAL);
}

static int find(struct engine *e, const char *path, struct diag *err) {
    const struct {
        const char *name;
        void **at;
    } functions[] = {
        {"chdb_connect", (void **) &e->connect},       {"chdb_close_conn", (void **) &e->close},
        {"chdb_query_n", (void **) &e->query},         {"chdb_result_error", (void **) &e->error},
        {"chdb_result_buffer", (void **) &e->bytes},   {"chdb_result_length", (void **) &e->length},
        {"chdb_destroy_query_result", (void **) &e->release}, {"chdb_set_signal_handlers_enabled", (void **) &e->signals},
        {"chdb_stream_insert_n", (void **) &e->insert}, {"chdb_stream_append", (void **) &e->append},
        {"chdb_stream_done", (void **) &e->done},       {"chdb_stream_insert_error", (void **) &e->insert_error},
        {"chdb_destroy_insert_stream", (void **) &e->insert_end},
    };
    e->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!e->library)
        return diag_set(err, -ERR_UNSUPPORTED, "cannot load '%s': %s", path, dlerror());
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
        if (!(*functions[i].at = dlsym(e->library, functions[i].name)))
            return diag_set(err, -ERR_UNSUPPORTED, "'%s' has no %s", path, functions[i].name);
    return 0;
}

/* One thread a statement: searches are few, and the machine belongs to the sensor. */
static int set_up(struct engine *e, uint64_t memory_bytes, struct diag *err) {
    struct buf s, answer;
    buf_init(&s, 4096);
    buf_init(&answer, 4096);
    buf_printf(&s, "SET max_threads = 1, max_insert_threads = 1, max_parsing_threads = 1, max_memory_usage = %llu, "
                   "max_block_size = 65409, use_uncompressed_cache = 0, local_filesystem_read_method = 'pread', "
                   "optimize_on_insert = 0, max_execution_time = 60",
               (unsigned long long) memory_bytes);
    /* the database it begins with forgets its tables with the process, and leaves their rows on the disk */
    int r = engine_run(e, STR("CREATE DATABASE IF NOT EXISTS kizuki ENGINE = Atomic"), &answer, err);
    if (r == 0)
        r = engine_run(e, STR("USE kizuki"), &answer, err);
    if (r == 0)
        r = engine_run(e, buf_str(&s), &answer, err);
    buf_done(&s);
    buf_done(&answer);
    return r;
}

/* What it would choose itself is for a machine of its own: thousands of threads, caches of 5 GB. */
static int write_config(const char *path, uint64_t memory_bytes, struct diag *err) {
    static const struct {
        const char *name;
        unsigned value;
    } settings[] = {
        {"max_thread_pool_size", 100}, {"max_thread_pool_free_size", 2}, {"max_io_thread_pool_size", 4}, {"max_io_thread_pool_free_size", 0},
        {"background_pool_size", 1}, {"background_schedule_pool_size", 1}, {"max_active_parts_loading_thread_pool_size", 2},
        {"max_outdated_parts_loading_thread_pool_size", 1}, {"max_parts_cleaning_thread_pool_size", 1}, {"mark_cache_size", 32 << 20},
        {"primary_index_cache_size", 16 << 20}, {"index_mark_cache_size", 1 << 20}, {"uncompressed_cache_size", 0}, {"mmap_cache_size", 0},
        {"asynchronous_metrics_update_period_s", 60},
    };
    struct buf b;
    buf_init(&b, 65536);
    buf_printf(&b, "<clickhouse><max_server_memory_usage>%llu</max_server_memory_usage>", (unsigned long long) memory_bytes / 4 * 3);
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        buf_printf(&b, "<%s>%u</%s>", settings[i].name, settings[i].value, settings[i].name);
    buf_add_z(&b, "</clickhouse>\n");
    int r = buf_error(&b) < 0 ? diag_set(err, buf_error(&b), "out of memory") : file_write_atomic(path, buf_str(&b), 0600, err);
    buf_done(&b);
    return r;
}

int engine_open(const char *library, const char *folder, uint64_t memory_bytes, struct engine **ret, struct diag *reterr) {
    char path[4200], config[4250], file[4230], name[] = "clickhouse";
    char *argv[] = {name, path, config, NULL};
    struct engine *e = mem_zalloc(sizeof *e);
    if (!e)
        return diag_set(reterr, -ENOMEM, "out of memory");
    snprintf(path, sizeof path, "--path=%s", folder);
    snprintf(file, sizeof file, "%s.xml", folder);
    snprintf(config, sizeof config, "--config-file=%s", file);
    int r = write_config(file, memory_bytes, reterr);
    if (r == 0)
        r = find(e, library, reterr);
    if (r == 0) {
        e->signals(0);
        e->connection = e->connect(3, argv);
        if (!e->connection || !*e->connection)
            r = diag_set(reterr, -EIO, "chDB does not open '%s'", folder);
    }
    if (r == 0)
        r = set_up(e, memory_bytes / 2, reterr);
    if (r < 0)
        engine_close(e);
    else
        *ret = e;
    return r;
}

/* The library stays loaded: its threads may still be ending. */
void engine_close(struct engine *e) {
    if (!e)
        return;
    if (e->connection)
        e->close(e->connection);
    mem_free(e);
}

static const char format[] = "RowBinary";

int engine_run(struct engine *e, struct str statement, struct buf *answer, struct diag *reterr) {
    void *result = e->query(*e->connection, statement.p, statement.n, format, sizeof format - 1);
    const char *why = result ? e->error(result) : "it says nothing";
    int r = why ? diag_set(reterr, -ERR_REFUSED, "%.400s", why) : 0;
    if (r == 0) {
        buf_add(answer, str_n(e->bytes(result), e->length(result)));
        r = buf_error(answer) < 0 ? diag_set(reterr, buf_error(answer), "the answer is too large") : 0;
    }
    if (result)
        e->release(result);
    return r;
}

/* Segments of the library that are never written: nothing of them is lost, they are read again as they are used. */
static int drop_text(struct dl_phdr_info *info, size_t size UNUSED, void *ctx) {
    const struct link_map *library = ctx;
    if (info->dlpi_addr != library->l_addr)
        return 0;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t from = (info->dlpi_addr + p->p_vaddr + 4095) & ~(uintptr_t) 4095, to = (info->dlpi_addr + p->p_vaddr + p->p_filesz) & ~(uintptr_t) 4095;
        if (p->p_type == PT_LOAD && !(p->p_flags & PF_W) && to > from)
            (void) madvise((void *) from, to - from, MADV_DONTNEED);
    }
    return 1;
}

void engine_rest(struct engine *e) {
    struct link_map *library = NULL;
    struct buf none;
    buf_init(&none, 4096);
    IGNORE(engine_run(e, STR("SYSTEM JEMALLOC PURGE"), &none, NULL)); /* what does not know it keeps a little more */
    buf_done(&none);
    if (dlinfo(e->library, RTLD_DI_LINKMAP, &library) == 0 && library)
        (void) dl_iterate_phdr(drop_text, library);
}

int engine_insert(struct engine *e, struct str statement, struct str rows, struct diag *reterr) {
    struct str tail = STR(" FORMAT RowBinary");
    if (!str_ends(statement, tail))
        return diag_set(reterr, -ERR_REFUSED, "rows are taken in RowBinary only");
    /* Rows inside a statement would end at the first line end among them. */
    void *stream = e->insert(*e->connection, statement.p, statement.n - tail.n, format, sizeof format - 1), *result = NULL;
    const char *why = e->insert_error(stream);
    if (!why && e->append(stream, rows.p, rows.n) != 0)
        why = e->insert_error(stream) ? e->insert_error(stream) : "the rows were not taken";
    if (!why && (result = e->done(stream)))
        why = e->error(result);
    int r = why ? diag_set(reterr, -ERR_REFUSED, "%.400s", why) : 0;
    if (result)
        e->release(result);
    e->insert_end(stream);
    return r;
}

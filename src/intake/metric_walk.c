/* What net-snmp's snmpbulkwalk prints with -On, of the tables of HOST-RESOURCES-MIB (RFC 2790): who asks an agent, with which version and
 * which secrets, is that program's business, and no secret of an agent comes to Kizuki.
 *
 *   .1.3.6.1.2.1.25.2.3.1.COLUMN.ROW = TYPE: VALUE     storage: 2 type, 3 name, 4 bytes a unit, 5 size, 6 used
 *   .1.3.6.1.2.1.25.3.3.1.2.ROW = INTEGER: VALUE       the load of a processor in per cent
 *
 * What Linux's agent calls used of its memory holds caches, which stand in rows of their own and are taken off. Lines of other
 * tables are passed over. At most STORES_MAX rows, further ones are passed over. */
#include "intake/metric.h"

#include "base/mem.h"
#include "base/time.h"

enum { STORES_MAX = 512 };
enum column { COLUMN_TYPE = 2, COLUMN_NAME, COLUMN_UNIT, COLUMN_SIZE, COLUMN_USED };

struct store {
    uint64_t row, unit, size, used;
    unsigned has; /* bits 1 << enum column */
    uint64_t type; /* the last number of its hrStorageType */
    struct str name;
};

static bool eat(struct str *s, struct str start) {
    if (!str_starts(*s, start))
        return false;
    *s = str_from(*s, start.n);
    return true;
}

static bool eat_number(struct str *s, uint64_t *ret) {
    size_t n = 0;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    if (n == 0 || str_to_u64(str_to(*s, n), ret) < 0)
        return false;
    *s = str_from(*s, n);
    return true;
}

static struct store *store_of(struct store *list, size_t *n, uint64_t row) {
    for (size_t i = 0; i < *n; i++)
        if (list[i].row == row)
            return &list[i];
    if (*n == STORES_MAX)
        return NULL;
    list[*n] = (struct store){.row = row};
    return &list[(*n)++];
}

/* " = TYPE: VALUE": the value, without quotes and without what stands behind a number. */
static bool value_of(struct str s, struct str *ret) {
    ptrdiff_t at;
    if (!eat(&s, STR(" = ")) || (at = str_find(s, STR(": "), 0)) < 0)
        return false;
    *ret = str_trim(str_from(s, (size_t) at + 2));
    if (ret->n >= 2 && ret->p[0] == '"' && ret->p[ret->n - 1] == '"')
        *ret = str_n(ret->p + 1, ret->n - 2);
    return true;
}

static void take_store(struct store *list, size_t *n, struct str line) {
    uint64_t column, row;
    struct str value;
    if (!eat_number(&line, &column) || !eat(&line, STR(".")) || !eat_number(&line, &row) || !value_of(line, &value) || column < COLUMN_TYPE ||
        column > COLUMN_USED)
        return;
    struct store *s = store_of(list, n, row);
    if (!s)
        return;
    uint64_t *const numbers[] = {[COLUMN_TYPE] = &s->type, [COLUMN_UNIT] = &s->unit, [COLUMN_SIZE] = &s->size, [COLUMN_USED] = &s->used};
    if (column == COLUMN_TYPE && !eat(&value, STR(".1.3.6.1.2.1.25.2.1.")))
        return;
    if (column == COLUMN_NAME)
        s->name = value;
    else if (!eat_number(&value, numbers[column]))
        return;
    s->has |= 1u << column;
}

static int put(struct metric_gather *g, struct str host, const char *name, struct str descr, double value) {
    struct metric_sample m = {.name = str_of(name), .host = host, .value = value, .time_ns = TIME_NONE};
    m.labels[m.n_labels++] = (struct metric_label){STR("descr"), descr};
    return metric_add(g, &m);
}

static int put_store(struct metric_gather *g, struct str host, const struct store *s) {
    enum { WHOLE = 1u << COLUMN_TYPE | 1u << COLUMN_NAME | 1u << COLUMN_UNIT | 1u << COLUMN_SIZE | 1u << COLUMN_USED };
    enum { TYPE_OTHER = 1, TYPE_RAM = 2, TYPE_VIRTUAL = 3, TYPE_DISK = 4 };
    double used = (double) s->used * (double) s->unit, size = (double) s->size * (double) s->unit;
    if (s->has != WHOLE)
        return 0;
    if (s->type == TYPE_OTHER && (str_eq_z(s->name, "Memory buffers") || str_eq_z(s->name, "Cached memory")))
        return put(g, host, "hrStorageUsed.ram", s->name, -used);
    bool swap = s->type == TYPE_VIRTUAL && str_eq_z(s->name, "Swap space");
    if (s->type != TYPE_RAM && s->type != TYPE_DISK && !swap)
        return 0;
    int r = put(g, host, s->type == TYPE_RAM ? "hrStorageUsed.ram" : swap ? "hrStorageUsed.swap" : "hrStorageUsed.disk", s->name, used);
    return r < 0 ? r : put(g, host, s->type == TYPE_RAM ? "hrStorageSize.ram" : swap ? "hrStorageSize.swap" : "hrStorageSize.disk", s->name, size);
}

static int put_load(struct metric_gather *g, struct str host, struct str line) {
    struct str row = line, value;
    uint64_t n, load;
    if (!eat_number(&line, &n) || !value_of(line, &value) || !eat_number(&value, &load) || load > 100)
        return 0;
    return put(g, host, "hrProcessorLoad", str_to(row, (size_t) (line.p - row.p)), (double) load);
}

int metric_walk(struct metric_gather *g, struct str text, struct str host, metric_line_fn *fn, void *ctx, struct diag *reterr) {
    struct store *list = mem_zalloc_array(STORES_MAX, sizeof *list);
    struct str line;
    size_t n = 0, known = 0;
    int r = 0;
    if (!list)
        return diag_set(reterr, -ENOMEM, "out of memory");
    metric_begin(g, METRIC_SNMP, true, fn, ctx);
    while (r >= 0 && str_split(&text, '\n', &line)) {
        line.n -= line.n && line.p[line.n - 1] == '\r';
        known += str_starts(line, STR(".1.3.6.1."));
        if (eat(&line, STR(".1.3.6.1.2.1.25.2.3.1.")))
            take_store(list, &n, line);
        else if (eat(&line, STR(".1.3.6.1.2.1.25.3.3.1.2.")))
            r = put_load(g, host, line);
    }
    for (size_t i = 0; i < n && r >= 0; i++)
        r = put_store(g, host, &list[i]);
    mem_free(list);
    if (r >= 0 && !known)
        return diag_set(reterr, -ERR_PARSE, "no line begins with a number of SNMP; print them with snmpbulkwalk -On");
    return r < 0 ? r : metric_end(g);
}

/* See sql.h. */
#include "index/sql.h"

#include <inttypes.h>

#define TABLE "kizuki_events"

void index_sql_create(struct buf *out) {
    buf_add_z(out, "CREATE TABLE IF NOT EXISTS " TABLE " ("
                   "made UInt64 CODEC(ZSTD(1)), kind UInt8 CODEC(ZSTD(1)), segment UInt32 CODEC(ZSTD(1)), "
                   "n UInt64 CODEC(DoubleDelta, ZSTD(1)), width UInt32 CODEC(ZSTD(1)), place UInt64 CODEC(Delta, ZSTD(1)), "
                   "rough UInt8 CODEC(ZSTD(1)), time Int64 CODEC(Delta, ZSTD(1)), source UInt32 CODEC(ZSTD(1)), "
                   "hosts Array(LowCardinality(String)) CODEC(ZSTD(1)), users Array(String) CODEC(ZSTD(1)), "
                   "v4 Array(UInt32) CODEC(ZSTD(1)), v6 Array(FixedString(16)) CODEC(ZSTD(1)), "
                   "digests Array(UInt32) CODEC(ZSTD(1)), text String CODEC(ZSTD(3))"
                   ") ENGINE = MergeTree PARTITION BY intDiv(segment, 64) ORDER BY (kind, segment, n)");
    _Static_assert(INDEX_SEGMENTS_A_PARTITION == 64, "as in the statement");
}

void index_sql_insert(struct buf *out) {
    buf_add_z(out, "INSERT INTO " TABLE " FORMAT RowBinary");
}

void index_sql_empty(struct buf *out) {
    buf_add_z(out, "TRUNCATE TABLE " TABLE);
}

void index_sql_drop(struct buf *out, uint32_t segment) {
    buf_printf(out, "ALTER TABLE " TABLE " DROP PARTITION %u", segment / INDEX_SEGMENTS_A_PARTITION);
}

void index_sql_delete(struct buf *out, uint32_t segment) {
    buf_printf(out, "ALTER TABLE " TABLE " DELETE IN PARTITION %u WHERE segment = %u", segment / INDEX_SEGMENTS_A_PARTITION, segment);
}

/* ---- conditions ---- */

static void put_text(struct buf *out, struct str s) {
    buf_add_byte(out, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'' || s.p[i] == '\\')
            buf_add_byte(out, '\\');
        if (s.p[i])
            buf_add_byte(out, s.p[i]);
        else
            buf_add_z(out, "\\0");
    }
    buf_add_byte(out, '\'');
}

static void put_v6(struct buf *out, const struct ip_prefix *p, bool last) {
    buf_add_z(out, "toFixedString(unhex('");
    for (unsigned i = 0; i < 16; i++) {
        unsigned own = p->bits >= 8 * (i + 1) ? 8 : p->bits > 8 * i ? p->bits - 8 * i : 0;
        buf_printf(out, "%02x", p->ip.bytes[i] | (last ? 0xffu >> own : 0u));
    }
    buf_add_z(out, "'), 16)");
}

static uint32_t number_of(const struct ip_prefix *p) {
    const uint8_t *b = p->ip.bytes;
    return (uint32_t) b[0] << 24 | (uint32_t) b[1] << 16 | (uint32_t) b[2] << 8 | b[3];
}

static void put_net(struct buf *out, const struct ip_prefix *p) {
    if (p->ip.version == 4) {
        uint32_t first = number_of(p);
        buf_printf(out, "arrayExists(x -> x BETWEEN %u AND %u, v4)", first, p->bits ? first | (uint32_t) (0xffffffffull >> p->bits) : UINT32_MAX);
        return;
    }
    buf_add_z(out, "arrayExists(x -> x BETWEEN ");
    put_v6(out, p, false);
    buf_add_z(out, " AND ");
    put_v6(out, p, true);
    buf_add_z(out, ", v6)");
}

static void put_cond(struct buf *out, const struct index_cond *c);

static bool is_v4_address(const struct index_cond *c) {
    return c->kind == INDEX_NET && c->net.ip.version == 4 && c->net.bits == 32;
}

/* A list of addresses is one set, however the query nests it. */
static size_t put_v4_set(struct buf *out, const struct index_cond *c, size_t n) {
    if (c->kind == INDEX_ANY) {
        for (size_t i = 0; i < c->n; i++)
            n = put_v4_set(out, &c->sub[i], n);
    } else if (is_v4_address(c)) {
        buf_printf(out, n ? ", %u" : "arrayExists(x -> x IN (%u", number_of(&c->net));
        n++;
    }
    return n;
}

static size_t put_others(struct buf *out, const struct index_cond *c, size_t n) {
    if (c->kind == INDEX_ANY) {
        for (size_t i = 0; i < c->n; i++)
            n = put_others(out, &c->sub[i], n);
    } else if (!is_v4_address(c)) {
        if (n)
            buf_add_z(out, " OR ");
        put_cond(out, c);
        n++;
    }
    return n;
}

static void put_any(struct buf *out, const struct index_cond *c) {
    buf_add_byte(out, '(');
    size_t n = put_v4_set(out, c, 0);
    if (n)
        buf_add_z(out, "), v4)");
    put_others(out, c, n);
    buf_add_byte(out, ')');
}

static void put_cond(struct buf *out, const struct index_cond *c) {
    switch (c->kind) {
    case INDEX_ALL:
        buf_add_byte(out, '(');
        for (size_t i = 0; i < c->n; i++) {
            if (i)
                buf_add_z(out, " AND ");
            put_cond(out, &c->sub[i]);
        }
        buf_add_byte(out, ')');
        return;
    case INDEX_ANY:
        put_any(out, c);
        return;
    case INDEX_HOST:
    case INDEX_USER:
        buf_printf(out, "has(%s, ", c->kind == INDEX_HOST ? "hosts" : "users");
        put_text(out, c->text);
        buf_add_byte(out, ')');
        return;
    case INDEX_NET:
        put_net(out, &c->net);
        return;
    case INDEX_HASH:
        buf_printf(out, "has(digests, %u)", c->digest);
        return;
    case INDEX_TEXT:
        buf_add_z(out, "position(text, ");
        put_text(out, c->text);
        buf_add_z(out, ") > 0");
        return;
    case INDEX_TIME:
        buf_printf(out, "time BETWEEN %" PRId64 " AND %" PRId64, c->from_s, c->to_s);
        return;
    }
}

void index_sql_find(struct buf *out, uint64_t made, const struct index_cond *cond, const struct index_range *ranges, size_t n_ranges, size_t most) {
    buf_add_z(out, "SELECT kind, segment, if(kind = 1, 0, n) AS k, min(n), max(n + width), max(place), sum(width), max(rough) FROM " TABLE);
    buf_printf(out, " WHERE made = %" PRIu64, made);
    for (size_t i = 0; i < n_ranges; i++)
        buf_printf(out, "%ssegment BETWEEN %" PRIu32 " AND %" PRIu32, i ? " OR " : " AND (", ranges[i].first, ranges[i].last);
    buf_printf(out, "%s AND (kind %s", n_ranges ? ")" : "", cond ? "> 0" : "= 1");
    if (cond) {
        buf_add_z(out, " OR rough = 1 OR ");
        put_cond(out, cond);
    }
    buf_printf(out, ") GROUP BY kind, segment, k ORDER BY kind DESC, segment, k LIMIT %zu FORMAT RowBinary", most);
}

/* ---- what may stand in a statement ---- */

static const char *const words[] = {
    "CREATE", "TABLE", "IF", "NOT", "EXISTS", "ENGINE", "MergeTree", "PARTITION", "BY", "ORDER", "CODEC", "ZSTD", "Delta", "DoubleDelta",
    "INSERT", "INTO", "FORMAT", "RowBinary", "TRUNCATE", "ALTER", "DROP", "DELETE", "SELECT", "FROM", "WHERE", "AND", "OR", "GROUP", "DESC",
    "LIMIT", "AS", "IN", "BETWEEN", "UInt8", "UInt32", "UInt64", "Int64", "String", "FixedString", "Array", "LowCardinality", "intDiv",
    "if", "min", "max", "sum", "has", "arrayExists", "position", "unhex", "toFixedString", "x", "k", TABLE, "made", "kind", "segment",
    "n", "width", "place", "rough", "time", "source", "hosts", "users", "v4", "v6", "digests", "text",
};

static bool is_known(struct str word) {
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq_z(word, words[i]))
            return true;
    return false;
}

static bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || ascii_digit(c);
}

/* Behind the closing quotation mark; 0 when there is none. As ClickHouse reads it: a backslash takes the next byte
 * with it, two marks are one. */
static size_t behind_text(struct str s, size_t at) {
    for (at++; at < s.n; at++) {
        if (s.p[at] == '\\')
            at++;
        else if (s.p[at] == '\'' && at + 1 < s.n && s.p[at + 1] == '\'')
            at++;
        else if (s.p[at] == '\'')
            return at + 1;
    }
    return 0;
}

bool index_sql_permitted(struct str s) {
    size_t at = 0;
    while (at < s.n) {
        char c = s.p[at];
        if (c == '\'') {
            at = behind_text(s, at);
            if (!at)
                return false;
        } else if (is_name_char(c)) {
            size_t from = at;
            bool number = true;
            for (; at < s.n && is_name_char(s.p[at]); at++)
                number = number && ascii_digit(s.p[at]);
            if (!number && !is_known(str_n(s.p + from, at - from)))
                return false;
        } else {
            if (!c || !strchr(" (),=<>+-", c) || (c == '-' && at + 1 < s.n && s.p[at + 1] == '-'))
                return false;
            at++;
        }
    }
    return s.n > 0;
}

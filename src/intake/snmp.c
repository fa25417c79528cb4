#include "intake/snmp.h"

#include "base/hash.h"
#include "base/ip.h"
#include "base/json.h"
#include "base/limits.h"

enum {
    INTEGER = 0x02, OCTETS = 0x04, NOTHING = 0x05, OID = 0x06, SEQUENCE = 0x30,
    ADDRESS = 0x40, COUNTER32 = 0x41, GAUGE32 = 0x42, TICKS = 0x43, OPAQUE = 0x44, COUNTER64 = 0x46,
    INFORM = 0xa6, TRAP2 = 0xa7, TRAP1 = 0xa4,
    OID_BYTES_MAX = 512, /* 128 parts (RFC 2578) of up to 5 bytes are more; nobody has them */
    OID_TEXT = 4 * OID_BYTES_MAX,
    HEX_BYTES_MAX = 2048,
};

/* A value and what is behind it. */
static int next(struct str *s, unsigned *ret_tag, struct str *ret_value) {
    size_t n, at = 2;
    if (s->n < 2 || ((unsigned char) s->p[0] & 0x1f) == 0x1f) /* tags of several bytes: not in SNMP */
        return -ERR_PARSE;
    n = (unsigned char) s->p[1];
    if (n & 0x80) {
        size_t bytes = n & 0x7f;
        if (bytes == 0 || bytes > 4 || s->n < 2 + bytes)
            return -ERR_PARSE;
        for (n = 0; bytes--; at++)
            n = n << 8 | (unsigned char) s->p[at];
    }
    if (n > s->n - at)
        return -ERR_PARSE;
    *ret_tag = (unsigned char) s->p[0];
    *ret_value = str_n(s->p + at, n);
    *s = str_from(*s, at + n);
    return 0;
}

static int want(struct str *s, unsigned tag, struct str *ret) {
    unsigned have;
    int r = next(s, &have, ret);
    return r < 0 ? r : have == tag ? 0 : -ERR_PARSE;
}

static bool number(struct str v, bool is_signed, int64_t *ret) {
    if (v.n == 0 || v.n > 9 || (v.n == 9 && v.p[0] != 0)) /* a counter of 64 bits may have a zero in front */
        return false;
    uint64_t n = is_signed && (v.p[0] & 0x80) ? UINT64_MAX : 0;
    for (size_t i = 0; i < v.n; i++)
        n = n << 8 | (unsigned char) v.p[i];
    *ret = (int64_t) n;
    return true;
}

static int want_number(struct str *s, unsigned tag, int64_t *ret) {
    struct str v;
    int r = want(s, tag, &v);
    return r < 0 ? r : number(v, tag == INTEGER, ret) ? 0 : -ERR_PARSE;
}

static int oid_text(struct str v, char dst[OID_TEXT]) {
    size_t n = 0;
    uint64_t part = 0;
    bool first = true;
    if (v.n == 0 || v.n > OID_BYTES_MAX)
        return -ERR_PARSE;
    for (size_t i = 0; i < v.n; i++) {
        part = part << 7 | ((unsigned char) v.p[i] & 0x7f);
        if (part > UINT32_MAX)
            return -ERR_PARSE;
        if ((unsigned char) v.p[i] & 0x80)
            continue;
        if (first)
            n = (size_t) snprintf(dst, OID_TEXT, "%u.%u", (unsigned) MIN(part / 40, UINT64_C(2)),
                                  (unsigned) (part - 40 * MIN(part / 40, UINT64_C(2))));
        else
            n += (size_t) snprintf(dst + n, OID_TEXT - n, ".%u", (unsigned) part);
        if (n > OID_TEXT - 16)
            return -ERR_LIMIT;
        first = false;
        part = 0;
    }
    return (unsigned char) v.p[v.n - 1] & 0x80 ? -ERR_PARSE : 0;
}

static void put_bytes(struct jsonw *w, struct str v) {
    char hex[2 + 2 * HEX_BYTES_MAX + 1] = "0x";
    bool text = true;
    for (size_t i = 0; i < v.n && text; i++)
        text = (unsigned char) v.p[i] >= 0x20 || strchr("\t\r\n", v.p[i]);
    if (text) { /* of whatever encoding: the writer shows what is no UTF-8 */
        jsonw_str(w, v);
        return;
    }
    size_t n = MIN(v.n, (size_t) HEX_BYTES_MAX);
    hex_encode((const uint8_t *) v.p, n, hex + 2);
    jsonw_str(w, str_of(hex));
}

static void put_address(struct jsonw *w, struct str v) {
    struct ip ip = {.version = 4};
    char text[IP_CAP];
    if (v.n != 4) {
        put_bytes(w, v);
        return;
    }
    memcpy(ip.bytes, v.p, 4);
    ip_format(&ip, text);
    jsonw_str(w, str_of(text));
}

static int put_value(struct jsonw *w, unsigned tag, struct str v) {
    char oid[OID_TEXT];
    int64_t n;
    switch (tag) {
    case INTEGER:
    case COUNTER32:
    case GAUGE32:
    case TICKS:
    case COUNTER64:
        if (!number(v, tag == INTEGER, &n))
            return -ERR_PARSE;
        if (tag == INTEGER)
            jsonw_i64(w, n);
        else
            jsonw_u64(w, (uint64_t) n);
        return 0;
    case OID:
        if (oid_text(v, oid) < 0)
            return -ERR_PARSE;
        jsonw_str(w, str_of(oid));
        return 0;
    case ADDRESS:
        put_address(w, v);
        return 0;
    case OCTETS:
    case OPAQUE:
        put_bytes(w, v);
        return 0;
    default: /* nothing, no such object */
        jsonw_null(w);
        return 0;
    }
}

static const char UPTIME_OID[] = "1.3.6.1.2.1.1.3.0", TRAP_OID[] = "1.3.6.1.6.3.1.1.4.1.0";

/* Variables; of v2 and v3 the first two say when and what. */
static int put_variables(struct jsonw *w, struct str list) {
    char oid[OID_TEXT], what[OID_TEXT] = "";
    int64_t uptime = -1;
    struct str pair, name, v;
    unsigned tag;
    int r = 0;
    jsonw_key(w, STR("snmp.vars"));
    jsonw_object(w);
    while (list.n) {
        if ((r = want(&list, SEQUENCE, &pair)) < 0 || (r = want(&pair, OID, &name)) < 0 ||
            (r = oid_text(name, oid)) < 0 || (r = next(&pair, &tag, &v)) < 0)
            return r;
        if (strcmp(oid, UPTIME_OID) == 0 && tag == TICKS) {
            (void) number(v, false, &uptime);
        } else if (strcmp(oid, TRAP_OID) == 0 && tag == OID) {
            if ((r = oid_text(v, what)) < 0)
                return r;
        } else {
            jsonw_key(w, str_of(oid));
            if ((r = put_value(w, tag, v)) < 0)
                return r;
        }
    }
    jsonw_end(w);
    if (what[0])
        jsonw_kz(w, "snmp.trap_oid", what);
    if (uptime >= 0)
        jsonw_ki64(w, "snmp.uptime", uptime);
    return 0;
}

static int trap1(struct jsonw *w, struct str pdu) {
    char enterprise[OID_TEXT], what[OID_TEXT + 32];
    struct str oid, agent, list;
    int64_t generic, specific, ticks;
    int r = want(&pdu, OID, &oid);
    if (r < 0 || (r = oid_text(oid, enterprise)) < 0 || (r = want(&pdu, ADDRESS, &agent)) < 0 ||
        (r = want_number(&pdu, INTEGER, &generic)) < 0 || (r = want_number(&pdu, INTEGER, &specific)) < 0 ||
        (r = want_number(&pdu, TICKS, &ticks)) < 0 || (r = want(&pdu, SEQUENCE, &list)) < 0)
        return r;
    if (generic >= 0 && generic < 6)
        snprintf(what, sizeof what, "1.3.6.1.6.3.1.1.5.%d", (int) generic + 1);
    else
        snprintf(what, sizeof what, "%s.0.%lld", enterprise, (long long) specific);
    jsonw_kz(w, "snmp.type", "trap");
    jsonw_kz(w, "snmp.trap_oid", what);
    jsonw_kz(w, "snmp.enterprise", enterprise);
    jsonw_ki64(w, "snmp.uptime", ticks);
    jsonw_key(w, STR("host.ip"));
    put_address(w, agent);
    return put_variables(w, list);
}

static int pdu2(struct jsonw *w, unsigned tag, struct str pdu) {
    int64_t id, status, index;
    struct str list;
    int r = want_number(&pdu, INTEGER, &id);
    if (r < 0 || (r = want_number(&pdu, INTEGER, &status)) < 0 || (r = want_number(&pdu, INTEGER, &index)) < 0 ||
        (r = want(&pdu, SEQUENCE, &list)) < 0)
        return r;
    jsonw_kz(w, "snmp.type", tag == INFORM ? "inform" : "trap");
    return put_variables(w, list);
}

static int any_pdu(struct jsonw *w, struct str *in, unsigned *ret_tag) {
    struct str pdu;
    int r = next(in, ret_tag, &pdu);
    if (r < 0)
        return r;
    if (*ret_tag == TRAP1)
        return trap1(w, pdu);
    return *ret_tag == TRAP2 || *ret_tag == INFORM ? pdu2(w, *ret_tag, pdu) : -ERR_PARSE;
}

static int version3(struct jsonw *w, struct str message) {
    struct str header, flags, security, usm, engine, user, scoped, v;
    int64_t n;
    unsigned tag;
    char hex[65];
    int r = want(&message, SEQUENCE, &header);
    if (r < 0 || (r = want_number(&header, INTEGER, &n)) < 0 || (r = want_number(&header, INTEGER, &n)) < 0 ||
        (r = want(&header, OCTETS, &flags)) < 0 || flags.n != 1 || (r = want(&message, OCTETS, &security)) < 0 ||
        (r = want(&security, SEQUENCE, &usm)) < 0 || (r = want(&usm, OCTETS, &engine)) < 0 ||
        (r = want_number(&usm, INTEGER, &n)) < 0 || (r = want_number(&usm, INTEGER, &n)) < 0 ||
        (r = want(&usm, OCTETS, &user)) < 0 || (r = next(&message, &tag, &scoped)) < 0)
        return r < 0 ? r : -ERR_PARSE;
    hex_encode((const uint8_t *) engine.p, MIN(engine.n, (size_t) 32), hex);
    jsonw_kz(w, "snmp.engine", hex);
    jsonw_kstr(w, "snmp.user", user);
    jsonw_kz(w, "snmp.security", flags.p[0] & 2   ? "encrypted, not read"
                                 : flags.p[0] & 1 ? "signed, not checked"
                                                  : "none");
    if (tag == OCTETS)
        return 0;
    if (tag != SEQUENCE || (r = want(&scoped, OCTETS, &v)) < 0 || (r = want(&scoped, OCTETS, &v)) < 0)
        return -ERR_PARSE;
    return any_pdu(w, &scoped, &tag);
}

int snmp_notification(struct str datagram, struct buf *line, size_t *ret_inform, struct diag *reterr) {
    struct str in = datagram, message, community;
    struct jsonw w;
    int64_t version;
    unsigned tag = 0;
    *ret_inform = 0;
    buf_clear(line);
    jsonw_init(&w, line);
    int r = want(&in, SEQUENCE, &message);
    if (r == 0)
        r = want_number(&message, INTEGER, &version);
    if (r == 0 && version != 0 && version != 1 && version != 3)
        r = -ERR_PARSE;
    if (r == 0) {
        jsonw_object(&w);
        jsonw_kz(&w, "event.dataset", "snmp.trap");
        jsonw_kz(&w, "snmp.version", version == 0 ? "1" : version == 1 ? "2c" : "3");
        if (version == 3) {
            r = version3(&w, message);
        } else if ((r = want(&message, OCTETS, &community)) == 0) {
            size_t at = (size_t) (message.p - datagram.p);
            r = any_pdu(&w, &message, &tag);
            *ret_inform = tag == INFORM ? at : 0;
        }
    }
    if (r < 0 || buf_error(line))
        return diag_set(reterr, r < 0 ? r : -ERR_LIMIT, "not a notification of SNMP");
    jsonw_end(&w);
    return buf_error(line) ? -ERR_LIMIT : 0;
}

#include "detect/modifier.h"

/* What a modifier works on decides with which others it may stand. */
enum group {
    GROUP_ANY,   /* all, neq, cased: with everything */
    GROUP_SHAPE, /* startswith…: texts and field references */
    GROUP_TEXT,  /* transforms a text */
    GROUP_RE,
    GROUP_RE_FLAG,
    GROUP_EXISTS,
    GROUP_COMPARE,
    GROUP_TIME,
    GROUP_CIDR,
    GROUP_EXPAND,
    GROUP_FIELDREF,
};
static const struct {
    const char *name;
    enum group group;
    int value;
} table[MOD_MAX_] = {
    [MOD_ALL] = {"all", GROUP_ANY, 0},
    [MOD_NEQ] = {"neq", GROUP_ANY, 0},
    [MOD_CASED] = {"cased", GROUP_ANY, 0},
    [MOD_STARTSWITH] = {"startswith", GROUP_SHAPE, 0},
    [MOD_ENDSWITH] = {"endswith", GROUP_SHAPE, 0},
    [MOD_CONTAINS] = {"contains", GROUP_SHAPE, 0},
    [MOD_EXISTS] = {"exists", GROUP_EXISTS, 0},
    [MOD_WINDASH] = {"windash", GROUP_TEXT, 0},
    [MOD_RE] = {"re", GROUP_RE, 0},
    [MOD_RE_I] = {"i", GROUP_RE_FLAG, DETECT_RE_I},
    [MOD_RE_M] = {"m", GROUP_RE_FLAG, DETECT_RE_M},
    [MOD_RE_S] = {"s", GROUP_RE_FLAG, DETECT_RE_S},
    [MOD_BASE64] = {"base64", GROUP_TEXT, 0},
    [MOD_BASE64OFFSET] = {"base64offset", GROUP_TEXT, 0},
    [MOD_UTF16] = {"utf16", GROUP_TEXT, 0},
    [MOD_UTF16LE] = {"utf16le", GROUP_TEXT, 0},
    [MOD_UTF16BE] = {"utf16be", GROUP_TEXT, 0},
    [MOD_WIDE] = {"wide", GROUP_TEXT, 0},
    [MOD_LT] = {"lt", GROUP_COMPARE, DETECT_LT},
    [MOD_LTE] = {"lte", GROUP_COMPARE, DETECT_LTE},
    [MOD_GT] = {"gt", GROUP_COMPARE, DETECT_GT},
    [MOD_GTE] = {"gte", GROUP_COMPARE, DETECT_GTE},
    [MOD_MINUTE] = {"minute", GROUP_TIME, DETECT_MINUTE},
    [MOD_HOUR] = {"hour", GROUP_TIME, DETECT_HOUR},
    [MOD_DAY] = {"day", GROUP_TIME, DETECT_DAY},
    [MOD_WEEK] = {"week", GROUP_TIME, DETECT_WEEK},
    [MOD_MONTH] = {"month", GROUP_TIME, DETECT_MONTH},
    [MOD_YEAR] = {"year", GROUP_TIME, DETECT_YEAR},
    [MOD_CIDR] = {"cidr", GROUP_CIDR, 0},
    [MOD_EXPAND] = {"expand", GROUP_EXPAND, 0},
    [MOD_FIELDREF] = {"fieldref", GROUP_FIELDREF, 0},
};

static int find(struct str name) {
    for (int i = 0; i < MOD_MAX_; i++)
        if (str_eq_z(name, table[i].name))
            return i;
    return -1;
}

/* Sets the kind, which only one modifier may do (a time part and a comparison are one together). */
static bool take_kind(struct modifiers *m, enum modifier_kind kind, bool again) {
    if (m->kind != KIND_TEXT && !(m->kind == kind && again))
        return false;
    m->kind = kind;
    return true;
}

static bool apply(struct modifiers *m, enum modifier_id id) {
    int value = table[id].value;
    bool fresh;
    switch (table[id].group) {
    case GROUP_ANY:
        m->all |= id == MOD_ALL;
        m->neq |= id == MOD_NEQ;
        m->cased |= id == MOD_CASED;
        return true;
    case GROUP_RE_FLAG:
        m->re_flags |= (uint8_t) value;
        return m->kind == KIND_RE;
    case GROUP_RE:
        return take_kind(m, KIND_RE, false);
    case GROUP_EXISTS:
        return take_kind(m, KIND_EXISTS, false);
    case GROUP_COMPARE:
        fresh = m->compare == DETECT_EQ;
        m->compare = (enum detect_compare) value;
        return take_kind(m, KIND_NUMBER, m->time_part) && fresh;
    case GROUP_TIME:
        fresh = m->time_part == DETECT_NOT_TIME;
        m->time_part = (enum detect_time_part) value;
        return take_kind(m, KIND_NUMBER, m->compare) && fresh;
    case GROUP_CIDR:
        return take_kind(m, KIND_CIDR, false);
    case GROUP_FIELDREF:
        return take_kind(m, KIND_FIELDREF, false);
    case GROUP_EXPAND:
        m->expand = true;
        return true;
    default:
        return true;
    }
}

/* Which modifiers stand beside which kind of value. */
static bool fits(const struct modifiers *m, enum modifier_id id) {
    enum group g = table[id].group;
    if (g == GROUP_TEXT)
        return m->kind == KIND_TEXT;
    if (g == GROUP_SHAPE)
        return m->kind == KIND_TEXT || m->kind == KIND_FIELDREF ||
               (m->kind == KIND_RE && id == MOD_CONTAINS);
    if (g == GROUP_EXPAND)
        return m->kind == KIND_TEXT || m->kind == KIND_CIDR || m->kind == KIND_RE;
    if (m->kind == KIND_EXISTS)
        return g == GROUP_EXISTS || id == MOD_NEQ;
    return true;
}

int modifiers_parse(struct compile *c, const struct yaml_node *key, struct modifiers *ret) {
    struct str rest = key->text, word;
    *ret = (struct modifiers){.field = STR("")};
    (void) str_split(&rest, '|', &ret->field);
    ret->written = str_from(key->text, ret->field.n + 1);
    ret->field = str_trim(ret->field);
    while (str_split(&rest, '|', &word)) {
        int id = find(str_trim(word));
        if (id < 0)
            return compile_error(c, -ERR_UNSUPPORTED, key,
                                 "unknown modifier '%.*s'; remove it or see the list of Sigma 2.1",
                                 STR_ARG(word));
        if (ret->n == MODIFIERS_MAX)
            return compile_error(c, -ERR_LIMIT, key, "more than %d modifiers; remove some",
                                 MODIFIERS_MAX);
        ret->at[ret->n++] = (enum modifier_id) id;
        if (!apply(ret, (enum modifier_id) id))
            return compile_error(c, -ERR_PARSE, key,
                                 table[id].group == GROUP_RE_FLAG
                                     ? "the modifier '%s' needs 're' before it"
                                     : "the modifier '%s' contradicts the ones before it; keep one",
                                 table[id].name);
    }
    for (uint32_t i = 0; i < ret->n; i++)
        if (!fits(ret, ret->at[i]))
            return compile_error(c, -ERR_PARSE, key,
                                 "the modifier '%s' does not go with the others here; %s",
                                 table[ret->at[i]].name,
                                 ret->kind == KIND_RE ? "write it into the expression with ^ or $"
                                                      : "split the test into two selections");
    return 0;
}

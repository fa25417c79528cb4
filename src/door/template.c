#include "door/template.h"

#include "base/json.h"

/* Cuts the next piece off: text, or with *ret_name.p set a variable. */
static int next_piece(struct str *rest, struct str *ret_text, struct str *ret_name, struct diag *err) {
    ptrdiff_t at = str_find(*rest, STR("{{"), 0);
    *ret_name = STR_NULL;
    *ret_text = at < 0 ? *rest : str_to(*rest, (size_t) at);
    *rest = at < 0 ? str_from(*rest, rest->n) : str_from(*rest, (size_t) at + 2);
    if (at < 0)
        return 0;
    ptrdiff_t end = str_find(*rest, STR("}}"), 0);
    if (end < 0)
        return diag_set(err, -ERR_PARSE, "a '{{' has no '}}'");
    *ret_name = str_trim(str_to(*rest, (size_t) end));
    *rest = str_from(*rest, (size_t) end + 2);
    for (size_t i = 0; i < ret_name->n; i++) {
        char c = ret_name->p[i];
        if (!ascii_digit(c) && c != '_' && c != '.' && !(c >= 'a' && c <= 'z'))
            return diag_set(err, -ERR_PARSE, "'{{%.*s}}' is no name of a variable: small letters, digits, '_' and '.'", STR_ARG(*ret_name));
    }
    return ret_name->n ? 0 : diag_set(err, -ERR_PARSE, "'{{}}' names nothing");
}

static void add_json(struct buf *out, struct str s) {
    struct buf quoted;
    buf_init(&quoted, out->max);
    json_quote(&quoted, s);
    struct str q = buf_str(&quoted);
    if (buf_error(&quoted) || q.n < 2)
        out->error = out->error ? out->error : -ENOMEM;
    else
        buf_add(out, str_n(q.p + 1, q.n - 2));
    buf_done(&quoted);
}

static void add_form(struct buf *out, struct str s) {
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char) s.p[i];
        bool plain = ascii_digit((char) c) || (ascii_lower((char) c) >= 'a' && ascii_lower((char) c) <= 'z') || (c && strchr("-._~", c));
        if (plain) {
            buf_add_byte(out, (char) c);
        } else {
            buf_add_byte(out, '%');
            buf_add_byte(out, hex[c >> 4]);
            buf_add_byte(out, hex[c & 15]);
        }
    }
}

static int add_value(struct buf *out, struct str s, enum door_place place, struct str name, struct diag *err) {
    switch (place) {
    case DOOR_IN_JSON:
        add_json(out, s);
        break;
    case DOOR_IN_FORM:
        add_form(out, s);
        break;
    case DOOR_IN_XML:
        buf_add_html(out, s);
        break;
    case DOOR_IN_HEADER:
    case DOOR_IN_PLAIN:
        for (size_t i = 0; i < s.n; i++)
            if (!s.p[i] || (place == DOOR_IN_HEADER && ((unsigned char) s.p[i] < ' ' || s.p[i] == 0x7f)))
                return diag_set(err, -ERR_REFUSED, "'%.*s' holds a control character, which cannot stand there", STR_ARG(name));
        buf_add(out, s);
    }
    return 0;
}

int door_template_expand(struct buf *out, struct str template, enum door_place place, door_lookup_fn *lookup, void *ctx, struct diag *reterr) {
    for (struct str rest = template, text, name, value; rest.n;) {
        int e = next_piece(&rest, &text, &name, reterr);
        if (e < 0)
            return e;
        buf_add(out, text);
        if (!name.p)
            continue;
        if (!lookup(ctx, name, &value))
            return diag_set(reterr, -ERR_REFUSED, "the message has no '%.*s', which the template of this way asks for", STR_ARG(name));
        if ((e = add_value(out, value, place, name, reterr)) < 0)
            return e;
    }
    int e = buf_error(out);
    return e < 0 ? diag_set(reterr, e, "the message does not fit: %s", err_word(e)) : 0;
}

int door_template_check(struct str template, size_t *first_variable, struct diag *reterr) {
    size_t first = template.n;
    for (struct str rest = template, text, name; rest.n;) {
        int e = next_piece(&rest, &text, &name, reterr);
        if (e < 0)
            return e;
        if (name.p && first == template.n)
            first = (size_t) (text.p - template.p) + text.n;
    }
    if (first_variable)
        *first_variable = first;
    return 0;
}

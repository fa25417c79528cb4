// simdjson's DOM reader behind a C function, for test_agrees.c. It checks the whole text, unlike On-Demand.
#include <cstdint>
#include <cstring>
#include <simdjson.h>
#include <string>

using namespace simdjson;

extern "C" {
// kind: 's' string, 'w' word, 'e' empty container, 'i' 'u' 'd' number, whose eight bytes are the text
typedef void yard_leaf(void *ctx, const char *path, size_t n_path, char kind, const char *text, size_t n);
int yard_walk(const char *p, size_t n, yard_leaf *leaf, void *ctx);
const char *yard_error(int code);
int yard_is_about_numbers(int code);
int yard_is_about_strings(int code);
}

struct walker {
    yard_leaf *leaf;
    void *ctx;
    std::string path;

    template <class T> void number(char kind, T v) {
        char bytes[8];
        memcpy(bytes, &v, 8);
        leaf(ctx, path.data(), path.size(), kind, bytes, 8);
    }
    void text(char kind, std::string_view s) { leaf(ctx, path.data(), path.size(), kind, s.data(), s.size()); }

    void walk(dom::element e) {
        switch (e.type()) {
        case dom::element_type::ARRAY: {
            dom::array a = e.get_array().value_unsafe();
            if (a.begin() == a.end())
                text('e', "");
            for (dom::element x : a)
                walk(x);
            break;
        }
        case dom::element_type::OBJECT: {
            dom::object o = e.get_object().value_unsafe();
            bool empty = true;
            for (dom::key_value_pair m : o) {
                size_t n = path.size();
                if (n)
                    path += '.';
                path += m.key;
                walk(m.value);
                path.resize(n);
                empty = false;
            }
            if (empty)
                text('e', "");
            break;
        }
        case dom::element_type::INT64:
            number('i', e.get_int64().value_unsafe());
            break;
        case dom::element_type::UINT64:
            number('u', e.get_uint64().value_unsafe());
            break;
        case dom::element_type::DOUBLE:
            number('d', e.get_double().value_unsafe());
            break;
        case dom::element_type::STRING:
            text('s', e.get_string().value_unsafe());
            break;
        case dom::element_type::BOOL:
            text('w', e.get_bool().value_unsafe() ? "true" : "false");
            break;
        case dom::element_type::NULL_VALUE:
            text('w', "null");
            break;
        }
    }
};

int yard_walk(const char *p, size_t n, yard_leaf *leaf, void *ctx) {
    static dom::parser parser;
    dom::element root;
    error_code e = parser.parse(p, n, true).get(root);
    if (e)
        return e;
    walker w{leaf, ctx, {}};
    w.walk(root);
    return 0;
}
const char *yard_error(int code) { return error_message(error_code(code)); }
int yard_is_about_numbers(int code) { return code == NUMBER_ERROR; }
int yard_is_about_strings(int code) { return code == STRING_ERROR; }

// The same work as bench/json.c by simdjson's On-Demand reader: every leaf, every string unescaped, every key
// unescaped. A yardstick only; nothing in src/ uses it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <simdjson.h>
#include <string_view>
#include <sys/resource.h>

using namespace simdjson;

struct sums {
    uint64_t leaves = 0, bytes = 0, path_bytes = 0;
};

static double cpu_s() {
    rusage u;
    getrusage(RUSAGE_SELF, &u);
    return double(u.ru_utime.tv_sec) + double(u.ru_stime.tv_sec) +
           double(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

template <class V> static error_code visit(V v, sums &s) {
    ondemand::json_type t;
    if (auto e = v.type().get(t))
        return e;
    if (t == ondemand::json_type::object) {
        ondemand::object o;
        bool empty = true;
        if (auto e = v.get_object().get(o))
            return e;
        for (auto f : o) {
            std::string_view key;
            ondemand::value child;
            empty = false;
            if (auto e = f.unescaped_key().get(key))
                return e;
            if (auto e = f.value().get(child))
                return e;
            s.path_bytes += key.size();
            if (auto e = visit(child, s))
                return e;
        }
        s.leaves += empty;
        return SUCCESS;
    }
    if (t == ondemand::json_type::array) {
        ondemand::array a;
        bool empty = true;
        if (auto e = v.get_array().get(a))
            return e;
        for (auto x : a) {
            ondemand::value child;
            empty = false;
            if (auto e = x.get(child))
                return e;
            if (auto e = visit(child, s))
                return e;
        }
        s.leaves += empty;
        return SUCCESS;
    }
    s.leaves++;
    if (t == ondemand::json_type::string) {
        std::string_view z;
        if (auto e = v.get_string().get(z))
            return e;
        s.bytes += z.size();
        return SUCCESS;
    }
    std::string_view raw = v.raw_json_token();
    while (!raw.empty() && (raw.back() == ' ' || raw.back() == '\r'))
        raw.remove_suffix(1);
    s.bytes += raw.size();
    if (t == ondemand::json_type::number) {
        double d;
        return v.get_double().get(d);
    }
    return SUCCESS;
}

int main(int argc, char **argv) {
    double seconds = argc > 2 ? strtod(argv[2], nullptr) : 3;
    padded_string in;
    if (argc < 2 || padded_string::load(argv[1]).get(in))
        return 2;
    ondemand::parser parser;
    double start = cpu_s(), best = 1e9, last = start;
    uint64_t lines, bad, passes = 0;
    sums s;
    do {
        const char *p = in.data(), *end = p + in.size();
        s = sums();
        lines = bad = 0;
        while (p < end) {
            const char *nl = static_cast<const char *>(memchr(p, '\n', size_t(end - p)));
            size_t n = size_t((nl ? nl : end) - p);
            ondemand::document doc;
            if (n) {
                lines++;
                if (parser.iterate(p, n, size_t(end - p) + SIMDJSON_PADDING).get(doc))
                    bad++;
                else
                    bad += visit<ondemand::document &>(doc, s) != SUCCESS;
            }
            p += n + 1;
        }
        double now = cpu_s();
        if (now - last < best)
            best = now - last;
        last = now;
        passes++;
    } while (last - start < seconds);
    printf("{\"reader\":\"simdjson %s (%s)\",\"lines\":%llu,\"bad\":%llu,\"leaves\":%llu,\"leaf_bytes\":%llu,"
           "\"bytes\":%zu,\"passes\":%llu,\"lines_per_cpu_s\":%.0f,\"gb_per_cpu_s\":%.3f}\n",
           SIMDJSON_STRINGIFY(SIMDJSON_VERSION), get_active_implementation()->name().c_str(),
           (unsigned long long) lines, (unsigned long long) bad, (unsigned long long) s.leaves,
           (unsigned long long) s.bytes, in.size(), (unsigned long long) passes, double(lines) / best,
           double(in.size()) / best / 1e9);
}

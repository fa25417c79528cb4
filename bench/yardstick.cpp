// The yardstick of ./dev bench sigma: what reading an event costs with simdjson's On-Demand. Each line is parsed,
// every string in it unescaped, every name looked up in the table of names the rules ask for (`kizuki rule
// fields`), and what is found noted; nested objects are dotted, elements of arrays stand under the array's name.
// It judges nothing. The file is in memory before the clock starts. A yardstick only; nothing in src/ uses it.
//
// usage: bench_yardstick FILE FIELDS [PASSES]   (the best pass counts)
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <vector>

using namespace simdjson;

static double cpu_s() {
    rusage u;
    getrusage(RUSAGE_SELF, &u);
    return double(u.ru_utime.tv_sec) + double(u.ru_stime.tv_sec) +
           double(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

// Open addressing, a quarter full; the hash reads length, first and last eight bytes.
class names {
  public:
    explicit names(std::vector<std::string> all) : texts(std::move(all)) {
        size_t n = 64;
        while (n < texts.size() * 4)
            n *= 2;
        slots.assign(n, 0);
        for (size_t i = 0; i < texts.size(); i++) {
            size_t at = hash(texts[i]) & (n - 1);
            while (slots[at])
                at = (at + 1) & (n - 1);
            slots[at] = uint32_t(i + 1);
        }
    }
    uint32_t find(std::string_view s) const {
        for (size_t at = hash(s) & (slots.size() - 1); slots[at]; at = (at + 1) & (slots.size() - 1))
            if (texts[slots[at] - 1] == s)
                return slots[at];
        return 0;
    }

  private:
    static uint64_t load(const char *p, size_t n) {
        uint64_t v = 0;
        memcpy(&v, p, n < 8 ? n : 8);
        return v;
    }
    static size_t hash(std::string_view s) {
        uint64_t first, last;
        if (s.size() >= 8) {
            memcpy(&first, s.data(), 8);
            memcpy(&last, s.data() + s.size() - 8, 8);
        } else {
            first = load(s.data(), s.size());
            last = 0;
        }
        uint64_t h = (first ^ s.size() * 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd + last;
        h *= 0xc4ceb9fe1a85ec53;
        return size_t(h >> 32);
    }
    std::vector<std::string> texts;
    std::vector<uint32_t> slots;
};

struct found {
    uint32_t name;
    std::string_view value;
};

struct reader {
    const names &asked;
    std::vector<found> event;
    std::string path;
    uint64_t leaves = 0, bytes = 0, looked_up = 0;

    template <class V> error_code leaf(V v, ondemand::json_type t, uint32_t name) {
        std::string_view z;
        if (t == ondemand::json_type::string) {
            if (auto e = v.get_string().get(z))
                return e;
        } else {
            z = v.raw_json_token();
        }
        leaves++;
        bytes += z.size();
        if (name)
            event.push_back({name, z});
        return SUCCESS;
    }

    error_code array(ondemand::array a, uint32_t name) {
        for (auto x : a) {
            ondemand::value v;
            ondemand::json_type t;
            if (auto e = x.get(v))
                return e;
            if (auto e = v.type().get(t))
                return e;
            if (auto e = value(v, t, name))
                return e;
        }
        return SUCCESS;
    }

    error_code value(ondemand::value v, ondemand::json_type t, uint32_t name) {
        if (t == ondemand::json_type::object) {
            ondemand::object o;
            if (auto e = v.get_object().get(o))
                return e;
            return object(o);
        }
        if (t == ondemand::json_type::array) {
            ondemand::array a;
            if (auto e = v.get_array().get(a))
                return e;
            return array(a, name);
        }
        return leaf(v, t, name);
    }

    error_code object(ondemand::object o) {
        for (auto f : o) {
            std::string_view key;
            ondemand::value v;
            ondemand::json_type t;
            if (auto e = f.unescaped_key().get(key))
                return e;
            if (auto e = f.value().get(v))
                return e;
            if (auto e = v.type().get(t))
                return e;
            size_t outer = path.size();
            if (outer || t == ondemand::json_type::object) {
                path.append(key);
                key = path;
            }
            if (t == ondemand::json_type::object)
                path.push_back('.');
            uint32_t name = t == ondemand::json_type::object ? 0 : asked.find(key);
            if (auto e = value(v, t, name))
                return e;
            path.resize(outer);
        }
        return SUCCESS;
    }

    error_code line(ondemand::document &doc) {
        ondemand::object o;
        event.clear();
        path.clear();
        if (auto e = doc.get_object().get(o))
            return e;
        if (auto e = object(o))
            return e;
        looked_up += event.size();
        return SUCCESS;
    }
};

int main(int argc, char **argv) {
    unsigned long passes = argc > 3 ? strtoul(argv[3], nullptr, 10) : 1;
    padded_string in;
    std::vector<std::string> all;
    if (argc < 3 || !passes || padded_string::load(argv[1]).get(in)) {
        fprintf(stderr, "usage: bench_yardstick FILE FIELDS [PASSES]\n");
        return 2;
    }
    std::ifstream fields(argv[2]);
    for (std::string name; std::getline(fields, name);)
        all.push_back(name);
    names asked(all);
    ondemand::parser parser;
    double best = 1e9;
    uint64_t lines = 0, bad = 0, leaves = 0, bytes = 0, looked_up = 0;
    while (passes--) {
        const char *p = in.data(), *end = p + in.size();
        reader r{asked, {}, {}};
        double from = cpu_s();
        lines = bad = 0;
        while (p < end) {
            const char *nl = static_cast<const char *>(memchr(p, '\n', size_t(end - p)));
            size_t n = size_t((nl ? nl : end) - p);
            ondemand::document doc;
            if (n) {
                lines++;
                bad += parser.iterate(p, n, size_t(end - p) + SIMDJSON_PADDING).get(doc) || r.line(doc);
            }
            p += n + 1;
        }
        double took = cpu_s() - from;
        best = took < best ? took : best;
        leaves = r.leaves;
        bytes = r.bytes;
        looked_up = r.looked_up;
    }
    printf("{\"reader\":\"simdjson %s (%s)\",\"lines\":%llu,\"bad\":%llu,\"leaves\":%llu,\"leaf_bytes\":%llu,"
           "\"looked_up\":%llu,\"names\":%zu,\"bytes\":%zu,\"cpu_s\":%.6f}\n",
           SIMDJSON_STRINGIFY(SIMDJSON_VERSION), get_active_implementation()->name().c_str(),
           (unsigned long long) lines, (unsigned long long) bad, (unsigned long long) leaves,
           (unsigned long long) bytes, (unsigned long long) looked_up, all.size(), in.size(), best);
}

/* parse_fields.cpp - simdjson as a contestant that only reads (contest.py has the protocol).
 *
 *     parse_fields DATA PATHS
 *
 * PATHS: one path a line, keys between dots. Each event is read by On-Demand: every key of an object on the
 * way is looked up in a trie of the paths, what is under another key is skipped. That is several times
 * faster than to ask for path after path, which begins anew for each key that is absent. Two ways to take a
 * text: `text`, unescaped, as a rule needs it, and `raw`, the slice as it is written. Neither checks what is
 * skipped; the third way does: `dom` parses all of the event, then walks it by the same trie. The next event
 * is prefetched in all; the answer is the sum of all values' bytes, so that both sides can be held against
 * each other. Nothing is decided here: this is the cost of reading alone.
 */
#include "simdjson.h"

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace simdjson;

struct node {
    std::string key;
    bool is_leaf = false;
    std::vector<node> children;
};

struct sums {
    uint64_t values = 0;
    uint64_t bytes = 0;
};

static void add_path(node &root, const std::string &path)
{
    node *at = &root;
    std::stringstream keys(path);
    for (std::string key; std::getline(keys, key, '.');) {
        node *next = nullptr;
        for (node &child : at->children)
            if (child.key == key)
                next = &child;
        if (next == nullptr) {
            at->children.push_back(node{ key, false, {} });
            next = &at->children.back();
        }
        at = next;
    }
    at->is_leaf = true;
}

static inline const node *child_of(const node &at, std::string_view key)
{
    for (const node &child : at.children)
        if (child.key.size() == key.size() && memcmp(child.key.data(), key.data(), key.size()) == 0)
            return &child;
    return nullptr;
}

static inline void add_text(std::string_view text, sums &sum)
{
    sum.values++;
    sum.bytes += text.size();
    if (!text.empty())
        sum.bytes += (unsigned char)text[0] + (unsigned char)text[text.size() - 1];
}

template <bool IS_RAW> static void read_object(ondemand::object object, const node &at, sums &sum);

template <bool IS_RAW> static void read_value(ondemand::value value, const node &at, sums &sum)
{
    switch (value.type()) {
    case ondemand::json_type::object:
        if (!at.children.empty())
            read_object<IS_RAW>(value.get_object(), at, sum);
        break;
    case ondemand::json_type::array:
        for (auto element : value.get_array())
            read_value<IS_RAW>(element.value(), at, sum);
        break;
    case ondemand::json_type::string:
        if (!at.is_leaf)
            break;
        if constexpr (IS_RAW) {
            std::string_view token = value.raw_json_token();
            add_text(token.substr(1, token.rfind('"') - 1), sum);
        } else {
            add_text(value.get_string().value(), sum);
        }
        break;
    default:
        break;
    }
}

template <bool IS_RAW> static void read_object(ondemand::object object, const node &at, sums &sum)
{
    for (auto field : object) {
        const node *child = child_of(at, field.escaped_key());
        if (child != nullptr)
            read_value<IS_RAW>(field.value(), *child, sum);
    }
}

static void walk_dom(dom::element element, const node &at, sums &sum)
{
    if (element.is_object()) {
        for (dom::key_value_pair field : dom::object(element)) {
            const node *child = child_of(at, field.key);
            if (child != nullptr)
                walk_dom(field.value, *child, sum);
        }
    } else if (element.is_array()) {
        for (dom::element each : dom::array(element))
            walk_dom(each, at, sum);
    } else if (element.is_string() && at.is_leaf) {
        add_text(element.get_string().value_unsafe(), sum);
    }
}

struct line {
    size_t at, len;
};

struct reader {
    padded_string data;
    std::vector<line> lines;
    node root;
    ondemand::parser parser;
    dom::parser dom_parser;

    const char *prepare(size_t i) const
    {
        const line &next = lines[i + 1 == lines.size() ? 0 : i + 1];
        for (size_t at = 0; at < next.len; at += 64)
            __builtin_prefetch(data.data() + next.at + at);
        return data.data() + lines[i].at;
    }

    template <bool IS_RAW> void one(size_t i, sums &sum)
    {
        const char *text = prepare(i);
        size_t room = data.size() + SIMDJSON_PADDING - lines[i].at;
        ondemand::document document = parser.iterate(text, lines[i].len, room);
        read_object<IS_RAW>(document.get_object(), root, sum);
    }

    sums pass_dom(size_t first, size_t count)
    {
        sums sum;
        for (size_t k = 0; k < count; k++) {
            size_t i = (first + k) % lines.size();
            walk_dom(dom_parser.parse(prepare(i), lines[i].len, false).value(), root, sum);
        }
        return sum;
    }

    sums pass(bool is_raw, size_t first, size_t count)
    {
        sums sum;
        for (size_t k = 0; k < count; k++) {
            size_t i = (first + k) % lines.size();
            is_raw ? one<true>(i, sum) : one<false>(i, sum);
        }
        return sum;
    }
};

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    reader reader;
    reader.data = padded_string::load(argv[1]);
    for (size_t at = 0; at < reader.data.size();) {
        const char *end = (const char *)memchr(reader.data.data() + at, '\n', reader.data.size() - at);
        size_t len = (end == nullptr ? reader.data.data() + reader.data.size() : end) - reader.data.data() - at;
        reader.lines.push_back({ at, len });
        at += len + 1;
    }
    std::ifstream paths(argv[2]);
    for (std::string path; std::getline(paths, path);)
        add_path(reader.root, path);
    std::cout << "ready 0 0 " << reader.lines.size() << " " << SIMDJSON_VERSION << " "
              << simdjson::get_active_implementation()->name() << std::endl;

    std::string verb, way;
    for (size_t first, count; std::cin >> verb >> way >> first >> count;) {
        auto began = std::chrono::steady_clock::now();
        sums sum = way == "dom" ? reader.pass_dom(first, count) : reader.pass(way == "raw", first, count);
        auto took = std::chrono::steady_clock::now() - began;
        std::cout << "pass " << std::chrono::nanoseconds(took).count() << " " << sum.bytes << " " << sum.values
                  << std::endl;
    }
    return 0;
}

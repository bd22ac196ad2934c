// SPDX-License-Identifier: MIT
// Just enough JSON to read the arguments of a call: values are slices of the text they stand in.
#include "wasmote.hpp"

#include <algorithm>
#include <charconv>

namespace {

constexpr std::string_view SPACE = " \t\r\n";

// How long the JSON value is that `json` starts with.
std::size_t value_length(std::string_view json) {
    int depth = 0;
    for (std::size_t at = 0; at < json.size(); at++) {
        char c = json[at];
        if (c == '"') {
            for (at++; at < json.size() && json[at] != '"'; at++) {
                at += json[at] == '\\';
            }
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth-- == 0) {
                return at;
            }
        } else if (depth == 0 && (c == ',' || c == ':')) {
            return at;
        }
        if (depth == 0 && (c == '"' || c == '}' || c == ']')) {
            return at + 1;
        }
    }
    return json.size();
}

std::string_view skip(std::string_view json, std::string_view any_of) {
    return json.substr(std::min(json.find_first_not_of(any_of), json.size()));
}

void append_utf8(std::string &to, std::uint32_t c) {
    if (c < 0x80) {
        to += char(c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    to += char((0xff80 >> more) | (c >> (6 * more)));
    while (more--) {
        to += char(0x80 | ((c >> (6 * more)) & 0x3f));
    }
}

std::uint32_t hex4(std::string_view digits) {
    std::uint32_t value = 0;
    std::from_chars(digits.data(), digits.data() + std::min<std::size_t>(digits.size(), 4), value, 16);
    return value;
}

// What the inside of a JSON string means.
std::string unescape(std::string_view raw) {
    std::string meaning;
    while (!raw.empty()) {
        char c = raw.front();
        raw.remove_prefix(1);
        if (c != '\\' || raw.empty()) {
            meaning += c;
            continue;
        }
        c = raw.front();
        raw.remove_prefix(1);
        if (c == 'u' && raw.size() >= 4) {
            std::uint32_t code = hex4(raw);
            raw.remove_prefix(4);
            if ((code & 0xfc00) == 0xd800 && raw.size() >= 6 && raw.substr(0, 2) == "\\u") {
                code = 0x10000 + ((code - 0xd800) << 10) + ((hex4(raw.substr(2)) - 0xdc00) & 0x3ff);
                raw.remove_prefix(6);
            }
            append_utf8(meaning, (code & 0xfffff800) == 0xd800 ? 0xfffd : code);
            continue;
        }
        constexpr std::string_view letters = "ntrbf", meant = "\n\t\r\b\f";
        std::size_t known = letters.find(c);
        meaning += known == letters.npos ? c : meant[known];
    }
    return meaning;
}

// The integer that a JSON number means, however it is written: 100, 100.0, 1e2.
std::optional<std::int32_t> integer_of(std::string_view raw) {
    bool negative = raw.starts_with('-');
    raw.remove_prefix(negative);
    if (raw.empty() || raw.front() < '0' || raw.front() > '9') {
        return {};
    }
    std::string_view digits = raw.substr(0, raw.find_first_of("eE"));
    int whole = std::min(digits.find('.'), digits.size()); // so many digits are no fraction
    if (std::string_view power = raw.substr(digits.size()); !power.empty()) {
        int exponent = 0;
        power.remove_prefix(power[1] == '+' ? 2 : 1);
        auto [end, failed] = std::from_chars(power.data(), power.data() + power.size(), exponent);
        whole += failed == std::errc() ? std::clamp(exponent, -99999, 99999) : power.front() == '-' ? -99999 : 99999;
    }
    std::int64_t sum = 0;
    for (std::size_t at = 0; (at < digits.size() || (whole > 0 && sum != 0)) && sum <= 1LL << 31; at++) {
        char digit = at < digits.size() ? digits[at] : '0';
        if (digit == '.') {
            continue;
        }
        if (whole-- > 0) {
            sum = sum * 10 + (digit - '0');
        } else if (digit != '0') {
            return {};
        }
    }
    sum = negative ? -sum : sum;
    return sum == std::int32_t(sum) ? std::optional(std::int32_t(sum)) : std::nullopt;
}

} // namespace

std::optional<std::string_view> wasmote::arguments::member(std::string_view name) const {
    std::string_view rest = skip(json, SPACE).substr(1); // behind the brace
    while (!(rest = skip(rest, " \t\r\n,")).empty() && rest.front() == '"') {
        std::string_view key = rest.substr(0, value_length(rest));
        rest = skip(rest.substr(key.size()), " \t\r\n:");
        std::string_view value = rest.substr(0, value_length(rest));
        rest = rest.substr(value.size());
        if (key.substr(1, key.size() - 2) == name) {
            return value.substr(0, value.find_last_not_of(SPACE) + 1);
        }
    }
    return {};
}

std::optional<std::string> wasmote::arguments::text(std::string_view name) const {
    auto raw = member(name);
    if (!raw || raw->front() != '"') {
        return {};
    }
    return unescape(raw->substr(1, raw->size() - 2));
}

std::optional<std::int32_t> wasmote::arguments::integer(std::string_view name) const {
    auto raw = member(name);
    return raw ? integer_of(*raw) : std::nullopt;
}

// SPDX-License-Identifier: MIT
// wasmote.hpp: MCP tools in C++20, as a component of the world wasi:mcp/mcp-backend-preview2. Needs
// wasi-libc and libc++, no exceptions and no RTTI. wasmote.cpp holds the Canonical ABI.
//
//     static wasmote::answer greet(const wasmote::arguments &given) {
//         return "Hello, " + given.text("name").value_or("world");
//     }
//
//     const wasmote::server wasmote::this_server{"greeter", "1.0.0", tools};
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wasmote {

// The arguments of a call: one JSON object, which the host has checked to be one.
class arguments {
  public:
    explicit arguments(std::string_view json) : json(json) {}

    // The string member of this name, escapes resolved; nothing if there is none or it is no string.
    std::optional<std::string> text(std::string_view name) const;

    // The same of an integer of 32 bits.
    std::optional<std::int32_t> integer(std::string_view name) const;

  private:
    std::optional<std::string_view> member(std::string_view name) const;
    std::string_view json;
};

// What a tool says: a text, or what is wrong and what would be right.
struct answer {
    std::string text;
    bool is_error = false;

    answer(std::string text) : text(std::move(text)) {}

    static answer error(std::string what) {
        answer made(std::move(what));
        made.is_error = true;
        return made;
    }
};

struct tool {
    std::string_view name, title, description;
    std::string_view schema; // JSON Schema of the arguments, an object
    answer (*call)(const arguments &);
};

struct server {
    std::string_view name, version;
    std::span<const tool> tools;
};

extern const server this_server; // one per component

// Seconds since 1970, as the board knows them.
std::int64_t unix_time();

} // namespace wasmote
